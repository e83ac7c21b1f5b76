#include <memory>
#include <utility>

#include "hub/api/services.h"
#include "hub/enrolment/covers.h"
#include "signpost/v1/cover.grpc.pb.h"

namespace signpost::api {
namespace {

class CoverService final : public v1::CoverService::CallbackService {
 public:
  explicit CoverService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* StartCover(grpc::CallbackServerContext* context,
                                       const v1::StartCoverRequest* request,
                                       v1::StartCoverResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.CoverService/StartCover");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [covers = context_.covers](const base::Principal& caller,
                                                    const v1::StartCoverRequest& start,
                                                    rpc::Reply<v1::StartCoverResponse> reply) {
                           covers->Start(caller, start, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* EndCover(grpc::CallbackServerContext* context,
                                     const v1::EndCoverRequest* request,
                                     v1::EndCoverResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.CoverService/EndCover");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [covers = context_.covers](const base::Principal& caller, const v1::EndCoverRequest& end,
                                   rpc::Reply<v1::EndCoverResponse> reply) {
          covers->End(caller, end, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* ListCovers(grpc::CallbackServerContext* context,
                                       const v1::ListCoversRequest* request,
                                       v1::ListCoversResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.CoverService/ListCovers");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [covers = context_.covers](const base::Principal& caller, const v1::ListCoversRequest& list,
                                   rpc::Reply<v1::ListCoversResponse> reply) {
          covers->List(caller, list, std::move(reply));
        });
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCoverService(const ApiContext& context) {
  return std::make_unique<CoverService>(context);
}

}  // namespace signpost::api
