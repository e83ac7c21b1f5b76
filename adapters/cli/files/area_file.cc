#include "adapters/cli/files/area_file.h"

#include <filesystem>
#include <utility>

#include "adapters/cli/files/files.h"
#include "adapters/cli/text/text.h"
#include "hub/base/json_config.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters::cli {
namespace {

using base::ConfigObject;

constexpr int kSilenceHoursMax = 24 * 366;

void ReadKey(ConfigObject object, const std::string& directory, signpost::v1::Agency* agency) {
  signpost::v1::AssertionKey* const key = agency->add_assertion_keys();
  key->set_key_id(object.String("key_id"));
  if (object.Has("public_key_pem")) {
    key->set_public_key_pem(object.String("public_key_pem"));
    return;
  }
  const std::string name = object.String("public_key_file");
  if (name.empty()) return;  // noted by the reader
  const std::filesystem::path path = std::filesystem::path(name).is_absolute()
                                         ? std::filesystem::path(name)
                                         : std::filesystem::path(directory) / name;
  absl::StatusOr<std::string> pem = ReadBytes(path.string(), base::kKeyFileBytesMax);
  if (pem.ok()) {
    key->set_public_key_pem(*std::move(pem));
  } else {
    object.Complain("public_key_file", std::string(pem.status().message()));
  }
}

signpost::v1::Agency ReadAgency(ConfigObject object, const std::string& directory) {
  signpost::v1::Agency agency;
  agency.set_agency_id(object.String("agency_id"));
  agency.set_name(object.String("name"));
  agency.set_kind(object.String("kind"));
  for (const std::string& service : object.Strings("services")) agency.add_services(service);
  agency.set_relevant_authority(object.BooleanOr("relevant_authority", false));
  agency.set_feeds_index(object.BooleanOr("feeds_index", false));
  agency.set_silence_hours_max(
      static_cast<int32_t>(object.IntegerOr("silence_hours_max", 0, 0, kSilenceHoursMax)));
  for (const std::string& system : object.Strings("systems")) {
    agency.add_systems()->set_spiffe_id(system);
  }
  agency.set_deputy_agency_id(object.StringOr("deputy_agency_id", ""));
  for (ConfigObject& key : object.Objects("assertion_keys")) ReadKey(key, directory, &agency);
  return agency;
}

signpost::v1::Team ReadTeam(ConfigObject object) {
  signpost::v1::Team team;
  team.set_team_id(object.String("team_id"));
  team.set_name(object.String("name"));
  team.set_home_agency_id(object.String("home_agency_id"));
  for (const std::string& agency : object.Strings("agency_ids")) team.add_agency_ids(agency);
  for (const std::string& word : object.Strings("purposes")) {
    const absl::StatusOr<signpost::v1::Purpose> purpose = EnumFromWord<signpost::v1::Purpose>(word);
    if (purpose.ok()) {
      team.add_purposes(*purpose);
    } else {
      object.Complain("purposes", std::string(purpose.status().message()));
    }
  }
  return team;
}

signpost::v1::Practitioner ReadPractitioner(ConfigObject object) {
  signpost::v1::Practitioner practitioner;
  practitioner.set_agency_id(object.String("agency_id"));
  practitioner.set_practitioner_id(object.String("practitioner_id"));
  for (const std::string& role : object.Strings("roles")) practitioner.add_roles(role);
  for (const std::string& team : object.Strings("team_ids")) practitioner.add_team_ids(team);
  practitioner.set_surname(object.StringOr("surname", ""));
  practitioner.set_home_postcode(object.StringOr("home_postcode", ""));
  for (const char* const field : {"vetted_until", "trained_until"}) {
    if (!object.Has(field)) continue;
    const absl::StatusOr<signpost::v1::Date> day = ParseDate(object.String(field));
    if (!day.ok()) {
      object.Complain(field, "must be a day, such as 2027-03-31");
      continue;
    }
    *(std::string(field) == "vetted_until" ? practitioner.mutable_vetted_until()
                                           : practitioner.mutable_trained_until()) = *day;
  }
  return practitioner;
}

}  // namespace

absl::StatusOr<Area> ParseArea(absl::string_view text, const std::string& source,
                               const std::string& directory) {
  SIGNPOST_ASSIGN_OR_RETURN(ConfigObject config, ConfigObject::Parse(text, source));
  Area area;
  area.area = config.StringOr("area", "");
  area.trust_domain = config.StringOr("trust_domain", "");
  for (ConfigObject& agency : config.Objects("agencies")) {
    area.agencies.push_back(ReadAgency(agency, directory));
  }
  for (ConfigObject& team : config.Objects("teams")) area.teams.push_back(ReadTeam(team));
  for (ConfigObject& practitioner : config.Objects("practitioners")) {
    area.practitioners.push_back(ReadPractitioner(practitioner));
  }
  SIGNPOST_RETURN_IF_ERROR(config.Finish());
  return area;
}

}  // namespace signpost::adapters::cli
