// Who must approve a policy, whose approval counts, and what becomes of an agency that says nothing.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "hub/policy_admin/policy_admin.h"
#include "tests/request/hub_rooms.h"

namespace signpost::policy_admin {
namespace {

using base::Reason;
using base::ReasonOf;
using request::kConnexions;
using request::kHousing;
using request::kHub;
using request::kOfficer;
using request::kSocial;
using request::kYot;
using request::RulesOfNortown;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kOfficerRole[] = "information-governance-officer";

class PolicyNeedsTest : public request::HubRooms {
 protected:
  // Housing officers see more of what the youth offending team holds.
  static std::string ShowsMoreOfYot(int version) {
    return absl::StrCat(RulesOfNortown(version), R"(
rule MORE "Housing sees the youth offending team"
  show existence, agency of youth-offending to housing practitioner
  basis ca2004-s10
  then log
)");
  }
  std::string Proposed(const std::string& text) {
    v1::ProposePolicyRequest request;
    request.set_request_id(RequestId());
    request.set_text(text);
    const auto proposed = policy_admin_->Propose(OfficerOf(kSocial), request);
    EXPECT_TRUE(proposed.ok()) << proposed.status();
    EXPECT_TRUE(proposed->accepted()) << proposed->ShortDebugString();
    return proposed->policy().sha256();
  }
  absl::StatusOr<v1::ApprovePolicyResponse> Approve(const base::Principal& asker,
                                                    const std::string& sha256) {
    v1::ApprovePolicyRequest request;
    request.set_request_id(RequestId());
    request.set_sha256(sha256);
    return policy_admin_->Approve(asker, request);
  }
  v1::PolicyState StateAfter(const base::Principal& asker, const std::string& sha256) {
    const auto approved = Approve(asker, sha256);
    EXPECT_TRUE(approved.ok()) << approved.status();
    return approved.ok() ? approved->policy().state() : v1::POLICY_STATE_UNSPECIFIED;
  }
  v1::PolicySummary Listed(const std::string& sha256) {
    const auto list = policy_admin_->List(Auditor(), {});
    EXPECT_TRUE(list.ok()) << list.status();
    for (const v1::PolicySummary& policy : list->policies()) {
      if (policy.sha256() == sha256) return policy;
    }
    return {};
  }
  void NamesDeputy(const std::string& agency, const std::string& deputy) {
    test_area::NortownArea area = test_area::ReadNortownArea();
    v1::FoundAreaRequest founded =
        test_area::FoundingOf(area, "signpost.nortown.example/ledger", "");
    v1::Founding founding;
    ASSERT_TRUE(founding.ParseFromString(founded.founding()));
    for (const v1::Agency& one : founding.agencies()) {
      if (one.agency_id() != agency) continue;
      v1::PutAgencyRequest request;
      request.set_request_id(RequestId());
      *request.mutable_agency() = one;
      request.mutable_agency()->set_deputy_agency_id(deputy);
      const auto put = Wait<v1::PutAgencyResponse>(
          [&](auto done) { enrolment_->PutAgency(NamedOperator(), request, std::move(done)); });
      ASSERT_TRUE(put.ok()) << put.status();
      ASSERT_TRUE(put->has_waits()) << "a deputy speaks for the agency";
      EXPECT_EQ(put->waits().rights(0), v1::REGISTRY_RIGHT_DEPUTY);
      ConfirmWaiting();
    }
    ASSERT_EQ(registry_->directory()->FindAgency(agency)->deputy_agency_id, deputy);
  }
};

// Broken on purpose by asking for two agencies alone: it is in force with the second.
TEST_F(PolicyNeedsTest, EachAgencyThatWouldShowMoreApproves) {
  const std::string sha256 = Proposed(ShowsMoreOfYot(2));
  const v1::PolicySummary listed = Listed(sha256);
  ASSERT_EQ(listed.hearings_size(), 1) << listed.ShortDebugString();
  EXPECT_EQ(listed.hearings(0).agency_id(), kYot);
  ASSERT_GT(listed.hearings(0).shows_more_size(), 0);
  EXPECT_THAT(listed.hearings(0).shows_more(0), HasSubstr("held by nortown-yot"));
  EXPECT_THAT(listed.hearings(0).shows_more(0), HasSubstr("nortown-housing"));
  EXPECT_EQ(StateAfter(OfficerOf(kHousing), sha256), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kConnexions), sha256), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(policy_.Get()->version, 1);
  ASSERT_EQ(Listed(sha256).lacks_size(), 1);
  EXPECT_THAT(Listed(sha256).lacks(0), HasSubstr("an officer of nortown-yot"));
  EXPECT_EQ(StateAfter(OfficerOf(kYot), sha256), v1::POLICY_STATE_IN_FORCE);
  EXPECT_EQ(policy_.Get()->version, 2);
}

// What it shows is compared with what is in force at the last approval, not at the proposal.
TEST_F(PolicyNeedsTest, WhatIsInForceThenCounts) {
  // Against the policy of now it shows more of the youth offending team's; against the next it does not.
  const std::string later = Proposed(ShowsMoreOfYot(3));
  Publish(ShowsMoreOfYot(2));
  EXPECT_EQ(Listed(later).hearings_size(), 0);
  EXPECT_EQ(StateAfter(OfficerOf(kHousing), later), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kConnexions), later), v1::POLICY_STATE_IN_FORCE);

  // And the other way round.
  const std::string back = Proposed(ShowsMoreOfYot(5));
  EXPECT_EQ(Listed(back).hearings_size(), 0);
  Publish(RulesOfNortown(4));
  EXPECT_EQ(StateAfter(OfficerOf(kHousing), back), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kConnexions), back), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kYot), back), v1::POLICY_STATE_IN_FORCE);
}

TEST_F(PolicyNeedsTest, TheOperatorsPeopleDoNotApproveAndThatIsRecorded) {
  Enrol(kHub, "ig-hub", kOfficerRole);
  const std::string sha256 = Proposed(RulesOfNortown(2));
  base::Principal operators = Operator();
  operators.practitioner_id = "ig-hub";
  operators.role = kOfficerRole;
  const absl::Status refused = Approve(operators, sha256).status();
  EXPECT_EQ(ReasonOf(refused), Reason::kMethodNotAllowed);
  EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  EXPECT_EQ(LastEntry().kind, "policy-approved");
  EXPECT_EQ(Listed(sha256).approvals_size(), 0);
}

// Broken on purpose by leaving out HadRoleBefore(): the new officer's voice counts.
TEST_F(PolicyNeedsTest, WhoBecameAnOfficerSinceDoesNotApprove) {
  const std::string sha256 = Proposed(RulesOfNortown(2));
  Enrol(kHousing, "ig-new", kOfficerRole);
  EXPECT_EQ(ReasonOf(Approve(Worker(kHousing, "ig-new", kOfficerRole), sha256).status()),
            Reason::kMethodNotAllowed);
  // Nor does one who ceased to be one, and is one again.
  Enrol(kYot, kOfficer, "yot-officer");
  Enrol(kYot, kOfficer, kOfficerRole);
  EXPECT_EQ(ReasonOf(Approve(OfficerOf(kYot), sha256).status()), Reason::kMethodNotAllowed);
  EXPECT_EQ(StateAfter(OfficerOf(kHousing), sha256), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kConnexions), sha256), v1::POLICY_STATE_IN_FORCE);
}

TEST_F(PolicyNeedsTest, ADeputySpeaksForASilentAgencyAfterTheDaysAndNotBefore) {
  NamesDeputy(kYot, kConnexions);
  Enrol(kConnexions, "ig-002", kOfficerRole);
  Enrol(kConnexions, "ig-003", kOfficerRole);
  const base::Principal second = Worker(kConnexions, "ig-002", kOfficerRole);
  const base::Principal third = Worker(kConnexions, "ig-003", kOfficerRole);
  const std::string sha256 = Proposed(ShowsMoreOfYot(2));
  EXPECT_EQ(Listed(sha256).hearings(0).deputy_agency_id(), kConnexions);
  EXPECT_EQ(StateAfter(OfficerOf(kHousing), sha256), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kConnexions), sha256), v1::POLICY_STATE_PROPOSED);
  clock_.Advance(absl::Hours(24 * 14) - absl::Seconds(1));
  EXPECT_EQ(*policy_admin_->TellDeputies(), 0);
  // Before the day it is one more voice of their own agency.
  EXPECT_EQ(StateAfter(second, sha256), v1::POLICY_STATE_PROPOSED);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*policy_admin_->TellDeputies(), 1);
  EXPECT_EQ(LastEntry().kind, "policy-silence");
  EXPECT_EQ(LastEntry().outcome, "overdue");
  EXPECT_EQ(*policy_admin_->TellDeputies(), 0) << "told once";
  EXPECT_EQ(StateAfter(third, sha256), v1::POLICY_STATE_IN_FORCE);
}

TEST_F(PolicyNeedsTest, WhoeverWouldSeeMoreIsNobodysDeputyInIt) {
  NamesDeputy(kYot, kHousing);
  Enrol(kHousing, "ig-002", kOfficerRole);
  const std::string sha256 = Proposed(ShowsMoreOfYot(2));
  clock_.Advance(absl::Hours(24 * 14));
  EXPECT_EQ(StateAfter(OfficerOf(kHousing), sha256), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(Worker(kHousing, "ig-002", kOfficerRole), sha256),
            v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kConnexions), sha256), v1::POLICY_STATE_PROPOSED);
  EXPECT_EQ(StateAfter(OfficerOf(kYot), sha256), v1::POLICY_STATE_IN_FORCE);
}

// Silence without a deputy is no yes.
TEST_F(PolicyNeedsTest, AnAgencyWithoutADeputyIsWaitedFor) {
  const std::string sha256 = Proposed(ShowsMoreOfYot(2));
  clock_.Advance(absl::Hours(24 * 400));
  EXPECT_EQ(*policy_admin_->TellDeputies(), 1);
  for (const char* const agency : {kHousing, kConnexions}) {
    EXPECT_EQ(StateAfter(OfficerOf(agency), sha256), v1::POLICY_STATE_PROPOSED);
  }
  EXPECT_EQ(policy_.Get()->version, 1);
}

// One operator enrolled three officers who do not exist and put "show everything" in force.
TEST_F(PolicyNeedsTest, InventedOfficersWaitForARealOne) {
  for (const char* const invented : {"x-1", "x-2", "x-3"}) {
    v1::PutPractitionerRequest request;
    request.set_request_id(RequestId());
    request.mutable_practitioner()->set_agency_id(kHousing);
    request.mutable_practitioner()->set_practitioner_id(invented);
    request.mutable_practitioner()->add_roles(kOfficerRole);
    const auto put = Wait<v1::PutPractitionerResponse>(
        [&](auto done) { enrolment_->PutPractitioner(NamedOperator(), request, std::move(done)); });
    ASSERT_TRUE(put.ok()) << put.status();
    EXPECT_TRUE(put->has_waits());
    EXPECT_EQ(ReasonOf(registry_->LookupPractitioner(kHousing, invented).status()),
              Reason::kPractitionerUnknown);
  }
}

}  // namespace
}  // namespace signpost::policy_admin
