#include "hub/request/entries.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "hub/base/error.h"

namespace signpost::request {

namespace stored = ::signpost::store::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

stored::LedgerEntry NewEntry(stored::EntryKind kind, const base::Principal& asker,
                             const std::string& request_id) {
  stored::LedgerEntry entry;
  entry.set_format(1);
  entry.set_kind(kind);
  entry.set_agency_id(asker.agency_id);
  entry.set_system(asker.system_id);
  entry.set_practitioner_id(asker.practitioner_id);
  entry.set_role(asker.role);
  for (const std::string& team : asker.team_ids) entry.add_team_ids(team);
  entry.set_assurance(asker.assurance);
  entry.set_request_id(request_id);
  return entry;
}

void SetPolicy(const BoundPolicy& bound, stored::LedgerEntry* entry) {
  entry->set_policy_sha256(bound.sha256);
  entry->set_policy_version(bound.version);
  entry->set_policy_vocabulary_sha256(bound.vocabulary_sha256);
}

void RestOn(const BoundPolicy& bound, ledger::Operation* operation) {
  operation->reads.AddRow(store::Space::kRegistry, kCurrentPolicyKey, bound.decides_until_revision);
}

ledger::Draft ToDraft(const stored::LedgerEntry& entry) {
  return {entry.SerializeAsString(), entry.agency_id()};
}

v1::Receipt ReceiptOf(const ledger::Sequenced& sequenced, const std::string& origin, size_t i) {
  v1::Receipt receipt;
  receipt.set_ledger_index(sequenced.first_index + i);
  receipt.set_leaf_hash(sequenced.leaf_hashes[i]);
  const int64_t us = absl::ToUnixMicros(sequenced.sequenced_at);
  receipt.mutable_sequenced_at()->set_seconds(us / 1'000'000);
  receipt.mutable_sequenced_at()->set_nanos(static_cast<int32_t>(us % 1'000'000) * 1000);
  receipt.set_origin(origin);
  return receipt;
}

namespace {

void AppendReadable(const Message& message, const std::string& indent, std::string* out) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(out, indent, field->name(), ": ");
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING: {
          const std::string value = field->is_repeated()
                                        ? reflection->GetRepeatedString(message, field, i)
                                        : reflection->GetString(message, field);
          const bool bytes = field->type() == FieldDescriptor::TYPE_BYTES;
          // An entry's text came from outside: escaped, so that it cannot forge a line.
          absl::StrAppend(out, bytes ? absl::BytesToHexString(value) : absl::CHexEscape(value),
                          "\n");
          break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
          absl::StrAppend(out, "\n");
          AppendReadable(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                              : reflection->GetMessage(message, field),
                         indent + "  ", out);
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          absl::StrAppend(out, reflection->GetEnumValue(message, field), "\n");
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
          absl::StrAppend(out, reflection->GetBool(message, field) ? "true" : "false", "\n");
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          absl::StrAppend(out, reflection->GetInt32(message, field), "\n");
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          absl::StrAppend(out, reflection->GetUInt32(message, field), "\n");
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          absl::StrAppend(out, reflection->GetInt64(message, field), "\n");
          break;
        default:
          absl::StrAppend(out, reflection->GetUInt64(message, field), "\n");
      }
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ReadableEntry(const std::string& bytes) {
  stored::LedgerEntry entry;
  if (!entry.ParseFromString(bytes)) {
    return base::Error(base::Reason::kDataLoss,
                       "the stored entry does not decode; verify the ledger offline");
  }
  std::string out = absl::StrCat(
      "what: ", stored::EntryKind_Name(entry.kind()), "\nwhen: ",
      absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(entry.sequenced_at_us()),
                       absl::UTCTimeZone()),
      "\n");
  AppendReadable(entry, "", &out);
  return out;
}

}  // namespace signpost::request
