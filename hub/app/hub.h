// Hub is a whole hub that stands in one object: the rooms built from a configuration, served, and
// drained in the right order. Used by main, by the scenario tests and by the benchmark, which run
// it in their own process.
//
//   SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<Hub> hub, Hub::Open(config));
//   SIGNPOST_RETURN_IF_ERROR(hub->Serve());
//   ... hub->port() ...
//   hub->Shutdown();
//
// The rooms themselves are in hub_rooms.h, so that who runs a hub need not read them all.

#ifndef SIGNPOST_HUB_APP_HUB_H_
#define SIGNPOST_HUB_APP_HUB_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/app/config.h"
#include "hub/base/clock.h"
#include "hub/base/json_log.h"
#include "hub/base/random.h"
#include "hub/store/store.h"

namespace signpost::enrolment {
class Enrolment;
}
namespace signpost::request {
struct HubContext;
}
namespace signpost::rpc {
class Metrics;
}

namespace signpost::app {

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
  // Errors, each saying what to do: kKeyUnavailable (also for another master key than the store lies
  // under), kStoreNewer, kStoreUnavailable, kLedgerBehind,
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

  // Where it is served; 0 until it is.
  int port() const;
  int admin_port() const;
  const std::string& verifier_key() const;

  base::JsonLog& log();
  rpc::Metrics& metrics();
  // For tests in the same process: who enrols, and what the rooms stand on.
  enrolment::Enrolment& enrolment();
  const request::HubContext& context() const;

 private:
  class Rooms;

  explicit Hub(std::unique_ptr<Rooms> rooms);

  const std::unique_ptr<Rooms> rooms_;
};

}  // namespace signpost::app

#endif  // SIGNPOST_HUB_APP_HUB_H_
