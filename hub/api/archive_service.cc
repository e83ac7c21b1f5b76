#include <utility>

#include "hub/api/services.h"
#include "hub/archive/case_reviews.h"
#include "hub/archive/ends.h"
#include "hub/archive/holds_and_deaths.h"
#include "signpost/v1/archive.grpc.pb.h"

namespace signpost::api {
namespace {

class ArchiveService final : public v1::ArchiveService::CallbackService {
 public:
  explicit ArchiveService(const ApiContext& context)
      : context_(context), reviews_(*context.context), holds_(*context.context) {}

  grpc::ServerUnaryReactor* GetKeepingTable(grpc::CallbackServerContext* context,
                                            const v1::GetKeepingTableRequest* request,
                                            v1::GetKeepingTableResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ArchiveService/GetKeepingTable");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& /*caller*/, const v1::GetKeepingTableRequest& /*asked*/,
               rpc::Reply<v1::GetKeepingTableResponse> reply) {
          reply(archive::TableInWords(context_.context->people->keeping(),
                                      context_.context->clock->Now()));
        });
  }

  grpc::ServerUnaryReactor* AskForArchive(grpc::CallbackServerContext* context,
                                          const v1::AskForArchiveRequest* request,
                                          v1::AskForArchiveResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ArchiveService/AskForArchive");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::AskForArchiveRequest& asked,
               rpc::Reply<v1::AskForArchiveResponse> reply) {
          reviews_.Ask(caller, asked, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* ListArchiveRequests(
      grpc::CallbackServerContext* context, const v1::ListArchiveRequestsRequest* request,
      v1::ListArchiveRequestsResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ArchiveService/ListArchiveRequests");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ListArchiveRequestsRequest& list,
               rpc::Reply<v1::ListArchiveRequestsResponse> reply) {
          reviews_.List(caller, list, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* AnswerArchiveRequest(
      grpc::CallbackServerContext* context, const v1::AnswerArchiveRequestRequest* request,
      v1::AnswerArchiveRequestResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ArchiveService/AnswerArchiveRequest");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::AnswerArchiveRequestRequest& answer,
               rpc::Reply<v1::AnswerArchiveRequestResponse> reply) {
          reviews_.Answer(caller, answer, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* ReadArchive(grpc::CallbackServerContext* context,
                                        const v1::ReadArchiveRequest* request,
                                        v1::ReadArchiveResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.ArchiveService/ReadArchive");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::ReadArchiveRequest& asked,
                                rpc::Reply<v1::ReadArchiveResponse> reply) {
                           reviews_.Read(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* SetLegalHold(grpc::CallbackServerContext* context,
                                         const v1::SetLegalHoldRequest* request,
                                         v1::SetLegalHoldResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.ArchiveService/SetLegalHold");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::SetLegalHoldRequest& hold,
                                rpc::Reply<v1::SetLegalHoldResponse> reply) {
                           holds_.SetHold(caller, hold, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ListLegalHolds(grpc::CallbackServerContext* context,
                                           const v1::ListLegalHoldsRequest* request,
                                           v1::ListLegalHoldsResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.ArchiveService/ListLegalHolds");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ListLegalHoldsRequest& list,
               rpc::Reply<v1::ListLegalHoldsResponse> reply) {
          holds_.ListHolds(caller, list, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* RecordDeath(grpc::CallbackServerContext* context,
                                        const v1::RecordDeathRequest* request,
                                        v1::RecordDeathResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.ArchiveService/RecordDeath");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::RecordDeathRequest& death,
                                rpc::Reply<v1::RecordDeathResponse> reply) {
                           holds_.RecordDeath(caller, death, std::move(reply));
                         });
  }

 private:
  const ApiContext context_;
  archive::CaseReviews reviews_;
  archive::HoldsAndDeaths holds_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeArchiveService(const ApiContext& context) {
  return std::make_unique<ArchiveService>(context);
}

}  // namespace signpost::api
