#include <utility>

#include "hub/api/services.h"
#include "hub/operations/maintenance.h"
#include "signpost/v1/maintenance.grpc.pb.h"

namespace signpost::api {
namespace {

class MaintenanceService final : public v1::MaintenanceService::CallbackService {
 public:
  explicit MaintenanceService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* MakeBackup(grpc::CallbackServerContext* context,
                                       const v1::MakeBackupRequest* request,
                                       v1::MakeBackupResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.MaintenanceService/MakeBackup");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [maintenance = context_.maintenance](
                             const base::Principal& caller, const v1::MakeBackupRequest& make,
                             rpc::Reply<v1::MakeBackupResponse> reply) {
                           maintenance->MakeBackup(caller, make, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* PruneEntries(grpc::CallbackServerContext* context,
                                         const v1::PruneEntriesRequest* request,
                                         v1::PruneEntriesResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.MaintenanceService/PruneEntries");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [maintenance = context_.maintenance](
                             const base::Principal& caller, const v1::PruneEntriesRequest& prune,
                             rpc::Reply<v1::PruneEntriesResponse> reply) {
                           maintenance->PruneEntries(caller, prune, std::move(reply));
                         });
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMaintenanceService(const ApiContext& context) {
  return std::make_unique<MaintenanceService>(context);
}

}  // namespace signpost::api
