// A LoadClient is a closed loop of WhoKnows calls over mTLS: a fixed number in flight, for one turn
// at a time, over connections that stay open between turns.
//
// It is for one thread. Between turns nothing of it is in flight, so that two clients can take
// turns and each have the machine to itself.

#ifndef SIGNPOST_TESTS_BENCH_LOAD_CLIENT_H_
#define SIGNPOST_TESTS_BENCH_LOAD_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signpost/v1/index.grpc.pb.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/turns.h"

namespace signpost::bench {

struct LoadOptions {
  std::string address;
  TlsFiles tls;  // of the client
  // Makes the metadata `signpost-assertion` of a turn, for an assertion lives minutes and a run may
  // take longer; empty: none is sent.
  std::function<std::string()> assertion;
  int in_flight = 64;
  int connections = 4;
};

class LoadClient {
 public:
  // Makes the n-th request; it is called from several threads at once.
  using NextRequest = std::function<v1::WhoKnowsRequest(uint64_t n)>;

  // Connects. Errors: UNAVAILABLE when the server does not take a connection in five seconds.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LoadClient>> Connect(LoadOptions options,
                                                                           NextRequest next);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  // Calls for `warm_up` unmeasured and then for `duration`, and returns when the last call has
  // ended. `measured_from` and `measured_to`, where given, are called at both ends of `duration`.
  // Errors: UNAVAILABLE with the first one, when any call failed: such a turn is no measurement.
  [[nodiscard]] absl::StatusOr<Turn> Run(absl::Duration warm_up, absl::Duration duration,
                                         const std::function<void()>& measured_from = nullptr,
                                         const std::function<void()>& measured_to = nullptr);

  // Of all calls measured so far: the time that `percent` of them took at most.
  double PercentileUs(double percent) const;

 private:
  struct Shared;
  class Slot;
  LoadClient(LoadOptions options, NextRequest next);

  const LoadOptions options_;
  const NextRequest next_;
  std::vector<std::unique_ptr<v1::IndexService::Stub>> stubs_;
  uint64_t number_ = 0;  // of the next request, over all turns
  std::vector<float> latencies_us_;
};

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_LOAD_CLIENT_H_
