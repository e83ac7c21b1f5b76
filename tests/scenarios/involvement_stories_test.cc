// The first day, told as stories against a real hub over mTLS: a new adviser, a duty worker who
// covers, a small project that types its flags. Each reaches whom they must, and no further. People
// and numbers are invented.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "hub/base/clock.h"
#include "signpost/v1/cover.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};
constexpr absl::Duration kDay = absl::Hours(24);

Worker DutyAdviser() { return {"northern-connexions", "pa-003", "personal-adviser", {}}; }

class InvolvementStories : public ::testing::Test {
 protected:
  // The youth offending team and the drugs service have worked with Tariq for weeks.
  InvolvementStories()
      : clock_(absl::FromCivil(absl::CivilHour(2026, 10, 19, 9), absl::UTCTimeZone())),
        nortown_(SetupWith(&clock_)) {
    nortown_.Report("nortown-yot",
                    WithAssessment(OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume"),
                                   "asset", {"lifestyle"}));
    nortown_.Report("nortown-drugs-advice",
                    OpenFlag("D-1", kTariq, "substance-misuse", "Ivor Lane"));
    nortown_.Report("nortown-social-services",
                    OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
  }

  static Nortown::Setup SetupWith(base::Clock* clock) {
    Nortown::Setup setup;
    setup.overrides.clock = clock;
    setup.standing = people::StandingRules();  // as shipped: 3 days, 14 where no list has it
    return setup;
  }

  Answered Asks(const Worker& worker, const std::string& record_id) {
    Answered answered =
        nortown_.Ask(worker, AskAboutRecord(&nortown_, record_id, v1::PURPOSE_SUPPORT_PLANNING));
    EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
    return answered;
  }
  static std::string WhomToRing(const Answered& answered, const std::string& agency) {
    return answered.Flag(agency) == nullptr ? "" : answered.Flag(agency)->contact().name();
  }
  grpc::Status Covers(const Worker& worker, const std::string& colleague, absl::Duration how_long) {
    v1::StartCoverRequest request;
    request.set_request_id(nortown_.RequestId());
    request.set_covered_practitioner_id(colleague);
    request.mutable_until()->set_seconds(absl::ToUnixSeconds(clock_.Now() + how_long));
    request.set_reason("duty desk");
    v1::StartCoverResponse response;
    return v1::CoverService::NewStub(nortown_.Channel(worker.agency, "casework"))
        ->StartCover(nortown_.ContextOf(worker).get(), request, &response);
  }

  base::ManualClock clock_;
  Nortown nortown_;
};

// The record that names her was fed this morning.
TEST_F(InvolvementStories, ANewAdviserReachesTheOthersOnHerFirstDay) {
  clock_.Advance(28 * kDay);
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  const Answered first = Asks(TariqsAdviser(), "C-1");
  EXPECT_EQ(WhomToRing(first, "nortown-yot"), "Dilys Hume");
  EXPECT_EQ(WhomToRing(first, "nortown-social-services"), "Hugh Penn");
  EXPECT_FALSE(first.answer.unnamed_service_involved()) << "nothing sensitive, brokered or not";
  EXPECT_THAT(first.answer_bytes, Not(HasSubstr("Ivor Lane")));
  clock_.Advance(14 * kDay);
  EXPECT_TRUE(Asks(TariqsAdviser(), "C-1").answer.unnamed_service_involved());
}

// His colleague rang in sick; Tariq stands at the desk.
TEST_F(InvolvementStories, ADutyWorkerCoversInOneStep) {
  nortown_.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  clock_.Advance(28 * kDay);
  EXPECT_EQ(WhomToRing(Asks(DutyAdviser(), "C-1"), "nortown-yot"), "");
  ASSERT_TRUE(Covers(DutyAdviser(), "pa-001", absl::Hours(8)).ok());
  const Answered covering = Asks(DutyAdviser(), "C-1");
  EXPECT_EQ(WhomToRing(covering, "nortown-yot"), "Dilys Hume");
  EXPECT_TRUE(covering.answer.unnamed_service_involved())
      << "as the colleague would see it, whose work is not new";
  // Nothing of Tariq's alone: it is the colleague's work that is covered.
  nortown_.Report("northern-connexions",
                  OpenFlag("C-2", {"Sally", "Thorne", 2010, 11, 3, "NT9 2BD", ""}, "connexions",
                           "Maureen Oakes"));
  EXPECT_NE(Asks(DutyAdviser(), "C-2").Flag("northern-connexions"), nullptr);
  clock_.Advance(absl::Hours(8));
  EXPECT_EQ(WhomToRing(Asks(DutyAdviser(), "C-1"), "nortown-yot"), "") << "the duty is over";

  // The agency's system tells the colleague and their manager.
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto exchange = nortown_.Exchange("northern-connexions");
  const auto stream = exchange->Subscribe(&context);
  v1::SubscribeRequest open;
  open.mutable_open()->set_cursor("inbox");
  open.mutable_open()->set_credits(100);
  ASSERT_TRUE(stream->Write(open));
  std::vector<std::string> told;
  v1::SubscribeResponse response;
  while (stream->Read(&response) && !response.has_heartbeat()) {
    v1::Notice notice;
    ASSERT_TRUE(notice.ParseFromString(response.delivered().payload()));
    if (!notice.has_cover_changed()) continue;
    told.push_back(notice.cover_changed().covering_practitioner_id() + " for " +
                   notice.cover_changed().covered_practitioner_id());
  }
  context.TryCancel();
  stream->Finish();
  EXPECT_THAT(told, Contains("pa-003 for pa-001"));
}

// Three people and a telephone: no lists, no feed, one form to fill in.
TEST_F(InvolvementStories, AProjectThatTypesItsFlagsReachesTheSocialWorkerAtOnce) {
  clock_.Advance(28 * kDay);
  nortown_.Report("nightstop-project",
                  OpenFlag("N-1", kTariq, "voluntary-project", "Bettina Cole"));
  const Answered first = Asks(ProjectWorker(), "N-1");
  EXPECT_EQ(WhomToRing(first, "nortown-social-services"), "Hugh Penn");
  EXPECT_EQ(first.Flag("nortown-yot"), nullptr)
      << "with the youth offending team it has no agreement";
  EXPECT_FALSE(first.answer.unnamed_service_involved());
  // And is reached: by whom the agreement is with, and by nobody else.
  EXPECT_EQ(WhomToRing(Asks(SocialWorker(), "S-1"), "nightstop-project"), "Bettina Cole");
  clock_.Advance(14 * kDay);
  EXPECT_TRUE(Asks(ProjectWorker(), "N-1").answer.unnamed_service_involved())
      << "a typed flag is believed after a fortnight";
}

}  // namespace
}  // namespace signpost::scenarios
