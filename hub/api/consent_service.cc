#include <utility>

#include "hub/api/services.h"
#include "hub/disclosure/answers.h"
#include "hub/intake/intake.h"
#include "signpost/v1/consent.grpc.pb.h"

namespace signpost::api {
namespace {

class ConsentService final : public v1::ConsentService::CallbackService {
 public:
  explicit ConsentService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* RecordConsent(grpc::CallbackServerContext* context,
                                          const v1::RecordConsentRequest* request,
                                          v1::RecordConsentResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ConsentService/RecordConsent");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [intake = context_.intake](const base::Principal& caller,
                                                    const v1::RecordConsentRequest& record,
                                                    rpc::Reply<v1::RecordConsentResponse> reply) {
                           intake->RecordConsent(caller, record, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* WithdrawConsent(grpc::CallbackServerContext* context,
                                            const v1::WithdrawConsentRequest* request,
                                            v1::WithdrawConsentResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ConsentService/WithdrawConsent");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [intake = context_.intake](const base::Principal& caller,
                                                    const v1::WithdrawConsentRequest& withdraw,
                                                    rpc::Reply<v1::WithdrawConsentResponse> reply) {
                           intake->WithdrawConsent(caller, withdraw, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ListConsents(grpc::CallbackServerContext* context,
                                         const v1::ListConsentsRequest* request,
                                         v1::ListConsentsResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.ConsentService/ListConsents");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [answers = context_.answers](const base::Principal& caller,
                                                      const v1::ListConsentsRequest& list,
                                                      rpc::Reply<v1::ListConsentsResponse> reply) {
                           answers->ListConsents(caller, list, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* GetConsentHistory(grpc::CallbackServerContext* context,
                                              const v1::GetConsentHistoryRequest* request,
                                              v1::GetConsentHistoryResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ConsentService/GetConsentHistory");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [answers = context_.answers](const base::Principal& caller,
                                     const v1::GetConsentHistoryRequest& history,
                                     rpc::Reply<v1::GetConsentHistoryResponse> reply) {
          answers->GetConsentHistory(caller, history, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* AnswerConsent(grpc::CallbackServerContext* context,
                                          const v1::AnswerConsentRequest* request,
                                          v1::AnswerConsentResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ConsentService/AnswerConsent");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [intake = context_.intake](const base::Principal& caller,
                                                    const v1::AnswerConsentRequest& answer,
                                                    rpc::Reply<v1::AnswerConsentResponse> reply) {
                           intake->AnswerConsent(caller, answer, std::move(reply));
                         });
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConsentService(const ApiContext& context) {
  return std::make_unique<ConsentService>(context);
}

}  // namespace signpost::api
