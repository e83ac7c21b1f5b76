// A kept receipt proves what it says without a hub, and nothing that was changed.

#include "adapters/cli/files/receipt_file.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/crypto.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kOrigin[] = "test.example/ledger";
constexpr int kEntries = 5;
constexpr int kIndex = 3;

// A ledger of five entries, the fourth of which records the answer.
class Receipts : public ::testing::Test {
 protected:
  void SetUp() override {
    key_ = *tlog::GenerateNoteKey(kOrigin);
    verifier_.emplace(*tlog::NoteVerifier::Parse(key_.verifier_key));
    const auto signer = tlog::NewNoteSigner(key_.signer_key);
    tlog::Hasher hasher;
    tlog::Frontier frontier;
    std::map<std::pair<int, uint64_t>, tlog::Hash> nodes;
    for (int i = 0; i < kEntries; ++i) {
      ledger::v1::LedgerEntry entry;
      entry.set_index(static_cast<uint64_t>(i));
      entry.set_sequenced_at_us(1'795'312'028'123'456);
      entry.set_reply_hash(base::Sha256(i == kIndex ? "the answer" : "another"));
      const std::string bytes = entry.SerializeAsString();
      if (i == kIndex) entry_ = bytes;
      frontier.Append(hasher.Leaf(bytes), hasher,
                      [&](int level, uint64_t index, const tlog::Hash& hash) {
                        nodes[{level, index}] = hash;
                      });
    }
    tlog::Checkpoint checkpoint;
    checkpoint.origin = kOrigin;
    checkpoint.size = kEntries;
    checkpoint.root = frontier.Root(hasher);
    tlog::Proof proof;
    proof.index = kIndex;
    proof.path = *tlog::InclusionProof(kIndex, kEntries, [&](int level, uint64_t index) {
      return absl::StatusOr<tlog::Hash>(nodes.at({level, index}));
    });
    proof.checkpoint = *tlog::SignNote(tlog::FormatCheckpoint(checkpoint), **signer);
    file_.receipt.set_ledger_index(kIndex);
    file_.receipt.set_origin(kOrigin);
    file_.receipt.set_leaf_hash(tlog::HashToString(hasher.Leaf(entry_)));
    file_.receipt.mutable_sequenced_at()->set_seconds(1'795'312'028);
    file_.answer = "the answer";
    file_.proof = tlog::FormatProof(proof);
  }

  absl::StatusOr<std::string> Verify(const std::optional<std::string>& entry = std::nullopt) {
    return VerifyReceipt(file_, *verifier_, entry);
  }

  tlog::NoteKeyPair key_;
  std::optional<tlog::NoteVerifier> verifier_;
  std::string entry_;
  ReceiptFile file_;
};

TEST_F(Receipts, ComeBackFromTheirFile) {
  const auto read = ParseReceiptFile(FormatReceiptFile(file_), "r.json");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->receipt.SerializeAsString(), file_.receipt.SerializeAsString());
  EXPECT_EQ(read->answer, file_.answer);
  EXPECT_EQ(read->proof, file_.proof);
}

TEST_F(Receipts, AFileThatIsNoneIsRefused) {
  EXPECT_FALSE(ParseReceiptFile("{}", "r.json").ok());
  EXPECT_FALSE(ParseReceiptFile("not json", "r.json").ok());
  std::string text = FormatReceiptFile(file_);
  text.replace(text.find("receipt-v1"), 10, "receipt-v2");
  EXPECT_FALSE(ParseReceiptFile(text, "r.json").ok());
}

TEST_F(Receipts, ProveThemselvesAndWithTheEntryTheirAnswer) {
  const auto alone = Verify();
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_THAT(*alone, HasSubstr("Entry 3 is in the ledger"));
  EXPECT_EQ(alone->find("byte for byte"), std::string::npos);
  EXPECT_THAT(*alone, HasSubstr("time and the answer in the file were not compared"));
  const auto whole = Verify(entry_);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_THAT(*whole, HasSubstr("byte for byte"));
}

TEST_F(Receipts, AnythingChangedIsFound) {
  const ReceiptFile good = file_;
  file_.receipt.mutable_leaf_hash()->at(7) ^= 1;
  EXPECT_EQ(Verify().status().code(), absl::StatusCode::kDataLoss);

  file_ = good;
  file_.receipt.set_ledger_index(2);
  EXPECT_EQ(Verify().status().code(), absl::StatusCode::kDataLoss);

  file_ = good;
  file_.receipt.set_origin("another.example/ledger");
  EXPECT_EQ(Verify().status().code(), absl::StatusCode::kDataLoss);

  file_ = good;
  file_.answer = "a kinder answer";
  EXPECT_TRUE(Verify().ok());  // the leaf says nothing of the answer to who lacks the entry
  EXPECT_EQ(Verify(entry_).status().code(), absl::StatusCode::kDataLoss);

  file_ = good;
  file_.receipt.mutable_sequenced_at()->set_seconds(1'577'836'800);
  EXPECT_THAT(*Verify(), HasSubstr("not compared"));
  EXPECT_EQ(Verify(entry_).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Verify("").status().code(), absl::StatusCode::kDataLoss) << "an empty file is none";

  file_ = good;
  EXPECT_EQ(Verify("other bytes").status().code(), absl::StatusCode::kDataLoss);

  file_.proof.clear();
  EXPECT_THAT(std::string(Verify().status().message()), HasSubstr("audit proof"));
}

TEST_F(Receipts, AnotherKeysCheckpointProvesNothing) {
  const auto other = tlog::GenerateNoteKey(kOrigin);
  verifier_.emplace(*tlog::NoteVerifier::Parse(other->verifier_key));
  EXPECT_FALSE(Verify().ok());
}

}  // namespace
}  // namespace signpost::adapters::cli
