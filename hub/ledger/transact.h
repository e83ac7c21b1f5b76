// Read, decide, submit; and when somebody else was first, again. The loop around every change that
// depends on what is stored.

#ifndef SIGNPOST_HUB_LEDGER_TRANSACT_H_
#define SIGNPOST_HUB_LEDGER_TRANSACT_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "hub/base/executor.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"

namespace signpost::ledger {

// Makes the operation from what `view` shows. Called once an attempt, each time with a newer view,
// on the executor; so it must not keep anything of an earlier attempt. It guards what it read with
// Operation::preconditions. An error ends the transaction with that error and no change.
using Make = absl::AnyInvocable<absl::StatusOr<Operation>(const store::View& view)>;

inline constexpr int kTransactAttemptsMax = 8;

// Runs `make` on `executor`, submits what it made, and on kAborted begins again, `attempts_max`
// times in all; the last kAborted is then the result. `done` is called exactly once, on the
// executor, on the sequencer's completion thread or, when refused at once, on the executor's.
// Returns at once. `executor`, `store` and `sequencer` must outlive the call to `done`.
void Transact(base::Executor* executor, const store::Store* store, Sequencer* sequencer, Make make,
              Done done, int attempts_max = kTransactAttemptsMax);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_TRANSACT_H_
