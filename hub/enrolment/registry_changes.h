// RegistryChanges is a desk at which officers decide changes of the registry that give a right, and an
// area is founded.
//
// A change is proposed by putting a record (enrolment.h). Here it is listed with all that it would do,
// confirmed, refused, taken back by the operator, and runs out by the clock. What is confirmed is what
// was listed, by its hash, and it is judged again against the registry of now. The file that founds an
// area takes effect once; the policy that an area begins with is the one that its signers named.
//
// A RegistryChanges owns nothing; everything in HubContext, and the PolicyAdmin, must outlive it and
// its pending calls. Thread-safe. `done` is called exactly once, on the executor or the sequencer's
// completion thread, and must only hand on.

#ifndef SIGNPOST_HUB_ENROLMENT_REGISTRY_CHANGES_H_
#define SIGNPOST_HUB_ENROLMENT_REGISTRY_CHANGES_H_

#include "absl/status/statusor.h"
#include "hub/base/principal.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::enrolment {

class RegistryChanges {
 public:
  // Has the registry tell agencies of changes that wait for them.
  RegistryChanges(const request::HubContext& context, policy_admin::PolicyAdmin* policy_admin);
  RegistryChanges(const RegistryChanges&) = delete;
  RegistryChanges& operator=(const RegistryChanges&) = delete;

  // Has `schedule` end what runs out. This must outlive the schedule's Stop(). A change proposed while
  // it runs is due no sooner than it looked last: kChangeWaitsMax is days.
  void RunOn(schedule::Schedule* schedule);

  // For officers, auditors and the operator; others get kMethodNotAllowed. Leaves no entry: it is about
  // nobody but colleagues.
  [[nodiscard]] absl::StatusOr<v1::ListRegistryChangesResponse> List(
      const base::Principal& asker, const v1::ListRegistryChangesRequest& request) const;
  // Refusals, recorded, with a receipt: kInvalidField for a change that there is not, and those of
  // Registry::PrepareConfirm(). Others: kStoreUnavailable, not recorded, so not done.
  void Confirm(const base::Principal& officer, const v1::ConfirmRegistryChangeRequest& request,
               request::Reply<v1::ConfirmRegistryChangeResponse> done);
  // By an officer, or by anybody of the operator's, whose change it is. Refusals as above.
  void Refuse(const base::Principal& actor, const v1::RefuseRegistryChangeRequest& request,
              request::Reply<v1::RefuseRegistryChangeResponse> done);
  // Refusals, recorded: those of Registry::PrepareFounding(), and kInvalidField for a policy that is
  // not the one that this hub begins with.
  void Found(const base::Principal& actor, const v1::FoundAreaRequest& request,
             request::Reply<v1::FoundAreaResponse> done);

  // Ends what nobody decided in time, each with its entry. Blocks. Returns how many. Errors:
  // kStoreUnavailable and the like; those before the error have ended.
  [[nodiscard]] absl::StatusOr<int> EndExpired();

 private:
  // Binds the policy to the registry as it is now, and then answers.
  template <typename Response>
  void BindAndAnswer(Response response, request::Reply<Response> done);

  const request::HubContext context_;
  policy_admin::PolicyAdmin* const policy_admin_;
};

}  // namespace signpost::enrolment

#endif  // SIGNPOST_HUB_ENROLMENT_REGISTRY_CHANGES_H_
