#include "hub/ledger/sequencer.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/ledger/reader.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/ledger/sequencer_fixture.h"
#include "tests/store/store_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using testing::Body;
using testing::MakeDraft;
using testing::PutOperation;

TEST_F(SequencerTest, AnEmptyLedgerHasTheEmptyRoot) {
  Open();
  EXPECT_EQ(sequencer_->head().size, 0u);
  tlog::Hasher hasher;
  EXPECT_EQ(sequencer_->head().root_hash, tlog::HashToString(hasher.Digest("")));
}

TEST_F(SequencerTest, AnOperationIsDurableWithItsEntryOrNotAtAll) {
  Open();
  const absl::StatusOr<Sequenced> result = sequencer_->SubmitAndWait(PutOperation("a", "1"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->first_index, 0u);
  EXPECT_EQ(result->permit.ledger_index(), 0u);
  EXPECT_EQ(result->sequenced_at, ledgers_.clock.Now());
  EXPECT_EQ(Get(Space::kPeople, "a"), "1");
  EXPECT_EQ(StoredSize(), 1u);
  const std::string entry = *Get(Space::kEntries, store::KeyU64(0));
  tlog::Hasher hasher;
  ASSERT_EQ(result->permit.size(), 1u);
  EXPECT_EQ(result->permit.leaf_hash(0), tlog::HashToString(hasher.Leaf(entry)));
  EXPECT_EQ(entry.substr(0, Body("yot", "a=1").size()), Body("yot", "a=1"))
      << "the body is stored verbatim in front";
}

TEST_F(SequencerTest, EntriesCarryIndexTimeAndAGaplessCounterPerAgency) {
  Open();
  Operation operation;
  operation.entries = {MakeDraft("yot", "x"), MakeDraft("cps", "y"), MakeDraft("yot", "z"),
                       MakeDraft("", "hub")};
  const Sequenced first = *sequencer_->SubmitAndWait(std::move(operation));
  EXPECT_EQ(first.permit.size(), 4u);
  ledgers_.clock.Advance(absl::Seconds(5));
  ASSERT_EQ(sequencer_->SubmitAndWait(PutOperation("a", "1", "yot"))->first_index, 4u);
  const struct {
    std::string agency;
    uint64_t counter;
  } want[] = {{"yot", 1}, {"cps", 1}, {"yot", 2}, {"", 1}, {"yot", 3}};
  for (uint64_t i = 0; i < std::size(want); ++i) {
    const tlog::EntryFields fields = Fields(i);
    EXPECT_EQ(fields.index, i);
    EXPECT_EQ(std::string(fields.agency_id), want[i].agency);
    EXPECT_EQ(fields.agency_counter, want[i].counter) << i;
  }
  EXPECT_EQ(Fields(4).sequenced_at_us - Fields(3).sequenced_at_us, 5'000'000);
}

TEST_F(SequencerTest, TimeNeverRunsBackInTheLedger) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  ledgers_.clock.Advance(-absl::Hours(1));
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "2")).ok());
  sequencer_.reset();
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "3")).ok());
  EXPECT_EQ(Fields(1).sequenced_at_us, Fields(0).sequenced_at_us);
  EXPECT_EQ(Fields(2).sequenced_at_us, Fields(0).sequenced_at_us);
}

TEST_F(SequencerTest, GoesOnWhereItStoppedAfterARestart) {
  for (uint64_t round = 0; round < 5; ++round) {
    Open();
    EXPECT_EQ(sequencer_->head().size, round * 7);
    for (int i = 0; i < 7; ++i) {
      ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", absl::StrCat(round, i))).ok());
    }
    sequencer_.reset();
  }
  EXPECT_EQ(Fields(34).index, 34u);
  EXPECT_EQ(Fields(34).agency_counter, 35u);
}

TEST_F(SequencerTest, RowsKeyedByTheIndexAreInTheSameCommit) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  Operation operation = PutOperation("b", "1");
  operation.with_index = [](uint64_t first_index, store::Batch& batch) {
    batch.Put(Space::kMailboxes, store::KeyU64(first_index), "message");
  };
  const int commits = store_.commits();
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  EXPECT_EQ(store_.commits(), commits + 1);
  EXPECT_EQ(Get(Space::kMailboxes, store::KeyU64(1)), "message");
}

TEST_F(SequencerTest, ManyWaitingOperationsShareOneCommit) {
  Open();
  absl::BlockingCounter left(101);
  const auto done = [&](absl::StatusOr<Sequenced> result) {
    EXPECT_TRUE(result.ok());
    left.DecrementCount();
  };
  HoldTheWriterIn(PutOperation("first", "1"), done);
  for (int i = 0; i < 100; ++i) sequencer_->Submit(PutOperation(absl::StrCat(i), "1"), done);
  store_.ReleaseCommit();
  left.Wait();
  EXPECT_EQ(store_.commits(), 2);
  EXPECT_EQ(sequencer_->head().size, 101u);
}

TEST_F(SequencerTest, OperationsAreSequencedInTheOrderOfSubmission) {
  ledgers_.options.operations_per_commit_max = 7;
  Open();
  std::vector<uint64_t> indices;  // written on the completion thread, read after the last
  absl::BlockingCounter left(200);
  for (int i = 0; i < 200; ++i) {
    sequencer_->Submit(PutOperation("k", absl::StrCat(i)), [&](absl::StatusOr<Sequenced> result) {
      indices.push_back(result->first_index);
      left.DecrementCount();
    });
  }
  left.Wait();
  for (uint64_t i = 0; i < 200; ++i) ASSERT_EQ(indices[i], i);
  EXPECT_EQ(Get(Space::kPeople, "k"), "199");
}

// --- What operations rest on ---

// Judged against operations still in the same batch, not only against what is durable.
TEST_F(SequencerTest, OfManyThatWantOneRowExactlyOneWins) {
  Open();
  std::atomic<int> won{0}, aborted{0};
  absl::BlockingCounter left(51);
  HoldTheWriterIn(PutOperation("first", "1"),
                  [&](absl::StatusOr<Sequenced>) { left.DecrementCount(); });
  for (int i = 0; i < 50; ++i) {
    Operation operation = PutOperation("prize", absl::StrCat(i));
    operation.batch.Put(Space::kRegistry, absl::StrCat("trace", i), "here");
    operation = Resting("prize", std::move(operation));
    sequencer_->Submit(std::move(operation), [&](absl::StatusOr<Sequenced> result) {
      if (result.ok()) {
        ++won;
      } else {
        EXPECT_EQ(ReasonOf(result.status()), Reason::kAborted);
        ++aborted;
      }
      left.DecrementCount();
    });
  }
  store_.ReleaseCommit();
  left.Wait();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(aborted, 49);
  EXPECT_EQ(Get(Space::kPeople, "prize"), "0") << "the first that came";
  EXPECT_EQ(sequencer_->head().size, 2u) << "the aborted left no entry";
  EXPECT_EQ(Get(Space::kRegistry, "trace0"), "here");
  for (int i = 1; i < 50; ++i)
    EXPECT_EQ(Get(Space::kRegistry, absl::StrCat("trace", i)), std::nullopt);
}

TEST_F(SequencerTest, AnOperationThatRestsOnWhatWasWrittenSinceIsAborted) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("row", "1")).ok());
  const Operation read_before = Resting("row", PutOperation("copy", "of 1"));
  const Operation of_another = Resting("other", PutOperation("x", "1"));
  ReadSet reads = read_before.reads, unrelated = of_another.reads;
  // Writing the same again counts: nobody compares values.
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("row", "1")).ok());
  Operation stale = PutOperation("copy", "of 1");
  stale.reads = reads;
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(stale)).status()), Reason::kAborted);
  EXPECT_EQ(Get(Space::kPeople, "copy"), std::nullopt);
  Operation fresh = PutOperation("x", "1");
  fresh.reads = unrelated;
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(fresh)).ok());
  EXPECT_TRUE(sequencer_->SubmitAndWait(Resting("row", PutOperation("copy", "of 1"))).ok());
}

TEST_F(SequencerTest, ARowThatAppearsInARangeThatWasReadIsFound) {
  Open();
  Operation counted = PutOperation("count", "0");
  counted.reads.AddRange(Space::kPeople, "child/", "child0", Revision());
  Operation beside = PutOperation("count", "0");
  beside.reads.AddRange(Space::kPeople, "child0", "", Revision());
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("child/7", "new")).ok());
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(counted)).status()), Reason::kAborted);
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(beside)).ok());
}

TEST_F(SequencerTest, WhatAnIndexHookWroteCounts) {
  Open();
  Operation looked = PutOperation("x", "1");
  looked.reads.AddRow(Space::kMailboxes, "mail", Revision());
  Operation hooked = PutOperation("y", "1");
  hooked.with_index = [](uint64_t, store::Batch& batch) {
    batch.Put(Space::kMailboxes, "mail", "new");
  };
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(hooked)).ok());
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(looked)).status()), Reason::kAborted);
}

TEST_F(SequencerTest, WhatWasAbortedOrNotKeptDoesNotCount) {
  Open();
  const uint64_t before = Revision();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  Operation aborted = PutOperation("b", "1");
  aborted.reads.AddRow(Space::kPeople, "a", before);
  ASSERT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(aborted)).status()), Reason::kAborted);
  store_.FailCommit(1, store::HostileStore::Failure::kFull);
  ASSERT_EQ(ReasonOf(sequencer_->SubmitAndWait(PutOperation("b", "1")).status()),
            Reason::kStoreFull);
  Operation on_b = PutOperation("c", "1");
  on_b.reads.AddRow(Space::kPeople, "b", before);
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(on_b)).ok());
}

TEST_F(SequencerTest, AReadFromBeforeTheStartIsTooOld) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  const Operation read_before = Resting("never written", PutOperation("b", "1"));
  ReadSet reads = read_before.reads;
  sequencer_.reset();  // and a checkpoint
  Open();
  Operation operation = PutOperation("b", "1");
  operation.reads = reads;
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(operation)).status()), Reason::kAborted);
  EXPECT_TRUE(sequencer_->SubmitAndWait(Resting("never written", PutOperation("b", "1"))).ok());
}

TEST_F(SequencerTest, JudgingReadsNothingFromTheStore) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1", "cps")).ok());
  store_.FailRead(1);
  Operation operation = Resting("a", PutOperation("a", "2", "an agency that was never counted"));
  operation.reads.AddRange(Space::kRegistry, "", "", Revision());
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  EXPECT_FALSE(store_.NewView().ok()) << "the read that was to fail is still to come";
}

TEST_F(SequencerTest, ReadsAreCountedAtTheLimitAndOnePast) {
  Open();
  Operation most = PutOperation("a", "1");
  for (size_t i = 0; i < base::kReadsPerOperationMax; ++i) {
    most.reads.AddRow(Space::kPeople, absl::StrCat(i), Revision());
  }
  Operation too_many = PutOperation("a", "1");
  too_many.reads = most.reads;
  too_many.reads.AddRange(Space::kPeople, "", "", Revision());
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(most)).ok());
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(too_many)).status()),
            Reason::kInvalidField);
}

// --- Who follows ---

// How many entries it has seen, and whether it is asked to dawdle.
class Counting final : public store::Follower {
 public:
  absl::Status Begin(const store::View& view) override {
    entries = LedgerReader(&view).Head()->size;
    return absl::OkStatus();
  }
  absl::Status Take(const store::PublishedCommit& commit) override {
    absl::SleepFor(dawdle);
    for (const store::Batch::Operation& row : commit.rows.operations()) {
      if (row.space == Space::kEntries) ++entries;
    }
    return absl::OkStatus();
  }
  std::atomic<uint64_t> entries{0};
  absl::Duration dawdle;
};

TEST_F(SequencerTest, WhoIsToldFindsFollowersWhereTheLedgerIs) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  Counting counting;
  counting.dawdle = absl::Milliseconds(1);
  const std::unique_ptr<store::Following> following = *sequencer_->Follow(&counting);
  EXPECT_EQ(counting.entries, 1u);
  absl::BlockingCounter left(200);
  for (int i = 0; i < 200; ++i) {
    sequencer_->Submit(PutOperation("k", absl::StrCat(i)), [&](absl::StatusOr<Sequenced> result) {
      EXPECT_GT(counting.entries, result->first_index);
      left.DecrementCount();
    });
  }
  left.Wait();
  EXPECT_EQ(counting.entries, 201u);
  EXPECT_TRUE(sequencer_->followers_status().ok());
}

TEST_F(SequencerTest, WhoIsAbortedFindsFollowersBehindWhatAbortedThem) {
  Open();
  Counting counting;
  counting.dawdle = absl::Milliseconds(5);
  const std::unique_ptr<store::Following> following = *sequencer_->Follow(&counting);
  Operation stale = Resting("a", PutOperation("b", "1"));
  sequencer_->Submit(PutOperation("a", "1"), [](absl::StatusOr<Sequenced>) {});
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(stale)).status()), Reason::kAborted);
  EXPECT_EQ(counting.entries, 1u);
}

// Refuses to begin until it is mended.
class Broken final : public store::Follower {
 public:
  absl::Status Begin(const store::View& /*view*/) override {
    if (broken) return base::Error(Reason::kDataLoss, "a row does not read");
    if (begun++ > 0) mended.Notify();
    return absl::OkStatus();
  }
  absl::Status Take(const store::PublishedCommit& /*commit*/) override {
    return broken ? base::Error(Reason::kDataLoss, "a row does not read") : absl::OkStatus();
  }
  void FellBehind(const absl::Status& /*why*/) override { ++fell_behind; }
  std::atomic<bool> broken{false};
  std::atomic<int> begun{0};
  std::atomic<int> fell_behind{0};
  absl::Notification mended;
};

TEST_F(SequencerTest, AFollowerThatFellBehindIsBegunAgainThoughNobodyCommits) {
  ledgers_.options.followers_retry_interval = absl::Milliseconds(1);
  Open();
  Broken follower;
  const std::unique_ptr<store::Following> following = *sequencer_->Follow(&follower);
  follower.broken = true;
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok())
      << "it is durable all the same";
  EXPECT_GE(follower.fell_behind, 1) << "told before who committed was";
  EXPECT_EQ(ReasonOf(sequencer_->followers_status()), Reason::kDataLoss);
  follower.broken = false;
  follower.mended.WaitForNotification();
  // Once more, so that what it was begun with is known to be noted.
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "2")).ok());
  EXPECT_TRUE(sequencer_->followers_status().ok());
}

TEST_F(SequencerTest, WhatIsMalformedIsRefusedAloneAndAtOnce) {
  Open();
  const auto refused = [&](Operation operation) {
    return ReasonOf(sequencer_->SubmitAndWait(std::move(operation)).status());
  };
  Operation no_entry = PutOperation("a", "1");
  no_entry.entries.clear();
  EXPECT_EQ(refused(std::move(no_entry)), Reason::kInvalidField);

  Operation not_a_message = PutOperation("a", "1");
  not_a_message.entries[0].body = "\xFF\xFF\xFF";
  EXPECT_EQ(refused(std::move(not_a_message)), Reason::kInvalidField);

  Operation forged = PutOperation("a", "1");
  tlog::AppendEntrySuffix(7, 7, 7, forged.entries[0].body);
  EXPECT_EQ(refused(std::move(forged)), Reason::kInvalidField);

  Operation other_agency = PutOperation("a", "1");
  other_agency.entries[0].agency_id = "cps";
  EXPECT_EQ(refused(std::move(other_agency)), Reason::kInvalidField);

  Operation long_key = PutOperation(std::string(base::kStoreKeyBytesMax + 1, 'k'), "1");
  long_key.entries[0] = MakeDraft("yot", "x");
  EXPECT_EQ(refused(std::move(long_key)), Reason::kInvalidField);

  for (const Space space : {Space::kEntries, Space::kNodes, Space::kCheckpoints}) {
    Operation intruder = PutOperation("a", "1");
    intruder.batch.Put(space, "key", "value");
    EXPECT_EQ(refused(std::move(intruder)), Reason::kInvalidField);
  }
  for (const char* key : {"ledger/head", "counter/yot"}) {
    Operation intruder = PutOperation("a", "1");
    intruder.with_index = [key](uint64_t, store::Batch& batch) { batch.Delete(Space::kMeta, key); };
    EXPECT_EQ(refused(std::move(intruder)), Reason::kInvalidField);
  }
  EXPECT_EQ(sequencer_->head().size, 0u);
  EXPECT_EQ(Get(Space::kPeople, "a"), std::nullopt);
  EXPECT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
}

// A body of `bytes` bytes: agency "yot" and a filler in field 12.
Draft DraftOfBytes(size_t bytes) {
  Draft draft = MakeDraft("yot", "");
  draft.body.resize(5);                 // tag, length and text of agency_id
  const size_t filler = bytes - 5 - 4;  // a tag and a three-byte length
  draft.body += '\x62';
  draft.body += static_cast<char>(0x80 | (filler & 0x7F));
  draft.body += static_cast<char>(0x80 | (filler >> 7 & 0x7F));
  draft.body += static_cast<char>(filler >> 14);
  draft.body += std::string(filler, 'x');
  return draft;
}

TEST_F(SequencerTest, EntriesAreCheckedAtTheLimitAndOnePast) {
  Open();
  const size_t body_max = base::kEntryBytesMax - tlog::kEntrySuffixBytesMax;
  Operation largest, too_large;
  largest.entries.push_back(DraftOfBytes(body_max));
  too_large.entries.push_back(DraftOfBytes(body_max + 1));
  EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(largest)).ok());
  // Whoever composed it is at fault, and no caller is told of a field.
  const absl::Status refused = sequencer_->SubmitAndWait(std::move(too_large)).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kInternal);
  EXPECT_TRUE(base::ViolationsOf(refused).empty());
  EXPECT_LE(Get(Space::kEntries, store::KeyU64(0))->size(), base::kEntryBytesMax);
}

TEST_F(SequencerTest, AFullQueueRefusesOneMore) {
  ledgers_.options.queue_max = 10;
  Open();
  std::atomic<int> succeeded{0}, refused{0};
  absl::BlockingCounter left(12);
  const auto done = [&](absl::StatusOr<Sequenced> result) {
    if (result.ok()) ++succeeded;
    if (ReasonOf(result.status()) == Reason::kTooManyRequests) ++refused;
    left.DecrementCount();
  };
  HoldTheWriterIn(PutOperation("first", "1"), done);
  // The one in the writer's hands still counts: nine more fit.
  for (int i = 0; i < 9; ++i) sequencer_->Submit(PutOperation(absl::StrCat(i), "1"), done);
  EXPECT_EQ(refused, 0);
  sequencer_->Submit(PutOperation("one", "too many"), done);
  sequencer_->Submit(PutOperation("two", "too many"), done);
  EXPECT_EQ(refused, 2) << "refused on the caller's thread, at once";
  store_.ReleaseCommit();
  left.Wait();
  EXPECT_EQ(succeeded, 10);
}

TEST_F(SequencerTest, ShutdownCompletesWhatWasAcceptedAndRefusesTheRest) {
  Open();
  std::atomic<int> succeeded{0};
  const auto done = [&](absl::StatusOr<Sequenced> result) {
    if (result.ok()) ++succeeded;
  };
  HoldTheWriterIn(PutOperation("first", "1"), done);
  for (int i = 1; i < 50; ++i) sequencer_->Submit(PutOperation(absl::StrCat(i), "1"), done);
  std::thread stopping([&] { sequencer_->Shutdown(); });
  store_.ReleaseCommit();
  stopping.join();
  EXPECT_EQ(succeeded, 50);
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(PutOperation("late", "1")).status()),
            Reason::kShuttingDown);
  sequencer_->Shutdown();
  // The last checkpoint covers everything.
  const tlog::Checkpoint last = *tlog::OpenCheckpoint(
      *LedgerReader((*inner_->NewView()).get()).LatestCheckpoint(), {ledgers_.verifier});
  EXPECT_EQ(last.size, 50u);
}

// --- Disks that fail ---

// Whatever commit fails, and however: what was acknowledged is there, what was refused for good is
// not acknowledged later, and the ledger opens and goes on.
TEST_F(SequencerTest, WhicheverCommitFailsNothingAcknowledgedIsMissing) {
  using Failure = store::HostileStore::Failure;
  for (const Failure failure : {Failure::kNothingWritten, Failure::kWrittenUnconfirmed}) {
    for (int k = 1; k <= 12; ++k) {
      std::unique_ptr<store::Store> inner = store::NewMemoryStore();
      store::HostileStore hostile(inner.get());
      std::unique_ptr<Sequencer> sequencer = *ledgers_.Open(&hostile);
      hostile.FailCommit(k, failure);
      int acknowledged = 0;
      for (int i = 0; i < 15; ++i) {
        if (i % 5 == 4) sequencer->Checkpoint().status().IgnoreError();
        const absl::StatusOr<Sequenced> result =
            sequencer->SubmitAndWait(PutOperation(absl::StrCat("key", i), "1"));
        if (result.ok()) {
          ASSERT_EQ(acknowledged, i) << "acknowledged again after a failure";
          ++acknowledged;
        } else {
          ASSERT_EQ(ReasonOf(result.status()), Reason::kStoreUnavailable);
        }
      }
      ASSERT_LT(acknowledged, 15);
      ASSERT_EQ(sequencer->head().size, static_cast<uint64_t>(acknowledged));
      ASSERT_EQ(ReasonOf(sequencer->Checkpoint().status()) == Reason::kStoreUnavailable ||
                    sequencer->Checkpoint().ok(),
                true);
      sequencer.reset();

      hostile.Restart();
      sequencer = *ledgers_.Open(&hostile);
      const std::unique_ptr<store::View> view = *inner->NewView();
      for (int i = 0; i < acknowledged; ++i) {
        ASSERT_EQ(*view->Get(Space::kPeople, absl::StrCat("key", i)), "1");
        ASSERT_TRUE(LedgerReader(view.get()).Entry(static_cast<uint64_t>(i)).ok());
      }
      // An entry and its rows came together or not at all.
      for (int i = 0; i < 15; ++i) {
        ASSERT_EQ((*view->Get(Space::kPeople, absl::StrCat("key", i))).has_value(),
                  LedgerReader(view.get()).Entry(static_cast<uint64_t>(i)).ok());
      }
      ASSERT_TRUE(sequencer->SubmitAndWait(PutOperation("after", "1")).ok());
      ASSERT_TRUE(sequencer->Checkpoint().ok());
    }
  }
}

TEST_F(SequencerTest, AFailedCommitFailsEveryOperationOfItsBatchAndTheQueueBehind) {
  Open();
  std::atomic<int> unavailable{0};
  absl::BlockingCounter left(31);
  HoldTheWriterIn(PutOperation("first", "1"), [&](absl::StatusOr<Sequenced> result) {
    EXPECT_TRUE(result.ok());
    left.DecrementCount();
  });
  store_.FailCommit(1, store::HostileStore::Failure::kNothingWritten);
  for (int i = 0; i < 30; ++i) {
    sequencer_->Submit(PutOperation(absl::StrCat(i), "1"), [&](absl::StatusOr<Sequenced> result) {
      if (ReasonOf(result.status()) == Reason::kStoreUnavailable) ++unavailable;
      left.DecrementCount();
    });
  }
  store_.ReleaseCommit();
  left.Wait();
  EXPECT_EQ(unavailable, 30);
  EXPECT_EQ(sequencer_->head().size, 1u);
}

TEST_F(SequencerTest, AFullDiskRefusesAndPasses) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  store_.FailCommit(1, store::HostileStore::Failure::kFull);
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(PutOperation("a", "2")).status()),
            Reason::kStoreFull);
  EXPECT_EQ(Get(Space::kPeople, "a"), "1");
  const absl::StatusOr<Sequenced> after = sequencer_->SubmitAndWait(PutOperation("a", "3"));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->first_index, 1u) << "the refused one took no index";
  EXPECT_EQ(Fields(1).agency_counter, 2u) << "and no number of its agency";
}

TEST_F(SequencerTest, AnotherAuthorIsFoundAndStopsTheLedger) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  store::Batch batch;
  batch.Put(Space::kMeta, "ledger/head", "somebody else's");
  ASSERT_TRUE(store::testing::CommitNow(*inner_, std::move(batch)).ok());
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(PutOperation("a", "2")).status()),
            Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(PutOperation("a", "3")).status()),
            Reason::kStoreUnavailable);
  EXPECT_EQ(Get(Space::kPeople, "a"), "1");
}

TEST_F(SequencerTest, ASecondSequencerIsStoppedByTheFirstOnesHead) {
  Open();
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "1")).ok());
  const std::unique_ptr<Sequencer> second = *ledgers_.Open(inner_.get());
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "2")).ok());
  // Neither its checkpoint nor its operations pass any more, and what it says is on no disk.
  EXPECT_EQ(ReasonOf(second->Checkpoint().status()), Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(second->SubmitAndWait(PutOperation("a", "3")).status()),
            Reason::kStoreUnavailable);
  EXPECT_EQ(Get(Space::kPeople, "a"), "2");
  EXPECT_TRUE(LedgerReader((*inner_->NewView()).get()).Checkpoints(0, 10)->empty());
  ASSERT_TRUE(sequencer_->SubmitAndWait(PutOperation("a", "4")).ok());
}

}  // namespace
}  // namespace signpost::ledger
