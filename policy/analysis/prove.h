// ProveChecks() is a prover that holds a text's checks ("no one sees this") against all decisions.
//
// Internal to the room. Pure; thread-safe.

#ifndef SIGNPOST_POLICY_ANALYSIS_PROVE_H_
#define SIGNPOST_POLICY_ANALYSIS_PROVE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policy/engine/program.h"
#include "policy/text/syntax.h"

namespace signpost::policy {

// By check: empty where it is proved; else who sees it all the same, in words that begin with
// "fails: ", or why it is not proved. All of them together may take `cells_max` steps of the search
// (cell_search.h); a check that would need more is not proved.
std::vector<std::string> Refute(const PolicyImpl& policy, const std::vector<BoundCheck>& checks,
                                int64_t cells_max);

// Proves each of `checks`, or reports what Refute() says of it.
void ProveChecks(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, int64_t cells_max,
                 syntax::Diagnostics& diagnostics);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_PROVE_H_
