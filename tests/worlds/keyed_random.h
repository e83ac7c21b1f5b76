// KeyedRandom is a source of randomness for comparing two hubs: what is drawn depends on the seed,
// on the call that is under way and on how many draws it has made, and on nothing else. So a call
// that draws once more in one world shifts nothing in the calls after it, and how much each call
// drew can be compared.
//
// Thread-safe; BeginCall() is for the thread that makes the calls, while none is under way.

#ifndef SIGNPOST_TESTS_WORLDS_KEYED_RANDOM_H_
#define SIGNPOST_TESTS_WORLDS_KEYED_RANDOM_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/random.h"

namespace signpost::worlds {

// SplitMix64's finaliser: every bit of the result depends on every bit of `word`.
inline uint64_t Mix(uint64_t word) {
  word += 0x9e3779b97f4a7c15u;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

class KeyedRandom final : public base::RandomSource {
 public:
  explicit KeyedRandom(uint64_t seed) : seed_(Mix(seed)) {}

  void BeginCall(uint64_t call) {
    absl::MutexLock lock(&mutex_);
    call_ = call;
    draws_ = 0;
    bytes_ = 0;
  }

  // Since BeginCall().
  uint64_t bytes_drawn() const {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }

  void Fill(uint8_t* out, size_t size) override {
    absl::MutexLock lock(&mutex_);
    uint64_t state = Mix(seed_ ^ Mix(call_ ^ Mix(draws_++)));
    bytes_ += size;
    for (size_t i = 0; i < size; ++i) {
      if (i % 8 == 0) state = Mix(state);
      out[i] = static_cast<uint8_t>(state >> (8 * (i % 8)));
    }
  }

 private:
  const uint64_t seed_;
  mutable absl::Mutex mutex_;
  uint64_t call_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t draws_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Dice is a stream of choices for making a sequence: the same for the same seed.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(Mix(seed)) {}

  uint64_t Roll() { return state_ = Mix(state_); }
  // 0..n-1. REQUIRES: n >= 1.
  int Below(int n) { return static_cast<int>(Roll() % static_cast<uint64_t>(n)); }
  // True once in n.
  bool OneIn(int n) { return Below(n) == 0; }
  bool Percent(int percent) { return Below(100) < percent; }
  template <typename List>
  const auto& Pick(const List& list) {
    return list[static_cast<size_t>(Below(static_cast<int>(list.size())))];
  }

 private:
  uint64_t state_;
};

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_KEYED_RANDOM_H_
