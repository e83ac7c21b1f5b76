#include "hub/ledger/reader.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/ledger/tree_rows.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/store/store_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using testing::MakeDraft;

constexpr uint64_t kEntries = 1000;

// One ledger of a thousand entries for all tests here, and its leaves hashed a second time from the
// stored bytes.
class ReaderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new Shared;
    std::unique_ptr<Sequencer> sequencer = *shared_->ledgers.Open(shared_->store.get());
    for (uint64_t i = 0; i < kEntries; ++i) {
      Operation operation;
      operation.entries.push_back(MakeDraft(i % 3 == 0 ? "yot" : "cps", absl::StrCat("entry ", i)));
      sequencer->Submit(std::move(operation),
                        [](absl::StatusOr<Sequenced> result) { ASSERT_TRUE(result.ok()); });
    }
    sequencer.reset();
    shared_->view = *shared_->store->NewView();
    tlog::Hasher hasher;
    const std::vector<store::KeyValue> rows =
        *shared_->view->Scan(store::Space::kEntries, "", "", kEntries + 1);
    for (const store::KeyValue& row : rows) {
      shared_->entries.push_back(row.value);
      shared_->leaves.push_back(hasher.Leaf(row.value));
    }
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  // RFC 6962's definition, from the leaves alone.
  static tlog::Hash NaiveRoot(uint64_t from, uint64_t to) {
    tlog::Hasher hasher;
    if (from == to) return hasher.Digest("");
    if (to - from == 1) return shared_->leaves[from];
    uint64_t k = 1;
    while (k * 2 < to - from) k *= 2;
    return hasher.Node(NaiveRoot(from, from + k), NaiveRoot(from + k, to));
  }

  struct Shared {
    testing::Ledgers ledgers;
    std::unique_ptr<store::Store> store = store::NewMemoryStore();
    std::unique_ptr<store::View> view;
    std::vector<std::string> entries;
    std::vector<tlog::Hash> leaves;
  };
  static Shared* shared_;
  LedgerReader reader_{shared_->view.get()};
};

ReaderTest::Shared* ReaderTest::shared_ = nullptr;

TEST_F(ReaderTest, TheHeadIsTheRootOfAllEntries) {
  ASSERT_EQ(shared_->leaves.size(), kEntries);
  EXPECT_EQ(reader_.Head()->size, kEntries);
  EXPECT_EQ(reader_.Head()->root_hash, tlog::HashToString(NaiveRoot(0, kEntries)));
}

TEST_F(ReaderTest, EveryEntryIsProvedAtTheHead) {
  const tlog::Hash root = NaiveRoot(0, kEntries);
  for (uint64_t index = 0; index < kEntries; ++index) {
    const std::vector<tlog::Hash> proof = *reader_.InclusionProof(index, kEntries);
    ASSERT_TRUE(tlog::VerifyInclusion(shared_->leaves[index], index, kEntries, proof, root).ok());
  }
}

TEST_F(ReaderTest, EveryEarlierSizeIsProvedAPrefix) {
  const tlog::Hash root = NaiveRoot(0, kEntries);
  for (uint64_t size = 0; size <= kEntries; size += 13) {
    const tlog::Hash old_root = NaiveRoot(0, size);
    ASSERT_EQ(*reader_.RootAt(size), old_root);
    const std::vector<tlog::Hash> proof = *reader_.ConsistencyProof(size, kEntries);
    ASSERT_TRUE(tlog::VerifyConsistency(size, kEntries, proof, old_root, root).ok()) << size;
  }
}

TEST_F(ReaderTest, ProofsBeyondTheHeadAreRefused) {
  EXPECT_EQ(ReasonOf(reader_.InclusionProof(0, kEntries + 1).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(reader_.InclusionProof(5, 5).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(reader_.ConsistencyProof(1, kEntries + 1).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(reader_.ConsistencyProof(3, 2).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(reader_.RootAt(kEntries + 1).status()), Reason::kInvalidField);
}

TEST_F(ReaderTest, EntriesAreFoundByIndexAndRange) {
  EXPECT_EQ(*reader_.Entry(7), shared_->entries[7]);
  EXPECT_EQ(ReasonOf(reader_.Entry(kEntries).status()), Reason::kNotFound);
  EXPECT_EQ(*reader_.Entries(10, 3),
            std::vector<std::string>(shared_->entries.begin() + 10, shared_->entries.begin() + 13));
  EXPECT_EQ(reader_.Entries(kEntries - 2, 10)->size(), 2u);
  EXPECT_EQ(reader_.Entries(0, base::kPageRowsMax)->size(), kEntries);
  EXPECT_EQ(ReasonOf(reader_.Entries(0, base::kPageRowsMax + 1).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(reader_.Entries(0, 0).status()), Reason::kInvalidField);
}

TEST(ReaderOfADamagedStoreTest, WhatIsMissingBeforeTheEndIsNotTakenForTheEnd) {
  testing::Ledgers ledgers;
  const std::unique_ptr<store::Store> store = store::NewMemoryStore();
  std::unique_ptr<Sequencer> sequencer = *ledgers.Open(store.get());
  for (int i = 0; i < 5; ++i) {
    Operation operation;
    operation.entries.push_back(MakeDraft("yot", "entry"));
    ASSERT_TRUE(sequencer->SubmitAndWait(std::move(operation)).ok());
  }
  sequencer.reset();
  store::Batch damage;
  damage.Delete(store::Space::kEntries, store::KeyU64(4));
  const std::string head =
      **(*store->NewView())->Get(store::Space::kMeta, std::string(store::kFenceKey));
  ASSERT_TRUE(store->Commit(std::move(damage), {head}).ok());
  const std::unique_ptr<store::View> view = *store->NewView();
  const LedgerReader reader(view.get());
  EXPECT_EQ(ReasonOf(reader.Entry(4).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(reader.Entry(5).status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(reader.Entries(3, 2).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(reader.Entries(4, 1).status()), Reason::kDataLoss);
  EXPECT_EQ(reader.Entries(3, 1)->size(), 1u);
  EXPECT_EQ(reader.Entries(5, 1)->size(), 0u);
}

TEST_F(ReaderTest, AReceiptProvesItsEntryToWhoeverHasTheKey) {
  for (const uint64_t index : {uint64_t{0}, uint64_t{511}, kEntries - 1}) {
    const tlog::Proof receipt = *tlog::ParseProof(*reader_.Receipt(index));
    EXPECT_EQ(receipt.index, index);
    const absl::StatusOr<tlog::Checkpoint> checkpoint =
        tlog::VerifyProof(receipt, shared_->entries[index], {shared_->ledgers.verifier});
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    EXPECT_EQ(checkpoint->size, kEntries);
    EXPECT_FALSE(
        tlog::VerifyProof(receipt, shared_->entries[index ^ 1], {shared_->ledgers.verifier}).ok());
  }
  EXPECT_EQ(ReasonOf(reader_.Receipt(kEntries).status()), Reason::kNotFound);
}

TEST_F(ReaderTest, WithoutACheckpointThereIsNoReceiptAndNoExport) {
  const std::unique_ptr<store::Store> empty = store::NewMemoryStore();
  const std::unique_ptr<store::View> view = *empty->NewView();
  const LedgerReader reader(view.get());
  EXPECT_EQ(reader.Head()->size, 0u);
  EXPECT_EQ(ReasonOf(reader.Receipt(0).status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(reader.LatestCheckpoint().status()), Reason::kNotFound);
  base::ScratchFolder directory;
  EXPECT_EQ(ReasonOf(reader.ExportTiles(directory.path(), true)), Reason::kNotFound);
}

TEST_F(ReaderTest, WhatMayBePublishedHoldsNoEntries) {
  base::ScratchFolder directory;
  ASSERT_TRUE(reader_.ExportTiles(directory.path() + "/new", false).ok());
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/new/checkpoint"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/new/tile/0/002"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/new/tile/1/000.p/3"));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/new/tile/entries"));
}

TEST_F(ReaderTest, AMissingNodeIsDataLoss) {
  const std::unique_ptr<store::Store> store = store::NewMemoryStore();
  std::unique_ptr<Sequencer> sequencer = *shared_->ledgers.Open(store.get());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(sequencer->SubmitAndWait(testing::PutOperation("a", absl::StrCat(i))).ok());
  }
  sequencer.reset();
  store::Batch damage;
  damage.Delete(store::Space::kNodes, GroupKey(0, 0));
  ASSERT_TRUE(store::testing::CommitNow(*store, std::move(damage)).ok());
  const std::unique_ptr<store::View> view = *store->NewView();
  const LedgerReader reader(view.get());
  EXPECT_EQ(ReasonOf(reader.InclusionProof(0, 4).status()), Reason::kDataLoss);
  base::ScratchFolder directory;
  EXPECT_EQ(ReasonOf(reader.ExportTiles(directory.path(), true)), Reason::kDataLoss);
}

}  // namespace
}  // namespace signpost::ledger
