// When what is closed is archived and erased, by which table, and that no moment gives a birthday away.

#include "hub/people/keeping.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "hub/base/random.h"
#include "hub/people/birthday.h"
#include "signpost/v1/common.pb.h"

namespace signpost::people {
namespace {

absl::Time Day(int year, int month, int day) {
  return LondonMidnight(absl::CivilDay(year, month, day));
}

store::v1::FlagRow Closed(int32_t closed_on, absl::Time learnt) {
  store::v1::FlagRow flag;
  flag.set_status(signpost::v1::FLAG_STATUS_CLOSED);
  flag.set_closed_on(closed_on);
  flag.set_end_learnt_at_s(absl::ToUnixSeconds(learnt));
  return flag;
}

// Broken once by taking the earlier of the two days.
TEST(Keeping, CountsFromTheLaterOfTheDayGivenAndTheDayLearnt) {
  EXPECT_EQ(EndOf(Closed(20200105, Day(2026, 11, 23)), std::nullopt), Day(2026, 11, 23));
  EXPECT_EQ(EndOf(Closed(20261125, Day(2026, 11, 23)), std::nullopt), Day(2026, 11, 25));
  EXPECT_EQ(EndOf(Closed(20200105, Day(2026, 11, 23)), Day(2027, 2, 1)), Day(2027, 2, 1));
  store::v1::FlagRow open;
  open.set_status(signpost::v1::FLAG_STATUS_OPEN);
  EXPECT_FALSE(EndOf(open, std::nullopt).has_value());
  EXPECT_EQ(EndOf(open, Day(2027, 2, 1)), Day(2027, 2, 1));
  // What a store put back knows of by its record alone does not end by itself.
  store::v1::FlagRow bare;
  bare.set_status(signpost::v1::FLAG_STATUS_RETRACTED);
  EXPECT_FALSE(EndOf(bare, std::nullopt).has_value());
}

TEST(Keeping, TheLaterOrTheEarlierOfYearsAndAge) {
  const absl::Time end = Day(2026, 11, 23);
  const absl::Time of_age = Day(2040, 3, 1);
  KeepingTerms terms{12, 6, 25, true, 3};
  EXPECT_EQ(ErasedAt(terms, end, std::nullopt, of_age), of_age);
  EXPECT_EQ(ErasedAt(terms, end, std::nullopt, std::nullopt), Day(2032, 11, 24));
  terms.later = false;
  EXPECT_EQ(ErasedAt(terms, end, std::nullopt, of_age), Day(2032, 11, 24));
  // A birth date of 1990 takes nothing out of the archive at once. Broken once by taking it as it is.
  EXPECT_EQ(ErasedAt(terms, end, std::nullopt, Day(2015, 1, 1)), Day(2028, 11, 24));
  EXPECT_EQ(ErasedAt(terms, end, Day(2027, 2, 1), of_age), Day(2030, 2, 2));
  EXPECT_EQ(ArchivedAt(terms, end), Day(2027, 11, 24));
}

TEST(Keeping, TheLatestTableWhoseDayHasComeIsInForce) {
  KeepingRules rules;
  rules.tables = {
      {absl::CivilDay(2026, 1, 1), {12, 6, 0, true, 6}, {}},
      {absl::CivilDay(2027, 4, 1), {6, 3, 0, true, 3}, {{"housing", {1, 2, 0, true, 2}}}}};
  EXPECT_EQ(rules.At(Day(2025, 1, 1)).others.erased_after_years, 6);
  EXPECT_EQ(rules.At(Day(2027, 3, 31)).others.erased_after_years, 6);
  EXPECT_EQ(rules.At(Day(2027, 4, 1)).others.erased_after_years, 3);
  EXPECT_EQ(rules.At(Day(2027, 4, 1)).Of("housing").erased_after_years, 2);
  EXPECT_NE(rules.Sha256(), KeepingRules().Sha256());
  KeepingRules other = rules;
  other.tables[1].services["housing"].erased_at_age = 18;
  EXPECT_NE(rules.Sha256(), other.Sha256());
}

// Broken once by leaving the key out of the hash.
TEST(Keeping, TheBlurIsTheSameForOneAndAnyForOthers) {
  base::SeededRandom random(7);
  std::set<int64_t> days;
  for (int i = 0; i < 200; ++i) {
    const base::SecretKey key = base::SecretKey::Generate(&random);
    const absl::Duration blur = BlurOf(key, "age");
    EXPECT_EQ(blur, BlurOf(key, "age"));
    EXPECT_GE(blur, absl::ZeroDuration());
    EXPECT_LT(blur, kBlurMax);
    days.insert(blur / absl::Hours(24));
  }
  EXPECT_GT(days.size(), 60u);
}

}  // namespace
}  // namespace signpost::people
