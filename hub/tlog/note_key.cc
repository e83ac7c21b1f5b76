#include "hub/tlog/note_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/tlog/merkle.h"

namespace signpost::tlog {
namespace {

constexpr size_t kEd25519KeyBytes = 32;
constexpr char kSignerPrefix[] = "PRIVATE+KEY+";
constexpr char kSignaturePrefix[] = "\xE2\x80\x94 ";  // em dash, space

using Key = std::shared_ptr<EVP_PKEY>;

uint32_t BigEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

uint32_t KeyId(const std::string& name, const std::string& typed_public_key) {
  Hasher hasher;
  return BigEndian32(HashToString(hasher.Digest(name + "\n" + typed_public_key)));
}

// Standard base64 and nothing else: absl would also take white space and missing padding.
bool DecodeBase64(absl::string_view text, std::string* bytes) {
  return absl::Base64Unescape(text, bytes) && absl::Base64Escape(*bytes) == text;
}

// The length of the UTF-8 character at the front of `text`, or 0 when there is none.
size_t Utf8CharacterBytes(absl::string_view text, uint32_t* code_point) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) {
    *code_point = first;
    return 1;
  }
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  uint32_t value = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
    return 0;
  *code_point = value;
  return length;
}

bool IsSpace(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

// Calls `allowed` for each character; false when one is refused or `text` is not UTF-8.
template <typename F>
bool EveryCharacter(absl::string_view text, F allowed) {
  while (!text.empty()) {
    uint32_t code_point = 0;
    const size_t length = Utf8CharacterBytes(text, &code_point);
    if (length == 0 || !allowed(code_point)) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool IsKeyName(absl::string_view name) {
  return !name.empty() &&
         EveryCharacter(name, [](uint32_t c) { return c >= 0x20 && c != '+' && !IsSpace(c); });
}

struct KeyText {
  std::string name;
  uint32_t key_id = 0;
  std::string typed_key;  // type byte and key
};

// "<name>+<8 hex digits>+<base64>". The base64 may itself hold plus signs; names may not.
absl::StatusOr<KeyText> ParseKeyText(absl::string_view text, KeyType type) {
  const absl::Status malformed =
      absl::InvalidArgumentError("malformed note key: want <name>+<key id>+<base64 key>");
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('+', 2));
  if (parts.size() != 3 || !IsKeyName(parts[0]) || parts[1].size() != 8) return malformed;
  KeyText key;
  key.name = parts[0];
  if (parts[1].find_first_not_of("0123456789abcdef") != std::string::npos ||
      !absl::SimpleHexAtoi(parts[1], &key.key_id) || !DecodeBase64(parts[2], &key.typed_key)) {
    return malformed;
  }
  const bool known = key.typed_key.size() == 1 + kEd25519KeyBytes;
  if (known && key.typed_key[0] == static_cast<char>(type)) return key;
  const bool other_kind = known && (key.typed_key[0] == static_cast<char>(KeyType::kNote) ||
                                    key.typed_key[0] == static_cast<char>(KeyType::kCosignature));
  if (!other_kind) return absl::InvalidArgumentError("note key is not of a type known here");
  return absl::InvalidArgumentError(
      type == KeyType::kNote ? "this is a witness's key (type 0x04) where a log's is wanted"
                             : "this is a log's key (type 0x01) where a witness's is wanted");
}

// Type byte and the public half.
absl::StatusOr<std::string> PublicKey(EVP_PKEY* key, KeyType type) {
  std::string raw(kEd25519KeyBytes, '\0');
  size_t length = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &length) !=
      1) {
    return absl::InternalError("OpenSSL gave no public key");
  }
  return std::string(1, static_cast<char>(type)) + raw;
}

std::string FormatKey(const std::string& name, uint32_t key_id, const std::string& typed_key) {
  return absl::StrCat(name, "+", absl::StrFormat("%08x", key_id), "+",
                      absl::Base64Escape(typed_key));
}

}  // namespace

bool IsNoteText(absl::string_view text) {
  return EveryCharacter(text, [](uint32_t c) { return c >= 0x20 || c == '\n'; });
}

absl::StatusOr<NamedKey> ParseSignerKey(absl::string_view text, KeyType type) {
  if (!absl::ConsumePrefix(&text, kSignerPrefix)) {
    return absl::InvalidArgumentError("not a note signer key: want PRIVATE+KEY+...");
  }
  absl::StatusOr<KeyText> parsed = ParseKeyText(text, type);
  if (!parsed.ok()) return parsed.status();
  Key key(
      EVP_PKEY_new_raw_private_key(
          EVP_PKEY_ED25519, nullptr,
          reinterpret_cast<const unsigned char*>(parsed->typed_key.data()) + 1, kEd25519KeyBytes),
      &EVP_PKEY_free);
  OPENSSL_cleanse(parsed->typed_key.data(), parsed->typed_key.size());
  if (key == nullptr) return absl::InvalidArgumentError("OpenSSL refused the note signer key");
  absl::StatusOr<std::string> public_key = PublicKey(key.get(), type);
  if (!public_key.ok()) return public_key.status();
  if (KeyId(parsed->name, *public_key) != parsed->key_id) {
    return absl::InvalidArgumentError("the note signer key's id is not that of the key");
  }
  std::string verifier_key = FormatKey(parsed->name, parsed->key_id, *public_key);
  return NamedKey{parsed->name, parsed->key_id, std::move(verifier_key), std::move(key)};
}

absl::StatusOr<NamedKey> ParseVerifierKey(absl::string_view text, KeyType type) {
  absl::StatusOr<KeyText> parsed = ParseKeyText(text, type);
  if (!parsed.ok()) return parsed.status();
  if (KeyId(parsed->name, parsed->typed_key) != parsed->key_id) {
    return absl::InvalidArgumentError("the verifier key's id is not that of the key");
  }
  Key key(
      EVP_PKEY_new_raw_public_key(
          EVP_PKEY_ED25519, nullptr,
          reinterpret_cast<const unsigned char*>(parsed->typed_key.data()) + 1, kEd25519KeyBytes),
      &EVP_PKEY_free);
  if (key == nullptr) return absl::InvalidArgumentError("OpenSSL refused the verifier key");
  return NamedKey{parsed->name, parsed->key_id, std::string(text), std::move(key)};
}

absl::StatusOr<NoteKeyPair> GenerateKey(const std::string& name, KeyType type) {
  if (!IsKeyName(name)) {
    return absl::InvalidArgumentError("a note key's name may hold no space and no plus sign");
  }
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free);
  std::string seed(kEd25519KeyBytes, '\0');
  size_t length = seed.size();
  if (key == nullptr ||
      EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(seed.data()),
                                   &length) != 1) {
    return absl::InternalError("OpenSSL made no Ed25519 key");
  }
  absl::StatusOr<std::string> public_key = PublicKey(key.get(), type);
  if (!public_key.ok()) return public_key.status();
  const uint32_t key_id = KeyId(name, *public_key);
  NoteKeyPair pair;
  pair.signer_key =
      kSignerPrefix + FormatKey(name, key_id, std::string(1, static_cast<char>(type)) + seed);
  pair.verifier_key = FormatKey(name, key_id, *public_key);
  OPENSSL_cleanse(seed.data(), seed.size());
  return pair;
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the note key ", path, ": ", std::strerror(errno)));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the note key ", path,
                     " is open to others than its owner; chmod 600 it and consider it lost"));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read the note key ", path));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

absl::StatusOr<std::string> Ed25519Sign(evp_pkey_st* key, absl::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::string signature(kEd25519SignatureBytes, '\0');
  size_t length = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1 ||
      length != kEd25519SignatureBytes) {
    return absl::InternalError("OpenSSL did not sign the note");
  }
  return signature;
}

bool Ed25519Verify(evp_pkey_st* key, absl::string_view message, absl::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

std::string FormatSignatureLine(const std::string& name, uint32_t key_id,
                                absl::string_view signature) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(key_id >> shift & 0xFF));
  }
  bytes.append(signature.data(), signature.size());
  return absl::StrCat(kSignaturePrefix, name, " ", absl::Base64Escape(bytes), "\n");
}

absl::StatusOr<NoteSignature> ParseSignatureLine(absl::string_view line) {
  const auto malformed = [](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("malformed note: ", what));
  };
  if (!absl::ConsumePrefix(&line, kSignaturePrefix)) return malformed("not a signature line");
  const size_t space = line.find(' ');
  if (space == absl::string_view::npos) return malformed("signature line without a signature");
  const absl::string_view name = line.substr(0, space);
  std::string bytes;
  if (!IsKeyName(name) || !DecodeBase64(line.substr(space + 1), &bytes) || bytes.size() < 5) {
    return malformed("signature line with a bad name or signature");
  }
  return NoteSignature{std::string(name), BigEndian32(bytes), bytes.substr(4)};
}

}  // namespace signpost::tlog
