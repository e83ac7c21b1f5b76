#include "hub/tlog/checkpoint.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace signpost::tlog {
namespace {

const char kExample[] =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

TEST(CheckpointTest, TheExampleOfTheSpecificationReadsAndWritesBack) {
  const Checkpoint checkpoint = *ParseCheckpoint(kExample);
  EXPECT_EQ(checkpoint.origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint.size, 20852163u);
  EXPECT_EQ(absl::Base64Escape(HashToString(checkpoint.root)),
            "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
  EXPECT_TRUE(checkpoint.extensions.empty());
  EXPECT_EQ(FormatCheckpoint(checkpoint), kExample);
}

TEST(CheckpointTest, ExtensionsAreKept) {
  const std::string text = absl::StrCat(kExample, "one\ntwo\n");
  EXPECT_EQ(FormatCheckpoint(*ParseCheckpoint(text)), text);
}

TEST(CheckpointTest, WhatIsNotACheckpointIsRefused) {
  const std::string hash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
  for (const std::string& bad : {
           std::string(), std::string("origin\n"), std::string("origin\n1\n"),
           "\n1\n" + hash + "\n",                           // no origin
           "origin\n01\n" + hash + "\n",                    // leading zero
           "origin\n-1\n" + hash + "\n",                    //
           "origin\n+1\n" + hash + "\n",                    //
           "origin\n1 \n" + hash + "\n",                    //
           "origin\n18446744073709551616\n" + hash + "\n",  // 2^64
           "origin\n1\n" + hash,                            // no last newline
           "origin\n1\n" + hash.substr(4) + "\n",           // 29 bytes
           "origin\n1\n" + hash.substr(0, 43) + "\n",       // no padding
           "origin\n1\n" + hash + "\n\n",                   // empty extension
       }) {
    EXPECT_FALSE(ParseCheckpoint(bad).ok()) << bad;
  }
  EXPECT_TRUE(ParseCheckpoint("origin\n18446744073709551615\n" + hash + "\n").ok());
  EXPECT_TRUE(ParseCheckpoint("origin\n0\n" + hash + "\n").ok());
}

class ProofTest : public ::testing::Test {
 protected:
  // A log of three entries, signed.
  ProofTest() {
    pair_ = *GenerateNoteKey("nortown.example/ledger");
    Hasher hasher;
    const Hash a = hasher.Leaf("a"), b = hasher.Leaf("b"), c = hasher.Leaf("c");
    const Checkpoint checkpoint{"nortown.example/ledger", 3, hasher.Node(hasher.Node(a, b), c), {}};
    proof_.index = 1;
    proof_.path = {a, c};
    proof_.checkpoint = *SignNote(FormatCheckpoint(checkpoint), **NewNoteSigner(pair_.signer_key));
  }
  NoteVerifier verifier() const { return *NoteVerifier::Parse(pair_.verifier_key); }

  NoteKeyPair pair_;
  Proof proof_;
};

TEST_F(ProofTest, HasTheLinesOfTheSpecification) {
  const std::string text = FormatProof(proof_);
  EXPECT_EQ(text.substr(0, 31), "c2sp.org/tlog-proof@v1\nindex 1\n");
  EXPECT_NE(text.find("\n\nnortown.example/ledger\n3\n"), std::string::npos);
  proof_.extra = std::string("\x00\x01", 2);
  EXPECT_EQ(FormatProof(proof_).substr(0, 42), "c2sp.org/tlog-proof@v1\nextra AAE=\nindex 1\n");
}

TEST_F(ProofTest, ReadsBackWithAndWithoutExtra) {
  for (int with_extra = 0; with_extra < 2; ++with_extra) {
    if (with_extra == 1) proof_.extra = "more";
    const Proof read = *ParseProof(FormatProof(proof_));
    EXPECT_EQ(read.extra, proof_.extra);
    EXPECT_EQ(read.index, proof_.index);
    EXPECT_EQ(read.path, proof_.path);
    EXPECT_EQ(read.checkpoint, proof_.checkpoint);
  }
}

TEST_F(ProofTest, ShowsItsEntryAndNoOther) {
  EXPECT_EQ(VerifyProof(proof_, "b", {verifier()})->size, 3u);
  EXPECT_EQ(VerifyProof(proof_, "a", {verifier()}).status().code(), absl::StatusCode::kDataLoss);
  proof_.index = 0;
  EXPECT_EQ(VerifyProof(proof_, "b", {verifier()}).status().code(), absl::StatusCode::kDataLoss);
  proof_.index = 3;
  EXPECT_EQ(VerifyProof(proof_, "b", {verifier()}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ProofTest, OfAnotherKeyIsRefused) {
  const NoteVerifier other =
      *NoteVerifier::Parse(GenerateNoteKey("nortown.example/ledger")->verifier_key);
  EXPECT_EQ(VerifyProof(proof_, "b", {other}).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ProofTest, NoAlteredByteVerifies) {
  const std::string text = FormatProof(proof_);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    const absl::StatusOr<Proof> parsed = ParseProof(bad);
    EXPECT_FALSE(parsed.ok() && VerifyProof(*parsed, "b", {verifier()}).ok()) << "byte " << i;
  }
}

TEST_F(ProofTest, WhatIsNotAProofIsRefused) {
  const std::string good = FormatProof(proof_);
  EXPECT_FALSE(ParseProof("").ok());
  EXPECT_FALSE(ParseProof("c2sp.org/tlog-proof@v2\n" + good.substr(23)).ok());
  EXPECT_FALSE(ParseProof(good.substr(0, good.find("\n\n") + 2)).ok());
  std::string long_proof = "c2sp.org/tlog-proof@v1\nindex 1\n";
  for (int i = 0; i < 65; ++i) absl::StrAppend(&long_proof, std::string(43, 'A'), "=\n");
  EXPECT_FALSE(ParseProof(long_proof + good.substr(good.find("\n\n") + 1)).ok());
}

}  // namespace
}  // namespace signpost::tlog
