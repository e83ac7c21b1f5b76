#include "hub/base/random.h"

#include <cstdlib>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace signpost::base {
namespace {

TEST(RandomTest, SeededIsTheSameForTheSameSeed) {
  SeededRandom a(1), b(1), c(2);
  const std::string bytes = a.Bytes(100);
  EXPECT_EQ(bytes, b.Bytes(100));
  EXPECT_NE(bytes, c.Bytes(100));
  // Pinned, because samples made from a seed must be the same on every machine: SplitMix64's first
  // number for seed 0 is 0xe220a8397b1dcdaf, written from its low byte on.
  EXPECT_EQ(SeededRandom(0).Number(), 0xafcd1d7b39a820e2u);
}

// Draws when the process ends, behind whatever the thread had of its own.
class LastDraw {
 public:
  ~LastDraw() { std::_Exit(random_.Bytes(16) == std::string(16, '\0') ? 1 : 0); }

 private:
  OsRandom random_;
};

// Broken on purpose (what was wiped not forgotten): zeros are drawn.
TEST(RandomDeathTest, WhatIsDrawnAtTheVeryEndIsRandomStill) {
  EXPECT_EXIT(
      {
        (void)OsRandom().Bytes(16);  // OpenSSL is begun before, so that it ends after
        static LastDraw last;
        std::exit(2);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(RandomTest, OperatingSystemDoesNotRepeat) {
  OsRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.Bytes(16));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(random.Bytes(0).empty());
}

}  // namespace
}  // namespace signpost::base
