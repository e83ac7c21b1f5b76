#include "hub/audit/export.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/tlog/merkle.h"
#include "nlohmann/json.hpp"

namespace signpost::audit {

namespace stored = ::signpost::store::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::ordered_json;

namespace {

constexpr char kDcm[] = "http://dicom.nema.org/resources/ontology/DCM";
constexpr char kOutcomeSystem[] = "http://terminology.hl7.org/CodeSystem/audit-event-outcome";
constexpr char kObjectRoleSystem[] = "http://terminology.hl7.org/CodeSystem/object-role";
// Words of our own.
constexpr char kOurs[] = "urn:signpost:";
constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
// Bit 16 of `asked`: a statement of necessity was made.
constexpr uint32_t kNecessityBit = 1u << 16;

std::string Time(int64_t us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(us), absl::UTCTimeZone());
}

std::string Hex(const std::string& bytes) { return base::HexEncode(bytes); }

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

// A code: no white space and nothing that is not printed.
std::string Code(const std::string& text) {
  std::string code = CleanText(text);
  for (char& c : code) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') c = '_';
  }
  return code;
}

std::string XmlText(const std::string& text) {
  std::string out;
  for (const char c : CleanText(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\t':
        out += "&#9;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// --- What an entry is about, for FHIR's entities and DICOM's participant objects alike ---

struct Detail {
  std::string type;
  std::string value;
};

struct Object {
  const char* type;  // DICOM's object type: 1 a person, 2 a system object
  const char* role;  // DICOM's role, which FHIR took over
  const char* role_text;
  std::string id_kind;  // what kind of id `id` is, a word of ours
  std::string id;
  std::string name;
  std::vector<Detail> details;
  std::string query;  // empty: it is none
};

void Add(const char* type, const std::string& value, std::vector<Detail>* details) {
  if (!value.empty()) details->push_back({type, value});
}

template <typename Words>
std::string Joined(const Words& words) {
  return absl::StrJoin(words, " ");
}

std::string EntryName(const Exported& exported) {
  return absl::StrCat(exported.origin, "#", exported.entry.index());
}

std::vector<Object> ObjectsOf(const Exported& exported) {
  const stored::LedgerEntry& entry = exported.entry;
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
  Add("leaf-hash", Hex(exported.leaf_hash), &itself.details);
  Add("reply-hash", Hex(entry.reply_hash()), &itself.details);
  Add("details-commitment", Hex(entry.details_commitment()), &itself.details);
  if (!entry.person_ref().empty()) {
    objects.push_back({"1",
                       "1",
                       "Patient",
                       "person-ref",
                       Hex(entry.person_ref()),
                       "reference to a young person",
                       {},
                       ""});
  }
  if (!entry.policy_sha256().empty()) {
    Object& policy = objects.emplace_back(Object{"2",
                                                 "13",
                                                 "Security Resource",
                                                 "policy-sha256",
                                                 entry.policy_sha256(),
                                                 "policy that decided",
                                                 {},
                                                 ""});
    Add("policy-version", entry.policy_version() == 0 ? "" : absl::StrCat(entry.policy_version()),
        &policy.details);
    Add("policy-vocabulary-sha256", Hex(entry.policy_vocabulary_sha256()), &policy.details);
  }
  Object query{"2",
               "24",
               "Query",
               "request-id",
               entry.request_id().empty() ? EntryName(exported) : entry.request_id(),
               "request",
               {},
               ""};
  Add("teams", Joined(entry.team_ids()), &query.details);
  Add("assurance", entry.assurance(), &query.details);
  Add("relationships", Joined(entry.relationships()), &query.details);
  for (const stored::Withheld& withheld : entry.withheld()) {
    Add("withheld", absl::StrCat(withheld.rule(), " ", withheld.count()), &query.details);
  }
  if (entry.has_override()) {
    Add("override-ground", entry.override().ground(), &query.details);
    Add("override-rule", entry.override().rule(), &query.details);
    Add("override-allowed", entry.override().allowed() ? "true" : "false", &query.details);
    if (entry.override().review_due_s() != 0) {
      Add("override-review-due", Time(entry.override().review_due_s() * 1'000'000), &query.details);
    }
  }
  if (entry.asked() != 0) {
    query.query = absl::StrCat("aspects=", absl::StrJoin(AskedWords(entry.asked()), ","));
    if ((entry.asked() & kNecessityBit) != 0) absl::StrAppend(&query.query, "&necessity=stated");
    if (!entry.asked_assessment_kind().empty()) {
      absl::StrAppend(&query.query, "&assessment=", entry.asked_assessment_kind());
    }
  }
  if (!entry.request_id().empty() || !query.details.empty() || !query.query.empty()) {
    objects.push_back(std::move(query));
  }
  if (!entry.subject().empty()) {
    Object& subject = objects.emplace_back(Object{
        "2", "4", "Domain Resource", "subject", entry.subject(), "what was acted upon", {}, ""});
    Add("subject-hash", Hex(entry.subject_hash()), &subject.details);
  }
  for (const stored::Released& released : entry.released()) {
    Object& flag = objects.emplace_back(Object{
        "2", "4", "Domain Resource", "flag-ref", Hex(released.flag_ref()), "released", {}, ""});
    Add("holder-agency", released.holder_agency_id(), &flag.details);
    Add("aspects", Joined(released.aspects()), &flag.details);
    Add("rules", Joined(released.rules()), &flag.details);
    Add("agreement", released.agreement(), &flag.details);
    Add("gateway", released.gateway(), &flag.details);
    Add("consent-ref", Hex(released.consent_ref()), &flag.details);
  }
  return objects;
}

// --- JSON ---

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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
      return field->type() == FieldDescriptor::TYPE_BYTES ? Hex(value) : value;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return of_message(repeated ? reflection->GetRepeatedMessage(message, field, i)
                                 : reflection->GetMessage(message, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return KindWord(static_cast<stored::EntryKind>(reflection->GetEnumValue(message, field)));
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

// --- CSV ---

std::string CsvField(const std::string& value) {
  std::string text = CleanText(value);
  // What a spreadsheet would take for a formula, also behind what it trims.
  const size_t first = text.find_first_not_of(' ');
  if (first != std::string::npos &&
      std::string("=+-@\t\r\n").find(text[first]) != std::string::npos) {
    text.insert(0, 1, '\'');
  }
  // The full-width forms of the same signs, U+FF1D, U+FF0B, U+FF0D and U+FF20.
  for (const char* wide : {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"}) {
    if (text.compare(first == std::string::npos ? 0 : first, 3, wide) == 0) {
      text.insert(0, 1, '\'');
      break;
    }
  }
  if (text.find_first_of(",\"\r\n;\t' ") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

struct Column {
  const char* name;
  std::string (*value)(const Exported&);
};

template <typename Get>
std::string OfReleased(const Exported& exported, Get get) {
  std::vector<std::string> values;
  for (const stored::Released& released : exported.entry.released()) {
    std::string value = get(released);
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(std::move(value));
    }
  }
  return absl::StrJoin(values, "; ");
}

std::string NumberOrNothing(int64_t number) { return number == 0 ? "" : absl::StrCat(number); }

const std::vector<Column>& Columns() {
  using E = Exported;
  static const auto* const columns = new std::vector<Column>{
      {"index", [](const E& e) { return absl::StrCat(e.entry.index()); }},
      {"sequenced_at", [](const E& e) { return Time(e.entry.sequenced_at_us()); }},
      {"kind", [](const E& e) { return KindWord(e.entry.kind()); }},
      {"outcome", [](const E& e) { return e.entry.outcome(); }},
      {"agency_id", [](const E& e) { return e.entry.agency_id(); }},
      {"agency_counter",
       [](const E& e) { return NumberOrNothing(static_cast<int64_t>(e.entry.agency_counter())); }},
      {"practitioner_id", [](const E& e) { return e.entry.practitioner_id(); }},
      {"role", [](const E& e) { return e.entry.role(); }},
      {"team_ids", [](const E& e) { return absl::StrJoin(e.entry.team_ids(), "; "); }},
      {"assurance", [](const E& e) { return e.entry.assurance(); }},
      {"system", [](const E& e) { return e.entry.system(); }},
      {"purpose", [](const E& e) { return e.entry.purpose(); }},
      {"relationships", [](const E& e) { return absl::StrJoin(e.entry.relationships(), "; "); }},
      {"asked", [](const E& e) { return absl::StrJoin(AskedWords(e.entry.asked()), "; "); }},
      {"asked_assessment_kind", [](const E& e) { return e.entry.asked_assessment_kind(); }},
      {"person_ref", [](const E& e) { return Hex(e.entry.person_ref()); }},
      {"subject", [](const E& e) { return e.entry.subject(); }},
      {"request_id", [](const E& e) { return e.entry.request_id(); }},
      {"released_flags", [](const E& e) { return absl::StrCat(e.entry.released_size()); }},
      {"released_aspects",
       [](const E& e) {
         return OfReleased(e, [](const stored::Released& r) { return Joined(r.aspects()); });
       }},
      {"released_holders",
       [](const E& e) {
         return OfReleased(e, [](const stored::Released& r) { return r.holder_agency_id(); });
       }},
      {"released_rules",
       [](const E& e) {
         return OfReleased(e, [](const stored::Released& r) { return Joined(r.rules()); });
       }},
      {"released_agreements",
       [](const E& e) {
         return OfReleased(e, [](const stored::Released& r) { return r.agreement(); });
       }},
      {"released_gateways",
       [](const E& e) {
         return OfReleased(e, [](const stored::Released& r) { return r.gateway(); });
       }},
      {"withheld",
       [](const E& e) {
         std::vector<std::string> rules;
         for (const stored::Withheld& one : e.entry.withheld()) {
           rules.push_back(absl::StrCat(one.rule(), " ", one.count()));
         }
         return absl::StrJoin(rules, "; ");
       }},
      {"override_ground", [](const E& e) { return e.entry.override().ground(); }},
      {"override_rule", [](const E& e) { return e.entry.override().rule(); }},
      {"override_allowed",
       [](const E& e) {
         return std::string(!e.entry.has_override()        ? ""
                            : e.entry.override().allowed() ? "true"
                                                           : "false");
       }},
      {"override_review_due",
       [](const E& e) {
         const int64_t due_s = e.entry.override().review_due_s();
         return due_s == 0 ? "" : Time(due_s * 1'000'000);
       }},
      {"policy_version", [](const E& e) { return NumberOrNothing(e.entry.policy_version()); }},
      {"policy_sha256", [](const E& e) { return e.entry.policy_sha256(); }},
      {"policy_vocabulary_sha256",
       [](const E& e) { return Hex(e.entry.policy_vocabulary_sha256()); }},
      {"reply_hash", [](const E& e) { return Hex(e.entry.reply_hash()); }},
      {"details_commitment", [](const E& e) { return Hex(e.entry.details_commitment()); }},
      {"leaf_hash", [](const E& e) { return Hex(e.leaf_hash); }},
  };
  return *columns;
}

// --- FHIR ---

Json Coding(const std::string& system, const std::string& code, const std::string& display = "") {
  Json coding = {{"system", system}, {"code", Code(code)}};
  if (!display.empty()) coding["display"] = CleanText(display);
  return coding;
}

Json Concept(const std::string& system, const std::string& code, const std::string& display = "") {
  return {{"coding", Json::array({Coding(system, code, display)})}};
}

// A reference by an identifier: the entry holds no address of a resource.
Json Reference(const char* type, const std::string& system, const std::string& value) {
  return {{"type", type}, {"identifier", {{"system", system}, {"value", CleanText(value)}}}};
}

Json AgentsOf(const Exported& exported) {
  const stored::LedgerEntry& entry = exported.entry;
  Json agents = Json::array();
  const bool practitioner = !entry.practitioner_id().empty();
  if (practitioner) {
    Json agent;
    if (!entry.role().empty()) {
      agent["role"] = Json::array({Concept(absl::StrCat(kOurs, "role"), entry.role())});
    }
    agent["who"] =
        Reference("Practitioner", absl::StrCat(kOurs, "practitioner:", Code(entry.agency_id())),
                  entry.practitioner_id());
    agent["requestor"] = true;
    agents.push_back(std::move(agent));
  }
  if (!entry.system().empty()) {
    agents.push_back({{"type", Concept(kDcm, "110150", "Application")},
                      {"who", Reference("Device", "urn:ietf:rfc:3986", entry.system())},
                      {"requestor", !practitioner}});
  }
  if (!entry.agency_id().empty()) {
    agents.push_back(
        {{"who", Reference("Organization", absl::StrCat(kOurs, "agency"), entry.agency_id())},
         {"requestor", agents.empty()}});
  }
  if (agents.empty()) {
    // The hub's own act.
    agents.push_back({{"type", Concept(kDcm, "110150", "Application")},
                      {"who", Reference("Device", absl::StrCat(kOurs, "ledger"), exported.origin)},
                      {"requestor", true}});
  }
  return agents;
}

Json EntitiesOf(const Exported& exported) {
  Json entities = Json::array();
  for (const Object& object : ObjectsOf(exported)) {
    Json entity;
    entity["what"] = {
        {"identifier",
         {{"system", absl::StrCat(kOurs, object.id_kind)}, {"value", CleanText(object.id)}}},
        {"display", object.name}};
    entity["role"] = Concept(kObjectRoleSystem, object.role, object.role_text);
    if (!object.query.empty()) entity["query"] = base::Base64Encode(CleanText(object.query));
    for (const Detail& detail : object.details) {
      entity["detail"].push_back(
          {{"type", Concept(absl::StrCat(kOurs, "entry-detail"), detail.type)},
           {"valueString", CleanText(detail.value)}});
    }
    entities.push_back(std::move(entity));
  }
  return entities;
}

const char* SeverityOf(const stored::LedgerEntry& entry) {
  if (entry.override().allowed()) return "alert";
  return *OutcomeIndicator(entry) == '0' ? "informational" : "warning";
}

// --- DICOM ---

// One attribute, with the space before it.
std::string Attribute(const char* name, const std::string& value) {
  return absl::StrCat(" ", name, "=\"", XmlText(value), "\"");
}

std::string CodedElement(const char* element, const std::string& code, const std::string& system,
                         const std::string& text) {
  return absl::StrCat("<", element, Attribute("csd-code", code),
                      Attribute("codeSystemName", system), Attribute("originalText", text), "/>");
}

constexpr char kOurCodes[] = "Signpost";

std::string Participant(const std::string& user, bool requestor, const std::string& role) {
  return absl::StrCat("<ActiveParticipant", Attribute("UserID", user),
                      Attribute("UserIsRequestor", requestor ? "true" : "false"), ">", role,
                      "</ActiveParticipant>");
}

}  // namespace

absl::StatusOr<Exported> ReadForExport(const std::string& bytes, const std::string& origin) {
  Exported exported;
  if (!exported.entry.ParseFromString(bytes)) {
    return base::Error(base::Reason::kDataLoss,
                       "an entry does not decode; verify a copy of the ledger");
  }
  exported.leaf_hash = tlog::HashToString(tlog::Hasher().Leaf(bytes));
  exported.origin = origin;
  return exported;
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
      {stored::ENTRY_KIND_UNSPECIFIED, "110113", "Security Alert", "E"},
      {stored::ENTRY_KIND_HUB, "110100", "Application Activity", "E"},
      {stored::ENTRY_KIND_REGISTRY_CHANGED, "110113", "Security Alert", "U"},
      {stored::ENTRY_KIND_POLICY_PUBLISHED, "110113", "Security Alert", "U"},
      {stored::ENTRY_KIND_FLAG_CHANGED, "110110", "Patient Record", "U"},
      {stored::ENTRY_KIND_REVIEW_OPENED, "110110", "Patient Record", "C"},
      {stored::ENTRY_KIND_REVIEW_RESOLVED, "110110", "Patient Record", "U"},
      {stored::ENTRY_KIND_CONSENT_RECORDED, "110110", "Patient Record", "C"},
      {stored::ENTRY_KIND_CONSENT_WITHDRAWN, "110110", "Patient Record", "U"},
      {stored::ENTRY_KIND_WHO_KNOWS, "110112", "Query", "E"},
      {stored::ENTRY_KIND_FIND, "110112", "Query", "E"},
      {stored::ENTRY_KIND_CONSENTS_LISTED, "110112", "Query", "E"},
      {stored::ENTRY_KIND_DELIVERY, "110106", "Export", "R"},
      {stored::ENTRY_KIND_ACKNOWLEDGED, "110100", "Application Activity", "E"},
      {stored::ENTRY_KIND_RECONCILED, "110110", "Patient Record", "U"},
      {stored::ENTRY_KIND_AUDIT_READ, "110101", "Audit Log Used", "R"},
      {stored::ENTRY_KIND_REVIEWS_LISTED, "110112", "Query", "E"},
      {stored::ENTRY_KIND_SHIELD_CHANGED, "110113", "Security Alert", "U"},
      {stored::ENTRY_KIND_PERSONS_MERGED, "110110", "Patient Record", "U"},
      {stored::ENTRY_KIND_FEED_CONFIRMED, "110100", "Application Activity", "E"},
      {stored::ENTRY_KIND_CONSENT_HISTORY_READ, "110112", "Query", "E"},
      {stored::ENTRY_KIND_OVERRIDES_READ, "110101", "Audit Log Used", "R"},
      {stored::ENTRY_KIND_OVERRIDE_REVIEWED, "110113", "Security Alert", "U"},
      {stored::ENTRY_KIND_OVERRIDE_ESCALATED, "110113", "Security Alert", "E"},
      {stored::ENTRY_KIND_ENTRIES_SEARCHED, "110101", "Audit Log Used", "R"},
      {stored::ENTRY_KIND_PATTERNS_SOUGHT, "110101", "Audit Log Used", "R"},
      {stored::ENTRY_KIND_PERSON_EXPORTED, "110106", "Export", "R"},
      {stored::ENTRY_KIND_PERSON_ERASED, "110110", "Patient Record", "D"},
      {stored::ENTRY_KIND_BACKUP_MADE, "110106", "Export", "R"},
      {stored::ENTRY_KIND_RESTORED, "110107", "Import", "C"},
      {stored::ENTRY_KIND_PRUNED, "110113", "Security Alert", "D"},
      {stored::ENTRY_KIND_WITNESS_CHANGED, "110113", "Security Alert", "E"},
      {stored::ENTRY_KIND_POLICY_PROPOSED, "110113", "Security Alert", "C"},
      {stored::ENTRY_KIND_POLICY_APPROVED, "110113", "Security Alert", "U"},
      {stored::ENTRY_KIND_POLICY_WITHDRAWN, "110113", "Security Alert", "D"},
      {stored::ENTRY_KIND_POLICY_BOUND, "110113", "Security Alert", "U"},
      {stored::ENTRY_KIND_POLICY_ASKED, "110112", "Query", "E"},
      {stored::ENTRY_KIND_POLICY_PREVIEWED, "110112", "Query", "E"},
      {stored::ENTRY_KIND_DECISION_REPLAYED, "110101", "Audit Log Used", "R"},
  };
  return *meanings;
}

const EventMeaning& MeaningOf(stored::EntryKind kind) {
  for (const EventMeaning& meaning : Meanings()) {
    if (meaning.kind == kind) return meaning;
  }
  return Meanings().front();  // a kind of a later version
}

const char* OutcomeIndicator(const stored::LedgerEntry& entry) {
  const std::string& outcome = entry.outcome();
  if (outcome == "does-not-compile") return "4";
  // Names of reasons are the only outcomes in capitals.
  const bool reason = !outcome.empty() && std::all_of(outcome.begin(), outcome.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || c == '_';
  });
  if (!reason) return "0";
  for (const base::Reason fault :
       {base::Reason::kStoreUnavailable, base::Reason::kStoreFull, base::Reason::kStoreNewer,
        base::Reason::kLedgerBehind, base::Reason::kPolicyUnavailable, base::Reason::kInternal,
        base::Reason::kDataLoss, base::Reason::kKeyUnavailable}) {
    if (outcome == base::ReasonName(fault)) return "8";
  }
  return "4";
}

std::vector<std::string> AskedWords(uint32_t asked) {
  // By their numbers in policy/words.h.
  static constexpr const char* kAspects[] = {"existence", "agency", "contact",     "assessment",
                                             "content",   "record", "share-onward"};
  std::vector<std::string> words;
  unsigned bit = 0;
  for (const char* aspect : kAspects) {
    if ((asked >> bit++ & 1u) != 0) words.emplace_back(aspect);
  }
  return words;
}

std::string CsvHeader() {
  return absl::StrCat(
      absl::StrJoin(Columns(), ",",
                    [](std::string* out, const Column& column) { out->append(column.name); }),
      "\r\n");
}

std::string CsvRecord(const Exported& exported) {
  return absl::StrCat(absl::StrJoin(Columns(), ",",
                                    [&](std::string* out, const Column& column) {
                                      out->append(CsvField(column.value(exported)));
                                    }),
                      "\r\n");
}

std::string JsonLine(const Exported& exported) {
  Json line = {{"index", exported.entry.index()},
               {"sequenced_at", Time(exported.entry.sequenced_at_us())},
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
  line["leaf_hash"] = Hex(exported.leaf_hash);
  return Dump(line) + "\n";
}

std::string FhirAuditEvent(const Exported& exported) {
  const stored::LedgerEntry& entry = exported.entry;
  const EventMeaning& meaning = MeaningOf(entry.kind());
  Json event;
  event["resourceType"] = "AuditEvent";
  event["id"] = absl::StrCat("entry-", entry.index());
  event["category"] = Json::array({Concept(kDcm, meaning.dcm_code, meaning.dcm_text)});
  event["code"] = Concept(absl::StrCat(kOurs, "entry-kind"), KindWord(entry.kind()));
  event["action"] = meaning.action;
  event["severity"] = SeverityOf(entry);
  event["occurredDateTime"] = Time(entry.sequenced_at_us());
  event["recorded"] = Time(entry.sequenced_at_us());
  const std::string indicator = OutcomeIndicator(entry);
  event["outcome"]["code"] = Coding(kOutcomeSystem, indicator,
                                    indicator == "0"   ? "Success"
                                    : indicator == "4" ? "Minor failure"
                                                       : "Serious failure");
  if (!entry.outcome().empty()) {
    event["outcome"]["detail"] =
        Json::array({Concept(absl::StrCat(kOurs, "outcome"), entry.outcome())});
  }
  if (!entry.purpose().empty()) {
    event["authorization"] =
        Json::array({Concept(absl::StrCat(kOurs, "purpose"), entry.purpose())});
  }
  event["agent"] = AgentsOf(exported);
  event["source"] = {
      {"observer", Reference("Device", absl::StrCat(kOurs, "ledger"), exported.origin)}};
  event["entity"] = EntitiesOf(exported);
  return Dump(event);
}

std::string AtnaMessage(const Exported& exported) {
  const stored::LedgerEntry& entry = exported.entry;
  const EventMeaning& meaning = MeaningOf(entry.kind());
  const std::string kind = KindWord(entry.kind());
  std::string xml = "<AuditMessage><EventIdentification";
  absl::StrAppend(&xml, Attribute("EventActionCode", meaning.action),
                  Attribute("EventDateTime", Time(entry.sequenced_at_us())),
                  Attribute("EventOutcomeIndicator", OutcomeIndicator(entry)), ">",
                  CodedElement("EventID", meaning.dcm_code, "DCM", meaning.dcm_text),
                  CodedElement("EventTypeCode", kind, kOurCodes, kind));
  if (entry.override().allowed()) {
    absl::StrAppend(&xml,
                    CodedElement("EventTypeCode", "110127", "DCM", "Emergency Override Started"));
  }
  if (!entry.outcome().empty()) {
    absl::StrAppend(&xml, "<EventOutcomeDescription>", XmlText(entry.outcome()),
                    "</EventOutcomeDescription>");
  }
  if (!entry.purpose().empty()) {
    absl::StrAppend(&xml,
                    CodedElement("PurposeOfUse", entry.purpose(), kOurCodes, entry.purpose()));
  }
  absl::StrAppend(&xml, "</EventIdentification>");

  const bool practitioner = !entry.practitioner_id().empty();
  const bool system = !entry.system().empty();
  if (practitioner) {
    absl::StrAppend(
        &xml, Participant(absl::StrCat(entry.practitioner_id(), "@", entry.agency_id()), true,
                          entry.role().empty()
                              ? ""
                              : CodedElement("RoleIDCode", entry.role(), kOurCodes, entry.role())));
  }
  if (system) {
    absl::StrAppend(&xml,
                    Participant(entry.system(), !practitioner,
                                CodedElement("RoleIDCode", "110153", "DCM", "Source Role ID")));
  }
  absl::StrAppend(
      &xml, Participant(exported.origin, !practitioner && !system,
                        system ? CodedElement("RoleIDCode", "110152", "DCM", "Destination Role ID")
                               : CodedElement("RoleIDCode", "110150", "DCM", "Application")));
  // Type 4: an application server.
  absl::StrAppend(&xml, "<AuditSourceIdentification", Attribute("code", "4"),
                  Attribute("AuditSourceID", exported.origin), "/>");

  for (const Object& object : ObjectsOf(exported)) {
    absl::StrAppend(
        &xml, "<ParticipantObjectIdentification", Attribute("ParticipantObjectID", object.id),
        Attribute("ParticipantObjectTypeCode", object.type),
        Attribute("ParticipantObjectTypeCodeRole", object.role), ">",
        CodedElement("ParticipantObjectIDTypeCode", object.id_kind, kOurCodes, object.id_kind));
    if (object.query.empty()) {
      absl::StrAppend(&xml, "<ParticipantObjectName>", XmlText(object.name),
                      "</ParticipantObjectName>");
    } else {
      absl::StrAppend(&xml, "<ParticipantObjectQuery>", base::Base64Encode(object.query),
                      "</ParticipantObjectQuery>");
    }
    for (const Detail& detail : object.details) {
      absl::StrAppend(&xml, "<ParticipantObjectDetail", Attribute("type", detail.type),
                      Attribute("value", base::Base64Encode(detail.value)), "/>");
    }
    absl::StrAppend(&xml, "</ParticipantObjectIdentification>");
  }
  absl::StrAppend(&xml, "</AuditMessage>");
  return xml;
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
      return absl::StrCat(first ? ",\"entry\":[" : ",", "\n{\"fullUrl\":",
                          Dump(absl::StrCat(kOurs, "ledger:", EntryName(exported))),
                          ",\"resource\":", FhirAuditEvent(exported), "}");
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
