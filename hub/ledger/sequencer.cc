// Two threads. The writer takes whatever has been submitted, judges each operation, builds one
// batch and commits it; nothing else touches its state, and it reads nothing from the store. The
// finisher lets followers catch up and then calls Done, so that a slow callback delays no commit
// and the next batch syncs meanwhile.

#include "hub/ledger/sequencer.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <iterator>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "hub/base/error.h"
#include "hub/base/files.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/base/steady_cond_var.h"
#include "hub/ledger/conflict_window.h"
#include "hub/ledger/opening.h"
#include "hub/ledger/operation_checks.h"
#include "hub/ledger/rows.h"
#include "hub/ledger/tree_rows.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"

namespace signpost::ledger {
namespace {

using base::Error;
using base::Reason;
using store::Space;

// What every commit has beside its operations' rows, about: counters, tree nodes, the head.
constexpr size_t kRowsOfACommit = 32;
constexpr size_t kBytesOfACommit = 8 << 10;

constexpr char kOverPayload[] = "signpost/aborted-over";  // stays inside

absl::Status Conflict(Turns::Kept over) {
  absl::Status status = Error(Reason::kAborted, "somebody changed it first; read again and retry");
  std::string payload(sizeof(over), '\0');
  std::memcpy(payload.data(), &over, sizeof(over));
  status.SetPayload(kOverPayload, absl::Cord(payload));
  return status;
}

absl::Status Latched() {
  return Error(Reason::kStoreUnavailable,
               "an earlier write failed; nothing is accepted until the hub is restarted");
}

class SequencerImpl final : public Sequencer {
 public:
  SequencerImpl(Options options, store::Store* store, const base::Clock* clock,
                const tlog::NoteSigner* signer, FoundLedger found)
      : options_(std::move(options)),
        store_(store),
        clock_(clock),
        signer_(signer),
        state_(std::move(found.head)),
        tree_(std::move(found.tree)),
        fence_{std::move(found.head_row)},
        counters_(std::move(found.counters)),
        window_(found.revision, options_.conflict_rows_max),
        followers_(store),
        published_at_(std::chrono::steady_clock::now()),
        head_{state_.frontier.size(), tlog::HashToString(state_.frontier.Root(hasher_))},
        published_size_(found.published_size),
        published_note_(std::move(found.published_note)) {
    writer_ = std::thread([this] { Write(); });
    finisher_ = std::thread([this] { Finish(); });
  }

  ~SequencerImpl() override { Shutdown(); }

  void Submit(Operation operation, Done done) override {
    absl::Status status = CheckOperation(operation);
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

  Turns& turns() override { return turns_; }

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
        if (wake_.WaitFor(&mutex_, UntilPublication())) break;
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
    items.reserve(std::min(taken.size(), static_cast<size_t>(options_.operations_per_commit_max)));
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
    size_t rows = building.rows.operations().size() + kRowsOfACommit;
    size_t bytes = building.rows.bytes() + kBytesOfACommit;
    for (const Item& item : items) {
      rows += item.operation.batch.operations().size();
      bytes += item.operation.batch.bytes();
    }
    batch.Reserve(rows, bytes);
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
    std::optional<Turns::Kept> over;
    if (const std::optional<uint64_t> row = window_.Overtaken(operation.reads); row.has_value()) {
      over = {*row, kNoPart};
    } else {
      over = turns_.KeptFor(operation.batch, operation.ticket);
    }
    absl::Status status = over.has_value() ? Conflict(*over) : absl::OkStatus();
    const uint64_t first_index = building.state.frontier.size();
    // By the newest one the hub sees at its start that head and entries belong together.
    if (status.ok() && !operation.prune.empty() && operation.prune.back() + 1 >= first_index) {
      status = base::InvalidField("prune", "the newest entry stays");
    }
    if (status.ok() && operation.with_index) {
      operation.with_index(first_index, operation.batch);
      status = CheckRows(operation.batch);
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
    building.rows.Put(Space::kEntries, store::KeyU64(index), entry);
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
    return published_size_ < head_.size && !latched_ && UntilPublication() <= absl::ZeroDuration();
  }

  // By the steady clock: the system's may be set back, and checkpoints would stop for as long.
  absl::Duration UntilPublication() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return options_.checkpoint_interval -
           absl::FromChrono(std::chrono::steady_clock::now() - published_at_);
  }

  void Publish() {
    absl::StatusOr<std::string> note = MakeCheckpoint();
    absl::MutexLock lock(&mutex_);
    published_at_ = std::chrono::steady_clock::now();
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
  Turns turns_;

  store::Followers followers_;

  mutable absl::Mutex mutex_;
  base::SteadyCondVar wake_;  // for the writer
  absl::CondVar finish_;      // for the finisher
  absl::CondVar published_;   // for Checkpoint()
  std::chrono::steady_clock::time_point published_at_ ABSL_GUARDED_BY(mutex_);
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

}  // namespace

absl::StatusOr<std::unique_ptr<Sequencer>> Sequencer::Open(Options options, store::Store* store,
                                                           const base::Clock* clock,
                                                           const tlog::NoteSigner* signer) {
  if (options.origin.empty()) return base::InvalidField("origin", "a ledger needs an origin");
  absl::StatusOr<tlog::NoteVerifier> verifier = tlog::NoteVerifier::Parse(signer->verifier_key());
  if (!verifier.ok()) return verifier.status();
  SIGNPOST_ASSIGN_OR_RETURN(FoundLedger found, FindLedger(options, *store, *verifier));
  const std::optional<Restored> restored = std::move(found.restored);
  std::unique_ptr<Sequencer> sequencer =
      std::make_unique<SequencerImpl>(std::move(options), store, clock, signer, std::move(found));
  if (restored.has_value()) {
    SIGNPOST_RETURN_IF_ERROR(RecordRestored(sequencer.get(), store, *restored, *verifier));
  }
  return sequencer;
}

std::optional<Turns::Kept> AbortedOver(const absl::Status& status) {
  const auto payload = status.GetPayload(kOverPayload);
  if (!payload.has_value()) return std::nullopt;
  const std::string bytes(*payload);
  Turns::Kept over{};
  std::memcpy(&over, bytes.data(), std::min(bytes.size(), sizeof(over)));
  return over;
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
