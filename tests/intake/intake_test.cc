// What comes in: reports, consents, reconciliations and cursors become
// durable with their entries and notices, or are refused and change nothing.

#include "hub/intake/intake.h"

#include <gmock/gmock.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "hub/ledger/reader.h"
#include "tests/request/hub_rooms.h"

namespace signpost::intake {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using request::Recorded;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class IntakeTest : public request::HubRooms {
 protected:
  absl::StatusOr<v1::ReconcileResponse> Reconcile(const std::string& agency,
                                                  std::vector<std::string> open,
                                                  int64_t close_missing_count = 0) {
    v1::ReconcileFinish finish;
    finish.set_request_id(RequestId());
    finish.set_close_missing_count(close_missing_count);
    auto list = intake_->BeginList(System(agency));
    if (!list.ok()) return list.status();
    if (absl::Status added = (*list)->Add(open); !added.ok()) return added;
    return Wait<v1::ReconcileResponse>([&](auto done) {
      intake_->Reconcile(System(agency), *std::move(list), finish, std::move(done));
    });
  }
  absl::StatusOr<exchange::Place> OpenCursor(const std::string& cursor) {
    return Wait<exchange::Place>(
        [&](auto done) { intake_->OpenCursor(System(kYot), cursor, std::move(done)); });
  }
  request::DetailsBudget budget_;
  absl::StatusOr<exchange::Place> Acknowledge(
      const std::string& cursor, exchange::Position position,
      ledger::v1::MessageRejection rejection = ledger::v1::MESSAGE_REJECTION_UNSPECIFIED) {
    const std::vector<Intake::DealtWith> dealt_with = {{position, rejection}};
    return Wait<exchange::Place>([&](auto done) {
      intake_->Acknowledge(System(kYot), cursor, dealt_with, std::move(done));
    });
  }
};

TEST_F(IntakeTest, AReportIsRecordedWithItsEntryAndTheOthersNotice) {
  ASSERT_EQ(Report(kYot, Flag("Y-1", "youth-offending")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_THAT(Mailbox(kYot), IsEmpty());
  const v1::FlagOutcome outcome = Report(kConnexions, Flag("C-1", "connexions"));
  EXPECT_EQ(outcome.kind(), v1::FLAG_OUTCOME_KIND_RECEIVED) << "and not that somebody knew them";
  EXPECT_EQ(outcome.sequence(), 1u);
  const Recorded entry = LastEntry();
  EXPECT_EQ(outcome.receipt().ledger_index(), entry.index);
  EXPECT_EQ(entry.kind, "flag-changed");
  EXPECT_EQ(entry.outcome, "opened");
  EXPECT_EQ(entry.agency_id, kConnexions);
  EXPECT_EQ(PersonOf(kConnexions, "C-1").id(), PersonOf(kYot, "Y-1").id());
  EXPECT_TRUE(IsAbout(entry.index, PersonOf(kYot, "Y-1").id()));
  const auto notices = Mailbox(kYot);
  ASSERT_THAT(notices, SizeIs(1));
  EXPECT_EQ(notices[0].stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_OPENED);
  EXPECT_EQ(notices[0].position.index, entry.index);
  EXPECT_THAT(Mailbox(kConnexions), IsEmpty()) << "nobody is told of their own";
}

TEST_F(IntakeTest, TheSameAgainChangesNothingAndOnceAMinuteConfirmsTheFeed) {
  TariqIsKnown();
  const uint64_t before = LedgerSize();
  const v1::FlagOutcome again = Report(kConnexions, Flag("C-1", "connexions"));
  EXPECT_EQ(again.kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_FALSE(again.has_receipt());
  EXPECT_EQ(LedgerSize(), before);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Report(kConnexions, Flag("C-1", "connexions")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(LedgerSize(), before + 1);
  EXPECT_EQ(LastEntry().kind, "feed-confirmed");
  EXPECT_EQ(registry_->directory()->Feed(kConnexions)->until, clock_.Now());
}

TEST_F(IntakeTest, AChangeAndAClosingAreToldAndARetractionIsNot) {
  TariqIsKnown();
  v1::FlagReport report = Flag("C-1", "connexions");
  report.mutable_contact()->set_name("Maureen Holt");
  EXPECT_EQ(Report(kConnexions, report).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(LastEntry().outcome, "changed");
  report.set_status(v1::FLAG_STATUS_CLOSED);
  report.mutable_closed_on()->set_year(2026);
  report.mutable_closed_on()->set_month(11);
  report.mutable_closed_on()->set_day(20);
  EXPECT_EQ(Report(kConnexions, report).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(LastEntry().outcome, "closed");
  const auto notices = Mailbox(kYot);
  ASSERT_THAT(notices, SizeIs(3));
  EXPECT_EQ(notices[1].stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_CHANGED);
  EXPECT_EQ(notices[2].stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_CLOSED);
  v1::FlagReport retracted;
  retracted.set_sequence(1);
  retracted.set_record_id("C-1");
  retracted.set_status(v1::FLAG_STATUS_RETRACTED);
  EXPECT_EQ(Report(kConnexions, retracted).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(LastEntry().outcome, "retracted");
  EXPECT_THAT(Mailbox(kYot), SizeIs(3));
}

TEST_F(IntakeTest, ABadReportIsRejectedWithItsFieldsAndNothingIsWritten) {
  const uint64_t before = LedgerSize();
  v1::FlagReport report = Flag("C-1", "connexions");
  report.mutable_person()->mutable_birth_date()->set_year(2031);
  report.mutable_opened_on()->set_month(13);
  const v1::FlagOutcome outcome = Report(kConnexions, report);
  EXPECT_EQ(outcome.kind(), v1::FLAG_OUTCOME_KIND_REJECTED);
  EXPECT_EQ(outcome.reason(), v1::ERROR_REASON_INVALID_FIELD);
  ASSERT_EQ(outcome.fields_size(), 2);
  EXPECT_EQ(outcome.fields(0).field(), "person.birth_date");
  EXPECT_EQ(outcome.fields(1).field(), "opened_on");
  EXPECT_THAT(outcome.ShortDebugString(), Not(HasSubstr("2031"))) << "values are not repeated";

  const v1::FlagOutcome foreign = Report(kConnexions, Flag("C-1", "youth-offending"));
  EXPECT_EQ(foreign.kind(), v1::FLAG_OUTCOME_KIND_REJECTED);
  ASSERT_EQ(foreign.fields_size(), 1);
  EXPECT_EQ(foreign.fields(0).field(), "service");
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(IntakeTest, WhatCannotBeStoredIsNotAcknowledged) {
  store_.FailCommit(1, store::HostileStore::Failure::kNothingWritten);
  const auto outcome = Wait<v1::FlagOutcome>([&](auto done) {
    intake_->Report(System(kYot), Flag("Y-1", "youth-offending"), std::move(done));
  });
  EXPECT_EQ(ReasonOf(outcome.status()), Reason::kStoreUnavailable);
}

TEST_F(IntakeTest, AConsentIsRecordedOnceUnderItsRequestId) {
  TariqIsKnown();
  const v1::RecordConsentRequest request = WrittenConsent();
  const auto first = Consent(Adviser(), request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(LastEntry().kind, "consent-recorded");
  EXPECT_EQ(LastEntry().outcome, "recorded");
  EXPECT_EQ(first->receipt().ledger_index(), LastEntry().index);
  const auto again = Consent(Adviser(), request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->consent_id(), first->consent_id());
  EXPECT_EQ(again->receipt().ledger_index(), first->receipt().ledger_index());
  EXPECT_THAT(Entries("consent-recorded"), SizeIs(1));
  EXPECT_EQ(PersonOf(kYot, "Y-1").consents().size(), 1);
}

TEST_F(IntakeTest, ARequestIdStandsForOneRequestOfTheAgency) {
  TariqIsKnown();
  const v1::RecordConsentRequest request = WrittenConsent();
  const auto first = Consent(Adviser(), request);
  ASSERT_TRUE(first.ok());
  v1::RecordConsentRequest other = request;
  other.mutable_consent()->set_explicit_(false);
  const uint64_t before = LedgerSize();
  EXPECT_EQ(ReasonOf(Consent(Adviser(), other).status()), Reason::kRequestIdReused);
  v1::WithdrawConsentRequest withdrawal;
  withdrawal.set_request_id(request.request_id());
  *withdrawal.mutable_person() = request.person();
  withdrawal.set_consent_id(first->consent_id());
  EXPECT_EQ(ReasonOf(Wait<v1::WithdrawConsentResponse>([&](auto done) {
                       intake_->WithdrawConsent(Adviser(), withdrawal, std::move(done));
                     }).status()),
            Reason::kRequestIdReused);
  EXPECT_EQ(LedgerSize(), before);
  // It is the agency's: another's means nothing.
  other.mutable_person()->set_record_id("Y-1");
  EXPECT_TRUE(Consent(YotOfficer(), other).ok());
}

TEST_F(IntakeTest, ABadConsentIsToldItsFields) {
  TariqIsKnown();
  v1::RecordConsentRequest request = WrittenConsent();
  request.mutable_consent()->clear_valid_until();
  request.mutable_consent()->clear_evidence();
  const absl::Status refused = Consent(Adviser(), request).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kConsentInvalid);
  EXPECT_THAT(FieldsOf(refused), ElementsAre("consent.valid_until", "consent.evidence"));
}

TEST_F(IntakeTest, AConsentOfWordsThatMeanNothingIsRefusedWordByWord) {
  TariqIsKnown();
  v1::RecordConsentRequest request = WrittenConsent();
  v1::ConsentScope* scope = request.mutable_consent()->mutable_scope();
  scope->add_recipient_agency_ids("connexions");
  scope->add_recipient_kinds("northern-connexions");
  scope->add_holder_agency_ids("nortown-yto");
  scope->add_services("drugz");
  scope->add_assessment_kinds("asset");
  scope->add_sections("lifestyle");    // of an ASSET
  scope->add_sections("aspirations");  // of an APIR
  scope->add_sections("drugz");
  scope->add_recipient_roles("wizard");
  scope->add_recipient_roles("personal-adviser");
  scope->add_exceptions()->add_assessment_kinds("essay");
  const absl::Status status = Consent(Adviser(), request).status();
  EXPECT_EQ(ReasonOf(status), Reason::kInvalidField);
  EXPECT_THAT(
      FieldsOf(status),
      UnorderedElementsAre("consent.scope.recipient_agency_ids[1]",
                           "consent.scope.recipient_kinds[0]", "consent.scope.holder_agency_ids[1]",
                           "consent.scope.services[0]", "consent.scope.sections[1]",
                           "consent.scope.sections[2]", "consent.scope.recipient_roles[0]",
                           "consent.scope.exceptions[0].assessment_kinds[0]"));
  for (const base::FieldViolation& one : base::ViolationsOf(status)) {
    if (one.field == "consent.scope.recipient_agency_ids[1]") {
      EXPECT_THAT(std::string(one.description), HasSubstr("is a kind of agency"));
    }
  }
  EXPECT_THAT(Entries("consent-recorded"), IsEmpty());
  // A no that is spelt wrongly protects nobody, so it is told, too.
  request = WrittenConsent();
  request.mutable_consent()->set_decision(v1::CONSENT_DECISION_REFUSED);
  request.mutable_consent()->mutable_scope()->add_services("drugz");
  EXPECT_THAT(FieldsOf(Consent(Adviser(), request).status()),
              ElementsAre("consent.scope.services[0]"));
}

TEST_F(IntakeTest, WhoDoesNotWorkWithThemRecordsNoConsentAsIfThereWereNobody) {
  TariqIsKnown();
  v1::RecordConsentRequest request = WrittenConsent();
  *request.mutable_person()->mutable_details() = Tariq();
  const absl::Status stranger = Consent(SocialWorker(), request).status();
  const Recorded of_stranger = LastEntry();
  request.set_request_id(RequestId());
  *request.mutable_person()->mutable_details() = Nobody();
  const absl::Status nobody = Consent(SocialWorker(), request).status();
  EXPECT_EQ(ReasonOf(stranger), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(nobody), Reason::kNotFound);
  EXPECT_EQ(stranger.message(), nobody.message());
  EXPECT_EQ(of_stranger.kind, "consent-recorded");
  EXPECT_EQ(of_stranger.outcome, "NOT_FOUND");
  EXPECT_EQ(ReceiptOfRefusal(stranger).ledger_index(), of_stranger.index);
  EXPECT_EQ(ReceiptOfRefusal(nobody).ledger_index(), LastEntry().index);
}

TEST_F(IntakeTest, AWithdrawalIsSeenByTheNextQuestionAndCountsOnce) {
  TariqIsKnown();
  const auto yes = Consent(Adviser(), WrittenConsent());
  ASSERT_TRUE(yes.ok());
  EXPECT_THAT(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot), SizeIs(17));
  const auto first = Withdraw(Adviser(), yes->consent_id());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(LastEntry().kind, "consent-withdrawn");
  EXPECT_EQ(LastEntry().outcome, "recorded");
  EXPECT_TRUE(LastEntry().has_details) << "the note is kept sealed";
  EXPECT_THAT(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot), IsEmpty());
  clock_.Advance(absl::Hours(1));
  const auto again = Withdraw(Adviser(), yes->consent_id());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->withdrawn_at().seconds(), first->withdrawn_at().seconds());
  EXPECT_EQ(LastEntry().outcome, "unchanged");
}

TEST_F(IntakeTest, ANoThatIsNotTheAgencysIsNotThere) {
  TariqIsKnown();
  Report(kSocial, Flag("S-1", "childrens-social-care"));
  const auto yes = Consent(Adviser(), WrittenConsent());
  ASSERT_TRUE(yes.ok());
  // Social services work with Tariq, but this yes neither comes from them nor names them.
  EXPECT_EQ(ReasonOf(Withdraw(SocialWorker(), yes->consent_id(), "S-1").status()),
            Reason::kNotFound);
  EXPECT_THAT(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot), SizeIs(17));
}

TEST_F(IntakeTest, AReconciliationClosesWhatIsMissingWhenItSaysHowMuchThatIs) {
  TariqIsKnown();
  Report(kConnexions, Flag("C-2", "connexions", Sal()));
  const auto told = Reconcile(kConnexions, {"C-2", "C-7"});
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->missing_count(), 1);
  EXPECT_EQ(told->closed_count(), 0);
  EXPECT_THAT(told->unknown_record_ids(), ElementsAre("C-7"));
  EXPECT_EQ(LastEntry().kind, "reconciled");
  EXPECT_EQ(told->receipt().ledger_index(), LastEntry().index);

  const uint64_t before = LedgerSize();
  const auto truncated = Reconcile(kConnexions, {"C-2"}, 2);
  EXPECT_EQ(ReasonOf(truncated.status()), Reason::kInvalidField);
  EXPECT_THAT(FieldsOf(truncated.status()), ElementsAre("finish.close_missing_count"));
  EXPECT_THAT(std::string(base::ViolationsOf(truncated.status())[0].description),
              HasSubstr("which is 1"));
  EXPECT_EQ(LedgerSize(), before);
  EXPECT_EQ(PersonOf(kConnexions, "C-1").AgenciesWithOpenFlags(),
            (std::vector<std::string>{kConnexions, kYot}));

  const auto closed = Reconcile(kConnexions, {"C-2"}, 1);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->closed_count(), 1);
  EXPECT_EQ(PersonOf(kConnexions, "C-1").AgenciesWithOpenFlags(), (std::vector<std::string>{kYot}));
  EXPECT_EQ(EntryAt(LedgerSize() - 2).outcome, "closed");
  EXPECT_EQ(Mailbox(kYot).back().stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_CLOSED);
}

// Known, unknown, like somebody known: one outcome, one entry of one size. To be broken by
// setting review_ref only where a review waits: the sizes differ.
TEST_F(IntakeTest, WhateverAReportComesToIsAcknowledgedAlike) {
  TariqIsKnown();
  v1::FlagReport known = Flag("S-1", "childrens-social-care");
  v1::FlagReport like = Flag("S-2", "childrens-social-care");
  like.mutable_person()->set_postcode("NT9 9ZZ");
  v1::FlagReport unknown = Flag("S-3", "childrens-social-care", Sal());
  std::set<std::string> outcomes;
  std::set<size_t> sizes;
  for (const v1::FlagReport& report : {known, like, unknown}) {
    const uint64_t before = LedgerSize();
    v1::FlagOutcome outcome = Report(kSocial, report);
    EXPECT_EQ(LedgerSize(), before + 1);
    EXPECT_EQ(LastEntry().kind, "flag-changed");
    const auto view = View();
    sizes.insert(ledger::LedgerReader(view.get()).Entry(before)->size());
    EXPECT_TRUE(outcome.has_receipt());
    outcome.clear_receipt();
    outcomes.insert(outcome.SerializeAsString());
  }
  EXPECT_THAT(outcomes, SizeIs(1));
  EXPECT_THAT(sizes, SizeIs(1));
}

TEST_F(IntakeTest, TheDetailsOfOneRecordChangeSoOftenADay) {
  context_.details_budget = &budget_;
  Intake intake(context_);
  const auto report = [&](int day) {
    v1::FlagReport flag = Flag("C-1", "connexions");
    flag.mutable_person()->mutable_birth_date()->set_day(day);
    return Wait<v1::FlagOutcome>(
               [&](auto done) { intake.Report(System(kConnexions), flag, std::move(done)); })
        ->kind();
  };
  for (int day = 1; day <= base::kDetailChangesPerDayMax; ++day) {
    ASSERT_EQ(report(day), v1::FLAG_OUTCOME_KIND_RECEIVED) << day;
  }
  EXPECT_EQ(report(20), v1::FLAG_OUTCOME_KIND_REJECTED);
  EXPECT_EQ(report(1), v1::FLAG_OUTCOME_KIND_RECEIVED) << "what was said before takes nothing";
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(report(20), v1::FLAG_OUTCOME_KIND_RECEIVED);
}

TEST_F(IntakeTest, ARecordIsReportedSoOftenAnHourAndOthersAreNotKeptFromIt) {
  context_.details_budget = &budget_;
  Intake intake(context_);
  const auto report = [&](const std::string& record) {
    return Wait<v1::FlagOutcome>([&](auto done) {
      intake.Report(System(kConnexions), Flag(record, "connexions"), std::move(done));
    });
  };
  for (int i = 0; i < base::kReportsPerRecordAndHourMax; ++i) {
    ASSERT_EQ(report("C-1")->kind(), v1::FLAG_OUTCOME_KIND_RECEIVED) << i;
  }
  const auto refused = report("C-1");
  EXPECT_EQ(refused->kind(), v1::FLAG_OUTCOME_KIND_REJECTED);
  EXPECT_EQ(refused->reason(), v1::ERROR_REASON_TOO_MANY_REQUESTS);
  ASSERT_THAT(refused->fields(), SizeIs(1));
  EXPECT_EQ(refused->fields(0).field(), "record_id");
  EXPECT_EQ(report("C-2")->kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(report("C-1")->kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
}

TEST_F(IntakeTest, ConsentsByDetailsHaveTheBudgetToo) {
  TariqIsKnown();
  context_.details_budget = &budget_;
  Intake intake(context_);
  v1::RecordConsentRequest request = WrittenConsent("C-1");
  int refused = 0;
  for (int day = 1; day <= base::kDetailsPerNameAndDayMax + 1; ++day) {
    *request.mutable_person()->mutable_details() = Tariq();
    request.mutable_person()->mutable_details()->mutable_birth_date()->set_day(day);
    request.set_request_id(RequestId());
    const auto recorded = Wait<v1::RecordConsentResponse>(
        [&](auto done) { intake.RecordConsent(Adviser(), request, std::move(done)); });
    if (ReasonOf(recorded.status()) == Reason::kTooManyRequests) ++refused;
  }
  EXPECT_EQ(refused, 1);
}

// As a stream has them under way, side by side: in each round one of them wins.
TEST_F(IntakeTest, OfManyReportsAboutOnePersonAtOnceNoneIsLost) {
  TariqIsKnown();
  constexpr int kReports = 48;
  absl::BlockingCounter left(kReports);
  std::vector<absl::StatusOr<v1::FlagOutcome>> outcomes(kReports, absl::UnknownError(""));
  for (int i = 0; i < kReports; ++i) {
    intake_->Report(System(kConnexions), Flag(absl::StrCat("C-many-", i), "connexions"),
                    [&, i](absl::StatusOr<v1::FlagOutcome> outcome) {
                      outcomes[static_cast<size_t>(i)] = std::move(outcome);
                      left.DecrementCount();
                    });
  }
  left.Wait();
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_EQ(outcome->kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
}

TEST_F(IntakeTest, ACursorIsOpenedOnceAndMovesForwardOnly) {
  TariqIsKnown();
  const auto notices = Mailbox(kYot);
  ASSERT_THAT(notices, SizeIs(1));
  EXPECT_EQ(ReasonOf(Acknowledge("inbox", notices[0].position).status()), Reason::kNotFound);
  ASSERT_TRUE(OpenCursor("inbox").ok());
  EXPECT_EQ(LastEntry().kind, "acknowledged");
  const uint64_t before = LedgerSize();
  EXPECT_EQ(OpenCursor("inbox")->low_water, exchange::Position());
  EXPECT_EQ(LedgerSize(), before);
  EXPECT_EQ(Acknowledge("inbox", notices[0].position)->low_water, notices[0].position);
  EXPECT_EQ(LedgerSize(), before + 1);
  EXPECT_THAT(Mailbox(kYot), IsEmpty()) << "dealt with by every cursor";
  EXPECT_EQ(Acknowledge("inbox", notices[0].position)->low_water, notices[0].position);
  EXPECT_EQ(LedgerSize(), before + 1);
}

}  // namespace
}  // namespace signpost::intake
