#include "tests/request/nortown_area.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace signpost::test_area {

std::string ReadShipped(const std::string& name) {
  const std::string path = absl::StrCat(SIGNPOST_SOURCE_DIR, "/", name);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "the test's surroundings are broken: cannot read %s\n", path.c_str());
    std::abort();
  }
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

NortownArea ReadNortownArea() {
  NortownArea area;
  const auto json = nlohmann::json::parse(ReadShipped("deploy/area/nortown.json"));
  for (const auto& node : json["agencies"]) {
    v1::PutAgencyRequest request;
    v1::Agency* agency = request.mutable_agency();
    agency->set_agency_id(node["agency_id"]);
    agency->set_name(node["name"]);
    agency->set_kind(node["kind"]);
    for (const auto& service : node["services"]) agency->add_services(service);
    for (const auto& system : node["systems"]) agency->add_systems()->set_spiffe_id(system);
    agency->set_relevant_authority(node["relevant_authority"]);
    agency->set_feeds_index(node["feeds_index"]);
    agency->set_silence_hours_max(node["silence_hours_max"]);
    area.agencies.push_back(std::move(request));
    std::vector<std::string>& key_ids = area.key_ids.emplace_back();
    for (const auto& key : node["assertion_keys"]) key_ids.push_back(key["key_id"]);
  }
  for (const auto& node : json["teams"]) {
    v1::PutTeamRequest request;
    v1::Team* team = request.mutable_team();
    team->set_team_id(node["team_id"]);
    team->set_name(node["name"]);
    team->set_home_agency_id(node["home_agency_id"]);
    for (const auto& agency : node["agency_ids"]) team->add_agency_ids(agency);
    team->add_purposes(v1::PURPOSE_ASSESSMENT);
    team->add_purposes(v1::PURPOSE_SUPPORT_PLANNING);
    team->add_purposes(v1::PURPOSE_YOUTH_JUSTICE);
    area.teams.push_back(std::move(request));
  }
  for (const auto& node : json["practitioners"]) {
    v1::PutPractitionerRequest request;
    v1::Practitioner* practitioner = request.mutable_practitioner();
    practitioner->set_agency_id(node["agency_id"]);
    practitioner->set_practitioner_id(node["practitioner_id"]);
    for (const auto& role : node["roles"]) practitioner->add_roles(role);
    for (const auto& team : node["team_ids"]) practitioner->add_team_ids(team);
    area.practitioners.push_back(std::move(request));
  }
  return area;
}

const v1::FlagView* AnswerReader::Flag(const std::string& agency) const {
  for (const v1::FlagView& flag : answer.flags()) {
    if (flag.agency_id() == agency) return &flag;
  }
  return nullptr;
}

const v1::AspectDecision* AnswerReader::Said(const std::string& agency, v1::Aspect aspect) const {
  const v1::FlagView* flag = Flag(agency);
  if (flag == nullptr) return nullptr;
  for (const v1::AspectDecision& decision : flag->decisions()) {
    if (decision.aspect() == aspect) return &decision;
  }
  return nullptr;
}

v1::CoverageState AnswerReader::CoverageOf(const std::string& agency) const {
  for (const v1::Coverage& coverage : answer.coverage()) {
    if (coverage.agency_id() == agency) return coverage.state();
  }
  return v1::COVERAGE_STATE_UNSPECIFIED;
}

}  // namespace signpost::test_area
