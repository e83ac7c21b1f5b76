// A cosignature (c2sp.org/tlog-cosignature, version 1, Ed25519) is a witness's word that, at a
// time, this was the largest tree it had seen of a log, and that it extended every one it had seen
// before. They stand beside the log's own signature in the signed note of a checkpoint.
//
// What is signed is "cosignature/v1\ntime <seconds since 1970>\n" and the note's text; the
// signature is the time in 8 big-endian bytes, then Ed25519's 64. The key's type byte is 0x04.
//
// Immutable once made, and thread-safe.

#ifndef SIGNPOST_HUB_TLOG_COSIGNATURE_H_
#define SIGNPOST_HUB_TLOG_COSIGNATURE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/note.h"

namespace signpost::tlog {

inline constexpr size_t kCosignatureTimeBytes = 8;

// The bytes that a cosignature at `time_s` over note text signs.
std::string CosignedMessage(absl::string_view text, int64_t time_s);
// When a raw cosignature says it was made; nullopt when it is none.
std::optional<int64_t> CosignatureTime(absl::string_view signature);

// The private half of a witness's key.
class Cosigner {
 public:
  // From its text form. Errors: INVALID_ARGUMENT as NewNoteSigner(), also for a log's key.
  [[nodiscard]] static absl::StatusOr<Cosigner> Parse(const std::string& signer_key);
  // From a file that holds it on one line. Errors: as ReadNoteSigner().
  [[nodiscard]] static absl::StatusOr<Cosigner> ReadFile(const std::string& path);

  const std::string& name() const { return name_; }
  const std::string& verifier_key() const { return verifier_key_; }

  // The signature line, with its newline, over the text of a note. Whether the text is a checkpoint
  // and deserves it is the caller's to have found out. Errors: INVALID_ARGUMENT when `text` is not
  // a note's or the time is before 1970; INTERNAL.
  [[nodiscard]] absl::StatusOr<std::string> Cosign(const std::string& text, int64_t time_s) const;

 private:
  Cosigner(std::string name, uint32_t key_id, std::string verifier_key,
           std::shared_ptr<evp_pkey_st> key)
      : name_(std::move(name)),
        key_id_(key_id),
        verifier_key_(std::move(verifier_key)),
        key_(std::move(key)) {}

  std::string name_;
  uint32_t key_id_;
  std::string verifier_key_;
  std::shared_ptr<evp_pkey_st> key_;
};

// A new pair for a witness; WriteNoteKey() keeps it. Errors: as GenerateNoteKey().
[[nodiscard]] absl::StatusOr<NoteKeyPair> GenerateCosignerKey(const std::string& name);

struct Cosignature {
  std::string name;  // of the witness
  uint32_t key_id = 0;
  int64_t time_s = 0;
};

struct CosignedCheckpoint {
  Checkpoint checkpoint;
  std::vector<Cosignature> cosignatures;  // by known witnesses, each once: the latest

  // That of `witness`, or nullptr.
  const Cosignature* Of(const NoteVerifier& witness) const;
};

// A checkpoint signed by one of `logs`, with those cosignatures that are by `witnesses`; others are
// passed over, missing ones are no error. Errors: those of OpenCheckpoint(); DATA_LOSS when a known
// witness's cosignature is false. REQUIRES: `witnesses` come from ParseCosigner().
[[nodiscard]] absl::StatusOr<CosignedCheckpoint> OpenCosigned(
    const std::string& note, absl::Span<const NoteVerifier> logs,
    absl::Span<const NoteVerifier> witnesses);

// OK when every one of `witnesses` cosigned. Errors: DATA_LOSS naming those that did not.
[[nodiscard]] absl::Status RequireCosigned(const CosignedCheckpoint& cosigned,
                                           absl::Span<const NoteVerifier> witnesses);

// `note` with those of `lines` (signature lines, as a witness answers) that are true cosignatures
// of it by `witness`; an earlier one by the same witness is dropped. Errors: INVALID_ARGUMENT when
// a line is malformed; DATA_LOSS when none is by `witness`, or one is false.
[[nodiscard]] absl::StatusOr<std::string> AddCosignature(const std::string& note,
                                                         const std::string& lines,
                                                         const NoteVerifier& witness);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_COSIGNATURE_H_
