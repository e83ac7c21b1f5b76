// Connect is a maker of channels to the hub over mutual TLS; HubError is a refusal of it, decoded.
//
// Adapters only dial out. The channel presents the agency system's certificate and accepts only a
// hub that the given authority signed. Thread-safe.

#ifndef SIGNPOST_ADAPTERS_KIT_CONNECTION_H_
#define SIGNPOST_ADAPTERS_KIT_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "hub/base/random.h"

namespace signpost::adapters {

struct ConnectionOptions {
  std::string address;      // host:port
  std::string server_name;  // name in the hub's certificate, when it is not the host; may be ""
  std::string ca_path;      // PEM of the authority that signed the hub's certificate
  std::string certificate_path;  // PEM of this system's certificate and what it needs above it
  std::string key_path;          // PEM, readable by its owner alone
};

// Makes the channel; it connects when it is first used. Errors: kInvalidField or kKeyUnavailable
// when a file cannot be read, naming it.
[[nodiscard]] absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(
    const ConnectionOptions& options);

// A refusal of the hub, decoded.
struct HubError {
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::string reason;  // "INVALID_FIELD"; empty when the answer did not come from the hub itself
  std::string message;
  struct Field {
    std::string field;
    std::string description;
  };
  std::vector<Field> fields;
  absl::Duration retry_after;  // zero when the hub did not say
  std::string incident_id;

  // Whether the same call may succeed later without anybody doing anything.
  bool Retryable() const;
  // "UNAVAILABLE, STORE_FULL: no room on the hub's disk …", the fields, and what to do.
  std::string Readable() const;
};
HubError DecodeHubError(const grpc::Status& status);
// The same as a status of ours with Readable() as its message; `what` says what was tried.
absl::Status HubErrorToStatus(const HubError& error, const std::string& what);

struct RetryOptions {
  int attempts_max = 5;
  absl::Duration first_delay = absl::Milliseconds(200);
  absl::Duration delay_max = absl::Seconds(30);
  absl::Duration call_deadline = absl::Seconds(10);
};

// Sleeps; given in, so that tests need not wait. Returns early, with false, when it should stop.
using Sleeper = std::function<bool(absl::Duration)>;
Sleeper RealSleeper();

// How long to wait before attempt `attempt` (2 is the first retry): exponential, with full jitter
// above half, and never less than the hub asked.
absl::Duration RetryDelay(const RetryOptions& options, int attempt, const HubError& error,
                          base::RandomSource* random);

// Calls `call` with a fresh context that has the deadline set, until it succeeds, answers an error
// that waiting does not mend, or attempts are used up.
[[nodiscard]] absl::Status CallWithRetry(
    const RetryOptions& options, const std::string& what, base::RandomSource* random,
    const Sleeper& sleeper, const std::function<grpc::Status(grpc::ClientContext*)>& call);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_CONNECTION_H_
