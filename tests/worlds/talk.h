// A Talk is one call of one agency's in one world, as a generator writes it: it sends what it is
// told to, and everything that comes back goes into the transcript and the world's memory.
//
//   talk.Unary(request, &response);
//
//   talk.OpenBidi();
//   talk.Send(open); talk.Receive(&reply); ... talk.FinishBidi();
//
// One way of calling to a Talk, and each once. For one thread.

#ifndef SIGNPOST_TESTS_WORLDS_TALK_H_
#define SIGNPOST_TESTS_WORLDS_TALK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "hub/rpc/method_table.h"
#include "tests/worlds/transcript.h"
#include "tests/worlds/world.h"

namespace grpc {
class ByteBuffer;
class Status;
}  // namespace grpc

namespace signpost::worlds {

// Changes the bytes of a reply before anybody looks: how the harness is tried.
using Tamper = std::function<void(const World& world, const std::string& method,
                                  google::protobuf::Message* reply)>;

class Talk {
 public:
  // Nothing is owned; `tamper` may be nullptr.
  Talk(World* world, Memory* memory, const rpc::MethodRow& method, const Caller& caller,
       const Tamper* tamper);
  ~Talk();

  // What the world has told so far.
  const Memory& memory() const { return *memory_; }
  absl::Time Now() const { return world_->Now(); }
  const Transcript& transcript() const { return transcript_; }
  // Once the call has ended: gRPC's number.
  int code() const { return code_; }

  void Unary(const google::protobuf::Message& request, google::protobuf::Message* response);
  // One request, many replies; at most `replies_max` are waited for.
  void ServerStream(const google::protobuf::Message& request, google::protobuf::Message* reply,
                    int replies_max);
  // Many requests, one reply.
  void ClientStream(const std::vector<std::unique_ptr<google::protobuf::Message>>& requests,
                    google::protobuf::Message* response);

  // Lets the world's time pass in between.
  void Pause(absl::Duration by);

  void OpenBidi();
  void Send(const google::protobuf::Message& request);
  // False when the stream has ended.
  bool Receive(google::protobuf::Message* reply);
  void FinishBidi();

 private:
  void Took(const grpc::ByteBuffer& bytes, google::protobuf::Message* reply);
  void Ended(const grpc::Status& status);

  World* const world_;
  Memory* const memory_;
  const Tamper* const tamper_;
  const std::string method_;
  struct Wire;  // gRPC's part
  std::unique_ptr<Wire> wire_;
  int replies_ = 0;
  int code_ = -1;
  Transcript transcript_;
};

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_TALK_H_
