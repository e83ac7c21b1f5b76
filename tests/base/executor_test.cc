#include "hub/base/executor.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace signpost::base {
namespace {

TEST(ThreadPoolTest, RunsAllThatWasAccepted) {
  std::atomic<int> ran = 0;
  int accepted = 0;
  {
    ThreadPool pool(4, 1000);
    for (int i = 0; i < 1000; ++i) accepted += pool.Run([&ran] { ++ran; }) ? 1 : 0;
    EXPECT_EQ(accepted, 1000);
  }
  EXPECT_EQ(ran, accepted);
}

TEST(ThreadPoolTest, QueueAtTheLimitAndOnePast) {
  ThreadPool pool(1, 3);
  absl::Notification begun, go;
  ASSERT_TRUE(pool.Run([&] {
    begun.Notify();
    go.WaitForNotification();
  }));
  begun.WaitForNotification();
  std::atomic<int> ran = 0;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.Run([&ran] { ++ran; }));
  EXPECT_EQ(pool.queued(), 3);
  // What is refused is dropped at once, with all it holds.
  auto held = std::make_shared<int>(1);
  EXPECT_FALSE(pool.Run([&ran, held] { ++ran; }));
  EXPECT_EQ(held.use_count(), 1);
  go.Notify();
  pool.Shutdown();
  EXPECT_EQ(ran, 3);
}

TEST(ThreadPoolTest, ShutdownDrainsThenRefuses) {
  ThreadPool pool(2, 100);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pool.Run([&ran] {
      std::this_thread::yield();
      ++ran;
    }));
  }
  pool.Shutdown();
  EXPECT_EQ(ran, 100);
  EXPECT_FALSE(pool.Run([&ran] { ++ran; }));
  pool.Shutdown();
  EXPECT_EQ(ran, 100);
}

TEST(ThreadPoolTest, WorkMayQueueMoreWork) {
  ThreadPool pool(2, 10);
  absl::Notification done;
  ASSERT_TRUE(pool.Run([&] { EXPECT_TRUE(pool.Run([&] { done.Notify(); })); }));
  EXPECT_TRUE(done.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST(ThreadPoolTest, ManyCallersAtOnceAndTwoShutdowns) {
  ThreadPool pool(3, 64);
  std::atomic<int> ran = 0, accepted = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int n = 0; n < 500; ++n) accepted += pool.Run([&ran] { ++ran; }) ? 1 : 0;
    });
  }
  std::thread stopper([&] { pool.Shutdown(); });
  pool.Shutdown();
  stopper.join();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(ran, accepted);
}

TEST(InlineExecutorTest, RunsBeforeItReturns) {
  InlineExecutor executor;
  bool ran = false;
  EXPECT_TRUE(executor.Run([&ran] { ran = true; }));
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace signpost::base
