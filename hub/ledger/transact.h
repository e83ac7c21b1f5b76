// Transact() is a loop that reads, decides, submits, and begins again when somebody was first:
// around every change and every answer that depends on what is stored.
//
// One attempt reads at one view and makes an Attempt: what the caller will be told if it stands,
// and the operation that makes it so, or none when nothing need be written. Whatever was read is
// taken note of (read_set.h), and becomes what the operation rests on. When something of it was
// written meanwhile the attempt is thrown away with its outcome, and made again from a newer view.
// Who was overtaken twice waits for their turn (turns.h), and is then let through.

#ifndef SIGNPOST_HUB_LEDGER_TRANSACT_H_
#define SIGNPOST_HUB_LEDGER_TRANSACT_H_

#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/executor.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/turns.h"
#include "hub/store/store.h"

namespace signpost::ledger {

inline constexpr int kTransactAttemptsMax = 8;
// After so many in vain it queues for its turn.
inline constexpr int kAttemptsBeforeTurn = 2;

// What one attempt came to.
template <typename Outcome>
struct Attempt {
  Outcome outcome;
  // Nothing: there is nothing to write, and `outcome` stands as it is.
  std::optional<Operation> operation;
};

// What the attempt that stands came to.
template <typename Outcome>
struct Committed {
  Outcome outcome;
  // Of the operation; nothing when there was none.
  std::optional<Sequenced> sequenced;
};

// Makes an attempt from what `view` shows. Called once an attempt, each time with a newer view, one
// call after the other; so it must not keep anything of an earlier attempt. An error ends the
// transaction with that error and no change; kAborted counts as an attempt that somebody else was
// before.
template <typename Outcome>
using MakeAttempt = absl::AnyInvocable<absl::StatusOr<Attempt<Outcome>>(const GuardedView& view)>;

// Called exactly once, on the executor, on the sequencer's completion thread or, when refused at
// once, on the caller's: it must only hand on and return.
template <typename Outcome>
using DoneAttempt = absl::AnyInvocable<void(absl::StatusOr<Committed<Outcome>> result)>;

// Where transactions run. All three must outlive every transaction begun on them.
struct Transactor {
  base::Executor* executor = nullptr;
  const store::Store* store = nullptr;
  Sequencer* sequencer = nullptr;
};

enum class FirstAttempt {
  kQueued,  // on the executor
  kHere,    // on the caller's thread, which is the executor's already, before Transact() returns
};

namespace internal {

// The loop, without the types. One step runs at a time, each begun by the one before.
class Transaction : public std::enable_shared_from_this<Transaction> {
 public:
  Transaction(const Transactor& on, int attempts_max)
      : on_(on), lane_(base::Lane::Current()), attempts_left_(attempts_max) {}
  virtual ~Transaction() = default;

  void Start(FirstAttempt first);

 protected:
  // One attempt: the operation, or nothing when there is nothing to write.
  virtual absl::StatusOr<std::optional<Operation>> Make(const GuardedView& view) = 0;
  virtual void End(absl::StatusOr<std::optional<Sequenced>> result) = 0;

 private:
  void Queue();
  void Try();
  absl::StatusOr<std::optional<Operation>> MakeAtNewView();
  void Finish(absl::StatusOr<std::optional<Sequenced>> result);

  const Transactor on_;
  const base::Lane lane_;  // whoever began it: also of what another thread has it do
  int attempts_left_;
  int attempts_made_ = 0;
  ReadSet last_reads_;         // of the attempt before, where it is to be kept
  Ticket ticket_ = kNoTicket;  // from its turn on its own
  bool queued_for_turn_ = false;
  uint64_t queue_row_ = 0;      // whose queue
  std::unique_ptr<Turn> turn_;  // goes with the transaction
};

template <typename Outcome>
class TypedTransaction final : public Transaction {
 public:
  TypedTransaction(const Transactor& on, int attempts_max, MakeAttempt<Outcome> make,
                   DoneAttempt<Outcome> done)
      : Transaction(on, attempts_max), make_(std::move(make)), done_(std::move(done)) {}

 private:
  absl::StatusOr<std::optional<Operation>> Make(const GuardedView& view) override {
    outcome_.reset();
    absl::StatusOr<Attempt<Outcome>> attempt = make_(view);
    if (!attempt.ok()) return std::move(attempt).status();
    outcome_.emplace(std::move(attempt->outcome));
    return std::move(attempt->operation);
  }
  void End(absl::StatusOr<std::optional<Sequenced>> result) override {
    if (!result.ok()) return done_(std::move(result).status());
    done_(Committed<Outcome>{*std::move(outcome_), *std::move(result)});
  }

  MakeAttempt<Outcome> make_;
  DoneAttempt<Outcome> done_;
  std::optional<Outcome> outcome_;  // of the last attempt
};

}  // namespace internal

// Runs `make`, submits what it made with what it read, and on kAborted begins again on the
// executor, in the lane of the caller, `attempts_max` times in all, but for those in vain because an
// earlier turn went first; the last kAborted is then the result. A full executor is
// kTooManyRequests. An attempt without an operation ends it at once, on the thread it was made on.
template <typename Outcome>
void Transact(const Transactor& on, FirstAttempt first, MakeAttempt<Outcome> make,
              DoneAttempt<Outcome> done, int attempts_max = kTransactAttemptsMax) {
  std::make_shared<internal::TypedTransaction<Outcome>>(on, attempts_max, std::move(make),
                                                        std::move(done))
      ->Start(first);
}

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_TRANSACT_H_
