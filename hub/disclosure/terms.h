// These are the terms that more than one file of the door uses. Internal to the room; pure.

#ifndef SIGNPOST_HUB_DISCLOSURE_TERMS_H_
#define SIGNPOST_HUB_DISCLOSURE_TERMS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "hub/base/error.h"
#include "hub/disclosure/evaluator.h"
#include "policy/vocabulary.h"

namespace signpost::disclosure {

// In each answer, so that answers that say the same have different hashes.
inline constexpr size_t kSaltBytes = 32;

inline absl::Status NoPolicy() {
  return base::Error(base::Reason::kPolicyUnavailable,
                     "no policy is in force, so everything is hidden; ask the hub's operator");
}

// Asks whether a flag may be known of at all.
inline QuestionTerms KnowingOf(policy::Purpose purpose) {
  QuestionTerms asked;
  asked.purpose = purpose;
  asked.aspects = {policy::Aspect::kExistence, policy::Aspect::kAgency};
  return asked;
}

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_TERMS_H_
