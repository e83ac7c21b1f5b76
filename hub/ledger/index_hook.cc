#include "hub/ledger/index_hook.h"

#include <utility>

namespace signpost::ledger {

void AddIndexHook(Operation* operation, IndexHook hook) {
  if (!operation->with_index) {
    operation->with_index = std::move(hook);
    return;
  }
  operation->with_index = [first = std::move(operation->with_index), second = std::move(hook)](
                              uint64_t first_index, store::Batch& batch) mutable {
    first(first_index, batch);
    second(first_index, batch);
  };
}

}  // namespace signpost::ledger
