// A Box is a set that checks are proved with: how a set of cells is said in few words. A box is a
// product of sets of values, one for each dimension.
//
// Internal to the room; pure.

#ifndef SIGNPOST_POLICY_ANALYSIS_BOXES_H_
#define SIGNPOST_POLICY_ANALYSIS_BOXES_H_

#include <cstdint>
#include <vector>

namespace signpost::policy {

// One cell: its value in each dimension.
using Point = std::vector<uint16_t>;
// By dimension: the values it spans, ascending.
using Box = std::vector<std::vector<uint16_t>>;

// Cuts a set of distinct points into boxes that together hold each point once. A set that is a box
// stays whole; otherwise it is cut along the dimension that needs the fewest cuts, and slices that
// are alike stay together. That is not the fewest boxes there could be, which would be dear to
// find, but a reader gets one sentence for what one rule did.
//
// REQUIRES: all of `points` have as many dimensions.
std::vector<Box> CutIntoBoxes(std::vector<Point> points);

// REQUIRES: `point` has as many dimensions as `box`.
bool Inside(const Point& point, const Box& box);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_BOXES_H_
