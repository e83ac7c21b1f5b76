// The operator changes who takes part, and the policy follows before the change is answered.

#include "hub/enrolment/enrolment.h"

#include <gmock/gmock.h>

#include "tests/request/hub_rooms.h"

namespace signpost::enrolment {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kHousing;
using request::kYot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EnrolmentTest : public request::HubRooms {
 protected:
  v1::PutAgencyRequest School(const std::string& kind = "school") {
    v1::PutAgencyRequest request;
    request.set_request_id(RequestId());
    v1::Agency* agency = request.mutable_agency();
    agency->set_agency_id("nortown-school");
    agency->set_name("Nortown School");
    agency->set_kind(kind);
    agency->add_systems()->set_spiffe_id(
        "spiffe://nortown.example/agency/nortown-school/system/adapter");
    return request;
  }
  // What of it gives a right is confirmed before it is looked at.
  template <typename Response>
  absl::StatusOr<Response> Confirmed(absl::StatusOr<Response> response) {
    if (response.ok() && response->has_waits()) ConfirmWaiting();
    return response;
  }
  absl::StatusOr<v1::PutAgencyResponse> Put(const v1::PutAgencyRequest& request) {
    return Confirmed(Wait<v1::PutAgencyResponse>(
        [&](auto done) { enrolment_->PutAgency(NamedOperator(), request, std::move(done)); }));
  }
  absl::StatusOr<v1::PutTeamResponse> Put(const v1::PutTeamRequest& request) {
    return Confirmed(Wait<v1::PutTeamResponse>(
        [&](auto done) { enrolment_->PutTeam(NamedOperator(), request, std::move(done)); }));
  }
  absl::StatusOr<v1::SetSuspendedResponse> Suspend(const std::string& agency, bool suspended) {
    v1::SetSuspendedRequest request;
    request.set_request_id(RequestId());
    request.set_agency_id(agency);
    request.set_suspended(suspended);
    request.set_reason("A laptop was stolen.");
    return Confirmed(Wait<v1::SetSuspendedResponse>(
        [&](auto done) { enrolment_->SetSuspended(NamedOperator(), request, std::move(done)); }));
  }
};

TEST_F(EnrolmentTest, WhenAChangeIsAnsweredThePolicyIsBoundToIt) {
  const auto before = policy_.Get();
  const auto put = Put(School());
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(EntryAt(put->receipt().ledger_index()).kind, "registry-changed");
  EXPECT_NE(policy_.Get()->vocabulary_sha256, before->vocabulary_sha256);
  // Bound behind what is done at once and what is proposed, and before it is confirmed.
  EXPECT_EQ(EntryAt(put->receipt().ledger_index() + 1).kind, "registry-change-proposed");
  EXPECT_EQ(EntryAt(put->receipt().ledger_index() + 2).kind, "policy-bound");

  v1::PutTeamRequest team;
  team.set_request_id(RequestId());
  team.mutable_team()->set_team_id("nortown-school-team");
  team.mutable_team()->set_name("Mentors");
  team.mutable_team()->set_home_agency_id("nortown-school");
  team.mutable_team()->add_agency_ids("nortown-school");
  const auto between = policy_.Get();
  ASSERT_TRUE(Put(team).ok());
  EXPECT_NE(policy_.Get()->vocabulary_sha256, between->vocabulary_sha256);
}

TEST_F(EnrolmentTest, WhatIsSoAlreadyIsAnsweredWithoutAReceiptAndBindsNothing) {
  ASSERT_TRUE(Put(School()).ok());
  const uint64_t size = LedgerSize();
  const auto bound = policy_.Get();
  const auto again = Put(School());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->has_receipt());
  EXPECT_EQ(LedgerSize(), size);
  EXPECT_EQ(policy_.Get(), bound);
}

TEST_F(EnrolmentTest, ABindingThatFailedIsMadeWhenTheChangeIsSentAgain) {
  const auto before = policy_.Get();
  store_.FailCommit(2, store::HostileStore::Failure::kFull);  // the change is the first
  EXPECT_EQ(ReasonOf(Put(School()).status()), Reason::kStoreFull);
  EXPECT_NE(registry_->directory()->FindAgency("nortown-school"), nullptr);
  EXPECT_EQ(policy_.Get()->vocabulary_sha256, before->vocabulary_sha256);
  ASSERT_TRUE(Put(School()).ok());
  EXPECT_NE(policy_.Get()->vocabulary_sha256, before->vocabulary_sha256);
}

TEST_F(EnrolmentTest, AChangeThatThePolicyDoesNotCompileAgainstStandsAndHidesEverything) {
  TariqIsKnown();
  v1::PutAgencyRequest request;
  request.set_request_id(RequestId());
  v1::Agency* agency = request.mutable_agency();
  agency->set_agency_id(kYot);
  agency->set_name("Nortown Youth Offending Team");
  agency->set_kind("police");
  agency->add_services("youth-offending");
  agency->add_systems()->set_spiffe_id(
      "spiffe://nortown.example/agency/nortown-yot/system/adapter");
  const auto put = Put(request);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_TRUE(put->has_receipt());
  EXPECT_EQ(registry_->directory()->FindAgency(kYot)->kind, "police");
  EXPECT_EQ(policy_.Get(), nullptr);
  EXPECT_EQ(ReasonOf(Ask(Adviser(), AskAboutRecord("C-1")).status), Reason::kPolicyUnavailable);
}

TEST_F(EnrolmentTest, APractitionerIsMarkedWithHashesAsMatchingMakesThem) {
  Enrol(kConnexions, "pa-009", "personal-adviser", "Thorne", "NT9 2BD");
  const auto marks = *registry_->LookupMarks(*View(), kConnexions, "pa-009");
  const auto hashes = linker_->keys().Hash(Sal());  // a Thorne at that postcode
  EXPECT_EQ(marks.surname_hash, hashes.surname());
  EXPECT_EQ(marks.postcode_hash, hashes.postcode());
  EXPECT_THAT(marks.surname_hash, Not(IsEmpty()));
  const std::vector<store::KeyValue> rows = *View()->Scan(store::Space::kRegistry, "", "", 10'000);
  for (const store::KeyValue& row : rows) {
    EXPECT_THAT(row.value, Not(HasSubstr("Thorne")));
    EXPECT_THAT(row.value, Not(HasSubstr("NT9")));
  }
}

TEST_F(EnrolmentTest, WhoIsSuspendedIsKnownNoMoreOnceThatIsAnswered) {
  const std::string adapter = System(kHousing).system_id;
  ASSERT_TRUE(registry_->LookupSystem(adapter).ok());
  ASSERT_TRUE(Suspend(kHousing, true).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(adapter).status()), Reason::kCallerSuspended);
  ASSERT_TRUE(Suspend(kHousing, false).ok());
  EXPECT_TRUE(registry_->LookupSystem(adapter).ok());
}

TEST_F(EnrolmentTest, WhatIsWrongIsRefusedAndChangesNothing) {
  const uint64_t size = LedgerSize();
  v1::PutAgencyRequest nameless = School();
  nameless.mutable_agency()->clear_name();
  EXPECT_THAT(FieldsOf(Put(nameless).status()), ElementsAre("agency.name"));
  EXPECT_EQ(ReasonOf(Suspend("nobody", true).status()), Reason::kAgencyUnknown);
  EXPECT_EQ(LedgerSize(), size);
}

}  // namespace
}  // namespace signpost::enrolment
