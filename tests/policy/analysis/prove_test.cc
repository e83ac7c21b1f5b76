// The prover leaves cells out: those that a check does not speak of, and those that open no more
// than others do. Against policies at random: where it calls a check proved, no cell drawn at
// random may break it.

#include <functional>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/author.h"
#include "tests/policy/nortown.h"
#include "tests/policy/small.h"

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
    while (Upto(2) == 0 || !CanBeTogether(q.relationships.yes)) {
      q.relationships.yes = static_cast<uint8_t>(Upto(1u << kRelationshipCount));
    }
    q.necessity_stated = Tri::kYes;
    q.now_s = policy_.in_force_s();
    if (Upto(4) == 0) {
      d.standing.team = policy_.TeamSymbol("nortown-yot-team");
      constexpr std::array<uint8_t, 4> kOfTeam = {0, kAgencyInvolved, kNewlyNamed,
                                                  kNamedAndSettled};
      d.standing.relationships.yes = kOfTeam[Upto(kOfTeam.size())];
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
    i.sixteen_from_s = i.adult_from_s = kNeverS;
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

// Checks that were once called proved, each of a policy that breaks it.
struct FalseProof {
  const char* why;
  const char* rules;
  const char* check;
};
const FalseProof kFalseProofs[] = {
    {"the say of a team is open, and must not swallow who else is excepted",
     "rule R \"r\"\n show contact of offending to members of yot-team except adviser\n when worker "
     "is "
     "involved\n basis ca2004-s10\n",
     "check no practitioner sees anything of anything"},
    {"so does a broker's",
     "rule R \"r\"\n hide everything of sensitive from everyone\n broker existence of sensitive to "
     "members of yot-team except adviser\n basis ca2004-s10\n",
     "check no practitioner learns anything of anything"},
    {"and an override's",
     "override O \"o\" to members of yot-team except adviser\n opens existence\n grounds "
     "vital-interests\n then log, close after 60 minutes, review within 2 working days\n",
     "check no practitioner sees anything of anything"},
    {"a team may act for a relevant authority where the agency does not",
     "agreement G \"g\" between yot and careers from 2025-04-01 until 2030-03-31 review "
     "2027-01-01\n "
     "yot chooses cda1998-s115\nrule R \"r\"\n show existence of everything to everyone except the "
     "holder\n basis cda1998-s115\nend agreement\n",
     "check no one sees existence of offending, sexual-health"},
    {"what a broker takes the place of is shown where the service takes none",
     "rule B \"b\"\n broker existence of offending to practitioner\n basis ca2004-s10\nrule S "
     "\"s\"\n "
     "show existence of offending to practitioner\n basis ca2004-s10\n",
     "check no practitioner sees existence of offending"},
    {"somebody may have been asked, and neither said yes nor no",
     "rule R \"r\"\n show contact of offending to practitioner\n basis ca2004-s10\nrule H \"h\"\n "
     "hide "
     "contact of offending from everyone when consent is not asked\n hide contact of offending "
     "from "
     "everyone when consent is refused\n hide contact of offending from everyone when consent is "
     "withdrawn\n hide contact of offending from everyone when consent is expired\n",
     "check no one sees contact of offending without consent in force"},
    {"a rule that is excepted excuses nothing that another rule shows",
     "agreement G \"g\" between yot and careers from 2025-04-01 until 2026-03-31 review "
     "2025-10-01\n"
     "rule E \"e\"\n show contact of offending to careers practitioner\n basis ca2004-s10\nend "
     "agreement\nrule S \"s\"\n show contact of offending to careers practitioner\n basis "
     "ca2004-s10\n",
     "check no careers practitioner sees contact of offending held by yot, except by E"},
    {"of what excludes itself nothing is proved", "",
     "check no one sees anything of anything when person is shielded unless person is shielded"},
};

TEST(Prove, WasFooledByTheseAndIsNoMore) {
  for (const FalseProof& one : kFalseProofs) {
    SCOPED_TRACE(one.why);
    const CompileResult result = Compile(
        testing::SmallText(absl::StrCat(one.rules, one.check, "\n")), testing::SmallVocabulary());
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.diagnostics.size(), 1u) << result.Errors();
    EXPECT_NE(result.Errors().find(absl::StrCat("'", one.check, "'")), std::string::npos)
        << result.Errors();
  }
}

// One opens to the members of each team what is hidden from all but those of the other.
TEST(Prove, SeesThatAWorkerMayBeInTwoTeams) {
  Vocabulary v = testing::SmallVocabulary();
  v.teams.push_back({"risk-team", {"careers", "clinic"}, {Purpose::kYouthJustice}});
  const CompileResult result =
      Compile(testing::SmallText(
                  "rule S \"s\"\n show contact of offending to members of yot-team\n basis "
                  "ca2004-s10\nrule H \"h\"\n hide everything of offending from everyone except "
                  "members of risk-team\ncheck no one sees anything of offending\n"),
              v);
  EXPECT_NE(result.Errors().find("in yot-team and risk-team"), std::string::npos)
      << result.Errors();
}

// In a county every district has its statutory teams, and rules name teams of their own.
TEST(Prove, LooksThroughAsManyTeamsAsACountyHas) {
  Vocabulary v = testing::SmallVocabulary();
  std::string hides;
  for (int t = 0; t < 40; ++t) {
    const std::string agency = absl::StrCat("yot-", t);
    v.agencies.push_back({agency, agency, "justice", true, {"offending"}});
    v.teams.push_back({absl::StrCat("team-", t), {agency, "careers"}, {Purpose::kYouthJustice}});
    if (t < 20) {
      absl::StrAppend(&hides, "rule H", t,
                      " \"h\"\n hide everything of offending from members of team-", t,
                      " when worker has team-member\n");
    }
  }
  const std::string pact =
      "agreement G \"g\" between yot and careers from 2025-04-01 until 2030-03-31 review "
      "2027-01-01\n"
      " yot chooses cda1998-s115\n"
      "rule R \"r\"\n show existence of offending to practitioner\n basis cda1998-s115\n"
      "end agreement\n";
  const auto errors = [&](const std::string& rules) {
    return Compile(testing::SmallText(rules), v).Errors();
  };
  EXPECT_EQ(errors(pact + hides +
                   "check no clinic practitioner sees anything of offending\n"
                   "check no one sees contact of anything\n"),
            "");
  // Careers is no authority; some team that holds one asks for it.
  const std::string check = "check no careers practitioner sees existence of offending\n";
  EXPECT_NE(errors(pact + check).find("fails: a practitioner of careers in "), std::string::npos)
      << errors(pact + check);
  EXPECT_NE(errors(pact + hides + check).find("fails: a practitioner of careers in "),
            std::string::npos);
  // Whoever is in all of twenty teams at once sees what is hidden from all but their members.
  std::string all = "rule S \"s\"\n show existence of offending to practitioner basis ca2004-s10\n";
  for (int t = 0; t < 20; ++t) {
    absl::StrAppend(&all, "rule H", t,
                    " \"h\"\n hide existence of offending from everyone except members of team-", t,
                    "\n");
  }
  EXPECT_NE(errors(all + check).find("in team-0 and team-1 and team-2"), std::string::npos)
      << errors(all + check);
  EXPECT_EQ(errors(all + "check no clinic practitioner sees existence of offending\n"), "");
}

TEST(Prove, SaysHowTheWorkerIsInvolved) {
  const auto fails = [](const std::string& when) {
    return Compile(testing::SmallText(absl::StrCat(
                       "rule S \"s\"\n show existence of offending to careers practitioner", when,
                       " basis ca2004-s10\ncheck no one sees existence of offending\n")),
                   testing::SmallVocabulary())
        .Errors();
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(fails(""), HasSubstr(", not involved: "));
  EXPECT_THAT(fails(" when worker is not involved and agency is involved"),
              HasSubstr(", agency involved: "));
  EXPECT_THAT(fails(" when worker is involved"), HasSubstr(", involved: "));
  // Through a team alone.
  EXPECT_THAT(fails(" when worker has team-member"), HasSubstr(", involved: "));
}

}  // namespace
}  // namespace signpost::policy
