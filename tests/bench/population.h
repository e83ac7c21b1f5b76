// Made-up young persons for benchmarks: as many as wanted, all different, the same every time.
// Pure.

#ifndef SIGNPOST_TESTS_BENCH_POPULATION_H_
#define SIGNPOST_TESTS_BENCH_POPULATION_H_

#include <string>

#include "tests/scenarios/nortown.h"

namespace signpost::bench {

// Digits as letters, so that normalising leaves them.
inline std::string Letters(int n) {
  std::string word;
  do {
    word.insert(word.begin(), static_cast<char>('a' + n % 26));
    n /= 26;
  } while (n > 0);
  return word;
}

inline scenarios::Known PersonNumber(int n) {
  scenarios::Known known;
  known.given = "Given" + Letters(n * 7 + 3);
  known.surname = "Surname" + Letters(n);
  known.year = 2006 + n % 8;
  known.month = 1 + n % 12;
  known.day = 2 + n % 26;
  known.postcode = "NT" + std::to_string(1 + n % 20) + " " + std::to_string(n % 9 + 1) + "QX";
  return known;
}

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_POPULATION_H_
