// PolicyExplainer is a guide that says who may see what: Explain and ListAgreements of
// v1.PolicyService.
//
// The answer rests on the policy, the registry and what the caller says it assumes; no row of a
// person is read. So it may say what would open a thing that is hidden, which an answer about a
// young person must not. Each question is an entry. Thread-safe.

#ifndef SIGNPOST_HUB_POLICY_ADMIN_POLICY_EXPLAINER_H_
#define SIGNPOST_HUB_POLICY_ADMIN_POLICY_EXPLAINER_H_

#include "hub/base/principal.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/request/context.h"
#include "signpost/v1/policy.pb.h"

namespace signpost::policy_admin {

class PolicyExplainer {
 public:
  // Nothing is owned; all of it must outlive this and its pending calls.
  PolicyExplainer(const request::HubContext& context, const PolicyAdmin* policy_admin)
      : context_(context), policy_admin_(policy_admin) {}
  PolicyExplainer(const PolicyExplainer&) = delete;
  PolicyExplainer& operator=(const PolicyExplainer&) = delete;

  // What the asker would see under the request's assumptions; a consent is assumed to be the
  // young person's own, to sharing, for whatever is asked. Errors: kInvalidField for no purpose, an
  // agency or a kind of assessment that there is not; kPurposeNotAllowed; kPolicyUnavailable
  // (recorded).
  void Explain(const base::Principal& asker, v1::ExplainRequest request,
               request::Reply<v1::ExplainResponse> done);

  // Agreements in force, to come and run out. Errors: kInvalidField for an agency that there is
  // not; kPolicyUnavailable (recorded).
  void ListAgreements(const base::Principal& asker, v1::ListAgreementsRequest request,
                      request::Reply<v1::ListAgreementsResponse> done);

 private:
  const request::HubContext context_;
  const PolicyAdmin* const policy_admin_;
};

}  // namespace signpost::policy_admin

#endif  // SIGNPOST_HUB_POLICY_ADMIN_POLICY_EXPLAINER_H_
