// These are codecs that read keys and signature lines of notes. Private to this room: note.cc and
// cosignature.cc, whose keys differ in the type byte alone, and sign different messages.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_TLOG_NOTE_KEY_H_
#define SIGNPOST_HUB_TLOG_NOTE_KEY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/tlog/note.h"

namespace signpost::tlog {

enum class KeyType : char {
  kNote = 0x01,         // signs the note's text
  kCosignature = 0x04,  // signs what cosignature.h says
};
inline constexpr size_t kEd25519SignatureBytes = 64;

struct NamedKey {
  std::string name;
  uint32_t key_id = 0;
  std::string verifier_key;           // the public half as text
  std::shared_ptr<evp_pkey_st> pkey;  // private where read from a signer's text, else public
};

// Errors: INVALID_ARGUMENT when malformed, of another type, or when the key id is not that of the
// key. No message holds the key.
[[nodiscard]] absl::StatusOr<NamedKey> ParseSignerKey(absl::string_view text, KeyType type);
[[nodiscard]] absl::StatusOr<NamedKey> ParseVerifierKey(absl::string_view text, KeyType type);
// See GenerateNoteKey().
[[nodiscard]] absl::StatusOr<NoteKeyPair> GenerateKey(const std::string& name, KeyType type);
// The one line of a key file. Errors: as ReadNoteSigner().
[[nodiscard]] absl::StatusOr<std::string> ReadKeyFile(const std::string& path);

// Errors: INTERNAL.
[[nodiscard]] absl::StatusOr<std::string> Ed25519Sign(evp_pkey_st* key, absl::string_view message);
bool Ed25519Verify(evp_pkey_st* key, absl::string_view message, absl::string_view signature);

// UTF-8 without control characters but newlines.
bool IsNoteText(absl::string_view text);

// A signature line with its newline, and back from one without.
std::string FormatSignatureLine(const std::string& name, uint32_t key_id,
                                absl::string_view signature);
[[nodiscard]] absl::StatusOr<NoteSignature> ParseSignatureLine(absl::string_view line);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_NOTE_KEY_H_
