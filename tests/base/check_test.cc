#include "hub/base/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "hub/base/clock.h"
#include "hub/base/json_log.h"

namespace signpost::base {
namespace {

TEST(Check, WhatHoldsIsEvaluatedOnceAndGoesOn) {
  int evaluated = 0;
  CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(Check, WhatDoesNotHoldEndsTheProcessWithFileLineAndCondition) {
  const int threads = 0;
  EXPECT_DEATH(CHECK(threads >= 1), "check_test\\.cc:[0-9]+: CHECK\\(threads >= 1\\) failed");
}

TEST(Check, ItIsInTheLogThatIsSet) {
  const RealClock clock;
  // A log on stderr stands for the hub's: a death test reads that.
  JsonLog log(stderr, &clock);
  EXPECT_DEATH(
      {
        SetCheckLog(&log);
        CHECK(1 + 1 == 3);
      },
      "check_failed.*1 \\+ 1 == 3");
  EXPECT_DEATH(
      {
        SetCheckLog(&log);
        ClearCheckLog(&log);
        CHECK(1 + 1 == 3);
      },
      "report it\\.\n$");
}

TEST(Check, InReleaseADebugCheckEvaluatesNothing) {
  int evaluated = 0;
  DCHECK(++evaluated == 1);
#ifdef NDEBUG
  EXPECT_EQ(evaluated, 0);
#else
  EXPECT_EQ(evaluated, 1);
  EXPECT_DEATH(DCHECK(evaluated == 2), "evaluated == 2");
#endif
}

}  // namespace
}  // namespace signpost::base
