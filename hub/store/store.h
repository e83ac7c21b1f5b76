// Store is the one seam that stands between the hub and its engine: ordered keys in named spaces,
// read at a snapshot, written in one atomic batch behind one fence, and told of in order to whoever
// follows.
//
// The store knows nothing of what keys and values mean. Keys are compared as unsigned bytes. Three
// implementations stand behind this header: RocksDB (rocksdb_store.h), memory (memory_store.h;
// fully compliant, for tests and dry runs) and a hostile one (hostile_store.h; loses what was not
// synced, fails the k-th call). One conformance suite (tests/conformance) runs on all of them.
//
// Words: a *revision* counts what was committed: each commit that changes something has a greater
// one than every commit before it, and a view is of the revision of the last commit that it shows.
// Revisions are the engine's own numbers, with gaps; only their order means something. They live as
// long as what the engine keeps: RocksDB goes on counting after a restart, memory begins again.

#ifndef SIGNPOST_HUB_STORE_STORE_H_
#define SIGNPOST_HUB_STORE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "hub/store/feed.h"

namespace signpost::store {

// The form of what is stored, all spaces together. An engine that keeps things refuses a store of
// another form and leaves it untouched (kStoreNewer). Raise it when a binary of before must not
// touch the result.
inline constexpr uint64_t kSchemaVersion = 2;
// The row of Space::kMeta that holds it, as KeyU64. The engine writes it; nothing else may.
inline constexpr char kSchemaVersionKey[] = "schema_version";

// The row of Space::kMeta that every commit is fenced by: the ledger's head.
inline constexpr char kFenceKey[] = "ledger/head";

// What must hold at the moment of a commit, and the only thing that can be asked to: the row
// kFenceKey holds exactly `head`, or is absent when that is nullopt. One row suffices, because one
// sequencer writes and judges everything else; the fence is what a second one, on another machine
// or left over from before, runs into before it has written a byte. Fence() stands for a store in
// which no ledger was begun.
struct Fence {
  std::optional<std::string> head;
};

// What Store::Commit() checks before it hands on: kInvalidField when a key is empty or a key or
// value is over its limit. For those who gather many batches into one and must find the bad one
// first.
[[nodiscard]] absl::Status CheckLimits(const Batch& batch);
// The same for a key alone.
[[nodiscard]] absl::Status CheckKey(absl::string_view key);

struct KeyValue {
  std::string key;
  std::string value;
};

// The checks of Scan() that are common to all engines.
[[nodiscard]] absl::Status CheckScan(const std::string& from, const std::string& to, int rows_max);

// What the store held at one instant. Thread-safe. Holding one for long keeps old data alive, so a
// view lives for a request, not longer. It must not outlive its store.
class View {
 public:
  virtual ~View() = default;

  // That of the last commit which this view shows; 0 when there was none.
  virtual uint64_t revision() const = 0;

  // The value at `key`, or nullopt when there is none.
  // Errors: UNAVAILABLE or DATA_LOSS from the engine.
  [[nodiscard]] virtual absl::StatusOr<std::optional<std::string>> Get(
      Space space, const std::string& key) const = 0;

  // The values at `keys`, in their order, which may be any; engines are better at many at once than
  // at one after the other. Errors: as Get().
  [[nodiscard]] virtual absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      Space space, absl::Span<const std::string> keys) const;

  // The rows with `from` <= key < `to` in key order, at most `rows_max`. An empty `to` means no
  // upper bound. A page full to `rows_max` may have more behind it: ask again from the last key +
  // '\0'. Errors: INVALID_ARGUMENT when rows_max < 1 or `to` is not empty and below `from`;
  // UNAVAILABLE or DATA_LOSS from the engine.
  [[nodiscard]] virtual absl::StatusOr<std::vector<KeyValue>> Scan(Space space,
                                                                   const std::string& from,
                                                                   const std::string& to,
                                                                   int rows_max) const = 0;
};

// Thread-safe. Commits are totally ordered; each is all or nothing, and durable before it returns.
class Store {
 public:
  Store() = default;
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // A snapshot that includes every commit that returned before the call.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<View>> NewView() const = 0;

  // Checks `fence` and applies `batch`, atomically, and syncs. OK means durable, and gives the
  // revision that the commit made (a batch without rows makes none, and gives the last).
  //
  // Checks what is common to all engines (limits of base/limits.h), hands on to DoCommit, and
  // publishes in the feed. Errors:
  //   - ABORTED: the fence does not hold: somebody else writes here; nothing was changed
  //   - INVALID_ARGUMENT: a key is empty or longer than kStoreKeyBytesMax, or a value too long
  //   - RESOURCE_EXHAUSTED: the disk is full; nothing was changed
  //   - UNAVAILABLE: the engine failed and the outcome is unknown. From then on every Commit
  //     answers UNAVAILABLE: after a failed sync nothing may be acknowledged again until a restart.
  [[nodiscard]] absl::StatusOr<uint64_t> Commit(Batch batch, const Fence& fence);

  // What was committed through this object behind `revision`, in order. A page that says `gap`
  // means that it cannot be told any more (or never could: it is from before this object was
  // opened): start again from a view and its revision. Never an error, never blocks for long.
  FeedPage CommitsAfter(uint64_t revision) const;

  // Makes `directory`, an absolute path that must not exist, a store of its own with what this one
  // holds at one moment; nobody has to wait. Files that never change again are shared (hard links)
  // where the file system is the same. What an error leaves behind is the caller's to remove.
  // Errors: kInvalidField when the engine has no such copies; kStoreUnavailable; kDataLoss.
  [[nodiscard]] virtual absl::Status CopyTo(const std::string& directory) const;

 protected:
  // For engines that lose what they acknowledged, as hostile ones do: whoever follows has a gap.
  void ForgetFeed();

 private:
  // REQUIRES: keys and values are within limits; one call at a time.
  virtual absl::StatusOr<uint64_t> DoCommit(const Batch& batch, const Fence& fence) = 0;
  // That of the last commit. REQUIRES: nothing; may be called while DoCommit() runs.
  virtual uint64_t DoRevision() const = 0;

  absl::Mutex commit_mutex_;  // one commit at a time, and the feed in the order of commits
  CommitFeed feed_;
};

// Calls `visit` for each row of `space` at `view`, which adds to its batch what is to change; hands
// the batches that are not empty to `commit`, each of a thousand rows visited. Stops at the first
// error.
[[nodiscard]] absl::Status VisitRows(
    const View& view, Space space, absl::FunctionRef<absl::Status(Batch)> commit,
    absl::FunctionRef<absl::Status(const KeyValue& row, Batch* batch)> visit);

// Big-endian bytes, so that numbers sort as keys.
std::string KeyU64(uint64_t value);
// The number at the front of `key`; 0 when shorter than 8 bytes.
uint64_t U64FromKey(const std::string& key);
// The smallest key greater than every key that begins with `prefix`; empty when there is none.
std::string PrefixEnd(const std::string& prefix);

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_STORE_H_
