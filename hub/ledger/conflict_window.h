// ConflictWindow is a memory of rows written in the last while that tells whether what an operation
// rests on still stands, without reading the store.
//
// A row is known by its hash, so a look-up costs the same however much is remembered. Ranges are
// compared with the keys written since the range was read, which for an operation that was not kept
// waiting is a handful. What was written longest ago is forgotten first, and a read older than what
// is remembered no longer holds: whoever took so long reads again. Forgetting can abort an
// operation that would have been sound, never let one through that is not.
//
// The rows of a group commit in the making are *pending*: they conflict with every read, since no
// operation can have read what is not committed yet. They become of the commit's revision, or are
// abandoned with it.
//
// Not thread-safe: the writer's own.

#ifndef SIGNPOST_HUB_LEDGER_CONFLICT_WINDOW_H_
#define SIGNPOST_HUB_LEDGER_CONFLICT_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "hub/base/limits.h"
#include "hub/ledger/read_set.h"
#include "hub/store/batch.h"

namespace signpost::ledger {

class ConflictWindow {
 public:
  // Remembers what is written behind `revision`, the store's when nobody had written yet.
  explicit ConflictWindow(uint64_t revision, size_t rows_max = base::kConflictRowsMax,
                          size_t key_bytes_max = base::kConflictKeyBytesMax)
      : rows_max_(rows_max), key_bytes_max_(key_bytes_max), floor_(revision) {}

  // Whether none of `reads` was written since its revision, is pending, or is older than what is
  // remembered.
  bool Holds(const ReadSet& reads) const { return !Overtaken(reads).has_value(); }
  // The hash (RowHash()) of a row over which they do not hold; of a range that is older than what is
  // remembered, of its first key. Nothing: they hold.
  std::optional<uint64_t> Overtaken(const ReadSet& reads) const;

  // The rows of `batch` are pending.
  void Add(const store::Batch& batch);
  // What is pending was committed as `revision`. REQUIRES: greater than every one before.
  void Commit(uint64_t revision);
  // What is pending was not committed.
  void Abandon();

  // Reads older than this do not hold.
  uint64_t floor() const { return floor_; }
  size_t rows() const { return rows_; }
  size_t key_bytes() const { return key_bytes_; }

 private:
  struct Row {
    uint64_t hash;
    uint32_t offset;  // of the key in Group::keys
    uint32_t size;
    store::Space space;
  };
  struct Group {
    uint64_t revision = 0;
    std::string keys;
    std::vector<Row> rows;
  };

  bool RowHolds(const ReadSet::Row& row) const;
  std::optional<uint64_t> RangeOvertaken(const ReadSet::Range& range) const;
  // The first row of `group` in `range`; nullptr: none.
  static const Row* Touched(const Group& group, const ReadSet::Range& range);
  void ForgetOldest();

  const size_t rows_max_;
  const size_t key_bytes_max_;
  uint64_t floor_;
  Group pending_;
  absl::flat_hash_set<uint64_t> pending_hashes_;
  std::deque<Group> groups_;                         // oldest first
  absl::flat_hash_map<uint64_t, uint64_t> written_;  // row -> revision of its last commit
  size_t rows_ = 0;
  size_t key_bytes_ = 0;
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_CONFLICT_WINDOW_H_
