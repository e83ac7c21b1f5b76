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
#include "tests/base/test_keyring.h"

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

  static std::unique_ptr<Keyring> Make(char fill) { return testing::MakeKeyring(fill); }

  SeededRandom random_{11};
  const ScratchFolder folder_;
};

TEST_F(KeyringTest, WrittenFileIsReadBackAndNeverOverwritten) {
  ASSERT_TRUE(MasterKey::WriteNewFile(Path("master.key"), &random_).ok());
  const MasterKey first = MasterKey::ReadFile(Path("master.key")).value();
  const MasterKey second = MasterKey::ReadFile(Path("master.key")).value();
  EXPECT_EQ(first.CheckValue(), second.CheckValue());
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
  const std::string expected = MasterKey::FromBytes(raw).value().CheckValue();
  for (const char* name : {"raw", "unix", "dos", "bare"}) {
    EXPECT_EQ(MasterKey::ReadFile(Path(name)).value().CheckValue(), expected) << name;
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
  const std::string wrapped = keyring->WrapDataKey(person, data_key, &random_).value();
  const MasterKey master = MasterKey::FromBytes(std::string(32, 'a')).value();
  EXPECT_EQ(wrapped.substr(0, kWrappedUnderBytes),
            HmacSha256(std::string(32, 'a'), "signpost.v1/master-key-check").substr(0, 8));
  EXPECT_EQ(Open(wrapping, "signpost.v1/data-key/0123456789abcdef", wrapped.substr(8)).value(),
            std::string(32, 'd'));
  const SecretKey root_wrapping =
      SecretKey::FromBytes(
          HkdfSha256(std::string(32, 'a'), "", "signpost.v1/root-key-wrapping", 32).value())
          .value();
  EXPECT_EQ(
      Open(root_wrapping, "signpost.v1/root-key", master.WrapRootKey(data_key, &random_).value())
          .value(),
      std::string(32, 'd'));
}

TEST_F(KeyringTest, ACheckValueTellsKeysApart) {
  const MasterKey a = MasterKey::FromBytes(std::string(32, 'a')).value();
  const MasterKey b = MasterKey::FromBytes(std::string(32, 'b')).value();
  EXPECT_EQ(a.CheckValue().size(), kCheckValueBytes);
  EXPECT_EQ(a.CheckValue(), MasterKey::FromBytes(std::string(32, 'a')).value().CheckValue());
  EXPECT_NE(a.CheckValue(), b.CheckValue());
}

TEST_F(KeyringTest, ARootKeyOpensUnderItsMasterKeyAlone) {
  const MasterKey a = MasterKey::FromBytes(std::string(32, 'a')).value();
  const MasterKey b = MasterKey::FromBytes(std::string(32, 'b')).value();
  const SecretKey root = SecretKey::Generate(&random_);
  const std::string wrapped = a.WrapRootKey(root, &random_).value();
  EXPECT_EQ(a.UnwrapRootKey(wrapped).value().bytes(), root.bytes());
  EXPECT_EQ(ReasonOf(b.UnwrapRootKey(wrapped).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(a.UnwrapRootKey("").status()), Reason::kDataLoss);
}

// While the master key is changed.
TEST_F(KeyringTest, BesideTheOldMasterKeyBothKindsOpenAndAllThatIsDerivedIsTheSame) {
  const SecretKey root = SecretKey::Generate(&random_);
  const MasterKey a = MasterKey::FromBytes(std::string(32, 'a')).value();
  const MasterKey b = MasterKey::FromBytes(std::string(32, 'b')).value();
  const auto before = Keyring::Create(root, a).value();
  const auto both = Keyring::Create(root, b, &a).value();
  const auto after = Keyring::Create(root, b).value();
  EXPECT_EQ(before->matching_key().bytes(), after->matching_key().bytes());
  EXPECT_EQ(before->local_record_key().bytes(), after->local_record_key().bytes());
  EXPECT_EQ(before->request_key().bytes(), after->request_key().bytes());
  EXPECT_EQ(before->hub_data_key().bytes(), after->hub_data_key().bytes());
  EXPECT_EQ(before->AgencyPersonKey("x", 1).value().bytes(),
            after->AgencyPersonKey("x", 1).value().bytes());
  const PersonId person = PersonId::New(&random_);
  const SecretKey key = SecretKey::Generate(&random_);
  const std::string old_wrapped = before->WrapDataKey(person, key, &random_).value();
  const std::string new_wrapped = both->WrapDataKey(person, key, &random_).value();
  EXPECT_TRUE(before->IsUnderMaster(old_wrapped));
  EXPECT_FALSE(both->IsUnderMaster(old_wrapped));
  EXPECT_TRUE(both->IsUnderMaster(new_wrapped));
  EXPECT_EQ(both->UnwrapDataKey(person, old_wrapped).value().bytes(), key.bytes());
  EXPECT_EQ(both->UnwrapDataKey(person, new_wrapped).value().bytes(), key.bytes());
  EXPECT_EQ(after->UnwrapDataKey(person, new_wrapped).value().bytes(), key.bytes());
  EXPECT_EQ(ReasonOf(after->UnwrapDataKey(person, old_wrapped).status()), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(before->UnwrapDataKey(person, new_wrapped).status()), Reason::kDataLoss);
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
