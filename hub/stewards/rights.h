// These say who may decide a review, and carry refusals. Internal to the room.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_STEWARDS_RIGHTS_H_
#define SIGNPOST_HUB_STEWARDS_RIGHTS_H_

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "hub/base/error.h"
#include "hub/base/principal.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/ledger/transact.h"
#include "hub/matching/reviews.h"
#include "hub/request/resolve.h"
#include "hub/stewards/stewards.h"

namespace signpost::stewards {

// Whether the role is one in which some reviews may be decided.
inline bool HasRole(const base::Principal& asker) {
  return asker.has_practitioner() && (asker.role == kStewardRole || asker.role == kDeputyRole ||
                                      asker.role == kOfficerRole || asker.role == kManagerRole);
}

inline bool IsOverdue(const store::v1::ReviewRow& review, absl::Time now) {
  return absl::ToUnixSeconds(now) > review.due_s();
}

inline bool MayDecide(const base::Principal& asker, const store::v1::ReviewRow& review,
                      absl::Time now) {
  // Nobody settles their own agency's report.
  if (!asker.has_practitioner() || asker.agency_id == review.agency_id()) return false;
  if (!review.owner_agency_id().empty()) {
    return asker.agency_id == review.owner_agency_id() &&
           (asker.role == kOfficerRole || asker.role == kManagerRole);
  }
  return asker.role == kStewardRole || (asker.role == kDeputyRole && IsOverdue(review, now));
}

inline absl::Status NotASteward() {
  return base::Error(base::Reason::kMethodNotAllowed,
                     "this is for stewards of the area (role matching-steward); ask your hub's "
                     "operator who they are");
}

inline absl::Status NoReview() {
  return base::Error(base::Reason::kNotFound,
                     "no such review waits for you; ListReviews has those that do");
}

// What comes of a call that changes something: an answer, or a refusal that is in the ledger.
template <typename Response>
struct Outcome {
  Response response;  // with its receipt where it was sent twice
  absl::Status refusal;
};

template <typename Response>
ledger::Attempt<Outcome<Response>> Refuse(absl::Status refusal, ledger::v1::LedgerEntry entry) {
  ledger::SetRefused(base::ReasonOf(refusal), &entry);
  ledger::Attempt<Outcome<Response>> attempt;
  attempt.outcome.refusal = std::move(refusal);
  attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
  return attempt;
}

template <typename Response>
ledger::DoneAttempt<Outcome<Response>> Reply(const request::HubContext& context,
                                             request::Reply<Response> done) {
  return [context, done = std::move(done)](
             absl::StatusOr<ledger::Committed<Outcome<Response>>> result) mutable {
    if (!result.ok()) return done(std::move(result).status());
    if (result->sequenced.has_value()) {
      v1::Receipt receipt =
          ledger::ReceiptOf(*result->sequenced, context.sequencer->options().origin);
      if (!result->outcome.refusal.ok()) {
        return done(request::WithReceipt(result->outcome.refusal, receipt));
      }
      *result->outcome.response.mutable_receipt() = std::move(receipt);
    }
    done(std::move(result->outcome.response));
  };
}

}  // namespace signpost::stewards

#endif  // SIGNPOST_HUB_STEWARDS_RIGHTS_H_
