// Lint() is a reader that finds what is doubtful in a policy that compiles: findings for its
// officer, never errors.
//
// It is pure and thread-safe. It visits the decision space of the policy (decision_space.h) as
// long as some rule has not yet been seen to matter, and at most kLintCellsMax cells of it.

#ifndef SIGNPOST_POLICY_ANALYSIS_LINT_H_
#define SIGNPOST_POLICY_ANALYSIS_LINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

inline constexpr int64_t kLintCellsMax = 5'000'000;

enum class FindingKind : uint8_t {
  // No asker, item and circumstance makes the rule apply.
  kNeverFires = 0,
  // It applies, but never decides: whatever it shows another rule hides, or whatever it hides
  // another rule hides too.
  kShadowed,
  // The space is larger than kLintCellsMax: whether this rule ever decides is not known.
  kNotExamined,
  kAgreementExpired,  // on the day asked about
  kAgreementNotYetInForce,
  kReviewOverdue,
  // Under some circumstances `one` sees of `other` aspects that `other` never sees of `one`.
  kAsymmetry,
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
};

// All findings: rules by index, then agreements by index, then pairs of agencies by symbol. Dates
// are judged at `now_s`; asymmetries as practitioners would see on that day who are involved, state
// necessity and do not override.
std::vector<Finding> Lint(const Policy& policy, int64_t now_s);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_LINT_H_
