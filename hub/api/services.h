// The gRPC services, one class each behind one function. Each is thin: the guard admits, the gate
// or the reception does the work, the answer is encoded. Nothing here decides.
//
// Services are thread-safe. They own nothing of what they are given; all of it must outlive them.

#ifndef SIGNPOST_HUB_API_SERVICES_H_
#define SIGNPOST_HUB_API_SERVICES_H_

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>
#include <string>

#include "hub/api/reactors.h"
#include "hub/gate/gate.h"
#include "hub/gate/maintenance.h"
#include "hub/gate/pattern_search.h"
#include "hub/gate/policy_asking.h"
#include "hub/gate/policy_desk.h"
#include "hub/gate/policy_preview.h"
#include "hub/gate/reception.h"
#include "hub/gate/replay.h"
#include "hub/gate/search.h"
#include "hub/ledger/witnessing.h"

namespace signpost::api {

// What the services stand on.
struct ServiceRooms {
  const CallEnvironment* calls = nullptr;
  const gate::Rooms* rooms = nullptr;
  gate::Gate* gate = nullptr;
  gate::Reception* reception = nullptr;
  gate::PolicyDesk* policy_desk = nullptr;
  gate::PolicyAsking* policy_asking = nullptr;
  gate::PolicyPreviews* policy_previews = nullptr;
  gate::Replays* replays = nullptr;
  gate::Searches* searches = nullptr;
  gate::PatternSearch* pattern_search = nullptr;
  std::string verifier_key;                        // of the ledger's checkpoints
  const ledger::Witnessing* witnessing = nullptr;  // nullptr: no witness is named
  gate::Maintenance* maintenance = nullptr;
};

std::unique_ptr<grpc::Service> MakeIndexService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakeConsentService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakeRegistryService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakeAuditService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakeExchangeService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakeOverrideService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakePolicyService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakePersonService(const ServiceRooms& rooms);
std::unique_ptr<grpc::Service> MakeMaintenanceService(const ServiceRooms& rooms);

}  // namespace signpost::api

#endif  // SIGNPOST_HUB_API_SERVICES_H_
