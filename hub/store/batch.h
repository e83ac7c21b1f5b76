// Batch is a list of changes that engines of the store apply to named spaces of rows.
// Part of the seam in store.h, in a header of its own because the feed (feed.h) keeps
// batches.

#ifndef SIGNPOST_HUB_STORE_BATCH_H_
#define SIGNPOST_HUB_STORE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace signpost::store {

// One kind of thing kept: a RocksDB column family, a table elsewhere. Values are stable forever:
// they are part of the store's format. Only append.
enum class Space : uint8_t {
  kMeta = 0,            // schema version; the ledger's head, counters, restores; what is due when
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
  kCursors = 11,        // (system, hash of the cursor's name) -> where it stands; a row of its own
  kRequests = 12,       // keyed hash of agency and request id -> outcome, for idempotency
  kPersonEntries = 13,  // (person, ledger index) -> nothing: who looked; erased with the person
  kOverrides = 14,      // (agency, ledger index) -> an override and its review
};
inline constexpr int kSpaceCount = 15;

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
  // Takes every row of `space` out.
  void Drop(Space space);

  const std::vector<Operation>& operations() const { return operations_; }
  bool empty() const { return operations_.empty(); }
  // Bytes of all keys and values.
  size_t bytes() const { return bytes_; }

 private:
  std::vector<Operation> operations_;
  size_t bytes_ = 0;
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_BATCH_H_
