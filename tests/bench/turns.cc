#include "tests/bench/turns.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "hub/base/status_macros.h"

namespace signpost::bench {

constexpr int kPairsMin = 3;

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

absl::StatusOr<PairedTurns> TakeTurns(absl::Duration each,
                                      const std::function<absl::StatusOr<Turn>()>& ours,
                                      const std::function<absl::StatusOr<Turn>()>& theirs) {
  const int pairs =
      std::max(kPairsMin, static_cast<int>(std::lround(absl::FDivDuration(each, kTurn))));
  std::vector<double> our_rates, their_rates, ratios, our_cpu, their_cpu, cpu_ratios;
  for (int pair = 0; pair < pairs; ++pair) {
    Turn mine, other;
    if (pair % 2 == 0) {
      SIGNPOST_ASSIGN_OR_RETURN(mine, ours());
      SIGNPOST_ASSIGN_OR_RETURN(other, theirs());
    } else {
      SIGNPOST_ASSIGN_OR_RETURN(other, theirs());
      SIGNPOST_ASSIGN_OR_RETURN(mine, ours());
    }
    our_rates.push_back(mine.per_second);
    their_rates.push_back(other.per_second);
    our_cpu.push_back(mine.cpu_us);
    their_cpu.push_back(other.cpu_us);
    if (other.per_second > 0) ratios.push_back(mine.per_second / other.per_second);
    if (other.cpu_us > 0) cpu_ratios.push_back(mine.cpu_us / other.cpu_us);
  }
  return PairedTurns{Median(std::move(our_rates)), Median(std::move(their_rates)),
                     Median(std::move(ratios)),    Median(std::move(our_cpu)),
                     Median(std::move(their_cpu)), Median(std::move(cpu_ratios))};
}

}  // namespace signpost::bench
