// OverlayView is a view that shows another as it will be once some batches have been committed: for
// a change that is made of several, of which a later one reads what an earlier one writes.
//
// Not thread-safe: it belongs to one change. The view behind it must outlive it, and its revision is
// that view's.

#ifndef SIGNPOST_HUB_STORE_OVERLAY_VIEW_H_
#define SIGNPOST_HUB_STORE_OVERLAY_VIEW_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/store/batch.h"
#include "hub/store/store.h"

namespace signpost::store {

class OverlayView final : public View {
 public:
  explicit OverlayView(const View* behind) : behind_(behind) {}

  // From now on as if `batch` had been committed.
  void Take(const Batch& batch);

  uint64_t revision() const override { return behind_->revision(); }
  absl::StatusOr<std::optional<std::string>> Get(Space space,
                                                 const std::string& key) const override;
  absl::StatusOr<std::vector<KeyValue>> Scan(Space space, const std::string& from,
                                             const std::string& to, int rows_max) const override;

 private:
  const View* const behind_;
  // Nothing: deleted.
  std::map<std::pair<Space, std::string>, std::optional<std::string>> rows_;
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_OVERLAY_VIEW_H_
