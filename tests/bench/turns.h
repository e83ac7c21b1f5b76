// PairedTurns is a measurement in which two things take turns of a quarter of a second in a run,
// and what is reported is the median of the ratios of neighbouring turns.
//
// A machine has good and bad minutes, and some have two speeds; two figures that were taken a
// minute apart say as much about that as about what was measured. Neighbouring quarters of a second
// share it. Pure but for the turns that it calls.

#ifndef SIGNPOST_TESTS_BENCH_TURNS_H_
#define SIGNPOST_TESTS_BENCH_TURNS_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace signpost::bench {

inline constexpr absl::Duration kTurn = absl::Milliseconds(250);
// Before each turn, unmeasured: the other's turn has left its own things in the caches.
inline constexpr absl::Duration kTurnWarmUp = absl::Milliseconds(50);

// What one turn measured.
struct Turn {
  double per_second = 0;
  // Processor time of this whole process, server and client, for each call; 0 where that means
  // nothing.
  double cpu_us = 0;
};

// Medians over all turns, and of the ratios of neighbouring turns.
struct PairedTurns {
  double ours = 0;  // per second
  double theirs = 0;
  double ratio = 0;  // ours / theirs
  double our_cpu_us = 0;
  double their_cpu_us = 0;
  double cpu_ratio = 0;  // ours / theirs; 0 where a side has none
};

// The middle value; 0 when there is none.
double Median(std::vector<double> values);

// Alternates both until each has had `each` of turns, at least three. Who begins a pair changes
// from pair to pair. Errors: the first that a turn returned.
[[nodiscard]] absl::StatusOr<PairedTurns> TakeTurns(
    absl::Duration each, const std::function<absl::StatusOr<Turn>()>& ours,
    const std::function<absl::StatusOr<Turn>()>& theirs);

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_TURNS_H_
