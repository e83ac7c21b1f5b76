// ServerTest is a fixture that has a server with services of its own, over mTLS, and clients that
// certificates are made for.

#ifndef SIGNPOST_TESTS_RPC_SERVER_FIXTURE_H_
#define SIGNPOST_TESTS_RPC_SERVER_FIXTURE_H_

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
#include "hub/rpc/server.h"
#include "signpost/v1/audit.grpc.pb.h"
#include "signpost/v1/index.grpc.pb.h"
#include "tests/base/scratch_folder.h"
#include "tests/registry/registry_fixture.h"
#include "tests/rpc/test_pki.h"

namespace signpost::rpc {

using base::Reason;
using registry::kYotAdapter;
using registry::kYotCasework;

inline constexpr char kAuditor[] = "spiffe://nortown.example/agency/nortown-audit/system/adapter";

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

using ReportClient = grpc::ClientReaderWriter<v1::ReportFlagsRequest, v1::ReportFlagsResponse>;

inline v1::ReportFlagsRequest Report(uint64_t sequence) {
  v1::ReportFlagsRequest request;
  request.mutable_report()->set_sequence(sequence);
  return request;
}

}  // namespace signpost::rpc

#endif  // SIGNPOST_TESTS_RPC_SERVER_FIXTURE_H_
