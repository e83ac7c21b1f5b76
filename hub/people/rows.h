// These functions are the people room's export of its rows to the rooms that must go through all of
// them, keep them apart or write beside them, so that nobody else needs to know where and in which
// form they lie: backups (the wrapped data keys), previews of a policy (everybody), matching
// (records whose report waits).
//
// Pure but for what they read at the view they are given; thread-safe. Errors, unless said
// otherwise: kDataLoss for a row that does not parse, and those of the view.

#ifndef SIGNPOST_HUB_PEOPLE_ROWS_H_
#define SIGNPOST_HUB_PEOPLE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/ledger/read_set.h"
#include "hub/people/people.h"
#include "hub/store/store.h"

namespace signpost::people {

// --- Everybody ---

// At most `rows_max` ids behind `after` (from the first when nothing), in order: of young persons,
// and of those who were merged into another, whom People::Read() answers for.
[[nodiscard]] absl::StatusOr<std::vector<base::PersonId>> IdsAfter(
    const store::View& view, const std::optional<base::PersonId>& after, int rows_max);

// --- Wrapped data keys, which backups keep apart from all else ---

// What a backup leaves out of its copy of everything.
inline constexpr store::Space kWrappedKeysSpace = store::Space::kPersonKeys;

// Calls `visit` with all rows of the space, some at a time, in order: wrapped data keys, the hub's own
// (keys/master_key.h), the register of closings (closings.h), marks of erased and of ended records. Stops at its first error, which it
// returns.
[[nodiscard]] absl::Status ForEachWrappedKeys(
    const store::View& view, int keys_max,
    absl::FunctionRef<absl::Status(absl::Span<const store::KeyValue>)> visit);

// Whether a row of the space is a wrapped data key, somebody's, that of a report that is held
// (erased_records.h) or of an archived flag (archived.h): one of those that are wrapped anew when the
// master key is changed, and that a restore takes only where whose they are is there.
bool IsWrappedDataKey(absl::string_view key);

// Adds a data key to `batch` as ForEachWrappedKeys() gave it, if whose it is is here, or what was
// closed for them is (closings.h): a key of nobody could never be erased. Says whether it did.
// REQUIRES: IsWrappedDataKey(key), and closings were put back before.
[[nodiscard]] absl::StatusOr<bool> PutWrappedKeyBack(const store::View& view,
                                                     const std::string& key,
                                                     const std::string& value, store::Batch* batch);

// What RewrapKeys() makes of some wrapped keys.
struct Rewrapped {
  store::Batch change;    // empty when all of them lie under the master key already
  ledger::ReadSet reads;  // the rows that it changes: somebody erased meanwhile must stay so
  uint64_t keys = 0;      // that it changes
  std::string next;       // where to go on; empty behind the last
};

// Wraps anew, under the master key of `keyring`, those wrapped keys that lie under the one before,
// looking at `keys_max` from `from` on (from the first when empty). One that opens under neither is
// left as it is.
[[nodiscard]] absl::StatusOr<Rewrapped> RewrapKeys(const store::View& view,
                                                   const base::Keyring& keyring,
                                                   base::RandomSource* random,
                                                   const std::string& from, int keys_max);
// How many there are that do not lie under the master key.
[[nodiscard]] absl::StatusOr<uint64_t> CountKeysToRewrap(const store::View& view,
                                                         const base::Keyring& keyring);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_ROWS_H_
