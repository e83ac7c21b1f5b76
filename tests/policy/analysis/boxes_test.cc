// Cutting sets of points into boxes: every point once, and no other.

#include "policy/analysis/boxes.h"

#include <map>
#include <random>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// How often each point of a space of `sizes` is in one of `boxes`.
std::map<Point, int> Held(const std::vector<Box>& boxes, const std::vector<uint16_t>& sizes) {
  std::map<Point, int> held;
  Point at(sizes.size(), 0);
  while (true) {
    for (const Box& box : boxes) held[at] += Inside(at, box) ? 1 : 0;
    size_t d = 0;
    while (d < sizes.size() && ++at[d] == sizes[d]) at[d++] = 0;
    if (d == sizes.size()) return held;
  }
}

TEST(Boxes, OfRandomSetsHoldEachPointOnceAndNoOther) {
  const std::vector<uint16_t> sizes = {4, 3, 5, 2};
  std::mt19937 random(17);
  for (int round = 0; round < 200; ++round) {
    std::set<Point> points;
    const size_t count = 1 + random() % 100;
    for (size_t i = 0; i < count; ++i) {
      Point point;
      for (const uint16_t size : sizes) point.push_back(static_cast<uint16_t>(random() % size));
      points.insert(std::move(point));
    }
    const std::vector<Box> boxes = CutIntoBoxes({points.begin(), points.end()});
    EXPECT_LE(boxes.size(), points.size());
    for (const auto& [point, times] : Held(boxes, sizes)) {
      ASSERT_EQ(times, points.count(point)) << "round " << round;
    }
  }
}

TEST(Boxes, LeaveAProductWhole) {
  std::vector<Point> points;
  for (const uint16_t a : std::vector<uint16_t>{1, 4}) {
    for (const uint16_t b : std::vector<uint16_t>{0, 2, 3}) points.push_back({a, 7, b});
  }
  EXPECT_THAT(CutIntoBoxes(points), ElementsAre((Box{{1, 4}, {7}, {0, 2, 3}})));
}

// One point is missing: two boxes, and not five.
TEST(Boxes, KeepSlicesThatAreAlikeTogether) {
  std::vector<Point> points;
  for (uint16_t a = 0; a < 3; ++a) {
    for (uint16_t b = 0; b < 2; ++b) {
      if (a != 2 || b != 1) points.push_back({a, b});
    }
  }
  EXPECT_EQ(CutIntoBoxes(points).size(), 2u);
}

TEST(Boxes, OfNothingAreNone) { EXPECT_THAT(CutIntoBoxes({}), IsEmpty()); }

TEST(BoxesDeathTest, PointsHaveAsManyDimensions) {
  EXPECT_DEATH(CutIntoBoxes({{1, 2}, {1}}), "size");
  EXPECT_DEATH(Inside({1}, {{1}, {2}}), "size");
}

}  // namespace
}  // namespace signpost::policy
