// SurroundingsOf() is a maker of what matching is told of agencies: of whom others may not know, whose
// work is to protect, and by when reviews are to be decided; and EyesOf() of what is compared for one
// asker.
//
// Thread-safe. What they give refers to `context`'s rooms and to the policy in force at the call.

#ifndef SIGNPOST_HUB_REQUEST_SURROUNDINGS_H_
#define SIGNPOST_HUB_REQUEST_SURROUNDINGS_H_

#include <string>

#include "hub/base/principal.h"
#include "hub/matching/report_linker.h"
#include "hub/request/context.h"

namespace signpost::request {

// Working days within which a review is decided: somebody may be in danger; the others. And until a
// record's own agency is told that others have none: longer than stewards need, and the same for
// everybody, so that nothing shows by it.
inline constexpr int kReviewUrgentDays = 1;
inline constexpr int kReviewOrdinaryDays = 2;
inline constexpr int kRecordSettlesDays = 3;

matching::Surroundings SurroundingsOf(const HubContext& context);

// The asker's agency, and the home agencies of the teams that they are asserted to be in.
matching::Eyes EyesOf(const HubContext& context, const base::Principal& asker);

// Whether a service of the agency is sensitive in the policy in force; without a policy each is.
bool IsSensitiveAgency(const HubContext& context, const std::string& agency_id);

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_SURROUNDINGS_H_
