// The prover leaves cells out: those that a check does not speak of, and those that open no more
// than others do. Against policies at random: where it calls a check proved, no cell drawn at
// random may break it.

#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/author.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {
namespace {

using testing::Author;
using testing::NortownVocabulary;

struct Drawn {
  Question question;
  Item item;
  TeamStanding standing;
  std::vector<ConsentFact> consents;
};

class Drawer {
 public:
  Drawer(const Policy& policy, uint32_t seed) : policy_(policy), random_(seed) {}

  void Draw(Drawn& d) {
    d = Drawn();
    Question& q = d.question;
    q.agency = policy_.AgencySymbol(
        One({"nortown-yot", "northern-connexions", "nortown-housing", "nortown-social-services"}));
    q.role = policy_.RoleSymbol(One({"personal-adviser", "social-worker", "housing-officer", ""}));
    q.is_practitioner = Upto(4) == 0 ? Tri::kNo : Tri::kYes;
    q.purpose = AllPurposes()[Upto(AllPurposes().size())];
    q.relationships.yes = static_cast<uint8_t>(Upto(2) == 0 ? 0 : Upto(32));
    q.necessity_stated = Tri::kYes;
    q.now_s = policy_.in_force_s();
    if (Upto(4) == 0) {
      d.standing.team = policy_.TeamSymbol("nortown-yot-team");
      d.standing.relationships.yes = Bit(Relationship::kOwnOpenFlag);
      q.teams = absl::MakeConstSpan(&d.standing, 1);
    }
    if (Upto(3) == 0) {
      q.override_request = {true, AllOverrideGrounds()[Upto(AllOverrideGrounds().size())], true};
    }
    Item& i = d.item;
    i.holder = policy_.AgencySymbol(One({"nortown-yot", "northern-connexions", "nortown-housing"}));
    i.service = policy_.ServiceSymbol(
        One({"youth-offending", "connexions", "housing", "voluntary-project", "substance-misuse"}));
    i.aspect = AllAspects()[Upto(AllAspects().size())];
    i.assessment = policy_.AssessmentSymbol(One({"asset", "apir"}));
    i.section = policy_.SectionSymbol(One({"victims", "lifestyle", "aspirations"}));
    for (Tri Item::*fact : {&Item::open, &Item::disputed, &Item::marked_sensitive, &Item::shielded,
                            &Item::new_identity, &Item::spent_offence, &Item::names_victim}) {
      i.*fact = Upto(2) == 0 ? Tri::kNo : Tri::kYes;
    }
    i.brokerable = i.consents_known = Tri::kYes;
    i.adult_from_s = kNeverS;
    for (size_t n = Upto(4); n > 0; --n) {
      ConsentFact consent;
      consent.decision = AllConsentDecisions()[Upto(AllConsentDecisions().size())];
      consent.is_explicit = Upto(2) == 0;
      consent.matter = Upto(3) == 0 ? ConsentMatter::kService : ConsentMatter::kSharing;
      consent.grantor = AllGrantors()[Upto(AllGrantors().size())];
      if (Upto(4) == 0) consent.until_s = q.now_s;
      d.consents.push_back(consent);
    }
    i.consents = d.consents;
  }

 private:
  size_t Upto(size_t n) { return random_() % n; }
  std::string One(const std::vector<std::string>& of) { return of[Upto(of.size())]; }

  const Policy& policy_;
  std::mt19937 random_;
};

bool InForce(const Drawn& d, bool needs_explicit) {
  for (const ConsentFact& c : d.consents) {
    if (c.decision == ConsentDecision::kGiven && c.matter == ConsentMatter::kSharing &&
        c.until_s > d.question.now_s && (c.is_explicit || !needs_explicit)) {
      return true;
    }
  }
  return false;
}

bool RefusedByYoungPerson(const Drawn& d) {
  for (const ConsentFact& c : d.consents) {
    if (c.decision == ConsentDecision::kRefused && c.matter == ConsentMatter::kSharing &&
        c.until_s > d.question.now_s &&
        (c.grantor == Grantor::kSelf || c.grantor == Grantor::kSelfCompetent)) {
      return true;
    }
  }
  return false;
}

bool Sees(const Decision& decision) { return decision.effect == Effect::kShow; }
bool Learns(const Decision& decision) { return decision.effect != Effect::kHide; }

TEST(Prove, WhatIsCalledProvedHoldsOfEveryCellDrawn) {
  struct Check {
    const char* text;
    const char* guard;  // a hide that makes it hold
    std::function<bool(const Policy&, const Drawn&, const Decision&)> broken;
  };
  const Check checks[] = {
      {"check no one sees contact of anything without explicit consent in force",
       "hide contact of everything from everyone unless consent is explicit and in force",
       [](const Policy&, const Drawn& d, const Decision& is) {
         return Sees(is) && d.item.aspect == Aspect::kContact && !InForce(d, true);
       }},
      {"check no one learns anything of anything when person is shielded",
       "hide everything of everything from everyone when person is shielded",
       [](const Policy&, const Drawn& d, const Decision& is) {
         return Learns(is) && d.item.shielded == Tri::kYes;
       }},
      {"check no one sees anything of anything when item names a victim, and flag is closed",
       "hide everything of everything from everyone when item names a victim, and flag is closed",
       [](const Policy&, const Drawn& d, const Decision& is) {
         return Sees(is) && d.item.names_victim == Tri::kYes && d.item.open == Tri::kNo;
       }},
      {"check no one learns anything of housing when purpose is housing without a relationship",
       "hide everything of housing from everyone when purpose is housing, and worker is not "
       "involved",
       [](const Policy& p, const Drawn& d, const Decision& is) {
         return Learns(is) && d.item.service == p.ServiceSymbol("housing") &&
                d.question.purpose == Purpose::kHousing && d.question.relationships.yes == 0;
       }},
      {"check no one sees anything of anything when consent is refused by the young person, "
       "except by O",
       "hide everything of everything from everyone when consent is refused by the young person",
       [](const Policy&, const Drawn& d, const Decision& is) {
         return Sees(is) && !is.by_override && RefusedByYoungPerson(d);
       }},
      {"check no one learns contact of anything unless worker is involved and consent is in force, "
       "except by R1",
       "hide contact of everything from everyone unless worker is involved and consent is in force",
       [](const Policy& p, const Drawn& d, const Decision& is) {
         for (const RuleIndex r : is.rules) {
           if (r != kNoRule && p.rules()[static_cast<size_t>(r)].id == "R1") return false;
         }
         return Learns(is) && d.item.aspect == Aspect::kContact && d.question.teams.empty() &&
                !(d.question.relationships.yes != 0 && InForce(d, false));
       }},
  };
  int proved = 0;
  int refuted = 0;
  Drawn drawn;
  // Guards as they should be, and with a hole.
  const char* const holes[] = {"",
                               "",
                               " unless flag is disputed",
                               " unless consent is in force from a court",
                               " unless item is about a spent offence and worker has referral",
                               " unless consent is withdrawn unless purpose is referral"};
  for (uint32_t seed = 1; seed <= 90; ++seed) {
    const std::vector<std::string> rules = Author(seed).Rules(4);
    for (const Check& check : checks) {
      std::string text = Author::Text(rules, Author::Override(rules));
      if (seed % 8 != 0) {
        absl::StrAppend(&text, "rule G \"g\"\n ", check.guard, holes[seed % std::size(holes)],
                        "\n");
      }
      SCOPED_TRACE(absl::StrCat(text, check.text));
      const CompileResult result =
          Compile(absl::StrCat(text, check.text, "\n"), NortownVocabulary());
      if (!result.ok()) {
        ++refuted;
        EXPECT_NE(result.Errors().find("fails:"), std::string::npos) << result.Errors();
        continue;
      }
      ++proved;
      Drawer drawer(*result.policy, seed);
      for (int n = 0; n < 4000; ++n) {
        drawer.Draw(drawn);
        const Decision decision = result.policy->DecideOnly(drawn.question, drawn.item);
        ASSERT_FALSE(check.broken(*result.policy, drawn, decision));
      }
    }
  }
  EXPECT_GT(proved, 150);
  EXPECT_GT(refuted, 150);
}

}  // namespace
}  // namespace signpost::policy
