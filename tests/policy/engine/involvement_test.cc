// Who is involved, how, and since when: what a decision makes of an asker's relationships.

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "tests/policy/engine/decide_fixture.h"

namespace signpost::policy {
namespace {

TEST_F(Decide, AnAgencysFlagInvolvesTheAgencyAndANameOnItTheWorker) {
  Use("rule W \"w\"\n show existence of youth-offending to everyone when worker is involved\n"
      " basis ca2004-s10\n"
      "rule A \"a\"\n show agency of youth-offending to everyone when agency is involved\n"
      " basis ca2004-s10\n"
      "rule C \"c\"\n show contact of youth-offending to everyone when agency is not involved\n"
      " basis ca2004-s10\n");
  const auto shown = [this](uint8_t yes, uint8_t unknown = 0) {
    q_.relationships = {yes, unknown};
    std::string aspects;
    for (const Aspect aspect : {Aspect::kExistence, Aspect::kAgency, Aspect::kContact}) {
      i_.aspect = aspect;
      if (Ask() == Effect::kShow) absl::StrAppend(&aspects, std::string(ToString(aspect)), " ");
    }
    return aspects;
  };
  EXPECT_EQ(shown(0), "contact ");
  EXPECT_EQ(shown(kAgencyInvolved), "agency ") << "nobody of it is involved by that";
  EXPECT_EQ(shown(kNewlyNamed), "existence agency ");
  EXPECT_EQ(shown(Bit(Relationship::kCover) | kAgencyInvolved), "existence agency ");
  EXPECT_EQ(shown(Bit(Relationship::kReferral)), "existence contact ");
  EXPECT_EQ(shown(0, kAgencyInvolved), "") << "perhaps is neither yes nor no";
}

TEST_F(Decide, WhoIsNewlyInvolvedIsInvolvedByNothingThatIsSettled) {
  Use("rule S \"s\"\n show existence of youth-offending to everyone when worker is involved\n"
      " basis ca2004-s10\n"
      "rule R \"r\"\n show record of youth-offending to everyone when worker is involved\n"
      " basis ca2004-s10\n"
      "rule N \"n\"\n hide record of youth-offending from everyone\n"
      " when worker is newly involved\n"
      "rule D \"d\"\n show agency of youth-offending to everyone\n"
      " when worker is newly involved basis ca2004-s10\n"
      "rule E \"e\"\n show contact of youth-offending to everyone\n"
      " when worker has settled involvement basis ca2004-s10\n");
  const auto shown = [this](uint8_t yes, uint8_t unknown = 0) {
    q_.relationships = {yes, unknown};
    std::string aspects;
    for (const Aspect aspect :
         {Aspect::kExistence, Aspect::kAgency, Aspect::kContact, Aspect::kRecord}) {
      i_.aspect = aspect;
      if (Ask() == Effect::kShow) absl::StrAppend(&aspects, std::string(ToString(aspect)), " ");
    }
    return aspects;
  };
  constexpr uint8_t kSettled = Bit(Relationship::kSettledInvolvement);
  EXPECT_EQ(shown(0), "") << "whoever is not involved is not newly so";
  EXPECT_EQ(shown(kNewlyNamed), "existence agency ");
  EXPECT_EQ(shown(kNamedAndSettled), "existence contact record ");
  EXPECT_EQ(shown(kNewlyNamed, kSettled), "existence ") << "perhaps settled, perhaps new: neither";
  q_.relationships = {kNewlyNamed, 0};
  i_.aspect = Aspect::kContact;
  EXPECT_EQ(Whole().missing, Bit(Missing::kSettled)) << "and the worker is told so";

  // What a team brings counts beside what the asker has.
  q_.purpose = Purpose::kAssessment;
  TeamStanding standing;
  standing.team = policy_->TeamSymbol("nortown-yot-team");
  standing.relationships.yes = kNamedAndSettled;
  q_.teams = absl::MakeConstSpan(&standing, 1);
  EXPECT_EQ(shown(kNewlyNamed), "existence contact record ");
  standing.relationships.yes = kNewlyNamed;
  EXPECT_EQ(shown(kNamedAndSettled), "existence contact record ");
  EXPECT_EQ(shown(0), "existence agency ");
  standing.relationships.yes = kAgencyInvolved;
  EXPECT_EQ(shown(0), "") << "a flag of the team's that names another team";
}

TEST_F(Decide, TeamRelationshipsCountInsideTheTeamsPurposesOnly) {
  Use("rule T \"t\"\n show existence of youth-offending to connexions practitioner\n"
      " when worker has team member basis ca2004-s10\n");
  q_.relationships = {};
  TeamStanding standing;
  standing.team = policy_->TeamSymbol("nortown-yot-team");
  standing.relationships.yes = kNamedAndSettled;
  EXPECT_EQ(Ask(), Effect::kHide);
  q_.teams = absl::MakeConstSpan(&standing, 1);
  for (const Purpose purpose : AllPurposes()) {
    q_.purpose = purpose;
    const bool inside = purpose == Purpose::kYouthJustice || purpose == Purpose::kAssessment ||
                        purpose == Purpose::kSupportPlanning;
    EXPECT_EQ(Ask(), inside ? Effect::kShow : Effect::kHide) << ToString(purpose);
  }
  q_.purpose = Purpose::kAssessment;
  standing.relationships = {0, kNamedAndSettled};
  EXPECT_EQ(Ask(), Effect::kHide) << "perhaps is not yes";
}

}  // namespace
}  // namespace signpost::policy
