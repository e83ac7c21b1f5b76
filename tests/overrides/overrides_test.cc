// What becomes of an override: who sees the case, who reviews it, and who is told when nobody does.

#include "hub/overrides/overrides.h"

#include <gmock/gmock.h>

#include "hub/base/crypto.h"
#include "hub/disclosure/override_case.h"
#include "hub/schedule/due_rows.h"
#include "tests/request/hub_rooms.h"

namespace signpost::overrides {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using request::Recorded;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OverridesTest : public request::HubRooms {
 protected:
  OverridesTest() {
    Report(kSocial, Flag("S-1", "childrens-social-care", Sal()));
    Report(kDrugs, Flag("D-1", "substance-misuse", Sal()));
  }

  // Used by `asker`; gives its number.
  uint64_t Override(const base::Principal& asker = SocialWorker()) {
    const request::Answered answered = Ask(asker, AskWithOverride("S-1"));
    EXPECT_NE(answered.Flag(kDrugs), nullptr) << answered.status;
    return answered.receipt.ledger_index();
  }
  absl::StatusOr<v1::OverrideList> List(const base::Principal& asker, bool waiting_only = false,
                                        int page_size = 0, const std::string& token = "") {
    v1::ListOverridesRequest request;
    request.set_request_id(RequestId());
    request.set_waiting_only(waiting_only);
    request.set_page_size(page_size);
    request.set_page_token(token);
    const auto response = Wait<v1::ListOverridesResponse>(
        [&](auto done) { overrides_.List(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    EXPECT_EQ(LastEntry().reply_hash, base::Sha256(response->answer()));
    v1::OverrideList list;
    EXPECT_TRUE(list.ParseFromString(response->answer()));
    return list;
  }
  v1::ReviewOverrideRequest Upheld(uint64_t number) {
    v1::ReviewOverrideRequest request;
    request.set_request_id(RequestId());
    request.set_number(number);
    request.set_outcome(v1::OVERRIDE_OUTCOME_UPHELD);
    request.set_reason("Found the same evening through the drugs worker.");
    return request;
  }
  absl::StatusOr<v1::ReviewOverrideResponse> Review(const base::Principal& asker,
                                                    const v1::ReviewOverrideRequest& request) {
    return Wait<v1::ReviewOverrideResponse>(
        [&](auto done) { overrides_.Review(asker, request, std::move(done)); });
  }
  absl::StatusOr<v1::OverrideReport> ReportOn(const base::Principal& asker) {
    v1::ReportOverridesRequest request;
    request.set_request_id(RequestId());
    const auto response = Wait<v1::ReportOverridesResponse>(
        [&](auto done) { overrides_.Report(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    v1::OverrideReport report;
    EXPECT_TRUE(report.ParseFromString(response->answer()));
    return report;
  }
  static base::Principal YotManager() { return Worker(kYot, "yo-009", "manager"); }

  Overrides overrides_{context_};
};

TEST_F(OverridesTest, AManagerSeesTheCaseWithItsReasonAndCountsAndNoFlag) {
  const uint64_t number = Override();
  const auto list = List(Manager());
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->overrides_size(), 1);
  const v1::OverrideCase& told = list->overrides(0);
  EXPECT_EQ(told.number(), number);
  EXPECT_EQ(told.practitioner_id(), "sw-001");
  EXPECT_EQ(told.reason(), "Missing for six days, seen in a drugged state.");
  EXPECT_EQ(told.rule(), "SAFEGUARD");
  EXPECT_EQ(told.flags_opened(), 1);
  EXPECT_EQ(told.holders_told(), 1);
  EXPECT_FALSE(told.overdue());
  EXPECT_TRUE(told.yours_to_review());
  EXPECT_EQ(told.review_due().seconds(), absl::ToUnixSeconds(clock_.Now() + absl::Hours(48)));
  EXPECT_EQ(LastEntry().kind, "overrides-read");
}

TEST_F(OverridesTest, OthersAreRefusedAndThatIsRecorded) {
  Override();
  const absl::Status refused = List(SocialWorker()).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kMethodNotAllowed);
  EXPECT_EQ(LastEntry().kind, "overrides-read");
  EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  EXPECT_EQ(ReceiptOfRefusal(refused).ledger_index(), LastEntry().index);
  // Another agency's manager has no cases.
  const auto others = List(YotManager());
  ASSERT_TRUE(others.ok());
  EXPECT_EQ(others->overrides_size(), 0);
}

TEST_F(OverridesTest, PagesGoOnBehindTheLastNumber) {
  const uint64_t first = Override();
  const uint64_t second = Override();
  const auto page = List(Manager(), false, 1);
  ASSERT_EQ(page->overrides_size(), 1);
  EXPECT_EQ(page->overrides(0).number(), first);
  const auto next = List(Manager(), false, 1, page->next_page_token());
  ASSERT_EQ(next->overrides_size(), 1);
  EXPECT_EQ(next->overrides(0).number(), second);
  EXPECT_THAT(next->next_page_token(), IsEmpty());
  ASSERT_TRUE(Review(Manager(), Upheld(first)).ok());
  const auto waiting = List(Manager(), true);
  ASSERT_EQ(waiting->overrides_size(), 1);
  EXPECT_EQ(waiting->overrides(0).number(), second);
}

TEST_F(OverridesTest, WhoeverUsedItDoesNotReviewIt) {
  // sw-003 acts as a social worker first, and as a manager then.
  const uint64_t number = Override(Worker(kSocial, "sw-003", "social-worker"));
  EXPECT_FALSE(List(Manager())->overrides(0).yours_to_review());
  const absl::Status refused = Review(Manager(), Upheld(number)).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kOverrideInvalid);
  EXPECT_EQ(ReceiptOfRefusal(refused).ledger_index(), LastEntry().index);
  EXPECT_EQ(LastEntry().outcome, "OVERRIDE_INVALID");
  EXPECT_TRUE(Review(Worker(kSocial, "sw-007", "manager"), Upheld(number)).ok());
}

TEST_F(OverridesTest, AReviewStandsAndIsGivenOnceUnderItsRequestId) {
  const uint64_t number = Override();
  const v1::ReviewOverrideRequest request = Upheld(number);
  const auto first = Review(Manager(), request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(first->in_time());
  EXPECT_EQ(LastEntry().outcome, "upheld");
  EXPECT_TRUE(LastEntry().has_details);
  clock_.Advance(absl::Hours(24));
  const auto again = Review(Manager(), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->receipt().ledger_index(), first->receipt().ledger_index());
  EXPECT_EQ(again->reviewed_at().seconds(), first->reviewed_at().seconds());
  EXPECT_EQ(ReasonOf(Review(Manager(), Upheld(number)).status()), Reason::kAlreadyExists);
  v1::ReviewOverrideRequest reused = request;
  reused.set_outcome(v1::OVERRIDE_OUTCOME_NOT_UPHELD);
  EXPECT_EQ(ReasonOf(Review(Manager(), reused).status()), Reason::kRequestIdReused);
  const v1::OverrideCase told = List(Manager())->overrides(0);
  EXPECT_EQ(told.outcome(), v1::OVERRIDE_OUTCOME_UPHELD);
  EXPECT_EQ(told.reviewed_by(), "sw-003");
  EXPECT_EQ(told.review_reason(), "Found the same evening through the drugs worker.");
}

TEST_F(OverridesTest, ANumberOfAnotherAgencyIsNotThere) {
  const uint64_t number = Override();
  EXPECT_EQ(ReasonOf(Review(YotManager(), Upheld(number)).status()), Reason::kNotFound);
  v1::ReviewOverrideRequest request = Upheld(number);
  request.set_outcome(v1::OVERRIDE_OUTCOME_UNSPECIFIED);
  request.set_reason("fine");
  const absl::Status refused = Review(Manager(), request).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kOverrideInvalid);
  EXPECT_THAT(FieldsOf(refused), ElementsAre("outcome", "reason"));
}

TEST_F(OverridesTest, TheReportCountsAManagersAgencyAndForAuditorsEveryOne) {
  TariqIsKnown();
  const uint64_t first = Override();
  Override();
  const request::Answered yot = Ask(YotOfficer(), AskWithOverride("Y-1"));
  ASSERT_TRUE(yot.answer.has_override() || yot.status.ok());
  clock_.Advance(absl::Hours(2));
  ASSERT_TRUE(Review(Manager(), Upheld(first)).ok());
  clock_.Advance(absl::Hours(47));
  const auto own = ReportOn(Manager());
  ASSERT_TRUE(own.ok()) << own.status();
  ASSERT_EQ(own->rows_size(), 1);
  EXPECT_EQ(own->rows(0).agency_id(), kSocial);
  EXPECT_EQ(own->rows(0).role(), "social-worker");
  EXPECT_EQ(own->rows(0).used(), 2);
  EXPECT_EQ(own->rows(0).upheld(), 1);
  EXPECT_EQ(own->rows(0).overdue(), 1);
  EXPECT_EQ(own->rows(0).waiting(), 0);
  EXPECT_EQ(own->rows(0).median_review_s(), 7200);
  EXPECT_EQ(ReasonOf(ReportOn(SocialWorker()).status()), Reason::kMethodNotAllowed);
  const auto others = ReportOn(YotManager());
  ASSERT_TRUE(others.ok());
  for (const auto& row : others->rows()) EXPECT_EQ(row.agency_id(), kYot);
  const auto all = ReportOn(Auditor());
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->rows_size(), own->rows_size() + others->rows_size());
}

TEST_F(OverridesTest, AnAgencyIsToldOnceADayOfWhatNobodyReviews) {
  const uint64_t number = Override();
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(*overrides_.EscalateOverdue(), 0) << "due, and in time";
  const size_t before = Mailbox(kSocial).size();
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*overrides_.EscalateOverdue(), 1);
  EXPECT_EQ(LastEntry().kind, "override-escalated");
  EXPECT_EQ(LastEntry().outcome, "overdue");
  ASSERT_EQ(Mailbox(kSocial).size(), before + 1);
  EXPECT_EQ(Mailbox(kSocial).back().stored.kind(), store::v1::STORED_MESSAGE_KIND_OVERRIDE_OVERDUE);
  EXPECT_EQ(Mailbox(kSocial).back().stored.override_number(), number);
  EXPECT_EQ(*overrides_.EscalateOverdue(), 0);
  clock_.Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(*overrides_.EscalateOverdue(), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*overrides_.EscalateOverdue(), 1);
  EXPECT_TRUE(List(Manager())->overrides(0).overdue());
  EXPECT_EQ(List(Manager())->overrides(0).escalations(), 2);
  const auto late = Review(Manager(), Upheld(number));
  ASSERT_TRUE(late.ok());
  EXPECT_FALSE(late->in_time());
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(*overrides_.EscalateOverdue(), 0);
  EXPECT_EQ(Mailbox(kSocial).size(), before + 2);
}

TEST_F(OverridesTest, TheScheduleTellsWhenItIsDueAndNotBefore) {
  schedule::Schedule schedule(&clock_);
  overrides_.RunOn(&schedule);
  const uint64_t number = Override();
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(schedule.RunDue(), 1);
  EXPECT_THAT(Entries("override-escalated"), IsEmpty());
  EXPECT_EQ(schedule.next(), clock_.Now() + absl::Seconds(1)) << "the first that is due";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(schedule.RunDue(), 1);
  EXPECT_THAT(Entries("override-escalated"), SizeIs(1));
  ASSERT_TRUE(Review(Manager(), Upheld(number)).ok());
  EXPECT_EQ(*schedule::NextDue(*View(), disclosure::kEscalationJob), absl::InfiniteFuture())
      << "what was reviewed is not due any more";
}

TEST_F(OverridesTest, OnlyWhatIsDueIsRead) {
  Override();
  clock_.Advance(absl::Hours(24));
  Override();
  clock_.Advance(absl::Hours(24) + absl::Seconds(1));
  // A case that is not due may be unreadable: nobody looks at it.
  const std::vector<store::KeyValue> cases = *View()->Scan(store::Space::kOverrides, "", "", 10);
  ASSERT_THAT(cases, SizeIs(2));
  ledger::Operation operation;
  operation.entries.push_back(EntryNaming(""));
  operation.batch.Put(store::Space::kOverrides, cases[1].key, "not a case");
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  EXPECT_EQ(*overrides_.EscalateOverdue(), 1);
}

TEST_F(OverridesTest, ACaseThatDoesNotReadKeepsNoOtherFromBeingTold) {
  Override();
  clock_.Advance(absl::Minutes(1));
  Override();
  clock_.Advance(absl::Hours(49));
  const std::vector<store::KeyValue> cases = *View()->Scan(store::Space::kOverrides, "", "", 10);
  ASSERT_THAT(cases, SizeIs(2));
  ledger::Operation operation;
  operation.entries.push_back(EntryNaming(""));
  operation.batch.Put(store::Space::kOverrides, cases[0].key, "\x01\xff");
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  EXPECT_EQ(ReasonOf(overrides_.EscalateOverdue().status()), Reason::kDataLoss);
  EXPECT_THAT(Entries("override-escalated"), SizeIs(1)) << "the one behind it";
}

TEST_F(OverridesTest, WhatCouldNotBeToldIsToldTheNextTime) {
  Override();
  Override();
  clock_.Advance(absl::Hours(49));
  store_.FailCommit(2, store::HostileStore::Failure::kFull);
  EXPECT_EQ(ReasonOf(overrides_.EscalateOverdue().status()), Reason::kStoreFull);
  EXPECT_EQ(Entries("override-escalated").size(), 1u);
  EXPECT_EQ(*overrides_.EscalateOverdue(), 1) << "the other one";
  EXPECT_EQ(Entries("override-escalated").size(), 2u);
}

TEST_F(OverridesTest, OnlyAReviewedCaseIsReviewed) {
  const uint64_t number = Override();
  EXPECT_FALSE(*IsReviewed(*View(), kSocial, number));
  EXPECT_FALSE(*IsReviewed(*View(), kSocial, number + 1000));
  ASSERT_TRUE(Review(Manager(), Upheld(number)).ok());
  EXPECT_TRUE(*IsReviewed(*View(), kSocial, number));
  EXPECT_FALSE(*IsReviewed(*View(), kYot, number));
}

}  // namespace
}  // namespace signpost::overrides
