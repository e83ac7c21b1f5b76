#include "hub/ledger/transact.h"

#include <memory>
#include <string>
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
  bool Run(Work) override { return false; }
};

class TransactTest : public ::testing::Test {
 protected:
  absl::StatusOr<Sequenced> Run(base::Executor* executor, Make make, int attempts_max) {
    absl::Notification finished;
    absl::StatusOr<Sequenced> result = absl::UnknownError("");
    Transact(
        executor, &store_, sequencer_.get(), std::move(make),
        [&](absl::StatusOr<Sequenced> got) {
          result = std::move(got);
          finished.Notify();
        },
        attempts_max);
    finished.WaitForNotification();
    return result;
  }
  // Adds one to the number at "count".
  static absl::StatusOr<Operation> Increment(const store::View& view) {
    const std::optional<std::string> held = *view.Get(Space::kPeople, "count");
    Operation operation = PutOperation("count", absl::StrCat(std::stoi(held.value_or("0")) + 1));
    operation.preconditions.push_back({Space::kPeople, "count", held});
    return operation;
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
  for (int i = 0; i < kTransactions; ++i) {
    Transact(
        &pool_, &store_, sequencer_.get(), &Increment,
        [&](absl::StatusOr<Sequenced> result) {
          EXPECT_TRUE(result.ok()) << result.status();
          left.DecrementCount();
        },
        1000);
  }
  left.Wait();
  EXPECT_EQ(*(*inner_->NewView())->Get(Space::kPeople, "count"), absl::StrCat(kTransactions));
  EXPECT_EQ(sequencer_->head().size, static_cast<uint64_t>(kTransactions));
}

TEST_F(TransactTest, GivesUpAfterTheAttemptsAllowed) {
  int attempts = 0;
  const absl::StatusOr<Sequenced> result = Run(
      &pool_,
      [&](const store::View&) -> absl::StatusOr<Operation> {
        ++attempts;
        Operation operation = PutOperation("a", "1");
        operation.preconditions.push_back({Space::kPeople, "a", "never"});
        return operation;
      },
      3);
  EXPECT_EQ(ReasonOf(result.status()), Reason::kAborted);
  EXPECT_EQ(attempts, 3);
}

TEST_F(TransactTest, AnErrorOfMakeEndsIt) {
  const absl::StatusOr<Sequenced> result = Run(
      &pool_,
      [](const store::View&) -> absl::StatusOr<Operation> {
        return base::Error(Reason::kConsentInvalid, "no");
      },
      3);
  EXPECT_EQ(ReasonOf(result.status()), Reason::kConsentInvalid);
  EXPECT_EQ(sequencer_->head().size, 0u);
}

TEST_F(TransactTest, AFullExecutorIsTold) {
  FullExecutor full;
  EXPECT_EQ(ReasonOf(Run(&full, &Increment, 3).status()), Reason::kTooManyRequests);
}

TEST_F(TransactTest, AStoreThatCannotBeReadIsTold) {
  store_.FailRead(1);
  EXPECT_EQ(ReasonOf(Run(&pool_, &Increment, 3).status()), Reason::kStoreUnavailable);
}

}  // namespace
}  // namespace signpost::ledger
