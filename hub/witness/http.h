// These are the two ends that speak HTTP for witnesses: the server of signpost-witness, and the
// client with which a hub asks one.

#ifndef SIGNPOST_HUB_WITNESS_HTTP_H_
#define SIGNPOST_HUB_WITNESS_HTTP_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/witness/witness.h"

namespace signpost::witness {

// Serves POST /add-checkpoint and GET /ping. Thread-safe.
class WitnessServer {
 public:
  struct Options {
    std::string listen;            // "0.0.0.0:8555"; port 0 takes any
    std::string certificate_file;  // with key_file: TLS; without: plain HTTP
    std::string key_file;
  };

  // Listens and serves. `witness` is not owned and must outlive this. Errors: kInvalidField when
  // the address is malformed or in use; kKeyUnavailable when the TLS files cannot be used.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<WitnessServer>> Start(const Options& options,
                                                                            Witness* witness);
  // Stops serving; requests under way finish.
  virtual ~WitnessServer() = default;
  virtual int port() const = 0;
};

// How requests reach a witness; tests put something of their own here. Used by one thread at a
// time but for Cancel().
class WitnessChannel {
 public:
  virtual ~WitnessChannel() = default;
  // Sends `body` as an add-checkpoint request. Errors: UNAVAILABLE when there is no answer in time,
  // or one that is too large to be one.
  [[nodiscard]] virtual absl::StatusOr<Answer> AddCheckpoint(const std::string& body) = 0;
  // Gives up a request under way, and lets every later one fail. From any thread.
  virtual void Cancel() = 0;
};

struct HttpChannelOptions {
  std::string url;      // the submission prefix: "https://witness.example:8555"
  std::string ca_file;  // PEM; for https, empty takes the system's
  absl::Duration timeout = absl::Seconds(5);
};

// OK when `url` is http:// or https:// with a host, and no query. Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::Status CheckWitnessUrl(const std::string& url);

// Errors: those of CheckWitnessUrl().
[[nodiscard]] absl::StatusOr<std::unique_ptr<WitnessChannel>> NewHttpChannel(
    const HttpChannelOptions& options);

}  // namespace signpost::witness

#endif  // SIGNPOST_HUB_WITNESS_HTTP_H_
