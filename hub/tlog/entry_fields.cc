#include "hub/tlog/entry_fields.h"

#include "absl/status/status.h"

namespace signpost::tlog {
namespace {

constexpr uint64_t kKindField = 6;
constexpr uint64_t kSubjectField = 25;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void AppendVarint(uint64_t value, std::string& bytes) {
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
}

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

absl::StatusOr<EntryFields> DecodeEntryFields(absl::string_view entry) {
  // Made where it is needed: a status with a message is an allocation, and entries come in
  // millions.
  const auto malformed = [] {
    return absl::InvalidArgumentError("not a well-formed ledger entry");
  };
  EntryFields fields;
  while (!entry.empty()) {
    uint64_t tag = 0, number = 0;
    absl::string_view bytes;
    if (!TakeVarint(&entry, &tag) || tag >> 3 == 0 || tag >> 3 > (1u << 29) - 1) return malformed();
    const uint64_t field = tag >> 3;
    switch (tag & 7) {
      case kVarint:
        if (!TakeVarint(&entry, &number)) return malformed();
        break;
      case kFixed64:
        if (!TakeBytes(&entry, 8, &bytes)) return malformed();
        break;
      case kBytes:
        if (!TakeVarint(&entry, &number) || !TakeBytes(&entry, number, &bytes)) return malformed();
        break;
      case kFixed32:
        if (!TakeBytes(&entry, 4, &bytes)) return malformed();
        break;
      default:  // groups: proto3 has none
        return malformed();
    }
    if (field == kKindField && (tag & 7) == kVarint) fields.kind = number;
    if (field == kSubjectField && (tag & 7) == kBytes) fields.subject = bytes;
    if (field > 4) continue;
    if ((tag & 7) != (field == 4 ? kBytes : kVarint)) return malformed();
    if (field == 1) fields.index = number;
    if (field == 2) fields.sequenced_at_us = static_cast<int64_t>(number);
    if (field == 3) fields.agency_counter = number;
    if (field == 4) fields.agency_id = bytes;
    if (field < 4) fields.sequencer_fields = true;
  }
  return fields;
}

void AppendEntrySuffix(uint64_t index, int64_t sequenced_at_us, uint64_t agency_counter,
                       std::string& entry) {
  entry.push_back(1 << 3 | kVarint);
  AppendVarint(index, entry);
  entry.push_back(2 << 3 | kVarint);
  AppendVarint(static_cast<uint64_t>(sequenced_at_us), entry);
  entry.push_back(3 << 3 | kVarint);
  AppendVarint(agency_counter, entry);
}

}  // namespace signpost::tlog
