// This is the vocabulary of the fictional area Nortown, as the registry would build it from a file.

#ifndef SIGNPOST_TESTS_POLICY_NORTOWN_H_
#define SIGNPOST_TESTS_POLICY_NORTOWN_H_

#include <string>

#include "policy/vocabulary.h"

namespace signpost::policy::testing {

inline Vocabulary NortownVocabulary() {
  Vocabulary v;
  v.agencies = {
      {"nortown-yot", "Nortown Youth Offending Team", "yot", true, {"youth-offending"}},
      {"northern-connexions", "Northern Connexions", "connexions", false, {"connexions"}},
      {"nortown-social-services",
       "Nortown Social Services",
       "social-services",
       true,
       {"childrens-social-care"}},
      {"nortown-housing", "Nortown Housing", "housing", true, {"housing"}},
      {"nightstop-project", "Nightstop", "voluntary", false, {"voluntary-project"}},
      {"nortown-drugs-advice", "Nortown Drugs Advice", "health", false, {"substance-misuse"}},
  };
  v.teams = {{"nortown-yot-team",
              {"nortown-yot", "northern-connexions"},
              {Purpose::kYouthJustice, Purpose::kAssessment, Purpose::kSupportPlanning}}};
  v.services = {{"youth-offending", ""},
                {"connexions", ""},
                {"childrens-social-care", ""},
                {"housing", ""},
                {"voluntary-project", ""},
                {"substance-misuse", "substance-misuse"},
                {"sexual-health", "sexual-health"},
                {"mental-health", "mental-health"}};
  v.roles = {"personal-adviser", "yot-officer",  "social-worker", "housing-officer",
             "project-worker",   "drugs-worker", "auditor",       "manager"};
  v.assessments = {
      {"asset",
       {"living-arrangements", "family-and-personal-relationships", "education-training-employment",
        "neighbourhood", "lifestyle", "substance-use", "physical-health",
        "emotional-and-mental-health", "perception-of-self-and-others", "thinking-and-behaviour",
        "attitudes-to-offending", "motivation-to-change", "offence-details", "victims",
        "vulnerability", "serious-harm"}},
      {"apir",
       {"participation", "achievements", "basic-skills", "key-skills", "life-skills",
        "identity-and-self-image", "aspirations", "attitudes-and-motivation",
        "relationships-within-family-and-society", "risk-of-offending",
        "capacity-of-parents-and-carers", "family-history-and-functioning",
        "social-and-community-factors", "housing", "income", "physical-health",
        "emotional-wellbeing", "substance-use-issues"}},
      {"cin-plan", {"plan"}},
      {"caf", {"development-of-the-child", "parents-and-carers", "family-and-environment"}},
  };
  return v;
}

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_NORTOWN_H_
