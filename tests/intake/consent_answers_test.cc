// A yes that would open a sensitive service: whose word it takes, who is asked for it, and what the
// one who recorded it can tell of that.

#include <gmock/gmock.h>

#include "hub/intake/intake.h"
#include "signpost/v1/exchange.pb.h"
#include "tests/request/hub_rooms.h"

namespace signpost::intake {
namespace {

namespace stored = ::signpost::store::v1;
using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConsentAnswersTest : public request::HubRooms {
 protected:
  ConsentAnswersTest() {
    TariqIsKnown();
    Report(kDrugs, Flag("D-1", "substance-misuse"));
    Report(kSocial, Flag("S-1", "childrens-social-care"));
  }

  static base::Principal DrugsWorker() { return Worker(kDrugs, "dw-001", "drugs-worker"); }
  // Tariq's explicit yes that Connexions is told of the drugs service.
  v1::RecordConsentRequest Yes(const std::string& record_id = "C-1") {
    v1::RecordConsentRequest request = WrittenConsent(record_id);
    request.mutable_consent()->mutable_scope()->set_holder_agency_ids(0, kDrugs);
    return request;
  }
  std::string Recorded(const base::Principal& asker, const v1::RecordConsentRequest& request,
                       bool must_confirm) {
    const auto response = Consent(asker, request);
    EXPECT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->holders_must_confirm(), must_confirm);
    return response->consent_id();
  }
  absl::StatusOr<v1::AnswerConsentResponse> Answer(
      const base::Principal& asker, const std::string& consent, v1::HolderAnswer answer,
      const std::string& record_id = "D-1", const std::string& note = "He told me so himself.") {
    v1::AnswerConsentRequest request;
    request.set_request_id(RequestId());
    request.mutable_person()->set_record_id(record_id);
    request.set_consent_id(consent);
    request.set_answer(answer);
    request.set_note(note);
    return Wait<v1::AnswerConsentResponse>(
        [&](auto done) { intake_->AnswerConsent(asker, request, std::move(done)); });
  }
  bool AdviserSees(const std::string& agency) {
    return Ask(Adviser(), AskAboutRecord("C-1")).Flag(agency) != nullptr;
  }
  std::vector<v1::Notice> Told(const std::string& agency) {
    std::vector<v1::Notice> notices;
    const auto waiting = Mailbox(agency);
    if (waiting.empty()) return notices;
    const auto delivery = Wait<disclosure::Answers::Delivery>(
        [&](auto done) { answers_->Deliver(System(agency), waiting, std::move(done)); });
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    for (const v1::DeliveredMessage& message : delivery->messages) {
      EXPECT_TRUE(notices.emplace_back().ParseFromString(message.payload()));
    }
    return notices;
  }
  v1::ConsentList ListOf(const base::Principal& asker, const std::string& record_id) {
    v1::ListConsentsRequest request;
    request.set_request_id(RequestId());
    request.mutable_person()->set_record_id(record_id);
    request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
    const auto response = Wait<v1::ListConsentsResponse>(
        [&](auto done) { answers_->ListConsents(asker, request, std::move(done)); });
    v1::ConsentList list;
    EXPECT_TRUE(response.ok()) << response.status();
    if (response.ok()) {
      EXPECT_TRUE(list.ParseFromString(response->answer()));
    }
    return list;
  }
};

// Promise 2. Broken on purpose by counting every yes for what is sensitive, this fails.
TEST_F(ConsentAnswersTest, AYesThatItsReceiverTypedOpensNothingSensitiveUntilTheHolderKnowsIt) {
  const std::string yes = Recorded(Adviser(), Yes(), true);
  EXPECT_FALSE(AdviserSees(kDrugs));
  const std::vector<v1::Notice> asked = Told(kDrugs);
  ASSERT_FALSE(asked.empty());
  ASSERT_EQ(asked.back().body_case(), v1::Notice::kConsentToConfirm);
  EXPECT_EQ(asked.back().consent_to_confirm().consent_id(), yes);

  const auto confirmed = Answer(DrugsWorker(), yes, v1::HOLDER_ANSWER_CONFIRMED);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  EXPECT_EQ(EntryAt(confirmed->receipt().ledger_index()).kind, "consent-answered");
  EXPECT_TRUE(EntryAt(confirmed->receipt().ledger_index()).has_details);
  EXPECT_TRUE(AdviserSees(kDrugs));
  EXPECT_TRUE(LastEntry().rests_on_consent);

  ASSERT_TRUE(Answer(DrugsWorker(), yes, v1::HOLDER_ANSWER_CHALLENGED).ok());
  EXPECT_FALSE(AdviserSees(kDrugs)) << "from the next question on";
}

TEST_F(ConsentAnswersTest, SaidToOneWhoReceivesNothingItCountsAtOnce) {
  Recorded(SocialWorker(), Yes("S-1"), false);
  EXPECT_TRUE(AdviserSees(kDrugs));
  for (const exchange::MailboxMessage& message : Mailbox(kDrugs)) {
    EXPECT_NE(message.stored.kind(), stored::STORED_MESSAGE_KIND_CONSENT_TO_CONFIRM);
  }
}

TEST_F(ConsentAnswersTest, AParentsWordOpensNothingSensitiveByItself) {
  v1::RecordConsentRequest yes = Yes("S-1");
  yes.mutable_consent()->set_grantor(v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  yes.mutable_consent()->set_grantor_name("Mrs Mahmood");
  Recorded(SocialWorker(), yes, true);
  EXPECT_FALSE(AdviserSees(kDrugs));
}

TEST_F(ConsentAnswersTest, WhatIsOrdinaryOpensOnTheYoungPersonsWordToWhoever) {
  v1::RecordConsentRequest yes = WrittenConsent();
  yes.mutable_consent()->mutable_scope()->add_services("youth-offending");
  const std::string id = Recorded(Adviser(), yes, false);
  EXPECT_THAT(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot), SizeIs(::testing::Gt(0)));
  // Its holder may doubt it all the same.
  ASSERT_TRUE(Answer(YotOfficer(), id, v1::HOLDER_ANSWER_CHALLENGED, "Y-1").ok());
  EXPECT_THAT(Ask(Adviser(), AskForAsset()).SectionsOpen(kYot), IsEmpty());
}

TEST_F(ConsentAnswersTest, WhetherThereIsAHolderIsNotToldToWhoRecords) {
  // Of nobody's service, and of one that there is: the answers have the same fields.
  v1::RecordConsentRequest other = Yes();
  other.mutable_consent()->mutable_scope()->set_holder_agency_ids(0, "nortown-housing");
  const auto with = Consent(Adviser(), Yes());
  const uint64_t size = LedgerSize();
  const auto without = Consent(Adviser(), other);
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_EQ(with->holders_must_confirm(), without->holders_must_confirm());
  EXPECT_EQ(with->ByteSizeLong(), without->ByteSizeLong());
  EXPECT_EQ(LedgerSize(), size + 1);
}

TEST_F(ConsentAnswersTest, AHolderListsWhatOpensItsFlagsAndSeesWhatItSaid) {
  v1::RecordConsentRequest blanket = Yes();
  blanket.mutable_consent()->mutable_scope()->clear_holder_agency_ids();
  const std::string id = Recorded(Adviser(), blanket, true);
  v1::ConsentList list = ListOf(DrugsWorker(), "D-1");
  ASSERT_THAT(list.consents(), SizeIs(1));
  EXPECT_EQ(list.consents(0).consent_id(), id);
  EXPECT_TRUE(list.consents(0).covers_own_flag());
  EXPECT_EQ(list.consents(0).own_answer(), v1::HOLDER_ANSWER_UNSPECIFIED);
  EXPECT_EQ(list.consents(0).evidence_note(), "") << "what was said is its recorder's";
  EXPECT_THAT(list.consents(0).scope().recipient_agency_ids(), IsEmpty())
      << "nor whether another agency is involved, whom the holder may not know of";
  ASSERT_TRUE(Answer(DrugsWorker(), id, v1::HOLDER_ANSWER_CONFIRMED).ok());
  EXPECT_EQ(ListOf(DrugsWorker(), "D-1").consents(0).own_answer(), v1::HOLDER_ANSWER_CONFIRMED);
}

TEST_F(ConsentAnswersTest, OfAConsentThatOpensNothingOfTheirsNobodyLearns) {
  const std::string yes = Recorded(Adviser(), Yes(), true);
  const absl::Status of_another =
      Answer(YotOfficer(), yes, v1::HOLDER_ANSWER_CONFIRMED, "Y-1").status();
  const absl::Status of_none = Answer(YotOfficer(), base::ConsentId::New(&random_).ToText(),
                                      v1::HOLDER_ANSWER_CONFIRMED, "Y-1")
                                   .status();
  EXPECT_EQ(ReasonOf(of_another), Reason::kNotFound);
  EXPECT_EQ(of_another.message(), of_none.message());
  EXPECT_EQ(LastEntry().outcome, "NOT_FOUND") << "and it is recorded";
  EXPECT_FALSE(AdviserSees(kDrugs));
}

TEST_F(ConsentAnswersTest, FaultsAreNamedByTheirField) {
  const std::string yes = Recorded(Adviser(), Yes(), true);
  EXPECT_THAT(FieldsOf(Answer(DrugsWorker(), "C-77", v1::HOLDER_ANSWER_CONFIRMED).status()),
              ::testing::ElementsAre("consent_id"));
  EXPECT_THAT(FieldsOf(Answer(DrugsWorker(), yes, v1::HOLDER_ANSWER_UNSPECIFIED).status()),
              ::testing::ElementsAre("answer"));
  EXPECT_THAT(FieldsOf(Answer(DrugsWorker(), yes, v1::HOLDER_ANSWER_CONFIRMED, "D-1", "").status()),
              ::testing::ElementsAre("note"));
}

TEST_F(ConsentAnswersTest, WhoRecordedANoIsToldWhenItNoLongerStands) {
  v1::RecordConsentRequest no = WrittenConsent("Y-1");
  no.mutable_consent()->set_decision(v1::CONSENT_DECISION_REFUSED);
  no.mutable_consent()->set_explicit_(false);
  no.mutable_consent()->clear_valid_until();
  const auto refused = Consent(YotOfficer(), no);
  ASSERT_TRUE(refused.ok()) << refused.status();
  // Connexions is named in it, and gains by undoing it.
  v1::RecordConsentRequest yes = WrittenConsent("C-1");
  yes.mutable_consent()->set_supersedes(refused->consent_id());
  const absl::Status gains = Consent(Adviser(), yes).status();
  EXPECT_EQ(ReasonOf(gains), Reason::kConsentInvalid);
  EXPECT_THAT(FieldsOf(gains), ::testing::ElementsAre("consent.supersedes"));

  yes = WrittenConsent("Y-1");
  yes.mutable_consent()->set_supersedes(refused->consent_id());
  ASSERT_TRUE(Consent(YotOfficer(), yes).ok());
  for (const exchange::MailboxMessage& message : Mailbox(kYot)) {
    EXPECT_NE(message.stored.kind(), stored::STORED_MESSAGE_KIND_REFUSAL_REPLACED)
        << "nobody is told of their own act";
  }
}

}  // namespace
}  // namespace signpost::intake
