#include "hub/tlog/sample.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace signpost::tlog {
namespace {

// With its closing NUL, so that it runs into nothing.
constexpr absl::string_view kLabel("signpost ledger sample v1\0", 26);
constexpr int kByteBits = 8;
constexpr int kNumberBytes = 8;

std::string BigEndian(uint64_t number) {
  std::string bytes(kNumberBytes, '\0');
  for (int i = kNumberBytes - 1; i >= 0; --i) {
    bytes[static_cast<size_t>(i)] = static_cast<char>(number & 0xFF);
    number >>= kByteBits;
  }
  return bytes;
}

uint64_t FirstNumber(const Hash& block) {
  uint64_t number = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) number = number << kByteBits | block[i];
  return number;
}

}  // namespace

absl::StatusOr<std::vector<uint64_t>> DrawSample(const Hash& root, absl::string_view nonce,
                                                 const SampleRange& range) {
  if (range.count < 1 || range.count > kSampleCountMax || range.end < range.first ||
      range.end - range.first < static_cast<uint64_t>(range.count)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a sample is of 1 to ", kSampleCountMax,
                     " entries, and of no more than there are in its range"));
  }
  if (nonce.size() != kSampleNonceBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the auditor's random bytes are ", kSampleNonceBytes));
  }
  const Hasher hasher;
  const std::string seed =
      HashToString(hasher.Digest(absl::StrCat(kLabel, HashToString(root), nonce)));
  const uint64_t width = range.end - range.first;
  const uint64_t uneven = (uint64_t{0} - width) % width;  // 2^64 mod width
  absl::flat_hash_set<uint64_t> drawn;
  for (uint64_t i = 0; drawn.size() < static_cast<size_t>(range.count); ++i) {
    const uint64_t x = FirstNumber(hasher.Digest(absl::StrCat(seed, BigEndian(i))));
    if (x > UINT64_MAX - uneven) continue;
    drawn.insert(range.first + x % width);
  }
  std::vector<uint64_t> sample(drawn.begin(), drawn.end());
  std::sort(sample.begin(), sample.end());
  return sample;
}

}  // namespace signpost::tlog
