// Covers is a desk at which workers of an agency say who covers for whom while somebody is away.
//
// A cover is one step and counts from the very next question: whoever covers is involved where a
// flag names the colleague. It is one agency's word about its own workers, so anybody of the agency
// may begin it for themselves; it ends by itself, it is an entry of the ledger, and a notice to the
// agency's systems tells the colleague and their manager, so that a cover made up to look is seen by
// whom it borrows from.
//
// A Covers owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_ENROLMENT_COVERS_H_
#define SIGNPOST_HUB_ENROLMENT_COVERS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/v1/cover.pb.h"

namespace signpost::enrolment {

// Who may have others cover, and end any cover of their agency: a word of the policy's vocabulary.
inline constexpr char kCoverManagerRole[] = "manager";
inline constexpr absl::Duration kCoverUsual = absl::Hours(24);
inline constexpr absl::Duration kCoverMax = absl::Hours(28 * 24);

class Covers {
 public:
  // Has `schedule` take out what has ended. This must outlive the schedule's Stop().
  Covers(const request::HubContext& context, schedule::Schedule* schedule);
  Covers(const Covers&) = delete;
  Covers& operator=(const Covers&) = delete;

  // See v1.CoverService. Errors:
  //   - kInvalidField, with the field: somebody who is not enrolled at the caller's agency, an end
  //     that has passed or is too far off, no reason in words, one cover too many
  //   - kMethodNotAllowed, recorded, with a receipt: a cover in which the caller has no part, and
  //     the caller is no manager
  //   - kCallerSuspended: who is to cover is suspended
  //   - kRequestIdReused; kStoreUnavailable: not recorded, so not done
  void Start(const base::Principal& asker, v1::StartCoverRequest request,
             request::Reply<v1::StartCoverResponse> done);
  void End(const base::Principal& asker, v1::EndCoverRequest request,
           request::Reply<v1::EndCoverResponse> done);
  // Answers at once, from memory; nothing is recorded, for it is about nobody but colleagues.
  void List(const base::Principal& asker, const v1::ListCoversRequest& request,
            request::Reply<v1::ListCoversResponse> done) const;

  // Takes out covers that have ended, each with its entry and its notice, all or nothing for each
  // worker. They counted no longer before. Blocks. Returns how many. Errors: kStoreUnavailable and
  // the like; those before the error are out.
  [[nodiscard]] absl::StatusOr<int> EndLapsed();

 private:
  const request::HubContext context_;
  schedule::Schedule* const schedule_;
};

}  // namespace signpost::enrolment

#endif  // SIGNPOST_HUB_ENROLMENT_COVERS_H_
