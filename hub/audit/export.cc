#include "hub/audit/export.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "nlohmann/json.hpp"

namespace signpost::audit {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::ordered_json;

namespace {

Json FieldJson(const Message& message, const FieldDescriptor* field, int i) {
  const auto* reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  const auto of_message = [](const Message& inner) {
    Json object = Json::object();
    std::vector<const FieldDescriptor*> fields;
    inner.GetReflection()->ListFields(inner, &fields);
    for (const FieldDescriptor* one : fields) {
      if (!one->is_repeated()) {
        object[one->name()] = FieldJson(inner, one, 0);
        continue;
      }
      Json& list = object[one->name()] = Json::array();
      for (int k = 0; k < inner.GetReflection()->FieldSize(inner, one); ++k) {
        list.push_back(FieldJson(inner, one, k));
      }
    }
    return object;
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value = repeated ? reflection->GetRepeatedString(message, field, i)
                                         : reflection->GetString(message, field);
      return field->type() == FieldDescriptor::TYPE_BYTES ? base::HexEncode(value) : value;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return of_message(repeated ? reflection->GetRepeatedMessage(message, field, i)
                                 : reflection->GetMessage(message, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumWord(*field->enum_type(), repeated
                                               ? reflection->GetRepeatedEnumValue(message, field, i)
                                               : reflection->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, field);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->GetInt32(message, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->GetUInt32(message, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->GetInt64(message, field);
    default:
      return reflection->GetUInt64(message, field);
  }
}

}  // namespace

absl::StatusOr<Exported> ReadForExport(const std::string& bytes, const std::string& origin,
                                       const std::string& leaf_hash) {
  Exported exported;
  const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(bytes);
  if (!fields.ok() || !fields->HasDetailOfItsKind() || !exported.entry.ParseFromString(bytes)) {
    return base::Error(base::Reason::kDataLoss,
                       "an entry does not decode, or does not say what happened as its kind does; "
                       "verify a copy of the ledger");
  }
  // What is masked hashes to something else.
  if (fields->masked && leaf_hash.size() != tlog::kHashBytes) {
    return base::Error(base::Reason::kDataLoss, "a masked entry comes with its leaf hash");
  }
  exported.leaf_hash = fields->masked ? leaf_hash : tlog::HashToString(tlog::Hasher().Leaf(bytes));
  exported.origin = origin;
  return exported;
}

std::string JsonLine(const Exported& exported) {
  Json line = {{"index", exported.entry.index()},
               {"sequenced_at", TimeText(exported.entry.sequenced_at_us())},
               {"kind", KindWord(exported.entry.kind())}};
  std::vector<const FieldDescriptor*> fields;
  const auto* reflection = exported.entry.GetReflection();
  reflection->ListFields(exported.entry, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!field->is_repeated()) {
      line[field->name()] = FieldJson(exported.entry, field, 0);
      continue;
    }
    Json& list = line[field->name()] = Json::array();
    for (int i = 0; i < reflection->FieldSize(exported.entry, field); ++i) {
      list.push_back(FieldJson(exported.entry, field, i));
    }
  }
  line["leaf_hash"] = base::HexEncode(exported.leaf_hash);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Exporter::Begin() const {
  switch (format_) {
    case Format::kCsv:
      return CsvHeader();
    case Format::kFhirBundle:
      return "{\"resourceType\":\"Bundle\",\"type\":\"collection\"";
    default:
      return "";
  }
}

std::string Exporter::Next(const Exported& exported) {
  const bool first = std::exchange(first_, false);
  switch (format_) {
    case Format::kCsv:
      return CsvRecord(exported);
    case Format::kJsonLines:
      return JsonLine(exported);
    case Format::kFhir:
      return FhirAuditEvent(exported) + "\n";
    case Format::kFhirBundle:
      // FHIR has no empty lists: there is one when there is an entry.
      return absl::StrCat(first ? ",\"entry\":[" : ",", "\n", FhirBundleEntry(exported));
    case Format::kAtna:
      return AtnaMessage(exported) + "\n";
  }
  return "";
}

std::string Exporter::End() const {
  if (format_ != Format::kFhirBundle) return "";
  return first_ ? "}\n" : "]}\n";
}

}  // namespace signpost::audit
