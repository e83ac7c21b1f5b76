// RandomSource is a seam that gives random bytes, so that tests can have the same each time.
//
// Implementations are thread-safe.

#ifndef SIGNPOST_HUB_BASE_RANDOM_H_
#define SIGNPOST_HUB_BASE_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace signpost::base {

class RandomSource {
 public:
  virtual ~RandomSource() = default;

  // Writes `size` random bytes to `out`. Cannot fail: a hub without randomness must not go on, so
  // the OS source ends the process instead of returning something weak.
  virtual void Fill(uint8_t* out, size_t size) = 0;

  std::string Bytes(size_t size);
  uint64_t Number();
};

// The operating system's, by way of OpenSSL's generator. The only one for keys and ids.
class OsRandom final : public RandomSource {
 public:
  void Fill(uint8_t* out, size_t size) override;
};

// The same sequence for the same seed, on every machine. For tests and samples; never for keys.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void Fill(uint8_t* out, size_t size) override;

 private:
  absl::Mutex mutex_;
  uint64_t state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_RANDOM_H_
