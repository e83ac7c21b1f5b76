// The semantics of a decision, one rule of them at a time.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/engine/decide_fixture.h"

namespace signpost::policy {
namespace {

TEST_F(Decide, HidesWhereNoRuleSpeaks) {
  Use("");
  const Decision decision = Whole();
  EXPECT_EQ(decision.effect, Effect::kHide);
  EXPECT_TRUE(decision.by_default);
  EXPECT_EQ(decision.rule_count, 0);
}

TEST_F(Decide, FactsNobodySetAreHidden) {
  Use(kShowAll);
  EXPECT_EQ(policy_->Decide(Question(), Item()).effect, Effect::kHide);
  EXPECT_EQ(Ask(), Effect::kShow);
}

TEST_F(Decide, AHideBeatsAShowWhateverTheirOrder) {
  const std::string hide = "rule H \"h\"\n hide contact of youth-offending from connexions\n";
  for (const std::string& rules : {hide + kShowAll, kShowAll + hide}) {
    Use(rules);
    i_.aspect = Aspect::kContact;
    EXPECT_EQ(Ask(), Effect::kHide);
    EXPECT_EQ(Deciding(), "H ");
    i_.aspect = Aspect::kAgency;
    EXPECT_EQ(Ask(), Effect::kShow);
  }
}

TEST_F(Decide, AHiddenExistenceHidesEverything) {
  Use(absl::StrCat(kShowAll, "rule H \"h\"\n hide existence of youth-offending from connexions\n"));
  for (const Aspect aspect : AllAspects()) {
    i_.aspect = aspect;
    EXPECT_EQ(Ask(), Effect::kHide) << ToString(aspect);
  }
}

TEST_F(Decide, ABrokerSoftensTheHideOfItsOwnRuleAndNoOther) {
  const std::string own =
      "rule B \"b\"\n hide everything of youth-offending from connexions\n"
      " unless consent is explicit and in force\n"
      " broker existence of youth-offending to practitioner when worker is involved\n"
      " basis ca2004-s10 then no onward sharing\n";
  Use(own + kShowAll);
  Decision decision = Whole();
  EXPECT_EQ(decision.effect, Effect::kBroker);
  EXPECT_EQ(decision.obligations, Bit(Obligation::kNoOnwardSharing));
  i_.aspect = Aspect::kContact;
  EXPECT_EQ(Ask(), Effect::kHide);
  i_.aspect = Aspect::kExistence;
  i_.brokerable = Tri::kUnknown;
  EXPECT_EQ(Ask(), Effect::kHide) << "what cannot be brokered is hidden";
  i_.brokerable = Tri::kYes;
  q_.relationships.yes = 0;
  EXPECT_EQ(Ask(), Effect::kHide);
  q_.relationships.yes = Bit(Relationship::kReferral);
  Give(Given(true));
  EXPECT_EQ(Ask(), Effect::kShow) << "the hide is silent, so its broker is";

  consents_.clear();
  Use(own + kShowAll + "rule H \"h\"\n hide existence of youth-offending from everyone\n");
  i_.consents = {};
  EXPECT_EQ(Ask(), Effect::kHide);
  EXPECT_EQ(Deciding(), "H ");
}

TEST_F(Decide, ABrokerBeatsAShow) {
  Use(absl::StrCat(kShowAll,
                   "rule B \"b\"\n broker existence of youth-offending to practitioner\n"
                   " basis ca2004-s10\n"));
  EXPECT_EQ(Ask(), Effect::kBroker);
  i_.aspect = Aspect::kAgency;
  EXPECT_EQ(Ask(), Effect::kShow);
}

TEST_F(Decide, AnUnknownFactSatisfiesEveryHideAndNoShow) {
  const std::string show =
      "rule S \"s\"\n show existence of youth-offending to connexions "
      "personal-adviser\n when worker is involved, and purpose is "
      "support-planning, and flag is open\n basis ca2004-s10\n";
  const std::string hide =
      "rule H \"h\"\n hide existence of everything from everyone\n"
      " when person is shielded\n";
  Use(show + hide);
  ASSERT_EQ(Ask(), Effect::kShow);
  const auto unknown = [&](auto change) {
    const Question q = q_;
    const Item i = i_;
    change();
    const Effect effect = Ask();
    q_ = q;
    i_ = i;
    return effect == Effect::kHide;
  };
  EXPECT_TRUE(unknown([&] { q_.agency = kNoSymbol; }));
  EXPECT_TRUE(unknown([&] { q_.role = kNoSymbol; }));
  EXPECT_TRUE(unknown([&] { q_.role = 9999; }));
  EXPECT_TRUE(unknown([&] { q_.purpose = Purpose::kUnspecified; }));
  EXPECT_TRUE(unknown([&] { q_.purpose = static_cast<Purpose>(77); }));
  EXPECT_TRUE(unknown([&] { q_.is_practitioner = Tri::kUnknown; }));
  EXPECT_TRUE(unknown([&] { q_.is_practitioner = static_cast<Tri>(9); }));
  EXPECT_TRUE(unknown([&] { q_.relationships = {0, 0xff}; }));
  EXPECT_TRUE(unknown([&] { i_.service = kNoSymbol; }));
  EXPECT_TRUE(unknown([&] { i_.service = 9999; }));
  EXPECT_TRUE(unknown([&] { i_.open = Tri::kUnknown; }));
  EXPECT_TRUE(unknown([&] { i_.shielded = Tri::kUnknown; }));
  EXPECT_TRUE(unknown([&] { i_.aspect = static_cast<Aspect>(99); }));
  EXPECT_FALSE(unknown([&] { i_.disputed = Tri::kUnknown; })) << "no rule looks at it";
}

TEST_F(Decide, AnUnknownServiceIsHiddenByAHideOfAnyService) {
  Use(absl::StrCat(kShowAll, "rule H \"h\"\n hide everything of sensitive from everyone\n"));
  ASSERT_EQ(Ask(), Effect::kShow);
  i_.service = kNoSymbol;
  EXPECT_EQ(Ask(), Effect::kHide);
  EXPECT_EQ(Deciding(), "H ");
  i_.service = 4711;
  EXPECT_EQ(Ask(), Effect::kHide) << "a symbol of nothing is an unknown word";
  EXPECT_TRUE(policy_->IsSensitiveService(kNoSymbol));
  EXPECT_TRUE(policy_->IsSensitiveService(policy_->ServiceSymbol("sexual-health")));
  EXPECT_FALSE(policy_->IsSensitiveService(policy_->ServiceSymbol("housing")));
}

TEST_F(Decide, BeforeThePolicyIsInForceEverythingIsHidden) {
  Use(kShowAll);
  q_.now_s = kFromS - 1;
  EXPECT_EQ(Ask(), Effect::kHide);
  EXPECT_EQ(Whole().missing, Bit(Missing::kPolicy));
  q_.now_s = kFromS;
  EXPECT_EQ(Ask(), Effect::kShow);
}

constexpr char kAgreement[] =
    "agreement G \"g\" between nortown-yot and northern-connexions\n"
    " from 2025-06-01 until 2025-06-30 review 2025-06-15\n"
    " nortown-yot chooses cda1998-s115\n"
    "rule A \"a\"\n show existence of youth-offending, connexions to everyone basis esa2008-s76\n"
    "rule T \"t\"\n show agency of youth-offending, connexions to everyone basis cda1998-s115\n"
    "rule N \"n\"\n hide contact of youth-offending from connexions\n"
    "end agreement\n";

TEST_F(Decide, AnAgreementHoldsFromItsFirstSecondToTheEndOfItsLastDay) {
  Use(absl::StrCat(kAgreement,
                   "rule C \"c\"\n show contact of everything to everyone basis ca2004-s10\n"));
  constexpr int64_t kJune1 = kFromS + 61 * kDayS;
  constexpr int64_t kJuly1 = kJune1 + 30 * kDayS;
  const auto at = [&](int64_t now_s) {
    q_.now_s = now_s;
    return Ask();
  };
  EXPECT_EQ(at(kJune1 - 1), Effect::kHide);
  EXPECT_NE(Whole().missing & Bit(Missing::kAgreement), 0u);
  EXPECT_EQ(at(kJune1), Effect::kShow);
  EXPECT_EQ(Whole().agreement, 0);
  EXPECT_EQ(at(kJuly1 - 1), Effect::kShow);
  EXPECT_EQ(at(kJuly1), Effect::kHide);
  EXPECT_EQ(at(kJuly1 + 1), Effect::kHide);
  i_.aspect = Aspect::kContact;
  EXPECT_EQ(at(kJuly1), Effect::kHide) << "what it hid stays hidden when it has run out";
  EXPECT_EQ(Deciding(), "N ");
}

TEST_F(Decide, AnAgreementIsBetweenItsPartiesOnly) {
  Use(kAgreement);
  q_.now_s = kFromS + 62 * kDayS;
  EXPECT_EQ(Ask(), Effect::kShow);
  q_.agency = policy_->AgencySymbol("nortown-housing");
  EXPECT_EQ(Ask(), Effect::kHide);
  q_.agency = policy_->AgencySymbol("northern-connexions");
  i_.holder = policy_->AgencySymbol("nortown-housing");
  EXPECT_EQ(Ask(), Effect::kHide);
}

TEST_F(Decide, Section115NeedsAuthorityNecessityAndTheHoldersChoice) {
  Use(kAgreement);
  q_.now_s = kFromS + 62 * kDayS;
  i_.aspect = Aspect::kAgency;
  q_.necessity_stated = Tri::kYes;
  EXPECT_EQ(Ask(), Effect::kHide) << "Connexions is no relevant authority";
  EXPECT_EQ(Whole().missing, Bit(Missing::kGateway));
  // Within the team, inside its purposes, the adviser acts for one.
  TeamStanding standing;
  standing.team = policy_->TeamSymbol("nortown-yot-team");
  q_.teams = absl::MakeConstSpan(&standing, 1);
  EXPECT_EQ(Ask(), Effect::kShow);
  EXPECT_EQ(Whole().gateway, Gateway::kCda1998S115);
  q_.purpose = Purpose::kCareerGuidance;
  EXPECT_EQ(Ask(), Effect::kHide);
  q_.purpose = Purpose::kAssessment;
  q_.necessity_stated = Tri::kNo;
  EXPECT_EQ(Ask(), Effect::kHide);
  EXPECT_EQ(Whole().missing, Bit(Missing::kNecessity));
  // The other way: Connexions did not choose the power, whatever the YOT is.
  q_ = Question();
  q_.agency = policy_->AgencySymbol("nortown-yot");
  q_.is_practitioner = q_.necessity_stated = Tri::kYes;
  q_.purpose = Purpose::kYouthJustice;
  q_.now_s = kFromS + 62 * kDayS;
  i_.holder = policy_->AgencySymbol("northern-connexions");
  i_.service = policy_->ServiceSymbol("connexions");
  EXPECT_EQ(Ask(), Effect::kHide);
}

TEST_F(Decide, ASystemAloneSeesNoContactAndNoContent) {
  Use(kShowAll);
  for (const Tri who : {Tri::kNo, Tri::kUnknown, Tri::kYes}) {
    q_.is_practitioner = who;
    for (const Aspect aspect : {Aspect::kContact, Aspect::kContent}) {
      i_.aspect = aspect;
      EXPECT_EQ(Ask(), who == Tri::kYes ? Effect::kShow : Effect::kHide);
      EXPECT_EQ(Whole().missing, who == Tri::kYes ? 0 : Bit(Missing::kPractitioner));
    }
    i_.aspect = Aspect::kExistence;
    EXPECT_EQ(Ask(), Effect::kShow);
  }
}

constexpr char kConsent[] =
    "rule C \"c\"\n show content of asset of youth-offending to practitioner\n"
    " when consent is explicit and in force basis consent then state expiry, log\n"
    "rule E \"e\"\n show existence, agency of youth-offending to practitioner basis ca2004-s10\n";

TEST_F(Decide, ConsentHoldsFromItsFirstSecondAndNotAtItsLast) {
  Use(kConsent);
  i_.aspect = Aspect::kContent;
  ConsentFact consent = Given(true);
  consent.from_s = 1750000000;
  consent.until_s = 1760000000;
  Give(consent);
  const auto at = [&](int64_t now_s) {
    q_.now_s = now_s;
    return Ask();
  };
  EXPECT_EQ(at(1750000000 - 1), Effect::kHide);
  EXPECT_EQ(at(1750000000), Effect::kShow);
  EXPECT_EQ(at(1760000000 - 1), Effect::kShow);
  EXPECT_EQ(at(1760000000), Effect::kHide);
  EXPECT_EQ(Whole().missing, Bit(Missing::kExplicitConsent));
  EXPECT_EQ(at(1760000000 + 1), Effect::kHide);
}

TEST_F(Decide, AShowOnConsentNamesTheConsentThatLastsLongest) {
  Use(kConsent);
  i_.aspect = Aspect::kContent;
  ConsentFact shorter = Given(true);
  shorter.until_s = q_.now_s + 10;
  ConsentFact longer = Given(true);
  longer.until_s = q_.now_s + 20;
  ConsentFact spoken = Given(false);
  Give(shorter);
  Give(longer);
  Give(spoken);
  const Decision decision = Whole();
  EXPECT_EQ(decision.effect, Effect::kShow);
  EXPECT_EQ(decision.consent, 1);
  EXPECT_EQ(decision.gateway, Gateway::kConsent);
  EXPECT_EQ(decision.obligations, Bit(Obligation::kLog) | Bit(Obligation::kStateExpiry));
  EXPECT_NE(
      policy_->Explain(q_, i_, decision).worker_reason.find("The consent ends on 10 July 2025"),
      std::string::npos)
      << policy_->Explain(q_, i_, decision).worker_reason;
}

TEST_F(Decide, RefusedWithdrawnExpiredAndNotAskedAreFourThings) {
  Use("rule R \"r\"\n show existence of youth-offending to everyone when consent is refused\n"
      " basis ca2004-s10\n"
      "rule W \"w\"\n show existence of youth-offending to everyone when consent is withdrawn\n"
      " basis ca2004-s10\n"
      "rule X \"x\"\n show existence of youth-offending to everyone when consent is expired\n"
      " basis ca2004-s10\n"
      "rule N \"n\"\n show existence of youth-offending to everyone when consent is not asked\n"
      " basis ca2004-s10\n");
  EXPECT_EQ(Deciding(), "N ");
  const auto only = [&](const ConsentFact& consent) {
    consents_ = {consent};
    i_.consents = consents_;
    return Deciding();
  };
  ConsentFact consent = Given(true);
  consent.decision = ConsentDecision::kRefused;
  EXPECT_EQ(only(consent), "R ");
  consent.decision = ConsentDecision::kWithdrawn;
  EXPECT_EQ(only(consent), "W ");
  consent.decision = ConsentDecision::kGiven;
  EXPECT_EQ(only(consent), "") << "given is none of the four";
  consent.until_s = q_.now_s;
  EXPECT_EQ(only(consent), "X ");
  consent.decision = static_cast<ConsentDecision>(9);
  EXPECT_EQ(only(consent), "") << "a decision that is none satisfies no show";
  i_.consents_known = Tri::kUnknown;
  EXPECT_EQ(Deciding(), "") << "unknown is none of them";
}

// A competent child and a parent: the rules say who prevails.
TEST_F(Decide, TwoGrantorsMayDisagree) {
  ConsentFact child = Given(true);
  child.decision = ConsentDecision::kRefused;
  child.grantor = Grantor::kSelfCompetent;
  ConsentFact parent = Given(true);
  parent.grantor = Grantor::kParentalResponsibility;
  const std::string from_parent =
      "rule P \"p\"\n show existence of youth-offending to everyone\n"
      " when consent is in force from a parent";
  Use(from_parent + " basis consent\n");
  Give(child);
  EXPECT_EQ(Ask(), Effect::kHide);
  Give(parent);
  EXPECT_EQ(Ask(), Effect::kShow);
  EXPECT_EQ(Whole().consent, 1);
  Use(from_parent + " unless consent is refused by the young person basis consent\n");
  i_.consents = consents_;
  EXPECT_EQ(Ask(), Effect::kHide) << "here the child prevails";
  Use(from_parent + " unless consent is refused by a court basis consent\n");
  i_.consents = consents_;
  EXPECT_EQ(Ask(), Effect::kShow);
  consents_[0].grantor = Grantor::kUnspecified;
  EXPECT_EQ(Ask(), Effect::kHide) << "perhaps it was the court";
  consents_[0].grantor = static_cast<Grantor>(77);
  EXPECT_EQ(Ask(), Effect::kHide);
}

TEST_F(Decide, EveryGrantorIsTheYoungPersonOrAnother) {
  for (const Grantor grantor : AllGrantors()) {
    const bool self = grantor == Grantor::kSelf || grantor == Grantor::kSelfCompetent;
    for (const char* by : {"the young person", "another"}) {
      Use(absl::StrCat("rule A \"a\"\n show existence of youth-offending to everyone\n",
                       " when consent is in force from ", by, " basis consent\n"));
      ConsentFact consent = Given(false);
      consent.grantor = grantor;
      consents_ = {consent};
      i_.consents = consents_;
      EXPECT_EQ(Ask() == Effect::kShow, self == (std::string(by) != "another"))
          << ToString(grantor) << " as " << by;
    }
  }
}

TEST_F(Decide, ThreeThingsCalledConsentAreKeptApart) {
  Use("rule A \"a\"\n show existence of youth-offending to everyone when consent is in force\n"
      " basis consent\n"
      "rule B \"b\"\n show agency of youth-offending to everyone\n"
      " when consent to the service is in force basis ca2004-s10\n"
      "rule C \"c\"\n hide agency of youth-offending from everyone\n"
      " when consent to data-protection is refused\n"
      "rule D \"d\"\n show assessment of youth-offending to everyone\n"
      " when consent to the service is not asked basis ca2004-s10\n");
  const auto ask = [&](ConsentMatter matter, ConsentDecision decision, Aspect aspect) {
    ConsentFact consent = Given(true);
    consent.matter = matter;
    consent.decision = decision;
    consents_.assign(1, consent);
    i_.consents = consents_;
    i_.aspect = aspect;
    return Ask();
  };
  using M = ConsentMatter;
  constexpr auto kGiven = ConsentDecision::kGiven;
  EXPECT_EQ(ask(M::kSharing, kGiven, Aspect::kExistence), Effect::kShow);
  EXPECT_EQ(ask(M::kDataProtection, kGiven, Aspect::kExistence), Effect::kHide);
  EXPECT_EQ(ask(M::kService, kGiven, Aspect::kExistence), Effect::kHide);
  EXPECT_EQ(ask(M::kService, kGiven, Aspect::kAgency), Effect::kShow);
  EXPECT_EQ(ask(M::kSharing, kGiven, Aspect::kAgency), Effect::kHide);
  EXPECT_EQ(ask(M::kSharing, kGiven, Aspect::kAssessment), Effect::kShow);
  EXPECT_EQ(ask(M::kService, kGiven, Aspect::kAssessment), Effect::kHide);
  EXPECT_EQ(ask(M::kService, ConsentDecision::kRefused, Aspect::kAssessment), Effect::kHide);
  for (const Aspect aspect : {Aspect::kExistence, Aspect::kAgency, Aspect::kAssessment}) {
    EXPECT_EQ(ask(M::kUnspecified, kGiven, aspect), Effect::kHide) << ToString(aspect);
    EXPECT_EQ(ask(static_cast<M>(9), kGiven, aspect), Effect::kHide) << ToString(aspect);
  }
}

TEST_F(Decide, AParentsConsentEndsWithTheFirstSecondOfTheEighteenthBirthday) {
  Use("where consent is from a parent or an authority, it ends at 18\n"
      "rule A \"a\"\n show existence of youth-offending to everyone\n"
      " when consent is in force basis consent then state expiry\n"
      "rule X \"x\"\n show agency of youth-offending to everyone\n"
      " when consent is expired basis ca2004-s10\n"
      "rule R \"r\"\n hide contact of youth-offending from everyone when consent is refused\n"
      "rule S \"s\"\n show contact of youth-offending to everyone basis ca2004-s10\n");
  constexpr int64_t kBirthdayS = 1760000000;
  i_.adult_from_s = kBirthdayS;
  ConsentFact consent = Given(true);
  const auto at = [&](Grantor grantor, int64_t now_s) {
    consent.grantor = grantor;
    consents_.assign(1, consent);
    i_.consents = consents_;
    q_.now_s = now_s;
    return Ask();
  };
  for (const Grantor grantor : {Grantor::kParentalResponsibility, Grantor::kAuthority}) {
    EXPECT_EQ(at(grantor, kBirthdayS - 1), Effect::kShow);
    EXPECT_EQ(at(grantor, kBirthdayS), Effect::kHide);
    EXPECT_EQ(at(grantor, kBirthdayS + 1), Effect::kHide);
  }
  for (const Grantor grantor : {Grantor::kSelf, Grantor::kSelfCompetent, Grantor::kCourt}) {
    EXPECT_EQ(at(grantor, kBirthdayS + 1), Effect::kShow) << ToString(grantor);
  }
  EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS - 1), Effect::kShow);
  EXPECT_NE(policy_->Explain(q_, i_, Whole()).worker_reason.find("ends on 9 October 2025"),
            std::string::npos)
      << policy_->Explain(q_, i_, Whole()).worker_reason;
  i_.aspect = Aspect::kAgency;
  EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS), Effect::kShow) << "it has expired";
  // Without a birth date a parent's yes is neither in force nor expired; the child's own is.
  i_.adult_from_s = kUnknownS;
  for (const Aspect aspect : {Aspect::kExistence, Aspect::kAgency}) {
    i_.aspect = aspect;
    EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS - 1), Effect::kHide);
  }
  i_.aspect = Aspect::kExistence;
  EXPECT_EQ(at(Grantor::kSelf, kBirthdayS + 1), Effect::kShow);
  // One that has ended by itself has ended, whatever the birthday.
  consent.until_s = kBirthdayS - 10;
  i_.aspect = Aspect::kAgency;
  EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS - 10), Effect::kShow);
  consent.until_s = kNeverS;
  // Their no counts no longer than their yes; where the birthday is not known, it still does.
  consent.decision = ConsentDecision::kRefused;
  i_.adult_from_s = kBirthdayS;
  i_.aspect = Aspect::kContact;
  EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS - 1), Effect::kHide);
  EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS), Effect::kShow);
  EXPECT_EQ(at(Grantor::kSelf, kBirthdayS + 1), Effect::kHide);
  i_.adult_from_s = kUnknownS;
  EXPECT_EQ(at(Grantor::kParentalResponsibility, kBirthdayS + 1), Effect::kHide);
}

// A birthday ends all that was said, also what had an end of its own: before, on, and after that
// day.
TEST_F(Decide, AParentsWithdrawalAndNoEndWithTheSixteenthBirthdayWhateverEndTheyHave) {
  Use("where consent is from a parent or an authority, it ends at 16\n"
      "rule S \"s\"\n show existence, agency of youth-offending to everyone basis ca2004-s10\n"
      "rule W \"w\"\n hide existence of youth-offending from everyone\n"
      " when consent is withdrawn from a parent\n"
      "rule R \"r\"\n hide agency of youth-offending from everyone\n"
      " when consent is refused from a parent\n");
  constexpr int64_t kBirthdayS = 1760000000;
  i_.sixteen_from_s = kBirthdayS;
  ConsentFact consent = Given(true);
  consent.grantor = Grantor::kParentalResponsibility;
  const auto at = [&](Aspect aspect, int64_t now_s) {
    consent.decision =
        aspect == Aspect::kAgency ? ConsentDecision::kRefused : ConsentDecision::kWithdrawn;
    consents_.assign(1, consent);
    i_.consents = consents_;
    i_.aspect = aspect;
    q_.now_s = now_s;
    return Ask();
  };
  for (const int64_t until_s : {kBirthdayS - 100, kBirthdayS, kBirthdayS + 100, kNeverS}) {
    consent.until_s = until_s;
    // What was taken back stays so, though it would have ended by now.
    EXPECT_EQ(at(Aspect::kExistence, kBirthdayS - 1), Effect::kHide) << until_s;
    EXPECT_EQ(at(Aspect::kExistence, kBirthdayS), Effect::kShow) << until_s;
    EXPECT_EQ(at(Aspect::kAgency, kBirthdayS - 101), Effect::kHide) << until_s;
    EXPECT_EQ(at(Aspect::kAgency, kBirthdayS), Effect::kShow) << until_s;
  }
  i_.sixteen_from_s = kUnknownS;
  EXPECT_EQ(at(Aspect::kExistence, kBirthdayS), Effect::kHide) << "nobody knows how old they are";
}

TEST_F(Decide, NewIdentitySpentOffencesAndVictimsHideUnlessKnownNotTo) {
  Use(absl::StrCat(
      kShowAll,
      "rule N \"n\"\n hide existence of everything from everyone when person has a new identity\n"
      "rule O \"o\"\n hide content of everything from everyone when item is about a spent "
      "offence\n"
      "rule V \"v\"\n hide contact of everything from everyone unless item names no victim\n"));
  const struct {
    Tri Item::*fact;
    Aspect aspect;
    const char* rule;
  } cases[] = {{&Item::new_identity, Aspect::kExistence, "N "},
               {&Item::spent_offence, Aspect::kContent, "O "},
               {&Item::names_victim, Aspect::kContact, "V "}};
  for (const auto& one : cases) {
    i_.new_identity = i_.spent_offence = i_.names_victim = Tri::kNo;
    i_.aspect = one.aspect;
    EXPECT_EQ(Ask(), Effect::kShow) << one.rule;
    for (const Tri value : {Tri::kYes, Tri::kUnknown, static_cast<Tri>(9)}) {
      i_.*one.fact = value;
      EXPECT_EQ(Ask(), Effect::kHide) << one.rule;
      EXPECT_EQ(Deciding(), one.rule);
    }
  }
}

TEST_F(Decide, TooManyConsentsAreAnUnknownState) {
  Use(kConsent);
  i_.aspect = Aspect::kContent;
  consents_.assign(kConsentsPerItemMax, Given(true));
  i_.consents = consents_;
  EXPECT_EQ(Ask(), Effect::kShow);
  Give(Given(true));
  EXPECT_EQ(Ask(), Effect::kHide);
}

TEST_F(Decide, ConsentMatchesAllFieldsAndAnyWordInAField) {
  Use(kConsent);
  i_.aspect = Aspect::kContent;
  const Symbol connexions = q_.agency;
  const Symbol housing = policy_->AgencySymbol("nortown-housing");
  const Symbol lifestyle = policy_->SectionSymbol("lifestyle");
  const Symbol victims = policy_->SectionSymbol("victims");
  const Symbol asset = policy_->AssessmentSymbol("asset");
  const Symbol apir = policy_->AssessmentSymbol("apir");
  const Symbol adviser = policy_->RoleSymbol("personal-adviser");
  const Symbol officer = policy_->RoleSymbol("yot-officer");
  const Symbol kind = policy_->AgencyKindSymbol("connexions");
  const Symbol school = policy_->AgencyKindSymbol("housing");
  const Symbol unknown = kNoSymbol;
  const Purpose planning = Purpose::kSupportPlanning;
  const Purpose housing_purpose = Purpose::kHousing;
  const auto covered = [&](auto set) {
    ConsentFact consent = Given(true);
    set(consent.scope);
    consents_ = {consent};
    i_.consents = consents_;
    return Ask() == Effect::kShow;
  };
  const auto one = [](const auto& value) { return absl::MakeConstSpan(&value, 1); };
  EXPECT_TRUE(covered([](ConsentScope&) {}));
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.agencies = one(connexions); }));
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.agencies = one(housing); }));
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.agencies = one(unknown); }));
  const Symbol both[] = {housing, connexions};
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.agencies = both; }));
  EXPECT_FALSE(covered([&](ConsentScope& s) {
    s.agencies = both;
    s.roles = one(officer);
  }));
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.roles = one(adviser); }));
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.agency_kinds = one(kind); }));
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.agency_kinds = one(school); }));
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.assessments = one(asset); }));
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.assessments = one(apir); }));
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.sections = one(lifestyle); }));
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.sections = one(victims); }));
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.purposes = one(planning); }));
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.purposes = one(housing_purpose); }));
  const Aspect contact = Aspect::kContact;
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.aspects = one(contact); }));
  // Exceptions, and exceptions to exceptions.
  ConsentScope not_lifestyle;
  not_lifestyle.sections = one(lifestyle);
  EXPECT_FALSE(covered([&](ConsentScope& s) { s.exceptions = one(not_lifestyle); }));
  ConsentScope but_for_advisers;
  but_for_advisers.roles = one(adviser);
  not_lifestyle.exceptions = one(but_for_advisers);
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.exceptions = one(not_lifestyle); }));
  ConsentScope not_victims;
  not_victims.sections = one(victims);
  EXPECT_TRUE(covered([&](ConsentScope& s) { s.exceptions = one(not_victims); }));
}

TEST_F(Decide, ConsentToOnePaperIsNoConsentToAnythingElse) {
  Use("rule C \"c\"\n show existence, contact, assessment, content of everything to practitioner\n"
      " when consent is explicit and in force basis consent\n");
  const Symbol asset = policy_->AssessmentSymbol("asset");
  ConsentFact consent = Given(true);
  consent.scope.assessments = absl::MakeConstSpan(&asset, 1);
  Give(consent);
  i_.aspect = Aspect::kContent;
  EXPECT_EQ(Ask(), Effect::kShow);
  i_.aspect = Aspect::kAssessment;
  EXPECT_EQ(Ask(), Effect::kShow);
  i_.aspect = Aspect::kContact;
  EXPECT_EQ(Ask(), Effect::kHide);
}

TEST_F(Decide, ExceptionsNestedTooDeepAreNotFollowed) {
  Use(kConsent);
  i_.aspect = Aspect::kContent;
  // Five exceptions deep, each carving out all of the one above: the sign flips each time.
  std::vector<ConsentScope> scopes(kConsentNestingMax + 2);
  for (size_t i = scopes.size() - 1; i > 0; --i) {
    scopes[i - 1].exceptions = absl::MakeConstSpan(&scopes[i], 1);
  }
  ConsentFact consent = Given(true);
  consent.scope = scopes[0];
  Give(consent);
  EXPECT_EQ(Ask(), Effect::kHide);
}

constexpr char kOverride[] =
    "rule L \"l\"\n hide existence of youth-offending from everyone\n an override may lift this\n"
    "rule N \"n\"\n never show of housing on connexions systems\n"
    "override O \"o\" to personal-adviser when purpose is safeguarding\n"
    " opens existence, contact grounds legal-duty, vital-interests lifts L never lifts N\n"
    " then log, tell officer, close after 60 minutes, review within 2 working days\n";

TEST_F(Decide, AnOverrideOpensTheMinimumAndSaysWhatItLifted) {
  Use(kOverride);
  q_.purpose = Purpose::kSafeguarding;
  EXPECT_EQ(Ask(), Effect::kHide);
  EXPECT_EQ(Whole().missing & Bit(Missing::kOverride), 0u) << "none was asked for";
  q_.override_request = {true, OverrideGround::kVitalInterests, true};
  const Decision decision = Whole();
  EXPECT_EQ(decision.effect, Effect::kShow);
  EXPECT_TRUE(decision.by_override);
  EXPECT_EQ(decision.gateway, Gateway::kVitalInterests);
  ASSERT_NE(decision.lifted_rule, kNoRule);
  EXPECT_EQ(policy_->rules()[static_cast<size_t>(decision.lifted_rule)].id, "L");
  EXPECT_NE(decision.obligations & Bit(Obligation::kReviewWithin2WorkingDays), 0u);
  i_.aspect = Aspect::kAgency;
  EXPECT_EQ(Ask(), Effect::kHide) << "it does not open this";
  EXPECT_NE(Whole().missing & Bit(Missing::kOverride), 0u);
  i_.aspect = Aspect::kContent;
  EXPECT_EQ(Ask(), Effect::kHide);
}

TEST_F(Decide, AnOverrideNeedsRoleGroundReasonAndPurpose) {
  Use(kOverride);
  q_.purpose = Purpose::kSafeguarding;
  q_.override_request = {true, OverrideGround::kLegalDuty, true};
  ASSERT_EQ(Ask(), Effect::kShow);
  // Which duty that is the practitioner says; it need not be that of section 47.
  EXPECT_EQ(Whole().gateway, Gateway::kNone);
  EXPECT_NE(
      policy_->Explain(q_, i_, Whole()).worker_reason.find("Basis: a legal duty, as you stated"),
      std::string::npos);
  const Question good = q_;
  q_.override_request.reason_stated = false;
  EXPECT_EQ(Ask(), Effect::kHide);
  q_ = good;
  q_.override_request.ground = OverrideGround::kPublicInterest;
  EXPECT_EQ(Ask(), Effect::kHide);
  q_.override_request.ground = static_cast<OverrideGround>(40);
  EXPECT_EQ(Ask(), Effect::kHide);
  q_ = good;
  q_.role = policy_->RoleSymbol("project-worker");
  EXPECT_EQ(Ask(), Effect::kHide);
  q_ = good;
  q_.purpose = Purpose::kAssessment;
  EXPECT_EQ(Ask(), Effect::kHide);
  q_ = good;
  q_.is_practitioner = Tri::kNo;
  EXPECT_EQ(Ask(), Effect::kHide);
}

// Whoever said no is not to be asked again; what is left to do is told.
TEST_F(Decide, ARefusalIsSaidAndNobodyIsSentToAskAgain) {
  Use("rule S \"s\"\n show existence, agency of youth-offending to practitioner\n basis "
      "ca2004-s10\n"
      "rule C \"c\"\n show contact of youth-offending to practitioner\n when consent is explicit "
      "and "
      "in force\n basis consent\n"
      "rule P \"p\"\n show assessment of youth-offending to practitioner\n when consent is in "
      "force "
      "from a parent\n basis consent\n"
      "rule H \"h\"\n hide contact of youth-offending from everyone when consent is refused\n");
  i_.aspect = Aspect::kContact;
  const auto told = [this] { return policy_->Explain(q_, i_, Whole()); };
  EXPECT_EQ(told().next_step,
            "Ask the young person for their written consent, and record it, or ask Nortown Youth "
            "Offending Team.");
  ConsentFact no = Given(false);
  for (const ConsentDecision decision : {ConsentDecision::kRefused, ConsentDecision::kWithdrawn}) {
    no.decision = decision;
    consents_.clear();
    Give(no);
    EXPECT_EQ(told().worker_reason,
              "You may not see whom to contact: the young person does not consent to it.");
    EXPECT_EQ(told().next_step,
              "Do not ask for consent again unless they bring it up; ask Nortown Youth Offending "
              "Team what can be done without it.");
    EXPECT_EQ(told().ask_agency, i_.holder);
  }
  // What the young person does not want is not to be had from a parent.
  i_.aspect = Aspect::kAssessment;
  EXPECT_EQ(told().worker_reason.find("somebody who may give it"), std::string::npos);
  EXPECT_EQ(told().next_step.find("Ask whoever"), std::string::npos);
  // A parent's no is a parent's.
  no.grantor = Grantor::kParentalResponsibility;
  consents_.clear();
  Give(no);
  EXPECT_EQ(told().worker_reason,
            "You may not see whether an assessment (asset) exists: whoever may consent for the "
            "young person does not.");
  i_.aspect = Aspect::kContact;
  EXPECT_NE(told().next_step.find("Ask the young person for their written consent"),
            std::string::npos);
}

TEST_F(Decide, AnOverrideLiftsOnlyWhatItNames) {
  Use(kOverride);
  q_.purpose = Purpose::kSafeguarding;
  q_.override_request = {true, OverrideGround::kLegalDuty, true};
  i_.service = policy_->ServiceSymbol("housing");
  EXPECT_EQ(Ask(), Effect::kHide);
  EXPECT_EQ(Deciding(), "N ");
  EXPECT_TRUE(policy_->rules()[1].is_never);
}

TEST_F(Decide, AShowThatNeedsNoOverrideIsNotMadeOne) {
  Use(absl::StrCat(kOverride, kShowAll));
  q_.purpose = Purpose::kSafeguarding;
  q_.override_request = {true, OverrideGround::kLegalDuty, true};
  i_.service = policy_->ServiceSymbol("connexions");
  const Decision decision = Whole();
  EXPECT_EQ(decision.effect, Effect::kShow);
  EXPECT_FALSE(decision.by_override);
}

TEST_F(Decide, MoreDecidingRulesThanFitAreCounted) {
  std::string rules;
  for (int i = 0; i < 12; ++i) {
    absl::StrAppend(&rules, "rule R", i + 10,
                    " \"r\"\n show existence of youth-offending to everyone basis ca2004-s10\n");
  }
  Use(rules);
  const Decision decision = Whole();
  EXPECT_EQ(decision.rule_count, 12);
  EXPECT_EQ(decision.rules[0], 0);
  EXPECT_EQ(decision.rules[7], 7);
}

TEST_F(Decide, AlwaysShowsIsFalseWhereAnyHideCouldApply) {
  Use(absl::StrCat(
      kShowAll,
      "rule D \"d\"\n hide existence of housing from everyone when flag is disputed\n"
      "rule R \"r\"\n hide existence of connexions from everyone when consent is refused\n"
      "rule H \"h\"\n hide agency of everything from everyone when person is shielded\n"
      "rule S2 \"s\"\n hide everything of sensitive from everyone\n"));
  const PersonFacts plain{Tri::kNo};
  const PersonFacts shielded{Tri::kYes};
  const auto always = [&](const char* agency, const char* service, const PersonFacts& person,
                          Aspect aspect) {
    return policy_->AlwaysShows(q_, person, policy_->AgencySymbol(agency),
                                policy_->ServiceSymbol(service), aspect);
  };
  EXPECT_TRUE(always("nortown-yot", "youth-offending", plain, Aspect::kExistence));
  EXPECT_TRUE(always("nortown-yot", "", plain, Aspect::kExistence)) << "its one service";
  EXPECT_TRUE(always("nortown-yot", "youth-offending", plain, Aspect::kAgency));
  EXPECT_FALSE(always("nortown-yot", "youth-offending", shielded, Aspect::kAgency));
  EXPECT_FALSE(always("nortown-yot", "youth-offending", PersonFacts{}, Aspect::kAgency));
  EXPECT_TRUE(always("nortown-yot", "youth-offending", shielded, Aspect::kExistence));
  EXPECT_FALSE(always("nortown-yot", "housing", plain, Aspect::kExistence));
  EXPECT_FALSE(always("nortown-yot", "connexions", plain, Aspect::kExistence));
  EXPECT_FALSE(always("nortown-drugs-advice", "", plain, Aspect::kExistence));
  EXPECT_FALSE(always("nowhere", "youth-offending", plain, Aspect::kExistence));
}

}  // namespace
}  // namespace signpost::policy
