// These say which cells a survey (diff.h) need not visit: ChangedRules, where no rule is another
// than before, and Closers, where one fact alone hides the item whatever else is so.
//
// Both leave out only cells that come to no difference and to nothing that is seen, so that what a
// survey reports is the same with them and without. Internal to the room; pure.

#ifndef SIGNPOST_POLICY_ANALYSIS_CUTS_H_
#define SIGNPOST_POLICY_ANALYSIS_CUTS_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "policy/engine/evaluation.h"
#include "policy/engine/program.h"

namespace signpost::policy {

// What a condition about a fact comes to where the fact has some value.
using TruthOf = std::function<Tri(const syntax::Condition&)>;

// The rules in which two policies differ. Refers to both.
class ChangedRules {
 public:
  ChangedRules(const PolicyImpl& before, const PolicyImpl& after);

  bool none() const { return !everywhere_ && pairs_.empty(); }
  // Whether it is a rule of either policy that changed.
  bool Has(const BoundRule& rule) const;
  // Whether a rule that is another can have a say here. Both are asked without a purpose.
  bool MayMatter(Evaluation& before, Evaluation& after) const;
  // Whether every rule that changed says the same before and after where `truth` says what becomes
  // of the conditions about one fact, whatever else is so.
  bool Agree(syntax::Condition::About about, const TruthOf& truth) const;

 private:
  struct Pair {
    const BoundRule* before = nullptr;  // nullptr: the rule is new
    const BoundRule* after = nullptr;   // nullptr: it is gone
    bool aligned = false;               // the same statements but for their conditions
  };

  static bool Touches(const BoundRule* rule, Evaluation& evaluation);
  static bool AgreeOn(const BoundStatement* before, const BoundStatement* after,
                      syntax::Condition::About about, const TruthOf& truth);

  // Something differs that is in no rule: every rule counts as changed.
  bool everywhere_ = false;
  std::vector<Pair> pairs_;
};

// The hides of a policy that close one asker and item to everybody, overrides too. Refers to the
// policy.
class Closers {
 public:
  // `evaluation` is of the asker and item, without a purpose.
  Closers(const PolicyImpl& policy, Evaluation& evaluation);

  // Whether one of them applies where `truth` says what becomes of the conditions about one fact,
  // whatever else is so.
  bool Close(syntax::Condition::About about, const TruthOf& truth) const;

 private:
  std::vector<const BoundStatement*> statements_;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_CUTS_H_
