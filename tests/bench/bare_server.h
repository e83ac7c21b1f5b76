// BareServer is the baseline that answers compare with: the least that a recorded answer could
// cost. A gRPC server over the same mTLS that answers WhoKnows with a reply of a given size after
// appending 200 bytes to a file under group commit (one fdatasync for all that arrived while the
// last one ran). No look-up, no policy, no tree.
//
// Thread-safe once started.

#ifndef SIGNPOST_TESTS_BENCH_BARE_SERVER_H_
#define SIGNPOST_TESTS_BENCH_BARE_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace signpost::bench {

struct TlsFiles {
  std::string ca_pem;
  std::string cert_pem;
  std::string key_pem;
};

class BareServer {
 public:
  // Serves on 127.0.0.1 with a port of its own choice; appends to `append_path`.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<BareServer>> Start(
      const TlsFiles& tls, const std::string& append_path, size_t answer_bytes);
  // The same server in front of something else: `append` is called for each request, and calls what
  // it is given once that request is durable, or not.
  using Append = std::function<void(std::function<void(bool)>)>;
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<BareServer>> Start(const TlsFiles& tls,
                                                                         Append append,
                                                                         size_t answer_bytes);
  ~BareServer();

  const std::string& address() const { return address_; }

 private:
  class Service;
  class Appender;
  BareServer();
  std::unique_ptr<Appender> appender_;
  std::unique_ptr<Service> service_;
  struct Grpc;
  std::unique_ptr<Grpc> grpc_;
  std::string address_;
};

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_BARE_SERVER_H_
