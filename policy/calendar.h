// These are functions that turn days of the civil (Gregorian) calendar into numbers, and back.
// Pure; no time zones: a day of a policy begins and ends in UTC.

#ifndef SIGNPOST_POLICY_CALENDAR_H_
#define SIGNPOST_POLICY_CALENDAR_H_

#include <cstdint>
#include <string>

namespace signpost::policy {

// Days since 1970-01-01. kNoDay: not known.
using Day = int32_t;
inline constexpr Day kNoDay = INT32_MIN;
inline constexpr int64_t kSecondsPerDay = 86400;

struct CivilDay {
  int64_t year;
  int month;  // 1 to 12
  int day;    // from 1
};

// The day of yyyy-mm-dd, or kNoDay where there is no such day, or none in the years 1900 to 9999.
Day DayOf(int year, int month, int day);

// The date of a day.
CivilDay CivilDayOf(int64_t days);

// The first second (UTC) of the same date so many years later or earlier: of 1 March, in a year
// without a 29 February.
int64_t YearsAfter(int64_t day_start_s, int years);

// REQUIRES: `month` is 1 to 12.
int DaysInMonth(int64_t year, int month);

// The day in which a second (since 1970, UTC) lies, in words: "1 March 2027".
std::string DayInWords(int64_t seconds);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_CALENDAR_H_
