// Executor is a seam that runs work which may wait (storage, decisions): never on a gRPC thread,
// and never without a bound, so that overload is refused at the door instead of growing a queue.
//
// Work belongs to a lane, an agency's or the hub's own: however much one agency asks for, another's
// work waits no longer than its fair share of the threads makes it.

#ifndef SIGNPOST_HUB_BASE_EXECUTOR_H_
#define SIGNPOST_HUB_BASE_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace signpost::base {

// Whose work something is. A plain value; two agencies may by chance share one, and then share what
// is one agency's.
class Lane {
 public:
  constexpr Lane() = default;  // the hub's own
  static Lane Of(absl::string_view agency_id);
  // That of the work which this thread runs; the hub's own on every other thread.
  static Lane Current();

  uint64_t number() const { return number_; }
  friend bool operator==(Lane a, Lane b) { return a.number_ == b.number_; }

 private:
  friend class ThreadPool;
  explicit constexpr Lane(uint64_t number) : number_(number) {}
  uint64_t number_ = 0;
};

// Implementations are thread-safe.
class Executor {
 public:
  using Work = absl::AnyInvocable<void()>;

  virtual ~Executor() = default;

  // Runs `work` once, later or now. False, and `work` is destroyed without running, when there is no
  // room for more of this lane or the executor is shut down: answer kTooManyRequests.
  [[nodiscard]] virtual bool RunIn(Lane lane, Work work) = 0;
  // In the lane of the work that calls: what comes of somebody's work is theirs.
  [[nodiscard]] bool Run(Work work) { return RunIn(Lane::Current(), std::move(work)); }
};

// A fixed number of threads behind one bounded queue a lane. Within a lane it is first come, first
// served. A thread that is free takes from the lane of which the fewest others run, of equal ones
// from each in its turn; and where there are three threads or more, one lane never has all of them,
// so that long work of one agency keeps nobody else from beginning. A lane may fill the queue up to
// what kLaneShare leaves of it to others.
class ThreadPool final : public Executor {
 public:
  // Waiting work of one lane, as a multiple of the room that is left: three quarters of the queue
  // where nobody else waits.
  static constexpr size_t kLaneShare = 3;

  // REQUIRES: threads >= 1, queue_max >= 1.
  ThreadPool(int threads, int queue_max);
  // As Shutdown().
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] bool RunIn(Lane lane, Work work) override;

  // Refuses new work, finishes all that was accepted, joins the threads. Idempotent. Must not be
  // called from work of this pool.
  void Shutdown();

  // Accepted and not yet begun.
  int queued() const;

 private:
  struct LaneQueue {
    uint64_t number = 0;
    std::deque<Work> work;
    int running = 0;
  };
  void Loop();
  bool MayBegin(const LaneQueue& lane) const { return lane.running < lane_threads_max_; }
  // Whether some lane that waits may begin, or there is nothing left to wait for.
  bool Awake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The lane whose turn it is, taken out of the turns; nullptr: none may begin.
  LaneQueue* NextLane() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t queue_max_;
  const int lane_threads_max_;
  mutable absl::Mutex mutex_;
  // Lanes are as many as agencies, and stay. Nodes: what points at one stays good.
  absl::node_hash_map<uint64_t, LaneQueue> lanes_ ABSL_GUARDED_BY(mutex_);
  std::deque<LaneQueue*> turns_ ABSL_GUARDED_BY(mutex_);  // those with work that waits
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Held while joining, so that two callers of Shutdown() both return only when it is done.
  absl::Mutex join_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(join_mutex_);
};

// Runs at once, on the caller's thread. For tests and command-line tools.
class InlineExecutor final : public Executor {
 public:
  [[nodiscard]] bool RunIn(Lane /*lane*/, Work work) override {
    work();
    return true;
  }
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_EXECUTOR_H_
