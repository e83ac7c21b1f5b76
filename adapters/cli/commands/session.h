// A Session is a way to the hub for one command: a profile (a file with options over it) that says
// who asks, the channel, and an assertion minted for each call.
//
// A profile is a JSON file such as deploy/make-authority and the quick start write:
//   {"hub": "localhost:7443", "ca": "ca.pem", "cert": "casework.pem", "key": "casework.key",
//    "agency": "northern-connexions", "assertion_key": "assertion.key", "assertion_key_id": "k1",
//    "practitioner": "pa-001", "role": "personal-adviser", "teams": [], "audience": "…"}
// Paths in it are relative to the file. It holds no secret itself.

#ifndef SIGNPOST_ADAPTERS_CLI_COMMANDS_SESSION_H_
#define SIGNPOST_ADAPTERS_CLI_COMMANDS_SESSION_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/options.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "hub/base/clock.h"
#include "hub/base/crypto.h"
#include "hub/base/random.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::adapters::cli {

struct Profile {
  std::string hub;          // host:port
  std::string server_name;  // in the hub's certificate, when it is not the host
  std::string ca;
  std::string cert;
  std::string key;
  std::string agency;
  std::string assertion_key;  // empty: a system that asks without a practitioner
  std::string assertion_key_id;
  std::string practitioner;
  std::string name;
  std::string role;
  std::vector<std::string> teams;
  std::string assurance = "substantial";
  std::string audience;
};

// What every command takes that asks a hub.
struct HubOptions {
  std::string profile;  // of --profile
  Profile over;         // what other options say; empty where they say nothing
  bool json = false;
  void DeclareCommon(CLI::App* app);
};

// The file of --profile, or of the environment's SIGNPOST_PROFILE, with the options over it.
// Errors: INVALID_ARGUMENT or kInvalidField, naming all that is wrong or missing.
[[nodiscard]] absl::StatusOr<Profile> ReadProfile(const HubOptions& options);

// Not thread-safe. `clock` and `random` are not owned and must outlive it.
class Session {
 public:
  // Errors: those of adapters::Connect(); kKeyUnavailable for the assertion key.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Session>> Open(const Profile& profile,
                                                                     const base::Clock* clock,
                                                                     base::RandomSource* random);

  const Profile& profile() const { return profile_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Sets the deadline, and says who is sitting at the system: an assertion for `purpose` in the
  // metadata. A profile without an assertion key, or without a practitioner, sends none.
  [[nodiscard]] absl::Status Prepare(const std::string& purpose, absl::Duration deadline,
                                     grpc::ClientContext* context);
  // Sets the deadline alone: for what a system does by itself.
  void PrepareSystem(absl::Duration deadline, grpc::ClientContext* context);

  // 32 hex digits, new each time.
  std::string NewRequestId();

 private:
  Session(Profile profile, const base::Clock* clock, base::RandomSource* random)
      : profile_(std::move(profile)), clock_(clock), random_(random) {}

  const Profile profile_;
  const base::Clock* const clock_;
  base::RandomSource* const random_;
  std::shared_ptr<grpc::Channel> channel_;
  std::optional<base::PrivateKey> assertion_key_;
  std::string certificate_sha256_;
};

// Fills `all` with the agencies of the area, page by page, asking for `purpose`. The first error
// ends it; what Prepare() refuses is INVALID_ARGUMENT.
grpc::Status ListAllAgencies(Session& session, const std::string& purpose,
                             signpost::v1::ListAgenciesResponse* all);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_COMMANDS_SESSION_H_
