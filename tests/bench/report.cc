#include "tests/bench/report.h"

#include <cstdio>

namespace signpost::bench {

void Report::Figure(const std::string& figure, double value, const std::string& unit) {
  std::printf("{\"bench\":\"%s\",\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n",
              bench_.c_str(), figure.c_str(), value, unit.c_str());
  std::fflush(stdout);
  std::fprintf(stderr, "%-10s %-24s %14.1f %s\n", bench_.c_str(), figure.c_str(), value,
               unit.c_str());
}

void Report::Ratio(const std::string& figure, double value, const std::string& unit,
                   const std::string& baseline, double baseline_value) {
  Ratio(figure, value, unit, baseline, baseline_value,
        baseline_value > 0 ? value / baseline_value : 0);
}

void Report::Ratio(const std::string& figure, double value, const std::string& unit,
                   const std::string& baseline, double baseline_value, double ratio) {
  std::printf(
      "{\"bench\":\"%s\",\"figure\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"baseline\":\"%s\","
      "\"ratio\":%.4f}\n",
      bench_.c_str(), figure.c_str(), value, unit.c_str(), baseline.c_str(), ratio);
  std::fflush(stdout);
  std::fprintf(stderr, "%-10s %-24s %14.1f %s = %.2f x %s (%.1f)\n", bench_.c_str(), figure.c_str(),
               value, unit.c_str(), ratio, baseline.c_str(), baseline_value);
}

void Report::Skipped(const std::string& figure, const std::string& why) {
  std::fprintf(stderr, "%-10s %-24s        skipped: %s\n", bench_.c_str(), figure.c_str(),
               why.c_str());
}

}  // namespace signpost::bench
