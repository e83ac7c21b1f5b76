// The reactors are the runners of calls that admit on gRPC's threads, work on our executor, and
// finish exactly once.
//
// gRPC has few callback threads and they must never wait. So a call's system is admitted there (no
// storage), the rest happens on the executor, and the call may complete on any thread. When the
// executor is full the call is refused with kTooManyRequests and a RetryInfo; nothing queues
// without a bound.
//
// An answer leaves when the hub's release step says (release.h), whenever it is ready. No thread
// waits for that: an alarm of gRPC's does.
//
// RunUnary() serves a unary call; BidiStream, ReadStream and WriteStream are bases for the others:
//
//   grpc::ServerUnaryReactor* Find(grpc::CallbackServerContext* context,
//                                  const v1::FindRequest* request,
//                                  v1::FindResponse* response) override {
//     static const MethodRow& row = MethodOrDie("/signpost.v1.IndexService/Find");
//     return RunUnary(context, *calls_, row, request, response,
//                     [this](const base::Principal& caller, const v1::FindRequest& find,
//                            Reply<v1::FindResponse> done) {
//                       answers_->Find(caller, find, std::move(done));
//                     });
//   }
//
//   grpc::ServerBidiReactor<In, Out>* ReportFlags(grpc::CallbackServerContext* context) override {
//     return StartStream<ReportStream>(context, *calls_, row, intake_);
//   }

#ifndef SIGNPOST_HUB_RPC_REACTORS_H_
#define SIGNPOST_HUB_RPC_REACTORS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/alarm.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "hub/base/executor.h"
#include "hub/base/json_log.h"
#include "hub/base/limits.h"
#include "hub/ledger/entry.h"
#include "hub/rpc/call_guard.h"
#include "hub/rpc/errors.h"
#include "hub/rpc/method_table.h"
#include "hub/rpc/metrics.h"
#include "hub/rpc/release.h"

namespace signpost::rpc {

class StreamCore;

// The streams that are open, so that one system or agency holds only so many, and so that a hub that
// drains can close them politely instead of waiting out its grace. Thread-safe.
class LiveStreams {
 public:
  explicit LiveStreams(int per_system_max = base::kStreamsPerSystemMax,
                       int per_agency_max = base::kStreamsPerAgencyMax)
      : per_system_max_(per_system_max), per_agency_max_(per_agency_max) {}

  // Closes every stream with `status`, and from now on each one as it opens.
  void CloseAll(const absl::Status& status);
  int64_t count() const;

 private:
  friend class StreamCore;
  // Errors, and then it is not among them: kShuttingDown once CloseAll() has been called;
  // kTooManyRequests when the caller has as many open as they may.
  [[nodiscard]] absl::Status Add(StreamCore* stream, std::weak_ptr<StreamCore> ref,
                                 const base::Principal& caller);
  void Remove(StreamCore* stream);

  struct Open {
    std::weak_ptr<StreamCore> stream;
    std::string system_id;
    std::string agency_id;
  };

  const int per_system_max_;
  const int per_agency_max_;
  mutable absl::Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<StreamCore*, Open> streams_ ABSL_GUARDED_BY(mutex_);
  // How many each has: of systems by SPIFFE id, which no agency's id is.
  absl::flat_hash_map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
};

// What every call needs. Nothing is owned; all of it must outlive every call and every thread that
// completes one.
struct CallEnvironment {
  CallGuard* guard = nullptr;
  base::Executor* executor = nullptr;
  const ErrorMapper* errors = nullptr;
  base::JsonLog* log = nullptr;
  // Hashes request ids for the log as for the ledger; nullptr leaves them out.
  const ledger::EntryComposer* entries = nullptr;
  CallMetrics* metrics = nullptr;
  LiveStreams* streams = nullptr;
  // Log lines of calls that went well can be left out where they cost too much; refusals and faults
  // are always logged.
  bool log_good_calls = true;
  // Answers leave at whole multiples of this behind their requests; zero: as soon as they are ready.
  absl::Duration release_step;
};

// How a handler answers; from any thread, once. A reply that is destroyed unused answers kInternal,
// so that no call is left hanging.
template <typename Response>
using Reply = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

namespace internal {

// One line of the log and one observation, for a call that has ended. No personal data: ids of
// agency and system, names of method and reason; and the request's hash, by which its entry is found
// in the ledger, never the id that the caller gave it, which could spell a name.
struct CallEnd {
  const MethodRow* method;
  const base::Principal* caller;  // nullptr when it was not admitted
  grpc::StatusCode code;
  base::Reason reason;
  absl::Duration duration;
  std::string request_id;  // as the caller sent it, or empty
  int64_t received = 1;
  int64_t sent = 1;
};
void Record(const CallEnvironment& calls, const CallEnd& end);

// Answers `reactor` with `status` at `due`, if that is not over, and records `end` then. What `end`
// points at may be gone before; `caller` is whom it is to name. Whatever the reactor answers with is
// gRPC's and lives until it is answered.
void FinishAt(absl::Time due, absl::Time begun, const CallEnvironment& calls, CallEnd end,
              base::Principal caller, grpc::ServerUnaryReactor* reactor, grpc::Status status);

absl::Status TooBusy();
absl::Status ReplyDropped();

template <typename Request>
std::string RequestIdOf(const Request& request) {
  if constexpr (requires { request.request_id(); }) {
    return request.request_id();
  } else {
    return "";
  }
}

// A unary call from admission to its end; owned by whoever can still answer it.
template <typename Request, typename Response>
class UnaryCall {
 public:
  UnaryCall(const grpc::CallbackServerContext* context, const CallEnvironment& calls,
            const MethodRow& method, const Request* request, Response* response,
            grpc::ServerUnaryReactor* reactor, absl::Time begun, base::Principal caller)
      : context_(context),
        calls_(calls),
        method_(method),
        request_(request),
        response_(response),
        reactor_(reactor),
        begun_(begun),
        caller_(std::move(caller)) {}
  ~UnaryCall() {
    if (reactor_ != nullptr) Finish(working_ ? ReplyDropped() : TooBusy());
  }
  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  // The executor has begun with it; from now on dropping it is our fault, not overload.
  void Begin() { working_ = true; }
  bool cancelled() const { return context_->IsCancelled(); }
  const base::Principal& caller() const { return caller_; }
  const Request& request() const { return *request_; }
  absl::Status AdmitPractitioner() {
    const GrpcCallFacts facts(*context_, 0);
    return calls_.guard->AdmitPractitioner(facts.facts(), method_, &caller_);
  }

  void Finish(absl::StatusOr<Response> result) {
    grpc::ServerUnaryReactor* const reactor = std::exchange(reactor_, nullptr);
    if (reactor == nullptr) return;  // a second answer: the first one stands
    const base::Reason reason = base::ReasonOf(result.status());
    grpc::Status status = grpc::Status::OK;
    if (result.ok()) {
      *response_ = *std::move(result);
    } else {
      status = calls_.errors->ToWire(result.status(), method_.full_method);
    }
    CallEnd end{&method_, nullptr, status.error_code(), reason, {}, RequestIdOf(*request_)};
    // Context, request and response may be gone as soon as this returns.
    FinishAt(ReleaseAt(begun_, absl::Now(), calls_.release_step), begun_, calls_, std::move(end),
             std::move(caller_), reactor, std::move(status));
  }

 private:
  const grpc::CallbackServerContext* const context_;
  const CallEnvironment& calls_;
  const MethodRow& method_;
  const Request* const request_;
  Response* const response_;
  grpc::ServerUnaryReactor* reactor_;
  const absl::Time begun_;
  base::Principal caller_;
  bool working_ = false;
};

}  // namespace internal

// Serves one unary call. `handler(const base::Principal&, const Request&, Reply<Response>)` runs on
// the executor; caller and request live until the reply has been called or destroyed, and no
// longer. A call whose client has gone before the executor came to it is not begun; one that was
// begun runs to its end, because what it changes must be finished whether or not somebody waits.
template <typename Request, typename Response, typename Handler>
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* context,
                                   const CallEnvironment& calls, const MethodRow& method,
                                   const Request* request, Response* response, Handler handler) {
  const absl::Time begun = absl::Now();
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const GrpcCallFacts facts(*context, request->ByteSizeLong());
  absl::StatusOr<base::Principal> caller = calls.guard->AdmitSystem(facts.facts(), method);
  if (!caller.ok()) {
    grpc::Status status = calls.errors->ToWire(caller.status(), method.full_method);
    internal::Record(calls, {&method, nullptr, status.error_code(), base::ReasonOf(caller.status()),
                             absl::Now() - begun, internal::RequestIdOf(*request)});
    reactor->Finish(std::move(status));
    return reactor;
  }
  auto call = std::make_unique<internal::UnaryCall<Request, Response>>(
      context, calls, method, request, response, reactor, begun, *std::move(caller));
  // When the executor refuses, the work is destroyed and with it the call, which then answers that
  // we are too busy.
  const base::Lane lane = base::Lane::Of(call->caller().agency_id);
  (void)calls.executor->RunIn(
      lane, [call = std::move(call), handler = std::move(handler)]() mutable {
        call->Begin();
        if (call->cancelled()) {
          call->Finish(absl::CancelledError());
          return;
        }
        absl::Status admitted = call->AdmitPractitioner();
        if (!admitted.ok()) {
          call->Finish(std::move(admitted));
          return;
        }
        auto& the_call = *call;
        handler(the_call.caller(), the_call.request(),
                Reply<Response>([call = std::move(call)](absl::StatusOr<Response> result) mutable {
                  call->Finish(std::move(result));
                }));
      });
  return reactor;
}

// What the streams have in common: a strand and a transport.
//
// The strand: everything a stream does, its handlers and what is posted to it, happens one after
// another on the executor, in the lane of the caller's agency, never two at once, so a subclass
// needs no lock.
//
// The transport: what gRPC is to do next (read, write, finish) is decided under a lock and started
// by one thread at a time, the strand's or one of gRPC's that has just done the last thing. So
// messages are read ahead and written one after another without a turn on the executor for each,
// and nothing is ever started after Finish.
//
// A stream lives until gRPC is done with it and nobody holds a reference. Work that completes
// elsewhere holds one and comes back through Post():
//
//   gate_->Deliver(asker, items, [self = Ref<MailboxStream>()](auto result) mutable {
//     self->Post([self, result = std::move(result)]() mutable { self->OnDelivered(...); });
//   });
//
// When the executor is full the stream is closed with kTooManyRequests: what was acknowledged
// stands, the rest is sent again by the client.
class StreamCore : public std::enable_shared_from_this<StreamCore> {
 public:
  using Work = absl::AnyInvocable<void()>;
  static constexpr size_t kReadAheadBytesMax = 1u << 20;

  virtual ~StreamCore() = default;

  // From any thread: runs `work` on the strand, or destroys it when the stream is closed by then.
  void Post(Work work);
  // From any thread: closes the stream with `status`.
  void Shut(absl::Status status);

 protected:
  StreamCore() = default;
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;

  // --- Handlers. On the strand; not called any more once Close() has been, but for OnClosed().

  // First of all.
  virtual void OnOpen() = 0;
  // The client will send no more. Also when it has gone.
  virtual void OnReadEnd() {}
  // Everything given to Write() has been handed to gRPC, but for what is held back: the client has
  // room for more. Also when some of what was held back was let go.
  virtual void OnWritten() {}
  // The alarm set by WakeAfter().
  virtual void OnWake() {}
  // Last of all, closed by whichever side. Must be quick and must not wait: with a full executor it
  // runs on a thread of gRPC's.
  virtual void OnClosed() {}

  // --- For handlers and posted work.

  // Ends the stream. With OK after what was written, and what is held back, has gone out; with an
  // error what waits is dropped. The second call changes nothing, but for an error behind an OK that
  // still waits.
  void Close(absl::Status status);
  bool closed() const { return closing_ || closing_well_; }
  // When the message that is being handled came from the client: for what answers it.
  absl::Time arrived() const { return arrived_; }
  // Calls OnWake() once, in `delay` or a little later. A new alarm replaces the old.
  void WakeAfter(absl::Duration delay);
  // Ends the stream by a refusal of a message that came at `arrived`, when the release step says.
  void CloseAnswer(absl::Time arrived, absl::Status status) {
    if (closed()) return;
    Release(arrived, [this, status = std::move(status)]() mutable { Close(std::move(status)); });
  }
  // Established at the door; see CallGuard::Recheck() for whether it still holds.
  const base::Principal& caller() const { return caller_; }
  const CallEnvironment& calls() const { return *calls_; }
  // Messages given to Write() that have not gone out, those that are held back among them.
  int64_t writes_waiting() const;
  // Lets up to `messages` come in before Read() asks for them, as long as they are no more than
  // kReadAheadBytesMax together; without, none is taken from the client that was not asked for.
  void ReadAhead(int64_t messages);

  template <typename Derived>
  std::shared_ptr<Derived> Ref() {
    return std::static_pointer_cast<Derived>(shared_from_this());
  }

 private:
  template <typename Stream, typename... Args>
  friend typename Stream::Reactor* StartStream(grpc::CallbackServerContext* context,
                                               const CallEnvironment& calls,
                                               const MethodRow& method, Args&&... args);
  template <typename Request, typename Response>
  friend class BidiStream;
  template <typename Request, typename Response>
  friend class ReadStream;
  template <typename Request, typename Response>
  friend class WriteStream;
  friend class LiveStreams;

  void Begin(const grpc::CallbackServerContext& context, const CallEnvironment& calls,
             const MethodRow& method, absl::Time begun, base::Principal caller);

  // Runs `work`, which writes what answers a message that came at `arrived`, when that may leave.
  void Release(absl::Time arrived, Work work);
  void ReleaseDue();
  void SetReleaseAlarm();

  // Gives `event` to the strand; it runs even on a closed stream.
  void Enqueue(Work event);
  void Schedule();
  void Drain();
  // Handles some events. False: there are no more, and the strand has been let go.
  bool DrainSome();

  // Reactions, from gRPC's threads.
  void ReadDone(bool ok, size_t message_bytes);
  void WriteDone(bool ok);
  void Cancelled();
  void Done();

  // On the strand.
  void Read();
  void DeliverMessages();
  bool TakeMessage();

  // Has gRPC do what there is to do, unless another thread is at it, which then does this, too.
  void Drive();
  enum class Operation { kNone, kRead, kWrite, kWriteWithMoreToCome, kFinish };
  // What to do next, marked as under way.
  Operation NextOperation() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_);

  // The transport. Called by Drive() alone, never after DoFinish(). No lock is held: gRPC may react
  // on the thread that starts an operation.
  virtual void DoStartRead() {}
  virtual void DoStartWrite(grpc::WriteOptions /*how*/) {}
  virtual void DoFinish(grpc::Status status) = 0;
  // Puts the message that was read behind those that wait for the strand.
  virtual void KeepRead(size_t /*bytes*/) ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_) {}
  // Takes the first of those, and its size.
  virtual size_t TakeRead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_) { return 0; }
  // Hands what TakeRead() took to the subclass.
  virtual void Deliver() {}
  // Says which message is written next.
  virtual void PickWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_) {}
  // Drops the message that was written.
  virtual void PopWritten() ABSL_EXCLUSIVE_LOCKS_REQUIRED(io_mutex_) {}

  const CallEnvironment* calls_ = nullptr;
  const MethodRow* method_ = nullptr;
  absl::Time begun_;
  base::Principal caller_;
  std::shared_ptr<StreamCore> self_;  // until gRPC is done

  absl::Mutex mutex_;
  std::deque<Work> events_ ABSL_GUARDED_BY(mutex_);
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;

  // The strand's own.
  bool closing_ = false;
  bool delivering_ = false;
  bool end_told_ = false;
  // Something was given to Write() in this turn: it goes out when the turn ends, with what else is.
  bool wrote_ = false;
  absl::Status close_status_;  // as it is from ending_ on
  uint64_t alarm_generation_ = 0;
  absl::Time arrived_ = absl::InfinitePast();
  // What is held back, by when it may leave.
  std::multimap<absl::Time, Work> held_;
  bool closing_well_ = false;  // once nothing is held back any more
  std::unique_ptr<grpc::Alarm> release_alarm_;
  absl::Time release_alarm_at_ = absl::InfiniteFuture();

  // Of whoever drives, and then of the strand.
  grpc::StatusCode code_ = grpc::StatusCode::OK;

  mutable absl::Mutex io_mutex_;
  bool driving_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool asked_ ABSL_GUARDED_BY(io_mutex_) = false;  // the subclass wants a message
  bool reading_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool read_ended_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool delivery_queued_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool write_failed_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool ending_well_ ABSL_GUARDED_BY(io_mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(io_mutex_) = false;
  int64_t read_ahead_ ABSL_GUARDED_BY(io_mutex_) = 0;
  int64_t reads_waiting_ ABSL_GUARDED_BY(io_mutex_) = 0;  // for the strand
  size_t read_bytes_waiting_ ABSL_GUARDED_BY(io_mutex_) = 0;
  std::deque<absl::Time> reads_arrived_ ABSL_GUARDED_BY(io_mutex_);  // of those that wait
  int64_t writes_waiting_ ABSL_GUARDED_BY(io_mutex_) = 0;
  int64_t received_ ABSL_GUARDED_BY(io_mutex_) = 0;
  int64_t sent_ ABSL_GUARDED_BY(io_mutex_) = 0;
  std::unique_ptr<grpc::Alarm> alarm_;
};

// Messages that were read and wait for the strand. Guarded by the stream's lock.
template <typename Request>
class ReadQueue {
 public:
  // Where gRPC reads to.
  Request* incoming() { return &incoming_; }
  void Keep(size_t bytes) {
    waiting_.push_back({std::move(incoming_), bytes});
    incoming_.Clear();
  }
  size_t Take() {
    taken_ = std::move(waiting_.front().message);
    const size_t bytes = waiting_.front().bytes;
    waiting_.pop_front();
    return bytes;
  }
  // On the strand.
  Request taken() { return std::move(taken_); }

 private:
  struct Waiting {
    Request message;
    size_t bytes;
  };
  Request incoming_;
  std::deque<Waiting> waiting_;
  Request taken_;
};

// Both sides send. At most one read and one write are in flight: the subclass asks for each message
// with Read(), so what it does not ask for, and has not let be read ahead, stays with the client.
template <typename Request, typename Response>
class BidiStream : public grpc::ServerBidiReactor<Request, Response>, public StreamCore {
 public:
  using Reactor = grpc::ServerBidiReactor<Request, Response>;

  void OnReadDone(bool ok) final { ReadDone(ok, reads_.incoming()->ByteSizeLong()); }
  void OnWriteDone(bool ok) final { WriteDone(ok); }
  void OnCancel() final { Cancelled(); }
  void OnDone() final { Done(); }

 protected:
  // A message that Read() asked for.
  virtual void OnMessage(Request message) = 0;

  // Asks for one message; while one is asked for, asking again changes nothing.
  void Read() { StreamCore::Read(); }
  // Queues one message, which goes out when the strand's turn ends, with what was queued in it. The
  // subclass bounds how many: see writes_waiting() and OnWritten().
  void Write(Response message) {
    if (closing_) return;
    absl::MutexLock lock(&io_mutex_);
    outgoing_.push_back(std::move(message));
    ++writes_waiting_;
    wrote_ = true;
  }
  // The same for what answers a message that came at `arrived`: it goes out when the release step
  // says, whenever it was ready, and what was ready earlier does not go out before by that.
  void WriteAnswer(absl::Time arrived, Response message) {
    if (closed()) return;
    Release(arrived, [this, message = std::move(message)]() mutable { Write(std::move(message)); });
  }

 private:
  template <typename Stream, typename... Args>
  friend typename Stream::Reactor* StartStream(grpc::CallbackServerContext* context,
                                               const CallEnvironment& calls,
                                               const MethodRow& method, Args&&... args);
  using Reactor::Finish;
  using Reactor::StartRead;
  using Reactor::StartWrite;
  void DoStartRead() final { this->StartRead(reads_.incoming()); }
  void DoStartWrite(grpc::WriteOptions how) final { this->StartWrite(going_out_, how); }
  void DoFinish(grpc::Status status) final { this->Finish(std::move(status)); }
  void KeepRead(size_t bytes) final { reads_.Keep(bytes); }
  size_t TakeRead() final { return reads_.Take(); }
  void Deliver() final { OnMessage(reads_.taken()); }
  void PickWrite() final { going_out_ = &outgoing_.front(); }
  void PopWritten() final { outgoing_.pop_front(); }

  ReadQueue<Request> reads_;
  std::deque<Response> outgoing_;  // a deque: what is being written must not move
  const Response* going_out_ = nullptr;
};

// The client sends, the hub answers once.
template <typename Request, typename Response>
class ReadStream : public grpc::ServerReadReactor<Request>, public StreamCore {
 public:
  using Reactor = grpc::ServerReadReactor<Request>;

  // `response` is where gRPC wants the answer; alive until the stream is closed.
  explicit ReadStream(Response* response) : response_(response) {}

  void OnReadDone(bool ok) final { ReadDone(ok, reads_.incoming()->ByteSizeLong()); }
  void OnCancel() final { Cancelled(); }
  void OnDone() final { Done(); }

 protected:
  virtual void OnMessage(Request message) = 0;

  void Read() { StreamCore::Read(); }
  // Ends the stream well, when the release step says of a message that came at `arrived`.
  void Answer(absl::Time arrived, Response response) {
    if (closed()) return;
    Release(arrived,
            [this, response = std::move(response)]() mutable { *response_ = std::move(response); });
    Close(absl::OkStatus());
  }

 private:
  using Reactor::Finish;
  using Reactor::StartRead;
  void DoStartRead() final { this->StartRead(reads_.incoming()); }
  void DoFinish(grpc::Status status) final { this->Finish(std::move(status)); }
  void KeepRead(size_t bytes) final { reads_.Keep(bytes); }
  size_t TakeRead() final { return reads_.Take(); }
  void Deliver() final { OnMessage(reads_.taken()); }

  ReadQueue<Request> reads_;
  Response* const response_;
};

// The client asks once, the hub sends.
template <typename Request, typename Response>
class WriteStream : public grpc::ServerWriteReactor<Response>, public StreamCore {
 public:
  using Reactor = grpc::ServerWriteReactor<Response>;

  explicit WriteStream(const Request* request) : request_(*request) {}

  void OnWriteDone(bool ok) final { WriteDone(ok); }
  void OnCancel() final { Cancelled(); }
  void OnDone() final { Done(); }

 protected:
  const Request& request() const { return request_; }
  // As BidiStream's.
  void Write(Response message) {
    if (closing_) return;
    absl::MutexLock lock(&io_mutex_);
    outgoing_.push_back(std::move(message));
    ++writes_waiting_;
    wrote_ = true;
  }

 private:
  using Reactor::Finish;
  using Reactor::StartWrite;
  void DoStartWrite(grpc::WriteOptions how) final { this->StartWrite(going_out_, how); }
  void DoFinish(grpc::Status status) final { this->Finish(std::move(status)); }
  void PickWrite() final { going_out_ = &outgoing_.front(); }
  void PopWritten() final { outgoing_.pop_front(); }

  const Request request_;
  std::deque<Response> outgoing_;
  const Response* going_out_ = nullptr;
};

namespace internal {

// A stream that was refused at the door.
template <typename Reactor>
class Refused final : public Reactor {
 public:
  explicit Refused(grpc::Status status) { this->Finish(std::move(status)); }
  void OnDone() final { delete this; }
};

}  // namespace internal

// Admits a stream call and starts a `Stream` made from `args`, or refuses it.
template <typename Stream, typename... Args>
typename Stream::Reactor* StartStream(grpc::CallbackServerContext* context,
                                      const CallEnvironment& calls, const MethodRow& method,
                                      Args&&... args) {
  const absl::Time begun = absl::Now();
  const GrpcCallFacts facts(*context, 0);
  absl::StatusOr<base::Principal> caller = calls.guard->AdmitSystem(facts.facts(), method);
  if (!caller.ok()) {
    grpc::Status status = calls.errors->ToWire(caller.status(), method.full_method);
    internal::Record(calls, {&method, nullptr, status.error_code(), base::ReasonOf(caller.status()),
                             absl::Now() - begun, "", 0, 0});
    return new internal::Refused<typename Stream::Reactor>(std::move(status));
  }
  auto stream = std::make_shared<Stream>(std::forward<Args>(args)...);
  typename Stream::Reactor* const reactor = stream.get();
  static_cast<StreamCore*>(stream.get())->Begin(*context, calls, method, begun, *std::move(caller));
  return reactor;
}

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_REACTORS_H_
