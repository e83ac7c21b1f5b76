#include "hub/ledger/transact.h"

#include <memory>
#include <utility>

#include "hub/base/error.h"

namespace signpost::ledger {
namespace {

// One transaction, alive for as long as somebody holds a step of it.
class Transaction : public std::enable_shared_from_this<Transaction> {
 public:
  Transaction(base::Executor* executor, const store::Store* store, Sequencer* sequencer, Make make,
              Done done, int attempts)
      : executor_(executor),
        store_(store),
        sequencer_(sequencer),
        make_(std::move(make)),
        done_(std::move(done)),
        attempts_left_(attempts) {}

  void Queue() {
    const bool queued = executor_->Run([self = shared_from_this()] { self->Attempt(); });
    if (queued) return;
    done_(base::Error(base::Reason::kTooManyRequests, "the hub is busy; wait and retry"));
  }

 private:
  void Attempt() {
    --attempts_left_;
    absl::StatusOr<Operation> operation = MakeOperation();
    if (!operation.ok()) {
      done_(operation.status());
      return;
    }
    sequencer_->Submit(*std::move(operation),
                       [self = shared_from_this()](absl::StatusOr<Sequenced> result) {
                         self->Finish(std::move(result));
                       });
  }

  absl::StatusOr<Operation> MakeOperation() {
    absl::StatusOr<std::unique_ptr<store::View>> view = store_->NewView();
    if (!view.ok()) return view.status();
    return make_(**view);
  }

  void Finish(absl::StatusOr<Sequenced> result) {
    const bool again =
        base::ReasonOf(result.status()) == base::Reason::kAborted && attempts_left_ > 0;
    if (again) {
      Queue();
    } else {
      done_(std::move(result));
    }
  }

  base::Executor* const executor_;
  const store::Store* const store_;
  Sequencer* const sequencer_;
  // One step runs at a time, each started by the one before, so these need no lock.
  Make make_;
  Done done_;
  int attempts_left_;
};

}  // namespace

void Transact(base::Executor* executor, const store::Store* store, Sequencer* sequencer, Make make,
              Done done, int attempts_max) {
  std::make_shared<Transaction>(executor, store, sequencer, std::move(make), std::move(done),
                                attempts_max)
      ->Queue();
}

}  // namespace signpost::ledger
