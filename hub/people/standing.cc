#include "hub/people/standing.h"

#include <cstddef>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "hub/base/check.h"

namespace signpost::people {

Standing StandingOf(const store::v1::FlagRow& flag, const StandingRules& rules,
                    absl::Span<const absl::Time> complete_lists, absl::Time now) {
  CHECK(rules.list_days >= 1);
  const absl::Time since = absl::FromUnixSeconds(flag.stands_since_s());
  absl::InlinedVector<absl::CivilDay, 8> days;
  for (const absl::Time list : complete_lists) {
    // A list of the second in which the flag began may have been read before it.
    if (list <= since || list > now) continue;
    const absl::CivilDay day = absl::ToCivilDay(list, absl::UTCTimeZone());
    if (!absl::c_linear_search(days, day)) days.push_back(day);
  }
  if (days.size() >= static_cast<size_t>(rules.list_days)) return Standing::kSettled;
  return now - since >= (days.empty() ? rules.age_unlisted : rules.age_listed) ? Standing::kSettled
                                                                               : Standing::kNew;
}

void BeginStanding(store::v1::FlagRow* flag, absl::Time now) {
  flag->set_stands_since_s(absl::ToUnixSeconds(now));
}

}  // namespace signpost::people
