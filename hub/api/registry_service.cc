#include <memory>
#include <utility>
#include <vector>

#include "hub/api/services.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/enrolment/enrolment.h"
#include "hub/enrolment/registry_changes.h"
#include "hub/registry/registry.h"
#include "hub/request/context.h"
#include "hub/request/paging.h"
#include "hub/request/wire_convert.h"
#include "signpost/v1/registry.grpc.pb.h"

namespace signpost::api {
namespace {

constexpr int kAgenciesPageDefault = 200;

class RegistryService final : public v1::RegistryService::CallbackService {
 public:
  explicit RegistryService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* PutAgency(grpc::CallbackServerContext* context,
                                      const v1::PutAgencyRequest* request,
                                      v1::PutAgencyResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.RegistryService/PutAgency");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [enrolment = context_.enrolment](const base::Principal& caller,
                                                          const v1::PutAgencyRequest& put,
                                                          rpc::Reply<v1::PutAgencyResponse> reply) {
                           enrolment->PutAgency(caller, put, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* PutTeam(grpc::CallbackServerContext* context,
                                    const v1::PutTeamRequest* request,
                                    v1::PutTeamResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.RegistryService/PutTeam");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [enrolment = context_.enrolment](const base::Principal& caller,
                                                          const v1::PutTeamRequest& put,
                                                          rpc::Reply<v1::PutTeamResponse> reply) {
                           enrolment->PutTeam(caller, put, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* PutPractitioner(grpc::CallbackServerContext* context,
                                            const v1::PutPractitionerRequest* request,
                                            v1::PutPractitionerResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.RegistryService/PutPractitioner");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [enrolment = context_.enrolment](
                             const base::Principal& caller, const v1::PutPractitionerRequest& put,
                             rpc::Reply<v1::PutPractitionerResponse> reply) {
                           enrolment->PutPractitioner(caller, put, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* SetSuspended(grpc::CallbackServerContext* context,
                                         const v1::SetSuspendedRequest* request,
                                         v1::SetSuspendedResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.RegistryService/SetSuspended");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [enrolment = context_.enrolment](
                             const base::Principal& caller, const v1::SetSuspendedRequest& set,
                             rpc::Reply<v1::SetSuspendedResponse> reply) {
                           enrolment->SetSuspended(caller, set, std::move(reply));
                         });
  }

  // Nothing about people, so nothing for the door.
  grpc::ServerUnaryReactor* ListAgencies(grpc::CallbackServerContext* context,
                                         const v1::ListAgenciesRequest* request,
                                         v1::ListAgenciesResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.RegistryService/ListAgencies");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [registry = context_.context->registry](
                             const base::Principal&, const v1::ListAgenciesRequest& list,
                             rpc::Reply<v1::ListAgenciesResponse> reply) {
                           reply(Directory(*registry->directory(), list));
                         });
  }

  // About nobody but colleagues, so it leaves no entry.
  grpc::ServerUnaryReactor* ListRegistryChanges(
      grpc::CallbackServerContext* context, const v1::ListRegistryChangesRequest* request,
      v1::ListRegistryChangesResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.RegistryService/ListRegistryChanges");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [changes = context_.registry_changes](const base::Principal& caller,
                                              const v1::ListRegistryChangesRequest& list,
                                              rpc::Reply<v1::ListRegistryChangesResponse> reply) {
          reply(changes->List(caller, list));
        });
  }

  grpc::ServerUnaryReactor* ConfirmRegistryChange(
      grpc::CallbackServerContext* context, const v1::ConfirmRegistryChangeRequest* request,
      v1::ConfirmRegistryChangeResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.RegistryService/ConfirmRegistryChange");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [changes = context_.registry_changes](const base::Principal& caller,
                                              const v1::ConfirmRegistryChangeRequest& confirm,
                                              rpc::Reply<v1::ConfirmRegistryChangeResponse> reply) {
          changes->Confirm(caller, confirm, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* RefuseRegistryChange(
      grpc::CallbackServerContext* context, const v1::RefuseRegistryChangeRequest* request,
      v1::RefuseRegistryChangeResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.RegistryService/RefuseRegistryChange");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [changes = context_.registry_changes](const base::Principal& caller,
                                              const v1::RefuseRegistryChangeRequest& refuse,
                                              rpc::Reply<v1::RefuseRegistryChangeResponse> reply) {
          changes->Refuse(caller, refuse, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* FoundArea(grpc::CallbackServerContext* context,
                                      const v1::FoundAreaRequest* request,
                                      v1::FoundAreaResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.RegistryService/FoundArea");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [changes = context_.registry_changes](
                             const base::Principal& caller, const v1::FoundAreaRequest& found,
                             rpc::Reply<v1::FoundAreaResponse> reply) {
                           changes->Found(caller, found, std::move(reply));
                         });
  }

 private:
  static absl::StatusOr<v1::ListAgenciesResponse> Directory(
      const registry::Directory& directory, const v1::ListAgenciesRequest& request) {
    const std::vector<std::shared_ptr<const registry::Agency>> all = directory.Agencies();
    SIGNPOST_ASSIGN_OR_RETURN(
        const request::PageSpan page,
        request::PageOf(all, request.page_size(), kAgenciesPageDefault, base::kPageRowsMax,
                        request.page_token(),
                        [](const auto& agency) { return agency->agency_id; }));
    v1::ListAgenciesResponse response;
    response.set_next_page_token(page.next_page_token);
    for (size_t i = page.begin; i < page.end; ++i) {
      const registry::Agency* const agency = all[i].get();
      v1::DirectoryEntry* entry = response.add_agencies();
      entry->set_agency_id(agency->agency_id);
      entry->set_name(agency->name);
      entry->set_kind(agency->kind);
      entry->set_feeds_index(agency->feeds_index);
      if (const auto feed = directory.Feed(agency->agency_id); feed.has_value()) {
        *entry->mutable_fed_until() = request::ToTimestamp(absl::ToUnixSeconds(feed->until));
      }
    }
    return response;
  }

  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRegistryService(const ApiContext& context) {
  return std::make_unique<RegistryService>(context);
}

}  // namespace signpost::api
