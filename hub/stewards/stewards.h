// Stewards is a room's front where people settle what matching was not certain of: which row of a
// report is somebody else's as well.
//
// A review is decided by a steward of the area (role matching-steward), whose agency did not report
// it; where somebody shielded could be meant, by the agency that set the shield alone (its data
// protection officer or a manager); and once it is overdue, by a deputy (role matching-deputy) too.
// Rows of several agencies become one only when two stewards of two agencies decide the same. Who
// decides sees names and birth dates, of addresses whether they agree, and no agency. They may ask
// agencies fixed questions about their own records.
//
// Each look, decision and question is an entry, refused ones too.
//
// A Stewards owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_STEWARDS_STEWARDS_H_
#define SIGNPOST_HUB_STEWARDS_STEWARDS_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/matching/reviews.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/v1/steward.pb.h"

namespace signpost::stewards {

inline constexpr char kStewardRole[] = "matching-steward";
inline constexpr char kDeputyRole[] = "matching-deputy";
// Of the agency that set a shield.
inline constexpr char kOfficerRole[] = "data-protection-officer";
inline constexpr char kManagerRole[] = "manager";

// Questions about one review.
inline constexpr int kQuestionsPerReviewMax = 16;
// However far off the next due review is.
inline constexpr absl::Duration kLookForOverdueEvery = absl::Hours(1);

class Stewards {
 public:
  explicit Stewards(const request::HubContext& context) : context_(context) {}
  Stewards(const Stewards&) = delete;
  Stewards& operator=(const Stewards&) = delete;

  // See v1.StewardService.ListReviews. Errors: kMethodNotAllowed, with a receipt, in another role.
  void List(const base::Principal& asker, v1::ListReviewsRequest request,
            request::Reply<v1::ListReviewsResponse> done);
  // Errors, with a receipt: kMethodNotAllowed in another role, or for the second of two from the
  // agency of the first; kNotFound for a review that there is not, or that is not the asker's to
  // decide; kInvalidField for a decision that cannot be.
  void Resolve(const base::Principal& asker, v1::ResolveReviewRequest request,
               request::Reply<v1::ResolveReviewResponse> done);
  // Errors, with a receipt: as Resolve(); kAlreadyExists when that was asked; kInvalidField for a
  // side that there is not, or past kQuestionsPerReviewMax.
  void Ask(const base::Principal& asker, v1::AskAboutRecordRequest request,
           request::Reply<v1::AskAboutRecordResponse> done);

  // Of the asker's own agency.
  void ListQuestions(const base::Principal& asker, v1::ListRecordQuestionsRequest request,
                     request::Reply<v1::ListRecordQuestionsResponse> done);
  // Errors: kNotFound, with a receipt, for a question that the asker's agency was not asked, or that
  // decides nothing any more.
  void Answer(const base::Principal& asker, v1::AnswerRecordQuestionRequest request,
              request::Reply<v1::AnswerRecordQuestionResponse> done);

  // Tells of every review that is overdue, and again each day: an entry and notices to the agencies
  // that have somebody who may decide it, all or nothing for each. Blocks. Returns how many. Errors:
  // kStoreUnavailable and the like; those before the error are told.
  [[nodiscard]] absl::StatusOr<int> TellOverdue();

  // Has `schedule` do that when it is due, and `on_overdue` told of how many it was, when any. This
  // must outlive the schedule's Stop().
  void RunOn(schedule::Schedule* schedule, std::function<void(int told)> on_overdue = nullptr);

  // Reviews that are overdue, as the schedule last looked.
  int overdue() const { return overdue_.load(std::memory_order_relaxed); }

 private:
  const request::HubContext context_;
  std::atomic<int> overdue_{0};
};

}  // namespace signpost::stewards

#endif  // SIGNPOST_HUB_STEWARDS_STEWARDS_H_
