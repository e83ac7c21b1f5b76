#include "adapters/kit/values.h"

#include <gtest/gtest.h>

#include <optional>

#include "absl/time/civil_time.h"

namespace signpost::adapters {
namespace {

TEST(ValuesTest, Days) {
  for (const char* good : {"04/03/2009", "4/3/2009", "2009-03-04", "04/03/2009 00:00:00"}) {
    const auto day = ParseDay(good);
    ASSERT_TRUE(day.has_value()) << good;
    EXPECT_EQ(ToCivil(*day), absl::CivilDay(2009, 3, 4)) << good;
  }
  EXPECT_TRUE(ParseDay("29/02/2008").has_value());
  for (const char* bad : {"", "29/02/2009", "31/04/2009", "13/13/2009", "04/03/09", "2009-3-4",
                          "1/2", "aa/bb/cccc", "04/03/1899", "01/01/2200", "04-03-2009",
                          "00/01/2009", "+4/03/2009", "04/03/2009 11:00:00"}) {
    EXPECT_FALSE(ParseDay(bad).has_value()) << bad;
  }
  EXPECT_FALSE(ParseIsoDay("04/03/2009").has_value());
}

TEST(ValuesTest, Identifiers) {
  EXPECT_EQ(NormaliseNhsNumber("943 476 5919"), "9434765919");
  for (const char* bad : {"9434765918", "1111111111", "943476591", "94347659190", "94347659x9"}) {
    EXPECT_EQ(NormaliseNhsNumber(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(NormaliseUpn("b801200005001"), "B801200005001");
  for (const char* bad : {"A801200005001", "B80120000500A", "B80120000500", "I801200005001"}) {
    EXPECT_EQ(NormaliseUpn(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(NormalisePostcode("nx11aa"), "NX1 1AA");
  EXPECT_EQ(NormalisePostcode("W1A 0AX"), "W1A 0AX");
  EXPECT_EQ(NormalisePostcode("ZZ99 3VZ"), "ZZ99 3VZ");
  for (const char* bad : {"", "NX1", "NX1 AAA", "1NX 1AA", "NXX1 1AA", "NX1 1A1", "NX1111 1AA"}) {
    EXPECT_EQ(NormalisePostcode(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace signpost::adapters
