// These say who may decide a review. Internal to the room.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_STEWARDS_RIGHTS_H_
#define SIGNPOST_HUB_STEWARDS_RIGHTS_H_

#include "absl/status/status.h"
#include "hub/base/error.h"
#include "hub/base/principal.h"
#include "hub/matching/reviews.h"
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

// Whether the asker's word is the second on what was proposed: of another agency, or where the
// shield's owner alone may decide, of another of its people.
inline bool IsSecond(const base::Principal& asker, const store::v1::ReviewRow& review) {
  return review.owner_agency_id().empty() ? asker.agency_id != review.proposed_by_agency_id()
                                          : asker.practitioner_id != review.proposed_by();
}

inline absl::Status NotASecond(const store::v1::ReviewRow& review) {
  return base::Error(
      base::Reason::kMethodNotAllowed,
      review.owner_agency_id().empty()
          ? "a steward of your agency has decided this already; it takes one of "
            "another agency to decide the same"
          : "you have decided this already; it takes another data protection officer "
            "or manager of your agency to decide the same");
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

}  // namespace signpost::stewards

#endif  // SIGNPOST_HUB_STEWARDS_RIGHTS_H_
