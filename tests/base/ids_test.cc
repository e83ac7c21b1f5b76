#include "hub/base/ids.h"

#include <string>
#include <type_traits>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/base/random.h"

namespace signpost::base {
namespace {

TEST(IdTest, ComesBackFromItsText) {
  SeededRandom random(5);
  for (int i = 0; i < 200; ++i) {
    const FlagId id = FlagId::New(&random);
    const std::string text = id.ToText();
    ASSERT_EQ(text.size(), 5u + 26);
    ASSERT_EQ(text.substr(0, 5), "flag-");
    EXPECT_EQ(FlagId::FromText(text).value(), id);
    EXPECT_EQ(FlagId::FromText(absl::AsciiStrToLower(text)).value(), id);
    EXPECT_EQ(FlagId::FromBytes(id.bytes()).value(), id);
  }
}

TEST(IdTest, ReadsWhatPeopleType) {
  const FlagId id = FlagId::FromText("flag-01HZX1" + std::string(19, '0') + "Q").value();
  EXPECT_EQ(FlagId::FromText("FLAG-OIHZXL-OOOOO 00000-00000-0000q").value(), id);
}

TEST(IdTest, RefusesOtherTextsAndLengths) {
  SeededRandom random(5);
  const std::string text = FlagId::New(&random).ToText();
  const std::string consent = ConsentId::New(&random).ToText();
  for (const std::string& bad :
       {std::string(), text.substr(5), text.substr(0, text.size() - 1), text + "0", consent,
        "flag-" + text, std::string("flag-"), "flag-8" + std::string(25, '0'),
        "flag-" + std::string(100, '-') + text.substr(5)}) {
    EXPECT_EQ(ReasonOf(FlagId::FromText(bad).status()), Reason::kInvalidField) << bad;
  }
  EXPECT_FALSE(FlagId::FromBytes(std::string(15, 'b')).ok());
  EXPECT_TRUE(FlagId::FromBytes(std::string(16, 'b')).ok());
  EXPECT_FALSE(FlagId::FromBytes(std::string(17, 'b')).ok());
}

TEST(IdTest, KindsDoNotMix) {
  EXPECT_FALSE((std::is_convertible_v<FlagId, ConsentId>));
  EXPECT_FALSE((std::is_convertible_v<PersonId, FlagId>));
}

template <typename T>
concept HasOutsideText = requires(const T& id) {
  id.ToText();
};

TEST(IdTest, APersonHasNoTextForOutside) {
  EXPECT_FALSE(HasOutsideText<PersonId>);
  EXPECT_TRUE(HasOutsideText<FlagId>);
  EXPECT_EQ(PersonId::FromBytes(std::string(16, '\xab')).value().ToHex(),
            "abababababababababababababababab");
}

TEST(IdTest, OrdersAndHashesByBytes) {
  const PersonId low = PersonId::FromBytes(std::string(15, '\0') + "a").value();
  const PersonId high = PersonId::FromBytes("\xff" + std::string(15, '\0')).value();
  EXPECT_LT(low, high);
  EXPECT_TRUE(PersonId().is_zero());
  EXPECT_FALSE(low.is_zero());
  const absl::flat_hash_set<PersonId> set = {low, high, low};
  EXPECT_EQ(set.size(), 2u);
}

}  // namespace
}  // namespace signpost::base
