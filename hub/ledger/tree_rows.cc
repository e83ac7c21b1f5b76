#include "hub/ledger/tree_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::ledger {
namespace {

using store::Space;

constexpr char kGroupFormat = 1;

absl::Status Missing(int level, uint64_t index) {
  return base::Error(base::Reason::kDataLoss, absl::StrCat("tree node ", level, "/", index,
                                                           " is missing; call the operator"));
}

// How many nodes, of levels below kGroupLevels, the first `leaves` leaves of a group complete.
size_t NodesOf(size_t leaves) {
  size_t nodes = 0;
  for (int level = 0; level < kGroupLevels; ++level) nodes += leaves >> level;
  return nodes;
}

// Where the hash of node `index` of `level` stands in its group, both counted within the group: the
// leaf that completes it comes first, then what that leaf completes, upwards.
size_t PositionOf(int level, uint64_t index) {
  const size_t last_leaf = (static_cast<size_t>(index + 1) << level) - 1;
  return NodesOf(last_leaf) + static_cast<size_t>(level);
}

size_t RowBytes(size_t hashes) { return 1 + hashes * tlog::kHashBytes; }

}  // namespace

std::string GroupKey(int level, uint64_t group) {
  return std::string(1, static_cast<char>(level)) + store::KeyU64(group);
}

absl::StatusOr<const std::string*> TreeReader::Group(int level, uint64_t group) {
  std::string key = GroupKey(level, group);
  // One after the other: a proof needs a handful of groups, and a map would cost more than it finds.
  auto found = std::find_if(rows_.begin(), rows_.end(),
                            [&key](const auto& row) { return row.first == key; });
  if (found == rows_.end()) {
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> row, view_->Get(Space::kNodes, key));
    found = rows_.insert(rows_.end(), {std::move(key), std::move(row)});
  }
  return found->second.has_value() ? &*found->second : nullptr;
}

absl::StatusOr<tlog::Hash> TreeReader::Node(int level, uint64_t index) {
  const int above = level % kGroupLevels;
  const int below = kGroupLevels - above;  // so many bits of `index` lie within the group
  SIGNPOST_ASSIGN_OR_RETURN(const std::string* const row, Group(level - above, index >> below));
  const size_t at = PositionOf(above, index & ((uint64_t{1} << below) - 1));
  if (row == nullptr || row->size() < RowBytes(at + 1) || row->front() != kGroupFormat) {
    return Missing(level, index);
  }
  return tlog::HashFromString(absl::string_view(*row).substr(RowBytes(at), tlog::kHashBytes));
}

absl::StatusOr<std::vector<tlog::Hash>> TreeReader::Nodes(int level, uint64_t first, int count) {
  const int above = level % kGroupLevels;
  const int below = kGroupLevels - above;
  const uint64_t group = first >> below;
  const uint64_t groups = ((first + static_cast<uint64_t>(count) - 1) >> below) - group + 1;
  // All in one go, and not behind what was read before, through which every one would be looked
  // for.
  rows_.clear();
  SIGNPOST_ASSIGN_OR_RETURN(
      std::vector<store::KeyValue> rows,
      view_->Scan(Space::kNodes, GroupKey(level - above, group),
                  GroupKey(level - above, group + groups), static_cast<int>(groups)));
  for (store::KeyValue& row : rows) rows_.emplace_back(std::move(row.key), std::move(row.value));
  std::vector<tlog::Hash> hashes;
  hashes.reserve(static_cast<size_t>(count));
  for (uint64_t index = first; index < first + static_cast<uint64_t>(count); ++index) {
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash hash, Node(level, index));
    hashes.push_back(hash);
  }
  return hashes;
}

absl::StatusOr<TreeWriter> TreeWriter::Open(uint64_t size, TreeReader* reader) {
  TreeWriter writer;
  for (int level = 0; level <= tlog::kLevelMax && size >> level > 0; level += kGroupLevels) {
    const uint64_t nodes = size >> level;
    const size_t leaves = nodes % kGroupWidth;
    Growing& growing = writer.growing_.emplace_back();
    growing.group = nodes / kGroupWidth;
    if (leaves == 0) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const std::string* const row, reader->Group(level, growing.group));
    // Exactly so many: a row that is longer is of a larger tree than the head says, and whoever went
    // on from here would write another history into it.
    if (row == nullptr || row->size() != RowBytes(NodesOf(leaves)) ||
        row->front() != kGroupFormat) {
      return Missing(level, nodes - 1);
    }
    growing.row = *row;
  }
  return writer;
}

void TreeWriter::Add(int level, uint64_t index, const tlog::Hash& hash) {
  const int above = level % kGroupLevels;
  const size_t at = static_cast<size_t>(level / kGroupLevels);
  if (growing_.size() <= at) growing_.resize(at + 1);
  Growing& growing = growing_[at];
  if (growing.row.empty()) {
    growing.group = index >> (kGroupLevels - above);
    growing.row.reserve(RowBytes(kGroupHashes));
    growing.row.push_back(kGroupFormat);
  }
  // Hashes come in the order in which leaves complete them, and stand in that order (PositionOf), so
  // that a row only ever grows at its end.
  growing.row.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  growing.grown = true;
  if (growing.row.size() < RowBytes(kGroupHashes)) return;
  full_.emplace_back(GroupKey(level - above, growing.group), std::move(growing.row));
  growing = Growing();
}

void TreeWriter::PutFull(store::Batch* rows) {
  for (const auto& [key, row] : full_) rows->Put(Space::kNodes, key, row);
  full_.clear();
}

void TreeWriter::PutGrown(store::Batch* rows) {
  for (size_t at = 0; at < growing_.size(); ++at) {
    Growing& growing = growing_[at];
    if (!growing.grown) continue;
    rows->Put(Space::kNodes, GroupKey(static_cast<int>(at) * kGroupLevels, growing.group),
              growing.row);
    growing.grown = false;
  }
}

}  // namespace signpost::ledger
