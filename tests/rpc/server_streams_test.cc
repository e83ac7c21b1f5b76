// Streams as clients meet them, over mTLS: every one ends exactly once whatever client, executor and
// shutdown do.

#include "hub/rpc/reactors.h"

#include "tests/rpc/server_fixture.h"

namespace signpost::rpc {
namespace {

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

TEST_F(ServerTest, ASystemAndAnAgencyHaveSoManyStreamsOpenAndNotOneMore) {
  StartServer();
  struct Client {
    std::unique_ptr<v1::IndexService::Stub> stub;
    grpc::ClientContext context;
    std::unique_ptr<ReportClient> stream;
  };
  std::vector<std::unique_ptr<Client>> clients;
  // Whether it answers; who is not let in is told why.
  const auto open = [&](const std::shared_ptr<grpc::Channel>& channel) {
    auto client = std::make_unique<Client>();
    client->stub = v1::IndexService::NewStub(channel);
    client->stream = client->stub->ReportFlags(&client->context);
    v1::ReportFlagsResponse response;
    const bool answered = client->stream->Write(Report(1)) && client->stream->Read(&response);
    if (answered) {
      clients.push_back(std::move(client));
    } else {
      EXPECT_EQ(ReasonOnWire(client->stream->Finish()), Reason::kTooManyRequests);
    }
    return answered;
  };
  const auto adapter = ConnectAs(kYotAdapter);
  const auto casework = ConnectAs(kYotCasework);
  for (int i = 0; i < base::kStreamsPerSystemMax; ++i) ASSERT_TRUE(open(adapter)) << i;
  EXPECT_FALSE(open(adapter));
  for (int i = 0; i < base::kStreamsPerAgencyMax - base::kStreamsPerSystemMax; ++i) {
    ASSERT_TRUE(open(casework)) << i;
  }
  EXPECT_FALSE(open(casework)) << "both are full now";
  const auto drop = [&](size_t i) {
    clients[i]->stream->WritesDone();
    v1::ReportFlagsResponse response;
    while (clients[i]->stream->Read(&response)) {
    }
    clients[i]->stream->Finish();
  };
  drop(0);
  const int64_t all = base::kStreamsPerAgencyMax;
  EXPECT_TRUE(Eventually([&] { return streams_.count() == all - 1; }));
  EXPECT_TRUE(open(adapter));
  for (size_t i = 1; i < clients.size(); ++i) drop(i);
  EXPECT_TRUE(Eventually([&] { return streams_.count() == 0; }));
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

}  // namespace
}  // namespace signpost::rpc
