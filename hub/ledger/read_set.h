// ReadSet is a list that says what an operation rests on: rows and ranges read to make it, each
// with the revision at which it was read. No values: the sequencer aborts an operation when any of
// its reads was written since, and need not know what was read.
//
// Nobody collects it by hand. A GuardedView stands in front of a view and takes note of whatever is
// read through it, so a handler that was given one cannot forget a row, nor the row that was not
// there, nor the gap in a range into which somebody writes meanwhile.

#ifndef SIGNPOST_HUB_LEDGER_READ_SET_H_
#define SIGNPOST_HUB_LEDGER_READ_SET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/store/store.h"

namespace signpost::ledger {

// By what a row is known in read sets and in the conflict window: two rows may share a hash, which
// costs an attempt and nothing else. Different in every process.
uint64_t RowHash(store::Space space, absl::string_view key);

// Copyable. Not thread-safe.
class ReadSet {
 public:
  struct Row {
    uint64_t hash;
    uint64_t revision;
  };
  struct Range {
    store::Space space;
    std::string from;  // included
    std::string to;    // not included; empty: no upper bound
    uint64_t revision;
  };

  // That the row, or its absence, is as it was at `revision`. The ledger's own rows are not taken
  // up: entries stay as they are, and its head moves with every commit.
  void AddRow(store::Space space, absl::string_view key, uint64_t revision);
  // That the rows with `from` <= key < `to` are as they were, and no others are there.
  void AddRange(store::Space space, std::string from, std::string to, uint64_t revision);
  // Moves all of `other` behind what is here.
  void Append(ReadSet&& other);

  const std::vector<Row>& rows() const { return rows_; }
  const std::vector<Range>& ranges() const { return ranges_; }
  size_t size() const { return rows_.size() + ranges_.size(); }
  bool empty() const { return size() == 0; }

  // For tests: whether it rests on this row.
  bool Has(store::Space space, absl::string_view key) const;

 private:
  std::vector<Row> rows_;
  std::vector<Range> ranges_;
};

// A view that takes note. Belongs to one thread: one request's. `view` is not owned and must
// outlive it.
class GuardedView : public store::View {
 public:
  explicit GuardedView(const store::View* view) : view_(view), revision_(view->revision()) {}

  uint64_t revision() const override { return revision_; }
  absl::StatusOr<std::optional<std::string>> Get(store::Space space,
                                                 const std::string& key) const override;
  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      store::Space space, absl::Span<const std::string> keys) const override;
  // Rests on the range only as far as it was seen: a page that is full ends at its last row.
  absl::StatusOr<std::vector<store::KeyValue>> Scan(store::Space space, const std::string& from,
                                                    const std::string& to,
                                                    int rows_max) const override;

  // The view behind it, for what may change without any harm to what is being made: say why at
  // each use.
  const store::View& unguarded() const { return *view_; }

  // For what is kept in memory by a follower of the feed (store/follower.h), which is as new as the
  // commit it took last and perhaps not as new as this view.
  void RestOn(store::Space space, absl::string_view key, uint64_t revision) const {
    reads_.AddRow(space, key, revision);
  }

  // What was read so far.
  const ReadSet& reads() const { return reads_; }
  // Hands it out, for the operation that was made of it; what is read from now on begins anew.
  ReadSet TakeReads() { return std::exchange(reads_, ReadSet()); }

 private:
  const store::View* const view_;
  const uint64_t revision_;
  mutable ReadSet reads_;
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_READ_SET_H_
