// SequencerTest is a base that puts a sequencer over a store that fails to order, for the tests of
// what it writes (sequencer_test.cc) and of what it publishes and finds at its start
// (sequencer_opening_test.cc).

#ifndef SIGNPOST_TESTS_LEDGER_SEQUENCER_FIXTURE_H_
#define SIGNPOST_TESTS_LEDGER_SEQUENCER_FIXTURE_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/entry_fields.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::ledger {

class SequencerTest : public ::testing::Test {
 protected:
  void Open() {
    absl::StatusOr<std::unique_ptr<Sequencer>> opened = ledgers_.Open(&store_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    sequencer_ = *std::move(opened);
  }
  base::Reason OpenFails() { return base::ReasonOf(ledgers_.Open(&store_).status()); }

  std::optional<std::string> Get(store::Space space, const std::string& key) {
    return *(*inner_->NewView())->Get(space, key);
  }
  tlog::EntryFields Fields(uint64_t index) {
    entries_.push_back(*LedgerReader((*inner_->NewView()).get()).Entry(index));
    return *tlog::DecodeEntryFields(entries_.back());
  }
  uint64_t Revision() { return (*inner_->NewView())->revision(); }
  // As somebody would make it who has read `key` now.
  Operation Resting(const std::string& key, Operation operation) {
    operation.reads.AddRow(store::Space::kPeople, key, Revision());
    return operation;
  }
  uint64_t StoredSize() { return LedgerReader((*inner_->NewView()).get()).Head()->size; }

  // Submits one operation and waits until the writer is inside its commit, where it stays until
  // store_.ReleaseCommit(), so that a test can fill the queue behind it.
  void HoldTheWriterIn(Operation operation, Done done) {
    store_.HoldNextCommit();
    sequencer_->Submit(std::move(operation), std::move(done));
    store_.AwaitHeldCommit();
  }

  testing::Ledgers ledgers_;
  std::unique_ptr<store::Store> inner_ = store::NewMemoryStore();
  store::HostileStore store_{inner_.get()};
  std::unique_ptr<Sequencer> sequencer_;
  std::deque<std::string> entries_;  // what Fields() points into
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_TESTS_LEDGER_SEQUENCER_FIXTURE_H_
