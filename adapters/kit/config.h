// An AdapterConfig is the configuration of one adapter's program, read from a JSON file:
//
//   {"hub": {"address": "127.0.0.1:8443", "server_name": "hub.nortown.example", "ca": "ca.pem",
//            "certificate": "adapter.pem", "key": "adapter.key"},
//    "inbox": "inbox", "journal": "adapter.journal", "mapping": "mapping.json",
//    "feed": "nightly", "extract": "full", "missing_percent_max": 5,
//    "report": "report.jsonl", "status": "status.json", "notices": "notices.jsonl",
//    "poll": "10s", "settle": "5s"}
//
// Needed are hub.address, ca, certificate, key, inbox and journal. "extract": "changes" says that
// the files hold only what changed, so nothing can be missing from them. Plain values.

#ifndef SIGNPOST_ADAPTERS_KIT_CONFIG_H_
#define SIGNPOST_ADAPTERS_KIT_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/kit/connection.h"

namespace signpost::adapters {

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

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_CONFIG_H_
