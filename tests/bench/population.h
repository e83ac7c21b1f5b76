// This is a population of made-up young persons for benchmarks, all different, the same every time.
//
// No two are so alike that a report would wait for a person to decide: each has names of their own,
// and of the first kPopulationMax no two share both birth date and postcode. Pure.

#ifndef SIGNPOST_TESTS_BENCH_POPULATION_H_
#define SIGNPOST_TESTS_BENCH_POPULATION_H_

#include <string>

#include "tests/scenarios/nortown.h"

namespace signpost::bench {

inline constexpr int kBirthDates = 8 * 12 * 26;
inline constexpr int kPostcodes = 20 * 9;
inline constexpr int kPopulationMax = kBirthDates * kPostcodes;

// Digits as letters, so that normalising leaves them.
inline std::string Letters(int n) {
  std::string word;
  do {
    word.insert(word.begin(), static_cast<char>('a' + n % 26));
    n /= 26;
  } while (n > 0);
  return word;
}

// REQUIRES: 0 <= n < kPopulationMax.
inline scenarios::Known PersonNumber(int n) {
  scenarios::Known known;
  known.given = "Given" + Letters(n * 7 + 3);
  known.surname = "Surname" + Letters(n);
  int date = n % kBirthDates;
  known.year = 2006 + date % 8;
  date /= 8;
  known.month = 1 + date % 12;
  known.day = 2 + date / 12;
  // People of one birth date are kBirthDates apart, and kBirthDates + 1 has no factor in common
  // with kPostcodes: each of them gets another postcode until all have been used.
  static_assert((kBirthDates + 1) % 2 != 0 && (kBirthDates + 1) % 3 != 0 &&
                (kBirthDates + 1) % 5 != 0);
  const int postcode = (n + n / kBirthDates) % kPostcodes;
  known.postcode =
      "NT" + std::to_string(1 + postcode % 20) + " " + std::to_string(1 + postcode / 20) + "QX";
  return known;
}

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_POPULATION_H_
