// This is a vocabulary that is so small that every cell of its decision space can be visited.

#ifndef SIGNPOST_TESTS_POLICY_SMALL_H_
#define SIGNPOST_TESTS_POLICY_SMALL_H_

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"

namespace signpost::policy::testing {

inline Vocabulary SmallVocabulary() {
  Vocabulary v;
  v.agencies = {{"yot", "The YOT", "justice", true, {"offending"}},
                {"careers", "Careers", "advice", false, {"careers-advice"}},
                {"clinic", "The Clinic", "health", false, {"sexual-health"}}};
  v.teams = {{"yot-team", {"yot", "careers"}, {Purpose::kYouthJustice}}};
  v.services = {{"offending", ""}, {"careers-advice", ""}, {"sexual-health", "sexual-health"}};
  v.roles = {"adviser", "officer"};
  v.assessments = {{"asset", {"lifestyle", "victims"}}};
  return v;
}

// A policy of these rules.
inline std::string SmallText(const std::string& rules) {
  return absl::StrCat(
      "policy \"Small\" version 1 in force 2025-04-01 approved by \"Board\"\n"
      "where no rule shows an item, hide it\n"
      "group sensitive = sexual-health\n",
      rules);
}

inline std::shared_ptr<const Policy> CompileSmall(const std::string& rules) {
  CompileResult result = Compile(SmallText(rules), SmallVocabulary());
  EXPECT_TRUE(result.ok()) << result.Errors();
  return result.policy;
}

// Rules that look at most kinds of fact.
inline constexpr char kSmallRules[] =
    "rule OWN \"Own record\"\n show existence, agency, contact, content of everything to the "
    "holder\n basis own-record\n then log\n"
    "rule REFUSED \"A refusal holds\"\n hide contact, content of everything from everyone except "
    "the holder\n when consent is refused\n an override may lift this\n"
    "rule SHY \"Sensitive is brokered\"\n hide everything of sensitive from everyone except the "
    "holder\n unless consent is explicit and in force\n broker existence of sensitive to "
    "practitioner\n when worker is involved\n basis ca2004-s10\n then log\n "
    "an override may lift this\n"
    "agreement PACT \"Pact\" between yot and careers from 2025-04-01 until 2030-03-31 review "
    "2027-01-01\n yot chooses cda1998-s115\n"
    "rule ADVISER \"An adviser may know the officer\"\n show existence, contact of offending to "
    "adviser of careers\n when worker is involved and purpose is assessment or referral\n basis "
    "ca2004-s10\n then log\n"
    "rule TEAM \"The team\"\n show content of asset except victims of offending to members of "
    "yot-team\n basis cda1998-s115\n then log\n"
    "end agreement\n"
    "override O \"Risk\" to officer when purpose is safeguarding\n opens existence, contact\n "
    "grounds legal-duty, vital-interests\n lifts REFUSED, SHY\n then log, close after 60 "
    "minutes, review within 2 working days\n";

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_SMALL_H_
