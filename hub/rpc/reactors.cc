#include "hub/rpc/reactors.h"

#include <chrono>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "hub/base/error.h"
#include "hub/rpc/redact.h"

namespace signpost::rpc {
namespace {

// Events of one stream that one turn on the executor handles before others have theirs.
constexpr int kEventsPerTurn = 64;

}  // namespace

namespace internal {

absl::Status TooBusy() {
  return base::Error(base::Reason::kTooManyRequests,
                     "The hub has more to do than it can. Wait and try again.");
}

absl::Status ReplyDropped() {
  return base::Error(base::Reason::kInternal, "a handler dropped its reply");
}

void Record(const CallEnvironment& calls, const CallEnd& end) {
  calls.metrics->Observe(end.method->index, end.code, end.duration);
  const bool fault = end.code == grpc::StatusCode::INTERNAL ||
                     end.code == grpc::StatusCode::UNKNOWN ||
                     end.code == grpc::StatusCode::DATA_LOSS;
  if (end.code == grpc::StatusCode::OK && !calls.log_good_calls) return;
  // A client that went is not a refusal.
  const bool refused = end.code != grpc::StatusCode::OK && end.code != grpc::StatusCode::CANCELLED;
  absl::string_view agency;
  absl::string_view system;
  if (end.caller != nullptr) {
    agency = end.caller->agency_id;
    system = end.caller->system_id;
    system.remove_prefix(system.rfind('/') + 1);
  }
  const std::string request_id =
      end.request_id.empty() ? std::string() : LoggableRequestId(end.request_id);
  calls.log->Write(fault ? base::LogLevel::kError : base::LogLevel::kInfo, "call",
                   {{"method", end.method->full_method},
                    {"code", GrpcCodeName(end.code)},
                    {"reason", refused ? base::ReasonName(end.reason) : ""},
                    {"agency", agency},
                    {"system", system},
                    {"duration_us", absl::ToInt64Microseconds(end.duration)},
                    {"request_id", request_id},
                    {"received", end.received},
                    {"sent", end.sent}});
}

}  // namespace internal

bool LiveStreams::Add(StreamCore* stream, std::weak_ptr<StreamCore> ref) {
  absl::MutexLock lock(&mutex_);
  if (closing_) return false;
  streams_.emplace(stream, std::move(ref));
  return true;
}

void LiveStreams::Remove(StreamCore* stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

void LiveStreams::CloseAll(const absl::Status& status) {
  std::vector<std::shared_ptr<StreamCore>> streams;
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    for (const auto& [stream, ref] : streams_) {
      if (std::shared_ptr<StreamCore> alive = ref.lock()) streams.push_back(std::move(alive));
    }
  }
  for (const std::shared_ptr<StreamCore>& stream : streams) stream->Shut(status);
}

int64_t LiveStreams::count() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(streams_.size());
}

void StreamCore::Begin(const grpc::CallbackServerContext& context, const CallEnvironment& calls,
                       const MethodRow& method, absl::Time begun, base::Principal caller) {
  calls_ = &calls;
  method_ = &method;
  begun_ = begun;
  caller_ = std::move(caller);
  self_ = shared_from_this();
  const bool welcome = calls.streams->Add(this, weak_from_this());
  // The context lives until OnDone, which is not before Finish, which only the strand calls.
  Enqueue([this, welcome, &context] {
    if (closing_) return;
    if (!welcome) {
      Close(base::Error(base::Reason::kShuttingDown, "This hub is shutting down. Ask again."));
      return;
    }
    const GrpcCallFacts facts(context, 0);
    absl::Status admitted = calls_->guard->AdmitPractitioner(facts.facts(), *method_, &caller_);
    if (!admitted.ok()) {
      Close(std::move(admitted));
      return;
    }
    OnOpen();
  });
}

void StreamCore::Post(Work work) {
  Enqueue([this, work = std::move(work)]() mutable {
    if (!closing_) work();
  });
}

void StreamCore::Shut(absl::Status status) {
  Enqueue([this, status = std::move(status)]() mutable { Close(std::move(status)); });
}

void StreamCore::Enqueue(Work event) {
  {
    absl::MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
    if (scheduled_) return;
    scheduled_ = true;
  }
  Schedule();
}

void StreamCore::Schedule() {
  const std::shared_ptr<StreamCore> self = shared_from_this();
  if (calls_->executor->Run([self] { self->Drain(); })) return;
  // No room: this thread, which may be gRPC's or the sequencer's, holds the strand now. It closes
  // the stream, and then only bookkeeping is left of whatever is queued.
  Close(internal::TooBusy());
  while (DrainSome()) {
  }
}

void StreamCore::Drain() {
  if (DrainSome()) Schedule();
}

bool StreamCore::DrainSome() {
  for (int i = 0; i < kEventsPerTurn; ++i) {
    Work event;
    {
      absl::MutexLock lock(&mutex_);
      if (events_.empty()) {
        scheduled_ = false;
        return false;
      }
      event = std::move(events_.front());
      events_.pop_front();
    }
    event();
  }
  return true;
}

void StreamCore::ReadDone(bool ok) {
  Enqueue([this, ok] {
    reading_ = false;
    if (!ok) {
      read_ended_ = true;
      if (!closing_) OnReadEnd();
      return;
    }
    ++received_;
    if (!closing_) Deliver();
  });
}

void StreamCore::WriteDone(bool ok) {
  Enqueue([this, ok] {
    writing_ = false;
    --writes_waiting_;
    PopWritten();
    if (ok) {
      ++sent_;
    } else {
      // The client has gone; OnCancel says so too, before or after this.
      write_failed_ = true;
      Close(absl::CancelledError());
    }
    Pump();
    if (ok && !closing_ && writes_waiting_ == 0) OnWritten();
  });
}

void StreamCore::Cancelled() {
  Enqueue([this] { Close(absl::CancelledError()); });
}

void StreamCore::Done() {
  Enqueue([this] {
    calls_->streams->Remove(this);
    OnClosed();
    internal::Record(*calls_, {method_, &caller_, code_, base::ReasonOf(close_status_),
                               absl::Now() - begun_, "", received_, sent_});
    self_.reset();  // whoever drains holds a reference of its own
  });
}

void StreamCore::Read() {
  if (reading_ || read_ended_ || closing_) return;
  reading_ = true;
  DoStartRead();
}

void StreamCore::QueueWrite() {
  ++writes_waiting_;
  Pump();
}

void StreamCore::Close(absl::Status status) {
  if (closing_) return;
  closing_ = true;
  close_status_ = std::move(status);
  ++alarm_generation_;
  alarm_.reset();
  Pump();
}

void StreamCore::Pump() {
  // A write in flight ends by itself, well or because the client has gone; nothing may follow
  // Finish, so Finish waits for it.
  if (finished_ || writing_) return;
  const bool may_write = !closing_ || (close_status_.ok() && !write_failed_);
  if (may_write && writes_waiting_ > 0) {
    writing_ = true;
    DoStartWrite();
    return;
  }
  if (!closing_) return;
  finished_ = true;
  grpc::Status status = calls_->errors->ToWire(close_status_, method_->full_method);
  code_ = write_failed_ ? grpc::StatusCode::CANCELLED : status.error_code();
  DoFinish(std::move(status));
}

void StreamCore::WakeAfter(absl::Duration delay) {
  if (closing_) return;
  const uint64_t generation = ++alarm_generation_;
  alarm_ = std::make_unique<grpc::Alarm>();
  // Weak: an alarm that is cancelled late must not keep the stream beyond the hub's life.
  alarm_->Set(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(delay),
              [weak = weak_from_this(), generation](bool expired) {
                const std::shared_ptr<StreamCore> self = weak.lock();
                if (!expired || self == nullptr) return;
                StreamCore* const stream = self.get();
                stream->Enqueue([stream, generation] {
                  if (!stream->closing_ && stream->alarm_generation_ == generation) {
                    stream->OnWake();
                  }
                });
              });
}

}  // namespace signpost::rpc
