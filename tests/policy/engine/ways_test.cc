#include "policy/engine/ways.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace signpost::policy {
namespace {

uint32_t Of(std::initializer_list<Missing> lacks) {
  uint32_t bits = 0;
  for (const Missing one : lacks) bits |= Bit(one);
  return bits;
}

Lacks Told(const std::vector<uint32_t>& ways) {
  Ways all = Ways::None();
  for (const uint32_t way : ways) all.Either(Ways::Of(way));
  return all.Tell();
}

TEST(Ways, TellTheFewestThings) {
  const uint32_t fewer = Of({Missing::kAgreement});
  const Lacks told = Told({Of({Missing::kConsent, Missing::kRelationship}), fewer});
  EXPECT_EQ(told.all, fewer);
  EXPECT_EQ(told.any, 0u);
}

TEST(Ways, TellAllThatWouldDoAsWell) {
  const Lacks told = Told(
      {Of({Missing::kAgreement}), Of({Missing::kExplicitConsent}), Of({Missing::kOthersConsent})});
  EXPECT_EQ(told.all, 0u);
  EXPECT_EQ(told.any,
            Of({Missing::kAgreement, Missing::kExplicitConsent, Missing::kOthersConsent}));
  const Lacks beside = Told({Of({Missing::kRelationship, Missing::kAgreement}),
                             Of({Missing::kRelationship, Missing::kConsent})});
  EXPECT_EQ(beside.all, Of({Missing::kRelationship}));
  EXPECT_EQ(beside.any, Of({Missing::kAgreement, Missing::kConsent}));
}

// Of ways that have nothing in common only one can be told without saying what is not so.
TEST(Ways, TellTheEasierOfTwoThatHaveNothingInCommon) {
  const Lacks told = Told(
      {Of({Missing::kGateway, Missing::kAgreement}), Of({Missing::kNecessity, Missing::kConsent})});
  EXPECT_EQ(told.all, Of({Missing::kNecessity, Missing::kConsent}));
  EXPECT_EQ(told.any, 0u);
}

TEST(Ways, NeedBothOfWhatIsNeededTwice) {
  Ways ways = Ways::Of(Of({Missing::kConsent}));
  ways.Either(Ways::Of(Of({Missing::kPurpose})));
  Ways other = Ways::Of(Of({Missing::kConsent, Missing::kAgreement}));
  other.Both(ways);  // consent is needed already, so that is how the first is had, too
  EXPECT_EQ(other.Tell().bits(), Of({Missing::kConsent, Missing::kAgreement}));
  EXPECT_EQ(other.Tell().any, 0u);
  other.Both(Ways::None());
  EXPECT_FALSE(other.possible());
  EXPECT_EQ(other.Tell().bits(), 0u);
}

TEST(Ways, TellTheSameInWhateverOrder) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint32_t> ways;
    for (size_t n = 1 + random() % 12; n > 0; --n) {
      uint32_t way = 0;
      for (size_t lacks = 1 + random() % 3; lacks > 0; --lacks) way |= 1u << random() % 12;
      ways.push_back(way);
    }
    const Lacks first = Told(ways);
    EXPECT_NE(first.bits(), 0u);
    EXPECT_EQ(first.all & first.any, 0u);
    EXPECT_TRUE(first.any == 0 || (first.any & (first.any - 1)) != 0);
    std::shuffle(ways.begin(), ways.end(), random);
    const Lacks again = Told(ways);
    EXPECT_EQ(again.all, first.all);
    EXPECT_EQ(again.any, first.any);
  }
}

}  // namespace
}  // namespace signpost::policy
