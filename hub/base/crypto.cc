// For SHA256_Init() and the two others: see Digest().
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hub/base/crypto.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/check.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::base {
namespace {

constexpr size_t kHashBlockBytes = 64;  // what SHA-256 works on at a time
constexpr size_t kEd25519RawBytes = 32;
constexpr size_t kEs256RawBytes = 65;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using MdContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "signpost: OpenSSL failed at %s; stopping\n", what);
  std::abort();
}

// Algorithms are fetched once and kept for the life of the process: a fetch takes a lock and costs
// more than hashing a leaf.
EVP_KDF* HkdfKdf() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (kdf == nullptr) Die("fetching HKDF");
  return kdf;
}
const EVP_CIPHER* Aes256Gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (cipher == nullptr) Die("fetching AES-256-GCM");
  return cipher;
}
const EVP_CIPHER* Aes256Ecb() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  if (cipher == nullptr) Die("fetching AES-256-ECB");
  return cipher;
}

const uint8_t* Data(absl::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
uint8_t* Data(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }

absl::Status OpenSslFailed(const char* what) {
  ERR_clear_error();
  return Error(Reason::kInternal, absl::StrCat("OpenSSL failed at ", what));
}

// SHA-256 of the parts, which may stand where `hash` goes.
void Digest(std::initializer_list<absl::string_view> parts, uint8_t* hash) {
  // Not through EVP, which allocates for each hash and takes as long about it as about a short text
  // itself: the tree hashes two short strings for every node it makes, a report some forty.
  SHA256_CTX context;
  bool ok = SHA256_Init(&context) == 1;
  for (absl::string_view part : parts) {
    ok = ok && SHA256_Update(&context, part.data(), part.size()) == 1;
  }
  ok = ok && SHA256_Final(hash, &context) == 1;
  // What was hashed may be a key.
  OPENSSL_cleanse(&context, sizeof(context));
  if (!ok) Die("SHA-256");
}

OSSL_PARAM OctetParam(const char* name, absl::string_view bytes) {
  // OpenSSL takes a non-const pointer and only reads.
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

OSSL_PARAM TextParam(const char* name, const char* text) {
  return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(text), 0);
}

Bio ReadBio(absl::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TakeBio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

// Never asks the terminal: an encrypted key is refused instead of stopping a server at a prompt.
int NoPassword(char*, int, int, void*) { return -1; }

// The kind of `key` and its raw public half, or false for kinds we do not use.
bool Describe(EVP_PKEY* key, KeyType* type, std::string* raw) {
  if (EVP_PKEY_get_id(key) == EVP_PKEY_ED25519) {
    *type = KeyType::kEd25519;
    raw->assign(kEd25519RawBytes, '\0');
    size_t size = raw->size();
    return EVP_PKEY_get_raw_public_key(key, Data(*raw), &size) == 1 && size == raw->size();
  }
  if (EVP_PKEY_get_id(key) != EVP_PKEY_EC) return false;
  char group[32];
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof(group), &size) != 1 ||
      absl::string_view(group, size) != "prime256v1") {
    return false;
  }
  *type = KeyType::kEs256;
  raw->assign(kEs256RawBytes, '\0');
  // A key that came compressed is read as the same point uncompressed: one key, one raw form.
  return EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                        "uncompressed") == 1 &&
         EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, Data(*raw), raw->size(),
                                         &size) == 1 &&
         size == raw->size();
}

Key Es256FromPoint(absl::string_view point) {
  KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  OSSL_PARAM params[] = {TextParam(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1"),
                         OctetParam(OSSL_PKEY_PARAM_PUB_KEY, point), OSSL_PARAM_END};
  EVP_PKEY* raw_key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw_key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
    return nullptr;
  }
  Key key(raw_key);
  KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return key;
}

// r || s as OpenSSL wants it. Empty on failure.
std::string EcdsaToDer(absl::string_view signature) {
  EcdsaSignature parts(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Data(signature), 32, nullptr);
  BIGNUM* s = BN_bin2bn(Data(signature) + 32, 32, nullptr);
  if (parts == nullptr || r == nullptr || s == nullptr || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return "";
  }
  uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return "";
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return result;
}

// Empty on failure.
std::string EcdsaFromDer(const std::string& der) {
  const uint8_t* cursor = Data(absl::string_view(der));
  EcdsaSignature parts(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
  std::string signature(kSignatureBytes, '\0');
  if (parts == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), Data(signature), 32) != 32 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), Data(signature) + 32, 32) != 32) {
    return "";
  }
  return signature;
}

absl::StatusOr<std::string> CryptBlock(const SecretKey& key, absl::string_view block,
                                       bool encrypt) {
  if (block.size() != 16) return Error(Reason::kInternal, "a block has 16 bytes");
  CipherContext context(EVP_CIPHER_CTX_new());
  std::string result(16, '\0');
  int size = 0;
  if (context == nullptr ||
      EVP_CipherInit_ex2(context.get(), Aes256Ecb(), Data(key.bytes()), nullptr, encrypt ? 1 : 0,
                         nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_CipherUpdate(context.get(), Data(result), &size, Data(block), 16) != 1 || size != 16) {
    return OpenSslFailed("AES-256");
  }
  return result;
}

}  // namespace

absl::StatusOr<SecretKey> SecretKey::FromBytes(absl::string_view bytes) {
  if (bytes.size() != kSecretKeyBytes) {
    return Error(Reason::kKeyUnavailable, absl::StrCat("a secret key has ", kSecretKeyBytes,
                                                       " bytes; this one has ", bytes.size()));
  }
  SecretKey key;
  std::memcpy(key.bytes_.data(), bytes.data(), bytes.size());
  return key;
}

SecretKey SecretKey::Generate(RandomSource* random) {
  SecretKey key;
  random->Fill(key.bytes_.data(), key.bytes_.size());
  return key;
}

SecretKey::~SecretKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

absl::string_view SecretKey::bytes() const {
  return absl::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
}

std::string Sha256(absl::string_view bytes) { return Sha256({bytes}); }

std::string Sha256(std::initializer_list<absl::string_view> parts) {
  std::string hash(kHashBytes, '\0');
  Digest(parts, Data(hash));
  return hash;
}

// Made of its definition (RFC 2104): to make and key a context of
// OpenSSL's own kind costs three times as much as both hashes of a short text, and to keep one for
// each key would keep the keys of erased persons, too.
std::string HmacSha256(absl::string_view key, absl::string_view bytes) {
  std::array<uint8_t, kHashBlockBytes> block{};
  if (key.size() > block.size()) {
    Digest({key}, block.data());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  const absl::string_view padded(reinterpret_cast<const char*>(block.data()), block.size());
  for (uint8_t& byte : block) byte ^= 0x36;
  std::string mac(kHashBytes, '\0');
  Digest({padded, bytes}, Data(mac));
  for (uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  Digest({padded, mac}, Data(mac));
  OPENSSL_cleanse(block.data(), block.size());
  return mac;
}

namespace {

static_assert(sizeof(SHA256_CTX::h) == 8 * sizeof(uint32_t));

// The state behind one whole block, which is `key` with `pad` over it.
std::array<uint32_t, 8> StateBehind(const SecretKey& key, uint8_t pad) {
  std::array<uint8_t, kHashBlockBytes> block{};
  std::memcpy(block.data(), key.bytes().data(), key.bytes().size());
  for (uint8_t& byte : block) byte ^= pad;
  SHA256_CTX context;
  if (SHA256_Init(&context) != 1 || SHA256_Update(&context, block.data(), block.size()) != 1) {
    Die("SHA-256");
  }
  std::array<uint32_t, 8> state;
  std::memcpy(state.data(), context.h, sizeof(context.h));
  OPENSSL_cleanse(&context, sizeof(context));
  OPENSSL_cleanse(block.data(), block.size());
  return state;
}

// Goes on from such a state.
void Resume(const std::array<uint32_t, 8>& state, SHA256_CTX* context) {
  if (SHA256_Init(context) != 1) Die("SHA-256");
  std::memcpy(context->h, state.data(), sizeof(context->h));
  context->Nl = 8 * kHashBlockBytes;  // bits so far
}

}  // namespace

HmacKey::HmacKey(const SecretKey& key)
    : inner_(StateBehind(key, 0x36)), outer_(StateBehind(key, 0x5c)) {}

HmacKey::~HmacKey() {
  OPENSSL_cleanse(inner_.data(), sizeof(inner_));
  OPENSSL_cleanse(outer_.data(), sizeof(outer_));
}

std::string HmacKey::Hash(std::initializer_list<absl::string_view> parts, size_t size) const {
  CHECK(size <= kHashBytes);
  SHA256_CTX context;
  uint8_t hash[kHashBytes];
  Resume(inner_, &context);
  bool ok = true;
  for (absl::string_view part : parts) {
    ok = ok && SHA256_Update(&context, part.data(), part.size()) == 1;
  }
  ok = ok && SHA256_Final(hash, &context) == 1;
  Resume(outer_, &context);
  ok = ok && SHA256_Update(&context, hash, sizeof(hash)) == 1 && SHA256_Final(hash, &context) == 1;
  OPENSSL_cleanse(&context, sizeof(context));
  if (!ok) Die("SHA-256");
  return std::string(reinterpret_cast<const char*>(hash), size);
}

absl::StatusOr<std::string> HkdfSha256(absl::string_view secret, absl::string_view salt,
                                       absl::string_view info, size_t size) {
  if (size == 0 || size > 255 * kHashBytes) {
    return Error(Reason::kInternal, "HKDF-SHA-256 gives 1 to 8160 bytes");
  }
  KdfContext context(EVP_KDF_CTX_new(HkdfKdf()));
  OSSL_PARAM params[5];
  size_t count = 0;
  params[count++] = TextParam(OSSL_KDF_PARAM_DIGEST, "SHA256");
  params[count++] = OctetParam(OSSL_KDF_PARAM_KEY, secret);
  if (!salt.empty()) params[count++] = OctetParam(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) params[count++] = OctetParam(OSSL_KDF_PARAM_INFO, info);
  params[count] = OSSL_PARAM_construct_end();
  std::string derived(size, '\0');
  if (context == nullptr ||
      EVP_KDF_derive(context.get(), Data(derived), derived.size(), params) != 1) {
    return OpenSslFailed("HKDF");
  }
  return derived;
}

absl::StatusOr<SecretKey> DeriveKey(const SecretKey& secret, absl::string_view info) {
  SIGNPOST_ASSIGN_OR_RETURN(std::string bytes,
                            HkdfSha256(secret.bytes(), "", info, kSecretKeyBytes));
  absl::StatusOr<SecretKey> key = SecretKey::FromBytes(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

absl::StatusOr<std::string> Seal(const SecretKey& key, absl::string_view context,
                                 absl::string_view plain, RandomSource* random) {
  if (plain.size() > INT_MAX - kSealOverheadBytes || context.size() > INT_MAX) {
    return Error(Reason::kMessageTooLarge, "too long to seal; split it");
  }
  std::string sealed(plain.size() + kSealOverheadBytes, '\0');
  uint8_t* const nonce = Data(sealed);
  uint8_t* const text = nonce + kSealNonceBytes;
  uint8_t* const tag = text + plain.size();
  random->Fill(nonce, kSealNonceBytes);

  CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (cipher == nullptr ||
      EVP_EncryptInit_ex2(cipher.get(), Aes256Gcm(), Data(key.bytes()), nonce, nullptr) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Data(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), text, &size, Data(plain), static_cast<int>(plain.size())) !=
          1 ||
      EVP_EncryptFinal_ex(cipher.get(), tag, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kSealTagBytes),
                          tag) != 1) {
    return OpenSslFailed("AES-256-GCM");
  }
  return sealed;
}

absl::StatusOr<std::string> Open(const SecretKey& key, absl::string_view context,
                                 absl::string_view sealed) {
  const auto refused = [] {
    ERR_clear_error();
    return Error(Reason::kDataLoss,
                 "a sealed value does not open with its key and place; call the operator");
  };
  if (sealed.size() < kSealOverheadBytes || sealed.size() > INT_MAX || context.size() > INT_MAX) {
    return refused();
  }
  const size_t plain_size = sealed.size() - kSealOverheadBytes;
  const uint8_t* const nonce = Data(sealed);
  const uint8_t* const text = nonce + kSealNonceBytes;
  std::string tag(sealed.substr(sealed.size() - kSealTagBytes));
  std::string plain(plain_size, '\0');

  CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (cipher == nullptr ||
      EVP_DecryptInit_ex2(cipher.get(), Aes256Gcm(), Data(key.bytes()), nonce, nullptr) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Data(context),
                        static_cast<int>(context.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), Data(plain), &size, text, static_cast<int>(plain_size)) !=
          1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                          tag.data()) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), Data(tag), &size) != 1) {
    OPENSSL_cleanse(plain.data(), plain.size());
    return refused();
  }
  return plain;
}

absl::StatusOr<std::string> EncryptBlock(const SecretKey& key, absl::string_view block) {
  return CryptBlock(key, block, /*encrypt=*/true);
}

absl::StatusOr<std::string> DecryptBlock(const SecretKey& key, absl::string_view block) {
  return CryptBlock(key, block, /*encrypt=*/false);
}

bool ConstantTimeEqual(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// --- Signatures ---

absl::StatusOr<PublicKey> PublicKey::FromPem(absl::string_view pem) {
  Bio bio = ReadBio(pem);
  Key key(bio == nullptr ? nullptr : PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassword, nullptr));
  KeyType type;
  std::string raw;
  if (key == nullptr || !Describe(key.get(), &type, &raw)) {
    ERR_clear_error();
    return InvalidField("public_key",
                        "is not an Ed25519 or P-256 public key in PEM (\"BEGIN PUBLIC KEY\")");
  }
  // Built again from its raw form, so that nothing else the file said about the key is kept.
  return FromRaw(type, raw);
}

absl::StatusOr<PublicKey> PublicKey::FromRaw(KeyType type, absl::string_view raw) {
  Key key;
  if (type == KeyType::kEd25519 && raw.size() == kEd25519RawBytes) {
    key.reset(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, Data(raw), raw.size()));
  } else if (type == KeyType::kEs256 && raw.size() == kEs256RawBytes && raw[0] == 4) {
    key = Es256FromPoint(raw);
  }
  if (key == nullptr) {
    ERR_clear_error();
    return InvalidField("public_key", type == KeyType::kEd25519
                                          ? "is not 32 bytes of an Ed25519 key"
                                          : "is not a P-256 point of 65 bytes, uncompressed");
  }
  return PublicKey(type, std::string(raw), std::shared_ptr<EVP_PKEY>(std::move(key)));
}

absl::StatusOr<std::string> PublicKey::Pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) {
    return OpenSslFailed("writing a public key");
  }
  return TakeBio(bio.get());
}

bool PublicKey::Verify(absl::string_view message, absl::string_view signature) const {
  if (signature.size() != kSignatureBytes) return false;
  std::string der;
  absl::string_view given = signature;
  const char* digest = nullptr;
  if (type_ == KeyType::kEs256) {
    der = EcdsaToDer(signature);
    given = der;
    digest = "SHA256";
  }
  MdContext context(EVP_MD_CTX_new());
  const bool good = !given.empty() && context != nullptr &&
                    EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr,
                                            key_.get(), nullptr) == 1 &&
                    EVP_DigestVerify(context.get(), Data(given), given.size(), Data(message),
                                     message.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

absl::StatusOr<PrivateKey> PrivateKey::FromPem(absl::string_view pem) {
  Bio bio = ReadBio(pem);
  Key key(bio == nullptr ? nullptr
                         : PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  KeyType type;
  std::string raw;
  if (key == nullptr || !Describe(key.get(), &type, &raw)) {
    ERR_clear_error();
    return Error(Reason::kKeyUnavailable,
                 "not an unencrypted Ed25519 or P-256 private key in PEM (\"BEGIN PRIVATE KEY\")");
  }
  return PrivateKey(PublicKey(type, std::move(raw), std::shared_ptr<EVP_PKEY>(std::move(key))));
}

absl::StatusOr<PrivateKey> PrivateKey::ReadFile(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(std::string pem, ReadSecretFile(path, 16 << 10));
  absl::StatusOr<PrivateKey> key = FromPem(pem);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!key.ok()) {
    return Error(Reason::kKeyUnavailable, absl::StrCat(path, ": ", key.status().message()));
  }
  return key;
}

absl::StatusOr<PrivateKey> PrivateKey::FromEd25519Seed(absl::string_view seed) {
  Key key(
      seed.size() == kEd25519RawBytes
          ? EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, Data(seed), seed.size())
          : nullptr);
  KeyType type;
  std::string raw;
  if (key == nullptr || !Describe(key.get(), &type, &raw)) {
    ERR_clear_error();
    return Error(Reason::kKeyUnavailable, "an Ed25519 seed has 32 bytes");
  }
  return PrivateKey(PublicKey(type, std::move(raw), std::shared_ptr<EVP_PKEY>(std::move(key))));
}

absl::StatusOr<PrivateKey> PrivateKey::Generate(KeyType type) {
  Key key(type == KeyType::kEd25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                    : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  std::string raw;
  if (key == nullptr || !Describe(key.get(), &type, &raw)) {
    return OpenSslFailed("making a key");
  }
  return PrivateKey(PublicKey(type, std::move(raw), std::shared_ptr<EVP_PKEY>(std::move(key))));
}

absl::StatusOr<std::string> PrivateKey::Pem() const {
  Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PKCS8PrivateKey(bio.get(), public_key_.key_.get(), nullptr,
                                                      nullptr, 0, nullptr, nullptr) != 1) {
    return OpenSslFailed("writing a private key");
  }
  return TakeBio(bio.get());
}

absl::StatusOr<std::string> PrivateKey::Sign(absl::string_view message) const {
  const bool es256 = type() == KeyType::kEs256;
  MdContext context(EVP_MD_CTX_new());
  std::string signature(128, '\0');  // the DER of an ES256 signature has at most 72
  size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit_ex(context.get(), nullptr, es256 ? "SHA256" : nullptr, nullptr, nullptr,
                            public_key_.key_.get(), nullptr) != 1 ||
      EVP_DigestSign(context.get(), Data(signature), &size, Data(message), message.size()) != 1) {
    return OpenSslFailed("signing");
  }
  signature.resize(size);
  if (es256) signature = EcdsaFromDer(signature);
  if (signature.size() != kSignatureBytes) return OpenSslFailed("signing");
  return signature;
}

absl::StatusOr<std::string> CertificateSha256(absl::string_view pem) {
  static constexpr absl::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  static constexpr absl::string_view kEnd = "-----END CERTIFICATE-----";
  const auto refused = [] {
    return InvalidField("certificate", "is not a certificate in PEM (\"BEGIN CERTIFICATE\")");
  };
  const size_t begin = pem.find(kBegin);
  if (begin == absl::string_view::npos) return refused();
  pem.remove_prefix(begin + kBegin.size());
  const size_t end = pem.find(kEnd);
  if (end == absl::string_view::npos) return refused();
  std::string base64;
  base64.reserve(end);
  for (char c : pem.substr(0, end)) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') base64.push_back(c);
  }
  absl::StatusOr<std::string> der = Base64Decode(base64);
  if (!der.ok() || der->empty()) return refused();
  return Sha256(*der);
}

// --- Files that hold secrets ---

namespace {

// Closes on every way out.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

absl::Status KeyFileError(const std::string& path, const std::string& what) {
  return Error(Reason::kKeyUnavailable, absl::StrCat("key file ", path, ": ", what));
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path, size_t bytes_max) {
  // Not blocking, so that a pipe left in the key's place cannot hang a start.
  File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.descriptor() < 0) {
    return KeyFileError(path, absl::StrCat("cannot be opened (", std::strerror(errno), ")"));
  }
  struct stat info;
  if (fstat(file.descriptor(), &info) != 0) {
    return KeyFileError(path, absl::StrCat("cannot be examined (", std::strerror(errno), ")"));
  }
  if (!S_ISREG(info.st_mode)) return KeyFileError(path, "is not a regular file");
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return KeyFileError(path,
                        absl::StrCat("belongs to another user; run: chown ", geteuid(), " ", path));
  }
  if ((info.st_mode & 077) != 0) {
    return KeyFileError(path,
                        absl::StrCat("can be read or changed by others; run: chmod 600 ", path));
  }
  if (static_cast<uint64_t>(info.st_size) > bytes_max) {
    return KeyFileError(path, absl::StrCat("is longer than ", bytes_max, " bytes"));
  }
  // One byte more than asked, to notice a file that grew since it was examined.
  std::string bytes(bytes_max + 1, '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = read(file.descriptor(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return KeyFileError(path, absl::StrCat("cannot be read (", std::strerror(errno), ")"));
    }
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  if (filled > bytes_max) {
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return KeyFileError(path, absl::StrCat("is longer than ", bytes_max, " bytes"));
  }
  bytes.resize(filled);
  return bytes;
}

absl::Status WriteSecretFile(const std::string& path, absl::string_view bytes) {
  File file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.descriptor() < 0) {
    if (errno == EEXIST) {
      return Error(Reason::kAlreadyExists,
                   absl::StrCat("key file ", path, " exists and is not overwritten"));
    }
    return KeyFileError(path, absl::StrCat("cannot be made (", std::strerror(errno), ")"));
  }
  while (!bytes.empty()) {
    const ssize_t put = write(file.descriptor(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int error = errno;
      unlink(path.c_str());  // half a key is worse than none
      return KeyFileError(path, absl::StrCat("cannot be written (", std::strerror(error), ")"));
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  if (fsync(file.descriptor()) != 0) {
    const int error = errno;
    unlink(path.c_str());
    return KeyFileError(path, absl::StrCat("cannot be synced (", std::strerror(error), ")"));
  }
  return absl::OkStatus();
}

}  // namespace signpost::base
