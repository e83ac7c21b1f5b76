#include "hub/exchange/waiters.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::exchange {
namespace {

TEST(WaitersTest, ArmedIsWokenOnceAndOnlyForItsOwnSystem) {
  Waiters waiters;
  int woken = 0;
  const auto subscription = waiters.Subscribe("a", [&] { ++woken; });
  waiters.Notify("a");  // not armed
  EXPECT_EQ(woken, 0);
  subscription->Prepare();
  ASSERT_TRUE(subscription->Arm());
  waiters.Notify("b");
  EXPECT_EQ(woken, 0);
  waiters.Notify("a");
  EXPECT_EQ(woken, 1);
  waiters.Notify("a");
  EXPECT_EQ(woken, 1);
}

TEST(WaitersTest, MailAnnouncedSincePrepareIsNotSlept) {
  Waiters waiters;
  int woken = 0;
  const auto subscription = waiters.Subscribe("a", [&] { ++woken; });
  subscription->Prepare();
  waiters.Notify("a");
  EXPECT_FALSE(subscription->Arm());
  waiters.Notify("a");
  EXPECT_EQ(woken, 0);
  subscription->Prepare();
  EXPECT_TRUE(subscription->Arm());
  subscription->Prepare();  // disarms
  waiters.Notify("a");
  EXPECT_EQ(woken, 0);
  EXPECT_FALSE(subscription->Arm());
}

TEST(WaitersTest, SeveralStreamsOfOneSystemAreAllWoken) {
  Waiters waiters;
  int first = 0;
  int second = 0;
  const auto a = waiters.Subscribe("a", [&] { ++first; });
  auto b = waiters.Subscribe("a", [&] { ++second; });
  EXPECT_EQ(waiters.subscriptions(), 2);
  for (Waiters::Subscription* subscription : {a.get(), b.get()}) {
    subscription->Prepare();
    ASSERT_TRUE(subscription->Arm());
  }
  b.reset();
  EXPECT_EQ(waiters.subscriptions(), 1);
  waiters.NotifyAll();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
}

TEST(WaitersTest, WakeMayArmAgainAndEndItself) {
  Waiters waiters;
  int woken = 0;
  std::unique_ptr<Waiters::Subscription> subscription;
  subscription = waiters.Subscribe("a", [&] {
    if (++woken == 3) {
      subscription.reset();
      return;
    }
    subscription->Prepare();
    EXPECT_TRUE(subscription->Arm());
  });
  subscription->Prepare();
  ASSERT_TRUE(subscription->Arm());
  for (int i = 0; i < 5; ++i) waiters.Notify("a");
  EXPECT_EQ(woken, 3);
  EXPECT_EQ(waiters.subscriptions(), 0);
}

TEST(WaitersTest, WakeMayEndAnotherThatIsAboutToBeWoken) {
  Waiters waiters;
  std::unique_ptr<Waiters::Subscription> streams[2];
  int woken = 0;
  for (int i = 0; i < 2; ++i) {
    streams[i] = waiters.Subscribe("a", [&, i] {
      ++woken;
      streams[1 - i].reset();
    });
    streams[i]->Prepare();
    ASSERT_TRUE(streams[i]->Arm());
  }
  waiters.Notify("a");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(waiters.subscriptions(), 1);
}

TEST(WaitersTest, EndingWaitsForAWakeThatRunsElsewhere) {
  Waiters waiters;
  absl::Notification entered;
  absl::Notification leave;
  std::atomic<bool> left = false;
  auto subscription = waiters.Subscribe("a", [&] {
    entered.Notify();
    leave.WaitForNotification();
    left = true;
  });
  subscription->Prepare();
  ASSERT_TRUE(subscription->Arm());
  std::thread notifier([&] { waiters.Notify("a"); });
  entered.WaitForNotification();
  std::thread releaser([&] {
    absl::SleepFor(absl::Milliseconds(20));
    leave.Notify();
  });
  subscription.reset();
  EXPECT_TRUE(left);
  notifier.join();
  releaser.join();
}

// Writers post to a counter that stands for the mailbox and notify; readers must see all of it
// however the threads interleave. Broken on purpose by letting Arm() always return true: a reader
// sleeps on unread mail and the test ends in its deadline.
TEST(WaitersTest, NoWakeUpIsLostUnderLoad) {
  constexpr int kSystems = 4;
  constexpr int kReadersPerSystem = 2;
  constexpr int kPosts = 20000;
  Waiters waiters;
  std::atomic<int> mailbox[kSystems] = {};

  struct Reader {
    absl::Mutex mutex;
    bool woken ABSL_GUARDED_BY(mutex) = false;
    int system = 0;
    bool timed_out = false;
    std::unique_ptr<Waiters::Subscription> subscription;
  };
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < kSystems * kReadersPerSystem; ++i) {
    readers.push_back(std::make_unique<Reader>());
    Reader* reader = readers.back().get();
    reader->system = i % kSystems;
    reader->subscription = waiters.Subscribe(std::to_string(reader->system), [reader] {
      absl::MutexLock lock(&reader->mutex);
      reader->woken = true;
    });
  }
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Reader>& owned : readers) {
    threads.emplace_back([&, reader = owned.get()] {
      while (true) {
        reader->subscription->Prepare();
        if (mailbox[reader->system] == kPosts) return;
        if (!reader->subscription->Arm()) continue;
        absl::MutexLock lock(&reader->mutex);
        const bool woken =
            reader->mutex.AwaitWithTimeout(absl::Condition(&reader->woken), absl::Seconds(30));
        reader->woken = false;
        if (!woken) {
          reader->timed_out = true;
          return;
        }
      }
    });
  }
  for (int system = 0; system < kSystems; ++system) {
    threads.emplace_back([&, system] {
      for (int i = 0; i < kPosts; ++i) {
        ++mailbox[system];
        waiters.Notify(std::to_string(system));
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::unique_ptr<Reader>& reader : readers) EXPECT_FALSE(reader->timed_out);
}

// Streams come and go while mail is announced: nothing is called after its end.
TEST(WaitersTest, NothingIsCalledAfterTheEnd) {
  Waiters waiters;
  std::atomic<bool> stop = false;
  std::thread notifier([&] {
    while (!stop) waiters.Notify("a");
  });
  std::atomic<int> late = 0;
  std::atomic<int> calls = 0;
  for (int i = 0; i < 2000 || (calls < 100 && i < 1'000'000); ++i) {
    auto ended = std::make_shared<std::atomic<bool>>(false);
    auto subscription = waiters.Subscribe("a", [&, ended] {
      if (*ended) ++late;
      ++calls;
    });
    subscription->Prepare();
    if (subscription->Arm()) std::this_thread::yield();
    subscription.reset();
    *ended = true;
  }
  stop = true;
  notifier.join();
  EXPECT_EQ(late, 0);
  EXPECT_GE(calls, 100);
  EXPECT_EQ(waiters.subscriptions(), 0);
}

}  // namespace
}  // namespace signpost::exchange
