// Restored is a signed word that says a store was put back: which backup it came from, and which
// published checkpoints are given up by serving it. It stands in the store until the hub has said
// so in the ledger, and without it a ledger that went backwards is refused.
//
// It is a signed note under the ledger's own key, so that putting an older store in place does not
// suffice, nor writing a row into it. The text cannot be read as a checkpoint:
//
//   signpost restored store
//   <origin>
//   backup <number>
//   holds <size> <base64 of the root>
//   gives up <size> <base64 of the root>      (none, one or more)
//
// When the hub has said so, a RestoreMark stays in the store for good: where in the ledger that was.
// It tells this history from the one that was given up, whose backups may be about still.
//
// Pure functions but for what they read; thread-safe.

#ifndef SIGNPOST_HUB_LEDGER_RESTORED_H_
#define SIGNPOST_HUB_LEDGER_RESTORED_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/store/batch.h"
#include "hub/store/store.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"

namespace signpost::ledger {

// Row of Space::kMeta with the signed note. An operation cannot write it: PutRestored() is for who
// puts a store back, with no hub on it.
inline constexpr char kRestoredKey[] = "ledger/restored";
inline constexpr int kGivenUpMax = 100;

struct TreeHead {
  uint64_t size = 0;
  tlog::Hash root{};
};

struct Restored {
  std::string origin;
  uint64_t backup = 0;             // its number
  TreeHead holds;                  // the ledger as it was restored
  std::vector<TreeHead> gives_up;  // published, and not a prefix of what it holds
};

// One RESTORED entry of this ledger.
struct RestoreMark {
  TreeHead at;  // the ledger up to that entry, itself the last
  absl::Time recorded_at;
};

// Rows of Space::kMeta: this, and KeyU64 of the size -> the root, KeyU64 of the time in microseconds.
inline constexpr char kRestoreMarkPrefix[] = "ledger/restores/";

void PutRestoreMark(const RestoreMark& mark, store::Batch* batch);
// All there are, the oldest first. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<std::vector<RestoreMark>> ReadRestoreMarks(const store::View& view);

// Adds the signed note to `batch`.
void PutRestored(absl::string_view note, store::Batch* batch);

std::string FormatRestored(const Restored& restored);
// Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<Restored> ParseRestored(const std::string& text);
// From a signed note. Errors: INVALID_ARGUMENT; DATA_LOSS when none of `verifiers` signed it.
[[nodiscard]] absl::StatusOr<Restored> OpenRestored(const std::string& note,
                                                    absl::Span<const tlog::NoteVerifier> verifiers);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_RESTORED_H_
