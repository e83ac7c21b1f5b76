#include "hub/tlog/note.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/tlog/cosignature.h"
#include "hub/tlog/note_key.h"

namespace signpost::tlog {
namespace {

class Ed25519Signer final : public NoteSigner {
 public:
  explicit Ed25519Signer(NamedKey key) : key_(std::move(key)) {}

  const std::string& name() const override { return key_.name; }
  uint32_t key_id() const override { return key_.key_id; }
  const std::string& verifier_key() const override { return key_.verifier_key; }
  absl::StatusOr<std::string> Sign(const std::string& text) const override {
    return Ed25519Sign(key_.pkey.get(), text);
  }

 private:
  const NamedKey key_;
};

absl::Status Malformed(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("malformed note: ", what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<NoteSigner>> NewNoteSigner(const std::string& signer_key) {
  absl::StatusOr<NamedKey> key = ParseSignerKey(signer_key, KeyType::kNote);
  if (!key.ok()) return key.status();
  return std::unique_ptr<NoteSigner>(std::make_unique<Ed25519Signer>(*std::move(key)));
}

absl::StatusOr<std::unique_ptr<NoteSigner>> ReadNoteSigner(const std::string& path) {
  absl::StatusOr<std::string> text = ReadKeyFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::unique_ptr<NoteSigner>> signer = NewNoteSigner(*text);
  OPENSSL_cleanse(text->data(), text->size());
  return signer;
}

absl::StatusOr<NoteKeyPair> GenerateNoteKey(const std::string& name) {
  return GenerateKey(name, KeyType::kNote);
}

absl::Status WriteNoteKey(const std::string& path, const NoteKeyPair& key) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EEXIST) {
      return absl::AlreadyExistsError(
          absl::StrCat(path, " exists; a ledger's key is never overwritten"));
    }
    return absl::UnavailableError(absl::StrCat("cannot create ", path, ": ", std::strerror(errno)));
  }
  const std::string text = key.signer_key + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(fd) == 0;
  ::close(fd);
  if (synced) return absl::OkStatus();
  ::unlink(path.c_str());
  return absl::UnavailableError(absl::StrCat("cannot write ", path));
}

absl::StatusOr<NoteVerifier> NoteVerifier::Parse(const std::string& verifier_key) {
  absl::StatusOr<NamedKey> key = ParseVerifierKey(verifier_key, KeyType::kNote);
  if (!key.ok()) return key.status();
  return NoteVerifier(key->name, key->key_id, false, std::move(key->pkey));
}

absl::StatusOr<NoteVerifier> NoteVerifier::ParseCosigner(const std::string& verifier_key) {
  absl::StatusOr<NamedKey> key = ParseVerifierKey(verifier_key, KeyType::kCosignature);
  if (!key.ok()) return key.status();
  return NoteVerifier(key->name, key->key_id, true, std::move(key->pkey));
}

bool NoteVerifier::Verify(const std::string& text, const std::string& signature) const {
  if (!cosigner_) return Ed25519Verify(key_.get(), text, signature);
  const std::optional<int64_t> time_s = CosignatureTime(signature);
  return time_s.has_value() &&
         Ed25519Verify(key_.get(), CosignedMessage(text, *time_s),
                       absl::string_view(signature).substr(kCosignatureTimeBytes));
}

absl::StatusOr<Note> ParseNote(const std::string& message) {
  if (message.size() > kNoteBytesMax) return Malformed("over 1 MiB");
  if (!IsNoteText(message)) return Malformed("not UTF-8, or with control characters");
  // The last empty line parts text and signatures; the text keeps its final newline.
  const size_t split = message.rfind("\n\n");
  if (split == std::string::npos) return Malformed("no signatures");
  Note note;
  note.text = message.substr(0, split + 1);
  absl::string_view rest = absl::string_view(message).substr(split + 2);
  if (rest.empty() || rest.back() != '\n') return Malformed("no newline after the last signature");
  rest.remove_suffix(1);
  for (absl::string_view line : absl::StrSplit(rest, '\n')) {
    if (note.signatures.size() == static_cast<size_t>(kNoteSignaturesMax)) {
      return Malformed("more than 100 signatures");
    }
    absl::StatusOr<NoteSignature> signature = ParseSignatureLine(line);
    if (!signature.ok()) return signature.status();
    note.signatures.push_back(*std::move(signature));
  }
  return note;
}

std::string FormatNote(const Note& note) {
  std::string out = absl::StrCat(note.text, "\n");
  for (const NoteSignature& signature : note.signatures) {
    out += FormatSignatureLine(signature.name, signature.key_id, signature.signature);
  }
  return out;
}

absl::StatusOr<std::string> SignNote(const std::string& text, const NoteSigner& signer) {
  if (text.empty() || text.back() != '\n' || !IsNoteText(text)) {
    return absl::InvalidArgumentError(
        "note text must be UTF-8, end in a newline and hold no other control characters");
  }
  absl::StatusOr<std::string> signature = signer.Sign(text);
  if (!signature.ok()) return signature.status();
  return absl::StrCat(text, "\n", FormatSignatureLine(signer.name(), signer.key_id(), *signature));
}

absl::StatusOr<std::string> OpenNote(const std::string& message,
                                     absl::Span<const NoteVerifier> verifiers) {
  absl::StatusOr<Note> note = ParseNote(message);
  if (!note.ok()) return note.status();
  bool signed_by_known = false;
  for (const NoteSignature& signature : note->signatures) {
    for (const NoteVerifier& verifier : verifiers) {
      if (verifier.name() != signature.name || verifier.key_id() != signature.key_id) continue;
      if (!verifier.Verify(note->text, signature.signature)) {
        return absl::DataLossError(
            absl::StrCat("the signature of ", signature.name, " is false: the note was altered"));
      }
      signed_by_known = true;
    }
  }
  if (!signed_by_known) return absl::DataLossError("the note is signed by no known key");
  return note->text;
}

}  // namespace signpost::tlog
