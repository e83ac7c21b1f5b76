// The stories that Nortown's shipped policy must decide.

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {
namespace {

using testing::NortownVocabulary;
using testing::ShippedPolicy;

constexpr int64_t kNowS = 1780000000;  // 28 May 2026

// Compiled once with all examples run and all checks proved; null where it does not load.
const Policy* Nortown() {
  static const std::shared_ptr<const Policy> policy = [] {
    CompileOptions options;
    options.content_id = "c0ffee";
    options.require_example_for_each_rule = true;
    CompileResult result = Compile(ShippedPolicy("nortown"), NortownVocabulary(), options);
    EXPECT_TRUE(result.ok()) << result.Errors();
    return result.policy;
  }();
  return policy.get();
}

class Stories : public ::testing::Test {
 protected:
  void SetUp() override {
    p_ = Nortown();
    ASSERT_NE(p_, nullptr);
    adviser_ = Who("northern-connexions", "personal-adviser", Purpose::kSupportPlanning);
    adviser_.relationships.yes = kNamedAndSettled;
    seconded_ = Who("northern-connexions", "personal-adviser", Purpose::kAssessment);
    seconded_.necessity_stated = Tri::kYes;
    team_.team = p_->TeamSymbol("nortown-yot-team");
    team_.relationships.yes = kNamedAndSettled;
    seconded_.teams = absl::MakeConstSpan(&team_, 1);
    housing_ = Who("nortown-housing", "housing-officer", Purpose::kHousing);
    housing_.relationships.yes = kNamedAndSettled;
    override_ = Who("nortown-social-services", "social-worker", Purpose::kSafeguarding);
    override_.override_request = {true, OverrideGround::kLegalDuty, true};
  }

  Question Who(const char* agency, const char* role, Purpose purpose) const {
    Question q;
    q.agency = p_->AgencySymbol(agency);
    q.role = p_->RoleSymbol(role);
    q.is_practitioner = Tri::kYes;
    q.purpose = purpose;
    q.now_s = kNowS;
    return q;
  }
  Item Of(const char* agency, const char* service, Aspect aspect) const {
    Item i;
    i.holder = p_->AgencySymbol(agency);
    i.service = p_->ServiceSymbol(service);
    i.aspect = aspect;
    i.open = Tri::kYes;
    i.disputed = i.marked_sensitive = i.shielded = i.new_identity = Tri::kNo;
    i.spent_offence = i.names_victim = Tri::kNo;
    i.brokerable = i.consents_known = Tri::kYes;
    i.consents = consents_;
    return i;
  }
  Item Yot(Aspect aspect) const { return Of("nortown-yot", "youth-offending", aspect); }
  Item Asset(const char* section) const {
    Item i = Yot(Aspect::kContent);
    i.assessment = p_->AssessmentSymbol("asset");
    i.section = p_->SectionSymbol(section);
    return i;
  }
  Item Drugs(Aspect aspect) const { return Of("nortown-drugs-advice", "substance-misuse", aspect); }
  Effect Ask(const Question& q, const Item& i) const { return p_->Decide(q, i).effect; }
  Explanation Why(const Question& q, const Item& i) const {
    return p_->Explain(q, i, p_->Decide(q, i));
  }
  // Tariq's written consent: to Connexions, for support planning, until 31 August 2026.
  void Consent() {
    connexions_ = p_->AgencySymbol("northern-connexions");
    yot_ = p_->AgencySymbol("nortown-yot");
    ConsentFact consent;
    consent.decision = ConsentDecision::kGiven;
    consent.is_explicit = true;
    consent.matter = ConsentMatter::kSharing;
    consent.grantor = Grantor::kSelf;
    consent.from_s = kNowS - 60;
    consent.until_s = 1788134400;
    consent.scope.agencies = absl::MakeConstSpan(&connexions_, 1);
    consent.scope.holders = absl::MakeConstSpan(&yot_, 1);
    consent.scope.purposes = absl::MakeConstSpan(&planning_, 1);
    consents_ = {consent};
  }

  const Policy* p_ = nullptr;
  Question adviser_, seconded_, housing_, override_;
  TeamStanding team_;
  std::vector<ConsentFact> consents_;
  Symbol connexions_ = kNoSymbol, yot_ = kNoSymbol;
  Purpose planning_ = Purpose::kSupportPlanning;
};

TEST_F(Stories, TariqsAdviserSeesWhoWorksWithHimAndThatThereIsAnAsset) {
  for (const Aspect aspect : {Aspect::kExistence, Aspect::kAgency, Aspect::kContact}) {
    const Decision decision = p_->Decide(adviser_, Yot(aspect));
    EXPECT_EQ(decision.effect, Effect::kShow) << ToString(aspect);
    EXPECT_EQ(decision.gateway, Gateway::kEsa2008S76);
    ASSERT_GE(decision.agreement, 0);
    EXPECT_EQ(p_->agreements()[static_cast<size_t>(decision.agreement)].id, "YOT-CONNEXIONS");
  }
  Item pointer = Yot(Aspect::kAssessment);
  pointer.assessment = p_->AssessmentSymbol("asset");
  EXPECT_EQ(Ask(adviser_, pointer), Effect::kShow);
}

TEST_F(Stories, ButNotWhatTheAssetSaysAndIsToldWhatToAskFor) {
  const Decision decision = p_->Decide(adviser_, Asset("lifestyle"));
  EXPECT_EQ(decision.effect, Effect::kHide);
  EXPECT_TRUE(decision.by_default);
  EXPECT_EQ(decision.missing, Bit(Missing::kExplicitConsent) | Bit(Missing::kOthersConsent));
  const Explanation why = Why(adviser_, Asset("lifestyle"));
  EXPECT_EQ(
      why.worker_reason,
      "You may not see the section 'lifestyle' of the assessment (asset): any one of these "
      "would do: the young person's explicit consent; or the consent of somebody who may give "
      "it for the young person.");
  EXPECT_EQ(why.next_step,
            "Ask the young person for their written consent, and record it, or ask Nortown Youth "
            "Offending Team.");
  EXPECT_EQ(why.ask_agency, p_->AgencySymbol("nortown-yot"));
  EXPECT_EQ(why.audit_reason,
            "hide by default, missing explicit-consent and others-consent; any one would do of "
            "explicit-consent, others-consent; matching: none; policy \"Nortown need to know\" "
            "version 1 c0ffee");
}

TEST_F(Stories, TheSecondedAdviserReadsItInsideTheTeamsPurposes) {
  EXPECT_EQ(Ask(seconded_, Asset("lifestyle")), Effect::kShow);
  EXPECT_EQ(p_->Decide(seconded_, Asset("lifestyle")).gateway, Gateway::kCda1998S115);
  EXPECT_EQ(Ask(seconded_, Asset("offence-details")), Effect::kShow);
  EXPECT_EQ(Ask(seconded_, Asset("victims")), Effect::kHide);
  for (const Symbol section : p_->Sections(p_->AssessmentSymbol("asset"))) {
    Item item = Asset("lifestyle");
    item.section = section;
    EXPECT_EQ(Ask(seconded_, item),
              p_->SectionId(section) == "victims" ? Effect::kHide : Effect::kShow);
    seconded_.purpose = Purpose::kCareerGuidance;
    EXPECT_EQ(Ask(seconded_, item), Effect::kHide);
    seconded_.purpose = Purpose::kAssessment;
  }
  team_.relationships.yes = 0;
  EXPECT_EQ(Ask(seconded_, Asset("lifestyle")), Effect::kHide) << "the team does not know them";
}

TEST_F(Stories, WithTariqsWrittenConsentTheAdviserReadsItUntilItIsWithdrawn) {
  Consent();
  EXPECT_EQ(Ask(adviser_, Asset("lifestyle")), Effect::kShow);
  EXPECT_EQ(p_->Decide(adviser_, Asset("lifestyle")).consent, 0);
  EXPECT_NE(
      Why(adviser_, Asset("lifestyle")).worker_reason.find("The consent ends on 31 August 2026"),
      std::string::npos);
  EXPECT_EQ(Ask(adviser_, Asset("victims")), Effect::kHide);
  EXPECT_EQ(Ask(adviser_, Asset("offence-details")), Effect::kHide);
  adviser_.purpose = Purpose::kAssessment;
  EXPECT_EQ(Ask(adviser_, Asset("lifestyle")), Effect::kHide)
      << "they consented to another purpose";
  adviser_.purpose = Purpose::kSupportPlanning;
  consents_[0].decision = ConsentDecision::kWithdrawn;
  EXPECT_EQ(Ask(adviser_, Asset("lifestyle")), Effect::kHide);
  consents_[0].decision = ConsentDecision::kRefused;
  EXPECT_EQ(Ask(adviser_, Yot(Aspect::kContact)), Effect::kHide) << "a refusal closes more";
  EXPECT_EQ(Ask(adviser_, Yot(Aspect::kExistence)), Effect::kShow);
}

TEST_F(Stories, HousingSeesNothingOfAnyoneElse) {
  for (const auto& [agency, service] :
       {std::pair("nortown-yot", "youth-offending"),
        std::pair("nortown-drugs-advice", "substance-misuse"),
        std::pair("northern-connexions", "connexions"),
        std::pair("nightstop-project", "voluntary-project"),
        std::pair("nortown-social-services", "childrens-social-care")}) {
    for (const Aspect aspect : AllAspects()) {
      EXPECT_EQ(Ask(housing_, Of(agency, service, aspect)), Effect::kHide) << service;
    }
  }
  EXPECT_EQ(Ask(housing_, Of("nortown-housing", "housing", Aspect::kContact)), Effect::kShow);
}

TEST_F(Stories, WhatIsHiddenReadsTheSameWhateverTheReason) {
  const Explanation yot = Why(housing_, Yot(Aspect::kExistence));
  Question stranger = adviser_;
  stranger.relationships = {};
  for (const Explanation& other :
       {Why(housing_, Drugs(Aspect::kContact)), Why(housing_, Asset("lifestyle")),
        Why(adviser_, Of("nightstop-project", "voluntary-project", Aspect::kContact)),
        Why(stranger, Yot(Aspect::kExistence)), Why(adviser_, Drugs(Aspect::kContact)),
        Why(adviser_, Of("nortown-housing", "housing", Aspect::kExistence))}) {
    EXPECT_EQ(other.worker_reason, yot.worker_reason);
    EXPECT_EQ(other.next_step, "");
    EXPECT_EQ(other.ask_agency, kNoSymbol);
    EXPECT_NE(other.audit_reason, "");
  }
}

TEST_F(Stories, ASocialWorkerOverridesToSafeguard) {
  for (const Aspect aspect : AllAspects()) {
    const bool opens =
        aspect == Aspect::kExistence || aspect == Aspect::kAgency || aspect == Aspect::kContact;
    const Decision yot = p_->Decide(override_, Yot(aspect));
    EXPECT_EQ(yot.effect, opens ? Effect::kShow : Effect::kHide) << ToString(aspect);
    EXPECT_EQ(yot.by_override, opens);
    const Decision drugs = p_->Decide(override_, Drugs(aspect));
    EXPECT_EQ(drugs.effect, opens ? Effect::kShow : Effect::kHide) << ToString(aspect);
    if (!opens) continue;
    ASSERT_NE(drugs.lifted_rule, kNoRule);
    EXPECT_EQ(p_->rules()[static_cast<size_t>(drugs.lifted_rule)].id, "SENSITIVE");
    const uint32_t owed = Bit(Obligation::kLog) | Bit(Obligation::kTellOfficer) |
                          Bit(Obligation::kCloseAfter60Minutes) |
                          Bit(Obligation::kReviewWithin2WorkingDays);
    EXPECT_EQ(drugs.obligations & owed, owed);
  }
  EXPECT_EQ(Ask(override_, Asset("lifestyle")), Effect::kHide);
  override_.override_request.reason_stated = false;
  EXPECT_EQ(Ask(override_, Yot(Aspect::kContact)), Effect::kHide);
}

TEST_F(Stories, NobodyOfConnexionsLearnsOfGhazellasProject) {
  Question manager = Who("northern-connexions", "manager", Purpose::kSafeguarding);
  manager.override_request = {true, OverrideGround::kVitalInterests, true};
  Question system = adviser_;
  system.is_practitioner = Tri::kNo;
  system.role = kNoSymbol;
  Consent();
  consents_[0].scope = ConsentScope();
  for (const Question& q : {adviser_, seconded_, manager, system}) {
    for (const Aspect aspect : AllAspects()) {
      EXPECT_EQ(Ask(q, Of("nightstop-project", "voluntary-project", aspect)), Effect::kHide);
    }
  }
  EXPECT_EQ(Ask(override_, Of("nightstop-project", "voluntary-project", Aspect::kContact)),
            Effect::kShow)
      << "the agreement of silence is with Connexions";
}

TEST_F(Stories, ASensitiveServiceIsBrokeredToAnInvolvedWorker) {
  EXPECT_EQ(Ask(adviser_, Drugs(Aspect::kExistence)), Effect::kBroker);
  for (const Aspect aspect : {Aspect::kAgency, Aspect::kContact}) {
    EXPECT_EQ(Ask(adviser_, Drugs(aspect)), Effect::kHide);
  }
  const Explanation why = Why(adviser_, Drugs(Aspect::kExistence));
  EXPECT_EQ(why.ask_agency, kNoSymbol);
  for (const std::string* text : {&why.worker_reason, &why.next_step}) {
    for (const char* tell : {"rug", "ubstance", "ensitive"}) {
      EXPECT_EQ(text->find(tell), std::string::npos) << *text;
    }
  }
  Question stranger = adviser_;
  stranger.relationships = {};
  EXPECT_EQ(Ask(stranger, Drugs(Aspect::kExistence)), Effect::kHide);
  Consent();
  consents_[0].scope = ConsentScope();
  for (const Aspect aspect : {Aspect::kExistence, Aspect::kAgency, Aspect::kContact}) {
    EXPECT_EQ(Ask(adviser_, Drugs(aspect)), Effect::kShow) << ToString(aspect);
    EXPECT_EQ(Ask(stranger, Drugs(aspect)), Effect::kHide);
  }
}

TEST_F(Stories, AStrangerSeesNothing) {
  adviser_.relationships = {};
  for (const Aspect aspect : AllAspects()) {
    EXPECT_EQ(Ask(adviser_, Yot(aspect)), Effect::kHide);
  }
}

TEST_F(Stories, AShieldedPersonIsNotLocated) {
  for (const Question& q : {adviser_, override_, seconded_}) {
    for (const Tri shielded : {Tri::kYes, Tri::kUnknown}) {
      for (const Aspect aspect : {Aspect::kAgency, Aspect::kContact}) {
        Item item = Yot(aspect);
        item.shielded = shielded;
        EXPECT_EQ(Ask(q, item), Effect::kHide);
        item.holder = q.agency;
        item.service = p_->ServiceSymbol("housing");
        EXPECT_EQ(Ask(q, item), Effect::kShow) << "its own record stays its own";
      }
    }
  }
}

TEST_F(Stories, SocialServicesYotAndConnexionsKnowEachOthersWorkers) {
  const struct {
    const char *agency, *service;
  } sides[] = {{"nortown-social-services", "childrens-social-care"},
               {"nortown-yot", "youth-offending"},
               {"northern-connexions", "connexions"}};
  for (const auto& asker : sides) {
    for (const auto& holder : sides) {
      Question q = Who(asker.agency, "manager", Purpose::kServiceDelivery);
      Item item = Of(holder.agency, holder.service, Aspect::kContact);
      const bool own = asker.agency == holder.agency;
      EXPECT_EQ(Ask(q, item), own ? Effect::kShow : Effect::kHide);
      q.relationships.yes = Bit(Relationship::kConferenceMember);
      EXPECT_EQ(Ask(q, item), Effect::kShow) << asker.agency << " of " << holder.agency;
      item.open = Tri::kNo;
      EXPECT_EQ(Ask(q, item), Effect::kShow) << "a closed flag is seen, as closed";
      q.is_practitioner = Tri::kNo;
      EXPECT_EQ(Ask(q, item), Effect::kHide) << "not by a system";
    }
  }
}

// Promise 7: for whom "has" and "has none" may be told apart.
TEST_F(Stories, CoverageIsToldOnlyWhereNoHideCouldApply) {
  const PersonFacts plain{Tri::kNo, Tri::kNo, Tri::kNo};
  const auto known = [&](const Question& q, const char* agency, const PersonFacts& person) {
    const Symbol holder = p_->AgencySymbol(agency);
    return p_->AlwaysShows(q, person, holder, kNoSymbol, Aspect::kExistence) &&
           p_->AlwaysShows(q, person, holder, kNoSymbol, Aspect::kAgency);
  };
  EXPECT_TRUE(known(adviser_, "nortown-yot", plain));
  EXPECT_TRUE(known(adviser_, "nortown-social-services", plain));
  EXPECT_TRUE(known(adviser_, "northern-connexions", plain));
  EXPECT_FALSE(known(adviser_, "nortown-yot", PersonFacts{Tri::kYes, Tri::kNo, Tri::kNo}));
  EXPECT_FALSE(known(adviser_, "nortown-yot", PersonFacts{Tri::kNo, Tri::kUnknown, Tri::kNo}));
  EXPECT_FALSE(known(adviser_, "nortown-yot", PersonFacts{Tri::kNo, Tri::kNo, Tri::kUnknown}));
  EXPECT_FALSE(known(adviser_, "nortown-drugs-advice", plain));
  EXPECT_FALSE(known(adviser_, "nightstop-project", plain));
  EXPECT_FALSE(known(adviser_, "nortown-housing", plain));
  EXPECT_FALSE(known(housing_, "nortown-yot", plain));
  EXPECT_TRUE(known(override_, "nortown-drugs-advice", plain));
  adviser_.relationships = {};
  EXPECT_FALSE(known(adviser_, "nortown-yot", plain));
}

TEST_F(Stories, AWorkerCanReadWhatTheAgreementsSay) {
  const std::vector<AgreementView> views =
      p_->ListAgreements(p_->AgencySymbol("northern-connexions"), kNowS);
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0].other_agency, "nortown-social-services");
  EXPECT_EQ(views[1].other_agency, "nortown-yot");
  EXPECT_TRUE(views[1].in_force);
  ASSERT_EQ(views[1].may_see.size(), 4u);
  EXPECT_EQ(
      views[1].may_see[1].words,
      "ASSET with written consent: show content of asset except victims, offence-details of "
      "youth-offending to connexions practitioner when consent is explicit and in force by the "
      "young person, and worker is involved and purpose is assessment or support-planning, "
      "basis consent (ASSET-CONSENT)");
  // The same in its parts, for whoever says it in another language.
  EXPECT_EQ(views[1].may_see[1].rule_id, "ASSET-CONSENT");
  EXPECT_EQ(views[1].may_see[1].rule_title, "ASSET with written consent");
  EXPECT_TRUE(absl::StartsWith(views[1].may_see[1].statement, "show content of asset except"));
  EXPECT_EQ(views[1].may_see[1].basis, Gateway::kConsent);
  ASSERT_FALSE(views[1].never_see.empty());
  EXPECT_EQ(views[1].never_see[0].basis, Gateway::kNone);
  EXPECT_FALSE(p_->ListAgreements(p_->AgencySymbol("nortown-yot"), 2100000000)[0].in_force);
  EXPECT_TRUE(p_->ListAgreements(p_->AgencySymbol("nortown-housing"), kNowS).empty());
  EXPECT_TRUE(p_->ListAgreements(kNoSymbol, kNowS).empty());
}

// Breaking the policy on purpose: each check of the file must be able to fail.
TEST(NortownChecks, EachBrokenPolicyIsRefused) {
  const struct {
    const char *from, *to;
  } breaks[] = {
      {"consent is explicit and in force", "consent is in force"},
      {"when consent is explicit and in force by the young person, and worker is involved\n  basis",
       "when consent is explicit and in force by the young person\n  basis"},
      {"\n  when purpose is housing or employment", "\n  when purpose is employment"},
      {"hide agency, contact, assessment, content, record",
       "hide agency, assessment, content, record"},
      {"content of asset except victims, offence", "content of asset except offence"},
      {"when consent is refused by the young person\n",
       "when consent is refused by the young person, and purpose is safeguarding\n"},
      // What the law asks.
      {"\n  when item names a victim\n", "\n  when item names a victim, and flag is closed\n"},
      {"\n  when person has a new identity\n",
       "\n  when person has a new identity, and flag is closed\n"},
      {"  unless consent is withdrawn by the young person\n", ""},
      {"unless consent is explicit and in force by the young person\n  an override",
       "unless consent is explicit and in force\n  an override"},
      {"from everyone except the holder\n  when consent is refused by the young person",
       "from everyone except the holder or members of nortown-yot-team\n  when consent is refused "
       "by "
       "the young person"},
      {"basis esa2008-s76", "basis ca1989-s17"},
      {"on connexions systems", "on housing systems"},
  };
  for (const auto& broken : breaks) {
    const std::string whole = ShippedPolicy("nortown");
    const std::string text = absl::StrReplaceAll(whole, {{broken.from, broken.to}});
    ASSERT_NE(text, whole) << broken.from;
    CompileOptions checks_alone;
    checks_alone.run_examples = false;
    const CompileResult result = Compile(text, NortownVocabulary(), checks_alone);
    EXPECT_FALSE(result.ok()) << broken.to;
    EXPECT_NE(result.Errors().find("'check no"), std::string::npos) << result.Errors();
  }
}

}  // namespace
}  // namespace signpost::policy
