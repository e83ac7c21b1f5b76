// A Report is a printer that writes figures: one JSON object a line on stdout, a table on stderr.
// Not thread-safe.

#ifndef SIGNPOST_TESTS_BENCH_REPORT_H_
#define SIGNPOST_TESTS_BENCH_REPORT_H_

#include <string>
#include <utility>

namespace signpost::bench {

class Report {
 public:
  explicit Report(std::string bench) : bench_(std::move(bench)) {}

  // A measured figure without a baseline.
  void Figure(const std::string& figure, double value, const std::string& unit);
  // A measured figure beside `baseline`, measured in the same run, and `ratio`, which need not be
  // the quotient of both: of paired turns it is the median of quotients.
  void Ratio(const std::string& figure, double value, const std::string& unit,
             const std::string& baseline, double baseline_value, double ratio);
  // The same with value / baseline_value.
  void Ratio(const std::string& figure, double value, const std::string& unit,
             const std::string& baseline, double baseline_value);
  // What was not measured, and why; on stderr alone.
  void Skipped(const std::string& figure, const std::string& why);

 private:
  const std::string bench_;
};

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_REPORT_H_
