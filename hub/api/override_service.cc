#include <utility>

#include "hub/api/services.h"
#include "hub/gate/overrides.h"
#include "signpost/v1/overrides.grpc.pb.h"

namespace signpost::api {
namespace {

class OverrideService final : public v1::OverrideService::CallbackService {
 public:
  explicit OverrideService(const ServiceRooms& rooms) : rooms_(rooms), overrides_(*rooms.rooms) {}

  grpc::ServerUnaryReactor* ListOverrides(grpc::CallbackServerContext* context,
                                          const v1::ListOverridesRequest* request,
                                          v1::ListOverridesResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.OverrideService/ListOverrides");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [this](const Caller& caller, const v1::ListOverridesRequest& list,
                           Reply<v1::ListOverridesResponse> reply) {
                      overrides_.List(caller.asker, list, std::move(reply));
                    });
  }

  grpc::ServerUnaryReactor* ReviewOverride(grpc::CallbackServerContext* context,
                                           const v1::ReviewOverrideRequest* request,
                                           v1::ReviewOverrideResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.OverrideService/ReviewOverride");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [this](const Caller& caller, const v1::ReviewOverrideRequest& review,
                           Reply<v1::ReviewOverrideResponse> reply) {
                      overrides_.Review(caller.asker, review, std::move(reply));
                    });
  }

  grpc::ServerUnaryReactor* ReportOverrides(grpc::CallbackServerContext* context,
                                            const v1::ReportOverridesRequest* request,
                                            v1::ReportOverridesResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.OverrideService/ReportOverrides");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [this](const Caller& caller, const v1::ReportOverridesRequest& report,
                           Reply<v1::ReportOverridesResponse> reply) {
                      overrides_.Report(caller.asker, report, std::move(reply));
                    });
  }

 private:
  const ServiceRooms rooms_;
  gate::Overrides overrides_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOverrideService(const ServiceRooms& rooms) {
  return std::make_unique<OverrideService>(rooms);
}

}  // namespace signpost::api
