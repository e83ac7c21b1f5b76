// MissingProtections() is a reader that finds what the law asks of every policy and this one does
// not do.
//
// Each protection is a check that nobody had to write: that nothing locates a shielded person, that
// the young person's refusal holds, and so on. It is proved like any other (prove.h); where it
// fails, the finding says who sees what all the same, and which lines would mend it. Pure;
// thread-safe.

#ifndef SIGNPOST_POLICY_ANALYSIS_PROTECTIONS_H_
#define SIGNPOST_POLICY_ANALYSIS_PROTECTIONS_H_

#include <vector>

#include "policy/analysis/cell_search.h"
#include "policy/analysis/lint.h"
#include "policy/engine/program.h"

namespace signpost::policy {

// Findings of kind kUnprotected, in a fixed order; of those that could not be proved either way
// within `work`, too.
std::vector<Finding> MissingProtections(const PolicyImpl& policy, Work& work);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_PROTECTIONS_H_
