#include "hub/operations/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "hub/ledger/reader.h"
#include "hub/store/memory_store.h"
#include "tests/ledger/entry_for_test.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::operations {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const operations::Retention kThirtyDays = {{ledger::v1::ENTRY_KIND_WHO_KNOWS, 30},
                                           {ledger::v1::ENTRY_KIND_DELIVERY, 10}};

class RetentionTest : public ::testing::Test {
 protected:
  // One entry of `kind`, now; returns its index.
  uint64_t Add(ledger::v1::EntryKind kind) {
    ledger::Operation operation;
    operation.entries.push_back(ledger::ToDraft(ledger::EntryForTest(kind)));
    return sequencer_->SubmitAndWait(std::move(operation)).value().first_index;
  }
  void Days(int days) { ledgers_.clock.Advance(absl::Hours(24 * days)); }
  operations::PruneBatch Plan(const operations::Retention& retention, uint64_t first_index = 0,
                              size_t entries_max = 100) {
    const auto view = store_->NewView();
    return operations::PlanPrune(**view, retention, ledgers_.clock.Now(), first_index, entries_max)
        .value();
  }

  ledger::testing::Ledgers ledgers_;
  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  std::unique_ptr<ledger::Sequencer> sequencer_ = *ledgers_.Open(store_.get());
};

TEST_F(RetentionTest, WhatIsOlderThanItsKindIsKeptGoesToTheMicrosecond) {
  const uint64_t old = Add(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  Add(ledger::v1::ENTRY_KIND_FIND);  // kept for ever
  Days(20);
  Add(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  const uint64_t delivery = Add(ledger::v1::ENTRY_KIND_DELIVERY);
  Days(10);
  Add(ledger::v1::ENTRY_KIND_HUB);
  EXPECT_THAT(Plan(kThirtyDays).operation.prune, IsEmpty()) << "thirty days and ten, and no more";
  ledgers_.clock.Advance(absl::Microseconds(1));
  const operations::PruneBatch batch = Plan(kThirtyDays);
  EXPECT_THAT(batch.operation.prune, ElementsAre(old, delivery));
  EXPECT_THAT(batch.counts, ElementsAre(Pair(ledger::v1::ENTRY_KIND_WHO_KNOWS, 1),
                                        Pair(ledger::v1::ENTRY_KIND_DELIVERY, 1)));
  EXPECT_EQ(batch.pruned.ShortDebugString(),
            "kinds { kind: ENTRY_KIND_WHO_KNOWS ranges { } } "
            "kinds { kind: ENTRY_KIND_DELIVERY ranges { first: 3 last: 3 } }");
  EXPECT_FALSE(batch.more);
  EXPECT_TRUE(batch.operation.batch.empty()) << "that there was an entry stays known";
  EXPECT_THAT(Plan({}).operation.prune, IsEmpty()) << "without a retention everything is kept";
}

TEST_F(RetentionTest, TheNewestEntryStaysAndSoDoWhatOthersRestOn) {
  Add(ledger::v1::ENTRY_KIND_PERSON_ERASED);
  Add(ledger::v1::ENTRY_KIND_RESTORED);
  Add(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  Days(100);
  EXPECT_THAT(Plan({{ledger::v1::ENTRY_KIND_PERSON_ERASED, 1},
                    {ledger::v1::ENTRY_KIND_RESTORED, 1},
                    {ledger::v1::ENTRY_KIND_WHO_KNOWS, 1}})
                  .operation.prune,
              IsEmpty());
  Add(ledger::v1::ENTRY_KIND_HUB);
  EXPECT_THAT(Plan({{ledger::v1::ENTRY_KIND_WHO_KNOWS, 1}}).operation.prune, ElementsAre(2));
  EXPECT_FALSE(operations::MayBePruned(ledger::v1::ENTRY_KIND_PRUNED));
}

// The act is remembered with the commit that is the last, so whether one is must be known.
TEST_F(RetentionTest, MoreIsSaidExactlyWhenThereIsMore) {
  for (int i = 0; i < 7; ++i) Add(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  for (int i = 0; i < 5; ++i) Add(ledger::v1::ENTRY_KIND_FIND);
  Days(31);
  for (const size_t entries_max : {1, 3, 6, 7, 8}) {
    std::vector<uint64_t> all;
    uint64_t next = 0;
    size_t batches = 0;
    for (bool more = true; more; ++batches) {
      const operations::PruneBatch batch = Plan(kThirtyDays, next, entries_max);
      ASSERT_FALSE(batch.operation.prune.empty()) << "a batch of nothing, at " << entries_max;
      all.insert(all.end(), batch.operation.prune.begin(), batch.operation.prune.end());
      next = batch.next_index;
      more = batch.more;
    }
    EXPECT_THAT(all, ElementsAre(0, 1, 2, 3, 4, 5, 6)) << entries_max;
    EXPECT_EQ(batches, (7 + entries_max - 1) / entries_max);
  }
}

TEST_F(RetentionTest, WhatIsGoneIsNotPlannedAgain) {
  Add(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  Add(ledger::v1::ENTRY_KIND_WHO_KNOWS);
  Add(ledger::v1::ENTRY_KIND_FIND);
  Days(31);
  operations::PruneBatch batch = Plan(kThirtyDays);
  ledger::v1::LedgerEntry entry = ledger::EntryForTest(ledger::v1::ENTRY_KIND_PRUNED);
  *entry.mutable_pruned() = batch.pruned;
  batch.operation.entries.push_back(ledger::ToDraft(entry));
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(batch.operation)).ok());
  EXPECT_THAT(Plan(kThirtyDays).operation.prune, IsEmpty());
}

}  // namespace
}  // namespace signpost::operations
