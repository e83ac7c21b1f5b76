#include <utility>

#include "hub/api/services.h"
#include "signpost/v1/maintenance.grpc.pb.h"

namespace signpost::api {
namespace {

class MaintenanceService final : public v1::MaintenanceService::CallbackService {
 public:
  explicit MaintenanceService(const ServiceRooms& rooms) : rooms_(rooms) {}

  grpc::ServerUnaryReactor* MakeBackup(grpc::CallbackServerContext* context,
                                       const v1::MakeBackupRequest* request,
                                       v1::MakeBackupResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.MaintenanceService/MakeBackup");
    return RunUnary(
        context, *rooms_.calls, row, request, response,
        [maintenance = rooms_.maintenance](const Caller& caller, const v1::MakeBackupRequest& make,
                                           Reply<v1::MakeBackupResponse> reply) {
          maintenance->MakeBackup(caller.asker, make, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* PruneEntries(grpc::CallbackServerContext* context,
                                         const v1::PruneEntriesRequest* request,
                                         v1::PruneEntriesResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.MaintenanceService/PruneEntries");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [maintenance = rooms_.maintenance](const Caller& caller,
                                                       const v1::PruneEntriesRequest& prune,
                                                       Reply<v1::PruneEntriesResponse> reply) {
                      maintenance->PruneEntries(caller.asker, prune, std::move(reply));
                    });
  }

 private:
  const ServiceRooms rooms_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMaintenanceService(const ServiceRooms& rooms) {
  return std::make_unique<MaintenanceService>(rooms);
}

}  // namespace signpost::api
