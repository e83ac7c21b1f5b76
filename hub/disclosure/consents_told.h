// These are the functions that say which consents an asker is told of, and how. Thread-safe.

#ifndef SIGNPOST_HUB_DISCLOSURE_CONSENTS_TOLD_H_
#define SIGNPOST_HUB_DISCLOSURE_CONSENTS_TOLD_H_

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/people/person.h"
#include "hub/request/context.h"
#include "hub/request/policy_in_force.h"
#include "policy/vocabulary.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::disclosure {

// What of a person's flags an asker may know of, by name.
struct KnownFlags {
  absl::flat_hash_set<std::string> agencies;  // the asker's own among them
  absl::flat_hash_set<std::string> services;
  absl::flat_hash_set<std::string> flag_ids;  // 16 bytes each
};

// What of their flags the asker may know of for this purpose; without a policy (null), its own.
KnownFlags FlagsKnownTo(const request::HubContext& context, const request::BoundPolicy* bound,
                        const base::Principal& asker, policy::Purpose purpose,
                        const people::Person& person, absl::Time now);

// Whether `row`, of `person`, may be told: recorded by the asker's agency; or naming it (or its
// kind) as recipient, or a yes that covers a flag of its own, and naming nothing that it may not
// know of.
bool MayTell(const base::Principal& asker, const KnownFlags& known, const people::Person& person,
             const ::signpost::store::v1::ConsentRow& row);

// Whether `row` was recorded by the asker's agency or names it: who may take it back or put another
// in its place.
bool IsNamedIn(const base::Principal& asker, const ::signpost::store::v1::ConsentRow& row);

// All that may be told of `person`'s consents, newest first. Errors: kDataLoss.
[[nodiscard]] absl::Status ComposeConsents(const base::Principal& asker, const KnownFlags& known,
                                           const people::Person& person, absl::Time now,
                                           v1::ConsentList* list);

// What `row` covers, whole, for whom it is about. Flags and practitioners that it names are left
// out.
v1::ConsentScope WholeScopeOf(const ::signpost::store::v1::ConsentRow& row);

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_CONSENTS_TOLD_H_
