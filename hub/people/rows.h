// These functions are the people room's export of its rows to the rooms that must go through all of
// them, keep them apart or write beside them, so that nobody else needs to know where and in which
// form they lie: backups (the wrapped data keys), previews of a policy (everybody), matching
// (records whose report waits).
//
// Pure but for what they read at the view they are given; thread-safe. Errors, unless said
// otherwise: kDataLoss for a row that does not parse, and those of the view.

#ifndef SIGNPOST_HUB_PEOPLE_ROWS_H_
#define SIGNPOST_HUB_PEOPLE_ROWS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/base/ids.h"
#include "hub/people/people.h"
#include "hub/store/store.h"

namespace signpost::people {

// --- Everybody ---

// At most `rows_max` ids behind `after` (from the first when nothing), in order: of young persons,
// and of those who were merged into another, whom People::Read() answers for.
[[nodiscard]] absl::StatusOr<std::vector<base::PersonId>> IdsAfter(
    const store::View& view, const std::optional<base::PersonId>& after, int rows_max);

// --- Records of agencies ---

// Adds to `batch` that a report of the record waits for review: the record stays on whom it was on,
// if it was on anybody, until somebody has decided.
void PutWaiting(absl::string_view agency_id, const RecordState& state, const base::ReviewId& review,
                store::Batch* batch);
// Adds to `batch` that the agency never reported it.
void ForgetRecord(absl::string_view agency_id, const RecordState& state, store::Batch* batch);

// --- Wrapped data keys, which backups keep apart from all else ---

// What a backup leaves out of its copy of everything.
inline constexpr store::Space kWrappedKeysSpace = store::Space::kPersonKeys;

// Calls `visit` with all wrapped keys, some at a time, in order; stops at its first error, which it
// returns.
[[nodiscard]] absl::Status ForEachWrappedKeys(
    const store::View& view, int keys_max,
    absl::FunctionRef<absl::Status(absl::Span<const store::KeyValue>)> visit);

// Adds a key to `batch` as ForEachWrappedKeys() gave it, if whose it is is here: a key of nobody
// could never be erased. Says whether it did.
[[nodiscard]] absl::StatusOr<bool> PutWrappedKeyBack(const store::View& view,
                                                     const std::string& key,
                                                     const std::string& value, store::Batch* batch);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_ROWS_H_
