// The whole hub: its configuration, its start and what keeps it from starting, its end.

#include "hub/app/hub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/app/config.h"
#include "hub/base/encoding.h"
#include "hub/base/version.h"
#include "hub/enrolment/enrolment.h"
#include "hub/keys/master_key.h"
#include "hub/ledger/reader.h"
#include "hub/rpc/metrics.h"
#include "hub/store/rocksdb_store.h"
#include "tests/base/scratch_folder.h"
#include "tests/rpc/test_pki.h"
#include "tests/store/store_testing.h"

namespace signpost::app {
namespace {

using base::Reason;
using ::testing::HasSubstr;

constexpr char kConfig[] = R"({
  "listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0",
  "trust_domain": "nortown.example", "audience": "signpost.nortown.example",
  "origin": "signpost.test/ledger",
  "operator_spiffe_id": "spiffe://nortown.example/agency/nortown-hub/system/operator",
  "tls": {"certificate": "hub.pem", "key": "hub.key", "client_ca": "ca.pem"},
  "keys": {"master": "master.key", "ledger": "ledger.key"},
  "store": {"kind": "rocksdb", "path": "store"}, "checkpoint_file": "checkpoint",
  "policy": {"text": "area.policy", "words": "words.json"}, "log": {"file": "log.jsonl"}
})";

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Page(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  const std::string ask =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0 &&
      ::write(fd, ask.data(), ask.size()) == static_cast<ssize_t>(ask.size())) {
    char buffer[4096];
    for (ssize_t n; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
  }
  ::close(fd);
  return text;
}

class HubTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const rpc::TestIdentity hub =
        authority_.Issue({"spiffe://nortown.example/hub"}, /*server=*/true);
    rpc::WriteFile(Path("hub.pem"), hub.certificate_pem);
    rpc::WriteFile(Path("hub.key"), hub.key_pem);
    rpc::WriteFile(Path("ca.pem"), authority_.certificate_pem());
    base::OsRandom random;
    ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("master.key"), &random).ok());
    const auto pair = tlog::GenerateNoteKey("signpost.test/ledger");
    ASSERT_TRUE(tlog::WriteNoteKey(Path("ledger.key"), *pair).ok());
    const std::string source = SIGNPOST_SOURCE_DIR;
    rpc::WriteFile(Path("area.policy"), ReadAll(source + "/policy/shipped/nortown.policy"));
    rpc::WriteFile(Path("words.json"), ReadAll(source + "/deploy/area/nortown-words.json"));
    config_text_ = kConfig;
  }
  std::string Path(const std::string& name) const { return directory_ / name; }
  std::string CheckOf(const std::string& master_file) const {
    return base::HexEncode(base::MasterKey::ReadFile(Path(master_file))->CheckValue());
  }
  absl::StatusOr<app::HubConfig> Config() const {
    return app::ParseHubConfig(config_text_, "hub.json", directory_.path());
  }
  void Set(const std::string& from, const std::string& to) {
    const std::string changed = absl::StrReplaceAll(config_text_, {{from, to}});
    ASSERT_NE(changed, config_text_) << from;
    config_text_ = changed;
  }
  // Why the hub does not start, or OK when it does and serves.
  absl::Status Start() {
    const absl::StatusOr<app::HubConfig> config = Config();
    if (!config.ok()) return config.status();
    absl::StatusOr<std::unique_ptr<app::Hub>> hub = app::Hub::Open(*config);
    if (!hub.ok()) return hub.status();
    return (*hub)->Serve();
  }

  struct Run {
    int exit_code = -1;
    std::string out;
    std::string err;
  };
  // The program itself; `stop` sends SIGTERM once it has started.
  Run RunProgram(const std::vector<std::string>& arguments, bool stop = false) {
    const std::string program = std::string(SIGNPOST_BIN_DIR) + "/signpost-hub";
    const pid_t child = fork();
    if (child == 0) {
      if (!std::freopen(Path("out").c_str(), "w", stdout)) _exit(99);
      if (!std::freopen(Path("err").c_str(), "w", stderr)) _exit(99);
      std::vector<char*> argv = {const_cast<char*>(program.c_str())};
      for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
      argv.push_back(nullptr);
      execv(program.c_str(), argv.data());
      _exit(98);
    }
    for (int i = 0; stop && i < 3000; ++i) {
      if (ReadAll(Path("log.jsonl")).find("hub_started") != std::string::npos) break;
      absl::SleepFor(absl::Milliseconds(10));
    }
    if (stop) kill(child, SIGTERM);
    int status = 0;
    waitpid(child, &status, 0);
    Run run;
    run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    run.out = ReadAll(Path("out"));
    run.err = ReadAll(Path("err"));
    return run;
  }

  rpc::TestAuthority authority_;
  const base::ScratchFolder directory_;
  std::string config_text_;
};

TEST_F(HubTest, ConfigurationIsReadWithPathsBesideTheFile) {
  const absl::StatusOr<app::HubConfig> config = Config();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.certificate_file, Path("hub.pem"));
  EXPECT_EQ(config->store_path, Path("store"));
  EXPECT_EQ(config->executor_threads, 4);
  EXPECT_FALSE(config->server.reflection);
}

TEST_F(HubTest, EverythingWrongWithAConfigurationIsSaidAtOnce) {
  Set("\"audience\"", "\"audiense\"");
  Set("\"listen\": \"127.0.0.1:0\", ", "");
  Set("nortown.example/agency/nortown-hub", "elsewhere.example/agency/nortown-hub");
  const absl::Status wrong = Config().status();
  EXPECT_EQ(base::ReasonOf(wrong), Reason::kInvalidField);
  for (const char* key : {"audience", "audiense", "listen", "operator_spiffe_id"}) {
    EXPECT_THAT(std::string(wrong.message()), HasSubstr(key));
  }
}

TEST_F(HubTest, ACheckpointInsideTheStoreIsRefused) {
  Set("\"checkpoint_file\": \"checkpoint\"", "\"checkpoint_file\": \"store/../store/checkpoint\"");
  EXPECT_THAT(std::string(Config().status().message()), HasSubstr("checkpoint_file"));
}

// How long what is closed is kept is checked before anything is served. Broken once by leaving out
// CheckKeeping().
TEST_F(HubTest, ATableThatCannotBeIsRefusedWithWhatIsWrongWithIt) {
  const auto with = [this](const std::string& tables) {
    const std::string before = config_text_;
    Set("\"checkpoint_file\"", "\"keeping\": {\"tables\": [" + tables + "]}, \"checkpoint_file\"");
    const absl::Status started = Start();
    config_text_ = before;
    return started;
  };
  const std::string others = "\"archived_after_months\": 6, \"erased_after_years\": 3";
  EXPECT_TRUE(with("{\"from\": \"2026-01-01\", \"others\": {" + others + "}}").ok());
  const std::pair<std::string, const char*> wrong[] = {
      {"", "tables"},
      {"{\"from\": \"soon\", \"others\": {" + others + "}}", "from"},
      {"{\"from\": \"2026-01-01\", \"others\": {}}", "archived_after_months"},
      {"{\"from\": \"2026-01-01\", \"others\": {" + others + ", \"erased_at_age\": 21}}",
       "erased_at_age"},
      {"{\"from\": \"2026-01-01\", \"others\": {" + others + ", \"erased_at_age\": 18}}",
       "whichever"},
      {"{\"from\": \"2026-01-01\", \"others\": {\"archived_after_months\": 36, "
       "\"erased_after_years\": 3}}",
       "erased_after_years"},
      {"{\"from\": \"2026-01-01\", \"others\": {" + others +
           "}, \"services\": [{\"service\": \"drugz\", " + others + "}]}",
       "drugz"},
      {"{\"from\": \"2026-01-01\", \"others\": {" + others +
           "}}, {\"from\": \"2026-01-01\", \"others\": {" + others + "}}",
       "from"}};
  for (const auto& [tables, key] : wrong) {
    const absl::Status refused = with(tables);
    EXPECT_EQ(base::ReasonOf(refused), Reason::kInvalidField) << tables;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(key)) << tables;
  }
}

TEST_F(HubTest, BackupsAndKeysMustLieApart) {
  const auto with = [this](const std::string& directory, const std::string& keys,
                           const std::string& key) {
    const std::string before = config_text_;
    Set("\"checkpoint_file\"", "\"backup\": {\"directory\": \"" + directory +
                                   "\", \"keys_directory\": \"" + keys + "\", \"key\": \"" + key +
                                   "\", \"keep\": 30}, \"checkpoint_file\"");
    const absl::StatusOr<app::HubConfig> config = Config();
    config_text_ = before;
    return config;
  };
  const absl::StatusOr<app::HubConfig> good = with("backups", "elsewhere", "backup.key");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->backup.directory, Path("backups"));
  EXPECT_EQ(good->backup.store_path, Path("store"));
  EXPECT_EQ(good->backup.keep, 30);
  EXPECT_THAT(std::string(with("store/b", "e", "k").status().message()), HasSubstr("directory"));
  EXPECT_THAT(std::string(with("b", "store", "k").status().message()), HasSubstr("keys_directory"));
  EXPECT_THAT(std::string(with("b", "b/keys", "k").status().message()),
              HasSubstr("keys_directory"));
  EXPECT_THAT(std::string(with("b/c", "b", "k").status().message()), HasSubstr("keys_directory"));
  EXPECT_THAT(std::string(with("b", "e", "b/k").status().message()), HasSubstr("key"));
  EXPECT_FALSE(with("b", "", "k").ok());
}

TEST_F(HubTest, AStoreWithoutSyncNeedsToBeSaidTwice) {
  Set("\"path\": \"store\"", "\"path\": \"store\", \"unsafe_no_sync\": true");
  EXPECT_EQ(base::ReasonOf(Config().status()), Reason::kInvalidField);
  Set("\"unsafe_no_sync\": true", "\"unsafe_no_sync\": true, \"negative_control\": true");
  EXPECT_TRUE(Config()->unsafe_no_sync_for_negative_control);
}

TEST_F(HubTest, StartsServesAndKeepsItsLedgerAcrossARestart) {
  const absl::StatusOr<app::HubConfig> config = Config();
  ASSERT_TRUE(config.ok()) << config.status();
  uint64_t size = 0;
  {
    auto hub = app::Hub::Open(*config);
    ASSERT_TRUE(hub.ok()) << hub.status();
    ASSERT_TRUE((*hub)->Serve().ok());
    EXPECT_GT((*hub)->port(), 0);
    EXPECT_GT((*hub)->admin_port(), 0);
    size = (*hub)->context().sequencer->head().size;
    EXPECT_EQ(size, 1u) << "that it started";
  }
  auto again = app::Hub::Open(*config);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->context().sequencer->head().size, size + 2) << "stopped, and started";
}

TEST_F(HubTest, KeysThatOthersCanReadKeepItFromStarting) {
  for (const char* file : {"master.key", "ledger.key", "hub.key"}) {
    chmod(Path(file).c_str(), 0640);
    const absl::Status refused = Start();
    EXPECT_EQ(base::ReasonOf(refused), Reason::kKeyUnavailable) << file << ": " << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(file));
    EXPECT_THAT(std::string(refused.message()), HasSubstr("chmod"));
    chmod(Path(file).c_str(), 0600);
  }
  EXPECT_TRUE(Start().ok());
}

TEST_F(HubTest, AnotherMasterKeyIsRefusedAndNothingIsTouched) {
  ASSERT_TRUE(Start().ok());
  const auto size = [this] {
    const auto store = store::RocksDbEngine().Open(Path("store"), /*read_only=*/true);
    return ledger::LedgerReader((*store)->NewView()->get()).Head()->size;
  };
  const uint64_t before = size();
  base::OsRandom random;
  ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("other.key"), &random).ok());
  Set("\"master.key\"", "\"other.key\"");
  const absl::Status refused = Start();
  EXPECT_EQ(base::ReasonOf(refused), Reason::kKeyUnavailable) << refused;
  for (const char* file : {"master.key", "other.key"}) {
    EXPECT_THAT(std::string(refused.message()), HasSubstr(CheckOf(file)));
  }
  EXPECT_EQ(size(), before);
  Set("\"other.key\"", "\"master.key\"");
  EXPECT_TRUE(Start().ok());
}

TEST_F(HubTest, AnswersLeaveInStepsUnlessItIsSaidThatTheyDoNot) {
  EXPECT_EQ(Config()->release_step, absl::Milliseconds(10));
  const std::string without = config_text_;
  Set("\"checkpoint_file\"", "\"release_step\": \"0s\", \"checkpoint_file\"");
  EXPECT_EQ(Config()->release_step, absl::ZeroDuration());
  config_text_ = without;
  Set("\"checkpoint_file\"", "\"release_step\": \"1001ms\", \"checkpoint_file\"");
  EXPECT_THAT(std::string(Config().status().message()), HasSubstr("release_step"));
}

TEST_F(HubTest, AStoreThatSaysOfNoMasterKeyIsRefused) {
  ASSERT_TRUE(Start().ok());
  {
    const auto store = *store::OpenRocksDbStore({.path = Path("store")});
    store::Batch batch;
    const std::vector<store::KeyValue> rows = *keys::ReadRows(**store->NewView());
    for (const store::KeyValue& row : rows) {
      batch.Delete(store::Space::kPersonKeys, row.key);
    }
    ASSERT_FALSE(batch.empty());
    ASSERT_TRUE(store::testing::CommitNow(*store, std::move(batch)).ok());
  }
  EXPECT_EQ(base::ReasonOf(Start()), Reason::kDataLoss);
}

TEST_F(HubTest, TheMasterKeyIsChangedWhileItServesAndSaysWhenTheOldOneMayGo) {
  ASSERT_TRUE(Start().ok());
  base::OsRandom random;
  ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("new.key"), &random).ok());
  const std::string one = config_text_;
  Set("\"master\": \"master.key\"",
      "\"master\": \"new.key\", \"old_master\": \"master.key\", \"per_step\": 1");
  {
    const absl::StatusOr<app::HubConfig> config = Config();
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->keys_per_step, 1);
    auto hub = app::Hub::Open(*config);
    ASSERT_TRUE(hub.ok()) << hub.status();
    // Not served yet, so nothing is done yet, and both are needed.
    EXPECT_THAT((*hub)->metrics().Text(), HasSubstr("signpost_old_master_key_needed 1"));
    ASSERT_TRUE((*hub)->Serve().ok());
    std::string health;
    while (health.find("\"stage\":\"old-key-may-go\"") == std::string::npos) {
      health = Page((*hub)->admin_port(), "/health");
      ASSERT_THAT(health, HasSubstr("master_key_change"));
    }
    EXPECT_THAT((*hub)->metrics().Text(), HasSubstr("signpost_old_master_key_needed 0"));
    EXPECT_THAT(Page((*hub)->admin_port(), "/info"), HasSubstr(CheckOf("new.key")));
  }
  EXPECT_THAT(ReadAll(Path("log.jsonl")), HasSubstr("take keys.old_master out"));
  const std::string both = config_text_;
  config_text_ = one;
  EXPECT_EQ(base::ReasonOf(Start()), Reason::kKeyUnavailable) << "the old one alone";
  Set("\"master.key\"", "\"new.key\"");
  EXPECT_TRUE(Start().ok()) << "the new one alone";
  config_text_ = both;
  EXPECT_TRUE(Start().ok()) << "forgotten to take out";
}

TEST_F(HubTest, AnotherNameOfTheLedgerIsNoticed) {
  Set("signpost.test/ledger", "signpost.other/ledger");
  EXPECT_EQ(base::ReasonOf(Start()), Reason::kInvalidField);
}

TEST_F(HubTest, AStoreOfANewerVersionIsLeftAlone) {
  ASSERT_TRUE(Start().ok());
  {
    auto store = store::OpenRocksDbStore({.path = Path("store")});
    ASSERT_TRUE(store.ok()) << store.status();
    store::Batch batch;
    batch.Put(store::Space::kMeta, store::kSchemaVersionKey,
              store::KeyU64(store::kSchemaVersion + 1));
    ASSERT_TRUE(store::testing::CommitNow(*(*store), std::move(batch)).ok());
  }
  EXPECT_EQ(base::ReasonOf(Start()), Reason::kStoreNewer);
}

TEST_F(HubTest, AStoreThatWasPutBackIsNoticed) {
  ASSERT_TRUE(Start().ok());
  std::filesystem::copy(Path("store"), Path("backup"), std::filesystem::copy_options::recursive);
  ASSERT_TRUE(Start().ok());
  std::filesystem::remove_all(Path("store"));
  std::filesystem::rename(Path("backup"), Path("store"));
  EXPECT_EQ(base::ReasonOf(Start()), Reason::kLedgerBehind);
}

TEST_F(HubTest, APolicyThatDoesNotCompileHidesEverythingAndIsToldWithLineAndColumn) {
  rpc::WriteFile(Path("area.policy"), "this is no policy\n");
  const absl::StatusOr<app::HubConfig> config = Config();
  auto hub = app::Hub::Open(*config);
  ASSERT_TRUE(hub.ok()) << hub.status();
  // Nothing is compiled before the area has agencies.
  v1::PutAgencyRequest put;
  put.set_request_id("r-1");
  put.mutable_agency()->set_agency_id("nortown-yot");
  put.mutable_agency()->set_name("YOT");
  put.mutable_agency()->set_kind("yot");
  absl::Notification done;
  base::Principal asker;
  asker.agency_id = "nortown-hub";
  asker.system_id = config->operator_spiffe_id;
  (*hub)->enrolment().PutAgency(asker, put, [&](absl::StatusOr<v1::PutAgencyResponse> response) {
    EXPECT_TRUE(response.ok()) << response.status();
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_EQ((*hub)->context().policy->Get(), nullptr);
  hub->reset();
  ASSERT_TRUE(Start().ok()) << "it starts and hides";
  EXPECT_THAT(ReadAll(Path("log.jsonl")), HasSubstr("policy_not_in_force"));
  EXPECT_THAT(ReadAll(Path("log.jsonl")), HasSubstr("1:1"));
}

TEST_F(HubTest, OpensInMemoryToo) {
  Set(R"("store": {"kind": "rocksdb", "path": "store"}, "checkpoint_file": "checkpoint",)",
      R"("store": {"kind": "memory"},)");
  EXPECT_TRUE(Start().ok());
}

// --- The program ---

TEST_F(HubTest, TheProgramServesUntilItIsToldToStop) {
  rpc::WriteFile(Path("hub.json"), config_text_);
  const Run run = RunProgram({"--config", Path("hub.json")}, /*stop=*/true);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(ReadAll(Path("log.jsonl")), HasSubstr("hub_stopped"));
}

TEST_F(HubTest, TheProgramSaysWhyItDoesNotStart) {
  chmod(Path("master.key").c_str(), 0644);
  rpc::WriteFile(Path("hub.json"), config_text_);
  const Run run = RunProgram({"--config", Path("hub.json")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("\"event\":\"hub_not_started\",\"reason\":\"KEY_UNAVAILABLE\""));
  EXPECT_THAT(run.err, HasSubstr("\nsignpost-hub: "));
  EXPECT_THAT(run.err, HasSubstr("chmod"));
}

TEST_F(HubTest, TheProgramServesNothingWithAnotherMasterKey) {
  ASSERT_TRUE(Start().ok());
  base::OsRandom random;
  ASSERT_TRUE(base::MasterKey::WriteNewFile(Path("other.key"), &random).ok());
  const std::string before = ReadAll(Path("log.jsonl"));
  Set("\"master.key\"", "\"other.key\"");
  rpc::WriteFile(Path("hub.json"), config_text_);
  const Run run = RunProgram({"--config", Path("hub.json")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("\"event\":\"hub_not_started\",\"reason\":\"KEY_UNAVAILABLE\""));
  // What the message names is what the program tells of each file.
  for (const char* file : {"master.key", "other.key"}) {
    const Run told = RunProgram({"check-key", "--master", Path(file)});
    ASSERT_EQ(told.exit_code, 0) << told.err;
    ASSERT_EQ(told.out.size(), 2 * base::kCheckValueBytes + 1);
    EXPECT_THAT(run.err, HasSubstr(told.out.substr(0, 2 * base::kCheckValueBytes)));
  }
  EXPECT_EQ(ReadAll(Path("log.jsonl")), before) << "it served";
}

TEST_F(HubTest, TheProgramMakesKeysOnceAndTellsItsVersion) {
  const std::vector<std::string> keygen = {
      "keygen", "--master", Path("m"), "--ledger", Path("l"), "--name", "area.example/ledger"};
  const Run made = RunProgram(keygen);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, ::testing::StartsWith("area.example/ledger+"));
  EXPECT_TRUE(base::MasterKey::ReadFile(Path("m")).ok());
  EXPECT_EQ((*tlog::ReadNoteSigner(Path("l")))->verifier_key() + "\n", made.out);
  const std::string before = ReadAll(Path("m"));
  EXPECT_EQ(RunProgram(keygen).exit_code, 1);
  EXPECT_EQ(ReadAll(Path("m")), before);
  // A master key alone, for a hub whose key is to be changed, is told by its check value.
  const Run alone = RunProgram({"keygen", "--master", Path("n")});
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_EQ(alone.out, CheckOf("n") + "\n");
  EXPECT_EQ(RunProgram({"keygen", "--master", Path("n")}).exit_code, 1);
  EXPECT_EQ(RunProgram({"--version"}).out, std::string("signpost-hub ") + base::kVersion + "\n");
  EXPECT_EQ(RunProgram({"--nonsense"}).exit_code, 2);
}

}  // namespace
}  // namespace signpost::app
