// Turns is a doorkeeper that lets transactions through one at a time to a row that many want at once,
// so that whoever came twice in vain gets there, however often others try.
//
// Transactions are optimistic: each reads, decides, and is judged by whether what it read still
// stands. One agency that writes a row again and again would keep another from ever being in time.
// So a transaction that was overtaken twice takes a *ticket* and waits in the row's queue. Of that
// queue one is at the head; what it read last is *kept* for it: an operation with a later ticket, or
// with none, that would write any of it is aborted, and may queue in its turn. Of two heads the one
// with the earlier ticket goes first, so that no two keep each other waiting, and one that was aborted
// at its head waits for every earlier one: the earliest of all always gets through. The next at the head is
// of another lane (base/executor.h) where there is one: an agency's thousand attempts are one place
// in the queue.
//
// Thread-safe. Nothing is owned of what waits but its `go`. It must outlive every Turn.

#ifndef SIGNPOST_HUB_LEDGER_TURNS_H_
#define SIGNPOST_HUB_LEDGER_TURNS_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/executor.h"
#include "hub/ledger/read_set.h"
#include "hub/store/batch.h"

namespace signpost::ledger {

// Orders transactions: the smaller was overtaken earlier.
using Ticket = uint64_t;
// Yields to nobody, and nobody can be kept from it: an operation that is not made again.
inline constexpr Ticket kNoPart = 0;
// Yields to every ticket.
inline constexpr Ticket kNoTicket = std::numeric_limits<Ticket>::max();

class Turns;

// A place in a queue, or at its head. Leaves when it goes.
class Turn {
 public:
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  friend class Turns;
  Turn(Turns* turns, uint64_t row, Ticket ticket) : turns_(turns), row_(row), ticket_(ticket) {}

  Turns* const turns_;
  const uint64_t row_;
  const Ticket ticket_;
};

class Turns {
 public:
  Turns() = default;
  ~Turns();
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Called once, with the ticket, when it is at the head; must only hand on.
  using Go = absl::AnyInvocable<void(Ticket ticket)>;

  // Queues for the row of that hash (RowHash()), over which `reads` were overtaken last. `go` is
  // called before this returns, or by whoever leaves the head; not when the turn goes before that.
  [[nodiscard]] std::unique_ptr<Turn> Wait(uint64_t row, base::Lane lane, ReadSet reads, Go go);

  // What is kept for whoever is at the head of that row's queue with that ticket, from now on: what it
  // read last.
  void Renew(uint64_t row, Ticket ticket, ReadSet reads);
  // The ticket before `ticket` of those at a head that is nearest to it; kNoPart: none is earlier.
  Ticket EarlierThan(Ticket ticket) const;

  struct Kept {
    uint64_t row;   // its hash
    Ticket ticket;  // for whom
  };
  // A row of `batch` that is kept for an earlier ticket than `ticket`, or nothing.
  std::optional<Kept> KeptFor(const store::Batch& batch, Ticket ticket) const;
  // Calls `go` with `ticket` once nothing is kept for `earlier` any more: before this returns, or by
  // whoever leaves. For one at a head whom an earlier one kept from writing. REQUIRES: earlier <
  // ticket, so that no two wait for each other.
  void WaitFor(Ticket earlier, Ticket ticket, Go go);

  // How many wait or are at a head. For tests and metrics.
  size_t waiting() const;

 private:
  friend class Turn;
  struct Waiter {
    Ticket ticket = 0;
    ReadSet reads;
    Go go;
  };
  // Who wants one row.
  struct Queue {
    std::optional<Waiter> head;
    // Lanes in their turn, each with those of it that wait.
    std::deque<std::pair<base::Lane, std::deque<Waiter>>> lanes;
  };

  void Leave(uint64_t row, Ticket ticket);
  void Keep(const Waiter& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUp(const Waiter& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Ticket last_ ABSL_GUARDED_BY(mutex_) = kNoPart;
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Queue>> queues_ ABSL_GUARDED_BY(mutex_);
  // By row, the tickets for which it is kept: few, and mostly one.
  absl::flat_hash_map<uint64_t, std::vector<Ticket>> kept_rows_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<ReadSet::Range, Ticket>> kept_ranges_ ABSL_GUARDED_BY(mutex_);
  // Of each that is at a head, who waits until it leaves.
  absl::flat_hash_map<Ticket, std::vector<std::pair<Ticket, Go>>> behind_ ABSL_GUARDED_BY(mutex_);
  std::set<Ticket> heads_by_ticket_ ABSL_GUARDED_BY(mutex_);
  // How many: while there are none, nobody takes the lock.
  std::atomic<int> heads_ = 0;
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_TURNS_H_
