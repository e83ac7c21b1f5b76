// DecisionInWords() is a writer that puts decisions in words. Internal to the room; pure.

#ifndef SIGNPOST_POLICY_ENGINE_EXPLAIN_H_
#define SIGNPOST_POLICY_ENGINE_EXPLAIN_H_

#include <string>

#include "policy/engine/program.h"
#include "policy/facts.h"

namespace signpost::policy {

// "hide by S1, missing explicit-consent", in the words of an example.
std::string DecisionInWords(const PolicyImpl& policy, const Decision& decision);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_EXPLAIN_H_
