// This is the Merkle tree that RFC 6962 defines: leaf = SHA-256(0x00 || entry), node = SHA-256(0x01
// || left || right). Hashing, growing a tree from its right edge, making proofs from stored nodes,
// and checking proofs.
//
// Nothing here does I/O: who holds the nodes passes a NodeReader. A Hasher and a Frontier belong to
// one thread; the free functions are thread-safe.

#ifndef SIGNPOST_HUB_TLOG_MERKLE_H_
#define SIGNPOST_HUB_TLOG_MERKLE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace signpost::tlog {

inline constexpr int kHashBytes = 32;
inline constexpr int kLevelMax = 63;  // of a node; a tree of 2^63 entries is nobody's

using Hash = std::array<uint8_t, kHashBytes>;

std::string HashToString(const Hash& hash);
// Errors: INVALID_ARGUMENT when `bytes` is not 32 bytes long.
[[nodiscard]] absl::StatusOr<Hash> HashFromString(absl::string_view bytes);
std::string HashToHex(const Hash& hash);

// Hasher is the tree's SHA-256. It holds nothing, and is handed about so that every place that hashes
// is one that was given the means.
class Hasher {
 public:
  Hash Leaf(absl::string_view entry) const;
  Hash Node(const Hash& left, const Hash& right) const;
  // Plain SHA-256: the root of the empty tree is Digest("").
  Hash Digest(absl::string_view bytes) const;
};

// A complete subtree: node (level, index) covers the entries [index << level, (index + 1) <<
// level). A reader returns its hash, or an error of its own; it is asked only for nodes that a tree
// of the size in question holds.
using NodeReader = absl::FunctionRef<absl::StatusOr<Hash>(int level, uint64_t index)>;

// The right edge of a tree: the complete subtrees that cover it, largest first. All that is needed
// to append and to know the root, in O(log size) bytes. Copyable: try on a copy, keep what
// committed.
class Frontier {
 public:
  Frontier() = default;

  uint64_t size() const { return size_; }
  const std::vector<Hash>& hashes() const { return hashes_; }

  // Adds a leaf. `on_node` hears of every node this completes, the leaf (level 0) first.
  void Append(const Hash& leaf, Hasher& hasher,
              absl::FunctionRef<void(int level, uint64_t index, const Hash& hash)> on_node);

  // The RFC 6962 tree hash at size().
  Hash Root(Hasher& hasher) const;

  // Errors: INVALID_ARGUMENT when the number of hashes is not that of a tree of `size`.
  [[nodiscard]] static absl::StatusOr<Frontier> Make(uint64_t size, std::vector<Hash> hashes);

 private:
  uint64_t size_ = 0;
  std::vector<Hash> hashes_;
};

// The nodes of the frontier of a tree of `size`, largest first, as (level, index).
std::vector<std::pair<int, uint64_t>> FrontierNodes(uint64_t size);

// The tree hash at `size`, from at most 64 nodes.
[[nodiscard]] absl::StatusOr<Hash> RootAt(uint64_t size, NodeReader read);

// The audit path of entry `index` in the tree of `size`, leaf's sibling first.
// Errors: INVALID_ARGUMENT when index >= size; those of `read`.
[[nodiscard]] absl::StatusOr<std::vector<Hash>> InclusionProof(uint64_t index, uint64_t size,
                                                               NodeReader read);

// That the tree of `size_old` is a prefix of the tree of `size_new`. Empty when the sizes are equal
// or `size_old` is 0. Errors: INVALID_ARGUMENT when size_old > size_new; those of `read`.
[[nodiscard]] absl::StatusOr<std::vector<Hash>> ConsistencyProof(uint64_t size_old,
                                                                 uint64_t size_new,
                                                                 NodeReader read);

// OK when `proof` shows `leaf` at `index` under `root` of a tree of `size`.
// Errors: INVALID_ARGUMENT when index >= size; DATA_LOSS when the proof does not show it.
[[nodiscard]] absl::Status VerifyInclusion(const Hash& leaf, uint64_t index, uint64_t size,
                                           absl::Span<const Hash> proof, const Hash& root);

// OK when `proof` shows that the tree of `size_new` and `root_new` extends that of `size_old` and
// `root_old`. Errors: INVALID_ARGUMENT when size_old > size_new; DATA_LOSS otherwise.
[[nodiscard]] absl::Status VerifyConsistency(uint64_t size_old, uint64_t size_new,
                                             absl::Span<const Hash> proof, const Hash& root_old,
                                             const Hash& root_new);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_MERKLE_H_
