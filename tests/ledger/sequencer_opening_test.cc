// Checkpoints: what a sequencer publishes, and what it finds at its start against what was.

#include "hub/ledger/sequencer.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/tree_rows.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/ledger/sequencer_fixture.h"
#include "tests/store/store_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using testing::MakeDraft;
using testing::PutOperation;

TEST_F(SequencerTest, ACheckpointIsSignedAndOfTheRootAtItsSize) {
  Open();
  EXPECT_EQ(tlog::OpenCheckpoint(*sequencer_->Checkpoint(), {ledgers_.verifier})->size, 0u);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", absl::StrCat(i))).ok());
  }
  const tlog::Checkpoint checkpoint =
      *tlog::OpenCheckpoint(*sequencer_->Checkpoint(), {ledgers_.verifier});
  EXPECT_EQ(checkpoint.origin, testing::kOrigin);
  EXPECT_EQ(checkpoint.size, 5u);
  EXPECT_EQ(tlog::HashToString(checkpoint.root), sequencer_->head().root_hash);
  EXPECT_EQ(*sequencer_->Checkpoint(), *sequencer_->Checkpoint());
}

TEST_F(SequencerTest, PublishesByItselfUnderTrafficAndKeepsTheHistory) {
  ledgers_.options.checkpoint_interval = absl::Milliseconds(20);
  Open();
  for (uint64_t size = 1; size <= 3; ++size) {
    ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", absl::StrCat(size))).ok());
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    bool published = false;
    while (!published && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(5));
      published = Get(Space::kCheckpoints, store::KeyU64(size)).has_value();
    }
    ASSERT_TRUE(published);
  }
  EXPECT_EQ(LedgerReader((*inner_->NewView()).get()).Checkpoints(0, 10)->size(), 3u);
  EXPECT_EQ(LedgerReader((*inner_->NewView()).get()).Checkpoints(2, 10)->size(), 2u);
}

TEST_F(SequencerTest, ALedgerThatWentBackwardsIsRefused) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  sequencer_.reset();
  const std::optional<std::string> old_head = Get(Space::kMeta, "ledger/head");
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "2")).ok());
  sequencer_.reset();  // publishes a checkpoint of two
  store::Batch batch;
  batch.Put(Space::kMeta, "ledger/head", *old_head);
  ASSERT_TRUE(store::testing::CommitNow(*inner_, std::move(batch)).ok());
  EXPECT_EQ(OpenFails(), Reason::kLedgerBehind);
}

TEST_F(SequencerTest, AStorePutBackAsAWholeIsFoundByTheCheckpointKeptOutside) {
  base::ScratchFolder directory;
  ledgers_.options.checkpoint_file = directory.path() + "/checkpoint";
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  store_.StopSyncing();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "2")).ok());
  sequencer_.reset();
  store_.LoseUnsynced();
  EXPECT_EQ(OpenFails(), Reason::kLedgerBehind);
  // Without the file the store alone looks sound: that is what the file is for.
  ledgers_.options.checkpoint_file.clear();
  Open();
  EXPECT_EQ(sequencer_->head().size, 1u);
}

TEST_F(SequencerTest, AStoreOfAnotherHistoryIsRefused) {
  base::ScratchFolder directory;
  ledgers_.options.checkpoint_file = directory.path() + "/checkpoint";
  Open();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", absl::StrCat(i))).ok());
  }
  sequencer_.reset();

  std::unique_ptr<store::Store> fork = store::NewMemoryStore();
  ledgers_.options.checkpoint_file.clear();
  std::unique_ptr<Sequencer> other = *ledgers_.Open(fork.get());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(other->SubmitAndWait(PutOperation("b", absl::StrCat(i))).ok());
  }
  other.reset();
  ledgers_.options.checkpoint_file = directory.path() + "/checkpoint";
  EXPECT_EQ(ReasonOf(ledgers_.Open(fork.get()).status()), Reason::kLedgerBehind);
}

TEST_F(SequencerTest, ACheckpointFileOfAnotherKeyOrOriginIsRefused) {
  base::ScratchFolder directory;
  ledgers_.options.checkpoint_file = directory.path() + "/checkpoint";
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  sequencer_.reset();
  ledgers_.options.origin = "another.example/ledger";
  EXPECT_EQ(OpenFails(), Reason::kDataLoss);
  ledgers_.options.origin = testing::kOrigin;
  ledgers_.keys = *tlog::GenerateNoteKey(testing::kOrigin);
  ledgers_.signer = *tlog::NewNoteSigner(ledgers_.keys.signer_key);
  EXPECT_EQ(OpenFails(), Reason::kDataLoss);
}

TEST_F(SequencerTest, AMissingCheckpointFileIsWrittenAtStart) {
  base::ScratchFolder directory;
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  const std::string note = *sequencer_->Checkpoint();
  sequencer_.reset();
  ledgers_.options.checkpoint_file = directory.path() + "/checkpoint";
  Open();
  std::ifstream file(ledgers_.options.checkpoint_file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), note);
}

TEST_F(SequencerTest, ACheckpointFileThatCannotBeWrittenStopsNoTraffic) {
  ledgers_.options.checkpoint_file = "/no/such/directory/checkpoint";
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  EXPECT_EQ(ReasonOf(sequencer_->Checkpoint().status()), Reason::kStoreUnavailable);
  EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "2")).ok());
}

TEST_F(SequencerTest, AStoreWhoseRowsDoNotBelongTogetherIsRefused) {
  Open();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", absl::StrCat(i))).ok());
  }
  sequencer_.reset();
  const auto damaged = [&](Space space, const std::string& key, std::optional<std::string> value) {
    const std::optional<std::string> before = Get(space, key);
    store::Batch damage, repair;
    if (value.has_value()) {
      damage.Put(space, key, *value);
    } else {
      damage.Delete(space, key);
    }
    if (before.has_value()) {
      repair.Put(space, key, *before);
    } else {
      repair.Delete(space, key);
    }
    EXPECT_TRUE(store::testing::CommitNow(*inner_, std::move(damage)).ok());
    const Reason reason = OpenFails();
    EXPECT_TRUE(store::testing::CommitNow(*inner_, std::move(repair)).ok());
    return reason;
  };
  EXPECT_EQ(damaged(Space::kMeta, "ledger/head", "nonsense"), Reason::kDataLoss);
  EXPECT_EQ(damaged(Space::kEntries, store::KeyU64(5), std::nullopt), Reason::kDataLoss);
  EXPECT_EQ(damaged(Space::kEntries, store::KeyU64(5), "another"), Reason::kDataLoss);
  EXPECT_EQ(damaged(Space::kEntries, store::KeyU64(6), "one more"), Reason::kDataLoss);
  EXPECT_EQ(damaged(Space::kNodes, GroupKey(0, 0), std::nullopt), Reason::kDataLoss);
  const std::string group = *Get(Space::kNodes, GroupKey(0, 0));
  for (const std::string& other : {std::string(), group.substr(0, group.size() - 1),
                                   group + std::string(32, 'h'), "\x02" + group.substr(1)}) {
    EXPECT_EQ(damaged(Space::kNodes, GroupKey(0, 0), other), Reason::kDataLoss);
  }
  // A hash that is another one is no longer what was published.
  EXPECT_EQ(damaged(Space::kNodes, GroupKey(0, 0), group.substr(0, group.size() - 1) + "x"),
            Reason::kLedgerBehind);
  EXPECT_EQ(damaged(Space::kMeta, "ledger/checkpoint", "no note"), Reason::kDataLoss);
  Open();
  EXPECT_EQ(sequencer_->head().size, 6u);
}

// Reads of a start, counted: the same for a thousand entries as for a handful, but for the height.
TEST_F(SequencerTest, StartingReadsNoMoreForALongLedger) {
  const auto reads_to_open = [&] {
    for (int reads = 1;; ++reads) {
      store_.FailRead(reads);
      const bool opened = ledgers_.Open(&store_).ok();
      store_.FailRead(0);
      if (opened) return reads - 1;
    }
  };
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  sequencer_.reset();
  const int reads_short = reads_to_open();
  Open();
  for (int i = 0; i < 1023; ++i) {
    Operation operation;
    operation.entries.push_back(MakeDraft("yot", "x"));
    sequencer_->Submit(std::move(operation), [](absl::StatusOr<Sequenced>) {});
  }
  sequencer_.reset();
  ASSERT_EQ(StoredSize(), 1024u);
  EXPECT_LE(reads_to_open(), reads_short + 10);
}

}  // namespace
}  // namespace signpost::ledger
