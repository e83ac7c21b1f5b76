// Dice are a source of chance that falls the same way on every machine: SplitMix64 and whole
// numbers only, because the distributions of the standard library differ between libraries.
//
// Not thread-safe. Not for keys.

#ifndef SIGNPOST_ADAPTERS_SAMPLE_DICE_H_
#define SIGNPOST_ADAPTERS_SAMPLE_DICE_H_

#include <cstdint>

namespace signpost::adapters::sample {

class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
  }

  // From `low` to `high`, both included. REQUIRES: low <= high. The modulo's bias is below 2^-40
  // for the ranges used here.
  int Between(int low, int high) {
    return low + static_cast<int>(Next() % static_cast<uint64_t>(high - low + 1));
  }

  // True `per_mille` times in a thousand.
  bool Chance(int per_mille) { return Between(0, 999) < per_mille; }

 private:
  uint64_t state_;
};

}  // namespace signpost::adapters::sample

#endif  // SIGNPOST_ADAPTERS_SAMPLE_DICE_H_
