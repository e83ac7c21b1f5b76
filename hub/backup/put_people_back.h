// PutPeopleBack() is the part of a restore that is about people: it makes a store that was put back,
// without the space of wrapped keys, agree with the file of keys of today. Whoever was erased since is
// gone, what was closed since is closed, and nobody's key is there who is not.
//
// The order matters. First whatever is no data key, since the register of closings says for whom something
// was closed; then the data keys of those who are in the store or in the register; then those without a
// key are taken out for erased; and only then closings are applied, to those who are left.

#ifndef SIGNPOST_HUB_BACKUP_PUT_PEOPLE_BACK_H_
#define SIGNPOST_HUB_BACKUP_PUT_PEOPLE_BACK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/store/store.h"

namespace signpost::backup {

struct PeopleBack {
  uint64_t persons = 0;         // whose keys were put back
  uint64_t persons_erased = 0;  // who were in the backup and have no key any more: removed
  uint64_t closings = 0;        // shields, refusals, withdrawals in the file of keys
  uint64_t persons_closed = 0;  // who were in the backup, and for whom something was closed since
  uint64_t persons_added = 0;   // who were not in it, and are known again by what was closed
};

// Adds to `batch` what is to become of one row of the file of keys.
using VisitKeyRow = absl::FunctionRef<absl::Status(const std::string& key, const std::string& value,
                                                   store::Batch* batch)>;
struct KeysOfToday {
  // Calls `visit` for every row of the file, in any order, and commits what it adds. Called twice.
  absl::FunctionRef<absl::Status(VisitKeyRow visit)> for_each_row;
  // The keys that the store lies under, once the hub's own rows are in it.
  absl::FunctionRef<absl::StatusOr<std::unique_ptr<base::Keyring>>()> open_keyring;
  // Commits a change to the store.
  absl::FunctionRef<absl::Status(store::Batch batch)> commit;
};

// REQUIRES: nobody else writes to `store`. Errors: kDataLoss for a row that does not parse, or a
// closing that does not open; those of the functions given and of `store`.
[[nodiscard]] absl::StatusOr<PeopleBack> PutPeopleBack(const store::Store& store,
                                                       const KeysOfToday& keys,
                                                       base::RandomSource* random);

}  // namespace signpost::backup

#endif  // SIGNPOST_HUB_BACKUP_PUT_PEOPLE_BACK_H_
