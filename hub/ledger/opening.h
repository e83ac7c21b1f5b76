// FoundLedger is a plain struct of what a sequencer begins with, read from a store and held against
// what was published, before anything is written. Internal to the room.
//
// A store that was put back to an earlier state, exchanged for another one or damaged is found
// here: by the checkpoint in the store itself, by the copies of it that are kept elsewhere, and by
// head, nodes and last entry belonging together. It takes O(log size) reads, however long the
// ledger is. Pure but for what it reads, and for what FindLedger() says it writes.

#ifndef SIGNPOST_HUB_LEDGER_OPENING_H_
#define SIGNPOST_HUB_LEDGER_OPENING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/ledger/restored.h"
#include "hub/ledger/rows.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/tree_rows.h"
#include "hub/store/store.h"
#include "hub/tlog/note.h"

namespace signpost::ledger {

// An agency's last counter, by its id.
using Counters = absl::flat_hash_map<std::string, uint64_t>;

struct FoundLedger {
  HeadRow head;
  std::optional<std::string> head_row;  // as stored; nothing: no ledger was begun
  TreeWriter tree;
  Counters counters;
  uint64_t revision = 0;        // at which all of it was read
  uint64_t published_size = 0;  // of the last checkpoint
  std::string published_note;   // empty: there is none
  // The word that somebody left who restored this store.
  std::optional<Restored> restored;
};

// Keeps the file of a checkpoint that was given up under another name, and writes the checkpoint
// file anew where the store has a later one. Errors: as Sequencer::Open().
[[nodiscard]] absl::StatusOr<FoundLedger> FindLedger(const Sequencer::Options& options,
                                                     const store::Store& store,
                                                     const tlog::NoteVerifier& verifier);

// Says in the ledger that the store was restored, replaces the checkpoint outside by one that
// covers this, and only then forgets, with a RestoreMark: a crash in between says it again. What witnesses co-signed of
// the history given up is taken away (FindLedger() kept it); they will have to be told.
// REQUIRES: nobody else has the sequencer yet.
[[nodiscard]] absl::Status RecordRestored(Sequencer* sequencer, store::Store* store,
                                          const Restored& restored,
                                          const tlog::NoteVerifier& verifier);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_OPENING_H_
