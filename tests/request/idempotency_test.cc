#include "hub/request/idempotency.h"

#include <atomic>
#include <string>
#include <thread>

#include "hub/base/executor.h"
#include "hub/base/limits.h"
#include "hub/ledger/transact.h"
#include "tests/exchange/exchange_fixture.h"

namespace signpost::request {
namespace {

using base::Reason;
using base::ReasonOf;

using exchange::kYot;

class IdempotencyTableTest : public exchange::ExchangeFixture {
 protected:
  const IdempotencyTable table_{key_};
};

constexpr char kAgency[] = "nortown-yot";

TEST_F(IdempotencyTableTest, WhatWasSentTwiceIsFoundAndWhatReusesTheIdIsRefused) {
  const std::string hash = table_.Hash("ReportFlag", "a report");
  EXPECT_FALSE(table_.Check(*View(), kAgency, "r-1", hash)->has_value());

  ledger::Operation operation;
  table_.Record(&operation, kAgency, "r-1", hash, "flag-1", clock_.Now());
  const absl::StatusOr<ledger::Sequenced> sequenced = Submit(std::move(operation));
  ASSERT_TRUE(sequenced.ok()) << sequenced.status();
  Post(kYot);

  Start();  // it outlives a restart
  const auto replay = table_.Check(*View(), kAgency, "r-1", hash);
  ASSERT_TRUE(replay.ok() && replay->has_value()) << replay.status();
  EXPECT_EQ((*replay)->result(), "flag-1");
  EXPECT_EQ((*replay)->ledger_index(), sequenced->first_index);
  EXPECT_EQ((*replay)->at_s(), absl::ToUnixSeconds(clock_.Now()));

  EXPECT_EQ(
      ReasonOf(table_.Check(*View(), kAgency, "r-1", table_.Hash("ReportFlag", "another report"))
                   .status()),
      Reason::kRequestIdReused);
  EXPECT_EQ(
      ReasonOf(
          table_.Check(*View(), kAgency, "r-1", table_.Hash("RecordConsent", "a report")).status()),
      Reason::kRequestIdReused);
  // Another agency's ids are its own.
  EXPECT_FALSE(table_.Check(*View(), "nortown-yo", "r-1", hash)->has_value());
  EXPECT_FALSE(table_.Check(*View(), kAgency, "r-12", hash)->has_value());
}

TEST_F(IdempotencyTableTest, HashIsKeyedAndKnowsWhereTheMethodEnds) {
  EXPECT_EQ(table_.Hash("a", "bc"), table_.Hash("a", "bc"));
  EXPECT_NE(table_.Hash("a", "bc"), table_.Hash("ab", "c"));
  const IdempotencyTable other(base::SecretKey::Generate(&random_));
  EXPECT_NE(table_.Hash("a", "bc"), other.Hash("a", "bc"));
  // Who acts is part of it.
  base::Principal officer;
  officer.practitioner_id = "dp-001";
  officer.role = "data-protection-officer";
  base::Principal colleague = officer;
  colleague.practitioner_id = "sw-001";
  base::Principal promoted = officer;
  promoted.role = "social-worker";
  EXPECT_EQ(table_.Hash("a", officer, "bc"), table_.Hash("a", officer, "bc"));
  EXPECT_NE(table_.Hash("a", officer, "bc"), table_.Hash("a", colleague, "bc"));
  EXPECT_NE(table_.Hash("a", officer, "bc"), table_.Hash("a", promoted, "bc"));
}

TEST_F(IdempotencyTableTest, RequestIdsHaveAFormAndALimit) {
  const std::string hash = table_.Hash("m", "c");
  const auto reason = [&](const std::string& id) {
    return ReasonOf(table_.Check(*View(), kAgency, id, hash).status());
  };
  EXPECT_EQ(reason(std::string(base::kRequestIdBytesMax, 'r')), Reason::kUnspecified);
  EXPECT_EQ(reason(std::string(base::kRequestIdBytesMax + 1, 'r')), Reason::kInvalidField);
  EXPECT_EQ(reason(""), Reason::kInvalidField);
  EXPECT_EQ(reason("a b"), Reason::kInvalidField);
  EXPECT_EQ(reason("a\n"), Reason::kInvalidField);
  EXPECT_EQ(reason("caf\xc3\xa9"), Reason::kInvalidField);
}

TEST_F(IdempotencyTableTest, OfTwoThatRaceTheSecondIsTurnedBack) {
  const std::string hash = table_.Hash("m", "c");
  const auto view = View();
  ASSERT_TRUE(table_.Check(*view, kAgency, "r-1", hash).ok());
  ledger::Operation first;
  table_.Record(&first, kAgency, "r-1", hash, "one", clock_.Now());
  first.reads = view->reads();
  ledger::Operation second;
  table_.Record(&second, kAgency, "r-1", hash, "two", clock_.Now());
  second.reads = view->reads();
  ASSERT_TRUE(Submit(std::move(first)).ok());
  EXPECT_EQ(ReasonOf(Submit(std::move(second)).status()), Reason::kAborted);
  EXPECT_EQ((*table_.Check(*View(), kAgency, "r-1", hash))->result(), "one");
}

TEST_F(IdempotencyTableTest, CommitThatFailsLeavesTheRequestFresh) {
  const std::string hash = table_.Hash("m", "c");
  store_.FailCommit(1, store::HostileStore::Failure::kFull);
  ledger::Operation operation;
  table_.Record(&operation, kAgency, "r-1", hash, "one", clock_.Now());
  EXPECT_EQ(ReasonOf(Submit(std::move(operation)).status()), Reason::kStoreFull);
  EXPECT_FALSE(table_.Check(*View(), kAgency, "r-1", hash)->has_value());
}

// The promise itself, under a storm: 40 copies of one request at once make one change.
TEST_F(IdempotencyTableTest, RetryStormHappensOnce) {
  base::ThreadPool pool(4, 1000);
  store_.HoldNextCommit();  // so that all copies are decided before one is durable
  const std::string hash = table_.Hash("m", "c");
  std::atomic<int> made = 0;
  std::atomic<int> replayed = 0;
  std::atomic<int> ended = 0;
  constexpr int kCopies = 40;
  std::atomic<int> decided = 0;
  for (int i = 0; i < kCopies; ++i) {
    ledger::Transact<bool>(
        {&pool, &store_, sequencer_.get()}, ledger::FirstAttempt::kQueued,
        [&](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<bool>> {
          const auto before = table_.Check(view, kAgency, "storm", hash);
          if (!before.ok()) return before.status();
          if (before->has_value()) return ledger::Attempt<bool>{true, std::nullopt};
          ++decided;
          ledger::Operation operation;
          table_.Record(&operation, kAgency, "storm", hash, "made", clock_.Now());
          AddEntry(&operation);
          return ledger::Attempt<bool>{false, std::move(operation)};
        },
        [&](absl::StatusOr<ledger::Committed<bool>> result) {
          if (result.ok()) ++(result->outcome ? replayed : made);
          ++ended;
        });
  }
  while (decided < kCopies) std::this_thread::yield();
  store_.ReleaseCommit();
  while (ended < kCopies) std::this_thread::yield();
  pool.Shutdown();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(replayed, kCopies - 1);
  EXPECT_EQ(sequencer_->head().size, 1u);
}

}  // namespace
}  // namespace signpost::request
