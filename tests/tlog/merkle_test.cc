#include "hub/tlog/merkle.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace signpost::tlog {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

Hash FromHex(const std::string& hex) { return *HashFromString(absl::HexStringToBytes(hex)); }

// A tree that keeps every node, and a second opinion computed by the recursive definition.
class Tree {
 public:
  void Append(const std::string& entry) {
    leaves_.push_back(hasher_.Leaf(entry));
    frontier_.Append(leaves_.back(), hasher_, [this](int level, uint64_t index, const Hash& hash) {
      EXPECT_TRUE(nodes_.emplace(std::make_pair(level, index), hash).second)
          << "node emitted twice";
    });
  }

  absl::StatusOr<Hash> Node(int level, uint64_t index) const {
    const auto found = nodes_.find({level, index});
    if (found == nodes_.end()) return absl::NotFoundError(absl::StrCat(level, "/", index));
    return found->second;
  }

  absl::StatusOr<std::vector<Hash>> Inclusion(uint64_t index, uint64_t size) const {
    return InclusionProof(index, size, [this](int l, uint64_t i) { return Node(l, i); });
  }
  absl::StatusOr<std::vector<Hash>> Consistency(uint64_t size_old, uint64_t size_new) const {
    return ConsistencyProof(size_old, size_new, [this](int l, uint64_t i) { return Node(l, i); });
  }
  absl::StatusOr<Hash> Root(uint64_t size) const {
    return RootAt(size, [this](int l, uint64_t i) { return Node(l, i); });
  }

  // RFC 6962, section 2.1, to the letter.
  Hash NaiveRoot(uint64_t from, uint64_t to) {
    if (from == to) return hasher_.Digest("");
    if (to - from == 1) return leaves_[from];
    uint64_t k = 1;
    while (k * 2 < to - from) k *= 2;
    return hasher_.Node(NaiveRoot(from, from + k), NaiveRoot(from + k, to));
  }
  std::vector<Hash> NaivePath(uint64_t m, uint64_t from, uint64_t to) {
    if (to - from == 1) return {};
    uint64_t k = 1;
    while (k * 2 < to - from) k *= 2;
    std::vector<Hash> path;
    if (m < k) {
      path = NaivePath(m, from, from + k);
      path.push_back(NaiveRoot(from + k, to));
    } else {
      path = NaivePath(m - k, from + k, to);
      path.push_back(NaiveRoot(from, from + k));
    }
    return path;
  }
  std::vector<Hash> NaiveSubproof(uint64_t m, uint64_t from, uint64_t to, bool whole) {
    if (m == to - from) return whole ? std::vector<Hash>{} : std::vector<Hash>{NaiveRoot(from, to)};
    uint64_t k = 1;
    while (k * 2 < to - from) k *= 2;
    std::vector<Hash> proof;
    if (m <= k) {
      proof = NaiveSubproof(m, from, from + k, whole);
      proof.push_back(NaiveRoot(from + k, to));
    } else {
      proof = NaiveSubproof(m - k, from + k, to, false);
      proof.push_back(NaiveRoot(from, from + k));
    }
    return proof;
  }

  Hasher& hasher() { return hasher_; }
  const Frontier& frontier() const { return frontier_; }
  const std::vector<Hash>& leaves() const { return leaves_; }

 private:
  Hasher hasher_;
  Frontier frontier_;
  std::vector<Hash> leaves_;
  std::map<std::pair<int, uint64_t>, Hash> nodes_;
};

// The eight entries and their roots that Certificate Transparency implementations share.
const char* const kVectorEntries[] = {"",
                                      "00",
                                      "10",
                                      "2021",
                                      "3031",
                                      "40414243",
                                      "5051525354555657",
                                      "606162636465666768696a6b6c6d6e6f"};
const char* const kVectorRoots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

class VectorTree : public ::testing::Test {
 protected:
  VectorTree() {
    for (const char* entry : kVectorEntries) tree_.Append(absl::HexStringToBytes(entry));
  }
  static std::vector<Hash> Hashes(const std::vector<std::string>& hex) {
    std::vector<Hash> hashes;
    for (const std::string& one : hex) hashes.push_back(FromHex(one));
    return hashes;
  }
  Tree tree_;
};

TEST_F(VectorTree, RootsAreThoseOfCertificateTransparency) {
  EXPECT_EQ(HashToHex(*tree_.Root(0)),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (uint64_t size = 1; size <= 8; ++size) {
    EXPECT_EQ(HashToHex(*tree_.Root(size)), kVectorRoots[size - 1]) << size;
  }
  EXPECT_EQ(HashToHex(tree_.frontier().Root(tree_.hasher())), kVectorRoots[7]);
}

TEST_F(VectorTree, InclusionProofsAreThoseOfCertificateTransparency) {
  EXPECT_THAT(*tree_.Inclusion(0, 1), IsEmpty());
  EXPECT_THAT(*tree_.Inclusion(0, 8),
              ElementsAreArray(
                  Hashes({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"})));
  EXPECT_THAT(*tree_.Inclusion(5, 8),
              ElementsAreArray(
                  Hashes({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})));
  EXPECT_THAT(*tree_.Inclusion(2, 3), ElementsAreArray(Hashes({kVectorRoots[1]})));
  EXPECT_THAT(*tree_.Inclusion(1, 5),
              ElementsAreArray(
                  Hashes({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"})));
}

TEST_F(VectorTree, ConsistencyProofsAreThoseOfCertificateTransparency) {
  EXPECT_THAT(*tree_.Consistency(1, 1), IsEmpty());
  EXPECT_THAT(*tree_.Consistency(1, 8),
              ElementsAreArray(
                  Hashes({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"})));
  EXPECT_THAT(*tree_.Consistency(6, 8),
              ElementsAreArray(
                  Hashes({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"})));
  EXPECT_THAT(*tree_.Consistency(2, 5),
              ElementsAreArray(
                  Hashes({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"})));
}

TEST(MerkleTest, EveryProofOfSmallTreesEqualsTheRecursiveDefinitionAndVerifies) {
  constexpr uint64_t kSize = 70;
  Tree tree;
  for (uint64_t i = 0; i < kSize; ++i) tree.Append(absl::StrCat("entry ", i));
  for (uint64_t size = 1; size <= kSize; ++size) {
    const Hash root = tree.NaiveRoot(0, size);
    ASSERT_EQ(*tree.Root(size), root);
    for (uint64_t index = 0; index < size; ++index) {
      const std::vector<Hash> proof = *tree.Inclusion(index, size);
      ASSERT_EQ(proof, tree.NaivePath(index, 0, size)) << index << " in " << size;
      ASSERT_TRUE(VerifyInclusion(tree.leaves()[index], index, size, proof, root).ok());
    }
    for (uint64_t old = 0; old <= size; ++old) {
      const std::vector<Hash> proof = *tree.Consistency(old, size);
      if (old > 0) {
        ASSERT_EQ(proof, tree.NaiveSubproof(old, 0, size, true)) << old << " in " << size;
      }
      ASSERT_TRUE(VerifyConsistency(old, size, proof, *tree.Root(old), root).ok())
          << old << " in " << size;
    }
  }
}

TEST(MerkleTest, NoAlteredProofVerifies) {
  constexpr uint64_t kSize = 37;
  Tree tree;
  for (uint64_t i = 0; i < kSize; ++i) tree.Append(absl::StrCat("entry ", i));
  const Hash root = *tree.Root(kSize);
  for (uint64_t index = 0; index < kSize; ++index) {
    const Hash leaf = tree.leaves()[index];
    const std::vector<Hash> proof = *tree.Inclusion(index, kSize);
    for (size_t i = 0; i < proof.size(); ++i) {
      std::vector<Hash> bad = proof;
      bad[i][7] ^= 1;
      EXPECT_FALSE(VerifyInclusion(leaf, index, kSize, bad, root).ok());
      bad = proof;
      bad.erase(bad.begin() + static_cast<ptrdiff_t>(i));
      EXPECT_FALSE(VerifyInclusion(leaf, index, kSize, bad, root).ok());
    }
    std::vector<Hash> longer = proof;
    longer.push_back(leaf);
    EXPECT_FALSE(VerifyInclusion(leaf, index, kSize, longer, root).ok());
    EXPECT_FALSE(VerifyInclusion(leaf, (index + 1) % kSize, kSize, proof, root).ok());
    EXPECT_FALSE(
        VerifyInclusion(tree.leaves()[(index + 1) % kSize], index, kSize, proof, root).ok());
  }
  for (uint64_t old = 1; old < kSize; ++old) {
    const Hash old_root = *tree.Root(old);
    const std::vector<Hash> proof = *tree.Consistency(old, kSize);
    for (size_t i = 0; i < proof.size(); ++i) {
      std::vector<Hash> bad = proof;
      bad[i][31] ^= 0x80;
      EXPECT_FALSE(VerifyConsistency(old, kSize, bad, old_root, root).ok());
    }
    std::vector<Hash> shorter(proof.begin(), proof.end() - 1);
    EXPECT_FALSE(VerifyConsistency(old, kSize, shorter, old_root, root).ok());
    EXPECT_FALSE(VerifyConsistency(old, kSize, proof, *tree.Root(old - 1), root).ok());
  }
  EXPECT_EQ(VerifyInclusion(root, 1, 1, {}, root).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(VerifyConsistency(2, 1, {}, root, root).code(), absl::StatusCode::kInvalidArgument);
}

TEST(MerkleTest, AFrontierIsRebuiltFromItsNodes) {
  Tree tree;
  for (uint64_t i = 0; i < 1000; ++i) {
    std::vector<Hash> hashes;
    for (const auto& [level, index] : FrontierNodes(i)) hashes.push_back(*tree.Node(level, index));
    absl::StatusOr<Frontier> rebuilt = Frontier::Make(i, hashes);
    ASSERT_TRUE(rebuilt.ok());
    ASSERT_EQ(rebuilt->Root(tree.hasher()), tree.frontier().Root(tree.hasher()));
    tree.Append(absl::StrCat(i));
  }
  EXPECT_FALSE(Frontier::Make(3, {Hash{}}).ok());
}

TEST(MerkleTest, AReaderThatFailsFailsTheProof) {
  const auto broken = [](int, uint64_t) -> absl::StatusOr<Hash> {
    return absl::UnavailableError("no disk");
  };
  EXPECT_EQ(InclusionProof(3, 10, broken).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ConsistencyProof(3, 10, broken).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(InclusionProof(10, 10, broken).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace signpost::tlog
