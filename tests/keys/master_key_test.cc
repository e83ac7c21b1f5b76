// Under which master keys a store lies: said when it is begun, held against the keys of whoever
// opens it from then on, and changed. On every kind of store.

#include "hub/keys/master_key.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

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

using base::MasterKey;
using base::Reason;
using base::ReasonOf;
using store::Space;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

MasterKey Key(char fill) { return *MasterKey::FromBytes(std::string(32, fill)); }

MasterKeys Given(char master, char old_master = 0) {
  MasterKeys given{Key(master), std::nullopt};
  if (old_master != 0) given.old_master = Key(old_master);
  return given;
}

std::string Check(char fill) { return base::HexEncode(Key(fill).CheckValue()); }

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
  absl::StatusOr<Opened> Open(const MasterKeys& given, absl::Duration later = {}) {
    return OpenStore(store(), given, kNow + later, &random_);
  }
  void Commit(store::Batch batch) {
    ASSERT_TRUE(store::testing::CommitNow(*store(), std::move(batch)).ok());
  }
  void Put(Space space, const std::string& key, const std::string& value = "a row") {
    store::Batch batch;
    batch.Put(space, key, value);
    Commit(std::move(batch));
  }
  std::vector<store::KeyValue> Rows() { return *ReadRows(**store()->NewView()); }
  // Why the keys are refused, by the store and by its rows alone.
  std::string Refused(const MasterKeys& given) {
    const absl::Status refused = Open(given).status();
    EXPECT_EQ(ReasonOf(refused), Reason::kKeyUnavailable) << refused;
    EXPECT_EQ(ReasonOf(CheckRows(Rows(), given)), Reason::kKeyUnavailable);
    return std::string(refused.message());
  }

  base::SeededRandom random_{39};
  Kind kind_;
};
using Kinds = ::testing::Types<InMemory, OnRocksDb>;
TYPED_TEST_SUITE(MasterKeyRow, Kinds);

TYPED_TEST(MasterKeyRow, OfANewStoreTheKeyItIsBegunWithOpensItForGood) {
  const absl::StatusOr<Opened> begun = this->Open(Given('a'));
  ASSERT_TRUE(begun.ok()) << begun.status();
  ASSERT_EQ(this->Rows().size(), 1u);
  this->Put(Space::kMeta, store::kFenceKey);  // a ledger was begun
  this->kind_.Reopen();
  const absl::StatusOr<Opened> again = this->Open(Given('a'), absl::Hours(1));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->change, Change::kNone);
  EXPECT_TRUE(again->begin.empty());
  EXPECT_EQ(this->Rows().size(), 1u);
  EXPECT_EQ(again->keyring->matching_key().bytes(), begun->keyring->matching_key().bytes());
  EXPECT_TRUE(CheckRows(this->Rows(), Given('a')).ok());
}

TYPED_TEST(MasterKeyRow, AnotherKeyIsRefusedWithWhatToDoAndNothingIsWritten) {
  ASSERT_TRUE(this->Open(Given('a')).ok());
  const uint64_t revision = (*this->store()->NewView())->revision();
  EXPECT_THAT(this->Refused(Given('b')),
              AllOf(HasSubstr(Check('a')), HasSubstr(Check('b')), HasSubstr("check-key"),
                    HasSubstr("2026-05-28T20:26:40+00:00")));
  EXPECT_THAT(this->Refused(Given('a', 'c')), HasSubstr(Check('c')));
  EXPECT_THAT(this->Refused(Given('b', 'c')), HasSubstr(Check('a')));
  EXPECT_EQ((*this->store()->NewView())->revision(), revision);
  EXPECT_TRUE(this->Open(Given('a')).ok());
}

TYPED_TEST(MasterKeyRow, AStoreWithARowInWhateverSpaceAndNoneOfTheseIsRefused) {
  for (int i = 0; i < store::kSpaceCount; ++i) {
    const Space space = static_cast<Space>(i);
    this->Put(space, "a");
    EXPECT_EQ(ReasonOf(this->Open(Given('a')).status()), Reason::kDataLoss)
        << store::SpaceName(space);
    store::Batch batch;
    batch.Delete(space, "a");
    this->Commit(std::move(batch));
  }
  EXPECT_THAT(this->Rows(), IsEmpty());
  EXPECT_EQ(ReasonOf(this->Open(Given('b', 'a')).status()), Reason::kKeyUnavailable)
      << "there is nothing under an old key";
  EXPECT_TRUE(this->Open(Given('a')).ok()) << "it is empty again";
}

TYPED_TEST(MasterKeyRow, TellsNothingOfTheKey) {
  const Opened opened = *this->Open(Given('a'));
  const store::KeyValue row = this->Rows()[0];
  EXPECT_THAT(row.key, EndsWith(Key('a').CheckValue()));
  EXPECT_THAT(absl::StrCat(row.key, row.value), Not(HasSubstr("aaaa")));
  for (const base::SecretKey* secret :
       {&opened.keyring->hub_data_key(), &opened.keyring->matching_key()}) {
    EXPECT_THAT(row.value, Not(HasSubstr(std::string(secret->bytes().substr(0, 4)))));
  }
}

TYPED_TEST(MasterKeyRow, IsNoKeyOfAPersonWhateverTheirIdBeginsWith) {
  ASSERT_TRUE(this->Open(Given('a')).ok());
  const std::string person = "master-key/12345";
  ASSERT_EQ(person.size(), base::kIdBytes);
  this->Put(Space::kPersonKeys, person);
  EXPECT_FALSE(IsHubKey(person));
  ASSERT_EQ(this->Rows().size(), 1u);
  EXPECT_TRUE(IsHubKey(this->Rows()[0].key));
  EXPECT_TRUE(this->Open(Given('a')).ok());
}

TYPED_TEST(MasterKeyRow, ARowThatWasChangedIsDamage) {
  ASSERT_TRUE(this->Open(Given('a')).ok());
  const store::KeyValue row = this->Rows()[0];
  std::string changed = row.value;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  for (const std::string& value : {std::string(), changed}) {
    this->Put(Space::kPersonKeys, row.key, value);
    EXPECT_EQ(ReasonOf(this->Open(Given('a')).status()), Reason::kDataLoss);
    EXPECT_EQ(ReasonOf(CheckRows(this->Rows(), Given('a'))), Reason::kDataLoss);
  }
  EXPECT_EQ(ReasonOf(CheckRows({}, Given('a'))), Reason::kDataLoss);
}

// --- Changing it ---

TYPED_TEST(MasterKeyRow, AChangeIsBegunGoesOnAndEnds) {
  const Opened before = *this->Open(Given('a'));
  const base::PersonId person = base::PersonId::New(&this->random_);
  const base::SecretKey key = base::SecretKey::Generate(&this->random_);
  const std::string old_wrapped = *before.keyring->WrapDataKey(person, key, &this->random_);

  // To begin: nothing is written, and the old key alone still opens it.
  Opened opened = *this->Open(Given('b', 'a'), absl::Hours(1));
  EXPECT_EQ(opened.change, Change::kToBegin);
  ASSERT_TRUE(this->Open(Given('a')).ok());
  EXPECT_EQ(ReasonOf(CheckRows(this->Rows(), Given('b', 'a'))), Reason::kKeyUnavailable);
  const std::string root(opened.keyring->hub_data_key().bytes());
  EXPECT_EQ(before.keyring->hub_data_key().bytes(), root);

  // Begun: both are needed, in their places.
  this->Commit(std::move(opened.begin));
  ASSERT_EQ(this->Rows().size(), 2u);
  for (const MasterKeys& given : {Given('a'), Given('b'), Given('a', 'b'), Given('c', 'b')}) {
    EXPECT_THAT(this->Refused(given), AllOf(HasSubstr(absl::StrCat(Check('b'), " (since ")),
                                            HasSubstr(absl::StrCat(Check('a'), " (since "))));
  }
  EXPECT_THAT(this->Refused(Given('c', 'a')), HasSubstr(Check('b')));
  opened = *this->Open(Given('b', 'a'));
  EXPECT_EQ(opened.change, Change::kRunning);
  EXPECT_TRUE(CheckRows(this->Rows(), Given('b', 'a')).ok());
  EXPECT_EQ(opened.keyring->hub_data_key().bytes(), root);
  EXPECT_EQ(opened.keyring->UnwrapDataKey(person, old_wrapped)->bytes(), key.bytes());
  EXPECT_FALSE(opened.keyring->IsUnderMaster(old_wrapped));
  EXPECT_TRUE(
      opened.keyring->IsUnderMaster(*opened.keyring->WrapDataKey(person, key, &this->random_)));

  // Ended: the new one alone; the old one may be given beside it, and opens nothing.
  store::Batch end;
  ASSERT_TRUE(PutEnd(**this->store()->NewView(), kNow + absl::Hours(2), &end).ok());
  this->Commit(std::move(end));
  EXPECT_THAT(this->Refused(Given('a')),
              AllOf(HasSubstr(Check('b')), HasSubstr("was replaced on")));
  EXPECT_THAT(this->Refused(Given('a', 'b')), HasSubstr("was replaced on"));
  EXPECT_THAT(this->Refused(Given('b', 'c')), HasSubstr(Check('c')));
  opened = *this->Open(Given('b', 'a'));
  EXPECT_EQ(opened.change, Change::kEnded);
  EXPECT_EQ(ReasonOf(opened.keyring->UnwrapDataKey(person, old_wrapped).status()),
            Reason::kDataLoss);
  opened = *this->Open(Given('b'));
  EXPECT_EQ(opened.change, Change::kNone);
  EXPECT_EQ(opened.keyring->hub_data_key().bytes(), root);

  // And on to a third; a key that was replaced does not come back.
  EXPECT_THAT(this->Refused(Given('a', 'b')), HasSubstr("was replaced on"));
  opened = *this->Open(Given('c', 'b'));
  EXPECT_EQ(opened.change, Change::kToBegin);
  this->Commit(std::move(opened.begin));
  EXPECT_EQ(this->Open(Given('c', 'b'))->change, Change::kRunning);
  EXPECT_EQ(this->Rows().size(), 3u);
}

TEST(MasterKeyFiles, OneKeyInBothIsRefused) {
  const base::ScratchFolder folder;
  base::SeededRandom random(1);
  ASSERT_TRUE(MasterKey::WriteNewFile(folder / "a", &random).ok());
  ASSERT_TRUE(MasterKey::WriteNewFile(folder / "b", &random).ok());
  EXPECT_FALSE(ReadFiles(folder / "a", "")->old_master.has_value());
  EXPECT_TRUE(ReadFiles(folder / "a", folder / "b")->old_master.has_value());
  EXPECT_EQ(ReasonOf(ReadFiles(folder / "a", folder / "a").status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(ReadFiles(folder / "a", folder / "c").status()), Reason::kKeyUnavailable);
}

// Whoever was told that the store is theirs must find it so; whoever was not, may begin it again.
TEST(MasterKeyRowOnABadDisk, IsThereBeforeTheHubMayGoOn) {
  using store::HostileStore;
  base::SeededRandom random(1);
  const std::unique_ptr<store::Store> memory = store::NewMemoryStore();
  HostileStore disk(memory.get());
  const auto open = [&](char key) {
    return ReasonOf(OpenStore(&disk, Given(key), kNow, &random).status());
  };
  disk.FailCommit(1, HostileStore::Failure::kNothingWritten);
  EXPECT_EQ(open('a'), Reason::kStoreUnavailable);
  disk.Restart();
  disk.FailCommit(1, HostileStore::Failure::kWrittenUnconfirmed);
  EXPECT_EQ(open('b'), Reason::kStoreUnavailable);
  disk.Restart();
  EXPECT_EQ(open('a'), Reason::kKeyUnavailable);
  EXPECT_EQ(open('b'), Reason::kUnspecified);
  for (int read = 1; read <= 2; ++read) {
    disk.FailRead(read);
    EXPECT_EQ(open('b'), Reason::kStoreUnavailable) << read;
  }
}

}  // namespace
}  // namespace signpost::keys
