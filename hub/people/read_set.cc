#include "hub/people/read_set.h"

#include <utility>

#include "hub/base/status_macros.h"

namespace signpost::people {

absl::StatusOr<std::optional<std::string>> ReadSet::Get(store::Space space,
                                                        const std::string& key) const {
  auto place = rows_.find({space, key});
  if (place != rows_.end()) return place->second;
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> value, view_->Get(space, key));
  rows_.emplace(std::make_pair(space, key), value);
  return value;
}

absl::StatusOr<std::vector<store::KeyValue>> ReadSet::Scan(store::Space space,
                                                           const std::string& from,
                                                           const std::string& to,
                                                           int rows_max) const {
  return view_->Scan(space, from, to, rows_max);
}

std::vector<store::Precondition> ReadSet::Preconditions() const {
  std::vector<store::Precondition> preconditions;
  preconditions.reserve(rows_.size());
  for (const auto& [place, value] : rows_) {
    preconditions.push_back({place.first, place.second, value});
  }
  return preconditions;
}

}  // namespace signpost::people
