#include "hub/operations/retention.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "hub/audit/filter.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/pruned.h"

namespace signpost::operations {

namespace stored = ::signpost::store::v1;

bool MayBePruned(stored::EntryKind kind) {
  return kind != stored::ENTRY_KIND_UNSPECIFIED && kind != stored::ENTRY_KIND_PRUNED &&
         kind != stored::ENTRY_KIND_RESTORED && kind != stored::ENTRY_KIND_PERSON_ERASED;
}

absl::StatusOr<PruneBatch> PlanPrune(const store::View& view, const Retention& retention,
                                     absl::Time now, uint64_t first_index, size_t entries_max) {
  PruneBatch batch;
  batch.next_index = first_index;
  if (retention.empty()) return batch;
  int days_min = retention.begin()->second;
  for (const auto& [kind, days] : retention) days_min = std::min(days_min, days);
  const auto cutoff = [now](int days) { return absl::ToUnixMicros(now - absl::Hours(24) * days); };
  const int64_t nothing_from_us = cutoff(days_min);

  const ledger::LedgerReader reader(&view);
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  std::map<stored::EntryKind, std::vector<tlog::PrunedRange>> ranges;
  stored::LedgerEntry entry;
  // The last entry stays: by it the hub sees at its start that head and entries belong together.
  while (batch.next_index + 1 < head.size) {
    const int count =
        static_cast<int>(std::min<uint64_t>(base::kPageRowsMax, head.size - 1 - batch.next_index));
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                              reader.Entries(batch.next_index, count));
    if (entries.empty()) break;
    for (const std::string& bytes : entries) {
      const uint64_t index = batch.next_index;
      if (!bytes.empty() && !entry.ParseFromString(bytes)) {
        return base::Error(base::Reason::kDataLoss, "a stored entry does not decode");
      }
      // Time never runs back in the ledger.
      if (!bytes.empty() && entry.sequenced_at_us() >= nothing_from_us) {
        batch.next_index = head.size;
        break;
      }
      const auto kept = bytes.empty() ? retention.end() : retention.find(entry.kind());
      if (kept != retention.end() && MayBePruned(entry.kind()) &&
          entry.sequenced_at_us() < cutoff(kept->second)) {
        if (batch.operation.prune.size() == entries_max) {
          batch.more = true;
          break;
        }
        batch.operation.prune.push_back(index);
        tlog::AddPruned(index, &ranges[entry.kind()]);
        ++batch.counts[entry.kind()];
      }
      ++batch.next_index;
    }
    if (batch.more) break;
  }
  std::vector<tlog::PrunedKind> kinds;
  kinds.reserve(ranges.size());
  for (auto& [kind, of_kind] : ranges) kinds.push_back({audit::KindWord(kind), std::move(of_kind)});
  batch.subject = tlog::FormatPruned(kinds);
  return batch;
}

}  // namespace signpost::operations
