#include "tests/crash/hub_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "tests/scenarios/nortown.h"

namespace signpost::crash {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kStartMax = absl::Seconds(90);  // generous: sanitizers, busy machines

}  // namespace

HubProcess::HubProcess(const std::string& binary)
    : binary_(binary), folder_(scenarios::NewFolder()) {}

HubProcess::~HubProcess() {
  Kill();
  if (::testing::Test::HasFailure()) {
    std::fprintf(stderr, "the hub's store and logs are kept in %s\n", folder_.c_str());
    return;
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string HubProcess::LogFile() const { return absl::StrCat(folder_, "/hub-", starts_, ".log"); }

std::string HubProcess::WitnessFile() const { return absl::StrCat(folder_, "/synced-", starts_); }

bool HubProcess::CanCutPower() { return sizeof(SIGNPOST_SYNC_WITNESS) > 1; }

void HubProcess::WriteConfig(bool sync) const {
  const std::string& authority = scenarios::Agencies::Authority();
  nlohmann::json config = {
      {"listen", "127.0.0.1:0"},
      {"trust_domain", "nortown.example"},
      {"audience", "signpost.nortown.example"},
      {"origin", "signpost.nortown.example/ledger"},
      {"operator_spiffe_id", "spiffe://nortown.example/agency/nortown-hub/system/operator"},
      {"tls",
       {{"certificate", authority + "/hub/hub.pem"},
        {"key", authority + "/hub/hub.key"},
        {"client_ca", authority + "/ca.pem"}}},
      {"keys",
       {{"master", authority + "/hub/master.key"}, {"ledger", authority + "/hub/ledger.key"}}},
      {"store", {{"kind", "rocksdb"}, {"path", "store"}}},
      {"checkpoint_file", "checkpoint"},
      {"standing", {{"new_days", 0}, {"new_days_unlisted", 0}}},
      // Often, so that kills fall into the writing of checkpoints too.
      {"checkpoint_interval", "20ms"},
      {"release_step", "2ms"},
      {"policy", {{"text", scenarios::ShippedPolicy()}, {"words", scenarios::ShippedWords()}}},
      {"log", {{"good_calls", false}}},
  };
  // A test that lays another master key here has the hub change to it, until it says that the old
  // one went.
  if (fs::exists(folder_ + "/new-master.key")) {
    config["keys"]["master"] = "new-master.key";
    config["keys"]["per_step"] = 2;
    if (!fs::exists(folder_ + "/old-one-went")) {
      config["keys"]["old_master"] = authority + "/hub/master.key";
    }
  }
  if (!sync) {
    config["store"]["negative_control"] = true;
    config["store"]["unsafe_no_sync"] = true;
  }
  std::ofstream(folder_ + "/config.json") << config.dump(2);
}

absl::Status HubProcess::Start(bool sync) {
  Kill();
  WriteConfig(sync);
  ++starts_;
  const std::string log = LogFile();
  const std::string config = folder_ + "/config.json";
  const char* const arguments[] = {binary_.c_str(), "--config", config.c_str(), nullptr};
  const std::string witness = "SIGNPOST_SYNC_WITNESS=" + WitnessFile();
  std::vector<const char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.push_back(*variable);
  }
  if (CanCutPower()) {
    environment.push_back("LD_PRELOAD=" SIGNPOST_SYNC_WITNESS);
    environment.push_back(witness.c_str());
  }
  environment.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) return absl::InternalError("cannot fork");
  if (pid_ == 0) {
    // Only what is safe in the child of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, STDERR_FILENO) < 0) _exit(127);
    execve(arguments[0], const_cast<char* const*>(arguments),
           const_cast<char* const*>(environment.data()));
    _exit(127);
  }
  for (const absl::Time late = absl::Now() + kStartMax; absl::Now() < late;
       absl::SleepFor(absl::Milliseconds(5))) {
    int how = 0;
    const bool ended = waitpid(pid_, &how, WNOHANG) == pid_;
    std::error_code ignored;
    const std::string said = fs::exists(log, ignored) ? scenarios::ReadFile(log) : std::string();
    if (ended) {
      pid_ = 0;
      return absl::FailedPreconditionError(absl::StrCat("the hub ended with ", how, ": ", said));
    }
    for (const absl::string_view line : absl::StrSplit(said, '\n')) {
      const auto parsed = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
      if (!parsed.is_object() || parsed.value("event", "") != "hub_started") continue;
      address_ = absl::StrCat("127.0.0.1:", parsed.value("port", 0));
      return absl::OkStatus();
    }
  }
  Kill();
  return absl::DeadlineExceededError(absl::StrCat("the hub does not start; see ", log));
}

void HubProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int64_t HubProcess::CutPower(bool disk_lies) {
  Kill();
  if (!CanCutPower()) return 0;
  std::map<std::string, uintmax_t> synced;  // bytes, by path
  std::ifstream witness(WitnessFile());
  uintmax_t length = 0;
  for (std::string path;
       !disk_lies && witness >> length && std::getline(witness >> std::ws, path);) {
    synced[path] = std::max(synced[path], length);
  }
  int64_t taken = 0;
  for (const auto& file : fs::directory_iterator(fs::canonical(folder_ + "/store"))) {
    if (file.path().extension() != ".log") continue;
    const uintmax_t keep = synced[file.path().string()];
    if (keep >= file.file_size()) continue;
    taken += static_cast<int64_t>(file.file_size() - keep);
    fs::resize_file(file.path(), keep);
  }
  return taken;
}

absl::Status HubProcess::Stop() {
  if (pid_ <= 0) return absl::FailedPreconditionError("the hub does not run");
  kill(pid_, SIGTERM);
  int how = 0;
  waitpid(pid_, &how, 0);
  pid_ = 0;
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the hub ended with ", how, "; see ", LogFile()));
}

void HubProcess::ForgetCheckpoint() {
  std::error_code ignored;
  fs::remove(folder_ + "/checkpoint", ignored);
}

}  // namespace signpost::crash
