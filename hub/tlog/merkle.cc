// For SHA256_Init() and the two others: see Sha256().
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hub/tlog/merkle.h"

#include <openssl/sha.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace signpost::tlog {
namespace {

constexpr uint8_t kLeafPrefix = 0x00;
constexpr uint8_t kNodePrefix = 0x01;

// The largest power of two below `n`. REQUIRES: n > 1.
uint64_t SplitPoint(uint64_t n) { return std::bit_floor(n - 1); }

// The tree hash of entries [from, to), where `from` is a multiple of a power of two that is at
// least to - from: how every range of an RFC 6962 proof lies.
absl::StatusOr<Hash> RangeHash(uint64_t from, uint64_t to, NodeReader read, Hasher& hasher) {
  std::vector<Hash> parts;
  while (from < to) {
    const uint64_t width = std::bit_floor(to - from);
    const int level = std::countr_zero(width);
    absl::StatusOr<Hash> node = read(level, from >> level);
    if (!node.ok()) return node.status();
    parts.push_back(*node);
    from += width;
  }
  Hash hash = parts.back();
  for (size_t i = parts.size() - 1; i-- > 0;) hash = hasher.Node(parts[i], hash);
  return hash;
}

// Not through EVP, whose contexts allocate whenever they are begun again and cost more than a node.
Hash Sha256(absl::string_view first, absl::string_view second) {
  SHA256_CTX context;
  Hash hash;
  // Without SHA-256 there is no ledger at all; only a broken OpenSSL gets here.
  if (SHA256_Init(&context) != 1 || SHA256_Update(&context, first.data(), first.size()) != 1 ||
      SHA256_Update(&context, second.data(), second.size()) != 1 ||
      SHA256_Final(hash.data(), &context) != 1) {
    std::abort();
  }
  return hash;
}

absl::Status DoesNotHold(const char* what) {
  return absl::DataLossError(absl::StrCat("the ", what, " does not hold"));
}

}  // namespace

std::string HashToString(const Hash& hash) {
  return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
}

absl::StatusOr<Hash> HashFromString(absl::string_view bytes) {
  if (bytes.size() != kHashBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a SHA-256 hash has 32 bytes, this has ", bytes.size()));
  }
  Hash hash;
  std::memcpy(hash.data(), bytes.data(), hash.size());
  return hash;
}

std::string HashToHex(const Hash& hash) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

Hash Hasher::Leaf(absl::string_view entry) const {
  return Sha256({reinterpret_cast<const char*>(&kLeafPrefix), 1}, entry);
}

Hash Hasher::Node(const Hash& left, const Hash& right) const {
  uint8_t bytes[1 + 2 * kHashBytes];
  bytes[0] = kNodePrefix;
  std::memcpy(bytes + 1, left.data(), kHashBytes);
  std::memcpy(bytes + 1 + kHashBytes, right.data(), kHashBytes);
  return Sha256({}, {reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

Hash Hasher::Digest(absl::string_view bytes) const { return Sha256({}, bytes); }

void Frontier::Append(
    const Hash& leaf, Hasher& hasher,
    absl::FunctionRef<void(int level, uint64_t index, const Hash& hash)> on_node) {
  Hash hash = leaf;
  uint64_t index = size_;
  int level = 0;
  on_node(level, index, hash);
  // Each trailing one bit of the old size is a complete left sibling waiting for this subtree.
  for (; (index & 1) == 1; index >>= 1) {
    hash = hasher.Node(hashes_.back(), hash);
    hashes_.pop_back();
    ++level;
    on_node(level, index >> 1, hash);
  }
  hashes_.push_back(hash);
  ++size_;
}

Hash Frontier::Root(Hasher& hasher) const {
  if (hashes_.empty()) return hasher.Digest("");
  Hash hash = hashes_.back();
  for (size_t i = hashes_.size() - 1; i-- > 0;) hash = hasher.Node(hashes_[i], hash);
  return hash;
}

absl::StatusOr<Frontier> Frontier::Make(uint64_t size, std::vector<Hash> hashes) {
  if (hashes.size() != static_cast<size_t>(std::popcount(size))) {
    return absl::InvalidArgumentError(absl::StrCat("the right edge of a tree of ", size, " has ",
                                                   std::popcount(size), " hashes, not ",
                                                   hashes.size()));
  }
  Frontier frontier;
  frontier.size_ = size;
  frontier.hashes_ = std::move(hashes);
  return frontier;
}

std::vector<std::pair<int, uint64_t>> FrontierNodes(uint64_t size) {
  std::vector<std::pair<int, uint64_t>> nodes;
  for (int level = kLevelMax; level >= 0; --level) {
    if (((size >> level) & 1) == 1) nodes.emplace_back(level, (size >> level) - 1);
  }
  return nodes;
}

absl::StatusOr<Hash> RootAt(uint64_t size, NodeReader read) {
  Hasher hasher;
  if (size == 0) return hasher.Digest("");
  return RangeHash(0, size, read, hasher);
}

absl::StatusOr<std::vector<Hash>> InclusionProof(uint64_t index, uint64_t size, NodeReader read) {
  if (index >= size) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tree of ", size, " entries has no entry ", index));
  }
  // Down from the root: at each step the half that does not hold the entry goes into the proof.
  Hasher hasher;
  std::vector<Hash> proof;
  uint64_t from = 0, to = size;
  while (to - from > 1) {
    const uint64_t middle = from + SplitPoint(to - from);
    const bool left = index < middle;
    absl::StatusOr<Hash> sibling =
        left ? RangeHash(middle, to, read, hasher) : RangeHash(from, middle, read, hasher);
    if (!sibling.ok()) return sibling.status();
    proof.push_back(*sibling);
    (left ? to : from) = middle;
  }
  return std::vector<Hash>(proof.rbegin(), proof.rend());
}

absl::StatusOr<std::vector<Hash>> ConsistencyProof(uint64_t size_old, uint64_t size_new,
                                                   NodeReader read) {
  if (size_old > size_new) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tree of ", size_old, " is not a prefix of one of ", size_new));
  }
  std::vector<Hash> proof;
  if (size_old == 0 || size_old == size_new) return proof;
  Hasher hasher;
  uint64_t from = 0, to = size_new;
  // While the old tree ends inside [from, to). It stays a whole prefix for as long as only right
  // halves have been cut off; then its own root is known and not sent.
  bool old_root_known = true;
  while (to != size_old) {
    const uint64_t middle = from + SplitPoint(to - from);
    const bool left = size_old <= middle;
    absl::StatusOr<Hash> sibling =
        left ? RangeHash(middle, to, read, hasher) : RangeHash(from, middle, read, hasher);
    if (!sibling.ok()) return sibling.status();
    proof.push_back(*sibling);
    if (left) {
      to = middle;
    } else {
      from = middle;
      old_root_known = false;
    }
  }
  if (!old_root_known) {
    absl::StatusOr<Hash> rest = RangeHash(from, to, read, hasher);
    if (!rest.ok()) return rest.status();
    proof.push_back(*rest);
  }
  return std::vector<Hash>(proof.rbegin(), proof.rend());
}

// RFC 9162, section 2.1.3.2.
absl::Status VerifyInclusion(const Hash& leaf, uint64_t index, uint64_t size,
                             absl::Span<const Hash> proof, const Hash& root) {
  if (index >= size) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tree of ", size, " entries has no entry ", index));
  }
  Hasher hasher;
  uint64_t node = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return DoesNotHold("inclusion proof");
    if ((node & 1) == 1 || node == last) {
      hash = hasher.Node(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = hasher.Node(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0 || hash != root) return DoesNotHold("inclusion proof");
  return absl::OkStatus();
}

// RFC 9162, section 2.1.4.2.
absl::Status VerifyConsistency(uint64_t size_old, uint64_t size_new, absl::Span<const Hash> proof,
                               const Hash& root_old, const Hash& root_new) {
  if (size_old > size_new) {
    return absl::InvalidArgumentError(
        absl::StrCat("a tree of ", size_old, " is not a prefix of one of ", size_new));
  }
  Hasher hasher;
  if (size_old == size_new) {
    const bool holds = proof.empty() && root_old == root_new;
    return holds ? absl::OkStatus() : DoesNotHold("consistency proof");
  }
  if (size_old == 0) {
    const bool holds = proof.empty() && root_old == hasher.Digest("");
    return holds ? absl::OkStatus() : DoesNotHold("consistency proof");
  }
  if (proof.empty()) return DoesNotHold("consistency proof");

  uint64_t node = size_old - 1, last = size_new - 1;
  while ((node & 1) == 1) {
    node >>= 1;
    last >>= 1;
  }
  // A whole old tree starts from its own root; otherwise the proof brings the start.
  const bool old_is_whole = std::has_single_bit(size_old);
  size_t next = old_is_whole ? 0 : 1;
  Hash old_hash = old_is_whole ? root_old : proof[0];
  Hash new_hash = old_hash;
  for (; next < proof.size(); ++next) {
    if (last == 0) return DoesNotHold("consistency proof");
    if ((node & 1) == 1 || node == last) {
      old_hash = hasher.Node(proof[next], old_hash);
      new_hash = hasher.Node(proof[next], new_hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = hasher.Node(new_hash, proof[next]);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0 || old_hash != root_old || new_hash != root_new) {
    return DoesNotHold("consistency proof");
  }
  return absl::OkStatus();
}

}  // namespace signpost::tlog
