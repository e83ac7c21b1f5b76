// AdminHttp is a server that operators and their tools ask, plain HTTP on loopback only: /ping,
// /health, /info and /metrics. It tells nothing about people and changes nothing; it has no
// authentication, which is why any other address than loopback is refused.

#ifndef SIGNPOST_HUB_APP_ADMIN_HTTP_H_
#define SIGNPOST_HUB_APP_ADMIN_HTTP_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "hub/rpc/metrics.h"
#include "nlohmann/json.hpp"

namespace signpost::app {

// What the pages show. Called on each request, on a thread of the admin server's; must be
// thread-safe. None may hold a personal value.
struct AdminPages {
  // For /health: 200 when true, 503 when false; the object is shown either way, with "status".
  std::function<std::pair<bool, nlohmann::json>()> health;
  std::function<nlohmann::json()> info;
  const rpc::Metrics* metrics = nullptr;  // not owned
};

// Thread-safe.
class AdminHttp {
 public:
  // Listens on `address` ("127.0.0.1:9443", "[::1]:9443", "localhost:0") and serves.
  // Errors: kInvalidField when the address is not loopback, malformed, or in use.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<AdminHttp>> Start(const std::string& address,
                                                                        AdminPages pages);
  // Stops serving.
  virtual ~AdminHttp() = default;

  virtual int port() const = 0;
};

}  // namespace signpost::app

#endif  // SIGNPOST_HUB_APP_ADMIN_HTTP_H_
