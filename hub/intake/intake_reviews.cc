// Reviews: an agency is told which reports of its own wait for a decision, and decides.

#include "hub/intake/intake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/opener.h"
#include "hub/intake/incoming.h"
#include "hub/ledger/entry.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::intake {

namespace stored = ::signpost::store::v1;
using base::Reason;

// Lets this file read sealed values; see disclosure/composer_key.h. What is read is the asker's own
// report, which it sent.
struct ReviewComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr int kReviewsPageDefault = 50;

// `word` as the value of an enum whose names are `prefix` and the word in capitals; 0 for none.
template <typename Enum>
Enum FromWord(const google::protobuf::EnumDescriptor* type, absl::string_view prefix,
              absl::string_view word) {
  std::string name = absl::StrCat(prefix, absl::AsciiStrToUpper(word));
  std::replace(name.begin(), name.end(), '-', '_');
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByName(name);
  return static_cast<Enum>(value == nullptr ? 0 : value->number());
}

v1::MatchedField FieldOf(const std::string& word) {
  return FromWord<v1::MatchedField>(v1::MatchedField_descriptor(), "MATCHED_FIELD_", word);
}

}  // namespace

void Intake::ListReviews(const base::Principal& asker, v1::ListReviewsRequest request,
                         request::Reply<v1::ListReviewsResponse> done) {
  request::Transact<std::optional<disclosure::SealedAnswer>>(
      context_,
      [this, asker, asked = std::move(request)](const ledger::GuardedView& view)
          -> absl::StatusOr<ledger::Attempt<std::optional<disclosure::SealedAnswer>>> {
        ledger::Attempt<std::optional<disclosure::SealedAnswer>> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(
            const int page_size,
            request::PageSize(asked.page_size(), kReviewsPageDefault, base::kPageRowsMax));
        SIGNPOST_ASSIGN_OR_RETURN(
            // Nothing rests on the list: it is what waited at this view.
            matching::ReviewPage page,
            context_.linker->ListReviews(view.unguarded(), asker.agency_id, page_size,
                                         asked.page_token()));
        v1::ListReviewsResponse response;
        response.set_next_page_token(page.next_token);
        for (const matching::ReviewItem& item : page.reviews) {
          v1::FlagReview* review = response.add_reviews();
          review->set_review_id(item.id.ToText());
          SIGNPOST_ASSIGN_OR_RETURN(
              const v1::FlagReport report,
              disclosure::Opener::Peek(ReviewComposer::Key(), item.report).Open());
          review->set_record_id(report.record_id());
          *review->mutable_since() = request::ToTimestamp(absl::ToUnixSeconds(item.since));
          review->set_cause(FromWord<v1::FlagReviewCause>(v1::FlagReviewCause_descriptor(),
                                                          "FLAG_REVIEW_CAUSE_", item.cause));
          int number = 0;
          for (const matching::Candidate& candidate : item.candidates) {
            v1::FlagReviewCandidate* told = review->add_candidates();
            told->set_number(++number);
            for (const std::string& field : candidate.agrees) told->add_agrees(FieldOf(field));
            for (const std::string& field : candidate.differs) told->add_differs(FieldOf(field));
          }
        }
        attempt.outcome = disclosure::Opener::Close(response);
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_REVIEWS_LISTED, asker, "");
        entry.mutable_reviews_listed()->set_reviews(static_cast<uint32_t>(page.reviews.size()));
        entry.set_reply_hash(attempt.outcome->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [done = std::move(done)](
          absl::StatusOr<ledger::Committed<std::optional<disclosure::SealedAnswer>>>
              result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        v1::ListReviewsResponse response;
        if (!response.ParseFromString(
                std::move(*result->outcome).Release(result->sequenced->permit))) {
          return done(base::Error(Reason::kInternal, "a composed answer does not decode"));
        }
        done(std::move(response));
      });
}

void Intake::ResolveReview(const base::Principal& asker, v1::ResolveReviewRequest request,
                           request::Reply<v1::ResolveReviewResponse> done) {
  const absl::StatusOr<base::ReviewId> review = base::ReviewId::FromText(request.review_id());
  if (!review.ok()) {
    return done(base::InvalidField("review_id", "must be an id that ListReviews gave"));
  }
  matching::Resolution resolution;
  resolution.candidate_number = request.candidate_number();
  resolution.new_person = request.new_person();
  if (resolution.new_person == (resolution.candidate_number > 0)) {
    return done(base::InvalidField("decision",
                                   "say either which candidate, or that it is somebody "
                                   "new"));
  }
  const std::string request_id = request.request_id();
  request.clear_request_id();
  const std::string hash =
      context_.idempotency->Hash("ResolveReview", asker, request.SerializeAsString());
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = asker;
  incoming->request_id = request_id;
  incoming->kind = ledger::v1::ENTRY_KIND_REVIEW_RESOLVED;
  // The report waits for the transaction that holds it, so it outlives what it points to.
  incoming->prepare = [this, incoming = incoming.get(), asker, id = *review, resolution, request_id,
                       hash](const ledger::GuardedView& view,
                             absl::Time now) -> absl::StatusOr<matching::LinkResult> {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<stored::RequestRow> before,
                              context_.idempotency->Check(view, asker.agency_id, request_id, hash));
    if (before.has_value()) {
      // Sent twice: what it led to then.
      matching::LinkResult replay;
      v1::FlagOutcome outcome;
      if (!outcome.ParseFromString(before->result())) {
        return base::Error(Reason::kDataLoss, "a stored outcome does not decode; restore a backup");
      }
      incoming->replay_of = before->ledger_index();
      replay.outcome = outcome.kind();
      const absl::StatusOr<base::FlagId> flag = base::FlagId::FromText(outcome.flag_id());
      if (flag.ok()) replay.flag = *flag;
      return replay;
    }
    return context_.linker->PrepareResolve(view, asker.agency_id, id, resolution, now);
  };
  incoming->finish = [this, asker, request_id, hash](const v1::FlagOutcome& outcome, absl::Time now,
                                                     ledger::Operation* operation) {
    context_.idempotency->Record(operation, asker.agency_id, request_id, hash,
                                 outcome.SerializeAsString(), now);
  };
  incoming->done = [done = std::move(done)](absl::StatusOr<v1::FlagOutcome> outcome) mutable {
    if (!outcome.ok()) return done(std::move(outcome).status());
    v1::ResolveReviewResponse response;
    *response.mutable_outcome() = *std::move(outcome);
    done(std::move(response));
  };
  Take(std::move(incoming));
}

}  // namespace signpost::intake
