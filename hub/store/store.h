// The one seam between the hub and whatever keeps its bytes: ordered keys in named spaces, read at
// a snapshot, written in one atomic batch behind a precondition.
//
// The store knows nothing of what keys and values mean. Keys are compared as unsigned bytes. Three
// implementations stand behind this header: RocksDB (rocksdb_store.h), memory (memory_store.h;
// fully compliant, for tests and dry runs) and a hostile one (hostile_store.h; loses what was not
// synced, fails the k-th call). One conformance suite (tests/conformance) runs on all of them.

#ifndef SIGNPOST_HUB_STORE_STORE_H_
#define SIGNPOST_HUB_STORE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace signpost::store {

// One kind of thing kept: a RocksDB column family, a table elsewhere. Values are stable forever:
// they are part of the store's format. Only append.
enum class Space : uint8_t {
  kMeta = 0,            // schema version, ledger head, key epochs
  kEntries = 1,         // ledger entries: index (8 bytes, big-endian) -> entry bytes
  kNodes = 2,           // Merkle nodes in groups; see ledger/tree_rows.h
  kCheckpoints = 3,     // signed notes by tree size
  kRegistry = 4,        // agencies, systems, teams, practitioners, keys
  kPeople = 5,          // one row a young person
  kPersonKeys = 6,      // wrapped data keys, apart so that erasing and backing up treat them alone
  kMatchKeys = 7,       // keyed hash -> person ids
  kLocalRecords = 8,    // (agency, keyed hash of its record id) -> person, flag
  kReviews = 9,         // reports that wait for a person to decide
  kMailboxes = 10,      // (system, sequence) -> message
  kCursors = 11,        // (system, cursor) -> position
  kRequests = 12,       // (agency, request id) -> outcome, for idempotency
  kPersonEntries = 13,  // (person, ledger index) -> nothing: who looked at her; erased with her
  kReceipts = 14,       // leaf hash -> ledger index
  kOverrides = 15,      // (agency, ledger index) -> an override and its review
};
inline constexpr int kSpaceCount = 16;

// The name of `space` as engines know it ("entries", "people"). Never empty for a declared space.
const char* SpaceName(Space space);

// A change to apply as a whole. Later operations on a key win over earlier ones. Not thread-safe.
class Batch {
 public:
  struct Operation {
    Space space;
    std::string key;
    std::optional<std::string> value;  // nullopt: delete
  };

  void Put(Space space, std::string key, std::string value) {
    bytes_ += key.size() + value.size();
    operations_.push_back({space, std::move(key), std::move(value)});
  }
  // Deleting what is not there is not an error.
  void Delete(Space space, std::string key) {
    bytes_ += key.size();
    operations_.push_back({space, std::move(key), std::nullopt});
  }
  // Moves all of `other` behind what is here.
  void Append(Batch&& other);

  const std::vector<Operation>& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }
  // Bytes of all keys and values.
  size_t bytes() const { return bytes_; }

 private:
  std::vector<Operation> operations_;
  size_t bytes_ = 0;
};

// What must hold at the moment of a commit: `key` holds exactly `expected`, or is absent when
// `expected` is nullopt.
struct Precondition {
  Space space;
  std::string key;
  std::optional<std::string> expected;
};

// What Store::Commit() checks before it hands on: kInvalidField when a key is empty or a key or
// value is over its limit. For those who gather many batches into one and must find the bad one
// first.
[[nodiscard]] absl::Status CheckLimits(const Batch& batch,
                                       absl::Span<const Precondition> preconditions);

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

  // The value at `key`, or nullopt when there is none.
  // Errors: UNAVAILABLE or DATA_LOSS from the engine.
  [[nodiscard]] virtual absl::StatusOr<std::optional<std::string>> Get(
      Space space, const std::string& key) const = 0;

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
  virtual ~Store() = default;

  // A snapshot that includes every commit that returned before the call.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<View>> NewView() const = 0;

  // Checks `preconditions` and applies `batch`, atomically, and syncs. OK means durable.
  //
  // Checks what is common to all engines (limits of base/limits.h) and hands on to DoCommit.
  // Errors:
  //   - ABORTED: a precondition does not hold; nothing was changed; read again and retry
  //   - INVALID_ARGUMENT: a key is empty or longer than kStoreKeyBytesMax, or a value too long
  //   - RESOURCE_EXHAUSTED: the disk is full; nothing was changed
  //   - UNAVAILABLE: the engine failed and the outcome is unknown. From then on every Commit
  //   answers
  //     UNAVAILABLE: after a failed sync nothing may be acknowledged again until a restart.
  [[nodiscard]] absl::Status Commit(Batch batch, absl::Span<const Precondition> preconditions);

 private:
  // REQUIRES: keys and values are within limits.
  virtual absl::Status DoCommit(Batch batch, absl::Span<const Precondition> preconditions) = 0;
};

// Big-endian bytes, so that numbers sort as keys.
std::string KeyU64(uint64_t value);
// The number at the front of `key`; 0 when shorter than 8 bytes.
uint64_t U64FromKey(const std::string& key);
// The smallest key greater than every key that begins with `prefix`; empty when there is none.
std::string PrefixEnd(const std::string& prefix);

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_STORE_H_
