#include "hub/operations/retention.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/pruned.h"

namespace signpost::operations {

bool MayBePruned(ledger::v1::EntryKind kind) {
  return kind != ledger::v1::ENTRY_KIND_UNSPECIFIED && kind != ledger::v1::ENTRY_KIND_PRUNED &&
         kind != ledger::v1::ENTRY_KIND_RESTORED && kind != ledger::v1::ENTRY_KIND_PERSON_ERASED &&
         kind != ledger::v1::ENTRY_KIND_FLAGS_ENDED &&
         kind != ledger::v1::ENTRY_KIND_KEEPING_TABLE_CHANGED &&
         kind != ledger::v1::ENTRY_KIND_AREA_FOUNDED;
}

absl::StatusOr<PruneBatch> PlanPrune(const store::View& view, const Retention& retention,
                                     absl::Time now, uint64_t first_index, size_t entries_max,
                                     const absl::flat_hash_set<uint64_t>& held) {
  PruneBatch batch;
  batch.next_index = first_index;
  if (retention.empty()) return batch;
  int days_min = retention.begin()->second;
  for (const auto& [kind, days] : retention) days_min = std::min(days_min, days);
  const auto cutoff = [now](int days) { return absl::ToUnixMicros(now - absl::Hours(24) * days); };
  const int64_t nothing_from_us = cutoff(days_min);

  const ledger::LedgerReader reader(&view);
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  std::map<ledger::v1::EntryKind, std::vector<tlog::PrunedRange>> ranges;
  // The last entry stays: by it the hub sees at its start that head and entries belong together.
  while (batch.next_index + 1 < head.size) {
    const int count =
        static_cast<int>(std::min<uint64_t>(base::kPageRowsMax, head.size - 1 - batch.next_index));
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                              reader.Entries(batch.next_index, count));
    if (entries.empty()) break;
    for (const std::string& bytes : entries) {
      const uint64_t index = batch.next_index;
      ledger::v1::LedgerEntry entry;
      if (!bytes.empty()) {
        SIGNPOST_ASSIGN_OR_RETURN(entry, ledger::ParseEntry(bytes));
      }
      // Time never runs back in the ledger.
      if (!bytes.empty() && entry.sequenced_at_us() >= nothing_from_us) {
        batch.next_index = head.size;
        break;
      }
      const auto kept = bytes.empty() ? retention.end() : retention.find(entry.kind());
      if (kept != retention.end() && MayBePruned(entry.kind()) && !held.contains(index) &&
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
  for (const auto& [kind, of_kind] : ranges) {
    ledger::v1::PrunedKind* const pruned = batch.pruned.add_kinds();
    pruned->set_kind(kind);
    for (const tlog::PrunedRange& range : of_kind) {
      ledger::v1::PrunedRange* const told = pruned->add_ranges();
      told->set_first(range.first);
      told->set_last(range.last);
    }
  }
  return batch;
}

}  // namespace signpost::operations
