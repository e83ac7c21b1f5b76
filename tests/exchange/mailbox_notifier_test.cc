#include "hub/exchange/mailbox_notifier.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::exchange {
namespace {

TEST(WaitersTest, ArmedIsWokenOnceAndOnlyForItsOwnSystem) {
  MailboxNotifier waiters;
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
  MailboxNotifier waiters;
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
  MailboxNotifier waiters;
  int first = 0;
  int second = 0;
  const auto a = waiters.Subscribe("a", [&] { ++first; });
  auto b = waiters.Subscribe("a", [&] { ++second; });
  EXPECT_EQ(waiters.subscriptions(), 2);
  for (MailboxNotifier::Subscription* subscription : {a.get(), b.get()}) {
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
  MailboxNotifier waiters;
  int woken = 0;
  std::unique_ptr<MailboxNotifier::Subscription> subscription;
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
  MailboxNotifier waiters;
  std::unique_ptr<MailboxNotifier::Subscription> streams[2];
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
  MailboxNotifier waiters;
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

// A writer posts to a counter that stands for the mailbox, notifies, and posts again only when
// every reader has seen it, so one lost wake-up stops the test for good. The readers are in the
// middle of going to sleep when the next post comes. Broken on purpose by letting Arm() always
// return true.
TEST(WaitersTest, NoWakeUpIsLostUnderLoad) {
  constexpr int kReaders = 3;
  constexpr int kPosts = 3000;
  MailboxNotifier waiters;
  std::atomic<int> mailbox = 0;

  struct Reader {
    absl::Mutex mutex;
    bool woken ABSL_GUARDED_BY(mutex) = false;
    std::atomic<int> seen = 0;
    std::unique_ptr<MailboxNotifier::Subscription> subscription;
  };
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<Reader>());
    Reader* reader = readers.back().get();
    reader->subscription = waiters.Subscribe("a", [reader] {
      absl::MutexLock lock(&reader->mutex);
      reader->woken = true;
    });
  }
  std::atomic<bool> give_up = false;
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Reader>& owned : readers) {
    threads.emplace_back([&, reader = owned.get()] {
      while (!give_up) {
        reader->subscription->Prepare();
        reader->seen = mailbox.load();
        if (reader->seen == kPosts) return;
        if (!reader->subscription->Arm()) continue;
        absl::MutexLock lock(&reader->mutex);
        while (!reader->woken && !give_up) {
          reader->mutex.AwaitWithTimeout(absl::Condition(&reader->woken), absl::Milliseconds(100));
        }
        reader->woken = false;
      }
    });
  }
  for (int i = 1; i <= kPosts && !give_up; ++i) {
    mailbox = i;
    waiters.Notify("a");
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    for (const std::unique_ptr<Reader>& reader : readers) {
      while (reader->seen < i && !give_up) {
        if (absl::Now() > deadline) give_up = true;
        std::this_thread::yield();
      }
    }
  }
  const bool lost = give_up;
  give_up = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(lost) << "a reader slept on mail " << mailbox;
}

// Streams come and go while mail is announced: nothing is called after its end.
TEST(WaitersTest, NothingIsCalledAfterTheEnd) {
  MailboxNotifier waiters;
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
