// PrunedKind is a struct that says which entries were reduced to their hashes, for everybody who
// verifies the ledger to read: the bytes of a ledger.v1.Pruned, which names each kind with the
// ranges of its entries, ascending. Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_PRUNED_H_
#define SIGNPOST_HUB_TLOG_PRUNED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace signpost::tlog {

// The number of that kind of entry: field 6 of ledger.v1.LedgerEntry.
inline constexpr uint64_t kEntryKindPruned = 30;

struct PrunedRange {
  uint64_t first = 0;
  uint64_t last = 0;  // inclusive
};
struct PrunedKind {
  uint64_t kind = 0;  // a number of ledger.v1.EntryKind
  std::vector<PrunedRange> ranges;
};

// Adds `index`, which must be above all that `ranges` holds.
void AddPruned(uint64_t index, std::vector<PrunedRange>* ranges);

// As protobuf would write it.
std::string EncodePruned(absl::Span<const PrunedKind> kinds);
// Errors: INVALID_ARGUMENT when `bytes` are no such message, name no entry or a kind without one,
// or have ranges that are not ascending or touch.
[[nodiscard]] absl::StatusOr<std::vector<PrunedKind>> DecodePruned(absl::string_view bytes);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_PRUNED_H_
