#include "hub/schedule/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"

namespace signpost::schedule {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ScheduleTest : public ::testing::Test {
 protected:
  // A job that notes that it ran, and is due again after `every`.
  Schedule::Job Noting(const std::string& name, absl::Duration every) {
    return [this, name, every](absl::Time now) -> absl::StatusOr<absl::Time> {
      ran_.push_back(name);
      return now + every;
    };
  }

  base::ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::vector<std::string> ran_;
  std::vector<std::string> errors_;
  Schedule schedule_{&clock_, [this](const std::string& name, const absl::Status& status) {
                       errors_.push_back(name + ": " + std::string(status.message()));
                     }};
};

TEST_F(ScheduleTest, JobsRunWhenTheyAreDueTheEarliestFirst) {
  schedule_.Add("late", clock_.Now() + absl::Hours(2), Noting("late", absl::Hours(24)));
  schedule_.Add("early", clock_.Now() + absl::Hours(1), Noting("early", absl::Hours(24)));
  EXPECT_EQ(schedule_.RunDue(), 0);
  EXPECT_EQ(schedule_.next(), clock_.Now() + absl::Hours(1));
  clock_.Advance(absl::Hours(1) - absl::Nanoseconds(1));
  EXPECT_EQ(schedule_.RunDue(), 0);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_THAT(ran_, ElementsAre("early"));
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(schedule_.RunDue(), 2);
  EXPECT_THAT(ran_, ElementsAre("early", "late", "early"));
}

TEST_F(ScheduleTest, AJobSaysWhenItIsDueAgainAndMayWaitForAWake) {
  schedule_.Add("once", clock_.Now(), Noting("once", absl::InfiniteDuration()));
  EXPECT_EQ(schedule_.RunDue(), 1);
  clock_.Advance(absl::Hours(24 * 365));
  EXPECT_EQ(schedule_.RunDue(), 0);
  schedule_.Wake("once", clock_.Now() + absl::Minutes(5));
  EXPECT_EQ(schedule_.RunDue(), 0);
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(schedule_.RunDue(), 1);
  schedule_.Wake("once");
  schedule_.Wake("once", clock_.Now() + absl::Hours(1));  // no later than the first says
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(schedule_.RunDue(), 0);
}

TEST_F(ScheduleTest, AClockThatIsSetBackHoldsNobodyUp) {
  schedule_.Add("hourly", clock_.Now() + absl::Hours(1), Noting("hourly", absl::Hours(1)));
  schedule_.Add("waits", absl::InfiniteFuture(), Noting("waits", absl::InfiniteDuration()));
  clock_.Advance(-absl::Hours(24));
  EXPECT_EQ(schedule_.RunDue(), 0);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_THAT(ran_, ElementsAre("hourly"));
  EXPECT_EQ(schedule_.next(), clock_.Now() + absl::Hours(1));
}

// While it ran, and while it was called to run again later.
TEST_F(ScheduleTest, AClockThatIsSetBackInAJobHoldsNobodyUp) {
  schedule_.Add("sets it back", clock_.Now(), [this](absl::Time) -> absl::StatusOr<absl::Time> {
    ran_.push_back("sets it back");
    if (ran_.size() > 1) return absl::InfiniteFuture();
    schedule_.Wake("sets it back", clock_.Now() + absl::Hours(1));
    clock_.Advance(-absl::Hours(24));
    return absl::InfiniteFuture();
  });
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(schedule_.RunDue(), 0);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(schedule_.RunDue(), 1);
}

TEST_F(ScheduleTest, OneThatIsDueAgainAtOnceDoesNotStarveTheOthers) {
  schedule_.Add("a", clock_.Now(), Noting("a", absl::ZeroDuration()));
  schedule_.Add("b", clock_.Now(), Noting("b", absl::ZeroDuration()));
  EXPECT_EQ(schedule_.RunDue(), 2);
  EXPECT_EQ(schedule_.RunDue(), 2);
  EXPECT_THAT(ran_, ElementsAre("a", "b", "a", "b"));
}

TEST_F(ScheduleTest, AnErrorIsTriedAgainLessAndLessOftenUntilItGoesWell) {
  bool broken = true;
  schedule_.Add("fails", clock_.Now(), [&](absl::Time now) -> absl::StatusOr<absl::Time> {
    ran_.push_back("fails");
    if (broken) return absl::UnavailableError("the medium is away");
    return now + absl::Hours(1);
  });
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_THAT(errors_, ElementsAre("fails: the medium is away"));
  std::vector<absl::Duration> waits;
  for (int i = 0; i < 8; ++i) {
    waits.push_back(schedule_.next() - clock_.Now());
    clock_.Set(schedule_.next());
    EXPECT_EQ(schedule_.RunDue(), 1);
  }
  EXPECT_THAT(waits,
              ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(4), absl::Seconds(8),
                          absl::Seconds(16), absl::Seconds(32), kRetryMax, kRetryMax));
  broken = false;
  clock_.Advance(kRetryMax);
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(schedule_.next(), clock_.Now() + absl::Hours(1));
  // What went well once begins anew with the first wait.
  broken = true;
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(schedule_.next(), clock_.Now() + kRetryFirst);
}

TEST_F(ScheduleTest, AWakeWhileAJobRunsRunsItAgain) {
  schedule_.Add("a", clock_.Now(), [&](absl::Time) -> absl::StatusOr<absl::Time> {
    ran_.push_back("a");
    if (ran_.size() == 1) schedule_.Wake("a");
    return absl::InfiniteFuture();
  });
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(schedule_.RunDue(), 0);
}

TEST_F(ScheduleTest, TheThreadRunsWhatIsDueAndWhatIsWoken) {
  absl::Notification first, second;
  schedule_.Add("a", clock_.Now(), [&](absl::Time) -> absl::StatusOr<absl::Time> {
    (first.HasBeenNotified() ? second : first).Notify();
    return absl::InfiniteFuture();
  });
  schedule_.Start();
  first.WaitForNotification();
  schedule_.Wake("a");
  second.WaitForNotification();
  schedule_.Stop();
}

TEST_F(ScheduleTest, StoppingFinishesWhatRunsAndRunsWhatIsDueOrFailedOnceMore) {
  absl::Notification running, go_on;
  std::atomic<int> due{0}, failed{0}, not_due{0};
  schedule_.Add("1 runs", clock_.Now(), [&](absl::Time) -> absl::StatusOr<absl::Time> {
    if (!running.HasBeenNotified()) running.Notify();
    go_on.WaitForNotification();
    return absl::InfiniteFuture();
  });
  schedule_.Add("0 failed", clock_.Now(), [&](absl::Time) -> absl::StatusOr<absl::Time> {
    ++failed;
    return absl::UnavailableError("still away");
  });
  schedule_.Add("2 woken", absl::InfiniteFuture(), [&](absl::Time) -> absl::StatusOr<absl::Time> {
    ++due;
    return absl::InfiniteFuture();
  });
  schedule_.Add("3 later", clock_.Now() + absl::Hours(1),
                [&](absl::Time) -> absl::StatusOr<absl::Time> {
                  ++not_due;
                  return absl::InfiniteFuture();
                });
  schedule_.Start();
  running.WaitForNotification();
  schedule_.Wake("2 woken");
  std::thread stopper([&] { schedule_.Stop(); });
  go_on.Notify();
  stopper.join();
  EXPECT_EQ(due, 1);
  EXPECT_EQ(failed, 2);
  EXPECT_EQ(not_due, 0);
  schedule_.Stop();
}

TEST_F(ScheduleTest, WhatNeverStartedRunsNothing) {
  schedule_.Add("a", clock_.Now(), Noting("a", absl::Hours(1)));
  schedule_.Stop();
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(ScheduleTest, TwoJobsOfOneNameAreOurOwnBug) {
  schedule_.Add("a", clock_.Now(), Noting("a", absl::Hours(1)));
  EXPECT_DEATH(schedule_.Add("a", clock_.Now(), Noting("a", absl::Hours(1))), "CHECK\\(fresh\\)");
  EXPECT_DEATH(schedule_.Wake("b"), "CHECK");
}

}  // namespace
}  // namespace signpost::schedule
