// Any bytes as a signed note, a checkpoint, a cosignature, a key. What is read must be written back
// as the same thing, and nothing that a stranger can write passes for signed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hub/tlog/checkpoint.h"
#include "hub/tlog/cosignature.h"
#include "hub/tlog/note.h"

namespace tlog = signpost::tlog;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Its private half was thrown away, so a good signature under it would be a forgery.
  static const tlog::NoteVerifier verifier =
      *tlog::NoteVerifier::Parse(tlog::GenerateNoteKey("fuzz.example/log")->verifier_key);
  static const tlog::NoteKeyPair own = *tlog::GenerateNoteKey("own.example/log");
  static const auto signer = *tlog::NewNoteSigner(own.signer_key);
  static const tlog::NoteVerifier own_verifier = *tlog::NoteVerifier::Parse(own.verifier_key);
  const std::string text(reinterpret_cast<const char*>(data), size);

  const auto note = tlog::ParseNote(text);
  if (note.ok() && (note->signatures.empty() || note->text.back() != '\n')) std::abort();
  if (tlog::OpenNote(text, {verifier}).ok()) std::abort();

  const auto signed_note = tlog::SignNote(text, *signer);
  if (signed_note.ok() && signed_note->size() <= tlog::kNoteBytesMax) {
    const auto opened = tlog::OpenNote(*signed_note, {own_verifier});
    if (!opened.ok() || *opened != text) std::abort();
  }

  // The same bytes as what a witness answers: nobody but the witness makes a cosignature.
  static const tlog::NoteVerifier witness = *tlog::NoteVerifier::ParseCosigner(
      tlog::GenerateCosignerKey("fuzz.example/witness")->verifier_key);
  static const std::string checkpoint_note =
      *tlog::SignNote(tlog::FormatCheckpoint({"own.example/log", 7, {}, {}}), *signer);
  if (tlog::AddCosignature(checkpoint_note, text, witness).ok()) std::abort();
  if (tlog::OpenCosigned(text, {verifier}, {witness}).ok()) std::abort();
  tlog::NoteVerifier::ParseCosigner(text).status().IgnoreError();
  tlog::Cosigner::Parse(text).status().IgnoreError();

  const auto checkpoint = tlog::ParseCheckpoint(text);
  if (checkpoint.ok() && tlog::FormatCheckpoint(*checkpoint) != text) std::abort();

  tlog::NoteVerifier::Parse(text).status().IgnoreError();
  tlog::NewNoteSigner(text).status().IgnoreError();
  return 0;
}
