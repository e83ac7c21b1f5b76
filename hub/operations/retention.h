// Retention is a rule that says which entries are past the time their kind is kept. What goes is
// the entry's bytes; its hash, its proof and its counter stay. That there was an entry about a
// person stays known too, until they are erased: what is told to them counts it, and a decision
// made again must not be held against a history with a gap in it.
//
// Pure but for the view it is given; thread-safe.

#ifndef SIGNPOST_HUB_OPERATIONS_RETENTION_H_
#define SIGNPOST_HUB_OPERATIONS_RETENTION_H_

#include <cstdint>
#include <map>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::operations {

// Days for which entries of a kind are kept; kinds that are not in it are kept for ever.
using Retention = std::map<ledger::v1::EntryKind, int>;

// Whether entries of `kind` may ever go. Those that say what went, what was restored and whose key
// was destroyed may not: others rest on them.
bool MayBePruned(ledger::v1::EntryKind kind);

// One commit's worth.
struct PruneBatch {
  // What the sequencer is to be given, but for its entry; `operation.prune` is empty when nothing
  // is past its time.
  ledger::Operation operation;
  ledger::v1::Pruned pruned;  // that entry's detail
  std::map<ledger::v1::EntryKind, uint64_t> counts;
  uint64_t next_index = 0;  // where to go on
  bool more = false;        // at `next_index` stands another that is past its time
};

// Looks from `first_index` on for entries older than their retention at `now`, at most
// `entries_max`; the newest entry never is one, nor one of `held`, about somebody for whom a legal hold
// stands. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<PruneBatch> PlanPrune(const store::View& view,
                                                   const Retention& retention, absl::Time now,
                                                   uint64_t first_index, size_t entries_max,
                                                   const absl::flat_hash_set<uint64_t>& held = {});

}  // namespace signpost::operations

#endif  // SIGNPOST_HUB_OPERATIONS_RETENTION_H_
