// Overrides from use to review, told as stories against a real hub over mTLS. People, numbers and
// words are invented.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hub/audit/filter.h"
#include "hub/base/clock.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/reader.h"
#include "hub/overrides/overrides.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/overrides.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Known kSal = {"Sally", "Thorne", 2010, 11, 3, "NT9 2BD", ""};
const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};

// sw-003 is a social worker and a manager.
Worker Manager() { return {"nortown-social-services", "sw-003", "manager", {}}; }
Worker ManagerAsSocialWorker() {
  return {"nortown-social-services", "sw-003", "social-worker", {}};
}

class OverrideStories : public ::testing::Test {
 protected:
  // Monday morning.
  OverrideStories()
      : clock_(absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone())),
        nortown_(WithClock(&clock_)) {
    nortown_.Report("nortown-social-services",
                    OpenFlag("S-1", kSal, "childrens-social-care", "Hugh Penn"));
    nortown_.Report("nortown-drugs-advice", OpenFlag("D-1", kSal, "substance-misuse", "Ivor Lane"));
  }
  static Nortown::Setup WithClock(base::Clock* clock) {
    Nortown::Setup setup;
    setup.overrides.clock = clock;
    return setup;
  }

  Answered Override(const Worker& worker) {
    v1::WhoKnowsRequest request = AskAboutRecord(&nortown_, "S-1", v1::PURPOSE_SAFEGUARDING);
    request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
    request.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
    Answered answered = nortown_.Ask(worker, request);
    EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
    EXPECT_NE(answered.Flag("nortown-drugs-advice"), nullptr);
    return answered;
  }

  std::unique_ptr<v1::OverrideService::Stub> Stub(const std::string& agency,
                                                  const std::string& system = "casework") {
    return v1::OverrideService::NewStub(nortown_.Channel(agency, system));
  }
  grpc::Status List(const Worker& worker, v1::OverrideList* list, bool waiting_only = false,
                    int page_size = 0, const std::string& token = "") {
    v1::ListOverridesRequest request;
    request.set_request_id(nortown_.RequestId());
    request.set_waiting_only(waiting_only);
    request.set_page_size(page_size);
    request.set_page_token(token);
    v1::ListOverridesResponse response;
    const grpc::Status status =
        Stub(worker.agency)->ListOverrides(nortown_.ContextOf(worker).get(), request, &response);
    EXPECT_TRUE(list->ParseFromString(response.answer()));
    if (status.ok()) {
      EXPECT_EQ(LastEntry().reply_hash(), base::Sha256(response.answer()));
    }
    return status;
  }
  v1::ReviewOverrideRequest Upheld(uint64_t number) {
    v1::ReviewOverrideRequest request;
    request.set_request_id(nortown_.RequestId());
    request.set_number(number);
    request.set_outcome(v1::OVERRIDE_OUTCOME_UPHELD);
    request.set_reason("They were found the same evening through the drugs worker.");
    return request;
  }
  grpc::Status Review(const Worker& worker, const v1::ReviewOverrideRequest& request,
                      v1::ReviewOverrideResponse* response) {
    return Stub(worker.agency)->ReviewOverride(nortown_.ContextOf(worker).get(), request, response);
  }
  v1::OverrideReport Report(const Worker& worker) {
    v1::ReportOverridesRequest request;
    request.set_request_id(nortown_.RequestId());
    v1::ReportOverridesResponse response;
    const grpc::Status status =
        Stub(worker.agency)->ReportOverrides(nortown_.ContextOf(worker).get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    v1::OverrideReport report;
    EXPECT_TRUE(report.ParseFromString(response.answer()));
    return report;
  }

  // What waits in the mailbox of `agency`'s adapter: `count` notices.
  std::vector<v1::Notice> Notices(const std::string& agency, size_t count) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto exchange = nortown_.Exchange(agency);
    const auto stream = exchange->Subscribe(&context);
    v1::SubscribeRequest open;
    open.mutable_open()->set_cursor("inbox");
    open.mutable_open()->set_credits(100);
    EXPECT_TRUE(stream->Write(open));
    std::vector<v1::Notice> notices;
    v1::SubscribeResponse response;
    while (notices.size() < count && stream->Read(&response)) {
      if (!response.has_delivered()) continue;
      v1::Notice notice;
      EXPECT_TRUE(notice.ParseFromString(response.delivered().payload()));
      notices.push_back(notice);
    }
    EXPECT_EQ(notices.size(), count);
    context.TryCancel();
    stream->Finish();
    return notices;
  }

  ledger::v1::LedgerEntry LastEntry() {
    const auto view = *nortown_.hub().context().store->NewView();
    ledger::v1::LedgerEntry entry;
    EXPECT_TRUE(entry.ParseFromString(*ledger::LedgerReader(view.get()).Entry(Entries() - 1)));
    return entry;
  }
  uint64_t Entries() { return nortown_.hub().context().sequencer->head().size; }
  int Escalate() {
    const absl::StatusOr<int> told =
        overrides::Overrides(nortown_.hub().context()).EscalateOverdue();
    EXPECT_TRUE(told.ok()) << told.status();
    return told.value_or(-1);
  }

  base::ManualClock clock_;
  Nortown nortown_;
};

TEST_F(OverrideStories, TheHolderIsToldWhoOverrodeOnWhatGroundAndWhatTheySaw) {
  const Answered answered = Override(SocialWorker());
  const std::vector<v1::Notice> notices = Notices("nortown-drugs-advice", 1);
  ASSERT_EQ(notices.size(), 1u);
  ASSERT_EQ(notices[0].body_case(), v1::Notice::kOverrideUsed);
  const v1::OverrideUsed& used = notices[0].override_used();
  EXPECT_EQ(used.viewer().agency_id(), "nortown-social-services");
  EXPECT_EQ(used.viewer().practitioner_id(), "sw-001");
  EXPECT_EQ(used.viewer().role(), "social-worker");
  EXPECT_EQ(used.ground(), v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  EXPECT_EQ(used.override_number(), answered.receipt.ledger_index());
  EXPECT_THAT(used.shown(),
              ElementsAre(v1::ASPECT_EXISTENCE, v1::ASPECT_AGENCY, v1::ASPECT_CONTACT));
  EXPECT_EQ(used.flag().agency_id(), "nortown-drugs-advice");
  // Not a word of the reason, and it is in the ledger that it was told.
  EXPECT_THAT(notices[0].SerializeAsString(), Not(HasSubstr("drugged")));
  EXPECT_EQ(LastEntry().kind(), ledger::v1::ENTRY_KIND_DELIVERY);
}

// The worker reads that their officer is told; so the agency's system is.
TEST_F(OverrideStories, TheAgencysOwnSystemIsToldForItsOfficer) {
  const Answered answered = Override(SocialWorker());
  EXPECT_THAT(answered.answer.obligations(), ::testing::Contains(v1::OBLIGATION_TELL_OFFICER));
  const std::vector<v1::Notice> notices = Notices("nortown-social-services", 1);
  ASSERT_EQ(notices.size(), 1u);
  ASSERT_EQ(notices[0].body_case(), v1::Notice::kOverrideReported);
  const v1::OverrideReported& used = notices[0].override_reported();
  EXPECT_EQ(used.override_number(), answered.receipt.ledger_index());
  EXPECT_EQ(used.practitioner_id(), "sw-001");
  EXPECT_EQ(used.role(), "social-worker");
  EXPECT_EQ(used.ground(), v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  EXPECT_GT(used.review_due().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_THAT(notices[0].SerializeAsString(), Not(HasSubstr("drugged")));
}

// A young person with consent: the holder hears who was shown the ASSET.
TEST_F(OverrideStories, TheHolderIsToldWhoWasShownSomethingByConsent) {
  nortown_.Report("nortown-yot",
                  WithAssessment(OpenFlag("Y-2", kTariq, "youth-offending", "Dilys Hume"), "asset",
                                 {"lifestyle"}));
  nortown_.Report("northern-connexions", OpenFlag("C-2", kTariq, "connexions", "Maureen Oakes"));
  v1::RecordConsentRequest yes;
  yes.set_request_id(nortown_.RequestId());
  yes.mutable_person()->set_record_id("C-2");
  v1::Consent* consent = yes.mutable_consent();
  consent->set_decision(v1::CONSENT_DECISION_GIVEN);
  consent->mutable_scope()->add_recipient_agency_ids("northern-connexions");
  consent->set_explicit_(true);
  consent->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 86400);
  consent->set_grantor(v1::GRANTOR_SELF);
  consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
  v1::RecordConsentResponse recorded;
  ASSERT_TRUE(nortown_.Consents("northern-connexions")
                  ->RecordConsent(nortown_.ContextOf(TariqsAdviser()).get(), yes, &recorded)
                  .ok());
  v1::WhoKnowsRequest request = AskAboutRecord(&nortown_, "C-2", v1::PURPOSE_SUPPORT_PLANNING);
  request.add_aspects(v1::ASPECT_CONTACT);
  request.add_aspects(v1::ASPECT_CONTENT);
  ASSERT_TRUE(nortown_.Ask(TariqsAdviser(), request).status.ok());
  // First that Connexions opened a case, then who was shown.
  const std::vector<v1::Notice> notices = Notices("nortown-yot", 2);
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_EQ(notices[0].body_case(), v1::Notice::kFlagOpened);
  ASSERT_EQ(notices[1].body_case(), v1::Notice::kFlagShown);
  EXPECT_EQ(notices[1].flag_shown().viewer().agency_id(), "northern-connexions");
  EXPECT_EQ(notices[1].flag_shown().viewer().practitioner_id(), "pa-001");
  EXPECT_THAT(notices[1].flag_shown().shown(), ElementsAre(v1::ASPECT_CONTENT));
}

TEST_F(OverrideStories, AManagerWhoDidNotUseItReviewsIt) {
  const uint64_t number = Override(SocialWorker()).receipt.ledger_index();
  v1::OverrideList list;
  ASSERT_TRUE(List(Manager(), &list).ok());
  ASSERT_EQ(list.overrides_size(), 1);
  const v1::OverrideCase& waiting = list.overrides(0);
  EXPECT_EQ(waiting.number(), number);
  EXPECT_EQ(waiting.practitioner_id(), "sw-001");
  EXPECT_EQ(waiting.role(), "social-worker");
  EXPECT_EQ(waiting.ground(), v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  EXPECT_EQ(waiting.reason(), "Missing for six days, seen in a drugged state.");
  EXPECT_EQ(waiting.rule(), "SAFEGUARD");
  EXPECT_EQ(waiting.purpose(), v1::PURPOSE_SAFEGUARDING);
  EXPECT_EQ(waiting.flags_opened(), 1);
  EXPECT_THAT(waiting.aspects(),
              ElementsAre(v1::ASPECT_EXISTENCE, v1::ASPECT_AGENCY, v1::ASPECT_CONTACT));
  EXPECT_EQ(waiting.holders_told(), 1);
  EXPECT_EQ(waiting.until().seconds() - waiting.used_at().seconds(), 3600);
  EXPECT_FALSE(waiting.overdue());
  EXPECT_TRUE(waiting.yours_to_review());
  // What it opened is counted, not named.
  EXPECT_THAT(list.SerializeAsString(), Not(HasSubstr("drugs-advice")));
  EXPECT_THAT(list.SerializeAsString(), Not(HasSubstr("substance")));

  clock_.Advance(absl::Hours(5));
  const v1::ReviewOverrideRequest request = Upheld(number);
  v1::ReviewOverrideResponse reviewed;
  ASSERT_TRUE(Review(Manager(), request, &reviewed).ok());
  EXPECT_TRUE(reviewed.in_time());
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "upheld");
  EXPECT_EQ(LastEntry().override_reviewed().entry_index(), number);
  EXPECT_THAT(LastEntry().SerializeAsString(), Not(HasSubstr("found the same evening")));
  // The same request again is the same answer; another one is too late.
  v1::ReviewOverrideResponse again;
  ASSERT_TRUE(Review(Manager(), request, &again).ok());
  EXPECT_EQ(again.receipt().ledger_index(), reviewed.receipt().ledger_index());
  v1::ReviewOverrideRequest other = Upheld(number);
  other.set_outcome(v1::OVERRIDE_OUTCOME_NOT_UPHELD);
  EXPECT_EQ(Review(Manager(), other, &again).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "ALREADY_EXISTS");
  ASSERT_TRUE(List(Manager(), &list).ok());
  EXPECT_EQ(list.overrides(0).outcome(), v1::OVERRIDE_OUTCOME_UPHELD);
  EXPECT_EQ(list.overrides(0).reviewed_by(), "sw-003");
  EXPECT_EQ(list.overrides(0).review_reason(),
            "They were found the same evening through the drugs worker.");
  EXPECT_FALSE(list.overrides(0).yours_to_review());
  ASSERT_TRUE(List(Manager(), &list, /*waiting_only=*/true).ok());
  EXPECT_EQ(list.overrides_size(), 0);
}

// An auditor looks back at the week of the override, and the review was written the week after.
TEST_F(OverrideStories, WhatWasReviewedLaterIsNotReportedAsUnreviewed) {
  nortown_.UseClock(&clock_);
  const uint64_t reviewed = Override(SocialWorker()).receipt.ledger_index();
  clock_.Advance(absl::Minutes(1));
  const uint64_t waiting = Override(SocialWorker()).receipt.ledger_index();
  clock_.Advance(absl::Minutes(1));
  v1::FindPatternsRequest request;
  request.set_reason("The week of 23 November.");
  request.add_patterns("override-unreviewed");
  request.mutable_until()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
  clock_.Advance(absl::Hours(24 * 7));
  v1::ReviewOverrideResponse response;
  ASSERT_TRUE(Review(Manager(), Upheld(reviewed), &response).ok());
  v1::FindPatternsResponse found;
  const grpc::Status status =
      nortown_.Audit()->FindPatterns(nortown_.AuditContext().get(), request, &found);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(found.reports_size(), 1);
  ASSERT_EQ(found.reports(0).hits_size(), 1) << found.DebugString();
  EXPECT_THAT(found.reports(0).hits(0).entry_indexes(), ElementsAre(waiting));
}

TEST_F(OverrideStories, NobodyReviewsTheirOwn) {
  const uint64_t number = Override(ManagerAsSocialWorker()).receipt.ledger_index();
  v1::OverrideList list;
  ASSERT_TRUE(List(Manager(), &list).ok());
  ASSERT_EQ(list.overrides_size(), 1);
  EXPECT_FALSE(list.overrides(0).yours_to_review());
  v1::ReviewOverrideResponse reviewed;
  const grpc::Status status = Review(Manager(), Upheld(number), &reviewed);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.error_message(), HasSubstr("you used this override yourself"));
  EXPECT_EQ(LastEntry().kind(), ledger::v1::ENTRY_KIND_OVERRIDE_REVIEWED);
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "OVERRIDE_INVALID");
  ASSERT_TRUE(List(Manager(), &list, true).ok());
  EXPECT_EQ(list.overrides_size(), 1);
}

TEST_F(OverrideStories, WhoIsNoManagerOfTheAgencyLearnsNothing) {
  const uint64_t number = Override(SocialWorker()).receipt.ledger_index();
  v1::OverrideList list;
  v1::ReviewOverrideResponse reviewed;
  const grpc::Status listed = List(SocialWorker(), &list);
  EXPECT_EQ(listed.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(listed.error_message(), HasSubstr("manager"));
  EXPECT_EQ(LastEntry().kind(), ledger::v1::ENTRY_KIND_OVERRIDES_READ);
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(Review(SocialWorker(), Upheld(number), &reviewed).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  // Another agency's manager: as if there were none.
  nortown_.EnrolWorker("nortown-yot", "yo-009", {"manager"});
  const Worker other = {"nortown-yot", "yo-009", "manager", {}};
  ASSERT_TRUE(List(other, &list).ok());
  EXPECT_EQ(list.overrides_size(), 0);
  EXPECT_EQ(Review(other, Upheld(number), &reviewed).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Review(other, Upheld(999999), &reviewed).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(OverrideStories, AReviewSaysHowAndWhy) {
  const uint64_t number = Override(SocialWorker()).receipt.ledger_index();
  v1::ReviewOverrideRequest request = Upheld(number);
  request.clear_outcome();
  request.set_reason("fine");
  v1::ReviewOverrideResponse reviewed;
  const grpc::Status status = Review(Manager(), request, &reviewed);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.error_details(), HasSubstr("outcome"));
  EXPECT_THAT(status.error_details(), HasSubstr("reason"));
}

TEST_F(OverrideStories, WhatNobodyReviewedIsOverdueAndToldOnceADay) {
  const uint64_t number = Override(SocialWorker()).receipt.ledger_index();
  const absl::Time due = clock_.Now() + absl::Hours(48);  // Monday to Wednesday
  v1::OverrideList list;
  clock_.Set(due);
  EXPECT_EQ(Escalate(), 0);
  ASSERT_TRUE(List(Manager(), &list).ok());
  EXPECT_FALSE(list.overrides(0).overdue());
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(List(Manager(), &list).ok());
  EXPECT_TRUE(list.overrides(0).overdue());
  EXPECT_EQ(Escalate(), 1);
  EXPECT_EQ(LastEntry().kind(), ledger::v1::ENTRY_KIND_OVERRIDE_ESCALATED);
  EXPECT_EQ(LastEntry().override_escalated().entry_index(), number);
  EXPECT_EQ(Escalate(), 0);
  clock_.Advance(absl::Hours(24) - absl::Seconds(1));
  EXPECT_EQ(Escalate(), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Escalate(), 1);
  ASSERT_TRUE(List(Manager(), &list).ok());
  EXPECT_EQ(list.overrides(0).escalations(), 2);
  const std::vector<v1::Notice> notices = Notices("nortown-social-services", 3);
  ASSERT_EQ(notices.size(), 3u);  // that it was used, and twice that it is overdue
  ASSERT_EQ(notices[2].body_case(), v1::Notice::kOverrideOverdue);
  EXPECT_EQ(notices[2].override_overdue().override_number(), number);
  EXPECT_EQ(notices[2].override_overdue().review_due().seconds(), absl::ToUnixSeconds(due));
  // Reviewed at last: late, and not told of again.
  v1::ReviewOverrideResponse reviewed;
  ASSERT_TRUE(Review(Manager(), Upheld(number), &reviewed).ok());
  EXPECT_FALSE(reviewed.in_time());
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(Escalate(), 0);
}

TEST_F(OverrideStories, TheReportCountsAndNamesNobody) {
  const uint64_t first = Override(SocialWorker()).receipt.ledger_index();
  Override(ManagerAsSocialWorker());
  const uint64_t third = Override(SocialWorker()).receipt.ledger_index();
  clock_.Advance(absl::Hours(3));
  v1::ReviewOverrideResponse reviewed;
  ASSERT_TRUE(Review(Manager(), Upheld(first), &reviewed).ok());
  clock_.Advance(absl::Hours(72));
  v1::ReviewOverrideRequest not_upheld = Upheld(third);
  not_upheld.set_outcome(v1::OVERRIDE_OUTCOME_NOT_UPHELD);
  ASSERT_TRUE(Review(Manager(), not_upheld, &reviewed).ok());
  const v1::OverrideReport report = Report(Manager());
  ASSERT_EQ(report.rows_size(), 1);
  const v1::OverrideReportRow& row = report.rows(0);
  EXPECT_EQ(row.agency_id(), "nortown-social-services");
  EXPECT_EQ(row.ground(), v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  EXPECT_EQ(row.role(), "social-worker");
  EXPECT_EQ(row.used(), 3);
  EXPECT_EQ(row.upheld(), 1);
  EXPECT_EQ(row.not_upheld(), 1);
  EXPECT_EQ(row.waiting(), 0);
  EXPECT_EQ(row.overdue(), 1);
  EXPECT_EQ(row.reviewed_late(), 1);
  EXPECT_EQ(row.median_review_s(), 75 * 3600);
  EXPECT_THAT(report.SerializeAsString(), Not(HasSubstr("sw-00")));
  // The auditor sees every agency's, without an assertion.
  v1::ReportOverridesRequest request;
  request.set_request_id(nortown_.RequestId());
  v1::ReportOverridesResponse response;
  const grpc::Status status = Stub("nortown-audit", "auditor")
                                  ->ReportOverrides(nortown_.Context().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  v1::OverrideReport all;
  ASSERT_TRUE(all.ParseFromString(response.answer()));
  EXPECT_EQ(all.rows_size(), 1);
}

TEST_F(OverrideStories, TheListComesInPages) {
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 5; ++i) numbers.push_back(Override(SocialWorker()).receipt.ledger_index());
  std::vector<uint64_t> seen;
  std::string token;
  int pages = 0;
  do {
    v1::OverrideList list;
    ASSERT_TRUE(List(Manager(), &list, false, 2, token).ok());
    for (const v1::OverrideCase& item : list.overrides()) seen.push_back(item.number());
    token = list.next_page_token();
    ASSERT_LE(++pages, 3);
  } while (!token.empty());
  EXPECT_EQ(seen, numbers);
  EXPECT_EQ(pages, 3);
}

// Erasing a person erases what was said about them; that somebody overrode, and how it was reviewed,
// stays.
TEST_F(OverrideStories, WhoWasErasedIsNotInTheListAnyMore) {
  Override(SocialWorker());
  const request::HubContext& context = nortown_.hub().context();
  {
    const auto held = *context.store->NewView();
    const ledger::GuardedView view(held.get());
    const auto record = context.people->LookupLocalRecord(view, "nortown-social-services", "S-1");
    ASSERT_TRUE(record.ok());
    std::vector<base::PersonId> ids;
    absl::StatusOr<store::Batch> change = context.people->PrepareErase(
        view, record->known_as, "nortown-social-services", context.clock->Now(), &ids);
    ASSERT_TRUE(change.ok()) << change.status();
    ledger::Operation operation;
    operation.batch = *std::move(change);
    operation.reads = view.reads();
    ledger::v1::LedgerEntry entry;
    entry.set_format(1);
    entry.set_kind(ledger::v1::ENTRY_KIND_HUB);
    operation.entries.push_back({entry.SerializeAsString(), ""});
    ASSERT_TRUE(context.sequencer->SubmitAndWait(std::move(operation)).ok());
  }
  v1::OverrideList list;
  ASSERT_TRUE(List(Manager(), &list).ok());
  ASSERT_EQ(list.overrides_size(), 1);
  EXPECT_EQ(list.overrides(0).reason(), "");
  EXPECT_EQ(list.overrides(0).agency_person_id(), "");
  EXPECT_EQ(list.overrides(0).practitioner_id(), "sw-001");
  v1::ReviewOverrideResponse reviewed;
  EXPECT_TRUE(Review(Manager(), Upheld(list.overrides(0).number()), &reviewed).ok());
}

}  // namespace
}  // namespace signpost::scenarios
