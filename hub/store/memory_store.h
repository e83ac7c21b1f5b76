// The memory store is a Store that tests and dry runs use. Complies with everything in store.h
// except that nothing outlives the object. Reads at a view see the instant it was taken: values are
// kept by version for as long as a view needs them.

#ifndef SIGNPOST_HUB_STORE_MEMORY_STORE_H_
#define SIGNPOST_HUB_STORE_MEMORY_STORE_H_

#include <memory>

#include "hub/store/store.h"

namespace signpost::store {

[[nodiscard]] std::unique_ptr<Store> NewMemoryStore();

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_MEMORY_STORE_H_
