// What the table does to what is closed, and who is told in time that something ends.

#include "hub/archive/ends.h"

#include <algorithm>
#include <string>
#include <vector>

#include "hub/people/birthday.h"
#include "tests/archive/archive_fixture.h"

namespace signpost::archive {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

namespace stored = ::signpost::store::v1;

class EndsTest : public ArchiveFixture {};

// Broken once by leaving the flag in the row in People::Archive().
TEST_F(EndsTest, WhatIsClosedIsArchivedAfterAYearAndIsInNoAnswer) {
  TariqIsKnown();
  Close(kYot, Flag("Y-1", "youth-offending"));
  EXPECT_EQ(Pass(absl::Hours(24 * 364)).archived, 0);
  EXPECT_THAT(PersonOf(kYot, "Y-1").flags(), SizeIs(2));
  EXPECT_EQ(Pass(absl::Hours(24 * 4)).archived, 1);
  const people::Person person = PersonOf(kConnexions, "C-1");
  EXPECT_THAT(person.flags(), SizeIs(1));
  EXPECT_THAT(person.row().archived(), SizeIs(1));
  EXPECT_EQ(Ask(Adviser(), AskAboutRecord("C-1")).Flag(kYot), nullptr);
  ASSERT_THAT(Entries("flags-ended"), SizeIs(1));
  EXPECT_TRUE(IsAbout(Entries("flags-ended")[0].index, person.id()));
  // Nothing of it lies in clear.
  for (const stored::ArchivedFlagRow& archived : person.row().archived()) {
    EXPECT_EQ(archived.SerializeAsString().find("youth-offending"), std::string::npos);
  }
  // Done once: what is done is not done again.
  EXPECT_EQ(Pass(absl::Hours(24 * 2)).archived, 0);
}

// An agency that says it closed the case in 1970 puts it out of nobody's reach sooner. Broken once by
// taking the day of closing alone in EndOf().
TEST_F(EndsTest, AFalseDayOfClosingDestroysNothing) {
  TariqIsKnown();
  Close(kYot, Flag("Y-1", "youth-offending"), 1970);
  EXPECT_EQ(Pass(absl::Hours(24 * 300)).archived, 0);
  EXPECT_EQ(Pass(absl::Hours(24 * 70)).archived, 1);
  EXPECT_EQ(Pass(4 * kYear).erased, 0);
  const auto read = Review(kConnexions, kHousing);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(read->flags(), SizeIs(1));
  EXPECT_EQ(read->flags(0).closed_on().year(), 1970);
}

// Broken once by leaving retracted flags out of EndOf().
TEST_F(EndsTest, WhatWasRetractedIsKeptForReviewsToo) {
  TariqIsKnown();
  clock_.Advance(absl::Hours(24 * 30));
  Retract(kYot, Flag("Y-1", "youth-offending"));
  EXPECT_EQ(Pass(absl::Hours(24 * 370)).archived, 1);
  const auto read = Review(kConnexions, kHousing);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(read->flags(), SizeIs(1));
  EXPECT_EQ(read->flags(0).status(), v1::FLAG_STATUS_RETRACTED);
}

// Who retracts and reports without end does not push out what others saw. Broken once by deleting in
// People::DropRetracted() as before.
TEST_F(EndsTest, RetractingWithoutEndDestroysNothingThatStood) {
  TariqIsKnown();
  clock_.Advance(absl::Hours(24 * 30));
  Retract(kYot, Flag("Y-1", "youth-offending"));
  for (int i = 0; i < 20; ++i) {
    const std::string record = absl::StrCat("Y-2-", i);
    ASSERT_EQ(Report(kYot, Flag(record, "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
    Retract(kYot, Flag(record, "youth-offending"));
  }
  EXPECT_THAT(PersonOf(kConnexions, "C-1").row().archived(), SizeIs(1));
}

// Broken once by leaving what is archived where it is in PrepareReport().
TEST_F(EndsTest, WhatIsReportedAgainAsOpenOpensAgainAsWhatItIs) {
  TariqIsKnown();
  Close(kYot, Flag("Y-1", "youth-offending"));
  ASSERT_EQ(Pass(kYear + absl::Hours(48)).archived, 1);
  // The night run with all closed cases leaves it where it is.
  Close(kYot, Flag("Y-1", "youth-offending"), 2025);
  EXPECT_THAT(PersonOf(kConnexions, "C-1").flags(), SizeIs(1));
  ASSERT_EQ(Report(kYot, Flag("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  const people::Person person = PersonOf(kYot, "Y-1");
  EXPECT_THAT(person.flags(), SizeIs(2));
  EXPECT_THAT(person.row().archived(), IsEmpty());
  EXPECT_TRUE(person.HasOpenFlag(kYot));
  EXPECT_EQ(LastEntry().outcome, "opened");
  // Its days begin anew.
  Close(kYot, Flag("Y-1", "youth-offending"), 2025);
  EXPECT_EQ(Pass(absl::Hours(24 * 300)).archived, 0);
  EXPECT_EQ(Pass(absl::Hours(24 * 70)).archived, 1);
}

// Broken once by finding no mark in IsEnded().
TEST_F(EndsTest, WhatIsArchivedIsErasedByTheTableAndDoesNotComeBackByTheNightRun) {
  TariqIsKnown();
  v1::FlagReport closed = Flag("Y-1", "youth-offending");
  closed.mutable_person()->set_given_names("Tarik");
  Close(kYot, closed);
  ASSERT_EQ(Pass(kYear + absl::Hours(48)).archived, 1);
  const std::string flag_id = PersonOf(kYot, "Y-1").row().archived(0).flag_id();
  // Six years after closing or at 25, whichever is later, and up to 90 days: he is 17.
  EXPECT_EQ(Pass(6 * kYear).erased, 0);
  EXPECT_EQ(Pass(2 * kYear).erased, 1);
  const people::Person person = PersonOf(kConnexions, "C-1");
  EXPECT_THAT(person.row().archived(), IsEmpty());
  for (const stored::AliasRow& alias : person.aliases()) EXPECT_EQ(alias.agency_id(), kConnexions);
  EXPECT_FALSE(people_->LookupLocalRecord(*View(), kYot, "Y-1").ok());
  const auto keys = View()->Scan(store::Space::kPersonKeys, "", "", 1000);
  ASSERT_TRUE(keys.ok());
  for (const store::KeyValue& row : *keys) {
    EXPECT_EQ(row.key.find(flag_id), std::string::npos);
  }
  Close(kYot, closed);
  EXPECT_FALSE(people_->LookupLocalRecord(*View(), kYot, "Y-1").ok());
  EXPECT_THAT(PersonOf(kConnexions, "C-1").flags(), SizeIs(1));
  ASSERT_EQ(Report(kYot, Flag("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_TRUE(PersonOf(kYot, "Y-1").HasOpenFlag(kYot));
}

// Broken once by leaving out `nothing_left`.
TEST_F(EndsTest, OfWhomNothingIsLeftIsErasedWhole) {
  TariqIsKnown();
  Close(kYot, Flag("Y-1", "youth-offending"));
  Close(kConnexions, Flag("C-1", "connexions"));
  const base::PersonId id = PersonOf(kYot, "Y-1").id();
  Pass(kYear + absl::Hours(48));
  const Ends::Done done = Pass(9 * kYear);
  EXPECT_EQ(done.erased, 2);
  EXPECT_EQ(done.persons_erased, 1);
  EXPECT_FALSE(View()->Get(store::Space::kPersonKeys, id.ToBytes())->has_value());
  EXPECT_FALSE(View()->Get(store::Space::kPeople, id.ToBytes())->has_value());
  EXPECT_THAT(*View()->Scan(store::Space::kMatchKeys, "", "", 10), IsEmpty());
  EXPECT_THAT(*View()->Scan(store::Space::kReviews, "", "", 10), IsEmpty());
  EXPECT_THAT(*View()->Scan(store::Space::kPersonEntries, "", "", 10), IsEmpty());
}

// An operator who writes another table destroys nothing for four weeks, and everybody sees it. Broken
// once by letting it count at once in Ends::Begin().
TEST_F(EndsTest, AnotherTableIsAnEntryAndWaitsFourWeeks) {
  TariqIsKnown();
  Close(kYot, Flag("Y-1", "youth-offending"));
  ASSERT_EQ(Pass(kYear + absl::Hours(48)).archived, 1);
  people::KeepingRules rules;
  rules.tables[0].others = {1, 1, 0, true, 1};
  const people::People sooner(keyring_.get(), &random_, people::StandingRules(), rules);
  request::HubContext context = context_;
  context.people = &sooner;
  const auto linker = *matching::ReportLinker::Create(&sooner, &random_);
  context.linker = linker.get();
  Ends ends(context);
  ASSERT_TRUE(ends.Begin().ok());
  EXPECT_THAT(Entries("keeping-table-changed"), SizeIs(1));
  ASSERT_TRUE(ends.Begin().ok());
  EXPECT_THAT(Entries("keeping-table-changed"), SizeIs(1));
  clock_.Advance(absl::Hours(24 * 27));
  for (int run = 0; run < 5; ++run) EXPECT_EQ(ends.Run()->erased, 0);
  EXPECT_THAT(PersonOf(kConnexions, "C-1").row().archived(), SizeIs(1));
  // Then it counts, for what was archived before too: a year after closing, and up to 90 days.
  clock_.Advance(absl::Hours(24 * 90));
  int erased = 0;
  for (int run = 0; run < 5; ++run) erased += ends.Run()->erased;
  EXPECT_EQ(erased, 1);
}

// Broken once by sending the notice for every closing.
TEST_F(EndsTest, NobodyIsToldOfACaseThatWasClosedBeforeTheHubHeardOfIt) {
  TariqIsKnown();
  Close(kHousing, Flag("H-1", "housing"), 2025);
  EXPECT_THAT(Notices(kYot), Not(Contains(stored::STORED_MESSAGE_KIND_FLAG_CLOSED)));
  // What it knew as open is news, whatever day its agency says.
  Close(kConnexions, Flag("C-1", "connexions"), 1990);
  EXPECT_THAT(Notices(kYot), Contains(stored::STORED_MESSAGE_KIND_FLAG_CLOSED));
}

// Broken once by leaving lapse_told_at_s unset.
TEST_F(EndsTest, ARecorderIsToldOnceBeforeAConsentLapses) {
  TariqIsKnown();
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  const people::Person person = PersonOf(kConnexions, "C-1");
  ASSERT_THAT(person.consents(), SizeIs(1));
  const absl::Time until = absl::FromUnixSeconds(person.consents().Get(0).valid_until_s());
  Pass(until - clock_.Now() - absl::Hours(24 * 29));
  EXPECT_THAT(Notices(kConnexions), Not(Contains(stored::STORED_MESSAGE_KIND_CONSENT_ENDS)));
  Pass(absl::Hours(24 * 2));
  const std::vector<int> told = Notices(kConnexions);
  EXPECT_EQ(std::count(told.begin(), told.end(), stored::STORED_MESSAGE_KIND_CONSENT_ENDS), 1);
  const std::vector<v1::Notice> handed = Delivered(kConnexions);
  ASSERT_FALSE(handed.empty());
  ASSERT_TRUE(handed.back().has_consent_ends());
  EXPECT_EQ(handed.back().consent_ends().cause(), v1::CONSENT_END_CAUSE_LAPSES);
  EXPECT_EQ(handed.back().consent_ends().ends_at().seconds(), absl::ToUnixSeconds(until));
  Pass(absl::Hours(24 * 20));
  EXPECT_EQ(Notices(kConnexions), told);
  EXPECT_THAT(Notices(kYot), Not(Contains(stored::STORED_MESSAGE_KIND_CONSENT_ENDS)));
}

// Broken once by a blur of nothing, which the due row then shows.
TEST_F(EndsTest, WhoRecordedAParentsYesIsToldBeforeTheBirthdayAndTheStoreTellsNoBirthday) {
  v1::PersonDetails younger = Sal();
  younger.mutable_birth_date()->set_year(2011);  // 15
  younger.mutable_birth_date()->set_month(4);
  younger.mutable_birth_date()->set_day(1);
  ASSERT_EQ(Report(kConnexions, Flag("C-7", "connexions", younger)).kind(),
            v1::FLAG_OUTCOME_KIND_RECEIVED);
  v1::RecordConsentRequest request = WrittenConsent("C-7");
  request.mutable_consent()->set_grantor(v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  request.mutable_consent()->set_grantor_name("A. Parent");
  request.mutable_consent()->clear_valid_until();
  request.mutable_consent()->set_ends_at_18(true);
  const auto recorded = Consent(Adviser(), request);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  const people::Person person = PersonOf(kConnexions, "C-7");
  const absl::Time sixteen = people::Birthday(people::DateNumber(younger.birth_date()), 16);
  const absl::Time due = absl::FromUnixSeconds(person.row().clocks().due_s());
  ASSERT_GT(absl::FromUnixSeconds(person.consents().Get(0).valid_until_s()), sixteen);
  EXPECT_LE(due, sixteen - people::kBirthdayNotice);
  EXPECT_GE(due, sixteen - people::kBirthdayNotice - people::kBlurMax);
  EXPECT_NE((sixteen - due) % absl::Hours(24), absl::ZeroDuration());
  Pass(sixteen - people::kBirthdayNotice - clock_.Now());
  EXPECT_THAT(Notices(kConnexions), Contains(stored::STORED_MESSAGE_KIND_CONSENT_ENDS));
}

TEST_F(EndsTest, TheTableIsShown) {
  const v1::GetKeepingTableResponse table = TableInWords(people_->keeping(), clock_.Now());
  EXPECT_EQ(table.others().archived_after_months(), 12);
  EXPECT_EQ(table.others().erased_after_years(), 6);
  EXPECT_EQ(table.others().erased_at_age(), 25);
  EXPECT_EQ(table.table_sha256(), people_->keeping().Sha256());
  EXPECT_EQ(table.others().whichever(), v1::KEEPING_WHICHEVER_LATER);
}

// A hub that is killed in between goes on: the same runs, each on a new Ends.
TEST_F(EndsTest, EveryRunMayBeTheLast) {
  TariqIsKnown();
  for (int i = 0; i < 300; ++i) {
    v1::PersonDetails other = Nobody();
    other.set_surname(absl::StrCat("Other", i));
    other.mutable_birth_date()->set_day(1 + i % 28);
    other.set_postcode("");
    Close(kHousing, Flag(absl::StrCat("H-", i), "housing", other));
  }
  clock_.Advance(kYear + absl::Hours(48));
  int archived = 0;
  for (int run = 0; run < 10; ++run) {
    Ends fresh(context_);
    ASSERT_TRUE(fresh.Begin().ok());
    const auto done = fresh.Run();
    ASSERT_TRUE(done.ok()) << done.status();
    EXPECT_LE(done->persons, kPersonsPerRun);
    archived += done->archived;
  }
  EXPECT_EQ(archived, 300);
}

// Two hubs that differ in a flag that the asker may not know of: archived here, never there. What the asker
// is answered, and of how many entries they can tell, is the same; with a hold and a death word on top.
class Hub : public ArchiveFixture {
 public:
  void TestBody() override {}

  void Happen(bool with_drugs) {
    TariqIsKnown();
    // That the service reports at all is no secret.
    EXPECT_EQ(Report(kDrugs, Flag("D-9", "substance-misuse", Sal())).kind(),
              v1::FLAG_OUTCOME_KIND_RECEIVED);
    if (with_drugs) Close(kDrugs, Flag("D-1", "substance-misuse"));
    clock_.Advance(kYear);
    EXPECT_EQ(Pass(absl::Hours(48)).archived, with_drugs ? 1 : 0);
    if (!with_drugs) return;
    EXPECT_TRUE(Hold(Officer(), true).ok());
    EXPECT_TRUE(Death(OfficerOf(kDrugs), true).ok());
  }
  std::string Shown() {
    const request::Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
    std::string text;
    for (const v1::FlagView& flag : answered.answer.flags()) {
      absl::StrAppend(&text, flag.agency_id(), " ", flag.service(), " ", flag.status(), "\n");
    }
    for (const v1::Coverage& coverage : answered.answer.coverage()) {
      absl::StrAppend(&text, coverage.ShortDebugString(), "\n");
    }
    for (const v1::Withholding& withheld : answered.answer.withheld()) {
      absl::StrAppend(&text, withheld.ShortDebugString(), "\n");
    }
    return absl::StrCat(text, answered.bytes.size());
  }
  std::vector<int> Told() { return Notices(kConnexions); }
};

// Broken once by taking one agency's word as certain in IsCertainDeath().
TEST(EndsHidden, WhatTheAskerMayNotKnowShowsInNothingOnceItIsArchivedHeldOrSaidToBeDead) {
  Hub with;
  Hub without;
  with.Happen(true);
  without.Happen(false);
  const std::string shown = with.Shown();
  EXPECT_EQ(shown, without.Shown());
  EXPECT_NE(shown.find(kYot), std::string::npos);
  EXPECT_EQ(with.Told(), without.Told());
}

}  // namespace
}  // namespace signpost::archive
