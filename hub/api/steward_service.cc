#include <utility>

#include "hub/api/services.h"
#include "hub/stewards/stewards.h"
#include "signpost/v1/steward.grpc.pb.h"

namespace signpost::api {
namespace {

class StewardService final : public v1::StewardService::CallbackService {
 public:
  explicit StewardService(const ApiContext& context)
      : context_(context), stewards_(*context.context) {}

  grpc::ServerUnaryReactor* ListReviews(grpc::CallbackServerContext* context,
                                        const v1::ListReviewsRequest* request,
                                        v1::ListReviewsResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.StewardService/ListReviews");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::ListReviewsRequest& list,
                                rpc::Reply<v1::ListReviewsResponse> reply) {
                           stewards_.List(caller, list, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ResolveReview(grpc::CallbackServerContext* context,
                                          const v1::ResolveReviewRequest* request,
                                          v1::ResolveReviewResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.StewardService/ResolveReview");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ResolveReviewRequest& decision,
               rpc::Reply<v1::ResolveReviewResponse> reply) {
          stewards_.Resolve(caller, decision, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* AskAboutRecord(grpc::CallbackServerContext* context,
                                           const v1::AskAboutRecordRequest* request,
                                           v1::AskAboutRecordResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.StewardService/AskAboutRecord");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::AskAboutRecordRequest& question,
               rpc::Reply<v1::AskAboutRecordResponse> reply) {
          stewards_.Ask(caller, question, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* ListRecordQuestions(
      grpc::CallbackServerContext* context, const v1::ListRecordQuestionsRequest* request,
      v1::ListRecordQuestionsResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.StewardService/ListRecordQuestions");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ListRecordQuestionsRequest& list,
               rpc::Reply<v1::ListRecordQuestionsResponse> reply) {
          stewards_.ListQuestions(caller, list, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* AnswerRecordQuestion(
      grpc::CallbackServerContext* context, const v1::AnswerRecordQuestionRequest* request,
      v1::AnswerRecordQuestionResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.StewardService/AnswerRecordQuestion");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::AnswerRecordQuestionRequest& answer,
               rpc::Reply<v1::AnswerRecordQuestionResponse> reply) {
          stewards_.Answer(caller, answer, std::move(reply));
        });
  }

 private:
  const ApiContext context_;
  stewards::Stewards stewards_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeStewardService(const ApiContext& context) {
  return std::make_unique<StewardService>(context);
}

}  // namespace signpost::api
