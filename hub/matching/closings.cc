#include "hub/matching/closings.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"

#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/matching/keys.h"
#include "hub/matching/normalise.h"
#include "hub/matching/report_linker.h"
#include "hub/matching/reviews.h"
#include "hub/people/people.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::matching {

using store::Space;

absl::Status AddKeys(const store::Store& store, const base::Keyring& keyring,
                     const std::vector<base::PersonId>& persons,
                     absl::FunctionRef<absl::Status(store::Batch)> commit) {
  if (persons.empty()) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<Normaliser> normaliser, Normaliser::Create());
  const Keys keys(keyring, normaliser.get());
  for (const base::PersonId& person : persons) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store.NewView());
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              view->Get(Space::kPeople, person.ToBytes()));
    if (!bytes.has_value()) {
      return base::Error(base::Reason::kInternal, "somebody who was added has no row");
    }
    SIGNPOST_ASSIGN_OR_RETURN(const auto row,
                              store::DecodeRow<store::v1::PersonRow>("a person", *bytes));
    store::Batch batch;
    // Two of their aliases may be found by one key: what was added for the first counts for the second.
    absl::flat_hash_map<std::string, store::v1::MatchKeyRow> lists;
    for (const store::v1::AliasRow& alias : row.aliases()) {
      for (const std::string& key : keys.StoredKeys(alias.hashes())) {
        const auto [known, first] = lists.try_emplace(key);
        if (!first) continue;
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> list,
                                  view->Get(Space::kMatchKeys, key));
        if (list.has_value()) {
          SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("a match key", *list, &known->second));
        }
        const std::string id = person.ToBytes();
        const auto& ids = known->second.person_ids();
        if (std::find(ids.begin(), ids.end(), id) != ids.end()) continue;
        known->second.add_person_ids(id);
        batch.Put(Space::kMatchKeys, key, store::EncodeRow(known->second));
      }
    }
    if (!batch.empty()) SIGNPOST_RETURN_IF_ERROR(commit(std::move(batch)));
  }
  return absl::OkStatus();
}

absl::Status MendReviews(const store::Store& store, const base::Keyring& keyring,
                         const std::vector<base::PersonId>& persons, base::RandomSource* random,
                         absl::FunctionRef<absl::Status(store::Batch)> commit) {
  constexpr int kRows = 1000;
  const people::People people(&keyring, random);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<ReportLinker> linker,
                            ReportLinker::Create(&people, random));
  std::string after;
  for (bool more = true; more;) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> page, store.NewView());
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ReviewItem> items,
                              ReviewsAfter(*page, after, kRows));
    more = static_cast<int>(items.size()) == kRows;
    for (const ReviewItem& item : items) {
      after = item.key;
      // Each as the one before it left the store: they may be about one person.
      SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store.NewView());
      store::Batch batch;
      SIGNPOST_RETURN_IF_ERROR(
          linker->PrepareMendReview(ledger::GuardedView(view.get()), item, &batch));
      if (!batch.empty()) SIGNPOST_RETURN_IF_ERROR(commit(std::move(batch)));
    }
  }
  for (const base::PersonId& id : persons) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store.NewView());
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                              people.ReadIfThere(*view, id.ToBytes()));
    if (!person.has_value()) continue;
    const store::v1::ShieldRow& shield = person->row().shield();
    if (!shield.shielded() || shield.set_by().empty()) continue;
    store::Batch batch;
    SIGNPOST_RETURN_IF_ERROR(linker->PrepareShieldOfWaiting(
        ledger::GuardedView(view.get()), person->id(), shield.set_by(0).agency_id(),
        absl::FromUnixSeconds(shield.since_s()), &batch));
    if (!batch.empty()) SIGNPOST_RETURN_IF_ERROR(commit(std::move(batch)));
  }
  return absl::OkStatus();
}

}  // namespace signpost::matching
