// Server is a gRPC server that requires client certificates: the limits of base/limits.h, health,
// reflection when asked for, and an orderly end.
//
// Certificates are read again while the server runs (every `reload_interval`), so renewing them
// needs no restart; open connections keep what they have until their age ends. There is one port
// and it is always mutually authenticated: a plaintext port would serve every service to everybody.

#ifndef SIGNPOST_HUB_RPC_SERVER_H_
#define SIGNPOST_HUB_RPC_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace signpost::rpc {

struct ServerOptions {
  std::string listen;            // "127.0.0.1:8443"; port 0 takes a free one
  std::string certificate_file;  // PEM chain, the server's own first
  std::string key_file;          // PEM, readable by its owner alone
  std::string client_ca_file;    // PEM: who may sign clients' certificates
  bool reflection = false;
  absl::Duration reload_interval = absl::Minutes(1);
  absl::Duration connection_age_max = absl::Minutes(30);
  absl::Duration connection_age_grace = absl::Minutes(5);
};

// Thread-safe.
class Server {
 public:
  // Starts to serve `services`, which are not owned and must outlive it.
  // Errors:
  //   - kKeyUnavailable: a file cannot be read, is not PEM, does not belong together, or the key's
  //     can be read by others; the message names it and what to do
  //   - kInvalidField: the address cannot be listened on: in use, or not this machine's
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Server>> Start(
      const ServerOptions& options, const std::vector<grpc::Service*>& services);

  // As Shutdown(0 s).
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  // What the health service answers, and load balancers see. A server starts as NOT_SERVING: set it
  // when all is ready.
  void SetServing(bool serving);

  // Health NOT_SERVING, no new connections, calls in flight may finish for `grace` and are
  // cancelled then. Returns when every call is done. Idempotent.
  void Shutdown(absl::Duration grace);

 private:
  Server() = default;

  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_SERVER_H_
