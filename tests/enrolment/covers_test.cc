// Covering for a colleague: who may begin it, from when to when it counts, who is told.

#include "hub/enrolment/covers.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "hub/schedule/due_rows.h"
#include "signpost/v1/exchange.pb.h"
#include "tests/request/hub_rooms.h"

namespace signpost::enrolment {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kRole[] = "personal-adviser";

class CoversTest : public request::HubRooms {
 protected:
  CoversTest() : schedule_(&clock_), covers_(context_, &schedule_) {
    for (const char* id : {"pa-001", "pa-002", "pa-009"}) Enrol(kConnexions, id, kRole);
    Enrol(kConnexions, "pa-010", "manager");
    TariqIsKnown();  // C-1 names pa-001
  }

  // Somebody of Connexions as the door lets them in now.
  base::Principal Acting(const std::string& id, const std::string& role = kRole) {
    base::Principal principal = Worker(kConnexions, id, role);
    const auto enrolled = registry_->LookupPractitioner(kConnexions, id);
    EXPECT_TRUE(enrolled.ok()) << enrolled.status();
    if (enrolled.ok()) principal.covers = enrolled->covers();
    return principal;
  }
  base::Principal ManagerOfConnexions() { return Acting("pa-010", "manager"); }

  v1::StartCoverRequest For(const std::string& covered, absl::Duration how_long = absl::Hours(24),
                            const std::string& covering = "") {
    v1::StartCoverRequest request;
    request.set_request_id(RequestId());
    request.set_covered_practitioner_id(covered);
    request.set_covering_practitioner_id(covering);
    request.mutable_until()->set_seconds(absl::ToUnixSeconds(clock_.Now() + how_long));
    request.set_reason("annual leave");
    return request;
  }
  absl::StatusOr<v1::StartCoverResponse> Start(const base::Principal& asker,
                                               const v1::StartCoverRequest& request) {
    return Wait<v1::StartCoverResponse>(
        [&](auto done) { covers_.Start(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::EndCoverResponse> End(const base::Principal& asker, const std::string& covered,
                                           const std::string& covering = "") {
    v1::EndCoverRequest request;
    request.set_request_id(RequestId());
    request.set_covered_practitioner_id(covered);
    request.set_covering_practitioner_id(covering);
    return Wait<v1::EndCoverResponse>(
        [&](auto done) { covers_.End(asker, request, std::move(done)); });
  }
  std::vector<std::string> List(const base::Principal& asker, int page_size = 0) {
    std::vector<std::string> covers;
    v1::ListCoversRequest request;
    request.set_page_size(page_size);
    do {
      const auto page = Wait<v1::ListCoversResponse>(
          [&](auto done) { covers_.List(asker, request, std::move(done)); });
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Cover& cover : page->covers()) {
        covers.push_back(absl::StrCat(cover.covering_practitioner_id(), " for ",
                                      cover.covered_practitioner_id()));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return covers;
  }
  bool SeesTheYot(const base::Principal& asker) {
    const request::Answered answered = Ask(asker, AskAboutRecord("C-1"));
    EXPECT_TRUE(answered.status.ok()) << answered.status;
    return answered.Flag(kYot) != nullptr;
  }
  // What the agency's adapter is told of covers: "pa-009 for pa-001 until 3600", in seconds from now.
  std::vector<std::string> Told(const std::string& agency) {
    const std::vector<exchange::MailboxMessage> waiting = Mailbox(agency);
    std::vector<std::string> told;
    if (waiting.empty()) return told;
    const auto delivery = Wait<disclosure::Answers::Delivery>(
        [&](auto done) { answers_->Deliver(System(agency), waiting, std::move(done)); });
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    for (const v1::DeliveredMessage& message : delivery->messages) {
      v1::Notice notice;
      EXPECT_TRUE(notice.ParseFromString(message.payload()));
      if (!notice.has_cover_changed()) continue;
      const v1::CoverChanged& cover = notice.cover_changed();
      told.push_back(
          absl::StrCat(cover.covering_practitioner_id(), " for ", cover.covered_practitioner_id()));
      if (cover.has_until()) {
        absl::StrAppend(&told.back(), " until ",
                        cover.until().seconds() - absl::ToUnixSeconds(clock_.Now()));
      }
    }
    return told;
  }
  absl::Time NextDue() { return *schedule::NextDue(*View(), registry::kCoversJob); }

  schedule::Schedule schedule_;
  Covers covers_;
};

TEST_F(CoversTest, ACoverCountsFromTheNextQuestionAndEndsByItself) {
  EXPECT_FALSE(SeesTheYot(Acting("pa-009"))) << "the record names somebody else";
  const auto started = Start(Acting("pa-009"), For("pa-001", absl::Hours(2)));
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->until().seconds(), absl::ToUnixSeconds(clock_.Now() + absl::Hours(2)));
  EXPECT_TRUE(SeesTheYot(Acting("pa-009")));
  EXPECT_THAT(LastEntry().relationships,
              ElementsAre("own-open-flag", "cover", "settled-involvement"));
  EXPECT_TRUE(SeesTheYot(Acting("pa-001"))) << "nothing is taken from whom it is for";
  EXPECT_FALSE(SeesTheYot(Acting("pa-002"))) << "nor given to a third";

  // The very second, though nobody has taken the row out yet, and by who was let in before.
  const base::Principal let_in_before = Acting("pa-009");
  clock_.Advance(absl::Hours(2) - absl::Seconds(1));
  EXPECT_TRUE(SeesTheYot(let_in_before));
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(SeesTheYot(let_in_before));
}

TEST_F(CoversTest, WhatHasEndedGoesWithItsEntryAndItsNotice) {
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-001", absl::Hours(2))).ok());
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-002", absl::Hours(3))).ok());
  clock_.Advance(absl::Hours(2) - absl::Seconds(1));
  EXPECT_EQ(*covers_.EndLapsed(), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(schedule_.RunDue(), 1);
  EXPECT_EQ(LastEntry().kind, "cover-changed");
  EXPECT_EQ(LastEntry().agency_id, "") << "the hub's own act";
  EXPECT_EQ(LastEntry().outcome, "recorded");
  ASSERT_THAT(Acting("pa-009").covers, SizeIs(1));
  EXPECT_EQ(Acting("pa-009").covers[0].practitioner_id, "pa-002");
  EXPECT_EQ(NextDue(), clock_.Now() + absl::Hours(1));
  EXPECT_THAT(Told(kConnexions), ElementsAre("pa-009 for pa-001 until 0",
                                             "pa-009 for pa-002 until 3600", "pa-009 for pa-001"));
  const uint64_t size = LedgerSize();
  EXPECT_EQ(*covers_.EndLapsed(), 0);
  EXPECT_EQ(LedgerSize(), size);
}

// Two ends that are due at once are one change of the row. Broken once by leaving the other's due row:
// an entry said of it that nothing had ended.
TEST_F(CoversTest, TwoThatHaveEndedGoTogether) {
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-001", absl::Hours(2))).ok());
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-002", absl::Hours(3))).ok());
  clock_.Advance(absl::Hours(3));
  const uint64_t size = LedgerSize();
  EXPECT_EQ(*covers_.EndLapsed(), 2);
  EXPECT_EQ(LedgerSize(), size + 2);
  EXPECT_EQ(NextDue(), absl::InfiniteFuture());
  EXPECT_EQ(*covers_.EndLapsed(), 0);
  EXPECT_EQ(LedgerSize(), size + 2);
}

TEST_F(CoversTest, TheAgencysSystemIsToldAndNobodyElses) {
  const auto started = Start(Acting("pa-009"), For("pa-001"));
  ASSERT_TRUE(started.ok());
  EXPECT_TRUE(started->notice_sent());
  EXPECT_THAT(Told(kConnexions), ElementsAre("pa-009 for pa-001 until 86400"));
  EXPECT_THAT(Told(kYot), IsEmpty());
  EXPECT_EQ(EntryAt(started->receipt().ledger_index()).kind, "cover-changed");
  EXPECT_TRUE(EntryAt(started->receipt().ledger_index()).has_details) << "the reason, sealed";
}

TEST_F(CoversTest, OnesOwnPartOrAManagersWord) {
  EXPECT_TRUE(Start(Acting("pa-001"), For("pa-001", absl::Hours(1), "pa-009")).ok())
      << "who goes on leave hands over";
  EXPECT_TRUE(Start(ManagerOfConnexions(), For("pa-002", absl::Hours(1), "pa-009")).ok());
  const uint64_t size = LedgerSize();
  const absl::Status refused =
      Start(Acting("pa-002"), For("pa-001", absl::Hours(1), "pa-010")).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kMethodNotAllowed);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("manager"));
  EXPECT_EQ(LedgerSize(), size + 1);
  EXPECT_EQ(ReceiptOfRefusal(refused).ledger_index(), LastEntry().index);
  EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(End(Acting("pa-010"), "pa-001", "pa-009").status()), Reason::kMethodNotAllowed)
      << "a manager who acts as an adviser is one";
  EXPECT_TRUE(End(ManagerOfConnexions(), "pa-001", "pa-009").ok());
  EXPECT_TRUE(End(Acting("pa-002"), "pa-002", "pa-009").ok()) << "the colleague is back";
  EXPECT_THAT(List(ManagerOfConnexions()), IsEmpty());
}

TEST_F(CoversTest, AnotherAgencysWorkersAreNobody) {
  // sw-001 is enrolled, at social services.
  Enrol(kSocial, "sw-001", "social-worker");
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), For("sw-001")).status()),
              ElementsAre("covered_practitioner_id"));
  EXPECT_THAT(
      FieldsOf(Start(ManagerOfConnexions(), For("pa-001", absl::Hours(1), "sw-001")).status()),
      ElementsAre("covering_practitioner_id"));
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), For("../sw-001")).status()),
              ElementsAre("covered_practitioner_id"));
  EXPECT_THAT(List(ManagerOfConnexions()), IsEmpty());
}

TEST_F(CoversTest, FaultsAreNamedByTheirField) {
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), For("pa-009")).status()),
              ElementsAre("covered_practitioner_id"));
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), For("pa-001", absl::ZeroDuration())).status()),
              ElementsAre("until"));
  EXPECT_THAT(
      FieldsOf(Start(Acting("pa-009"), For("pa-001", kCoverMax + absl::Seconds(1))).status()),
      ElementsAre("until"));
  v1::StartCoverRequest wordless = For("pa-001");
  wordless.set_reason("x");
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), wordless).status()), ElementsAre("reason"));
  v1::StartCoverRequest nameless = For("pa-001");
  nameless.clear_request_id();
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), nameless).status()), ElementsAre("request_id"));
  // Without an end it is a day.
  v1::StartCoverRequest endless = For("pa-001", kCoverMax);
  endless.clear_until();
  EXPECT_EQ(Start(Acting("pa-009"), endless)->until().seconds(),
            absl::ToUnixSeconds(clock_.Now() + kCoverUsual));
}

TEST_F(CoversTest, SentTwiceItHappensOnceAndStartedAgainItOnlyGoesOn) {
  const v1::StartCoverRequest request = For("pa-001", absl::Hours(5));
  const auto first = Start(Acting("pa-009"), request);
  const uint64_t size = LedgerSize();
  const auto again = Start(Acting("pa-009"), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(LedgerSize(), size);
  EXPECT_EQ(ReasonOf(Start(Acting("pa-002"), request).status()), Reason::kRequestIdReused);

  const auto shorter = Start(Acting("pa-009"), For("pa-001", absl::Hours(1)));
  EXPECT_EQ(shorter->until().seconds(), first->until().seconds());
  EXPECT_FALSE(shorter->notice_sent()) << "nothing changed, and nobody is told";
  const auto longer = Start(Acting("pa-009"), For("pa-001", absl::Hours(9)));
  EXPECT_EQ(longer->until().seconds(), absl::ToUnixSeconds(clock_.Now() + absl::Hours(9)));
  EXPECT_EQ(NextDue(), clock_.Now() + absl::Hours(9)) << "the earlier end is no longer due";
  EXPECT_THAT(Told(kConnexions),
              ElementsAre("pa-009 for pa-001 until 18000", "pa-009 for pa-001 until 32400"));
}

TEST_F(CoversTest, SentAgainWhenItHasEndedItIsAnsweredAsTheFirstTime) {
  const v1::StartCoverRequest request = For("pa-001", absl::Hours(5));
  const auto first = Start(Acting("pa-009"), request);
  clock_.Advance(absl::Hours(6));
  const auto again = Start(Acting("pa-009"), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_FALSE(SeesTheYot(Acting("pa-009")));
}

TEST_F(CoversTest, EndedEarlyNothingIsDueAndASecondEndIsNoAct) {
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-001")).ok());
  const auto ended = End(Acting("pa-009"), "pa-001");
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->has_receipt());
  EXPECT_FALSE(SeesTheYot(Acting("pa-009")));
  EXPECT_EQ(NextDue(), absl::InfiniteFuture());
  const uint64_t size = LedgerSize();
  EXPECT_FALSE(End(Acting("pa-009"), "pa-001")->has_receipt());
  EXPECT_EQ(LedgerSize(), size);
}

TEST_F(CoversTest, EnrolledAnewTheyCoverStillAndSuspendedNoMore) {
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-001")).ok());
  Enrol(kConnexions, "pa-009", "manager");
  EXPECT_THAT(Acting("pa-009", "manager").covers, SizeIs(1));
  v1::SetSuspendedRequest suspend;
  suspend.set_request_id(RequestId());
  suspend.mutable_practitioner()->set_agency_id(kConnexions);
  suspend.mutable_practitioner()->set_practitioner_id("pa-009");
  suspend.set_suspended(true);
  suspend.set_reason("An inquiry.");
  ASSERT_TRUE(Wait<v1::SetSuspendedResponse>([&](auto done) {
                enrolment_->SetSuspended(Operator(), suspend, std::move(done));
              }).ok());
  EXPECT_THAT(List(ManagerOfConnexions()), IsEmpty());
  EXPECT_EQ(
      ReasonOf(Start(ManagerOfConnexions(), For("pa-002", absl::Hours(1), "pa-009")).status()),
      Reason::kCallerSuspended);
}

TEST_F(CoversTest, AManagerSeesAllAndAWorkerTheirOwn) {
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-001")).ok());
  ASSERT_TRUE(Start(Acting("pa-009"), For("pa-002")).ok());
  ASSERT_TRUE(Start(Acting("pa-010", "manager"), For("pa-002")).ok());
  EXPECT_THAT(List(ManagerOfConnexions(), 1),
              ElementsAre("pa-009 for pa-001", "pa-009 for pa-002", "pa-010 for pa-002"));
  EXPECT_THAT(List(Acting("pa-002")), ElementsAre("pa-009 for pa-002", "pa-010 for pa-002"));
  EXPECT_THAT(List(Acting("pa-001")), ElementsAre("pa-009 for pa-001"));
  EXPECT_THAT(List(Worker(kSocial, "sw-003", "manager")), IsEmpty()) << "another agency's manager";
}

TEST_F(CoversTest, OneWorkerCoversForSoManyAtOnce) {
  for (int i = 0; i < registry::kCoversPerPractitionerMax; ++i) {
    const std::string id = absl::StrCat("pa-1", i);
    Enrol(kConnexions, id, kRole);
    ASSERT_TRUE(Start(Acting("pa-009"), For(id, absl::Hours(1))).ok());
  }
  EXPECT_THAT(FieldsOf(Start(Acting("pa-009"), For("pa-001")).status()),
              ElementsAre("covering_practitioner_id"));
  // What has ended is not counted, though it is still there.
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(Start(Acting("pa-009"), For("pa-001")).ok());
}

TEST_F(CoversTest, WhatCannotBeStoredDoesNotCount) {
  store_.FailCommit(1, store::HostileStore::Failure::kFull);
  EXPECT_EQ(ReasonOf(Start(Acting("pa-009"), For("pa-001")).status()), Reason::kStoreFull);
  EXPECT_FALSE(SeesTheYot(Acting("pa-009")));
  EXPECT_THAT(Told(kConnexions), IsEmpty());
}

}  // namespace
}  // namespace signpost::enrolment
