#include "hub/audit/meaning.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"

namespace signpost::audit {

namespace stored = ::signpost::store::v1;

namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
// Bit 16 of `asked`: a statement of necessity was made.
constexpr uint32_t kNecessityBit = 1u << 16;

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
  // By their numbers in policy/vocabulary.h.
  static constexpr const char* kAspects[] = {"existence", "agency", "contact",     "assessment",
                                             "content",   "record", "share-onward"};
  std::vector<std::string> words;
  unsigned bit = 0;
  for (const char* aspect : kAspects) {
    if ((asked >> bit++ & 1u) != 0) words.emplace_back(aspect);
  }
  return words;
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
                                                 entry.policy_sha256(),
                                                 "policy that decided",
                                                 {},
                                                 ""});
    Add("policy-version", entry.policy_version() == 0 ? "" : absl::StrCat(entry.policy_version()),
        &policy.details);
    Add("policy-vocabulary-sha256", base::HexEncode(entry.policy_vocabulary_sha256()),
        &policy.details);
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
      Add("override-review-due", TimeText(entry.override().review_due_s() * 1'000'000),
          &query.details);
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
    Add("subject-hash", base::HexEncode(entry.subject_hash()), &subject.details);
  }
  for (const stored::Released& released : entry.released()) {
    Object& flag = objects.emplace_back(Object{"2",
                                               "4",
                                               "Domain Resource",
                                               "flag-ref",
                                               base::HexEncode(released.flag_ref()),
                                               "released",
                                               {},
                                               ""});
    Add("holder-agency", released.holder_agency_id(), &flag.details);
    Add("aspects", Joined(released.aspects()), &flag.details);
    Add("rules", Joined(released.rules()), &flag.details);
    Add("agreement", released.agreement(), &flag.details);
    Add("gateway", released.gateway(), &flag.details);
    Add("consent-ref", base::HexEncode(released.consent_ref()), &flag.details);
  }
  return objects;
}

}  // namespace signpost::audit
