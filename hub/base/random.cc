#include "hub/base/random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

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

namespace {

// Small draws come out of a block of each thread's own: a draw from OpenSSL costs microseconds
// however short it is. What was handed out is wiped, and nothing is handed out twice. The hub does
// not fork.
class ThreadBlock {
 public:
  void Take(uint8_t* out, size_t size) {
    if (left_ < size) {
      if (RAND_bytes(bytes_, sizeof(bytes_)) != 1) {
        std::fputs("signpost: the operating system gives no randomness; stopping\n", stderr);
        std::abort();
      }
      left_ = sizeof(bytes_);
    }
    uint8_t* const from = bytes_ + (sizeof(bytes_) - left_);
    std::memcpy(out, from, size);
    OPENSSL_cleanse(from, size);
    left_ -= size;
  }

  void Wipe() {
    OPENSSL_cleanse(bytes_, sizeof(bytes_));
    left_ = 0;
  }

 private:
  uint8_t bytes_[1024] = {};
  size_t left_ = 0;
};
// Something may be drawn after a thread's own objects are gone, while the process ends: the block is
// there still, and must be empty rather than wiped.
static_assert(std::is_trivially_destructible_v<ThreadBlock>);

struct Wiper {
  ThreadBlock* block;
  ~Wiper() { block->Wipe(); }
};

constexpr size_t kSmallDrawBytesMax = 64;

}  // namespace

void OsRandom::Fill(uint8_t* out, size_t size) {
  if (size <= kSmallDrawBytesMax) {
    thread_local ThreadBlock block;
    thread_local const Wiper wiper{&block};
    block.Take(out, size);
    return;
  }
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
