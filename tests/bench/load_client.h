// A closed loop of WhoKnows calls over mTLS: a fixed number in flight, for a fixed time.

#ifndef SIGNPOST_TESTS_BENCH_LOAD_CLIENT_H_
#define SIGNPOST_TESTS_BENCH_LOAD_CLIENT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signpost/v1/index.pb.h"
#include "tests/bench/bare_server.h"

namespace signpost::bench {

struct LoadOptions {
  std::string address;
  TlsFiles tls;           // of the client
  std::string assertion;  // metadata `signpost-assertion`; empty: none
  int in_flight = 64;
  int connections = 4;
  absl::Duration warm_up = absl::Milliseconds(500);
  absl::Duration duration = absl::Seconds(4);
};

struct LoadResult {
  double calls_per_second = 0;
  int64_t calls = 0;
  int64_t errors = 0;  // a run with errors is no measurement; the caller says so
  std::string first_error;
  double p50_us = 0;
  double p99_us = 0;
  // Processor time of the whole process, server and client, for each call: what a machine that has
  // other things to do leaves comparable.
  double cpu_us_per_call = 0;
};

// `next` makes the n-th request; it is called from several threads at once.
[[nodiscard]] absl::StatusOr<LoadResult> RunLoad(
    const LoadOptions& options, const std::function<v1::WhoKnowsRequest(uint64_t n)>& next);

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_LOAD_CLIENT_H_
