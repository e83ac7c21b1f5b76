// ProveChecks() is a prover that holds a text's checks ("no one sees this") against all decisions.
//
// Internal to the room. Pure; thread-safe.

#ifndef SIGNPOST_POLICY_ANALYSIS_PROVE_H_
#define SIGNPOST_POLICY_ANALYSIS_PROVE_H_

#include <cstdint>
#include <vector>

#include "policy/engine/program.h"
#include "policy/text/syntax.h"

namespace signpost::policy {

// Proves each of `checks`, or reports a cell of the space that breaks it. All of them together may
// visit `cells_max` cells; a check that would need more is reported as not proved.
void ProveChecks(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, int64_t cells_max,
                 syntax::Diagnostics& diagnostics);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_PROVE_H_
