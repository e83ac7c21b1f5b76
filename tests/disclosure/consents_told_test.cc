// Which records of consent are told, to whom, and with which parts left out.

#include "hub/disclosure/consents_told.h"

#include <gmock/gmock.h>

#include <limits>

#include "hub/base/crypto.h"
#include "hub/disclosure/answers.h"
#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

using base::Reason;
using base::ReasonOf;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using ::testing::IsEmpty;
using ::testing::Not;

class ConsentsToldTest : public request::HubRooms {
 protected:
  absl::StatusOr<v1::ConsentList> List(const base::Principal& asker, const std::string& record_id,
                                       int page_size = 0, const std::string& page_token = "") {
    v1::ListConsentsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(page_token);
    request.set_request_id(RequestId());
    request.mutable_person()->set_record_id(record_id);
    request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
    const auto response = Wait<v1::ListConsentsResponse>(
        [&](auto done) { answers_->ListConsents(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    EXPECT_EQ(LastEntry().reply_hash, base::Sha256(response->answer()));
    v1::ConsentList list;
    EXPECT_TRUE(list.ParseFromString(response->answer()));
    return list;
  }
  absl::StatusOr<v1::ConsentList> History(const base::Principal& asker,
                                          const std::string& consent_id,
                                          const std::string& record_id) {
    v1::GetConsentHistoryRequest request;
    request.set_request_id(RequestId());
    request.mutable_person()->set_record_id(record_id);
    request.set_consent_id(consent_id);
    request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
    const auto response = Wait<v1::GetConsentHistoryResponse>(
        [&](auto done) { answers_->GetConsentHistory(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    v1::ConsentList list;
    EXPECT_TRUE(list.ParseFromString(response->answer()));
    return list;
  }
  // The young person's no that `agency` hears anything of `service`, said to Connexions.
  v1::RecordConsentRequest No(const std::string& recipient, const std::string& service) {
    v1::RecordConsentRequest request = WrittenConsent();
    v1::Consent* consent = request.mutable_consent();
    consent->set_decision(v1::CONSENT_DECISION_REFUSED);
    consent->clear_scope();
    consent->mutable_scope()->add_recipient_agency_ids(recipient);
    if (!service.empty()) consent->mutable_scope()->add_services(service);
    consent->set_explicit_(false);
    return request;
  }
};

TEST_F(ConsentsToldTest, APageTellsSoManyAndTheNextGoesOn) {
  TariqIsKnown();
  std::vector<std::string> recorded;
  for (const char* recipient : {kYot, kSocial, kDrugs}) {
    const auto no = Consent(Adviser(), No(recipient, ""));
    ASSERT_TRUE(no.ok()) << no.status();
    recorded.insert(recorded.begin(), no->consent_id());
  }
  const auto first = List(Adviser(), "C-1", 2);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->consents_size(), 2);
  const auto second = List(Adviser(), "C-1", 2, first->next_page_token());
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_EQ(second->consents_size(), 1);
  EXPECT_EQ(second->next_page_token(), "");
  EXPECT_THAT(
      (std::vector<std::string>{first->consents(0).consent_id(), first->consents(1).consent_id(),
                                second->consents(0).consent_id()}),
      ::testing::ElementsAreArray(recorded));
  // More than a page may have is a page; less than none is a mistake.
  EXPECT_EQ(List(Adviser(), "C-1", std::numeric_limits<int32_t>::max())->consents_size(), 3);
  EXPECT_EQ(ReasonOf(List(Adviser(), "C-1", -1).status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(List(Adviser(), "C-1", 2, "gossip").status()), Reason::kInvalidField);
}

TEST_F(ConsentsToldTest, WhoeverRecordedItIsToldAllOfIt) {
  TariqIsKnown();
  const auto recorded = Consent(Adviser(), WrittenConsent());
  ASSERT_TRUE(recorded.ok());
  const auto list = List(Adviser(), "C-1");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->consents_size(), 1);
  const v1::Consent& told = list->consents(0);
  EXPECT_EQ(told.consent_id(), recorded->consent_id());
  EXPECT_EQ(told.evidence_note(), "Signed form, kept at the Connexions centre.");
  EXPECT_EQ(told.recorded_by(), "pa-001");
  EXPECT_EQ(told.standing(), v1::CONSENT_STANDING_IN_FORCE);
  EXPECT_EQ(LastEntry().kind, "consents-listed");
}

TEST_F(ConsentsToldTest, WhoIsNamedIsToldWithoutWhatWasSaidToAnother) {
  TariqIsKnown();
  ASSERT_TRUE(Consent(Adviser(), No(kYot, "")).ok());
  const auto list = List(YotOfficer(), "Y-1");
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->consents_size(), 1);
  EXPECT_EQ(list->consents(0).decision(), v1::CONSENT_DECISION_REFUSED);
  EXPECT_THAT(list->consents(0).evidence_note(), IsEmpty());
  EXPECT_THAT(list->consents(0).recorded_by(), IsEmpty());
}

TEST_F(ConsentsToldTest, WhatNamesSomethingNotToBeKnownIsLeftOutWhole) {
  TariqIsKnown();
  Report(kDrugs, Flag("D-1", "substance-misuse"));
  ASSERT_TRUE(Consent(Adviser(), No(kYot, "substance-misuse")).ok());
  EXPECT_EQ(List(YotOfficer(), "Y-1")->consents_size(), 0);
  EXPECT_EQ(List(Adviser(), "C-1")->consents_size(), 1) << "said to them";
}

TEST_F(ConsentsToldTest, OfWhomTheAgencyDoesNotWorkWithNothingIsTold) {
  TariqIsKnown();
  Report(kSocial, Flag("S-9", "childrens-social-care", Sal()));
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  const absl::Status nobody = List(SocialWorker(), "S-1").status();
  EXPECT_EQ(ReasonOf(nobody), Reason::kNotFound);
  EXPECT_EQ(LastEntry().outcome, "NOT_FOUND");
  EXPECT_EQ(ReceiptOfRefusal(nobody).ledger_index(), LastEntry().index);
}

TEST_F(ConsentsToldTest, AHistoryIsOldestFirstAndOnlyOfWhatHangsTogether) {
  TariqIsKnown();
  const auto yes = Consent(Adviser(), WrittenConsent());
  ASSERT_TRUE(yes.ok());
  ASSERT_TRUE(Consent(Adviser(), No(kYot, "")).ok());
  clock_.Advance(absl::Minutes(1));
  v1::RecordConsentRequest narrower = WrittenConsent();
  narrower.mutable_consent()->set_supersedes(yes->consent_id());
  narrower.mutable_consent()->mutable_scope()->add_sections("lifestyle");
  const auto second = Consent(Adviser(), narrower);
  ASSERT_TRUE(second.ok()) << second.status();
  const auto history = History(Adviser(), second->consent_id(), "C-1");
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_EQ(history->consents_size(), 2);
  EXPECT_EQ(history->consents(0).consent_id(), yes->consent_id());
  EXPECT_EQ(history->consents(0).superseded_by(), second->consent_id());
  EXPECT_EQ(history->consents(0).standing(), v1::CONSENT_STANDING_SUPERSEDED);
  EXPECT_EQ(history->consents(1).version(), 2);
  // A holder sees what covers what it holds; to whom the list would not tell it, it is not there.
  EXPECT_TRUE(History(YotOfficer(), second->consent_id(), "Y-1").ok());
  Report(kSocial, Flag("S-1", "childrens-social-care"));
  EXPECT_EQ(ReasonOf(History(SocialWorker(), second->consent_id(), "S-1").status()),
            Reason::kNotFound);
}

}  // namespace
}  // namespace signpost::disclosure
