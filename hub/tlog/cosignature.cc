#include "hub/tlog/cosignature.h"

#include <openssl/crypto.h>

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/tlog/note_key.h"

namespace signpost::tlog {
namespace {

std::string EncodeTime(int64_t time_s) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(static_cast<uint64_t>(time_s) >> shift & 0xFF));
  }
  return bytes;
}

bool IsBy(const NoteSignature& signature, const NoteVerifier& verifier) {
  return signature.name == verifier.name() && signature.key_id == verifier.key_id();
}

absl::Status False(const std::string& name) {
  return absl::DataLossError(absl::StrCat("the cosignature of ", name, " is false"));
}

}  // namespace

std::string CosignedMessage(absl::string_view text, int64_t time_s) {
  return absl::StrCat("cosignature/v1\ntime ", time_s, "\n", text);
}

std::optional<int64_t> CosignatureTime(absl::string_view signature) {
  if (signature.size() != kCosignatureTimeBytes + kEd25519SignatureBytes) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < kCosignatureTimeBytes; ++i) {
    value = value << 8 | static_cast<uint8_t>(signature[i]);
  }
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(value);
}

absl::StatusOr<Cosigner> Cosigner::Parse(const std::string& signer_key) {
  absl::StatusOr<NamedKey> key = ParseSignerKey(signer_key, KeyType::kCosignature);
  if (!key.ok()) return key.status();
  return Cosigner(std::move(key->name), key->key_id, std::move(key->verifier_key),
                  std::move(key->pkey));
}

absl::StatusOr<Cosigner> Cosigner::ReadFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadKeyFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<Cosigner> cosigner = Parse(*text);
  OPENSSL_cleanse(text->data(), text->size());
  return cosigner;
}

absl::StatusOr<std::string> Cosigner::Cosign(const std::string& text, int64_t time_s) const {
  if (text.empty() || text.back() != '\n' || !IsNoteText(text) || time_s < 0) {
    return absl::InvalidArgumentError("only a note's text is cosigned, and not before 1970");
  }
  absl::StatusOr<std::string> signature = Ed25519Sign(key_.get(), CosignedMessage(text, time_s));
  if (!signature.ok()) return signature.status();
  return FormatSignatureLine(name_, key_id_, EncodeTime(time_s) + *signature);
}

absl::StatusOr<NoteKeyPair> GenerateCosignerKey(const std::string& name) {
  return GenerateKey(name, KeyType::kCosignature);
}

const Cosignature* CosignedCheckpoint::Of(const NoteVerifier& witness) const {
  for (const Cosignature& one : cosignatures) {
    if (one.name == witness.name() && one.key_id == witness.key_id()) return &one;
  }
  return nullptr;
}

absl::StatusOr<CosignedCheckpoint> OpenCosigned(const std::string& note,
                                                absl::Span<const NoteVerifier> logs,
                                                absl::Span<const NoteVerifier> witnesses) {
  absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(note, logs);
  if (!checkpoint.ok()) return checkpoint.status();
  absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  CosignedCheckpoint cosigned;
  cosigned.checkpoint = *std::move(checkpoint);
  for (const NoteVerifier& witness : witnesses) {
    std::optional<int64_t> latest;
    for (const NoteSignature& signature : parsed->signatures) {
      if (!IsBy(signature, witness)) continue;
      if (!witness.Verify(parsed->text, signature.signature)) return False(witness.name());
      const int64_t time_s = *CosignatureTime(signature.signature);
      if (!latest.has_value() || time_s > *latest) latest = time_s;
    }
    if (latest.has_value()) {
      cosigned.cosignatures.push_back({witness.name(), witness.key_id(), *latest});
    }
  }
  return cosigned;
}

absl::Status RequireCosigned(const CosignedCheckpoint& cosigned,
                             absl::Span<const NoteVerifier> witnesses) {
  std::vector<std::string> missing;
  for (const NoteVerifier& witness : witnesses) {
    if (cosigned.Of(witness) == nullptr) missing.push_back(witness.name());
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the checkpoint of size ", cosigned.checkpoint.size,
                                          " is not cosigned by ", absl::StrJoin(missing, ", ")));
}

absl::StatusOr<std::string> AddCosignature(const std::string& note, const std::string& lines,
                                           const NoteVerifier& witness) {
  const absl::StatusOr<Note> held = ParseNote(note);
  if (!held.ok()) return held.status();
  // Read as the note that it will be part of: the one reader of signature lines does it.
  const absl::StatusOr<Note> added = ParseNote(absl::StrCat(held->text, "\n", lines));
  if (!added.ok()) return added.status();
  if (added->text != held->text) {
    return absl::InvalidArgumentError("the cosignatures are not signature lines alone");
  }
  Note out{held->text, {}};
  for (const NoteSignature& signature : held->signatures) {
    if (!IsBy(signature, witness)) out.signatures.push_back(signature);
  }
  for (const NoteSignature& signature : added->signatures) {
    if (!IsBy(signature, witness)) continue;
    if (!witness.Verify(held->text, signature.signature)) return False(witness.name());
    out.signatures.push_back(signature);
    return FormatNote(out);
  }
  return absl::DataLossError(absl::StrCat("there is no cosignature by ", witness.name()));
}

}  // namespace signpost::tlog
