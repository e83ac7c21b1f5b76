// Overrides is a keeper of cases that outlast an override's use: the holders are told, another
// person reviews it, and when nobody does, the agency hears of it every day.
//
// A case is one row of Space::kOverrides, written in the commit of the answer that it opened, under
// the agency whose practitioner overrode and the index of that answer's entry: its number. The
// reasons in it are sealed under the young person's key and are erased with them; the case
// stays, and names them by a reference that leads nowhere then.
//
// An Overrides owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_OVERRIDES_OVERRIDES_H_
#define SIGNPOST_HUB_OVERRIDES_OVERRIDES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/v1/overrides.pb.h"

namespace signpost::overrides {

// Who may review: a word of the policy's vocabulary.
inline constexpr char kReviewerRole[] = "manager";
// However far off the next escalation is, what is due is looked for so often: a case may be opened
// at any time, but none is due before two working days have passed.
inline constexpr absl::Duration kLookForOverdueEvery = absl::Hours(1);

class Overrides {
 public:
  explicit Overrides(const request::HubContext& context) : context_(context) {}
  Overrides(const Overrides&) = delete;
  Overrides& operator=(const Overrides&) = delete;

  // See v1.OverrideService. Every call leaves an entry, refusals too. Errors: kInvalidField for a
  // page that cannot be; kMethodNotAllowed, with a receipt, for who is no manager.
  void List(const base::Principal& asker, v1::ListOverridesRequest request,
            request::Reply<v1::ListOverridesResponse> done);
  // Errors, all but the first with a receipt: kOverrideInvalid for no outcome or no reason in
  // words; kMethodNotAllowed for who is no manager; kNotFound for a number that is none of the
  // asker's agency; kOverrideInvalid for who used it; kAlreadyExists for one that was reviewed.
  void Review(const base::Principal& asker, v1::ReviewOverrideRequest request,
              request::Reply<v1::ReviewOverrideResponse> done);
  // Errors: kInvalidField for a time that ends before it begins; kMethodNotAllowed, with a receipt,
  // for who is neither manager nor auditor.
  void Report(const base::Principal& asker, v1::ReportOverridesRequest request,
              request::Reply<v1::ReportOverridesResponse> done);

  // Tells each agency of its overrides that wait past their time and that it was not told of for a
  // day: an entry, a notice in its mailboxes, and a mark in the row, all or nothing for each. Reads
  // what is due and nothing else. Blocks. Returns how many. Errors: kStoreUnavailable and the like;
  // those before the error are told.
  [[nodiscard]] absl::StatusOr<int> EscalateOverdue();

  // Has `schedule` do that when it is due. This must outlive the schedule's Stop().
  void RunOn(schedule::Schedule* schedule);

 private:
  const request::HubContext context_;
};

// Whether the override of this number, used by a practitioner of `agency_id`, has been reviewed.
// One without a case has not. Errors: kDataLoss, kStoreNewer; those of the view.
[[nodiscard]] absl::StatusOr<bool> IsReviewed(const store::View& view, const std::string& agency_id,
                                              uint64_t number);

}  // namespace signpost::overrides

#endif  // SIGNPOST_HUB_OVERRIDES_OVERRIDES_H_
