#include "policy/analysis/boxes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "policy/check.h"

namespace signpost::policy {
namespace {

// Cuts recursively, one dimension a step.
class Cutter {
 public:
  explicit Cutter(std::vector<Box>& boxes) : boxes_(boxes) {}

  // `fixed` has the dimensions already dealt with; they are 0 in every point.
  void Cut(const std::vector<Point>& points, const Box& fixed) {
    const size_t dimensions = fixed.size();
    std::optional<size_t> best;
    std::map<std::vector<Point>, std::vector<uint16_t>> best_slices;
    for (size_t d = 0; d < dimensions; ++d) {
      if (!fixed[d].empty()) continue;
      std::map<std::vector<Point>, std::vector<uint16_t>> slices = Slice(points, d);
      if (best.has_value() && slices.size() >= best_slices.size()) continue;
      best = d;
      best_slices = std::move(slices);
      if (best_slices.size() == 1) break;  // this dimension multiplies out
    }
    if (!best.has_value()) {
      boxes_.push_back(fixed);
      return;
    }
    for (const auto& [slice, values] : best_slices) {
      Box box = fixed;
      box[*best] = values;
      Cut(slice, box);
    }
  }

 private:
  // The points by their value in `d`, values with the same rest together.
  static std::map<std::vector<Point>, std::vector<uint16_t>> Slice(const std::vector<Point>& points,
                                                                   size_t d) {
    std::map<uint16_t, std::vector<Point>> by_value;
    for (const Point& point : points) {
      Point rest = point;
      rest[d] = 0;
      by_value[point[d]].push_back(std::move(rest));
    }
    std::map<std::vector<Point>, std::vector<uint16_t>> slices;
    for (auto& [value, rest] : by_value) {
      std::sort(rest.begin(), rest.end());
      slices[std::move(rest)].push_back(value);
    }
    return slices;
  }

  std::vector<Box>& boxes_;
};

}  // namespace

std::vector<Box> CutIntoBoxes(std::vector<Point> points) {
  std::vector<Box> boxes;
  if (points.empty()) return boxes;
  const size_t dimensions = points.front().size();
  SIGNPOST_POLICY_CHECK(std::all_of(points.begin(), points.end(), [dimensions](const Point& point) {
    return point.size() == dimensions;
  }));
  std::sort(points.begin(), points.end());
  Cutter(boxes).Cut(points, Box(dimensions));
  return boxes;
}

bool Inside(const Point& point, const Box& box) {
  SIGNPOST_POLICY_CHECK(point.size() == box.size());
  for (size_t d = 0; d < box.size(); ++d) {
    if (!std::binary_search(box[d].begin(), box[d].end(), point[d])) return false;
  }
  return true;
}

}  // namespace signpost::policy
