#include "hub/matching/erased.h"

#include <algorithm>

#include "hub/base/status_macros.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::matching {

using store::Space;

absl::Status RemoveErased(const store::View& view, const absl::flat_hash_set<std::string>& erased,
                          absl::FunctionRef<absl::Status(store::Batch)> commit) {
  if (erased.empty()) return absl::OkStatus();
  return store::VisitRows(
      view, Space::kMatchKeys, commit,
      [&](const store::KeyValue& row, store::Batch* batch) -> absl::Status {
        SIGNPOST_ASSIGN_OR_RETURN(
            auto list, store::DecodeRow<store::v1::MatchKeyRow>("a match key", row.value));
        auto* const ids = list.mutable_person_ids();
        const auto end = std::remove_if(ids->begin(), ids->end(),
                                        [&](const std::string& id) { return erased.contains(id); });
        if (end == ids->end()) return absl::OkStatus();
        ids->erase(end, ids->end());
        if (ids->empty()) {
          batch->Delete(Space::kMatchKeys, row.key);
        } else {
          batch->Put(Space::kMatchKeys, row.key, store::EncodeRow(list));
        }
        return absl::OkStatus();
      });
}

}  // namespace signpost::matching
