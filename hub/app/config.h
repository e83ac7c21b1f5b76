// HubConfig is a struct that one JSON file fills, once at start. Everything wrong with it is said
// at once, by key. See docs/operating.md for what each key is for, and deploy/ for an example.
//
//   {
//     "listen": "127.0.0.1:8443",
//     "admin_listen": "127.0.0.1:9443",
//     "trust_domain": "nortown.example",
//     "audience": "signpost.nortown.example",
//     "origin": "signpost.nortown.example/ledger",
//     "operator_spiffe_id": "spiffe://nortown.example/agency/nortown-hub/system/operator",
//     "tls": {"certificate": "hub.pem", "key": "hub.key", "client_ca": "ca.pem"},
//     "keys": {"master": "master.key", "ledger": "ledger.key"},
//     "store": {"kind": "rocksdb", "path": "store"},
//     "checkpoint_file": "checkpoint",
//     "backup": {"directory": "/backup/store", "keys_directory": "/keys", "key": "backup.key"},
//     "policy": {"text": "nortown.policy", "words": "words.json"}
//   }
//
// Paths that are not absolute are relative to the file's own directory.

#ifndef SIGNPOST_HUB_APP_CONFIG_H_
#define SIGNPOST_HUB_APP_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/audit/patterns.h"
#include "hub/backup/backup.h"
#include "hub/base/json_log.h"
#include "hub/operations/key_change.h"
#include "hub/operations/retention.h"
#include "hub/people/keeping.h"
#include "hub/people/standing.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/rpc/server.h"

namespace signpost::app {

// Every answer waits for the end of a step.
inline constexpr absl::Duration kReleaseStepMax = absl::Seconds(1);

enum class StoreKind { kRocksDb, kMemory };

// A partner that co-signs checkpoints.
struct WitnessPartner {
  std::string verifier_key;
  std::string url;
  std::string ca_file;  // empty: the system's
  bool required = true;
};

struct HubConfig {
  rpc::ServerOptions server;  // "listen", "tls", "reflection"
  std::string admin_listen;   // loopback; empty: no admin server
  std::string trust_domain;
  std::string contact_desk;  // whom to ring to be put in touch with a service not named
  std::string audience;      // `aud` of assertions
  std::string origin;        // of the ledger's checkpoints
  std::string operator_spiffe_id;

  std::string master_key_file;
  std::string old_master_key_file;  // while the master key is being changed; else empty
  int keys_per_step = operations::kKeysPerStep;
  std::string ledger_key_file;
  int agency_id_epoch = 1;

  StoreKind store_kind = StoreKind::kRocksDb;
  std::string store_path;
  // Shows that the crash harness notices a build that does not sync. Only in a config that also
  // says "negative_control".
  bool unsafe_no_sync_for_negative_control = false;
  // The second copy of the latest checkpoint. Must not lie inside the store: it is there to notice
  // a store that was put back.
  std::string checkpoint_file;
  absl::Duration checkpoint_interval = absl::Seconds(1);
  std::vector<WitnessPartner> witnesses;
  // What they co-signed; beside the checkpoint file unless said otherwise, and like it outside.
  std::string witnessed_file;
  absl::Duration witness_alarm_after = absl::Minutes(5);

  backup::BackupOptions backup;     // "backup"; an empty directory: there are none
  operations::Retention retention;  // "retention_days"

  // Published once, where nothing was published before; empty: everything is hidden until somebody
  // publishes.
  std::string policy_file;
  std::string words_file;
  absl::Duration policy_age_max = absl::InfiniteDuration();  // older ones hide everything
  people::StandingRules standing;                            // when a flag is settled
  people::KeepingRules keeping;                              // how long what is closed is kept
  policy_admin::PolicyAdminOptions policy_admin;
  audit::PatternOptions patterns;  // thresholds of auditors' patterns

  // Answers leave at whole multiples of this behind their requests; zero: as soon as they are ready.
  absl::Duration release_step = absl::Milliseconds(10);

  int executor_threads = 4;
  int executor_queue_max = 4096;
  absl::Duration shutdown_grace = absl::Seconds(10);

  std::string log_file;  // empty: standard error
  base::LogLevel log_level = base::LogLevel::kInfo;
  bool log_good_calls = true;
};

// Errors: kInvalidField naming the file and every key at fault.
[[nodiscard]] absl::StatusOr<HubConfig> ReadHubConfig(const std::string& path);
// The same from text; relative paths are relative to `directory`.
[[nodiscard]] absl::StatusOr<HubConfig> ParseHubConfig(const std::string& text,
                                                       const std::string& source,
                                                       const std::string& directory);

}  // namespace signpost::app

#endif  // SIGNPOST_HUB_APP_CONFIG_H_
