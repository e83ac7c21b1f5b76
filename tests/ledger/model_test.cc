// The sequencer against a model of a few lines, in thousands of short histories that chance writes:
// operations that rest on rows and ranges read at this revision or an older one, several to a
// commit; commits that fail, are lost, or reach the disk unconfirmed; crashes and restarts;
// checkpoints; a clock that also goes back; and a follower that must never be behind what was
// acknowledged.
//
// Broken once each in conflict_window.cc and sequencer.cc, and found within the everyday number of
// histories: rows not compared (a lost write), ranges not compared (a phantom), rows of the same
// group not compared, forgetting without raising the floor, the follower led on after the callers
// were told (a stale follower).
//
// The sequencer has threads of its own, and yet a history is decided by its seed alone. Its writer
// touches nothing but the store, and takes what is queued when its last commit has ended; so a
// store that holds every commit until it is told decides what is in each commit. No seam in the
// product is needed.
//
//   SIGNPOST_MODEL_SEED=7       that one history again
//   SIGNPOST_MODEL_HISTORIES=N  so many instead of the everyday number

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::ledger {
namespace {

using base::Reason;
using store::Space;

constexpr int kHistories = 1000;
constexpr int kOperationsPerCommit = 3;  // small, so that what is queued takes several commits
constexpr size_t kRowsRemembered = 5;    // small, so that what was read is soon too old

// --- The store that waits ---

// How a commit ends.
enum class Fate { kKept, kLost, kUnconfirmed, kFull };

// Holds each commit until Release(). Reads pass.
class SteppedStore final : public store::Store {
 public:
  explicit SteppedStore(store::HostileStore* inner) : inner_(inner) {}

  absl::StatusOr<std::unique_ptr<store::View>> NewView() const override {
    return inner_->NewView();
  }

  // While `held`, commits wait for Release(); otherwise they end as `fate` says.
  void Hold(bool held, Fate fate = Fate::kKept) {
    absl::MutexLock lock(&mutex_);
    held_ = held;
    fate_ = fate;
  }
  // Lets the one commit that waits end so. REQUIRES: one waits.
  void Release(Fate fate) {
    absl::MutexLock lock(&mutex_);
    fate_ = fate;
    released_ = true;
    waiting_ = false;
  }
  bool waiting() const {
    absl::MutexLock lock(&mutex_);
    return waiting_;
  }
  // Until a commit waits; false when none comes for long.
  bool AwaitCommit() const {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&waiting_), absl::Seconds(20));
  }

 private:
  absl::StatusOr<uint64_t> DoCommit(const store::Batch& batch, const store::Fence& fence) override {
    Fate fate;
    {
      absl::MutexLock lock(&mutex_);
      if (held_) {
        waiting_ = true;
        mutex_.Await(absl::Condition(&released_));
        released_ = false;
      }
      fate = fate_;
    }
    using Failure = store::HostileStore::Failure;
    if (fate == Fate::kLost) inner_->FailCommit(1, Failure::kNothingWritten);
    if (fate == Fate::kUnconfirmed) inner_->FailCommit(1, Failure::kWrittenUnconfirmed);
    if (fate == Fate::kFull) inner_->FailCommit(1, Failure::kFull);
    return inner_->Commit(batch, fence);
  }
  uint64_t DoRevision() const override { return (*inner_->NewView())->revision(); }

  store::HostileStore* const inner_;
  mutable absl::Mutex mutex_;
  bool held_ = true;
  bool waiting_ = false;
  bool released_ = false;
  Fate fate_ = Fate::kKept;
};

// --- The model ---

// An operation as the history has it.
struct Act {
  struct Write {
    std::string key;
    std::optional<std::string> value;
  };
  std::vector<Write> writes;
  // What it rests on: a row where `to` is empty, otherwise a range.
  struct Read {
    std::string from, to;
    uint64_t revision;
  };
  std::vector<Read> reads;
  std::vector<Draft> entries;
  bool with_index = false;
};

// What was sequenced. Copied for each commit, and kept when that is durable.
struct World {
  std::map<std::string, std::string> rows;  // of Space::kPeople
  std::vector<std::string> entries;
  std::map<std::string, uint64_t> counters;
  int64_t time_us = 0;

  uint64_t revision = 0;  // of the last commit
  std::map<std::string, uint64_t> written;
  // What the sequencer remembers of it: rows by commit, oldest first.
  std::deque<std::pair<uint64_t, size_t>> remembered;
  uint64_t floor = 0;
  std::vector<std::string> pending;  // rows of the commit in the making

  // The commit in the making is durable.
  void Commit() {
    ++revision;
    for (const std::string& key : pending) written[key] = revision;
    if (!pending.empty()) remembered.emplace_back(revision, pending.size());
    pending.clear();
    size_t held = 0;
    for (const auto& one : remembered) held += one.second;
    while (held > kRowsRemembered) {
      floor = remembered.front().first;
      held -= remembered.front().second;
      remembered.pop_front();
    }
  }
  // A new process, at `now`.
  void Reopen(uint64_t now) {
    revision = floor = now;
    remembered.clear();
  }
};

// Whether what `read` saw still stands.
bool Stands(const Act::Read& read, const World& world) {
  const auto touches = [&](const std::string& key) {
    return read.to.empty() ? key == read.from : key >= read.from && key < read.to;
  };
  if (read.revision < world.floor) return false;
  for (const std::string& key : world.pending) {
    if (touches(key)) return false;
  }
  for (const auto& [key, revision] : world.written) {
    if (revision > read.revision && touches(key)) return false;
  }
  return true;
}

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// RFC 6962, as the recursion it is defined by.
tlog::Hash RootOf(const std::vector<std::string>& entries, size_t from, size_t to) {
  tlog::Hasher hasher;
  if (from == to) return hasher.Digest("");
  if (to - from == 1) return hasher.Digest(std::string(1, '\0') + entries[from]);
  size_t half = 1;
  while (half * 2 < to - from) half *= 2;
  return hasher.Digest(std::string(1, '\1') +
                       tlog::HashToString(RootOf(entries, from, from + half)) +
                       tlog::HashToString(RootOf(entries, from + half, to)));
}

// What the caller is told: the reason, or kUnspecified and the first index.
struct Told {
  Reason reason = Reason::kUnspecified;
  uint64_t first_index = 0;
  bool operator==(const Told&) const = default;
};

std::string ToString(const std::optional<Told>& told) {
  if (!told.has_value()) return "nothing";
  if (told->reason != Reason::kUnspecified) return base::ReasonName(told->reason);
  return absl::StrCat("index ", told->first_index);
}

// Adds `act` to `world`, or leaves it alone when what it rests on was written since.
Told Apply(const Act& act, int64_t now_us, World* world) {
  for (const Act::Read& read : act.reads) {
    if (!Stands(read, *world)) return {Reason::kAborted, 0};
  }
  const uint64_t first = world->entries.size();
  for (const Act::Write& write : act.writes) {
    if (write.value.has_value()) {
      world->rows[write.key] = *write.value;
    } else {
      world->rows.erase(write.key);
    }
    world->pending.push_back(write.key);
  }
  if (act.with_index) {
    world->rows[absl::StrCat("at ", first)] = "indexed";
    world->pending.push_back(absl::StrCat("at ", first));
  }
  world->time_us = std::max(world->time_us, now_us);
  for (const Draft& draft : act.entries) {
    std::string entry = draft.body;
    entry += '\x08';
    PutVarint(world->entries.size(), &entry);
    entry += '\x10';
    PutVarint(static_cast<uint64_t>(world->time_us), &entry);
    entry += '\x18';
    PutVarint(++world->counters[draft.agency_id], &entry);
    world->entries.push_back(entry);
  }
  return {Reason::kUnspecified, first};
}

// What a room keeps in memory: the rows, and how far the ledger is.
class Mirror final : public store::Follower {
 public:
  absl::Status Begin(const store::View& view) override {
    const absl::StatusOr<Sequencer::Head> head = LedgerReader(&view).Head();
    if (!head.ok()) return head.status();
    const auto found = view.Scan(Space::kPeople, "", "", 10'000);
    if (!found.ok()) return found.status();
    absl::MutexLock lock(&mutex_);
    rows_.clear();
    for (const store::KeyValue& row : *found) rows_[row.key] = row.value;
    entries_ = head->size;
    return absl::OkStatus();
  }
  absl::Status Take(const store::PublishedCommit& commit) override {
    absl::MutexLock lock(&mutex_);
    for (const store::Batch::Operation& row : commit.rows.operations()) {
      if (row.space == Space::kEntries) entries_ = store::U64FromKey(std::string(row.key)) + 1;
      if (row.space != Space::kPeople) continue;
      if (row.value.has_value()) {
        rows_[std::string(row.key)] = std::string(*row.value);
      } else {
        rows_.erase(std::string(row.key));
      }
    }
    return absl::OkStatus();
  }
  uint64_t entries() const {
    absl::MutexLock lock(&mutex_);
    return entries_;
  }
  std::map<std::string, std::string> rows() const {
    absl::MutexLock lock(&mutex_);
    return rows_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, std::string> rows_;
  uint64_t entries_ = 0;
};

// --- A history ---

class History {
 public:
  // With `lying`, the store acknowledges what it does not keep: the negative control.
  History(uint64_t seed, bool lying) : dice_(seed), lying_(lying) {
    ledgers_.options.operations_per_commit_max = kOperationsPerCommit;
    ledgers_.options.conflict_rows_max = kRowsRemembered;
  }
  ~History() { Close(); }

  // Empty when all went as the model says; otherwise what did not.
  std::string Run() {
    Open();
    if (lying_) hostile_.StopSyncing();
    const int steps = 5 + Roll(40);
    for (int step = 0; step < steps && wrong_.empty(); ++step) Step();
    if (wrong_.empty()) Restart();
    if (wrong_.empty()) CompareStore();
    return wrong_;
  }

 private:
  struct Pending {
    Act act;
    size_t number;
  };

  int Roll(int sides) { return static_cast<int>(dice_() % static_cast<uint64_t>(sides)); }

  void Wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  void Open() {
    hostile_.Restart();
    stepped_.Hold(true);
    absl::StatusOr<std::unique_ptr<Sequencer>> opened = ledgers_.Open(&stepped_);
    if (!opened.ok()) return Wrong(absl::StrCat("does not open: ", opened.status().ToString()));
    sequencer_ = *std::move(opened);
    auto following = sequencer_->Follow(&mirror_);
    if (!following.ok()) return Wrong(absl::StrCat("no follower: ", following.status().ToString()));
    following_ = *std::move(following);
    world_.Reopen(StoredRevision());
    seen_.push_back(world_.revision);
    latched_ = false;
    CompareHead();
  }

  // Ends the sequencer; whatever waits in it was answered or will be by its end.
  void Close() {
    if (sequencer_ == nullptr) return;
    stepped_.Hold(false, latched_ ? Fate::kLost : Fate::kKept);
    if (stepped_.waiting()) stepped_.Release(Fate::kKept);
    following_.reset();
    sequencer_.reset();
  }

  uint64_t StoredRevision() { return (*memory_->NewView())->revision(); }

  void Step() {
    if (Roll(4) == 0) ledgers_.clock.Advance(absl::Microseconds(Roll(2000) - 500));
    const int what = Roll(100);
    if (what < 60) return Submit();
    if (what < 90) {
      if (!taken_.empty()) return EndCommit(Fate::kKept);
      return Submit();
    }
    if (what < 93) return taken_.empty() ? Submit() : EndCommit(Fate::kFull);
    if (what < 94) return taken_.empty() ? Submit() : Crash(Fate::kLost);
    if (what < 95) return taken_.empty() ? Submit() : Crash(Fate::kUnconfirmed);
    if (what < 98) return Publish();
    Restart();
  }

  Act MakeAct() {
    Act act;
    const auto key = [this] { return absl::StrCat("k", Roll(4)); };
    for (int i = Roll(3); i > 0; --i) {
      act.writes.push_back({key(), Roll(4) == 0
                                       ? std::nullopt
                                       : std::optional<std::string>(absl::StrCat("v", Roll(3)))});
    }
    for (int i = Roll(3); i > 0; --i) {
      // Mostly what is newest, sometimes what somebody slow had read.
      const uint64_t revision =
          Roll(3) > 0 ? seen_.back()
                      : seen_[static_cast<size_t>(Roll(static_cast<int>(seen_.size())))];
      switch (Roll(4)) {
        case 0:
          act.reads.push_back({"k1", "k3", revision});
          break;
        case 1:
          act.reads.push_back({"at ", "at!", revision});  // where index hooks write
          break;
        default:
          act.reads.push_back({key(), "", revision});
      }
    }
    const char* const agencies[] = {"", "yot", "cps"};
    for (int i = 1 + Roll(3); i > 0; --i) {
      act.entries.push_back(testing::MakeDraft(agencies[Roll(3)], absl::StrCat("e", told_.size())));
    }
    act.with_index = Roll(4) == 0;
    return act;
  }

  void Submit() {
    Pending pending{MakeAct(), told_.size()};
    Operation operation;
    for (const Act::Write& write : pending.act.writes) {
      if (write.value.has_value()) {
        operation.batch.Put(Space::kPeople, write.key, *write.value);
      } else {
        operation.batch.Delete(Space::kPeople, write.key);
      }
    }
    for (const Act::Read& read : pending.act.reads) {
      if (read.to.empty()) {
        operation.reads.AddRow(Space::kPeople, read.from, read.revision);
      } else {
        operation.reads.AddRange(Space::kPeople, read.from, read.to, read.revision);
      }
    }
    operation.entries = pending.act.entries;
    if (pending.act.with_index) {
      operation.with_index = [](uint64_t first, store::Batch& batch) {
        batch.Put(Space::kPeople, absl::StrCat("at ", first), "indexed");
      };
    }
    {
      absl::MutexLock lock(&mutex_);
      told_.emplace_back();
      expected_.emplace_back();
    }
    sequencer_->Submit(
        std::move(operation), [this, number = pending.number](absl::StatusOr<Sequenced> result) {
          absl::MutexLock lock(&mutex_);
          if (told_[number].has_value()) twice_ = true;
          // Who is told may look at what is kept in memory at once.
          if (result.ok() && mirror_.entries() <= result->first_index) stale_ = true;
          told_[number] = result.ok() ? Told{Reason::kUnspecified, result->first_index}
                                      : Told{base::ReasonOf(result.status()), 0};
          ++told_count_;
        });
    queue_.push_back(std::move(pending));
    // A writer with nothing to do takes it at once, alone.
    if (taken_.empty()) Take();
  }

  // The model of the writer: it takes all that is queued, and goes through it commit by commit
  // until one waits in the store or nothing is left.
  void Take() {
    while (true) {
      if (rest_.empty()) rest_.swap(queue_);
      if (rest_.empty()) return Settle(false);
      next_ = world_;
      const int64_t now_us = absl::ToUnixMicros(ledgers_.clock.Now());
      bool any = false;
      while (!rest_.empty() && taken_.size() < kOperationsPerCommit) {
        const Told told = Apply(rest_.front().act, now_us, &next_);
        any = any || told.reason == Reason::kUnspecified;
        expected_[rest_.front().number] = told;
        taken_.push_back(std::move(rest_.front()));
        rest_.pop_front();
      }
      if (any) return Settle(true);
      taken_.clear();  // nothing to commit: they were answered
    }
  }

  // Waits until the sequencer stands where the model does: before a commit, or idle.
  void Settle(bool committing) {
    if (committing && !stepped_.AwaitCommit()) {
      Wrong("the sequencer does not commit where the model does");
    }
    CompareTold();
  }

  void EndCommit(Fate fate) {
    if (fate == Fate::kKept) {
      world_ = std::move(next_);
      world_.Commit();
      seen_.push_back(world_.revision);
    } else {
      for (const Pending& one : taken_) {
        if (expected_[one.number]->reason == Reason::kUnspecified) {
          expected_[one.number] = Told{Reason::kStoreFull, 0};
        }
      }
    }
    taken_.clear();
    stepped_.Release(fate);
    Take();
    if (taken_.empty()) CompareHead();
  }

  // The commit that waits ends like that, nobody is answered any more, and a new process begins.
  void Crash(Fate fate) {
    if (fate == Fate::kUnconfirmed) {
      world_ = std::move(next_);
      world_.Commit();
    }
    for (const Pending& one : taken_) {
      if (expected_[one.number]->reason == Reason::kUnspecified) {
        expected_[one.number] = Told{Reason::kStoreUnavailable, 0};
      }
    }
    for (const std::deque<Pending>* waiting : {&rest_, &queue_}) {
      for (const Pending& one : *waiting) {
        expected_[one.number] = Told{Reason::kStoreUnavailable, 0};
      }
    }
    taken_.clear();
    rest_.clear();
    queue_.clear();
    stepped_.Release(fate);
    latched_ = true;
    CompareTold();
    const bool unpublished = published_.value_or(0) < sequencer_->head().size;
    if (unpublished && sequencer_->Checkpoint().ok()) {
      Wrong("a checkpoint was published after a commit that failed");
    }
    Close();
    Open();
    CheckPublished();
  }

  void Drain() {
    while (!taken_.empty() && wrong_.empty()) EndCommit(Fate::kKept);
  }

  // A checkpoint of what is there, which may fail as any commit may.
  void Publish() {
    Drain();
    if (!wrong_.empty()) return;
    const Fate fate = Roll(8) == 0 ? Fate::kFull : Fate::kKept;
    stepped_.Hold(false, fate);
    const absl::StatusOr<std::string> note = sequencer_->Checkpoint();
    stepped_.Hold(true);
    const bool needed = !published_.has_value() || *published_ < world_.entries.size();
    if (fate != Fate::kKept && needed) {
      if (note.ok()) Wrong("a checkpoint that was not kept was given out");
      return;
    }
    if (!note.ok()) return Wrong(absl::StrCat("no checkpoint: ", note.status().ToString()));
    const auto checkpoint = tlog::OpenCheckpoint(*note, {ledgers_.verifier});
    if (!checkpoint.ok() || checkpoint->size != world_.entries.size() ||
        checkpoint->root != RootOf(world_.entries, 0, world_.entries.size())) {
      return Wrong(absl::StrCat("a wrong checkpoint at ", world_.entries.size()));
    }
    published_ = checkpoint->size;
    world_.revision = StoredRevision();
    seen_.push_back(world_.revision);
  }

  // As an operator stops and starts it: what was accepted is done, and a last checkpoint is made.
  void Restart() {
    Drain();
    if (!wrong_.empty()) return;
    Close();
    if (!world_.entries.empty()) published_ = world_.entries.size();
    if (lying_) hostile_.LoseUnsynced();
    Open();
    if (lying_) hostile_.StopSyncing();
    CheckPublished();
  }

  void CompareTold() {
    size_t count = 0;
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < expected_.size(); ++i) {
      if (expected_[i].has_value() && !InCommit(i)) ++count;
    }
    const auto all = [this, &count]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return told_count_ >= count; };
    if (!mutex_.AwaitWithTimeout(absl::Condition(&all), absl::Seconds(20))) {
      return Wrong("somebody was not answered");
    }
    if (twice_) Wrong("somebody was answered twice");
    if (stale_) Wrong("somebody was told before the follower had taken it");
    for (size_t i = 0; i < expected_.size(); ++i) {
      const std::optional<Told> wanted = InCommit(i) ? std::nullopt : expected_[i];
      if (told_[i] != wanted) {
        Wrong(absl::StrCat("operation ", i, " was told ", ToString(told_[i]), " where ",
                           ToString(wanted), " was due"));
      }
    }
  }

  // Not answered before its commit ends, whatever was found.
  bool InCommit(size_t number) const {
    for (const Pending& one : taken_) {
      if (one.number == number) return true;
    }
    return false;
  }

  void CompareHead() {
    const Sequencer::Head head = sequencer_->head();
    if (head.size != world_.entries.size()) {
      return Wrong(absl::StrCat("the ledger has ", head.size, " entries where ",
                                world_.entries.size(), " are due"));
    }
    if (head.root_hash != tlog::HashToString(RootOf(world_.entries, 0, world_.entries.size()))) {
      Wrong("the root is not that of the entries");
    }
    if (mirror_.rows() != world_.rows) Wrong("the follower holds other rows than the store");
    if (StoredRevision() != world_.revision) Wrong("the store is of another revision");
  }

  // The last checkpoint that was given out is still a prefix.
  void CheckPublished() {
    if (!wrong_.empty() || !published_.has_value()) return;
    const auto view = stepped_.NewView();
    const LedgerReader reader(view->get());
    const auto root = reader.RootAt(*published_);
    if (!root.ok() || *root != RootOf(world_.entries, 0, *published_)) {
      Wrong("what was published is not a prefix of the ledger");
    }
  }

  // Every row and every entry.
  void CompareStore() {
    const auto view = stepped_.NewView();
    const auto rows = (*view)->Scan(Space::kPeople, "", "", 10'000);
    std::map<std::string, std::string> held;
    for (const store::KeyValue& row : *rows) held[row.key] = row.value;
    if (held != world_.rows) Wrong("the rows are not those that were acknowledged");
    const LedgerReader reader(view->get());
    for (size_t i = 0; i < world_.entries.size(); ++i) {
      const auto entry = reader.Entry(i);
      if (!entry.ok() || *entry != world_.entries[i]) {
        return Wrong(absl::StrCat("entry ", i, " is not the one that was acknowledged"));
      }
      tlog::Hasher hasher;
      const auto path = reader.InclusionProof(i, world_.entries.size());
      if (!path.ok() || !tlog::VerifyInclusion(hasher.Leaf(*entry), i, world_.entries.size(), *path,
                                               RootOf(world_.entries, 0, world_.entries.size()))
                             .ok()) {
        return Wrong(absl::StrCat("entry ", i, " has no proof"));
      }
    }
  }

  std::mt19937_64 dice_;
  const bool lying_;
  testing::Ledgers ledgers_;
  const std::unique_ptr<store::Store> memory_ = store::NewMemoryStore();
  store::HostileStore hostile_{memory_.get()};
  SteppedStore stepped_{&hostile_};
  Mirror mirror_;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<store::Following> following_;

  World world_;                 // durable
  World next_;                  // with the commit that waits
  std::vector<uint64_t> seen_;  // revisions at which somebody may have read
  std::deque<Pending> queue_, rest_;
  std::vector<Pending> taken_;  // in the commit that waits
  std::optional<uint64_t> published_;
  bool latched_ = false;
  std::string wrong_;

  absl::Mutex mutex_;
  std::vector<std::optional<Told>> told_, expected_;
  size_t told_count_ = 0;
  bool twice_ = false;
  bool stale_ = false;
};

uint64_t Environment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

TEST(SequencerModel, DoesWhatTheModelDoesInEveryHistory) {
  if (std::getenv("SIGNPOST_MODEL_SEED") != nullptr) {
    EXPECT_EQ(History(Environment("SIGNPOST_MODEL_SEED", 0), false).Run(), "");
    return;
  }
  const uint64_t first = std::random_device()();
  const uint64_t count = Environment("SIGNPOST_MODEL_HISTORIES", kHistories);
  std::printf("seeds %ju to %ju\n", static_cast<uintmax_t>(first),
              static_cast<uintmax_t>(first + count - 1));
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const std::string wrong = History(seed, false).Run();
    ASSERT_EQ(wrong, "") << "again with: SIGNPOST_MODEL_SEED=" << seed
                         << " build/tests/ledger_model_test";
  }
}

// The same judge finds a store that does not keep what it acknowledges.
TEST(SequencerModel, FindsAStoreThatLies) {
  int found = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    if (!History(seed, true).Run().empty()) ++found;
  }
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace signpost::ledger
