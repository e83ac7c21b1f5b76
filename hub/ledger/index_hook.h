// AddIndexHook() is a joiner of hooks that lets several parts of one operation each add rows keyed
// by its index (messages, request ids, side indexes).

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
