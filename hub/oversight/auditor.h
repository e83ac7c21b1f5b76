// CheckNamedAuditor() is the rule that says who may read entries: somebody, by name. A system of an
// auditor agency alone may not, for then nobody could be asked why it looked.
//
// RefuseAuditor() enters a refusal in the ledger before it is told. Thread-safe.

#ifndef SIGNPOST_HUB_OVERSIGHT_AUDITOR_H_
#define SIGNPOST_HUB_OVERSIGHT_AUDITOR_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::oversight {

inline constexpr char kAuditorRole[] = "auditor";
inline constexpr char kProtectionOfficerRole[] = "data-protection-officer";

// Errors: kAssertionMissing without a practitioner; kMethodNotAllowed for another role, or for
// somebody who is of no auditor agency.
[[nodiscard]] absl::Status CheckNamedAuditor(const base::Principal& asker);

// Enters that `asker` was refused an act of `kind` because of `why`, and gives `why` with the
// receipt to `done`; or why it could not be entered.
void RefuseAuditor(const request::HubContext& context, const base::Principal& asker,
                   ledger::v1::EntryKind kind, absl::string_view request_id, absl::Status why,
                   absl::AnyInvocable<void(absl::Status)> done);

// The same in front of an answer: true where `asker` may go on; otherwise `*done` is or will be
// called with the refusal.
template <typename Response>
bool AdmitAuditor(const request::HubContext& context, const base::Principal& asker,
                  ledger::v1::EntryKind kind, absl::string_view request_id,
                  request::Reply<Response>* done) {
  absl::Status named = CheckNamedAuditor(asker);
  if (named.ok()) return true;
  RefuseAuditor(
      context, asker, kind, request_id, std::move(named),
      [done = std::move(*done)](absl::Status refused) mutable { done(std::move(refused)); });
  return false;
}

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_AUDITOR_H_
