// Consent, told as stories against a real hub over mTLS: whose yes and whose no counts, from when
// to when, for what, and who is told of it. People, numbers and words are invented.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hub/audit/filter.h"
#include "hub/base/clock.h"
#include "hub/ledger/reader.h"
#include "hub/people/birthday.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// 17 in November 2026; 18 on 17 May 2027, in summer time.
const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};
// 14.
const Known kNadia = {"Nadia", "Mahmood", 2012, 2, 9, "NT4 7QX", ""};

Worker AnotherAdviser() { return {"northern-connexions", "pa-003", "personal-adviser", {}}; }

std::vector<std::string> Words(const google::protobuf::RepeatedPtrField<std::string>& words) {
  return {words.begin(), words.end()};
}

class ConsentStories : public ::testing::Test {
 protected:
  ConsentStories()
      : clock_(absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone())),
        nortown_(WithClock(&clock_)) {
    Know(kTariq, "1");
  }

  static Nortown::Setup WithClock(base::Clock* clock) {
    Nortown::Setup setup;
    setup.overrides.clock = clock;
    return setup;
  }

  // The youth offending team holds an ASSET, and Connexions works with them too.
  void Know(const Known& known, const std::string& number) {
    ASSERT_EQ(nortown_
                  .Report("nortown-yot", WithAssessment(OpenFlag("Y-" + number, known,
                                                                 "youth-offending", "Dilys Hume"),
                                                        "asset", {"lifestyle", "victims"}))
                  .kind(),
              v1::FLAG_OUTCOME_KIND_RECEIVED);
    ASSERT_EQ(nortown_
                  .Report("northern-connexions",
                          OpenFlag("C-" + number, known, "connexions", "Maureen Oakes"))
                  .kind(),
              v1::FLAG_OUTCOME_KIND_RECEIVED);
  }

  // A written yes of Tariq's to the ASSET, for the adviser.
  v1::RecordConsentRequest Yes(const std::string& record_id = "C-1") {
    v1::RecordConsentRequest request;
    request.set_request_id(nortown_.RequestId());
    request.mutable_person()->set_record_id(record_id);
    v1::Consent* consent = request.mutable_consent();
    consent->set_decision(v1::CONSENT_DECISION_GIVEN);
    consent->mutable_scope()->add_holder_agency_ids("nortown-yot");
    consent->mutable_scope()->add_recipient_agency_ids("northern-connexions");
    consent->mutable_scope()->add_purposes(v1::PURPOSE_SUPPORT_PLANNING);
    consent->set_explicit_(true);
    consent->mutable_valid_until()->set_seconds(
        absl::ToUnixSeconds(clock_.Now() + absl::Hours(24 * 90)));
    consent->set_grantor(v1::GRANTOR_SELF);
    consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
    consent->set_evidence_note("Signed form, kept at the Connexions centre.");
    return request;
  }
  v1::RecordConsentRequest No(const std::string& record_id = "C-1") {
    v1::RecordConsentRequest request = Yes(record_id);
    request.mutable_consent()->set_decision(v1::CONSENT_DECISION_REFUSED);
    request.mutable_consent()->set_explicit_(false);
    request.mutable_consent()->clear_valid_until();
    return request;
  }

  grpc::Status Record(const Worker& worker, const v1::RecordConsentRequest& request,
                      v1::RecordConsentResponse* response) {
    return nortown_.Consents(worker.agency)
        ->RecordConsent(nortown_.ContextOf(worker).get(), request, response);
  }
  // The id of what was recorded.
  std::string Recorded(const v1::RecordConsentRequest& request,
                       const Worker& worker = TariqsAdviser()) {
    v1::RecordConsentResponse response;
    const grpc::Status status = Record(worker, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message() << status.error_details();
    return response.consent_id();
  }
  // What a refused request says is at fault.
  std::string Refused(const v1::RecordConsentRequest& request,
                      const Worker& worker = TariqsAdviser()) {
    v1::RecordConsentResponse response;
    const grpc::Status status = Record(worker, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    return status.error_details();
  }

  Answered Ask(const std::string& record_id = "C-1", const Worker& worker = TariqsAdviser()) {
    v1::WhoKnowsRequest request =
        AskAboutRecord(&nortown_, record_id, v1::PURPOSE_SUPPORT_PLANNING);
    request.add_aspects(v1::ASPECT_CONTACT);
    request.add_aspects(v1::ASPECT_ASSESSMENT);
    request.add_aspects(v1::ASPECT_CONTENT);
    request.set_assessment_kind("asset");
    return nortown_.Ask(worker, request);
  }
  // The sections of the ASSET that the adviser may ask for now.
  std::vector<std::string> Open(const std::string& record_id = "C-1",
                                const Worker& worker = TariqsAdviser()) {
    const Answered answered = Ask(record_id, worker);
    EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
    const v1::FlagView* flag = answered.Flag("nortown-yot");
    if (flag == nullptr || flag->content().empty()) return {};
    return Words(flag->content(0).sections_open());
  }
  bool IsOpen(const std::string& record_id = "C-1", const Worker& worker = TariqsAdviser()) {
    return !Open(record_id, worker).empty();
  }

  grpc::Status List(const Worker& worker, const std::string& record_id, v1::ConsentList* list,
                    std::string* bytes = nullptr) {
    v1::ListConsentsRequest request;
    request.set_request_id(nortown_.RequestId());
    request.mutable_person()->set_record_id(record_id);
    request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
    v1::ListConsentsResponse response;
    const grpc::Status status =
        nortown_.Consents(worker.agency)
            ->ListConsents(nortown_.ContextOf(worker).get(), request, &response);
    EXPECT_TRUE(list->ParseFromString(response.answer()));
    if (bytes != nullptr) *bytes = response.answer();
    return status;
  }
  grpc::Status History(const Worker& worker, const std::string& record_id,
                       const std::string& consent_id, v1::ConsentList* list) {
    v1::GetConsentHistoryRequest request;
    request.set_request_id(nortown_.RequestId());
    request.mutable_person()->set_record_id(record_id);
    request.set_consent_id(consent_id);
    request.set_purpose(v1::PURPOSE_SUPPORT_PLANNING);
    v1::GetConsentHistoryResponse response;
    const grpc::Status status =
        nortown_.Consents(worker.agency)
            ->GetConsentHistory(nortown_.ContextOf(worker).get(), request, &response);
    EXPECT_TRUE(list->ParseFromString(response.answer()));
    return status;
  }

  // The last entry of the ledger, and how many there are.
  ledger::v1::LedgerEntry LastEntry() {
    const auto view = *nortown_.hub().context().store->NewView();
    const ledger::LedgerReader reader(view.get());
    ledger::v1::LedgerEntry entry;
    EXPECT_TRUE(entry.ParseFromString(*reader.Entry(Entries() - 1)));
    return entry;
  }
  uint64_t Entries() { return nortown_.hub().context().sequencer->head().size; }

  base::ManualClock clock_;
  Nortown nortown_;
};

TEST_F(ConsentStories, AYesHoldsFromItsFirstSecondToTheOneBeforeItsEnd) {
  const absl::Time from = clock_.Now() + absl::Hours(1);
  const absl::Time until = from + absl::Hours(24);
  v1::RecordConsentRequest yes = Yes();
  yes.mutable_consent()->mutable_valid_from()->set_seconds(absl::ToUnixSeconds(from));
  yes.mutable_consent()->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(until));
  Recorded(yes);
  const auto open_at = [&](absl::Time time) {
    clock_.Set(time);
    return IsOpen();
  };
  EXPECT_FALSE(open_at(from - absl::Seconds(1)));
  EXPECT_TRUE(open_at(from));
  EXPECT_TRUE(open_at(until - absl::Seconds(1)));
  EXPECT_FALSE(open_at(until));
  EXPECT_FALSE(open_at(until + absl::Seconds(1)));
  v1::ConsentList list;
  ASSERT_TRUE(List(TariqsAdviser(), "C-1", &list).ok());
  EXPECT_EQ(list.consents(0).standing(), v1::CONSENT_STANDING_EXPIRED);
}

// What a parent agreed to for a child is not an adult's agreement; what they agreed to "until I am
// 18" ends that second, whatever day it is.
TEST_F(ConsentStories, WhatEndsAt18EndsAtMidnightInLondonOnTheBirthday) {
  struct Case {
    int year, month, day;
    absl::CivilHour midnight_utc;
  };
  const std::vector<Case> cases = {
      {2008, 12, 1, absl::CivilHour(2026, 12, 1, 0)},     // winter
      {2009, 5, 17, absl::CivilHour(2027, 5, 16, 23)},    // summer
      {2012, 2, 29, absl::CivilHour(2030, 3, 1, 0)},      // a year without that day
      {2009, 3, 28, absl::CivilHour(2027, 3, 28, 0)},     // the night the clocks go forward
      {2009, 3, 29, absl::CivilHour(2027, 3, 28, 23)},    // the night after
      {2009, 10, 31, absl::CivilHour(2027, 10, 30, 23)},  // the night the clocks go back
      {2009, 11, 1, absl::CivilHour(2027, 11, 1, 0)},     // the night after
  };
  int number = 10;
  for (const Case& born : cases) {
    const std::string record = std::to_string(++number);
    // Names and places far apart: these are seven people.
    const std::vector<std::string> names = {"Abelard", "Bertolt",  "Cleopatra", "Dorothea",
                                            "Emilio",  "Fernanda", "Gwendolen"};
    const std::vector<std::string> surnames = {"Quigley", "Rasmussen", "Szymanski", "Tremblay",
                                               "Umarov",  "Vasquez",   "Wojcik"};
    const size_t who = static_cast<size_t>(number - 11);
    const absl::Time adult = absl::FromCivil(born.midnight_utc, absl::UTCTimeZone());
    clock_.Set(adult - absl::Hours(24 * 30));
    Know({names[who], surnames[who], born.year, born.month, born.day,
          "NT" + std::to_string(number) + " 1AA", ""},
         record);
    v1::RecordConsentRequest yes = Yes("C-" + record);
    yes.mutable_consent()->set_ends_at_18(true);
    Recorded(yes);
    clock_.Set(adult - absl::Seconds(1));
    EXPECT_TRUE(IsOpen("C-" + record)) << born.year << "-" << born.month << "-" << born.day;
    v1::ConsentList list;
    ASSERT_TRUE(List(TariqsAdviser(), "C-" + record, &list).ok());
    EXPECT_EQ(list.consents(0).valid_until().seconds(), absl::ToUnixSeconds(adult));
    EXPECT_EQ(list.consents(0).standing(), v1::CONSENT_STANDING_IN_FORCE);
    clock_.Set(adult);
    EXPECT_FALSE(IsOpen("C-" + record)) << born.year << "-" << born.month << "-" << born.day;
    clock_.Set(adult + absl::Seconds(1));
    EXPECT_FALSE(IsOpen("C-" + record));
  }
}

TEST_F(ConsentStories, ABirthDateThatOneAgencyCorrectsMovesTheEnd) {
  const absl::Time adult = absl::FromCivil(absl::CivilHour(2027, 5, 16, 23), absl::UTCTimeZone());
  v1::RecordConsentRequest yes = Yes();
  yes.mutable_consent()->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(adult) + 86400);
  yes.mutable_consent()->set_ends_at_18(true);
  Recorded(yes);
  clock_.Set(adult - absl::Hours(24 * 10));
  EXPECT_TRUE(IsOpen());
  // Their team finds that they are a month older: of two dates the one that shows less.
  v1::FlagReport corrected = WithAssessment(
      OpenFlag("Y-1", {"Tariq", "Mahmood", 2009, 4, 17, "NT4 7QX", ""}, "youth-offending", "Dilys"),
      "asset", {"lifestyle"});
  ASSERT_EQ(nortown_.Report("nortown-yot", corrected).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_FALSE(IsOpen());
}

TEST_F(ConsentStories, ALaterNoIsSeenByTheVeryNextReadAndBothStayInTheHistory) {
  const std::string yes = Recorded(Yes());
  EXPECT_TRUE(IsOpen());
  clock_.Advance(absl::Hours(1));
  const uint64_t before = Entries();
  const std::string no = Recorded(No());
  EXPECT_EQ(Entries(), before + 2);  // the no, and that the yes no longer stands
  EXPECT_EQ(LastEntry().consent_recorded().consent_ref().size(), 16u);
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "superseded");
  EXPECT_FALSE(IsOpen());
  v1::ConsentList history;
  ASSERT_TRUE(History(TariqsAdviser(), "C-1", no, &history).ok());
  EXPECT_EQ(LastEntry().kind(), ledger::v1::ENTRY_KIND_CONSENT_HISTORY_READ);
  ASSERT_EQ(history.consents_size(), 2);
  EXPECT_EQ(history.consents(0).consent_id(), yes);
  EXPECT_EQ(history.consents(0).standing(), v1::CONSENT_STANDING_SUPERSEDED);
  EXPECT_EQ(history.consents(0).superseded_by(), no);
  EXPECT_EQ(history.consents(1).standing(), v1::CONSENT_STANDING_IN_FORCE);
}

TEST_F(ConsentStories, AYesInThePlaceOfANoOpensAgainAndIsRecordedOnce) {
  const std::string no = Recorded(No());
  Recorded(Yes());
  EXPECT_FALSE(IsOpen());  // a yes alone does not lift a no
  clock_.Advance(absl::Hours(1));
  v1::RecordConsentRequest again = Yes();
  again.mutable_consent()->set_supersedes(no);
  const std::string first = Recorded(again);
  EXPECT_EQ(Recorded(again), first);  // the same request
  EXPECT_TRUE(IsOpen());
  v1::ConsentList history;
  ASSERT_TRUE(History(TariqsAdviser(), "C-1", no, &history).ok());
  ASSERT_EQ(history.consents_size(), 2);
  EXPECT_EQ(history.consents(1).supersedes(), no);
  EXPECT_EQ(history.consents(1).version(), 2);
  // Another request in its place finds it gone.
  again.set_request_id(nortown_.RequestId());
  EXPECT_THAT(Refused(again), HasSubstr("consent.supersedes"));
}

TEST_F(ConsentStories, MotherAndSonDisagreeAndThePolicyDecides) {
  const std::string yes = Recorded(Yes());
  v1::RecordConsentRequest mother = No();
  mother.mutable_consent()->set_grantor(v1::GRANTOR_PARENTAL_RESPONSIBILITY);
  mother.mutable_consent()->set_grantor_name("Mrs Mahmood");
  Recorded(mother);
  // Nortown's rule: his own explicit yes prevails over her no.
  EXPECT_TRUE(IsOpen());
  v1::ConsentList list;
  ASSERT_TRUE(List(TariqsAdviser(), "C-1", &list).ok());
  ASSERT_EQ(list.consents_size(), 2);
  for (const v1::Consent& consent : list.consents()) {
    EXPECT_EQ(consent.standing(), v1::CONSENT_STANDING_IN_FORCE);
    EXPECT_EQ(consent.superseded_by(), "");
  }
  EXPECT_EQ(list.consents(1).consent_id(), yes);
  // His own no prevails over any yes.
  Recorded(No());
  EXPECT_FALSE(IsOpen());
}

TEST_F(ConsentStories, AYoungerGirlsYesNeedsWhoFoundHerCompetentAndForWhat) {
  Know(kNadia, "2");
  // 14: they do not speak for themselves without more; that they are 14 is told with a record.
  const uint64_t before = Entries();
  EXPECT_THAT(Refused(Yes("C-2")), HasSubstr("consent.grantor"));
  EXPECT_EQ(Entries(), before + 1);
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "CONSENT_INVALID");
  v1::RecordConsentRequest competent = Yes("C-2");
  v1::Consent* consent = competent.mutable_consent();
  consent->set_grantor(v1::GRANTOR_SELF_COMPETENT);
  const std::string lacking = Refused(competent);
  EXPECT_THAT(lacking, HasSubstr("consent.competence_assessor"));
  EXPECT_THAT(lacking, HasSubstr("consent.competence_assessed_on"));
  EXPECT_THAT(lacking, HasSubstr("consent.competence_outcome"));
  consent->set_competence_assessor("pa-003");
  consent->mutable_competence_assessed_on()->set_year(2026);
  consent->mutable_competence_assessed_on()->set_month(11);
  consent->mutable_competence_assessed_on()->set_day(20);
  consent->set_competence_outcome(v1::COMPETENCE_OUTCOME_NOT_COMPETENT);
  EXPECT_THAT(Refused(competent), HasSubstr("consent.competence_outcome"));
  consent->set_competence_outcome(v1::COMPETENCE_OUTCOME_COMPETENT);
  consent->set_competence_decision("Sharing their ASSET with their adviser.");
  Recorded(competent);
  EXPECT_TRUE(IsOpen("C-2"));
}

TEST_F(ConsentStories, OnlyConsentToShareOpensAnything) {
  for (const v1::ConsentKind kind :
       {v1::CONSENT_KIND_DATA_PROTECTION_BASIS, v1::CONSENT_KIND_SERVICE_AGREEMENT}) {
    v1::RecordConsentRequest yes = Yes();
    yes.mutable_consent()->set_kind(kind);
    Recorded(yes);
    EXPECT_FALSE(IsOpen()) << kind;
  }
  Recorded(Yes());
  EXPECT_TRUE(IsOpen());
}

TEST_F(ConsentStories, AYesToOneWorkerIsNotAYesToTheNext) {
  v1::RecordConsentRequest yes = Yes();
  yes.mutable_consent()->mutable_scope()->add_recipient_practitioner_ids("pa-001");
  Recorded(yes);
  EXPECT_TRUE(IsOpen());
  EXPECT_FALSE(IsOpen("C-1", AnotherAdviser()));
}

TEST_F(ConsentStories, AYesCoversTheNamedActionsSectionsAndFlagsOnly) {
  v1::RecordConsentRequest pointer = Yes();
  pointer.mutable_consent()->mutable_scope()->add_actions(v1::CONSENT_ACTION_KNOW_OF_ASSESSMENT);
  Recorded(pointer);
  EXPECT_FALSE(IsOpen());

  v1::RecordConsentRequest other_flag = Yes();
  other_flag.mutable_consent()->mutable_scope()->add_flag_ids("flag-00000000000000000000000000");
  Recorded(other_flag);
  EXPECT_FALSE(IsOpen());

  v1::RecordConsentRequest except = Yes();
  except.mutable_consent()->mutable_scope()->add_actions(v1::CONSENT_ACTION_READ);
  except.mutable_consent()->mutable_scope()->add_exceptions()->add_sections("substance-use");
  Recorded(except);
  EXPECT_THAT(Open(), Contains("lifestyle"));
  EXPECT_THAT(Open(), Not(Contains("substance-use")));
}

TEST_F(ConsentStories, AYesToOneFlagOpensThatFlag) {
  const std::string flag_id = Ask().Flag("nortown-yot")->flag_id();
  v1::RecordConsentRequest yes = Yes();
  yes.mutable_consent()->mutable_scope()->add_flag_ids(flag_id);
  Recorded(yes);
  EXPECT_TRUE(IsOpen());
}

TEST_F(ConsentStories, WhatAYesDependsOnIsToldWithWhatItShows) {
  v1::RecordConsentRequest yes = Yes();
  yes.mutable_consent()->add_conditions("Do not talk to my uncle about it.");
  Recorded(yes);
  const Answered answered = Ask();
  const v1::AspectDecision* content = answered.Said("nortown-yot", v1::ASPECT_CONTENT);
  ASSERT_NE(content, nullptr);
  EXPECT_THAT(Words(content->conditions()), ElementsAre("Do not talk to my uncle about it."));
  const v1::AspectDecision* contact = answered.Said("nortown-yot", v1::ASPECT_CONTACT);
  ASSERT_NE(contact, nullptr);
  EXPECT_THAT(Words(contact->conditions()), IsEmpty());  // shown under the agreement
}

TEST_F(ConsentStories, TheListTellsTheRecorderAllAndTheRecipientWhatItMayKnow) {
  v1::RecordConsentRequest yes = Yes("Y-1");
  v1::Consent* consent = yes.mutable_consent();
  consent->mutable_scope()->add_recipient_agency_ids("nortown-drugs-advice");
  consent->set_words_used("She can read it.");
  consent->set_witness("Gerald Stokes");
  consent->set_notice_version("3");
  consent->set_language("ur");
  consent->set_interpreter("Farida Khan");
  const std::string id = Recorded(yes, YotOfficer());
  v1::ConsentList own;
  ASSERT_TRUE(List(YotOfficer(), "Y-1", &own).ok());
  ASSERT_EQ(own.consents_size(), 1);
  EXPECT_EQ(own.consents(0).words_used(), "She can read it.");
  EXPECT_EQ(own.consents(0).witness(), "Gerald Stokes");
  EXPECT_EQ(own.consents(0).interpreter(), "Farida Khan");
  EXPECT_EQ(own.consents(0).recorded_by(), "yo-001");
  EXPECT_EQ(own.consents(0).scope().recipient_agency_ids_size(), 2);
  v1::ConsentList recipient;
  std::string bytes;
  ASSERT_TRUE(List(TariqsAdviser(), "C-1", &recipient, &bytes).ok());
  ASSERT_EQ(recipient.consents_size(), 1);
  EXPECT_EQ(recipient.consents(0).consent_id(), id);
  EXPECT_EQ(recipient.consents(0).notice_version(), "3");
  for (const char* hidden : {"drugs", "She can read it", "Gerald", "Farida", "yo-001", "Signed"}) {
    EXPECT_THAT(bytes, Not(HasSubstr(hidden)));
  }
}

// A no to somebody tells that there is somebody.
TEST_F(ConsentStories, ANoThatTheDrugsServiceRecordedIsNotToldToWhomItKeepsOut) {
  nortown_.Report("nortown-drugs-advice", OpenFlag("D-1", kTariq, "substance-misuse", "Ivor Lane"));
  v1::RecordConsentRequest no = No("D-1");
  no.mutable_consent()->mutable_scope()->clear_holder_agency_ids();
  no.mutable_consent()->mutable_scope()->add_holder_agency_ids("nortown-drugs-advice");
  const std::string id = Recorded(no, DrugsWorker());
  v1::ConsentList list;
  std::string bytes;
  ASSERT_TRUE(List(TariqsAdviser(), "C-1", &list, &bytes).ok());
  EXPECT_EQ(list.consents_size(), 0);
  EXPECT_THAT(bytes, Not(HasSubstr("drugs")));
  // Nor its history, nor by trying to take it back or to put another in its place.
  v1::ConsentList history;
  EXPECT_EQ(History(TariqsAdviser(), "C-1", id, &history).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(audit::OutcomeText(LastEntry()), "NOT_FOUND");
  const std::string absent = "consent-00000000000000000000000000";
  EXPECT_EQ(History(TariqsAdviser(), "C-1", absent, &history).error_code(),
            grpc::StatusCode::NOT_FOUND);
  // Naming the asker makes no difference to what the answer to a guessed id is.
  v1::RecordConsentRequest probe = Yes();
  probe.mutable_consent()->set_supersedes(absent);
  const std::string to_absent = Refused(probe);
  EXPECT_THAT(to_absent, HasSubstr("consent.supersedes"));
  EXPECT_THAT(to_absent, HasSubstr("not yours to know"));
  // The service itself sees it.
  ASSERT_TRUE(List(DrugsWorker(), "D-1", &list).ok());
  EXPECT_EQ(list.consents_size(), 1);
}

TEST_F(ConsentStories, AnAgencyThatIsNotNamedIsRefusedAsIfThereWereNothing) {
  nortown_.Report("nortown-social-services",
                  OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
  const std::string id = Recorded(Yes());  // of Connexions, for Connexions
  v1::RecordConsentRequest place = Yes("S-1");
  place.mutable_consent()->set_supersedes(id);
  EXPECT_THAT(Refused(place, SocialWorker()), HasSubstr("not yours to know"));
  v1::WithdrawConsentRequest withdraw;
  withdraw.set_request_id(nortown_.RequestId());
  withdraw.mutable_person()->set_record_id("S-1");
  withdraw.set_consent_id(id);
  v1::WithdrawConsentResponse withdrawn;
  EXPECT_EQ(nortown_.Consents("nortown-social-services")
                ->WithdrawConsent(nortown_.ContextOf(SocialWorker()).get(), withdraw, &withdrawn)
                .error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(IsOpen());
}

TEST_F(ConsentStories, AWithdrawalKeepsWhoHowAndToWhom) {
  const std::string id = Recorded(Yes());
  v1::WithdrawConsentRequest withdraw;
  withdraw.set_request_id(nortown_.RequestId());
  withdraw.mutable_person()->set_record_id("C-1");
  withdraw.set_consent_id(id);
  withdraw.set_by(v1::GRANTOR_COURT);
  v1::WithdrawConsentResponse withdrawn;
  const auto consents = nortown_.Consents("northern-connexions");
  EXPECT_FALSE(
      consents->WithdrawConsent(nortown_.ContextOf(TariqsAdviser()).get(), withdraw, &withdrawn)
          .ok());
  EXPECT_TRUE(IsOpen());
  withdraw.set_request_id(nortown_.RequestId());
  withdraw.set_by(v1::GRANTOR_SELF);
  withdraw.set_how(v1::CONSENT_EVIDENCE_VERBAL);
  withdraw.set_note("On the phone.");
  const grpc::Status status =
      consents->WithdrawConsent(nortown_.ContextOf(TariqsAdviser()).get(), withdraw, &withdrawn);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(IsOpen());
  v1::ConsentList list;
  ASSERT_TRUE(List(TariqsAdviser(), "C-1", &list).ok());
  EXPECT_EQ(list.consents(0).standing(), v1::CONSENT_STANDING_WITHDRAWN);
  EXPECT_EQ(list.consents(0).withdrawal().by(), v1::GRANTOR_SELF);
  EXPECT_EQ(list.consents(0).withdrawal().how(), v1::CONSENT_EVIDENCE_VERBAL);
  EXPECT_EQ(list.consents(0).withdrawal().told_to(), "pa-001");
  EXPECT_EQ(list.consents(0).withdrawal().note(), "On the phone.");
}

TEST_F(ConsentStories, BadInputIsAnsweredWithEveryFieldAtOnce) {
  v1::RecordConsentRequest bad = Yes();
  v1::Consent* consent = bad.mutable_consent();
  consent->clear_valid_until();
  consent->set_grantor(v1::GRANTOR_COURT);
  consent->set_language("not a language");
  consent->set_document_sha256("short");
  consent->mutable_scope()->add_exceptions();
  consent->add_conditions("");
  const uint64_t before = Entries();
  const std::string refused = Refused(bad);
  for (const char* field :
       {"consent.valid_until", "consent.grantor_name", "consent.language",
        "consent.document_sha256", "consent.scope.exceptions[0]", "consent.conditions[0]"}) {
    EXPECT_THAT(refused, HasSubstr(field));
  }
  EXPECT_EQ(Entries(), before);  // nothing was looked at, so there is nothing to record
}

}  // namespace
}  // namespace signpost::scenarios
