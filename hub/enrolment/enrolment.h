// Enrolment is the operator's front to the registry that changes who takes part (agencies and their
// systems, teams, practitioners, suspensions) and has the policy follow: rules name kinds of
// agency, services and teams, so a policy is bound anew before a change is answered.
//
// An Enrolment owns nothing; everything in HubContext, and the PolicyAdmin, must outlive it and its
// pending calls. What gives a right only waits: registry_changes.h. Thread-safe. `done` is called exactly once, on the executor or the sequencer's
// completion thread, and must only hand on. Errors are those of registry::Registry.

#ifndef SIGNPOST_HUB_ENROLMENT_ENROLMENT_H_
#define SIGNPOST_HUB_ENROLMENT_ENROLMENT_H_

#include "hub/base/principal.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/registry/registry.h"
#include "hub/request/context.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::enrolment {

class Enrolment {
 public:
  Enrolment(const request::HubContext& context, policy_admin::PolicyAdmin* policy_admin)
      : context_(context), policy_admin_(policy_admin) {}
  Enrolment(const Enrolment&) = delete;
  Enrolment& operator=(const Enrolment&) = delete;

  // See v1.RegistryService. When `done` is called the policy has been bound to the new directory,
  // so the next question is judged by it. A policy that does not compile against the directory is
  // not an error of the change: everything is hidden until it does, and /health says so.
  void PutAgency(const base::Principal& asker, const v1::PutAgencyRequest& request,
                 request::Reply<v1::PutAgencyResponse> done);
  void PutTeam(const base::Principal& asker, const v1::PutTeamRequest& request,
               request::Reply<v1::PutTeamResponse> done);
  // Keeps no name and no address: what audits compare are hashes, as matching makes them.
  void PutPractitioner(const base::Principal& asker, const v1::PutPractitionerRequest& request,
                       request::Reply<v1::PutPractitionerResponse> done);
  void SetSuspended(const base::Principal& asker, const v1::SetSuspendedRequest& request,
                    request::Reply<v1::SetSuspendedResponse> done);

 private:
  template <typename Response>
  registry::ChangeDone AnswerChange(request::Reply<Response> done, bool rebind);

  const request::HubContext context_;
  policy_admin::PolicyAdmin* const policy_admin_;
};

}  // namespace signpost::enrolment

#endif  // SIGNPOST_HUB_ENROLMENT_ENROLMENT_H_
