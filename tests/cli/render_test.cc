// What a worker reads, word for word. A changed rendering is a decision: look at the difference,
// then run the test with SIGNPOST_UPDATE_GOLDEN=1 and commit the golden file with the change.

#include "adapters/cli/text/render.h"

#include <cstdlib>
#include <string>

#include "absl/strings/str_split.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/page.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(SIGNPOST_SOURCE_DIR) + "/tests/cli/golden/" + name;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_LE(Columns(std::string(line)), kPageColumns) << line;
  }
  if (std::getenv("SIGNPOST_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteBytes(path, text).ok());
    return;
  }
  const auto golden = ReadBytes(path, 1 << 20);
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(text, *golden);
}

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

signpost::v1::Receipt Receipt() {
  signpost::v1::Receipt receipt = FromText<signpost::v1::Receipt>(
      R"(ledger_index: 3204 sequenced_at { seconds: 1795308428 } origin: "nortown.example/ledger")");
  receipt.set_leaf_hash(std::string(32, '\xAB'));
  return receipt;
}

Asked Adviser() {
  Asked asked;
  asked.practitioner_id = "pa-001";
  asked.role = "personal-adviser";
  asked.agency_id = "northern-connexions";
  asked.purpose = signpost::v1::PURPOSE_SUPPORT_PLANNING;
  return asked;
}

constexpr char kHead[] = R"(
  agency_person_id: "SP1-0T9K3-M5Z0X-WGQ4S-2B7N1-R8CVDE-C"
  answered_at { seconds: 1795308428 }
  policy { name: "Nortown need to know" version: 1 sha256: "00" }
)";

constexpr char kYotFlag[] = R"(
  flags {
    flag_id: "flag-1" agency_id: "nortown-yot" agency_name: "Nortown Youth Offending Team"
    service: "youth-offending" status: FLAG_STATUS_OPEN
    opened_on { year: 2026 month: 8 day: 24 } confirmed_at { seconds: 1795308000 }
    contact { practitioner_id: "yo-001" name: "Dawn Fairclough" role: "yot-officer"
              phone: "01632 960100" email: "dawn.fairclough@yot.nortown.example" }
    assessments { kind: "asset" assessed_on { year: 2026 month: 9 day: 14 }
                  sections: "lifestyle" sections: "neighbourhood" }
    decisions { aspect: ASPECT_AGENCY shown: true agreement: "YOT and Connexions, Nortown"
                gateway: GATEWAY_ESA2008_S76 }
    decisions { aspect: ASPECT_CONTACT shown: true agreement: "YOT and Connexions, Nortown"
                gateway: GATEWAY_ESA2008_S76 }
    decisions { aspect: ASPECT_CONTENT shown: false
                text { code: WORKER_TEXT_CODE_WITHHELD
                  english: "Ask them for explicit consent, or ask the worker who holds it." } }
  }
)";

constexpr char kCoverage[] = R"(
  coverage { agency_id: "nortown-yot" agency_name: "Nortown Youth Offending Team"
             state: COVERAGE_STATE_HAS_FLAG fed_until { seconds: 1795308000 } }
  coverage { agency_id: "nortown-social-services" agency_name: "Nortown Social Services"
             state: COVERAGE_STATE_HAS_NONE fed_until { seconds: 1795308000 } }
  coverage { agency_id: "nortown-housing" agency_name: "Nortown Housing"
             state: COVERAGE_STATE_NOT_CONNECTED }
  coverage { agency_id: "nortown-drugs-advice" agency_name: "Nortown Drugs Advice"
             state: COVERAGE_STATE_NOT_YOURS_TO_KNOW }
  coverage { agency_id: "nightstop-project" agency_name: "Nightstop"
             state: COVERAGE_STATE_DID_NOT_ANSWER fed_until { seconds: 1794000000 } }
)";

signpost::v1::WhoKnowsAnswer Answer(const std::string& middle) {
  return FromText<signpost::v1::WhoKnowsAnswer>(kHead + middle + kCoverage);
}

TEST(RenderAnswer, TheAdvisersAnswer) {
  ExpectGolden("adviser.txt", RenderAnswer(Answer(std::string(kYotFlag) + R"(
    withheld { aspect: ASPECT_CONTENT agency_id: "nortown-yot"
               text { code: WORKER_TEXT_CODE_WITHHELD
                 english: "Ask them for explicit consent, or ask the worker who holds it." } }
    withheld { aspect: ASPECT_EXISTENCE text { code: WORKER_TEXT_CODE_WITHHELD
      english: "What is not shown here is not yours to know." } }
    obligations: OBLIGATION_LOG)"),
                                           Receipt(), Adviser()));
}

TEST(RenderAnswer, ContentOpenAndSectionsWithheld) {
  ExpectGolden("content.txt", RenderAnswer(Answer(R"(
  flags {
    flag_id: "flag-1" agency_id: "nortown-yot" agency_name: "Nortown Youth Offending Team"
    service: "youth-offending" status: FLAG_STATUS_CLOSED
    opened_on { year: 2026 month: 3 day: 9 } closed_on { year: 2026 month: 5 day: 22 }
    disputed: true
    contact { name: "Duty desk" }
    content { assessment_kind: "asset" sections_open: "lifestyle" sections_open: "neighbourhood"
              sections_open: "substance-use" sections_withheld: "victims"
              text { code: WORKER_TEXT_CODE_WITHHELD english: "Not shared under any agreement." } }
    decisions { aspect: ASPECT_CONTENT shown: true agreement: "YOT and Connexions, Nortown"
                gateway: GATEWAY_CONSENT until { seconds: 1811000000 } }
  }
  obligations: OBLIGATION_LOG obligations: OBLIGATION_TELL_HOLDER
  obligations: OBLIGATION_NO_ONWARD_SHARING
  obligations: OBLIGATION_STATE_EXPIRY)"),
                                           Receipt(), Adviser()));
}

TEST(RenderAnswer, NoSectionOpenIsSaidShortly) {
  const std::string text = RenderAnswer(Answer(R"(
  flags { agency_id: "nortown-yot" status: FLAG_STATUS_OPEN
    content { assessment_kind: "asset" sections_withheld: "lifestyle" sections_withheld: "victims"
              text { code: WORKER_TEXT_CODE_WITHHELD english: "Ask for consent." } } })"),
                                        Receipt(), Adviser());
  EXPECT_THAT(text, HasSubstr("Not open      ASSET: none of its sections. Ask for consent."));
  EXPECT_THAT(text, Not(HasSubstr("Ask for   ")));
}

TEST(RenderAnswer, AnOverrideAndAnUnnamedService) {
  Asked asked = Adviser();
  asked.practitioner_id = "sw-001";
  asked.role = "social-worker";
  asked.agency_id = "nortown-social-services";
  asked.teams = {"nortown-yot-team"};
  asked.purpose = signpost::v1::PURPOSE_SAFEGUARDING;
  asked.override_used = true;
  ExpectGolden("override.txt", RenderAnswer(Answer(R"(
  unnamed_service_involved: true
  contact_desk: "01632 960000, the contact desk"
  withheld { aspect: ASPECT_CONTACT text { code: WORKER_TEXT_CODE_WITHHELD
    english: "Ask your manager." } }
  withheld { aspect: ASPECT_ASSESSMENT text { code: WORKER_TEXT_CODE_WITHHELD
    english: "Ask your manager." } }
  override { rule: "SAFEGUARD" review_due { seconds: 1795600000 } until { seconds: 1795312000 } }
  obligations: OBLIGATION_CLOSE_AFTER_60_MINUTES
  obligations: OBLIGATION_REVIEW_WITHIN_2_WORKING_DAYS)"),
                                            Receipt(), asked));
}

TEST(RenderAnswer, NobodyThatYouMayKnowIsNotNobody) {
  signpost::v1::WhoKnowsAnswer nobody = Answer("");
  nobody.clear_agency_person_id();
  const std::string text = RenderAnswer(nobody, Receipt(), Adviser());
  EXPECT_THAT(text, HasSubstr("Who knows this young person?"));
  EXPECT_THAT(text, HasSubstr("does not say that there is none"));
  EXPECT_THAT(text, HasSubstr("no answer is not no record"));
  EXPECT_THAT(text, HasSubstr("NOT CONNECTED"));
}

// An answer whose duties this program cannot tell the reader is not shown at all.
TEST(RenderAnswer, AnObligationNotUnderstoodHidesTheAnswer) {
  signpost::v1::WhoKnowsAnswer answer =
      Answer(std::string(kYotFlag) + R"(obligations: OBLIGATION_LOG)");
  EXPECT_TRUE(ObligationsUnderstood(answer));
  // As from a later hub: a number that has no name here, through the wire and back.
  answer.add_obligations(static_cast<signpost::v1::Obligation>(99));
  ASSERT_TRUE(answer.ParseFromString(answer.SerializeAsString()));
  EXPECT_FALSE(ObligationsUnderstood(answer));
  const std::string text = RenderAnswer(answer, Receipt(), Adviser());
  EXPECT_THAT(text, HasSubstr("number 99"));
  EXPECT_THAT(text, Not(HasSubstr("Dawn")));
  EXPECT_THAT(text, Not(HasSubstr("Youth Offending")));
  EXPECT_THAT(text, HasSubstr("entry 3204"));
}

TEST(RenderAnswer, AnAgencysTextCannotSteerTheTerminal) {
  signpost::v1::WhoKnowsAnswer answer = Answer(kYotFlag);
  answer.mutable_flags(0)->mutable_contact()->set_name("Dawn\033]0;owned\007\nReceipt  forged");
  answer.mutable_flags(0)->set_agency_name("A\033[8mB");
  const std::string text = RenderAnswer(answer, Receipt(), Adviser());
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(text.find('\007'), std::string::npos);
  EXPECT_THAT(text, Not(HasSubstr("\nReceipt  forged")));
}

TEST(RenderLists, Golden) {
  const auto consents = FromText<signpost::v1::ConsentList>(R"(consents {
    consent_id: "consent-1" decision: CONSENT_DECISION_GIVEN explicit: true grantor: GRANTOR_SELF
    evidence: CONSENT_EVIDENCE_WRITTEN valid_until { seconds: 1811000000 }
    withdrawn_at { seconds: 1795308428 }
    scope { holder_agency_ids: "nortown-yot" assessment_kinds: "asset"
            recipient_agency_ids: "northern-connexions" purposes: PURPOSE_SUPPORT_PLANNING } })");
  const auto review = FromText<signpost::v1::FlagReview>(R"(
    review_id: "review-1" harm: REVIEW_HARM_SAFEGUARDING since { seconds: 1795308428 }
    due { seconds: 1795394828 } cause: REVIEW_CAUSE_BIRTH_DATE_DIFFERS
    reported { given_names: "Sal" surname: "Osei" birth_date { year: 2010 month: 5 day: 5 } }
    questions { number: 1 question: RECORD_QUESTION_SIBLING answer: RECORD_ANSWER_YES }
    proposed { same_as: 1 }
    candidates { number: 1 agrees: MATCHED_FIELD_SURNAME
                 person { given_names: "Sal" surname: "Osei" gender: "female" }
                 agrees: MATCHED_FIELD_POSTCODE differs: MATCHED_FIELD_BIRTH_DATE })");
  const auto agencies = FromText<signpost::v1::ListAgenciesResponse>(R"(
    agencies { agency_id: "nortown-housing" name: "Nortown Housing" kind: "housing" }
    agencies { agency_id: "nortown-yot" name: "Nortown YOT" kind: "yot" feeds_index: true
               fed_until { seconds: 1795308428 } })");
  const auto outcome = FromText<signpost::v1::FlagOutcome>(R"(
    sequence: 1 kind: FLAG_OUTCOME_KIND_REJECTED reason: ERROR_REASON_INVALID_FIELD
    fields { field: "person.birth_date" description: "must be a day of the calendar" })");
  const auto notice = FromText<signpost::v1::Notice>(R"(
    happened_at { seconds: 1795308428 }
    flag_closed { flag { agency_person_id: "SP1-X" agency_id: "nortown-social-services"
                         service: "childrens-social-care" } })");
  ExpectGolden("lists.txt", RenderConsents(consents) + RenderConsents({}) +
                                RenderReviews({review}) + RenderReviews({}) +
                                RenderAgencies(agencies) + RenderOutcome("NS-1", outcome) +
                                RenderNotice(notice) + RenderRecorded("consent-1", Receipt()));
}

}  // namespace
}  // namespace signpost::adapters::cli
