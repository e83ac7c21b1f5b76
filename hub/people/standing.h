// These say how a flag stands: how much the word of the one agency that reported it carries.
//
// A flag is one party's assertion about another's client, and makes need to know the second it
// arrives. So a flag is new at first: it shows its agency who else works with the young person, and
// opens nothing that is sensitive. It is settled once it has stood for a while, the longer where no
// complete list of its agency ever had it (it was typed by hand, or fed once and forgotten), or in
// complete lists on two days. Its standing begins again when it is opened again, and when it names
// another worker or team: who takes over a case is as new to it as who opens one.
//
// A list is complete when everything open that it lacked was closed. So what is open now and began
// before a complete list stood in it: the lists are the agency's, and no flag keeps any.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_STANDING_H_
#define SIGNPOST_HUB_PEOPLE_STANDING_H_

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// When a flag is settled. The hub's configuration; see docs/operating.md.
struct StandingRules {
  absl::Duration age_listed = absl::Hours(3 * 24);     // one that stood in a complete list
  absl::Duration age_unlisted = absl::Hours(14 * 24);  // one that never did
  int list_days = 2;  // days (UTC) with complete lists that it stood in, whatever its age
};

enum class Standing { kNew, kSettled };

// How `flag`, an open one, stands at `now`. `complete_lists` are moments at which its agency gave a
// complete list, in any order; those after `now` do not count. REQUIRES: rules.list_days >= 1.
Standing StandingOf(const store::v1::FlagRow& flag, const StandingRules& rules,
                    absl::Span<const absl::Time> complete_lists, absl::Time now);

// Its standing begins at `now`.
void BeginStanding(store::v1::FlagRow* flag, absl::Time now);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_STANDING_H_
