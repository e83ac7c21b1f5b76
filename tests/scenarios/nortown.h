// Nortown is a hub that tests talk to. `Agencies` speaks to one as its agencies would, over mTLS
// with certificates from deploy/make-authority, wherever that hub runs; it can enrol the area of
// deploy/area/nortown.json there. `Nortown` is that and a whole hub in this process, on RocksDB in
// a folder of its own, with the shipped policy.

#ifndef SIGNPOST_TESTS_SCENARIOS_NORTOWN_H_
#define SIGNPOST_TESTS_SCENARIOS_NORTOWN_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hub/app/hub.h"
#include "hub/base/assertion.h"
#include "hub/base/clock.h"
#include "signpost/v1/audit.grpc.pb.h"
#include "signpost/v1/consent.grpc.pb.h"
#include "signpost/v1/exchange.grpc.pb.h"
#include "signpost/v1/index.grpc.pb.h"
#include "signpost/v1/registry.grpc.pb.h"
#include "signpost/v1/steward.grpc.pb.h"
#include "tests/request/nortown_area.h"

namespace signpost::scenarios {

// Somebody who works at an agency.
struct Worker {
  std::string agency;
  std::string practitioner;
  std::string role;
  std::vector<std::string> teams;
};

// The people of the stories.
Worker TariqsAdviser();    // Connexions, not in the team
Worker SecondedAdviser();  // Connexions, in the youth offending team
Worker YotOfficer();
Worker SocialWorker();
Worker HousingOfficer();
Worker ProjectWorker();
Worker DrugsWorker();
Worker Auditor();
Worker OtherAuditor();  // a colleague of theirs
Worker Steward();       // settles whom reports are about; of the housing department

// A young person as an agency writes them down.
struct Known {
  std::string given;
  std::string surname;
  int year;
  int month;
  int day;
  std::string postcode;
  std::string nhs_number;
};

// An answer, decoded, with what it came with.
struct Answered : test_area::AnswerReader {
  grpc::Status status;
  std::string answer_bytes;
  v1::Receipt receipt;
};

std::string ReadFile(const std::string& path);
std::string ShippedPolicy();

// The agencies of Nortown, at the hub of one address. Every method but Connect() is thread-safe.
class Agencies {
 public:
  // Reaches nobody until Connect().
  Agencies() = default;
  explicit Agencies(const std::string& address) { Connect(address); }
  virtual ~Agencies() = default;
  Agencies(const Agencies&) = delete;
  Agencies& operator=(const Agencies&) = delete;

  // Drops every channel; new ones go to `address`. REQUIRES: no call is under way.
  void Connect(const std::string& address);
  // Founds the area, with a file that two of its agencies sign: agencies, teams and practitioners; it
  // begins with the policy of that text. Ends the test program when the hub refuses.
  void Enrol(const std::string& policy_text = ReadFile(ShippedPolicy()));
  // Has the operator put one worker, and the agency's officer confirm it where it gives a right. Ends
  // the test program when the hub refuses.
  void EnrolWorker(const v1::Practitioner& worker);
  void EnrolWorker(const std::string& agency, const std::string& practitioner,
                   const std::vector<std::string>& roles);

  const std::string& address() const { return address_; }
  static const std::string& Authority();  // folder of keys and certificates; made on first use

  // A channel as one agency's system.
  std::shared_ptr<grpc::Channel> Channel(const std::string& agency, const std::string& system);
  // Assertions are minted by this clock from now on; nullptr is the machine's. Not owned.
  void UseClock(const base::Clock* clock) { clock_ = clock; }
  // A fresh context with a deadline, and the worker's assertion for `purpose`, bound to their
  // casework system.
  std::unique_ptr<grpc::ClientContext> Context();
  std::unique_ptr<grpc::ClientContext> ContextOf(
      const Worker& worker, v1::Purpose purpose = v1::PURPOSE_SUPPORT_PLANNING);
  // The auditor's, to read entries with.
  std::unique_ptr<grpc::ClientContext> AuditContext();
  // The claims behind ContextOf(), for tests that forge.
  base::AssertionClaims Claims(const Worker& worker, const std::string& agency,
                               const std::string& system,
                               v1::Purpose purpose = v1::PURPOSE_SUPPORT_PLANNING);
  std::string Mint(const std::string& agency, const base::AssertionClaims& claims);

  // --- What agencies do ---

  // Reports one flag as the agency's adapter.
  v1::FlagOutcome Report(const std::string& agency, const v1::FlagReport& report);
  Answered Ask(const Worker& worker, const v1::WhoKnowsRequest& request);
  std::string RequestId();

  std::unique_ptr<v1::IndexService::Stub> Index(const std::string& agency,
                                                const std::string& system = "casework");
  std::unique_ptr<v1::StewardService::Stub> Stewards(const std::string& agency);
  std::unique_ptr<v1::ConsentService::Stub> Consents(const std::string& agency);
  std::unique_ptr<v1::RegistryService::Stub> Registry();
  std::unique_ptr<v1::AuditService::Stub> Audit();
  std::unique_ptr<v1::ExchangeService::Stub> Exchange(const std::string& agency);

 private:
  std::string address_;
  std::mutex mutex_;  // of channels_
  std::map<std::string, std::shared_ptr<grpc::Channel>> channels_;
  std::atomic<uint64_t> request_number_ = 0;
  const base::Clock* clock_ = nullptr;
};

// The agencies, and a hub in this process that they are enrolled at. Starting and stopping it is
// for one thread.
class Nortown : public Agencies {
 public:
  struct Setup {
    bool policy = true;
    app::Hub::Overrides overrides;
    // Stories take minutes: what is reported in them is as if it had always been so.
    people::StandingRules standing = {absl::ZeroDuration(), absl::ZeroDuration(), 1};
    // Changes the configuration before the hub opens; may be empty.
    std::function<void(app::HubConfig*)> change;
  };

  // Starts. With a clock in its overrides, assertions are minted by that one. Ends the test program
  // when the surroundings are broken: no story can be told then.
  explicit Nortown(Setup setup);
  Nortown() : Nortown(Setup()) {}
  ~Nortown() override;

  // Stops the hub as an operator would, and opens it again on the same store.
  void Restart();
  // Stops the hub; files stay until this object goes.
  void Stop();

  app::Hub& hub() { return *hub_; }
  const std::string& folder() const { return folder_; }

 private:
  void Open();

  Setup setup_;
  std::string folder_;
  std::unique_ptr<app::Hub> hub_;
};

// --- Messages as the stories want them ---

v1::PersonDetails Details(const Known& known);
// An open flag with a worker to ring; `record_id` is the agency's own.
v1::FlagReport OpenFlag(const std::string& record_id, const Known& known,
                        const std::string& service, const std::string& worker_name);
// ... with an assessment of `kind`.
v1::FlagReport WithAssessment(v1::FlagReport report, const std::string& kind,
                              std::vector<std::string> sections);
v1::FlagReport Closed(v1::FlagReport report);
v1::WhoKnowsRequest AskAbout(Agencies* agencies, const Known& known, v1::Purpose purpose);
v1::WhoKnowsRequest AskAboutRecord(Agencies* agencies, const std::string& record_id,
                                   v1::Purpose purpose);

// --- Where the shipped files are, and folders to work in ---

std::string ShippedWords();
std::string NewFolder();  // in the temporary directory; the caller removes it

}  // namespace signpost::scenarios

#endif  // SIGNPOST_TESTS_SCENARIOS_NORTOWN_H_
