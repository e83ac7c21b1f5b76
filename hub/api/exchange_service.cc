#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hub/api/services.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/answers.h"
#include "hub/exchange/mailbox_reader.h"
#include "hub/intake/intake.h"
#include "hub/request/context.h"
#include "signpost/v1/exchange.grpc.pb.h"

namespace signpost::api {
namespace {

constexpr absl::Duration kHeartbeatInterval = absl::Seconds(20);
// Judged and recorded together.
constexpr int kDeliveriesPerEntryRun = 32;
constexpr int kOutcomesPerAcknowledgeMax = 100;
constexpr int kPutOffMax = base::kMailboxCreditsMax;
// Withheld messages that nobody acknowledges are passed over by themselves when there are so many.
constexpr size_t kWithheldKeptMax = exchange::kDealtWithAheadMax / 2;

// Unspecified for what this hub does not know, too.
ledger::v1::MessageRejection RejectionOf(v1::MessageRejection rejection) {
  switch (rejection) {
    case v1::MESSAGE_REJECTION_UNREADABLE:
      return ledger::v1::MESSAGE_REJECTION_UNREADABLE;
    case v1::MESSAGE_REJECTION_UNKNOWN_KIND:
      return ledger::v1::MESSAGE_REJECTION_UNKNOWN_KIND;
    case v1::MESSAGE_REJECTION_UNKNOWN_PERSON:
      return ledger::v1::MESSAGE_REJECTION_UNKNOWN_PERSON;
    case v1::MESSAGE_REJECTION_REFUSED:
      return ledger::v1::MESSAGE_REJECTION_REFUSED;
    default:
      return ledger::v1::MESSAGE_REJECTION_UNSPECIFIED;
  }
}

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
        return OnAcknowledge(message.acknowledge());
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
    reader_.emplace(context_.context->store, context_.context->mailboxes, caller().system_id);
    subscription_ = context_.context->notifier->Subscribe(
        caller().system_id, [weak = std::weak_ptr<MailboxStream>(Ref<MailboxStream>())] {
          if (const std::shared_ptr<MailboxStream> self = weak.lock()) {
            self->Post([self = self.get()] { self->GoOn(); });
          }
        });
    context_.intake->OpenCursor(
        caller(), cursor_, [self = Ref<MailboxStream>()](absl::StatusOr<exchange::Place> place) {
          self->Post([self = self.get(), place = std::move(place)]() mutable {
            if (!place.ok()) return self->Close(place.status());
            self->reader_->Begin(*std::move(place));
            self->ready_ = true;
            self->Read();
            self->GoOn();
          });
        });
  }

  // What one acknowledgement says, checked.
  struct Told {
    std::vector<intake::Intake::DealtWith> dealt_with;
    std::vector<std::pair<exchange::Position, absl::Duration>> later;
    std::vector<std::pair<std::string, exchange::Position>> in_order;  // with its id
    absl::Time arrived;
  };
  absl::StatusOr<Told> ReadOutcomes(const v1::Acknowledge& acknowledge) const {
    if (acknowledge.outcomes().empty() ||
        acknowledge.outcomes_size() > kOutcomesPerAcknowledgeMax) {
      return base::InvalidField("acknowledge.outcomes", "1 to 100 of them");
    }
    Told told;
    std::set<exchange::Position> seen;
    for (const v1::MessageOutcome& outcome : acknowledge.outcomes()) {
      SIGNPOST_ASSIGN_OR_RETURN(
          const exchange::Position position,
          context_.context->mailboxes->ReadMessageId(caller().system_id, outcome.message_id()));
      if (!seen.insert(position).second) {
        return base::InvalidField("acknowledge.outcomes", "name each message once");
      }
      told.in_order.emplace_back(outcome.message_id(), position);
      switch (outcome.kind()) {
        case v1::MESSAGE_OUTCOME_KIND_DONE:
          told.dealt_with.push_back({position});
          break;
        case v1::MESSAGE_OUTCOME_KIND_REJECTED: {
          const ledger::v1::MessageRejection rejection = RejectionOf(outcome.rejection());
          if (rejection == ledger::v1::MESSAGE_REJECTION_UNSPECIFIED) {
            return base::InvalidField("acknowledge.outcomes.rejection",
                                      "say why the message will never be taken");
          }
          told.dealt_with.push_back({position, rejection});
          break;
        }
        case v1::MESSAGE_OUTCOME_KIND_LATER: {
          const absl::Duration delay =
              absl::Seconds(outcome.delay().seconds()) + absl::Nanoseconds(outcome.delay().nanos());
          if (delay < absl::Seconds(1) || delay > absl::Hours(1)) {
            return base::InvalidField("acknowledge.outcomes.delay", "1 second to 1 hour");
          }
          told.later.emplace_back(position, delay);
          break;
        }
        default:
          return base::InvalidField("acknowledge.outcomes.kind", "DONE, LATER or REJECTED");
      }
    }
    return told;
  }

  void OnAcknowledge(const v1::Acknowledge& acknowledge) {
    absl::StatusOr<Told> told = ReadOutcomes(acknowledge);
    if (!told.ok()) return Close(std::move(told).status());
    told->arrived = arrived();
    if (told->dealt_with.empty()) return OnDealtWith(*told, reader_->place());
    PassOverWithheld(&told->dealt_with);
    // The next message is read when this one is durable: acknowledgements stay in order.
    const std::vector<intake::Intake::DealtWith> dealt_with = told->dealt_with;
    context_.intake->Acknowledge(
        caller(), cursor_, dealt_with,
        [self = Ref<MailboxStream>(),
         told = *std::move(told)](absl::StatusOr<exchange::Place> place) mutable {
          self->Post([self = self.get(), told = std::move(told), place = std::move(place)] {
            if (!place.ok()) return self->Close(place.status());
            self->OnDealtWith(told, *place);
          });
        });
  }

  // `place`: where the cursor stands now.
  void OnDealtWith(const Told& told, const exchange::Place& place) {
    reader_->Moved(place);
    const absl::Time now = absl::Now();
    for (const auto& [position, delay] : told.later) reader_->PutOff(position, now + delay);
    if (reader_->put_off() > kPutOffMax) {
      return Close(base::Error(base::Reason::kTooManyRequests,
                               "more than 1,000 messages are put off; take or reject some first"));
    }
    v1::SubscribeResponse response;
    v1::Acknowledged* acknowledged = response.mutable_acknowledged();
    for (const auto& [id, position] : told.in_order) {
      const bool dealt_with = reader_->place().IsDealtWith(position);
      if (dealt_with) reader_->Forget(position);
      v1::MessageState* state = acknowledged->add_states();
      state->set_message_id(id);
      state->set_kind(dealt_with ? v1::MESSAGE_STATE_KIND_DEALT_WITH
                                 : v1::MESSAGE_STATE_KIND_WAITS);
    }
    acknowledged->set_low_water_message_id(reader_->LowWaterId());
    WriteAnswer(told.arrived, std::move(response));
    Read();
    GoOn();
  }

  // Messages that the reader may not know of cannot be acknowledged by it: they are passed over
  // with the first message behind them that is.
  void PassOverWithheld(std::vector<intake::Intake::DealtWith>* dealt_with) {
    exchange::Position last;
    for (const intake::Intake::DealtWith& message : *dealt_with) {
      last = std::max(last, message.position);
    }
    while (!withheld_.empty() && *withheld_.begin() < last) {
      dealt_with->push_back({*withheld_.begin(), {}, true});
      withheld_.erase(withheld_.begin());
    }
  }

  // So many that nothing else may ever come behind them: they are passed over by themselves.
  void PassOverAllWithheld() {
    std::vector<intake::Intake::DealtWith> dealt_with;
    for (const exchange::Position position : withheld_) dealt_with.push_back({position, {}, true});
    withheld_.clear();
    context_.intake->Acknowledge(
        caller(), cursor_, dealt_with,
        [self = Ref<MailboxStream>()](absl::StatusOr<exchange::Place> place) {
          self->Post([self = self.get(), place = std::move(place)] {
            if (!place.ok()) return self->Close(place.status());
            self->reader_->Moved(*place);
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
    absl::StatusOr<std::vector<exchange::MailboxMessage>> messages = reader_->TakeDue(absl::Now());
    if (messages.ok() && messages->empty()) {
      messages =
          reader_->TakeNew(static_cast<int>(std::min<int64_t>(credits_, kDeliveriesPerEntryRun)),
                           subscription_.get());
    }
    if (!messages.ok()) return Close(std::move(messages).status());
    if (messages->empty()) return Idle();
    delivering_ = true;
    context_.answers->Deliver(
        caller(), *std::move(messages),
        [self = Ref<MailboxStream>()](absl::StatusOr<disclosure::Answers::Delivery> made) {
          self->Post([self = self.get(), made = std::move(made)]() mutable {
            self->OnDelivery(std::move(made));
          });
        });
  }

  void OnDelivery(absl::StatusOr<disclosure::Answers::Delivery> delivery) {
    delivering_ = false;
    if (!delivery.ok()) return Close(std::move(delivery).status());
    withheld_.insert(delivery->withheld.begin(), delivery->withheld.end());
    if (withheld_.size() > kWithheldKeptMax) PassOverAllWithheld();
    for (v1::DeliveredMessage& message : delivery->messages) {
      --credits_;
      v1::SubscribeResponse response;
      *response.mutable_delivered() = std::move(message);
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
    absl::Duration wait = kHeartbeatInterval;
    if (const std::optional<absl::Time> due = reader_->NextDue(); due.has_value()) {
      wait = std::min(wait, std::max(*due - absl::Now(), absl::Milliseconds(1)));
    }
    // Without room a message that is due waits for room and not for the clock.
    const bool room = credits_ > 0 && writes_waiting() <= kDeliveriesPerEntryRun;
    WakeAfter(room ? wait : kHeartbeatInterval);
  }

  void Beat() {
    v1::SubscribeResponse response;
    response.mutable_heartbeat()->set_low_water_message_id(reader_->LowWaterId());
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
  bool greeted_ = false;
  int64_t credits_ = 0;
  std::string cursor_;
  std::optional<exchange::MailboxReader> reader_;  // once it is open
  std::set<exchange::Position> withheld_;          // judged on this stream, not passed over yet
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
