#include "hub/rpc/reactors.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"

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
  const std::string request_hash =
      end.request_id.empty() || end.caller == nullptr || calls.entries == nullptr
          ? std::string()
          : base::HexEncode(calls.entries->HashOf(end.caller->agency_id, end.request_id));
  const std::initializer_list<base::LogField> fields = {
      {"method", end.method->full_method},
      {"code", GrpcCodeName(end.code)},
      {"reason", refused ? base::ReasonName(end.reason) : ""},
      {"agency", agency},
      {"system", system},
      {"duration_us", absl::ToInt64Microseconds(end.duration)},
      {"request_hash", request_hash},
      {"received", end.received},
      {"sent", end.sent}};
  if (refused) {
    calls.log->Write(fault ? base::LogLevel::kError : base::LogLevel::kInfo, "call", fields);
  } else {
    calls.log->WriteSoon(base::LogLevel::kInfo, "call", fields);
  }
}

void FinishAt(absl::Time due, absl::Time begun, const CallEnvironment& calls, CallEnd end,
              base::Principal caller, grpc::ServerUnaryReactor* reactor, grpc::Status status) {
  if (calls.release_step <= absl::ZeroDuration()) {
    reactor->Finish(std::move(status));
    end.caller = &caller;
    end.duration = absl::Now() - begun;
    return Record(calls, end);
  }
  // Owns itself while it waits.
  struct Held {
    absl::Time begun;
    const CallEnvironment& calls;
    CallEnd end;
    base::Principal caller;
    grpc::ServerUnaryReactor* reactor;
    grpc::Status status;
    grpc::Alarm alarm;
  };
  Held* const held =
      new Held{begun, calls, std::move(end), std::move(caller), reactor, std::move(status), {}};
  // An alarm that is cut short answers too: nobody is left without.
  held->alarm.Set(absl::ToChronoTime(due), [held](bool /*expired*/) {
    // Before the answer: once every call is answered the hub may go, and what is recorded in with it.
    held->end.caller = &held->caller;
    held->end.duration = absl::Now() - held->begun;
    Record(held->calls, held->end);
    held->reactor->Finish(std::move(held->status));
    delete held;
  });
}

}  // namespace internal

absl::Status LiveStreams::Add(StreamCore* stream, std::weak_ptr<StreamCore> ref,
                              const base::Principal& caller) {
  const auto too_many = [](const char* whose, int streams_max) {
    return base::Error(base::Reason::kTooManyRequests,
                       absl::StrCat("this ", whose, " has ", streams_max,
                                    " streams open already; close one, or go on with it"));
  };
  absl::MutexLock lock(&mutex_);
  if (closing_) {
    return base::Error(base::Reason::kShuttingDown, "This hub is shutting down. Ask again.");
  }
  if (counts_[caller.system_id] >= per_system_max_) return too_many("system", per_system_max_);
  if (counts_[caller.agency_id] >= per_agency_max_) return too_many("agency", per_agency_max_);
  ++counts_[caller.system_id];
  ++counts_[caller.agency_id];
  streams_.emplace(stream, Open{std::move(ref), caller.system_id, caller.agency_id});
  return absl::OkStatus();
}

void LiveStreams::Remove(StreamCore* stream) {
  absl::MutexLock lock(&mutex_);
  const auto open = streams_.find(stream);
  if (open == streams_.end()) return;  // it was not let in
  for (const std::string* who : {&open->second.system_id, &open->second.agency_id}) {
    const auto count = counts_.find(*who);
    if (--count->second == 0) counts_.erase(count);
  }
  streams_.erase(open);
}

void LiveStreams::CloseAll(const absl::Status& status) {
  std::vector<std::shared_ptr<StreamCore>> streams;
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    for (const auto& [stream, open] : streams_) {
      if (auto alive = open.stream.lock()) streams.push_back(std::move(alive));
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
  absl::Status welcome = calls.streams->Add(this, weak_from_this(), caller_);
  // The context lives until OnDone, which is not before Finish, which only the strand calls.
  Enqueue([this, welcome = std::move(welcome), &context] {
    if (closing_) return;
    if (!welcome.ok()) return Close(welcome);
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
  const base::Lane lane = base::Lane::Of(caller_.agency_id);
  if (calls_->executor->RunIn(lane, [self] { self->Drain(); })) return;
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
      if (!events_.empty()) {
        event = std::move(events_.front());
        events_.pop_front();
      } else if (!wrote_) {
        scheduled_ = false;
        return false;
      }
    }
    if (event != nullptr) {
      event();
    } else {
      wrote_ = false;
      Drive();
    }
  }
  if (std::exchange(wrote_, false)) Drive();
  return true;
}

void StreamCore::ReadDone(bool ok, size_t message_bytes) {
  bool tell = false;
  {
    absl::MutexLock lock(&io_mutex_);
    reading_ = false;
    if (ok) {
      KeepRead(message_bytes);
      reads_arrived_.push_back(absl::Now());
      ++received_;
      ++reads_waiting_;
      read_bytes_waiting_ += message_bytes;
    } else {
      read_ended_ = true;
    }
    tell = !std::exchange(delivery_queued_, true);
  }
  if (tell) Enqueue([this] { DeliverMessages(); });
  Drive();
}

void StreamCore::WriteDone(bool ok) {
  bool all = false;
  {
    absl::MutexLock lock(&io_mutex_);
    writing_ = false;
    --writes_waiting_;
    PopWritten();
    if (ok) {
      ++sent_;
    } else {
      write_failed_ = true;
    }
    all = writes_waiting_ == 0;
  }
  if (!ok) {
    // The client has gone; OnCancel says so too, before or after this.
    Enqueue([this] { Close(absl::CancelledError()); });
  } else if (all) {
    Enqueue([this] {
      if (!closed() && writes_waiting() == static_cast<int64_t>(held_.size())) OnWritten();
    });
  }
  Drive();
}

void StreamCore::Cancelled() {
  Enqueue([this] { Close(absl::CancelledError()); });
}

void StreamCore::Done() {
  Enqueue([this] {
    calls_->streams->Remove(this);
    OnClosed();
    int64_t received = 0;
    int64_t sent = 0;
    {
      absl::MutexLock lock(&io_mutex_);
      received = received_;
      sent = sent_;
    }
    internal::Record(*calls_, {method_, &caller_, code_, base::ReasonOf(close_status_),
                               absl::Now() - begun_, "", received, sent});
    self_.reset();  // whoever drains holds a reference of its own
  });
}

void StreamCore::Read() {
  if (closing_) return;
  bool deliver = false;
  {
    absl::MutexLock lock(&io_mutex_);
    asked_ = true;
    if (delivering_) return;  // which goes on as soon as the handler has returned
    deliver = (reads_waiting_ > 0 || read_ended_) && !std::exchange(delivery_queued_, true);
  }
  // Not from here: whoever asks is not called back before it has returned.
  if (deliver) {
    Enqueue([this] { DeliverMessages(); });
  } else {
    Drive();
  }
}

void StreamCore::ReadAhead(int64_t messages) {
  absl::MutexLock lock(&io_mutex_);
  read_ahead_ = messages;
}

int64_t StreamCore::writes_waiting() const {
  absl::MutexLock lock(&io_mutex_);
  return writes_waiting_ + static_cast<int64_t>(held_.size());
}

void StreamCore::Release(absl::Time arrived, Work work) {
  if (calls_->release_step <= absl::ZeroDuration()) return work();
  held_.emplace(ReleaseAt(arrived, absl::Now(), calls_->release_step), std::move(work));
  SetReleaseAlarm();
}

void StreamCore::SetReleaseAlarm() {
  if (held_.empty() || held_.begin()->first >= release_alarm_at_) return;
  release_alarm_at_ = held_.begin()->first;
  release_alarm_ = std::make_unique<grpc::Alarm>();
  // Weak, as in WakeAfter(). One that a sooner one has replaced is cut short, and is not needed.
  release_alarm_->Set(absl::ToChronoTime(release_alarm_at_),
                      [weak = weak_from_this()](bool expired) {
                        const std::shared_ptr<StreamCore> self = weak.lock();
                        if (!expired || self == nullptr) return;
                        StreamCore* const stream = self.get();
                        stream->Enqueue([stream] { stream->ReleaseDue(); });
                      });
}

void StreamCore::ReleaseDue() {
  if (closing_) return;
  const absl::Time now = absl::Now();
  release_alarm_at_ = absl::InfiniteFuture();
  while (!held_.empty() && held_.begin()->first <= now) {
    Work work = std::move(held_.begin()->second);
    held_.erase(held_.begin());
    work();
  }
  SetReleaseAlarm();
  if (!closing_well_) return OnWritten();
  if (held_.empty()) Close(absl::OkStatus());
}

bool StreamCore::TakeMessage() {
  absl::MutexLock lock(&io_mutex_);
  delivery_queued_ = false;
  if (!asked_ || reads_waiting_ == 0) return false;
  asked_ = false;
  --reads_waiting_;
  read_bytes_waiting_ -= TakeRead();
  arrived_ = reads_arrived_.front();
  reads_arrived_.pop_front();
  return true;
}

void StreamCore::DeliverMessages() {
  delivering_ = true;
  while (!closing_ && TakeMessage()) Deliver();
  delivering_ = false;
  bool ended = false;
  {
    absl::MutexLock lock(&io_mutex_);
    ended = asked_ && read_ended_ && reads_waiting_ == 0;
  }
  if (ended && !closing_ && !std::exchange(end_told_, true)) OnReadEnd();
  Drive();  // there may be room to read ahead again
}

void StreamCore::Close(absl::Status status) {
  if (closing_) return;
  if (status.ok() && !held_.empty()) {
    closing_well_ = true;
    return;
  }
  closing_ = true;
  held_.clear();
  release_alarm_.reset();
  close_status_ = std::move(status);
  ++alarm_generation_;
  alarm_.reset();
  {
    absl::MutexLock lock(&io_mutex_);
    ending_ = true;
    ending_well_ = close_status_.ok();
  }
  Drive();
}

StreamCore::Operation StreamCore::NextOperation() {
  if (finished_) return Operation::kNone;
  const bool may_write = !write_failed_ && (!ending_ || ending_well_);
  if (!writing_ && may_write && writes_waiting_ > 0) {
    writing_ = true;
    PickWrite();
    // Not the first: its batch has the initial metadata, too, which gRPC 1.51 does not begin to write
    // where the message may be kept back, and nothing follows before it is written.
    return writes_waiting_ > 1 && sent_ > 0 ? Operation::kWriteWithMoreToCome : Operation::kWrite;
  }
  if (ending_) {
    // A write in flight ends by itself, well or because the client has gone; nothing may follow
    // Finish, so Finish waits for it.
    if (writing_) return Operation::kNone;
    finished_ = true;
    return Operation::kFinish;
  }
  const int64_t reads_max = std::max<int64_t>(read_ahead_, asked_ ? 1 : 0);
  if (!reading_ && !read_ended_ && reads_waiting_ < reads_max &&
      read_bytes_waiting_ < kReadAheadBytesMax) {
    reading_ = true;
    return Operation::kRead;
  }
  return Operation::kNone;
}

void StreamCore::Drive() {
  // What was begun may end, and the stream with it, while this thread is here: only whoever drives
  // begins Finish, and holds the stream from then on.
  std::shared_ptr<StreamCore> self;
  io_mutex_.Lock();
  if (driving_) {
    io_mutex_.Unlock();
    return;
  }
  driving_ = true;
  for (Operation next = NextOperation(); next != Operation::kNone; next = NextOperation()) {
    const bool write_failed = write_failed_;
    io_mutex_.Unlock();
    switch (next) {
      case Operation::kRead:
        DoStartRead();
        break;
      case Operation::kWrite:
        DoStartWrite(grpc::WriteOptions());
        break;
      case Operation::kWriteWithMoreToCome:
        // gRPC may keep it until the one behind it, so that both leave in one packet.
        DoStartWrite(grpc::WriteOptions().set_buffer_hint());
        break;
      case Operation::kFinish: {
        self = shared_from_this();
        grpc::Status status = calls_->errors->ToWire(close_status_, method_->full_method);
        code_ = write_failed ? grpc::StatusCode::CANCELLED : status.error_code();
        DoFinish(std::move(status));
        break;
      }
      case Operation::kNone:
        break;
    }
    io_mutex_.Lock();
  }
  driving_ = false;
  io_mutex_.Unlock();
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
