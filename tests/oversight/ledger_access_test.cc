// What auditors read of the ledger as it is: a look and a copy are entries, and a copy verifies.

#include "hub/oversight/ledger_access.h"

#include <gmock/gmock.h>

#include "hub/ledger/reader.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "tests/request/hub_rooms.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::ReceiptOfRefusal;
using request::Recorded;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class LedgerAccessTest : public request::HubRooms {
 protected:
  LedgerAccessTest() { TariqIsKnown(); }

  absl::StatusOr<v1::GetEntryResponse> Read(uint64_t index, const std::string& reason = "A check") {
    v1::GetEntryRequest request;
    request.set_index(index);
    request.set_reason(reason);
    return Read(request);
  }
  absl::StatusOr<v1::GetEntryResponse> Read(const v1::GetEntryRequest& request) {
    return Wait<v1::GetEntryResponse>(
        [&](auto done) { access_.ReadEntry(Auditor(), request, std::move(done)); });
  }
  static v1::CopyLedgerRequest Copying(uint64_t first_index, const std::string& reason = "Copy") {
    v1::CopyLedgerRequest request;
    request.set_first_index(first_index);
    request.set_reason(reason);
    return request;
  }
  absl::StatusOr<v1::Receipt> RecordCopy(const v1::CopyLedgerRequest& request) {
    return Wait<v1::Receipt>(
        [&](auto done) { access_.RecordCopy(Auditor(), request, std::move(done)); });
  }

  const std::string verifier_key_ = signer_->verifier_key();
  Masker masker_{context_, policy_admin_.get()};
  JointLooks looks_{context_, &masker_};
  LedgerAccess access_{context_, &looks_, verifier_key_, nullptr};
};

TEST_F(LedgerAccessTest, ALookAtAnEntryIsAnEntryThatNamesItAndItsBytes) {
  const auto read = Read(0);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->readable(), Not(IsEmpty()));
  const Recorded look = LastEntry();
  EXPECT_EQ(look.kind, "audit-read");
  EXPECT_EQ(look.index, read->receipt().ledger_index());
  EXPECT_EQ(look.reply_hash, base::Sha256(read->entry()));
  EXPECT_TRUE(look.has_details) << "why";
}

TEST_F(LedgerAccessTest, AnEntryThatIsNotNamedIsNotTheFirst) {
  v1::GetEntryRequest unnamed;
  unnamed.set_reason("A slip.");
  EXPECT_EQ(ReasonOf(Read(unnamed).status()), Reason::kInvalidField);
}

TEST_F(LedgerAccessTest, AProofIsForWhoHasNumberAndLeafHashOfOneReceipt) {
  const auto read = Read(0);
  ASSERT_TRUE(read.ok()) << read.status();
  tlog::Hasher hasher;
  v1::GetProofRequest request;
  request.set_leaf_hash(tlog::HashToString(hasher.Leaf(read->entry())));
  const auto proof = access_.Proof(request);
  ASSERT_TRUE(proof.ok()) << proof.status();
  const absl::StatusOr<tlog::Proof> parsed = tlog::ParseProof(proof->proof());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->index, 0u);
  // Broken on purpose (the leaf hash not compared): whoever counts learns of every entry.
  const std::string right = request.leaf_hash();
  for (const auto& [index, leaf] : std::vector<std::pair<uint64_t, std::string>>{
           {0, std::string(32, 'x')}, {0, ""}, {1, right}, {LedgerSize(), right}, {~0ull, right}}) {
    request.set_ledger_index(index);
    request.set_leaf_hash(leaf);
    EXPECT_EQ(ReasonOf(access_.Proof(request).status()), Reason::kNotFound) << index;
  }
}

TEST_F(LedgerAccessTest, WhatIsNotThereIsRefusedAndTheLookIsRecordedAllTheSame) {
  const uint64_t before = LedgerSize();
  const auto read = Read(before + 100);
  EXPECT_EQ(ReasonOf(read.status()), Reason::kNotFound);
  EXPECT_EQ(LedgerSize(), before + 1);
  EXPECT_EQ(ReceiptOfRefusal(read.status()).ledger_index(), before);
  EXPECT_EQ(LastEntry().outcome, "NOT_FOUND");
}

TEST_F(LedgerAccessTest, WhoDoesNotSayWhyReadsNothingAndIsNotRecorded) {
  const uint64_t before = LedgerSize();
  EXPECT_THAT(FieldsOf(Read(0, "").status()), ElementsAre("reason"));
  EXPECT_THAT(FieldsOf(Read(0, std::string(2001, 'r')).status()), ElementsAre("reason"));
  EXPECT_THAT(FieldsOf(RecordCopy(Copying(0, "")).status()), ElementsAre("reason"));
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(LedgerAccessTest, ACopyIsRecordedAndItsEntriesMakeTheTreeOfItsCheckpoint) {
  const v1::CopyLedgerRequest request = Copying(0);
  const auto recorded = RecordCopy(request);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_EQ(EntryAt(recorded->ledger_index()).kind, "audit-read");
  absl::StatusOr<LedgerAccess::Copy> copy = access_.BeginCopy(request);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->size, LedgerSize()) << "that it was taken is in it";
  tlog::Hasher hasher;
  tlog::Frontier tree;
  std::string checkpoint;
  while (!copy->ended) {
    const auto run = access_.ReadCopy(&*copy);
    ASSERT_TRUE(run.ok()) << run.status();
    if (run->has_entries()) {
      EXPECT_EQ(run->entries().first_index(), tree.size());
    }
    int hashes = 0;
    for (const std::string& entry : run->entries().entries()) {
      // Of a masked one the hash alone.
      const tlog::Hash leaf = entry.empty()
                                  ? *tlog::HashFromString(run->entries().leaf_hashes(hashes++))
                                  : hasher.Leaf(entry);
      tree.Append(leaf, hasher, [](int, uint64_t, const tlog::Hash&) {});
    }
    EXPECT_EQ(hashes, run->entries().masked_size());
    checkpoint = run->checkpoint();
  }
  const auto opened = tlog::OpenCheckpoint(checkpoint, {*tlog::NoteVerifier::Parse(verifier_key_)});
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->size, tree.size());
  EXPECT_EQ(opened->root, tree.Root(hasher));
}

TEST_F(LedgerAccessTest, ACopyComesInRunsAndFromAnyEntryOn) {
  for (int i = 0; i < 450; ++i) {
    ledger::Operation operation;
    operation.entries.push_back(EntryNaming("reply"));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  }
  LedgerAccess::Copy copy = *access_.BeginCopy(Copying(3));
  uint64_t next = 3;
  int runs = 0;
  while (!copy.ended) {
    const v1::CopyLedgerResponse run = *access_.ReadCopy(&copy);
    if (!run.has_entries()) break;
    ++runs;
    EXPECT_EQ(run.entries().first_index(), next);
    EXPECT_LE(run.entries().entries_size(), 200);
    next += static_cast<uint64_t>(run.entries().entries_size());
  }
  EXPECT_EQ(next, LedgerSize());
  EXPECT_GE(runs, 3);
  // From its very end there is the checkpoint alone; beyond it nothing.
  LedgerAccess::Copy at_end = *access_.BeginCopy(Copying(LedgerSize()));
  EXPECT_THAT(access_.ReadCopy(&at_end)->checkpoint(), Not(IsEmpty()));
  EXPECT_THAT(FieldsOf(access_.BeginCopy(Copying(LedgerSize() + 1)).status()),
              ElementsAre("first_index"));
}

TEST_F(LedgerAccessTest, ProofsAndCheckpointsAreOfAllThereIsNow) {
  const v1::GetCheckpointResponse checkpoint = *access_.Checkpoint();
  EXPECT_EQ(checkpoint.verifier_key(), verifier_key_);
  EXPECT_THAT(checkpoint.witnesses(), IsEmpty());
  const std::unique_ptr<store::View> view = View();
  const std::string newest = *ledger::LedgerReader(view.get()).Entry(LedgerSize() - 1);
  tlog::Hasher hasher;
  v1::GetProofRequest receipt;
  receipt.set_ledger_index(LedgerSize() - 1);
  receipt.set_leaf_hash(tlog::HashToString(hasher.Leaf(newest)));
  EXPECT_THAT(access_.Proof(receipt)->proof(), HasSubstr("c2sp.org/tlog-proof@v1"));

  v1::GetConsistencyRequest request;
  request.set_old_size(2);
  const v1::GetConsistencyResponse consistency = *access_.Consistency(request);
  EXPECT_EQ(consistency.new_size(), LedgerSize());
  EXPECT_THAT(consistency.hashes(), Not(IsEmpty()));
  request.set_old_size(0);
  EXPECT_THAT(FieldsOf(access_.Consistency(request).status()), ElementsAre("old_size"));
  request.set_old_size(LedgerSize() + 1);
  EXPECT_THAT(FieldsOf(access_.Consistency(request).status()), ElementsAre("old_size"));
  request.set_old_size(1);
  request.set_new_size(LedgerSize() + 1);
  EXPECT_THAT(FieldsOf(access_.Consistency(request).status()), ElementsAre("new_size"));
}

}  // namespace
}  // namespace signpost::oversight
