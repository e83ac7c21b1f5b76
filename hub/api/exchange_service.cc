#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/api/services.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "signpost/v1/exchange.grpc.pb.h"

namespace signpost::api {
namespace {

constexpr absl::Duration kHeartbeatInterval = absl::Seconds(20);
// Judged and recorded together.
constexpr int kDeliveriesPerEntryRun = 32;

// One reader of one mailbox: a cursor into the store, not a queue. One page is under way at a time;
// what the reader does not take stays on disk.
class MailboxStream final : public rpc::BidiStream<v1::SubscribeRequest, v1::SubscribeResponse> {
 public:
  explicit MailboxStream(const ApiContext& context) : context_(context) {}

 private:
  void OnOpen() override { Read(); }

  void OnMessage(v1::SubscribeRequest message) override {
    if (!opened_ && !message.has_open()) {
      return Close(base::InvalidField("open", "the first message opens the stream"));
    }
    switch (message.message_case()) {
      case v1::SubscribeRequest::kOpen:
        return OnSubscribe(message.open());
      case v1::SubscribeRequest::kAcknowledge:
        return OnAcknowledge(message.acknowledge().resume_token());
      case v1::SubscribeRequest::kMoreCredits:
        if (!AddCredits(message.more_credits().credits(), "more_credits.credits")) return;
        Read();
        return GoOn();
      case v1::SubscribeRequest::MESSAGE_NOT_SET:
        return Close(base::InvalidField("message", "is empty"));
    }
  }

  void OnSubscribe(const v1::SubscribeOpen& open) {
    if (opened_) return Close(base::InvalidField("open", "the stream is open already"));
    opened_ = true;
    if (!AddCredits(open.credits(), "open.credits")) return;
    cursor_ = open.cursor();
    if (!open.resume_token().empty()) {
      const absl::StatusOr<exchange::Position> position =
          context_.context->mailboxes->ReadToken(caller().system_id, open.resume_token());
      if (!position.ok()) return Close(position.status());
      resume_ = *position;
      resuming_ = true;
    }
    subscription_ = context_.context->notifier->Subscribe(
        caller().system_id, [weak = std::weak_ptr<MailboxStream>(Ref<MailboxStream>())] {
          if (const std::shared_ptr<MailboxStream> self = weak.lock()) {
            self->Post([self = self.get()] { self->GoOn(); });
          }
        });
    context_.intake->OpenCursor(
        caller(), cursor_,
        [self = Ref<MailboxStream>()](absl::StatusOr<exchange::Position> position) {
          self->Post([self = self.get(), position = std::move(position)] {
            if (!position.ok()) return self->Close(position.status());
            self->position_ = self->resuming_ ? self->resume_ : *position;
            self->ready_ = true;
            self->Read();
            self->GoOn();
          });
        });
  }

  void OnAcknowledge(const std::string& token) {
    const absl::StatusOr<exchange::Position> position =
        context_.context->mailboxes->ReadToken(caller().system_id, token);
    if (!position.ok()) return Close(position.status());
    // The next message is read when this one is durable: acknowledgements stay in order.
    context_.intake->Acknowledge(
        caller(), cursor_, *position,
        [self = Ref<MailboxStream>(), token](absl::StatusOr<exchange::Position> at) {
          self->Post([self = self.get(), token, at = std::move(at)] {
            if (!at.ok()) return self->Close(at.status());
            v1::SubscribeResponse response;
            response.mutable_acknowledged()->set_resume_token(token);
            self->Write(std::move(response));
            self->Read();
          });
        });
  }

  // False when the stream was closed because the number makes no sense.
  bool AddCredits(int32_t credits, const char* field) {
    if (credits < 1 || credits > base::kMailboxCreditsMax) {
      Close(base::InvalidField(field, "must be 1 to 1,000"));
      return false;
    }
    credits_ = std::min<int64_t>(credits_ + credits, base::kMailboxCreditsMax);
    return true;
  }

  // Looks for mail, unless a page is under way or the reader has no room.
  void GoOn() {
    if (!ready_ || delivering_ || closed()) return;
    if (absl::Status status = context_.calls->guard->Recheck(caller()); !status.ok()) {
      return Close(std::move(status));
    }
    if (credits_ <= 0 || writes_waiting() > kDeliveriesPerEntryRun) return Idle();
    std::vector<exchange::MailboxMessage> messages;
    do {
      subscription_->Prepare();
      const absl::StatusOr<std::unique_ptr<store::View>> view = context_.context->store->NewView();
      if (!view.ok()) return Close(view.status());
      absl::StatusOr<std::vector<exchange::MailboxMessage>> read =
          context_.context->mailboxes->ReadAfter(
              **view, caller().system_id, position_,
              static_cast<int>(std::min<int64_t>(credits_, kDeliveriesPerEntryRun)));
      if (!read.ok()) return Close(std::move(read).status());
      messages = *std::move(read);
    } while (messages.empty() && !subscription_->Arm());
    if (messages.empty()) return Idle();
    delivering_ = true;
    context_.answers->Deliver(
        caller(), std::move(messages),
        [self = Ref<MailboxStream>()](absl::StatusOr<disclosure::Answers::Delivery> made) {
          self->Post([self = self.get(), made = std::move(made)]() mutable {
            self->OnDelivery(std::move(made));
          });
        });
  }

  void OnDelivery(absl::StatusOr<disclosure::Answers::Delivery> delivery) {
    delivering_ = false;
    if (!delivery.ok()) return Close(std::move(delivery).status());
    position_ = delivery->last;
    for (v1::Message& message : delivery->messages) {
      --credits_;
      v1::SubscribeResponse response;
      *response.mutable_notice() = std::move(message);
      Write(std::move(response));
    }
    GoOn();
  }

  // The first time the mailbox is found empty the reader hears of it at once: who came to fetch
  // what there is can go.
  void Idle() {
    if (!greeted_) {
      greeted_ = true;
      Beat();
    }
    WakeAfter(kHeartbeatInterval);
  }

  void Beat() {
    v1::SubscribeResponse response;
    response.mutable_heartbeat()->set_resume_token(
        context_.context->mailboxes->Token(caller().system_id, position_));
    Write(std::move(response));
  }

  void OnWake() override {
    if (!ready_) return;
    if (writes_waiting() == 0) Beat();
    Idle();
    GoOn();
  }

  void OnWritten() override { GoOn(); }
  void OnReadEnd() override { Close(absl::OkStatus()); }
  void OnClosed() override { subscription_.reset(); }

  const ApiContext context_;
  bool opened_ = false;
  bool ready_ = false;
  bool delivering_ = false;
  bool resuming_ = false;
  bool greeted_ = false;
  int64_t credits_ = 0;
  std::string cursor_;
  exchange::Position resume_;
  exchange::Position position_;
  std::unique_ptr<exchange::MailboxNotifier::Subscription> subscription_;
};

class ExchangeService final : public v1::ExchangeService::CallbackService {
 public:
  explicit ExchangeService(const ApiContext& context) : context_(context) {}

  grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.ExchangeService/Subscribe");
    return StartStream<MailboxStream>(context, *context_.calls, row, context_);
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeExchangeService(const ApiContext& context) {
  return std::make_unique<ExchangeService>(context);
}

}  // namespace signpost::api
