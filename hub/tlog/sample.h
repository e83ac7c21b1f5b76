// DrawSample() is a drawing of entries at random that nobody can steer and everybody can repeat.
//
// An auditor keeps 32 random bytes and has their SHA-256 announced in the ledger, with the range of
// entries and how many are to be drawn. The seed is of both sides: the root of the tree that ends
// with the announcement, which the hub made before it knew the bytes, and the bytes, which the
// auditor had named before the root was made. docs/audit-copies.md has the construction and vectors:
//
//   seed    = SHA-256("signpost ledger sample v1" 0x00 || root || nonce)
//   block i = SHA-256(seed || i as 8 bytes, big-endian), i = 0, 1, ...
//   x       = the first 8 bytes of a block, big-endian
//   n       = end - first; x is passed over where x >= 2^64 - (2^64 mod n), so that no remainder is
//             likelier than another
//   drawn   : first + (x mod n), passed over where it was drawn before, until there are `count`
//
// Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_SAMPLE_H_
#define SIGNPOST_HUB_TLOG_SAMPLE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/tlog/merkle.h"

namespace signpost::tlog {

inline constexpr size_t kSampleNonceBytes = 32;
inline constexpr int kSampleCountMax = 1000;

// What was announced: field 185 of ledger.v1.LedgerEntry.
struct SampleRange {
  uint64_t first = 0;
  uint64_t end = 0;  // behind the last
  int count = 0;
};

// The numbers drawn, ascending. Errors: INVALID_ARGUMENT unless the range has at least `count`
// entries, `count` is 1 to kSampleCountMax, and `nonce` has kSampleNonceBytes.
[[nodiscard]] absl::StatusOr<std::vector<uint64_t>> DrawSample(const Hash& root,
                                                               absl::string_view nonce,
                                                               const SampleRange& range);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_SAMPLE_H_
