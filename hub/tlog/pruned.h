// Which entries were reduced to their hashes, as the entry that records it says in its subject, for
// everybody who verifies the ledger to read:
//
//   delivery 3-9,12;find 20-30
//
// kinds as words, each with the indices of its entries, ascending. Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_PRUNED_H_
#define SIGNPOST_HUB_TLOG_PRUNED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace signpost::tlog {

// The number of that kind of entry: field 6 of store.v1.LedgerEntry.
inline constexpr uint64_t kEntryKindPruned = 30;

struct PrunedRange {
  uint64_t first = 0;
  uint64_t last = 0;  // inclusive
};
struct PrunedKind {
  std::string kind;  // lower-case letters, digits and hyphens
  std::vector<PrunedRange> ranges;
};

// Adds `index`, which must be above all that `ranges` holds.
void AddPruned(uint64_t index, std::vector<PrunedRange>* ranges);

std::string FormatPruned(absl::Span<const PrunedKind> kinds);
// Errors: INVALID_ARGUMENT for anything FormatPruned() would not write.
[[nodiscard]] absl::StatusOr<std::vector<PrunedKind>> ParsePruned(absl::string_view subject);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_PRUNED_H_
