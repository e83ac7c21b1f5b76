#include "hub/ledger/transact.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using testing::PutOperation;

class FullExecutor final : public base::Executor {
 public:
  bool RunIn(base::Lane, Work) override { return false; }
};

// Adds one to the number at "count", and says what it was.
absl::StatusOr<Attempt<int>> Increment(const GuardedView& view) {
  const absl::StatusOr<std::optional<std::string>> held = view.Get(Space::kPeople, "count");
  if (!held.ok()) return held.status();
  const int before = std::stoi(held->value_or("0"));
  return Attempt<int>{before, PutOperation("count", absl::StrCat(before + 1))};
}

class TransactTest : public ::testing::Test {
 protected:
  absl::StatusOr<Committed<int>> Run(MakeAttempt<int> make, base::Executor* executor = nullptr,
                                     FirstAttempt first = FirstAttempt::kQueued) {
    absl::Notification finished;
    absl::StatusOr<Committed<int>> result = absl::UnknownError("");
    Transact<int>(
        {executor == nullptr ? &pool_ : executor, &store_, sequencer_.get()}, first,
        std::move(make),
        [&](absl::StatusOr<Committed<int>> got) {
          result = std::move(got);
          finished.Notify();
        },
        3);
    finished.WaitForNotification();
    return result;
  }

  testing::Ledgers ledgers_;
  std::unique_ptr<store::Store> inner_ = store::NewMemoryStore();
  store::HostileStore store_{inner_.get()};
  std::unique_ptr<Sequencer> sequencer_ = *ledgers_.Open(&store_);
  base::ThreadPool pool_{3, 1000};
};

TEST_F(TransactTest, NoIncrementIsLostAmongMany) {
  constexpr int kTransactions = 40;
  absl::BlockingCounter left(kTransactions);
  absl::Mutex mutex;
  std::set<int> outcomes;
  for (int i = 0; i < kTransactions; ++i) {
    Transact<int>(
        {&pool_, &store_, sequencer_.get()}, FirstAttempt::kQueued, &Increment,
        [&](absl::StatusOr<Committed<int>> result) {
          EXPECT_TRUE(result.ok()) << result.status();
          {
            absl::MutexLock lock(&mutex);
            outcomes.insert(result->outcome);
          }
          left.DecrementCount();  // unlocked: after the last one the test's mutex goes
        },
        1000);
  }
  left.Wait();
  EXPECT_EQ(*(*inner_->NewView())->Get(Space::kPeople, "count"), absl::StrCat(kTransactions));
  EXPECT_EQ(sequencer_->head().size, static_cast<uint64_t>(kTransactions));
  EXPECT_EQ(outcomes.size(), static_cast<size_t>(kTransactions)) << "each is told its own attempt";
}

TEST_F(TransactTest, ARowThatAppearsInWhatWasScannedIsFound) {
  int attempts = 0;
  const auto result = Run([&](const GuardedView& view) -> absl::StatusOr<Attempt<int>> {
    const int seen = static_cast<int>(view.Scan(Space::kPeople, "child/", "child0", 100)->size());
    // Somebody is quicker, the first time.
    if (++attempts == 1) {
      EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation("child/1", "new")).ok());
    }
    return Attempt<int>{seen, PutOperation("children", absl::StrCat(seen))};
  });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(attempts, 2);
  EXPECT_EQ(result->outcome, 1);
  EXPECT_EQ(*(*inner_->NewView())->Get(Space::kPeople, "children"), "1");
}

TEST_F(TransactTest, WhatIsReadUnguardedMayChange) {
  int attempts = 0;
  const auto result = Run([&](const GuardedView& view) -> absl::StatusOr<Attempt<int>> {
    EXPECT_TRUE(view.unguarded().Get(Space::kPeople, "a").ok());
    ++attempts;
    EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "new")).ok());
    return Attempt<int>{0, PutOperation("b", "1")};
  });
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(attempts, 1);
}

// Another writes the row whenever it was read, as fast as it can: by itself it would always be first.
TEST_F(TransactTest, WhoIsOvertakenTwiceIsLetThroughThoughOthersGoOn) {
  int attempts = 0;
  int others = 0;
  int refused = 0;
  const auto result = Run([&](const GuardedView& view) -> absl::StatusOr<Attempt<int>> {
    EXPECT_TRUE(view.Get(Space::kPeople, "count").ok());
    ++attempts;
    // One attempt of a transaction that may be made again.
    Operation other = PutOperation("count", absl::StrCat("other ", attempts));
    other.ticket = kNoTicket;
    const auto written = sequencer_->SubmitAndWait(std::move(other));
    written.ok() ? ++others : ++refused;
    if (!written.ok()) {
      EXPECT_EQ(ReasonOf(written.status()), Reason::kAborted);
      EXPECT_TRUE(AbortedOver(written.status()).has_value());
      EXPECT_EQ(AbortedOver(written.status())->row, RowHash(Space::kPeople, "count"));
    }
    return Attempt<int>{attempts, PutOperation("count", "mine")};
  });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(others, 2);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(*(*inner_->NewView())->Get(Space::kPeople, "count"), "mine");
  // It leaves its place when it goes, which may be after it has told.
  while (sequencer_->turns().waiting() > 0) std::this_thread::yield();
  EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation("count", "later")).ok());
}

TEST_F(TransactTest, GivesUpAfterTheAttemptsAllowed) {
  int attempts = 0;
  const auto result = Run([&](const GuardedView& view) -> absl::StatusOr<Attempt<int>> {
    ++attempts;
    EXPECT_TRUE(view.Get(Space::kPeople, "a").ok());
    EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "always first")).ok());
    return Attempt<int>{0, PutOperation("b", "1")};
  });
  EXPECT_EQ(ReasonOf(result.status()), Reason::kAborted);
  EXPECT_EQ(attempts, 3);
}

TEST_F(TransactTest, AnAttemptThatSaysItIsTooLateIsMadeAgain) {
  int attempts = 0;
  const auto result = Run([&](const GuardedView& view) -> absl::StatusOr<Attempt<int>> {
    if (++attempts == 1) return base::Error(Reason::kAborted, "what is in memory is older");
    return Increment(view);
  });
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(attempts, 2);
}

TEST_F(TransactTest, WithoutAnOperationNothingIsWritten) {
  const auto result = Run([](const GuardedView&) -> absl::StatusOr<Attempt<int>> {
    return Attempt<int>{7, std::nullopt};
  });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, 7);
  EXPECT_FALSE(result->sequenced.has_value());
  EXPECT_EQ(sequencer_->head().size, 0u);
}

TEST_F(TransactTest, TheOutcomeIsOfTheAttemptThatStands) {
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("count", "10")).ok());
  const auto result = Run(&Increment);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, 10);
  ASSERT_TRUE(result->sequenced.has_value());
  EXPECT_EQ(result->sequenced->first_index, 1u);
}

TEST_F(TransactTest, AnErrorOfMakeEndsIt) {
  const auto result = Run([](const GuardedView&) -> absl::StatusOr<Attempt<int>> {
    return base::Error(Reason::kConsentInvalid, "no");
  });
  EXPECT_EQ(ReasonOf(result.status()), Reason::kConsentInvalid);
  EXPECT_EQ(sequencer_->head().size, 0u);
}

TEST_F(TransactTest, AFullExecutorIsToldUnlessTheFirstAttemptIsMadeHere) {
  FullExecutor full;
  EXPECT_EQ(ReasonOf(Run(&Increment, &full).status()), Reason::kTooManyRequests);
  EXPECT_TRUE(Run(&Increment, &full, FirstAttempt::kHere).ok());
}

TEST_F(TransactTest, AStoreThatCannotBeReadIsTold) {
  store_.FailRead(1);
  EXPECT_EQ(ReasonOf(Run(&Increment).status()), Reason::kStoreUnavailable);
}

}  // namespace
}  // namespace signpost::ledger
