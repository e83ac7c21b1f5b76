#include <utility>

#include "hub/api/services.h"
#include "hub/subject_rights/subject_rights.h"
#include "signpost/v1/person.grpc.pb.h"

namespace signpost::api {
namespace {

class PersonService final : public v1::PersonService::CallbackService {
 public:
  explicit PersonService(const ApiContext& context) : context_(context), desk_(*context.context) {}

  grpc::ServerUnaryReactor* ExportPerson(grpc::CallbackServerContext* context,
                                         const v1::ExportPersonRequest* request,
                                         v1::ExportPersonResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PersonService/ExportPerson");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::ExportPersonRequest& asked,
                                rpc::Reply<v1::ExportPersonResponse> reply) {
                           desk_.Export(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ErasePerson(grpc::CallbackServerContext* context,
                                        const v1::ErasePersonRequest* request,
                                        v1::ErasePersonResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PersonService/ErasePerson");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::ErasePersonRequest& asked,
                                rpc::Reply<v1::ErasePersonResponse> reply) {
                           desk_.Erase(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* SetShield(grpc::CallbackServerContext* context,
                                      const v1::SetShieldRequest* request,
                                      v1::SetShieldResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PersonService/SetShield");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [this](const base::Principal& caller, const v1::SetShieldRequest& asked,
                                rpc::Reply<v1::SetShieldResponse> reply) {
                           desk_.SetShield(caller, asked, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ListErasedRecords(grpc::CallbackServerContext* context,
                                              const v1::ListErasedRecordsRequest* request,
                                              v1::ListErasedRecordsResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.PersonService/ListErasedRecords");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::ListErasedRecordsRequest& asked,
               rpc::Reply<v1::ListErasedRecordsResponse> reply) {
          desk_.ListErasedRecords(caller, asked, std::move(reply));
        });
  }

  grpc::ServerUnaryReactor* AnswerErasedRecord(grpc::CallbackServerContext* context,
                                               const v1::AnswerErasedRecordRequest* request,
                                               v1::AnswerErasedRecordResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.PersonService/AnswerErasedRecord");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [this](const base::Principal& caller, const v1::AnswerErasedRecordRequest& asked,
               rpc::Reply<v1::AnswerErasedRecordResponse> reply) {
          desk_.AnswerErasedRecord(caller, asked, std::move(reply));
        });
  }

 private:
  const ApiContext context_;
  subject_rights::SubjectRights desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePersonService(const ApiContext& context) {
  return std::make_unique<PersonService>(context);
}

}  // namespace signpost::api
