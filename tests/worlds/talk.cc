#include "tests/worlds/talk.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/impl/client_unary_call.h"
#include "grpcpp/impl/rpc_method.h"
#include "grpcpp/support/sync_stream.h"

namespace signpost::worlds {

namespace {

using google::protobuf::Message;
using grpc::internal::RpcMethod;

// Real time, and only so that a harness that waits for what never comes ends.
constexpr absl::Duration kCallPatience = absl::Seconds(9);

grpc::ByteBuffer BytesOf(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

std::string StringOf(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  std::string all;
  if (!bytes.Valid() || !bytes.Dump(&slices).ok()) return all;
  for (const grpc::Slice& slice : slices) {
    all.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return all;
}

}  // namespace

struct Talk::Wire {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> bidi;
};

Talk::Talk(World* world, Memory* memory, const rpc::MethodRow& method, const Caller& caller,
           const Tamper* tamper)
    : world_(world),
      memory_(memory),
      tamper_(tamper),
      method_(method.full_method),
      wire_(new Wire{world->channel(), world->ContextOf(caller, kCallPatience), nullptr}) {}

Talk::~Talk() = default;

void Talk::Took(const grpc::ByteBuffer& bytes, Message* reply) {
  std::string raw = StringOf(bytes);
  const std::string path = absl::StrCat("reply", replies_ == 0 ? "" : absl::StrCat("#", replies_));
  ++replies_;
  if (!reply->ParseFromString(raw)) {
    transcript_.push_back({path, "(does not decode)"});
    return;
  }
  if (tamper_ != nullptr && *tamper_) {
    (*tamper_)(*world_, method_, reply);
    raw = reply->SerializeAsString();
  }
  Tell(*reply, path, memory_, &transcript_);
  transcript_.push_back({absl::StrCat(path, ".size"), absl::StrCat(raw.size())});
}

void Talk::Ended(const grpc::Status& status) {
  code_ = status.error_code();
  // First of all, so that where one world answers and the other refuses, that is what is said.
  transcript_.insert(transcript_.begin(), {"status.code", absl::StrCat(code_)});
  TellStatus(status, "status", memory_, &transcript_);
  transcript_.push_back({"replies", absl::StrCat(replies_)});
  for (const auto& [key, value] : wire_->context->GetServerTrailingMetadata()) {
    const std::string name(key.data(), key.size());
    if (name == "grpc-status-details-bin") continue;  // told with the status
    transcript_.push_back(
        {absl::StrCat("trailer.", name), std::string(value.data(), value.size())});
  }
  transcript_.push_back({"ended_at", absl::FormatTime(world_->Now(), absl::UTCTimeZone())});
}

void Talk::Unary(const Message& request, Message* response) {
  const RpcMethod method(method_.c_str(), RpcMethod::NORMAL_RPC);
  grpc::ByteBuffer reply;
  const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      wire_->channel.get(), method, wire_->context.get(), BytesOf(request), &reply);
  if (status.ok()) Took(reply, response);
  Ended(status);
}

void Talk::ServerStream(const Message& request, Message* reply, int replies_max) {
  const RpcMethod method(method_.c_str(), RpcMethod::SERVER_STREAMING);
  const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(
          wire_->channel.get(), method, wire_->context.get(), BytesOf(request)));
  grpc::ByteBuffer bytes;
  while (replies_ < replies_max && reader->Read(&bytes)) Took(bytes, reply);
  if (replies_ == replies_max) wire_->context->TryCancel();
  Ended(reader->Finish());
}

void Talk::ClientStream(const std::vector<std::unique_ptr<Message>>& requests, Message* response) {
  const RpcMethod method(method_.c_str(), RpcMethod::CLIENT_STREAMING);
  grpc::ByteBuffer reply;
  const std::unique_ptr<grpc::ClientWriter<grpc::ByteBuffer>> writer(
      grpc::internal::ClientWriterFactory<grpc::ByteBuffer>::Create(wire_->channel.get(), method,
                                                                    wire_->context.get(), &reply));
  for (const auto& request : requests) {
    if (!writer->Write(BytesOf(*request))) break;
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (status.ok()) Took(reply, response);
  Ended(status);
}

void Talk::Pause(absl::Duration by) { world_->Advance(by); }

void Talk::OpenBidi() {
  const RpcMethod method(method_.c_str(), RpcMethod::BIDI_STREAMING);
  wire_->bidi.reset(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          wire_->channel.get(), method, wire_->context.get()));
}

void Talk::Send(const Message& request) { (void)wire_->bidi->Write(BytesOf(request)); }

bool Talk::Receive(Message* reply) {
  grpc::ByteBuffer bytes;
  if (!wire_->bidi->Read(&bytes)) return false;
  Took(bytes, reply);
  return true;
}

void Talk::FinishBidi() {
  wire_->bidi->WritesDone();
  grpc::ByteBuffer bytes;
  while (wire_->bidi->Read(&bytes)) transcript_.push_back({"left over", StringOf(bytes)});
  Ended(wire_->bidi->Finish());
}

}  // namespace signpost::worlds
