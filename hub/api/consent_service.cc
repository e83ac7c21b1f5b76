#include <utility>

#include "hub/api/services.h"
#include "signpost/v1/consent.grpc.pb.h"

namespace signpost::api {
namespace {

class ConsentService final : public v1::ConsentService::CallbackService {
 public:
  explicit ConsentService(const ServiceRooms& rooms) : rooms_(rooms) {}

  grpc::ServerUnaryReactor* RecordConsent(grpc::CallbackServerContext* context,
                                          const v1::RecordConsentRequest* request,
                                          v1::RecordConsentResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.ConsentService/RecordConsent");
    return RunUnary(
        context, *rooms_.calls, row, request, response,
        [reception = rooms_.reception](const Caller& caller, const v1::RecordConsentRequest& record,
                                       Reply<v1::RecordConsentResponse> reply) {
          reception->RecordConsent(caller.asker, record, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* WithdrawConsent(grpc::CallbackServerContext* context,
                                            const v1::WithdrawConsentRequest* request,
                                            v1::WithdrawConsentResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.ConsentService/WithdrawConsent");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [reception = rooms_.reception](const Caller& caller,
                                                   const v1::WithdrawConsentRequest& withdraw,
                                                   Reply<v1::WithdrawConsentResponse> reply) {
                      reception->WithdrawConsent(caller.asker, withdraw, std::move(reply));
                    });
  }

  grpc::ServerUnaryReactor* ListConsents(grpc::CallbackServerContext* context,
                                         const v1::ListConsentsRequest* request,
                                         v1::ListConsentsResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.ConsentService/ListConsents");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [gate = rooms_.gate](const Caller& caller, const v1::ListConsentsRequest& list,
                                         Reply<v1::ListConsentsResponse> reply) {
                      gate->ListConsents(caller.asker, list, std::move(reply));
                    });
  }

  grpc::ServerUnaryReactor* GetConsentHistory(grpc::CallbackServerContext* context,
                                              const v1::GetConsentHistoryRequest* request,
                                              v1::GetConsentHistoryResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.ConsentService/GetConsentHistory");
    return RunUnary(
        context, *rooms_.calls, row, request, response,
        [gate = rooms_.gate](const Caller& caller, const v1::GetConsentHistoryRequest& history,
                             Reply<v1::GetConsentHistoryResponse> reply) {
          gate->GetConsentHistory(caller.asker, history, std::move(reply));
        });
  }

 private:
  const ServiceRooms rooms_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConsentService(const ServiceRooms& rooms) {
  return std::make_unique<ConsentService>(rooms);
}

}  // namespace signpost::api
