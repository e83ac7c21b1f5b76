// What ends of somebody, with their matching keys.

#include <string>
#include <utility>

#include "hub/base/status_macros.h"
#include "hub/matching/report_linker.h"
#include "hub/store/overlay_view.h"

namespace signpost::matching {

absl::StatusOr<people::EndsResult> ReportLinker::PrepareEnds(const ledger::GuardedView& view,
                                                             const base::PersonId& person,
                                                             absl::Time now,
                                                             bool table_counts) const {
  SIGNPOST_ASSIGN_OR_RETURN(people::EndsResult ends,
                            people_->PrepareEnds(view, person, now, table_counts));
  if (!ends.dropped_aliases.empty()) {
    SIGNPOST_RETURN_IF_ERROR(matcher_.PrepareKeys(
        view, ends.person, {nullptr, {}, ends.dropped_aliases, ends.aliases}, &ends.change));
  }
  if (!ends.nothing_left) return ends;
  // As they are once what is due is done: their flags are gone, so no record is marked as erased.
  store::OverlayView overlay(&view);
  overlay.Take(ends.change);
  const ledger::GuardedView left(&overlay);
  SIGNPOST_ASSIGN_OR_RETURN(store::Batch erased,
                            PrepareErase(left, ends.person, std::string(), now));
  ends.change.Append(std::move(erased));
  return ends;
}

}  // namespace signpost::matching
