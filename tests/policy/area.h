// This is a reader that reads the vocabularies of the areas that ship as the hub does: agencies
// and teams from <area>.json, services, roles and assessments from <area>-words.json.

#ifndef SIGNPOST_TESTS_POLICY_AREA_H_
#define SIGNPOST_TESTS_POLICY_AREA_H_

#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "policy/vocabulary.h"

namespace signpost::policy::testing {

inline nlohmann::json AreaJson(const std::string& name) {
  std::ifstream file(std::string(SIGNPOST_SOURCE_DIR) + "/deploy/area/" + name + ".json");
  nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << name;
  return json;
}

inline Vocabulary AreaVocabulary(const std::string& area) {
  Vocabulary v;
  const nlohmann::json who = AreaJson(area);
  const nlohmann::json words = AreaJson(area + "-words");
  if (!who.is_object() || !words.is_object()) return v;
  for (const auto& agency : who["agencies"]) {
    v.agencies.push_back({agency["agency_id"], agency["name"], agency["kind"],
                          agency["relevant_authority"], agency["services"], agency["feeds_index"]});
  }
  for (const auto& team : who["teams"]) {
    VocabularyTeam out{team["team_id"], team["agency_ids"], {}};
    for (const std::string purpose : team["purposes"]) {
      out.purposes.push_back(ParsePurpose(purpose).value_or(Purpose::kUnspecified));
    }
    v.teams.push_back(out);
  }
  for (const auto& service : words["services"]) {
    v.services.push_back({service["id"], service["sensitive_category"]});
  }
  for (const auto& role : words["roles"]) v.roles.push_back(role);
  for (const auto& assessment : words["assessments"]) {
    v.assessments.push_back({assessment["id"], assessment["sections"]});
  }
  return v;
}

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_AREA_H_
