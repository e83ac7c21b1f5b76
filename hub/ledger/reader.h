// LedgerReader is a view that reads the ledger out of a store: entries, proofs, receipts, tiles,
// and a whole copy as a tlog-tiles directory. Never writes to the store.
//
// A LedgerReader sees one View, so its head, nodes, entries and checkpoint belong together. It is
// thread-safe; the view is not owned and must outlive it. Every call costs O(log size) reads
// besides the entries it returns: a proof reads a row for every four levels of the tree, seven for
// a hundred million entries, and is verified before it is returned.

#ifndef SIGNPOST_HUB_LEDGER_READER_H_
#define SIGNPOST_HUB_LEDGER_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"
#include "hub/tlog/merkle.h"

namespace signpost::ledger {

// Whether `status` is LedgerReader::Entry()'s about an entry that was there and is past its
// retention.
bool IsPruned(const absl::Status& status);

class LedgerReader {
 public:
  explicit LedgerReader(const store::View* view) : view_(view) {}

  // What is durable in this view. Errors: kDataLoss; those of the view.
  [[nodiscard]] absl::StatusOr<Sequencer::Head> Head() const;

  // The bytes of entry `index` as they were hashed. Errors: kNotFound when the ledger ends before,
  // or when it was reduced to its hash, which IsPruned() tells apart; kDataLoss when it is missing.
  [[nodiscard]] absl::StatusOr<std::string> Entry(uint64_t index) const;

  // Entries [first, first + count), fewer when the ledger ends before; empty texts for those that
  // were reduced to their hashes, which Nodes() has. Errors: kDataLoss when one is missing;
  // kInvalidField when count is not in 1..kPageRowsMax.
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> Entries(uint64_t first, int count) const;

  // A stored node of the tree; see merkle.h. Errors: kDataLoss when it is not there.
  [[nodiscard]] absl::StatusOr<tlog::Hash> Node(int level, uint64_t index) const;

  // Proofs within the tree of `size`, which may be any size up to the head's, and the root under
  // which they verify. Errors: kInvalidField when an argument is beyond it; kDataLoss, also when
  // what is stored proves something else.
  [[nodiscard]] absl::StatusOr<std::vector<tlog::Hash>> InclusionProof(uint64_t index,
                                                                       uint64_t size) const;
  [[nodiscard]] absl::StatusOr<std::vector<tlog::Hash>> ConsistencyProof(uint64_t size_old,
                                                                         uint64_t size_new) const;
  [[nodiscard]] absl::StatusOr<tlog::Hash> RootAt(uint64_t size) const;

  // The latest published checkpoint, a signed note. Errors: kNotFound before the first.
  [[nodiscard]] absl::StatusOr<std::string> LatestCheckpoint() const;
  // Published checkpoints of size >= `size_from`, oldest first, at most `count`.
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> Checkpoints(uint64_t size_from,
                                                                     int count) const;

  // The receipt of entry `index`: a c2sp.org/tlog-proof@v1 text under the latest checkpoint.
  // Errors: kNotFound when no published checkpoint covers the entry yet (Sequencer::Checkpoint()
  // makes one).
  [[nodiscard]] absl::StatusOr<std::string> Receipt(uint64_t index) const;

  // Hashes [first, first + count) of `level`, for tiles. Errors: kDataLoss when one is missing.
  [[nodiscard]] absl::StatusOr<std::vector<tlog::Hash>> Nodes(int level, uint64_t first,
                                                              int count) const;

  // Writes the ledger as of its latest checkpoint into `directory` (created when absent) as
  // c2sp.org/tlog-tiles static files; entries that were pruned are of length zero. With `entries`
  // false only what may be published: hashes. `checkpoint` is written last, so a copy that was cut
  // short has none or an older one. Errors: kNotFound without a checkpoint; kStoreUnavailable when
  // a file cannot be written; kDataLoss.
  [[nodiscard]] absl::Status ExportTiles(const std::string& directory, bool entries) const;

 private:
  const store::View* const view_;
};

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_READER_H_
