// What keeps everything, and what follows from somebody's death.

#include "hub/archive/holds_and_deaths.h"

#include <algorithm>
#include <string>

#include "hub/operations/retention.h"
#include "hub/people/held.h"
#include "tests/archive/archive_fixture.h"

namespace signpost::archive {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

namespace stored = ::signpost::store::v1;

class HoldsAndDeathsTest : public ArchiveFixture {
 protected:
  v1::FlagReport DiedIn(const std::string& record, const std::string& service) {
    v1::FlagReport report = Flag(record, service);
    report.mutable_died_on()->set_year(2026);
    report.mutable_died_on()->set_month(11);
    report.mutable_died_on()->set_day(20);
    return report;
  }
  bool IsDead() { return PersonOf(kConnexions, "C-1").row().death().confirmed_at_s() != 0; }
};

// Broken once by leaving holds out of PrepareEnds() and of PrepareErase().
TEST_F(HoldsAndDeathsTest, WhileAHoldStandsNothingIsArchivedOrErased) {
  TariqIsKnown();
  Close(kYot, Flag("Y-1", "youth-offending"));
  ASSERT_TRUE(Hold(Officer(), true).ok());
  EXPECT_EQ(Pass(9 * kYear).archived, 0);
  EXPECT_THAT(PersonOf(kConnexions, "C-1").flags(), SizeIs(2));
  const auto erased = Erase(OfficerOf(kConnexions));
  EXPECT_EQ(ReasonOf(erased.status()), Reason::kLegalHold);
  EXPECT_EQ(LastEntry().outcome, "LEGAL_HOLD");
  EXPECT_EQ(LastEntry().kind, "person-erased");
  EXPECT_TRUE(IsAbout(LastEntry().index, PersonOf(kConnexions, "C-1").id()));
}

// Broken once by asking for one voice alone in PrepareHold().
TEST_F(HoldsAndDeathsTest, AHoldIsEndedByWhoSetItAndAnotherAgency) {
  TariqIsKnown();
  ASSERT_TRUE(Hold(Officer(), true).ok());
  ASSERT_TRUE(Hold(Officer(), false).ok());
  EXPECT_EQ(ReasonOf(Erase(Officer()).status()), Reason::kLegalHold);
  // Two others do not end it either.
  ASSERT_TRUE(Hold(Officer(), true).ok());
  ASSERT_TRUE(Hold(OfficerOf(kHousing), false).ok());
  ASSERT_TRUE(Hold(OfficerOf(kYot), false).ok());
  EXPECT_EQ(ReasonOf(Erase(Officer()).status()), Reason::kLegalHold);
  ASSERT_TRUE(Hold(Officer(), false).ok());
  EXPECT_TRUE(Erase(Officer()).ok());
}

// Broken once by leaving out PrepareHoldTold().
TEST_F(HoldsAndDeathsTest, ItsReviewRaisesAnAlarmEachWeekAndEndsNothing) {
  TariqIsKnown();
  ASSERT_TRUE(Hold(Officer(), true, absl::Hours(24 * 10)).ok());
  EXPECT_EQ(Pass(absl::Hours(24 * 9)).holds_told, 0);
  EXPECT_EQ(*holds_.CountOverdue(clock_.Now()), 0);
  EXPECT_EQ(Pass(absl::Hours(24 * 2)).holds_told, 1);
  EXPECT_EQ(Pass(absl::Hours(24 * 6)).holds_told, 0);
  EXPECT_EQ(Pass(absl::Hours(24 * 2)).holds_told, 1);
  EXPECT_EQ(*holds_.CountOverdue(clock_.Now()), 1);
  EXPECT_THAT(Notices(kSocial), Contains(stored::STORED_MESSAGE_KIND_HOLD_REVIEW));
  EXPECT_THAT(Notices(kYot), Not(Contains(stored::STORED_MESSAGE_KIND_HOLD_REVIEW)));
  const auto listed = ListHolds(Officer());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(listed->holds(), SizeIs(1));
  EXPECT_EQ(listed->holds(0).reference(), "INQ-12");
  EXPECT_TRUE(listed->holds(0).overdue());
  EXPECT_THAT(ListHolds(OfficerOf(kHousing))->holds(), IsEmpty());
  EXPECT_EQ(ReasonOf(Erase(Officer()).status()), Reason::kLegalHold);
}

// Broken once by leaving `held` out of PlanPrune().
TEST_F(HoldsAndDeathsTest, EntriesAboutSomebodyHeldAreNotPruned) {
  TariqIsKnown();
  ASSERT_EQ(Report(kHousing, Flag("H-2", "housing", Sal())).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  ASSERT_TRUE(Hold(Officer(), true).ok());
  clock_.Advance(absl::Hours(24 * 100));
  const operations::Retention retention = {{ledger::v1::ENTRY_KIND_FLAG_CHANGED, 30}};
  const auto view = View();
  const auto held = people::HeldEntries(*view, *people_);
  ASSERT_TRUE(held.ok()) << held.status();
  const auto plan = operations::PlanPrune(*view, retention, clock_.Now(), 0, 100, *held);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_THAT(plan->operation.prune, SizeIs(1));
  EXPECT_TRUE(IsAbout(plan->operation.prune[0], PersonOf(kHousing, "H-2").id()));
}

// Broken once by counting voices instead of agencies in IsCertainDeath().
TEST_F(HoldsAndDeathsTest, OneAgencysWordAloneChangesNothingOfOthers) {
  TariqIsKnown();
  ASSERT_EQ(Report(kYot, DiedIn("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  ASSERT_TRUE(Death(OfficerOf(kYot), true).ok());
  EXPECT_FALSE(IsDead());
  EXPECT_THAT(Notices(kConnexions), Not(Contains(stored::STORED_MESSAGE_KIND_PERSON_DIED)));
  ASSERT_TRUE(Death(OfficerOf(kHousing), true).ok());
  EXPECT_TRUE(IsDead());
  EXPECT_THAT(Notices(kConnexions), Contains(stored::STORED_MESSAGE_KIND_PERSON_DIED));
  // Who said so itself hears of nobody else who did.
  EXPECT_THAT(Notices(kYot), Not(Contains(stored::STORED_MESSAGE_KIND_PERSON_DIED)));
}

// Broken once by leaving the death out of consent_facts.cc.
TEST_F(HoldsAndDeathsTest, AYesEndsAndTheTableCountsFromTheDeath) {
  TariqIsKnown();
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  ASSERT_FALSE(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot).empty());
  ASSERT_TRUE(Death(OfficerOf(kYot), true, "NT/2026/118").ok());
  EXPECT_TRUE(IsDead());
  EXPECT_TRUE(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot).empty());
  // Cases that nobody closes any more are archived too, a year behind it, and erased six years behind it,
  // whatever age they would have been.
  EXPECT_EQ(Pass(kYear + absl::Hours(48)).archived, 2);
  EXPECT_EQ(Pass(5 * kYear + absl::Hours(24 * 95)).erased, 2);
}

// Broken once by leaving denied_by out of NoteDeath().
TEST_F(HoldsAndDeathsTest, ADeathThatWasWrongIsUndone) {
  TariqIsKnown();
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  ASSERT_TRUE(Death(OfficerOf(kYot), true, "NT/2026/118").ok());
  ASSERT_TRUE(Death(OfficerOf(kSocial), false).ok());
  EXPECT_TRUE(IsDead());
  ASSERT_TRUE(Death(OfficerOf(kHousing), false).ok());
  EXPECT_FALSE(IsDead());
  EXPECT_THAT(Notices(kConnexions), Contains(stored::STORED_MESSAGE_KIND_DEATH_WRONG));
  EXPECT_FALSE(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot).empty());
  // Who said so takes it back alone.
  ASSERT_TRUE(Death(OfficerOf(kYot), true, "NT/2026/118").ok());
  ASSERT_TRUE(IsDead());
  ASSERT_TRUE(Death(OfficerOf(kYot), false).ok());
  EXPECT_FALSE(IsDead());
}

// Broken once by never removing a record's word.
TEST_F(HoldsAndDeathsTest, ARecordThatNoLongerSaysSoTakesItsWordBack) {
  TariqIsKnown();
  ASSERT_EQ(Report(kYot, DiedIn("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  ASSERT_EQ(Report(kConnexions, DiedIn("C-1", "connexions")).kind(),
            v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_TRUE(IsDead());
  ASSERT_EQ(Report(kYot, Flag("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_FALSE(IsDead());
}

// Each is handed over as what it is, and a death no more once it was undone. Broken once by leaving
// HOLD_REVIEW out of JudgeMessage().
TEST_F(HoldsAndDeathsTest, WhoIsToldIsHandedTheNotice) {
  TariqIsKnown();
  ASSERT_TRUE(Hold(Officer(), true, absl::Hours(24)).ok());
  Pass(absl::Hours(25));
  const std::vector<v1::Notice> reviews = Delivered(kSocial);
  ASSERT_THAT(reviews, SizeIs(1));
  EXPECT_TRUE(reviews[0].has_hold_review());
  ASSERT_TRUE(Death(OfficerOf(kHousing), true, "NT/2026/118").ok());
  const std::vector<v1::Notice> died = Delivered(kConnexions);
  ASSERT_FALSE(died.empty());
  ASSERT_TRUE(died.back().has_person_died());
  EXPECT_FALSE(died.back().person_died().agency_person_id().empty());
  ASSERT_TRUE(Death(OfficerOf(kHousing), false).ok());
  const std::vector<v1::Notice> undone = Delivered(kConnexions);
  ASSERT_FALSE(undone.empty());
  EXPECT_TRUE(undone.back().has_death_wrong());
  for (const v1::Notice& notice : undone) EXPECT_FALSE(notice.has_person_died());
}

TEST_F(HoldsAndDeathsTest, OnlyOfficersAndOnlyOfSomebodyKnown) {
  TariqIsKnown();
  for (const base::Principal& other : {Adviser(), Manager(), Reviewer(kYot)}) {
    EXPECT_EQ(ReasonOf(Hold(other, true).status()), Reason::kMethodNotAllowed);
    EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
    EXPECT_EQ(ReasonOf(Death(other, true).status()), Reason::kMethodNotAllowed);
    EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  }
  const auto once = Hold(Officer(), true, absl::Hours(24), "hold-once");
  const auto twice = Hold(Officer(), true, absl::Hours(24), "hold-once");
  ASSERT_TRUE(once.ok() && twice.ok());
  EXPECT_EQ(once->receipt().ledger_index(), twice->receipt().ledger_index());
  EXPECT_EQ(ReasonOf(Hold(Officer(), true, absl::Hours(24 * 500)).status()), Reason::kInvalidField);
}

}  // namespace
}  // namespace signpost::archive
