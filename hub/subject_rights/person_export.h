// ComposeExport() is what puts an export together: all that is held about one person, as far as the
// officer of one agency may tell it (tellable.h, accesses.h), and what is left out (exclusions.h).
//
// A report of the officer's own agency that waits is not in it: what an agency that reported learns
// does not depend on whom others know, and that its report waits would tell it that there is
// somebody like them. Nor is whether what is held here may be somebody else's: that tells of the
// other.

#ifndef SIGNPOST_HUB_SUBJECT_RIGHTS_PERSON_EXPORT_H_
#define SIGNPOST_HUB_SUBJECT_RIGHTS_PERSON_EXPORT_H_

#include "absl/status/statusor.h"
#include "hub/base/principal.h"
#include "hub/people/person.h"
#include "hub/request/context.h"
#include "hub/request/policy_in_force.h"
#include "hub/store/store.h"
#include "signpost/v1/person.pb.h"

namespace signpost::subject_rights {

struct ComposedExport {
  v1::PersonExport held;
  absl::Status inclusions;  // kInvalidField: one of them names nothing that may be included
  int included = 0;         // exclusions that the officer included
};

// `bound` may be null. REQUIRES: CheckInclusions(asked) passed. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<ComposedExport> ComposeExport(const request::HubContext& context,
                                                           const store::View& view,
                                                           const request::BoundPolicy* bound,
                                                           const people::Person& person,
                                                           const base::Principal& asker,
                                                           const v1::ExportPersonRequest& asked);

}  // namespace signpost::subject_rights

#endif  // SIGNPOST_HUB_SUBJECT_RIGHTS_PERSON_EXPORT_H_
