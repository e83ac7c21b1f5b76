// The dated table of rehabilitation periods, and what is asked of it.

#include "policy/spent.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace signpost::policy {
namespace {

SpentTable Shipped() {
  std::ifstream file(std::string(SIGNPOST_SOURCE_DIR) +
                     "/policy/shipped/tables/spent-offences.table");
  std::stringstream text;
  text << file.rdbuf();
  SpentTableResult result = ParseSpentTable(text.str());
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.diagnostics.front().ToString());
  return result.table;
}

SpentQuestion Of(const std::string& disposal, bool under_18, int length_months = 0) {
  SpentQuestion q;
  q.disposal = disposal;
  q.length_months = length_months;
  q.under_18 = under_18 ? Tri::kYes : Tri::kNo;
  q.given_on = DayOf(2020, 1, 15);
  q.ended_on = DayOf(2020, 6, 30);
  q.listed_offence = q.convicted_again = Tri::kNo;
  return q;
}

// Spent from `first` on, and not the day before.
void ExpectSpentFrom(const SpentTable& table, const SpentQuestion& q, Day first) {
  EXPECT_EQ(table.IsSpent(q, first - 1), Tri::kNo) << q.disposal << " " << q.length_months;
  EXPECT_EQ(table.IsSpent(q, first), Tri::kYes) << q.disposal << " " << q.length_months;
  EXPECT_EQ(table.IsSpent(q, first + 1), Tri::kYes);
}

TEST(Spent, DaysAreCivilDays) {
  EXPECT_EQ(DayOf(1970, 1, 1), 0);
  EXPECT_EQ(DayOf(2000, 3, 1), 11017);
  EXPECT_EQ(DayOf(2024, 2, 29) + 1, DayOf(2024, 3, 1));
  EXPECT_EQ(DayOf(2023, 2, 29), kNoDay);
  EXPECT_EQ(DayOf(2023, 13, 1), kNoDay);
  EXPECT_EQ(DayOf(2023, 4, 31), kNoDay);
}

TEST(Spent, AYoungPersonsFineTakesHalfAnAdults) {
  const SpentTable table = Shipped();
  ExpectSpentFrom(table, Of("fine", true), DayOf(2020, 7, 15));
  ExpectSpentFrom(table, Of("fine", false), DayOf(2021, 1, 15));
}

TEST(Spent, AReferralOrderIsSpentTheDayAfterItEnds) {
  ExpectSpentFrom(Shipped(), Of("referral-order", true), DayOf(2020, 7, 1));
}

TEST(Spent, TheLawOfTheDayThatIsAskedAboutCounts) {
  const SpentTable table = Shipped();
  SpentQuestion q = Of("custody", true, 8);  // 24 months under the first law, 6 under the second
  q.ended_on = DayOf(2023, 1, 10);
  EXPECT_EQ(table.IsSpent(q, DayOf(2023, 10, 27)), Tri::kNo);
  EXPECT_EQ(table.IsSpent(q, DayOf(2023, 10, 28)), Tri::kYes);
  SpentQuestion order = Of("youth-rehabilitation-order", true);
  order.ended_on = DayOf(2023, 9, 30);
  EXPECT_EQ(table.IsSpent(order, DayOf(2023, 10, 27)), Tri::kNo);
  EXPECT_EQ(table.IsSpent(order, DayOf(2023, 10, 28)), Tri::kYes);
}

TEST(Spent, CustodyByLengthAtEachBoundary) {
  const SpentTable table = Shipped();
  const struct {
    int length;
    int adult;
    int under_18;
  } cases[] = {{1, 12, 6}, {12, 12, 6}, {13, 48, 24}, {48, 48, 24}, {49, 84, 42}, {1200, 84, 42}};
  for (const auto& one : cases) {
    for (const bool under_18 : {false, true}) {
      SpentQuestion q = Of("custody", under_18, one.length);
      q.given_on = DayOf(2024, 1, 1);
      q.ended_on = DayOf(2024, 3, 5);
      const int months = 2 + (under_18 ? one.under_18 : one.adult);  // from January
      ExpectSpentFrom(table, q, DayOf(2024 + months / 12, months % 12 + 1, 5));
    }
  }
}

TEST(Spent, ALongSentenceForAListedOffenceIsNeverSpent) {
  const SpentTable table = Shipped();
  SpentQuestion q = Of("custody", true, 60);
  const Day late = DayOf(2100, 1, 1);
  EXPECT_EQ(table.IsSpent(q, late), Tri::kYes);
  q.listed_offence = Tri::kYes;
  EXPECT_EQ(table.IsSpent(q, late), Tri::kNo);
  q.listed_offence = Tri::kUnknown;
  EXPECT_EQ(table.IsSpent(q, late), Tri::kUnknown);
  // A shorter one is spent whatever the offence: calling it unspent would show it.
  q.length_months = 40;
  q.listed_offence = Tri::kYes;
  EXPECT_EQ(table.IsSpent(q, late), Tri::kYes);
  EXPECT_EQ(table.IsSpent(Of("life-sentence", true), late), Tri::kNo);
}

TEST(Spent, WhatIsNotKnownIsNotSaid) {
  const SpentTable table = Shipped();
  const Day late = DayOf(2060, 1, 1);
  const auto ask = [&](auto change) {
    SpentQuestion q = Of("custody", true, 10);
    change(q);
    return table.IsSpent(q, late);
  };
  EXPECT_EQ(ask([](SpentQuestion&) {}), Tri::kYes);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.disposal = "transportation"; }), Tri::kUnknown);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.length_months = 0; }), Tri::kUnknown);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.given_on = kNoDay; }), Tri::kUnknown);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.ended_on = kNoDay; }), Tri::kUnknown);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.convicted_again = Tri::kUnknown; }), Tri::kUnknown);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.convicted_again = Tri::kYes; }), Tri::kUnknown);
  EXPECT_EQ(ask([](SpentQuestion& q) { q.under_18 = Tri::kUnknown; }), Tri::kYes)
      << "both ages give the same answer";
  SpentQuestion q = Of("fine", true);
  q.under_18 = Tri::kUnknown;
  EXPECT_EQ(table.IsSpent(q, DayOf(2020, 9, 1)), Tri::kUnknown) << "six months or twelve";
  EXPECT_EQ(table.IsSpent(Of("fine", true), kNoDay), Tri::kUnknown);
  EXPECT_EQ(table.IsSpent(Of("fine", true), DayOf(2019, 1, 1)), Tri::kUnknown) << "before it";
  SpentQuestion old = Of("fine", true);
  old.given_on = DayOf(2010, 1, 1);
  EXPECT_EQ(table.IsSpent(old, DayOf(2014, 3, 9)), Tri::kUnknown) << "before the table's first law";
  EXPECT_EQ(SpentTable().IsSpent(Of("fine", true), late), Tri::kUnknown);
}

TEST(Spent, ACautionIsSpentAtOnceAndAConditionalOneWithItsConditions) {
  const SpentTable table = Shipped();
  SpentQuestion q = Of("youth-caution", true);
  q.convicted_again = Tri::kUnknown;
  EXPECT_EQ(table.IsSpent(q, q.given_on), Tri::kYes);
  q = Of("youth-conditional-caution", true);
  q.ended_on = DayOf(2020, 2, 10);
  ExpectSpentFrom(table, q, DayOf(2020, 2, 11));
  q.ended_on = DayOf(2020, 12, 1);
  ExpectSpentFrom(table, q, DayOf(2020, 4, 15));
  q.ended_on = kNoDay;
  EXPECT_EQ(table.IsSpent(q, DayOf(2020, 4, 14)), Tri::kUnknown);
  EXPECT_EQ(table.IsSpent(q, DayOf(2020, 4, 15)), Tri::kYes);
}

TEST(Spent, APeriodThatWouldEndOnNoDayEndsWithTheMonth) {
  const SpentTable table = Shipped();
  SpentQuestion q = Of("fine", true);
  q.given_on = DayOf(2020, 8, 31);
  ExpectSpentFrom(table, q, DayOf(2021, 3, 1));
  q.given_on = DayOf(2024, 2, 29);
  q.under_18 = Tri::kNo;
  ExpectSpentFrom(table, q, DayOf(2025, 3, 1));
}

TEST(Spent, EveryShippedRowNamesItsSource) {
  std::set<std::string> disposals;
  const SpentTable table = Shipped();
  EXPECT_EQ(table.rows().size(), 34u);
  for (const SpentRow& row : table.rows()) {
    EXPECT_NE(row.source.find("ROA 1974"), std::string::npos) << row.disposal;
    EXPECT_GE(row.law_from, DayOf(2014, 3, 10));
    disposals.insert(row.disposal);
  }
  EXPECT_GE(disposals.size(), 14u);
}

TEST(Spent, AFaultyTableIsRefusedWithItsLine) {
  const std::string good = "fine | adult | - | - | conviction | 12 | 2014-03-10 | - | an Act\n";
  EXPECT_TRUE(ParseSpentTable(good).ok());
  EXPECT_TRUE(ParseSpentTable("# nothing\n\n").ok());
  const struct {
    const char* row;
    const char* message;
  } cases[] = {
      {"fine | adult | - | - | conviction | 12 | 2014-03-10 | -", "nine fields"},
      {"| adult | - | - | conviction | 12 | 2014-03-10 | - | x", "names its disposal"},
      {"fine | old | - | - | conviction | 12 | 2014-03-10 | - | x", "adult or under-18"},
      {"fine | under-18 | 6 | 3 | conviction | 12 | 2014-03-10 | - | x", "wrong order"},
      {"fine | under-18 | a | 3 | conviction | 12 | 2014-03-10 | - | x", "number of months"},
      {"fine | under-18 | 0 | 9999 | conviction | 12 | 2014-03-10 | - | x", "number of months"},
      {"fine | under-18 | - | - | someday | 12 | 2014-03-10 | - | x", "say never"},
      {"fine | under-18 | - | - | conviction | - | 2014-03-10 | - | x", "number of months"},
      {"fine | under-18 | - | - | never | 12 | 2014-03-10 | - | x", "nothing is counted"},
      {"fine | under-18 | - | - | conviction | 12 | 2014-02-30 | - | x", "expected a date"},
      {"fine | under-18 | - | - | conviction | 12 | 2014-03-10 | 2013-01-01 | x", "ends before"},
      {"fine | under-18 | - | - | conviction | 12 | 2014-03-10 | - |", "names its source"},
      {"fine | adult | 0 | 9 | conviction | 12 | 2020-01-01 | - | x", "same question"},
  };
  for (const auto& one : cases) {
    const SpentTableResult result = ParseSpentTable(absl::StrCat(good, one.row, "\n"));
    ASSERT_FALSE(result.ok()) << one.row;
    EXPECT_EQ(result.diagnostics.front().line, 2) << one.row;
    EXPECT_NE(result.diagnostics.front().message.find(one.message), std::string::npos)
        << result.diagnostics.front().ToString();
    EXPECT_TRUE(result.table.rows().empty());
  }
  EXPECT_FALSE(ParseSpentTable(std::string(kSpentTableBytesMax + 1, '#')).ok());
}

}  // namespace
}  // namespace signpost::policy
