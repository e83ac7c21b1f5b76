#include "tests/request/nortown_area.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/principal.h"
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

v1::FoundAreaRequest SignedFounding(v1::Founding founding) {
  // Made once for a test program, so that two hubs of it are founded alike.
  static const auto* const keys =
      new std::vector<base::PrivateKey>{*base::PrivateKey::Generate(base::KeyType::kEd25519),
                                        *base::PrivateKey::Generate(base::KeyType::kEs256)};
  std::vector<std::string> signers;
  for (v1::Agency& agency : *founding.mutable_agencies()) {
    if (base::KindOfSystem(agency.kind()) != base::CallerKind::kSystem) continue;
    if (signers.size() == keys->size()) break;
    const auto& enrolled = agency.assertion_keys();
    const bool has = std::any_of(enrolled.begin(), enrolled.end(),
                                 [](const auto& key) { return key.key_id() == "founding"; });
    if (!has) {
      v1::AssertionKey* const key = agency.add_assertion_keys();
      key->set_key_id("founding");
      key->set_public_key_pem(*(*keys)[signers.size()].public_key().Pem());
    }
    signers.push_back(agency.agency_id());
  }
  v1::FoundAreaRequest request;
  request.set_request_id("founding");
  request.set_founding(founding.SerializeAsString());
  for (size_t i = 0; i < signers.size(); ++i) {
    v1::FoundingSignature* const signature = request.add_signatures();
    signature->set_agency_id(signers[i]);
    signature->set_key_id("founding");
    signature->set_signature(
        *(*keys)[i].Sign(absl::StrCat("signpost founding 1\n", request.founding())));
  }
  return request;
}

v1::FoundAreaRequest FoundingOf(const NortownArea& area, const std::string& origin,
                                const std::string& policy_sha256) {
  v1::Founding founding;
  founding.set_origin(origin);
  founding.set_policy_sha256(policy_sha256);
  for (const v1::PutAgencyRequest& put : area.agencies) *founding.add_agencies() = put.agency();
  for (const v1::PutTeamRequest& put : area.teams) *founding.add_teams() = put.team();
  for (const v1::PutPractitionerRequest& put : area.practitioners) {
    *founding.add_practitioners() = put.practitioner();
  }
  return SignedFounding(std::move(founding));
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
