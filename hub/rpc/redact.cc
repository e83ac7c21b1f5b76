#include "hub/rpc/redact.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "signpost/v1/options.pb.h"

namespace signpost::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kDepthMax = 32;

void PrintMessage(const Message& message, int depth, std::string* out);

// One value: `index` is that of a repeated field, -1 for a single one.
void PrintValue(const Message& message, const FieldDescriptor& field, int index, int depth,
                std::string* out) {
  const Reflection& reflection = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(out, one ? reflection.GetInt32(message, &field)
                               : reflection.GetRepeatedInt32(message, &field, index));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      absl::StrAppend(out, one ? reflection.GetInt64(message, &field)
                               : reflection.GetRepeatedInt64(message, &field, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(out, one ? reflection.GetUInt32(message, &field)
                               : reflection.GetRepeatedUInt32(message, &field, index));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      absl::StrAppend(out, one ? reflection.GetUInt64(message, &field)
                               : reflection.GetRepeatedUInt64(message, &field, index));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      absl::StrAppend(out, one ? reflection.GetDouble(message, &field)
                               : reflection.GetRepeatedDouble(message, &field, index));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      absl::StrAppend(out, one ? reflection.GetFloat(message, &field)
                               : reflection.GetRepeatedFloat(message, &field, index));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      absl::StrAppend(out, (one ? reflection.GetBool(message, &field)
                                : reflection.GetRepeatedBool(message, &field, index))
                               ? "true"
                               : "false");
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = one ? reflection.GetEnumValue(message, &field)
                             : reflection.GetRepeatedEnumValue(message, &field, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      absl::StrAppend(out, value != nullptr ? value->name() : absl::StrCat(number));
      break;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& text =
          one ? reflection.GetStringReference(message, &field, &scratch)
              : reflection.GetRepeatedStringReference(message, &field, index, &scratch);
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        absl::StrAppend(out, "[", text.size(), " bytes]");
      } else {
        absl::StrAppend(out, "\"", absl::CEscape(text), "\"");
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      PrintMessage(one ? reflection.GetMessage(message, &field)
                       : reflection.GetRepeatedMessage(message, &field, index),
                   depth + 1, out);
      break;
  }
}

void PrintMessage(const Message& message, int depth, std::string* out) {
  out->push_back('{');
  if (depth > kDepthMax) {
    out->append(" [too deep] }");
    return;
  }
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (out->size() > kRedactedBytesMax) break;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    if (field->options().GetExtension(v1::sensitive)) {
      absl::StrAppend(out, " ", field->name(), ": [redacted]");
      continue;
    }
    for (int i = 0; i < count && out->size() <= kRedactedBytesMax; ++i) {
      absl::StrAppend(out, " ", field->name(), ": ");
      PrintValue(message, *field, field->is_repeated() ? i : -1, depth, out);
    }
  }
  const int unknown = reflection.GetUnknownFields(message).field_count();
  if (unknown > 0) absl::StrAppend(out, " [", unknown, " unknown fields]");
  out->append(" }");
}

}  // namespace

std::string Redacted(const Message& message) {
  std::string out;
  PrintMessage(message, 0, &out);
  if (out.size() > kRedactedBytesMax) {
    out.resize(kRedactedBytesMax);
    out.append("...");
  }
  return out;
}

}  // namespace signpost::rpc
