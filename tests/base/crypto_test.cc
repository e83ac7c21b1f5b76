#include "hub/base/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/random.h"
#include "tests/base/scratch_folder.h"

namespace signpost::base {
namespace {

using ::testing::HasSubstr;

std::string Bytes(const std::string& hex) { return HexDecode(hex).value(); }

SecretKey KeyFromHex(const std::string& hex) { return SecretKey::FromBytes(Bytes(hex)).value(); }

// Gives out what it was told to.
class FixedRandom final : public RandomSource {
 public:
  explicit FixedRandom(std::string bytes) : bytes_(std::move(bytes)) {}
  void Fill(uint8_t* out, size_t size) override {
    for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>(bytes_[i % bytes_.size()]);
  }

 private:
  const std::string bytes_;
};

TEST(HashTest, KnownAnswers) {
  EXPECT_EQ(HexEncode(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256("abc"));
}

TEST(HashTest, ThreadsDoNotDisturbOneAnother) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  const std::string expected = Sha256("abc");
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) wrong += Sha256({"a", "bc"}) == expected ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

// RFC 4231, cases 1, 2 and 6.
TEST(HmacTest, KnownAnswers) {
  EXPECT_EQ(HexEncode(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(HexEncode(HmacSha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// OpenSSL has an HMAC of its own; keys from none to past two blocks.
TEST(HmacTest, AgreesWithOpenSslForEveryLengthOfKey) {
  for (size_t length = 0; length <= 130; ++length) {
    const std::string key(length, 'k');
    const std::string text(length * 3 % 191, 't');
    uint8_t expected[kHashBytes];
    ASSERT_NE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                   reinterpret_cast<const uint8_t*>(text.data()), text.size(), expected, nullptr),
              nullptr);
    EXPECT_EQ(HexEncode(HmacSha256(key, text)),
              HexEncode(absl::string_view(reinterpret_cast<char*>(expected), kHashBytes)))
        << length;
  }
}

TEST(HmacTest, EmptyKeyAndTextAreValues) {
  EXPECT_EQ(HexEncode(HmacSha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacTest, AKeyThatIsKeptHashesAlike) {
  SeededRandom random(7);
  const SecretKey secret = SecretKey::Generate(&random);
  const HmacKey key(secret);
  const HmacKey copy = key;
  // From nothing to past two blocks, and over where the length no longer goes into the last one.
  for (size_t length = 0; length <= 150; ++length) {
    const std::string text = random.Bytes(length);
    const std::string expected = HmacSha256(secret.bytes(), text);
    EXPECT_EQ(key.Hash({text}), expected) << length;
    EXPECT_EQ(copy.Hash({text}), expected) << length;
    const absl::string_view whole = text;
    EXPECT_EQ(key.Hash({whole.substr(0, length / 3), "", whole.substr(length / 3)}), expected);
    EXPECT_EQ(key.Hash({text}, 16), expected.substr(0, 16)) << length;
  }
  EXPECT_EQ(key.Hash({}), HmacSha256(secret.bytes(), ""));
}

TEST(HmacDeathTest, AHashHasNoMoreBytes) {
  SeededRandom random(7);
  EXPECT_DEATH((void)HmacKey(SecretKey::Generate(&random)).Hash({}, kHashBytes + 1), "kHashBytes");
}

// RFC 5869, cases 1 and 3.
TEST(HkdfTest, KnownAnswers) {
  const std::string secret(22, '\x0b');
  EXPECT_EQ(HexEncode(HkdfSha256(secret, Bytes("000102030405060708090a0b0c"),
                                 Bytes("f0f1f2f3f4f5f6f7f8f9"), 42)
                          .value()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(HexEncode(HkdfSha256(secret, "", "", 42).value()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfTest, LengthAtTheLimitAndOnePast) {
  EXPECT_EQ(HkdfSha256("secret", "", "info", 255 * 32).value().size(), 255u * 32);
  EXPECT_EQ(ReasonOf(HkdfSha256("secret", "", "info", 255 * 32 + 1).status()), Reason::kInternal);
  EXPECT_EQ(ReasonOf(HkdfSha256("secret", "", "info", 0).status()), Reason::kInternal);
}

// The GCM specification's cases 13, 14 and 16.
TEST(SealTest, KnownAnswers) {
  FixedRandom zero(std::string(1, '\0'));
  const SecretKey zero_key = KeyFromHex(std::string(64, '0'));
  EXPECT_EQ(HexEncode(Seal(zero_key, "", "", &zero).value()),
            std::string(24, '0') + "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(HexEncode(Seal(zero_key, "", std::string(16, '\0'), &zero).value()),
            std::string(24, '0') +
                "cea7403d4d606b6e074ec5d3baf39d18"
                "d0d1c8a799996bf0265b98b5d48ab919");
  FixedRandom nonce(Bytes("cafebabefacedbaddecaf888"));
  EXPECT_EQ(
      HexEncode(
          Seal(KeyFromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
               Bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
               Bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
                     "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
               &nonce)
              .value()),
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056"
      "828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(SealTest, OpensOnlyInItsPlace) {
  SeededRandom random(3);
  const SecretKey key = SecretKey::Generate(&random);
  const SecretKey other_key = SecretKey::Generate(&random);
  const std::string sealed = Seal(key, "person 1/name", "Tariq", &random).value();
  EXPECT_EQ(sealed.size(), 5 + kSealOverheadBytes);
  EXPECT_EQ(sealed.find("Tariq"), std::string::npos);
  EXPECT_EQ(Open(key, "person 1/name", sealed).value(), "Tariq");
  EXPECT_EQ(ReasonOf(Open(key, "person 2/name", sealed).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(Open(other_key, "person 1/name", sealed).status()), Reason::kDataLoss);
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(Open(key, "person 1/name", sealed.substr(0, size)).ok()) << size;
  }
  for (size_t i = 0; i < sealed.size() * 8; ++i) {
    std::string changed = sealed;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(Open(key, "person 1/name", changed).ok()) << "bit " << i;
  }
}

TEST(SealTest, SameTextLooksDifferentEachTime) {
  OsRandom random;
  const SecretKey key = SecretKey::Generate(&random);
  EXPECT_NE(Seal(key, "", "same", &random).value(), Seal(key, "", "same", &random).value());
}

// FIPS 197, appendix C.3.
TEST(BlockTest, KnownAnswer) {
  const SecretKey key =
      KeyFromHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const std::string plain = Bytes("00112233445566778899aabbccddeeff");
  const std::string block = EncryptBlock(key, plain).value();
  EXPECT_EQ(HexEncode(block), "8ea2b7ca516745bfeafc49904b496089");
  EXPECT_EQ(DecryptBlock(key, block).value(), plain);
  EXPECT_FALSE(EncryptBlock(key, "short").ok());
}

TEST(ConstantTimeEqualTest, ComparesAllOfBoth) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("same", "same"));
  EXPECT_FALSE(ConstantTimeEqual("same", "samf"));
  EXPECT_FALSE(ConstantTimeEqual("same", "sam"));
}

TEST(SecretKeyTest, LengthAtTheLimitAndOnePast) {
  EXPECT_TRUE(SecretKey::FromBytes(std::string(32, 'k')).ok());
  EXPECT_EQ(ReasonOf(SecretKey::FromBytes(std::string(31, 'k')).status()), Reason::kKeyUnavailable);
  EXPECT_EQ(ReasonOf(SecretKey::FromBytes(std::string(33, 'k')).status()), Reason::kKeyUnavailable);
}

// RFC 8032, section 7.1, tests 1 and 3.
TEST(Ed25519Test, KnownAnswers) {
  const PrivateKey key =
      PrivateKey::FromEd25519Seed(
          Bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
          .value();
  EXPECT_EQ(HexEncode(key.public_key().raw()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(HexEncode(key.Sign("").value()),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  const PublicKey other =
      PublicKey::FromRaw(KeyType::kEd25519,
                         Bytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"))
          .value();
  EXPECT_TRUE(other.Verify(
      Bytes("af82"), Bytes("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                           "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")));
}

// RFC 7515, appendix A.3.
TEST(Es256Test, KnownAnswer) {
  const PublicKey key =
      PublicKey::FromRaw(
          KeyType::kEs256,
          "\x04" + Base64UrlDecode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").value() +
              Base64UrlDecode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").value())
          .value();
  const std::string signed_part =
      "eyJhbGciOiJFUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ";
  const std::string signature =
      Base64UrlDecode(
          "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
          .value();
  EXPECT_TRUE(key.Verify(signed_part, signature));
  EXPECT_FALSE(key.Verify(signed_part + "x", signature));
}

class SignatureTest : public ::testing::TestWithParam<KeyType> {};

TEST_P(SignatureTest, OnlyTheKeysOwnSignaturePasses) {
  const PrivateKey key = PrivateKey::Generate(GetParam()).value();
  const PrivateKey other = PrivateKey::Generate(GetParam()).value();
  const std::string message = "the message";
  // Many, because r and s of ES256 are shorter than 32 bytes now and then.
  for (int i = 0; i < 300; ++i) {
    const std::string signature = key.Sign(message + std::to_string(i)).value();
    ASSERT_EQ(signature.size(), kSignatureBytes);
    ASSERT_TRUE(key.public_key().Verify(message + std::to_string(i), signature));
  }
  const std::string signature = key.Sign(message).value();
  EXPECT_FALSE(other.public_key().Verify(message, signature));
  EXPECT_FALSE(key.public_key().Verify(message + " ", signature));
  EXPECT_FALSE(key.public_key().Verify(message, ""));
  EXPECT_FALSE(key.public_key().Verify(message, signature + std::string(1, '\0')));
  EXPECT_FALSE(key.public_key().Verify(message, std::string(64, '\0')));
  EXPECT_FALSE(key.public_key().Verify(message, std::string(64, '\xff')));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.public_key().Verify(message, changed)) << "byte " << i;
  }
}

TEST_P(SignatureTest, KeysComeBackFromTheirTexts) {
  const PrivateKey key = PrivateKey::Generate(GetParam()).value();
  const PublicKey from_pem = PublicKey::FromPem(key.public_key().Pem().value()).value();
  const PublicKey from_raw = PublicKey::FromRaw(GetParam(), key.public_key().raw()).value();
  const PrivateKey private_from_pem = PrivateKey::FromPem(key.Pem().value()).value();
  const std::string signature = private_from_pem.Sign("text").value();
  EXPECT_TRUE(from_pem.Verify("text", signature));
  EXPECT_TRUE(from_raw.Verify("text", signature));
  EXPECT_EQ(from_pem.raw(), key.public_key().raw());
  EXPECT_EQ(from_pem.type(), GetParam());
  // A private key is not taken for a public one, nor the other way round.
  EXPECT_FALSE(PublicKey::FromPem(key.Pem().value()).ok());
  EXPECT_FALSE(PrivateKey::FromPem(key.public_key().Pem().value()).ok());
}

INSTANTIATE_TEST_SUITE_P(Kinds, SignatureTest,
                         ::testing::Values(KeyType::kEd25519, KeyType::kEs256));

TEST(PublicKeyTest, RefusesWhatIsNoKey) {
  EXPECT_FALSE(PublicKey::FromRaw(KeyType::kEd25519, std::string(31, 'k')).ok());
  EXPECT_FALSE(PublicKey::FromRaw(KeyType::kEd25519, std::string(33, 'k')).ok());
  // Not on the curve.
  EXPECT_FALSE(PublicKey::FromRaw(KeyType::kEs256, "\x04" + std::string(64, 'k')).ok());
  EXPECT_FALSE(PublicKey::FromRaw(KeyType::kEs256, std::string(64, 'k')).ok());
  EXPECT_FALSE(PublicKey::FromPem("").ok());
  // P-384: a good key of a kind we do not use.
  EXPECT_EQ(ReasonOf(PublicKey::FromPem(
                         "-----BEGIN PUBLIC KEY-----\n"
                         "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE\n"
                         "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3\n"
                         "NhfeSpYmLG9dnpi/kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f\n"
                         "-----END PUBLIC KEY-----\n")
                         .status()),
            Reason::kInvalidField);
}

TEST(CertificateTest, HashesTheFirstCertificateWhateverSurroundsIt) {
  const std::string pem =
      "a comment\r\n-----BEGIN CERTIFICATE-----\r\nAAEC\r\nAwQF\r\n-----END CERTIFICATE-----\n"
      "-----BEGIN CERTIFICATE-----\nBwgJ\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(CertificateSha256(pem).value(), Sha256(Bytes("000102030405")));
  for (const char* bad : {"", "-----BEGIN CERTIFICATE-----\nAAEC",
                          "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
                          "-----BEGIN CERTIFICATE-----\n****\n-----END CERTIFICATE-----"}) {
    EXPECT_EQ(ReasonOf(CertificateSha256(bad).status()), Reason::kInvalidField) << bad;
  }
}

class SecretFileTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_ / name; }

  const ScratchFolder folder_;
};

TEST_F(SecretFileTest, WrittenForTheOwnerAloneAndNeverOver) {
  ASSERT_TRUE(WriteSecretFile(Path("key"), "secret").ok());
  struct stat info;
  ASSERT_EQ(stat(Path("key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(ReadSecretFile(Path("key"), 6).value(), "secret");
  EXPECT_EQ(ReasonOf(WriteSecretFile(Path("key"), "other")), Reason::kAlreadyExists);
  EXPECT_EQ(ReadSecretFile(Path("key"), 6).value(), "secret");
}

TEST_F(SecretFileTest, SizeAtTheLimitAndOnePast) {
  ASSERT_TRUE(WriteSecretFile(Path("key"), "1234567").ok());
  EXPECT_TRUE(ReadSecretFile(Path("key"), 7).ok());
  EXPECT_EQ(ReasonOf(ReadSecretFile(Path("key"), 6).status()), Reason::kKeyUnavailable);
}

TEST_F(SecretFileTest, OpenToOthersIsRefusedAndSaysWhatToRun) {
  ASSERT_TRUE(WriteSecretFile(Path("key"), "secret").ok());
  for (const mode_t mode : {0640, 0604, 0660, 0620, 0601, 0644, 0777}) {
    ASSERT_EQ(chmod(Path("key").c_str(), mode), 0);
    const absl::Status status = ReadSecretFile(Path("key"), 100).status();
    EXPECT_EQ(ReasonOf(status), Reason::kKeyUnavailable);
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600 " + Path("key")));
  }
  for (const mode_t mode : {0600, 0400}) {
    ASSERT_EQ(chmod(Path("key").c_str(), mode), 0);
    EXPECT_TRUE(ReadSecretFile(Path("key"), 100).ok());
  }
}

TEST_F(SecretFileTest, MissingFileFolderAndPipeAreRefused) {
  EXPECT_EQ(ReasonOf(ReadSecretFile(Path("none"), 100).status()), Reason::kKeyUnavailable);
  EXPECT_EQ(ReasonOf(ReadSecretFile(folder_.path(), 100).status()), Reason::kKeyUnavailable);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReasonOf(ReadSecretFile(Path("pipe"), 100).status()), Reason::kKeyUnavailable);
}

TEST_F(SecretFileTest, PrivateKeyOfAFile) {
  const PrivateKey key = PrivateKey::Generate(KeyType::kEs256).value();
  ASSERT_TRUE(WriteSecretFile(Path("key"), key.Pem().value()).ok());
  EXPECT_EQ(PrivateKey::ReadFile(Path("key")).value().public_key().raw(), key.public_key().raw());
  ASSERT_TRUE(WriteSecretFile(Path("other"), "not a key").ok());
  const absl::Status status = PrivateKey::ReadFile(Path("other")).status();
  EXPECT_EQ(ReasonOf(status), Reason::kKeyUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(Path("other")));
}

}  // namespace
}  // namespace signpost::base
