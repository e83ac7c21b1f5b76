// These say what an asker has to do with a young person, as the relationships of the policy.
//
// Read from the person's flags: that the asker's agency has an open one involves the agency; that
// such a one names the asker, a team of theirs, or a colleague whom they cover for, involves the
// worker. A flag that is new
// (people/standing.h) involves newly. What the exchange will know (referrals, conferences) comes
// here, too.
//
// Pure functions over snapshots; thread-safe.

#ifndef SIGNPOST_HUB_DISCLOSURE_INVOLVEMENT_H_
#define SIGNPOST_HUB_DISCLOSURE_INVOLVEMENT_H_

#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/people/people.h"
#include "hub/people/person.h"
#include "hub/registry/directory.h"
#include "policy/facts.h"

namespace signpost::disclosure {

// Whose involvement is asked for.
enum class AskerIs {
  kOneself,  // the practitioner or system that the principal is
  kAKind,    // any worker of the agency, role and teams: one whom its flags name, where it has any
};

// What `asker` has to do with `person` by themselves, without their teams' own.
policy::RelationshipFacts InvolvementOf(const people::People& people,
                                        const registry::Directory& directory,
                                        const base::Principal& asker, AskerIs asker_is,
                                        const people::Person& person, absl::Time now);

// What a team has to do with them. Open flags of its home agency are the team's, those that name
// it, and those that name no team at all: then the whole agency is meant.
policy::RelationshipFacts TeamInvolvement(const people::People& people,
                                          const registry::Directory& directory,
                                          const registry::Team& team, const people::Person& person,
                                          absl::Time now);

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_INVOLVEMENT_H_
