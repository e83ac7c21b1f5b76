#include "hub/tlog/checkpoint.h"

#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace signpost::tlog {
namespace {

constexpr char kProofHeader[] = "c2sp.org/tlog-proof@v1";
constexpr size_t kProofHashesMax = kLevelMax + 1;

absl::StatusOr<Hash> ParseHash(absl::string_view base64) {
  std::string bytes;
  if (!absl::Base64Unescape(base64, &bytes) || absl::Base64Escape(bytes) != base64) {
    return absl::InvalidArgumentError("a hash is not in base64");
  }
  return HashFromString(bytes);
}

std::string HashBase64(const Hash& hash) { return absl::Base64Escape(HashToString(hash)); }

absl::Status Malformed(const char* what, const char* why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed ", what, ": ", why));
}

// Cuts the next line off `rest`. False when there is no newline left.
bool TakeLine(absl::string_view* rest, absl::string_view* line) {
  const size_t end = rest->find('\n');
  if (end == absl::string_view::npos) return false;
  *line = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return true;
}

}  // namespace

absl::StatusOr<uint64_t> ParseDecimal(absl::string_view text) {
  uint64_t value = 0;
  const bool digits = !text.empty() && text.size() <= 20 &&
                      text.find_first_not_of("0123456789") == absl::string_view::npos &&
                      (text.size() == 1 || text[0] != '0');
  if (!digits || !absl::SimpleAtoi(text, &value)) {
    return absl::InvalidArgumentError("not a decimal number without leading zeroes");
  }
  return value;
}

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  std::string text = absl::StrCat(checkpoint.origin, "\n", checkpoint.size, "\n",
                                  HashBase64(checkpoint.root), "\n");
  for (const std::string& extension : checkpoint.extensions)
    absl::StrAppend(&text, extension, "\n");
  return text;
}

absl::StatusOr<Checkpoint> ParseCheckpoint(const std::string& text) {
  absl::string_view rest = text, origin, size_text, root_text;
  if (!TakeLine(&rest, &origin) || !TakeLine(&rest, &size_text) || !TakeLine(&rest, &root_text)) {
    return Malformed("checkpoint", "fewer than three lines");
  }
  if (origin.empty()) return Malformed("checkpoint", "no origin");
  absl::StatusOr<uint64_t> size = ParseDecimal(size_text);
  if (!size.ok()) return Malformed("checkpoint", "the size is not a decimal number");
  absl::StatusOr<Hash> root = ParseHash(root_text);
  if (!root.ok()) return Malformed("checkpoint", "the root is not the base64 of 32 bytes");
  Checkpoint checkpoint{std::string(origin), *size, *root, {}};
  while (!rest.empty()) {
    absl::string_view extension;
    if (!TakeLine(&rest, &extension) || extension.empty()) {
      return Malformed("checkpoint", "an empty or unfinished extension line");
    }
    checkpoint.extensions.emplace_back(extension);
  }
  return checkpoint;
}

absl::StatusOr<Checkpoint> OpenCheckpoint(const std::string& note,
                                          absl::Span<const NoteVerifier> verifiers) {
  absl::StatusOr<std::string> text = OpenNote(note, verifiers);
  if (!text.ok()) return text.status();
  return ParseCheckpoint(*text);
}

std::string FormatProof(const Proof& proof) {
  std::string text = absl::StrCat(kProofHeader, "\n");
  if (proof.extra.has_value()) {
    absl::StrAppend(&text, "extra ", absl::Base64Escape(*proof.extra), "\n");
  }
  absl::StrAppend(&text, "index ", proof.index, "\n");
  for (const Hash& hash : proof.path) absl::StrAppend(&text, HashBase64(hash), "\n");
  absl::StrAppend(&text, "\n", proof.checkpoint);
  return text;
}

absl::StatusOr<Proof> ParseProof(const std::string& text) {
  absl::string_view rest = text, line;
  if (!TakeLine(&rest, &line) || line != kProofHeader) {
    return Malformed("proof", "the first line is not c2sp.org/tlog-proof@v1");
  }
  Proof proof;
  if (!TakeLine(&rest, &line)) return Malformed("proof", "no index");
  if (absl::ConsumePrefix(&line, "extra ")) {
    std::string extra;
    if (!absl::Base64Unescape(line, &extra) || absl::Base64Escape(extra) != line) {
      return Malformed("proof", "the extra data is not in base64");
    }
    proof.extra = std::move(extra);
    if (!TakeLine(&rest, &line)) return Malformed("proof", "no index");
  }
  if (!absl::ConsumePrefix(&line, "index ")) return Malformed("proof", "no index");
  absl::StatusOr<uint64_t> index = ParseDecimal(line);
  if (!index.ok()) return Malformed("proof", "the index is not a decimal number");
  proof.index = *index;
  while (true) {
    if (!TakeLine(&rest, &line)) return Malformed("proof", "no checkpoint");
    if (line.empty()) break;
    if (proof.path.size() == kProofHashesMax) return Malformed("proof", "too many hashes");
    absl::StatusOr<Hash> hash = ParseHash(line);
    if (!hash.ok()) return Malformed("proof", "a hash is not the base64 of 32 bytes");
    proof.path.push_back(*hash);
  }
  if (rest.empty()) return Malformed("proof", "no checkpoint");
  proof.checkpoint = std::string(rest);
  return proof;
}

absl::StatusOr<Checkpoint> VerifyProof(const Proof& proof, absl::string_view entry,
                                       absl::Span<const NoteVerifier> verifiers) {
  absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(proof.checkpoint, verifiers);
  if (!checkpoint.ok()) return checkpoint.status();
  if (proof.index >= checkpoint->size) {
    return absl::DataLossError("the proof's index is beyond its checkpoint");
  }
  Hasher hasher;
  const absl::Status included = VerifyInclusion(hasher.Leaf(entry), proof.index, checkpoint->size,
                                                proof.path, checkpoint->root);
  if (!included.ok()) return included;
  return checkpoint;
}

}  // namespace signpost::tlog
