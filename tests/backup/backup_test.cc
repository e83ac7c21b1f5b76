// Backups of a ledger on RocksDB, and what comes back out of them: everything, or a clear refusal;
// the keys of today; and never an older ledger unawares.

#include "hub/backup/backup.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/backup/manifest.h"
#include "hub/backup/restore.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/keyring.h"
#include "hub/keys/master_key.h"
#include "hub/ledger/restored.h"
#include "hub/store/rocksdb_store.h"
#include "hub/store/row_codec.h"
#include "hub/tlog/checkpoint.h"
#include "signpost/store/v1/person.pb.h"
#include "tests/base/scratch_folder.h"
#include "tests/ledger/ledger_testing.h"
#include "tests/store/store_testing.h"

namespace signpost::backup {
namespace {

using base::Reason;
using base::ReasonOf;
using ledger::Sequencer;
using ledger::testing::MakeDraft;
using store::Space;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void WriteAll(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Whether any file under `directory` holds these bytes.
bool AnyFileHolds(const fs::path& directory, const std::string& bytes) {
  for (const auto& file : fs::recursive_directory_iterator(directory)) {
    if (file.is_regular_file() && absl::StrContains(ReadAll(file.path()), bytes)) return true;
  }
  return false;
}

std::string PersonKey(int n) { return absl::StrCat("person-", 100'000'000 + n); }
// As little compressible as a real one, so that it is found where it stands.
std::string WrappedKey(int n) { return base::Sha256(absl::StrCat("key of ", n)); }

// Of ledger::PersonIndex: that entry 7 is about person n.
std::vector<std::pair<Space, std::string>> IndexRows(int n) {
  return {{Space::kPersonEntries, absl::StrCat(PersonKey(n), store::KeyU64(7))},
          {Space::kEntryPersons, absl::StrCat(store::KeyU64(7), PersonKey(n))}};
}

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    options_.directory = Path("backups");
    options_.keys_directory = Path("keys");
    options_.key_file = Path("backup.key");
    options_.store_path = Path("store");
    options_.engine = &store::RocksDbEngine();
    EXPECT_TRUE(WriteNewBackupKey(options_.key_file, &random_).ok());
    EXPECT_TRUE(tlog::WriteNoteKey(Path("ledger.key"), ledgers_.keys).ok());
    EXPECT_TRUE(base::MasterKey::WriteNewFile(Path("master.key"), &random_).ok());
    ledgers_.options.checkpoint_file = Path("checkpoint");
    ledgers_.options.restored_entry = [](const ledger::Restored& restored) {
      return MakeDraft("", absl::StrCat("restored ", restored.backup));
    };
    Open();
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  base::MasterKey KeyOf(const std::string& file) const {
    return *base::MasterKey::ReadFile(Path(file));
  }

  void Open() {
    store::RocksDbOptions options;
    options.path = Path("store");
    store_ = *store::OpenRocksDbStore(options);
    const keys::MasterKeys given =
        *keys::ReadFiles(Path("master.key"), fs::exists(Path("old.key")) ? Path("old.key") : "");
    absl::StatusOr<keys::Opened> keys =
        keys::OpenStore(store_.get(), given, ledgers_.clock.Now(), &random_);
    ASSERT_TRUE(keys.ok()) << keys.status();
    keys_ = *std::move(keys);
    absl::StatusOr<std::unique_ptr<Sequencer>> opened = ledgers_.Open(store_.get());
    ASSERT_TRUE(opened.ok()) << opened.status();
    sequencer_ = *std::move(opened);
    backups_ = *Backups::Open(options_, store_.get(), &ledgers_.clock, &random_, ledgers_.verifier);
  }
  void Close() {
    backups_.reset();
    sequencer_.reset();
    store_.reset();
  }

  // A young person with their wrapped key, a record and a matching key, as one entry.
  void AddPerson(int n) {
    ledger::Operation operation = ledger::testing::PutOperation(PersonKey(n), "details");
    operation.batch.Put(Space::kPersonKeys, PersonKey(n), WrappedKey(n));
    store::v1::LocalRecordRow local;
    local.set_person_id(PersonKey(n));
    operation.batch.Put(Space::kLocalRecords, absl::StrCat("record-", n), store::EncodeRow(local));
    store::v1::MatchKeyRow match;
    match.add_person_ids(PersonKey(n));
    if (n > 0) match.add_person_ids(PersonKey(0));
    operation.batch.Put(Space::kMatchKeys, absl::StrCat("match-", n), store::EncodeRow(match));
    for (const auto& [space, key] : IndexRows(n)) operation.batch.Put(space, key, "");
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  }
  // As People::PrepareErase does.
  void Erase(int n) {
    ledger::Operation operation;
    operation.batch.Delete(Space::kPeople, PersonKey(n));
    operation.batch.Delete(Space::kPersonKeys, PersonKey(n));
    operation.entries.push_back(MakeDraft("", "erased"));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  }
  void AddEntries(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          sequencer_->SubmitAndWait(ledger::testing::PutOperation("row", absl::StrCat("v", i)))
              .ok());
    }
  }
  absl::StatusOr<BackupReport> Make() {
    const absl::StatusOr<std::string> note = sequencer_->Checkpoint();
    if (!note.ok()) return note.status();
    return backups_->Make();
  }

  RestoreOptions Restoring(uint64_t number = 0) const {
    RestoreOptions options;
    options.from = options_.directory;
    options.number = number;
    options.backup_key_file = options_.key_file;
    options.keys_file = Path("keys/person-keys");
    options.master_key_file = Path("master.key");
    options.ledger_key_file = Path("ledger.key");
    options.engine = &store::RocksDbEngine();
    options.into = Path("restored");
    options.published_files = {Path("checkpoint")};
    options.older_than_published = true;
    return options;
  }
  // Nothing half-made may be left by a restore that failed.
  absl::Status FailToRestore(const RestoreOptions& options) {
    const absl::Status status = Restore(options).status();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(fs::exists(options.into));
    EXPECT_FALSE(fs::exists(options.into + ".restoring"));
    EXPECT_FALSE(fs::exists(options.into + ".restoring-tiles"));
    return status;
  }
  std::unique_ptr<store::Store> OpenRestored() const {
    store::RocksDbOptions options;
    options.path = Path("restored");
    return *store::OpenRocksDbStore(options);
  }
  // Puts the restored store where the hub looks, the old one aside.
  void TakeRestored() {
    Close();
    fs::rename(Path("store"), Path("damaged"));
    fs::rename(Path("restored"), Path("store"));
  }
  static std::string Get(const store::Store& store, Space space, const std::string& key) {
    return (*(*store.NewView())->Get(space, key)).value_or("(none)");
  }
  std::vector<fs::path> Objects() const {
    std::vector<fs::path> objects;
    for (const auto& file : fs::directory_iterator(Path("backups/objects"))) {
      objects.push_back(file.path());
    }
    std::sort(objects.begin(), objects.end());
    return objects;
  }

  base::ScratchFolder directory_;
  base::SeededRandom random_{11};
  ledger::testing::Ledgers ledgers_;
  BackupOptions options_;
  uint64_t backups_made_ = 0;
  keys::Opened keys_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<Backups> backups_;
};

TEST_F(BackupTest, WhatWasBackedUpComesBack) {
  for (int n = 0; n < 300; ++n) AddPerson(n);
  const absl::StatusOr<BackupReport> made = Make();
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->number, 1u);
  EXPECT_EQ(made->ledger_size, 300u);
  EXPECT_EQ(made->files_added, made->files);
  EXPECT_FALSE(fs::exists(Path("store.backup")));

  const absl::StatusOr<RestoreReport> restored = Restore(Restoring());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->entries_verified, 300u);
  EXPECT_EQ(restored->people.persons, 300u);
  EXPECT_EQ(restored->people.persons_erased, 0u);
  EXPECT_EQ(restored->published_size, 0u) << "nothing came after it";
  const std::unique_ptr<store::Store> store = OpenRestored();
  const auto before = *store_->NewView();
  const auto after = *store->NewView();
  for (int i = 0; i < store::kSpaceCount; ++i) {
    const Space space = static_cast<Space>(i);
    auto rows = *before->Scan(space, "", "", 10'000);
    auto got = *after->Scan(space, "", "", 10'000);
    const auto is_word = [](const store::KeyValue& row) { return row.key == ledger::kRestoredKey; };
    got.erase(std::remove_if(got.begin(), got.end(), is_word), got.end());
    ASSERT_EQ(got.size(), rows.size()) << store::SpaceName(space);
    for (size_t r = 0; r < rows.size(); ++r) {
      EXPECT_EQ(got[r].key, rows[r].key);
      EXPECT_EQ(got[r].value, rows[r].value);
    }
  }
}

TEST_F(BackupTest, WhatIsThereAlreadyIsNotKeptTwice) {
  for (int n = 0; n < 300; ++n) AddPerson(n);
  const auto tables_of = [this](uint64_t number) {
    const auto keys = *ReadBackupKeys(options_.key_file);
    const BackupManifest manifest = *ReadManifest(options_.directory, number, keys.manifest);
    std::set<std::string> tables;
    for (const BackupFile& file : manifest.files()) {
      if (absl::EndsWith(file.name(), ".sst")) tables.insert(file.object());
    }
    return tables;
  };
  // RocksDB rewrites new tables once, when it gets to it; then those that nobody writes to stay as
  // they are.
  std::set<std::string> before = tables_of(Make()->number);
  EXPECT_GT(before.size(), 5u);
  int kept = 0;
  for (int i = 0; i < 20 && kept < 3; ++i) {
    const size_t objects = Objects().size();
    AddEntries(1);
    const absl::StatusOr<BackupReport> made = Make();
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ(made->ledger_size, 301u + static_cast<uint64_t>(i));
    EXPECT_EQ(Objects().size(), objects + static_cast<size_t>(made->files_added));
    const std::set<std::string> after = tables_of(made->number);
    kept = 0;
    for (const std::string& table : before) kept += static_cast<int>(after.count(table));
    EXPECT_LE(made->files_added, made->files - kept);
    before = after;
  }
  EXPECT_GE(kept, 3) << "what nobody wrote to is still the same";
}

TEST_F(BackupTest, NoFileOfItHoldsAPersonsKey) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());  // in tables from here on
  AddPerson(1);              // in the log alone
  ASSERT_TRUE(AnyFileHolds(Path("store"), WrappedKey(1))) << "or this test shows nothing";
  const std::string copy = Path("copy");
  ASSERT_TRUE(store_->CopyTo(copy).ok());
  EXPECT_TRUE(AnyFileHolds(copy, WrappedKey(0)));
  ASSERT_TRUE(store::RocksDbEngine().DropSpace(copy, Space::kPersonKeys).ok());
  for (const int n : {0, 1}) EXPECT_FALSE(AnyFileHolds(copy, WrappedKey(n))) << n;
  EXPECT_TRUE(AnyFileHolds(copy, PersonKey(1))) << "the others are there";
}

TEST_F(BackupTest, NothingInItIsInClear) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  for (const char* place : {"backups", "keys"}) {
    EXPECT_FALSE(AnyFileHolds(Path(place), "person-"));
    EXPECT_FALSE(AnyFileHolds(Path(place), "details"));
    EXPECT_FALSE(AnyFileHolds(Path(place), WrappedKey(0)));
    EXPECT_FALSE(AnyFileHolds(Path(place), "nortown"));
  }
}

TEST_F(BackupTest, WhoWasErasedSinceStaysErased) {
  AddPerson(0);
  AddPerson(1);
  AddPerson(2);
  ASSERT_TRUE(Make().ok());
  const std::string old_keys = ReadAll(Path("keys/person-keys"));
  Erase(1);
  ASSERT_TRUE(Make().ok());

  const absl::StatusOr<RestoreReport> restored = Restore(Restoring(1));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->people.persons, 2u);
  EXPECT_EQ(restored->people.persons_erased, 1u);
  {
    const std::unique_ptr<store::Store> store = OpenRestored();
    EXPECT_EQ(Get(*store, Space::kPersonKeys, PersonKey(0)), WrappedKey(0));
    EXPECT_EQ(Get(*store, Space::kPersonKeys, PersonKey(1)), "(none)");
    EXPECT_EQ(Get(*store, Space::kPeople, PersonKey(1)), "(none)");
    for (const auto& [space, key] : IndexRows(1)) EXPECT_EQ(Get(*store, space, key), "(none)");
    for (const auto& [space, key] : IndexRows(2)) EXPECT_EQ(Get(*store, space, key), "");
    EXPECT_EQ(Get(*store, Space::kLocalRecords, "record-1"), "(none)");
    EXPECT_NE(Get(*store, Space::kLocalRecords, "record-2"), "(none)");
    const auto match = *store::DecodeRow<store::v1::MatchKeyRow>(
        "a match key", Get(*store, Space::kMatchKeys, "match-1"));
    EXPECT_THAT(match.person_ids(), ::testing::ElementsAre(PersonKey(0)));
  }
  // The control: with the keys of then they would be back. That is why there is one file of them.
  fs::remove_all(Path("restored"));
  WriteAll(Path("keys/person-keys"), old_keys);
  ASSERT_TRUE(Restore(Restoring(1)).ok());
  EXPECT_EQ(Get(*OpenRestored(), Space::kPersonKeys, PersonKey(1)), WrappedKey(1));
  // And those keys do not fit the backup that came later.
  fs::remove_all(Path("restored"));
  EXPECT_EQ(ReasonOf(FailToRestore(Restoring(2))), Reason::kInvalidField);
}

TEST_F(BackupTest, AnotherMasterKeyThanTheKeysAreUnderIsRefused) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("other.key"), &random_).ok());
  RestoreOptions options = Restoring();
  options.master_key_file = Path("other.key");
  const absl::Status refused = FailToRestore(options);
  EXPECT_EQ(ReasonOf(refused), Reason::kKeyUnavailable);
  for (const char* file : {"master.key", "other.key"}) {
    const std::string check = base::HexEncode(KeyOf(file).CheckValue());
    EXPECT_THAT(std::string(refused.message()), HasSubstr(check)) << file;
  }
  options.master_key_file = Path("none.key");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kKeyUnavailable);
  // With the right one the row that says so is there again, and no file of the backup has it.
  ASSERT_TRUE(Restore(Restoring()).ok());
  const auto rows = *keys::ReadRows(**OpenRestored()->NewView());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_FALSE(AnyFileHolds(Path("backups"), rows[0].key));
  const std::string wrapped_root = rows[0].value.substr(rows[0].value.size() - 24);
  const std::string copy = Path("copy");
  ASSERT_TRUE(store_->CopyTo(copy).ok());
  EXPECT_TRUE(AnyFileHolds(copy, wrapped_root)) << "or this test shows nothing";
  ASSERT_TRUE(store::RocksDbEngine().DropSpace(copy, Space::kPersonKeys).ok());
  EXPECT_FALSE(AnyFileHolds(copy, wrapped_root));
}

// A backup holds nothing that lies under a master key: the file of keys of today does, whatever key
// the backup was made under.
TEST_F(BackupTest, TheKeyThatARestoreNeedsIsThatOfTheFileOfKeys) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  const std::string file_before = ReadAll(Path("keys/person-keys"));
  Close();
  fs::rename(Path("master.key"), Path("old.key"));
  ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("master.key"), &random_).ok());
  Open();
  ASSERT_EQ(keys_.change, keys::Change::kToBegin);
  const auto restore = [this](const std::string& master, const std::string& old_master) {
    fs::remove_all(Path("restored"));
    RestoreOptions options = Restoring(1);
    options.master_key_file = Path(master);
    if (!old_master.empty()) options.old_master_key_file = Path(old_master);
    return ReasonOf(Restore(options).status());
  };
  const auto commit = [this](store::Batch batch) {
    ledger::Operation operation;
    operation.batch = std::move(batch);
    operation.entries.push_back(MakeDraft("", "keys"));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
    ASSERT_TRUE(backups_->WriteKeys().ok());
  };
  EXPECT_EQ(restore("old.key", ""), Reason::kUnspecified) << "not begun";
  EXPECT_EQ(restore("master.key", "old.key"), Reason::kKeyUnavailable);

  commit(std::move(keys_.begin));
  EXPECT_EQ(restore("old.key", ""), Reason::kKeyUnavailable) << "begun";
  EXPECT_EQ(restore("master.key", ""), Reason::kKeyUnavailable);
  EXPECT_EQ(restore("master.key", "old.key"), Reason::kUnspecified);
  EXPECT_EQ(keys::ReadRows(**OpenRestored()->NewView())->size(), 2u);

  store::Batch end;
  ASSERT_TRUE(keys::PutEnd(**store_->NewView(), ledgers_.clock.Now(), &end).ok());
  commit(std::move(end));
  EXPECT_EQ(restore("old.key", ""), Reason::kKeyUnavailable) << "ended";
  EXPECT_EQ(restore("master.key", ""), Reason::kUnspecified);
  // A copy of the file of keys that was kept in spite of all needs the key of then.
  WriteAll(Path("keys/person-keys"), file_before);
  EXPECT_EQ(restore("master.key", ""), Reason::kKeyUnavailable);
  EXPECT_EQ(restore("old.key", ""), Reason::kUnspecified);
}

TEST_F(BackupTest, AfterAnErasureTheKeysAloneAreReplaced) {
  AddPerson(0);
  AddPerson(1);
  ASSERT_TRUE(Make().ok());
  Erase(1);
  ASSERT_TRUE(backups_->WriteKeys().ok());
  ASSERT_TRUE(Restore(Restoring()).ok());
  EXPECT_EQ(Get(*OpenRestored(), Space::kPersonKeys, PersonKey(1)), "(none)");
  EXPECT_EQ(Get(*OpenRestored(), Space::kPersonKeys, PersonKey(0)), WrappedKey(0));
}

TEST_F(BackupTest, AKeyOfNobodyInTheBackupIsNotPutBack) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddPerson(1);
  ASSERT_TRUE(Make().ok());
  ASSERT_TRUE(Restore(Restoring(1)).ok());
  EXPECT_EQ(Get(*OpenRestored(), Space::kPersonKeys, PersonKey(1)), "(none)");
}

// The first start after the restore of an older backup writes the file of keys anew.
TEST_F(BackupTest, KeysWrittenBehindARestoreTakeNobodyOutOfABackupOfTheHistoryGivenUp) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddPerson(1);
  AddPerson(2);
  ASSERT_TRUE(Make().ok());
  const std::string keys_before = ReadAll(Path("keys/person-keys"));
  ASSERT_TRUE(Restore(Restoring(1)).ok());
  TakeRestored();
  Open();
  ASSERT_TRUE(backups_->WriteKeys().ok());
  // Smaller than backup 2 at first, then larger.
  for (const int entries : {0, 10}) {
    AddEntries(entries);
    ASSERT_TRUE(sequencer_->Checkpoint().ok());
    ASSERT_TRUE(backups_->WriteKeys().ok());
    const absl::Status refused = FailToRestore(Restoring(2));
    EXPECT_EQ(ReasonOf(refused), Reason::kInvalidField);
    EXPECT_THAT(std::string(refused.message()), HasSubstr("gave up the history"));
    EXPECT_THAT(std::string(refused.message()), HasSubstr("at entry 1"));
  }
  // Backup 1 is of both histories, and one made since is of this one.
  EXPECT_EQ(Restore(Restoring(1))->people.persons, 1u);
  fs::remove_all(Path("restored"));
  AddPerson(3);
  ASSERT_TRUE(Make().ok());
  ASSERT_TRUE(Restore(Restoring(3)).ok());
  // The second restore does not make the first one forgotten.
  fs::remove_all(Path("damaged"));
  TakeRestored();
  Open();
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  ASSERT_TRUE(backups_->WriteKeys().ok());
  EXPECT_THAT(std::string(FailToRestore(Restoring(2)).message()), HasSubstr("at entry 1"));
  // With the copy that the manual says to make, everybody is there.
  WriteAll(Path("keys/person-keys"), keys_before);
  const absl::StatusOr<RestoreReport> restored = Restore(Restoring(2));
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->people.persons, 3u);
  EXPECT_EQ(restored->people.persons_erased, 0u);
}

// The other way about: a file that is larger, and of the history given up.
TEST_F(BackupTest, KeysOfTheHistoryGivenUpTakeNobodyOutOfABackupMadeSince) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddEntries(10);
  ASSERT_TRUE(Make().ok());
  const std::string keys_before = ReadAll(Path("keys/person-keys"));
  ASSERT_TRUE(Restore(Restoring(1)).ok());
  TakeRestored();
  Open();
  AddPerson(1);
  ASSERT_TRUE(Make().ok());
  const std::string keys_since = ReadAll(Path("keys/person-keys"));
  WriteAll(Path("keys/person-keys"), keys_before);
  const absl::Status refused = FailToRestore(Restoring(3));
  EXPECT_EQ(ReasonOf(refused), Reason::kInvalidField);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("before the restore"));
  WriteAll(Path("keys/person-keys"), keys_since);
  EXPECT_EQ(Restore(Restoring(3))->people.persons, 2u);
}

// --- Older than what was published ---

TEST_F(BackupTest, OlderThanWhatWasPublishedIsRefusedUnlessToldSo) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddEntries(4);
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  RestoreOptions options = Restoring();
  options.older_than_published = false;
  const absl::Status refused = FailToRestore(options);
  EXPECT_EQ(ReasonOf(refused), Reason::kLedgerBehind);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("holds 1 entries"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("5"));
  options.published_files.clear();
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kInvalidField);

  const absl::StatusOr<RestoreReport> restored = Restore(Restoring());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->published_size, 5u);
  const std::string given_up = ReadAll(Path("checkpoint"));
  // Also that witnesses co-signed it is given up, and kept.
  ledgers_.options.witnessed_file = Path("witnessed");
  WriteAll(Path("witnessed"), given_up);
  TakeRestored();
  Open();
  EXPECT_EQ(ReadAll(Path("witnessed.given-up-5")), given_up);
  EXPECT_FALSE(fs::exists(Path("witnessed")));
  EXPECT_EQ(sequencer_->head().size, 2u);
  EXPECT_THAT(Get(*store_, Space::kEntries, store::KeyU64(1)), HasSubstr("restored 1"));
  EXPECT_EQ(ReadAll(Path("checkpoint.given-up-5")), given_up);
  EXPECT_EQ(Get(*store_, Space::kMeta, ledger::kRestoredKey), "(none)");
  // From here on as ever: it opens again, and says nothing twice.
  Close();
  Open();
  EXPECT_EQ(sequencer_->head().size, 2u);
}

TEST_F(BackupTest, AStoreFromABackupIsRecordedAlsoWhereNothingIsGivenUp) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  RestoreOptions options = Restoring();
  options.older_than_published = false;
  ASSERT_TRUE(Restore(options).ok());
  TakeRestored();
  Open();
  EXPECT_THAT(Get(*store_, Space::kEntries, store::KeyU64(1)), HasSubstr("restored 1"));
}

TEST_F(BackupTest, OnlyWhatWasGivenUpIsAdmitted) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddEntries(4);
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  ASSERT_TRUE(Restore(Restoring()).ok());
  AddEntries(1);  // whoever restored did not know of this one
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  TakeRestored();
  store::RocksDbOptions options;
  options.path = Path("store");
  const auto store = *store::OpenRocksDbStore(options);
  EXPECT_EQ(ReasonOf(ledgers_.Open(store.get()).status()), Reason::kLedgerBehind);
}

// What cannot be read may name somebody who was erased since: no such store is handed out.
TEST_F(BackupTest, ARowThatDoesNotParseIsNotTakenForOneThatNamesNobody) {
  for (const Space space : {Space::kLocalRecords, Space::kMatchKeys}) {
    AddPerson(1);
    AddPerson(2);
    ledger::Operation damage = ledger::testing::PutOperation("row", "v");
    damage.batch.Put(space, "unreadable", "\x01\xFF\xFF");
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(damage)).ok());
    ASSERT_TRUE(Make().ok());
    Erase(1);
    ASSERT_TRUE(Make().ok());
    EXPECT_EQ(ReasonOf(FailToRestore(Restoring(backups_made_ += 1))), Reason::kDataLoss);
    ledger::Operation repair = ledger::testing::PutOperation("row", "v");
    repair.batch.Delete(space, "unreadable");
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(repair)).ok());
    backups_made_ += 1;
  }
}

TEST_F(BackupTest, TheWordOfSomebodyElseIsRefused) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddEntries(4);
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  ASSERT_TRUE(Restore(Restoring()).ok());
  TakeRestored();
  store::RocksDbOptions options;
  options.path = Path("store");
  const auto store = *store::OpenRocksDbStore(options);
  const std::string word = Get(*store, Space::kMeta, ledger::kRestoredKey);
  const auto put = [&](const std::string& note) {
    store::Batch batch;
    batch.Put(Space::kMeta, ledger::kRestoredKey, note);
    EXPECT_TRUE(store::testing::CommitNow(*store, std::move(batch)).ok());
  };
  const std::string text = *tlog::OpenNote(word, {&ledgers_.verifier, 1});
  const auto thief = *tlog::GenerateNoteKey(ledger::testing::kOrigin);
  put(*tlog::SignNote(text, **tlog::NewNoteSigner(thief.signer_key)));
  EXPECT_EQ(ReasonOf(ledgers_.Open(store.get()).status()), Reason::kDataLoss);
  // Of another ledger, under the right key.
  ledger::Restored other = *ledger::ParseRestored(text);
  other.holds.root[0] ^= 1;
  put(*tlog::SignNote(ledger::FormatRestored(other), *ledgers_.signer));
  EXPECT_EQ(ReasonOf(ledgers_.Open(store.get()).status()), Reason::kDataLoss);
  // Where nobody records it, it is not opened.
  put(word);
  ledgers_.options.restored_entry = nullptr;
  EXPECT_EQ(ReasonOf(ledgers_.Open(store.get()).status()), Reason::kLedgerBehind);
}

TEST_F(BackupTest, ACrashBeforeItIsForgottenSaysItAgain) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  AddEntries(4);
  ASSERT_TRUE(sequencer_->Checkpoint().ok());
  ASSERT_TRUE(Restore(Restoring()).ok());
  const std::string given_up = ReadAll(Path("checkpoint"));
  const std::string word = Get(*OpenRestored(), Space::kMeta, ledger::kRestoredKey);
  TakeRestored();
  Open();
  store::Batch batch;
  batch.Put(Space::kMeta, ledger::kRestoredKey, word);
  ASSERT_TRUE(store::testing::CommitNow(*store_, std::move(batch)).ok());
  Close();
  WriteAll(Path("checkpoint"), given_up);  // it had not been replaced yet
  Open();
  EXPECT_EQ(sequencer_->head().size, 3u);
  EXPECT_NE(ReadAll(Path("checkpoint")), given_up);
}

TEST_F(BackupTest, AWitnessedCheckpointOfAnotherHistoryIsNotPassedOver) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  tlog::Checkpoint other{ledger::testing::kOrigin, 1, {}, {}};
  WriteAll(Path("witnessed"), *tlog::SignNote(tlog::FormatCheckpoint(other), *ledgers_.signer));
  RestoreOptions options = Restoring();
  options.older_than_published = false;
  options.published_files.push_back(Path("witnessed"));
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kLedgerBehind);
  options.published_files.back() = Path("nowhere");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kInvalidField);
  const auto thief = *tlog::GenerateNoteKey(ledger::testing::kOrigin);
  WriteAll(Path("witnessed"),
           *tlog::SignNote(tlog::FormatCheckpoint(other), **tlog::NewNoteSigner(thief.signer_key)));
  options.published_files.back() = Path("witnessed");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kInvalidField);
}

// --- Damage ---

TEST_F(BackupTest, DamageToAnyFileIsNoticedAndLeavesNothing) {
  for (int n = 0; n < 50; ++n) AddPerson(n);
  ASSERT_TRUE(Make().ok());
  std::vector<fs::path> files = Objects();
  files.push_back(Path("backups/manifests/00000001"));
  files.push_back(Path("keys/person-keys"));
  ASSERT_GT(files.size(), 10u);
  for (const fs::path& file : files) {
    const std::string bytes = ReadAll(file);
    std::string changed = bytes;
    changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 1);
    WriteAll(file, changed);
    EXPECT_EQ(ReasonOf(FailToRestore(Restoring())), Reason::kDataLoss) << file;
    WriteAll(file, bytes.substr(0, bytes.size() - 1));
    EXPECT_EQ(ReasonOf(FailToRestore(Restoring())), Reason::kDataLoss) << file;
    fs::remove(file);
    EXPECT_FALSE(FailToRestore(Restoring()).ok());
    WriteAll(file, bytes);
  }
  // One file of the backup in another's place.
  const std::string first = ReadAll(files[0]);
  WriteAll(files[0], ReadAll(files[1]));
  EXPECT_EQ(ReasonOf(FailToRestore(Restoring())), Reason::kDataLoss);
  WriteAll(files[0], first);
  EXPECT_TRUE(Restore(Restoring()).ok());
}

TEST_F(BackupTest, TheWrongKeysAreSaidToBe) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  ASSERT_TRUE(WriteNewBackupKey(Path("other.key"), &random_).ok());
  RestoreOptions options = Restoring();
  options.backup_key_file = Path("other.key");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kDataLoss);
  options = Restoring();
  options.backup_key_file = Path("nowhere");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kKeyUnavailable);
  options = Restoring();
  ASSERT_TRUE(tlog::WriteNoteKey(Path("other-ledger.key"),
                                 *tlog::GenerateNoteKey("signpost.elsewhere.example/ledger"))
                  .ok());
  options.ledger_key_file = Path("other-ledger.key");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kInvalidField);
  // Of this name, but not this ledger's.
  ASSERT_TRUE(
      tlog::WriteNoteKey(Path("false.key"), *tlog::GenerateNoteKey(ledger::testing::kOrigin)).ok());
  options.ledger_key_file = Path("false.key");
  EXPECT_EQ(ReasonOf(FailToRestore(options)), Reason::kDataLoss);
  EXPECT_EQ(ReasonOf(WriteNewBackupKey(Path("other.key"), &random_)), Reason::kAlreadyExists);
}

TEST_F(BackupTest, WhatIsInTheWayStays) {
  AddPerson(0);
  ASSERT_TRUE(Make().ok());
  fs::create_directory(Path("restored"));
  WriteAll(Path("restored/precious"), "x");
  EXPECT_EQ(ReasonOf(Restore(Restoring()).status()), Reason::kAlreadyExists);
  EXPECT_EQ(ReadAll(Path("restored/precious")), "x");
  fs::remove(Path("restored/precious"));
  EXPECT_TRUE(Restore(Restoring()).ok());
  EXPECT_EQ(ReasonOf(Restore(Restoring(9)).status()), Reason::kNotFound);
}

TEST_F(BackupTest, WhatWasDamagedIsWrittenAnew) {
  for (int n = 0; n < 50; ++n) AddPerson(n);
  ASSERT_TRUE(Make().ok());
  for (const fs::path& object : Objects()) {
    std::string bytes = ReadAll(object);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    WriteAll(object, bytes);
  }
  EXPECT_FALSE(Restore(Restoring()).ok());
  ASSERT_TRUE(Make().ok());
  EXPECT_TRUE(Restore(Restoring()).ok());
}

TEST_F(BackupTest, ADamagedStoreIsNotBackedUp) {
  for (int n = 0; n < 200; ++n) AddPerson(n);
  ASSERT_TRUE(Make().ok());
  int damaged = 0;
  for (const auto& file : fs::directory_iterator(Path("store"))) {
    if (file.path().extension() != ".sst") continue;
    std::string bytes = ReadAll(file.path());
    bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 1);
    WriteAll(file.path(), bytes);
    ++damaged;
  }
  ASSERT_GT(damaged, 5);
  EXPECT_EQ(ReasonOf(Make().status()), Reason::kDataLoss);
  EXPECT_FALSE(fs::exists(Path("store.backup")));
  EXPECT_FALSE(fs::exists(Path("backups/manifests/00000002")));
}

TEST_F(BackupTest, SoManyAreKeptAsToldAndNoMore) {
  backups_.reset();
  options_.keep = 2;
  backups_ = *Backups::Open(options_, store_.get(), &ledgers_.clock, &random_, ledgers_.verifier);
  for (int n = 0; n < 4; ++n) {
    AddPerson(n);
    ASSERT_TRUE(Make().ok());
  }
  EXPECT_EQ(*ManifestNumbers(options_.directory), (std::vector<uint64_t>{3, 4}));
  // What stays is whole, and nothing else is there.
  const auto keys = *ReadBackupKeys(options_.key_file);
  std::set<std::string> wanted;
  for (const uint64_t number : {3, 4}) {
    const BackupManifest manifest = *ReadManifest(options_.directory, number, keys.manifest);
    for (const BackupFile& file : manifest.files()) wanted.insert(file.object());
    EXPECT_TRUE(Restore(Restoring(number)).ok());
    fs::remove_all(Path("restored"));
  }
  EXPECT_EQ(Objects().size(), wanted.size());
}

TEST_F(BackupTest, AManifestThatLeadsElsewhereIsRefused) {
  BackupManifest manifest;
  manifest.set_format(1);
  manifest.set_number(1);
  BackupFile* const file = manifest.add_files();
  file->set_object(std::string(64, 'a'));
  file->set_sha256(std::string(32, 'h'));
  for (const char* name : {"../evil", "/evil", "a/b", "..", ".hidden", "", "a b"}) {
    file->set_name(name);
    EXPECT_EQ(ReasonOf(DecodeManifest(manifest.SerializeAsString()).status()), Reason::kDataLoss)
        << name;
    EXPECT_THAT(std::string(DecodeManifest(manifest.SerializeAsString()).status().message()),
                HasSubstr("take another backup"));
  }
  file->set_name("000001.sst");
  EXPECT_TRUE(DecodeManifest(manifest.SerializeAsString()).ok());
  *manifest.add_files() = *file;
  EXPECT_FALSE(DecodeManifest(manifest.SerializeAsString()).ok()) << "twice the same name";
  manifest.mutable_files()->RemoveLast();
  file->set_object("../../../etc/passwd");
  EXPECT_FALSE(DecodeManifest(manifest.SerializeAsString()).ok());
  file->set_object(std::string(64, 'a'));
  manifest.set_format(2);
  EXPECT_EQ(ReasonOf(DecodeManifest(manifest.SerializeAsString()).status()), Reason::kStoreNewer);
}

TEST(RestoredWordTest, ReadsBackAndIsNoCheckpoint) {
  ledger::Restored restored{"o", 3, {12, {}}, {{20, {}}, {21, {}}}};
  restored.holds.root[3] = 9;
  const std::string text = ledger::FormatRestored(restored);
  const absl::StatusOr<ledger::Restored> read = ledger::ParseRestored(text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ledger::FormatRestored(*read), text);
  EXPECT_EQ(read->gives_up.size(), 2u);
  EXPECT_FALSE(tlog::ParseCheckpoint(text).ok());
  EXPECT_FALSE(ledger::ParseRestored(tlog::FormatCheckpoint({"o", 3, {}, {}})).ok());
  for (size_t cut = 0; cut + 1 < text.size(); ++cut) {
    const auto parsed = ledger::ParseRestored(text.substr(0, cut));
    EXPECT_TRUE(!parsed.ok() || ledger::FormatRestored(*parsed) == text.substr(0, cut)) << cut;
  }
}

}  // namespace
}  // namespace signpost::backup
