// A whole hub in one object: the rooms built from a configuration, served, and drained in the right
// order. Used by main, by the scenario tests and by the benchmark, which run it in their own
// process.
//
//   SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<Hub> hub, Hub::Open(config));
//   SIGNPOST_RETURN_IF_ERROR(hub->Serve());
//   ... hub->port() ...
//   hub->Shutdown();
//
// Members are declared from the ground up, so that they are destroyed from the top down.

#ifndef SIGNPOST_HUB_API_HUB_H_
#define SIGNPOST_HUB_API_HUB_H_

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/impl/service_type.h"
#include "hub/api/admin_http.h"
#include "hub/api/call_guard.h"
#include "hub/api/config.h"
#include "hub/api/errors.h"
#include "hub/api/metrics.h"
#include "hub/api/reactors.h"
#include "hub/api/server.h"
#include "hub/backup/backup.h"
#include "hub/base/agency_id.h"
#include "hub/base/assertion.h"
#include "hub/base/clock.h"
#include "hub/base/executor.h"
#include "hub/base/json_log.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/requests.h"
#include "hub/exchange/waiters.h"
#include "hub/gate/gate.h"
#include "hub/gate/maintenance.h"
#include "hub/gate/overrides.h"
#include "hub/gate/pattern_search.h"
#include "hub/gate/policy_asking.h"
#include "hub/gate/policy_desk.h"
#include "hub/gate/policy_in_force.h"
#include "hub/gate/policy_preview.h"
#include "hub/gate/reception.h"
#include "hub/gate/replay.h"
#include "hub/gate/search.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/witnessing.h"
#include "hub/matching/intake.h"
#include "hub/people/people.h"
#include "hub/registry/registry.h"
#include "hub/store/store.h"
#include "hub/tlog/note.h"

namespace signpost::api {

inline constexpr char kHubVersion[] = "0.1.0";
// How often overrides that wait past their time are looked for; an agency is told once a day.
inline constexpr absl::Duration kOverrideWatchInterval = absl::Minutes(10);

class Hub {
 public:
  // What a test may put in the place of the real thing; nullptr takes the real one. Not owned.
  struct Overrides {
    const base::Clock* clock = nullptr;
    base::RandomSource* random = nullptr;
    store::Store* store = nullptr;
  };

  // Opens store, keys, ledger, registry and policy. A policy that does not compile or is not there
  // is not an error here: everything is hidden, /health says so, and the log names line and column.
  // Errors, each saying what to do: kKeyUnavailable, kStoreNewer, kStoreUnavailable, kLedgerBehind,
  // kDataLoss, kInvalidField.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Hub>> Open(const HubConfig& config);
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Hub>> Open(const HubConfig& config,
                                                                 const Overrides& overrides);

  // As Shutdown().
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Starts the server and, where configured, the admin pages. Errors as Server::Start() and
  // AdminHttp::Start(). Call once.
  [[nodiscard]] absl::Status Serve();

  // New calls are refused, streams are closed, calls in flight finish, then the executor, the
  // sequencer (with a last checkpoint) and the store end. Idempotent; not from a call's own thread.
  void Shutdown();

  int port() const { return server_ == nullptr ? 0 : server_->port(); }
  int admin_port() const { return admin_ == nullptr ? 0 : admin_->port(); }
  const std::string& verifier_key() const { return signer_->verifier_key(); }

  // The rooms, for services and for tests in the same process.
  const gate::Rooms& rooms() const { return rooms_; }
  gate::Gate& gate() { return *gate_; }
  gate::Reception& reception() { return *reception_; }
  gate::PolicyDesk& policy_desk() { return *policy_desk_; }
  base::JsonLog& log() { return *log_; }
  Metrics& metrics() { return metrics_; }

 private:
  explicit Hub(const HubConfig& config) : config_(config) {}

  absl::Status OpenRooms(const Overrides& overrides);
  absl::Status OpenPolicy();
  absl::Status OpenWitnessing();
  // Logs and records that a witness is missing, refuses, or is back.
  absl::Status RecordWitness(const ledger::Witnessing::State& state);
  // One entry about the hub itself: it started, it stopped.
  absl::Status RecordAct(const std::string& outcome, const std::string& subject);
  void BuildServices();
  void AddGauges();
  std::pair<bool, nlohmann::json> Health() const;
  nlohmann::json Info() const;

  const HubConfig config_;
  base::RealClock real_clock_;
  base::OsRandom os_random_;
  const base::Clock* clock_ = &real_clock_;
  base::RandomSource* random_ = &os_random_;
  std::unique_ptr<std::FILE, void (*)(std::FILE*)> log_file_{nullptr, nullptr};
  std::unique_ptr<base::JsonLog> log_;
  Metrics metrics_;

  std::unique_ptr<store::Store> own_store_;
  store::Store* store_ = nullptr;
  std::unique_ptr<base::Keyring> keyring_;
  std::unique_ptr<tlog::NoteSigner> signer_;
  std::unique_ptr<base::AgencyPersonIds> agency_ids_;

  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<people::People> people_;
  std::unique_ptr<matching::Intake> intake_;
  std::unique_ptr<exchange::Mailboxes> mailboxes_;
  std::unique_ptr<exchange::Waiters> waiters_;
  std::unique_ptr<exchange::Requests> requests_;
  gate::PolicyInForce policy_;
  gate::Rooms rooms_;
  std::unique_ptr<gate::Gate> gate_;
  std::unique_ptr<gate::PolicyDesk> policy_desk_;
  std::unique_ptr<gate::PolicyAsking> policy_asking_;
  std::unique_ptr<gate::PolicyPreviews> policy_previews_;
  std::unique_ptr<gate::Replays> replays_;
  std::unique_ptr<gate::Searches> searches_;
  std::unique_ptr<gate::PatternSearch> pattern_search_;
  std::unique_ptr<gate::Reception> reception_;

  std::unique_ptr<base::AssertionVerifier> assertions_;
  std::unique_ptr<CallGuard> guard_;
  std::unique_ptr<ErrorMapper> errors_;
  std::unique_ptr<CallMetrics> call_metrics_;
  LiveStreams streams_;
  CallEnvironment calls_;
  std::vector<std::unique_ptr<grpc::Service>> services_;

  // What has threads comes last: they end before anything they use.
  std::unique_ptr<ledger::Sequencer> sequencer_;
  std::unique_ptr<base::ThreadPool> executor_;
  std::unique_ptr<backup::Backups> backups_;
  std::unique_ptr<gate::Maintenance> maintenance_;
  std::unique_ptr<gate::OverrideWatch> override_watch_;
  std::unique_ptr<ledger::Witnessing> witnessing_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<AdminHttp> admin_;
  std::atomic<bool> serving_ = false;
  bool shut_down_ = false;
};

}  // namespace signpost::api

#endif  // SIGNPOST_HUB_API_HUB_H_
