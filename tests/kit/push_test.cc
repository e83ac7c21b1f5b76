#include "adapters/kit/push.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/base/error.h"
#include "tests/kit/fake_hub.h"
#include "tests/kit/files_for_test.h"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;

class PushTest : public testing::Test {
 protected:
  PushTest() {
    options_.silence_max = absl::Milliseconds(300);
    options_.sync_every = 7;
    Reopen();
    for (int i = 0; i < 200; ++i) {
      FlagRecord record;
      record.report.set_record_id(absl::StrCat("r", i));
      record.report.set_status(signpost::v1::FLAG_STATUS_OPEN);
      record.report.mutable_person()->set_surname(absl::StrCat("name ", i));
      records_.push_back(record);
    }
  }
  // As after a crash: what was not synced is gone with the process.
  void Reopen() {
    journal_.reset();
    auto journal = Journal::Open(folder_.Path("journal"), &random_);
    ASSERT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
  }
  absl::Status Push() {
    summary_ = PushSummary();
    Pusher pusher(hub_.Channel(), journal_.get(), &random_, options_, [this](absl::Duration wait) {
      waits_.push_back(wait);
      return true;
    });
    return pusher.Push(ChangedRecords(records_, *journal_), &summary_);
  }
  // Everything is at the hub, once, and the journal knows.
  void ExpectAllThere() {
    EXPECT_EQ(hub_.flags.size(), records_.size());
    EXPECT_EQ(hub_.changes, static_cast<int64_t>(records_.size()));
    EXPECT_EQ(summary_.acknowledged, static_cast<int64_t>(records_.size()));
    Reopen();
    EXPECT_TRUE(ChangedRecords(records_, *journal_).empty());
  }

  TestFolder folder_;
  base::SeededRandom random_{3};
  FakeHub hub_;
  PushOptions options_;
  std::unique_ptr<Journal> journal_;
  std::vector<FlagRecord> records_;
  std::vector<absl::Duration> waits_;
  PushSummary summary_;
};

TEST_F(PushTest, OnlyChangesTravel) {
  ASSERT_TRUE(Push().ok());
  ExpectAllThere();
  EXPECT_EQ(summary_.reports_sent, 200);
  EXPECT_EQ(summary_.by_outcome[signpost::v1::FLAG_OUTCOME_KIND_RECEIVED], 200);
  ASSERT_TRUE(Push().ok());
  EXPECT_EQ(summary_.reports_sent, 0);
  EXPECT_EQ(hub_.reports, 200);
  EXPECT_EQ(hub_.streams, 1);
  records_[17].report.mutable_contact()->set_phone("01632 960001");
  ASSERT_TRUE(Push().ok());
  EXPECT_EQ(summary_.reports_sent, 1);
  EXPECT_EQ(summary_.by_outcome[signpost::v1::FLAG_OUTCOME_KIND_RECEIVED], 1);
}

TEST_F(PushTest, KeepsTheHubsWindow) {
  hub_.lies.window = 2;
  hub_.lies.backwards = true;
  ASSERT_TRUE(Push().ok());
  ExpectAllThere();
}

TEST_F(PushTest, AcknowledgedTwiceCountsOnce) {
  hub_.lies.twice = true;
  ASSERT_TRUE(Push().ok());
  ExpectAllThere();
  EXPECT_EQ(summary_.acknowledged_twice, 200);
}

TEST_F(PushTest, DroppedAcknowledgementsAreSentAgainAndHappenOnce) {
  hub_.lies.drop_every = 3;
  ASSERT_TRUE(Push().ok());
  ExpectAllThere();
  EXPECT_GT(summary_.streams, 2);
  EXPECT_GT(summary_.reports_sent, 200);
  EXPECT_EQ(hub_.changes, 200);
}

TEST_F(PushTest, BrokenStreamGoesOnWhereItWas) {
  hub_.lies.break_after = 30;
  hub_.lies.breaks = 3;
  ASSERT_TRUE(Push().ok());
  ExpectAllThere();
  EXPECT_EQ(summary_.streams, 4);
  EXPECT_EQ(waits_.size(), 3u);
}

TEST_F(PushTest, SilentHubIsGivenUpAndNothingIsClaimed) {
  hub_.lies.silent = true;
  options_.retry.attempts_max = 2;
  const absl::Status status = Push();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("200 not acknowledged"));
  EXPECT_EQ(summary_.acknowledged, 0);
  EXPECT_TRUE(journal_->entries().empty());
  hub_.lies.silent = false;
  ASSERT_TRUE(Push().ok());
  ExpectAllThere();
}

TEST_F(PushTest, HubThatNeverOpensIsGivenUp) {
  hub_.lies.never_opens = true;
  hub_.lies.silent = true;
  options_.retry.attempts_max = 1;
  EXPECT_FALSE(Push().ok());
  EXPECT_EQ(hub_.reports, 0);
}

TEST_F(PushTest, RefusalIsReadableAndWaitsAsAsked) {
  hub_.lies.refusals = {
      HubStatus(grpc::StatusCode::RESOURCE_EXHAUSTED, "TOO_MANY_REQUESTS", "wait", 90'500),
      HubStatus(grpc::StatusCode::UNAUTHENTICATED, "CALLER_UNKNOWN", "no enrolled system", 0,
                "spiffe_id")};
  const absl::Status status = Push();
  ASSERT_EQ(waits_.size(), 1u);
  EXPECT_GE(waits_[0], absl::Milliseconds(90'500));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  for (const char* part : {"CALLER_UNKNOWN", "no enrolled system", "spiffe_id",
                           "what would be right", "Ask the hub's operator"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  }
  EXPECT_EQ(hub_.streams, 2);
}

TEST_F(PushTest, RejectedIsReportedAndTriedAgainNextTime) {
  hub_.lies.reject = {"r5"};
  ASSERT_TRUE(Push().ok());
  ASSERT_EQ(summary_.rejections.size(), 1u);
  EXPECT_EQ(summary_.rejections[0].record->report.record_id(), "r5");
  EXPECT_EQ(summary_.rejections[0].fields[0].field, "person.birth_date");
  ASSERT_TRUE(Push().ok());
  EXPECT_EQ(summary_.reports_sent, 1);  // r5 alone
}

TEST_F(PushTest, ReconcileSendsPagesAndClosesOnlyTheExactNumber) {
  ASSERT_TRUE(Push().ok());
  std::vector<std::string> ids;
  for (int i = 5; i < 2500; ++i) ids.push_back(absl::StrCat("r", i));
  Pusher pusher(hub_.Channel(), journal_.get(), &random_, options_, RealSleeper());
  const auto told = pusher.Reconcile(ids, 0);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->missing, 5);
  EXPECT_EQ(told->closed, 0);
  EXPECT_EQ(told->unknown.size(), 2300u);
  EXPECT_EQ(pusher.Reconcile(ids, 4)->closed, 0);
  EXPECT_EQ(pusher.Reconcile(ids, 5)->closed, 5);
}

TEST(CheckMissingTest, AtTheLimitAndPastIt) {
  EXPECT_TRUE(CheckMissing({5.0, -1}, 0, 0).ok());
  EXPECT_TRUE(CheckMissing({5.0, -1}, 50, 1000).ok());
  const absl::Status refused = CheckMissing({5.0, -1}, 51, 1000);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--confirm-missing 51"));
  EXPECT_TRUE(CheckMissing({5.0, 51}, 51, 1000).ok());
  EXPECT_FALSE(CheckMissing({5.0, 50}, 51, 1000).ok());
  EXPECT_FALSE(CheckMissing({5.0, -1}, 1, 19).ok());
}

TEST(RetryTest, DelayGrowsIsCutAndNeverLessThanAsked) {
  base::SeededRandom random(1);
  RetryOptions options;
  HubError error;
  for (int attempt = 2; attempt < 40; ++attempt) {
    const absl::Duration delay = RetryDelay(options, attempt, error, &random);
    EXPECT_GE(delay, options.first_delay / 2);
    EXPECT_LE(delay, options.delay_max);
  }
  error.retry_after = absl::Minutes(5);
  EXPECT_GE(RetryDelay(options, 2, error, &random), absl::Minutes(5));
  error.retry_after = absl::Hours(24 * 365);
  EXPECT_LE(RetryDelay(options, 2, error, &random), absl::Hours(1));
}

TEST(HubErrorTest, NonsenseDetailsAreNoReason) {
  const HubError error =
      DecodeHubError(grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused", "\xFF\xFFnonsense"));
  EXPECT_EQ(error.reason, "");
  EXPECT_TRUE(error.Retryable());
  EXPECT_THAT(error.Readable(), HasSubstr("check its address"));
}

// Two authorities: ours, and one that a hub of somebody else's has.
class MutualTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("openssl version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no openssl program";
    for (const char* ca : {"ours", "theirs"}) {
      Run(absl::StrCat("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=", ca,
                       " -keyout ", ca, ".key -out ", ca, ".pem"));
    }
    for (const char* name : {"hub", "adapter"}) {
      Run(absl::StrCat("openssl req -newkey rsa:2048 -nodes -subj /CN=", name, " -keyout ", name,
                       ".key -out ", name, ".csr"));
      folder_.Write("ext",
                    "subjectAltName=DNS:hub.test,URI:spiffe://t.example/agency/a/system/x\n");
      Run(absl::StrCat("openssl x509 -req -in ", name, ".csr -CA ours.pem -CAkey ours.key ",
                       "-CAcreateserial -days 2 -extfile ext -out ", name, ".pem"));
    }
    Run("chmod 600 *.key");
    grpc::SslServerCredentialsOptions tls(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = folder_.Read("ours.pem");
    tls.pem_key_cert_pairs.push_back({folder_.Read("hub.key"), folder_.Read("hub.pem")});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
    builder.RegisterService(static_cast<signpost::v1::IndexService::Service*>(&hub_));
    server_ = builder.BuildAndStart();
    ASSERT_NE(port_, 0);
  }
  void TearDown() override {
    if (server_ != nullptr) server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }
  void Run(const std::string& command) {
    ASSERT_EQ(
        std::system(absl::StrCat("cd ", folder_.path(), " && ", command, " > log 2>&1").c_str()), 0)
        << command << "\n"
        << folder_.Read("log");
  }
  ConnectionOptions Options() const {
    return {absl::StrCat("127.0.0.1:", port_), "hub.test", folder_.Path("ours.pem"),
            folder_.Path("adapter.pem"), folder_.Path("adapter.key")};
  }
  absl::Status Reconcile(const ConnectionOptions& options) {
    const auto channel = Connect(options);
    if (!channel.ok()) return channel.status();
    base::SeededRandom random(1);
    PushOptions push;
    push.retry.attempts_max = 1;
    Pusher pusher(*channel, nullptr, &random, push, RealSleeper());
    return pusher.Reconcile({"r1"}, 0).status();
  }
  TestFolder folder_;
  FakeHub hub_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(MutualTlsTest, BothSidesMustBeSignedByTheAuthority) {
  EXPECT_TRUE(Reconcile(Options()).ok()) << Reconcile(Options());
  ConnectionOptions stranger = Options();
  stranger.ca_path = folder_.Path("theirs.pem");
  EXPECT_EQ(Reconcile(stranger).code(), absl::StatusCode::kUnavailable);
  ConnectionOptions foreign = Options();
  foreign.certificate_path = folder_.Path("theirs.pem");
  foreign.key_path = folder_.Path("theirs.key");
  EXPECT_FALSE(Reconcile(foreign).ok());
  ConnectionOptions elsewhere = Options();
  elsewhere.server_name = "other.test";
  EXPECT_FALSE(Reconcile(elsewhere).ok());
  EXPECT_EQ(hub_.reconciles, 1);
}

TEST_F(MutualTlsTest, KeyThatOthersCanReadIsRefused) {
  Run("chmod 644 adapter.key");
  EXPECT_EQ(base::ReasonOf(Reconcile(Options())), base::Reason::kKeyUnavailable);
  ConnectionOptions none = Options();
  none.ca_path = folder_.Path("none.pem");
  EXPECT_EQ(base::ReasonOf(Reconcile(none)), base::Reason::kInvalidField);
}

}  // namespace
}  // namespace signpost::adapters
