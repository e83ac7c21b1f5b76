// What one may see of whom, asked about nobody: Explain and ListAgreements of v1.PolicyService.
//
// The answer rests on the policy, the registry and what the caller says it assumes; no row of a
// person is read. So it may say what would open a thing that is hidden, which an answer about a
// young person must not. Each question is an entry. Thread-safe.

#ifndef SIGNPOST_HUB_GATE_POLICY_ASKING_H_
#define SIGNPOST_HUB_GATE_POLICY_ASKING_H_

#include "hub/gate/asker.h"
#include "hub/gate/gate.h"
#include "hub/gate/policy_desk.h"
#include "signpost/v1/policy.pb.h"

namespace signpost::gate {

class PolicyAsking {
 public:
  // Nothing is owned; all of it must outlive this and its pending calls.
  PolicyAsking(const Rooms& rooms, const PolicyDesk* desk) : rooms_(rooms), desk_(desk) {}
  PolicyAsking(const PolicyAsking&) = delete;
  PolicyAsking& operator=(const PolicyAsking&) = delete;

  // What the asker would see under the request's assumptions; her consent is assumed to be the
  // young person's own, to sharing, for whatever is asked. Errors: kInvalidField for no purpose, an
  // agency or a kind of assessment that there is not; kPurposeNotAllowed; kPolicyUnavailable
  // (recorded).
  void Explain(const Asker& asker, v1::ExplainRequest request, Reply<v1::ExplainResponse> done);

  // Agreements in force, to come and run out. Errors: kInvalidField for an agency that there is
  // not; kPolicyUnavailable (recorded).
  void ListAgreements(const Asker& asker, v1::ListAgreementsRequest request,
                      Reply<v1::ListAgreementsResponse> done);

 private:
  const Rooms rooms_;
  const PolicyDesk* const desk_;
};

}  // namespace signpost::gate

#endif  // SIGNPOST_HUB_GATE_POLICY_ASKING_H_
