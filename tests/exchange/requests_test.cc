#include "hub/exchange/requests.h"

#include <atomic>
#include <string>
#include <thread>

#include "hub/base/executor.h"
#include "hub/base/limits.h"
#include "hub/ledger/transact.h"
#include "tests/exchange/exchange_fixture.h"

namespace signpost::exchange {
namespace {

using base::Reason;
using base::ReasonOf;

using RequestsTest = ExchangeFixture;

constexpr char kAgency[] = "nortown-yot";

TEST_F(RequestsTest, WhatWasSentTwiceIsFoundAndWhatReusesTheIdIsRefused) {
  const std::string hash = requests_.Hash("ReportFlag", "a report");
  EXPECT_FALSE(requests_.Check(*View(), kAgency, "r-1", hash)->has_value());

  ledger::Operation operation;
  requests_.Record(&operation, kAgency, "r-1", hash, "flag-1", clock_.Now());
  const absl::StatusOr<ledger::Sequenced> sequenced = Submit(std::move(operation));
  ASSERT_TRUE(sequenced.ok()) << sequenced.status();
  Post(kYot);

  Start();  // it outlives a restart
  const auto replay = requests_.Check(*View(), kAgency, "r-1", hash);
  ASSERT_TRUE(replay.ok() && replay->has_value()) << replay.status();
  EXPECT_EQ((*replay)->result(), "flag-1");
  EXPECT_EQ((*replay)->ledger_index(), sequenced->first_index);
  EXPECT_EQ((*replay)->at_s(), absl::ToUnixSeconds(clock_.Now()));

  EXPECT_EQ(
      ReasonOf(
          requests_.Check(*View(), kAgency, "r-1", requests_.Hash("ReportFlag", "another report"))
              .status()),
      Reason::kRequestIdReused);
  EXPECT_EQ(
      ReasonOf(requests_.Check(*View(), kAgency, "r-1", requests_.Hash("RecordConsent", "a report"))
                   .status()),
      Reason::kRequestIdReused);
  // Another agency's ids are its own.
  EXPECT_FALSE(requests_.Check(*View(), "nortown-yo", "r-1", hash)->has_value());
  EXPECT_FALSE(requests_.Check(*View(), kAgency, "r-12", hash)->has_value());
}

TEST_F(RequestsTest, HashIsKeyedAndKnowsWhereTheMethodEnds) {
  EXPECT_EQ(requests_.Hash("a", "bc"), requests_.Hash("a", "bc"));
  EXPECT_NE(requests_.Hash("a", "bc"), requests_.Hash("ab", "c"));
  const Requests other(base::SecretKey::Generate(&random_));
  EXPECT_NE(requests_.Hash("a", "bc"), other.Hash("a", "bc"));
}

TEST_F(RequestsTest, RequestIdsHaveAFormAndALimit) {
  const std::string hash = requests_.Hash("m", "c");
  const auto reason = [&](const std::string& id) {
    return ReasonOf(requests_.Check(*View(), kAgency, id, hash).status());
  };
  EXPECT_EQ(reason(std::string(base::kRequestIdBytesMax, 'r')), Reason::kUnspecified);
  EXPECT_EQ(reason(std::string(base::kRequestIdBytesMax + 1, 'r')), Reason::kInvalidField);
  EXPECT_EQ(reason(""), Reason::kInvalidField);
  EXPECT_EQ(reason("a b"), Reason::kInvalidField);
  EXPECT_EQ(reason("a\n"), Reason::kInvalidField);
  EXPECT_EQ(reason("caf\xc3\xa9"), Reason::kInvalidField);
}

TEST_F(RequestsTest, OfTwoThatRaceTheSecondIsTurnedBack) {
  const std::string hash = requests_.Hash("m", "c");
  ledger::Operation first;
  requests_.Record(&first, kAgency, "r-1", hash, "one", clock_.Now());
  ledger::Operation second;
  requests_.Record(&second, kAgency, "r-1", hash, "two", clock_.Now());
  ASSERT_TRUE(Submit(std::move(first)).ok());
  EXPECT_EQ(ReasonOf(Submit(std::move(second)).status()), Reason::kAborted);
  EXPECT_EQ((*requests_.Check(*View(), kAgency, "r-1", hash))->result(), "one");
}

TEST_F(RequestsTest, CommitThatFailsLeavesTheRequestFresh) {
  const std::string hash = requests_.Hash("m", "c");
  store_.FailCommit(1, store::HostileStore::Failure::kFull);
  ledger::Operation operation;
  requests_.Record(&operation, kAgency, "r-1", hash, "one", clock_.Now());
  EXPECT_EQ(ReasonOf(Submit(std::move(operation)).status()), Reason::kStoreFull);
  EXPECT_FALSE(requests_.Check(*View(), kAgency, "r-1", hash)->has_value());
}

// The promise itself, under a storm: 40 copies of one request at once make one change.
TEST_F(RequestsTest, RetryStormHappensOnce) {
  base::ThreadPool pool(4, 1000);
  store_.SetCommitDelay(
      absl::Milliseconds(20));  // so that copies are decided before one is durable
  const std::string hash = requests_.Hash("m", "c");
  std::atomic<int> made = 0;
  std::atomic<int> replayed = 0;
  std::atomic<int> ended = 0;
  constexpr int kCopies = 40;
  for (int i = 0; i < kCopies; ++i) {
    ledger::Transact(
        &pool, &store_, sequencer_.get(),
        [&](const store::View& view) -> absl::StatusOr<ledger::Operation> {
          const auto before = requests_.Check(view, kAgency, "storm", hash);
          if (!before.ok()) return before.status();
          if (before->has_value()) return absl::AlreadyExistsError("replay");
          ledger::Operation operation;
          requests_.Record(&operation, kAgency, "storm", hash, "made", clock_.Now());
          AddEntry(&operation);
          return operation;
        },
        [&](absl::StatusOr<ledger::Sequenced> result) {
          if (result.ok()) ++made;
          if (absl::IsAlreadyExists(result.status())) ++replayed;
          ++ended;
        });
  }
  while (ended < kCopies) std::this_thread::yield();
  pool.Shutdown();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(replayed, kCopies - 1);
  EXPECT_EQ(sequencer_->head().size, 1u);
}

}  // namespace
}  // namespace signpost::exchange
