// signpost-bench NAME [--people N] [--entries N] [--seconds S] [--profile] [--only FIGURE]
// [--kept DIRECTORY]: see benches.h.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tests/bench/benches.h"
#include "tests/bench/population.h"

int main(int argc, char** argv) {
  // As signpost-hub does: see hub/app/main.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  signpost::bench::BenchOptions options;
  std::string name;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--people") == 0 && i + 1 < argc) {
      options.people = std::atoi(argv[++i]);
    } else if (std::strcmp(argv[i], "--entries") == 0 && i + 1 < argc) {
      options.entries = std::atoll(argv[++i]);
    } else if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
      options.seconds = std::atof(argv[++i]);
    } else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      options.only = argv[++i];
    } else if (std::strcmp(argv[i], "--kept") == 0 && i + 1 < argc) {
      options.kept = argv[++i];
    } else if (std::strcmp(argv[i], "--profile") == 0) {
      options.profile = true;
    } else if (name.empty() && argv[i][0] != '-') {
      name = argv[i];
    } else {
      name.clear();
      break;
    }
  }
  const std::vector<std::string> figures = name == "answers"
                                               ? std::vector<std::string>{"1", "64", "256"}
                                               : std::vector<std::string>{"verify", "proofs"};
  const bool only_known = options.only.empty() ||
                          std::find(figures.begin(), figures.end(), options.only) != figures.end();
  if (options.people >= 100 && options.people <= signpost::bench::kPopulationMax &&
      options.seconds > 0 && options.entries >= 1000 && only_known) {
    if (name == "answers") return signpost::bench::Answers(options);
    if (name == "load") return signpost::bench::Load(options);
    if (name == "ledger") return signpost::bench::Ledger(options);
    if (name == "secrecy") return signpost::bench::MeasureSecrecy(options);
    if (name == "hostile") return signpost::bench::MeasureHostile(options);
    if (name == "policy") return signpost::bench::DecidePolicy(options);
  }
  std::fprintf(
      stderr,
      "usage: signpost-bench answers|hostile|ledger|load|policy|secrecy [--people N (at least "
      "100)] "
      "[--seconds S]"
      " [--entries N (at least 1000)]\n"
      "       signpost-bench answers --only 1|64|256\n"
      "       signpost-bench ledger --only verify|proofs [--entries N] [--kept DIRECTORY]\n");
  return 2;
}
