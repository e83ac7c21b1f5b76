#include "hub/people/held.h"

#include <utility>

#include "hub/base/ids.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/person_index.h"
#include "hub/people/clocks.h"
#include "hub/people/draft.h"
#include "hub/schedule/due_rows.h"

namespace signpost::people {

namespace {

// Behind every day of review: the last second of the year 9999.
constexpr int64_t kLastSecond = 253'402'300'799;
// Holds stand for months and there are hundreds; what passes this is damage.
constexpr int kHoldsMax = 100'000;

}  // namespace

absl::StatusOr<std::optional<Held>> HoldOfKey(const store::View& view, const People& people,
                                              const std::string& row_key) {
  if (row_key.size() <= base::kIdBytes) return BadRow("place of a hold");
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<Person> person,
                            people.ReadIfThere(view, row_key.substr(0, base::kIdBytes)));
  if (!person.has_value()) return std::optional<Held>();
  const std::string agency_id = row_key.substr(base::kIdBytes);
  for (const store::v1::HoldRow& hold : person->row().holds()) {
    if (hold.agency_id() == agency_id) return std::optional<Held>(Held{*person, hold});
  }
  return std::optional<Held>();
}

absl::StatusOr<std::vector<Held>> ReadHolds(const store::View& view, const People& people) {
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<schedule::DueRow> due,
      schedule::ReadDue(view, kHoldsJob, absl::FromUnixSeconds(kLastSecond), kHoldsMax));
  std::vector<Held> holds;
  absl::flat_hash_set<std::string> seen;
  for (const schedule::DueRow& row : due) {
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<Held> held, HoldOfKey(view, people, row.row_key));
    // Where it was moved from its place stands until somebody looks there.
    if (!held.has_value() || !seen.insert(held->hold.hold_id()).second) continue;
    holds.push_back(*std::move(held));
  }
  return holds;
}

absl::StatusOr<absl::flat_hash_set<uint64_t>> HeldEntries(const store::View& view,
                                                          const People& people) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<Held> holds, ReadHolds(view, people));
  const ledger::PersonIndex index(&view);
  absl::flat_hash_set<uint64_t> entries;
  for (const Held& held : holds) {
    std::vector<base::PersonId> ids = {held.person.id()};
    for (const std::string& merged : held.person.row().merged_from()) {
      SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(merged));
      ids.push_back(id);
    }
    for (const base::PersonId& id : ids) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> about, index.EntriesOf(id));
      entries.insert(about.begin(), about.end());
    }
  }
  return entries;
}

void RestOnHolds(const store::View& view, ledger::ReadSet* reads) {
  const std::string prefix = schedule::DuePrefix(kHoldsJob);
  reads->AddRange(store::Space::kMeta, prefix, store::PrefixEnd(prefix), view.revision());
}

}  // namespace signpost::people
