// Two threads. The writer takes whatever has been submitted, judges each operation, builds one
// batch and commits it; nothing else touches its state, and it reads nothing from the store. The
// finisher lets followers catch up and then calls Done, so that a slow callback delays no commit
// and the next batch syncs meanwhile.

#include "hub/ledger/sequencer.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "hub/base/error.h"
#include "hub/base/files.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/conflict_window.h"
#include "hub/ledger/restored.h"
#include "hub/ledger/rows.h"
#include "hub/ledger/tree_rows.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "hub/tlog/pruned.h"

namespace signpost::ledger {
namespace {

using base::Error;
using base::Reason;
using store::Space;

absl::Status Conflict() {
  return Error(Reason::kAborted, "somebody changed it first; read again and retry");
}

absl::Status Latched() {
  return Error(Reason::kStoreUnavailable,
               "an earlier write failed; nothing is accepted until the hub is restarted");
}

// Everything about an operation that can be judged without the store.
absl::Status CheckOperation(const Operation& operation) {
  if (operation.entries.empty()) {
    return base::InvalidField("entries", "an operation without an entry changes nothing");
  }
  for (const Draft& draft : operation.entries) {
    if (draft.body.size() + tlog::kEntrySuffixBytesMax > base::kEntryBytesMax) {
      return base::InvalidField(
          "entries", absl::StrCat("an entry of ", draft.body.size(), " bytes is over the limit"));
    }
    absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(draft.body);
    if (!fields.ok()) return base::InvalidField("entries", "an entry is not a stored message");
    if (fields->sequencer_fields) {
      return base::InvalidField("entries", "an entry sets what only the sequencer may");
    }
    if (fields->agency_id != draft.agency_id) {
      return base::InvalidField("entries", "an entry's agency_id is not the one counted");
    }
    if (draft.agency_id.size() + sizeof(kCounterPrefix) > base::kStoreKeyBytesMax) {
      return base::InvalidField("entries", "an agency id is too long");
    }
  }
  return absl::OkStatus();
}

// That what is to be pruned is what the entry says, so that no verifier can be told otherwise.
absl::Status CheckPrune(const Operation& operation) {
  const auto refused = [](const char* why) { return base::InvalidField("prune", why); };
  bool says_so = false;
  for (const Draft& draft : operation.entries) {
    const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(draft.body);
    if (!fields.ok() || fields->kind != tlog::kEntryKindPruned) continue;
    if (operation.prune.empty() || operation.entries.size() != 1) {
      return refused("an entry says that something was pruned, and nothing is");
    }
    const auto kinds = tlog::DecodePruned(fields->pruned);
    if (!kinds.ok()) return refused("the entry does not say what is pruned");
    std::vector<uint64_t> said;
    for (const tlog::PrunedKind& kind : *kinds) {
      for (const tlog::PrunedRange& range : kind.ranges) {
        if (range.last - range.first >= operation.prune.size()) {
          return refused("the entry says that more is pruned");
        }
        for (uint64_t index = range.first; index <= range.last; ++index) said.push_back(index);
      }
    }
    std::sort(said.begin(), said.end());
    if (said != operation.prune) return refused("the entry does not say what is pruned");
    says_so = true;
  }
  if (!operation.prune.empty() && !says_so) {
    return refused("entries are pruned by an operation that says so alone");
  }
  return absl::OkStatus();
}

absl::Status CheckBatch(const store::Batch& batch) {
  for (const store::Batch::Operation& row : batch.operations()) {
    if (IsLedgerRow(row.space, row.key)) {
      return base::InvalidField("batch", "a row is the ledger's own");
    }
  }
  return store::CheckLimits(batch);
}

absl::Status CheckReads(const Operation& operation) {
  if (operation.reads.size() <= base::kReadsPerOperationMax) return absl::OkStatus();
  return base::InvalidField("reads", absl::StrCat("an operation rests on ", operation.reads.size(),
                                                  " rows and ranges; at most ",
                                                  base::kReadsPerOperationMax, " are judged"));
}

using Counters = absl::flat_hash_map<std::string, uint64_t>;

class SequencerImpl final : public Sequencer {
 public:
  SequencerImpl(Options options, store::Store* store, const base::Clock* clock,
                const tlog::NoteSigner* signer, HeadRow head, TreeWriter tree,
                std::optional<std::string> head_row, Counters counters, uint64_t revision,
                uint64_t published_size, std::string published_note)
      : options_(std::move(options)),
        store_(store),
        clock_(clock),
        signer_(signer),
        state_(std::move(head)),
        tree_(std::move(tree)),
        fence_{std::move(head_row)},
        counters_(std::move(counters)),
        window_(revision, options_.conflict_rows_max),
        followers_(store),
        published_at_(absl::Now()),
        head_{state_.frontier.size(), tlog::HashToString(state_.frontier.Root(hasher_))},
        published_size_(published_size),
        published_note_(std::move(published_note)) {
    writer_ = std::thread([this] { Write(); });
    finisher_ = std::thread([this] { Finish(); });
  }

  ~SequencerImpl() override { Shutdown(); }

  void Submit(Operation operation, Done done) override {
    absl::Status status = CheckOperation(operation);
    if (status.ok()) status = CheckPrune(operation);
    if (status.ok()) status = CheckBatch(operation.batch);
    if (status.ok()) status = CheckReads(operation);
    if (status.ok()) {
      absl::MutexLock lock(&mutex_);
      status = Accept(operation, done);
    }
    if (!status.ok()) done(status);
  }

  absl::StatusOr<std::unique_ptr<store::Following>> Follow(store::Follower* follower) override {
    return followers_.Add(follower);
  }

  absl::Status followers_status() const override { return followers_.status(); }

  Head head() const override {
    absl::MutexLock lock(&mutex_);
    return head_;
  }

  absl::StatusOr<std::string> Checkpoint() override {
    absl::MutexLock lock(&mutex_);
    const uint64_t wanted = head_.size;
    // The very first checkpoint may be of an empty ledger.
    while (published_note_.empty() || published_size_ < wanted) {
      if (latched_) return Latched();
      if (writer_done_) return Error(Reason::kShuttingDown, "the ledger is closed");
      publish_wanted_ = true;
      const uint64_t round = publish_round_;
      wake_.Signal();
      while (round == publish_round_ && !latched_ && !writer_done_) published_.Wait(&mutex_);
      if (!publish_status_.ok()) return publish_status_;
    }
    return published_note_;
  }

  void Shutdown() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
      wake_.Signal();
    }
    absl::MutexLock lock(&join_mutex_);
    if (writer_.joinable()) writer_.join();
    if (finisher_.joinable()) finisher_.join();
  }

  const Options& options() const override { return options_; }

 private:
  struct Item {
    Operation operation;
    Done done;
    size_t bytes = 0;
  };
  // An operation that has been through the writer, with what its caller will be told.
  struct Finished {
    Done done;
    absl::StatusOr<Sequenced> result;
  };

  absl::Status Accept(Operation& operation, Done& done) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (latched_) return Latched();
    if (stopping_)
      return Error(Reason::kShuttingDown, "the hub is shutting down; ask the next one");
    if (waiting_ >= options_.queue_max) {
      return Error(Reason::kTooManyRequests, "the ledger's queue is full; wait and retry");
    }
    Item item;
    item.bytes = operation.batch.bytes();
    for (const Draft& draft : operation.entries) item.bytes += draft.body.size();
    item.operation = std::move(operation);
    item.done = std::move(done);
    queue_.push_back(std::move(item));
    ++waiting_;
    if (writer_idle_) wake_.Signal();
    return absl::OkStatus();
  }

  // --- The writer ---

  void Write() {
    std::deque<Item> taken;
    while (WaitForWork(taken)) {
      while (!taken.empty()) CommitSome(taken);
      if (PublicationDue()) Publish();
    }
    // Nothing more comes: what was accepted has been answered, now the last checkpoint.
    if (Unpublished()) Publish();
    absl::MutexLock lock(&mutex_);
    writer_done_ = true;
    published_.SignalAll();
    finish_.Signal();
  }

  // Takes all that is queued into `taken`; returns early when a checkpoint is due. False when it is
  // time to stop and nothing is left.
  bool WaitForWork(std::deque<Item>& taken) {
    absl::MutexLock lock(&mutex_);
    while (queue_.empty() && !stopping_ && !publish_wanted_) {
      writer_idle_ = true;
      if (published_size_ < head_.size && !latched_) {
        if (wake_.WaitWithDeadline(&mutex_, published_at_ + options_.checkpoint_interval)) break;
      } else {
        wake_.Wait(&mutex_);
      }
    }
    writer_idle_ = false;
    taken.swap(queue_);
    return !taken.empty() || publish_wanted_ || !stopping_;
  }

  // Takes operations off the front of `taken` up to the limits of one commit, and commits them.
  void CommitSome(std::deque<Item>& taken) {
    std::vector<Item> items;
    size_t bytes = 0;
    while (!taken.empty() &&
           items.size() < static_cast<size_t>(options_.operations_per_commit_max) &&
           (items.empty() || bytes + taken.front().bytes <= options_.bytes_per_commit_max)) {
      bytes += taken.front().bytes;
      items.push_back(std::move(taken.front()));
      taken.pop_front();
    }
    std::vector<Finished> finished = Sequence(items);
    absl::MutexLock lock(&mutex_);
    waiting_ -= static_cast<int>(items.size());
    finished_.insert(finished_.end(), std::make_move_iterator(finished.begin()),
                     std::make_move_iterator(finished.end()));
    finish_.Signal();
  }

  // Makes `items` durable in one commit, those that rest on what still stands, and says what to
  // answer.
  std::vector<Finished> Sequence(std::vector<Item>& items) {
    std::vector<Finished> finished;
    finished.reserve(items.size());
    if (IsLatched()) {
      for (Item& item : items) finished.push_back({std::move(item.done), Latched()});
      return finished;
    }
    // Work on copies: they become the state only when the commit is durable.
    Building building{state_, tree_, {}, {}, 0};
    for (Item& item : items) {
      absl::StatusOr<Sequenced> result = Add(item.operation, building);
      finished.push_back({std::move(item.done), std::move(result)});
    }
    if (building.state.frontier.size() == state_.frontier.size()) return finished;

    store::Batch batch;
    for (Item& item : items) batch.Append(std::move(item.operation.batch));
    const absl::Status status = Commit(std::move(building), std::move(batch));
    if (status.ok()) return finished;
    for (Finished& one : finished) {
      if (one.result.ok()) one.result = status;
    }
    return finished;
  }

  // One commit in the making.
  struct Building {
    HeadRow state;
    TreeWriter tree;
    store::Batch rows;   // the ledger's own
    Counters counters;   // those that moved
    int64_t now_us = 0;  // 0 until the first operation is added
  };

  // Adds `operation` to the commit, or empties its batch and says why not.
  absl::StatusOr<Sequenced> Add(Operation& operation, Building& building) {
    absl::Status status = window_.Holds(operation.reads) ? absl::OkStatus() : Conflict();
    const uint64_t first_index = building.state.frontier.size();
    // By the newest one the hub sees at its start that head and entries belong together.
    if (status.ok() && !operation.prune.empty() && operation.prune.back() + 1 >= first_index) {
      status = base::InvalidField("prune", "the newest entry stays");
    }
    if (status.ok() && operation.with_index) {
      operation.with_index(first_index, operation.batch);
      status = CheckBatch(operation.batch);
    }
    if (!status.ok()) {
      operation.batch = store::Batch();
      return status;
    }
    if (building.now_us == 0) {
      building.now_us = std::max(absl::ToUnixMicros(clock_->Now()), building.state.sequenced_at_us);
      building.state.sequenced_at_us = building.now_us;
    }
    PermitEntries entries;
    entries.reserve(operation.entries.size());
    for (Draft& draft : operation.entries) {
      // Read before the body moves on; CheckOperation() found it well-formed.
      std::string reply_hash(tlog::DecodeEntryFields(draft.body)->reply_hash);
      entries.push_back({AddEntry(draft, building), std::move(reply_hash)});
    }
    for (const uint64_t index : operation.prune) {
      building.rows.Put(Space::kEntries, store::KeyU64(index), "");
    }
    window_.Add(operation.batch);
    return Sequenced{first_index, absl::FromUnixMicros(building.now_us),
                     MakePermit(first_index, std::move(entries))};
  }

  // Returns the leaf hash.
  std::string AddEntry(Draft& draft, Building& building) {
    const uint64_t index = building.state.frontier.size();
    const auto [counter, unmoved] = building.counters.try_emplace(draft.agency_id, 0);
    if (unmoved) counter->second = counters_[draft.agency_id];
    ++counter->second;
    std::string entry = std::move(draft.body);
    tlog::AppendEntrySuffix(index, building.now_us, counter->second, entry);
    const tlog::Hash leaf = hasher_.Leaf(entry);
    std::string leaf_hash = tlog::HashToString(leaf);
    building.rows.Put(Space::kEntries, store::KeyU64(index), std::move(entry));
    building.rows.Put(Space::kReceipts, leaf_hash, store::KeyU64(index));
    building.state.frontier.Append(leaf, hasher_,
                                   [&building](int level, uint64_t node, const tlog::Hash& hash) {
                                     building.tree.Add(level, node, hash);
                                   });
    return leaf_hash;
  }

  absl::Status Commit(Building building, store::Batch batch) {
    for (const auto& [agency_id, counter] : building.counters) {
      building.rows.Put(Space::kMeta, kCounterPrefix + agency_id, store::KeyU64(counter));
    }
    building.tree.PutFull(&building.rows);
    building.tree.PutGrown(&building.rows);
    std::string head_row = EncodeHead(building.state);
    building.rows.Put(Space::kMeta, kHeadKey, head_row);
    batch.Append(std::move(building.rows));
    const absl::StatusOr<uint64_t> revision = store_->Commit(std::move(batch), fence_);
    if (!revision.ok()) {
      window_.Abandon();
      return Failed(revision.status());
    }
    window_.Commit(*revision);

    state_ = std::move(building.state);
    tree_ = std::move(building.tree);
    fence_.head = std::move(head_row);
    for (auto& [agency_id, counter] : building.counters) counters_[agency_id] = counter;
    std::string root = tlog::HashToString(state_.frontier.Root(hasher_));
    absl::MutexLock lock(&mutex_);
    head_ = {state_.frontier.size(), std::move(root)};
    return absl::OkStatus();
  }

  // A full disk changed nothing and passes. After anything else nobody knows what is on the disk:
  // never again until a restart has read it back.
  absl::Status Failed(const absl::Status& status) {
    const Reason reason = base::ReasonOf(status);
    if (reason == Reason::kStoreFull || status.code() == absl::StatusCode::kResourceExhausted) {
      return Error(Reason::kStoreFull, std::string(status.message()));
    }
    absl::MutexLock lock(&mutex_);
    latched_ = true;
    published_.SignalAll();
    if (reason == Reason::kAborted) {
      return Error(Reason::kStoreUnavailable,
                   "somebody else wrote to the ledger; stop them and restart the hub");
    }
    return Error(Reason::kStoreUnavailable, std::string(status.message()));
  }

  bool IsLatched() const {
    absl::MutexLock lock(&mutex_);
    return latched_;
  }

  // --- Checkpoints, also the writer's ---

  bool Unpublished() const {
    absl::MutexLock lock(&mutex_);
    return published_size_ < head_.size && !latched_;
  }

  bool PublicationDue() const {
    absl::MutexLock lock(&mutex_);
    if (publish_wanted_) return true;
    return published_size_ < head_.size && !latched_ &&
           absl::Now() >= published_at_ + options_.checkpoint_interval;
  }

  void Publish() {
    absl::StatusOr<std::string> note = MakeCheckpoint();
    absl::MutexLock lock(&mutex_);
    published_at_ = absl::Now();
    publish_wanted_ = false;
    publish_status_ = note.status();
    ++publish_round_;
    if (note.ok()) {
      published_size_ = state_.frontier.size();
      published_note_ = *std::move(note);
    }
    published_.SignalAll();
  }

  // Signs, stores and files a checkpoint of everything durable.
  absl::StatusOr<std::string> MakeCheckpoint() {
    if (IsLatched()) return Latched();
    tlog::Checkpoint checkpoint;
    checkpoint.origin = options_.origin;
    checkpoint.size = state_.frontier.size();
    checkpoint.root = state_.frontier.Root(hasher_);
    SIGNPOST_ASSIGN_OR_RETURN(std::string note,
                              tlog::SignNote(tlog::FormatCheckpoint(checkpoint), *signer_));
    store::Batch batch;
    batch.Put(Space::kCheckpoints, store::KeyU64(checkpoint.size), note);
    batch.Put(Space::kMeta, kCheckpointKey, note);
    const absl::Status status = store_->Commit(std::move(batch), fence_).status();
    if (!status.ok()) return Failed(status);
    // A file that cannot be written must not stop the service; it is tried again at the next one,
    // and until then whoever asks for a checkpoint is told.
    if (!options_.checkpoint_file.empty()) {
      SIGNPOST_RETURN_IF_ERROR(base::ReplaceFile(options_.checkpoint_file, note));
    }
    return note;
  }

  // --- The finisher ---

  void Finish() {
    while (true) {
      // Only this thread changes it, but for the adding and going of followers.
      const bool behind = !followers_.status().ok();
      std::vector<Finished> batch;
      {
        absl::MutexLock lock(&mutex_);
        while (finished_.empty() && !writer_done_) {
          if (!behind) {
            finish_.Wait(&mutex_);
          } else if (finish_.WaitWithTimeout(&mutex_, options_.followers_retry_interval)) {
            break;  // whoever is behind refuses calls, so no commit may ever come to wake us
          }
        }
        if (finished_.empty() && writer_done_) return;
        batch.swap(finished_);
      }
      followers_.CatchUp();
      for (Finished& one : batch) std::move(one.done)(std::move(one.result));
    }
  }

  const Options options_;
  store::Store* const store_;
  const base::Clock* const clock_;
  const tlog::NoteSigner* const signer_;

  // The writer's own, after the constructor.
  tlog::Hasher hasher_;
  HeadRow state_;
  TreeWriter tree_;
  store::Fence fence_;  // the head as stored
  Counters counters_;
  ConflictWindow window_;

  store::Followers followers_;

  mutable absl::Mutex mutex_;
  absl::CondVar wake_;       // for the writer
  absl::CondVar finish_;     // for the finisher
  absl::CondVar published_;  // for Checkpoint()
  absl::Time published_at_ ABSL_GUARDED_BY(mutex_);
  Head head_ ABSL_GUARDED_BY(mutex_);
  uint64_t published_size_ ABSL_GUARDED_BY(mutex_);
  std::string published_note_ ABSL_GUARDED_BY(mutex_);
  absl::Status publish_status_ ABSL_GUARDED_BY(mutex_);
  uint64_t publish_round_ ABSL_GUARDED_BY(mutex_) = 0;
  bool publish_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mutex_);
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;  // submitted and not yet through the writer
  bool writer_idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool latched_ ABSL_GUARDED_BY(mutex_) = false;
  bool writer_done_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Finished> finished_ ABSL_GUARDED_BY(mutex_);

  absl::Mutex join_mutex_;  // one joins, the others wait until it has
  std::thread writer_;
  std::thread finisher_;
};

// --- Opening ---

// That head, nodes and the last entry belong together: O(log size) reads.
absl::Status CheckHead(const store::View& view, TreeReader* tree, const HeadRow& head) {
  absl::Status damaged = Error(
      Reason::kDataLoss, "the ledger's head does not fit its entries and nodes; call the operator");
  const uint64_t size = head.frontier.size();
  const std::vector<std::pair<int, uint64_t>> nodes = tlog::FrontierNodes(size);
  for (size_t i = 0; i < nodes.size(); ++i) {
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash hash, tree->Node(nodes[i].first, nodes[i].second));
    if (hash != head.frontier.hashes()[i]) return damaged;
  }
  const uint64_t last = size == 0 ? 0 : size - 1;
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> tail,
                            view.Scan(Space::kEntries, store::KeyU64(last), "", 2));
  if (size == 0) return tail.empty() ? absl::OkStatus() : damaged;
  if (tail.size() != 1 || tail[0].key != store::KeyU64(last)) return damaged;
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, tree->Node(0, last));
  tlog::Hasher hasher;
  return hasher.Leaf(tail[0].value) == leaf ? absl::OkStatus() : damaged;
}

// That the ledger of `head` extends the checkpoint in `note`, which lies in `where`.
absl::StatusOr<tlog::Checkpoint> CheckExtends(TreeReader* tree, const HeadRow& head,
                                              const std::string& origin, const std::string& note,
                                              const tlog::NoteVerifier& verifier,
                                              const std::string& where) {
  absl::StatusOr<tlog::Checkpoint> checkpoint =
      tlog::OpenCheckpoint(note, absl::MakeConstSpan(&verifier, 1));
  if (!checkpoint.ok()) {
    return Error(Reason::kDataLoss,
                 absl::StrCat("the last checkpoint in ", where,
                              " is not one of this ledger's key: ", checkpoint.status().message()));
  }
  if (checkpoint->origin != origin) {
    return Error(Reason::kDataLoss, absl::StrCat("the last checkpoint in ", where, " is of ",
                                                 checkpoint->origin, ", not of ", origin));
  }
  const uint64_t size = head.frontier.size();
  if (checkpoint->size > size) {
    return Error(Reason::kLedgerBehind,
                 absl::StrCat("the ledger has ", size, " entries but ", checkpoint->size,
                              " were published (checkpoint in ", where,
                              "): the store is an older one; find the newer"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root,
                            tlog::RootAt(checkpoint->size, [tree](int level, uint64_t index) {
                              return tree->Node(level, index);
                            }));
  if (root != checkpoint->root) {
    return Error(Reason::kLedgerBehind,
                 absl::StrCat("the first ", checkpoint->size,
                              " entries are not those that were published (checkpoint in ", where,
                              "): the store is of another history; find the right one"));
  }
  return checkpoint;
}

// The last counter of every agency: hundreds of short rows at the most.
absl::StatusOr<Counters> ReadCounters(const store::View& view) {
  Counters counters;
  const std::string prefix = kCounterPrefix;
  std::string from = prefix;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<store::KeyValue> rows,
        view.Scan(Space::kMeta, from, store::PrefixEnd(prefix), base::kPageRowsMax));
    for (const store::KeyValue& row : rows) {
      if (row.value.size() != sizeof(uint64_t)) {
        return Error(Reason::kDataLoss, "a counter of the ledger does not read; call the operator");
      }
      counters[row.key.substr(prefix.size())] = store::U64FromKey(row.value);
    }
    if (rows.size() < static_cast<size_t>(base::kPageRowsMax)) return counters;
    from = rows.back().key + '\0';
  }
}

// The word that somebody left who restored this store; nullopt when nobody did.
absl::StatusOr<std::optional<Restored>> ReadRestored(const store::View& view, TreeReader* tree,
                                                     const HeadRow& head, const std::string& origin,
                                                     const tlog::NoteVerifier& verifier) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                            view.Get(Space::kMeta, kRestoredKey));
  if (!note.has_value()) return std::nullopt;
  absl::StatusOr<Restored> restored = OpenRestored(*note, absl::MakeConstSpan(&verifier, 1));
  if (!restored.ok() || restored->origin != origin) {
    return Error(Reason::kDataLoss,
                 "the store says that it was restored, but not under this ledger's key; restore it "
                 "again with signpost-hub restore");
  }
  bool holds = restored->holds.size <= head.frontier.size();
  if (holds) {
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root,
                              tlog::RootAt(restored->holds.size, [tree](int level, uint64_t at) {
                                return tree->Node(level, at);
                              }));
    holds = root == restored->holds.root;
  }
  if (!holds) {
    return Error(Reason::kDataLoss,
                 "the store says that it was restored from a backup that it is not; restore it "
                 "again with signpost-hub restore");
  }
  return std::optional<Restored>(*std::move(restored));
}

// Whether whoever restored the store gave up exactly the checkpoint in `note`.
bool GivesUp(const std::optional<Restored>& restored, const std::string& note,
             const tlog::NoteVerifier& verifier) {
  const auto checkpoint = tlog::OpenCheckpoint(note, absl::MakeConstSpan(&verifier, 1));
  if (!restored.has_value() || !checkpoint.ok()) return false;
  return std::any_of(restored->gives_up.begin(), restored->gives_up.end(),
                     [&](const TreeHead& head) {
                       return head.size == checkpoint->size && head.root == checkpoint->root;
                     });
}

// That the ledger of `head` extends the checkpoint in the file at `path`, where there is one; its
// size, or 0. One that was given up is kept under another name, and is 0, too.
absl::StatusOr<uint64_t> CheckExtendsFile(TreeReader* tree, const HeadRow& head,
                                          const std::string& origin, const std::string& path,
                                          const tlog::NoteVerifier& verifier,
                                          const std::optional<Restored>& restored) {
  if (path.empty()) return 0;
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                            base::ReadWholeFile(path, tlog::kNoteBytesMax));
  if (!note.has_value()) return 0;
  const absl::StatusOr<tlog::Checkpoint> checkpoint =
      CheckExtends(tree, head, origin, *note, verifier, path);
  if (checkpoint.ok()) return checkpoint->size;
  if (base::ReasonOf(checkpoint.status()) != Reason::kLedgerBehind ||
      !GivesUp(restored, *note, verifier)) {
    return checkpoint.status();
  }
  const uint64_t size = tlog::OpenCheckpoint(*note, absl::MakeConstSpan(&verifier, 1))->size;
  SIGNPOST_RETURN_IF_ERROR(base::ReplaceFile(absl::StrCat(path, ".given-up-", size), *note));
  return 0;
}

// Says in the ledger that the store was restored, replaces the checkpoint outside by one that
// covers this, and only then forgets: a crash in between says it again. What witnesses co-signed of
// the history given up is taken away (CheckExtendsFile() kept it); they will have to be told.
absl::Status RecordRestored(Sequencer* sequencer, store::Store* store, const Restored& restored,
                            const tlog::NoteVerifier& verifier) {
  Operation operation;
  operation.entries.push_back(sequencer->options().restored_entry(restored));
  SIGNPOST_RETURN_IF_ERROR(sequencer->SubmitAndWait(std::move(operation)).status());
  SIGNPOST_RETURN_IF_ERROR(sequencer->Checkpoint().status());
  if (const std::string& witnessed = sequencer->options().witnessed_file; !witnessed.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> note,
                              base::ReadWholeFile(witnessed, tlog::kNoteBytesMax));
    if (note.has_value() && GivesUp(restored, *note, verifier)) ::unlink(witnessed.c_str());
  }
  // Nobody else has the sequencer yet, and its own thread has nothing left to do.
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> head, view->Get(Space::kMeta, kHeadKey));
  store::Batch batch;
  batch.Delete(Space::kMeta, kRestoredKey);
  return store->Commit(std::move(batch), store::Fence{std::move(head)}).status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Sequencer>> Sequencer::Open(Options options, store::Store* store,
                                                           const base::Clock* clock,
                                                           const tlog::NoteSigner* signer) {
  if (options.origin.empty()) return base::InvalidField("origin", "a ledger needs an origin");
  absl::StatusOr<tlog::NoteVerifier> verifier = tlog::NoteVerifier::Parse(signer->verifier_key());
  if (!verifier.ok()) return verifier.status();

  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> head_row, view->Get(Space::kMeta, kHeadKey));
  HeadRow head;
  if (head_row.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(head, DecodeHead(*head_row));
  }
  TreeReader reader(view.get());
  // First what was published: a store that was put back is the commoner and the clearer finding.
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<Restored> restored,
                            ReadRestored(*view, &reader, head, options.origin, *verifier));
  if (restored.has_value() && !options.restored_entry) {
    return Error(Reason::kLedgerBehind,
                 "the store was restored from a backup; start the hub itself on it, which records "
                 "that, before using it otherwise");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const uint64_t filed_size,
                            CheckExtendsFile(&reader, head, options.origin, options.checkpoint_file,
                                             *verifier, restored));
  SIGNPOST_RETURN_IF_ERROR(
      CheckExtendsFile(&reader, head, options.origin, options.witnessed_file, *verifier, restored)
          .status());
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> note,
                            view->Get(Space::kMeta, kCheckpointKey));
  uint64_t published_size = 0;
  if (note.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const tlog::Checkpoint checkpoint,
        CheckExtends(&reader, head, options.origin, *note, *verifier, "the store"));
    published_size = checkpoint.size;
  }
  SIGNPOST_RETURN_IF_ERROR(CheckHead(*view, &reader, head));
  SIGNPOST_ASSIGN_OR_RETURN(TreeWriter tree, TreeWriter::Open(head.frontier.size(), &reader));
  SIGNPOST_ASSIGN_OR_RETURN(Counters counters, ReadCounters(*view));
  if (note.has_value() && !options.checkpoint_file.empty() && filed_size < published_size) {
    SIGNPOST_RETURN_IF_ERROR(base::ReplaceFile(options.checkpoint_file, *note));
  }
  std::unique_ptr<Sequencer> sequencer =
      std::make_unique<SequencerImpl>(std::move(options), store, clock, signer, std::move(head),
                                      std::move(tree), std::move(head_row), std::move(counters),
                                      view->revision(), published_size, note.value_or(""));
  if (restored.has_value()) {
    SIGNPOST_RETURN_IF_ERROR(RecordRestored(sequencer.get(), store, *restored, *verifier));
  }
  return sequencer;
}

absl::StatusOr<Sequenced> Sequencer::SubmitAndWait(Operation operation) {
  absl::Notification finished;
  absl::StatusOr<Sequenced> result = absl::UnknownError("not finished");
  Submit(std::move(operation), [&](absl::StatusOr<Sequenced> got) {
    result = std::move(got);
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

}  // namespace signpost::ledger
