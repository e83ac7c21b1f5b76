#include "policy/vocabulary.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace signpost::policy {
namespace {

// Every meaningful value has a word of its own that reads back as that value, and no other word
// does.
template <typename E>
void RoundTrip(absl::Span<const E> all, std::optional<E> (*parse)(absl::string_view),
               size_t count) {
  EXPECT_EQ(all.size(), count);
  std::set<std::string> words;
  for (const E value : all) {
    const std::string word(ToString(value));
    EXPECT_TRUE(words.insert(word).second) << word;
    EXPECT_NE(word, "invalid");
    for (const char c : word)
      EXPECT_TRUE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
    ASSERT_TRUE(parse(word).has_value()) << word;
    EXPECT_EQ(*parse(word), value);
    EXPECT_FALSE(parse(word + " ").has_value());
    EXPECT_FALSE(parse(word.substr(0, word.size() - 1)).has_value()) << word;
  }
  for (const char* no_word : {"", "none", "unspecified", "invalid", "SHOW", "Consent"}) {
    EXPECT_FALSE(parse(no_word).has_value()) << no_word;
  }
  EXPECT_EQ(ToString(static_cast<E>(200)), "invalid");
}

TEST(Words, EveryValueHasOneWordThatReadsBack) {
  RoundTrip(AllEffects(), &ParseEffect, 3);
  RoundTrip(AllAspects(), &ParseAspect, 7);
  RoundTrip(AllPurposes(), &ParsePurpose, 11);
  RoundTrip(AllGateways(), &ParseGateway, 12);
  RoundTrip(AllRelationships(), &ParseRelationship, 8);
  RoundTrip(AllTris(), &ParseTri, 3);
  RoundTrip(AllObligations(), &ParseObligation, 7);
  RoundTrip(AllOverrideGrounds(), &ParseOverrideGround, 4);
  RoundTrip(AllMissings(), &ParseMissing, 13);
  RoundTrip(AllConsentDecisions(), &ParseConsentDecision, 3);
  RoundTrip(AllConsentStates(), &ParseConsentState, 6);
  RoundTrip(AllGrantors(), &ParseGrantor, 5);
  RoundTrip(AllConsentMatters(), &ParseConsentMatter, 3);
}

TEST(Words, UnsetValuesAreNamedButNotAccepted) {
  EXPECT_EQ(ToString(Purpose::kUnspecified), "unspecified");
  EXPECT_EQ(ToString(Gateway::kNone), "none");
  EXPECT_EQ(ToString(OverrideGround::kNone), "none");
  EXPECT_EQ(ToString(Grantor::kUnspecified), "unspecified");
  EXPECT_EQ(ToString(ConsentMatter::kUnspecified), "unspecified");
}

// States, grantors and matters share one mask.
TEST(Words, NoTwoBitsOfAConsentAreOne) {
  std::set<uint32_t> bits = {kByYoungPersonBit, kByAnotherBit};
  for (const ConsentState state : AllConsentStates()) bits.insert(Bit(state));
  for (const Grantor grantor : AllGrantors()) bits.insert(Bit(grantor));
  for (const ConsentMatter matter : AllConsentMatters()) bits.insert(Bit(matter));
  EXPECT_EQ(bits.size(),
            2 + AllConsentStates().size() + AllGrantors().size() + AllConsentMatters().size());
}

}  // namespace
}  // namespace signpost::policy
