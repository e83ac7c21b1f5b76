// Replays is a judge that makes a recorded decision again: the policy and the words of then are in
// the store by their hashes, the question is in the entry, and the person's facts of then are
// today's row with what the ledger says has happened since taken back.
//
// What is taken back exactly: flags opened, closed, opened again, retracted; consents recorded,
// superseded, withdrawn; the shield. What cannot be taken back is said: a flag whose worker,
// service or assessments changed since, persons merged since, an erased person, entries about
// the person that are past their retention. What the entry does not tell is who fed the hub and who
// was suspended then; today's directory stands in for that.
//
// Thread-safe; owns nothing.

#ifndef SIGNPOST_HUB_OVERSIGHT_REPLAY_H_
#define SIGNPOST_HUB_OVERSIGHT_REPLAY_H_

#include "absl/status/statusor.h"
#include "hub/base/principal.h"
#include "hub/oversight/joint_looks.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/request/context.h"
#include "signpost/v1/policy.pb.h"

namespace signpost::oversight {

class Replays {
 public:
  Replays(const request::HubContext& context, const policy_admin::PolicyAdmin* policy_admin,
          const JointLooks* looks)
      : context_(context), policy_admin_(policy_admin), looks_(looks) {}
  Replays(const Replays&) = delete;
  Replays& operator=(const Replays&) = delete;

  // In findings "(masked)" stands for each rule that names an agency of a sensitive service, and for
  // all of an entry that is masked, unless the joint look covers it. Errors: kAssertionMissing,
  // kMethodNotAllowed, recorded, unless a named auditor asks; kInvalidField without a reason and, with
  // a receipt, for an entry that there is not; kStoreUnavailable, kDataLoss. The look is an entry of its own; nothing personal is opened.
  void Replay(const base::Principal& asker, v1::ReplayDecisionRequest request,
              request::Reply<v1::ReplayDecisionResponse> done);

 private:
  absl::Status JudgeAgain(const store::View& view, uint64_t index, Sight* sight,
                          v1::ReplayDecisionResponse* response) const;

  const request::HubContext context_;
  const policy_admin::PolicyAdmin* const policy_admin_;
  const JointLooks* const looks_;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_REPLAY_H_
