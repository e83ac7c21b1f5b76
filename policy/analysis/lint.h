// Lint() is a reader that finds what is doubtful in a policy that compiles: findings for its
// officer, never errors.
//
// It is pure and thread-safe. All that it searches for (cell_search.h) together takes no more than
// kLintWorkMax (policy/limits.h); of what was not looked at to the end it says so, and no more.

#ifndef SIGNPOST_POLICY_ANALYSIS_LINT_H_
#define SIGNPOST_POLICY_ANALYSIS_LINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/facts.h"
#include "policy/limits.h"
#include "policy/policy.h"

namespace signpost::policy {

enum class FindingKind : uint8_t {
  // No asker, item and circumstance makes the rule apply.
  kNeverFires = 0,
  // It applies, but never decides: whatever it shows another rule hides, or whatever it hides
  // another rule hides too.
  kShadowed,
  // The search would take more than kLintWorkMax: whether this rule ever decides is not known; of
  // no rule, which agency sees more of which.
  kNotExamined,
  kAgreementExpired,  // on the day asked about
  kAgreementNotYetInForce,
  kReviewOverdue,
  // Under some circumstances `one` sees of `other` aspects that `other` never sees of `one`.
  kAsymmetry,
  // Something that the law asks of every policy does not hold (protections.h); `remedy` would mend
  // it.
  kUnprotected,
  // The rule rests on a word that the hub never says, or of which it does not know (supplied.h).
  kUnsupplied,
  // The rule shows only to who is involved, and of the agencies it shows to none feeds the index:
  // nobody ever is.
  kNobodyInvolved,
};

struct Finding {
  FindingKind kind = FindingKind::kNeverFires;
  int line = 0;  // of the rule; 0 where there is none
  RuleIndex rule = kNoRule;
  int16_t agreement = kNoAgreement;
  // Of an asymmetry: the two agencies, and a bit for each Aspect that one sees of the other without
  // and with the young person's explicit consent.
  Symbol one = kNoSymbol;
  Symbol other = kNoSymbol;
  uint8_t one_sees = 0;
  uint8_t other_sees = 0;
  uint8_t one_sees_with_consent = 0;
  uint8_t other_sees_with_consent = 0;
  // The whole finding as one sentence, for a list.
  std::string message;
  // Lines to add to the policy that would mend it; empty where there are none.
  std::string remedy;
};

// All findings: what is unprotected, rules by index, then agreements by index, then pairs of agencies
// by symbol. Dates
// are judged at `now_s`; asymmetries as practitioners would see on that day who are involved, state
// necessity and do not override.
std::vector<Finding> Lint(const Policy& policy, int64_t now_s, int64_t work_max = kLintWorkMax);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_LINT_H_
