// RemoveErased() is the part that matching has in erasing again in a store put back. See
// people/erased.h.

#ifndef SIGNPOST_HUB_MATCHING_ERASED_H_
#define SIGNPOST_HUB_MATCHING_ERASED_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "hub/store/store.h"

namespace signpost::matching {

// Takes `erased`, ids of 16 bytes, from the lists of all matching keys. Errors: kDataLoss for a
// list that does not parse; those of `view` and `commit`.
[[nodiscard]] absl::Status RemoveErased(const store::View& view,
                                        const absl::flat_hash_set<std::string>& erased,
                                        absl::FunctionRef<absl::Status(store::Batch)> commit);

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_ERASED_H_
