#include "tests/bench/load_client.h"

#include <grpcpp/grpcpp.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::bench {
namespace {

double ProcessCpuUs() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return static_cast<double>(cpu.tv_sec) * 1e6 + static_cast<double>(cpu.tv_nsec) / 1e3;
}

struct Shared {
  const LoadOptions* options;
  const std::function<v1::WhoKnowsRequest(uint64_t)>* next;
  std::atomic<uint64_t> number{0};
  std::atomic<bool> measuring{false};
  std::atomic<bool> stopping{false};
  std::atomic<int64_t> errors{0};
  absl::Mutex mutex;
  std::string first_error;
};

// One place in flight: calls again from its own completion until told to stop.
class Slot {
 public:
  Slot(Shared* shared, v1::IndexService::Stub* stub, absl::BlockingCounter* stopped)
      : shared_(shared), stub_(stub), stopped_(stopped) {
    latencies_us_.reserve(1 << 14);
  }

  void Go() {
    if (shared_->stopping.load(std::memory_order_relaxed)) {
      stopped_->DecrementCount();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(9));
    if (!shared_->options->assertion.empty()) {
      context_->AddMetadata("signpost-assertion", shared_->options->assertion);
    }
    request_ = (*shared_->next)(shared_->number.fetch_add(1, std::memory_order_relaxed));
    response_.Clear();
    started_ = absl::Now();
    stub_->async()->WhoKnows(context_.get(), &request_, &response_,
                             [this](grpc::Status status) { Done(status); });
  }

  const std::vector<float>& latencies_us() const { return latencies_us_; }

 private:
  void Done(const grpc::Status& status) {
    if (!status.ok()) {
      shared_->errors.fetch_add(1, std::memory_order_relaxed);
      absl::MutexLock lock(&shared_->mutex);
      if (shared_->first_error.empty()) shared_->first_error = status.error_message();
    } else if (shared_->measuring.load(std::memory_order_relaxed)) {
      latencies_us_.push_back(
          static_cast<float>(absl::ToDoubleMicroseconds(absl::Now() - started_)));
    }
    Go();
  }

  Shared* const shared_;
  v1::IndexService::Stub* const stub_;
  absl::BlockingCounter* const stopped_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::WhoKnowsRequest request_;
  v1::WhoKnowsResponse response_;
  absl::Time started_;
  std::vector<float> latencies_us_;
};

}  // namespace

absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options,
                                   const std::function<v1::WhoKnowsRequest(uint64_t n)>& next) {
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = options.tls.ca_pem;
  ssl.pem_cert_chain = options.tls.cert_pem;
  ssl.pem_private_key = options.tls.key_pem;
  std::vector<std::unique_ptr<v1::IndexService::Stub>> stubs;
  for (int i = 0; i < options.connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // a connection each
    arguments.SetSslTargetNameOverride("localhost");
    auto channel = grpc::CreateCustomChannel(options.address, grpc::SslCredentials(ssl), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
      return absl::UnavailableError(absl::StrCat("cannot connect to ", options.address));
    }
    stubs.push_back(v1::IndexService::NewStub(channel));
  }
  Shared shared;
  shared.options = &options;
  shared.next = &next;
  absl::BlockingCounter stopped(options.in_flight);
  std::vector<std::unique_ptr<Slot>> slots;
  for (int i = 0; i < options.in_flight; ++i) {
    slots.push_back(std::make_unique<Slot>(
        &shared, stubs[static_cast<size_t>(i % options.connections)].get(), &stopped));
  }
  for (auto& slot : slots) slot->Go();
  absl::SleepFor(options.warm_up);
  const double cpu_before_us = ProcessCpuUs();
  shared.measuring = true;
  const absl::Time begun = absl::Now();
  absl::SleepFor(options.duration);
  shared.measuring = false;
  const absl::Duration took = absl::Now() - begun;
  const double cpu_us = ProcessCpuUs() - cpu_before_us;
  shared.stopping = true;
  stopped.Wait();

  LoadResult result;
  std::vector<float> all;
  for (const auto& slot : slots) {
    all.insert(all.end(), slot->latencies_us().begin(), slot->latencies_us().end());
  }
  std::sort(all.begin(), all.end());
  result.calls = static_cast<int64_t>(all.size());
  result.calls_per_second = static_cast<double>(all.size()) / absl::ToDoubleSeconds(took);
  result.errors = shared.errors;
  result.first_error = shared.first_error;
  if (!all.empty()) {
    result.cpu_us_per_call = cpu_us / static_cast<double>(all.size());
    result.p50_us = static_cast<double>(all[all.size() / 2]);
    result.p99_us = static_cast<double>(all[all.size() * 99 / 100]);
  }
  return result;
}

}  // namespace signpost::bench
