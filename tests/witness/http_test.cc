// The program itself, asked over HTTP and HTTPS.

#include "hub/witness/http.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/witness/request.h"
#include "nlohmann/json.hpp"
#include "tests/base/scratch_folder.h"
#include "tests/rpc/test_pki.h"
#include "tests/witness/witness_testing.h"

namespace signpost::witness {
namespace {

using ::testing::HasSubstr;
using testing::TestLog;

class WitnessProgramTest : public ::testing::Test {
 protected:
  WitnessProgramTest() { log_.Grow(50); }
  ~WitnessProgramTest() override { Stop(); }

  std::string Path(const std::string& name) const { return directory_ / name; }
  std::string Read(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary | std::ios::trunc) << bytes;
  }

  pid_t Spawn(const std::vector<std::string>& arguments) {
    const std::string program = std::string(SIGNPOST_BIN_DIR) + "/signpost-witness";
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
    return child;
  }
  int Run(const std::vector<std::string>& arguments) {
    int status = 0;
    waitpid(Spawn(arguments), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Makes a key and serves; the port it took, or 0.
  int Start(nlohmann::json more = nlohmann::json::object()) {
    if (!std::filesystem::exists(Path("key"))) {
      EXPECT_EQ(Run({"--make-key", "partner.example/witness", "--key", Path("key")}), 0);
      verifier_key_ = Read("out");
      verifier_key_.pop_back();
    }
    nlohmann::json config = {
        {"listen", "127.0.0.1:0"},
        {"key", "key"},
        {"state", "state"},
        {"log", {{"file", "log.jsonl"}}},
        {"logs", {{{"origin", log_.origin()}, {"verifier_key", log_.keys().verifier_key}}}}};
    config.update(more);
    Write("witness.json", config.dump());
    std::filesystem::remove(Path("log.jsonl"));
    child_ = Spawn({"--config", Path("witness.json")});
    for (int i = 0; i < 3000; ++i) {
      const std::string lines = Read("log.jsonl");
      if (lines.find('\n') != std::string::npos) {
        return nlohmann::json::parse(lines.substr(0, lines.find('\n'))).value("port", 0);
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
    return 0;
  }
  void Stop(int signal = SIGTERM) {
    if (child_ <= 0) return;
    kill(child_, signal);
    waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  bool Cosigned(const Answer& answer, uint64_t size) {
    return answer.status == 200 &&
           tlog::AddCosignature(log_.Note(size), answer.body,
                                *tlog::NoteVerifier::ParseCosigner(verifier_key_))
               .ok();
  }

  const base::ScratchFolder directory_;
  std::string verifier_key_;
  TestLog log_;
  pid_t child_ = -1;
};

TEST_F(WitnessProgramTest, CosignsOverHttpAndRemembersAcrossAKill) {
  int port = Start();
  ASSERT_GT(port, 0) << Read("err");
  auto channel = *NewHttpChannel({absl::StrCat("http://127.0.0.1:", port), "", absl::Seconds(5)});
  EXPECT_TRUE(Cosigned(*channel->AddCheckpoint(log_.Request(0, 20)), 20));
  Stop(SIGKILL);
  EXPECT_EQ(channel->AddCheckpoint(log_.Request(20, 30)).status().code(),
            absl::StatusCode::kUnavailable);
  port = Start();
  ASSERT_GT(port, 0) << Read("err");
  channel = *NewHttpChannel({absl::StrCat("http://127.0.0.1:", port, "/"), "", absl::Seconds(5)});
  const Answer stale = *channel->AddCheckpoint(log_.Request(0, 30));
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.content_type, kSizeContentType);
  EXPECT_EQ(stale.body, "20\n");
  EXPECT_TRUE(Cosigned(*channel->AddCheckpoint(log_.Request(20, 30)), 30));
  EXPECT_EQ(channel->AddCheckpoint(std::string(kRequestBytesMax + 1, 'x'))->status, 413);
}

TEST_F(WitnessProgramTest, SpeaksTlsToWhoKnowsItsAuthority) {
  rpc::TestAuthority authority;
  const rpc::TestIdentity identity = authority.Issue({"spiffe://x.example/w"}, /*server=*/true);
  Write("tls.pem", identity.certificate_pem);
  Write("tls.key", identity.key_pem);
  Write("ca.pem", authority.certificate_pem());
  Write("other.pem", rpc::TestAuthority().certificate_pem());
  const int port = Start({{"tls", {{"certificate", "tls.pem"}, {"key", "tls.key"}}}});
  ASSERT_GT(port, 0) << Read("err");
  const auto ask = [&](const std::string& scheme, const std::string& ca) {
    return (*NewHttpChannel({absl::StrCat(scheme, "localhost:", port), ca, absl::Seconds(5)}))
        ->AddCheckpoint(log_.Request(0, 20));
  };
  EXPECT_FALSE(ask("https://", Path("other.pem")).ok());
  EXPECT_FALSE(ask("http://", "").ok());
  const auto good = ask("https://", Path("ca.pem"));
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_TRUE(Cosigned(*good, 20));
}

TEST_F(WitnessProgramTest, SaysWhyItDoesNotStart) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"--version"}), 0);
  ASSERT_GT(Start(), 0);
  Stop();
  EXPECT_EQ(Run({"--make-key", "partner.example/witness", "--key", Path("key")}), 1);
  EXPECT_THAT(Read("err"), HasSubstr("exists"));
  EXPECT_EQ(Run({"--make-key", "two words", "--key", Path("key2")}), 1);
  chmod(Path("key").c_str(), 0640);
  EXPECT_EQ(Run({"--config", Path("witness.json")}), 1);
  EXPECT_THAT(Read("err"), HasSubstr("chmod 600"));
}

TEST(WitnessUrlTest, OnlyAddressesAreTaken) {
  for (const char* good : {"http://a", "https://a.example:8555", "https://a/prefix/"}) {
    EXPECT_TRUE(CheckWitnessUrl(good).ok()) << good;
  }
  for (const char* bad : {"", "a.example", "ftp://a", "https://", "https:///x", "https://:1",
                          "https://a?b", "https://a b", "https://user@a"}) {
    EXPECT_FALSE(CheckWitnessUrl(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace signpost::witness
