// The restore drill: a hub under load is backed up twice, every kind of file is damaged and that is
// noticed, and what is restored with the program that an operator runs serves, verifies offline
// with both verifiers, and does not bring back whoever was erased.

#include <grpcpp/grpcpp.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/audit/filter.h"
#include "hub/backup/files.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/rpc/metrics.h"
#include "hub/tlog/verifier.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/maintenance.grpc.pb.h"
#include "signpost/v1/person.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

const Known kTariq{"Tariqulzafar", "Mahmoodpur", 2009, 5, 17, "NT4 7QX", ""};
const Known kJade{"Jade", "Winterbourne", 2010, 2, 3, "NT1 1AA", ""};

struct Ran {
  int exit_code;
  std::string output;
};

Ran RunCommand(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  Ran ran{-1, ""};
  std::array<char, 4096> buffer;
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    ran.output.append(buffer.data(), n);
  }
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

void WriteAll(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string FolderOf(const app::HubConfig& config) {
  return fs::path(config.store_path).parent_path().string();
}

Nortown::Setup WithBackups() {
  Nortown::Setup setup;
  setup.change = [](app::HubConfig* config) {
    const std::string folder = FolderOf(*config);
    config->backup.directory = folder + "/backups";
    config->backup.keys_directory = folder + "/other-medium";
    config->backup.key_file = folder + "/backup.key";
    config->backup.store_path = config->store_path;
    base::OsRandom random;
    // There already when the hub is opened again.
    (void)backup::WriteNewBackupKey(config->backup.key_file, &random);
    // Once there is another master key it is changed, until the old one is taken away.
    if (!fs::exists(folder + "/new-master.key")) return;
    if (!fs::exists(folder + "/old-one-went"))
      config->old_master_key_file = config->master_key_file;
    config->master_key_file = folder + "/new-master.key";
    config->keys_per_step = 3;
  };
  return setup;
}

class BackupStories : public ::testing::Test {
 protected:
  BackupStories() : nortown_(WithBackups()) {}

  std::string Path(const std::string& name) const { return nortown_.folder() + "/" + name; }

  grpc::Status MakeBackup(v1::MakeBackupResponse* response, const std::string& request_id) {
    v1::MakeBackupRequest request;
    request.set_request_id(request_id);
    return v1::MaintenanceService::NewStub(nortown_.Channel("nortown-hub", "operator"))
        ->MakeBackup(nortown_.Context().get(), request, response);
  }
  v1::MakeBackupResponse MakeBackup() {
    v1::MakeBackupResponse response;
    const grpc::Status status = MakeBackup(&response, nortown_.RequestId());
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  Ran Restore(const std::string& into, const std::string& more, std::string master = "") {
    const std::string authority = Agencies::Authority();
    if (master.empty()) master = authority + "/hub/master.key";
    return RunCommand(absl::StrCat(SIGNPOST_BIN_DIR, "/signpost-hub restore --from ",
                                   Path("backups"), " --backup-key ", Path("backup.key"),
                                   " --keys ", Path("other-medium/person-keys"), " --master ",
                                   master, " --ledger ", authority, "/hub/ledger.key --checkpoint ",
                                   Path("checkpoint"), " --into ", into, " ", more));
  }
  void Erase(const std::string& agency, const std::string& record) {
    const request::HubContext& context = nortown_.hub().context();
    const auto held = context.store->NewView();
    const ledger::GuardedView view(held->get());
    const base::PersonId person =
        context.people
            ->Read(view, context.people->LookupLocalRecord(view, agency, record)->known_as)
            ->id();
    auto erased =
        context.linker->PrepareErase(view, person, "nortown-social-services", context.clock->Now());
    ASSERT_TRUE(erased.ok());
    ledger::Operation operation;
    operation.batch = *std::move(erased);
    operation.reads = view.reads();
    operation.entries.push_back(ledger::ToDraft(
        context.entries->New(ledger::v1::ENTRY_KIND_PERSON_ERASED, base::Principal(), "")));
    ASSERT_TRUE(context.sequencer->SubmitAndWait(std::move(operation)).ok());
  }
  ledger::v1::LedgerEntry EntryAt(uint64_t index) {
    ledger::v1::LedgerEntry entry;
    const auto view = nortown_.hub().context().store->NewView();
    entry.ParseFromString(*ledger::LedgerReader(view->get()).Entry(index));
    return entry;
  }
  int Flags(const std::string& record) {
    return nortown_
        .Ask(TariqsAdviser(), AskAboutRecord(&nortown_, record, v1::PURPOSE_SUPPORT_PLANNING))
        .answer.flags_size();
  }
  // Whatever there is now, checked by both verifiers.
  void VerifyOffline() {
    const std::string copy = Path("copy");
    fs::remove_all(copy);
    ASSERT_TRUE(nortown_.hub().context().sequencer->Checkpoint().ok());
    const auto view = nortown_.hub().context().store->NewView();
    ASSERT_TRUE(ledger::LedgerReader(view->get()).ExportTiles(copy, true).ok());
    const std::string key = nortown_.hub().verifier_key();
    const auto verifier = tlog::NoteVerifier::Parse(key);
    const tlog::VerifyReport report = tlog::VerifyDirectory(copy, {&*verifier, 1}, {});
    EXPECT_TRUE(report.ok()) << report.ToString();
    const Ran ran = RunCommand(absl::StrCat("python3 ", SIGNPOST_SOURCE_DIR,
                                            "/tests/independent/verify_ledger.py directory ", copy,
                                            " --key '", key, "'"));
    EXPECT_EQ(ran.exit_code, 0) << ran.output;
  }

  Nortown nortown_;
};

TEST_F(BackupStories, ADrill) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen"));
  nortown_.Report("northern-connexions", OpenFlag("C-2", kJade, "connexions", "Maureen"));
  for (int i = 0; i < 20; ++i) {
    Known known = kTariq;
    known.surname += std::string(1, static_cast<char>('a' + i));
    known.day = 1 + i;
    nortown_.Report("northern-connexions",
                    OpenFlag(absl::StrCat("M-", i), known, "connexions", "Maureen"));
  }
  ASSERT_EQ(Flags("C-1"), 1);
  ASSERT_EQ(Flags("C-2"), 1);
  const v1::MakeBackupResponse first = MakeBackup();
  EXPECT_EQ(first.backup(), 1u);
  EXPECT_EQ(EntryAt(first.receipt().ledger_index()).kind(), ledger::v1::ENTRY_KIND_BACKUP_MADE);
  EXPECT_EQ(EntryAt(first.receipt().ledger_index()).backup_made().backup(), 1u);

  // A bit of each kind of file, and it is noticed.
  std::vector<fs::path> files = {Path("backups/manifests/00000001"),
                                 Path("other-medium/person-keys")};
  for (const auto& object : fs::directory_iterator(Path("backups/objects"))) {
    files.push_back(object.path());
  }
  ASSERT_GT(files.size(), 10u);
  for (const fs::path& file : files) {
    const std::string bytes = ReadFile(file.string());
    std::string changed = bytes;
    changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 4);
    WriteAll(file, changed);
    const Ran ran = Restore(Path("restored"), "--number 1 --older-than-witnessed");
    WriteAll(file, bytes);
    EXPECT_EQ(ran.exit_code, 1) << file;
    EXPECT_THAT(ran.output, HasSubstr("does not verify")) << file;
    EXPECT_FALSE(fs::exists(Path("restored")));
  }

  // Backed up while it works.
  std::thread load([this] {
    for (int i = 0; i < 30; ++i) Flags("C-1");
  });
  const v1::MakeBackupResponse second = MakeBackup();
  load.join();
  EXPECT_GT(second.ledger_size(), first.ledger_size());
  EXPECT_LT(second.files_added(), second.files());

  Erase("northern-connexions", "C-2");
  EXPECT_EQ(Flags("C-2"), 0);
  const v1::MakeBackupResponse third = MakeBackup();
  nortown_.Stop();

  // The first backup, long after: not unawares.
  const Ran refused = Restore(Path("restored"), "--number 1");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("--older-than-witnessed"));
  EXPECT_FALSE(fs::exists(Path("restored")));
  const Ran restored = Restore(Path("restored"), "--number 1 --older-than-witnessed");
  ASSERT_EQ(restored.exit_code, 0) << restored.output;
  EXPECT_THAT(restored.output, HasSubstr("1 were erased since"));
  EXPECT_THAT(restored.output, HasSubstr("Given up: a published ledger of"));

  fs::rename(Path("store"), Path("damaged"));
  fs::rename(Path("restored"), Path("store"));
  nortown_.Restart();
  const ledger::v1::LedgerEntry entry = EntryAt(first.ledger_size());
  EXPECT_EQ(entry.kind(), ledger::v1::ENTRY_KIND_RESTORED);
  EXPECT_EQ(audit::OutcomeText(entry), "older-than-published");
  EXPECT_EQ(entry.restored().backup(), 1u);
  EXPECT_EQ(entry.restored().given_up_root().size(), 32u);
  EXPECT_EQ(Flags("C-1"), 1);
  EXPECT_EQ(Flags("C-2"), 0) << "they were erased after this backup was made";
  VerifyOffline();
  // And life goes on: that record stays out until an officer has answered, and under another one they
  // are somebody new.
  for (const char* record : {"C-2", "C-3"}) {
    EXPECT_EQ(
        nortown_.Report("northern-connexions", OpenFlag(record, kJade, "connexions", "M")).kind(),
        v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
  EXPECT_EQ(Flags("C-2"), 0);
  EXPECT_EQ(Flags("C-3"), 1);
  EXPECT_GT(MakeBackup().backup(), third.backup());
  nortown_.Restart();
  VerifyOffline();
}

TEST_F(BackupStories, AnErasureAfterTheLastBackupHoldsToo) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen"));
  nortown_.Report("northern-connexions", OpenFlag("C-2", kJade, "connexions", "Maureen"));
  MakeBackup();
  v1::ErasePersonRequest request;
  request.set_request_id(nortown_.RequestId());
  *request.mutable_person()->mutable_details() = Details(kJade);
  request.set_reason("They asked for it in writing.");
  request.set_confirmed(true);
  v1::ErasePersonResponse response;
  const grpc::Status erased =
      v1::PersonService::NewStub(nortown_.Channel("nortown-social-services", "casework"))
          ->ErasePerson(
              nortown_
                  .ContextOf({"nortown-social-services", "dp-001", "data-protection-officer", {}})
                  .get(),
              request, &response);
  ASSERT_TRUE(erased.ok()) << erased.error_message();
  nortown_.Stop();
  const Ran restored = Restore(Path("restored"), "--older-than-witnessed");
  ASSERT_EQ(restored.exit_code, 0) << restored.output;
  EXPECT_THAT(restored.output, HasSubstr("Keys of 1 young persons"));
  EXPECT_THAT(restored.output, HasSubstr("1 were erased since"));
  fs::rename(Path("store"), Path("damaged"));
  fs::rename(Path("restored"), Path("store"));
  nortown_.Restart();
  EXPECT_EQ(Flags("C-1"), 1);
  EXPECT_EQ(Flags("C-2"), 0);
}

// Who is found, by details and by record, whom a report is about and what a request led to hang on
// keys that stay as they are; the backup made before is opened by the key of today.
TEST_F(BackupStories, TheMasterKeyIsChangedAndNobodyIsSomebodyElse) {
  const auto report = [this](int i) {
    // Nobody like another.
    const Known known{std::string(6, static_cast<char>('a' + i)),
                      std::string(7, static_cast<char>('a' + (i * 7) % 26)),
                      2008,
                      1 + i % 12,
                      1 + i,
                      "NT2 1AA",
                      ""};
    return nortown_
        .Report("northern-connexions",
                OpenFlag(absl::StrCat("M-", i), known, "connexions", "Maureen"))
        .kind();
  };
  for (int i = 0; i < 20; ++i) ASSERT_EQ(report(i), v1::FLAG_OUTCOME_KIND_RECEIVED);
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen"));
  nortown_.Report("northern-connexions", OpenFlag("C-2", kJade, "connexions", "Maureen"));
  const auto by_details = [this] {
    return nortown_.Ask(TariqsAdviser(), AskAbout(&nortown_, kTariq, v1::PURPOSE_SUPPORT_PLANNING))
        .answer.flags_size();
  };
  ASSERT_EQ(by_details(), 1);
  v1::MakeBackupResponse first;
  ASSERT_TRUE(MakeBackup(&first, "before").ok());

  base::OsRandom random;
  ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("new-master.key"), &random).ok());
  const auto as_before = [&] {
    EXPECT_EQ(Flags("C-1"), 1);
    EXPECT_EQ(by_details(), 1);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(report(i), v1::FLAG_OUTCOME_KIND_RECEIVED) << i;
    v1::MakeBackupResponse again;
    EXPECT_TRUE(MakeBackup(&again, "before").ok());
    EXPECT_EQ(again.receipt().leaf_hash(), first.receipt().leaf_hash());
  };
  nortown_.Restart();
  as_before();  // while it runs, perhaps
  while (!absl::StrContains(nortown_.hub().metrics().Text(), "signpost_old_master_key_needed 0")) {
    as_before();
  }
  as_before();
  WriteAll(Path("old-one-went"), "");
  nortown_.Restart();
  as_before();
  Erase("northern-connexions", "C-2");
  MakeBackup();
  VerifyOffline();
  nortown_.Stop();

  const Ran refused = Restore(Path("restored"), "--number 1 --older-than-witnessed");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("was replaced on"));
  EXPECT_FALSE(fs::exists(Path("restored")));
  const Ran restored =
      Restore(Path("restored"), "--number 1 --older-than-witnessed", Path("new-master.key"));
  ASSERT_EQ(restored.exit_code, 0) << restored.output;
  EXPECT_THAT(restored.output, HasSubstr("1 were erased since"));
  fs::rename(Path("store"), Path("damaged"));
  fs::rename(Path("restored"), Path("store"));
  nortown_.Restart();
  EXPECT_EQ(Flags("C-1"), 1);
  EXPECT_EQ(Flags("C-2"), 0);
  EXPECT_EQ(by_details(), 1);
}

TEST_F(BackupStories, AskedTwiceItIsMadeOnce) {
  v1::MakeBackupResponse first;
  ASSERT_TRUE(MakeBackup(&first, "backup-once").ok());
  v1::MakeBackupResponse again;
  ASSERT_TRUE(MakeBackup(&again, "backup-once").ok());
  EXPECT_EQ(again.backup(), 1u);
  EXPECT_EQ(again.receipt().leaf_hash(), first.receipt().leaf_hash());
  // At once, from many: one is made, and each is told of it or to wait.
  std::vector<std::thread> threads;
  std::vector<v1::MakeBackupResponse> responses(6);
  std::vector<grpc::Status> statuses(6);
  nortown_.Channel("nortown-hub", "operator");
  for (size_t i = 0; i < responses.size(); ++i) {
    threads.emplace_back([&, i] { statuses[i] = MakeBackup(&responses[i], "backup-storm"); });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < responses.size(); ++i) {
    EXPECT_TRUE(statuses[i].ok()) << statuses[i].error_message();
    EXPECT_EQ(responses[i].backup(), 2u);
    EXPECT_EQ(responses[i].receipt().ledger_index(), responses[0].receipt().ledger_index());
  }
}

TEST_F(BackupStories, OneThatFailsIsRecordedAndOthersMayNotAsk) {
  WriteAll(Path("backups"), "something else is there");
  v1::MakeBackupResponse response;
  const uint64_t before = nortown_.hub().context().sequencer->head().size;
  EXPECT_FALSE(MakeBackup(&response, "fails").ok());
  const ledger::v1::LedgerEntry entry = EntryAt(before);
  EXPECT_EQ(entry.kind(), ledger::v1::ENTRY_KIND_BACKUP_MADE);
  EXPECT_EQ(audit::OutcomeText(entry), "STORE_UNAVAILABLE");

  v1::MakeBackupRequest request;
  request.set_request_id("not-mine");
  for (const auto& [agency, system] :
       {std::pair<const char*, const char*>{"nortown-yot", "adapter"},
        {"nortown-audit", "auditor"}}) {
    EXPECT_EQ(v1::MaintenanceService::NewStub(nortown_.Channel(agency, system))
                  ->MakeBackup(nortown_.Context().get(), request, &response)
                  .error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
  }
}

TEST(BackupWithoutAPlace, SaysWhatToSet) {
  Nortown nortown;
  v1::MakeBackupRequest request;
  request.set_request_id("r");
  v1::MakeBackupResponse response;
  const grpc::Status status =
      v1::MaintenanceService::NewStub(nortown.Channel("nortown-hub", "operator"))
          ->MakeBackup(nortown.Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace signpost::scenarios
