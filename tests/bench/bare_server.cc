#include "tests/bench/bare_server.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::bench {

constexpr size_t kAppendBytes = 200;

// One thread that writes and syncs whatever has gathered, then completes all of it.
class BareServer::Appender {
 public:
  explicit Appender(int fd) : fd_(fd), thread_([this] { Loop(); }) {}
  ~Appender() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
    close(fd_);
  }

  void Append(std::function<void(bool)> done) {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(std::move(done));
  }

 private:
  void Loop() {
    while (true) {
      std::vector<std::function<void(bool)>> batch;
      {
        const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
          return stopping_ || !waiting_.empty();
        };
        absl::MutexLock lock(&mutex_, absl::Condition(&ready));
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      const std::string bytes(batch.size() * kAppendBytes, 'x');
      const bool ok =
          write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
          fdatasync(fd_) == 0;
      for (auto& done : batch) done(ok);
    }
  }

  const int fd_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void(bool)>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class BareServer::Service final : public v1::IndexService::CallbackService {
 public:
  Service(Append append, size_t answer_bytes)
      : append_(std::move(append)), answer_(answer_bytes, 'a') {}

  grpc::ServerUnaryReactor* WhoKnows(grpc::CallbackServerContext* context,
                                     const v1::WhoKnowsRequest* /*request*/,
                                     v1::WhoKnowsResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    response->set_answer(answer_);
    append_([reactor](bool ok) {
      reactor->Finish(ok ? grpc::Status::OK : grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk"));
    });
    return reactor;
  }

 private:
  const Append append_;
  const std::string answer_;
};

struct BareServer::Grpc {
  std::unique_ptr<grpc::Server> server;
};

BareServer::BareServer() = default;
BareServer::~BareServer() {
  if (grpc_ != nullptr && grpc_->server != nullptr) grpc_->server->Shutdown();
}

absl::StatusOr<std::unique_ptr<BareServer>> BareServer::Start(const TlsFiles& tls,
                                                              const std::string& append_path,
                                                              size_t answer_bytes) {
  const int fd = open(append_path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("cannot open ", append_path));
  auto appender = std::make_unique<Appender>(fd);
  absl::StatusOr<std::unique_ptr<BareServer>> bare = Start(
      tls,
      [appender = appender.get()](std::function<void(bool)> done) {
        appender->Append(std::move(done));
      },
      answer_bytes);
  if (bare.ok()) (*bare)->appender_ = std::move(appender);
  return bare;
}

absl::StatusOr<std::unique_ptr<BareServer>> BareServer::Start(const TlsFiles& tls, Append append,
                                                              size_t answer_bytes) {
  std::unique_ptr<BareServer> bare(new BareServer);
  bare->service_ = std::make_unique<Service>(std::move(append), answer_bytes);
  grpc::SslServerCredentialsOptions ssl(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = tls.ca_pem;
  ssl.pem_key_cert_pairs.push_back({tls.key_pem, tls.cert_pem});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(ssl), &port);
  builder.RegisterService(bare->service_.get());
  bare->grpc_ = std::make_unique<Grpc>();
  bare->grpc_->server = builder.BuildAndStart();
  if (bare->grpc_->server == nullptr || port == 0) {
    return absl::UnavailableError("the bare server did not start");
  }
  bare->address_ = absl::StrCat("127.0.0.1:", port);
  return bare;
}

}  // namespace signpost::bench
