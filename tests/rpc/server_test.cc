// The server as clients meet it, over mTLS: who gets in, how calls end, and that every stream ends
// exactly once whatever client, executor and shutdown do.

#include "hub/rpc/server.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "gtest/gtest.h"
#include "hub/base/encoding.h"
#include "hub/base/limits.h"
#include "hub/base/strict_json.h"
#include "hub/rpc/reactors.h"
#include "signpost/v1/audit.grpc.pb.h"
#include "signpost/v1/index.grpc.pb.h"
#include "tests/base/scratch_folder.h"
#include "tests/registry/registry_fixture.h"
#include "tests/rpc/test_pki.h"

namespace signpost::rpc {
namespace {

using base::Reason;
using registry::kYotAdapter;
using registry::kYotCasework;

constexpr char kAuditor[] = "spiffe://nortown.example/agency/nortown-audit/system/adapter";

// Does what it is told: works, or is full.
class TestExecutor final : public base::Executor {
 public:
  [[nodiscard]] bool RunIn(base::Lane lane, Work work) override {
    if (full.load()) return false;
    return pool_.RunIn(lane, std::move(work));
  }
  std::atomic<bool> full = false;

 private:
  base::ThreadPool pool_{3, 100'000};
};

// What the test's services do; set before the calls that use it.
struct Behaviour {
  std::function<void(const v1::FindRequest&, Reply<v1::FindResponse>)> find;
  std::atomic<int> opened = 0;
  std::atomic<int> closed = 0;
  std::atomic<int> destroyed = 0;
  std::atomic<int> woken = 0;
  int64_t read_ahead = 0;
  uint64_t hold_at = 0;  // from this report on the stream asks for nothing more; 0: never
  // Completes on another thread, some time later, as the sequencer would.
  base::ThreadPool elsewhere{2, 100'000};
};

// Answers each report with its number, from another thread.
class EchoStream final : public rpc::BidiStream<v1::ReportFlagsRequest, v1::ReportFlagsResponse> {
 public:
  explicit EchoStream(Behaviour* behaviour) : behaviour_(behaviour) {}
  ~EchoStream() override { ++behaviour_->destroyed; }

 private:
  void OnOpen() override {
    ++behaviour_->opened;
    ReadAhead(behaviour_->read_ahead);
    WakeAfter(absl::Milliseconds(1));
    Read();
  }
  void OnMessage(v1::ReportFlagsRequest message) override {
    if (message.has_open()) {
      return CloseAnswer(arrived(), base::InvalidField("open", "this test does not take it"));
    }
    const uint64_t sequence = message.report().sequence();
    EXPECT_EQ(sequence, ++last_sequence_);
    if (Holding()) return;
    ++pending_;
    const bool taken = behaviour_->elsewhere.Run(
        [self = Ref<EchoStream>(), sequence, since = arrived()]() mutable {
          self->Post([self, sequence, since] { self->Answer(since, sequence); });
        });
    EXPECT_TRUE(taken);
    if (pending_ < base::kReportWindow) Read();
  }
  void Answer(absl::Time since, uint64_t sequence) {
    EXPECT_FALSE(closed());
    --pending_;
    v1::ReportFlagsResponse response;
    response.mutable_outcome()->set_sequence(sequence);
    WriteAnswer(since, std::move(response));
    if (!Holding()) Read();
    if (ended_ && pending_ == 0) Close(absl::OkStatus());
  }
  void OnReadEnd() override {
    ended_ = true;
    if (pending_ == 0) Close(absl::OkStatus());
  }
  bool Holding() const { return behaviour_->hold_at != 0 && last_sequence_ >= behaviour_->hold_at; }
  void OnWake() override { ++behaviour_->woken; }
  void OnClosed() override { ++behaviour_->closed; }

  Behaviour* const behaviour_;
  int pending_ = 0;
  uint64_t last_sequence_ = 0;
  bool ended_ = false;
};

class CountStream final : public rpc::ReadStream<v1::ReconcileRequest, v1::ReconcileResponse> {
 public:
  using ReadStream::ReadStream;

 private:
  void OnOpen() override { Read(); }
  void OnMessage(v1::ReconcileRequest message) override {
    count_ += message.open_record_ids_size();
    Read();
  }
  void OnReadEnd() override {
    v1::ReconcileResponse response;
    response.set_missing_count(count_);
    Answer(arrived(), std::move(response));
  }
  int64_t count_ = 0;
};

class CopyStream final : public rpc::WriteStream<v1::CopyLedgerRequest, v1::CopyLedgerResponse> {
 public:
  using WriteStream::WriteStream;

 private:
  void OnOpen() override { OnWritten(); }
  void OnWritten() override {
    if (next_ == request().first_index() + 5) return Close(absl::OkStatus());
    v1::CopyLedgerResponse response;
    response.mutable_entries()->set_first_index(next_++);
    Write(std::move(response));
  }
  uint64_t next_ = request().first_index();
};

class IndexTestService final : public v1::IndexService::CallbackService {
 public:
  IndexTestService(const rpc::CallEnvironment* calls, Behaviour* behaviour)
      : calls_(calls), behaviour_(behaviour) {}
  grpc::ServerUnaryReactor* Find(grpc::CallbackServerContext* context,
                                 const v1::FindRequest* request,
                                 v1::FindResponse* response) override {
    static const rpc::MethodRow& row = MethodOrDie("/signpost.v1.IndexService/Find");
    return rpc::RunUnary(context, *calls_, row, request, response,
                         [this](const base::Principal& caller, const v1::FindRequest& find,
                                Reply<v1::FindResponse> reply) {
                           EXPECT_EQ(caller.agency_id, "nortown-yot");
                           behaviour_->find(find, std::move(reply));
                         });
  }
  grpc::ServerBidiReactor<v1::ReportFlagsRequest, v1::ReportFlagsResponse>* ReportFlags(
      grpc::CallbackServerContext* context) override {
    static const rpc::MethodRow& row = MethodOrDie("/signpost.v1.IndexService/ReportFlags");
    return StartStream<EchoStream>(context, *calls_, row, behaviour_);
  }
  grpc::ServerReadReactor<v1::ReconcileRequest>* Reconcile(
      grpc::CallbackServerContext* context, v1::ReconcileResponse* response) override {
    static const rpc::MethodRow& row = MethodOrDie("/signpost.v1.IndexService/Reconcile");
    return StartStream<CountStream>(context, *calls_, row, response);
  }

 private:
  const rpc::CallEnvironment* const calls_;
  Behaviour* const behaviour_;
};

class AuditTestService final : public v1::AuditService::CallbackService {
 public:
  explicit AuditTestService(const rpc::CallEnvironment* calls) : calls_(calls) {}
  grpc::ServerWriteReactor<v1::CopyLedgerResponse>* CopyLedger(
      grpc::CallbackServerContext* context, const v1::CopyLedgerRequest* request) override {
    static const rpc::MethodRow& row = MethodOrDie("/signpost.v1.AuditService/CopyLedger");
    return StartStream<CopyStream>(context, *calls_, row, request);
  }

 private:
  const rpc::CallEnvironment* const calls_;
};

class ServerTest : public registry::RegistryFixture {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Put(MakeAgency("nortown-yot", "yot")).ok());
    ASSERT_TRUE(Put(MakeAgency("nortown-audit", "auditor")).ok());
    WriteServerFiles(authority_);
    options_.listen = "127.0.0.1:0";
    options_.certificate_file = directory_ / "hub.pem";
    options_.key_file = directory_ / "hub.key";
    options_.client_ca_file = directory_ / "ca.pem";
    behaviour_.find = [](const v1::FindRequest& find, Reply<v1::FindResponse> reply) {
      v1::FindResponse response;
      response.set_agency_person_id("person of " + find.request_id());
      reply(response);
    };
    calls_.guard = &guard_;
    calls_.executor = &executor_;
    calls_.errors = &errors_;
    calls_.log = &log_;
    calls_.entries = &composer_;
    calls_.metrics = &call_metrics_;
    calls_.streams = &streams_;
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(absl::Seconds(2));
  }

  void WriteServerFiles(TestAuthority& authority) {
    const TestIdentity hub = authority.Issue({"spiffe://nortown.example/hub"}, /*server=*/true);
    WriteFile(directory_ / "hub.pem", hub.certificate_pem);
    WriteFile(directory_ / "hub.key", hub.key_pem);
    WriteFile(directory_ / "ca.pem", authority.certificate_pem());
  }
  void StartServer() {
    absl::StatusOr<std::unique_ptr<rpc::Server>> server =
        rpc::Server::Start(options_, {&index_service_, &audit_service_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->SetServing(true);
  }
  std::shared_ptr<grpc::Channel> Connect(const TestIdentity& identity, TestAuthority& trusted) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = trusted.certificate_pem();
    ssl.pem_cert_chain = identity.certificate_pem;
    ssl.pem_private_key = identity.key_pem;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("localhost:" + std::to_string(server_->port()),
                                     grpc::SslCredentials(ssl), arguments);
  }
  std::shared_ptr<grpc::Channel> ConnectAs(const std::string& spiffe_id) {
    return Connect(authority_.Issue({spiffe_id}), authority_);
  }
  static grpc::Status Find(const std::shared_ptr<grpc::Channel>& channel,
                           v1::FindResponse* response = nullptr, double seconds = 5,
                           const std::string& request_id = "r-1") {
    grpc::ClientContext context;
    if (seconds > 0) {
      context.set_deadline(std::chrono::system_clock::now() +
                           std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)));
    }
    v1::FindRequest request;
    request.set_request_id(request_id);
    v1::FindResponse ignored;
    return v1::IndexService::NewStub(channel)->Find(&context, request,
                                                    response == nullptr ? &ignored : response);
  }
  grpc::Status FindAs(const std::string& spiffe_id) { return Find(ConnectAs(spiffe_id)); }
  // Calls a method by name with bytes; what any client can do.
  static grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                              const std::string& method, std::string* answer, int seconds = 2,
                              const std::string& message = "") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    grpc::GenericStub stub(channel);
    grpc::ByteBuffer request;
    grpc::Slice bytes(message);
    request = grpc::ByteBuffer(&bytes, 1);
    grpc::ByteBuffer response;
    absl::Notification done;
    grpc::Status status;
    stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                   [&](grpc::Status ended) {
                     status = ended;
                     done.Notify();
                   });
    done.WaitForNotification();
    grpc::Slice slice;
    if (status.ok() && response.DumpToSingleSlice(&slice).ok()) {
      *answer = std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return status;
  }
  bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000; ++i) {
      if (holds()) return true;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return false;
  }

  // As it is in the file by now, read beside the writer.
  std::string LogText() {
    std::string text(64 << 10, '\0');
    const ssize_t size = pread(fileno(sink_.get()), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return text;
  }

  std::vector<std::string> LogLines() { return absl::StrSplit(LogText(), '\n', absl::SkipEmpty()); }

  const base::ScratchFolder directory_;
  TestAuthority authority_;
  rpc::ServerOptions options_;
  // Outlives the log, which writes what waits when it goes.
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> sink_{std::tmpfile(), &std::fclose};
  base::RealClock real_clock_;
  base::JsonLog log_{sink_.get(), &real_clock_};
  rpc::Metrics metrics_;
  rpc::CallMetrics call_metrics_{&metrics_};
  rpc::ErrorMapper errors_{&random_, &log_};
  base::AssertionVerifier verifier_{"signpost.nortown.example",
                                    [this](const std::string& agency, const std::string& kid) {
                                      return registry_->LookupKey(agency, kid);
                                    },
                                    &clock_};
  rpc::CallGuard guard_{"nortown.example", registry_.get(), &verifier_};
  const ledger::EntryComposer composer_{*base::SecretKey::FromBytes(std::string(32, 'r')),
                                        &random_};
  rpc::LiveStreams streams_;
  rpc::CallEnvironment calls_;
  Behaviour behaviour_;
  TestExecutor executor_;
  IndexTestService index_service_{&calls_, &behaviour_};
  AuditTestService audit_service_{&calls_};
  std::unique_ptr<rpc::Server> server_;
};

// Lower bounds, which hold on any machine.
TEST_F(ServerTest, WithAReleaseStepNothingIsAnsweredBeforeItsEnd) {
  constexpr absl::Duration kStep = absl::Milliseconds(60);
  calls_.release_step = kStep;
  StartServer();
  const std::shared_ptr<grpc::Channel> channel = ConnectAs(kYotCasework);
  ASSERT_TRUE(Find(channel).ok());  // connected
  const absl::Time begun = absl::Now();
  v1::FindResponse response;
  EXPECT_TRUE(Find(channel, &response, 5, "r-7").ok());
  EXPECT_EQ(response.agency_person_id(), "person of r-7");
  EXPECT_GE(absl::Now() - begun, kStep);
  behaviour_.find = [](const v1::FindRequest&, Reply<v1::FindResponse> reply) {
    reply(base::Error(Reason::kNotFound, "nobody"));
  };
  const absl::Time refused = absl::Now();
  EXPECT_EQ(Find(channel).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_GE(absl::Now() - refused, kStep);
  executor_.full = true;
  const absl::Time busy = absl::Now();
  EXPECT_EQ(Find(channel).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GE(absl::Now() - busy, kStep);
  executor_.full = false;
}

TEST_F(ServerTest, WithAReleaseStepAStreamsOutcomesAllComeAndNoneBeforeItsEnd) {
  constexpr absl::Duration kStep = absl::Milliseconds(40);
  constexpr uint64_t kReports = 3 * base::kReportWindow;
  calls_.release_step = kStep;
  StartServer();
  const auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  const auto stream = stub->ReportFlags(&context);
  const absl::Time begun = absl::Now();
  std::thread writer([&stream] {
    v1::ReportFlagsRequest request;
    for (uint64_t sequence = 1; sequence <= kReports; ++sequence) {
      request.mutable_report()->set_sequence(sequence);
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  });
  uint64_t outcomes = 0;
  v1::ReportFlagsResponse response;
  while (stream->Read(&response)) {
    if (++outcomes == 1) {
      EXPECT_GE(absl::Now() - begun, kStep);
    }
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(outcomes, kReports);
}

// Broken once by Close() in the place of CloseAnswer().
TEST_F(ServerTest, WithAReleaseStepAStreamIsRefusedNoEarlier) {
  constexpr absl::Duration kStep = absl::Milliseconds(60);
  calls_.release_step = kStep;
  StartServer();
  const std::shared_ptr<grpc::Channel> channel = ConnectAs(kYotAdapter);
  const auto stub = v1::IndexService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest request;
  request.mutable_report()->set_sequence(1);
  v1::ReportFlagsResponse response;
  ASSERT_TRUE(stream->Write(request) && stream->Read(&response));  // connected
  request.mutable_open();
  const absl::Time begun = absl::Now();
  ASSERT_TRUE(stream->Write(request));
  EXPECT_EQ(ReasonOnWire(stream->Finish()), Reason::kInvalidField);
  EXPECT_GE(absl::Now() - begun, kStep);
}

TEST_F(ServerTest, WhatIsHeldIsAnsweredWhenTheHubGoes) {
  calls_.release_step = absl::Milliseconds(300);
  StartServer();
  const std::shared_ptr<grpc::Channel> channel = ConnectAs(kYotCasework);
  ASSERT_TRUE(Find(channel).ok());
  absl::Notification begun;
  behaviour_.find = [&begun](const v1::FindRequest&, Reply<v1::FindResponse> reply) {
    reply(v1::FindResponse());
    begun.Notify();
  };
  grpc::Status status;
  std::thread caller([&] { status = Find(channel); });
  begun.WaitForNotification();
  server_->Shutdown(absl::Seconds(2));
  server_.reset();
  caller.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ServerTest, AnEnrolledSystemIsAnswered) {
  StartServer();
  v1::FindResponse response;
  const grpc::Status status = Find(ConnectAs(kYotAdapter), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.agency_person_id(), "person of r-1");
  // Counted after the answer has gone, so as not to hold it up.
  const std::string line =
      "grpc_server_call_duration_seconds_count{grpc_method=\"signpost.v1.IndexService/Find\","
      "grpc_status=\"OK\"} 1";
  EXPECT_TRUE(Eventually([&] { return absl::StrContains(metrics_.Text(), line); }))
      << metrics_.Text();
}

TEST_F(ServerTest, WhoeverIsNotExactlyOneEnrolledSystemIsRefused) {
  StartServer();
  EXPECT_EQ(ReasonOnWire(Find(Connect(authority_.Issue({}), authority_))), Reason::kCallerUnknown);
  EXPECT_EQ(ReasonOnWire(Find(Connect(authority_.Issue({kYotAdapter, kYotCasework}), authority_))),
            Reason::kCallerUnknown);
  EXPECT_EQ(ReasonOnWire(FindAs("spiffe://elsewhere.example/agency/nortown-yot/system/adapter")),
            Reason::kCallerUnknown);
  EXPECT_EQ(ReasonOnWire(FindAs("spiffe://nortown.example/agency/nobody/system/adapter")),
            Reason::kCallerUnknown);
  ASSERT_TRUE(SuspendSystem(kYotAdapter).ok());
  EXPECT_EQ(ReasonOnWire(FindAs(kYotAdapter)), Reason::kCallerSuspended);
}

TEST_F(ServerTest, WithoutACertificateOfTheAuthorityThereIsNoConnection) {
  StartServer();
  const grpc::Status none = Find(Connect({}, authority_));
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(ReasonOnWire(none), Reason::kUnspecified) << "not even a refusal of ours";
  TestAuthority foreign;
  EXPECT_EQ(ReasonOnWire(Find(Connect(foreign.Issue({kYotAdapter}), authority_))),
            Reason::kUnspecified);
  const grpc::Status expired =
      Find(Connect(authority_.Issue({kYotAdapter}, false, -3600), authority_));
  EXPECT_FALSE(expired.ok());
  EXPECT_EQ(ReasonOnWire(expired), Reason::kUnspecified);
}

TEST_F(ServerTest, ACallNeedsADeadlineWithinTheLimit) {
  StartServer();
  const auto channel = ConnectAs(kYotAdapter);
  EXPECT_EQ(ReasonOnWire(Find(channel, nullptr, 0)), Reason::kDeadlineMissing);
  EXPECT_EQ(ReasonOnWire(Find(channel, nullptr, 11)), Reason::kDeadlineMissing);
  EXPECT_TRUE(Find(channel, nullptr, base::kDeadlineSecondsMax).ok());
}

TEST_F(ServerTest, MessagesAndMetadataOverTheLimitAreRefused) {
  StartServer();
  const auto channel = ConnectAs(kYotAdapter);
  EXPECT_EQ(Find(channel, nullptr, 5, std::string(base::kMessageBytesMax + 1, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Find(channel, nullptr, 5, std::string(base::kMessageBytesMax - 64, 'x')).ok());

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  context.AddMetadata("x-large", std::string(base::kMetadataBytesMax, 'x'));
  v1::FindResponse response;
  EXPECT_FALSE(v1::IndexService::NewStub(channel)->Find(&context, {}, &response).ok());
}

TEST_F(ServerTest, AReplyMayComeFromAnotherThreadAndTheFirstOneStands) {
  StartServer();
  behaviour_.find = [this](const v1::FindRequest&, Reply<v1::FindResponse> reply) {
    EXPECT_TRUE(behaviour_.elsewhere.Run([reply = std::move(reply)]() mutable {
      absl::SleepFor(absl::Milliseconds(20));
      v1::FindResponse response;
      response.set_agency_person_id("late");
      reply(response);
    }));
  };
  v1::FindResponse response;
  ASSERT_TRUE(Find(ConnectAs(kYotAdapter), &response).ok());
  EXPECT_EQ(response.agency_person_id(), "late");
}

TEST_F(ServerTest, AReplyThatIsDroppedIsOurFaultAndNotAHangingCall) {
  StartServer();
  behaviour_.find = [](const v1::FindRequest&, Reply<v1::FindResponse>) {};
  EXPECT_EQ(ReasonOnWire(Find(ConnectAs(kYotAdapter))), Reason::kInternal);
}

TEST_F(ServerTest, AFullExecutorShedsWithAWordOnWhenToRetry) {
  StartServer();
  executor_.full = true;
  const auto channel = ConnectAs(kYotAdapter);
  const grpc::Status status = Find(channel);
  EXPECT_EQ(ReasonOnWire(status), Reason::kTooManyRequests);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(rpc::RetryOnWire(status).has_value());
  executor_.full = false;
  EXPECT_TRUE(Find(channel).ok());
}

TEST_F(ServerTest, ACallerThatHasGoneDoesNoHarm) {
  StartServer();
  absl::Notification begun;
  absl::Notification go_on;
  behaviour_.find = [&](const v1::FindRequest&, Reply<v1::FindResponse> reply) {
    begun.Notify();
    go_on.WaitForNotification();
    reply(v1::FindResponse());
  };
  const auto channel = ConnectAs(kYotAdapter);
  std::thread caller([&] {
    EXPECT_EQ(Find(channel, nullptr, 0.2).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  });
  begun.WaitForNotification();
  caller.join();
  go_on.Notify();
  server_->Shutdown(absl::Seconds(5));  // hangs when a call was not finished
}

TEST_F(ServerTest, LogsOfCallsHoldNoPersonalData) {
  StartServer();
  ASSERT_TRUE(Find(ConnectAs(kYotAdapter), nullptr, 5, "Tariq Example 1991-04-02").ok());
  std::string text;
  ASSERT_TRUE(Eventually([&] {
    text = LogText();
    return !text.empty();
  }));
  EXPECT_THAT(text, ::testing::HasSubstr("\"method\":\"/signpost.v1.IndexService/Find\""));
  EXPECT_THAT(text, ::testing::HasSubstr("\"agency\":\"nortown-yot\",\"system\":\"adapter\""));
  // By this hash its entry is found.
  EXPECT_THAT(text, ::testing::HasSubstr(base::HexEncode(
                        composer_.HashOf("nortown-yot", "Tariq Example 1991-04-02"))));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("Tariq")));
}

// --- Streams ---

using ReportClient = grpc::ClientReaderWriter<v1::ReportFlagsRequest, v1::ReportFlagsResponse>;

v1::ReportFlagsRequest Report(uint64_t sequence) {
  v1::ReportFlagsRequest request;
  request.mutable_report()->set_sequence(sequence);
  return request;
}

TEST_F(ServerTest, AStreamAnswersEveryMessageAndEndsWell) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  constexpr uint64_t kReports = 1000;
  std::thread writer([&] {
    for (uint64_t i = 1; i <= kReports; ++i) ASSERT_TRUE(stream->Write(Report(i)));
    stream->WritesDone();
  });
  std::vector<bool> seen(kReports + 1);
  v1::ReportFlagsResponse response;
  while (stream->Read(&response)) seen[response.outcome().sequence()] = true;
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), static_cast<int64_t>(kReports));
  EXPECT_TRUE(Eventually([&] { return behaviour_.destroyed == 1; }));
  EXPECT_EQ(behaviour_.closed, 1);
  EXPECT_EQ(behaviour_.woken, 1);
}

// The log says how many messages a stream took from its client.
TEST_F(ServerTest, WhatIsNotAskedForStaysWithTheClient) {
  StartServer();
  behaviour_.hold_at = 2;
  size_t streams = 0;
  for (const int64_t ahead : {0, 3}) {
    behaviour_.read_ahead = ahead;
    auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
    grpc::ClientContext context;
    std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
    for (uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(stream->Write(Report(i)));
    v1::ReportFlagsResponse response;
    ASSERT_TRUE(stream->Read(&response));
    absl::SleepFor(absl::Milliseconds(50));  // for what must not come
    context.TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
    ++streams;
    ASSERT_TRUE(Eventually([&] { return LogLines().size() == streams; }));
    const auto call = base::ParseStrictJson(LogLines().back());
    ASSERT_TRUE(call.ok());
    EXPECT_EQ((*call)["method"], "/signpost.v1.IndexService/ReportFlags");
    EXPECT_LE((*call)["received"].get<int64_t>(), 2 + ahead);
  }
}

// Messages too large to be read ahead together come one after another all the same.
TEST_F(ServerTest, ReadingAheadIsBoundedInBytesAndLosesNothing) {
  StartServer();
  behaviour_.read_ahead = base::kReportWindow;
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  constexpr uint64_t kReports = 40;
  std::thread writer([&] {
    for (uint64_t i = 1; i <= kReports; ++i) {
      v1::ReportFlagsRequest request = Report(i);
      request.mutable_report()->set_record_id(std::string(StreamCore::kReadAheadBytesMax / 3, 'r'));
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  uint64_t answers = 0;
  v1::ReportFlagsResponse response;
  while (stream->Read(&response)) ++answers;
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers, kReports);
}

// gRPC parses before a handler is asked, so none of our errors can say it. docs/operating.md tells
// vendors what comes instead.
TEST_F(ServerTest, BytesThatAreNoMessageAreUnimplementedOrTheEndOfAStream) {
  StartServer();
  const auto channel = ConnectAs(kYotAdapter);
  const std::string no_message = "\xff\xff\xff";
  std::string answer;
  for (const char* const method :
       {"/signpost.v1.IndexService/Find", "/signpost.v1.AuditService/CopyLedger",
        "/signpost.v1.IndexService/NoSuchMethod"}) {
    const grpc::Status status = CallRaw(channel, method, &answer, 5, no_message);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    EXPECT_EQ(status.error_message(), "") << method;
    EXPECT_EQ(status.error_details(), "") << method;
  }
  const std::string reconcile = "/signpost.v1.IndexService/Reconcile";
  v1::ReconcileRequest one;
  one.add_open_record_ids("C-1");
  v1::ReconcileResponse response;
  ASSERT_TRUE(CallRaw(channel, reconcile, &answer, 5, one.SerializeAsString()).ok());
  ASSERT_TRUE(response.ParseFromString(answer));
  EXPECT_EQ(response.missing_count(), 1);
  ASSERT_TRUE(CallRaw(channel, reconcile, &answer, 5, no_message).ok());
  ASSERT_TRUE(response.ParseFromString(answer));
  EXPECT_EQ(response.missing_count(), 0) << "the stream ended before it";
}

TEST_F(ServerTest, AStreamThatIsRefusedAtTheDoorNeverOpens) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kAuditor));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  v1::ReportFlagsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(ReasonOnWire(stream->Finish()), Reason::kMethodNotAllowed);
  EXPECT_EQ(behaviour_.opened, 0);
}

TEST_F(ServerTest, AHandlersErrorEndsTheStreamWithItsReason) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest open;
  open.mutable_open()->set_feed("nightly");
  ASSERT_TRUE(stream->Write(open));
  v1::ReportFlagsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(ReasonOnWire(stream->Finish()), Reason::kInvalidField);
}

TEST_F(ServerTest, AFullExecutorClosesAStreamThatIsOpen) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  v1::ReportFlagsResponse response;
  ASSERT_TRUE(stream->Write(Report(1)));
  ASSERT_TRUE(stream->Read(&response));
  executor_.full = true;
  // What the strand still had in hand may be answered; the next thing that needs room is not.
  uint64_t sequence = 1;
  while (sequence < 100) {
    stream->Write(Report(++sequence));
    if (!stream->Read(&response)) break;
  }
  EXPECT_LT(sequence, 100u);
  EXPECT_EQ(ReasonOnWire(stream->Finish()), Reason::kTooManyRequests);
  EXPECT_TRUE(Eventually([&] { return behaviour_.destroyed == 1; }));
  EXPECT_EQ(behaviour_.closed, 1);
}

TEST_F(ServerTest, OtherKindsOfStreams) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  v1::ReconcileResponse answer;
  auto writer = stub->Reconcile(&context, &answer);
  for (int i = 0; i < 10; ++i) {
    v1::ReconcileRequest request;
    request.add_open_record_ids("a");
    request.add_open_record_ids("b");
    ASSERT_TRUE(writer->Write(request));
  }
  writer->WritesDone();
  EXPECT_TRUE(writer->Finish().ok());
  EXPECT_EQ(answer.missing_count(), 20);

  auto audit = v1::AuditService::NewStub(ConnectAs(kAuditor));
  grpc::ClientContext audit_context;
  v1::CopyLedgerRequest copy;
  copy.set_first_index(3);
  auto reader = audit->CopyLedger(&audit_context, copy);
  v1::CopyLedgerResponse entry;
  std::vector<uint64_t> indexes;
  while (reader->Read(&entry)) indexes.push_back(entry.entries().first_index());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_THAT(indexes, ::testing::ElementsAre(3, 4, 5, 6, 7));
}

TEST_F(ServerTest, DrainingClosesOpenStreamsAndRefusesNewOnes) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  v1::ReportFlagsResponse response;
  ASSERT_TRUE(stream->Write(Report(1)));
  ASSERT_TRUE(stream->Read(&response));
  const absl::Time begun = absl::Now();
  streams_.CloseAll(base::Error(Reason::kShuttingDown, "shutting down"));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(ReasonOnWire(stream->Finish()), Reason::kShuttingDown);

  grpc::ClientContext late_context;
  std::unique_ptr<ReportClient> late = stub->ReportFlags(&late_context);
  EXPECT_FALSE(late->Read(&response));
  EXPECT_EQ(ReasonOnWire(late->Finish()), Reason::kShuttingDown);
  server_->Shutdown(absl::Seconds(30));
  EXPECT_LT(absl::Now() - begun, absl::Seconds(20)) << "the grace was not waited out";
  EXPECT_TRUE(Eventually([&] { return streams_.count() == 0; }));
}

TEST_F(ServerTest, EveryStreamEndsOnceWhateverClientsDo) {
  StartServer();
  behaviour_.read_ahead = 16;
  const auto channel = ConnectAs(kYotAdapter);
  constexpr int kThreads = 4;
  constexpr int kStreamsEach = 40;
  std::vector<std::thread> clients;
  for (int t = 0; t < kThreads; ++t) {
    clients.emplace_back([&, t] {
      auto stub = v1::IndexService::NewStub(channel);
      for (int i = 0; i < kStreamsEach; ++i) {
        grpc::ClientContext context;
        std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
        const int reports = (t * 7 + i * 3) % 90;
        for (int r = 1; r <= reports; ++r) {
          if (!stream->Write(Report(static_cast<uint64_t>(r)))) break;
        }
        v1::ReportFlagsResponse response;
        for (int r = 0; r < reports / 2; ++r) {
          if (!stream->Read(&response)) break;
        }
        // Some go without a word, some half-close, some stop reading.
        if (i % 3 == 0) context.TryCancel();
        if (i % 3 == 1) stream->WritesDone();
        if (i % 3 == 2) context.TryCancel();
        while (stream->Read(&response)) {
        }
        stream->Finish();
        // Now and then there is no room at all.
        if (i % 10 == 9) {
          executor_.full = true;
          absl::SleepFor(absl::Milliseconds(1));
          executor_.full = false;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  server_->Shutdown(absl::Seconds(5));  // hangs when a stream was not finished
  EXPECT_TRUE(Eventually([&] { return behaviour_.destroyed == kThreads * kStreamsEach; }))
      << behaviour_.destroyed;
  EXPECT_EQ(behaviour_.closed, kThreads * kStreamsEach);
  EXPECT_EQ(streams_.count(), 0);
}

TEST_F(ServerTest, ShutdownWithAClientThatNeverReadsEndsAfterItsGrace) {
  StartServer();
  auto stub = v1::IndexService::NewStub(ConnectAs(kYotAdapter));
  grpc::ClientContext context;
  std::unique_ptr<ReportClient> stream = stub->ReportFlags(&context);
  ASSERT_TRUE(stream->Write(Report(1)));
  server_->Shutdown(absl::Milliseconds(200));
  context.TryCancel();  // a client's Finish() waits for what it has not read
  stream->Finish();
  EXPECT_TRUE(Eventually([&] { return behaviour_.destroyed == behaviour_.opened; }));
}

// --- The server itself ---

TEST_F(ServerTest, HealthFollowsServing) {
  StartServer();
  const auto channel = ConnectAs(kYotAdapter);
  std::string answer;
  ASSERT_TRUE(CallRaw(channel, "/grpc.health.v1.Health/Check", &answer).ok());
  EXPECT_EQ(answer, "\x08\x01");  // SERVING
  server_->SetServing(false);
  ASSERT_TRUE(CallRaw(channel, "/grpc.health.v1.Health/Check", &answer).ok());
  EXPECT_EQ(answer, "\x08\x02");  // NOT_SERVING
}

TEST_F(ServerTest, ReflectionIsThereOnlyWhenAskedFor) {
  StartServer();
  const std::string method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  std::string answer;
  EXPECT_EQ(CallRaw(ConnectAs(kYotAdapter), method, &answer).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  server_->Shutdown(absl::ZeroDuration());
  options_.reflection = true;
  StartServer();
  EXPECT_NE(CallRaw(ConnectAs(kYotAdapter), method, &answer).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ServerTest, RenewedCertificatesAreTakenWhileRunning) {
  options_.reload_interval = absl::Seconds(1);
  StartServer();
  TestAuthority renewed;
  const TestIdentity client = renewed.Issue({kYotAdapter});
  EXPECT_FALSE(Find(Connect(client, renewed), nullptr, 2).ok());
  WriteServerFiles(renewed);
  EXPECT_TRUE(Eventually([&] { return Find(Connect(client, renewed), nullptr, 2).ok(); }));
  EXPECT_FALSE(Find(ConnectAs(kYotAdapter), nullptr, 2).ok()) << "the old authority is out";
}

TEST_F(ServerTest, WhatIsWrongWithTheSetUpIsSaidAtOnce) {
  const auto start = [&] { return rpc::Server::Start(options_, {&index_service_}).status(); };
  chmod(options_.key_file.c_str(), 0644);
  EXPECT_EQ(base::ReasonOf(start()), Reason::kKeyUnavailable);
  EXPECT_THAT(std::string(start().message()), ::testing::HasSubstr("chmod"));
  chmod(options_.key_file.c_str(), 0600);

  WriteFile(options_.key_file, authority_.Issue({}).key_pem);
  EXPECT_THAT(std::string(start().message()), ::testing::HasSubstr("belong together"));
  WriteServerFiles(authority_);
  WriteFile(options_.client_ca_file, "not a certificate");
  EXPECT_EQ(base::ReasonOf(start()), Reason::kKeyUnavailable);
  WriteServerFiles(authority_);
  options_.certificate_file = directory_ / "absent.pem";
  EXPECT_THAT(std::string(start().message()), ::testing::HasSubstr("absent.pem"));
  options_.certificate_file = directory_ / "hub.pem";

  StartServer();
  options_.listen = "127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(base::ReasonOf(start()), Reason::kInvalidField);
  EXPECT_THAT(std::string(start().message()), ::testing::HasSubstr("another process"));
}

}  // namespace
}  // namespace signpost::rpc
