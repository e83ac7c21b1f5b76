// The master key is changed while young persons are there: everybody stays readable, wherever it is
// cut off, and at the end nothing lies under the old key.

#include "hub/operations/key_change.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/backup/files.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/reader.h"
#include "hub/people/rows.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/store/rocksdb_store.h"
#include "tests/base/scratch_folder.h"
#include "tests/ledger/ledger_testing.h"

namespace signpost::operations {
namespace {

using base::MasterKey;
using base::Reason;
using base::ReasonOf;
using ledger::v1::MASTER_KEY_STAGE_BEGUN;
using ledger::v1::MASTER_KEY_STAGE_ENDED;
using ledger::v1::MASTER_KEY_STAGE_GOES_ON;
using store::HostileStore;
using store::Space;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Stage = KeyChange::Stage;

constexpr int kPerStep = 7;

keys::MasterKeys Given(char master, char old_master = 0) {
  keys::MasterKeys keys{*MasterKey::FromBytes(std::string(32, master)), std::nullopt};
  if (old_master != 0) keys.old_master = *MasterKey::FromBytes(std::string(32, old_master));
  return keys;
}

// One start of a hub, as far as its keys go.
struct Start {
  absl::Status Open(store::Store* store, ledger::testing::Ledgers* ledgers,
                    base::RandomSource* random, const keys::MasterKeys& given,
                    backup::Backups* backups = nullptr) {
    absl::StatusOr<keys::Opened> opened =
        keys::OpenStore(store, given, ledgers->clock.Now(), random);
    if (!opened.ok()) return opened.status();
    keyring = std::move(opened->keyring);
    absl::StatusOr<std::unique_ptr<ledger::Sequencer>> ledger = ledgers->Open(store);
    if (!ledger.ok()) return ledger.status();
    sequencer = *std::move(ledger);
    entries = std::make_unique<ledger::EntryComposer>(keyring->request_key(), random);
    context.store = store;
    context.sequencer = sequencer.get();
    context.clock = &ledgers->clock;
    context.random = random;
    context.keyring = keyring.get();
    context.entries = entries.get();
    schedule = std::make_unique<schedule::Schedule>(
        &ledgers->clock,
        [this](const std::string&, const absl::Status& status) { failed = status; });
    maintenance = std::make_unique<Maintenance>(context, backups, Retention(), schedule.get());
    change = std::make_unique<KeyChange>(
        context, maintenance.get(), schedule.get(), kPerStep,
        [store] { return store::ForgetRows(*store, Space::kPersonKeys); },
        [this](const KeyChange::State& state) { news.push_back(state.stage); });
    return change->Begin(*std::move(opened));
  }

  // Until nothing is due any more, or something failed.
  void Run(base::ManualClock* clock) {
    for (int i = 0; i < 1000 && failed.ok() && schedule->next() <= clock->Now(); ++i) {
      schedule->RunDue();
    }
  }

  std::unique_ptr<base::Keyring> keyring;
  std::unique_ptr<ledger::EntryComposer> entries;
  request::HubContext context;
  absl::Status failed;
  std::vector<Stage> news;
  // In the order in which a hub has them, so that each ends before what it uses.
  std::unique_ptr<ledger::Sequencer> sequencer;
  std::unique_ptr<Maintenance> maintenance;
  std::unique_ptr<KeyChange> change;
  std::unique_ptr<schedule::Schedule> schedule;
};

class KeyChangeTest : public ::testing::Test {
 protected:
  KeyChangeTest() { NewDisk(); }

  void NewDisk() {
    start_.reset();
    disk_.reset();
    memory_ = store::NewMemoryStore();
    disk_ = std::make_unique<HostileStore>(memory_.get());
    data_keys_.clear();
  }

  absl::Status Open(const keys::MasterKeys& given, backup::Backups* backups = nullptr) {
    start_ = std::make_unique<Start>();
    return start_->Open(store(), &ledgers_, &random_, given, backups);
  }
  virtual store::Store* store() { return disk_.get(); }

  void AddPersons(int count) {
    ledger::Operation operation;
    for (int i = 0; i < count; ++i) {
      const base::PersonId person = base::PersonId::New(&random_);
      const base::SecretKey key = base::SecretKey::Generate(&random_);
      operation.batch.Put(Space::kPeople, person.ToBytes(), "a row");
      operation.batch.Put(Space::kPersonKeys, person.ToBytes(),
                          *start_->keyring->WrapDataKey(person, key, &random_));
      data_keys_.emplace(person.ToBytes(), key);
    }
    operation.entries.push_back(ledger::testing::MakeDraft("", "persons"));
    ASSERT_TRUE(start_->sequencer->SubmitAndWait(std::move(operation)).ok());
  }

  // Persons' keys as they are stored.
  std::map<std::string, std::string> Wrapped() {
    std::map<std::string, std::string> wrapped;
    EXPECT_TRUE(people::ForEachWrappedKeys(**store()->NewView(), 100,
                                           [&](absl::Span<const store::KeyValue> page) {
                                             for (const auto& key : page) {
                                               if (keys::IsHubKey(key.key)) continue;
                                               wrapped[key.key] = key.value;
                                             }
                                             return absl::OkStatus();
                                           })
                    .ok());
    return wrapped;
  }
  // That every key opens, under this start's keyring, to what it was made as.
  void ExpectEverybodyReadable() {
    const std::map<std::string, std::string> wrapped = Wrapped();
    ASSERT_EQ(wrapped.size(), data_keys_.size());
    for (const auto& [id, value] : wrapped) {
      const auto key = start_->keyring->UnwrapDataKey(*base::PersonId::FromBytes(id), value);
      ASSERT_TRUE(key.ok()) << key.status();
      EXPECT_EQ(key->bytes(), data_keys_.at(id).bytes());
    }
  }
  // No row, in whatever space, holds one of `values` or says that it lies under `master`.
  void ExpectNothingUnder(char master, const std::map<std::string, std::string>& values) {
    const std::string under = Given(master).master.CheckValue().substr(0, base::kWrappedUnderBytes);
    const auto view = *store()->NewView();
    for (int i = 0; i < store::kSpaceCount; ++i) {
      const auto rows = *view->Scan(static_cast<Space>(i), "", "", 100'000);
      for (const store::KeyValue& row : rows) {
        EXPECT_FALSE(absl::StrContains(row.value, under)) << store::SpaceName(Space(i));
        for (const auto& [id, value] : values) {
          ASSERT_FALSE(absl::StrContains(row.value, value)) << store::SpaceName(Space(i));
        }
      }
    }
  }
  std::vector<ledger::v1::MasterKeyChanged> Recorded() {
    std::vector<ledger::v1::MasterKeyChanged> recorded;
    const auto view = *store()->NewView();
    const ledger::LedgerReader reader(view.get());
    const std::vector<std::string> all = *reader.Entries(0, 1000);
    for (const std::string& bytes : all) {
      ledger::v1::LedgerEntry entry;
      EXPECT_TRUE(entry.ParseFromString(bytes));
      if (entry.kind() == ledger::v1::ENTRY_KIND_MASTER_KEY_CHANGED) {
        recorded.push_back(entry.master_key_changed());
      }
    }
    return recorded;
  }

  base::SeededRandom random_{39};
  ledger::testing::Ledgers ledgers_;
  std::unique_ptr<store::Store> memory_;
  std::unique_ptr<HostileStore> disk_;
  std::map<std::string, base::SecretKey> data_keys_;
  std::unique_ptr<Start> start_;
};

TEST_F(KeyChangeTest, EverybodyStaysReadableAndTheOldKeyGoes) {
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(3 * kPerStep + 2);
  EXPECT_EQ(start_->change->state().stage, Stage::kNone);
  EXPECT_EQ(start_->schedule->next(), absl::InfiniteFuture());
  const std::map<std::string, std::string> before = Wrapped();
  const std::string matching(start_->keyring->matching_key().bytes());
  const std::string agency(start_->keyring->AgencyPersonKey("yot", 1)->bytes());

  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  EXPECT_EQ(start_->change->state().stage, Stage::kRunning);
  ExpectEverybodyReadable();
  AddPersons(1);  // under the new one already
  start_->Run(&ledgers_.clock);
  ASSERT_TRUE(start_->failed.ok()) << start_->failed;
  EXPECT_THAT(start_->news, ElementsAre(Stage::kRunning, Stage::kEnded, Stage::kOldMayGo));
  EXPECT_EQ(start_->change->state().keys_done, before.size());
  EXPECT_EQ(start_->change->state().keys_left, 0u);
  ExpectEverybodyReadable();
  ExpectNothingUnder('a', before);
  const std::vector<ledger::v1::MasterKeyChanged> recorded = Recorded();
  ASSERT_GE(recorded.size(), 5u);
  EXPECT_EQ(recorded.front().stage(), MASTER_KEY_STAGE_BEGUN);
  uint64_t keys = 0;
  for (size_t i = 1; i + 1 < recorded.size(); ++i) {
    EXPECT_EQ(recorded[i].stage(), MASTER_KEY_STAGE_GOES_ON);
    EXPECT_LE(recorded[i].keys(), static_cast<uint64_t>(kPerStep));
    keys += recorded[i].keys();
  }
  EXPECT_EQ(keys, before.size());
  EXPECT_EQ(recorded.back().stage(), MASTER_KEY_STAGE_ENDED);
  EXPECT_EQ(recorded.back().keys(), before.size());

  // What is derived is as it was, with the new key alone.
  ASSERT_TRUE(Open(Given('b')).ok());
  EXPECT_EQ(start_->change->state().stage, Stage::kNone);
  ExpectEverybodyReadable();
  EXPECT_EQ(start_->keyring->matching_key().bytes(), matching);
  EXPECT_EQ(start_->keyring->AgencyPersonKey("yot", 1)->bytes(), agency);
}

TEST_F(KeyChangeTest, BothKeysAreNeededUntilTheEndAndTheNewOneAloneFromThen) {
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(2 * kPerStep);
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  start_->schedule->RunDue();
  const auto check = [](char key) { return base::HexEncode(Given(key).master.CheckValue()); };
  for (const keys::MasterKeys& given :
       {Given('b'), Given('a'), Given('a', 'b'), Given('c'), Given('c', 'a'), Given('c', 'b')}) {
    const absl::Status refused = Open(given);
    EXPECT_EQ(ReasonOf(refused), Reason::kKeyUnavailable);
    EXPECT_THAT(std::string(refused.message()), HasSubstr(check('a')));
    EXPECT_THAT(std::string(refused.message()), HasSubstr(check('b')));
  }
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  start_->Run(&ledgers_.clock);
  ASSERT_EQ(start_->change->state().stage, Stage::kOldMayGo);
  for (const keys::MasterKeys& given : {Given('a'), Given('a', 'b'), Given('b', 'c'), Given('c')}) {
    const absl::Status refused = Open(given);
    EXPECT_EQ(ReasonOf(refused), Reason::kKeyUnavailable);
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr(given.old_master.has_value() &&
                                  given.master.CheckValue() == Given('b').master.CheckValue()
                              ? check('c')
                              : check('b')));
  }
  // Whoever forgot to take it out is told so again, and nothing else happens.
  const size_t entries = Recorded().size();
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  start_->Run(&ledgers_.clock);
  EXPECT_THAT(start_->news, ElementsAre(Stage::kEnded, Stage::kOldMayGo));
  EXPECT_EQ(Recorded().size(), entries);
  ASSERT_TRUE(Open(Given('b')).ok());
}

// Each commit of the whole change fails in each way; then the hub starts anew with what is there.
TEST_F(KeyChangeTest, WhereverItIsCutOffEverybodyIsReadableAndItGoesOn) {
  const HostileStore::Failure kinds[] = {HostileStore::Failure::kNothingWritten,
                                         HostileStore::Failure::kWrittenUnconfirmed};
  for (const HostileStore::Failure kind : kinds) {
    int cut_off = 0;
    for (int k = 1;; ++k) {
      NewDisk();
      ASSERT_TRUE(Open(Given('a')).ok());
      AddPersons(2 * kPerStep + 1);
      start_.reset();
      const std::map<std::string, std::string> before = Wrapped();
      disk_->FailCommit(k, kind);
      const absl::Status began = Open(Given('b', 'a'));
      if (began.ok()) start_->Run(&ledgers_.clock);
      const bool failed = !began.ok() || !start_->failed.ok();
      start_.reset();
      disk_->Restart();
      if (failed) ++cut_off;
      // With both keys it starts, whatever was cut off.
      const absl::Status again = Open(Given('b', 'a'));
      ASSERT_TRUE(again.ok()) << again << " at commit " << k;
      ExpectEverybodyReadable();
      start_->Run(&ledgers_.clock);
      ASSERT_TRUE(start_->failed.ok()) << start_->failed << " at commit " << k;
      EXPECT_EQ(start_->change->state().stage, Stage::kOldMayGo);
      ExpectEverybodyReadable();
      ExpectNothingUnder('a', before);
      start_.reset();
      ASSERT_TRUE(Open(Given('b')).ok()) << "at commit " << k;
      ExpectEverybodyReadable();
      if (!failed) break;
    }
    EXPECT_GE(cut_off, 5) << "begun, three steps, ended";
  }
}

// The power goes at random, and takes what was not synced.
TEST_F(KeyChangeTest, PowerCutsAtRandomLoseNobody) {
  std::mt19937_64 dice(20261130);
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(10 * kPerStep);
  const std::map<std::string, std::string> before = Wrapped();
  for (int cut = 0; cut < 30; ++cut) {
    start_.reset();
    disk_->Restart();
    ASSERT_TRUE(Open(Given('b', 'a')).ok());
    ExpectEverybodyReadable();
    disk_->StopSyncing();
    for (int steps = static_cast<int>(dice() % 4); steps > 0; --steps) {
      start_->schedule->RunDue();
    }
    disk_->LoseUnsynced();
    if (cut % 3 == 0) {
      // Some of it stays, so that it comes to an end.
      start_.reset();
      disk_->Restart();
      ASSERT_TRUE(Open(Given('b', 'a')).ok());
      start_->schedule->RunDue();
    }
  }
  start_.reset();
  disk_->Restart();
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  start_->Run(&ledgers_.clock);
  ASSERT_EQ(start_->change->state().stage, Stage::kOldMayGo);
  ExpectEverybodyReadable();
  ExpectNothingUnder('a', before);
}

TEST_F(KeyChangeTest, WhoIsErasedWhileTheirKeyIsWrappedAnewStaysErased) {
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(3);
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  const auto view = *store()->NewView();
  people::Rewrapped step = *people::RewrapKeys(*view, *start_->keyring, &random_, "", 100);
  ASSERT_EQ(step.keys, 3u);
  const std::string erased = data_keys_.begin()->first;
  ledger::Operation erase;
  erase.batch.Delete(Space::kPersonKeys, erased);
  erase.entries.push_back(ledger::testing::MakeDraft("", "erased"));
  ASSERT_TRUE(start_->sequencer->SubmitAndWait(std::move(erase)).ok());
  data_keys_.erase(erased);
  ledger::Operation late;
  late.batch = std::move(step.change);
  late.reads = std::move(step.reads);
  late.entries.push_back(ledger::testing::MakeDraft("", "late"));
  EXPECT_EQ(ReasonOf(start_->sequencer->SubmitAndWait(std::move(late)).status()), Reason::kAborted);
  start_->Run(&ledgers_.clock);
  ASSERT_EQ(start_->change->state().stage, Stage::kOldMayGo);
  ExpectEverybodyReadable();
  EXPECT_EQ(Wrapped().count(erased), 0u);
}

TEST_F(KeyChangeTest, AKeyThatDoesNotOpenKeepsTheOldOneAndTheOthersAreDone) {
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(2 * kPerStep);
  ledger::Operation damage;
  std::string value = Wrapped().begin()->second;
  value.back() = static_cast<char>(value.back() ^ 1);
  damage.batch.Put(Space::kPersonKeys, Wrapped().begin()->first, value);
  damage.entries.push_back(ledger::testing::MakeDraft("", "damage"));
  ASSERT_TRUE(start_->sequencer->SubmitAndWait(std::move(damage)).ok());
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  start_->Run(&ledgers_.clock);
  EXPECT_EQ(ReasonOf(start_->failed), Reason::kDataLoss);
  EXPECT_EQ(start_->change->state().stage, Stage::kRunning);
  EXPECT_EQ(start_->change->state().keys_done, static_cast<uint64_t>(2 * kPerStep - 1));
  EXPECT_EQ(start_->change->state().keys_left, 1u);
  EXPECT_EQ(ReasonOf(Open(Given('b'))), Reason::kKeyUnavailable);
}

TEST_F(KeyChangeTest, TheOldKeyStaysNeededWhileTheBackupsFileOfKeysIsOlder) {
  const base::ScratchFolder folder;
  ASSERT_TRUE(backup::WriteNewBackupKey(folder / "backup.key", &random_).ok());
  backup::BackupOptions options;
  options.directory = folder / "backups";
  options.keys_directory = folder / "medium/keys";
  options.key_file = folder / "backup.key";
  options.store_path = folder / "store";
  const std::unique_ptr<backup::Backups> backups =
      *backup::Backups::Open(options, store(), &ledgers_.clock, &random_, ledgers_.verifier);
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(3);
  ASSERT_TRUE(Open(Given('b', 'a'), backups.get()).ok());
  for (int i = 0; i < 20; ++i) {
    start_->schedule->RunDue();
    ledgers_.clock.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(ReasonOf(start_->failed), Reason::kStoreUnavailable) << "the medium is away";
  EXPECT_EQ(start_->change->state().stage, Stage::kEnded);
  std::filesystem::create_directory(folder / "medium");
  for (int i = 0; i < 5; ++i) {
    start_->schedule->RunDue();
    ledgers_.clock.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(start_->change->state().stage, Stage::kOldMayGo);
}

// On a disk: nothing that the old key opens stays in a file, logs included.
class KeyChangeOnDisk : public KeyChangeTest {
 protected:
  KeyChangeOnDisk() : rocks_(*store::OpenRocksDbStore({.path = folder_ / "store"})) {}
  void TearDown() override { start_.reset(); }
  store::Store* store() override { return rocks_.get(); }
  bool AnyFileHolds(const std::string& bytes) const {
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "store")) {
      std::ifstream in(file.path(), std::ios::binary);
      const std::string all((std::istreambuf_iterator<char>(in)), {});
      if (absl::StrContains(all, bytes)) return true;
    }
    return false;
  }
  const base::ScratchFolder folder_;
  std::unique_ptr<store::Store> rocks_;
};

TEST_F(KeyChangeOnDisk, NoFileHoldsWhatTheOldKeyOpens) {
  ASSERT_TRUE(Open(Given('a')).ok());
  AddPersons(2 * kPerStep);
  std::vector<std::string> secrets = {
      Given('a').master.CheckValue().substr(0, base::kWrappedUnderBytes)};
  // The wrapped root key ends the old one's row but for its standing.
  const std::vector<store::KeyValue> rows = *keys::ReadRows(**rocks_->NewView());
  for (const store::KeyValue& row : rows) {
    secrets.push_back(row.value.substr(row.value.size() - 24));
  }
  for (const auto& [id, value] : Wrapped()) {
    secrets.push_back(value.substr(base::kWrappedUnderBytes));
  }
  for (const std::string& secret : secrets) {
    ASSERT_TRUE(AnyFileHolds(secret)) << "or this test shows nothing";
  }
  ASSERT_TRUE(Open(Given('b', 'a')).ok());
  start_->Run(&ledgers_.clock);
  ASSERT_EQ(start_->change->state().stage, Stage::kOldMayGo);
  ExpectEverybodyReadable();
  for (size_t i = 1; i < secrets.size(); ++i) EXPECT_FALSE(AnyFileHolds(secrets[i])) << i;
}

}  // namespace
}  // namespace signpost::operations
