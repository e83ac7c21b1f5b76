#include "hub/base/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace signpost::base {

std::string RandomSource::Bytes(size_t size) {
  std::string bytes(size, '\0');
  Fill(reinterpret_cast<uint8_t*>(bytes.data()), size);
  return bytes;
}

uint64_t RandomSource::Number() {
  uint8_t bytes[8];
  Fill(bytes, sizeof(bytes));
  uint64_t number = 0;
  for (uint8_t byte : bytes) number = (number << 8) | byte;
  return number;
}

void OsRandom::Fill(uint8_t* out, size_t size) {
  while (size > 0) {
    const size_t step = std::min<size_t>(size, INT_MAX);
    if (RAND_bytes(out, static_cast<int>(step)) != 1) {
      std::fputs("signpost: the operating system gives no randomness; stopping\n", stderr);
      std::abort();
    }
    out += step;
    size -= step;
  }
}

void SeededRandom::Fill(uint8_t* out, size_t size) {
  absl::MutexLock lock(&mutex_);
  while (size > 0) {
    // SplitMix64.
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t word = state_;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    word ^= word >> 31;
    for (int i = 0; i < 8 && size > 0; ++i, ++out, --size) {
      *out = static_cast<uint8_t>(word >> (8 * i));
    }
  }
}

}  // namespace signpost::base
