#include "hub/registry/rows.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "hub/registry/rights.h"
#include "hub/registry/validate.h"

namespace signpost::registry {

using store::v1::AgencyRow;
using store::v1::PractitionerRow;
using store::v1::TeamRow;

namespace {

template <typename Range>
std::vector<std::string> Sorted(const Range& words) {
  std::vector<std::string> sorted(words.begin(), words.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// The first second, in UTC, after a day that CheckPractitioner() has found to be one.
int64_t AfterDay(const v1::Date& day) {
  return absl::ToUnixSeconds(
      absl::FromCivil(absl::CivilDay(day.year(), day.month(), day.day()) + 1, absl::UTCTimeZone()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Agency>> AgencyOf(const AgencyRow& row) {
  auto agency = std::make_shared<Agency>();
  agency->agency_id = row.agency_id();
  agency->name = row.name();
  agency->kind = row.kind();
  agency->services.assign(row.services().begin(), row.services().end());
  for (const store::v1::SystemRow& system : row.systems()) {
    SIGNPOST_ASSIGN_OR_RETURN(SpiffeParts parts, ParseSystemSpiffeId(system.spiffe_id()));
    agency->systems.push_back(
        {system.spiffe_id(), std::move(parts.system_name), system.suspended()});
  }
  for (const store::v1::KeyRow& key : row.assertion_keys()) {
    SIGNPOST_ASSIGN_OR_RETURN(base::PublicKey parsed,
                              base::PublicKey::FromPem(key.public_key_pem()));
    agency->assertion_keys.push_back({key.key_id(), key.public_key_pem(), std::move(parsed)});
  }
  agency->relevant_authority = row.relevant_authority();
  agency->feeds_index = row.feeds_index();
  agency->silence_max =
      absl::Hours(row.silence_hours_max() == 0 ? kSilenceHoursDefault : row.silence_hours_max());
  agency->suspended = row.suspended();
  agency->deputy_agency_id = row.deputy_agency_id();
  return agency;
}

std::shared_ptr<const Team> TeamOf(const TeamRow& row) {
  auto team = std::make_shared<Team>();
  team->team_id = row.team_id();
  team->name = row.name();
  team->home_agency_id = row.home_agency_id();
  team->agency_ids.assign(row.agency_ids().begin(), row.agency_ids().end());
  team->purposes.assign(row.purposes().begin(), row.purposes().end());
  return team;
}

std::shared_ptr<const Enrolment> EnrolmentOf(const PractitionerRow& row) {
  auto enrolment = std::make_shared<Enrolment>();
  enrolment->agency_id = row.agency_id();
  enrolment->practitioner_id = row.practitioner_id();
  enrolment->roles.assign(row.roles().begin(), row.roles().end());
  enrolment->team_ids.assign(row.team_ids().begin(), row.team_ids().end());
  enrolment->suspended = row.suspended();
  enrolment->vetted = row.vetted_until_s() != 0;
  enrolment->trained = row.trained_until_s() != 0;
  enrolment->lapses_at = LapsesAt(row);
  for (const store::v1::RoleSinceRow& since : row.role_since()) {
    enrolment->role_numbers.emplace_back(since.role(), since.number());
  }
  for (const store::v1::CoverRow& cover : row.covers()) {
    enrolment->covers.push_back({cover.practitioner_id(), absl::FromUnixSeconds(cover.since_s()),
                                 absl::FromUnixSeconds(cover.until_s())});
  }
  return enrolment;
}

AgencyRow RowOf(const v1::Agency& agency, const AgencyRow& before) {
  AgencyRow row;
  row.set_agency_id(agency.agency_id());
  row.set_name(agency.name());
  row.set_kind(agency.kind());
  for (std::string& service : Sorted(agency.services())) row.add_services(std::move(service));

  absl::btree_map<std::string, bool> systems;  // SPIFFE id -> suspended
  for (const v1::AgencySystem& system : agency.systems()) systems[system.spiffe_id()] = false;
  for (const store::v1::SystemRow& system : before.systems()) {
    if (system.suspended()) systems[system.spiffe_id()] = true;
  }
  for (const auto& [spiffe_id, suspended] : systems) {
    store::v1::SystemRow* system = row.add_systems();
    system->set_spiffe_id(spiffe_id);
    system->set_suspended(suspended);
  }

  absl::btree_map<std::string, std::string> keys;  // key id -> PEM
  for (const v1::AssertionKey& key : agency.assertion_keys()) {
    keys[key.key_id()] = key.public_key_pem();
  }
  for (const auto& [key_id, pem] : keys) {
    store::v1::KeyRow* key = row.add_assertion_keys();
    key->set_key_id(key_id);
    key->set_public_key_pem(pem);
  }
  row.set_relevant_authority(agency.relevant_authority());
  row.set_feeds_index(agency.feeds_index());
  row.set_silence_hours_max(agency.silence_hours_max());
  row.set_suspended(before.suspended());
  row.set_deputy_agency_id(agency.deputy_agency_id());
  row.set_suspended_at_s(before.suspended_at_s());
  return row;
}

TeamRow RowOf(const v1::Team& team) {
  TeamRow row;
  row.set_team_id(team.team_id());
  row.set_name(team.name());
  row.set_home_agency_id(team.home_agency_id());
  for (std::string& agency_id : Sorted(team.agency_ids())) row.add_agency_ids(std::move(agency_id));
  std::vector<int> purposes(team.purposes().begin(), team.purposes().end());
  std::sort(purposes.begin(), purposes.end());
  for (const int purpose : purposes) row.add_purposes(purpose);
  return row;
}

PractitionerRow RowOf(const v1::Practitioner& practitioner, const PractitionerMarks& marks,
                      const PractitionerRow& before) {
  PractitionerRow row;
  row.set_agency_id(practitioner.agency_id());
  row.set_practitioner_id(practitioner.practitioner_id());
  for (std::string& role : Sorted(practitioner.roles())) row.add_roles(std::move(role));
  for (std::string& team_id : Sorted(practitioner.team_ids())) row.add_team_ids(std::move(team_id));
  row.set_surname_hash(marks.surname_hash);
  row.set_postcode_hash(marks.postcode_hash);
  row.set_suspended(before.suspended());
  *row.mutable_covers() = before.covers();
  *row.mutable_role_since() = before.role_since();
  row.set_officer_until_s(before.officer_until_s());
  if (practitioner.has_vetted_until())
    row.set_vetted_until_s(AfterDay(practitioner.vetted_until()));
  if (practitioner.has_trained_until()) {
    row.set_trained_until_s(AfterDay(practitioner.trained_until()));
  }
  return row;
}

}  // namespace signpost::registry
