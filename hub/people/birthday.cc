#include "hub/people/birthday.h"

#include "hub/base/check.h"

namespace signpost::people {
namespace {

// 01:00 UTC on the last Sunday of a month of 31 days.
absl::Time ChangeOf(absl::civil_year_t year, int month) {
  const absl::CivilDay last =
      absl::PrevWeekday(absl::CivilDay(year, month, 31) + 1, absl::Weekday::sunday);
  return absl::FromCivil(absl::CivilHour(last) + 1, absl::UTCTimeZone());
}

bool IsSummerTime(absl::Time time) {
  const absl::civil_year_t year = absl::ToCivilYear(time, absl::UTCTimeZone()).year();
  return ChangeOf(year, 3) <= time && time < ChangeOf(year, 10);
}

}  // namespace

absl::Time LondonMidnight(absl::CivilDay day) {
  const absl::Time winter = absl::FromCivil(day, absl::UTCTimeZone());
  // Clocks change at 01:00 UTC, never at midnight, so one of the two readings is the right one.
  const absl::Time summer = winter - absl::Hours(1);
  return IsSummerTime(summer) ? summer : winter;
}

absl::CivilDay LondonDay(absl::Time time) {
  return absl::ToCivilDay(IsSummerTime(time) ? time + absl::Hours(1) : time, absl::UTCTimeZone());
}

absl::Time Birthday(int32_t yyyymmdd, int years) {
  const absl::CivilDay day(yyyymmdd / 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);
  CHECK(day.month() == yyyymmdd / 100 % 100 && day.day() == yyyymmdd % 100);
  // CivilDay makes 29 February of a year without one the day after the 28th.
  return LondonMidnight(
      absl::CivilDay(yyyymmdd / 10000 + years, yyyymmdd / 100 % 100, yyyymmdd % 100));
}

}  // namespace signpost::people
