// The register of closings is a list that says what was closed for each young person: a shield that
// was set, a refusal, a yes that was taken back, that a holder challenged, or that no longer stands; a
// legal hold, that they have died, and which archived flags were erased. It lies among the wrapped data keys
// (Space::kPersonKeys), which no backup holds and of which there is one file, as new as the store. So
// what closes outlives every backup: whichever is restored, all that was closed since is closed in it
// before anything is served.
//
// One row a closing, written in the commit of what it is of and never changed: what it is of, and
// what is needed to know the person again where a backup does not know them yet (hashes of their
// details, their records; nothing in clear, about 300 bytes for each agency that reported them). It
// is sealed under the person's own data key, so it opens to nobody once they are erased, and goes
// with them; a change of the master key covers it by covering that key.
//
// A hold that was ended, and a death that was taken back, are registered too, as the lifting of a shield.
//
// Only what closes is registered. A yes that stands in the place of a no is not: after a restore from
// before it the no holds again, and somebody asks again. The lifting of a shield is, since nobody could
// tell otherwise which came last. A lifting counts for the person it was made for; where the store put back
// knows them as two, or a restore may have made two of them, the shield of the other holds.
//
// Pure functions but for the view they are given; thread-safe. Internal to the hub's rooms of people
// and backups; who changes a person calls People.

#ifndef SIGNPOST_HUB_PEOPLE_CLOSINGS_H_
#define SIGNPOST_HUB_PEOPLE_CLOSINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// The row of Space::kMeta that every commit with a closing writes, so that whoever keeps the file of
// keys, and follows what is committed, knows that it is to be written anew: the rows of keys
// themselves are in no feed.
inline constexpr char kClosingMadeKey[] = "people/closing-made";
// The same of keys that were destroyed. Stays, so that a hub that starts knows that there were some.
inline constexpr char kKeyDestroyedKey[] = "people/key-destroyed";

// Whether a row of Space::kPersonKeys is a closing.
bool IsClosing(absl::string_view key);
// Whether there is one of `id`. Errors: those of the view.
[[nodiscard]] absl::StatusOr<bool> HasClosings(const store::View& view, const base::PersonId& id);

// Adds to `closing` that `consent`, where it is a yes, has another in its place.
void AddSuperseded(const store::v1::ConsentRow& consent, store::v1::ClosingRow* closing);
// Everything that is closed in `row`.
store::v1::ClosingRow ClosedOf(const store::v1::PersonRow& row);

// Adds a closing of the person `id` to `batch`. `row` is theirs as it is put in the same batch, with its
// new version; `closing` says what it is of, and is completed here.
[[nodiscard]] absl::Status PutClosing(const base::PersonId& id, const store::v1::PersonRow& row,
                                      const base::SecretKey& key, store::v1::ClosingRow closing,
                                      base::RandomSource* random, store::Batch* batch);

// Adds to `batch` that there are none of `id`, who is being erased. Errors: those of the view.
[[nodiscard]] absl::Status RemoveClosings(const store::View& view, const base::PersonId& id,
                                          store::Batch* batch);

// What ApplyClosings() came to.
struct ClosingsApplied {
  uint64_t closings = 0;       // read, whether or not the store had them already
  uint64_t persons_added = 0;  // who were in the register alone, and of whom nothing else is known
  // Whose rows were changed or added. Records and details that were reported before what was closed lead
  // to them again. Their matching keys are matching's (matching/closings.h).
  std::vector<base::PersonId> persons;
};

// Makes the rows of a store put back say what the register says. REQUIRES: its wrapped keys and its
// register are those of today (rows.h, PutWrappedKeyBack()), and whoever was erased is out of it.
// `commit` is handed the changes, in batches. Errors: kDataLoss for a closing that does not open under
// the key of the person it is of, or a row that does not parse; those of `view` and `commit`.
[[nodiscard]] absl::StatusOr<ClosingsApplied> ApplyClosings(
    const store::View& view, const base::Keyring& keyring, base::RandomSource* random,
    absl::FunctionRef<absl::Status(store::Batch)> commit);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_CLOSINGS_H_
