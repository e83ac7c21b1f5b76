// RunExamples() is a runner that tries the examples of a text: each is asked of the policy, and
// what it answers must be what the example says.
//
// Internal to the room. Pure; thread-safe.

#ifndef SIGNPOST_POLICY_ANALYSIS_EXAMPLES_H_
#define SIGNPOST_POLICY_ANALYSIS_EXAMPLES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/engine/program.h"
#include "policy/facts.h"
#include "policy/text/syntax.h"

namespace signpost::policy {

// What a consent in an example covers.
struct AskedScope {
  std::vector<Symbol> agencies;
  std::vector<Symbol> kinds;
  std::vector<Symbol> roles;
  std::vector<Symbol> holders;
  std::vector<Symbol> services;
  std::vector<Symbol> assessments;
  std::vector<Symbol> sections;
  std::vector<Aspect> aspects;
  std::vector<Purpose> purposes;

  ConsentScope Get() const;  // its spans are into this
};

// What an example asks, bound. Owns what its spans point at: not to be copied once bound.
struct AskedCell {
  Question question;
  Item item;
  TeamStanding standing;
  std::vector<ConsentFact> consents;
  std::vector<AskedScope> scopes;  // beside them

  // Asks at `now_s` instead: a consent that had run out by then has run out by now.
  void At(int64_t now_s);
};
// Reports what cannot be bound, and is false then.
bool BindExample(const PolicyImpl& policy, const syntax::Example& example,
                 syntax::Diagnostics& diagnostics, AskedCell& asked);

// Asks all of `examples` and reports those that are answered otherwise. Marks in `exampled` (by
// RuleIndex) each rule that some example names as deciding.
//
// REQUIRES: `exampled` has an entry for each rule.
void RunExamples(const PolicyImpl& policy, const std::vector<syntax::Example>& examples,
                 syntax::Diagnostics& diagnostics, std::vector<uint8_t>& exampled);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_EXAMPLES_H_
