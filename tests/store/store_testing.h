// These are functions that write into a store past its sequencer, for tests that tamper or prepare.

#ifndef SIGNPOST_TESTS_STORE_STORE_TESTING_H_
#define SIGNPOST_TESTS_STORE_STORE_TESTING_H_

#include <utility>

#include "absl/status/status.h"
#include "hub/store/store.h"

namespace signpost::store::testing {

// What a commit must say now to pass.
inline Fence FenceOf(const Store& store) {
  return Fence{*(*store.NewView())->Get(Space::kMeta, kFenceKey)};
}

// Writes `batch` whoever else writes there. REQUIRES: nobody does at this moment.
inline absl::Status CommitNow(Store& store, Batch batch) {
  return store.Commit(std::move(batch), FenceOf(store)).status();
}

}  // namespace signpost::store::testing

#endif  // SIGNPOST_TESTS_STORE_STORE_TESTING_H_
