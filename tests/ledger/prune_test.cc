// Entries reduced to their hashes: the sequencer's one door to that, what readers say, and that
// both verifiers pass what was pruned and recorded, and find what was only taken away.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "hub/tlog/pruned.h"
#include "hub/tlog/tiles.h"
#include "hub/tlog/verifier.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/store/store_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using ::testing::HasSubstr;
using testing::MakeDraft;
using Kind = tlog::Problem::Kind;
namespace fs = std::filesystem;

constexpr uint64_t kEntries = 600;  // two full bundles and a partial one

// kind = 6, subject = 25.
Draft PrunedDraft(const std::string& subject) {
  std::string body = "\x30\x1e\x92\x08";  // kind 30, field 130
  size_t size = subject.size();
  for (; size >= 0x80; size >>= 7) body.push_back(static_cast<char>(size | 0x80));
  body.push_back(static_cast<char>(size));
  return {body + subject, ""};
}

class PruneTest : public ::testing::Test {
 protected:
  PruneTest() {
    sequencer_ = *ledgers_.Open(store_.get());
    const std::string agencies[] = {"yot", "cps", "ssd"};
    for (uint64_t i = 0; i < kEntries; ++i) {
      Operation operation;
      operation.entries.push_back(MakeDraft(agencies[i % 3], absl::StrCat("entry ", i)));
      last_leaf_ = sequencer_->SubmitAndWait(std::move(operation))->permit.leaf_hash(0);
      if (i == 7) leaf_7_ = last_leaf_;
    }
  }

  absl::Status Prune(const std::vector<uint64_t>& indexes, const std::string& subject) {
    Operation operation;
    operation.prune = indexes;
    operation.entries.push_back(PrunedDraft(subject));
    return sequencer_->SubmitAndWait(std::move(operation)).status();
  }
  absl::Status Prune(const std::vector<uint64_t>& indexes) {
    tlog::PrunedKind kind{12, {}};
    for (const uint64_t index : indexes) tlog::AddPruned(index, &kind.ranges);
    return Prune(indexes, tlog::EncodePruned({kind}));
  }
  // Behind the sequencer's back.
  void TakeAway(uint64_t index) {
    store::Batch batch;
    batch.Put(Space::kEntries, store::KeyU64(index), "");
    ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(batch)).ok());
  }
  std::string Log() const { return directory_.path() + "/log"; }
  void Export() {
    ASSERT_TRUE(sequencer_->Checkpoint().ok());
    fs::remove_all(Log());
    const auto view = *store_->NewView();
    ASSERT_TRUE(LedgerReader(view.get()).ExportTiles(Log(), true).ok());
  }
  tlog::VerifyReport Verify() const {
    return tlog::VerifyDirectory(Log(), {ledgers_.verifier}, {});
  }
  // What the verifier in another language says; empty when all is well.
  std::string VerifyElsewhere() const {
    FILE* pipe = ::popen(absl::StrCat("python3 '", SIGNPOST_SOURCE_DIR,
                                      "/tests/independent/verify_ledger.py' directory '", Log(),
                                      "' --key '", ledgers_.keys.verifier_key, "' 2>&1")
                             .c_str(),
                         "r");
    std::string output;
    std::array<char, 4096> buffer;
    for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      output.append(buffer.data(), n);
    }
    const int status = ::pclose(pipe);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : output + "(not verified)";
  }
  // Both find something, and ours says it is of this kind.
  void ExpectFound(Kind kind) {
    Export();
    const tlog::VerifyReport report = Verify();
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.problems[0].kind, kind) << report.ToString();
    EXPECT_NE(VerifyElsewhere(), "");
  }
  void ExpectFine() {
    Export();
    const tlog::VerifyReport report = Verify();
    EXPECT_TRUE(report.ok()) << report.ToString();
    EXPECT_EQ(VerifyElsewhere(), "");
  }

  testing::Ledgers ledgers_;
  base::ScratchFolder directory_;
  std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  std::unique_ptr<Sequencer> sequencer_;
  std::string leaf_7_;
  std::string last_leaf_;
};

TEST_F(PruneTest, TheHashesStayAndTheLedgerVerifies) {
  std::vector<uint64_t> indexes;
  for (uint64_t i = 3; i < 400; ++i) indexes.push_back(i);
  indexes.push_back(450);
  ASSERT_TRUE(Prune(indexes).ok());
  const auto view = *store_->NewView();
  const LedgerReader reader(view.get());
  EXPECT_EQ(ReasonOf(reader.Entry(7).status()), Reason::kNotFound);
  EXPECT_TRUE(IsPruned(reader.Entry(7).status()));
  EXPECT_FALSE(IsPruned(reader.Entry(5000).status()));
  EXPECT_TRUE(reader.Entry(2).ok());
  const std::vector<std::string> entries = *reader.Entries(0, 10);
  ASSERT_EQ(entries.size(), 10u);
  EXPECT_NE(entries[2], "");
  EXPECT_EQ(entries[3], "");
  EXPECT_EQ(tlog::HashToString(*reader.Node(0, 7)), leaf_7_) << "its receipt still leads to it";
  ExpectFine();
  // And the hub goes on with it.
  sequencer_.reset();
  sequencer_ = *ledgers_.Open(store_.get());
  ASSERT_TRUE(Prune({400, 401}).ok());
  ExpectFine();
}

TEST_F(PruneTest, WholeBundlesAndWholeAgenciesMayGo) {
  std::vector<uint64_t> indexes;
  for (uint64_t i = 0; i < kEntries - 1; ++i) indexes.push_back(i);
  ASSERT_TRUE(Prune(indexes).ok());
  ExpectFine();
}

TEST_F(PruneTest, OnlyWhatTheEntrySaysIsPruned) {
  const auto refused = [this](const std::vector<uint64_t>& indexes, const std::string& subject) {
    EXPECT_EQ(ReasonOf(Prune(indexes, subject)), Reason::kInvalidField) << subject;
  };
  refused({3}, "delivery 4");
  refused({3, 4}, "delivery 3");
  refused({3}, "delivery 3-4");
  refused({3}, "delivery 0-18446744073709551615");
  refused({}, "delivery 3");
  refused({3}, "nonsense");
  refused({3}, "");
  refused({kEntries - 1}, absl::StrCat("delivery ", kEntries - 1));
  refused({kEntries}, absl::StrCat("delivery ", kEntries));
  Operation silent;
  silent.prune = {3};
  silent.entries.push_back(MakeDraft("yot", "not a word of it"));
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(silent)).status()), Reason::kInvalidField);
  Operation by_hand;
  by_hand.batch.Put(Space::kEntries, store::KeyU64(3), "");
  by_hand.entries.push_back(MakeDraft("yot", "x"));
  EXPECT_EQ(ReasonOf(sequencer_->SubmitAndWait(std::move(by_hand)).status()),
            Reason::kInvalidField);
  EXPECT_EQ(sequencer_->head().size, kEntries);
  ExpectFine();
}

TEST_F(PruneTest, WhatWasOnlyTakenAwayIsFound) {
  ASSERT_TRUE(Prune({5, 6, 7}).ok());
  TakeAway(9);
  ExpectFound(Kind::kPruned);
  ASSERT_FALSE(Verify().ok());
  EXPECT_EQ(Verify().problems[0].entry_index, 9u);
  EXPECT_THAT(VerifyElsewhere(), HasSubstr("entry 9 "));
}

TEST_F(PruneTest, AnEntryThatSaysWhatWentMayNotGoItself) {
  ASSERT_TRUE(Prune({5}).ok());
  ASSERT_TRUE(Prune({6}).ok());
  TakeAway(kEntries);
  ExpectFound(Kind::kPruned);
}

TEST_F(PruneTest, AnotherHashInThePrunedOnesPlaceIsFound) {
  ASSERT_TRUE(Prune({5}).ok());
  Export();
  const std::string path = Log() + "/tile/0/000";
  std::ifstream in(path, std::ios::binary);
  std::string tile((std::istreambuf_iterator<char>(in)), {});
  tile[5 * 32] = static_cast<char>(tile[5 * 32] ^ 1);
  std::ofstream(path, std::ios::binary) << tile;
  EXPECT_FALSE(Verify().ok());
  EXPECT_NE(VerifyElsewhere(), "");
  fs::remove(path);  // then nothing is left of it
  EXPECT_FALSE(Verify().ok());
  EXPECT_NE(VerifyElsewhere(), "");
}

// A hub that keeps an agency's entry out, and pretends that it was among those pruned.
TEST(PruneGapTest, ACounterJumpsOverAsManyAsWerePrunedAndNoMore) {
  struct Case {
    std::vector<std::pair<std::string, uint64_t>> entries;  // agency, counter; empty: pruned
    bool fine;
  };
  const std::vector<Case> cases = {
      {{{"a", 1}, {"", 0}, {"a", 3}}, true},
      {{{"a", 1}, {"", 0}, {"a", 4}}, false},  // one too many
      {{{"a", 1}, {"a", 3}, {"", 0}}, false},  // pruned, but elsewhere
      {{{"", 0}, {"a", 2}, {"b", 2}}, false},  // one for two
      {{{"", 0}, {"", 0}, {"a", 2}, {"b", 2}}, true},
      {{{"", 0}, {"a", 2}, {"", 0}, {"b", 2}}, true},
      {{{"a", 1}, {"", 0}, {"", 0}, {"b", 3}, {"a", 2}}, true},
      {{{"a", 1}, {"", 0}, {"b", 2}, {"a", 3}}, false},  // both can only be that one
      {{{"", 0}, {"a", 1}}, true},                       // of an agency never seen again
      {{{"a", 2}, {"", 0}}, false},
  };
  for (const Case& one : cases) {
    testing::Ledgers ledgers;
    base::ScratchFolder directory;
    tlog::Hasher hasher;
    tlog::Frontier frontier;
    std::vector<std::string> entries;
    std::vector<tlog::Hash> leaves;
    tlog::PrunedKind pruned{12, {}};
    std::string what;
    const auto add = [&](std::string entry, const std::string& hashed) {
      leaves.push_back(hasher.Leaf(hashed));
      frontier.Append(leaves.back(), hasher, [](int, uint64_t, const tlog::Hash&) {});
      entries.push_back(std::move(entry));
    };
    for (const auto& [agency, counter] : one.entries) {
      absl::StrAppend(&what, agency, counter, " ");
      if (agency.empty()) {
        tlog::AddPruned(entries.size(), &pruned.ranges);
        add("", "gone");
        continue;
      }
      std::string entry = testing::Body(agency, "x");
      tlog::AppendEntrySuffix(entries.size(), 1, counter, entry);
      add(entry, entry);
    }
    std::string last = PrunedDraft(tlog::EncodePruned({pruned})).body;
    tlog::AppendEntrySuffix(entries.size(), 1, 1, last);
    add(last, last);
    const int width = static_cast<int>(entries.size());
    const auto write = [&](const tlog::TileId& id, const std::string& bytes) {
      const fs::path path = fs::path(directory.path()) / tlog::TilePath(id);
      fs::create_directories(path.parent_path());
      std::ofstream(path, std::ios::binary) << bytes;
    };
    write({0, 0, width}, tlog::EncodeTile(leaves));
    write({tlog::kEntriesLevel, 0, width}, tlog::EncodeEntryBundle(entries));
    const tlog::Checkpoint checkpoint{testing::kOrigin, entries.size(), frontier.Root(hasher), {}};
    std::ofstream(directory.path() + "/checkpoint", std::ios::binary)
        << *tlog::SignNote(tlog::FormatCheckpoint(checkpoint), *ledgers.signer);
    const tlog::VerifyReport report =
        tlog::VerifyDirectory(directory.path(), {ledgers.verifier}, {});
    EXPECT_EQ(report.ok(), one.fine) << what << "\n" << report.ToString();
    if (!one.fine && !report.ok()) {
      EXPECT_EQ(report.problems[0].kind, Kind::kCounter) << what;
    }
    const int python = std::system(absl::StrCat("python3 '", SIGNPOST_SOURCE_DIR,
                                                "/tests/independent/verify_ledger.py' directory '",
                                                directory.path(), "' --key '",
                                                ledgers.keys.verifier_key, "' > /dev/null 2>&1")
                                       .c_str());
    EXPECT_EQ(python == 0, one.fine) << what;
  }
}

// As protobuf writes it, for the generated message stands in entries.
TEST(PrunedBytesTest, AreTheMessagesAndNothingElseIsRead) {
  const std::vector<tlog::PrunedKind> kinds = {{12, {{0, 9}, {12, 12}}}, {10, {{20, 300}}}};
  const std::string bytes = tlog::EncodePruned(kinds);
  v1::Pruned message;
  for (const tlog::PrunedKind& kind : kinds) {
    v1::PrunedKind* told = message.add_kinds();
    told->set_kind(static_cast<v1::EntryKind>(kind.kind));
    for (const tlog::PrunedRange& range : kind.ranges) {
      told->add_ranges()->set_first(range.first);
      told->mutable_ranges(told->ranges_size() - 1)->set_last(range.last);
    }
  }
  EXPECT_EQ(bytes, message.SerializeAsString());
  EXPECT_EQ(tlog::EncodePruned(*tlog::DecodePruned(bytes)), bytes);
  using Ranges = std::vector<tlog::PrunedRange>;
  for (const Ranges& bad :
       {Ranges{}, Ranges{{9, 3}}, Ranges{{3, 3}, {3, 3}}, Ranges{{4, 4}, {3, 3}},
        Ranges{{3, 3}, {4, 4}}, Ranges{{3, 6}, {5, 9}}}) {
    EXPECT_FALSE(tlog::DecodePruned(tlog::EncodePruned({{12, bad}})).ok());
  }
  EXPECT_FALSE(tlog::DecodePruned(tlog::EncodePruned({{0, {{3, 3}}}})).ok()) << "of no kind";
  EXPECT_FALSE(tlog::DecodePruned("").ok());
  EXPECT_FALSE(tlog::DecodePruned(bytes.substr(0, bytes.size() - 1)).ok());
  EXPECT_FALSE(tlog::DecodePruned("delivery 3-9,12;find 20-30").ok());
}

}  // namespace
}  // namespace signpost::ledger
