// CaseReviews is a desk where what is archived is read, for case reviews and for nothing else.
//
// It takes two people of two agencies, both in role case-review-officer: one asks, with the review's
// number and a reason; another, of another agency, agrees by naming the young person again. Then the one
// who asked reads, for two weeks. What is archived is hidden from every policy, so no policy opens it,
// and no one person does.
//
// Nothing here tells whether somebody is known: asking and agreeing are answered alike whoever is named,
// and what is read is empty where nobody is known, where nothing is archived, and where the two did not
// name the same person. Services that answer for themselves are in it only where one of the two is of
// the agency that holds it; of somebody shielded only what the two agencies held, unless one of
// them set the shield.
//
// A request is a row of Space::kReviews that goes when its time is over. Each act, a refusal too, is an
// entry; reading one is in what the young person is told of.
//
// A CaseReviews owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_ARCHIVE_CASE_REVIEWS_H_
#define SIGNPOST_HUB_ARCHIVE_CASE_REVIEWS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "signpost/v1/archive.pb.h"

namespace signpost::archive {

inline constexpr char kCaseReviewRole[] = "case-review-officer";
// How long a request waits for a second voice, and how long it may be read once there is one.
inline constexpr absl::Duration kRequestWaits = absl::Hours(28 * 24);
inline constexpr absl::Duration kRequestReads = absl::Hours(14 * 24);
// Job of the index of what is due (schedule/due_rows.h): requests whose time is over.
inline constexpr char kRequestsJob[] = "archive-requests";

class CaseReviews {
 public:
  explicit CaseReviews(const request::HubContext& context) : context_(context) {}
  CaseReviews(const CaseReviews&) = delete;
  CaseReviews& operator=(const CaseReviews&) = delete;

  // See v1.ArchiveService. Errors, those behind the first with a receipt:
  //   - kInvalidField: no reference, no reason in words, no person, no such token
  //   - kMethodNotAllowed: another role; agreeing for the agency that asks
  //   - kNotFound: no request of that id that the caller may answer, or read; all alike
  //   - kRequestIdReused; kStoreUnavailable: not recorded, so not done
  //
  // Ask and Answer sent twice under one request id happen once.
  void Ask(const base::Principal& asker, v1::AskForArchiveRequest request,
           request::Reply<v1::AskForArchiveResponse> done);
  void List(const base::Principal& asker, v1::ListArchiveRequestsRequest request,
            request::Reply<v1::ListArchiveRequestsResponse> done);
  void Answer(const base::Principal& asker, v1::AnswerArchiveRequestRequest request,
              request::Reply<v1::AnswerArchiveRequestResponse> done);
  void Read(const base::Principal& asker, v1::ReadArchiveRequest request,
            request::Reply<v1::ReadArchiveResponse> done);

  // Takes out requests whose time was over at `now`, in one commit with an entry each; at most 100. Blocks.
  // Returns how many. Errors: kStoreUnavailable and the like.
  [[nodiscard]] absl::StatusOr<int> EndLapsed(absl::Time now);

 private:
  const request::HubContext context_;
};

}  // namespace signpost::archive

#endif  // SIGNPOST_HUB_ARCHIVE_CASE_REVIEWS_H_
