// The door: what is answered, what is refused, and what the ledger says of both.

#include "hub/disclosure/answers.h"

#include <gmock/gmock.h>

#include "absl/strings/str_replace.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/reader.h"
#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

using base::Reason;
using base::ReasonOf;
using request::Answered;
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
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::SizeIs;

class AnswersTest : public request::HubRooms {
 protected:
  using HubRooms::HubRooms;

  absl::StatusOr<v1::FindResponse> Find(const base::Principal& asker,
                                        const v1::PersonDetails& details,
                                        v1::Purpose purpose = v1::PURPOSE_SUPPORT_PLANNING) {
    v1::FindRequest request;
    request.set_request_id(RequestId());
    *request.mutable_person()->mutable_details() = details;
    request.set_purpose(purpose);
    return Wait<v1::FindResponse>(
        [&](auto done) { answers_->Find(asker, request, std::move(done)); });
  }
  // The youth offending team says of Tariq which kinds of assessment it has.
  void TheTeamReports(const std::vector<std::string>& kinds) {
    v1::FlagReport report = Flag("Y-1", "youth-offending");
    for (const std::string& kind : kinds) report.add_assessments()->set_kind(kind);
    EXPECT_EQ(Report(kYot, report).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
  // What of an answer says anything.
  static std::string WithoutSalt(Answered answered) {
    answered.answer.clear_salt();
    return answered.answer.SerializeAsString();
  }
};

class WithoutPolicyTest : public AnswersTest {
 protected:
  WithoutPolicyTest() : AnswersTest(false) {}
};

// A contact goes into an answer as it was sealed, but for the holder's own id for the record: the
// two messages must be one in all but name and that.
TEST(SealedContact, IsTheWiresContactAndTheRecord) {
  const google::protobuf::Descriptor* sealed = store::v1::ContactSecret::descriptor();
  const google::protobuf::Descriptor* told = v1::Contact::descriptor();
  ASSERT_EQ(sealed->field_count(), told->field_count() + 1);
  EXPECT_EQ(sealed->field(told->field_count())->name(), "record_id");
  for (int i = 0; i < told->field_count(); ++i) {
    EXPECT_EQ(sealed->field(i)->number(), told->field(i)->number());
    EXPECT_EQ(sealed->field(i)->name(), told->field(i)->name());
    EXPECT_EQ(sealed->field(i)->type(), told->field(i)->type());
    EXPECT_EQ(sealed->field(i)->label(), told->field(i)->label());
  }
}

// Both agencies of a seconded adviser have a record of them: that is one young person.
TEST_F(AnswersTest, ASecondedAdviserFindsByDetailsWhomBothOfTheirAgenciesKnow) {
  TariqIsKnown();
  const Answered answered = Ask(SecondedAdviser(), AskAbout(Tariq(), v1::PURPOSE_ASSESSMENT));
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_NE(answered.Flag(kYot), nullptr);
}

TEST_F(AnswersTest, AHoldersOwnIdForItsRecordIsToldToNobody) {
  TariqIsKnown();
  const Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
  ASSERT_NE(answered.Flag(kYot), nullptr);
  ASSERT_EQ(answered.Flag(kYot)->contact().name(), "Dilys Crane");
  EXPECT_EQ(answered.bytes.find("Y-1"), std::string::npos);
  EXPECT_EQ(answered.bytes.find("C-1"), std::string::npos);
}

TEST_F(AnswersTest, HiddenAndAbsentGiveTheSameAnswer) {
  TariqIsKnown();
  const Answered hidden = Ask(HousingOfficer(), AskAbout(Tariq(), v1::PURPOSE_HOUSING));
  const Recorded of_hidden = LastEntry();
  const Answered absent = Ask(HousingOfficer(), AskAbout(Nobody(), v1::PURPOSE_HOUSING));
  const Recorded of_absent = LastEntry();
  ASSERT_TRUE(hidden.status.ok() && absent.status.ok());
  EXPECT_EQ(hidden.bytes.size(), absent.bytes.size());
  EXPECT_NE(hidden.answer.salt(), absent.answer.salt());
  EXPECT_EQ(WithoutSalt(hidden), WithoutSalt(absent));
  EXPECT_THAT(hidden.answer.agency_person_id(), IsEmpty());
  // Only the ledger tells them apart.
  EXPECT_EQ(of_hidden.outcome, of_absent.outcome);
  EXPECT_TRUE(IsAbout(of_hidden.index, PersonOf(kYot, "Y-1").id()));
  EXPECT_FALSE(IsAbout(of_absent.index, PersonOf(kYot, "Y-1").id()));
}

TEST_F(AnswersTest, AStrangersQuestionAboutSomebodyAndNobodyAreAlikeToo) {
  TariqIsKnown();
  Report(kSocial, Flag("S-9", "childrens-social-care", Sal()));
  const Answered hidden = Ask(SocialWorker(), AskAbout(Tariq()));
  const Answered absent = Ask(SocialWorker(), AskAbout(Nobody()));
  ASSERT_TRUE(hidden.status.ok() && absent.status.ok());
  EXPECT_EQ(WithoutSalt(hidden), WithoutSalt(absent));
}

TEST_F(AnswersTest, TheEntrySaysWhatWasReleasedAndWithheldAndTheAnswersHash) {
  TariqIsKnown();
  const Answered answered = Ask(Adviser(), AskForAsset());
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  const Recorded entry = LastEntry();
  EXPECT_EQ(entry.kind, "who-knows");
  EXPECT_EQ(entry.outcome, "answered");
  EXPECT_EQ(entry.agency_id, kConnexions);
  EXPECT_EQ(entry.practitioner_id, "pa-001");
  EXPECT_EQ(entry.purpose, "support-planning");
  EXPECT_EQ(entry.index, answered.receipt.ledger_index());
  EXPECT_EQ(entry.reply_hash, base::Sha256(answered.bytes));
  EXPECT_EQ(entry.policy_sha256, answered.answer.policy().sha256());
  EXPECT_THAT(entry.released.at(kYot), ElementsAre("existence", "agency", "contact", "assessment"));
  EXPECT_EQ(entry.withheld, (std::map<std::string, int>{{"VICTIM-NAMED", 2}, {"default", 17}}));
  EXPECT_THAT(entry.relationships,
              ElementsAre("own-open-flag", "named-worker", "settled-involvement"));
  EXPECT_FALSE(entry.has_details);
}

// Every field of a flag and of a coverage, since they are written one by one.
TEST_F(AnswersTest, AFlagAndACoverageAreToldWhole) {
  TariqIsKnown();
  const Answered answered = Ask(Adviser(), AskForAsset());
  ASSERT_NE(answered.Flag(kYot), nullptr);
  v1::FlagView flag = *answered.Flag(kYot);
  EXPECT_TRUE(base::FlagId::FromText(flag.flag_id()).ok()) << flag.flag_id();
  EXPECT_EQ(flag.agency_name(), registry_->directory()->FindAgency(kYot)->name);
  EXPECT_EQ(flag.service(), "youth-offending");
  EXPECT_EQ(flag.status(), v1::FLAG_STATUS_OPEN);
  EXPECT_EQ(flag.opened_on().year(), 2026);
  EXPECT_EQ(flag.opened_on().month(), 3);
  EXPECT_EQ(flag.opened_on().day(), 2);
  EXPECT_FALSE(flag.has_closed_on());
  EXPECT_EQ(flag.confirmed_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(flag.contact().phone(), "01632 960123");
  EXPECT_FALSE(flag.disputed());
  for (const v1::Coverage& coverage : answered.answer.coverage()) {
    if (coverage.agency_id() != kYot) continue;
    EXPECT_EQ(coverage.agency_name(), flag.agency_name());
    EXPECT_EQ(coverage.state(), v1::COVERAGE_STATE_HAS_FLAG);
    EXPECT_EQ(coverage.fed_since().seconds(), absl::ToUnixSeconds(clock_.Now()));
    EXPECT_EQ(coverage.fed_until().seconds(), absl::ToUnixSeconds(clock_.Now()));
    return;
  }
  FAIL() << "no coverage of " << kYot;
}

TEST_F(AnswersTest, AnswersComeInWholeKilobytesAndTellTheWorkerToRing) {
  TariqIsKnown();
  const Answered answered = Ask(Adviser(), AskForAsset());
  EXPECT_EQ(answered.bytes.size() % 1024, 0u);
  EXPECT_THAT(answered.answer.salt(), SizeIs(32));
  ASSERT_NE(answered.Flag(kYot), nullptr);
  EXPECT_EQ(answered.Flag(kYot)->contact().name(), "Dilys Crane");
  EXPECT_THAT(answered.SectionsOpen(kYot), IsEmpty());
  const v1::AspectDecision& contact = *answered.Said(kYot, v1::ASPECT_CONTACT);
  EXPECT_EQ(contact.gateway(), v1::GATEWAY_ESA2008_S76);
  EXPECT_EQ(contact.text().code(), v1::WORKER_TEXT_CODE_SHOWN_BY_RULE);
  EXPECT_FALSE(contact.text().rule_title().empty());
  EXPECT_THAT(contact.text().english(), HasSubstr(contact.text().rule_title()));
}

TEST_F(AnswersTest, AConditionAndAnEndOfAConsentAreToldWithWhatItOpens) {
  TariqIsKnown();
  v1::RecordConsentRequest yes = WrittenConsent();
  yes.mutable_consent()->add_conditions("Not to be left on the answerphone.");
  ASSERT_TRUE(Consent(Adviser(), yes).ok());
  const Answered answered = Ask(Adviser(), AskForAsset());
  EXPECT_THAT(answered.SectionsOpen(kYot), SizeIs(17));
  const v1::AspectDecision* content = answered.Said(kYot, v1::ASPECT_CONTENT);
  ASSERT_NE(content, nullptr);
  EXPECT_THAT(content->conditions(), ElementsAre("Not to be left on the answerphone."));
  EXPECT_EQ(content->until().seconds(), yes.consent().valid_until().seconds());
  EXPECT_TRUE(LastEntry().rests_on_consent);
}

TEST_F(AnswersTest, OnlyTheKindsOfAssessmentThatARuleShowsLeave) {
  TariqIsKnown();
  // An adviser may know of an ASSET: no rule shows another kind.
  for (const std::vector<std::string>& kinds :
       {std::vector<std::string>{"asset", "apir"}, std::vector<std::string>{"apir", "asset"}}) {
    TheTeamReports(kinds);
    const Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
    ASSERT_TRUE(answered.status.ok()) << answered.status;
    ASSERT_NE(answered.Flag(kYot), nullptr);
    ASSERT_EQ(answered.Flag(kYot)->assessments_size(), 1) << "with " << kinds[0] << " first";
    EXPECT_EQ(answered.Flag(kYot)->assessments(0).kind(), "asset");
    ASSERT_NE(answered.Said(kYot, v1::ASPECT_ASSESSMENT), nullptr);
    EXPECT_TRUE(answered.Said(kYot, v1::ASPECT_ASSESSMENT)->shown());
    EXPECT_THAT(answered.Said(kYot, v1::ASPECT_ASSESSMENT)->text().english(), HasSubstr("(asset)"));
    EXPECT_THAT(answered.bytes, Not(HasSubstr("apir")));
    const Recorded entry = LastEntry();
    EXPECT_THAT(entry.released.at(kYot), Contains("assessment").Times(1));
    EXPECT_EQ(entry.withheld, (std::map<std::string, int>{{"default", 1}})) << "the other kind";
  }
}

TEST_F(AnswersTest, AKindOfAssessmentThatIsHiddenIsAsIfThereWereNone) {
  TariqIsKnown();
  TheTeamReports({"apir"});
  const Answered hidden = Ask(Adviser(), AskForAsset());
  TheTeamReports({});
  const Answered none = Ask(Adviser(), AskForAsset());
  ASSERT_TRUE(hidden.status.ok() && none.status.ok());
  EXPECT_FALSE(hidden.Said(kYot, v1::ASPECT_ASSESSMENT)->shown());
  EXPECT_EQ(WithoutSalt(hidden), WithoutSalt(none));
}

TEST_F(AnswersTest, WhatOpensEachSectionIsToldAndRecordedWhicheverComesFirst) {
  TariqIsKnown();
  // The first section of an ASSET by a rule that tells nobody, the others as they were.
  Publish(absl::StrReplaceAll(
      request::RulesOfNortown(2),
      {{"show content of asset except victims, offence-details of youth-offending to connexions",
        "show content of asset except victims, offence-details, living-arrangements of "
        "youth-offending to connexions"},
       {"rule ASSET-CONSENT ",
        "rule LIVING \"Where they live\"\n"
        "  show content of asset only living-arrangements of youth-offending to connexions "
        "practitioner\n"
        "  when worker is involved\n"
        "  and purpose is assessment or support-planning\n"
        "  basis esa2008-s76\n"
        "  then log\n\n"
        "rule ASSET-CONSENT "}}));
  v1::RecordConsentRequest yes = WrittenConsent();
  yes.mutable_consent()->add_conditions("Not to be left on the answerphone.");
  ASSERT_TRUE(Consent(Adviser(), yes).ok());
  const size_t in_mailbox = Mailbox(kYot).size();
  const Answered answered = Ask(Adviser(), AskForAsset());
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  ASSERT_THAT(answered.SectionsOpen(kYot), SizeIs(17));
  EXPECT_EQ(answered.SectionsOpen(kYot)[0], "living-arrangements");

  EXPECT_THAT(answered.answer.obligations(),
              IsSupersetOf({v1::OBLIGATION_TELL_HOLDER, v1::OBLIGATION_STATE_EXPIRY}));
  std::vector<std::string> conditions;
  std::vector<int64_t> until;
  for (const v1::AspectDecision& one : answered.Flag(kYot)->decisions()) {
    if (one.aspect() != v1::ASPECT_CONTENT) continue;
    conditions.insert(conditions.end(), one.conditions().begin(), one.conditions().end());
    if (one.has_until()) until.push_back(one.until().seconds());
  }
  EXPECT_THAT(conditions, ElementsAre("Not to be left on the answerphone."));
  EXPECT_THAT(until, ElementsAre(yes.consent().valid_until().seconds()));

  ASSERT_EQ(Mailbox(kYot).size(), in_mailbox + 1);
  const store::v1::StoredMessage told = Mailbox(kYot).back().stored;
  EXPECT_EQ(told.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_SHOWN);
  EXPECT_THAT(told.shown(), ElementsAre(v1::ASPECT_CONTENT));

  const std::string bytes = *ledger::LedgerReader(View().get()).Entry(LedgerSize() - 1);
  const ledger::v1::LedgerEntry entry = *ledger::ParseEntry(bytes);
  // By rule: whether the basis that it stands in is a consent.
  std::map<std::string, bool> by_consent;
  for (const ledger::v1::Released& one : entry.released()) {
    if (one.holder_agency_id() != kYot) continue;
    for (const std::string& rule : one.rules()) by_consent[rule] = !one.consent_ref().empty();
  }
  EXPECT_EQ(by_consent, (std::map<std::string, bool>{
                            {"ADVISER", false}, {"LIVING", false}, {"ASSET-CONSENT", true}}));
}

TEST_F(AnswersTest, AQuestionIsJudgedAgainWhenTheConsentWasWithdrawnMeanwhile) {
  TariqIsKnown();
  const auto yes = Consent(Adviser(), WrittenConsent());
  ASSERT_TRUE(yes.ok());
  // The question has read the yes, and has not been recorded yet.
  rooms_clock_.AtNextLook([&] { ASSERT_TRUE(Withdraw(Adviser(), yes->consent_id()).ok()); });
  const Answered answered = Ask(Adviser(), AskForAsset());
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_THAT(answered.SectionsOpen(kYot), IsEmpty());
  const std::vector<Recorded> asked = Entries("who-knows");
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_FALSE(asked[0].rests_on_consent);
  EXPECT_EQ(asked[0].reply_hash, base::Sha256(answered.bytes));
  EXPECT_GT(asked[0].index, Entries("consent-withdrawn")[0].index);
}

TEST_F(AnswersTest, AQuestionIsJudgedAgainWhenAnotherPolicyCameIntoForceMeanwhile) {
  TariqIsKnown();
  const std::string stricter = absl::StrReplaceAll(
      request::RulesOfNortown(2),
      {{"show existence, agency, contact, assessment of asset of youth-offending to connexions "
        "practitioner",
        "show existence, agency of youth-offending to connexions practitioner"}});
  rooms_clock_.AtNextLook([&] { Publish(stricter); });
  const Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  EXPECT_EQ(answered.answer.policy().version(), 2);
  ASSERT_NE(answered.Flag(kYot), nullptr);
  EXPECT_FALSE(answered.Flag(kYot)->has_contact());
  const std::vector<Recorded> asked = Entries("who-knows");
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].policy_version, 2);
}

TEST_F(AnswersTest, AKindThatTheAreaDoesNotHaveIsRefusedAlikeWhoeverItIsAbout) {
  TariqIsKnown();
  const uint64_t before = LedgerSize();
  for (const std::string& kind : {std::string(65'500, 'x'), std::string("asset-2")}) {
    v1::WhoKnowsRequest of_hidden = AskAbout(Tariq(), v1::PURPOSE_HOUSING);
    v1::WhoKnowsRequest of_absent = AskAbout(Nobody(), v1::PURPOSE_HOUSING);
    of_hidden.set_assessment_kind(kind);
    of_absent.set_assessment_kind(kind);
    const absl::Status hidden = Ask(HousingOfficer(), of_hidden).status;
    EXPECT_EQ(ReasonOf(hidden), Reason::kInvalidField);
    EXPECT_THAT(FieldsOf(hidden), ElementsAre("assessment_kind"));
    EXPECT_EQ(hidden, Ask(HousingOfficer(), of_absent).status) << "text and fields, too";
    of_hidden.add_aspects(v1::ASPECT_CONTENT);
    EXPECT_EQ(hidden, Ask(HousingOfficer(), of_hidden).status);
  }
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(WithoutPolicyTest, AKindOfAssessmentIsRefusedAsEverythingIs) {
  TariqIsKnown();
  EXPECT_EQ(ReasonOf(Ask(Adviser(), AskForAsset()).status), Reason::kPolicyUnavailable);
  EXPECT_EQ(LastEntry().outcome, "POLICY_UNAVAILABLE");
  v1::WhoKnowsRequest request = AskForAsset();
  request.set_assessment_kind(std::string(65'500, 'x'));
  EXPECT_THAT(FieldsOf(Ask(Adviser(), request).status), ElementsAre("assessment_kind"));
}

TEST_F(WithoutPolicyTest, EverythingIsRefusedAndThatIsRecorded) {
  TariqIsKnown();
  const Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
  EXPECT_EQ(ReasonOf(answered.status), Reason::kPolicyUnavailable);
  EXPECT_THAT(answered.bytes, IsEmpty());
  const Recorded entry = LastEntry();
  EXPECT_EQ(entry.kind, "who-knows");
  EXPECT_EQ(entry.outcome, "POLICY_UNAVAILABLE");
  EXPECT_THAT(entry.released, IsEmpty());
  EXPECT_EQ(answered.receipt.ledger_index(), entry.index);

  const auto found = Find(Adviser(), Tariq());
  EXPECT_EQ(ReasonOf(found.status()), Reason::kPolicyUnavailable);
  EXPECT_EQ(LastEntry().outcome, "POLICY_UNAVAILABLE");
}

TEST_F(AnswersTest, WithoutAnEntryNothingLeaves) {
  TariqIsKnown();
  store_.FailCommit(1, store::HostileStore::Failure::kNothingWritten);
  const Answered answered = Ask(Adviser(), AskAboutRecord("C-1"));
  EXPECT_EQ(ReasonOf(answered.status), Reason::kStoreUnavailable);
  EXPECT_THAT(answered.bytes, IsEmpty());
  EXPECT_THAT(answered.receipt.leaf_hash(), IsEmpty());
}

TEST_F(AnswersTest, FindTellsWhoWorksWithThemAnIdAndOthersWhatNobodyGets) {
  TariqIsKnown();
  const auto found = Find(Adviser(), Tariq());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->agency_person_id(), HasSubstr("SP"));
  EXPECT_EQ(LastEntry().kind, "find");
  EXPECT_EQ(LastEntry().outcome, "found");
  EXPECT_EQ(found->receipt().ledger_index(), LastEntry().index);

  const auto hidden = Find(HousingOfficer(), Tariq(), v1::PURPOSE_HOUSING);
  const Recorded of_hidden = LastEntry();
  const auto absent = Find(HousingOfficer(), Nobody(), v1::PURPOSE_HOUSING);
  const Recorded of_absent = LastEntry();
  EXPECT_EQ(ReasonOf(hidden.status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(absent.status()), Reason::kNotFound);
  EXPECT_EQ(hidden.status().message(), absent.status().message());
  EXPECT_EQ(ReceiptOfRefusal(hidden.status()).ledger_index(), of_hidden.index);
  EXPECT_EQ(ReceiptOfRefusal(absent.status()).ledger_index(), of_absent.index);
  EXPECT_EQ(of_hidden.outcome, "NOT_FOUND");
  EXPECT_EQ(of_absent.outcome, "NOT_FOUND");
  EXPECT_EQ(of_hidden.withheld, (std::map<std::string, int>{{"PURPOSE", 4}}));
}

TEST_F(AnswersTest, AnIdIsGoodForTheAgencyItWasGivenTo) {
  TariqIsKnown();
  const std::string id = Find(Adviser(), Tariq())->agency_person_id();
  v1::WhoKnowsRequest request = AskAboutRecord("");
  request.mutable_person()->set_agency_person_id(id);
  EXPECT_NE(Ask(Adviser(), request).Flag(kYot), nullptr);
  request.set_request_id(RequestId());
  const Answered other = Ask(YotOfficer(), request);
  ASSERT_TRUE(other.status.ok()) << other.status;
  EXPECT_THAT(other.answer.flags(), IsEmpty());
}

TEST_F(AnswersTest, BadQuestionsAreToldTheirFieldsAndLeaveNoEntry) {
  TariqIsKnown();
  const uint64_t before = LedgerSize();
  v1::WhoKnowsRequest request = AskAboutRecord("C-1", v1::PURPOSE_UNSPECIFIED);
  EXPECT_THAT(FieldsOf(Ask(Adviser(), request).status), ElementsAre("purpose"));
  request = AskAboutRecord("C-1");
  request.set_request_id("");
  EXPECT_THAT(FieldsOf(Ask(Adviser(), request).status), ElementsAre("request_id"));
  request = AskAboutRecord("C-1");
  request.add_aspects(v1::ASPECT_UNSPECIFIED);
  EXPECT_THAT(FieldsOf(Ask(Adviser(), request).status), ElementsAre("aspects"));
  request = AskAboutRecord("C-1");
  request.clear_person();
  EXPECT_THAT(FieldsOf(Ask(Adviser(), request).status), ElementsAre("person"));
  base::Principal asserted = Adviser();
  asserted.asserted_purpose = "assessment";
  EXPECT_EQ(ReasonOf(Ask(asserted, AskAboutRecord("C-1")).status), Reason::kPurposeNotAllowed);
  request = AskWithOverride("C-1");
  request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_UNSPECIFIED);
  request.mutable_override()->set_reason("short");
  const absl::Status refused = Ask(Adviser(), request).status;
  EXPECT_EQ(ReasonOf(refused), Reason::kOverrideInvalid);
  EXPECT_THAT(FieldsOf(refused), ElementsAre("override.ground", "override.reason"));
  EXPECT_EQ(LedgerSize(), before);
}

TEST_F(AnswersTest, AskingByDetailsHasABudgetThatFillsAgain) {
  TariqIsKnown();
  int answered = 0;
  while (answered < 2 * base::kFindsPerMinuteMax &&
         Find(Adviser(), Nobody()).status().code() == absl::StatusCode::kNotFound) {
    ++answered;
  }
  EXPECT_EQ(answered, base::kFindsPerMinuteMax);
  EXPECT_EQ(ReasonOf(Find(Adviser(), Tariq()).status()), Reason::kTooManyRequests);
  // By an id of its own it may go on, and so may others.
  EXPECT_TRUE(Ask(Adviser(), AskAboutRecord("C-1")).status.ok());
  EXPECT_TRUE(Find(YotOfficer(), Tariq()).ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Find(Adviser(), Tariq()).ok());
}

TEST_F(AnswersTest, AnOverrideIsACaseItsHolderIsToldAndItsEndIsNamed) {
  TariqIsKnown();
  Report(kSocial, Flag("S-1", "childrens-social-care", Sal()));
  Report(kDrugs, Flag("D-1", "substance-misuse", Sal()));
  const Answered without = Ask(SocialWorker(), AskAboutRecord("S-1", v1::PURPOSE_SAFEGUARDING));
  EXPECT_EQ(without.Flag(kDrugs), nullptr);
  EXPECT_TRUE(without.answer.unnamed_service_involved());
  EXPECT_EQ(without.answer.contact_desk(), "01632 960000, the contact desk") << "whom to ring";
  EXPECT_FALSE(without.answer.override_opened_nothing()) << "none was asked for";
  const size_t in_mailbox = Mailbox(kDrugs).size();
  const Answered with = Ask(SocialWorker(), AskWithOverride("S-1"));
  ASSERT_TRUE(with.status.ok()) << with.status;
  ASSERT_NE(with.Flag(kDrugs), nullptr);
  EXPECT_EQ(with.Flag(kDrugs)->contact().name(), "Dilys Crane");
  EXPECT_EQ(with.answer.override().rule(), "SAFEGUARD");
  EXPECT_EQ(with.answer.override().until().seconds(),
            absl::ToUnixSeconds(clock_.Now() + absl::Hours(1)));
  // Two working days from a Monday.
  EXPECT_EQ(with.answer.override().review_due().seconds(),
            absl::ToUnixSeconds(clock_.Now() + absl::Hours(48)));
  const Recorded entry = LastEntry();
  EXPECT_TRUE(entry.override_used);
  EXPECT_TRUE(entry.has_details) << "the reason is kept sealed";
  ASSERT_EQ(Mailbox(kDrugs).size(), in_mailbox + 1);
  EXPECT_EQ(Mailbox(kDrugs).back().stored.kind(), store::v1::STORED_MESSAGE_KIND_OVERRIDE_USED);
  EXPECT_EQ(Mailbox(kDrugs).back().stored.override_number(), entry.index);
  EXPECT_FALSE(with.answer.override_opened_nothing());
  EXPECT_EQ(with.answer.contact_desk(), "") << "nobody is unnamed";
  // The rule has an officer told, and the agency's systems are, which know who that is.
  EXPECT_EQ(Mailbox(kSocial).back().stored.kind(),
            store::v1::STORED_MESSAGE_KIND_OVERRIDE_REPORTED);
  EXPECT_EQ(Mailbox(kSocial).back().stored.override_number(), entry.index);
}

// A child at risk whom only a service knows that may not be named: typed in by who knows no more of
// her than name and birthday, she is found under an override, and is nobody without one.
TEST_F(AnswersTest, AnOverrideFindsByDetailsWhomOnlyAHiddenServiceKnows) {
  Report(kDrugs, Flag("D-1", "substance-misuse", Sal()));
  v1::WhoKnowsRequest request = AskAbout(Sal(), v1::PURPOSE_SAFEGUARDING);
  EXPECT_EQ(Ask(SocialWorker(), request).Flag(kDrugs), nullptr);
  *request.mutable_override() = AskWithOverride("S-1").override();
  request.set_request_id(RequestId());
  const Answered found = Ask(SocialWorker(), request);
  ASSERT_TRUE(found.status.ok()) << found.status;
  EXPECT_NE(found.Flag(kDrugs), nullptr);
  EXPECT_TRUE(LastEntry().override_used);
}

// Of somebody whom there is not, of somebody hidden and of somebody with nothing to open alike.
TEST_F(AnswersTest, AnOverrideThatOpensNothingIsSaidToHaveOpenedNothing) {
  Report(kSocial, Flag("S-1", "childrens-social-care", Sal()));
  const Answered nothing_there = Ask(SocialWorker(), AskWithOverride("S-1"));
  ASSERT_TRUE(nothing_there.status.ok()) << nothing_there.status;
  EXPECT_TRUE(nothing_there.answer.override_opened_nothing());
  EXPECT_FALSE(nothing_there.answer.has_override());
  EXPECT_FALSE(LastEntry().override_used);
  EXPECT_THAT(Mailbox(kSocial), IsEmpty());
  const Answered nobody = Ask(SocialWorker(), AskWithOverride("S-77"));
  EXPECT_TRUE(nobody.answer.override_opened_nothing());
}

}  // namespace
}  // namespace signpost::disclosure
