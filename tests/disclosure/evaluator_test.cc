// What the policy's decisions about one person come to: what is seen, what is withheld and counted,
// and what is said of each agency whatever there is.

#include "hub/disclosure/evaluator.h"

#include <gmock/gmock.h>

#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

using policy::Aspect;
using policy::Effect;
using request::kConnexions;
using request::kDrugs;
using request::kHousing;
using request::kSocial;
using request::kYot;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EvaluatorTest : public request::HubRooms {
 protected:
  static QuestionTerms Asked(policy::Purpose purpose = policy::Purpose::kSupportPlanning) {
    QuestionTerms asked;
    asked.purpose = purpose;
    asked.aspects = {Aspect::kExistence, Aspect::kAgency, Aspect::kContact, Aspect::kAssessment};
    return asked;
  }
  static QuestionTerms AskedForAsset() {
    QuestionTerms asked = Asked();
    asked.content = true;
    asked.assessment_kind = "asset";
    return asked;
  }
  static QuestionTerms AskedWithOverride() {
    QuestionTerms asked = Asked(policy::Purpose::kSafeguarding);
    asked.override_request = {true, policy::OverrideGround::kVitalInterests, true};
    return asked;
  }

  // One evaluator over what is stored now. It keeps references, so what it is about lives here.
  DisclosureEvaluator& Evaluator(const base::Principal& asker, const QuestionTerms& asked) {
    bound_ = policy_.Get();
    directory_ = registry_->directory();
    asker_ = asker;
    asked_ = asked;
    evaluator_ = std::make_unique<DisclosureEvaluator>(*bound_, *people_, *directory_, asker_,
                                                       asked_, clock_.Now());
    return *evaluator_;
  }
  // The agency's complete list of open records.
  void List(const std::string& agency, std::vector<std::string> open) {
    v1::ReconcileFinish finish;
    finish.set_request_id(RequestId());
    auto list = intake_->BeginList(System(agency));
    ASSERT_TRUE(list.ok() && (*list)->Add(open).ok());
    const auto told = Wait<v1::ReconcileResponse>([&](auto done) {
      intake_->Reconcile(System(agency), *std::move(list), finish, std::move(done));
    });
    ASSERT_TRUE(told.ok()) << told.status();
    ASSERT_EQ(told->missing_count(), 0);
  }
  // Everybody's own record is old enough, and everybody has given their list since.
  void PassUntilSettled() {
    clock_.Advance(absl::Hours(24 * 6));
    for (const auto& [agency, records] :
         std::vector<std::pair<std::string, std::vector<std::string>>>{{kYot, {"Y-1"}},
                                                                       {kConnexions, {"C-1"}},
                                                                       {kSocial, {"S-1", "S-9"}},
                                                                       {kDrugs, {"D-9"}}}) {
      std::vector<std::string> open;
      for (const std::string& record : records) {
        if (context_.people->LookupLocalRecord(*View(), agency, record).ok())
          open.push_back(record);
      }
      if (!open.empty()) List(agency, open);
    }
  }

  v1::CoverageState CoverageOf(const std::string& agency, const people::Person* person) {
    std::string bytes;
    request::WireParts parts(&bytes);
    evaluator_->WriteCoverage(person, &parts);
    v1::WhoKnowsAnswer answer;
    EXPECT_TRUE(answer.ParseFromString(bytes));
    for (const v1::Coverage& coverage : answer.coverage()) {
      if (coverage.agency_id() == agency) return coverage.state();
    }
    return v1::COVERAGE_STATE_UNSPECIFIED;
  }
  static const FlagEvaluation* FlagOf(const Evaluation& all, const std::string& agency) {
    for (const FlagEvaluation& flag : all.flags) {
      if (flag.flag->agency_id() == agency) return &flag;
    }
    return nullptr;
  }
  static Effect EffectOf(const FlagEvaluation& flag, Aspect aspect) {
    for (const AspectEvaluation& one : flag.aspects) {
      if (one.aspect == aspect) return one.decision.effect;
    }
    return Effect::kHide;
  }
  // What the entry says of `all`.
  ledger::v1::LedgerEntry EntryOf(const people::Person& person, const Evaluation& all) {
    ledger::v1::LedgerEntry entry;
    entry.set_nonce("a nonce of 16 B.");
    evaluator_->Record(all, *person.Blinding(), &entry);
    return entry;
  }
  std::map<std::string, uint32_t> WithheldOf(const people::Person& person, const Evaluation& all) {
    std::map<std::string, uint32_t> counts;
    const ledger::v1::LedgerEntry entry = EntryOf(person, all);
    for (const auto& withheld : entry.withheld()) counts[withheld.rule()] += withheld.count();
    return counts;
  }

  std::shared_ptr<const request::BoundPolicy> bound_;
  std::shared_ptr<const registry::Directory> directory_;
  base::Principal asker_;
  QuestionTerms asked_;
  std::unique_ptr<DisclosureEvaluator> evaluator_;
};

TEST_F(EvaluatorTest, WhoWorksWithThemSeesTheWorkerAndNoFile) {
  TariqIsKnown();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  const Evaluation all = Evaluator(Adviser(), AskedForAsset()).Decide(tariq);
  ASSERT_THAT(all.flags, SizeIs(2));
  EXPECT_EQ(all.flags[0].flag->agency_id(), kConnexions) << "in the order of agencies";
  EXPECT_EQ(all.flags[1].flag->agency_id(), kYot);
  for (const Aspect aspect :
       {Aspect::kExistence, Aspect::kAgency, Aspect::kContact, Aspect::kAssessment}) {
    EXPECT_EQ(EffectOf(all.flags[1], aspect), Effect::kShow);
  }
  // Nineteen sections of an ASSET, none of them without consent.
  ASSERT_THAT(all.flags[1].content, SizeIs(1));
  EXPECT_THAT(all.flags[1].content[0].open, IsEmpty());
  EXPECT_THAT(all.flags[1].content[0].withheld, SizeIs(19));
  EXPECT_EQ(WithheldOf(tariq, all),
            (std::map<std::string, uint32_t>{{"VICTIM-NAMED", 2}, {"default", 17}}));
  EXPECT_FALSE(all.override_used);
  EXPECT_FALSE(all.unnamed_service_involved);
}

TEST_F(EvaluatorTest, WhatIsReleasedIsToldFlagByFlagWithRuleAgreementAndGateway) {
  TariqIsKnown();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  const Evaluation all = Evaluator(Adviser(), Asked()).Decide(tariq);
  ASSERT_THAT(all.released, SizeIs(2));
  const ledger::v1::LedgerEntry entry = EntryOf(tariq, all);
  ASSERT_THAT(entry.released(), SizeIs(2));
  const auto& released = entry.released(entry.released(0).holder_agency_id() == kYot ? 0 : 1);
  EXPECT_EQ(released.flag_ref(),
            tariq.Blinding()->Ref(entry.nonce(), FlagOf(all, kYot)->flag->flag_id()));
  EXPECT_THAT(released.aspects(),
              ElementsAre(ledger::v1::ASPECT_EXISTENCE, ledger::v1::ASPECT_AGENCY,
                          ledger::v1::ASPECT_CONTACT, ledger::v1::ASPECT_ASSESSMENT));
  EXPECT_THAT(released.rules(), ElementsAre("ADVISER"));
  EXPECT_EQ(released.agreement(), "YOT-CONNEXIONS");
  EXPECT_EQ(released.gateway(), ledger::v1::GATEWAY_ESA2008_S76);
  EXPECT_THAT(released.consent_ref(), IsEmpty());
}

TEST_F(EvaluatorTest, WhatIsHiddenIsCountedByTheRuleThatHidesIt) {
  TariqIsKnown();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  const Evaluation all =
      Evaluator(HousingOfficer(), Asked(policy::Purpose::kHousing)).Decide(tariq);
  EXPECT_TRUE(all.nothing());
  EXPECT_THAT(all.released, IsEmpty());
  // Two flags, four aspects of each.
  EXPECT_EQ(WithheldOf(tariq, all), (std::map<std::string, uint32_t>{{"PURPOSE", 8}}));
}

TEST_F(EvaluatorTest, ASensitiveServiceIsInvolvedWithoutItsName) {
  TariqIsKnown();
  Report(kDrugs, Flag("D-1", "substance-misuse"));
  const people::Person tariq = PersonOf(kYot, "Y-1");
  const Evaluation all = Evaluator(Adviser(), Asked()).Decide(tariq);
  EXPECT_EQ(FlagOf(all, kDrugs), nullptr);
  EXPECT_TRUE(all.unnamed_service_involved);
  // The entry says what the answer does not: whose flag it was, by which rule.
  ASSERT_THAT(all.released, SizeIs(3));
  const ledger::v1::LedgerEntry entry = EntryOf(tariq, all);
  for (const auto& released : entry.released()) {
    if (released.holder_agency_id() != kDrugs) continue;
    EXPECT_THAT(released.aspects(), ElementsAre(ledger::v1::ASPECT_EXISTENCE));
    EXPECT_THAT(released.rules(), ElementsAre("SENSITIVE"));
  }
  EXPECT_EQ(WithheldOf(tariq, all), (std::map<std::string, uint32_t>{{"SENSITIVE", 3}}));
}

TEST_F(EvaluatorTest, AConsentOpensTheSectionsItMayAndSaysUntilWhen) {
  TariqIsKnown();
  const v1::RecordConsentRequest yes = WrittenConsent();
  ASSERT_TRUE(Consent(Adviser(), yes).ok());
  const people::Person tariq = PersonOf(kYot, "Y-1");
  DisclosureEvaluator& evaluator = Evaluator(Adviser(), AskedForAsset());
  const Evaluation all = evaluator.Decide(tariq);
  const FlagEvaluation* yot = FlagOf(all, kYot);
  ASSERT_NE(yot, nullptr);
  ASSERT_THAT(yot->content, SizeIs(1));
  EXPECT_THAT(yot->content[0].open, SizeIs(17));
  EXPECT_THAT(yot->content[0].withheld, ElementsAre("offence-details", "victims"));
  ASSERT_THAT(yot->content[0].open_by, SizeIs(1)) << "all by the same";
  const auto* consent = evaluator.ConsentOf(yot->content[0].open_by[0]);
  ASSERT_NE(consent, nullptr);
  EXPECT_EQ(consent->consent_id(), tariq.consents()[0].consent_id());
  EXPECT_EQ(evaluator.ConsentEndOf(yot->content[0].open_by[0]),
            yes.consent().valid_until().seconds());
  // To know the worker nobody needed it.
  EXPECT_EQ(evaluator.ConsentOf(yot->aspects[0].decision), nullptr);
}

TEST_F(EvaluatorTest, AConsentThatHasEndedOpensNothing) {
  TariqIsKnown();
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  clock_.Advance(absl::Hours(24 * 90));
  const people::Person tariq = PersonOf(kYot, "Y-1");
  const Evaluation all = Evaluator(Adviser(), AskedForAsset()).Decide(tariq);
  EXPECT_THAT(FlagOf(all, kYot)->content[0].open, IsEmpty());
}

TEST_F(EvaluatorTest, AnOverrideOpensForAStrangerAndNeverPastAShield) {
  TariqIsKnown();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  EXPECT_TRUE(
      Evaluator(SocialWorker(), Asked(policy::Purpose::kSafeguarding)).Decide(tariq).nothing());
  const Evaluation opened = Evaluator(SocialWorker(), AskedWithOverride()).Decide(tariq);
  EXPECT_THAT(opened.flags, SizeIs(2));
  EXPECT_TRUE(opened.override_used);
  EXPECT_EQ(opened.override_rule, "SAFEGUARD");
  EXPECT_EQ(EffectOf(opened.flags[1], Aspect::kContact), Effect::kShow);
  EXPECT_EQ(EffectOf(opened.flags[1], Aspect::kAssessment), Effect::kHide);
  EXPECT_NE(opened.obligations & policy::Bit(policy::Obligation::kTellHolder), 0u);

  store::v1::PersonRow row = tariq.row();
  row.mutable_shield()->set_shielded(true);
  const people::Person shielded = tariq.AsOf(std::move(row));
  const Evaluation closed = Evaluator(SocialWorker(), AskedWithOverride()).Decide(shielded);
  EXPECT_THAT(closed.flags, IsEmpty()) << "an agency is not named of who is shielded";
}

TEST_F(EvaluatorTest, RelationshipsAreTheAgencysOwnAndTheTeams) {
  TariqIsKnown();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  DisclosureEvaluator& adviser = Evaluator(Adviser(), Asked());
  adviser.Decide(tariq);
  EXPECT_THAT(adviser.Relationships(),
              ElementsAre(policy::Relationship::kOwnOpenFlag, policy::Relationship::kNamedWorker,
                          policy::Relationship::kSettledInvolvement));
  DisclosureEvaluator& seconded = Evaluator(SecondedAdviser(), Asked());
  seconded.Decide(tariq);
  EXPECT_THAT(
      seconded.Relationships(),
      ElementsAre(policy::Relationship::kOwnOpenFlag, policy::Relationship::kNamedWorker,
                  policy::Relationship::kTeamMember, policy::Relationship::kSettledInvolvement));
  DisclosureEvaluator& stranger = Evaluator(SocialWorker(), Asked());
  stranger.Decide(tariq);
  EXPECT_THAT(stranger.Relationships(), IsEmpty());
}

TEST_F(EvaluatorTest, CoverageSaysHasAndHasNoneOnlyWhereNothingCouldHide) {
  TariqIsKnown();
  Report(kSocial, Flag("S-9", "childrens-social-care", Sal()));
  Report(kDrugs, Flag("D-9", "substance-misuse", Sal()));
  PassUntilSettled();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  Evaluator(Adviser(), Asked()).Decide(tariq);
  EXPECT_EQ(CoverageOf(kYot, &tariq), v1::COVERAGE_STATE_HAS_FLAG);
  EXPECT_EQ(CoverageOf(kSocial, &tariq), v1::COVERAGE_STATE_HAS_NONE);
  EXPECT_EQ(CoverageOf(kDrugs, &tariq), v1::COVERAGE_STATE_NOT_YOURS_TO_KNOW);
  EXPECT_EQ(CoverageOf(kHousing, &tariq), v1::COVERAGE_STATE_NOT_CONNECTED);
  // Auditors and the hub are no agencies of the area's work.
  EXPECT_EQ(CoverageOf(request::kAudit, &tariq), v1::COVERAGE_STATE_UNSPECIFIED);
  EXPECT_EQ(CoverageOf(request::kHub, &tariq), v1::COVERAGE_STATE_UNSPECIFIED);
  // Of a stranger nothing is said that would tell whether there is somebody.
  Evaluator(Adviser(), Asked());
  EXPECT_EQ(CoverageOf(kYot, nullptr), v1::COVERAGE_STATE_NOT_YOURS_TO_KNOW);
}

// Said falsely in 74 of 1,731 cases. Each line of the condition in WriteCoverage() is to be taken out:
// the expectation under it failed.
TEST_F(EvaluatorTest, ThatAnAgencyHasNoneIsSaidOnlyWhereThatIsCertain) {
  TariqIsKnown();
  Report(kSocial, Flag("S-9", "childrens-social-care", Sal()));
  const auto social = [this] {
    const people::Person tariq = PersonOf(kConnexions, "C-1");
    Evaluator(Adviser(), Asked()).Decide(tariq);
    return CoverageOf(kSocial, &tariq);
  };
  // One hand-typed report is no list, and the adviser's own record is new.
  EXPECT_EQ(social(), v1::COVERAGE_STATE_NOT_SETTLED);
  List(kSocial, {"S-9"});
  EXPECT_EQ(social(), v1::COVERAGE_STATE_NOT_SETTLED);
  PassUntilSettled();
  EXPECT_EQ(social(), v1::COVERAGE_STATE_HAS_NONE);
  // A report of social services waits that may be of Tariq.
  v1::FlagReport maybe = Flag("S-1", "childrens-social-care");
  maybe.mutable_person()->set_postcode("NT9 9ZZ");
  Report(kSocial, maybe);
  List(kSocial, {"S-1", "S-9"});
  EXPECT_EQ(social(), v1::COVERAGE_STATE_NOT_SETTLED);
  // Nor is it said to whom reported it of those who know Tariq.
  PassUntilSettled();
  List(kConnexions, {"C-1"});
  const people::Person waits = PersonOf(kSocial, "S-1");
  Evaluator(SocialWorker(), Asked()).Decide(waits);
  EXPECT_EQ(CoverageOf(kConnexions, &waits), v1::COVERAGE_STATE_NOT_SETTLED);
}

TEST_F(EvaluatorTest, NoListNoNone) {
  TariqIsKnown();
  clock_.Advance(absl::Hours(24 * 6));
  Report(kSocial, Flag("S-9", "childrens-social-care", Sal()));
  const people::Person tariq = PersonOf(kConnexions, "C-1");
  Evaluator(Adviser(), Asked()).Decide(tariq);
  EXPECT_EQ(CoverageOf(kSocial, &tariq), v1::COVERAGE_STATE_NOT_SETTLED);
}

TEST_F(EvaluatorTest, WhatASensitiveServiceHoldsDoesNotChangeTheCoverage) {
  TariqIsKnown();
  Report(kDrugs, Flag("D-9", "substance-misuse", Sal()));
  const people::Person without = PersonOf(kYot, "Y-1");
  Evaluator(Adviser(), Asked()).Decide(without);
  EXPECT_EQ(CoverageOf(kDrugs, &without), v1::COVERAGE_STATE_NOT_YOURS_TO_KNOW);
  Report(kDrugs, Flag("D-1", "substance-misuse"));
  const people::Person with = PersonOf(kYot, "Y-1");
  Evaluator(Adviser(), Asked()).Decide(with);
  EXPECT_EQ(CoverageOf(kDrugs, &with), v1::COVERAGE_STATE_NOT_YOURS_TO_KNOW);
}

TEST_F(EvaluatorTest, AnAgencyThatIsSilentTooLongIsNotSaidToHaveNone) {
  TariqIsKnown();
  Report(kSocial, Flag("S-9", "childrens-social-care", Sal()));
  PassUntilSettled();
  clock_.Advance(absl::Hours(72));
  const people::Person tariq = PersonOf(kYot, "Y-1");
  Evaluator(Adviser(), Asked()).Decide(tariq);
  EXPECT_EQ(CoverageOf(kSocial, &tariq), v1::COVERAGE_STATE_HAS_NONE);
  clock_.Advance(absl::Seconds(1));
  Evaluator(Adviser(), Asked()).Decide(tariq);
  EXPECT_EQ(CoverageOf(kSocial, &tariq), v1::COVERAGE_STATE_DID_NOT_ANSWER);
}

TEST_F(EvaluatorTest, ASystemMayKnowOfAFlagThatItMayAlsoKeep) {
  TariqIsKnown();
  const people::Person tariq = PersonOf(kYot, "Y-1");
  const store::v1::FlagRow* yot = nullptr;
  for (const auto& flag : tariq.flags()) {
    if (flag.agency_id() == kYot) yot = &flag;
  }
  ASSERT_NE(yot, nullptr);
  QuestionTerms notices;
  notices.purpose = policy::Purpose::kServiceDelivery;
  notices.aspects = {Aspect::kExistence, Aspect::kAgency};
  policy::Decision deciding;
  DisclosureEvaluator& involved = Evaluator(System(kConnexions), notices);
  EXPECT_TRUE(involved.MayKnowOf(tariq, *yot, &deciding));
  EXPECT_EQ(involved.RuleWords(deciding), "YOT-CONNEXIONS-NOTICE");
  EXPECT_FALSE(Evaluator(System(kSocial), notices).MayKnowOf(tariq, *yot, &deciding));
  store::v1::PersonRow row = tariq.row();
  row.mutable_shield()->set_shielded(true);
  const people::Person shielded = tariq.AsOf(std::move(row));
  DisclosureEvaluator& told = Evaluator(System(kConnexions), notices);
  EXPECT_FALSE(told.MayKnowOf(shielded, shielded.flags()[0], &deciding) &&
               told.MayKnowOf(shielded, shielded.flags()[1], &deciding));
}

}  // namespace
}  // namespace signpost::disclosure
