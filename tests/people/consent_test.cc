// Consent in full: what is kept and sealed, what takes whose place, whose word counts from what
// age.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hub/people/birthday.h"
#include "hub/people/validate.h"
#include "tests/people/people_fixture.h"

namespace signpost::people {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

signpost::v1::Consent Yes() {
  signpost::v1::Consent consent;
  consent.set_decision(signpost::v1::CONSENT_DECISION_GIVEN);
  consent.mutable_scope()->add_recipient_kinds("connexions");
  consent.mutable_scope()->add_purposes(signpost::v1::PURPOSE_SUPPORT_PLANNING);
  consent.set_explicit_(true);
  consent.mutable_valid_until()->set_seconds(1800000000);
  consent.set_grantor(signpost::v1::GRANTOR_SELF);
  consent.set_evidence(signpost::v1::CONSENT_EVIDENCE_WRITTEN);
  return consent;
}
signpost::v1::Consent No() {
  signpost::v1::Consent no = Yes();
  no.set_decision(signpost::v1::CONSENT_DECISION_REFUSED);
  no.set_explicit_(false);
  no.clear_valid_until();
  return no;
}

class ConsentTest : public PeopleFixture {
 protected:
  // 17 years old on the fixture's day.
  ConsentTest() {
    person_ = Put(kYot, Report("A-1", Details("Tariq", "Hussain", 20090314, ""))).person;
  }

  absl::StatusOr<ConsentResult> Record(const signpost::v1::Consent& consent, absl::Time now) {
    absl::StatusOr<ConsentResult> result = people_.PrepareConsent(
        *View(), person_, consent, kConnexions, "pa-001", now, [](const std::string& agency) {
          return agency == kConnexions ? std::string("connexions") : std::string();
        });
    if (result.ok()) {
      EXPECT_TRUE(Commit(std::move(result->change)).ok());
    }
    return result;
  }
  absl::StatusOr<ConsentResult> Record(const signpost::v1::Consent& consent) {
    return Record(consent, now_);
  }
  store::v1::ConsentRow Row(const base::ConsentId& id) { return *Get(person_).FindConsent(id); }
  static std::vector<std::string> Fields(const absl::Status& status) {
    EXPECT_EQ(ReasonOf(status), Reason::kConsentInvalid) << status;
    std::vector<std::string> fields;
    for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
      fields.push_back(violation.field);
    }
    return fields;
  }

  base::PersonId person_;
};

TEST_F(ConsentTest, EveryFieldIsKeptAndEveryTextIsSealed) {
  signpost::v1::Consent consent = Yes();
  consent.set_kind(signpost::v1::CONSENT_KIND_SERVICE_AGREEMENT);
  consent.set_grantor(signpost::v1::GRANTOR_SELF_COMPETENT);
  consent.set_competence_assessor("pa-009");
  SetDate(consent.mutable_competence_assessed_on(), 20261120);
  consent.set_competence_outcome(signpost::v1::COMPETENCE_OUTCOME_COMPETENT);
  consent.set_competence_decision("secret-decision");
  consent.set_grantor_name("secret-grantor");
  consent.set_witness("secret-witness");
  consent.set_words_used("secret-words");
  consent.set_interpreter("secret-interpreter");
  consent.add_conditions("secret-condition");
  consent.set_language("ur");
  consent.set_document_sha256(std::string(32, 'd'));
  consent.set_notice_version("3");
  consent.set_notice_sha256(std::string(32, 'n'));
  consent.set_obtained_by("pa-002");
  consent.mutable_obtained_at()->set_seconds(absl::ToUnixSeconds(now_) - 3600);
  consent.mutable_review_by()->set_seconds(absl::ToUnixSeconds(now_) + 3600);
  consent.mutable_scope()->add_actions(signpost::v1::CONSENT_ACTION_READ);
  consent.mutable_scope()->add_exceptions()->add_services("housing");
  const auto recorded = Record(consent);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  const store::v1::ConsentRow row = Row(recorded->consent);
  EXPECT_EQ(row.kind(), signpost::v1::CONSENT_KIND_SERVICE_AGREEMENT);
  EXPECT_EQ(row.version(), 1);
  EXPECT_EQ(row.competence_outcome(), signpost::v1::COMPETENCE_OUTCOME_COMPETENT);
  EXPECT_EQ(row.language(), "ur");
  EXPECT_EQ(row.document_sha256(), std::string(32, 'd'));
  EXPECT_EQ(row.notice_version(), "3");
  EXPECT_EQ(row.obtained_by(), "pa-002");
  EXPECT_EQ(row.recorded_by(), "pa-001");
  // Valid from when it was said, known from when it was recorded.
  EXPECT_EQ(row.obtained_at_s(), absl::ToUnixSeconds(now_) - 3600);
  EXPECT_EQ(row.valid_from_s(), row.obtained_at_s());
  EXPECT_EQ(row.recorded_at_s(), absl::ToUnixSeconds(now_));
  EXPECT_THAT(row.actions(), ElementsAre(signpost::v1::CONSENT_ACTION_READ));
  ASSERT_EQ(row.exceptions_size(), 1);
  EXPECT_THAT(row.exceptions(0).services(), ElementsAre("housing"));
  const Person person = Get(person_);
  const store::v1::ConsentSecret secret =
      *OpenSealed(person.Secret(*person.FindConsent(recorded->consent)));
  EXPECT_EQ(secret.grantor_name(), "secret-grantor");
  EXPECT_EQ(secret.words_used(), "secret-words");
  EXPECT_THAT(secret.conditions(), ElementsAre("secret-condition"));
  EXPECT_FALSE(Holds("secret-"));
}

TEST_F(ConsentTest, ALaterNoTakesThePlaceOfEveryYesThatItCovers) {
  signpost::v1::Consent named = Yes();
  named.mutable_scope()->clear_recipient_kinds();
  named.mutable_scope()->add_recipient_agency_ids(kConnexions);
  signpost::v1::Consent wider = Yes();
  wider.mutable_scope()->clear_purposes();
  const base::ConsentId covered = Record(Yes())->consent;
  const base::ConsentId by_name = Record(named)->consent;
  const base::ConsentId not_covered = Record(wider)->consent;
  const absl::Time later = now_ + absl::Hours(1);
  const ConsentResult no = *Record(No(), later);
  EXPECT_THAT(no.superseded, UnorderedElementsAre(covered, by_name));
  EXPECT_EQ(Row(covered).superseded_by(), no.consent.ToBytes());
  EXPECT_EQ(Row(covered).superseded_from_s(), absl::ToUnixSeconds(later));
  // More than the no covers: both stand, and where the no covers it, it hides.
  EXPECT_EQ(Row(not_covered).superseded_by(), "");
  EXPECT_EQ(ReasonOf(people_.PrepareWithdraw(*View(), person_, covered, "", later).status()),
            Reason::kConsentInvalid);
}

TEST_F(ConsentTest, ANoWithAnExceptionLeavesTheYesInsideItAlone) {
  signpost::v1::Consent housing = Yes();
  housing.mutable_scope()->add_services("housing");
  signpost::v1::Consent care = Yes();
  care.mutable_scope()->add_services("childrens-social-care");
  const base::ConsentId left_out = Record(housing)->consent;
  const base::ConsentId covered = Record(care)->consent;
  signpost::v1::Consent no = No();
  no.mutable_scope()->add_exceptions()->add_services("housing");
  EXPECT_THAT(Record(no)->superseded, ElementsAre(covered));
  EXPECT_EQ(Row(left_out).superseded_by(), "");
}

TEST_F(ConsentTest, ANoFromALaterDayEndsTheYesOnThatDay) {
  const base::ConsentId yes = Record(Yes())->consent;
  signpost::v1::Consent no = No();
  no.mutable_valid_from()->set_seconds(absl::ToUnixSeconds(now_) + 7 * 86400);
  ASSERT_TRUE(Record(no).ok());
  EXPECT_EQ(Row(yes).superseded_from_s(), absl::ToUnixSeconds(now_) + 7 * 86400);
}

TEST_F(ConsentTest, ANoSaidBeforeTheYesDoesNotTakeItsPlace) {
  const base::ConsentId yes = Record(Yes())->consent;
  signpost::v1::Consent no = No();
  no.mutable_obtained_at()->set_seconds(absl::ToUnixSeconds(now_) - 86400);
  EXPECT_THAT(Record(no, now_ + absl::Hours(2))->superseded, IsEmpty());
  EXPECT_EQ(Row(yes).superseded_by(), "");
}

TEST_F(ConsentTest, TwoGrantorsWhoDisagreeAreBothKept) {
  const base::ConsentId yes = Record(Yes())->consent;
  signpost::v1::Consent mother = No();
  mother.set_grantor(signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  mother.set_grantor_name("Mrs Hussain");
  EXPECT_THAT(Record(mother)->superseded, IsEmpty());
  EXPECT_EQ(Row(yes).superseded_by(), "");

  signpost::v1::Consent parent_yes = mother;
  parent_yes.set_decision(signpost::v1::CONSENT_DECISION_GIVEN);
  parent_yes.mutable_valid_until()->set_seconds(1800000000);
  const base::ConsentId hers = Record(parent_yes)->consent;
  signpost::v1::Consent father = mother;
  father.set_grantor_name("Mr Hussain");
  EXPECT_THAT(Record(father)->superseded, IsEmpty());
  mother.set_grantor_name("mrs  hussain");  // as typed the second time
  EXPECT_THAT(Record(mother)->superseded, ElementsAre(hers));
}

TEST_F(ConsentTest, TheThreeKindsAreKeptApart) {
  const base::ConsentId yes = Record(Yes())->consent;
  signpost::v1::Consent no = No();
  no.set_kind(signpost::v1::CONSENT_KIND_SERVICE_AGREEMENT);
  EXPECT_THAT(Record(no)->superseded, IsEmpty());
  EXPECT_EQ(Row(yes).superseded_by(), "");
  no.set_supersedes(yes.ToText());
  EXPECT_THAT(Fields(Record(no).status()), ElementsAre("consent.supersedes"));
}

TEST_F(ConsentTest, AYesNeverLiftsANoUnlessItSaysSoAndCoversIt) {
  const base::ConsentId no = Record(No())->consent;
  EXPECT_THAT(Record(Yes())->superseded, IsEmpty());
  EXPECT_EQ(Row(no).superseded_by(), "");
  signpost::v1::Consent narrow = Yes();
  narrow.set_supersedes(no.ToText());
  narrow.mutable_scope()->add_services("connexions");
  EXPECT_THAT(Fields(Record(narrow).status()), ElementsAre("consent.supersedes"));
  signpost::v1::Consent whole = Yes();
  whole.set_supersedes(no.ToText());
  const auto lifted = Record(whole);
  ASSERT_TRUE(lifted.ok()) << lifted.status();
  EXPECT_THAT(lifted->superseded, ElementsAre(no));
  EXPECT_EQ(Row(lifted->consent).version(), 2);
  EXPECT_EQ(Row(lifted->consent).supersedes(), no.ToBytes());
  // What has been superseded is not superseded again, nor what is not there.
  EXPECT_THAT(Fields(Record(whole).status()), ElementsAre("consent.supersedes"));
  whole.set_supersedes(base::ConsentId::New(&random_).ToText());
  EXPECT_THAT(Fields(Record(whole).status()), ElementsAre("consent.supersedes"));
}

// Promise 2. Broken on purpose by leaving out the question who recorded the no, this fails.
TEST_F(ConsentTest, ANoIsUndoneByItsRecorderOrByTheYoungPersonBeforeOneWhoGainsNothing) {
  const auto record = [&](const std::string& agency, const signpost::v1::Consent& consent) {
    absl::StatusOr<ConsentResult> result = people_.PrepareConsent(
        *View(), person_, consent, agency, "w-1", now_, [](const std::string& id) {
          return id == kConnexions ? std::string("connexions")
                 : id == kYot      ? std::string("yot")
                                   : std::string("social-services");
        });
    if (result.ok()) {
      EXPECT_TRUE(Commit(std::move(result->change)).ok());
    }
    return result;
  };
  signpost::v1::Consent no = No();
  const base::ConsentId refused = record(kYot, no)->consent;
  signpost::v1::Consent yes = Yes();
  yes.set_supersedes(refused.ToText());
  // Connexions receives by it; and what covers everybody covers whoever records it.
  EXPECT_THAT(Fields(record(kConnexions, yes).status()), ElementsAre("consent.supersedes"));
  signpost::v1::Consent blanket = yes;
  blanket.mutable_scope()->clear_recipient_kinds();
  EXPECT_THAT(Fields(record(kSocial, blanket).status()), ElementsAre("consent.supersedes"));
  EXPECT_EQ(Row(refused).superseded_by(), "");

  const auto before_social_services = record(kSocial, yes);
  ASSERT_TRUE(before_social_services.ok()) << before_social_services.status();
  EXPECT_EQ(before_social_services->refusal_of, kYot) << "who is told";
  EXPECT_THAT(before_social_services->superseded, ElementsAre(refused));

  // Its own recorder undoes it, whoever receives.
  const base::ConsentId again = record(kYot, no)->consent;
  blanket.set_supersedes(again.ToText());
  const auto by_the_recorder = record(kYot, blanket);
  ASSERT_TRUE(by_the_recorder.ok()) << by_the_recorder.status();
  EXPECT_EQ(by_the_recorder->refusal_of, "") << "nobody else to tell";

  // A parent's no is not the young person's to undo before anybody, nor the parent's before another.
  no.set_grantor(signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  no.set_grantor_name("Mrs Hussain");
  const base::ConsentId parents = record(kYot, no)->consent;
  yes.set_grantor(signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  yes.set_grantor_name("Mrs Hussain");
  yes.set_supersedes(parents.ToText());
  EXPECT_THAT(Fields(record(kSocial, yes).status()), ElementsAre("consent.supersedes"));
  EXPECT_TRUE(record(kYot, yes).ok());
}

TEST_F(ConsentTest, WhatOpensASensitiveServiceTakesTheHoldersOrTheYoungPersonsWord) {
  const auto kinds = [](const std::string& id) {
    return id == kConnexions ? std::string("connexions") : std::string("social-services");
  };
  const auto row = [&](const std::string& agency, signpost::v1::Grantor grantor) {
    signpost::v1::Consent yes = Yes();
    yes.set_grantor(grantor);
    if (grantor != signpost::v1::GRANTOR_SELF) yes.set_grantor_name("Mrs Hussain");
    const auto result = people_.PrepareConsent(*View(), person_, yes, agency, "w-1", now_, kinds);
    EXPECT_TRUE(result.ok()) << result.status();
    return result->row;
  };
  const auto own = signpost::v1::GRANTOR_SELF;
  const auto parent = signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY;
  EXPECT_FALSE(CountsFor(row(kConnexions, own), kSocial, true)) << "typed by who receives";
  EXPECT_TRUE(CountsFor(row(kConnexions, own), kSocial, false));
  EXPECT_TRUE(CountsFor(row(kSocial, own), kYot, true)) << "said to one who receives nothing";
  EXPECT_FALSE(CountsFor(row(kSocial, parent), kYot, true)) << "not the young person's word";
  EXPECT_TRUE(CountsFor(row(kSocial, parent), kSocial, true)) << "the holder recorded it";
  store::v1::ConsentRow answered = row(kConnexions, own);
  store::v1::HolderAnswerRow* answer = answered.add_holder_answers();
  answer->set_agency_id(kSocial);
  answer->set_answer(signpost::v1::HOLDER_ANSWER_CONFIRMED);
  EXPECT_TRUE(CountsFor(answered, kSocial, true));
  EXPECT_FALSE(CountsFor(answered, kYot, true)) << "each holder speaks for itself";
  answer->set_answer(signpost::v1::HOLDER_ANSWER_CHALLENGED);
  EXPECT_FALSE(CountsFor(answered, kSocial, false)) << "challenged, it opens nothing of theirs";
  EXPECT_TRUE(CountsFor(answered, kYot, false));
}

TEST_F(ConsentTest, OnlyAHolderAnswersAndOnlyAYesThatHolds) {
  const base::ConsentId yes = Record(Yes())->consent;
  const base::ConsentId no = Record(No())->consent;  // covers the yes: it stands in its place
  const auto answer = [&](const base::ConsentId& consent, const std::string& agency) {
    return people_.PrepareHolderAnswer(*View(), person_, consent, agency, "w-1",
                                       signpost::v1::HOLDER_ANSWER_CONFIRMED, now_);
  };
  EXPECT_EQ(ReasonOf(answer(yes, kYot).status()), Reason::kConsentInvalid);
  EXPECT_EQ(ReasonOf(answer(no, kYot).status()), Reason::kNotFound);
  signpost::v1::Consent narrow = Yes();
  narrow.mutable_scope()->add_holder_agency_ids(kYot);
  const base::ConsentId open = Record(narrow)->consent;
  EXPECT_EQ(ReasonOf(answer(open, kSocial).status()), Reason::kNotFound) << "holds nothing of it";
  absl::StatusOr<ConsentResult> confirmed = answer(open, kYot);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  ASSERT_TRUE(Commit(std::move(confirmed->change)).ok());
  EXPECT_EQ(AnswerOf(Row(open), kYot), signpost::v1::HOLDER_ANSWER_CONFIRMED);
  EXPECT_TRUE(answer(open, kYot)->change.empty()) << "said already";
}

TEST_F(ConsentTest, OnlyTheSameGrantorsRecordIsSuperseded) {
  const base::ConsentId yes = Record(Yes())->consent;
  signpost::v1::Consent court = Yes();
  court.set_grantor(signpost::v1::GRANTOR_COURT);
  court.set_grantor_name("Nortown Family Court, NT26C00012");
  court.set_supersedes(yes.ToText());
  EXPECT_THAT(Fields(Record(court).status()), ElementsAre("consent.supersedes"));
}

TEST_F(ConsentTest, WhoGaveItOrSheHerselfTakesItBack) {
  signpost::v1::Consent parent = Yes();
  parent.set_grantor(signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  parent.set_grantor_name("Mrs Hussain");
  const base::ConsentId id = Record(parent)->consent;
  const auto withdraw = [&](signpost::v1::Grantor by) {
    return people_.PrepareWithdraw(*View(), person_, id, "", now_,
                                   {by, signpost::v1::CONSENT_EVIDENCE_VERBAL, "pa-007"});
  };
  EXPECT_THAT(Fields(withdraw(signpost::v1::GRANTOR_COURT).status()), ElementsAre("by"));
  auto taken = withdraw(signpost::v1::GRANTOR_SELF);
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_TRUE(Commit(std::move(taken->change)).ok());
  EXPECT_EQ(Row(id).withdrawn_by(), signpost::v1::GRANTOR_SELF);
  EXPECT_EQ(Row(id).withdrawn_how(), signpost::v1::CONSENT_EVIDENCE_VERBAL);
  EXPECT_EQ(Row(id).withdrawn_told_to(), "pa-007");
}

TEST_F(ConsentTest, SheSpeaksForHerselfFromTheSecondOfHer16thBirthday) {
  // 14 March 2025, midnight in London, which is winter.
  const absl::Time sixteen = absl::FromCivil(absl::CivilDay(2025, 3, 14), absl::UTCTimeZone());
  signpost::v1::Consent consent = Yes();
  consent.mutable_valid_until()->set_seconds(absl::ToUnixSeconds(sixteen) + 86400);
  EXPECT_THAT(Fields(Record(consent, sixteen - absl::Seconds(1)).status()),
              ElementsAre("consent.grantor"));
  EXPECT_TRUE(Record(consent, sixteen).ok());
  // Another agency has them a year younger: then they are younger until that is cleared up.
  Put(kSocial, Report("S-1", Details("Tariq", "Hussain", 20100314, "")), person_);
  EXPECT_THAT(Fields(Record(consent, sixteen).status()), ElementsAre("consent.grantor"));
}

TEST_F(ConsentTest, WithoutABirthDateNobodyIsTakenFor16) {
  person_ = Put(kYot, Report("A-2", Details("Sal", "Thorne", 0, ""))).person;
  EXPECT_THAT(Fields(Record(Yes()).status()), ElementsAre("consent.grantor"));
  signpost::v1::Consent court = Yes();
  court.set_grantor(signpost::v1::GRANTOR_COURT);
  court.set_grantor_name("Nortown Family Court");
  EXPECT_TRUE(Record(court).ok());
  court.set_ends_at_18(true);
  EXPECT_THAT(Fields(Record(court).status()), ElementsAre("consent.ends_at_18"));
  // A no needs no end.
  court.set_decision(signpost::v1::CONSENT_DECISION_REFUSED);
  court.clear_valid_until();
  EXPECT_TRUE(Record(court).ok());
}

TEST_F(ConsentTest, AParentSpeaksUntilThe18thBirthdayOnly) {
  const absl::Time adult = absl::FromCivil(absl::CivilDay(2027, 3, 14), absl::UTCTimeZone());
  signpost::v1::Consent parent = Yes();
  parent.set_grantor(signpost::v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  parent.set_grantor_name("Mrs Hussain");
  parent.mutable_valid_until()->set_seconds(absl::ToUnixSeconds(adult) + 86400);
  const auto before = Record(parent, adult - absl::Seconds(1));
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_TRUE(Row(before->consent).ends_at_18());
  // The birthday itself is nowhere in clear.
  EXPECT_EQ(Row(before->consent).valid_until_s(), absl::ToUnixSeconds(adult) + 86400);
  EXPECT_THAT(Fields(Record(parent, adult).status()), ElementsAre("consent.grantor"));
}

TEST_F(ConsentTest, AYesThatEndsAt18LastsThreeYearsAtMost) {
  signpost::v1::Consent consent = Yes();
  consent.clear_valid_until();
  consent.set_ends_at_18(true);
  const auto recorded = Record(consent);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(Row(recorded->consent).valid_until_s(), absl::ToUnixSeconds(now_ + kConsentLifeMax));
}

TEST_F(ConsentTest, AMergeTakesAlongWhatWasSealed) {
  signpost::v1::Consent consent = Yes();
  consent.set_words_used("I am fine with that");
  const base::ConsentId id = Record(consent)->consent;
  const base::PersonId other =
      Put(kSocial, Report("S-1", Details("Tariq", "Hussain", 20090314, ""))).person;
  absl::StatusOr<MergeResult> merged = people_.PrepareMerge(*View(), person_, other);
  ASSERT_TRUE(merged.ok()) << merged.status();
  ASSERT_TRUE(Commit(std::move(merged->change)).ok());
  const Person person = Get(other);
  EXPECT_EQ(OpenSealed(person.Secret(*person.FindConsent(id)))->words_used(),
            "I am fine with that");
}

TEST(BirthdayTest, MidnightInLondonIsWhatTheTimeZoneDatabaseSays) {
  absl::TimeZone london;
  if (!absl::LoadTimeZone("Europe/London", &london)) {
    GTEST_SKIP() << "this machine has no time zone database to compare with";
  }
  for (absl::CivilDay day(1996, 1, 1); day < absl::CivilDay(2060, 1, 1); ++day) {
    ASSERT_EQ(LondonMidnight(day), absl::FromCivil(day, london)) << day;
    for (const int hour : {-1, 0, 1, 2, 23}) {
      const absl::Time time = absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(hour);
      ASSERT_EQ(LondonDay(time), absl::ToCivilDay(time, london)) << day << " " << hour;
      ASSERT_EQ(LondonDay(time - absl::Seconds(1)),
                absl::ToCivilDay(time - absl::Seconds(1), london));
    }
  }
}

TEST(BirthdayTest, EighteenToTheSecond) {
  const auto utc = [](int year, int month, int day, int hour) {
    return absl::FromCivil(absl::CivilHour(year, month, day, hour), absl::UTCTimeZone());
  };
  EXPECT_EQ(Birthday(20081201, 18), utc(2026, 12, 1, 0));   // winter
  EXPECT_EQ(Birthday(20080701, 18), utc(2026, 6, 30, 23));  // summer
  EXPECT_EQ(Birthday(20080229, 18), utc(2026, 3, 1, 0));    // no 29 February in 2026
  EXPECT_EQ(Birthday(20040229, 20), utc(2024, 2, 29, 0));
  // The days on which the clocks change, forward and back, at 01:00 UTC.
  EXPECT_EQ(Birthday(20080329, 18), utc(2026, 3, 29, 0));
  EXPECT_EQ(Birthday(20080330, 18), utc(2026, 3, 29, 23));
  EXPECT_EQ(Birthday(20081025, 18), utc(2026, 10, 24, 23));
  EXPECT_EQ(Birthday(20081026, 18), utc(2026, 10, 26, 0));
}

// However many yeses one agency records, nobody is kept from recording a no.
TEST_F(ConsentTest, ANoAlwaysFitsBesideAnothersYeses) {
  const auto record = [&](const char* agency, const signpost::v1::Consent& consent) {
    absl::StatusOr<ConsentResult> result =
        people_.PrepareConsent(*View(), person_, consent, agency, "w-1", now_);
    return result.ok() ? Commit(std::move(result->change)) : result.status();
  };
  for (int i = 0; i < kYesesPerAgencyMax; ++i) ASSERT_TRUE(record(kConnexions, Yes()).ok()) << i;
  EXPECT_EQ(ReasonOf(record(kConnexions, Yes())), Reason::kConsentInvalid);
  EXPECT_TRUE(record(kYot, Yes()).ok()) << "another agency's are its own";
  EXPECT_TRUE(record(kConnexions, No()).ok());
  EXPECT_TRUE(record(kSocial, No()).ok());
}

}  // namespace
}  // namespace signpost::people
