// A Note (c2sp.org/signed-note) is a text that is signed: text, an empty line, a line a signature.
// Checkpoints travel in them, so that other people's transparency tools can check ours.
//
// Keys are the text forms that those tools share:
//   signer    PRIVATE+KEY+<name>+<key id, 8 hex digits>+<base64 of type byte and 32-byte seed>
//   verifier  <name>+<key id>+<base64 of type byte and 32-byte public key>
// with type byte 0x01, Ed25519, for a log, and 0x04 for a witness (cosignature.h). The type byte
// stays open for other algorithms: a signature by a key of another type is kept and passed over,
// never an error.
//
// Everything here is immutable once made and thread-safe.

#ifndef SIGNPOST_HUB_TLOG_NOTE_H_
#define SIGNPOST_HUB_TLOG_NOTE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

struct evp_pkey_st;

namespace signpost::tlog {

inline constexpr size_t kNoteBytesMax = 1 << 20;
inline constexpr int kNoteSignaturesMax = 100;

// Signs note text under a name.
class NoteSigner {
 public:
  virtual ~NoteSigner() = default;
  virtual const std::string& name() const = 0;
  virtual uint32_t key_id() const = 0;
  // The public half, as NoteVerifier::Parse takes it. May be given to anyone.
  virtual const std::string& verifier_key() const = 0;
  // The raw signature over `text`. Errors: INTERNAL from the key's keeper.
  [[nodiscard]] virtual absl::StatusOr<std::string> Sign(const std::string& text) const = 0;
};

// A signer from its text form. Errors: INVALID_ARGUMENT when malformed, of an unknown type, or when
// the key id is not that of the key. The message never holds the key.
[[nodiscard]] absl::StatusOr<std::unique_ptr<NoteSigner>> NewNoteSigner(
    const std::string& signer_key);

// The same from a file that holds the text form on one line.
// Errors: NOT_FOUND; FAILED_PRECONDITION when group or others may read the file.
[[nodiscard]] absl::StatusOr<std::unique_ptr<NoteSigner>> ReadNoteSigner(const std::string& path);

struct NoteKeyPair {
  std::string signer_key;
  std::string verifier_key;
};
// A new Ed25519 pair. Errors: INVALID_ARGUMENT when `name` is empty or holds a space or a plus
// sign.
[[nodiscard]] absl::StatusOr<NoteKeyPair> GenerateNoteKey(const std::string& name);

// Creates `path`, readable by its owner alone, with the signer key. Errors: ALREADY_EXISTS: a key
// is never overwritten; UNAVAILABLE when it cannot be written.
[[nodiscard]] absl::Status WriteNoteKey(const std::string& path, const NoteKeyPair& key);

class NoteVerifier {
 public:
  // A log's key (type 0x01). Errors: INVALID_ARGUMENT as NewNoteSigner(), also for a witness's.
  [[nodiscard]] static absl::StatusOr<NoteVerifier> Parse(const std::string& verifier_key);
  // A witness's key (type 0x04), whose signatures are cosignatures. Two functions, because whoever
  // takes the one for the other takes a witness's word for the log's. Errors: as Parse().
  [[nodiscard]] static absl::StatusOr<NoteVerifier> ParseCosigner(const std::string& verifier_key);

  const std::string& name() const { return name_; }
  uint32_t key_id() const { return key_id_; }
  bool cosigner() const { return cosigner_; }
  bool Verify(const std::string& text, const std::string& signature) const;

 private:
  NoteVerifier(std::string name, uint32_t key_id, bool cosigner, std::shared_ptr<evp_pkey_st> key)
      : name_(std::move(name)), key_id_(key_id), cosigner_(cosigner), key_(std::move(key)) {}

  std::string name_;
  uint32_t key_id_;
  bool cosigner_;
  std::shared_ptr<evp_pkey_st> key_;
};

struct NoteSignature {
  std::string name;
  uint32_t key_id;
  std::string signature;  // raw
};

struct Note {
  std::string text;  // ends in a newline
  std::vector<NoteSignature> signatures;
};

// Reads the form, and says nothing about who signed. Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<Note> ParseNote(const std::string& message);

// What ParseNote() reads.
std::string FormatNote(const Note& note);

// The signed note of `text`. Errors: INVALID_ARGUMENT when `text` does not end in a newline or
// holds control characters; those of the signer.
[[nodiscard]] absl::StatusOr<std::string> SignNote(const std::string& text,
                                                   const NoteSigner& signer);

// The text of `message`, when at least one of `verifiers` signed it and none of theirs is false.
// Errors: INVALID_ARGUMENT when malformed; DATA_LOSS when a known key's signature is false or no
// known key signed.
[[nodiscard]] absl::StatusOr<std::string> OpenNote(const std::string& message,
                                                   absl::Span<const NoteVerifier> verifiers);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_NOTE_H_
