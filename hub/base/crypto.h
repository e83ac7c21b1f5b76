// These are the few cryptographic operations that the hub uses, over OpenSSL, without choices.
//
// Hashing and HMAC cannot fail on any input; should OpenSSL itself fail (out of memory, a broken
// provider) the process ends rather than go on with a wrong hash. Everything else returns a status.
// Functions are thread-safe; key objects are immutable, cheap to copy or move, and may be used by
// several threads at once. No error message and no type here ever prints a key.

#ifndef SIGNPOST_HUB_BASE_CRYPTO_H_
#define SIGNPOST_HUB_BASE_CRYPTO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/random.h"

typedef struct evp_pkey_st EVP_PKEY;

namespace signpost::base {

inline constexpr size_t kHashBytes = 32;       // SHA-256 and HMAC-SHA-256
inline constexpr size_t kSecretKeyBytes = 32;  // AES-256, HMAC keys
inline constexpr size_t kSealNonceBytes = 12;
inline constexpr size_t kSealTagBytes = 16;
// What Seal() adds to a text.
inline constexpr size_t kSealOverheadBytes = kSealNonceBytes + kSealTagBytes;
inline constexpr size_t kSignatureBytes = 64;  // of both kinds of key

// 32 bytes that are a secret: wiped when destroyed, never printed, no comparison that leaks time.
class SecretKey {
 public:
  // Errors: kKeyUnavailable when `bytes` is not kSecretKeyBytes long.
  [[nodiscard]] static absl::StatusOr<SecretKey> FromBytes(absl::string_view bytes);
  static SecretKey Generate(RandomSource* random);

  ~SecretKey();
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;

  // Valid while this key lives.
  absl::string_view bytes() const;

 private:
  SecretKey() = default;
  std::array<uint8_t, kSecretKeyBytes> bytes_{};
};

// SHA-256, 32 bytes. The list form hashes the parts one after another without joining them first.
std::string Sha256(absl::string_view bytes);
std::string Sha256(std::initializer_list<absl::string_view> parts);

// HMAC-SHA-256, 32 bytes, any length of key.
std::string HmacSha256(absl::string_view key, absl::string_view bytes);

// HmacKey is a secret that hashes under itself many times: what HMAC-SHA-256 makes of the key alone
// is made once, which for a short text is half of the work. As secret as the key: wiped when
// destroyed, never printed.
class HmacKey {
 public:
  explicit HmacKey(const SecretKey& key);
  ~HmacKey();
  HmacKey(const HmacKey&) = default;
  HmacKey& operator=(const HmacKey&) = default;

  // The first `size` bytes of HmacSha256() of the parts, one after another. REQUIRES: `size` is at
  // most kHashBytes.
  std::string Hash(std::initializer_list<absl::string_view> parts, size_t size = kHashBytes) const;

 private:
  // SHA-256's state behind the key's block.
  using State = std::array<uint32_t, 8>;
  State inner_;
  State outer_;
};

// HKDF-SHA-256 (RFC 5869). `info` says what the derived bytes are for.
// Errors: kInternal when `size` is 0 or over 255 * 32.
[[nodiscard]] absl::StatusOr<std::string> HkdfSha256(absl::string_view secret,
                                                     absl::string_view salt, absl::string_view info,
                                                     size_t size);
// The same for one 32-byte key without salt.
[[nodiscard]] absl::StatusOr<SecretKey> DeriveKey(const SecretKey& secret, absl::string_view info);

// AES-256-GCM: nonce (12 random bytes), ciphertext, tag (16). `context` is authenticated and not
// stored: put in it all that says where the value belongs (person id, field), so that a ciphertext
// moved to another place does not open. One key may seal 2^32 values.
[[nodiscard]] absl::StatusOr<std::string> Seal(const SecretKey& key, absl::string_view context,
                                               absl::string_view plain, RandomSource* random);
// Errors: kDataLoss when `sealed` was not made by Seal() with this key and context, or was changed.
[[nodiscard]] absl::StatusOr<std::string> Open(const SecretKey& key, absl::string_view context,
                                               absl::string_view sealed);

// One AES-256 block: a permutation of 16-byte values. For ids, never for texts.
// REQUIRES: `block` is 16 bytes long.
[[nodiscard]] absl::StatusOr<std::string> EncryptBlock(const SecretKey& key,
                                                       absl::string_view block);
[[nodiscard]] absl::StatusOr<std::string> DecryptBlock(const SecretKey& key,
                                                       absl::string_view block);

// Takes the same time wherever the difference is. Lengths are not secret.
bool ConstantTimeEqual(absl::string_view a, absl::string_view b);

// --- Signatures ---

enum class KeyType {
  kEd25519,  // JOSE "EdDSA"
  kEs256,    // P-256 with SHA-256, JOSE "ES256"; signatures are r || s
};

class PublicKey {
 public:
  // A SubjectPublicKeyInfo in PEM. Errors: kInvalidField when it is not one, or is a key of another
  // kind or curve.
  [[nodiscard]] static absl::StatusOr<PublicKey> FromPem(absl::string_view pem);
  // Ed25519: 32 bytes. ES256: 65 bytes, an uncompressed point. Errors: kInvalidField.
  [[nodiscard]] static absl::StatusOr<PublicKey> FromRaw(KeyType type, absl::string_view raw);

  KeyType type() const { return type_; }
  // As FromRaw() takes it. Equal keys have equal raw forms.
  const std::string& raw() const { return raw_; }
  [[nodiscard]] absl::StatusOr<std::string> Pem() const;

  // Whether `signature` (64 bytes) is this key's over `message`. Never an error: whatever is not a
  // good signature is false.
  [[nodiscard]] bool Verify(absl::string_view message, absl::string_view signature) const;

 private:
  friend class PrivateKey;
  PublicKey(KeyType type, std::string raw, std::shared_ptr<EVP_PKEY> key)
      : type_(type), raw_(std::move(raw)), key_(std::move(key)) {}
  KeyType type_;
  std::string raw_;
  std::shared_ptr<EVP_PKEY> key_;
};

class PrivateKey {
 public:
  // PKCS#8 (or SEC1 for P-256) in PEM, not encrypted. Errors: kKeyUnavailable.
  [[nodiscard]] static absl::StatusOr<PrivateKey> FromPem(absl::string_view pem);
  // Reads FromPem() from a file that its owner alone can read. Errors: kKeyUnavailable, naming the
  // file and, where others can read it, the chmod to run.
  [[nodiscard]] static absl::StatusOr<PrivateKey> ReadFile(const std::string& path);
  // Ed25519 from its 32-byte seed. Errors: kKeyUnavailable.
  [[nodiscard]] static absl::StatusOr<PrivateKey> FromEd25519Seed(absl::string_view seed);
  // A new key from OpenSSL's own generator.
  [[nodiscard]] static absl::StatusOr<PrivateKey> Generate(KeyType type);

  KeyType type() const { return public_key_.type(); }
  const PublicKey& public_key() const { return public_key_; }
  // PKCS#8. The caller keeps it secret.
  [[nodiscard]] absl::StatusOr<std::string> Pem() const;

  // 64 bytes. Errors: kInternal.
  [[nodiscard]] absl::StatusOr<std::string> Sign(absl::string_view message) const;

 private:
  explicit PrivateKey(PublicKey public_key) : public_key_(std::move(public_key)) {}
  // The EVP_PKEY inside holds the private half too.
  PublicKey public_key_;
};

// SHA-256 over the DER of the first certificate in `pem`: `x5t#S256` of RFC 8705, as raw bytes.
// Errors: kInvalidField when there is none.
[[nodiscard]] absl::StatusOr<std::string> CertificateSha256(absl::string_view pem);

// --- Files that hold secrets ---

// The bytes of `path`, at most `bytes_max`. Errors: kKeyUnavailable when the file is missing, not a
// regular file, larger, owned by another user, or open to group or others; the message says which
// and what to run.
[[nodiscard]] absl::StatusOr<std::string> ReadSecretFile(const std::string& path, size_t bytes_max);
// Creates `path` with mode 0600 and syncs it. Never overwrites: kAlreadyExists.
[[nodiscard]] absl::Status WriteSecretFile(const std::string& path, absl::string_view bytes);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_CRYPTO_H_
