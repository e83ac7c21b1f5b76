// ExportCedar() is a translator that writes a policy in the Cedar language, for judges that are not
// us.
//
// Cedar knows permit and forbid, and two truth values; ours has three effects and three. What we
// keep of the meaning:
//   - A word that is unknown is left out of the context; other facts are told by name, in one set
//     those known to hold and in another those not known not to. Every forbid holds where its facts
//     may hold, every permit only where they are known to, so that nothing depends on how Cedar
//     treats an error.
//   - Actions are asked in this order. "see": Allow is a show, decided by the permits it names.
//     "override ID", of each override where one is asked for: Allow is a show by that override.
//     "broker": Allow is a broker by those permits; Deny is a hide by those forbids, or by default
//     where there are none.
//   - Each policy has the id of its rule as @id; one rule may be several policies.
// What is not in Cedar but in the facts: how consents stand (their scope, dates and grantors), told
// as the policy's own conditions on consent.
//
// Pure and thread-safe.

#ifndef SIGNPOST_POLICY_ANALYSIS_CEDAR_H_
#define SIGNPOST_POLICY_ANALYSIS_CEDAR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

// The policy set. `text` must compile against `vocabulary`; of one that does not, what can be read
// is exported.
std::string ExportCedar(absl::string_view text, const Vocabulary& vocabulary);

// The context of one question, as JSON. Obligations, bases and what was missing have no part in it.
std::string CedarContext(const Policy& policy, const Question& question, const Item& item);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_CEDAR_H_
