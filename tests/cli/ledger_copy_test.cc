// A copy written here is one that the offline verifier accepts, at every size where tiles begin or
// end, and a copy with anything wrong is not.

#include "adapters/cli/ledger/ledger_copy.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/note.h"
#include "hub/tlog/verifier.h"
#include "tests/base/scratch_folder.h"

namespace signpost::adapters::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kOrigin[] = "test.example/ledger";

struct Log {
  std::vector<std::string> entries;
  std::string checkpoint;
  tlog::NoteKeyPair key;
};

Log MakeLog(uint64_t size) {
  Log log;
  log.key = *tlog::GenerateNoteKey(kOrigin);
  const auto signer = tlog::NewNoteSigner(log.key.signer_key);
  tlog::Hasher hasher;
  tlog::Frontier frontier;
  for (uint64_t i = 0; i < size; ++i) {
    std::string entry("\x30\x13\xBA\x07\x00", 5);  // kind 19, and its detail without a field
    tlog::AppendEntrySuffix(i, static_cast<int64_t>(1'000'000 + i), i + 1, entry);
    frontier.Append(hasher.Leaf(entry), hasher, [](int, uint64_t, const tlog::Hash&) {});
    log.entries.push_back(std::move(entry));
  }
  tlog::Checkpoint checkpoint;
  checkpoint.origin = kOrigin;
  checkpoint.size = size;
  checkpoint.root = frontier.Root(hasher);
  log.checkpoint = *tlog::SignNote(tlog::FormatCheckpoint(checkpoint), **signer);
  return log;
}

absl::Status CopyTo(const Log& log, const std::string& directory, size_t run) {
  const auto copy = LedgerCopy::Create(directory);
  if (!copy.ok()) return copy.status();
  for (size_t i = 0; i < log.entries.size(); i += run) {
    const size_t end = std::min(log.entries.size(), i + run);
    const absl::Status status =
        (*copy)->Append(i, {log.entries.begin() + static_cast<std::ptrdiff_t>(i),
                            log.entries.begin() + static_cast<std::ptrdiff_t>(end)});
    if (!status.ok()) return status;
  }
  return (*copy)->Finish(log.checkpoint);
}

std::string Problems(const std::string& directory, const Log& log) {
  const auto verifier = tlog::NoteVerifier::Parse(log.key.verifier_key);
  tlog::VerifyOptions options;
  options.origin = kOrigin;
  const tlog::VerifyReport report = tlog::VerifyDirectory(directory, {&*verifier, 1}, options);
  return report.ok() ? "" : report.ToString();
}

TEST(LedgerCopy, VerifiesAtEverySizeWhereTilesBeginOrEnd) {
  for (const uint64_t size : {1u, 2u, 255u, 256u, 257u, 511u, 512u, 700u, 65'536u, 65'537u}) {
    const Log log = MakeLog(size);
    const base::ScratchFolder folder;
    const std::string directory = folder / "copy";
    ASSERT_TRUE(CopyTo(log, directory, 100).ok()) << size;
    EXPECT_EQ(Problems(directory, log), "") << size;
  }
}

TEST(LedgerCopy, OneChangedByteIsFoundByTheCommandAndNamed) {
  const Log log = MakeLog(600);
  const base::ScratchFolder folder;
  const std::string directory = folder / "copy";
  ASSERT_TRUE(CopyTo(log, directory, 64).ok());
  const std::string key_file = folder / "key";
  ASSERT_TRUE(WriteBytes(key_file, log.key.verifier_key + "\n").ok());

  std::ostringstream out;
  std::ostringstream err;
  const base::ManualClock clock(absl::UnixEpoch());
  base::SeededRandom random(1);
  Terminal terminal{&out, &err, &clock, &random};
  ASSERT_EQ(RunCli(terminal, {"audit", "verify", directory, "--key", key_file}), kExitOk)
      << err.str();
  EXPECT_THAT(out.str(), HasSubstr("600"));

  const std::string bundle = directory + "/tile/entries/001";
  std::string bytes = *ReadBytes(bundle, 1 << 20);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(WriteBytes(bundle, bytes).ok());
  EXPECT_EQ(RunCli(terminal, {"audit", "verify", directory, "--key", key_file}), kExitRefused);
  EXPECT_THAT(err.str(), HasSubstr("tile/entries/001"));
}

TEST(LedgerCopy, AnotherKeyAnotherOriginAndALaterCheckpointAreRefused) {
  const Log log = MakeLog(300);
  const base::ScratchFolder folder;
  const std::string directory = folder / "copy";
  ASSERT_TRUE(CopyTo(log, directory, 300).ok());
  EXPECT_NE(Problems(directory, MakeLog(1)), "");  // another key of the same name

  std::ostringstream out;
  std::ostringstream err;
  const base::ManualClock clock(absl::UnixEpoch());
  base::SeededRandom random(1);
  Terminal terminal{&out, &err, &clock, &random};
  EXPECT_EQ(RunCli(terminal, {"audit", "verify", directory, "--key", log.key.verifier_key,
                              "--origin", "other.example/ledger"}),
            kExitRefused);
}

TEST(LedgerCopy, RefusesGapsAShortLedgerAndAFullFolder) {
  const Log log = MakeLog(10);
  const base::ScratchFolder folder;
  const std::string directory = folder / "copy";
  const auto copy = LedgerCopy::Create(directory);
  ASSERT_TRUE(copy.ok());
  ASSERT_TRUE((*copy)->Append(0, {log.entries[0]}).ok());
  EXPECT_FALSE((*copy)->Append(2, {log.entries[2]}).ok());
  // Fewer entries than the checkpoint covers: no checkpoint is written, so nothing looks whole.
  EXPECT_EQ((*copy)->Finish(log.checkpoint).code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(std::filesystem::exists(directory + "/checkpoint"));
  ASSERT_TRUE(WriteBytes(directory + "/x", "x").ok());
  EXPECT_EQ(LedgerCopy::Create(directory).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace signpost::adapters::cli
