// What the ledger on RocksDB keeps when the disk under it breaks: the power goes at any operation
// and what was not synced is lost or torn; any one operation fails; any bit of any file is another.
//
// Everything is in memory (tests/store/memory_disk.h). SIGNPOST_DURABILITY=N multiplies the number
// of power cuts, failures and flips by N (20: a thousand power cuts, every single operation fails
// once, a thousand flips of each kind of file), and SIGNPOST_DURABILITY_SEED=S repeats those of
// another run.

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/store/rocksdb_store.h"
#include "hub/tlog/checkpoint.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/store/memory_disk.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using store::testing::MemoryDisk;
using testing::Ledgers;

uint64_t Environment(const char* name, uint64_t fallback) {
  uint64_t value = fallback;
  const char* const text = std::getenv(name);
  if (text != nullptr && !absl::SimpleAtoi(text, &value)) std::abort();
  return value;
}
int Trials(int count) { return count * static_cast<int>(Environment("SIGNPOST_DURABILITY", 1)); }
uint64_t Seed() { return Environment("SIGNPOST_DURABILITY_SEED", 20'041); }

// One hub's ledger on a disk in memory, and a single client that notes what it was told.
class Trial {
 public:
  explicit Trial(bool unsafe = false) {
    options_.path = "/store";
    options_.env = disk_.env();
    options_.block_cache_bytes = 1 << 20;
    options_.space_buffer_bytes = 64 << 10;  // a new one costs by its size
    options_.unsafe_no_sync_for_negative_control = unsafe;
    ledgers_.options.checkpoint_file = directory_.path() + "/checkpoint";
  }
  ~Trial() { Close(); }

  MemoryDisk& disk() { return disk_; }
  int acknowledged() const { return acknowledged_; }

  absl::Status Open() {
    absl::StatusOr<std::unique_ptr<store::Store>> store = store::OpenRocksDbStore(options_);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    absl::StatusOr<std::unique_ptr<Sequencer>> sequencer = ledgers_.Open(store_.get());
    if (!sequencer.ok()) return sequencer.status();
    sequencer_ = *std::move(sequencer);
    return absl::OkStatus();
  }
  void Close() {
    sequencer_.reset();
    store_.reset();
  }

  // Opens, writes `count` entries with a published checkpoint in the middle, and closes; goes on
  // where it was after an orderly close. What fails is not tried again.
  void Session(int count) {
    if (!Open().ok()) return Close();
    for (int i = 0; i < count; ++i) {
      if (i == count / 2 && sequencer_->Checkpoint().ok()) {
        published_ = static_cast<int>(sequencer_->head().size);
      }
      const int number = submitted_++;
      if (!sequencer_->SubmitAndWait(Operation_(number)).ok()) {
        // It may have got there, although nobody was told so.
        doubtful_.insert(number);
        break;
      }
      ++acknowledged_;
    }
    Close();
  }
  void LosePower() { disk_.CutPower(); }

  // After a restart: everything acknowledged is there, in the order in which it was asked for, and
  // nothing else but what was asked for and not answered; tables, entries and tree say the same.
  void Check() {
    const absl::Status opened = Open();
    ASSERT_TRUE(opened.ok()) << opened;
    std::unique_ptr<store::View> view = *store_->NewView();
    const LedgerReader reader(view.get());
    const Sequencer::Head head = *reader.Head();
    EXPECT_GE(static_cast<int>(head.size), published_);
    tlog::Hasher hasher;
    tlog::Frontier frontier;
    const std::vector<store::KeyValue> entries = *view->Scan(Space::kEntries, "", "", 100'000);
    ASSERT_EQ(entries.size(), head.size);
    std::map<std::string, std::string> rows;
    size_t at = 0;
    for (int number = 0; number < submitted_; ++number) {
      const Operation wanted = Operation_(number);
      const bool is_there =
          at < entries.size() && absl::StartsWith(entries[at].value, wanted.entries[0].body);
      if (!is_there && doubtful_.count(number) != 0) continue;
      ASSERT_TRUE(is_there) << "lost " << number << ", which was acknowledged";
      const tlog::Hash leaf = hasher.Leaf(entries[at].value);
      EXPECT_EQ(*reader.Node(0, at), leaf);
      frontier.Append(leaf, hasher, [](int, uint64_t, const tlog::Hash&) {});
      const store::Batch::Operation row = wanted.batch.operations()[0];
      rows[std::string(row.key)] = std::string(*row.value);
      ++at;
    }
    EXPECT_EQ(at, entries.size()) << "there is what nobody asked for";
    EXPECT_EQ(tlog::HashToString(frontier.Root(hasher)), head.root_hash);
    const std::vector<store::KeyValue> people = *view->Scan(Space::kPeople, "", "", 100'000);
    ASSERT_EQ(people.size(), rows.size());
    for (const store::KeyValue& row : people) EXPECT_EQ(row.value, rows[row.key]);
    view.reset();
    // And it goes on.
    EXPECT_TRUE(sequencer_->SubmitAndWait(testing::PutOperation("after", "it")).ok());
    EXPECT_TRUE(sequencer_->Checkpoint().ok());
    Close();
  }

  const store::RocksDbOptions& options() const { return options_; }
  Ledgers& ledgers() { return ledgers_; }
  store::Store& store() { return *store_; }

 private:
  // Of a few rows that are written again and again, and each entry of another length.
  static Operation Operation_(int n) {
    return testing::PutOperation(absl::StrCat("row", n % 7),
                                 absl::StrCat(n, std::string(static_cast<size_t>(n % 90), 'v')));
  }

  MemoryDisk disk_;
  base::ScratchFolder directory_;
  store::RocksDbOptions options_;
  Ledgers ledgers_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Sequencer> sequencer_;
  int submitted_ = 0;
  std::set<int> doubtful_;  // submitted and not acknowledged
  int acknowledged_ = 0;
  int published_ = 0;
};

// How many operations of the disk two sessions take.
int OperationsOfTwoSessions() {
  Trial trial;
  trial.Session(12);
  trial.Session(12);
  return trial.disk().operations();
}

TEST(DurabilityTest, APowerCutAtAnyOperationLosesNothingAcknowledged) {
  const int operations = OperationsOfTwoSessions();
  const uint64_t seed = Seed();
  std::cout << "SIGNPOST_DURABILITY_SEED=" << seed << ", " << operations << " operations\n";
  std::mt19937_64 random(seed);
  int cut_short = 0;
  for (int i = 0; i < Trials(50); ++i) {
    Trial trial;
    const int at = 1 + static_cast<int>(random() % static_cast<uint64_t>(operations));
    trial.disk().FailAt(at, MemoryDisk::Failure::kPower);
    trial.Session(12);
    trial.Session(12);
    if (trial.acknowledged() < 24) ++cut_short;
    trial.disk().CutPower();
    trial.disk().Crash(random());
    trial.Check();
    if (::testing::Test::HasFailure()) {
      FAIL() << "trial " << i << ", power cut at operation " << at;
    }
  }
  EXPECT_GT(cut_short, Trials(50) / 10)
      << "or the power hardly ever went while something was written";
}

// The control: without syncing, the same cuts lose what was acknowledged.
TEST(DurabilityTest, WithoutSyncTheSameCutsLoseIt) {
  int lost = 0;
  std::mt19937_64 random(Seed());
  for (int i = 0; i < 6; ++i) {
    Trial trial(/*unsafe=*/true);
    ASSERT_TRUE(trial.Open().ok());
    trial.Close();
    trial.disk().FailAt(100 + static_cast<int>(random() % 20), MemoryDisk::Failure::kPower);
    trial.Session(60);
    trial.disk().Crash(random());
    const auto store = store::OpenRocksDbStore(trial.options());
    if (!store.ok()) continue;
    const auto view = *(*store)->NewView();
    if (static_cast<int>(LedgerReader(view.get()).Head()->size) < trial.acknowledged()) ++lost;
  }
  EXPECT_GT(lost, 0);
}

class FailingDisk : public ::testing::TestWithParam<MemoryDisk::Failure> {};

TEST_P(FailingDisk, WhicheverOperationFailsNothingAcknowledgedIsLost) {
  const int operations = OperationsOfTwoSessions();
  int refused = 0;
  // Every so many of them everyday, all of them where there is time.
  const int step = std::max(1, 10 / Trials(1));
  for (int k = 1 + static_cast<int>(Seed() % static_cast<uint64_t>(step)); k <= operations;
       k += step) {
    Trial trial;
    trial.disk().FailAt(k, GetParam());
    trial.Session(12);
    trial.Session(12);
    if (trial.acknowledged() < 24) ++refused;
    // A power cut behind it, so that nothing rests on what was written and not synced.
    trial.disk().CutPower();
    trial.disk().Crash(Seed() + static_cast<uint64_t>(k));
    trial.Check();
    if (::testing::Test::HasFailure()) FAIL() << "operation " << k << " of " << operations;
  }
  std::cout << "every " << step << ". of " << operations << " operations failed once; " << refused
            << " times something was refused\n";
  EXPECT_GT(refused, operations / step / 20) << "or failures do not arrive";
}

INSTANTIATE_TEST_SUITE_P(All, FailingDisk,
                         ::testing::Values(MemoryDisk::Failure::kIo, MemoryDisk::Failure::kNoSpace),
                         [](const auto& given) {
                           return given.param == MemoryDisk::Failure::kIo ? "Eio" : "Enospc";
                         });

// --- Bits that turn ---

std::string KindOf(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (absl::EndsWith(name, ".sst")) return "table";
  if (absl::EndsWith(name, ".log")) return "log";
  return name.substr(0, name.find('-'));
}

// Everything that can be read, or the first thing that cannot.
absl::StatusOr<std::map<std::string, std::string>> ReadEverything(const store::Store& store) {
  std::map<std::string, std::string> rows;
  const auto view = store.NewView();
  if (!view.ok()) return view.status();
  for (int i = 0; i < store::kSpaceCount; ++i) {
    const Space space = static_cast<Space>(i);
    const auto page = (*view)->Scan(space, "", "", 100'000);
    if (!page.ok()) return page.status();
    for (const store::KeyValue& row : *page) {
      // By its key, too: reading one row takes another way than reading all.
      const auto one = (*view)->Get(space, row.key);
      if (!one.ok()) return one.status();
      if (*one != row.value) return absl::InternalError("two readings differ");
      // Checkpoints are signed, and made again where the last one is missing.
      if (space == Space::kCheckpoints || row.key == "ledger/checkpoint") continue;
      rows[absl::StrCat(store::SpaceName(space), "/", row.key)] = row.value;
    }
  }
  return rows;
}

// What became of flips of one kind of file.
struct Flips {
  int refused = 0;     // at the start
  int died = 0;        // the process ended: nothing was served
  int unreadable = 0;  // noticed in reading
  int harmless = 0;
};

// Debian's RocksDB is compiled with its assertions, and reads a table's properties before it checks
// their checksum: one bit there ends the process (data_block_hash_index.cc:79). So flips are made
// in processes of their own, which are this test again with kChildVariable "kind first end".
constexpr char kChildVariable[] = "SIGNPOST_FLIPS";

// Turns one bit for each of the numbers from `first` up to `end`, and says on stdout which and what
// became of it.
void FlipHere(const std::string& kind, int first, int end) {
  Trial trial;
  trial.Session(40);
  trial.Session(40);  // what the first one wrote is in tables now
  trial.Session(40);  // what this one wrote is in the log
  const std::map<std::string, std::string> files = trial.disk().Files();
  ASSERT_TRUE(trial.Open().ok());
  const std::map<std::string, std::string> truth = *ReadEverything(trial.store());
  ASSERT_GT(truth.size(), 120u) << "a row for each entry, and more";
  trial.Close();

  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files) {
    if (!bytes.empty() && KindOf(path) == kind) paths.push_back(path);
  }
  ASSERT_FALSE(paths.empty());
  for (int i = first; i < end; ++i) {
    std::cout << "flip " << i << std::endl;
    std::mt19937_64 random(Seed() + static_cast<uint64_t>(i));
    const std::string& path = paths[random() % paths.size()];
    std::map<std::string, std::string> changed = files;
    std::string& bytes = changed[path];
    const size_t at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
    trial.disk().Load(changed);
    const absl::Status opened = trial.Open();
    if (!opened.ok()) {
      std::cout << "refused" << std::endl;
    } else if (const auto read = ReadEverything(trial.store()); !read.ok()) {
      ASSERT_EQ(ReasonOf(read.status()), Reason::kDataLoss) << read.status();
      std::cout << "unreadable" << std::endl;
    } else {
      ASSERT_EQ(*read, truth) << "byte " << at << " of " << path << " was changed and served";
      std::cout << "harmless" << std::endl;
    }
    trial.Close();
  }
}

// The same in another process; a further one goes on behind a flip that ended it.
Flips FlipElsewhere(const std::string& kind, int count) {
  Flips flips;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  for (int first = 0; first < count;) {
    const std::string command =
        absl::StrCat("exec env ", kChildVariable, "='", kind, " ", first, " ", count, "' '",
                     program, "' --gtest_filter=DurabilityTest.ABitThatTurns*");
    std::FILE* const child = ::popen(command.c_str(), "r");
    if (child == nullptr) std::abort();
    std::string output;
    char line[4096];
    int last = first - 1;
    while (std::fgets(line, sizeof(line), child) != nullptr) {
      output += line;
      const std::string word(line, std::strcspn(line, "\n"));
      if (absl::StartsWith(word, "flip ")) last = std::atoi(word.c_str() + 5);
      if (word == "refused") ++flips.refused;
      if (word == "unreadable") ++flips.unreadable;
      if (word == "harmless") ++flips.harmless;
    }
    const int status = ::pclose(child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    if (!WIFSIGNALED(status) || last < first) {
      ADD_FAILURE() << "flipping " << kind << ":\n" << output;
      break;
    }
    ++flips.died;
    first = last + 1;
  }
  return flips;
}

TEST(DurabilityTest, ABitThatTurnsIsNoticedOrHarmlessAndNeverServed) {
  if (const char* const mine = std::getenv(kChildVariable); mine != nullptr) {
    const std::vector<std::string> words = absl::StrSplit(mine, ' ');
    ASSERT_EQ(words.size(), 3u);
    return FlipHere(words[0], std::atoi(words[1].c_str()), std::atoi(words[2].c_str()));
  }
  for (const char* kind : {"table", "log", "MANIFEST", "CURRENT", "OPTIONS", "IDENTITY"}) {
    const int count = Trials(50);
    const Flips flips = FlipElsewhere(kind, count);
    std::cout << kind << ": " << flips.refused << " refused, " << flips.died
              << " ended the process, " << flips.unreadable << " noticed in reading, "
              << flips.harmless << " harmless" << std::endl;
    EXPECT_EQ(flips.refused + flips.died + flips.unreadable + flips.harmless, count) << kind;
    for (const char* const read : {"table", "log", "MANIFEST", "CURRENT"}) {
      if (std::strcmp(kind, read) != 0) continue;
      EXPECT_GT(flips.refused + flips.unreadable, 0) << kind;
    }
  }
}

}  // namespace
}  // namespace signpost::ledger
