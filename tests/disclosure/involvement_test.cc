// What an asker has to do with somebody: whose flag names whom, since when, and what the shipped
// policy opens on the first day and after.

#include "hub/disclosure/involvement.h"

#include <gmock/gmock.h>

#include "tests/request/hub_rooms.h"

namespace signpost::disclosure {
namespace {

namespace stored = ::signpost::store::v1;
using policy::Relationship;
using request::kConnexions;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using ::testing::IsEmpty;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr uint8_t kNothing = 0;

class InvolvementTest : public request::HubRooms {
 protected:
  InvolvementTest() : HubRooms(/*with_policy=*/true, people::StandingRules()) {}

  v1::FlagReport Naming(v1::FlagReport report, const std::string& worker,
                        const std::string& team = "") {
    report.mutable_contact()->set_practitioner_id(worker);
    report.mutable_contact()->set_team_id(team);
    return report;
  }
  uint8_t Own(const base::Principal& asker, AskerIs asker_is = AskerIs::kOneself) {
    const policy::RelationshipFacts facts = InvolvementOf(
        *people_, *registry_->directory(), asker, asker_is, PersonOf(kYot, "Y-1"), clock_.Now());
    EXPECT_EQ(facts.unknown, kNothing);
    return facts.yes;
  }
  uint8_t OfYotTeam() {
    const auto directory = registry_->directory();
    return TeamInvolvement(*people_, *directory, *directory->FindTeam("nortown-yot-team"),
                           PersonOf(kYot, "Y-1"), clock_.Now())
        .yes;
  }
  void Reconcile(const std::string& agency, std::vector<std::string> open,
                 int64_t close_missing_count = 0) {
    v1::ReconcileFinish finish;
    finish.set_request_id(RequestId());
    finish.set_close_missing_count(close_missing_count);
    auto list = intake_->BeginList(System(agency));
    ASSERT_TRUE(list.ok() && (*list)->Add(open).ok());
    EXPECT_TRUE(Wait<v1::ReconcileResponse>([&](auto done) {
                  intake_->Reconcile(System(agency), *std::move(list), finish, std::move(done));
                }).ok());
  }
};

TEST_F(InvolvementTest, AFlagInvolvesItsAgencyAndWhomItNames) {
  Report(kYot, Naming(Flag("Y-1", "youth-offending"), "yo-001"));
  EXPECT_EQ(Own(YotOfficer()), policy::kNewlyNamed);
  EXPECT_EQ(Own(Worker(kYot, "yo-002", "yot-officer")), policy::kAgencyInvolved)
      << "a colleague whom it does not name";
  EXPECT_EQ(Own(System(kYot)), policy::kAgencyInvolved);
  EXPECT_EQ(Own(Worker(kConnexions, "yo-001", "personal-adviser")), kNothing)
      << "another agency's worker of the same id";
  EXPECT_EQ(Own(Worker(kYot, "yo-002", "yot-officer"), AskerIs::kAKind), policy::kNewlyNamed)
      << "somebody of that agency and role";
  EXPECT_EQ(Own(System(kYot), AskerIs::kAKind), policy::kAgencyInvolved)
      << "a system is named by no flag";
}

TEST_F(InvolvementTest, ATeamIsInvolvedByWhatNamesItOrNoTeamAtAll) {
  Report(kYot, Naming(Flag("Y-1", "youth-offending"), "yo-001"));
  EXPECT_EQ(OfYotTeam(), policy::kNewlyNamed);
  Report(kYot, Naming(Flag("Y-1", "youth-offending"), "yo-001", "nortown-yot-team"));
  EXPECT_EQ(OfYotTeam(), policy::kNewlyNamed);
  EXPECT_EQ(Own(Worker(kYot, "yo-002", "yot-officer", {"nortown-yot-team"})), policy::kNewlyNamed);
  Report(kYot, Naming(Flag("Y-1", "youth-offending"), "yo-001", "prevention-team"));
  EXPECT_EQ(OfYotTeam(), policy::kAgencyInvolved);
}

TEST_F(InvolvementTest, AFlagIsSettledByAgeOrByListsThatLackNothing) {
  Report(kYot, Naming(Flag("Y-1", "youth-offending"), "yo-001"));
  Report(kYot, Naming(Flag("Y-2", "youth-offending", Sal()), "yo-001"));
  clock_.Advance(absl::Hours(1));
  Reconcile(kYot, {"Y-1"});  // Y-2 is lacking and stays open: no list to go by
  clock_.Advance(kDay);
  Reconcile(kYot, {"Y-1"});
  EXPECT_EQ(Own(YotOfficer()), policy::kNewlyNamed);
  Reconcile(kYot, {"Y-1"}, 1);
  EXPECT_EQ(Own(YotOfficer()), policy::kNewlyNamed) << "one day";
  Reconcile(kYot, {"Y-1"});
  EXPECT_EQ(Own(YotOfficer()), policy::kNewlyNamed) << "the same day";
  clock_.Advance(kDay);
  Reconcile(kYot, {"Y-1"});
  EXPECT_EQ(Own(YotOfficer()), policy::kNamedAndSettled);
  EXPECT_EQ(Own(System(kYot)),
            policy::kAgencyInvolved | policy::Bit(Relationship::kSettledInvolvement));
  EXPECT_EQ(Own(Worker(kYot, "yo-002", "yot-officer")), policy::kAgencyInvolved)
      << "settled for whom it names";

  Report(kYot, Naming(Flag("Y-1", "youth-offending"), "yo-002"));
  EXPECT_EQ(Own(Worker(kYot, "yo-002", "yot-officer")), policy::kNewlyNamed)
      << "who takes over begins anew";
  clock_.Advance(14 * kDay);
  EXPECT_EQ(Own(Worker(kYot, "yo-002", "yot-officer")), policy::kNamedAndSettled);
}

// The story of a new adviser: their system opened the record this morning.
TEST_F(InvolvementTest, OnTheFirstDayAWorkerReachesTheOthersAndNothingSensitive) {
  v1::FlagReport asset = Flag("Y-1", "youth-offending");
  asset.add_assessments()->set_kind("asset");
  Report(kYot, asset);
  Report(kDrugs, Flag("D-1", "substance-misuse"));
  clock_.Advance(30 * kDay);
  Report(kConnexions, Naming(Flag("C-1", "connexions"), "pa-001"));

  v1::WhoKnowsRequest question = AskForAsset();
  request::Answered answered = Ask(Adviser(), question);
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  ASSERT_NE(answered.Flag(kYot), nullptr);
  EXPECT_EQ(answered.Flag(kYot)->contact().name(), "Dilys Crane") << "whom to ring";
  EXPECT_THAT(answered.SectionsOpen(kYot), IsEmpty());
  EXPECT_FALSE(answered.answer.unnamed_service_involved()) << "not a word of a sensitive service";
  EXPECT_THAT(LastEntry().relationships, ::testing::ElementsAre("own-open-flag", "named-worker"));

  // An ordinary file opens with Tariq's own written yes.
  ASSERT_TRUE(Consent(Adviser(), WrittenConsent()).ok());
  answered = Ask(Adviser(), AskForAsset());
  EXPECT_THAT(answered.SectionsOpen(kYot), ::testing::Contains("lifestyle"));
  EXPECT_FALSE(answered.answer.unnamed_service_involved());
  EXPECT_EQ(Mailbox(kYot).back().stored.kind(), stored::STORED_MESSAGE_KIND_FLAG_SHOWN)
      << "and its holder is told at once";

  // A colleague whom the record does not name is no nearer for its being there.
  answered = Ask(Worker(kConnexions, "pa-009", "personal-adviser"), AskForAsset());
  EXPECT_EQ(answered.Flag(kYot), nullptr);

  // Two weeks later the flag is believed.
  clock_.Advance(14 * kDay);
  answered = Ask(Adviser(), AskForAsset());
  EXPECT_TRUE(answered.answer.unnamed_service_involved());
  EXPECT_THAT(LastEntry().relationships,
              ::testing::ElementsAre("own-open-flag", "named-worker", "settled-involvement"));
}

}  // namespace
}  // namespace signpost::disclosure
