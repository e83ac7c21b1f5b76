#include "hub/matching/reviews.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"

namespace signpost::matching {

using store::Space;
using store::v1::ReviewRow;

namespace {

constexpr char kReviewLabel = 'r';
constexpr char kQuestionLabel = 'q';
constexpr char kNamesLabel = 'n';
constexpr size_t kReviewKeyBytes = 2 + base::kIdBytes;

std::string NamesKey(absl::string_view person_id, const base::ReviewId& review) {
  return absl::StrCat(std::string(1, kNamesLabel), person_id, review.bytes());
}

// Keys of the rows of whom it names.
std::set<std::string> NamesKeys(const ReviewItem& review) {
  std::set<std::string> keys = {NamesKey(review.row.person_id(), review.id)};
  for (const store::v1::CandidateRow& candidate : review.row.candidates()) {
    if (candidate.person_id().empty()) continue;
    keys.insert(NamesKey(candidate.person_id(), review.id));
  }
  return keys;
}

}  // namespace

absl::StatusOr<base::ReviewId> NewReviewId(absl::Time now, base::RandomSource* random) {
  // Six bytes of milliseconds, ten at random.
  const uint64_t ms = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMillis(now)));
  return base::ReviewId::FromBytes(store::KeyU64(ms).substr(2) + random->Bytes(10));
}

std::string ReviewKey(signpost::v1::ReviewHarm harm, const base::ReviewId& id) {
  return absl::StrCat(std::string{kReviewLabel, static_cast<char>(harm)}, id.bytes());
}

absl::StatusOr<ReviewItem> ParseReview(const std::string& key, const std::string& value) {
  ReviewItem item;
  item.key = key;
  if (key.size() != kReviewKeyBytes) {
    return base::Error(base::Reason::kDataLoss, "a review is under no id; restore a backup");
  }
  SIGNPOST_ASSIGN_OR_RETURN(item.id, base::ReviewId::FromBytes(key.substr(2)));
  SIGNPOST_ASSIGN_OR_RETURN(item.row, store::DecodeRow<ReviewRow>("a review", value));
  return item;
}

absl::StatusOr<std::optional<ReviewItem>> FindReview(const store::View& view,
                                                     const base::ReviewId& id) {
  std::vector<std::string> keys;
  for (const auto harm :
       {signpost::v1::REVIEW_HARM_SHIELDED, signpost::v1::REVIEW_HARM_SAFEGUARDING,
        signpost::v1::REVIEW_HARM_ORDINARY}) {
    keys.push_back(ReviewKey(harm, id));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const auto rows, view.GetMany(Space::kReviews, keys));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!rows[i].has_value()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(ReviewItem item, ParseReview(keys[i], *rows[i]));
    return item;
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<ReviewItem>> ReviewsAfter(const store::View& view,
                                                     const std::string& after, int rows_max) {
  const std::string prefix(1, kReviewLabel);
  const std::string from = after.empty() ? prefix : after + '\0';
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(Space::kReviews, from, store::PrefixEnd(prefix), rows_max));
  std::vector<ReviewItem> items;
  items.reserve(rows.size());
  for (const store::KeyValue& row : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(ReviewItem item, ParseReview(row.key, row.value));
    items.push_back(std::move(item));
  }
  return items;
}

absl::StatusOr<std::vector<ReviewItem>> ReviewsNaming(const store::View& view,
                                                      const std::vector<base::PersonId>& ids) {
  std::set<std::string> found;
  for (const base::PersonId& id : ids) {
    const std::string prefix = absl::StrCat(std::string(1, kNamesLabel), id.bytes());
    std::string from = prefix;
    while (true) {
      SIGNPOST_ASSIGN_OR_RETURN(
          const std::vector<store::KeyValue> rows,
          view.Scan(Space::kReviews, from, store::PrefixEnd(prefix), base::kPageRowsMax));
      if (rows.empty()) break;
      for (const store::KeyValue& row : rows) found.insert(row.key.substr(prefix.size()));
      from = rows.back().key + '\0';
    }
  }
  std::vector<ReviewItem> items;
  for (const std::string& bytes : found) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId id, base::ReviewId::FromBytes(bytes));
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<ReviewItem> item, FindReview(view, id));
    if (item.has_value()) items.push_back(*std::move(item));
  }
  return items;
}

absl::Time ReviewDue(const ReviewRow& row) {
  return absl::FromUnixSeconds(row.due_s()) + row.told() * kReviewToldAgainAfter;
}

void PutReview(const ReviewItem& review, store::Batch* batch) {
  batch->Put(Space::kReviews, review.key, store::EncodeRow(review.row));
  schedule::PutDue(kReviewJob, ReviewDue(review.row), review.key, batch);
  for (const std::string& key : NamesKeys(review)) {
    batch->Put(Space::kReviews, key, std::string(1, store::kRowVersion));
  }
}

void DeleteReview(const ReviewItem& review, store::Batch* batch) {
  batch->Delete(Space::kReviews, review.key);
  schedule::DeleteDue(kReviewJob, ReviewDue(review.row), review.key, batch);
  for (const std::string& key : NamesKeys(review)) batch->Delete(Space::kReviews, key);
}

std::string QuestionPrefix(absl::string_view agency_id) {
  return absl::StrCat(std::string(1, kQuestionLabel), store::LengthPrefixed(agency_id));
}

std::string QuestionKey(absl::string_view agency_id, const base::QuestionId& id) {
  return absl::StrCat(QuestionPrefix(agency_id), id.bytes());
}

absl::StatusOr<store::v1::RecordQuestionRow> ParseQuestion(const std::string& value) {
  return store::DecodeRow<store::v1::RecordQuestionRow>("a question about a record", value);
}

}  // namespace signpost::matching
