#include "hub/matching/identifiers.h"

#include <gtest/gtest.h>

#include <string>

namespace signpost::matching {
namespace {

TEST(NhsNumberTest, ChecksTheDigit) {
  EXPECT_EQ(NhsNumber("943 476 5919"), "9434765919");
  EXPECT_EQ(NhsNumber("943-476-5919"), "9434765919");
  EXPECT_FALSE(NhsNumber("9434765918").has_value());
  EXPECT_FALSE(NhsNumber("943476591").has_value());
  EXPECT_FALSE(NhsNumber("94347659190").has_value());
  EXPECT_FALSE(NhsNumber("943476591O").has_value());
  EXPECT_FALSE(NhsNumber("").has_value());
}

TEST(NhsNumberTest, EqualDigitsPassTheCheckAndAreRefused) {
  for (char digit = '0'; digit <= '9'; ++digit) {
    EXPECT_FALSE(NhsNumber(std::string(10, digit)).has_value());
  }
}

TEST(NhsNumberTest, EveryWrongDigitAndSwapOfNeighboursIsNoticed) {
  const std::string good = "9434765919";
  for (size_t i = 0; i < good.size(); ++i) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      std::string wrong = good;
      if (wrong[i] == digit) continue;
      wrong[i] = digit;
      EXPECT_FALSE(NhsNumber(wrong).has_value()) << wrong;
    }
    if (i + 1 < good.size() && good[i] != good[i + 1]) {
      std::string swapped = good;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_FALSE(NhsNumber(swapped).has_value()) << swapped;
    }
  }
}

// Reckoned here by the rule as published, digit by digit, so that a slip in the code is not copied.
TEST(NhsNumberTest, ARemainderThatAsksForTenIsNoNumber) {
  int tens = 0;
  for (int n = 400000000; n < 400000200; ++n) {
    const std::string nine = std::to_string(n);
    int sum = 0;
    for (size_t i = 0; i < 9; ++i) sum += (nine[i] - '0') * static_cast<int>(10 - i);
    const int remainder = sum % 11;
    for (char check = '0'; check <= '9'; ++check) {
      bool right = false;
      if (remainder == 0) right = check == '0';
      if (remainder > 1) right = check - '0' == 11 - remainder;
      EXPECT_EQ(NhsNumber(nine + check).has_value(), right) << nine << check;
    }
    if (remainder == 1) ++tens;
  }
  EXPECT_GT(tens, 5);
}

TEST(UpnTest, ChecksTheLetter) {
  EXPECT_EQ(Upn("B801200005001"), "B801200005001");
  EXPECT_EQ(Upn("b8012 0000 5001"), "B801200005001");
  EXPECT_FALSE(Upn("A801200005001").has_value());
  EXPECT_FALSE(Upn("B801200005002").has_value());
  EXPECT_FALSE(Upn("B80120000500").has_value());
  EXPECT_FALSE(Upn("I801200005001").has_value());
  EXPECT_FALSE(Upn("B8012000O5001").has_value());
  EXPECT_FALSE(Upn("A000000000000").has_value());
}

TEST(UpnTest, ATemporaryNumberEndsInALetter) {
  int valid = 0;
  for (char letter = 'A'; letter <= 'Z'; ++letter) {
    for (char last = 'A'; last <= 'Z'; ++last) {
      const std::string text = std::string(1, letter) + "80120000500" + last;
      if (!Upn(text)) continue;
      ++valid;
      EXPECT_TRUE(last != 'I' && last != 'O' && last != 'S');
    }
  }
  EXPECT_EQ(valid, 23);  // each of 23 endings has exactly one check letter
}

TEST(LearnerNumberTest, IsLettersAndDigits) {
  EXPECT_EQ(LearnerNumber("nc-004711"), "NC004711");
  EXPECT_FALSE(LearnerNumber("abc").has_value());
  EXPECT_FALSE(LearnerNumber("00000000").has_value());
  EXPECT_FALSE(LearnerNumber("nc_004711").has_value());
  EXPECT_FALSE(LearnerNumber(std::string(21, '7') + "1").has_value());
}

TEST(PostcodeTest, TakesEveryForm) {
  const struct {
    const char* text;
    const char* unit;
    const char* sector;
    const char* outcode;
    const char* area;
  } cases[] = {
      {"m11ae", "M1 1AE", "M1 1", "M1", "M"},
      {"B33 8TH", "B33 8TH", "B33 8", "B33", "B"},
      {" CR2  6XH ", "CR2 6XH", "CR2 6", "CR2", "CR"},
      {"DN55 1PT", "DN55 1PT", "DN55 1", "DN55", "DN"},
      {"W1A 0AX", "W1A 0AX", "W1A 0", "W1A", "W"},
      {"ec1a1bb", "EC1A 1BB", "EC1A 1", "EC1A", "EC"},
  };
  for (const auto& expected : cases) {
    const std::optional<Postcode> postcode = ParsePostcode(expected.text);
    ASSERT_TRUE(postcode.has_value()) << expected.text;
    EXPECT_EQ(postcode->unit, expected.unit);
    EXPECT_EQ(postcode->sector, expected.sector);
    EXPECT_EQ(postcode->outcode, expected.outcode);
    EXPECT_EQ(postcode->area, expected.area);
  }
}

TEST(PostcodeTest, RefusesWhatIsNone) {
  for (const char* text : {"", "M1", "M1 1A", "M1 AAE", "11 1AE", "MMM1 1AE", "M1 1CE", "M1 1AEE",
                           "M123 1AE", "not known", "ZZ99 3VZ", "zz993wz", "M1_1AE"}) {
    EXPECT_FALSE(ParsePostcode(text).has_value()) << text;
  }
}

TEST(DateTest, DaysExist) {
  EXPECT_TRUE(IsDate(20240229));
  EXPECT_FALSE(IsDate(20230229));
  EXPECT_FALSE(IsDate(20231301));
  EXPECT_FALSE(IsDate(20230100));
  EXPECT_FALSE(IsDate(0));
  EXPECT_FALSE(IsDate(-20230101));
}

TEST(DateTest, DayAndMonthAreExchangedWhereThatIsAnotherDay) {
  EXPECT_EQ(SwapDayAndMonth(20090304), 20090403);
  EXPECT_FALSE(SwapDayAndMonth(20090314).has_value());
  EXPECT_FALSE(SwapDayAndMonth(20090303).has_value());
  EXPECT_FALSE(SwapDayAndMonth(20090231).has_value());
}

TEST(DateTest, TheFirstOfJanuaryIsWeak) {
  EXPECT_TRUE(IsWeakDate(20090101));
  EXPECT_FALSE(IsWeakDate(20090102));
  EXPECT_FALSE(IsWeakDate(20091001));
}

}  // namespace
}  // namespace signpost::matching
