// A ledger is exported, then tampered with in every way we could think of; both our verifier and
// the independent one (tests/independent/verify_ledger.py: another language, no shared code) must
// find it, and both must pass what was left alone.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/ledger/reader.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/cosignature.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/tiles.h"
#include "hub/tlog/verifier.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::ledger {
namespace {

namespace fs = std::filesystem;
using Kind = tlog::Problem::Kind;
using testing::Body;
using testing::MakeDraft;

constexpr uint64_t kEntries = 700;  // two full bundles and a partial one
constexpr char kThirdBundle[] = "tile/entries/002.p/188";
constexpr char kVerifierScript[] = SIGNPOST_SOURCE_DIR "/tests/independent/verify_ledger.py";

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void WriteAll(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  ASSERT_TRUE(file.good()) << path;
}

struct ScriptResult {
  int exit_code;
  std::string output;
};

ScriptResult RunScript(const std::string& arguments) {
  const std::string command = absl::StrCat("python3 '", kVerifierScript, "' ", arguments, " 2>&1");
  FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  ScriptResult result{-1, ""};
  std::array<char, 4096> buffer;
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

// A log as files, from nothing but entries and a signer: what a forger with that key could make.
void WriteLog(const std::vector<std::string>& entries, const tlog::NoteSigner& signer,
              const fs::path& directory) {
  tlog::Hasher hasher;
  tlog::Frontier frontier;
  std::vector<std::vector<tlog::Hash>> levels(1);
  for (const std::string& entry : entries) {
    frontier.Append(hasher.Leaf(entry), hasher, [&](int level, uint64_t, const tlog::Hash& hash) {
      if (level % tlog::kTileHeight != 0) return;
      const size_t tile_level = static_cast<size_t>(level / tlog::kTileHeight);
      if (levels.size() <= tile_level) levels.resize(tile_level + 1);
      levels[tile_level].push_back(hash);
    });
  }
  for (const tlog::TileId& tile : tlog::TilesOf(entries.size())) {
    const size_t first = tile.index * tlog::kTileWidth;
    const size_t width = static_cast<size_t>(tile.width);
    const std::vector<tlog::Hash>& hashes = levels[static_cast<size_t>(tile.level)];
    WriteAll(directory / tlog::TilePath(tile),
             tlog::EncodeTile(absl::MakeConstSpan(hashes).subspan(first, width)));
    if (tile.level != 0) continue;
    WriteAll(directory / tlog::TilePath({tlog::kEntriesLevel, tile.index, tile.width}),
             tlog::EncodeEntryBundle(absl::MakeConstSpan(entries).subspan(first, width)));
  }
  const tlog::Checkpoint checkpoint{testing::kOrigin, entries.size(), frontier.Root(hasher), {}};
  WriteAll(directory / "checkpoint", *tlog::SignNote(tlog::FormatCheckpoint(checkpoint), signer));
}

class TamperTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = new Shared;
    std::unique_ptr<Sequencer> sequencer = *shared_->ledgers.Open(shared_->store.get());
    const std::string agencies[] = {"yot", "cps", "ssd", ""};
    for (uint64_t i = 0; i < kEntries; ++i) {
      Operation operation;
      operation.entries.push_back(MakeDraft(agencies[i % 4], absl::StrCat("entry ", i)));
      sequencer->Submit(std::move(operation), [](absl::StatusOr<Sequenced>) {});
      if (i == 299) shared_->at_300 = *CheckpointOfAll(*sequencer, 300);
    }
    sequencer.reset();
    const std::unique_ptr<store::View> view = *shared_->store->NewView();
    const LedgerReader reader(view.get());
    ASSERT_TRUE(reader.ExportTiles(shared_->directory.path() + "/log", true).ok());
    shared_->entries = *reader.Entries(0, kEntries);
    ASSERT_EQ(shared_->entries.size(), kEntries);
  }
  static absl::StatusOr<std::string> CheckpointOfAll(Sequencer& sequencer, uint64_t size) {
    while (sequencer.head().size < size) absl::SleepFor(absl::Milliseconds(1));
    return sequencer.Checkpoint();
  }
  static void TearDownTestSuite() {
    delete shared_;
    shared_ = nullptr;
  }

  // Each test tampers with a copy of its own.
  TamperTest() : log_(fs::path(directory_.path()) / "log") {
    fs::copy(shared_->directory.path() + "/log", log_, fs::copy_options::recursive);
  }

  tlog::VerifyReport Verify() const {
    return tlog::VerifyDirectory(log_, {shared_->ledgers.verifier}, options_);
  }
  ScriptResult VerifyWithScript() const {
    std::string arguments = absl::StrCat("directory '", log_.string(), "' --key '",
                                         shared_->ledgers.keys.verifier_key, "'");
    int number = 0;
    for (const std::string& note : options_.older_checkpoints) {
      const fs::path path = fs::path(directory_.path()) / absl::StrCat("older", number++);
      WriteAll(path, note);
      absl::StrAppend(&arguments, " --older '", path.string(), "'");
    }
    for (const tlog::NoteKeyPair& witness : witnesses_) {
      absl::StrAppend(&arguments, " --witness '", witness.verifier_key, "'");
    }
    return RunScript(arguments);
  }

  // From now on both verifiers demand the cosignature of a new witness.
  const tlog::NoteKeyPair& DemandWitness(const std::string& name) {
    witnesses_.push_back(*tlog::GenerateCosignerKey(name));
    options_.witnesses.push_back(
        *tlog::NoteVerifier::ParseCosigner(witnesses_.back().verifier_key));
    return witnesses_.back();
  }
  // `note` with the cosignature of `witness` over `text`, or over its own text when that is empty.
  static std::string Cosigned(const std::string& note, const tlog::NoteKeyPair& witness,
                              const std::string& text = "") {
    return note + *(*tlog::Cosigner::Parse(witness.signer_key))
                       .Cosign(text.empty() ? tlog::ParseNote(note)->text : text, 1'800'000'000);
  }

  void ExpectBothPass() const {
    const tlog::VerifyReport report = Verify();
    EXPECT_TRUE(report.ok()) << report.ToString();
    const ScriptResult script = VerifyWithScript();
    EXPECT_EQ(script.exit_code, 0) << script.output;
  }
  // Both find it, ours with a problem of `kind`, at `entry` when given.
  void ExpectBothFind(Kind kind, std::optional<uint64_t> entry = std::nullopt) const {
    const tlog::VerifyReport report = Verify();
    bool found = false;
    for (const tlog::Problem& problem : report.problems) {
      if (problem.kind == kind && (!entry.has_value() || problem.entry_index == entry))
        found = true;
    }
    EXPECT_TRUE(found) << "wanted " << tlog::ProblemKindName(kind) << ", got:\n"
                       << report.ToString();
    const ScriptResult script = VerifyWithScript();
    EXPECT_EQ(script.exit_code, 1) << script.output;
    EXPECT_THAT(script.output, ::testing::EndsWith("\nNOT VERIFIED\n"));
    EXPECT_EQ(script.output.find("Traceback"), std::string::npos) << script.output;
  }

  void EditBundle(const char* name, const std::function<void(std::vector<std::string>&)>& edit) {
    const std::string bytes = ReadAll(log_ / name);
    const std::vector<absl::string_view> views = *tlog::DecodeEntryBundle(bytes);
    std::vector<std::string> entries(views.begin(), views.end());
    edit(entries);
    WriteAll(log_ / name, tlog::EncodeEntryBundle(entries));
  }
  void FlipByte(const std::string& name, size_t at) {
    std::string bytes = ReadAll(log_ / name);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x04);
    WriteAll(log_ / name, bytes);
  }
  // Puts a log of `entries`, signed with the true key, in place of the exported one.
  void Forge(const std::vector<std::string>& entries) {
    fs::remove_all(log_);
    WriteLog(entries, *shared_->ledgers.signer, log_);
  }

  struct Shared {
    testing::Ledgers ledgers;
    std::unique_ptr<store::Store> store = store::NewMemoryStore();
    base::ScratchFolder directory;
    std::vector<std::string> entries;
    std::string at_300;  // the checkpoint of the first 300 entries
  };
  static Shared* shared_;

  base::ScratchFolder directory_;
  const fs::path log_;
  tlog::VerifyOptions options_;
  std::vector<tlog::NoteKeyPair> witnesses_;
};

TamperTest::Shared* TamperTest::shared_ = nullptr;

TEST_F(TamperTest, ALedgerLeftAlonePasses) {
  ExpectBothPass();
  const tlog::VerifyReport report = Verify();
  EXPECT_EQ(report.entries_read, kEntries);
  EXPECT_EQ(report.agencies, 4u);
  EXPECT_EQ(report.root, report.checkpoint.root);
}

TEST_F(TamperTest, ALedgerLeftAloneExtendsItsOlderCheckpoints) {
  options_.older_checkpoints = {shared_->at_300, ReadAll(log_ / "checkpoint")};
  ExpectBothPass();
}

TEST_F(TamperTest, OurExportIsWhatTheFormatsSay) {
  base::ScratchFolder other;
  WriteLog(shared_->entries, *shared_->ledgers.signer, other.path());
  int files = 0;
  for (const fs::directory_entry& file : fs::recursive_directory_iterator(log_)) {
    if (!file.is_regular_file()) continue;
    ++files;
    EXPECT_EQ(ReadAll(file.path()), ReadAll(other.path() / fs::relative(file.path(), log_)));
  }
  EXPECT_EQ(files, 1 + 3 + 3 + 1);
}

TEST_F(TamperTest, AnEntryChanged) {
  EditBundle("tile/entries/001", [](std::vector<std::string>& entries) { entries[44][8] ^= 0x01; });
  ExpectBothFind(Kind::kEntry, 300);
  EXPECT_EQ(Verify().problems.size(), 1u) << "and nothing else is blamed:\n" << Verify().ToString();
}

TEST_F(TamperTest, EveryByteOfABundleCounts) {
  // Ours alone: a process a byte would take long.
  const std::string bytes = ReadAll(log_ / kThirdBundle);
  for (size_t at = 0; at < bytes.size(); at += 97) {
    FlipByte(kThirdBundle, at);
    EXPECT_FALSE(Verify().ok()) << "byte " << at;
    WriteAll(log_ / kThirdBundle, bytes);
  }
}

TEST_F(TamperTest, AnEntryDropped) {
  EditBundle("tile/entries/001",
             [](std::vector<std::string>& entries) { entries.erase(entries.begin() + 44); });
  ExpectBothFind(Kind::kMalformed);
  ExpectBothFind(Kind::kEntry, 300);
}

TEST_F(TamperTest, AnEntryInserted) {
  EditBundle(kThirdBundle, [](std::vector<std::string>& entries) {
    entries.insert(entries.begin() + 10, entries[3]);
  });
  ExpectBothFind(Kind::kMalformed);
  ExpectBothFind(Kind::kEntry, 522);
}

TEST_F(TamperTest, TwoEntriesExchanged) {
  EditBundle("tile/entries/000",
             [](std::vector<std::string>& entries) { std::swap(entries[17], entries[201]); });
  ExpectBothFind(Kind::kEntry, 17);
  ExpectBothFind(Kind::kIndex, 201);
}

TEST_F(TamperTest, AnEntryChangedAndItsTileWithIt) {
  EditBundle("tile/entries/001", [](std::vector<std::string>& entries) { entries[44][8] ^= 0x01; });
  const std::string bundle = ReadAll(log_ / "tile/entries/001");
  tlog::Hasher hasher;
  std::vector<tlog::Hash> hashes;
  const std::vector<absl::string_view> entries = *tlog::DecodeEntryBundle(bundle);
  for (const absl::string_view entry : entries) hashes.push_back(hasher.Leaf(entry));
  WriteAll(log_ / "tile/0/001", tlog::EncodeTile(hashes));
  ExpectBothFind(Kind::kTile, 256);  // the tile above narrows it to entries 256 to 511
  ExpectBothFind(Kind::kRoot);
}

TEST_F(TamperTest, ATileChanged) {
  FlipByte("tile/0/000", 32 * 5 + 3);
  ExpectBothFind(Kind::kEntry, 5);
}

TEST_F(TamperTest, ATileAboveChanged) {
  FlipByte("tile/1/000.p/2", 40);
  ExpectBothFind(Kind::kTile, 256);
}

TEST_F(TamperTest, TheLastBundleCutShort) {
  const std::string bytes = ReadAll(log_ / kThirdBundle);
  WriteAll(log_ / kThirdBundle, bytes.substr(0, bytes.size() - 10));
  ExpectBothFind(Kind::kMalformed);
}

TEST_F(TamperTest, FilesRemoved) {
  fs::remove(log_ / kThirdBundle);
  ExpectBothFind(Kind::kMissing);
  fs::remove(log_ / "tile/1/000.p/2");
  ExpectBothFind(Kind::kMissing);
  fs::remove(log_ / "checkpoint");
  ExpectBothFind(Kind::kCheckpoint);
}

// Each hashes to the signed root and passes with a lax reader, who takes the next field of that number
// or leaves out what it does not look at. Two readers would see two things, so both refuse it.
TEST_F(TamperTest, AMalformedEntryIsRefusedByBoth) {
  const auto bytes = [](std::initializer_list<int> list) {
    std::string made;
    for (const int byte : list) made.push_back(static_cast<char>(byte));
    return made;
  };
  const auto field = [](uint64_t tag, const std::string& value) {
    std::string made;
    for (; tag >= 0x80; tag >>= 7) made.push_back(static_cast<char>(tag | 0x80));
    made.push_back(static_cast<char>(tag));
    made.push_back(static_cast<char>(value.size()));
    return made + value;
  };
  const auto range = [&](int first, int last) {
    return field(0x12, bytes({0x08, first, 0x10, last}));
  };
  // kind = 6 says so, and the message is field 130.
  const auto pruned = [&](const std::string& kinds) {
    return bytes({0x30, 0x1e}) + field(130 << 3 | 2, kinds);
  };
  const auto of_kind = [&](const std::string& rest) {
    return pruned(field(0x0a, bytes({0x08, 12}) + rest));
  };
  const auto forge = [&](const std::string& fields) {
    std::vector<std::string> entries;
    for (uint64_t index = 0; index < 9; ++index) {
      entries.push_back(testing::Body("yot", "x"));
      tlog::AppendEntrySuffix(index, 1, index + 1, entries.back());
    }
    entries.push_back(fields);
    tlog::AppendEntrySuffix(9, 1, 1, entries.back());
    Forge(entries);
  };
  for (const std::string& fine : {testing::Body("cps", "x"), of_kind(range(0, 3) + range(5, 8)),
                                  pruned(field(0x0a, bytes({0x08, 12}) + range(5, 8)) +
                                         field(0x0a, bytes({0x08, 13}) + range(1, 2)))}) {
    forge(fine);
    ExpectBothPass();
  }
  const std::string nines(9, '\xff');
  const std::pair<const char*, std::string> corpus[] = {
      {"an agency as a number", bytes({0x20, 0x05})},
      {"an agency of eight bytes", bytes({0x21}) + "eight123"},
      {"an index as bytes", field(0x0a, "x")},
      {"a time as bytes", field(0x12, "x")},
      {"a counter of four bytes", bytes({0x1d}) + "four"},
      {"a kind as bytes", field(0x32, "x")},
      {"what was pruned as a number", bytes({0x30, 0x1e, 0x90, 0x08, 0x05})},
      {"field 0", bytes({0x00, 0x01})},
      {"field 0, bytes", field(0x02, "x")},
      {"field 2^29", bytes({0x80, 0x80, 0x80, 0x80, 0x10, 0x00})},
      {"a number over 64 bits", bytes({0x40}) + nines + bytes({0x02})},
      {"a number of eleven bytes", bytes({0x40}) + nines + bytes({0x80, 0x01})},
      {"a group", bytes({0x43, 0x44})},
      {"a length beyond the end", bytes({0x62, 0x7f})},
      {"ranges that descend", of_kind(range(5, 6) + range(1, 2))},
      {"ranges that overlap", of_kind(range(1, 4) + range(3, 6))},
      {"ranges that touch", of_kind(range(1, 2) + range(3, 4))},
      {"a range that ends before it begins", of_kind(range(4, 3))},
      {"a range as a number", of_kind(bytes({0x10, 0x01}))},
      {"an end of a range as bytes", of_kind(field(0x12, field(0x0a, "x")))},
      {"a kind without ranges", of_kind("")},
      {"ranges of no kind", pruned(field(0x0a, range(1, 2)))},
      {"ranges of a kind as bytes",
       pruned(field(0x0a, field(0x0a, "x") + bytes({0x08, 12}) + range(1, 2)))},
      {"kinds as a number", pruned(bytes({0x08, 0x01}))},
      {"nothing pruned", pruned("")},
  };
  for (const auto& [what, fields] : corpus) {
    SCOPED_TRACE(what);
    forge(fields);
    ExpectBothFind(Kind::kMalformed, 9);
  }
}

TEST_F(TamperTest, WhatIsNotTextEndsWithTheLastLineThatWasPromised) {
  const fs::path bad = fs::path(directory_.path()) / "bad";
  WriteAll(bad, "\xff\xfe\n");
  const std::string key = absl::StrCat(" --key '", shared_->ledgers.keys.verifier_key, "'");
  const std::string note = absl::StrCat("'", log_.string(), "/checkpoint'");
  for (const std::string& arguments :
       {absl::StrCat("consistency '", bad.string(), "' --old ", note, " --new ", note, key),
        absl::StrCat("directory '", log_.string(), "' --key '@", bad.string(), "'"),
        absl::StrCat("directory '", log_.string(), "' --older '", bad.string(), "'", key)}) {
    const ScriptResult script = RunScript(arguments);
    EXPECT_EQ(script.exit_code, 1) << script.output;
    EXPECT_THAT(script.output, ::testing::EndsWith("\nNOT VERIFIED\n"));
    EXPECT_EQ(script.output.find("Traceback"), std::string::npos) << script.output;
  }
}

TEST_F(TamperTest, TheCheckpointChanged) {
  const std::string note = ReadAll(log_ / "checkpoint");
  std::string smaller = note;
  smaller.replace(note.find("700"), 3, "600");
  WriteAll(log_ / "checkpoint", smaller);
  ExpectBothFind(Kind::kCheckpoint);
  WriteAll(log_ / "checkpoint", note.substr(0, note.size() / 2));
  ExpectBothFind(Kind::kCheckpoint);
}

TEST_F(TamperTest, SignedAgainWithAnotherKeyOfTheSameName) {
  const tlog::NoteKeyPair pair = *tlog::GenerateNoteKey(testing::kOrigin);
  const std::unique_ptr<tlog::NoteSigner> forger = *tlog::NewNoteSigner(pair.signer_key);
  fs::remove_all(log_);
  WriteLog(shared_->entries, *forger, log_);
  ExpectBothFind(Kind::kCheckpoint);
}

TEST_F(TamperTest, AnotherLogsOriginWhereOneIsExpected) {
  options_.origin = "another.example/ledger";
  EXPECT_FALSE(Verify().ok());
}

// From here on the forger has the hub's own key: the tree is sound and signed.

TEST_F(TamperTest, RolledBackToAnOlderCheckpoint) {
  options_.older_checkpoints = {ReadAll(log_ / "checkpoint")};
  Forge({shared_->entries.begin(), shared_->entries.begin() + 300});
  ExpectBothFind(Kind::kConsistency);
}

TEST_F(TamperTest, HistoryRewrittenUnderAGoodSignature) {
  options_.older_checkpoints = {shared_->at_300};
  std::vector<std::string> entries = shared_->entries;
  entries[100] = Body("yot", "another story");
  tlog::AppendEntrySuffix(100, tlog::DecodeEntryFields(shared_->entries[100])->sequenced_at_us, 26,
                          entries[100]);
  Forge(entries);
  ExpectBothFind(Kind::kConsistency);
  options_.older_checkpoints.clear();
  ExpectBothPass();  // the checkpoint kept elsewhere is what finds it
}

TEST_F(TamperTest, AnEntryLeftOutUnderAGoodSignature) {
  std::vector<std::string> entries = shared_->entries;
  entries.erase(entries.begin() + 400);
  Forge(entries);
  ExpectBothFind(Kind::kIndex, 400);
  // 400 was the first agency's; the gap shows at that agency's next, which was 404 and is now 403.
  ExpectBothFind(Kind::kCounter, 403);
}

TEST_F(TamperTest, AnEntryLeftOutAndTheRestRenumberedUnderAGoodSignature) {
  std::vector<std::string> entries;
  for (uint64_t i = 0; i < kEntries; ++i) {
    if (i == 400) continue;
    const tlog::EntryFields fields = *tlog::DecodeEntryFields(shared_->entries[i]);
    std::string entry = Body(std::string(fields.agency_id), "retold");
    tlog::AppendEntrySuffix(entries.size(), fields.sequenced_at_us, fields.agency_counter, entry);
    entries.push_back(entry);
  }
  Forge(entries);
  ExpectBothFind(Kind::kCounter, 403);
}

TEST_F(TamperTest, TimeThatRunsBackUnderAGoodSignature) {
  std::vector<std::string> entries = shared_->entries;
  entries[699] = Body("", "late");
  tlog::AppendEntrySuffix(699, 1, 175, entries[699]);
  Forge(entries);
  ExpectBothFind(Kind::kTime, 699);
}

TEST_F(TamperTest, AnEntryThatIsNoMessageUnderAGoodSignature) {
  std::vector<std::string> entries = shared_->entries;
  entries[10] = "\xFF\xFF\xFF";
  Forge(entries);
  ExpectBothFind(Kind::kMalformed, 10);
}

TEST_F(TamperTest, AnEntryThatDoesNotSayWhatItsKindDoesUnderAGoodSignature) {
  const std::string kind("\x30\x13", 2);            // 19
  const std::string detail("\xBA\x07\x00", 3);      // of 19
  const std::string another("\xB2\x07\x00", 3);     // of 18
  const std::string no_message("\xB8\x07\x00", 3);  // a number where the detail of 19 belongs
  const std::string of_no_kind("\xA2\x06\x00", 3);  // field 100, as the detail of kind 0 would be
  for (const std::string& bad :
       {kind, detail, std::string(), kind + another, kind + another + detail,
        kind + detail + another, kind + no_message, of_no_kind}) {
    std::vector<std::string> entries = shared_->entries;
    const tlog::EntryFields fields = *tlog::DecodeEntryFields(entries[10]);
    std::string entry = absl::StrCat(
        "\x22", std::string(1, static_cast<char>(fields.agency_id.size())), fields.agency_id, bad);
    tlog::AppendEntrySuffix(10, fields.sequenced_at_us, fields.agency_counter, entry);
    entries[10] = entry;
    Forge(entries);
    ExpectBothFind(Kind::kMalformed, 10);
  }
}

TEST_F(TamperTest, ALogOfOtherPeoplesEntriesPassesWithoutOurFields) {
  Forge({"not", "ours", "\xFF"});
  EXPECT_FALSE(Verify().ok());
  options_.entry_fields = false;
  EXPECT_TRUE(Verify().ok()) << Verify().ToString();
}

TEST_F(TamperTest, AnEmptyLedgerPasses) {
  Forge({});
  ExpectBothPass();
}

// --- Receipts and consistency proofs ---

// --- Witnesses ---

TEST_F(TamperTest, ALedgerThatItsWitnessesCosignedPasses) {
  const tlog::NoteKeyPair a = DemandWitness("a.example/witness");
  const tlog::NoteKeyPair b = DemandWitness("b.example/witness");
  WriteAll(log_ / "checkpoint", Cosigned(Cosigned(ReadAll(log_ / "checkpoint"), a), b));
  ExpectBothPass();
  EXPECT_EQ(Verify().witnessed->checkpoint.size, kEntries);
  EXPECT_NE(Verify().ToString().find("co-signed by b.example/witness"), std::string::npos);
}

TEST_F(TamperTest, ABeginningThatTheWitnessesCosignedIsEnoughAndItsSizeIsTold) {
  const tlog::NoteKeyPair a = DemandWitness("a.example/witness");
  WriteAll(log_ / "witnessed", Cosigned(shared_->at_300, a));
  ExpectBothPass();
  EXPECT_NE(Verify().ToString().find("the first 300 entries"), std::string::npos);
}

TEST_F(TamperTest, ACosignatureThatIsMissingIsFound) {
  const tlog::NoteKeyPair a = DemandWitness("a.example/witness");
  ExpectBothFind(Kind::kWitness);
  // One of two is not both, wherever they stand.
  DemandWitness("b.example/witness");
  WriteAll(log_ / "checkpoint", Cosigned(ReadAll(log_ / "checkpoint"), a));
  ExpectBothFind(Kind::kWitness);
  WriteAll(log_ / "witnessed", Cosigned(shared_->at_300, a));
  ExpectBothFind(Kind::kWitness);
}

TEST_F(TamperTest, ACosignatureOfSomethingElseIsFound) {
  const tlog::NoteKeyPair a = DemandWitness("a.example/witness");
  const std::string note = ReadAll(log_ / "checkpoint");
  WriteAll(log_ / "checkpoint", Cosigned(note, a, tlog::ParseNote(shared_->at_300)->text));
  ExpectBothFind(Kind::kWitness);
  // Of the right text by another key under the same name.
  WriteAll(log_ / "checkpoint", Cosigned(note, *tlog::GenerateCosignerKey("a.example/witness")));
  ExpectBothFind(Kind::kWitness);
}

TEST_F(TamperTest, ALedgerOfAnotherHistoryThanTheWitnessesSawIsFound) {
  const tlog::NoteKeyPair a = DemandWitness("a.example/witness");
  const tlog::Checkpoint other{testing::kOrigin, 300, tlog::Hash{}, {}};
  WriteAll(log_ / "witnessed",
           Cosigned(*tlog::SignNote(tlog::FormatCheckpoint(other), *shared_->ledgers.signer), a));
  ExpectBothFind(Kind::kConsistency);
  const tlog::Checkpoint longer{testing::kOrigin, kEntries + 1, tlog::Hash{}, {}};
  WriteAll(log_ / "witnessed",
           Cosigned(*tlog::SignNote(tlog::FormatCheckpoint(longer), *shared_->ledgers.signer), a));
  ExpectBothFind(Kind::kWitness);
}

class ReceiptTest : public TamperTest {
 protected:
  ReceiptTest() : view_(*shared_->store->NewView()), reader_(view_.get()) {}

  ScriptResult VerifyReceipt(const std::string& receipt, const std::string& entry) {
    const fs::path directory = directory_.path();
    WriteAll(directory / "receipt", receipt);
    WriteAll(directory / "entry", entry);
    WriteAll(directory / "key", shared_->ledgers.keys.verifier_key + "\n");
    return RunScript(absl::StrCat("receipt '", (directory / "receipt").string(), "' --entry '",
                                  (directory / "entry").string(), "' --key '@",
                                  (directory / "key").string(), "'"));
  }

  std::unique_ptr<store::View> view_;
  LedgerReader reader_;
};

TEST_F(ReceiptTest, TheIndependentVerifierTakesOurs) {
  for (const uint64_t index : {uint64_t{0}, uint64_t{255}, uint64_t{512}, kEntries - 1}) {
    const ScriptResult result = VerifyReceipt(*reader_.Receipt(index), shared_->entries[index]);
    EXPECT_EQ(result.exit_code, 0) << result.output;
  }
}

TEST_F(ReceiptTest, TheIndependentVerifierRefusesAnythingElse) {
  const std::string receipt = *reader_.Receipt(321);
  EXPECT_EQ(VerifyReceipt(receipt, shared_->entries[320]).exit_code, 1);
  EXPECT_EQ(VerifyReceipt("", shared_->entries[321]).exit_code, 1);
  for (const size_t at : {size_t{3}, receipt.find("321"), receipt.find("321") + 20,
                          receipt.find("700"), receipt.size() - 20}) {
    std::string bad = receipt;
    bad[at] = static_cast<char>(bad[at] == '3' ? '4' : '3');
    const ScriptResult result = VerifyReceipt(bad, shared_->entries[321]);
    EXPECT_EQ(result.exit_code, 1) << "byte " << at << ": " << result.output;
    EXPECT_EQ(result.output.find("Traceback"), std::string::npos) << result.output;
  }
}

TEST_F(ReceiptTest, TheIndependentVerifierTakesOurConsistencyProofAndNoOther) {
  const fs::path directory = directory_.path();
  WriteAll(directory / "old", shared_->at_300);
  const auto run = [&](uint64_t size_old, const tlog::Hash* replaced) {
    std::vector<tlog::Hash> proof = *reader_.ConsistencyProof(size_old, kEntries);
    if (replaced != nullptr) proof[0] = *replaced;
    std::string text;
    for (const tlog::Hash& hash : proof) {
      absl::StrAppend(&text, absl::Base64Escape(tlog::HashToString(hash)), "\n");
    }
    WriteAll(directory / "proof", text);
    return RunScript(absl::StrCat("consistency '", (directory / "proof").string(), "' --old '",
                                  (directory / "old").string(), "' --new '",
                                  (log_ / "checkpoint").string(), "' --key '",
                                  shared_->ledgers.keys.verifier_key, "'"));
  };
  const ScriptResult good = run(300, nullptr);
  EXPECT_EQ(good.exit_code, 0) << good.output;
  EXPECT_EQ(run(299, nullptr).exit_code, 1);
  const tlog::Hash zero{};
  EXPECT_EQ(run(300, &zero).exit_code, 1);
}

TEST_F(ReceiptTest, WrongUsageIsNotTakenForAVerdict) {
  EXPECT_EQ(RunScript("directory").exit_code, 2);
  EXPECT_EQ(RunScript("").exit_code, 2);
}

// --- Masked entries, as an auditor's copy has them ---

// `entry` masked: what a protobuf reader takes for the last of each field.
std::string MaskedForm(std::string entry, bool whose_act) {
  entry += std::string("\xD0\x01\x01", 3);  // masked = true
  if (whose_act) {
    entry += std::string("\x18\x00", 2);  // agency_counter = 0
    entry += absl::StrCat("\x22", std::string(1, static_cast<char>(8)), tlog::kMaskedWord);
  }
  return entry;
}

TEST_F(TamperTest, MaskedEntriesVerifyByTheirHashesAndAreCounted) {
  int masked = 0;
  EditBundle(kThirdBundle, [&](std::vector<std::string>& entries) {
    for (size_t i = 1; i < entries.size(); i += 4, ++masked) {  // all of one agency
      entries[i] = MaskedForm(entries[i], true);
    }
    entries[6] = MaskedForm(entries[6], false);  // names one as its holder
    ++masked;
  });
  ExpectBothPass();
  EXPECT_EQ(Verify().entries_masked, static_cast<uint64_t>(masked));
  EXPECT_THAT(VerifyWithScript().output, ::testing::HasSubstr(absl::StrCat(masked, " of them")));
}

TEST_F(TamperTest, AnotherAgencysActPutUnderAMaskLeavesAGap) {
  EditBundle(kThirdBundle,
             [](std::vector<std::string>& entries) { entries[5] = MaskedForm(entries[5], true); });
  ExpectBothFind(Kind::kCounter, 512 + 9);
}

TEST_F(TamperTest, AMaskedEntryOfADifferentHashThanTheSignedIsFound) {
  EditBundle(kThirdBundle,
             [](std::vector<std::string>& entries) { entries[6] = MaskedForm(entries[6], false); });
  std::string hashes = ReadAll(log_ / "tile/0/002.p/188");
  hashes[6 * 32] ^= 1;
  WriteAll(log_ / "tile/0/002.p/188", hashes);
  ExpectBothFind(Kind::kRoot);
}

}  // namespace
}  // namespace signpost::ledger
