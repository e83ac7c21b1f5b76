// Reviews are a queue in the store of rows of which it is not certain whom they are about: what was
// reported stands on a row of its own from the first moment, and a review asks whether that row is
// somebody else's as well. It holds nothing personal: whom it is about and who could be the same, by
// their ids, and how they were found to agree.
//
// Space::kReviews: "r", how pressing it is, the review's id -> ReviewRow; "q", the agency that is
// asked, the question's id -> RecordQuestionRow; "n", whom a review names, its id -> nothing, so that
// what waits about somebody is found. A review has a due row (schedule/due_rows.h) as long as it waits,
// under kReviewJob.
//
// Pure functions but for the view they are given; thread-safe. Errors: kDataLoss, those of the view.

#ifndef SIGNPOST_HUB_MATCHING_REVIEWS_H_
#define SIGNPOST_HUB_MATCHING_REVIEWS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/ids.h"
#include "hub/base/random.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/steward.pb.h"

namespace signpost::matching {

// Whose due rows those of reviews are.
inline constexpr char kReviewJob[] = "reviews";
// Those who are told of an overdue review are told again after so long.
inline constexpr absl::Duration kReviewToldAgainAfter = absl::Hours(24);

// A review as it lies in the store.
struct ReviewItem {
  std::string key;
  base::ReviewId id;
  store::v1::ReviewRow row;
};

// Ids sort by age.
[[nodiscard]] absl::StatusOr<base::ReviewId> NewReviewId(absl::Time now,
                                                         base::RandomSource* random);
std::string ReviewKey(signpost::v1::ReviewHarm harm, const base::ReviewId& id);

// The review of that id, or nothing.
[[nodiscard]] absl::StatusOr<std::optional<ReviewItem>> FindReview(const store::View& view,
                                                                   const base::ReviewId& id);
[[nodiscard]] absl::StatusOr<ReviewItem> ParseReview(const std::string& key,
                                                     const std::string& value);
// At most `rows_max` behind `after` (a key; empty: from the first), the most pressing first, of these
// the oldest.
[[nodiscard]] absl::StatusOr<std::vector<ReviewItem>> ReviewsAfter(const store::View& view,
                                                                   const std::string& after,
                                                                   int rows_max);
// Those that name one of `ids`, as whom was reported or as a candidate, each once.
[[nodiscard]] absl::StatusOr<std::vector<ReviewItem>> ReviewsNaming(
    const store::View& view, const std::vector<base::PersonId>& ids);
// When those who may decide it are told, or told again.
absl::Time ReviewDue(const store::v1::ReviewRow& row);
// Writes the review with its due row and the rows of whom it names; takes all of them away.
void PutReview(const ReviewItem& review, store::Batch* batch);
void DeleteReview(const ReviewItem& review, store::Batch* batch);

// --- Questions about an agency's own records

std::string QuestionPrefix(absl::string_view agency_id);
std::string QuestionKey(absl::string_view agency_id, const base::QuestionId& id);
[[nodiscard]] absl::StatusOr<store::v1::RecordQuestionRow> ParseQuestion(const std::string& value);

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_REVIEWS_H_
