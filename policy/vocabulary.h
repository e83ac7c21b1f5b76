// The open vocabulary of one area: the agencies, teams, services, roles and assessments that a
// policy may name. It is data (the registry fills it from the area file); the policy is compiled
// against it, and a word that is not in it is a load error.
//
// Plain values; copy them freely. Ids are lower-case kebab words ([a-z0-9-], first a letter), and
// must not be words of the language itself. Compile() reports what is wrong with a vocabulary as
// diagnostics on line 0.

#ifndef SIGNPOST_POLICY_VOCABULARY_H_
#define SIGNPOST_POLICY_VOCABULARY_H_

#include <string>
#include <vector>

#include "policy/words.h"

namespace signpost::policy {

struct VocabularyAgency {
  std::string id;    // "nortown-yot"
  std::string name;  // "Nortown Youth Offending Team"; said to workers; the id where empty
  std::string kind;  // "yot": any kebab word; the set of kinds is what the agencies use
  // A relevant authority under Crime and Disorder Act 1998 s115, or acting for one.
  bool relevant_authority = false;
  // The services this agency can have flags for. Empty means any, sensitive ones included: then
  // nobody outside can be told that this agency has none (see Policy::AlwaysShows).
  std::vector<std::string> services;
};

struct VocabularyTeam {
  std::string id;
  std::vector<std::string> agencies;  // whose practitioners may be members
  std::vector<Purpose> purposes;      // inside which the team's relationships count
};

struct VocabularyService {
  std::string id;
  // The sensitive category ("substance-misuse"), or empty. Every sensitive service must be in the
  // policy's group `sensitive`, or the policy does not load.
  std::string sensitive_category;
};

struct VocabularyAssessment {
  std::string id;  // "asset"
  std::vector<std::string> sections;
};

struct Vocabulary {
  std::vector<VocabularyAgency> agencies;
  std::vector<VocabularyTeam> teams;
  std::vector<VocabularyService> services;
  std::vector<std::string> roles;
  std::vector<VocabularyAssessment> assessments;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_VOCABULARY_H_
