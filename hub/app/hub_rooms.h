// Hub::Rooms is the object in which all rooms of a hub stand. Internal to the room.
//
// Members are declared from the ground up, so that they are destroyed from the top down.

#ifndef SIGNPOST_HUB_APP_HUB_ROOMS_H_
#define SIGNPOST_HUB_APP_HUB_ROOMS_H_

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
#include "hub/app/admin_http.h"
#include "hub/app/config.h"
#include "hub/app/hub.h"
#include "hub/archive/ends.h"
#include "hub/backup/backup.h"
#include "hub/base/agency_id.h"
#include "hub/base/assertion.h"
#include "hub/base/clock.h"
#include "hub/base/executor.h"
#include "hub/base/json_log.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/disclosure/answers.h"
#include "hub/enrolment/covers.h"
#include "hub/enrolment/enrolment.h"
#include "hub/enrolment/registry_changes.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/mailbox_notifier.h"
#include "hub/intake/intake.h"
#include "hub/keys/master_key.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/sequencer.h"
#include "hub/ledger/witnessing.h"
#include "hub/matching/report_linker.h"
#include "hub/operations/key_change.h"
#include "hub/operations/maintenance.h"
#include "hub/overrides/overrides.h"
#include "hub/oversight/joint_looks.h"
#include "hub/oversight/ledger_access.h"
#include "hub/oversight/masker.h"
#include "hub/oversight/pattern_search.h"
#include "hub/oversight/pseudonym_issuer.h"
#include "hub/oversight/replay.h"
#include "hub/oversight/samples.h"
#include "hub/oversight/search.h"
#include "hub/people/people.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/policy_admin/policy_explainer.h"
#include "hub/policy_admin/policy_preview.h"
#include "hub/registry/registry.h"
#include "hub/request/idempotency.h"
#include "hub/request/policy_in_force.h"
#include "hub/rpc/call_guard.h"
#include "hub/rpc/errors.h"
#include "hub/rpc/metrics.h"
#include "hub/rpc/reactors.h"
#include "hub/rpc/server.h"
#include "hub/schedule/schedule.h"
#include "hub/stewards/stewards.h"
#include "hub/store/store.h"
#include "hub/tlog/note.h"

namespace signpost::app {

class Hub::Rooms {
 public:
  explicit Rooms(const HubConfig& config) : config_(config) {}
  // As Shutdown().
  ~Rooms();
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;

  // All that Hub::Open() does.
  absl::Status Open(const Overrides& overrides);
  absl::Status Serve();
  void Shutdown();

  int port() const { return server_ == nullptr ? 0 : server_->port(); }
  int admin_port() const { return admin_ == nullptr ? 0 : admin_->port(); }
  const std::string& verifier_key() const { return signer_->verifier_key(); }
  base::JsonLog& log() { return *log_; }
  rpc::Metrics& metrics() { return metrics_; }
  enrolment::Enrolment& enrolment() { return *enrolment_; }
  const request::HubContext& context() const { return context_; }

 private:
  absl::Status OpenRooms(const Overrides& overrides);
  absl::Status CheckKeeping() const;
  absl::Status OpenPolicy();
  absl::Status OpenWitnessing();
  // Logs and records that a witness is missing, refuses, or is back.
  absl::Status RecordWitness(const ledger::Witnessing::State& state);
  // One entry about the hub itself: it started, it stopped.
  absl::Status RecordAct(ledger::v1::Outcome outcome);
  void LogKeyChange(const operations::KeyChange::State& state);
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
  rpc::Metrics metrics_;

  std::unique_ptr<store::Store> own_store_;
  store::Store* store_ = nullptr;
  std::string master_key_check_;  // in hex
  keys::Opened keys_;             // until the change of the master key was begun
  std::unique_ptr<base::Keyring> keyring_;
  std::unique_ptr<tlog::NoteSigner> signer_;
  std::unique_ptr<base::AgencyPersonIds> agency_ids_;
  std::unique_ptr<ledger::EntryComposer> entries_;

  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<people::People> people_;
  std::unique_ptr<matching::ReportLinker> linker_;
  std::unique_ptr<exchange::Mailboxes> mailboxes_;
  std::unique_ptr<exchange::MailboxNotifier> notifier_;
  std::unique_ptr<store::Following> notifier_following_;
  std::unique_ptr<request::IdempotencyTable> idempotency_;
  request::PolicyInForce policy_;
  request::DetailsBudget details_budget_;
  std::unique_ptr<store::Following> policy_following_;
  request::HubContext context_;
  std::unique_ptr<disclosure::Answers> answers_;
  std::unique_ptr<policy_admin::PolicyAdmin> policy_admin_;
  std::unique_ptr<policy_admin::PolicyExplainer> policy_explainer_;
  std::unique_ptr<policy_admin::PolicyPreviews> policy_previews_;
  std::unique_ptr<oversight::Masker> masker_;
  std::unique_ptr<oversight::JointLooks> joint_looks_;
  std::unique_ptr<oversight::Samples> samples_;
  std::unique_ptr<oversight::Replays> replays_;
  std::unique_ptr<oversight::LedgerAccess> ledger_access_;
  std::unique_ptr<oversight::Searches> searches_;
  std::unique_ptr<oversight::PatternSearch> pattern_search_;
  std::unique_ptr<oversight::PseudonymIssuer> pseudonyms_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<enrolment::Enrolment> enrolment_;
  std::unique_ptr<enrolment::RegistryChanges> registry_changes_;
  std::unique_ptr<enrolment::Covers> covers_;
  std::unique_ptr<overrides::Overrides> overrides_;
  std::unique_ptr<stewards::Stewards> stewards_;
  std::unique_ptr<archive::Ends> ends_;

  std::unique_ptr<base::AssertionVerifier> assertions_;
  std::unique_ptr<rpc::CallGuard> guard_;
  std::unique_ptr<rpc::ErrorMapper> errors_;
  std::unique_ptr<rpc::CallMetrics> call_metrics_;
  rpc::LiveStreams streams_;
  rpc::CallEnvironment calls_;
  std::vector<std::unique_ptr<grpc::Service>> services_;

  // What has threads comes last: they end before anything they use.
  std::unique_ptr<ledger::Sequencer> sequencer_;
  std::unique_ptr<base::ThreadPool> executor_;
  std::unique_ptr<backup::Backups> backups_;
  std::unique_ptr<operations::Maintenance> maintenance_;
  std::unique_ptr<store::Following> keys_following_;
  std::unique_ptr<operations::KeyChange> key_change_;
  std::unique_ptr<schedule::Schedule> schedule_;
  std::unique_ptr<ledger::Witnessing> witnessing_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<AdminHttp> admin_;
  std::atomic<bool> serving_ = false;
  bool shut_down_ = false;
};

}  // namespace signpost::app

#endif  // SIGNPOST_HUB_APP_HUB_ROOMS_H_
