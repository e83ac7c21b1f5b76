// A request is a text that asks a witness to cosign (c2sp.org/tlog-witness): POST add-checkpoint.
// Both sides use it: the hub to write, the witness to read.
//
//   old <size of the checkpoint that the witness cosigned last>
//   <base64 hash>            as many as the consistency proof has, at most 63
//   <empty line>
//   <signed note of the new checkpoint>
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_WITNESS_REQUEST_H_
#define SIGNPOST_HUB_WITNESS_REQUEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/tlog/merkle.h"

namespace signpost::witness {

inline constexpr size_t kProofHashesMax = 63;
// 63 hashes, a checkpoint and some dozens of signatures are under 16 KiB.
inline constexpr size_t kRequestBytesMax = 64 << 10;
inline constexpr char kAddCheckpointPath[] = "/add-checkpoint";
inline constexpr char kSizeContentType[] = "text/x.tlog.size";

struct AddCheckpointRequest {
  uint64_t old_size = 0;
  std::vector<tlog::Hash> proof;
  std::string checkpoint;  // a signed note, verbatim and unchecked
};

// REQUIRES: at most kProofHashesMax hashes.
std::string FormatAddCheckpoint(const AddCheckpointRequest& request);
// Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<AddCheckpointRequest> ParseAddCheckpoint(absl::string_view body);

// The body of an answer 409: the size that the witness cosigned last.
std::string FormatSize(uint64_t size);
// Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<uint64_t> ParseSize(absl::string_view body);

}  // namespace signpost::witness

#endif  // SIGNPOST_HUB_WITNESS_REQUEST_H_
