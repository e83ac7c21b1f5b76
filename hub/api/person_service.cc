#include <utility>

#include "hub/api/services.h"
#include "hub/gate/person_desk.h"
#include "signpost/v1/person.grpc.pb.h"

namespace signpost::api {
namespace {

class PersonService final : public v1::PersonService::CallbackService {
 public:
  explicit PersonService(const ServiceRooms& rooms) : rooms_(rooms), desk_(*rooms.rooms) {}

  grpc::ServerUnaryReactor* ExportPerson(grpc::CallbackServerContext* context,
                                         const v1::ExportPersonRequest* request,
                                         v1::ExportPersonResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.PersonService/ExportPerson");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [this](const Caller& caller, const v1::ExportPersonRequest& asked,
                           Reply<v1::ExportPersonResponse> reply) {
                      desk_.Export(caller.asker, asked, std::move(reply));
                    });
  }

  grpc::ServerUnaryReactor* ErasePerson(grpc::CallbackServerContext* context,
                                        const v1::ErasePersonRequest* request,
                                        v1::ErasePersonResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.PersonService/ErasePerson");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [this](const Caller& caller, const v1::ErasePersonRequest& asked,
                           Reply<v1::ErasePersonResponse> reply) {
                      desk_.Erase(caller.asker, asked, std::move(reply));
                    });
  }

  grpc::ServerUnaryReactor* SetShield(grpc::CallbackServerContext* context,
                                      const v1::SetShieldRequest* request,
                                      v1::SetShieldResponse* response) override {
    static const MethodRow& row = MethodOrDie("/signpost.v1.PersonService/SetShield");
    return RunUnary(context, *rooms_.calls, row, request, response,
                    [this](const Caller& caller, const v1::SetShieldRequest& asked,
                           Reply<v1::SetShieldResponse> reply) {
                      desk_.SetShield(caller.asker, asked, std::move(reply));
                    });
  }

 private:
  const ServiceRooms rooms_;
  gate::PersonDesk desk_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePersonService(const ServiceRooms& rooms) {
  return std::make_unique<PersonService>(rooms);
}

}  // namespace signpost::api
