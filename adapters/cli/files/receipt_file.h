// A ReceiptFile is a receipt kept in a file, with the answer it is for and, once fetched, the proof
// that the ledger holds it: what somebody needs to show, without the hub and years later, that an
// answer was given and recorded.
//
//   {"format": "signpost-receipt-v1", "origin": "…", "ledger_index": 3204, "leaf_hash": "<hex>",
//    "sequenced_at": "2026-11-22T00:47:08Z", "answer": "<base64>", "proof": "<tlog-proof>"}
//
// The file holds what the answer held: keep it as one keeps a case file. Thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_RECEIPT_FILE_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_RECEIPT_FILE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/tlog/note.h"
#include "signpost/v1/common.pb.h"

namespace signpost::adapters::cli {

inline constexpr size_t kReceiptFileBytesMax = 4u << 20;

struct ReceiptFile {
  signpost::v1::Receipt receipt;
  std::string answer;  // the bytes the hub sent; may be empty
  std::string proof;   // c2sp.org/tlog-proof@v1; may be empty
};

std::string FormatReceiptFile(const ReceiptFile& file);
// Errors: kInvalidField.
[[nodiscard]] absl::StatusOr<ReceiptFile> ParseReceiptFile(absl::string_view text,
                                                           const std::string& source);

// Reads one from disk. Errors: those of ReadBytes() and ParseReceiptFile().
[[nodiscard]] absl::StatusOr<ReceiptFile> ReadReceiptFile(const std::string& path);

// Whether `file` proves what it says: its leaf is in the ledger under the signed checkpoint of its
// proof, at its index, in the ledger it names. With `entry` (an auditor's copy of the entry's
// bytes) also that the leaf is this entry's, and that the entry's time and reply hash are those of
// the file; without, what it says is told to be not compared.
// Returns, in sentences, what was verified. Errors: INVALID_ARGUMENT when there is no proof or it
// is malformed; DATA_LOSS when something does not hold, saying what.
[[nodiscard]] absl::StatusOr<std::string> VerifyReceipt(const ReceiptFile& file,
                                                        const tlog::NoteVerifier& verifier,
                                                        const std::optional<std::string>& entry);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_RECEIPT_FILE_H_
