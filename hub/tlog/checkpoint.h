// A Checkpoint (c2sp.org/tlog-checkpoint) is what the log says of itself at one size. The text of a
// signed note: origin, size, base64 of the root hash. And proofs (c2sp.org/tlog-proof@v1): the
// receipt that somebody can verify offline in twenty years.
//
// Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_CHECKPOINT_H_
#define SIGNPOST_HUB_TLOG_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"

namespace signpost::tlog {

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Hash root{};
  std::vector<std::string> extensions;  // further lines, kept and not understood
};

std::string FormatCheckpoint(const Checkpoint& checkpoint);
// From note text. Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<Checkpoint> ParseCheckpoint(const std::string& text);
// From a signed note. Errors: those of OpenNote() and ParseCheckpoint().
[[nodiscard]] absl::StatusOr<Checkpoint> OpenCheckpoint(const std::string& note,
                                                        absl::Span<const NoteVerifier> verifiers);

// Decimal digits without leading zeroes. Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<uint64_t> ParseDecimal(absl::string_view text);

struct Proof {
  std::optional<std::string> extra;  // opaque, not authenticated
  uint64_t index = 0;
  std::vector<Hash> path;  // leaf's sibling first
  std::string checkpoint;  // a signed note, verbatim
};

std::string FormatProof(const Proof& proof);
// Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<Proof> ParseProof(const std::string& text);

// Checks everything: the note's signature, and that `entry` is at the proof's index under its root.
// Returns the checkpoint. Errors: INVALID_ARGUMENT when malformed; DATA_LOSS when it does not hold.
[[nodiscard]] absl::StatusOr<Checkpoint> VerifyProof(const Proof& proof, absl::string_view entry,
                                                     absl::Span<const NoteVerifier> verifiers);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_CHECKPOINT_H_
