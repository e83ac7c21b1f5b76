// Generators of RegistryService, CoverService, PolicyService and MaintenanceService.

#include <utility>

#include "absl/strings/str_cat.h"
#include "signpost/v1/audit.pb.h"
#include "signpost/v1/cover.pb.h"
#include "signpost/v1/maintenance.pb.h"
#include "signpost/v1/policy.pb.h"
#include "signpost/v1/registry.pb.h"
#include "tests/worlds/generators.h"
#include "tests/worlds/world.h"

namespace signpost::worlds {

namespace {

template <typename Request, typename Response>
Act AsksJust(Request request) {
  return Asks<Request, Response>([request](const Talk& /*talk*/) { return request; });
}

Caller OperatorOrAnybody(Maker* maker) {
  return maker->dice().OneIn(4) ? maker->Anybody() : maker->Adapter();
}

Act PutAgency(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::PutAgencyRequest request;
  request.set_request_id(maker->RequestId());
  v1::Agency* const agency = request.mutable_agency();
  agency->set_agency_id("nortown-new-agency");
  agency->set_name("A new agency");
  agency->set_kind("voluntary");
  agency->add_services("voluntary-project");
  agency->add_systems()->set_spiffe_id(
      "spiffe://nortown.example/agency/nortown-new-agency/system/adapter");
  agency->set_silence_hours_max(72);
  return AsksJust<v1::PutAgencyRequest, v1::PutAgencyResponse>(std::move(request));
}

Act PutTeam(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::PutTeamRequest request;
  request.set_request_id(maker->RequestId());
  v1::Team* const team = request.mutable_team();
  team->set_team_id("nortown-new-team");
  team->set_name("A new team");
  team->set_home_agency_id(kYot);
  team->add_agency_ids(kYot);
  team->add_purposes(v1::PURPOSE_ASSESSMENT);
  return AsksJust<v1::PutTeamRequest, v1::PutTeamResponse>(std::move(request));
}

Act PutPractitioner(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::PutPractitionerRequest request;
  request.set_request_id(maker->RequestId());
  v1::Practitioner* const worker = request.mutable_practitioner();
  worker->set_agency_id(kSocial);
  worker->set_practitioner_id(absl::StrCat("n", maker->dice().Below(3)));
  worker->add_roles(maker->dice().OneIn(3) ? "manager" : "social-worker");
  worker->set_surname(maker->cast().person.surname());
  worker->set_home_postcode(maker->cast().person.postcode());
  return AsksJust<v1::PutPractitionerRequest, v1::PutPractitionerResponse>(std::move(request));
}

Act ListRegistryChanges(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->GovernanceOfficer();
  v1::ListRegistryChangesRequest request;
  request.set_include_ended(maker->dice().OneIn(2));
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListRegistryChangesRequest, v1::ListRegistryChangesResponse>(
      [request, token = maker->PageToken("changes-page")](const Talk& talk) mutable {
        request.set_page_token(token(talk));
        return request;
      });
}

Act ConfirmRegistryChange(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(6) ? maker->Anybody() : maker->GovernanceOfficer();
  v1::ConfirmRegistryChangeRequest request;
  request.set_request_id(maker->RequestId());
  return Asks<v1::ConfirmRegistryChangeRequest, v1::ConfirmRegistryChangeResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_change_id(talk.memory().One("change-id", any));
        request.set_sha256(talk.memory().One("change-sha256", any));
        return request;
      });
}

Act RefuseRegistryChange(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(6) ? maker->Anybody() : maker->GovernanceOfficer();
  v1::RefuseRegistryChangeRequest request;
  request.set_request_id(maker->RequestId());
  request.set_reason(maker->Reason());
  return Asks<v1::RefuseRegistryChangeRequest, v1::RefuseRegistryChangeResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_change_id(talk.memory().One("change-id", any));
        return request;
      });
}

Act FoundArea(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::FoundAreaRequest request = WorldsFounding();
  request.set_request_id(maker->RequestId());
  if (maker->dice().OneIn(2)) request.clear_signatures();
  return AsksJust<v1::FoundAreaRequest, v1::FoundAreaResponse>(std::move(request));
}

Act SetSuspended(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::SetSuspendedRequest request;
  request.set_request_id(maker->RequestId());
  request.mutable_practitioner()->set_agency_id(kSocial);
  request.mutable_practitioner()->set_practitioner_id("w2");
  request.set_suspended(maker->dice().OneIn(2));
  request.set_reason(maker->Reason());
  return AsksJust<v1::SetSuspendedRequest, v1::SetSuspendedResponse>(std::move(request));
}

Act ListAgencies(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::ListAgenciesRequest request;
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListAgenciesRequest, v1::ListAgenciesResponse>(
      [request, token = maker->PageToken("agencies-page")](const Talk& talk) mutable {
        request.set_page_token(token(talk));
        return request;
      });
}

std::string Colleague(Maker* maker) {
  static const std::vector<std::string> ids = {"w1", "w2", "mg", "nobody"};
  return maker->dice().Pick(ids);
}

template <typename Request>
Request CoverOf(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(3) ? maker->Manager() : maker->Anybody();
  Request request;
  request.set_request_id(maker->RequestId());
  request.set_covered_practitioner_id(Colleague(maker));
  if (maker->dice().OneIn(3)) request.set_covering_practitioner_id(Colleague(maker));
  return request;
}

Act StartCover(Maker* maker, Caller* caller) {
  auto request = CoverOf<v1::StartCoverRequest>(maker, caller);
  request.set_reason(maker->Reason());
  return Asks<v1::StartCoverRequest, v1::StartCoverResponse>(
      [request, days = maker->dice().Below(30)](const Talk& talk) mutable {
        request.mutable_until()->set_seconds(
            absl::ToUnixSeconds(talk.Now() + absl::Hours(24 * days)));
        return request;
      });
}

Act EndCover(Maker* maker, Caller* caller) {
  return AsksJust<v1::EndCoverRequest, v1::EndCoverResponse>(
      CoverOf<v1::EndCoverRequest>(maker, caller));
}

Act ListCovers(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(2) ? maker->Manager() : maker->Anybody();
  v1::ListCoversRequest request;
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListCoversRequest, v1::ListCoversResponse>(
      [request, token = maker->PageToken("covers-page")](const Talk& talk) mutable {
        request.set_page_token(token(talk));
        return request;
      });
}

// Not a whole one mostly: that takes the hub longer than all the rest of a sequence.
std::string Draft(Maker* maker) {
  return maker->dice().OneIn(4) ? WorldsPolicy(2 + maker->dice().Below(2))
                                : "policy \"Nothing\"\nshow everything";
}

Act ProposePolicy(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->GovernanceOfficer();
  v1::ProposePolicyRequest request;
  request.set_request_id(maker->RequestId());
  request.set_text(Draft(maker));
  return AsksJust<v1::ProposePolicyRequest, v1::ProposePolicyResponse>(std::move(request));
}

template <typename Request, typename Response>
Act AboutPolicy(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(6) ? maker->Anybody() : maker->GovernanceOfficer();
  Request request;
  if constexpr (requires { request.set_request_id(""); }) {
    request.set_request_id(maker->RequestId());
  }
  return Asks<Request, Response>([request, any = maker->dice().Roll()](const Talk& talk) mutable {
    request.set_sha256(talk.memory().One("policy-sha256", any));
    return request;
  });
}

Act ListPolicies(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->GovernanceOfficer();
  v1::ListPoliciesRequest request;
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListPoliciesRequest, v1::ListPoliciesResponse>(
      [request, token = maker->PageToken("policies-page")](const Talk& talk) mutable {
        request.set_page_token(token(talk));
        return request;
      });
}

Act Explain(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  v1::ExplainRequest request;
  request.set_request_id(maker->RequestId());
  request.set_purpose(maker->Purpose());
  if (dice.OneIn(2)) request.set_holder_agency_id(dice.OneIn(2) ? kSocial : "nortown-clinic");
  request.set_involved(dice.OneIn(2));
  request.set_shielded(dice.OneIn(4));
  *caller = maker->Anybody(request.purpose());
  return AsksJust<v1::ExplainRequest, v1::ExplainResponse>(std::move(request));
}

Act ListAgreements(Maker* maker, Caller* caller) {
  *caller = maker->Anybody();
  v1::ListAgreementsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_page_size(maker->PageSize());
  if (maker->dice().OneIn(2)) request.set_other_agency_id(kSocial);
  return Asks<v1::ListAgreementsRequest, v1::ListAgreementsResponse>(
      [request, token = maker->PageToken("agreements-page")](const Talk& talk) mutable {
        request.set_page_token(token(talk));
        return request;
      });
}

Act PreviewPolicy(Maker* maker, Caller* caller) {
  *caller = maker->dice().OneIn(4) ? maker->Anybody() : maker->GovernanceOfficer();
  v1::PreviewPolicyRequest request;
  request.set_request_id(maker->RequestId());
  request.set_text(Draft(maker));
  if (maker->dice().OneIn(2)) request.set_recorded_days(7);
  return [request](Talk& talk) {
    v1::PreviewPolicyResponse reply;
    talk.ServerStream(request, &reply, 100);
  };
}

Act ReplayDecision(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::ReplayDecisionRequest request;
  request.set_index(static_cast<uint64_t>(maker->dice().Below(60)));
  request.set_reason(maker->Reason());
  return AsksJust<v1::ReplayDecisionRequest, v1::ReplayDecisionResponse>(std::move(request));
}

Act MakeBackup(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::MakeBackupRequest request;
  request.set_request_id(maker->RequestId());
  return AsksJust<v1::MakeBackupRequest, v1::MakeBackupResponse>(std::move(request));
}

Act PruneEntries(Maker* maker, Caller* caller) {
  *caller = OperatorOrAnybody(maker);
  v1::PruneEntriesRequest request;
  request.set_request_id(maker->RequestId());
  request.set_dry_run(maker->dice().OneIn(2));
  return AsksJust<v1::PruneEntriesRequest, v1::PruneEntriesResponse>(std::move(request));
}

}  // namespace

std::vector<Generator> OperationGenerators() {
  return {
      {"/signpost.v1.RegistryService/PutAgency", 1, &PutAgency},
      {"/signpost.v1.RegistryService/PutTeam", 1, &PutTeam},
      {"/signpost.v1.RegistryService/PutPractitioner", 2, &PutPractitioner},
      {"/signpost.v1.RegistryService/SetSuspended", 2, &SetSuspended},
      {"/signpost.v1.RegistryService/ListAgencies", 2, &ListAgencies},
      {"/signpost.v1.RegistryService/ListRegistryChanges", 2, &ListRegistryChanges},
      {"/signpost.v1.RegistryService/ConfirmRegistryChange", 1, &ConfirmRegistryChange},
      {"/signpost.v1.RegistryService/RefuseRegistryChange", 1, &RefuseRegistryChange},
      {"/signpost.v1.RegistryService/FoundArea", 1, &FoundArea},
      {"/signpost.v1.CoverService/StartCover", 3, &StartCover},
      {"/signpost.v1.CoverService/EndCover", 2, &EndCover},
      {"/signpost.v1.CoverService/ListCovers", 2, &ListCovers},
      {"/signpost.v1.PolicyService/ProposePolicy", 1, &ProposePolicy},
      {"/signpost.v1.PolicyService/ApprovePolicy", 1,
       &AboutPolicy<v1::ApprovePolicyRequest, v1::ApprovePolicyResponse>},
      {"/signpost.v1.PolicyService/WithdrawPolicy", 1,
       &AboutPolicy<v1::WithdrawPolicyRequest, v1::WithdrawPolicyResponse>},
      {"/signpost.v1.PolicyService/ListPolicies", 1, &ListPolicies},
      {"/signpost.v1.PolicyService/GetPolicy", 1,
       &AboutPolicy<v1::GetPolicyRequest, v1::GetPolicyResponse>},
      {"/signpost.v1.PolicyService/Explain", 2, &Explain},
      {"/signpost.v1.PolicyService/ListAgreements", 1, &ListAgreements},
      {"/signpost.v1.PolicyService/PreviewPolicy", 1, &PreviewPolicy},
      {"/signpost.v1.PolicyService/ReplayDecision", 1, &ReplayDecision},
      {"/signpost.v1.MaintenanceService/MakeBackup", 1, &MakeBackup},
      {"/signpost.v1.MaintenanceService/PruneEntries", 1, &PruneEntries},
  };
}

}  // namespace signpost::worlds
