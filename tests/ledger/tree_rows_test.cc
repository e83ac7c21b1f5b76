#include "hub/ledger/tree_rows.h"

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/store/memory_store.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/store/store_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using testing::Ledgers;
using testing::MakeDraft;

// A tree in a store, and all its nodes beside it.
class Tree {
 public:
  uint64_t size() const { return frontier_.size(); }
  const std::map<std::pair<int, uint64_t>, tlog::Hash>& nodes() const { return nodes_; }
  const tlog::Frontier& frontier() const { return frontier_; }
  store::Store& store() { return *store_; }

  // In one commit; with `reopen` by a writer that has just been started.
  void Grow(uint64_t leaves, bool reopen) {
    if (reopen) {
      const std::unique_ptr<store::View> view = *store_->NewView();
      TreeReader reader(view.get());
      absl::StatusOr<TreeWriter> opened = TreeWriter::Open(size(), &reader);
      ASSERT_TRUE(opened.ok()) << opened.status();
      writer_ = *std::move(opened);
    }
    for (uint64_t i = 0; i < leaves; ++i) {
      frontier_.Append(hasher_.Leaf(absl::StrCat("leaf ", size())), hasher_,
                       [&](int level, uint64_t index, const tlog::Hash& hash) {
                         writer_.Add(level, index, hash);
                         nodes_[{level, index}] = hash;
                       });
    }
    store::Batch rows;
    writer_.PutFull(&rows);
    writer_.PutGrown(&rows);
    ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(rows)).ok());
  }

  std::vector<store::KeyValue> Rows() const {
    return *(*store_->NewView())->Scan(Space::kNodes, "", "", 10'000);
  }

  void CheckNodes() {
    const std::unique_ptr<store::View> view = *store_->NewView();
    TreeReader reader(view.get());
    for (const auto& [node, hash] : nodes_) {
      const absl::StatusOr<tlog::Hash> read = reader.Node(node.first, node.second);
      ASSERT_TRUE(read.ok()) << read.status();
      ASSERT_EQ(*read, hash) << node.first << "/" << node.second << " of " << size();
    }
    for (int level = 0; level < 12; ++level) {
      EXPECT_EQ(ReasonOf(reader.Node(level, size() >> level).status()), Reason::kDataLoss);
    }
  }

 private:
  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  tlog::Hasher hasher_;
  tlog::Frontier frontier_;
  TreeWriter writer_;
  std::map<std::pair<int, uint64_t>, tlog::Hash> nodes_;
};

TEST(TreeRowsTest, EveryNodeIsThereAtEverySize) {
  Tree tree;
  while (tree.size() < 300) {
    tree.Grow(1, false);
    ASSERT_NO_FATAL_FAILURE(tree.CheckNodes());
  }
}

TEST(TreeRowsTest, HoweverItIsGrownItIsTheSame) {
  std::map<std::string, std::string> first;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Tree tree;
    while (tree.size() < 5000) {
      const uint64_t most = random() % 3 == 0 ? 700 : 20;
      tree.Grow(std::min<uint64_t>(1 + random() % most, 5000 - tree.size()), random() % 2 == 0);
    }
    ASSERT_NO_FATAL_FAILURE(tree.CheckNodes());
    std::map<std::string, std::string> rows;
    for (const store::KeyValue& row : tree.Rows()) rows[row.key] = row.value;
    // 313 groups of leaves, 20 of the level sixteen times above, 2, 1.
    EXPECT_EQ(rows.size(), 313u + 20 + 2 + 1);
    if (seed == 1) first = rows;
    EXPECT_EQ(rows, first) << seed;
  }
}

TEST(TreeRowsTest, RunsOfNodesAreThoseOneByOne) {
  Tree tree;
  tree.Grow(1000, false);
  const std::unique_ptr<store::View> view = *tree.store().NewView();
  TreeReader reader(view.get());
  for (int level = 0; level < 9; ++level) {
    const uint64_t there = tree.size() >> level;
    for (uint64_t first = 0; first < there; first += 7) {
      const int count = static_cast<int>(std::min<uint64_t>(37, there - first));
      const std::vector<tlog::Hash> run = *reader.Nodes(level, first, count);
      ASSERT_EQ(run.size(), static_cast<size_t>(count));
      for (size_t i = 0; i < run.size(); ++i) {
        EXPECT_EQ(run[i], tree.nodes().at({level, first + i}));
      }
    }
    EXPECT_EQ(ReasonOf(reader.Nodes(level, there - 1, 2).status()), Reason::kDataLoss);
  }
}

TEST(TreeRowsTest, ARowThatDoesNotReadIsDataLoss) {
  Tree tree;
  tree.Grow(40, false);
  const std::string key = GroupKey(0, 2);
  const std::string row = **(*tree.store().NewView())->Get(Space::kNodes, key);
  const auto with = [&](std::optional<std::string> value) {
    store::Batch batch;
    if (value.has_value()) {
      batch.Put(Space::kNodes, key, *std::move(value));
    } else {
      batch.Delete(Space::kNodes, key);
    }
    EXPECT_TRUE(store::testing::CommitNow(tree.store(), std::move(batch)).ok());
    const std::unique_ptr<store::View> view = *tree.store().NewView();
    TreeReader reader(view.get());
    const Reason node = ReasonOf(reader.Node(0, 39).status());
    const Reason open = ReasonOf(TreeWriter::Open(40, &reader).status());
    EXPECT_EQ(node, open);
    return open;
  };
  EXPECT_EQ(with(std::nullopt), Reason::kDataLoss);
  EXPECT_EQ(with(""), Reason::kDataLoss);
  EXPECT_EQ(with(row.substr(0, 1)), Reason::kDataLoss);
  EXPECT_EQ(with("\x02" + row.substr(1)), Reason::kDataLoss);
  EXPECT_EQ(with(row.substr(0, 1 + 32 * 8)), Reason::kDataLoss);
  // One that grew further than the head says.
  const std::string longer = row + std::string(32, 'h');
  store::Batch batch;
  batch.Put(Space::kNodes, key, longer);
  ASSERT_TRUE(store::testing::CommitNow(tree.store(), std::move(batch)).ok());
  const std::unique_ptr<store::View> view = *tree.store().NewView();
  TreeReader reader(view.get());
  EXPECT_EQ(ReasonOf(TreeWriter::Open(40, &reader).status()), Reason::kDataLoss);
}

// --- Under a whole ledger ---

class CountingView final : public store::View {
 public:
  explicit CountingView(const store::View* view) : view_(view) {}
  uint64_t revision() const override { return view_->revision(); }
  absl::StatusOr<std::optional<std::string>> Get(Space space,
                                                 const std::string& key) const override {
    ++reads;
    return view_->Get(space, key);
  }
  absl::StatusOr<std::vector<store::KeyValue>> Scan(Space space, const std::string& from,
                                                    const std::string& to,
                                                    int rows_max) const override {
    ++reads;
    return view_->Scan(space, from, to, rows_max);
  }
  mutable int reads = 0;

 private:
  const store::View* const view_;
};

class LedgerOnRowsTest : public ::testing::Test {
 protected:
  void Append(int entries) {
    const std::unique_ptr<Sequencer> sequencer = *ledgers_.Open(store_.get());
    for (int i = 0; i < entries; ++i) {
      Operation operation;
      operation.entries.push_back(MakeDraft("yot", "x"));
      sequencer->Submit(std::move(operation),
                        [](absl::StatusOr<Sequenced> result) { ASSERT_TRUE(result.ok()); });
    }
  }
  void CheckProofs() {
    const std::unique_ptr<store::View> view = *store_->NewView();
    const LedgerReader reader(view.get());
    const uint64_t size = reader.Head()->size;
    tlog::Hasher hasher;
    for (const uint64_t at : {size, size - 1, size / 2 + 1}) {
      const tlog::Hash root = *reader.RootAt(at);
      for (uint64_t index = 0; index < at; index += 3) {
        const tlog::Hash leaf = hasher.Leaf(*reader.Entry(index));
        const std::vector<tlog::Hash> proof = *reader.InclusionProof(index, at);
        ASSERT_TRUE(tlog::VerifyInclusion(leaf, index, at, proof, root).ok());
        ASSERT_TRUE(tlog::VerifyConsistency(index, at, *reader.ConsistencyProof(index, at),
                                            *reader.RootAt(index), root)
                        .ok());
      }
    }
  }

  Ledgers ledgers_;
  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
};

TEST_F(LedgerOnRowsTest, EveryProofVerifiesHoweverOftenItWasReopened) {
  Append(345);
  CheckProofs();
  Append(1);
  CheckProofs();
  Append(400);
  CheckProofs();
}

TEST_F(LedgerOnRowsTest, AProofReadsARowForFourLevels) {
  Append(4000);  // twelve levels
  const std::unique_ptr<store::View> view = *store_->NewView();
  for (uint64_t index = 0; index < 4000; index += 61) {
    const CountingView counting(view.get());
    const LedgerReader reader(&counting);
    ASSERT_TRUE(reader.InclusionProof(index, 4000).ok());
    EXPECT_LE(counting.reads, 1 + 3);
    counting.reads = 0;
    ASSERT_TRUE(reader.ConsistencyProof(index, 4000).ok());
    EXPECT_LE(counting.reads, 1 + 3 + 3);  // where the old tree ends and what is next to it
  }
}

TEST_F(LedgerOnRowsTest, ANodeThatIsAnotherIsNeverInAProof) {
  Append(100);
  std::string row = **(*store_->NewView())->Get(Space::kNodes, GroupKey(0, 1));
  row[40] = static_cast<char>(row[40] ^ 1);  // entry 17
  store::Batch damage;
  damage.Put(Space::kNodes, GroupKey(0, 1), row);
  ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(damage)).ok());
  const std::unique_ptr<store::View> view = *store_->NewView();
  const LedgerReader reader(view.get());
  EXPECT_EQ(ReasonOf(reader.InclusionProof(16, 100).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(reader.InclusionProof(17, 100).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(reader.ConsistencyProof(17, 100).status()), Reason::kDataLoss);
  EXPECT_TRUE(reader.InclusionProof(18, 100).ok());
  EXPECT_TRUE(reader.ConsistencyProof(32, 100).ok());
}

}  // namespace
}  // namespace signpost::ledger
