#include "hub/base/steady_cond_var.h"

#include <gtest/gtest.h>

#include <thread>

namespace signpost::base {
namespace {

TEST(SteadyCondVarTest, ASignalEndsAWaitAndSaysThatTheTimeWasNotOver) {
  absl::Mutex mutex;
  SteadyCondVar changed;
  int told = 0;
  int over = 0;
  std::thread waiting([&] {
    absl::MutexLock lock(&mutex);
    while (told < 1) changed.Wait(&mutex);
    told = 2;
    changed.Signal();
    while (told < 3) over += static_cast<int>(changed.WaitFor(&mutex, absl::InfiniteDuration()));
  });
  {
    absl::MutexLock lock(&mutex);
    told = 1;
    changed.Signal();
    while (told < 2) changed.Wait(&mutex);
    told = 3;
    changed.Signal();
  }
  waiting.join();
  EXPECT_EQ(over, 0);
}

TEST(SteadyCondVarTest, AWaitThatNobodyEndsIsOverAfterItsTime) {
  absl::Mutex mutex;
  SteadyCondVar never;
  absl::MutexLock lock(&mutex);
  // A wait may end for no reason; one that never says that its time is over would go on for ever.
  while (!never.WaitFor(&mutex, absl::Milliseconds(1))) continue;
  EXPECT_TRUE(never.WaitFor(&mutex, -absl::InfiniteDuration()));
}

}  // namespace
}  // namespace signpost::base
