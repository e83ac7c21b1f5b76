// A partner witnesses Nortown's ledger: what the auditor sees, what happens when the partner's
// machine is off, and when the hub's store is put back.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/audit/filter.h"
#include "hub/base/error.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/cosignature.h"
#include "hub/witness/http.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 3000; ++i) {
    if (holds()) return true;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return false;
}

// The body of one of the hub's admin pages.
std::string Page(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string ask =
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    char buffer[4096];
    if (::write(fd, ask.data(), ask.size()) == static_cast<ssize_t>(ask.size())) {
      for (ssize_t n; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) {
        text.append(buffer, static_cast<size_t>(n));
      }
    }
  }
  ::close(fd);
  return text;
}

class WitnessStories : public ::testing::Test {
 protected:
  WitnessStories() : folder_(NewFolder()), sink_(std::fopen("/dev/null", "w")) {
    log_ = std::make_unique<base::JsonLog>(sink_, &clock_);
    verifier_ = std::make_unique<tlog::NoteVerifier>(*tlog::NoteVerifier::Parse(
        tlog::ReadNoteSigner(Agencies::Authority() + "/hub/ledger.key").value()->verifier_key()));
  }
  ~WitnessStories() override {
    nortown_.reset();
    SwitchOff();
    std::fclose(sink_);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  // The partner's machine. The first time it takes any port, later the same.
  void SwitchOn() {
    witness_ = *witness::Witness::Open(folder_ + "/state", {{verifier_->name(), {*verifier_}}},
                                       &cosigner_, &clock_, log_.get());
    auto server =
        witness::WitnessServer::Start({absl::StrCat("127.0.0.1:", port_), "", ""}, witness_.get());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    port_ = server_->port();
  }
  void SwitchOff() {
    server_.reset();
    witness_.reset();
  }

  Nortown::Setup WithPartner() {
    Nortown::Setup setup;
    setup.change = [this](app::HubConfig* config) {
      config->admin_listen = "127.0.0.1:0";
      config->witnesses = {
          {keys_.verifier_key, absl::StrCat("http://127.0.0.1:", port_), "", true}};
      config->witness_alarm_after = absl::Milliseconds(500);
      config->witnessed_file =
          (fs::path(config->checkpoint_file).parent_path() / "witnessed").string();
    };
    return setup;
  }

  v1::GetCheckpointResponse Checkpoint() {
    v1::GetCheckpointResponse response;
    const grpc::Status status = nortown_->Audit()->GetCheckpoint(
        nortown_->Context().get(), v1::GetCheckpointRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  bool WitnessedNow() {
    const uint64_t size = nortown_->hub().context().sequencer->head().size;
    const v1::GetCheckpointResponse latest = Checkpoint();
    return latest.witnesses(0).cosigned_size() >= size;
  }
  std::string Health() { return Page(nortown_->hub().admin_port(), "/health"); }
  std::string Metrics() { return Page(nortown_->hub().admin_port(), "/metrics"); }

  // What the ledger says of witnesses: "name outcome".
  std::vector<std::string> WitnessEntries() {
    const auto view = *nortown_->hub().context().store->NewView();
    const ledger::LedgerReader reader(view.get());
    std::vector<std::string> found;
    for (uint64_t i = 0; i < reader.Head()->size; ++i) {
      ledger::v1::LedgerEntry entry;
      EXPECT_TRUE(entry.ParseFromString(*reader.Entry(i)));
      if (entry.kind() != ledger::v1::ENTRY_KIND_WITNESS_CHANGED) continue;
      const bool back = entry.witness_changed().standing() == ledger::v1::WITNESS_STANDING_GOOD;
      found.push_back(absl::StrCat(entry.witness_changed().witness(), " ",
                                   back ? "back"
                                        : audit::EnumWord(*ledger::v1::WitnessStanding_descriptor(),
                                                          entry.witness_changed().standing())));
    }
    return found;
  }
  grpc::Status Report(const std::string& record) {
    const Known mia{"Mia", "Story", 2009, 3, 4, "NT1 2AB", ""};
    const v1::FlagOutcome outcome =
        nortown_->Report("nortown-yot", OpenFlag(record, mia, "youth-offending", "Worker on duty"));
    return outcome.has_receipt() ? grpc::Status::OK
                                 : grpc::Status(grpc::StatusCode::UNKNOWN, "no receipt");
  }

  const std::string folder_;
  std::FILE* const sink_;
  base::RealClock clock_;
  std::unique_ptr<base::JsonLog> log_;
  std::unique_ptr<tlog::NoteVerifier> verifier_;
  const tlog::NoteKeyPair keys_ = *tlog::GenerateCosignerKey("partner.example/witness");
  const tlog::Cosigner cosigner_ = *tlog::Cosigner::Parse(keys_.signer_key);
  int port_ = 0;
  std::unique_ptr<witness::Witness> witness_;
  std::unique_ptr<witness::WitnessServer> server_;
  std::unique_ptr<Nortown> nortown_;
};

TEST_F(WitnessStories, ThePartnerCosignsAndTheAuditorSeesIt) {
  SwitchOn();
  nortown_ = std::make_unique<Nortown>(WithPartner());
  ASSERT_TRUE(Report("Y-1").ok());
  ASSERT_TRUE(Eventually([&] { return WitnessedNow(); })) << Health();
  const v1::GetCheckpointResponse latest = Checkpoint();
  const tlog::NoteVerifier partner = *tlog::NoteVerifier::ParseCosigner(keys_.verifier_key);
  const auto cosigned = tlog::OpenCosigned(latest.witnessed_checkpoint(), {*verifier_}, {partner});
  ASSERT_TRUE(cosigned.ok()) << cosigned.status();
  EXPECT_TRUE(tlog::RequireCosigned(*cosigned, {partner}).ok());
  EXPECT_EQ(cosigned->checkpoint.size, latest.witnesses(0).cosigned_size());
  EXPECT_EQ(latest.witnesses(0).name(), "partner.example/witness");
  EXPECT_EQ(latest.witnesses(0).verifier_key(), keys_.verifier_key);
  EXPECT_TRUE(latest.witnesses(0).required());
  EXPECT_FALSE(latest.witnesses(0).missing());
  EXPECT_THAT(Health(), HasSubstr("\"status\":\"serving\""));
  EXPECT_THAT(WitnessEntries(), ElementsAre());
}

TEST_F(WitnessStories, WhenThePartnersMachineIsOffItIsTriedToldAndNothingStops) {
  SwitchOn();
  nortown_ = std::make_unique<Nortown>(WithPartner());
  ASSERT_TRUE(Eventually([&] { return WitnessedNow(); })) << Health();
  SwitchOff();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Report(absl::StrCat("Y-", i)).ok());
  ASSERT_TRUE(Eventually([&] { return Checkpoint().witnesses(0).missing(); }));
  EXPECT_TRUE(Report("Y-9").ok()) << "traffic goes on";
  EXPECT_THAT(Health(), HasSubstr("200 OK"));
  EXPECT_THAT(Health(), HasSubstr("\"status\":\"degraded\""));
  EXPECT_THAT(Metrics(),
              HasSubstr("signpost_witness_missing{witness=\"partner.example/witness\"} 1"));
  ASSERT_TRUE(Eventually([&] { return !WitnessEntries().empty(); }));
  EXPECT_THAT(WitnessEntries(), ElementsAre("partner.example/witness missing"));
  EXPECT_THAT(ReadFile(nortown_->folder() + "/hub.log"), HasSubstr("witness_alarm"));

  SwitchOn();
  ASSERT_TRUE(Eventually([&] { return WitnessEntries().size() == 2; }));
  EXPECT_EQ(WitnessEntries()[1], "partner.example/witness back");
  ASSERT_TRUE(Eventually([&] { return WitnessedNow(); }));
  EXPECT_THAT(Health(), HasSubstr("\"status\":\"serving\""));
  EXPECT_THAT(Metrics(),
              HasSubstr("signpost_witness_missing{witness=\"partner.example/witness\"} 0"));
}

TEST_F(WitnessStories, AStoreThatIsPutBackIsRefusedFirstByTheHubThenByThePartner) {
  SwitchOn();
  nortown_ = std::make_unique<Nortown>(WithPartner());
  nortown_->Stop();
  const std::string folder = nortown_->folder();
  fs::copy(folder + "/store", folder + "/backup", fs::copy_options::recursive);
  nortown_->Restart();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Report(absl::StrCat("Y-", i)).ok());
  ASSERT_TRUE(Eventually([&] { return WitnessedNow(); })) << Health();
  nortown_->Stop();
  fs::remove_all(folder + "/store");
  fs::rename(folder + "/backup", folder + "/store");

  // The checkpoint file went with the store; what the partner co-signed is still there.
  fs::remove(folder + "/checkpoint");
  {
    app::HubConfig config;
    config.server.listen = "127.0.0.1:0";
    const std::string& authority = Agencies::Authority();
    config.origin = "signpost.nortown.example/ledger";
    config.master_key_file = authority + "/hub/master.key";
    config.ledger_key_file = authority + "/hub/ledger.key";
    config.store_path = folder + "/store";
    config.checkpoint_file = folder + "/checkpoint";
    config.log_file = folder + "/refused.log";
    config.witnessed_file = folder + "/witnessed";
    const absl::Status refused = app::Hub::Open(config).status();
    EXPECT_EQ(base::ReasonOf(refused), base::Reason::kLedgerBehind) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("witnessed"));
  }
  // Whoever removes that, too, does not get past the partner.
  fs::remove(folder + "/witnessed");
  nortown_->Restart();
  ASSERT_TRUE(Eventually([&] { return Checkpoint().witnesses(0).missing(); }));
  EXPECT_EQ(Checkpoint().witnessed_checkpoint(), "");
  EXPECT_THAT(Health(), HasSubstr("\"standing\":\"refuses\""));
  ASSERT_TRUE(Eventually([&] { return !WitnessEntries().empty(); }));
  EXPECT_THAT(WitnessEntries(), ElementsAre("partner.example/witness refuses"));
  EXPECT_TRUE(Report("Y-after").ok()) << "an alarm, and people decide; nothing stops by itself";
}

}  // namespace
}  // namespace signpost::scenarios
