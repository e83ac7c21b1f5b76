// The main loop that every adapter has: watch the inbox, read it, report, send what changed.
//
//   signpost-yot-asset --config FILE [--once] [--dry-run] [--report FILE] [--confirm-missing N]
//                      [--resend-all]
//
// The configuration (paths are taken from its own folder):
//
//   {"hub": {"address": "127.0.0.1:8443", "server_name": "hub.nortown.example", "ca": "ca.pem",
//            "certificate": "adapter.pem", "key": "adapter.key"},
//    "inbox": "inbox", "journal": "adapter.journal", "mapping": "mapping.json",
//    "feed": "nightly", "extract": "full", "missing_percent_max": 5,
//    "report": "report.jsonl", "status": "status.json", "notices": "notices.jsonl",
//    "poll": "10s", "settle": "5s"}
//
// Needed are hub.address, ca, certificate, key, inbox and journal. "extract": "changes" says that
// the files hold only what changed, so nothing can be missing from them.
//
// Exit codes: 0 all done; 1 the hub could not be reached or refused, and the next run goes on from
// there; 2 usage or configuration; 3 the extract was refused and nothing left, or the hub holds too
// many open records that the extract lacks and nothing was closed.

#ifndef SIGNPOST_ADAPTERS_KIT_RUN_H_
#define SIGNPOST_ADAPTERS_KIT_RUN_H_

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/kit/connection.h"
#include "adapters/kit/intake.h"
#include "adapters/kit/mapping.h"
#include "adapters/kit/push.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"

namespace signpost::adapters {

// Files of one folder, as they are when it is made. Immutable.
class Inbox {
 public:
  // Errors: kInvalidField when there is no such folder.
  [[nodiscard]] static absl::StatusOr<Inbox> Scan(const std::string& folder);

  // Names that match `pattern` ('*' stands for any text), in order.
  std::vector<std::string> Matching(const std::string& pattern) const;
  std::string PathOf(const std::string& name) const;
  const std::vector<std::string>& names() const { return names_; }
  // Changes when a file comes, goes or is written.
  const std::string& fingerprint() const { return fingerprint_; }
  // When the newest file was last written.
  absl::Time newest() const { return newest_; }

 private:
  Inbox() = default;
  std::string folder_;
  std::vector<std::string> names_;
  std::string fingerprint_;
  absl::Time newest_ = absl::InfinitePast();
};

// The newest file (last by name) that matches `pattern` and that `check` finds whole. Those that
// are not whole are refused in `intake` and the one before is tried: a broken export leaves things
// as they were. Nothing when there is none; with `needed` the extract is then refused.
std::optional<std::string> NewestWhole(
    const Inbox& inbox, const std::string& pattern, bool needed,
    const std::function<absl::Status(const std::string& path)>& check, Intake* intake);

// One agency system: what an adapter is beyond the kit.
class SourceSystem {
 public:
  virtual ~SourceSystem() = default;
  virtual const char* name() const = 0;             // "yot_asset"
  virtual const char* default_mapping() const = 0;  // JSON, see mapping.h
  // Reads the inbox into `intake`. Faults of rows and files go there; an error is one of the
  // machine (a disk that cannot be read) and ends the run. `today` is the day it is.
  [[nodiscard]] virtual absl::Status Read(const Inbox& inbox, const Mapping& mapping,
                                          absl::CivilDay today, Intake* intake) const = 0;
};

struct AdapterConfig {
  ConnectionOptions hub;
  std::string inbox;
  std::string journal;
  std::string mapping_text;  // the agency's overlay, or empty
  std::string mapping_path;
  std::string feed;
  bool full_extract = true;
  double missing_percent_max = 5.0;
  std::string report;   // JSON lines; empty: none
  std::string status;   // JSON, rewritten after each run; empty: none
  std::string notices;  // JSON lines of the mailbox; empty: the mailbox is left alone
  absl::Duration poll = absl::Seconds(10);
  absl::Duration settle = absl::Seconds(5);
};
// Relative paths are taken from the file's folder. Errors: kInvalidField with every fault.
[[nodiscard]] absl::StatusOr<AdapterConfig> ReadAdapterConfig(const std::string& path);

struct RunOptions {
  bool dry_run = false;
  bool resend_all = false;
  int64_t confirm_missing = -1;
  // Empties the mailbox behind the extract; a watching adapter reads it all along instead.
  bool drain_mailbox = true;
  PushOptions push;
  Sleeper sleeper;
  // Where people read and, in a dry run, where what would leave is written.
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

inline constexpr int kExitDone = 0;
inline constexpr int kExitNotSent = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;

// Reads the inbox once, sends what changed and reconciles. Returns an exit code; everything that
// was wrong has been printed. `channel` is used as it is (tests); null: one is made from `config`.
int RunOnce(const SourceSystem& system, const AdapterConfig& config, const RunOptions& options,
            const base::Clock* clock, base::RandomSource* random,
            std::shared_ptr<grpc::ChannelInterface> channel);

// The whole program.
int AdapterMain(const SourceSystem& system, int argc, char** argv);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_RUN_H_
