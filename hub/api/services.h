// The Make functions are makers of the gRPC services, one class each, that are thin: the guard
// admits, the room whose trade it is does the work, the answer is encoded. Nothing here decides.
//
// Services are thread-safe. They own nothing of what they are given; all of it must outlive them.

#ifndef SIGNPOST_HUB_API_SERVICES_H_
#define SIGNPOST_HUB_API_SERVICES_H_

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>

#include "hub/rpc/reactors.h"

// Each service includes the rooms that it serves; all of them at once are half of what a compiler reads.
namespace signpost::disclosure {
class Answers;
}
namespace signpost::enrolment {
class Covers;
class Enrolment;
class RegistryChanges;
}  // namespace signpost::enrolment
namespace signpost::intake {
class Intake;
}
namespace signpost::operations {
class Maintenance;
}
namespace signpost::oversight {
class JointLooks;
class LedgerAccess;
class PatternSearch;
class PseudonymIssuer;
class Replays;
class Samples;
class Searches;
}  // namespace signpost::oversight
namespace signpost::policy_admin {
class PolicyAdmin;
class PolicyExplainer;
class PolicyPreviews;
}  // namespace signpost::policy_admin
namespace signpost::request {
struct HubContext;
}

namespace signpost::api {

// What the services stand on.
struct ApiContext {
  const rpc::CallEnvironment* calls = nullptr;
  const request::HubContext* context = nullptr;
  disclosure::Answers* answers = nullptr;
  intake::Intake* intake = nullptr;
  enrolment::Enrolment* enrolment = nullptr;
  enrolment::RegistryChanges* registry_changes = nullptr;
  enrolment::Covers* covers = nullptr;
  policy_admin::PolicyAdmin* policy_admin = nullptr;
  policy_admin::PolicyExplainer* policy_explainer = nullptr;
  policy_admin::PolicyPreviews* policy_previews = nullptr;
  oversight::Replays* replays = nullptr;
  oversight::LedgerAccess* ledger_access = nullptr;
  oversight::Searches* searches = nullptr;
  oversight::PatternSearch* pattern_search = nullptr;
  oversight::PseudonymIssuer* pseudonyms = nullptr;
  oversight::JointLooks* joint_looks = nullptr;
  oversight::Samples* samples = nullptr;
  operations::Maintenance* maintenance = nullptr;
};

std::unique_ptr<grpc::Service> MakeIndexService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeConsentService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeRegistryService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeCoverService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeAuditService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeExchangeService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeOverrideService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakePolicyService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakePersonService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeStewardService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeArchiveService(const ApiContext& context);
std::unique_ptr<grpc::Service> MakeMaintenanceService(const ApiContext& context);

}  // namespace signpost::api

#endif  // SIGNPOST_HUB_API_SERVICES_H_
