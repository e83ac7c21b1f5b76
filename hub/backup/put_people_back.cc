#include "hub/backup/put_people_back.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "hub/base/status_macros.h"
#include "hub/matching/closings.h"
#include "hub/matching/erased.h"
#include "hub/people/clocks.h"
#include "hub/people/closings.h"
#include "hub/people/erased.h"
#include "hub/people/rows.h"

namespace signpost::backup {

absl::StatusOr<PeopleBack> PutPeopleBack(const store::Store& store, const KeysOfToday& keys,
                                         base::RandomSource* random) {
  PeopleBack back;
  const auto put_register = [](const std::string& key, const std::string& value,
                               store::Batch* batch) {
    if (!people::IsWrappedDataKey(key)) batch->Put(people::kWrappedKeysSpace, key, value);
    return absl::OkStatus();
  };
  SIGNPOST_RETURN_IF_ERROR(keys.for_each_row(put_register));

  SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<store::View> view, store.NewView());
  const auto put_key = [&view, &back](const std::string& key, const std::string& value,
                                      store::Batch* batch) -> absl::Status {
    if (!people::IsWrappedDataKey(key)) return absl::OkStatus();
    SIGNPOST_ASSIGN_OR_RETURN(const bool put, people::PutWrappedKeyBack(*view, key, value, batch));
    if (put) ++back.persons;
    return absl::OkStatus();
  };
  SIGNPOST_RETURN_IF_ERROR(keys.for_each_row(put_key));

  // Without a key nothing about them can be read; that somebody was here goes too.
  SIGNPOST_ASSIGN_OR_RETURN(view, store.NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const absl::flat_hash_set<std::string> erased,
                            people::RemoveErased(*view, keys.commit));
  back.persons_erased = erased.size();
  SIGNPOST_RETURN_IF_ERROR(matching::RemoveErased(*view, erased, keys.commit));

  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<base::Keyring> keyring, keys.open_keyring());
  SIGNPOST_ASSIGN_OR_RETURN(view, store.NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const people::ClosingsApplied applied,
                            people::ApplyClosings(*view, *keyring, random, keys.commit));
  back.closings = applied.closings;
  back.persons_closed = applied.persons.size() - applied.persons_added;
  back.persons_added = applied.persons_added;
  SIGNPOST_RETURN_IF_ERROR(matching::AddKeys(store, *keyring, applied.persons, keys.commit));
  if (!applied.persons.empty()) {
    // What is due of whom has changed with them.
    store::Batch sweep;
    sweep.Put(store::Space::kMeta, people::kSweptKey, people::kSweepBegins);
    SIGNPOST_RETURN_IF_ERROR(keys.commit(std::move(sweep)));
  }
  SIGNPOST_RETURN_IF_ERROR(
      matching::MendReviews(store, *keyring, applied.persons, random, keys.commit));
  return back;
}

}  // namespace signpost::backup
