// Generators of ConsentService.

#include <utility>

#include "absl/strings/str_cat.h"
#include "signpost/v1/consent.pb.h"
#include "tests/worlds/generators.h"

namespace signpost::worlds {

namespace {

void SetScope(Maker* maker, v1::ConsentScope* scope) {
  Dice& dice = maker->dice();
  static const std::vector<std::string> holders = {kYot, kSocial, kConnexions,
                                                   "nortown-drugs-advice", "nortown-clinic"};
  if (dice.OneIn(2)) scope->add_holder_agency_ids(dice.Pick(holders));
  if (!dice.OneIn(3)) {
    scope->add_recipient_agency_ids(dice.OneIn(3) ? dice.Pick(holders) : maker->agency());
  }
  if (dice.OneIn(3)) scope->add_services(dice.OneIn(2) ? "substance-misuse" : "youth-offending");
  if (dice.OneIn(2)) scope->add_purposes(maker->Purpose());
}

Act RecordConsent(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = maker->Anybody();
  v1::RecordConsentRequest request;
  request.set_request_id(maker->RequestId());
  v1::Consent* const consent = request.mutable_consent();
  const bool given = !dice.OneIn(3);
  consent->set_decision(given ? v1::CONSENT_DECISION_GIVEN : v1::CONSENT_DECISION_REFUSED);
  consent->set_explicit_(!dice.OneIn(3));
  consent->set_grantor(dice.OneIn(5) ? v1::GRANTOR_PARENTAL_RESPONSIBILITY : v1::GRANTOR_SELF);
  if (consent->grantor() != v1::GRANTOR_SELF) consent->set_grantor_name("Bilal, the father");
  consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
  consent->set_evidence_note("Signed form, kept at the centre.");
  SetScope(maker, consent->mutable_scope());
  if (dice.OneIn(6)) SetScope(maker, consent->mutable_scope()->add_exceptions());
  return Asks<v1::RecordConsentRequest, v1::RecordConsentResponse>(
      [request, given, selector = maker->Selector(), any = dice.Roll(),
       supersedes = dice.OneIn(5)](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        if (given) {
          request.mutable_consent()->mutable_valid_until()->set_seconds(
              absl::ToUnixSeconds(talk.Now() + absl::Hours(24 * 90)));
        }
        if (supersedes) {
          request.mutable_consent()->set_supersedes(talk.memory().One("consent-id", any));
        }
        return request;
      });
}

Act WithdrawConsent(Maker* maker, Caller* caller) {
  *caller = maker->Anybody();
  v1::WithdrawConsentRequest request;
  request.set_request_id(maker->RequestId());
  request.set_note("Said so at the door.");
  return Asks<v1::WithdrawConsentRequest, v1::WithdrawConsentResponse>(
      [request, selector = maker->Selector(),
       any = maker->dice().Roll()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        request.set_consent_id(talk.memory().One("consent-id", any));
        return request;
      });
}

Act ListConsents(Maker* maker, Caller* caller) {
  v1::ListConsentsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_purpose(maker->Purpose());
  request.set_page_size(maker->PageSize());
  *caller = maker->Anybody(request.purpose());
  return Asks<v1::ListConsentsRequest, v1::ListConsentsResponse>(
      [request, selector = maker->Selector(),
       token = maker->PageToken("consent-id")](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        request.set_page_token(token(talk));
        return request;
      });
}

Act GetConsentHistory(Maker* maker, Caller* caller) {
  v1::GetConsentHistoryRequest request;
  request.set_request_id(maker->RequestId());
  request.set_purpose(maker->Purpose());
  *caller = maker->Anybody(request.purpose());
  return Asks<v1::GetConsentHistoryRequest, v1::GetConsentHistoryResponse>(
      [request, selector = maker->Selector(),
       any = maker->dice().Roll()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        request.set_consent_id(talk.memory().One("consent-id", any));
        return request;
      });
}

Act AnswerConsent(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = maker->Anybody();
  v1::AnswerConsentRequest request;
  request.set_request_id(maker->RequestId());
  request.set_answer(dice.OneIn(3) ? v1::HOLDER_ANSWER_CHALLENGED : v1::HOLDER_ANSWER_CONFIRMED);
  if (!dice.OneIn(8)) request.set_note("They told me so themselves.");
  return Asks<v1::AnswerConsentRequest, v1::AnswerConsentResponse>(
      [request, selector = maker->Selector(), any = dice.Roll()](const Talk& talk) mutable {
        *request.mutable_person() = selector(talk);
        request.set_consent_id(talk.memory().One("consent-id", any));
        return request;
      });
}

}  // namespace

std::vector<Generator> ConsentGenerators() {
  return {
      {"/signpost.v1.ConsentService/RecordConsent", 9, &RecordConsent},
      {"/signpost.v1.ConsentService/WithdrawConsent", 4, &WithdrawConsent},
      {"/signpost.v1.ConsentService/ListConsents", 6, &ListConsents},
      {"/signpost.v1.ConsentService/GetConsentHistory", 3, &GetConsentHistory},
      {"/signpost.v1.ConsentService/AnswerConsent", 3, &AnswerConsent},
  };
}

}  // namespace signpost::worlds
