// A LedgerCopy is a writer of a ledger's copy: a tlog-tiles directory that any verifier reads.
//
// Not thread-safe. Give it entries in order, then the checkpoint; what it wrote before an error may
// be there in part, and then has no `checkpoint` file, so that no verifier takes it for whole.

#ifndef SIGNPOST_ADAPTERS_CLI_LEDGER_LEDGER_COPY_H_
#define SIGNPOST_ADAPTERS_CLI_LEDGER_LEDGER_COPY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/tlog/merkle.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::adapters::cli {

class LedgerCopy {
 public:
  // Errors: FAILED_PRECONDITION when `directory` exists and is not empty.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LedgerCopy>> Create(
      const std::string& directory);

  // `leaf_hashes`: of those entries that are empty, in order. `masked`: what is given instead of some
  // of them, by number; it is kept in the entry's place. Errors: INVALID_ARGUMENT when `first_index`
  // is not size(), there are not as many hashes as empty entries, or something masked is not in the
  // place of an empty one; UNAVAILABLE when the disk refuses.
  [[nodiscard]] absl::Status Append(uint64_t first_index, const std::vector<std::string>& entries,
                                    const std::vector<std::string>& leaf_hashes = {},
                                    const std::map<uint64_t, std::string>& masked = {});

  // A run as the hub sends it.
  [[nodiscard]] absl::Status Append(const signpost::v1::EntryRun& run);

  // Writes what is left, `witnessed` (an earlier checkpoint with its cosignatures) when it is not
  // empty, and `checkpoint`, both verbatim and this one last. Errors: DATA_LOSS when the checkpoint
  // is of another size than the entries that came.
  [[nodiscard]] absl::Status Finish(const std::string& checkpoint,
                                    const std::string& witnessed = "");

  uint64_t size() const { return frontier_.size(); }

 private:
  explicit LedgerCopy(std::string directory) : directory_(std::move(directory)) {}
  absl::Status Write(const std::string& path, const std::string& bytes);
  absl::Status FlushEntries();
  absl::Status FlushTile(size_t level);

  const std::string directory_;
  tlog::Hasher hasher_;
  tlog::Frontier frontier_;
  std::vector<std::string> entries_;            // of the bundle being filled
  std::vector<std::vector<tlog::Hash>> tiles_;  // by level: the tile being filled
  std::vector<uint64_t> tiles_full_;            // by level: how many were written
  uint64_t bundles_full_ = 0;
};

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_LEDGER_LEDGER_COPY_H_
