// A witness against logs that grow, lie, go back and fork.

#include "hub/witness/witness.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/witness/config.h"
#include "hub/witness/request.h"
#include "tests/base/scratch_folder.h"
#include "tests/witness/witness_testing.h"

namespace signpost::witness {
namespace {

namespace fs = std::filesystem;
using testing::TestLog;

class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() {
    sink_ = std::fopen((directory_ / "log").c_str(), "w");
    json_log_ = std::make_unique<base::JsonLog>(sink_, &clock_);
    log_.Grow(300);
    witness_ = *Open();
  }
  ~WitnessTest() override {
    witness_.reset();
    std::fclose(sink_);
  }

  absl::StatusOr<std::unique_ptr<Witness>> Open() {
    return Witness::Open(State(), {{log_.origin(), {log_.verifier()}}}, &cosigner_, &clock_,
                         json_log_.get());
  }
  void Restart() {
    witness_.reset();
    absl::StatusOr<std::unique_ptr<Witness>> again = Open();
    ASSERT_TRUE(again.ok()) << again.status();
    witness_ = *std::move(again);
  }
  std::string State() const { return directory_ / "state"; }
  std::string StateFile() const {
    tlog::Hasher hasher;
    return absl::StrCat(State(), "/", tlog::HashToHex(hasher.Digest(log_.origin())));
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  static void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  // Whether `answer` is a true cosignature of the log's checkpoint of `size`.
  bool Cosigned(const Answer& answer, const TestLog& log, uint64_t size) {
    if (answer.status != 200) return false;
    return tlog::AddCosignature(log.Note(size), answer.body,
                                *tlog::NoteVerifier::ParseCosigner(keys_.verifier_key))
        .ok();
  }

  const base::ScratchFolder directory_;
  std::FILE* sink_;
  base::ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::unique_ptr<base::JsonLog> json_log_;
  const tlog::NoteKeyPair keys_ = *tlog::GenerateCosignerKey("partner.example/witness");
  const tlog::Cosigner cosigner_ = *tlog::Cosigner::Parse(keys_.signer_key);
  TestLog log_;
  std::unique_ptr<Witness> witness_;
};

TEST_F(WitnessTest, CosignsALogThatGrows) {
  uint64_t from = 0;
  for (const uint64_t to : {1, 2, 7, 8, 255, 256, 300}) {
    const Answer answer = witness_->AddCheckpoint(log_.Request(from, to));
    EXPECT_TRUE(Cosigned(answer, log_, to)) << to << ": " << answer.status << answer.body;
    from = to;
  }
}

TEST_F(WitnessTest, TheSameCheckpointIsCosignedAgainWithTheTimeOfNow) {
  const Answer first = witness_->AddCheckpoint(log_.Request(0, 100));
  clock_.Advance(absl::Minutes(5));
  const Answer again = witness_->AddCheckpoint(log_.Request(100, 100));
  EXPECT_TRUE(Cosigned(again, log_, 100));
  EXPECT_NE(first.body, again.body);
}

TEST_F(WitnessTest, AnOldSizeThatIsNotItsOwnIsToldWhatIs) {
  Answer answer = witness_->AddCheckpoint(log_.Request(5, 10));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.content_type, "text/x.tlog.size");
  EXPECT_EQ(answer.body, "0\n");
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 100)).status, 200);
  answer = witness_->AddCheckpoint(log_.Request(0, 200));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.body, "100\n");
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(log_.Request(100, 200)), log_, 200));
}

TEST_F(WitnessTest, ALogThatWentBackIsRefused) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 200)).status, 200);
  for (const uint64_t from : {0, 50, 100}) {
    const Answer answer = witness_->AddCheckpoint(log_.Request(from, 100));
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.body, "200\n");
  }
  // Saying that it is at 200 does not help a checkpoint of 100.
  const std::string lie = FormatAddCheckpoint({200, {}, log_.Note(100)});
  EXPECT_EQ(witness_->AddCheckpoint(lie).status, 400);
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(log_.Request(200, 300)), log_, 300));
}

TEST_F(WitnessTest, AForkUnderTheRightKeyIsRefused) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 200)).status, 200);
  TestLog fork = TestLog::Fork(log_, 150);
  fork.Grow(300, "another history");
  // The same size with another root: two signed notes that no honest log makes. They are kept.
  const Answer same = witness_->AddCheckpoint(FormatAddCheckpoint({200, {}, fork.Note(200)}));
  EXPECT_EQ(same.status, 409);
  const std::string evidence = Read(StateFile() + ".conflict");
  EXPECT_NE(evidence.find(fork.Note(200)), std::string::npos);
  EXPECT_NE(evidence.find(tlog::FormatCheckpoint(log_.CheckpointAt(200))), std::string::npos);
  // Longer, with its own proof and with the true log's.
  EXPECT_EQ(witness_->AddCheckpoint(fork.Request(200, 300)).status, 422);
  EXPECT_EQ(
      witness_->AddCheckpoint(FormatAddCheckpoint({200, log_.Proof(200, 300), fork.Note(300)}))
          .status,
      422);
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(log_.Request(200, 300)), log_, 300));
}

TEST_F(WitnessTest, ProofsThatAreShortLongOrWrongAreRefused) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 100)).status, 200);
  const std::vector<tlog::Hash> proof = log_.Proof(100, 300);
  ASSERT_GT(proof.size(), 2u);
  for (size_t n = 0; n < proof.size(); ++n) {
    const std::vector<tlog::Hash> cut(proof.begin(), proof.begin() + static_cast<ptrdiff_t>(n));
    EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({100, cut, log_.Note(300)})).status, 422);
    std::vector<tlog::Hash> bad = proof;
    bad[n][0] ^= 1;
    EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({100, bad, log_.Note(300)})).status, 422);
  }
  std::vector<tlog::Hash> longer = proof;
  longer.push_back(proof[0]);
  EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({100, longer, log_.Note(300)})).status,
            422);
  // Where no proof belongs.
  EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({100, proof, log_.Note(100)})).status, 422);
}

TEST_F(WitnessTest, AProofWhereNothingWasCosignedYetIsRefused) {
  EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({0, log_.Proof(100, 300), log_.Note(300)}))
                .status,
            422);
}

TEST_F(WitnessTest, AnotherKeyUnderTheLogsNameIsRefused) {
  TestLog impostor(log_.origin());
  impostor.Grow(10);
  EXPECT_EQ(witness_->AddCheckpoint(impostor.Request(0, 10)).status, 403);
  // A true signature beside it, of something else, does not help.
  const std::string other = log_.Note(11);
  const std::string both = impostor.Note(10) + other.substr(other.rfind("\n\n") + 2);
  EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({0, {}, both})).status, 403);
}

TEST_F(WitnessTest, ALogThatNobodyNamedIsNotFound) {
  TestLog stranger("stranger.example/ledger");
  stranger.Grow(10);
  EXPECT_EQ(witness_->AddCheckpoint(stranger.Request(0, 10)).status, 404);
}

TEST_F(WitnessTest, WhatIsNoCheckpointIsABadRequest) {
  EXPECT_EQ(witness_->AddCheckpoint("").status, 400);
  EXPECT_EQ(witness_->AddCheckpoint("old 0\n\nno note\n").status, 400);
  const std::string no_checkpoint =
      *tlog::SignNote("hello\n", **tlog::NewNoteSigner(log_.keys().signer_key));
  EXPECT_EQ(witness_->AddCheckpoint("old 0\n\n" + no_checkpoint).status, 400);
  EXPECT_EQ(witness_->AddCheckpoint(FormatAddCheckpoint({11, {}, log_.Note(10)})).status, 400);
}

TEST_F(WitnessTest, ARefusedRequestLeavesNothingBehind) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 100)).status, 200);
  const std::string before = Read(StateFile());
  TestLog fork = TestLog::Fork(log_, 50);
  fork.Grow(300, "another history");
  EXPECT_NE(witness_->AddCheckpoint(fork.Request(100, 300)).status, 200);
  EXPECT_NE(witness_->AddCheckpoint(log_.Request(50, 60)).status, 200);
  EXPECT_EQ(Read(StateFile()), before);
  EXPECT_EQ(witness_->AddCheckpoint(log_.Request(0, 5)).body, "100\n");
}

TEST_F(WitnessTest, RemembersAcrossARestart) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 200)).status, 200);
  Restart();
  EXPECT_EQ(witness_->AddCheckpoint(log_.Request(0, 100)).body, "200\n");
  TestLog fork = TestLog::Fork(log_, 150);
  fork.Grow(300, "another history");
  EXPECT_EQ(witness_->AddCheckpoint(fork.Request(200, 300)).status, 422);
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(log_.Request(200, 300)), log_, 300));
}

TEST_F(WitnessTest, AnEmptyLogIsCosignedAndRemembered) {
  const TestLog empty = TestLog::Fork(log_, 0);
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(empty.Request(0, 0)), empty, 0));
  EXPECT_TRUE(fs::exists(StateFile()));
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(log_.Request(0, 9)), log_, 9));
}

TEST_F(WitnessTest, IsOnTheDiskBeforeItIsAnswered) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 100)).status, 200);
  EXPECT_NE(Read(StateFile()).find(tlog::FormatCheckpoint(log_.CheckpointAt(100))),
            std::string::npos);
  // A disk that refuses: no cosignature leaves, and what was said before still counts.
  fs::create_directory(StateFile() + ".new");
  const Answer refused = witness_->AddCheckpoint(log_.Request(100, 200));
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.body.find("partner.example"), std::string::npos);
  fs::remove(StateFile() + ".new");
  EXPECT_TRUE(Cosigned(witness_->AddCheckpoint(log_.Request(100, 300)), log_, 300));
}

TEST_F(WitnessTest, ATornOrForeignStateFileKeepsItFromStarting) {
  ASSERT_EQ(witness_->AddCheckpoint(log_.Request(0, 100)).status, 200);
  witness_.reset();
  const std::string good = Read(StateFile());
  for (size_t cut = 0; cut < good.size(); ++cut) {
    Write(StateFile(), good.substr(0, cut));
    EXPECT_EQ(base::ReasonOf(Open().status()), base::Reason::kDataLoss) << "cut at " << cut;
  }
  // What the log alone signed is not what the witness said.
  Write(StateFile(), log_.Note(300));
  EXPECT_EQ(base::ReasonOf(Open().status()), base::Reason::kDataLoss);
  // A true cosignature, of another log.
  TestLog other("other.example/ledger");
  other.Grow(5);
  Write(StateFile(),
        other.Note(5) + *cosigner_.Cosign(tlog::FormatCheckpoint(other.CheckpointAt(5)), 1));
  EXPECT_EQ(base::ReasonOf(Open().status()), base::Reason::kDataLoss);
  Write(StateFile(), good);
  EXPECT_TRUE(Open().ok());
}

TEST_F(WitnessTest, TwoAtOnceOnOneDirectoryAreRefused) {
  EXPECT_EQ(base::ReasonOf(Open().status()), base::Reason::kStoreUnavailable);
}

TEST_F(WitnessTest, OfManyAtOnceOneHistoryIsCosigned) {
  TestLog fork = TestLog::Fork(log_, 0);
  fork.Grow(300, "another history");
  for (int round = 0; round < 20; ++round) {
    witness_.reset();
    fs::remove_all(State());
    Restart();
    std::atomic<int> ours = 0, theirs = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      const TestLog& log = i % 2 == 0 ? log_ : fork;
      std::atomic<int>& count = i % 2 == 0 ? ours : theirs;
      threads.emplace_back([this, &log, &count] {
        if (Cosigned(witness_->AddCheckpoint(log.Request(0, 300)), log, 300)) ++count;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(ours + theirs, 1);
  }
}

// --- Its configuration ---

TEST(WitnessConfigTest, IsReadAndWhatIsWrongIsSaid) {
  const std::string key = tlog::GenerateNoteKey("log.example/ledger")->verifier_key;
  const auto good =
      ParseWitnessConfig(absl::StrCat(R"({"listen": "127.0.0.1:0", "key": "k", "state": "s",
                       "logs": [{"verifier_key": ")",
                                      key, R"("}]})"),
                         "witness.json", "/etc/witness");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->key_file, "/etc/witness/k");
  EXPECT_EQ(good->logs.at(0).origin, "log.example/ledger");
  for (const std::string& logs :
       {std::string("[]"), std::string(R"([{"verifier_key": "nonsense"}])"),
        absl::StrCat("[{\"verifier_key\": \"", tlog::GenerateCosignerKey("w.example")->verifier_key,
                     "\"}]"),
        absl::StrCat("[{\"verifier_key\": \"", key, "\"}, {\"verifier_key\": \"", key, "\"}]")}) {
    const absl::Status wrong =
        ParseWitnessConfig(
            absl::StrCat(R"({"listen": "a:1", "key": "k", "state": "s", "logs": )", logs, "}"),
            "witness.json", "/")
            .status();
    EXPECT_EQ(base::ReasonOf(wrong), base::Reason::kInvalidField) << logs;
  }
}

}  // namespace
}  // namespace signpost::witness
