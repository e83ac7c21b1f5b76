#include "hub/store/overlay_view.h"

#include "hub/base/status_macros.h"

namespace signpost::store {

void OverlayView::Take(const Batch& batch) {
  for (const Batch::Operation& operation : batch.operations()) {
    std::optional<std::string>& row = rows_[{operation.space, std::string(operation.key)}];
    row.reset();
    if (operation.value.has_value()) row = std::string(*operation.value);
  }
}

absl::StatusOr<std::optional<std::string>> OverlayView::Get(Space space,
                                                            const std::string& key) const {
  const auto row = rows_.find({space, key});
  if (row != rows_.end()) return row->second;
  return behind_->Get(space, key);
}

absl::StatusOr<std::vector<KeyValue>> OverlayView::Scan(Space space, const std::string& from,
                                                        const std::string& to, int rows_max) const {
  const auto first = rows_.lower_bound({space, from});
  auto end = first;
  int changed = 0;
  while (end != rows_.end() && end->first.first == space &&
         (to.empty() || end->first.second < to)) {
    ++end;
    ++changed;
  }
  // As many more as may have been deleted: what is left of a full page is a full page, and whatever is
  // put behind it comes with the next.
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<KeyValue> behind,
                            behind_->Scan(space, from, to, rows_max + changed));
  std::map<std::string, std::string> rows;
  for (const KeyValue& row : behind) rows[row.key] = row.value;
  for (auto row = first; row != end; ++row) {
    if (row->second.has_value()) {
      rows[row->first.second] = *row->second;
    } else {
      rows.erase(row->first.second);
    }
  }
  std::vector<KeyValue> page;
  for (auto& [key, value] : rows) {
    if (static_cast<int>(page.size()) == rows_max) break;
    page.push_back({key, std::move(value)});
  }
  return page;
}

}  // namespace signpost::store
