// RemoveErased() is a tool that erases again in a store put back: whoever has no data key among
// those of today was erased since the backup was made, and nothing of theirs can be read any more.
// What is left is that they were here, and that goes too.

#ifndef SIGNPOST_HUB_PEOPLE_ERASED_H_
#define SIGNPOST_HUB_PEOPLE_ERASED_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace signpost::people {

// The ids, 16 bytes each, of those whose rows were removed, with their records and the index of who
// looked. `commit` is handed the changes, in batches. Matching keys are matching's
// (matching/erased.h). Errors: kDataLoss for any row that does not parse: whom it names cannot be
// told, so it may be somebody who was erased; those of `view` and `commit`.
[[nodiscard]] absl::StatusOr<absl::flat_hash_set<std::string>> RemoveErased(
    const store::View& view, absl::FunctionRef<absl::Status(store::Batch)> commit);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_ERASED_H_
