#include "hub/base/keyring.h"

#include <sys/stat.h>

#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/random.h"
#include "tests/base/scratch_folder.h"

namespace signpost::base {
namespace {

using ::testing::HasSubstr;

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<MasterKey> && !Printable<SecretKey> && !Printable<Keyring>);
static_assert(!std::is_copy_constructible_v<MasterKey>);

class KeyringTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_ / name; }

  static std::unique_ptr<Keyring> Make(char fill) {
    return Keyring::Create(MasterKey::FromBytes(std::string(32, fill)).value()).value();
  }

  SeededRandom random_{11};
  const ScratchFolder folder_;
};

TEST_F(KeyringTest, WrittenFileIsReadBackAndNeverOverwritten) {
  ASSERT_TRUE(MasterKey::WriteNewFile(Path("master.key"), &random_).ok());
  const auto first = Keyring::Create(MasterKey::ReadFile(Path("master.key")).value()).value();
  const auto second = Keyring::Create(MasterKey::ReadFile(Path("master.key")).value()).value();
  EXPECT_EQ(first->matching_key().bytes(), second->matching_key().bytes());
  EXPECT_EQ(ReasonOf(MasterKey::WriteNewFile(Path("master.key"), &random_)),
            Reason::kAlreadyExists);
}

TEST_F(KeyringTest, RawAndBase64FilesHoldTheSameKey) {
  const std::string raw = random_.Bytes(32);
  const std::string text = Base64Encode(raw);
  ASSERT_TRUE(WriteSecretFile(Path("raw"), raw).ok());
  ASSERT_TRUE(WriteSecretFile(Path("unix"), text + "\n").ok());
  ASSERT_TRUE(WriteSecretFile(Path("dos"), text + "\r\n").ok());
  ASSERT_TRUE(WriteSecretFile(Path("bare"), text).ok());
  const auto expected = Keyring::Create(MasterKey::FromBytes(raw).value()).value();
  for (const char* name : {"raw", "unix", "dos", "bare"}) {
    const auto keyring = Keyring::Create(MasterKey::ReadFile(Path(name)).value()).value();
    EXPECT_EQ(keyring->request_key().bytes(), expected->request_key().bytes()) << name;
  }
}

TEST_F(KeyringTest, OtherFilesAreRefusedWithAWord) {
  const std::string text = Base64Encode(random_.Bytes(32));
  int n = 0;
  for (const std::string& content :
       {std::string(), std::string(31, 'k'), std::string(33, 'k'), text + "\n\n", " " + text,
        Base64Encode(std::string(31, 'k')), Base64Encode(std::string(33, 'k'))}) {
    const std::string path = Path(absl::StrCat("bad", n++));
    ASSERT_TRUE(WriteSecretFile(path, content).ok());
    const absl::Status status = MasterKey::ReadFile(path).status();
    EXPECT_EQ(ReasonOf(status), Reason::kKeyUnavailable) << n;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    if (!content.empty()) {
      EXPECT_EQ(std::string(status.message()).find(content), std::string::npos);
    }
  }
}

TEST_F(KeyringTest, ReadableByOthersIsRefused) {
  ASSERT_TRUE(MasterKey::WriteNewFile(Path("master.key"), &random_).ok());
  ASSERT_EQ(chmod(Path("master.key").c_str(), 0640), 0);
  const absl::Status status = MasterKey::ReadFile(Path("master.key")).status();
  EXPECT_EQ(ReasonOf(status), Reason::kKeyUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
}

TEST_F(KeyringTest, EveryDerivedKeyIsDifferent) {
  const auto a = Make('a');
  const auto b = Make('b');
  std::set<std::string> keys;
  for (const Keyring* keyring : {a.get(), b.get()}) {
    for (const SecretKey* key : {&keyring->matching_key(), &keyring->local_record_key(),
                                 &keyring->request_key(), &keyring->hub_data_key()}) {
      keys.insert(std::string(key->bytes()));
    }
    for (int epoch = kAgencyIdEpochMin; epoch <= kAgencyIdEpochMax; ++epoch) {
      for (const char* agency : {"nortown-yot", "nortown-housing"}) {
        keys.insert(std::string(keyring->AgencyPersonKey(agency, epoch).value().bytes()));
      }
    }
  }
  EXPECT_EQ(keys.size(), 2u * (4 + 2 * 31));
}

// A changed label would make every store in use unreadable.
TEST_F(KeyringTest, DerivationIsPinned) {
  const auto keyring = Make('a');
  EXPECT_EQ(HexEncode(keyring->matching_key().bytes()),
            HexEncode(HkdfSha256(std::string(32, 'a'), "", "signpost.v1/matching", 32).value()));
  const PersonId person = PersonId::FromBytes("0123456789abcdef").value();
  const SecretKey wrapping =
      SecretKey::FromBytes(
          HkdfSha256(std::string(32, 'a'), "", "signpost.v1/person-data-key-wrapping", 32).value())
          .value();
  const SecretKey data_key = SecretKey::FromBytes(std::string(32, 'd')).value();
  EXPECT_EQ(Open(wrapping, "signpost.v1/data-key/0123456789abcdef",
                 keyring->WrapDataKey(person, data_key, &random_).value())
                .value(),
            std::string(32, 'd'));
}

TEST_F(KeyringTest, WrappedDataKeyOpensForItsPersonAlone) {
  const auto keyring = Make('a');
  const PersonId person = PersonId::New(&random_);
  const PersonId other = PersonId::New(&random_);
  const SecretKey data_key = SecretKey::Generate(&random_);
  const std::string wrapped = keyring->WrapDataKey(person, data_key, &random_).value();
  EXPECT_EQ(keyring->UnwrapDataKey(person, wrapped).value().bytes(), data_key.bytes());
  EXPECT_EQ(ReasonOf(keyring->UnwrapDataKey(other, wrapped).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(Make('b')->UnwrapDataKey(person, wrapped).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(keyring->UnwrapDataKey(person, "").status()), Reason::kDataLoss);
}

TEST_F(KeyringTest, EpochAtTheLimitsAndOnePast) {
  const auto keyring = Make('a');
  EXPECT_TRUE(keyring->AgencyPersonKey("x", kAgencyIdEpochMin).ok());
  EXPECT_TRUE(keyring->AgencyPersonKey("x", kAgencyIdEpochMax).ok());
  EXPECT_FALSE(keyring->AgencyPersonKey("x", kAgencyIdEpochMin - 1).ok());
  EXPECT_FALSE(keyring->AgencyPersonKey("x", kAgencyIdEpochMax + 1).ok());
  EXPECT_FALSE(keyring->AgencyPersonKey("", 1).ok());
}

}  // namespace
}  // namespace signpost::base
