// CheckOperation() is a judge of operations that looks at everything that can be judged without the
// store: entries are well-formed and count for whom they name, what is pruned is what the entry
// says, no row is the ledger's own, nothing is over a limit. Internal to the room.
//
// Pure and thread-safe.

#ifndef SIGNPOST_HUB_LEDGER_OPERATION_CHECKS_H_
#define SIGNPOST_HUB_LEDGER_OPERATION_CHECKS_H_

#include "absl/status/status.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/batch.h"

namespace signpost::ledger {

// Errors: kInvalidField and kInternal, as Sequencer::Submit() says.
[[nodiscard]] absl::Status CheckOperation(const Operation& operation);

// The rows alone: those that a hook adds come later than the operation.
[[nodiscard]] absl::Status CheckRows(const store::Batch& batch);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_OPERATION_CHECKS_H_
