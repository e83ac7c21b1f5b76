#include "hub/ledger/conflict_window.h"

#include <algorithm>
#include <utility>

namespace signpost::ledger {

std::optional<uint64_t> ConflictWindow::Overtaken(const ReadSet& reads) const {
  // What is remembered is more than caches hold: to fetch all at once takes as long as one.
  for (const ReadSet::Row& row : reads.rows()) written_.prefetch(row.hash);
  for (const ReadSet::Row& row : reads.rows()) {
    if (!RowHolds(row)) return row.hash;
  }
  for (const ReadSet::Range& range : reads.ranges()) {
    if (const std::optional<uint64_t> row = RangeOvertaken(range); row.has_value()) return row;
  }
  return std::nullopt;
}

// Below the floor nobody remembers what was written, so that such a read is taken for overtaken.
// What is pending has no revision yet, and is above every read there can be: of the operations that
// go into one commit, a later one must not rest on what an earlier one overwrites.
bool ConflictWindow::RowHolds(const ReadSet::Row& row) const {
  if (row.revision < floor_ || pending_hashes_.contains(row.hash)) return false;
  const auto found = written_.find(row.hash);
  return found == written_.end() || found->second <= row.revision;
}

std::optional<uint64_t> ConflictWindow::RangeOvertaken(const ReadSet::Range& range) const {
  if (range.revision < floor_) return RowHash(range.space, range.from);
  if (const Row* const row = Touched(pending_, range); row != nullptr) return row->hash;
  // Backwards: a range was mostly read a moment ago, and the groups before that need no look. Its
  // keys are compared and not their hashes, which have no order.
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    if (group->revision <= range.revision) break;
    if (const Row* const row = Touched(*group, range); row != nullptr) return row->hash;
  }
  return std::nullopt;
}

const ConflictWindow::Row* ConflictWindow::Touched(const Group& group,
                                                   const ReadSet::Range& range) {
  const auto row = std::find_if(group.rows.begin(), group.rows.end(), [&](const Row& one) {
    if (one.space != range.space) return false;
    const absl::string_view key(group.keys.data() + one.offset, one.size);
    return key >= range.from && (range.to.empty() || key < range.to);
  });
  return row == group.rows.end() ? nullptr : &*row;
}

void ConflictWindow::Add(const store::Batch& batch) {
  for (const store::Batch::Operation& row : batch.operations()) {
    const uint64_t hash = RowHash(row.space, row.key);
    pending_hashes_.insert(hash);
    pending_.rows.push_back({hash, static_cast<uint32_t>(pending_.keys.size()),
                             static_cast<uint32_t>(row.key.size()), row.space});
    pending_.keys.append(row.key.data(), row.key.size());
  }
}

void ConflictWindow::Commit(uint64_t revision) {
  if (pending_.rows.empty()) return;
  pending_.revision = revision;
  rows_ += pending_.rows.size();
  key_bytes_ += pending_.keys.size();
  for (const Row& row : pending_.rows) written_.prefetch(row.hash);
  for (const Row& row : pending_.rows) written_[row.hash] = revision;
  groups_.push_back(std::move(pending_));
  Abandon();
  while (rows_ > rows_max_ || key_bytes_ > key_bytes_max_) ForgetOldest();
}

void ConflictWindow::Abandon() {
  pending_ = Group();
  pending_hashes_.clear();
}

void ConflictWindow::ForgetOldest() {
  const Group& oldest = groups_.front();
  floor_ = oldest.revision;
  rows_ -= oldest.rows.size();
  key_bytes_ -= oldest.keys.size();
  for (const Row& row : oldest.rows) written_.prefetch(row.hash);
  for (const Row& row : oldest.rows) {
    // A row that was written again since is remembered for that.
    const auto found = written_.find(row.hash);
    if (found != written_.end() && found->second == oldest.revision) written_.erase(found);
  }
  groups_.pop_front();
}

}  // namespace signpost::ledger
