// Sequencer is the one writer that every change to the hub's state and every disclosure passes: it
// gets an index, is hashed into the Merkle tree and becomes durable together with the tables,
// mailbox messages and idempotency records it belongs to, in one batch that many requests share
// (group commit).
//
// Words: an entry is *sequenced* when it is durable with an index (only then may an answer leave),
// *integrated* when its leaf is in the tree (here: the same commit), *published* when a signed
// checkpoint covers it.
//
// An operation is judged by what it rests on (read_set.h): when any row or range that was read to
// make it has been written since, by whomever, it is aborted and made again from a newer view. The
// sequencer remembers what was written (conflict_window.h), so judging reads nothing, and its
// writer's thread has only hashing and one write to do for all the requests that share a commit.
//
// A Sequencer is the only author of its store: nothing else may call Store::Commit, and every
// commit is fenced by the ledger's head, so that a second author stops itself. It owns two threads.
// It is thread-safe. `store`, `clock` and `signer` are not owned and must outlive it.

#ifndef SIGNPOST_HUB_LEDGER_SEQUENCER_H_
#define SIGNPOST_HUB_LEDGER_SEQUENCER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/limits.h"
#include "hub/base/sealed.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/turns.h"
#include "hub/store/follower.h"
#include "hub/store/store.h"

namespace signpost::tlog {
class NoteSigner;  // tlog/note.h
}  // namespace signpost::tlog

namespace signpost::ledger {

struct Restored;  // ledger/restored.h

// An entry before it has an index: the body is a serialised ledger.v1.LedgerEntry without `index`
// (1), `sequenced_at_us` (2) and `agency_counter` (3), which the sequencer appends (concatenated
// protobuf messages merge), so that the bytes are hashed and stored exactly once and never
// re-serialised.
struct Draft {
  std::string body;
  // The agency whose gapless counter this entry advances; empty for the hub's own acts. The body's
  // `agency_id` (4) must say the same: verifiers count by what is in the entry.
  std::string agency_id;
};

// One request's worth of change. All of it happens, or none. It may not write what is the ledger's
// own: spaces kEntries, kNodes and kCheckpoints, and rows of kMeta under "ledger/" and
// "counter/".
struct Operation {
  store::Batch batch;
  // What it rests on: none of it may have been written by an operation sequenced before this one
  // and behind the revision at which it was read. At most kReadsPerOperationMax.
  ReadSet reads;
  // To whom it yields what it would write (turns.h). ledger::Transact() says.
  Ticket ticket = kNoPart;
  // At least one: nothing changes and nothing is disclosed without an entry.
  std::vector<Draft> entries;
  // Indices, ascending, of entries whose bytes are given up: their rows stay, empty, and so do
  // their hashes. The only way to touch what is the ledger's own, and a narrow one: the operation's
  // one entry must be of kind PRUNED and say exactly these (tlog/pruned.h), none of which may be
  // the ledger's newest entry or beyond it.
  std::vector<uint64_t> prune;
  // Called on the writer's thread once `first_index` is known, to add rows keyed by it (mailbox
  // messages, side indexes). May be empty. Must be quick and must not fail or block.
  absl::AnyInvocable<void(uint64_t first_index, store::Batch& batch)> with_index;
};

struct Sequenced {
  uint64_t first_index;  // of this operation's entries
  absl::Time sequenced_at;
  base::Permit permit;  // for what the entries name; has their leaf hashes
};

using Done = absl::AnyInvocable<void(absl::StatusOr<Sequenced>)>;

// Over what the sequencer aborted an operation: the hash of the row, and for whose turn it is kept, or
// kNoPart where it was written. Nothing in another status.
std::optional<Turns::Kept> AbortedOver(const absl::Status& status);

class Sequencer {
 public:
  struct Options {
    std::string origin;    // first line of checkpoints, e.g. "signpost.nortown.example/ledger"
    int queue_max = 8192;  // operations waiting; one more is refused
    int operations_per_commit_max = 2000;
    size_t bytes_per_commit_max = 1 << 20;
    size_t conflict_rows_max = base::kConflictRowsMax;  // see conflict_window.h
    absl::Duration checkpoint_interval = absl::Seconds(1);
    // How often a follower that fell behind is begun again when nothing is committed.
    absl::Duration followers_retry_interval = absl::Seconds(1);
    // Where to keep a second copy of the latest checkpoint, outside the store and its backups: what
    // is found here at start must still be a prefix of the ledger, so a store that was put back to
    // an earlier state is noticed. Written whole (new file, sync, rename) at each publication.
    // Empty: none is kept.
    std::string checkpoint_file;
    // A checkpoint that witnesses co-signed, kept by somebody else (witnessing.h); only read, at
    // start, and what is found must still be a prefix of the ledger. Empty, or no such file: not
    // looked at.
    std::string witnessed_file;
    // Makes the entry that says in the ledger that this store was restored from a backup. Without
    // it a restored store is not opened.
    std::function<Draft(const Restored& restored)> restored_entry;
  };
  struct Head {
    uint64_t size;          // entries sequenced
    std::string root_hash;  // 32 bytes
  };

  // Recovers the head from `store` in time that does not depend on the ledger's length, and starts.
  //
  // Where somebody restored the store and left their signed word for it (restored.h), that is the
  // first entry, and what is in the checkpoint file is kept as `checkpoint_file` + ".given-up-" and
  // its size, if the word gives up exactly that; then the word is taken out of the store.
  //
  // Errors: kLedgerBehind when the store's ledger is shorter than, or disagrees with, its last
  // published checkpoint, and nobody gave that up; kDataLoss when the stored head or that word does
  // not verify; kStoreUnavailable.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Sequencer>> Open(
      Options options, store::Store* store, const base::Clock* clock,
      const tlog::NoteSigner* signer);
  // Drains, publishes a last checkpoint and stops.
  virtual ~Sequencer() = default;

  // Queues `operation`. `done` is called exactly once, on the sequencer's completion thread or,
  // when refused at once, on the caller's: it must only hand on (to an executor, to a reactor) and
  // return. Errors given to `done`, nothing having been changed unless said otherwise:
  //   - kAborted: what it rests on was written since, or was read too long ago, or what it would
  //     write is kept for another's turn; read again and retry. By then every follower has taken what
  //     was written. AbortedOver() says over which row.
  //   - kTooManyRequests: the queue is full
  //   - kStoreFull
  //   - kInvalidField: no entries, one that is not well-formed (see Draft), a row over a limit or the
  //     ledger's own, too many reads, a `prune` that its entry does not say
  //   - kInternal: an entry is too long; kShuttingDown
  //   - kStoreUnavailable: the outcome is unknown, and every later call answers the same until
  //     restart
  virtual void Submit(Operation operation, Done done) = 0;

  // Submit() and wait. For start-up, tools and tests; never on a thread that must not block.
  [[nodiscard]] absl::StatusOr<Sequenced> SubmitAndWait(Operation operation);

  // From now on `follower` is as new as what was acknowledged: before any `done` is told of a
  // commit, or that it was aborted because of one, the follower has taken it, or was told that it
  // fell behind; then it is begun again at each commit and each followers_retry_interval. Ends with
  // what is returned, which may outlive the sequencer. Errors: those of Follower::Begin().
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<store::Following>> Follow(
      store::Follower* follower) = 0;
  // OK while every follower is as new as that; otherwise what one of them said. For health checks.
  virtual absl::Status followers_status() const = 0;

  // Where transactions queue that are overtaken again and again.
  virtual Turns& turns() = 0;

  // The durable head. Never ahead of what a crash would leave.
  virtual Head head() const = 0;

  // The latest published checkpoint, a signed note (c2sp.org/tlog-checkpoint); publishes one first
  // when there are entries that none covers. Errors: kStoreUnavailable.
  [[nodiscard]] virtual absl::StatusOr<std::string> Checkpoint() = 0;

  // Stops accepting, completes what was accepted. Idempotent.
  virtual void Shutdown() = 0;

  virtual const Options& options() const = 0;

 protected:
  // For implementations: Permit's constructor is open to this class alone. An element is the leaf
  // hash of an entry and the hash of the reply that it names, or nothing.
  using PermitEntries = base::Permit::Entries;
  static base::Permit MakePermit(uint64_t ledger_index, PermitEntries entries) {
    return base::Permit(ledger_index, std::move(entries));
  }
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_SEQUENCER_H_
