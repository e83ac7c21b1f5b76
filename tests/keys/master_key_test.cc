// Under which master key a store lies: said when it is begun, and held against the key of whoever
// opens it from then on. On every kind of store.

#include "hub/keys/master_key.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/ids.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/store/rocksdb_store.h"
#include "tests/base/scratch_folder.h"
#include "tests/store/store_testing.h"

namespace signpost::keys {
namespace {

using base::Reason;
using base::ReasonOf;
using store::Space;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const base::Keyring& Key(char fill) {
  static std::map<char, std::unique_ptr<base::Keyring>>* const keys =
      new std::map<char, std::unique_ptr<base::Keyring>>();
  std::unique_ptr<base::Keyring>& key = (*keys)[fill];
  if (key == nullptr) {
    key = *base::Keyring::Create(*base::MasterKey::FromBytes(std::string(32, fill)));
  }
  return *key;
}

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

struct InMemory {
  std::unique_ptr<store::Store> store = store::NewMemoryStore();
  // As somebody finds it who comes later.
  void Reopen() {}
};

struct OnRocksDb {
  OnRocksDb() { Reopen(); }
  void Reopen() {
    store.reset();
    store = *store::OpenRocksDbStore({.path = folder / "store"});
  }
  const base::ScratchFolder folder;
  std::unique_ptr<store::Store> store;
};

template <typename Kind>
class MasterKeyRow : public ::testing::Test {
 protected:
  store::Store* store() { return kind_.store.get(); }
  void Put(Space space, const std::string& key) {
    store::Batch batch;
    batch.Put(space, key, "a row");
    ASSERT_TRUE(store::testing::CommitNow(*store(), std::move(batch)).ok());
  }
  std::vector<store::KeyValue> Rows() { return *ReadRows(**store()->NewView()); }

  Kind kind_;
};
using Kinds = ::testing::Types<InMemory, OnRocksDb>;
TYPED_TEST_SUITE(MasterKeyRow, Kinds);

TYPED_TEST(MasterKeyRow, OfANewStoreTheKeyItIsBegunWithIsTheKeyForGood) {
  ASSERT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok());
  ASSERT_EQ(this->Rows().size(), 1u);
  this->Put(Space::kMeta, store::kFenceKey);  // a ledger was begun
  this->kind_.Reopen();
  EXPECT_TRUE(OpenStore(this->store(), Key('a'), kNow + absl::Hours(1)).ok());
  EXPECT_EQ(this->Rows().size(), 1u);
}

TYPED_TEST(MasterKeyRow, AnotherKeyIsRefusedWithWhatToDoAndNothingIsWritten) {
  ASSERT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok());
  const uint64_t revision = (*this->store()->NewView())->revision();
  const absl::Status refused = OpenStore(this->store(), Key('b'), kNow + absl::Hours(1));
  EXPECT_EQ(ReasonOf(refused), Reason::kKeyUnavailable);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr(base::HexEncode(CheckValue(Key('a')))),
                    HasSubstr(base::HexEncode(CheckValue(Key('b')))), HasSubstr("check-key"),
                    HasSubstr("2026-05-28T20:26:40+00:00")));
  EXPECT_EQ((*this->store()->NewView())->revision(), revision);
  EXPECT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok());
}

TYPED_TEST(MasterKeyRow, AStoreWithARowInWhateverSpaceAndNoCheckValueIsRefused) {
  const auto old_row = [&](Space space) {
    this->Put(space, "a");
    const absl::Status refused = OpenStore(this->store(), Key('a'), kNow);
    store::Batch batch;
    batch.Delete(space, "a");
    EXPECT_TRUE(store::testing::CommitNow(*this->store(), std::move(batch)).ok());
    return ReasonOf(refused);
  };
  for (int i = 0; i < store::kSpaceCount; ++i) {
    EXPECT_EQ(old_row(static_cast<Space>(i)), Reason::kDataLoss)
        << store::SpaceName(static_cast<Space>(i));
  }
  EXPECT_THAT(this->Rows(), IsEmpty());
  EXPECT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok()) << "it is empty again";
}

TYPED_TEST(MasterKeyRow, TellsNothingOfTheKey) {
  const base::Keyring& key = Key('a');
  ASSERT_TRUE(OpenStore(this->store(), key, kNow).ok());
  const store::KeyValue row = this->Rows()[0];
  EXPECT_THAT(row.key, EndsWith(CheckValue(key)));
  EXPECT_EQ(CheckValue(key),
            base::HmacSha256(key.hub_data_key().bytes(), "signpost.v1/master-key-check")
                .substr(0, kCheckValueBytes));
  for (const base::SecretKey* secret :
       {&key.hub_data_key(), &key.matching_key(), &key.request_key()}) {
    const std::string piece(secret->bytes().substr(0, 4));
    EXPECT_THAT(absl::StrCat(row.key, row.value), Not(HasSubstr(piece)));
  }
}

TYPED_TEST(MasterKeyRow, IsNoKeyOfAPersonWhateverTheirIdBeginsWith) {
  ASSERT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok());
  const std::string person = "master-key/12345";
  ASSERT_EQ(person.size(), base::kIdBytes);
  this->Put(Space::kPersonKeys, person);
  EXPECT_FALSE(IsHubKey(person));
  ASSERT_EQ(this->Rows().size(), 1u);
  EXPECT_TRUE(IsHubKey(this->Rows()[0].key));
  EXPECT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok());
}

TYPED_TEST(MasterKeyRow, ARowThatDoesNotReadIsDamage) {
  ASSERT_TRUE(OpenStore(this->store(), Key('a'), kNow).ok());
  store::Batch batch;
  batch.Put(Space::kPersonKeys, this->Rows()[0].key, "");
  ASSERT_TRUE(store::testing::CommitNow(*this->store(), std::move(batch)).ok());
  EXPECT_EQ(ReasonOf(OpenStore(this->store(), Key('a'), kNow)), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(CheckRows({}, Key('a'))), Reason::kDataLoss);
}

// Whoever was told that the store is theirs must find it so; whoever was not, may begin it again.
TEST(MasterKeyRowOnABadDisk, IsThereBeforeTheHubMayGoOn) {
  using store::HostileStore;
  const std::unique_ptr<store::Store> memory = store::NewMemoryStore();
  HostileStore disk(memory.get());
  disk.FailCommit(1, HostileStore::Failure::kNothingWritten);
  EXPECT_EQ(ReasonOf(OpenStore(&disk, Key('a'), kNow)), Reason::kStoreUnavailable);
  disk.Restart();
  disk.FailCommit(1, HostileStore::Failure::kWrittenUnconfirmed);
  EXPECT_EQ(ReasonOf(OpenStore(&disk, Key('b'), kNow)), Reason::kStoreUnavailable);
  disk.Restart();
  EXPECT_EQ(ReasonOf(OpenStore(&disk, Key('a'), kNow)), Reason::kKeyUnavailable);
  EXPECT_TRUE(OpenStore(&disk, Key('b'), kNow).ok());
  for (int read = 1; read <= 2; ++read) {
    disk.FailRead(read);
    EXPECT_EQ(ReasonOf(OpenStore(&disk, Key('b'), kNow)), Reason::kStoreUnavailable) << read;
  }
}

}  // namespace
}  // namespace signpost::keys
