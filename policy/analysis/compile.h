// Compile() is a compiler that takes what is already a tree: Compile() (policy.h) for tests that
// change trees. Internal to the room.

#ifndef SIGNPOST_POLICY_ANALYSIS_COMPILE_H_
#define SIGNPOST_POLICY_ANALYSIS_COMPILE_H_

#include "policy/policy.h"
#include "policy/text/syntax.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

CompileResult CompileTree(syntax::Policy tree, const Vocabulary& vocabulary,
                          const CompileOptions& options);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_COMPILE_H_
