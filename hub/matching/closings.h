// AddKeys() and MendReviews() are the part that matching has in making a store put back say what was
// closed since. See people/closings.h.

#ifndef SIGNPOST_HUB_MATCHING_CLOSINGS_H_
#define SIGNPOST_HUB_MATCHING_CLOSINGS_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/store/store.h"

namespace signpost::matching {

// Has `persons`, whose rows the register of closings changed, found by the hashes of all details on
// their rows. `commit` is handed the changes, a person's at a time, and
// writes them into `store`. Errors: kDataLoss; those of `store` and `commit`.
[[nodiscard]] absl::Status AddKeys(const store::Store& store, const base::Keyring& keyring,
                                   const std::vector<base::PersonId>& persons,
                                   absl::FunctionRef<absl::Status(store::Batch)> commit);

// Ends reviews about whom nobody is left to decide, and has whatever waits about a shielded one of
// `persons` carry the shield, as it did when that was set. As AddKeys().
[[nodiscard]] absl::Status MendReviews(const store::Store& store, const base::Keyring& keyring,
                                       const std::vector<base::PersonId>& persons,
                                       base::RandomSource* random,
                                       absl::FunctionRef<absl::Status(store::Batch)> commit);

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_CLOSINGS_H_
