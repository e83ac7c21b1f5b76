// The reference is an interpreter that says what a policy text means, as plainly as it can be said.
//
// It walks the syntax tree with words and std::optional<bool> (nothing: not known), as
// docs/policy-language.md tells the meaning. It shares the parser with the evaluator and nothing
// else: no symbols, no binding, no masks, no tables. It is slow, and says the effect and the rules
// that decide; obligations, bases and what is missing it does not say. Of consents it knows only
// those without a scope.

#ifndef SIGNPOST_TESTS_POLICY_ENGINE_REFERENCE_H_
#define SIGNPOST_TESTS_POLICY_ENGINE_REFERENCE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "policy/text/syntax.h"

namespace signpost::policy::testing {

using Perhaps = std::optional<bool>;

// The relationships that hold, and those that may.
struct Related {
  std::set<Relationship> yes;
  std::set<Relationship> unknown;
};

struct ReferenceFacts {
  std::string agency, role, purpose;  // "": not known
  Perhaps practitioner, necessity;
  Related related;
  std::map<std::string, Related> teams;
  OverrideGround ground = OverrideGround::kNone;  // asked for, with a reason
  std::string holder, service, assessment, section;
  Aspect aspect = Aspect::kExistence;
  Perhaps open, disputed, marked, shielded, new_identity, spent_offence, names_victim, brokerable;
  bool consents_known = true;
  std::vector<ConsentFact> consents;  // without scopes
  int64_t sixteen_from_s = kNeverS;
  int64_t adult_from_s = kNeverS;
  int64_t now_s = 0;
};

struct ReferenceAnswer {
  Effect effect = Effect::kHide;
  std::set<std::string> rules;

  friend bool operator==(const ReferenceAnswer&, const ReferenceAnswer&) = default;
};

ReferenceAnswer Decide(const syntax::Policy& tree, const Vocabulary& vocabulary,
                       const ReferenceFacts& facts);

// Whether `check` speaks of this question: all but its verb and its exceptions for rules. Unknown:
// it may.
Perhaps IsWithin(const syntax::Policy& tree, const Vocabulary& vocabulary,
                 const ReferenceFacts& facts, const syntax::Check& check);

// The facts of a question in words.
ReferenceFacts InWords(const Policy& policy, const Vocabulary& vocabulary, const Question& question,
                       const Item& item);

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_ENGINE_REFERENCE_H_
