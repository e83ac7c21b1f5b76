#include "policy/calendar.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "policy/check.h"

namespace signpost::policy {
namespace {

// The calendar repeats itself every 400 years. Counted from a first of March, so that the day which
// comes only in leap years is the last of its year, and months follow a pattern of 153 days to
// five.
constexpr int64_t kDaysPerEra = 146097;
constexpr int64_t kYearsPerEra = 400;
constexpr int64_t kEpochDay = 719468;  // 1970-01-01, counted from 0000-03-01

bool IsLeap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

}  // namespace

int DaysInMonth(int64_t year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  SIGNPOST_POLICY_CHECK(month >= 1 && month <= 12);
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && IsLeap(year) ? 1 : 0);
}

Day DayOf(int year, int month, int day) {
  if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 ||
      day > DaysInMonth(year, month)) {
    return kNoDay;
  }
  const int64_t shifted_year = year - (month <= 2 ? 1 : 0);
  const int64_t era = shifted_year / kYearsPerEra;
  const int64_t year_of_era = shifted_year - era * kYearsPerEra;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<Day>(era * kDaysPerEra + day_of_era - kEpochDay);
}

CivilDay CivilDayOf(int64_t days) {
  const int64_t shifted = days + kEpochDay;
  const int64_t era = (shifted >= 0 ? shifted : shifted - (kDaysPerEra - 1)) / kDaysPerEra;
  const int64_t day_of_era = shifted - era * kDaysPerEra;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted_month + (shifted_month < 10 ? 3 : -9);
  return {year_of_era + era * kYearsPerEra + (month <= 2 ? 1 : 0), static_cast<int>(month),
          static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}

int64_t YearsAfter(int64_t day_start_s, int years) {
  const CivilDay date = CivilDayOf(day_start_s / kSecondsPerDay);
  const int year = static_cast<int>(date.year) + years;
  const Day same = DayOf(year, date.month, date.day);
  return (same == kNoDay ? DayOf(year, 3, 1) : same) * kSecondsPerDay;
}

std::string DayInWords(int64_t seconds) {
  static constexpr std::array<const char*, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  const CivilDay date =
      CivilDayOf(seconds / kSecondsPerDay - (seconds % kSecondsPerDay < 0 ? 1 : 0));
  return absl::StrCat(date.day, " ", kMonths[static_cast<size_t>(date.month - 1)], " ", date.year);
}

}  // namespace signpost::policy
