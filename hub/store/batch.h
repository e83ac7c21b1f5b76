// Batch is a list of changes that engines of the store apply to named spaces of rows.
// Part of the seam in store.h, in a header of its own because the feed (feed.h) keeps
// batches.

#ifndef SIGNPOST_HUB_STORE_BATCH_H_
#define SIGNPOST_HUB_STORE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace signpost::store {

// One kind of thing kept: a RocksDB column family, a table elsewhere. Their names are part of the
// store's format (SpaceName()); the numbers are this program's.
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
  kReviews = 9,         // what waits for a person to decide or answer
  kMailboxes = 10,      // (system, sequence) -> message
  kCursors = 11,        // (system, hash of the cursor's name) -> where it stands; a row of its own
  kRequests = 12,       // keyed hash of agency and request id -> outcome, for idempotency
  kPersonEntries = 13,  // (person, ledger index) -> nothing: who looked; erased with the person
  kOverrides = 14,      // (agency, ledger index) -> an override and its review
  kEntryPersons = 15,   // (ledger index, person) -> nothing: kPersonEntries the other way round
};
inline constexpr int kSpaceCount = 16;

// The name of `space` as engines know it ("entries", "people"). Never empty for a declared space.
const char* SpaceName(Space space);

// A change to apply as a whole. Later operations on a key win over earlier ones. Not thread-safe.
//
// Keys and values lie behind one another in one piece of memory: thousands of rows are gathered into
// a commit, handed to an engine and kept for followers, and a piece for each key and each value,
// made on one thread and given back on another, would cost more than what is done with them.
class Batch {
 public:
  // What is seen of one row. Valid until the batch is changed, moved from or gone.
  struct Operation {
    Space space;
    absl::string_view key;
    std::optional<absl::string_view> value;  // nullopt: delete
  };

  // All of them, in their order; as long valid as an Operation.
  class Operations {
   public:
    class Iterator {
     public:
      Operation operator*() const { return batch_->At(i_); }
      Iterator& operator++() {
        ++i_;
        return *this;
      }
      friend bool operator==(const Iterator&, const Iterator&) = default;

     private:
      friend class Operations;
      Iterator(const Batch* batch, size_t i) : batch_(batch), i_(i) {}
      const Batch* batch_;
      size_t i_;
    };

    size_t size() const { return batch_->rows_.size(); }
    bool empty() const { return batch_->rows_.empty(); }
    Operation operator[](size_t i) const { return batch_->At(i); }
    Iterator begin() const { return Iterator(batch_, 0); }
    Iterator end() const { return Iterator(batch_, size()); }

   private:
    friend class Batch;
    explicit Operations(const Batch* batch) : batch_(batch) {}
    const Batch* batch_;
  };

  // REQUIRES: `key` and `value` are no rows of this batch, and shorter than 4 GiB.
  void Put(Space space, absl::string_view key, absl::string_view value);
  // Deleting what is not there is not an error.
  void Delete(Space space, absl::string_view key);
  // Moves all of `other`, which is another batch, behind what is here.
  void Append(Batch&& other);
  // Takes every row of `space` out; nothing of it stays in memory that is this batch's.
  void Drop(Space space);
  // Room for so many rows and for so many bytes of keys and values, so that adding them moves none.
  void Reserve(size_t rows, size_t bytes);

  Operations operations() const { return Operations(this); }
  bool empty() const { return rows_.empty(); }
  // Bytes of all keys and values.
  size_t bytes() const { return bytes_.size(); }

 private:
  struct Row {
    size_t offset;  // of the key in bytes_; the value follows it
    uint32_t key_bytes;
    uint32_t value_bytes;
    Space space;
    bool deletes;
  };

  Operation At(size_t i) const {
    const Row& row = rows_[i];
    const char* const key = bytes_.data() + row.offset;
    Operation operation{row.space, absl::string_view(key, row.key_bytes), std::nullopt};
    if (!row.deletes) operation.value = absl::string_view(key + row.key_bytes, row.value_bytes);
    return operation;
  }
  void Add(Space space, absl::string_view key, absl::string_view value, bool deletes);

  std::vector<Row> rows_;
  std::string bytes_;
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_BATCH_H_
