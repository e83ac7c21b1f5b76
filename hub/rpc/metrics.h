// Metrics is a set of counters that it writes as Prometheus reads them. Labels are few and fixed: a
// method, a status, a room; never a person, a practitioner or a request.
//
// Series are made at start-up and live as long as the Metrics; adding to one is an atomic operation
// and takes no lock. Thread-safe.

#ifndef SIGNPOST_HUB_RPC_METRICS_H_
#define SIGNPOST_HUB_RPC_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"

namespace signpost::rpc {

class Counter {
 public:
  void Add(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// Durations in fixed buckets from 250 us to 10 s.
class Histogram {
 public:
  static constexpr std::array<double, 15> kBoundsSeconds = {0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                            0.01,    0.025,  0.05,  0.1,    0.25,
                                                            0.5,     1.0,    2.5,   5.0,    10.0};

  void Observe(absl::Duration duration);
  uint64_t count() const;

 private:
  friend class Metrics;
  std::array<std::atomic<uint64_t>, kBoundsSeconds.size() + 1> buckets_{};
  std::atomic<uint64_t> sum_us_ = 0;
};

class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics() = default;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Series of one name must be added with the same help text. What is returned is owned by this.
  // `read` is called at each scrape and must be quick and thread-safe.
  Counter* AddCounter(const std::string& name, const std::string& help, Labels labels = {});
  Histogram* AddHistogram(const std::string& name, const std::string& help, Labels labels = {});
  void AddGauge(const std::string& name, const std::string& help, std::function<double()> read,
                Labels labels = {});

  // The exposition text (version 0.0.4). Histograms that saw nothing are left out.
  std::string Text() const;

 private:
  struct Series {
    std::string name;
    std::string help;
    std::string labels;  // `a="b",c="d"`, escaped
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> gauge;
  };
  Series* AddSeries(const std::string& name, const std::string& help, const Labels& labels);

  mutable absl::Mutex mutex_;
  std::vector<std::unique_ptr<Series>> series_ ABSL_GUARDED_BY(mutex_);
};

// grpc_server_call_duration_seconds{grpc_method,grpc_status}, a histogram for each method of the
// table and each code.
class CallMetrics {
 public:
  explicit CallMetrics(Metrics* metrics);
  void Observe(size_t method_index, grpc::StatusCode code, absl::Duration duration);

 private:
  static constexpr size_t kCodes = 17;
  std::vector<std::array<Histogram*, kCodes>> histograms_;  // by MethodRow::index
};

// "OK", "NOT_FOUND", …
const char* GrpcCodeName(grpc::StatusCode code);

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_METRICS_H_
