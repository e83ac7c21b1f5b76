#include "hub/people/erased.h"

#include <optional>
#include <utility>
#include <vector>

#include "hub/base/ids.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/person_index.h"
#include "hub/people/archived.h"
#include "hub/people/clocks.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

using store::Space;

absl::StatusOr<absl::flat_hash_set<std::string>> RemoveErased(
    const store::View& view, absl::FunctionRef<absl::Status(store::Batch)> commit) {
  absl::flat_hash_set<std::string> erased;
  SIGNPOST_RETURN_IF_ERROR(store::VisitRows(
      view, Space::kPeople, commit,
      [&](const store::KeyValue& row, store::Batch* batch) -> absl::Status {
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> key,
                                  view.Get(Space::kPersonKeys, row.key));
        if (key.has_value()) return absl::OkStatus();
        erased.insert(row.key);
        batch->Delete(Space::kPeople, row.key);
        // What hangs on a row that does not parse opens to nobody either: its key is gone.
        const auto gone = store::DecodeRow<store::v1::PersonRow>("a person", row.value);
        const absl::StatusOr<base::PersonId> id = base::PersonId::FromBytes(row.key);
        if (!gone.ok() || !id.ok()) return absl::OkStatus();
        for (const store::v1::ArchivedFlagRow& archived : gone->archived()) {
          RemoveArchived(archived.flag_id(), batch);
        }
        DropClock(*id, *gone, batch);
        return absl::OkStatus();
      }));
  if (erased.empty()) return erased;
  SIGNPOST_RETURN_IF_ERROR(ledger::PersonIndex(&view).RemoveAll(erased, commit));
  SIGNPOST_RETURN_IF_ERROR(store::VisitRows(
      view, Space::kLocalRecords, commit,
      [&](const store::KeyValue& row, store::Batch* batch) -> absl::Status {
        SIGNPOST_ASSIGN_OR_RETURN(
            const auto local, store::DecodeRow<store::v1::LocalRecordRow>("a record", row.value));
        if (erased.contains(local.person_id())) batch->Delete(Space::kLocalRecords, row.key);
        return absl::OkStatus();
      }));
  return erased;
}

}  // namespace signpost::people
