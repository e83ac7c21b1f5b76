// These are the helpers with which the parts of Registry write records, and the changes that wait for
// one. Internal to the room.
//
// Pure but for what they read; thread-safe.

#ifndef SIGNPOST_HUB_REGISTRY_CHANGE_ROWS_H_
#define SIGNPOST_HUB_REGISTRY_CHANGE_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"
#include "hub/base/principal.h"
#include "hub/base/status_macros.h"
#include "hub/registry/rights.h"
#include "hub/registry/rows.h"
#include "hub/store/row_codec.h"
#include "hub/store/store.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/store/v1/registry.pb.h"

namespace signpost::registry {

// Which record of the registry a row's key is, and its id as entries say it.
inline ledger::v1::RegistryRecord RecordOf(absl::string_view key, std::string* id) {
  for (const auto& [prefix, record] :
       {std::pair(kAgencyPrefix, ledger::v1::REGISTRY_RECORD_AGENCY),
        std::pair(kTeamPrefix, ledger::v1::REGISTRY_RECORD_TEAM),
        std::pair(kPractitionerPrefix, ledger::v1::REGISTRY_RECORD_PRACTITIONER)}) {
    if (!absl::StartsWith(key, prefix)) continue;
    *id = std::string(key.substr(absl::string_view(prefix).size()));
    return record;
  }
  return ledger::v1::REGISTRY_RECORD_UNSPECIFIED;
}

template <typename Named>
void NameRecord(const std::string& key, Named* named) {
  std::string id;
  named->set_record(RecordOf(key, &id));
  named->set_id(std::move(id));
}

// Calls `act` with a blank row of the type that stands at `key`, and gives what it gives.
template <typename Act>
auto WithRow(const std::string& key, Act act) {
  if (absl::StartsWith(key, kAgencyPrefix)) return act(store::v1::AgencyRow());
  if (absl::StartsWith(key, kTeamPrefix)) return act(store::v1::TeamRow());
  return act(store::v1::PractitionerRow());
}

inline store::v1::TeamRow Suspended(store::v1::TeamRow row) { return row; }
template <typename Row>
Row Suspended(Row row) {
  row.set_suspended(true);
  return row;
}

// The row that another is to stand in place of. Of one that does not parse nobody knows whether it was
// suspended, so whoever is put in its place is, until somebody restores them.
template <typename Row>
absl::StatusOr<ReadRow<Row>> ReadOrSuspended(const store::View& view, const std::string& key) {
  absl::StatusOr<ReadRow<Row>> read = Read<Row>(view, key);
  if (read.ok() || base::ReasonOf(read.status()) != base::Reason::kDataLoss) return read;
  ReadRow<Row> suspended;
  SIGNPOST_ASSIGN_OR_RETURN(suspended.bytes, view.Get(store::Space::kRegistry, key));
  suspended.row = Suspended(std::move(suspended.row));
  return suspended;
}

// What `after` gives over `before` (null: none), with the teams as `view` shows them. Errors: those of
// the view.
template <typename Row>
absl::StatusOr<Gain<Row>> GainAt(const store::View& view, const Row* before, const Row& after,
                                 const WorkerRoles& roles) {
  if constexpr (std::is_same_v<Row, store::v1::PractitionerRow>) {
    absl::Status failed;
    const auto home_of = [&](const std::string& team_id) -> std::string {
      const absl::StatusOr<ReadRow<store::v1::TeamRow>> team =
          Read<store::v1::TeamRow>(view, TeamKey(team_id));
      if (!team.ok()) {
        failed.Update(team.status());
        return "";
      }
      return team->row.home_agency_id();
    };
    Gain<Row> gain = GainOf(before, after, roles, home_of);
    if (!failed.ok()) return failed;
    return gain;
  } else {
    (void)view;
    (void)roles;
    return GainOf(before, after);
  }
}

// Whether what is to be stored can be read back.
inline absl::Status ReadsBack(const store::v1::AgencyRow& row) { return AgencyOf(row).status(); }
template <typename Row>
absl::Status ReadsBack(const Row&) {
  return absl::OkStatus();
}

// Keeps the index of officers as the row is.
inline void NoteOfficer(const store::v1::PractitionerRow& row, store::Batch* batch) {
  const bool officer = std::any_of(row.roles().begin(), row.roles().end(), IsOfficerRole);
  if (!officer && row.officer_until_s() == 0) return;
  batch->Put(store::Space::kRegistry, OfficerKey(row.agency_id(), row.practitioner_id()), "");
}
template <typename Row>
void NoteOfficer(const Row&, store::Batch*) {}

// Of a principal what entries of the registry say of who acted.
inline base::Principal WhoActs(const base::Principal& actor) {
  base::Principal principal;
  principal.agency_id = actor.agency_id;
  principal.system_id = actor.system_id;
  principal.practitioner_id = actor.practitioner_id;
  principal.role = actor.role;
  return principal;
}

store::v1::RegistrySignature SignatureOf(const base::Principal& actor, absl::Time now);
// SHA-256 of number, key, before and after, each with its length: what a confirmation is of.
std::string ChangeHash(const store::v1::RegistryChangeRow& change);
// The change's row, its place among those that wait, and when it runs out.
void PutWaiting(const store::v1::RegistryChangeRow& change, store::Batch* batch);
// The change as it ended, and no longer among those that wait.
void End(store::v1::RegistryChangeStage stage, const base::Principal& actor, absl::Time now,
         store::v1::RegistryChangeRow* change, store::Batch* batch);

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_CHANGE_ROWS_H_
