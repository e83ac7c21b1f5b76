// A CopyReader is a reader of the entries of a copy of a ledger (a tlog-tiles directory, as `audit
// copy` makes one) that verifies the whole of it first.
//
// Not thread-safe. Keeps one bundle of 256 entries in memory.

#ifndef SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_READER_H_
#define SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_READER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/tlog/note.h"

namespace signpost::adapters::cli {

class CopyReader {
 public:
  // Verifies `directory` with `verifier`. Errors: DATA_LOSS, saying what is wrong and where, when
  // it does not verify.
  [[nodiscard]] static absl::StatusOr<CopyReader> Open(const std::string& directory,
                                                       const tlog::NoteVerifier& verifier);
  // The same without verifying: what is read may be anybody's making. Errors: DATA_LOSS without a
  // readable checkpoint.
  [[nodiscard]] static absl::StatusOr<CopyReader> OpenUnverified(const std::string& directory);

  const std::string& origin() const { return origin_; }
  uint64_t size() const { return size_; }

  // Calls `visit` with each entry from `first_index` on, or from the last one back to it, until it
  // says false; `leaf_hash` is empty but for masked entries. Entries of which only the hash was kept
  // are passed over. Errors: those of `visit`; DATA_LOSS for a file that is not there or not right.
  using Visit = std::function<absl::StatusOr<bool>(uint64_t index, const std::string& entry,
                                                   const std::string& leaf_hash)>;
  [[nodiscard]] absl::Status ForEach(uint64_t first_index, bool newest_first,
                                     const Visit& visit) const;

 private:
  CopyReader(std::string directory, std::string origin, uint64_t size)
      : directory_(std::move(directory)), origin_(std::move(origin)), size_(size) {}

  std::string directory_;
  std::string origin_;
  uint64_t size_;
};

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_READER_H_
