// How a flag comes to be settled, and how its standing begins again.

#include "hub/people/standing.h"

#include "gtest/gtest.h"
#include "tests/people/people_fixture.h"

namespace signpost::people {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

class StandingTest : public PeopleFixture {
 protected:
  Standing At(absl::Duration age, std::vector<absl::Duration> lists = {}) {
    store::v1::FlagRow flag;
    BeginStanding(&flag, begun_);
    std::vector<absl::Time> at;
    for (const absl::Duration list : lists) at.push_back(begun_ + list);
    return StandingOf(flag, StandingRules(), at, begun_ + age);
  }

  const absl::Time begun_ = absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone());
};

TEST_F(StandingTest, OneThatNoListHasIsNewForTwoWeeks) {
  EXPECT_EQ(At(absl::ZeroDuration()), Standing::kNew);
  EXPECT_EQ(At(14 * kDay - absl::Seconds(1)), Standing::kNew);
  EXPECT_EQ(At(14 * kDay), Standing::kSettled);
}

TEST_F(StandingTest, OneThatACompleteListHasIsNewForThreeDays) {
  EXPECT_EQ(At(3 * kDay - absl::Seconds(1), {absl::Hours(12)}), Standing::kNew);
  EXPECT_EQ(At(3 * kDay, {absl::Hours(12)}), Standing::kSettled);
}

TEST_F(StandingTest, ListsOfTwoDaysSettleIt) {
  EXPECT_EQ(At(kDay, {absl::Hours(1), absl::Hours(20)}), Standing::kSettled);
  EXPECT_EQ(At(kDay, {absl::Hours(1), absl::Hours(2), absl::Hours(3)}), Standing::kNew)
      << "three lists of one day are one day";
}

TEST_F(StandingTest, AListFromBeforeOrOfLaterDoesNotCount) {
  EXPECT_EQ(At(kDay, {-kDay, absl::ZeroDuration(), absl::Hours(20)}), Standing::kNew);
  EXPECT_EQ(At(absl::Hours(2), {absl::Hours(1), absl::Hours(20)}), Standing::kNew)
      << "as it stood then, asked about later";
}

signpost::v1::FlagReport Naming(const std::string& record, const char* worker,
                                const char* team = "") {
  signpost::v1::FlagReport report =
      Report(record, Details("Tariq", "Mahmood", 20090517, "NT4 7QX"));
  report.mutable_contact()->set_practitioner_id(worker);
  report.mutable_contact()->set_team_id(team);
  return report;
}

TEST_F(StandingTest, ItBeginsAgainWhenAnotherWorkerIsNamedAndWhenItIsOpenedAgain) {
  const absl::Time first = now_;
  const base::PersonId id = Put(kYot, Naming("Y-1", "yo-001")).person;
  const auto since = [&] { return absl::FromUnixSeconds(Get(id).flags().Get(0).stands_since_s()); };
  EXPECT_EQ(since(), first);

  now_ += kDay;
  signpost::v1::FlagReport report = Naming("Y-1", "yo-001");
  report.mutable_contact()->set_phone("01632 960999");
  Put(kYot, report, id);
  EXPECT_EQ(since(), first) << "another number is the same worker";

  now_ += kDay;
  Put(kYot, Naming("Y-1", "yo-002"), id);
  EXPECT_EQ(since(), now_) << "who takes over is new to it";

  now_ += kDay;
  Put(kYot, Naming("Y-1", "yo-002", "night-team"), id);
  EXPECT_EQ(since(), now_) << "and so is a team";

  const absl::Time before = now_;
  now_ += kDay;
  signpost::v1::FlagReport closed = Naming("Y-1", "yo-002", "night-team");
  closed.set_status(signpost::v1::FLAG_STATUS_CLOSED);
  SetDate(closed.mutable_closed_on(), 20260601);
  Put(kYot, closed, id);
  EXPECT_EQ(since(), before) << "closing begins nothing";

  now_ += kDay;
  Put(kYot, Naming("Y-1", "yo-002", "night-team"), id);
  EXPECT_EQ(since(), now_) << "an old case opened again is new";
}

TEST_F(StandingTest, AFlagNamesItsWorkerAndTeamAndNobodyElse) {
  const base::PersonId id = Put(kYot, Naming("Y-1", "yo-001", "night-team")).person;
  Put(kConnexions, Naming("C-1", "yo-001"), id);
  const Person person = Get(id);
  const store::v1::FlagRow& flag = person.flags().Get(0);
  EXPECT_TRUE(people_.NamesWorker(flag, "yo-001"));
  EXPECT_FALSE(people_.NamesWorker(flag, "yo-002"));
  EXPECT_FALSE(people_.NamesWorker(flag, ""));
  EXPECT_FALSE(people_.NamesWorker(flag, "night-team")) << "a team is no worker";
  EXPECT_TRUE(people_.NamesTeam(flag, "night-team"));
  EXPECT_FALSE(people_.NamesTeam(flag, "yo-001"));
  EXPECT_NE(flag.worker_hash(), person.flags().Get(1).worker_hash())
      << "who reads the disk must not see that two flags name the same worker";
}

}  // namespace
}  // namespace signpost::people
