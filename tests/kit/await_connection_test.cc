#include "adapters/kit/await_connection.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/grpcpp.h"
#include "signpost/v1/index.grpc.pb.h"

namespace {

// How many connections in progress are to be spoilt.
std::atomic<int> spoil = 0;

}  // namespace

// gRPC's, too, since the program comes before its library. A call that succeeds may leave anything
// in errno; this one leaves what a mutex leaves there that looks for a file, just where gRPC asks
// errno how connect() went.
extern "C" int epoll_ctl(int epoll, int operation, int file, epoll_event* event) noexcept {
  const bool connecting = operation == EPOLL_CTL_ADD && errno == EINPROGRESS;
  const int result = static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, file, event));
  if (result == 0 && connecting && spoil-- > 0) errno = ENOENT;
  return result;
}

namespace signpost::adapters {
namespace {

class Finds final : public v1::IndexService::Service {
  grpc::Status Find(grpc::ServerContext* /*context*/, const v1::FindRequest* /*request*/,
                    v1::FindResponse* /*response*/) override {
    return grpc::Status::OK;
  }
};

class AwaitConnectionTest : public ::testing::Test {
 protected:
  AwaitConnectionTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~AwaitConnectionTest() override {
    spoil = 0;
    server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }
  std::shared_ptr<grpc::Channel> Channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    SetReconnectDelay(&arguments);
    return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port_),
                                     grpc::InsecureChannelCredentials(), arguments);
  }
  static grpc::Status Find(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::FindResponse response;
    return v1::IndexService::NewStub(channel)->Find(&context, {}, &response);
  }

  Finds service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(AwaitConnectionTest, ACallAfterItIsNotLostToAnAttemptThatFailed) {
  spoil = 1;
  const auto channel = Channel();
  AwaitConnection(channel.get());
  EXPECT_LE(spoil, 0);
  const grpc::Status found = Find(channel);
  EXPECT_TRUE(found.ok()) << found.error_message();
}

// What it is for: should this one fail, gRPC has been mended and the wait can go.
TEST_F(AwaitConnectionTest, WithoutItTheCallIsLost) {
  spoil = 1;
  const grpc::Status found = Find(Channel());
  EXPECT_EQ(found.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_NE(found.error_message().find("No such file or directory"), std::string::npos)
      << found.error_message();
}

TEST_F(AwaitConnectionTest, ReturnsWhereNobodyListens) {
  server_->Shutdown(absl::ToChronoTime(absl::Now()));
  const auto channel = Channel();
  AwaitConnection(channel.get());
  EXPECT_EQ(Find(channel).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace signpost::adapters
