// The server as clients meet it, over mTLS: who gets in, and how calls end.

#include "hub/rpc/server.h"

#include "tests/rpc/server_fixture.h"

namespace signpost::rpc {
namespace {

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
