#include "hub/rpc/release.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hub/base/random.h"

namespace signpost::rpc {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(10);

TEST(ReleaseTest, AnAnswerLeavesAtAWholeMultipleOfTheStepBehindItsRequest) {
  base::SeededRandom random(3);
  for (int i = 0; i < 10'000; ++i) {
    const absl::Time arrived =
        absl::UnixEpoch() + absl::Nanoseconds(static_cast<int64_t>(random.Number() >> 2));
    const absl::Duration work =
        absl::Nanoseconds(static_cast<int64_t>(random.Number() % 60'000'000));
    const absl::Duration held = ReleaseAt(arrived, arrived + work, kStep) - arrived;
    EXPECT_GT(held, work) << "nothing leaves before it is ready";
    EXPECT_LE(held, work + kStep);
    EXPECT_EQ(held % kStep, absl::ZeroDuration());
  }
}

TEST(ReleaseTest, WhatTookLongerWithinOneStepLeavesNoLater) {
  const absl::Time arrived = absl::FromUnixMicros(1'795'312'028'123'456);
  const absl::Time after_one = arrived + kStep;
  for (const int64_t us : {0, 1, 40, 400, 4'000, 9'999}) {
    EXPECT_EQ(ReleaseAt(arrived, arrived + absl::Microseconds(us), kStep), after_one) << us;
  }
  EXPECT_EQ(ReleaseAt(arrived, after_one, kStep), after_one + kStep);
}

TEST(ReleaseTest, WithoutAStepOrARequestItLeavesAtOnce) {
  const absl::Time now = absl::FromUnixSeconds(1'795'312'028);
  EXPECT_EQ(ReleaseAt(now - absl::Seconds(1), now, absl::ZeroDuration()), now);
  EXPECT_EQ(ReleaseAt(absl::InfinitePast(), now, kStep), now);
}

TEST(ReleaseTest, AClockThatWasSetBackKeepsNobodyWaitingForIt) {
  const absl::Time now = absl::FromUnixSeconds(1'795'312'028);
  EXPECT_EQ(ReleaseAt(now + absl::Hours(1), now, kStep), now + kStep);
}

}  // namespace
}  // namespace signpost::rpc
