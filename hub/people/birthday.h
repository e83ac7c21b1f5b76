// These are functions that say when somebody comes of an age: at midnight in London. Pure;
// thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_BIRTHDAY_H_
#define SIGNPOST_HUB_PEOPLE_BIRTHDAY_H_

#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace signpost::people {

inline constexpr int kSpeaksForHerselfAge = 16;
inline constexpr int kAdultAge = 18;

// The first second of `day` in London: summer time from the last Sunday of March to the last Sunday
// of October, as it has been since 1996. Computed, so that the same second comes out on a machine
// without a time zone database.
absl::Time LondonMidnight(absl::CivilDay day);

// The day of `time` in London.
absl::CivilDay LondonDay(absl::Time time);

// The first second at which somebody born on `yyyymmdd` is `years` old. Born on 29 February, in a
// year without one, that is 1 March. REQUIRES: `yyyymmdd` is a day that exists.
absl::Time Birthday(int32_t yyyymmdd, int years);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_BIRTHDAY_H_
