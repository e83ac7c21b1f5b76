#include "hub/ledger/read_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/hash/hash.h"
#include "hub/ledger/rows.h"

namespace signpost::ledger {

uint64_t RowHash(store::Space space, absl::string_view key) { return absl::HashOf(space, key); }

void ReadSet::AddRow(store::Space space, absl::string_view key, uint64_t revision) {
  if (IsLedgerRow(space, key)) return;
  rows_.push_back({RowHash(space, key), revision});
}

void ReadSet::AddRange(store::Space space, std::string from, std::string to, uint64_t revision) {
  if (IsLedgerSpace(space)) return;
  ranges_.push_back({space, std::move(from), std::move(to), revision});
}

void ReadSet::Append(ReadSet&& other) {
  if (rows_.empty()) {
    rows_ = std::move(other.rows_);
  } else {
    rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
  }
  ranges_.insert(ranges_.end(), std::make_move_iterator(other.ranges_.begin()),
                 std::make_move_iterator(other.ranges_.end()));
  other.rows_.clear();
  other.ranges_.clear();
}

bool ReadSet::Has(store::Space space, absl::string_view key) const {
  const uint64_t hash = RowHash(space, key);
  return std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) { return row.hash == hash; });
}

absl::StatusOr<std::optional<std::string>> GuardedView::Get(store::Space space,
                                                            const std::string& key) const {
  reads_.AddRow(space, key, revision_);
  return view_->Get(space, key);
}

absl::StatusOr<std::vector<std::optional<std::string>>> GuardedView::GetMany(
    store::Space space, absl::Span<const std::string> keys) const {
  for (const std::string& key : keys) reads_.AddRow(space, key, revision_);
  return view_->GetMany(space, keys);
}

absl::StatusOr<std::vector<store::KeyValue>> GuardedView::Scan(store::Space space,
                                                               const std::string& from,
                                                               const std::string& to,
                                                               int rows_max) const {
  absl::StatusOr<std::vector<store::KeyValue>> rows = view_->Scan(space, from, to, rows_max);
  if (!rows.ok()) return rows;
  // Of a full page nobody knows what comes behind its last row, and nothing can rest on it. Of one
  // that is not full the gap behind the last row, up to the end, was seen to be empty.
  const bool full = rows->size() == static_cast<size_t>(rows_max);
  reads_.AddRange(space, from, full ? rows->back().key + '\0' : to, revision_);
  return rows;
}

}  // namespace signpost::ledger
