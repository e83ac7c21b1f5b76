#include "hub/registry/validate.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "signpost/v1/common.pb.h"

namespace signpost::registry {
namespace {

using ::testing::ElementsAre;

std::string Pem(base::KeyType type) {
  return *base::PrivateKey::Generate(type)->public_key().Pem();
}

std::vector<std::string> FaultyFields(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

v1::Agency GoodAgency() {
  v1::Agency agency;
  agency.set_agency_id("nortown-yot");
  agency.set_name("Nortown Youth Offending Team");
  agency.set_kind("yot");
  agency.add_services("youth-offending");
  agency.add_systems()->set_spiffe_id("spiffe://nortown.example/agency/nortown-yot/system/adapter");
  v1::AssertionKey* key = agency.add_assertion_keys();
  key->set_key_id("2026-1");
  key->set_public_key_pem(Pem(base::KeyType::kEd25519));
  return agency;
}

TEST(ValidateTest, KebabIds) {
  for (const char* good : {"ab", "nortown-yot", "a1", "x--y"}) EXPECT_TRUE(IsKebabId(good)) << good;
  EXPECT_TRUE(IsKebabId(std::string(64, 'a')));
  EXPECT_FALSE(IsKebabId(std::string(65, 'a')));
  for (const char* bad : {"", "a", "-ab", "ab-", "1ab", "Ab", "a b", "a/b", "a_b", "caf\xc3\xa9"}) {
    EXPECT_FALSE(IsKebabId(bad)) << bad;
  }
}

TEST(ValidateTest, PractitionerIds) {
  for (const char* good : {"pa-001", "A.17", "x", "9_9"}) EXPECT_TRUE(IsPractitionerId(good));
  EXPECT_TRUE(IsPractitionerId(std::string(64, 'a')));
  EXPECT_FALSE(IsPractitionerId(std::string(65, 'a')));
  for (const char* bad : {"", "Jane Doe", "a/b", "j@x.org", "a\n"}) {
    EXPECT_FALSE(IsPractitionerId(bad)) << bad;
  }
}

TEST(ValidateTest, SpiffeIds) {
  const absl::StatusOr<SpiffeParts> parts =
      ParseSystemSpiffeId("spiffe://nortown.example/agency/nortown-yot/system/adapter");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->trust_domain, "nortown.example");
  EXPECT_EQ(parts->agency_id, "nortown-yot");
  EXPECT_EQ(parts->system_name, "adapter");
  for (const char* bad :
       {"", "spiffe://", "https://nortown.example/agency/nortown-yot/system/adapter",
        "spiffe:///agency/nortown-yot/system/adapter",
        "spiffe://Nortown.example/agency/nortown-yot/system/adapter",
        "spiffe://nortown.example:8443/agency/nortown-yot/system/adapter",
        "spiffe://user@nortown.example/agency/nortown-yot/system/adapter",
        "spiffe://nortown.example/agency//system/adapter",
        "spiffe://nortown.example/agency/nortown-yot/system/",
        "spiffe://nortown.example/agency/nortown-yot/system/adapter/",
        "spiffe://nortown.example/agency/nortown-yot/system/adapter/x",
        "spiffe://nortown.example/agency/nortown-yot/system/adapter?x=1",
        "spiffe://nortown.example/agency/nortown-yot/system/adapter#x",
        "spiffe://nortown.example/agency/nortown%2Dyot/system/adapter",
        "spiffe://nortown.example/agency/../system/adapter",
        "spiffe://nortown.example/team/nortown-yot/system/adapter"}) {
    EXPECT_EQ(base::ReasonOf(ParseSystemSpiffeId(bad).status()), base::Reason::kInvalidField)
        << bad;
  }
  const std::string path = "/agency/nortown-yot/system/adapter";
  const std::string at_limit =
      "spiffe://" + std::string(kSpiffeIdBytesMax - 9 - path.size(), 'd') + path;
  EXPECT_TRUE(ParseSystemSpiffeId(at_limit).ok());
  EXPECT_FALSE(ParseSystemSpiffeId("spiffe://d" + at_limit.substr(9)).ok());
}

TEST(ValidateTest, GoodAgencyWithEitherKindOfKey) {
  v1::Agency agency = GoodAgency();
  EXPECT_TRUE(CheckAgency(agency, "nortown.example").ok());
  EXPECT_TRUE(CheckAgency(agency, "").ok());
  agency.mutable_assertion_keys(0)->set_public_key_pem(Pem(base::KeyType::kEs256));
  EXPECT_TRUE(CheckAgency(agency, "nortown.example").ok());
}

TEST(ValidateTest, EachFaultOfAnAgencyIsNamed) {
  const struct {
    const char* field;
    std::function<void(v1::Agency*)> spoil;
  } kCases[] = {
      {"agency.name", [](v1::Agency* a) { a->clear_name(); }},
      {"agency.name", [](v1::Agency* a) { a->set_name(std::string(201, 'n')); }},
      {"agency.name", [](v1::Agency* a) { a->set_name("two\nlines"); }},
      {"agency.kind", [](v1::Agency* a) { a->set_kind("circus"); }},
      {"agency.kind", [](v1::Agency* a) { a->clear_kind(); }},
      {"agency.services[1]", [](v1::Agency* a) { a->add_services("Youth Offending"); }},
      {"agency.services[1]", [](v1::Agency* a) { a->add_services("youth-offending"); }},
      {"agency.systems[0].spiffe_id",
       [](v1::Agency* a) {
         a->mutable_systems(0)->set_spiffe_id(
             "spiffe://nortown.example/agency/northern-connexions/system/adapter");
       }},
      {"agency.systems[0].spiffe_id",
       [](v1::Agency* a) {
         a->mutable_systems(0)->set_spiffe_id(
             "spiffe://elsewhere.example/agency/nortown-yot/system/adapter");
       }},
      {"agency.systems[1].spiffe_id", [](v1::Agency* a) { *a->add_systems() = a->systems(0); }},
      {"agency.assertion_keys[0].key_id",
       [](v1::Agency* a) { a->mutable_assertion_keys(0)->clear_key_id(); }},
      {"agency.assertion_keys[1].key_id",
       [](v1::Agency* a) { *a->add_assertion_keys() = a->assertion_keys(0); }},
      {"agency.assertion_keys[0].public_key_pem",
       [](v1::Agency* a) { a->mutable_assertion_keys(0)->set_public_key_pem("not a key"); }},
      {"agency.assertion_keys[0].public_key_pem",
       [](v1::Agency* a) {
         a->mutable_assertion_keys(0)->set_public_key_pem(
             *base::PrivateKey::Generate(base::KeyType::kEd25519)->Pem());
       }},
      {"agency.silence_hours_max", [](v1::Agency* a) { a->set_silence_hours_max(-1); }},
      {"agency.silence_hours_max",
       [](v1::Agency* a) { a->set_silence_hours_max(kSilenceHoursMax + 1); }},
  };
  for (const auto& test : kCases) {
    v1::Agency agency = GoodAgency();
    test.spoil(&agency);
    const absl::Status status = CheckAgency(agency, "nortown.example");
    EXPECT_EQ(base::ReasonOf(status), base::Reason::kInvalidField) << test.field;
    EXPECT_THAT(FaultyFields(status), ElementsAre(test.field));
  }
}

// The form in which agencies of other areas will be named is kept free, and says so.
TEST(ValidateTest, AnAgencyOfAnotherAreaCannotBeRegistered) {
  v1::Agency agency = GoodAgency();
  agency.set_agency_id("southshire/" + agency.agency_id());
  const absl::Status status = CheckAgency(agency, "nortown.example");
  bool reserved = false;
  for (const auto& violation : base::ViolationsOf(status)) {
    reserved = reserved || (violation.field == "agency.agency_id" &&
                            violation.description.find("area/agency") != std::string::npos);
  }
  EXPECT_TRUE(reserved) << status;
}

TEST(ValidateTest, AllFaultsAreNamedAtOnce) {
  EXPECT_THAT(FaultyFields(CheckAgency(v1::Agency(), "")),
              ElementsAre("agency.agency_id", "agency.name", "agency.kind"));
  EXPECT_THAT(FaultyFields(CheckTeam(v1::Team())),
              ElementsAre("team.team_id", "team.name", "team.agency_ids", "team.home_agency_id"));
  EXPECT_THAT(
      FaultyFields(CheckPractitioner(v1::Practitioner())),
      ElementsAre("practitioner.agency_id", "practitioner.practitioner_id", "practitioner.roles"));
}

TEST(ValidateTest, ListsHaveLimits) {
  v1::Agency agency = GoodAgency();
  const std::string base = agency.systems(0).spiffe_id();
  while (agency.systems_size() < kSystemsPerAgencyMax) {
    agency.add_systems()->set_spiffe_id(base + std::to_string(agency.systems_size()));
  }
  EXPECT_TRUE(CheckAgency(agency, "").ok());
  agency.add_systems()->set_spiffe_id(base + "-more");
  EXPECT_THAT(FaultyFields(CheckAgency(agency, "")), ElementsAre("agency.systems"));
}

TEST(ValidateTest, PurposesOfATeam) {
  v1::Team team;
  team.set_team_id("nortown-yot-team");
  team.set_name("Nortown YOT");
  team.set_home_agency_id("nortown-yot");
  team.add_agency_ids("nortown-yot");
  team.add_purposes(v1::PURPOSE_YOUTH_JUSTICE);
  EXPECT_TRUE(CheckTeam(team).ok());
  team.add_purposes(v1::PURPOSE_UNSPECIFIED);
  team.add_purposes(static_cast<v1::Purpose>(999));
  team.add_purposes(v1::PURPOSE_YOUTH_JUSTICE);
  EXPECT_THAT(FaultyFields(CheckTeam(team)),
              ElementsAre("team.purposes[1]", "team.purposes[2]", "team.purposes[3]"));
}

TEST(ValidateTest, SuspensionNeedsASubjectAndAReason) {
  v1::SetSuspendedRequest request;
  request.set_suspended(true);
  EXPECT_THAT(FaultyFields(CheckSetSuspended(request)), ElementsAre("subject", "reason"));
  request.set_agency_id("nortown-yot");
  request.set_reason(std::string(2000, 'r'));
  EXPECT_TRUE(CheckSetSuspended(request).ok());
  request.set_reason(std::string(2001, 'r'));
  EXPECT_THAT(FaultyFields(CheckSetSuspended(request)), ElementsAre("reason"));
  request.clear_reason();
  request.set_suspended(false);
  EXPECT_TRUE(CheckSetSuspended(request).ok());
  request.set_spiffe_id("spiffe://nowhere");
  EXPECT_THAT(FaultyFields(CheckSetSuspended(request)), ElementsAre("spiffe_id"));
}

}  // namespace
}  // namespace signpost::registry
