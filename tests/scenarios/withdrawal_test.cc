// Withdrawal acknowledged, next read hides: under concurrent load, as many times as
// SIGNPOST_WITHDRAWALS says. The same with crashes is in tests/crash.
//
// Broken once, when operations still carried preconditions, by leaving that of the person's row out
// of MakeWhoKnows: then readers that were judged before a withdrawal answer after
// it.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/scenarios/nortown.h"
#include "tests/scenarios/withdrawals.h"

namespace signpost::scenarios {
namespace {

int TrialsWanted() {
  const char* text = std::getenv("SIGNPOST_WITHDRAWALS");
  return text == nullptr ? 120 : std::atoi(text);
}

TEST(Withdrawal, AcknowledgedMeansHiddenFromTheNextReadOn) {
  const int wanted = TrialsWanted();
  ASSERT_GT(wanted, 0) << "SIGNPOST_WITHDRAWALS is to be a number of trials";
  Nortown nortown;
  Withdrawals withdrawals(&nortown, wanted, /*writers=*/4, /*askers=*/2);
  EXPECT_TRUE(withdrawals.Run());
  const Withdrawals::Counts counts = withdrawals.Judge();
  std::printf(
      "withdrawal_trials %d\nwithdrawal_concurrent_reads_checked %d\n"
      "withdrawal_shows_in_ledger_order %d\nstale_shows %d\n",
      counts.trials, counts.checked_reads, counts.shows_judged, counts.stale);
  EXPECT_EQ(counts.trials, wanted);
  EXPECT_EQ(counts.errors, 0);
  EXPECT_EQ(counts.unseen, 0);  // every yes was seen before it was taken back
  EXPECT_GT(counts.checked_reads, 0);
  EXPECT_EQ(counts.stale, 0);
}

}  // namespace
}  // namespace signpost::scenarios
