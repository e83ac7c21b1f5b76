#include "hub/audit/meaning.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"

namespace signpost::audit {

namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD

// How many bytes the character at `i` has; 0 for what is no well-formed one that XML allows.
size_t CharacterBytes(const std::string& text, size_t i) {
  const auto at = [&](size_t k) { return static_cast<uint8_t>(text[k]); };
  const uint8_t first = at(i);
  if (first < 0x80) {
    return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  }
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || i + bytes > text.size()) return 0;
  uint32_t code = first & (0x7Fu >> bytes);
  for (size_t k = i + 1; k < i + bytes; ++k) {
    if ((at(k) & 0xC0) != 0x80) return 0;
    code = code << 6 | (at(k) & 0x3Fu);
  }
  const bool too_long = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (too_long || surrogate || code == 0xFFFE || code == 0xFFFF || code > 0x10FFFF) return 0;
  return bytes;
}

void Add(const char* type, const std::string& value, std::vector<Detail>* details) {
  if (!value.empty()) details->push_back({type, value});
}

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void AddFields(const Message& message, const std::string& prefix, std::vector<Detail>* details) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(prefix, absl::StrReplaceAll(field->name(), {{"_", "-"}}));
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        AddFields(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                       : reflection->GetMessage(message, field),
                  name + ".", details);
      }
      continue;
    }
    // No detail but that of who-knows has a list of anything but messages.
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string value = reflection->GetString(message, field);
        Add(name.c_str(),
            field->type() == FieldDescriptor::TYPE_BYTES ? base::HexEncode(value) : value, details);
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        Add(name.c_str(), EnumWord(*field->enum_type(), reflection->GetEnumValue(message, field)),
            details);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        Add(name.c_str(), reflection->GetBool(message, field) ? "true" : "false", details);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        Add(name.c_str(), absl::StrCat(reflection->GetInt32(message, field)), details);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        Add(name.c_str(), absl::StrCat(reflection->GetUInt32(message, field)), details);
        break;
      default:
        Add(name.c_str(), absl::StrCat(reflection->GetUInt64(message, field)), details);
    }
  }
}

}  // namespace

std::string TimeText(int64_t us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(us), absl::UTCTimeZone());
}

std::string CleanText(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = CharacterBytes(text, i);
    if (bytes == 0) {
      out += kReplacement;
      ++i;
    } else {
      out.append(text, i, bytes);
      i += bytes;
    }
  }
  return out;
}

const std::vector<EventMeaning>& Meanings() {
  static const auto* const meanings = new std::vector<EventMeaning>{
      {ledger::v1::ENTRY_KIND_UNSPECIFIED, "110113", "Security Alert", "E"},
      {ledger::v1::ENTRY_KIND_HUB, "110100", "Application Activity", "E"},
      {ledger::v1::ENTRY_KIND_REGISTRY_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_POLICY_PUBLISHED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_FLAG_CHANGED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_REVIEW_RESOLVED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_CONSENT_RECORDED, "110110", "Patient Record", "C"},
      {ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_WHO_KNOWS, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_FIND, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_CONSENTS_LISTED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_DELIVERY, "110106", "Export", "R"},
      {ledger::v1::ENTRY_KIND_ACKNOWLEDGED, "110100", "Application Activity", "E"},
      {ledger::v1::ENTRY_KIND_RECONCILED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_AUDIT_READ, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_REVIEWS_LISTED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_SHIELD_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_PERSONS_MERGED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_FEED_CONFIRMED, "110100", "Application Activity", "E"},
      {ledger::v1::ENTRY_KIND_CONSENT_HISTORY_READ, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_OVERRIDES_READ, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_OVERRIDE_REVIEWED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_OVERRIDE_ESCALATED, "110113", "Security Alert", "E"},
      {ledger::v1::ENTRY_KIND_ENTRIES_SEARCHED, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_PATTERNS_SOUGHT, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_PERSON_EXPORTED, "110106", "Export", "R"},
      {ledger::v1::ENTRY_KIND_PERSON_ERASED, "110110", "Patient Record", "D"},
      {ledger::v1::ENTRY_KIND_BACKUP_MADE, "110106", "Export", "R"},
      {ledger::v1::ENTRY_KIND_RESTORED, "110107", "Import", "C"},
      {ledger::v1::ENTRY_KIND_PRUNED, "110113", "Security Alert", "D"},
      {ledger::v1::ENTRY_KIND_WITNESS_CHANGED, "110113", "Security Alert", "E"},
      {ledger::v1::ENTRY_KIND_PSEUDONYMS_ISSUED, "110106", "Export", "R"},
      {ledger::v1::ENTRY_KIND_MASTER_KEY_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_COVER_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_CONSENT_ANSWERED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_PROPOSED, "110113", "Security Alert", "C"},
      {ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_CONFIRMED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_ENDED, "110113", "Security Alert", "D"},
      {ledger::v1::ENTRY_KIND_AREA_FOUNDED, "110113", "Security Alert", "C"},
      {ledger::v1::ENTRY_KIND_ERASED_RECORDS_LISTED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_ERASED_RECORD_ANSWERED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_POLICY_PROPOSED, "110113", "Security Alert", "C"},
      {ledger::v1::ENTRY_KIND_POLICY_APPROVED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_POLICY_WITHDRAWN, "110113", "Security Alert", "D"},
      {ledger::v1::ENTRY_KIND_POLICY_BOUND, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_POLICY_ASKED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_POLICY_PREVIEWED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_DECISION_REPLAYED, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_JOINT_LOOK_ASKED, "110101", "Audit Log Used", "C"},
      {ledger::v1::ENTRY_KIND_JOINT_LOOK_AGREED, "110101", "Audit Log Used", "U"},
      {ledger::v1::ENTRY_KIND_JOINT_LOOK_ENDED, "110101", "Audit Log Used", "D"},
      {ledger::v1::ENTRY_KIND_JOINT_LOOKS_LISTED, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_PERSON_VERIFIED, "110101", "Audit Log Used", "R"},
      {ledger::v1::ENTRY_KIND_SAMPLE_ANNOUNCED, "110101", "Audit Log Used", "E"},
      {ledger::v1::ENTRY_KIND_POLICY_SILENCE, "110113", "Security Alert", "E"},
      {ledger::v1::ENTRY_KIND_REVIEW_PROPOSED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_REVIEW_OVERDUE, "110113", "Security Alert", "E"},
      {ledger::v1::ENTRY_KIND_RECORD_QUESTION_PUT, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_RECORD_QUESTION_ANSWERED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_RECORD_QUESTIONS_LISTED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_FLAGS_ENDED, "110110", "Patient Record", "D"},
      {ledger::v1::ENTRY_KIND_KEEPING_TABLE_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_ARCHIVE_REQUEST_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_ARCHIVE_LISTED, "110112", "Query", "E"},
      {ledger::v1::ENTRY_KIND_ARCHIVE_READ, "110106", "Export", "R"},
      {ledger::v1::ENTRY_KIND_LEGAL_HOLD_CHANGED, "110113", "Security Alert", "U"},
      {ledger::v1::ENTRY_KIND_DEATH_CHANGED, "110110", "Patient Record", "U"},
      {ledger::v1::ENTRY_KIND_CLOCK_TOLD, "110100", "Application Activity", "E"},
  };
  return *meanings;
}

const EventMeaning& MeaningOf(ledger::v1::EntryKind kind) {
  for (const EventMeaning& meaning : Meanings()) {
    if (meaning.kind == kind) return meaning;
  }
  return Meanings().front();  // a kind of a later version
}

const char* OutcomeIndicator(const ledger::v1::LedgerEntry& entry) {
  if (entry.outcome() == ledger::v1::OUTCOME_DOES_NOT_COMPILE) return "4";
  if (entry.outcome() != ledger::v1::OUTCOME_REFUSED) return "0";
  for (const base::Reason fault :
       {base::Reason::kStoreUnavailable, base::Reason::kStoreFull, base::Reason::kStoreNewer,
        base::Reason::kLedgerBehind, base::Reason::kPolicyUnavailable, base::Reason::kInternal,
        base::Reason::kDataLoss, base::Reason::kKeyUnavailable}) {
    if (entry.refused_for() == base::ReasonName(fault)) return "8";
  }
  return "4";
}

std::vector<Detail> ParticularsOf(const ledger::v1::LedgerEntry& entry) {
  std::vector<Detail> details;
  if (entry.masked()) Add("masked", "true", &details);
  Add("joint-look-ref", base::HexEncode(entry.joint_look_ref()), &details);
  // What was asked is the query, and has its own places.
  if (entry.has_who_knows()) return details;
  const FieldDescriptor* const field =
      entry.GetReflection()->GetOneofFieldDescriptor(entry, entry.GetDescriptor()->oneof_decl(0));
  if (field == nullptr) return details;
  AddFields(entry.GetReflection()->GetMessage(entry, field), "", &details);
  return details;
}

std::string EntryName(const Exported& exported) {
  return absl::StrCat(exported.origin, "#", exported.entry.index());
}

std::vector<Object> ObjectsOf(const Exported& exported) {
  const ledger::v1::LedgerEntry& entry = exported.entry;
  std::vector<Object> objects;
  Object& itself = objects.emplace_back(Object{"2",
                                               "13",
                                               "Security Resource",
                                               "ledger-entry",
                                               EntryName(exported),
                                               "entry of the ledger",
                                               {},
                                               ""});
  Add("agency-counter", entry.agency_counter() == 0 ? "" : absl::StrCat(entry.agency_counter()),
      &itself.details);
  Add("leaf-hash", base::HexEncode(exported.leaf_hash), &itself.details);
  Add("reply-hash", base::HexEncode(entry.reply_hash()), &itself.details);
  Add("details-commitment", base::HexEncode(entry.details_commitment()), &itself.details);
  if (!entry.person_ref().empty()) {
    objects.push_back({"1",
                       "1",
                       "Patient",
                       "person-ref",
                       base::HexEncode(entry.person_ref()),
                       "reference to a young person",
                       {},
                       ""});
  }
  if (!entry.policy_sha256().empty()) {
    Object& policy = objects.emplace_back(Object{"2",
                                                 "13",
                                                 "Security Resource",
                                                 "policy-sha256",
                                                 base::HexEncode(entry.policy_sha256()),
                                                 "policy that decided",
                                                 {},
                                                 ""});
    Add("policy-version", entry.policy_version() == 0 ? "" : absl::StrCat(entry.policy_version()),
        &policy.details);
    Add("policy-vocabulary-sha256", base::HexEncode(entry.policy_vocabulary_sha256()),
        &policy.details);
  }
  const std::string request_hash = base::HexEncode(entry.request_hash());
  Object query{"2",
               "24",
               "Query",
               "request-hash",
               request_hash.empty() ? EntryName(exported) : request_hash,
               "request",
               {},
               ""};
  const ledger::v1::WhoKnows& question = entry.who_knows();
  Add("teams", Joined(entry.team_ids()), &query.details);
  Add("assurance", entry.assurance(), &query.details);
  Add("relationships", Joined(RelationshipWords(question.relationships())), &query.details);
  for (const ledger::v1::Withheld& withheld : entry.withheld()) {
    Add("withheld", absl::StrCat(withheld.rule(), " ", withheld.count()), &query.details);
  }
  if (question.has_override()) {
    Add("override-ground", EnumWord(question.override().ground()), &query.details);
    Add("override-rule", question.override().rule(), &query.details);
    Add("override-allowed", question.override().allowed() ? "true" : "false", &query.details);
    if (question.override().review_due_s() != 0) {
      Add("override-review-due", TimeText(question.override().review_due_s() * 1'000'000),
          &query.details);
    }
  }
  if (!question.asked().empty()) {
    query.query = absl::StrCat("aspects=", absl::StrJoin(AspectWords(question.asked()), ","));
    if (question.necessity_stated()) absl::StrAppend(&query.query, "&necessity=stated");
    if (!question.assessment_kind().empty()) {
      absl::StrAppend(&query.query, "&assessment=", question.assessment_kind());
    }
  }
  if (!request_hash.empty() || !query.details.empty() || !query.query.empty()) {
    objects.push_back(std::move(query));
  }
  if (std::vector<Detail> particulars = ParticularsOf(entry); !particulars.empty()) {
    objects.push_back({"2", "4", "Domain Resource", "particulars",
                       absl::StrCat(EntryName(exported), "/", KindWord(entry.kind())),
                       "what was acted upon", std::move(particulars), ""});
  }
  for (const ledger::v1::Released& released : entry.released()) {
    Object& flag = objects.emplace_back(Object{"2",
                                               "4",
                                               "Domain Resource",
                                               "flag-ref",
                                               base::HexEncode(released.flag_ref()),
                                               "released",
                                               {},
                                               ""});
    Add("holder-agency", released.holder_agency_id(), &flag.details);
    Add("aspects", Joined(AspectWords(released.aspects())), &flag.details);
    Add("rules", Joined(released.rules()), &flag.details);
    Add("agreement", released.agreement(), &flag.details);
    Add("gateway", EnumWord(released.gateway()), &flag.details);
    Add("consent-ref", base::HexEncode(released.consent_ref()), &flag.details);
  }
  return objects;
}

}  // namespace signpost::audit
