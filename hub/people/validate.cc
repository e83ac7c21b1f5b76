#include "hub/people/validate.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/base/limits.h"
#include "hub/people/people.h"

namespace signpost::people {
namespace {

using base::FieldViolation;
using Violations = std::vector<FieldViolation>;

// Times that make sense at all: 1970 to 9999.
constexpr int64_t kTimestampSecondsMax = 253402300799;

int32_t Today(absl::Time now) {
  // A day later than UTC's is today somewhere only for an hour in summer; a report of that hour
  // counts as today's.
  const absl::CivilDay day = absl::ToCivilDay(now + absl::Hours(1), absl::UTCTimeZone());
  return static_cast<int32_t>(day.year()) * 10000 + day.month() * 100 + day.day();
}

// Well-formed UTF-8: shortest forms only, no surrogates, nothing past U+10FFFF. Each character is
// given to `visit`.
template <typename Visit>
bool VisitUtf8(const std::string& text, Visit visit) {
  size_t i = 0;
  while (i < text.size()) {
    const uint8_t lead = static_cast<uint8_t>(text[i]);
    uint32_t point = lead;
    size_t more = 0;
    uint32_t least = 0;
    if (lead >= 0x80) {
      if (lead >= 0xC2 && lead <= 0xDF) {
        point = lead & 0x1Fu, more = 1, least = 0x80;
      } else if (lead >= 0xE0 && lead <= 0xEF) {
        point = lead & 0x0Fu, more = 2, least = 0x800;
      } else if (lead >= 0xF0 && lead <= 0xF4) {
        point = lead & 0x07u, more = 3, least = 0x10000;
      } else {
        return false;
      }
    }
    if (i + more >= text.size() + (more == 0 ? 1 : 0)) return false;
    for (size_t k = 1; k <= more; ++k) {
      const uint8_t next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0u) != 0x80) return false;
      point = point << 6 | (next & 0x3Fu);
    }
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    if (!visit(point)) return false;
    i += more + 1;
  }
  return true;
}

bool IsControl(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

bool Blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// Free text may have lines.
void CheckText(const std::string& value, const std::string& path, int bytes_max,
               Violations* violations) {
  if (value.size() > static_cast<size_t>(bytes_max)) {
    violations->push_back({path, absl::StrCat("at most ", bytes_max, " bytes")});
  } else if (!VisitUtf8(value, [](uint32_t point) {
               return !IsControl(point) || point == '\n' || point == '\r' || point == '\t';
             })) {
    violations->push_back({path, "text in UTF-8 without control characters"});
  }
}

// A word of a vocabulary: a-z, 0-9 and hyphens.
void CheckWord(const std::string& value, const std::string& path, bool required,
               Violations* violations) {
  if (value.empty()) {
    if (required) violations->push_back({path, "is required"});
    return;
  }
  bool good = value.size() <= static_cast<size_t>(kWordBytesMax);
  for (char c : value) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
  }
  if (!good) {
    violations->push_back(
        {path, absl::StrCat("a word of the vocabulary: a-z, 0-9 and hyphens, at most ",
                            kWordBytesMax, " bytes")});
  }
}

// An id as agencies write it: visible ASCII.
void CheckId(const std::string& value, const std::string& path, bool required,
             Violations* violations) {
  if (value.empty()) {
    if (required) violations->push_back({path, "is required"});
    return;
  }
  bool good = value.size() <= static_cast<size_t>(base::kRecordIdBytesMax);
  for (char c : value) good = good && c > 0x20 && c < 0x7F;
  if (!good) {
    violations->push_back({path, absl::StrCat("letters, digits and signs without spaces, at most ",
                                              base::kRecordIdBytesMax, " bytes")});
  }
}

// The date as a number, 0 when absent or wrong (and then said so).
int32_t CheckDate(bool present, const signpost::v1::Date& date, const std::string& path,
                  bool required, int32_t latest, Violations* violations) {
  if (!present) {
    if (required) violations->push_back({path, "is required"});
    return 0;
  }
  const int32_t number = DateNumber(date);
  if (number == 0) {
    violations->push_back({path, "a day that exists, with year, month and day"});
  } else if (latest != 0 && number > latest) {
    violations->push_back({path, "not in the future"});
    return 0;
  }
  return number;
}

void CheckDetails(const signpost::v1::PersonDetails& details, const std::string& path,
                  absl::Time now, Violations* violations) {
  CheckLine(details.given_names(), path + ".given_names", base::kNameBytesMax, false, violations);
  CheckLine(details.surname(), path + ".surname", base::kNameBytesMax, false, violations);
  const int32_t today = Today(now);
  const int32_t birth = CheckDate(details.has_birth_date(), details.birth_date(),
                                  path + ".birth_date", false, today, violations);
  if (birth != 0 && birth / 10000 < kBirthYearMin) {
    violations->push_back({path + ".birth_date", absl::StrCat("not before ", kBirthYearMin)});
  }
  const int32_t expected =
      CheckDate(details.has_expected_birth_date(), details.expected_birth_date(),
                path + ".expected_birth_date", false, today + 20000, violations);
  if (expected != 0 && details.has_birth_date()) {
    violations->push_back(
        {path + ".expected_birth_date", "only for a child not yet born, without birth_date"});
  }
  const std::string& gender = details.gender();
  if (!gender.empty() && gender != "female" && gender != "male" && gender != "other") {
    violations->push_back({path + ".gender", "one of female, male, other, or empty"});
  }
  CheckLine(details.postcode(), path + ".postcode", 16, false, violations);
  if (details.identifiers_size() > base::kIdentifiersPerPersonMax) {
    violations->push_back(
        {path + ".identifiers", absl::StrCat("at most ", base::kIdentifiersPerPersonMax)});
  }
  for (int i = 0; i < details.identifiers_size() && i < base::kIdentifiersPerPersonMax; ++i) {
    const signpost::v1::Identifier& identifier = details.identifiers(i);
    const std::string at = absl::StrCat(path, ".identifiers[", i, "]");
    if (identifier.kind() == signpost::v1::IDENTIFIER_KIND_UNSPECIFIED ||
        !signpost::v1::IdentifierKind_IsValid(identifier.kind())) {
      violations->push_back({at + ".kind", "a kind of identifier that the hub knows"});
    }
    CheckLine(identifier.value(), at + ".value", 64, true, violations);
  }
}

void CheckTimestamp(bool present, const google::protobuf::Timestamp& time, const std::string& path,
                    Violations* violations) {
  if (present && (time.seconds() < 0 || time.seconds() > kTimestampSecondsMax)) {
    violations->push_back({path, "a time between 1970 and 9999"});
  }
}

void CheckSha256(const std::string& value, const std::string& path, Violations* violations) {
  if (!value.empty() && value.size() != base::kHashBytes) {
    violations->push_back({path, "a SHA-256, 32 bytes, or nothing"});
  }
}

// A language tag: letters first, then parts of letters and digits behind hyphens.
void CheckLanguage(const std::string& value, const std::string& path, Violations* violations) {
  bool good = value.size() <= 35;
  size_t part = 0;
  bool first = true;
  for (size_t i = 0; i <= value.size() && good && !value.empty(); ++i) {
    if (i == value.size() || value[i] == '-') {
      good = first ? part == 2 || part == 3 : part >= 1 && part <= 8;
      first = false;
      part = 0;
      continue;
    }
    const char c = value[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    good = letter || (!first && c >= '0' && c <= '9');
    ++part;
  }
  if (!good) violations->push_back({path, "a language tag such as en, ur or pt-BR"});
}

template <typename Values>
void CheckScopeIds(const Values& values, const std::string& path, bool words,
                   Violations* violations) {
  if (values.size() > kScopeValuesMax) {
    violations->push_back({path, absl::StrCat("at most ", kScopeValuesMax)});
    return;
  }
  for (int i = 0; i < values.size(); ++i) {
    const std::string at = absl::StrCat(path, "[", i, "]");
    if (words) {
      CheckWord(values[i], at, true, violations);
    } else {
      CheckId(values[i], at, true, violations);
    }
  }
}

bool ConstrainsNothing(const signpost::v1::ConsentScope& scope) {
  return scope.services().empty() && scope.holder_agency_ids().empty() &&
         scope.assessment_kinds().empty() && scope.sections().empty() &&
         scope.recipient_agency_ids().empty() && scope.recipient_kinds().empty() &&
         scope.recipient_roles().empty() && scope.purposes().empty() && scope.actions().empty() &&
         scope.flag_ids().empty() && scope.recipient_practitioner_ids().empty();
}

void CheckScope(const signpost::v1::ConsentScope& scope, const std::string& path, int depth,
                Violations* violations) {
  CheckScopeIds(scope.services(), path + ".services", true, violations);
  CheckScopeIds(scope.holder_agency_ids(), path + ".holder_agency_ids", false, violations);
  CheckScopeIds(scope.assessment_kinds(), path + ".assessment_kinds", true, violations);
  CheckScopeIds(scope.sections(), path + ".sections", true, violations);
  CheckScopeIds(scope.recipient_agency_ids(), path + ".recipient_agency_ids", false, violations);
  CheckScopeIds(scope.recipient_kinds(), path + ".recipient_kinds", true, violations);
  CheckScopeIds(scope.recipient_roles(), path + ".recipient_roles", true, violations);
  CheckScopeIds(scope.recipient_practitioner_ids(), path + ".recipient_practitioner_ids", false,
                violations);
  if (scope.purposes_size() > kScopeValuesMax) {
    violations->push_back({path + ".purposes", absl::StrCat("at most ", kScopeValuesMax)});
  } else {
    for (int i = 0; i < scope.purposes_size(); ++i) {
      if (scope.purposes(i) == signpost::v1::PURPOSE_UNSPECIFIED ||
          !signpost::v1::Purpose_IsValid(scope.purposes(i))) {
        violations->push_back(
            {absl::StrCat(path, ".purposes[", i, "]"), "a purpose that the hub knows"});
      }
    }
  }
  if (scope.actions_size() > kScopeValuesMax) {
    violations->push_back({path + ".actions", absl::StrCat("at most ", kScopeValuesMax)});
  } else {
    for (int i = 0; i < scope.actions_size(); ++i) {
      if (scope.actions(i) == signpost::v1::CONSENT_ACTION_UNSPECIFIED ||
          !signpost::v1::ConsentAction_IsValid(scope.actions(i))) {
        violations->push_back(
            {absl::StrCat(path, ".actions[", i, "]"), "an action that the hub knows"});
      }
    }
  }
  if (depth > 0) {
    // What is left out is judged by the policy, which knows neither single flags nor persons.
    if (!scope.flag_ids().empty()) {
      violations->push_back({path + ".flag_ids", "not in an exception"});
    }
    if (!scope.recipient_practitioner_ids().empty()) {
      violations->push_back({path + ".recipient_practitioner_ids", "not in an exception"});
    }
    if (ConstrainsNothing(scope)) {
      violations->push_back({path, "what is left out: this leaves out everything"});
    }
  } else {
    if (scope.flag_ids_size() > kScopeValuesMax) {
      violations->push_back({path + ".flag_ids", absl::StrCat("at most ", kScopeValuesMax)});
    } else {
      for (int i = 0; i < scope.flag_ids_size(); ++i) {
        if (!base::FlagId::FromText(scope.flag_ids(i)).ok()) {
          violations->push_back(
              {absl::StrCat(path, ".flag_ids[", i, "]"), "the id of a flag, as an answer gave it"});
        }
      }
    }
    if (!scope.recipient_practitioner_ids().empty() && scope.recipient_agency_ids_size() != 1) {
      violations->push_back({path + ".recipient_practitioner_ids",
                             "with exactly one agency in recipient_agency_ids, whose they are"});
    }
  }
  if (scope.exceptions_size() > kScopeExceptionsMax) {
    violations->push_back({path + ".exceptions", absl::StrCat("at most ", kScopeExceptionsMax)});
  } else if (!scope.exceptions().empty() && depth >= kScopeDepthMax) {
    violations->push_back(
        {path + ".exceptions", absl::StrCat("nested at most ", kScopeDepthMax, " deep")});
  } else {
    for (int i = 0; i < scope.exceptions_size(); ++i) {
      CheckScope(scope.exceptions(i), absl::StrCat(path, ".exceptions[", i, "]"), depth + 1,
                 violations);
    }
  }
}

}  // namespace

void CheckLine(const std::string& value, const std::string& path, int bytes_max, bool required,
               std::vector<FieldViolation>* violations) {
  if (Blank(value)) {
    if (required) {
      violations->push_back({path, "is required"});
      return;
    }
    if (value.empty()) return;
  }
  if (value.size() > static_cast<size_t>(bytes_max)) {
    violations->push_back({path, absl::StrCat("at most ", bytes_max, " bytes")});
  } else if (!VisitUtf8(value, [](uint32_t point) { return !IsControl(point); })) {
    violations->push_back({path, "one line of text in UTF-8 without control characters"});
  }
}

absl::Status ValidateReport(const signpost::v1::FlagReport& report, absl::Time now) {
  Violations violations;
  CheckLine(report.record_id(), "record_id", base::kRecordIdBytesMax, true, &violations);
  const bool closed = report.status() == signpost::v1::FLAG_STATUS_CLOSED;
  if (report.status() != signpost::v1::FLAG_STATUS_RETRACTED) {
    if (!closed && report.status() != signpost::v1::FLAG_STATUS_OPEN) {
      violations.push_back({"status", "open, closed or retracted"});
    }
    const signpost::v1::PersonDetails& person = report.person();
    CheckDetails(person, "person", now, &violations);
    if (Blank(person.given_names()) && Blank(person.surname())) {
      violations.push_back({"person.surname", "a given name or a surname is required"});
    }
    CheckWord(report.service(), "service", true, &violations);
    const int32_t today = Today(now);
    const int32_t opened = CheckDate(report.has_opened_on(), report.opened_on(), "opened_on", false,
                                     today, &violations);
    const int32_t closed_on = CheckDate(report.has_closed_on(), report.closed_on(), "closed_on",
                                        closed, today, &violations);
    if (report.has_closed_on() && !closed) {
      violations.push_back({"closed_on", "only with status closed"});
    } else if (opened != 0 && closed_on != 0 && closed_on < opened) {
      violations.push_back({"closed_on", "not before opened_on"});
    }
    const int32_t died =
        CheckDate(report.has_died_on(), report.died_on(), "died_on", false, today, &violations);
    if (died != 0 && opened != 0 && died < opened) {
      violations.push_back({"died_on", "not before opened_on"});
    }
    const signpost::v1::Contact& contact = report.contact();
    CheckId(contact.practitioner_id(), "contact.practitioner_id", false, &violations);
    CheckLine(contact.name(), "contact.name", base::kNameBytesMax, false, &violations);
    CheckWord(contact.role(), "contact.role", false, &violations);
    CheckLine(contact.phone(), "contact.phone", base::kContactBytesMax, false, &violations);
    CheckLine(contact.email(), "contact.email", base::kContactBytesMax, false, &violations);
    CheckId(contact.team_id(), "contact.team_id", false, &violations);
    if (report.assessments_size() > base::kAssessmentsPerFlagMax) {
      violations.push_back({"assessments", absl::StrCat("at most ", base::kAssessmentsPerFlagMax)});
    }
    for (int i = 0; i < report.assessments_size() && i < base::kAssessmentsPerFlagMax; ++i) {
      const signpost::v1::AssessmentPointer& pointer = report.assessments(i);
      const std::string at = absl::StrCat("assessments[", i, "]");
      CheckWord(pointer.kind(), at + ".kind", true, &violations);
      CheckDate(pointer.has_assessed_on(), pointer.assessed_on(), at + ".assessed_on", false, today,
                &violations);
      if (pointer.sections_size() > kSectionsMax) {
        violations.push_back({at + ".sections", absl::StrCat("at most ", kSectionsMax)});
        continue;
      }
      for (int k = 0; k < pointer.sections_size(); ++k) {
        CheckWord(pointer.sections(k), absl::StrCat(at, ".sections[", k, "]"), true, &violations);
      }
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return base::Error(base::Reason::kInvalidField,
                     "the report has fields that are missing or wrong; correct them and send it "
                     "again",
                     std::move(violations));
}

absl::Status ValidateConsent(const signpost::v1::Consent& consent, absl::Time now) {
  Violations violations;
  const bool given = consent.decision() == signpost::v1::CONSENT_DECISION_GIVEN;
  if (!given && consent.decision() != signpost::v1::CONSENT_DECISION_REFUSED) {
    violations.push_back(
        {"consent.decision", "given or refused; to take back a yes use WithdrawConsent"});
  }
  CheckScope(consent.scope(), "consent.scope", 0, &violations);
  if (given && ConstrainsNothing(consent.scope())) {
    violations.push_back(
        {"consent.scope", "what the yes covers: nobody says yes to everything for everybody"});
  }
  if (!signpost::v1::ConsentKind_IsValid(consent.kind())) {
    violations.push_back({"consent.kind", "a kind of consent that the hub knows"});
  }
  if (!consent.supersedes().empty() && !base::ConsentId::FromText(consent.supersedes()).ok()) {
    violations.push_back({"consent.supersedes", "must be an id that RecordConsent gave"});
  }
  CheckTimestamp(consent.has_valid_from(), consent.valid_from(), "consent.valid_from", &violations);
  CheckTimestamp(consent.has_valid_until(), consent.valid_until(), "consent.valid_until",
                 &violations);
  if (given && !consent.has_valid_until() && !consent.ends_at_18()) {
    violations.push_back({"consent.valid_until", "is required for a yes, or ends_at_18"});
  }
  if (consent.has_valid_until()) {
    const int64_t now_s = absl::ToUnixSeconds(now);
    const int64_t from = consent.has_valid_from() ? consent.valid_from().seconds() : now_s;
    const int64_t until = consent.valid_until().seconds();
    if (until <= from || until <= now_s) {
      violations.push_back({"consent.valid_until", "after valid_from and not in the past"});
    } else if (until - from > absl::ToInt64Seconds(kConsentLifeMax)) {
      violations.push_back({"consent.valid_until", "at most three years after valid_from"});
    }
  }
  CheckTimestamp(consent.has_review_by(), consent.review_by(), "consent.review_by", &violations);
  if (consent.has_review_by() &&
      (consent.review_by().seconds() <= absl::ToUnixSeconds(now) ||
       (consent.has_valid_until() &&
        consent.review_by().seconds() > consent.valid_until().seconds()))) {
    violations.push_back({"consent.review_by", "in the future and not after valid_until"});
  }
  CheckTimestamp(consent.has_obtained_at(), consent.obtained_at(), "consent.obtained_at",
                 &violations);
  if (consent.has_obtained_at()) {
    const int64_t obtained = consent.obtained_at().seconds();
    if (obtained > absl::ToUnixSeconds(now) + base::kClockSkewSecondsMax) {
      violations.push_back({"consent.obtained_at", "not in the future"});
    } else if (consent.has_valid_from() && consent.valid_from().seconds() < obtained) {
      violations.push_back({"consent.valid_from", "not before it was said (obtained_at)"});
    }
  }
  CheckId(consent.obtained_by(), "consent.obtained_by", false, &violations);
  if (consent.grantor() == signpost::v1::GRANTOR_UNSPECIFIED ||
      !signpost::v1::Grantor_IsValid(consent.grantor())) {
    violations.push_back({"consent.grantor", "who gave it"});
  }
  const bool own_word = consent.grantor() == signpost::v1::GRANTOR_SELF ||
                        consent.grantor() == signpost::v1::GRANTOR_SELF_COMPETENT;
  CheckLine(consent.grantor_name(), "consent.grantor_name", base::kNameBytesMax,
            !own_word && consent.grantor() != signpost::v1::GRANTOR_UNSPECIFIED, &violations);
  const bool competent = consent.grantor() == signpost::v1::GRANTOR_SELF_COMPETENT;
  CheckId(consent.competence_assessor(), "consent.competence_assessor", competent, &violations);
  CheckDate(consent.has_competence_assessed_on(), consent.competence_assessed_on(),
            "consent.competence_assessed_on", competent, Today(now), &violations);
  if (!signpost::v1::CompetenceOutcome_IsValid(consent.competence_outcome())) {
    violations.push_back({"consent.competence_outcome", "competent or not-competent"});
  } else if (competent && given &&
             consent.competence_outcome() != signpost::v1::COMPETENCE_OUTCOME_COMPETENT) {
    violations.push_back(
        {"consent.competence_outcome", "a yes of their own needs that they were found competent"});
  } else if (competent &&
             consent.competence_outcome() == signpost::v1::COMPETENCE_OUTCOME_UNSPECIFIED) {
    violations.push_back({"consent.competence_outcome", "is required"});
  }
  CheckLine(consent.competence_decision(), "consent.competence_decision", base::kContactBytesMax,
            false, &violations);
  if (consent.evidence() == signpost::v1::CONSENT_EVIDENCE_UNSPECIFIED ||
      !signpost::v1::ConsentEvidence_IsValid(consent.evidence())) {
    violations.push_back({"consent.evidence", "how it was given"});
  }
  if (given && consent.explicit_() && consent.evidence() == signpost::v1::CONSENT_EVIDENCE_VERBAL &&
      Blank(consent.words_used()) && Blank(consent.evidence_note())) {
    violations.push_back({"consent.words_used",
                          "the words used: a spoken yes is explicit only when they are written "
                          "down"});
  }
  CheckLine(consent.witness(), "consent.witness", base::kNameBytesMax, false, &violations);
  CheckLine(consent.interpreter(), "consent.interpreter", base::kNameBytesMax, false, &violations);
  CheckText(consent.words_used(), "consent.words_used", base::kReasonBytesMax, &violations);
  CheckLanguage(consent.language(), "consent.language", &violations);
  CheckSha256(consent.document_sha256(), "consent.document_sha256", &violations);
  CheckSha256(consent.notice_sha256(), "consent.notice_sha256", &violations);
  CheckLine(consent.notice_version(), "consent.notice_version", kWordBytesMax,
            !consent.notice_sha256().empty(), &violations);
  if (consent.conditions_size() > kConditionsMax) {
    violations.push_back({"consent.conditions", absl::StrCat("at most ", kConditionsMax)});
  } else if (!given && !consent.conditions().empty()) {
    violations.push_back({"consent.conditions", "only with a yes"});
  } else {
    for (int i = 0; i < consent.conditions_size(); ++i) {
      CheckLine(consent.conditions(i), absl::StrCat("consent.conditions[", i, "]"),
                base::kContactBytesMax, true, &violations);
    }
  }
  CheckText(consent.evidence_note(), "consent.evidence_note", base::kReasonBytesMax, &violations);
  if (violations.empty()) return absl::OkStatus();
  return base::Error(base::Reason::kConsentInvalid,
                     "the consent lacks evidence, competence, scope or a sensible period; see the "
                     "fields",
                     std::move(violations));
}

absl::Status ValidateWithdrawal(const signpost::v1::WithdrawConsentRequest& request) {
  Violations violations;
  CheckText(request.note(), "note", base::kReasonBytesMax, &violations);
  if (!signpost::v1::Grantor_IsValid(request.by())) {
    violations.push_back({"by", "the grantor, or self"});
  }
  if (!signpost::v1::ConsentEvidence_IsValid(request.how())) {
    violations.push_back({"how", "written, verbal or electronic"});
  }
  CheckId(request.told_to(), "told_to", false, &violations);
  if (violations.empty()) return absl::OkStatus();
  return base::Error(base::Reason::kInvalidField,
                     "the withdrawal has fields that are wrong; correct them and send it again",
                     std::move(violations));
}

absl::Status ValidateFindDetails(const signpost::v1::PersonDetails& details,
                                 const std::string& path, absl::Time now) {
  Violations violations;
  CheckDetails(details, path, now, &violations);
  if (!details.has_birth_date()) violations.push_back({path + ".birth_date", "is required"});
  if (details.identifiers().empty()) {
    if (Blank(details.given_names())) {
      violations.push_back({path + ".given_names", "is required without an identifier"});
    }
    if (Blank(details.surname())) {
      violations.push_back({path + ".surname", "is required without an identifier"});
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return base::Error(
      base::Reason::kInvalidField,
      "not enough to find one person by: give given name, surname and birth date, or "
      "an identifier and birth date",
      std::move(violations));
}

}  // namespace signpost::people
