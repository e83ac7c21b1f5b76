// Days as numbers and back.

#include "policy/calendar.h"

#include "gtest/gtest.h"

namespace signpost::policy {
namespace {

TEST(Calendar, CountsEveryDayOfFourCenturiesOnceAndInOrder) {
  Day next = DayOf(1900, 1, 1);
  ASSERT_EQ(next, -25567);
  for (int year = 1900; year < 2300; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= DaysInMonth(year, month); ++day, ++next) {
        ASSERT_EQ(DayOf(year, month, day), next) << year << "-" << month << "-" << day;
        const CivilDay back = CivilDayOf(next);
        ASSERT_EQ(back.year, year);
        ASSERT_EQ(back.month, month);
        ASSERT_EQ(back.day, day);
      }
    }
  }
  EXPECT_EQ(next, DayOf(2300, 1, 1));
}

TEST(Calendar, HasNoDayThatThereIsNot) {
  EXPECT_EQ(DayOf(1970, 1, 1), 0);
  EXPECT_NE(DayOf(2024, 2, 29), kNoDay);
  EXPECT_NE(DayOf(2000, 2, 29), kNoDay);
  EXPECT_EQ(DayOf(2100, 2, 29), kNoDay);
  EXPECT_EQ(DayOf(2023, 2, 29), kNoDay);
  EXPECT_EQ(DayOf(2023, 4, 31), kNoDay);
  EXPECT_EQ(DayOf(2023, 0, 1), kNoDay);
  EXPECT_EQ(DayOf(2023, 13, 1), kNoDay);
  EXPECT_EQ(DayOf(2023, 1, 0), kNoDay);
  EXPECT_EQ(DayOf(1899, 12, 31), kNoDay);
  EXPECT_NE(DayOf(9999, 12, 31), kNoDay);
  EXPECT_EQ(DayOf(10000, 1, 1), kNoDay);
}

TEST(Calendar, SaysTheDayInWhichASecondLies) {
  EXPECT_EQ(DayInWords(0), "1 January 1970");
  EXPECT_EQ(DayInWords(-1), "31 December 1969");
  EXPECT_EQ(DayInWords(kSecondsPerDay - 1), "1 January 1970");
  EXPECT_EQ(DayInWords(kSecondsPerDay), "2 January 1970");
  EXPECT_EQ(DayInWords(1'803'859'200), "1 March 2027");
}

TEST(CalendarDeathTest, HasTwelveMonths) { EXPECT_DEATH(DaysInMonth(2026, 13), "month <= 12"); }

TEST(Calendar, CountsYearsByTheDate) {
  const auto day = [](int y, int m, int d) { return DayOf(y, m, d) * kSecondsPerDay; };
  EXPECT_EQ(YearsAfter(day(2024, 6, 1), 2), day(2026, 6, 1));
  EXPECT_EQ(YearsAfter(day(2026, 6, 1), -2), day(2024, 6, 1));
  EXPECT_EQ(YearsAfter(day(2024, 2, 29), 2), day(2026, 3, 1));
  EXPECT_EQ(YearsAfter(day(2024, 2, 29), -16), day(2008, 2, 29));
}

}  // namespace
}  // namespace signpost::policy
