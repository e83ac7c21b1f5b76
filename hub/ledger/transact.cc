#include "hub/ledger/transact.h"

#include <optional>
#include <utility>

#include "hub/base/error.h"

namespace signpost::ledger {
namespace internal {

void Transaction::Start(FirstAttempt first) {
  if (first == FirstAttempt::kHere) {
    Try();
  } else {
    Queue();
  }
}

void Transaction::Queue() {
  const bool queued = on_.executor->RunIn(lane_, [self = shared_from_this()] { self->Try(); });
  if (queued) return;
  End(base::Error(base::Reason::kTooManyRequests, "the hub is busy; wait and retry"));
}

void Transaction::Try() {
  --attempts_left_;
  ++attempts_made_;
  absl::StatusOr<std::optional<Operation>> operation = MakeAtNewView();
  if (!operation.ok()) return Finish(std::move(operation).status());
  // Nothing to write, and so nothing to judge: one view shows one state, and as of that state the
  // outcome is right, whatever was written since.
  if (!operation->has_value()) return Finish(std::nullopt);
  on_.sequencer->Submit(**std::move(operation),
                        [self = shared_from_this()](absl::StatusOr<Sequenced> result) {
                          if (!result.ok()) return self->Finish(std::move(result).status());
                          self->Finish(*std::move(result));
                        });
}

absl::StatusOr<std::optional<Operation>> Transaction::MakeAtNewView() {
  absl::StatusOr<std::unique_ptr<store::View>> view = on_.store->NewView();
  if (!view.ok()) return view.status();
  GuardedView guarded(view->get());
  absl::StatusOr<std::optional<Operation>> operation = Make(guarded);
  if (operation.ok() && operation->has_value()) {
    (*operation)->reads.Append(guarded.TakeReads());
    (*operation)->ticket = ticket_;
    if (attempts_made_ >= kAttemptsBeforeTurn) last_reads_ = (*operation)->reads;
  }
  return operation;
}

void Transaction::Finish(absl::StatusOr<std::optional<Sequenced>> result) {
  if (base::ReasonOf(result.status()) != base::Reason::kAborted) return End(std::move(result));
  const std::optional<Turns::Kept> over = AbortedOver(result.status());
  Turns& turns = on_.sequencer->turns();
  const auto go = [self = shared_from_this()](Ticket ticket) {
    self->ticket_ = ticket;
    self->Queue();
  };
  if (queued_for_turn_ && over.has_value()) {
    turns.Renew(queue_row_, ticket_, std::move(last_reads_));
    if (const Ticket earlier = turns.EarlierThan(ticket_); earlier != kNoPart) {
      ++attempts_left_;  // it was not its turn yet
      return turns.WaitFor(earlier, ticket_, go);
    }
  }
  if (attempts_left_ == 0) return End(std::move(result));
  // Not here: this is the sequencer's completion thread, or one that was refused at once, and an
  // attempt reads the store.
  if (queued_for_turn_ || !over.has_value() || attempts_made_ < kAttemptsBeforeTurn) return Queue();
  // Another thread may be at it before Wait() has returned; none looks at turn_.
  queued_for_turn_ = true;
  queue_row_ = over->row;
  turn_ = turns.Wait(over->row, lane_, std::move(last_reads_), go);
}

}  // namespace internal

}  // namespace signpost::ledger
