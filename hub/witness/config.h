// WitnessConfig is a configuration that one JSON file holds.
//
//   {
//     "listen": "0.0.0.0:8555",
//     "key": "witness.key",
//     "state": "state",
//     "logs": [{"origin": "signpost.nortown.example/ledger",
//               "verifier_key": "signpost.nortown.example/ledger+…"}],
//     "tls": {"certificate": "witness.pem", "key": "witness.tls.key"}
//   }
//
// Paths that are not absolute are relative to the file's own directory. Without "tls" it speaks
// plain HTTP: requests and answers are signed in themselves and tell nothing.

#ifndef SIGNPOST_HUB_WITNESS_CONFIG_H_
#define SIGNPOST_HUB_WITNESS_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/base/json_log.h"
#include "hub/witness/witness.h"

namespace signpost::witness {

struct WitnessConfig {
  std::string listen;
  std::string key_file;
  std::string state_directory;
  std::vector<KnownLog> logs;
  std::string certificate_file;  // both or neither
  std::string tls_key_file;
  std::string log_file;  // empty: standard error
  base::LogLevel log_level = base::LogLevel::kInfo;
};

// Errors: kInvalidField naming the file and every key at fault.
[[nodiscard]] absl::StatusOr<WitnessConfig> ReadWitnessConfig(const std::string& path);
[[nodiscard]] absl::StatusOr<WitnessConfig> ParseWitnessConfig(const std::string& text,
                                                               const std::string& source,
                                                               const std::string& directory);

}  // namespace signpost::witness

#endif  // SIGNPOST_HUB_WITNESS_CONFIG_H_
