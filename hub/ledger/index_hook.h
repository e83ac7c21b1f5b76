// Several parts of one operation may each need rows keyed by its ledger index (messages,
// idempotency records, side indexes), and an operation has one hook. This puts another behind it.

#ifndef SIGNPOST_HUB_LEDGER_INDEX_HOOK_H_
#define SIGNPOST_HUB_LEDGER_INDEX_HOOK_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "hub/ledger/sequencer.h"

namespace signpost::ledger {

using IndexHook = absl::AnyInvocable<void(uint64_t first_index, store::Batch& batch)>;

// `hook` runs behind the hooks that `operation` has already; it must keep the promises of
// Operation::with_index. Assigning with_index afterwards drops it: always add.
void AddIndexHook(Operation* operation, IndexHook hook);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_INDEX_HOOK_H_
