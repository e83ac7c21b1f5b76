// The operator's housekeeping: each act is an entry, one that failed too, and happens once under
// its request id.

#include "hub/operations/maintenance.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "hub/backup/files.h"
#include "hub/ledger/reader.h"
#include "tests/base/scratch_folder.h"
#include "tests/request/hub_rooms.h"

namespace signpost::operations {
namespace {

namespace fs = std::filesystem;
using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MaintenanceTest : public request::HubRooms {
 protected:
  MaintenanceTest() { TariqIsKnown(); }

  // Backups of this store, which is one that cannot be copied; its keys can.
  std::unique_ptr<backup::Backups> OpenBackups() {
    EXPECT_TRUE(backup::WriteNewBackupKey(folder_ / "backup.key", &random_).ok());
    backup::BackupOptions options;
    options.directory = folder_ / "backups";
    options.keys_directory = folder_ / "keys";
    options.key_file = folder_ / "backup.key";
    options.store_path = folder_ / "store";
    return *backup::Backups::Open(options, &store_, &clock_, &random_,
                                  *tlog::NoteVerifier::Parse(signer_->verifier_key()));
  }
  absl::StatusOr<v1::MakeBackupResponse> MakeBackup(Maintenance* maintenance,
                                                    const std::string& request_id) {
    v1::MakeBackupRequest request;
    request.set_request_id(request_id);
    return Wait<v1::MakeBackupResponse>(
        [&](auto done) { maintenance->MakeBackup(Operator(), request, std::move(done)); });
  }
  absl::StatusOr<v1::PruneEntriesResponse> Prune(Maintenance* maintenance,
                                                 const std::string& request_id,
                                                 bool dry_run = false) {
    v1::PruneEntriesRequest request;
    request.set_request_id(request_id);
    request.set_dry_run(dry_run);
    return Wait<v1::PruneEntriesResponse>(
        [&](auto done) { maintenance->PruneEntries(Operator(), request, std::move(done)); });
  }
  static std::map<ledger::v1::EntryKind, uint64_t> CountsOf(
      const v1::PruneEntriesResponse& response) {
    std::map<ledger::v1::EntryKind, uint64_t> counts;
    for (const v1::PrunedEntries& kind : response.kinds()) counts[kind.kind()] = kind.count();
    return counts;
  }

  schedule::Schedule schedule_{&clock_};
  const base::ScratchFolder folder_;
  const Retention thirty_days_ = {{ledger::v1::ENTRY_KIND_WHO_KNOWS, 30}};
};

TEST_F(MaintenanceTest, ABackupThatFailsIsRecordedAndTriedAgainUnderTheSameId) {
  const std::unique_ptr<backup::Backups> backups = OpenBackups();
  Maintenance maintenance(context_, backups.get(), {}, &schedule_);
  for (int i = 1; i <= 2; ++i) {
    const auto failed = MakeBackup(&maintenance, "backup-1");
    EXPECT_EQ(ReasonOf(failed.status()), Reason::kInvalidField);
    EXPECT_EQ(LastEntry().kind, "backup-made");
    EXPECT_EQ(LastEntry().outcome, "INVALID_FIELD");
    EXPECT_EQ(LastEntry().agency_id, request::kHub);
    EXPECT_EQ(Entries("backup-made").size(), static_cast<size_t>(i));
  }
}

TEST_F(MaintenanceTest, WithoutAPlaceOrARetentionItSaysWhatToSet) {
  Maintenance maintenance(context_, nullptr, {}, &schedule_);
  const uint64_t before = LedgerSize();
  EXPECT_THAT(FieldsOf(MakeBackup(&maintenance, "a").status()), ElementsAre("backup"));
  EXPECT_THAT(FieldsOf(Prune(&maintenance, "b").status()), ElementsAre("retention_days"));
  EXPECT_FALSE(maintenance.KeysAreStale());
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(MaintenanceTest, WhatIsPastItsTimeGoesOnceAndIsSaid) {
  Ask(Adviser(), AskAboutRecord("C-1"));
  const uint64_t old = LastEntry().index;
  clock_.Advance(absl::Hours(24 * 30 + 1));
  Ask(Adviser(), AskAboutRecord("C-1"));
  const uint64_t young = LastEntry().index;
  Maintenance maintenance(context_, nullptr, thirty_days_, &schedule_);
  const uint64_t before = LedgerSize();
  const auto counted = Prune(&maintenance, "prune-0", true);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(CountsOf(*counted),
            (std::map<ledger::v1::EntryKind, uint64_t>{{ledger::v1::ENTRY_KIND_WHO_KNOWS, 1}}));
  EXPECT_FALSE(counted->has_receipt());
  EXPECT_EQ(LedgerSize(), before);

  const auto pruned = Prune(&maintenance, "prune-1");
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_EQ(CountsOf(*pruned),
            (std::map<ledger::v1::EntryKind, uint64_t>{{ledger::v1::ENTRY_KIND_WHO_KNOWS, 1}}));
  EXPECT_EQ(LastEntry().kind, "pruned");
  EXPECT_EQ(pruned->receipt().ledger_index(), LastEntry().index);
  const auto view = View();
  EXPECT_TRUE(ledger::IsPruned(ledger::LedgerReader(view.get()).Entry(old).status()));
  EXPECT_TRUE(ledger::LedgerReader(view.get()).Entry(young).ok());

  const auto again = Prune(&maintenance, "prune-1");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->receipt().ledger_index(), pruned->receipt().ledger_index());
  EXPECT_EQ(CountsOf(*again), CountsOf(*pruned));
  EXPECT_EQ(LedgerSize(), before + 1);
  EXPECT_EQ(ReasonOf(Prune(&maintenance, "prune-1", true).status()), Reason::kRequestIdReused);
}

TEST_F(MaintenanceTest, MoreThanACommitTakesGoesInSeveralAndIsCountedTogether) {
  constexpr int kEntries = static_cast<int>(kPrunedPerCommitMax) + 5;
  for (int left = kEntries; left > 0;) {
    ledger::Operation operation;
    for (int i = 0; i < 500 && left > 0; ++i, --left) {
      operation.entries.push_back(
          ledger::ToDraft(entries_->New(ledger::v1::ENTRY_KIND_WHO_KNOWS, base::Principal(), "")));
    }
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  }
  clock_.Advance(absl::Hours(24 * 31));
  Ask(Adviser(), AskAboutRecord("C-1"));
  Maintenance maintenance(context_, nullptr, thirty_days_, &schedule_);
  const auto pruned = Prune(&maintenance, "prune-1");
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_EQ(
      CountsOf(*pruned),
      (std::map<ledger::v1::EntryKind, uint64_t>{{ledger::v1::ENTRY_KIND_WHO_KNOWS, kEntries}}));
  EXPECT_EQ(EntryAt(LedgerSize() - 1).kind, "pruned");
  EXPECT_EQ(EntryAt(LedgerSize() - 2).kind, "pruned");
  EXPECT_EQ(EntryAt(LedgerSize() - 3).kind, "who-knows");
}

TEST_F(MaintenanceTest, AfterItsEndItRefuses) {
  Maintenance maintenance(context_, nullptr, thirty_days_, &schedule_);
  maintenance.Shutdown();
  EXPECT_EQ(ReasonOf(Prune(&maintenance, "prune-1").status()), Reason::kShuttingDown);
}

TEST_F(MaintenanceTest, TheFileOfPersonKeysIsWrittenAtTheStartAndAfterEachErasureUntilItGoesWell) {
  const std::unique_ptr<backup::Backups> backups = OpenBackups();
  Maintenance maintenance(context_, backups.get(), {}, &schedule_);
  EXPECT_TRUE(maintenance.KeysAreStale());
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_FALSE(maintenance.KeysAreStale());
  EXPECT_TRUE(fs::exists(folder_ / "keys/person-keys"));
  EXPECT_EQ(schedule_.next(), absl::InfiniteFuture());

  // Its medium is away: a file stands where the directory was.
  fs::remove_all(folder_ / "keys");
  std::fclose(std::fopen((folder_ / "keys").c_str(), "w"));
  maintenance.KeysChanged();
  EXPECT_TRUE(maintenance.KeysAreStale());
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_TRUE(maintenance.KeysAreStale());
  EXPECT_EQ(schedule_.next(), clock_.Now() + schedule::kRetryFirst);
  fs::remove(folder_ / "keys");
  clock_.Advance(schedule::kRetryFirst);
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_FALSE(maintenance.KeysAreStale());
  EXPECT_TRUE(fs::exists(folder_ / "keys/person-keys"));
}

TEST_F(MaintenanceTest, ItFollowsWhatIsClosedAndWhoIsErased) {
  const std::unique_ptr<backup::Backups> backups = OpenBackups();
  int forgotten = 0;
  absl::Status forgets = base::Error(Reason::kAborted, "somebody's view shows it still");
  Maintenance maintenance(context_, backups.get(), {}, &schedule_, [&] {
    ++forgotten;
    return forgets;
  });
  const std::unique_ptr<store::Following> following = *sequencer_->Follow(&maintenance);
  EXPECT_EQ(schedule_.RunDue(), 1) << "nobody was ever erased: nothing to forget";
  EXPECT_FALSE(maintenance.KeysAreStale());
  const auto commit = [this](store::Batch change) {
    ledger::Operation operation;
    operation.batch = std::move(change);
    operation.entries.push_back(
        ledger::ToDraft(entries_->New(ledger::v1::ENTRY_KIND_HUB, base::Principal(), "")));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  };
  const base::PersonId tariq = PersonOf(request::kConnexions, "C-1").id();
  const auto held = View();
  const ledger::GuardedView view(held.get());
  commit(
      people_->PrepareShield(view, tariq, {true, request::kSocial, nullptr}, clock_.Now())->change);
  EXPECT_TRUE(maintenance.KeysAreStale());
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_FALSE(maintenance.KeysAreStale());
  EXPECT_EQ(forgotten, 0);

  const auto later = View();
  commit(*context_.linker->PrepareErase(ledger::GuardedView(later.get()), tariq, request::kSocial,
                                        clock_.Now()));
  EXPECT_TRUE(maintenance.KeysAreStale());
  EXPECT_EQ(schedule_.RunDue(), 2);
  EXPECT_FALSE(maintenance.KeysAreStale());
  EXPECT_EQ(forgotten, 1);
  forgets = absl::OkStatus();
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(forgotten, 2);
  EXPECT_EQ(schedule_.next(), absl::InfiniteFuture());

  // Whoever starts after somebody was erased does not know whether that was done.
  schedule::Schedule next_schedule(&clock_);
  Maintenance next(context_, nullptr, {}, &next_schedule, [&] {
    ++forgotten;
    return absl::OkStatus();
  });
  const std::unique_ptr<store::Following> next_following = *sequencer_->Follow(&next);
  EXPECT_EQ(next_schedule.RunDue(), 1);
  EXPECT_EQ(forgotten, 3);
}

}  // namespace
}  // namespace signpost::operations
