#include "hub/people/validate.h"

#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "hub/base/limits.h"
#include "tests/people/people_fixture.h"

namespace signpost::people {
namespace {

using base::Reason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromCivil(absl::CivilDay(2026, 11, 22), absl::UTCTimeZone());

std::vector<std::string> Fields(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

signpost::v1::FlagReport Good() {
  signpost::v1::FlagReport report =
      Report("A-1", Details("Tariq", "Hussain", 20090314, "NT1 4QZ", "943 476 5919"));
  signpost::v1::AssessmentPointer* pointer = report.add_assessments();
  pointer->set_kind("asset");
  SetDate(pointer->mutable_assessed_on(), 20260402);
  pointer->add_sections("living-arrangements");
  return report;
}

struct Case {
  const char* name;
  std::function<void(signpost::v1::FlagReport*)> spoil;
  const char* field;
};

TEST(ValidateReportTest, AGoodReportIsGood) { EXPECT_TRUE(ValidateReport(Good(), kNow).ok()); }

TEST(ValidateReportTest, EachFaultNamesItsField) {
  using R = signpost::v1::FlagReport;
  const std::vector<Case> cases = {
      {"no record", [](R* r) { r->clear_record_id(); }, "record_id"},
      {"blank record", [](R* r) { r->set_record_id("  "); }, "record_id"},
      {"long record", [](R* r) { r->set_record_id(std::string(129, 'x')); }, "record_id"},
      {"no status", [](R* r) { r->clear_status(); }, "status"},
      {"unknown status", [](R* r) { r->set_status(static_cast<signpost::v1::FlagStatus>(9)); },
       "status"},
      {"no service", [](R* r) { r->clear_service(); }, "service"},
      {"service in words", [](R* r) { r->set_service("Youth Offending"); }, "service"},
      {"no names",
       [](R* r) {
         r->mutable_person()->clear_given_names();
         r->mutable_person()->clear_surname();
       },
       "person.surname"},
      {"long name",
       [](R* r) {
         r->mutable_person()->set_surname(
             std::string(static_cast<size_t>(base::kNameBytesMax) + 1, 'x'));
       },
       "person.surname"},
      {"control character", [](R* r) { r->mutable_person()->set_given_names("Ta\nriq"); },
       "person.given_names"},
      {"born on no day",
       [](R* r) {
         r->mutable_person()->mutable_birth_date()->set_day(31),
             r->mutable_person()->mutable_birth_date()->set_month(2);
       },
       "person.birth_date"},
      {"born tomorrow", [](R* r) { SetDate(r->mutable_person()->mutable_birth_date(), 20261123); },
       "person.birth_date"},
      {"born long ago", [](R* r) { SetDate(r->mutable_person()->mutable_birth_date(), 18991231); },
       "person.birth_date"},
      {"born and expected",
       [](R* r) { SetDate(r->mutable_person()->mutable_expected_birth_date(), 20270101); },
       "person.expected_birth_date"},
      {"gender in another word", [](R* r) { r->mutable_person()->set_gender("F"); },
       "person.gender"},
      {"postcode with a letter home",
       [](R* r) { r->mutable_person()->set_postcode("NT1 4QZ, the blue door"); },
       "person.postcode"},
      {"identifier of no kind",
       [](R* r) { r->mutable_person()->mutable_identifiers(0)->clear_kind(); },
       "person.identifiers[0].kind"},
      {"empty identifier", [](R* r) { r->mutable_person()->mutable_identifiers(0)->clear_value(); },
       "person.identifiers[0].value"},
      {"nine identifiers",
       [](R* r) {
         for (int i = 0; i < 8; ++i) {
           *r->mutable_person()->add_identifiers() = r->person().identifiers(0);
         }
       },
       "person.identifiers"},
      {"opened tomorrow", [](R* r) { SetDate(r->mutable_opened_on(), 20261123); }, "opened_on"},
      {"closed while open", [](R* r) { SetDate(r->mutable_closed_on(), 20261101); }, "closed_on"},
      {"closed without a day", [](R* r) { r->set_status(signpost::v1::FLAG_STATUS_CLOSED); },
       "closed_on"},
      {"closed before opened",
       [](R* r) {
         r->set_status(signpost::v1::FLAG_STATUS_CLOSED);
         SetDate(r->mutable_closed_on(), 20260228);
       },
       "closed_on"},
      {"bell in the telephone", [](R* r) { r->mutable_contact()->set_phone("01632\a960123"); },
       "contact.phone"},
      {"escape in the name", [](R* r) { r->mutable_contact()->set_name("W\x1b[31m"); },
       "contact.name"},
      {"long e-mail",
       [](R* r) {
         r->mutable_contact()->set_email(
             std::string(static_cast<size_t>(base::kContactBytesMax) + 1, 'e'));
       },
       "contact.email"},
      {"seventeen assessments",
       [](R* r) {
         for (int i = 0; i < base::kAssessmentsPerFlagMax; ++i) {
           *r->add_assessments() = r->assessments(0);
         }
       },
       "assessments"},
      {"assessment without kind", [](R* r) { r->mutable_assessments(0)->clear_kind(); },
       "assessments[0].kind"},
      {"assessed tomorrow",
       [](R* r) { SetDate(r->mutable_assessments(0)->mutable_assessed_on(), 20261123); },
       "assessments[0].assessed_on"},
      {"section in words", [](R* r) { r->mutable_assessments(0)->set_sections(0, "At home!"); },
       "assessments[0].sections[0]"},
  };
  for (const Case& spoilt : cases) {
    signpost::v1::FlagReport report = Good();
    spoilt.spoil(&report);
    const absl::Status status = ValidateReport(report, kNow);
    EXPECT_EQ(base::ReasonOf(status), Reason::kInvalidField) << spoilt.name;
    EXPECT_THAT(Fields(status), ElementsAre(spoilt.field)) << spoilt.name;
  }
}

TEST(ValidateReportTest, LimitsAreMetExactly) {
  signpost::v1::FlagReport report = Good();
  report.set_record_id(std::string(static_cast<size_t>(base::kRecordIdBytesMax), 'x'));
  report.mutable_person()->set_surname(std::string(static_cast<size_t>(base::kNameBytesMax), 'x'));
  report.mutable_contact()->set_email(
      std::string(static_cast<size_t>(base::kContactBytesMax), 'e'));
  while (report.assessments_size() < base::kAssessmentsPerFlagMax) {
    *report.add_assessments() = report.assessments(0);
  }
  while (report.person().identifiers_size() < base::kIdentifiersPerPersonMax) {
    *report.mutable_person()->add_identifiers() = report.person().identifiers(0);
  }
  SetDate(report.mutable_opened_on(), 20261122);
  EXPECT_TRUE(ValidateReport(report, kNow).ok());
}

TEST(ValidateReportTest, AnUnbornChildHasAnExpectedBirthDateAhead) {
  signpost::v1::FlagReport report = Good();
  report.mutable_person()->clear_birth_date();
  SetDate(report.mutable_person()->mutable_expected_birth_date(), 20270304);
  EXPECT_TRUE(ValidateReport(report, kNow).ok());
}

TEST(ValidateReportTest, BadIdentifiersAndPostcodesAreKeptNotRefused) {
  signpost::v1::FlagReport report = Good();
  report.mutable_person()->mutable_identifiers(0)->set_value("1111111111");
  report.mutable_person()->set_postcode("not known");
  EXPECT_TRUE(ValidateReport(report, kNow).ok());
}

TEST(ValidateReportTest, ARetractionNeedsOnlyItsRecord) {
  signpost::v1::FlagReport report;
  report.set_record_id("A-1");
  report.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
  EXPECT_TRUE(ValidateReport(report, kNow).ok());
  report.clear_record_id();
  EXPECT_THAT(Fields(ValidateReport(report, kNow)), ElementsAre("record_id"));
}

TEST(ValidateReportTest, AllFaultsAreNamedAtOnceAndNoValueIsRepeated) {
  signpost::v1::FlagReport report = Good();
  report.mutable_person()->set_surname("Secretname\x01");
  report.mutable_contact()->set_phone("0777 SECRET\x02");
  report.set_service("Secret Service");
  const absl::Status status = ValidateReport(report, kNow);
  EXPECT_THAT(Fields(status), ElementsAre("person.surname", "service", "contact.phone"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("ecret")));
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    EXPECT_THAT(violation.description, Not(HasSubstr("ecret")));
    EXPECT_THAT(violation.description, Not(HasSubstr("SECRET")));
  }
}

TEST(CheckLineTest, OnlyWellFormedUtf8Passes) {
  const auto good = [](const std::string& text) {
    std::vector<base::FieldViolation> violations;
    CheckLine(text, "f", 100, false, &violations);
    return violations.empty();
  };
  EXPECT_TRUE(good(""));
  EXPECT_TRUE(good("Se\xC3\xA1n"));
  EXPECT_TRUE(good("\xE6\x9D\x8E \xF0\x9F\x98\x80"));
  EXPECT_FALSE(good("\xC3"));              // cut short
  EXPECT_FALSE(good("\xC0\xAF"));          // overlong
  EXPECT_FALSE(good("\xE0\x80\x80"));      // overlong
  EXPECT_FALSE(good("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(good("\xF4\x90\x80\x80"));  // past the end
  EXPECT_FALSE(good("a\x80"));             // continuation alone
  EXPECT_FALSE(good("a\xC2\x85z"));        // a control character in two bytes
  EXPECT_FALSE(good(std::string("a\0b", 3)));
}

signpost::v1::Consent Yes() {
  signpost::v1::Consent consent;
  consent.set_decision(signpost::v1::CONSENT_DECISION_GIVEN);
  consent.mutable_scope()->add_recipient_kinds("connexions");
  consent.mutable_valid_until()->set_seconds(absl::ToUnixSeconds(kNow) + 86400);
  consent.set_grantor(signpost::v1::GRANTOR_SELF);
  consent.set_evidence(signpost::v1::CONSENT_EVIDENCE_WRITTEN);
  return consent;
}

TEST(ValidateConsentTest, EachFaultNamesItsField) {
  using C = signpost::v1::Consent;
  EXPECT_TRUE(ValidateConsent(Yes(), kNow).ok());
  const std::vector<std::pair<std::function<void(C*)>, std::vector<std::string>>> cases = {
      {[](C* c) { c->clear_decision(); }, {"consent.decision"}},
      {[](C* c) { c->set_decision(signpost::v1::CONSENT_DECISION_WITHDRAWN); },
       {"consent.decision"}},
      {[](C* c) { c->clear_scope(); }, {"consent.scope"}},
      {[](C* c) { c->mutable_scope()->add_services("All Of Them"); },
       {"consent.scope.services[0]"}},
      {[](C* c) { c->mutable_scope()->add_purposes(signpost::v1::PURPOSE_UNSPECIFIED); },
       {"consent.scope.purposes[0]"}},
      {[](C* c) { c->clear_valid_until(); }, {"consent.valid_until"}},
      {[](C* c) { c->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(kNow)); },
       {"consent.valid_until"}},
      {[](C* c) {
         c->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(kNow + kConsentLifeMax) + 1);
       },
       {"consent.valid_until"}},
      {[](C* c) { c->clear_grantor(); }, {"consent.grantor"}},
      {[](C* c) { c->set_grantor(signpost::v1::GRANTOR_SELF_COMPETENT); },
       {"consent.competence_assessor", "consent.competence_assessed_on",
        "consent.competence_outcome"}},
      {[](C* c) { c->clear_evidence(); }, {"consent.evidence"}},
      {[](C* c) { c->set_evidence_note(std::string(2001, 'x')); }, {"consent.evidence_note"}},
      {[](C* c) { c->set_evidence_note("bell\a"); }, {"consent.evidence_note"}},
      {[](C* c) { c->set_kind(static_cast<signpost::v1::ConsentKind>(9)); }, {"consent.kind"}},
      {[](C* c) { c->set_supersedes("flag-1"); }, {"consent.supersedes"}},
      {[](C* c) { c->set_grantor(signpost::v1::GRANTOR_COURT); }, {"consent.grantor_name"}},
      {[](C* c) { c->set_grantor(signpost::v1::GRANTOR_AUTHORITY); }, {"consent.grantor_name"}},
      {[](C* c) {
         c->set_grantor(signpost::v1::GRANTOR_SELF_COMPETENT);
         c->set_competence_assessor("pa-001");
         SetDate(c->mutable_competence_assessed_on(), 20261123 + 1);
         c->set_competence_outcome(signpost::v1::COMPETENCE_OUTCOME_NOT_COMPETENT);
       },
       {"consent.competence_assessed_on", "consent.competence_outcome"}},
      {[](C* c) { c->mutable_scope()->add_actions(signpost::v1::CONSENT_ACTION_UNSPECIFIED); },
       {"consent.scope.actions[0]"}},
      {[](C* c) { c->mutable_scope()->add_flag_ids("consent-1"); }, {"consent.scope.flag_ids[0]"}},
      {[](C* c) { c->mutable_scope()->add_recipient_practitioner_ids("pa-001"); },
       {"consent.scope.recipient_practitioner_ids"}},
      {[](C* c) { c->mutable_scope()->add_exceptions(); }, {"consent.scope.exceptions[0]"}},
      {[](C* c) {
         c->mutable_scope()->add_exceptions()->add_services("Not A Word");
         c->mutable_scope()->mutable_exceptions(0)->add_flag_ids("x");
       },
       {"consent.scope.exceptions[0].services[0]", "consent.scope.exceptions[0].flag_ids"}},
      {[](C* c) {
         signpost::v1::ConsentScope* scope = c->mutable_scope();
         for (int depth = 0; depth <= kScopeDepthMax; ++depth) {
           scope = scope->add_exceptions();
           scope->add_services("housing");
         }
       },
       {"consent.scope.exceptions[0].exceptions[0].exceptions[0].exceptions"}},
      {[](C* c) {
         while (c->scope().exceptions_size() <= kScopeExceptionsMax) {
           c->mutable_scope()->add_exceptions()->add_services("housing");
         }
       },
       {"consent.scope.exceptions"}},
      {[](C* c) { c->mutable_review_by()->set_seconds(absl::ToUnixSeconds(kNow)); },
       {"consent.review_by"}},
      {[](C* c) { c->mutable_review_by()->set_seconds(c->valid_until().seconds() + 1); },
       {"consent.review_by"}},
      {[](C* c) { c->mutable_obtained_at()->set_seconds(absl::ToUnixSeconds(kNow) + 31); },
       {"consent.obtained_at"}},
      {[](C* c) {
         c->mutable_obtained_at()->set_seconds(absl::ToUnixSeconds(kNow) - 10);
         c->mutable_valid_from()->set_seconds(absl::ToUnixSeconds(kNow) - 11);
       },
       {"consent.valid_from"}},
      {[](C* c) {
         c->set_explicit_(true);
         c->set_evidence(signpost::v1::CONSENT_EVIDENCE_VERBAL);
       },
       {"consent.words_used"}},
      {[](C* c) { c->set_language("English!"); }, {"consent.language"}},
      {[](C* c) { c->set_language("english"); }, {"consent.language"}},
      {[](C* c) { c->set_language("en-"); }, {"consent.language"}},
      {[](C* c) { c->set_document_sha256("short"); }, {"consent.document_sha256"}},
      {[](C* c) { c->set_notice_sha256(std::string(32, 'n')); }, {"consent.notice_version"}},
      {[](C* c) { c->add_conditions(" "); }, {"consent.conditions[0]"}},
      {[](C* c) {
         c->set_decision(signpost::v1::CONSENT_DECISION_REFUSED);
         c->add_conditions("only by letter");
       },
       {"consent.conditions"}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    C consent = Yes();
    cases[i].first(&consent);
    const absl::Status status = ValidateConsent(consent, kNow);
    EXPECT_EQ(base::ReasonOf(status), Reason::kConsentInvalid) << i;
    EXPECT_EQ(Fields(status), cases[i].second) << i;
  }
}

TEST(ValidateConsentTest, ANoNeedsNoEndAndMayCoverEverything) {
  signpost::v1::Consent no = Yes();
  no.set_decision(signpost::v1::CONSENT_DECISION_REFUSED);
  no.clear_scope();
  no.clear_valid_until();
  no.set_evidence_note("He said:\n\"no\".");
  EXPECT_TRUE(ValidateConsent(no, kNow).ok());
}

TEST(ValidateConsentTest, ASpokenYesIsExplicitWithItsWords) {
  signpost::v1::Consent consent = Yes();
  consent.set_evidence(signpost::v1::CONSENT_EVIDENCE_VERBAL);
  consent.set_explicit_(true);
  consent.set_words_used("Yes, she can see it.");
  consent.set_language("pt-BR");
  EXPECT_TRUE(ValidateConsent(consent, kNow).ok());
}

TEST(ValidateConsentTest, NoMessageRepeatsAText) {
  signpost::v1::Consent consent = Yes();
  consent.set_grantor_name("Secretname\x01");
  consent.set_witness("Secretname\x01");
  consent.set_interpreter("Secretname\x01");
  consent.add_conditions("Secretname\x01");
  const absl::Status status = ValidateConsent(consent, kNow);
  EXPECT_THAT(Fields(status), ElementsAre("consent.grantor_name", "consent.witness",
                                          "consent.interpreter", "consent.conditions[0]"));
  EXPECT_THAT(status.ToString(), Not(HasSubstr("Secretname")));
}

TEST(ValidateWithdrawalTest, EachFaultNamesItsField) {
  signpost::v1::WithdrawConsentRequest request;
  EXPECT_TRUE(ValidateWithdrawal(request).ok());
  request.set_note(std::string(2001, 'x'));
  request.set_told_to("two words");
  request.set_by(static_cast<signpost::v1::Grantor>(99));
  EXPECT_THAT(Fields(ValidateWithdrawal(request)), ElementsAre("note", "by", "told_to"));
}

TEST(ValidateConsentTest, ThreeYearsAreAllowed) {
  signpost::v1::Consent consent = Yes();
  consent.mutable_valid_until()->set_seconds(absl::ToUnixSeconds(kNow + kConsentLifeMax));
  EXPECT_TRUE(ValidateConsent(consent, kNow).ok());
}

TEST(ValidateFindDetailsTest, EnoughIsNameAndDateOrIdentifierAndDate) {
  const auto fields = [](const signpost::v1::PersonDetails& details) {
    return Fields(ValidateFindDetails(details, "person.details", kNow));
  };
  EXPECT_TRUE(fields(Details("Tariq", "Hussain", 20090314, "")).empty());
  EXPECT_TRUE(fields(Details("", "", 20090314, "", "9434765919")).empty());
  EXPECT_THAT(fields(Details("Tariq", "Hussain", 0, "NT1 4QZ")),
              ElementsAre("person.details.birth_date"));
  EXPECT_THAT(fields(Details("", "Hussain", 20090314, "NT1 4QZ")),
              ElementsAre("person.details.given_names"));
}

}  // namespace
}  // namespace signpost::people
