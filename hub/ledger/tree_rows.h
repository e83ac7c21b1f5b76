// These are the reader and the writer that know how the tree lies in Space::kNodes. Private to this
// room.
//
// One row is a group: sixteen neighbouring nodes of a level that is a multiple of four, and what
// completes above them within four levels, thirty hashes in all. So a path through a tree of a
// hundred million entries is seven reads, not twenty-seven at random places. The last group of each
// level grows in place until it is full; a full one never changes.
//
//   key    level (1 byte), number of the group (8, big-endian)
//   value  format (1 byte, 1), hashes (32 each) in the order in which appending completes them

#ifndef SIGNPOST_HUB_LEDGER_TREE_ROWS_H_
#define SIGNPOST_HUB_LEDGER_TREE_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"
#include "hub/tlog/merkle.h"

namespace signpost::ledger {

inline constexpr int kGroupLevels = 4;
inline constexpr int kGroupWidth = 1 << kGroupLevels;
inline constexpr size_t kGroupHashes = 2 * kGroupWidth - 2;

// Key of group `group` of `level`, a multiple of kGroupLevels.
std::string GroupKey(int level, uint64_t group);

// Reads nodes and keeps the rows it has read: for one proof or one walk. The view is not owned and
// must outlive it. Belongs to one thread.
class TreeReader {
 public:
  explicit TreeReader(const store::View* view) : view_(view) {}

  // The hash of a complete node; see merkle.h. Errors: kDataLoss when it is not there or its row
  // does not read; those of the view.
  [[nodiscard]] absl::StatusOr<tlog::Hash> Node(int level, uint64_t index);
  // Nodes [first, first + count) of `level`. Errors: as Node().
  [[nodiscard]] absl::StatusOr<std::vector<tlog::Hash>> Nodes(int level, uint64_t first, int count);
  // The row of a group as stored, nullptr when there is none. Until the next call. Errors: those of
  // the view.
  [[nodiscard]] absl::StatusOr<const std::string*> Group(int level, uint64_t group);

 private:
  const store::View* const view_;
  std::vector<std::pair<std::string, std::optional<std::string>>> rows_;  // by key; may be absent
};

// The groups that are not full yet, one a level at most: what it takes to go on writing. Copyable:
// try on a copy, keep what committed. Belongs to one thread.
class TreeWriter {
 public:
  TreeWriter() = default;

  // As the tree of `size` left them. Errors: kDataLoss when a row is missing or of another length;
  // those of the view.
  [[nodiscard]] static absl::StatusOr<TreeWriter> Open(uint64_t size, TreeReader* reader);

  // Takes a node up, in the order in which tlog::Frontier::Append() completes them.
  void Add(int level, uint64_t index, const tlog::Hash& hash);

  // Puts the groups that became full since the last call into `rows`.
  void PutFull(store::Batch* rows);
  // And those that grew since the last call and are not full.
  void PutGrown(store::Batch* rows);

 private:
  struct Growing {
    uint64_t group = 0;
    std::string row;  // empty: the next node begins it
    bool grown = false;
  };

  std::vector<Growing> growing_;  // by level / kGroupLevels
  std::vector<std::pair<std::string, std::string>> full_;
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_TREE_ROWS_H_
