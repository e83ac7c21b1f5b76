// What was archived, erased by the table, held, and said of somebody's death since, in whichever store is
// put back, and once two were found to be one.

#include <gmock/gmock.h>

#include "hub/people/archived.h"
#include "hub/people/held.h"
#include "tests/backup/put_people_back_fixture.h"

namespace signpost::backup {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EndedBackTest : public PutPeopleBackTest {
 protected:
  static constexpr absl::Duration kYear = absl::Hours(24 * 366);

  void Close(const std::string& agency, signpost::v1::FlagReport report) {
    report.set_status(signpost::v1::FLAG_STATUS_CLOSED);
    report.mutable_closed_on()->set_year(2026);
    report.mutable_closed_on()->set_month(3);
    report.mutable_closed_on()->set_day(2);
    Take(agency, report);
  }
  people::EndsResult End(const base::PersonId& person, absl::Duration behind) {
    absl::StatusOr<people::EndsResult> ends =
        linker_->PrepareEnds(*View(), person, now_ + behind, /*table_counts=*/true);
    EXPECT_TRUE(ends.ok()) << ends.status();
    if (!ends->change.empty()) {
      EXPECT_TRUE(Commit(std::move(ends->change)).ok());
    }
    return *std::move(ends);
  }
  void Hold(const base::PersonId& person, bool held) {
    now_ += absl::Seconds(1);
    for (const char* agency : {kSocial, kYot}) {
      if (held && agency == std::string(kYot)) continue;
      absl::StatusOr<people::HoldResult> result = people_.PrepareHold(
          *View(), person, {held, agency, "INQ-12", now_ + absl::Hours(24), nullptr}, now_);
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_TRUE(Commit(std::move(result->change)).ok());
    }
  }
};

// From a backup of before it was archived, and of before it was erased. Broken once by leaving the erased
// flags out of the closing.
TEST_F(EndedBackTest, WhatTheTableErasedDoesNotComeBack) {
  const base::PersonId person = Take(kYot, Report("Y-1", tariq_));
  Take(kConnexions, Report("C-1", tariq_));
  Close(kYot, Report("Y-1", tariq_));
  const Rows open = Backup();
  ASSERT_THAT(End(person, 2 * kYear).archived, SizeIs(1));
  const Rows archived = Backup();
  ASSERT_THAT(End(person, 30 * kYear).erased, SizeIs(1));
  for (const Rows& backup : {open, archived}) {
    Restore(backup);
    const absl::StatusOr<people::Person> back = people_.Read(*View(), person);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_THAT(back->flags(), SizeIs(1));
    EXPECT_THAT(back->row().archived(), IsEmpty());
    for (const auto& alias : back->aliases()) EXPECT_EQ(alias.agency_id(), kConnexions);
    EXPECT_FALSE(people_.LookupLocalRecord(*View(), kYot, "Y-1").ok());
    for (const auto& [space, row] : AllRows())
      EXPECT_EQ(row.key.find("archived/"), std::string::npos);
  }
}

// The key of what was archived lies in no backup: one that is put back with the file of keys of today
// opens while it is there, and never once it was erased.
TEST_F(EndedBackTest, WhatIsArchivedOpensWithTheKeysOfTodayAlone) {
  const base::PersonId person = Take(kYot, Report("Y-1", tariq_));
  Take(kConnexions, Report("C-1", tariq_));
  Close(kYot, Report("Y-1", tariq_));
  const Rows closed = Backup();
  ASSERT_THAT(End(person, 2 * kYear).archived, SizeIs(1));
  Restore(Backup());
  const absl::StatusOr<people::Person> back = people_.Read(*View(), person);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_THAT(back->row().archived(), SizeIs(1));
  EXPECT_TRUE(people::ReadArchived(*View(), people_.keyring(), back->row().archived(0).flag_id())
                  ->has_value());
  // From before it was archived: it is closed again, and no key without a flag is left.
  Restore(closed);
  EXPECT_THAT(people_.Read(*View(), person)->flags(), SizeIs(2));
  for (const auto& [space, row] : AllRows())
    EXPECT_EQ(row.key.find("archived/"), std::string::npos);
}

// Broken once by leaving holds out of the closings.
TEST_F(EndedBackTest, AHoldOutlivesEveryBackupAndSoDoesItsEnd) {
  const base::PersonId person = Take(kYot, Report("Y-1", tariq_));
  const Rows before = Backup();
  Hold(person, true);
  const Rows held = Backup();
  Restore(before);
  ASSERT_THAT(people_.Read(*View(), person)->row().holds(), SizeIs(1));
  EXPECT_EQ(ReasonOf(linker_->PrepareErase(*View(), person, kSocial, now_).status()),
            Reason::kLegalHold);
  EXPECT_THAT(*people::ReadHolds(*View(), people_), SizeIs(1));
  Hold(person, false);
  EXPECT_THAT(people_.Read(*View(), person)->row().holds(), IsEmpty());
  Restore(held);
  EXPECT_THAT(people_.Read(*View(), person)->row().holds(), IsEmpty());
}

// Broken once by leaving the death out of the closings.
TEST_F(EndedBackTest, ADeathOutlivesEveryBackup) {
  const base::PersonId person = Take(kYot, Report("Y-1", tariq_));
  const Rows before = Backup();
  people::DeathVoice voice{true, kYot, "", 20260301, "NT/2026/118"};
  absl::StatusOr<people::DeathResult> death = people_.PrepareDeath(*View(), person, voice, now_);
  ASSERT_TRUE(death.ok()) << death.status();
  ASSERT_TRUE(death->stands);
  ASSERT_TRUE(Commit(std::move(death->change)).ok());
  Restore(before);
  EXPECT_NE(people_.Read(*View(), person)->row().death().confirmed_at_s(), 0);
}

// Two who are found to be one are held, dead and archived as one. Broken once by leaving what is archived
// out of PrepareMerge().
TEST_F(EndedBackTest, WhatEndsOutlivesAMerge) {
  const base::PersonId one = Take(kYot, Report("Y-1", tariq_));
  signpost::v1::PersonDetails other = tariq_;
  other.clear_identifiers();
  other.mutable_birth_date()->set_year(2008);
  other.set_given_names("Somebody");
  other.set_surname("Else");
  other.set_postcode("NT9 9ZZ");
  const base::PersonId two = Take(kConnexions, Report("C-1", other));
  ASSERT_NE(one, two);
  Close(kYot, Report("Y-1", tariq_));
  ASSERT_THAT(End(one, 2 * kYear).archived, SizeIs(1));
  Hold(one, true);
  people::DeathVoice voice{true, kYot, "", 20260301, "NT/2026/118"};
  ASSERT_TRUE(Commit(std::move(people_.PrepareDeath(*View(), one, voice, now_)->change)).ok());
  Merge(one, two);
  const absl::StatusOr<people::Person> merged = people_.Read(*View(), one);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->id(), two);
  ASSERT_THAT(merged->row().holds(), SizeIs(1));
  EXPECT_EQ(*people_.ReferenceOf(*merged, merged->row().holds(0)), "INQ-12");
  EXPECT_NE(merged->row().death().confirmed_at_s(), 0);
  ASSERT_THAT(merged->row().archived(), SizeIs(1));
  EXPECT_EQ(merged->row().clocks().due_s(), 0);  // held
  Take(kYot, Report("Y-1", tariq_));
  EXPECT_TRUE(people_.Read(*View(), two)->HasOpenFlag(kYot));
}

// Erased by request, what is archived goes with everything else. Broken once by leaving archived flags
// out of PrepareErase().
TEST_F(EndedBackTest, ErasingTakesWhatIsArchivedToo) {
  const base::PersonId person = Take(kYot, Report("Y-1", tariq_));
  Close(kYot, Report("Y-1", tariq_));
  ASSERT_THAT(End(person, 2 * kYear).archived, SizeIs(1));
  const Rows backup = Backup();
  Erase(person);
  for (const auto& [space, row] : AllRows())
    EXPECT_EQ(row.key.find("archived/"), std::string::npos);
  Restore(backup);
  for (const auto& [space, row] : AllRows())
    EXPECT_EQ(row.key.find("archived/"), std::string::npos);
  EXPECT_EQ(ReasonOf(people_.Read(*View(), person).status()), Reason::kNotFound);
}

}  // namespace
}  // namespace signpost::backup
