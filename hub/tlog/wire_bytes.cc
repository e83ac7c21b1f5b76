#include "hub/tlog/wire_bytes.h"

namespace signpost::tlog {
namespace {

bool TakeLongVarint(absl::string_view* bytes, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 70 && !bytes->empty(); shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    *value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Nearly all tags and lengths are of one byte, and there are dozens of them in an entry.
inline bool TakeVarint(absl::string_view* bytes, uint64_t* value) {
  if (bytes->empty() || static_cast<uint8_t>(bytes->front()) >= 0x80) {
    return TakeLongVarint(bytes, value);
  }
  *value = static_cast<uint8_t>(bytes->front());
  bytes->remove_prefix(1);
  return true;
}

bool TakeBytes(absl::string_view* bytes, uint64_t length, absl::string_view* taken) {
  if (bytes->size() < length) return false;
  *taken = bytes->substr(0, static_cast<size_t>(length));
  bytes->remove_prefix(static_cast<size_t>(length));
  return true;
}

}  // namespace

bool TakeField(absl::string_view* bytes, WireField* field) {
  uint64_t tag = 0;
  if (!TakeVarint(bytes, &tag) || tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1) return false;
  field->field = tag >> 3;
  field->type = static_cast<uint32_t>(tag & 7);
  switch (field->type) {
    case kVarint:
      return TakeVarint(bytes, &field->number);
    case kFixed64:
      return TakeBytes(bytes, 8, &field->bytes);
    case kBytes:
      return TakeVarint(bytes, &field->number) && TakeBytes(bytes, field->number, &field->bytes);
    case kFixed32:
      return TakeBytes(bytes, 4, &field->bytes);
    default:  // groups: proto3 has none
      return false;
  }
}

void AppendVarint(uint64_t value, std::string& bytes) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
}

void AppendNumberField(uint64_t field, uint64_t value, std::string& bytes) {
  AppendVarint(field << 3 | kVarint, bytes);
  AppendVarint(value, bytes);
}

void AppendBytesField(uint64_t field, absl::string_view value, std::string& bytes) {
  AppendVarint(field << 3 | kBytes, bytes);
  AppendVarint(value.size(), bytes);
  bytes.append(value.data(), value.size());
}

}  // namespace signpost::tlog
