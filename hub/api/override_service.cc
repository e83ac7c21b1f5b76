#include <utility>

#include "hub/api/services.h"
#include "hub/overrides/overrides.h"
#include "signpost/v1/overrides.grpc.pb.h"

namespace signpost::api {
namespace {

class OverrideService final : public v1::OverrideService::CallbackService {
 public:
  explicit OverrideService(const ApiContext& context)
      : context_(context), overrides_(*context.context) {}

  grpc::ServerUnaryReactor* ListOverrides(grpc::CallbackServerContext* context,
                                          const v1::ListOverridesRequest* request,
                                          v1::ListOverridesResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.OverrideService/ListOverrides");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::ListOverridesRequest& list,
                                rpc::Reply<v1::ListOverridesResponse> reply) {
                           overrides_.List(caller, list, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ReviewOverride(grpc::CallbackServerContext* context,
                                           const v1::ReviewOverrideRequest* request,
                                           v1::ReviewOverrideResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.OverrideService/ReviewOverride");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ReviewOverrideRequest& review,
               rpc::Reply<v1::ReviewOverrideResponse> reply) {
          overrides_.Review(caller, review, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* ReportOverrides(grpc::CallbackServerContext* context,
                                            const v1::ReportOverridesRequest* request,
                                            v1::ReportOverridesResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.OverrideService/ReportOverrides");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ReportOverridesRequest& report,
               rpc::Reply<v1::ReportOverridesResponse> reply) {
          overrides_.Report(caller, report, std::move(reply));
        });
  }

 private:
  const ApiContext context_;
  overrides::Overrides overrides_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeOverrideService(const ApiContext& context) {
  return std::make_unique<OverrideService>(context);
}

}  // namespace signpost::api
