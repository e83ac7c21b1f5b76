// The area file that ships is one that the registry takes whole.

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/strict_json.h"
#include "hub/registry/validate.h"
#include "tests/registry/registry_fixture.h"

namespace signpost::registry {
namespace {

using nlohmann::json;

class AreaFileTest : public RegistryFixture {
 protected:
  AreaFileTest() : RegistryFixture(false) {}

  void SetUp() override {
    std::ifstream file(SIGNPOST_SOURCE_DIR "/deploy/area/nortown.json");
    std::stringstream text;
    text << file.rdbuf();
    absl::StatusOr<json> parsed = base::ParseStrictJson(text.str());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    area_ = *std::move(parsed);
  }

  // As `signpost registry apply` does, with a new key in the place of each file.
  static v1::Agency AgencyOf(const json& from) {
    v1::Agency agency;
    agency.set_agency_id(from.at("agency_id").get<std::string>());
    agency.set_name(from.at("name").get<std::string>());
    agency.set_kind(from.at("kind").get<std::string>());
    for (const json& service : from.at("services")) {
      agency.add_services(service.get<std::string>());
    }
    for (const json& system : from.at("systems")) {
      agency.add_systems()->set_spiffe_id(system.get<std::string>());
    }
    for (const json& key : from.at("assertion_keys")) {
      v1::AssertionKey* added = agency.add_assertion_keys();
      added->set_key_id(key.at("key_id").get<std::string>());
      added->set_public_key_pem(NewPem());
      EXPECT_EQ(key.at("public_key_file").get<std::string>(),
                absl::StrCat("keys/", agency.agency_id(), ".pub.pem"));
    }
    agency.set_relevant_authority(from.at("relevant_authority").get<bool>());
    agency.set_feeds_index(from.at("feeds_index").get<bool>());
    agency.set_silence_hours_max(from.at("silence_hours_max").get<int>());
    return agency;
  }
  static v1::Team TeamOf(const json& from) {
    v1::Team team;
    team.set_team_id(from.at("team_id").get<std::string>());
    team.set_name(from.at("name").get<std::string>());
    team.set_home_agency_id(from.at("home_agency_id").get<std::string>());
    for (const json& agency_id : from.at("agency_ids")) {
      team.add_agency_ids(agency_id.get<std::string>());
    }
    for (const json& word : from.at("purposes")) {
      const std::string name = absl::StrCat(
          "PURPOSE_",
          absl::AsciiStrToUpper(absl::StrReplaceAll(word.get<std::string>(), {{"-", "_"}})));
      v1::Purpose purpose = v1::PURPOSE_UNSPECIFIED;
      EXPECT_TRUE(v1::Purpose_Parse(name, &purpose)) << name;
      team.add_purposes(purpose);
    }
    return team;
  }
  static v1::Practitioner PractitionerOf(const json& from) {
    v1::Practitioner practitioner;
    practitioner.set_agency_id(from.at("agency_id").get<std::string>());
    practitioner.set_practitioner_id(from.at("practitioner_id").get<std::string>());
    for (const json& role : from.at("roles")) practitioner.add_roles(role.get<std::string>());
    for (const json& team_id : from.at("team_ids")) {
      practitioner.add_team_ids(team_id.get<std::string>());
    }
    return practitioner;
  }

  json area_;
};

TEST_F(AreaFileTest, RegistryTakesItWholeAndASecondTimeChangesNothing) {
  std::vector<v1::Agency> agencies;
  for (const json& from : area_.at("agencies")) agencies.push_back(AgencyOf(from));
  v1::Founding founding;
  founding.set_origin("hub.test/ledger");
  for (const v1::Agency& agency : agencies) *founding.add_agencies() = agency;
  for (const json& from : area_.at("teams")) *founding.add_teams() = TeamOf(from);
  for (const json& from : area_.at("practitioners")) {
    *founding.add_practitioners() = PractitionerOf(from);
  }
  const v1::FoundAreaRequest signed_by_two = test_area::SignedFounding(founding);
  const absl::Status founded = Found(signed_by_two);
  ASSERT_TRUE(founded.ok()) << founded;
  const uint64_t size = sequencer_->head().size;
  EXPECT_GE(size, 20u);
  // As it was signed, with the keys of the signers, it is so already.
  ASSERT_TRUE(founding.ParseFromString(signed_by_two.founding()));
  for (const v1::Agency& agency : founding.agencies()) ASSERT_TRUE(Put(agency).ok());
  for (const v1::Team& team : founding.teams()) ASSERT_TRUE(Put(team).ok());
  for (const v1::Practitioner& one : founding.practitioners()) ASSERT_TRUE(Put(one).ok());
  EXPECT_EQ(sequencer_->head().size, size);

  EXPECT_EQ(registry_->LookupSystem(kOperator)->agency_kind, "operator");
  EXPECT_TRUE(
      registry_->LookupPractitioner("northern-connexions", "pa-002")->InTeam("nortown-yot-team"));
  EXPECT_FALSE(
      registry_->LookupPractitioner("northern-connexions", "pa-001")->InTeam("nortown-yot-team"));
  EXPECT_FALSE(registry_->directory()->FindAgency("nortown-housing")->feeds_index);
  EXPECT_TRUE(registry_->directory()->FindAgency("nortown-drugs-advice")->feeds_index);
}

TEST_F(AreaFileTest, EverySystemIsInTheAreasTrustDomain) {
  std::set<std::string> systems;
  for (const json& agency : area_.at("agencies")) {
    for (const json& system : agency.at("systems")) {
      const absl::StatusOr<SpiffeParts> parts = ParseSystemSpiffeId(system.get<std::string>());
      ASSERT_TRUE(parts.ok()) << system;
      EXPECT_EQ(parts->trust_domain, area_.at("trust_domain").get<std::string>());
      EXPECT_TRUE(systems.insert(system.get<std::string>()).second) << system;
    }
  }
  EXPECT_EQ(systems.size(), 14u);
}

}  // namespace
}  // namespace signpost::registry
