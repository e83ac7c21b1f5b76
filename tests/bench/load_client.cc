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

}  // namespace

struct LoadClient::Shared {
  const NextRequest* next = nullptr;
  std::string assertion;
  std::atomic<uint64_t> number{0};
  std::atomic<bool> measuring{false};
  std::atomic<bool> stopping{false};
  absl::Mutex mutex;
  std::string first_error;
};

// One place in flight: calls again from its own completion until told to stop.
class LoadClient::Slot {
 public:
  Slot(Shared* shared, v1::IndexService::Stub* stub, absl::BlockingCounter* stopped)
      : shared_(shared), stub_(stub), stopped_(stopped) {
    latencies_us_.reserve(1 << 12);
  }

  void Go() {
    if (shared_->stopping.load(std::memory_order_relaxed)) {
      stopped_->DecrementCount();
      return;
    }
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(9));
    if (!shared_->assertion.empty()) {
      context_->AddMetadata("signpost-assertion", shared_->assertion);
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
      absl::MutexLock lock(&shared_->mutex);
      if (shared_->first_error.empty()) {
        shared_->first_error = absl::StrCat("a call failed: ", status.error_message());
      }
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

LoadClient::LoadClient(LoadOptions options, NextRequest next)
    : options_(std::move(options)), next_(std::move(next)) {}
LoadClient::~LoadClient() = default;

absl::StatusOr<std::unique_ptr<LoadClient>> LoadClient::Connect(LoadOptions options,
                                                                NextRequest next) {
  std::unique_ptr<LoadClient> client(new LoadClient(std::move(options), std::move(next)));
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = client->options_.tls.ca_pem;
  ssl.pem_cert_chain = client->options_.tls.cert_pem;
  ssl.pem_private_key = client->options_.tls.key_pem;
  for (int i = 0; i < client->options_.connections; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // a connection each
    arguments.SetSslTargetNameOverride("localhost");
    auto channel =
        grpc::CreateCustomChannel(client->options_.address, grpc::SslCredentials(ssl), arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
      return absl::UnavailableError(absl::StrCat("cannot connect to ", client->options_.address));
    }
    client->stubs_.push_back(v1::IndexService::NewStub(channel));
  }
  return client;
}

absl::StatusOr<Turn> LoadClient::Run(absl::Duration warm_up, absl::Duration duration,
                                     const std::function<void()>& measured_from,
                                     const std::function<void()>& measured_to) {
  Shared shared;
  shared.next = &next_;
  shared.number = number_;
  if (options_.assertion) shared.assertion = options_.assertion();
  absl::BlockingCounter stopped(options_.in_flight);
  std::vector<std::unique_ptr<Slot>> slots;
  for (int i = 0; i < options_.in_flight; ++i) {
    slots.push_back(std::make_unique<Slot>(
        &shared, stubs_[static_cast<size_t>(i % options_.connections)].get(), &stopped));
  }
  for (auto& slot : slots) slot->Go();
  absl::SleepFor(warm_up);
  if (measured_from) measured_from();
  const double cpu_before_us = ProcessCpuUs();
  shared.measuring = true;
  const absl::Time begun = absl::Now();
  absl::SleepFor(duration);
  shared.measuring = false;
  const absl::Duration took = absl::Now() - begun;
  const double cpu_us = ProcessCpuUs() - cpu_before_us;
  if (measured_to) measured_to();
  shared.stopping = true;
  stopped.Wait();
  number_ = shared.number;

  {
    absl::MutexLock lock(&shared.mutex);
    if (!shared.first_error.empty()) return absl::UnavailableError(shared.first_error);
  }
  size_t calls = 0;
  for (const auto& slot : slots) {
    calls += slot->latencies_us().size();
    latencies_us_.insert(latencies_us_.end(), slot->latencies_us().begin(),
                         slot->latencies_us().end());
  }
  if (calls == 0) return absl::UnavailableError("no call ended within the turn");
  return Turn{static_cast<double>(calls) / absl::ToDoubleSeconds(took),
              cpu_us / static_cast<double>(calls)};
}

double LoadClient::PercentileUs(double percent) const {
  if (latencies_us_.empty()) return 0;
  std::vector<float> sorted = latencies_us_;
  const auto at = std::min(sorted.size() - 1,
                           static_cast<size_t>(static_cast<double>(sorted.size()) * percent / 100));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(at), sorted.end());
  return static_cast<double>(sorted[at]);
}

}  // namespace signpost::bench
