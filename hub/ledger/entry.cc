#include "hub/ledger/entry.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace signpost::ledger {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// HKDF-Expand of the data key, which is random throughout, with this as its info and one block.
constexpr char kBlindingLabel[] = "signpost ledger references v1\x01";
constexpr char kRequestLabel[] = "request";
constexpr char kCursorLabel[] = "cursor";
// A kind's detail is this many fields further on.
constexpr int kDetailOffset = 100;

std::string Short(std::string hash) {
  hash.resize(kReferenceBytes);
  return hash;
}

// `label`, then the two parts so that no two pairs run together.
std::string KeyedHash(const base::SecretKey& key, absl::string_view label, absl::string_view owner,
                      absl::string_view name) {
  return Short(
      base::HmacSha256(key.bytes(), absl::StrCat(label, store::KeyU64(owner.size()), owner, name)));
}

void AppendReadable(const Message& message, const std::string& indent, std::string* out) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool repeated = field->is_repeated();
    const int count = repeated ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(out, indent, field->name(), ": ");
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING: {
          const std::string value = repeated ? reflection->GetRepeatedString(message, field, i)
                                             : reflection->GetString(message, field);
          const bool bytes = field->type() == FieldDescriptor::TYPE_BYTES;
          // An entry's text came from outside: escaped, so that it cannot forge a line.
          absl::StrAppend(out, bytes ? absl::BytesToHexString(value) : absl::CHexEscape(value),
                          "\n");
          break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
          absl::StrAppend(out, "\n");
          AppendReadable(repeated ? reflection->GetRepeatedMessage(message, field, i)
                                  : reflection->GetMessage(message, field),
                         indent + "  ", out);
          break;
        case FieldDescriptor::CPPTYPE_ENUM: {
          const int number = repeated ? reflection->GetRepeatedEnumValue(message, field, i)
                                      : reflection->GetEnumValue(message, field);
          const auto* value = field->enum_type()->FindValueByNumber(number);
          absl::StrAppend(out, value == nullptr ? absl::StrCat(number) : value->name(), "\n");
          break;
        }
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

Blinding::Blinding(const base::SecretKey& data_key)
    : key_(*base::SecretKey::FromBytes(base::HmacSha256(data_key.bytes(), kBlindingLabel))) {}

std::string Blinding::Ref(absl::string_view nonce, absl::string_view id) const {
  // The nonce is of one length, so that nonce and id cannot run into each other.
  return key_.Hash({nonce, id}, kReferenceBytes);
}

void Blinding::SetPerson(v1::LedgerEntry* entry) const {
  entry->set_person_ref(PersonRef(entry->nonce()));
}

std::string RequestHash(const base::SecretKey& request_key, absl::string_view agency_id,
                        absl::string_view request_id) {
  return KeyedHash(request_key, kRequestLabel, agency_id, request_id);
}

v1::LedgerEntry EntryComposer::New(v1::EntryKind kind, const base::Principal& actor,
                                   absl::string_view request_id) const {
  v1::LedgerEntry entry;
  Begin(kind, actor, request_id, &entry);
  return entry;
}

void EntryComposer::Begin(v1::EntryKind kind, const base::Principal& actor,
                          absl::string_view request_id, v1::LedgerEntry* entry) const {
  entry->set_format(kEntryFormat);
  entry->set_kind(kind);
  entry->set_agency_id(actor.agency_id);
  entry->set_system(actor.system_id);
  entry->set_practitioner_id(actor.practitioner_id);
  entry->set_role(actor.role);
  for (const std::string& team : actor.team_ids) entry->add_team_ids(team);
  entry->set_assurance(actor.assurance);
  if (!request_id.empty()) entry->set_request_hash(HashOf(actor.agency_id, request_id));
  const bool about = MayBeAboutPerson(kind);
  const std::string bytes = random_->Bytes((about ? 2 : 1) * kReferenceBytes);
  entry->set_nonce(bytes.substr(0, kReferenceBytes));
  if (about) entry->set_person_ref(bytes.substr(kReferenceBytes));
  const FieldDescriptor* detail =
      v1::LedgerEntry::descriptor()->FindFieldByNumber(kDetailOffset + kind);
  if (detail != nullptr) (void)entry->GetReflection()->MutableMessage(entry, detail);
}

std::string EntryComposer::HashOf(absl::string_view agency_id, absl::string_view request_id) const {
  return RequestHash(key_, agency_id, request_id);
}

std::string EntryComposer::CursorHash(absl::string_view system_id, absl::string_view cursor) const {
  return KeyedHash(key_, kCursorLabel, system_id, cursor);
}

bool MayBeAboutPerson(v1::EntryKind kind) {
  switch (kind) {
    case v1::ENTRY_KIND_FLAG_CHANGED:
    case v1::ENTRY_KIND_REVIEW_RESOLVED:
    case v1::ENTRY_KIND_CONSENT_RECORDED:
    case v1::ENTRY_KIND_CONSENT_WITHDRAWN:
    case v1::ENTRY_KIND_WHO_KNOWS:
    case v1::ENTRY_KIND_FIND:
    case v1::ENTRY_KIND_CONSENTS_LISTED:
    case v1::ENTRY_KIND_CONSENT_HISTORY_READ:
    case v1::ENTRY_KIND_DELIVERY:
    case v1::ENTRY_KIND_SHIELD_CHANGED:
    case v1::ENTRY_KIND_PERSONS_MERGED:
    case v1::ENTRY_KIND_OVERRIDE_REVIEWED:
    case v1::ENTRY_KIND_ENTRIES_SEARCHED:
    case v1::ENTRY_KIND_PERSON_EXPORTED:
    case v1::ENTRY_KIND_PERSON_ERASED:
    case v1::ENTRY_KIND_CONSENT_ANSWERED:
    case v1::ENTRY_KIND_ERASED_RECORD_ANSWERED:
    case v1::ENTRY_KIND_REVIEW_PROPOSED:
    case v1::ENTRY_KIND_RECORD_QUESTION_PUT:
    case v1::ENTRY_KIND_RECORD_QUESTION_ANSWERED:
    case v1::ENTRY_KIND_PERSON_VERIFIED:
    case v1::ENTRY_KIND_FLAGS_ENDED:
    case v1::ENTRY_KIND_ARCHIVE_REQUEST_CHANGED:
    case v1::ENTRY_KIND_ARCHIVE_READ:
    case v1::ENTRY_KIND_LEGAL_HOLD_CHANGED:
    case v1::ENTRY_KIND_DEATH_CHANGED:
    case v1::ENTRY_KIND_CLOCK_TOLD:
      return true;
    default:
      return false;
  }
}

void SetRefused(base::Reason reason, v1::LedgerEntry* entry) {
  entry->set_outcome(v1::OUTCOME_REFUSED);
  entry->set_refused_for(base::ReasonName(reason));
}

v1::PolicyDraft* MutableDraft(v1::LedgerEntry* entry) {
  switch (entry->kind()) {
    case v1::ENTRY_KIND_POLICY_PROPOSED:
      return entry->mutable_policy_proposed();
    case v1::ENTRY_KIND_POLICY_APPROVED:
      return entry->mutable_policy_approved();
    case v1::ENTRY_KIND_POLICY_WITHDRAWN:
      return entry->mutable_policy_withdrawn();
    default:
      return entry->mutable_policy_previewed();
  }
}

Draft ToDraft(const v1::LedgerEntry& entry) {
  return {entry.SerializeAsString(), entry.agency_id()};
}

absl::StatusOr<v1::LedgerEntry> ParseEntry(absl::string_view bytes) {
  v1::LedgerEntry entry;
  // The detail's number less the offset: a kind may be any number, and one more would be too many.
  if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      entry.detail_case() == v1::LedgerEntry::DETAIL_NOT_SET ||
      static_cast<int>(entry.detail_case()) - kDetailOffset != static_cast<int>(entry.kind())) {
    return base::Error(base::Reason::kDataLoss,
                       "a stored entry does not decode; verify a copy of the ledger");
  }
  return entry;
}

absl::StatusOr<std::string> ReadableEntry(absl::string_view bytes) {
  absl::StatusOr<v1::LedgerEntry> entry = ParseEntry(bytes);
  if (!entry.ok()) return entry.status();
  std::string out = absl::StrCat(
      "what: ", v1::EntryKind_Name(entry->kind()), "\nwhen: ",
      absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(entry->sequenced_at_us()),
                       absl::UTCTimeZone()),
      "\n");
  AppendReadable(*entry, "", &out);
  return out;
}

}  // namespace signpost::ledger
