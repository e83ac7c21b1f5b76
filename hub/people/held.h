// These are functions that find the legal holds that stand, by their places in the index of what is due
// (clocks.h): few, however many young persons there are.
//
// Pure but for the view they are given; thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_HELD_H_
#define SIGNPOST_HUB_PEOPLE_HELD_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "hub/ledger/read_set.h"
#include "hub/people/people.h"
#include "hub/people/person.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

struct Held {
  Person person;
  store::v1::HoldRow hold;
};

// All that stand, the one that is reviewed or told of first before the others. Errors: kDataLoss; those of
// the view.
[[nodiscard]] absl::StatusOr<std::vector<Held>> ReadHolds(const store::View& view,
                                                          const People& people);
// The one at a place of the index; nothing where it stands no more. Errors as ReadHolds().
[[nodiscard]] absl::StatusOr<std::optional<Held>> HoldOfKey(const store::View& view,
                                                            const People& people,
                                                            const std::string& row_key);
// Numbers of the ledger's entries about somebody for whom a hold stands. Errors as ReadHolds().
[[nodiscard]] absl::StatusOr<absl::flat_hash_set<uint64_t>> HeldEntries(const store::View& view,
                                                                        const People& people);

// Says in `reads` that no other holds stand than at `view`.
void RestOnHolds(const store::View& view, ledger::ReadSet* reads);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_HELD_H_
