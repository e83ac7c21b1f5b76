// What the room checks of its callers, in every build.

#include "policy/check.h"

#include "gtest/gtest.h"

namespace signpost::policy {
namespace {

TEST(CheckDeathTest, ABrokenPromiseStopsTheProgramAndIsNamed) {
  SIGNPOST_POLICY_CHECK(1 + 1 == 2);
  EXPECT_DEATH(SIGNPOST_POLICY_CHECK(1 + 1 == 3), "check_test.cc:.*1 \\+ 1 == 3");
}

TEST(CheckDeathTest, APromiseIsLookedAtOnce) {
  int looks = 0;
  SIGNPOST_POLICY_CHECK(++looks == 1);
  EXPECT_EQ(looks, 1);
}

// The dear kind costs nothing where assertions are off: its promise is not even looked at.
TEST(CheckDeathTest, TheDearKindIsForBuildsWithAssertions) {
  int looks = 0;
  SIGNPOST_POLICY_DCHECK(++looks == 1);
#ifdef NDEBUG
  EXPECT_EQ(looks, 0);
#else
  EXPECT_EQ(looks, 1);
  EXPECT_DEATH(SIGNPOST_POLICY_DCHECK(looks == 2), "looks == 2");
#endif
}

}  // namespace
}  // namespace signpost::policy
