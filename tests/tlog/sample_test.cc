// Samples that everybody draws alike: vectors which the Python verifier draws too, and no remainder
// likelier than another.

#include "hub/tlog/sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace signpost::tlog {
namespace {

using ::testing::ElementsAre;

Hash Ascending() {
  Hash root;
  for (size_t i = 0; i < root.size(); ++i) root[i] = static_cast<uint8_t>(i);
  return root;
}
Hash Ones() {
  Hash root;
  root.fill(0xFF);
  return root;
}
const std::string kNonce(kSampleNonceBytes, '\x5a');
const std::string kZeros(kSampleNonceBytes, '\0');

// Of docs/audit-copies.md.
TEST(DrawSample, ComesOutAsTheVectors) {
  EXPECT_THAT(*DrawSample(Ascending(), kNonce, {0, 10, 5}), ElementsAre(3, 6, 7, 8, 9));
  EXPECT_THAT(*DrawSample(Ascending(), kNonce, {1000, 101000, 8}),
              ElementsAre(5508, 7843, 48409, 52216, 59837, 75718, 77899, 95962));
  EXPECT_THAT(*DrawSample(Ones(), kZeros, {0, 3, 3}), ElementsAre(0, 1, 2));
  // Of so many, nearly half of all numbers are passed over.
  EXPECT_THAT(*DrawSample(Ones(), kZeros, {0, (uint64_t{1} << 63) + 1, 4}),
              ElementsAre(1748686520620825473u, 4263816464758879016u, 5825921675186934290u,
                          7594474463736003980u));
}

TEST(DrawSample, DependsOnBothSides) {
  const std::vector<uint64_t> drawn = *DrawSample(Ascending(), kNonce, {0, 1'000'000, 20});
  EXPECT_NE(drawn, *DrawSample(Ones(), kNonce, {0, 1'000'000, 20}));
  EXPECT_NE(drawn, *DrawSample(Ascending(), kZeros, {0, 1'000'000, 20}));
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  EXPECT_EQ(std::adjacent_find(drawn.begin(), drawn.end()), drawn.end());
}

// With 2^64 mod n taken as it comes, the lower third of the range would be drawn half the time.
TEST(DrawSample, NoPartOfTheRangeIsLikelier) {
  const uint64_t width = (uint64_t{1} << 63) + (uint64_t{1} << 62);
  const std::vector<uint64_t> drawn = *DrawSample(Ascending(), kNonce, {0, width, 1000});
  const auto lower = std::count_if(drawn.begin(), drawn.end(),
                                   [width](uint64_t index) { return index < width / 3; });
  EXPECT_GT(lower, 270);
  EXPECT_LT(lower, 400);
}

TEST(DrawSample, WhatCannotBeDrawnIsRefused) {
  EXPECT_FALSE(DrawSample(Ascending(), kNonce, {0, 10, 0}).ok());
  EXPECT_FALSE(DrawSample(Ascending(), kNonce, {0, 10, 11}).ok());
  EXPECT_FALSE(DrawSample(Ascending(), kNonce, {10, 0, 1}).ok());
  EXPECT_FALSE(DrawSample(Ascending(), kNonce, {0, 5000, kSampleCountMax + 1}).ok());
  EXPECT_TRUE(DrawSample(Ascending(), kNonce, {0, 5000, kSampleCountMax}).ok());
  EXPECT_FALSE(DrawSample(Ascending(), kNonce.substr(1), {0, 10, 1}).ok());
}

}  // namespace
}  // namespace signpost::tlog
