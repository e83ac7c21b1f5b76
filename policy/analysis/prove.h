// ProveChecks() is a prover that holds a text's checks ("no one sees this") against all decisions.
//
// Internal to the room. Pure; thread-safe.

#ifndef SIGNPOST_POLICY_ANALYSIS_PROVE_H_
#define SIGNPOST_POLICY_ANALYSIS_PROVE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/analysis/cell_search.h"
#include "policy/engine/program.h"
#include "policy/text/syntax.h"

namespace signpost::policy {

// By check: empty where it is proved; else who sees it all the same, in words that begin with
// "fails: ", or why it is not proved. Where `work` does not suffice for all, those of which nothing
// was found are not proved.
std::vector<std::string> Refute(const PolicyImpl& policy, const std::vector<BoundCheck>& checks,
                                Work& work);

// Proves each of `checks` with no more than `work_max` (cell_search.h), or reports what Refute()
// says of it.
void ProveChecks(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, int64_t work_max,
                 syntax::Diagnostics& diagnostics);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_PROVE_H_
