#include "hub/base/executor.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace signpost::base {
namespace {

TEST(ThreadPoolTest, RunsAllThatWasAccepted) {
  std::atomic<int> ran = 0;
  int accepted = 0;
  {
    ThreadPool pool(4, 1400);
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
  ThreadPool pool(2, 140);
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

// Holds a thread until it is let go, and says when it has begun.
struct Held {
  absl::Notification begun, go;
  Executor::Work Work() {
    return [this] {
      begun.Notify();
      go.WaitForNotification();
    };
  }
};

TEST(LaneTest, IsTheCallersAndWhatComesOfWorkIsTheirsToo) {
  EXPECT_EQ(Lane::Current(), Lane());
  EXPECT_EQ(Lane::Of(""), Lane());
  EXPECT_FALSE(Lane::Of("nortown-yot") == Lane());
  EXPECT_FALSE(Lane::Of("nortown-yot") == Lane::Of("nortown-housing"));
  ThreadPool pool(1, 10);
  Lane first, second;
  absl::Notification done;
  ASSERT_TRUE(pool.RunIn(Lane::Of("nortown-yot"), [&] {
    first = Lane::Current();
    ASSERT_TRUE(pool.Run([&] {
      second = Lane::Current();
      done.Notify();
    }));
  }));
  done.WaitForNotification();
  EXPECT_EQ(first, Lane::Of("nortown-yot"));
  EXPECT_EQ(second, Lane::Of("nortown-yot"));
}

TEST(LaneTest, OneThatAsksForMuchKeepsAnotherWaitingForOneOfItsWorksOnly) {
  ThreadPool pool(1, 1000);
  Held held;
  ASSERT_TRUE(pool.RunIn(Lane::Of("much"), held.Work()));
  held.begun.WaitForNotification();
  absl::Mutex mutex;
  std::vector<std::string> order;
  const auto note = [&](const char* who) {
    return [&, who] {
      absl::MutexLock lock(&mutex);
      order.push_back(who);
    };
  };
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.RunIn(Lane::Of("much"), note("much")));
  ASSERT_TRUE(pool.RunIn(Lane::Of("little"), note("little")));
  ASSERT_TRUE(pool.RunIn(Lane(), note("hub")));
  held.go.Notify();
  pool.Shutdown();
  ASSERT_EQ(order.size(), 102u);
  const auto place = [&](const char* who) {
    return std::find(order.begin(), order.end(), who) - order.begin();
  };
  EXPECT_LE(place("little"), 3);
  EXPECT_LE(place("hub"), 3);
}

TEST(LaneTest, NeverHasAllThreads) {
  ThreadPool pool(3, 1000);
  Held one, two, three;
  ASSERT_TRUE(pool.RunIn(Lane::Of("much"), one.Work()));
  ASSERT_TRUE(pool.RunIn(Lane::Of("much"), two.Work()));
  ASSERT_TRUE(pool.RunIn(Lane::Of("much"), three.Work()));
  one.begun.WaitForNotification();
  two.begun.WaitForNotification();
  absl::Notification done;
  ASSERT_TRUE(pool.RunIn(Lane::Of("little"), [&] { done.Notify(); }));
  done.WaitForNotification();
  EXPECT_FALSE(three.begun.HasBeenNotified());
  one.go.Notify();
  three.begun.WaitForNotification();
  two.go.Notify();
  three.go.Notify();
}

TEST(LaneTest, LeavesRoomInTheQueueForOthers) {
  ThreadPool pool(1, 100);
  Held held;
  ASSERT_TRUE(pool.RunIn(Lane::Of("much"), held.Work()));
  held.begun.WaitForNotification();
  int much = 0;
  while (much < 100 && pool.RunIn(Lane::Of("much"), [] {})) ++much;
  EXPECT_EQ(much, 76);  // more than three times the 24 that are left
  int more = 0;
  while (more < 100 && pool.RunIn(Lane::Of("more"), [] {})) ++more;
  EXPECT_EQ(more, 19);
  EXPECT_TRUE(pool.RunIn(Lane::Of("little"), [] {}));
  EXPECT_FALSE(pool.RunIn(Lane::Of("much"), [] {}));
  EXPECT_EQ(pool.queued(), 96);
  held.go.Notify();
}

TEST(InlineExecutorTest, RunsBeforeItReturns) {
  InlineExecutor executor;
  bool ran = false;
  EXPECT_TRUE(executor.Run([&ran] { ran = true; }));
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace signpost::base
