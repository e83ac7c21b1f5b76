// Executor is a seam that runs work which may wait (storage, decisions): never on a gRPC thread,
// and never without a bound, so that overload is refused at the door instead of growing a queue.

#ifndef SIGNPOST_HUB_BASE_EXECUTOR_H_
#define SIGNPOST_HUB_BASE_EXECUTOR_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace signpost::base {

// Implementations are thread-safe.
class Executor {
 public:
  using Work = absl::AnyInvocable<void()>;

  virtual ~Executor() = default;

  // Runs `work` once, later or now. False, and `work` is destroyed without running, when the queue
  // is full or the executor is shut down: answer kTooManyRequests.
  [[nodiscard]] virtual bool Run(Work work) = 0;
};

// A fixed number of threads behind one bounded queue, first come, first served.
class ThreadPool final : public Executor {
 public:
  // REQUIRES: threads >= 1, queue_max >= 1.
  ThreadPool(int threads, int queue_max);
  // As Shutdown().
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] bool Run(Work work) override;

  // Refuses new work, finishes all that was accepted, joins the threads. Idempotent. Must not be
  // called from work of this pool.
  void Shutdown();

  // Accepted and not yet begun.
  int queued() const;

 private:
  void Loop();

  const size_t queue_max_;
  mutable absl::Mutex mutex_;
  std::deque<Work> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Held while joining, so that two callers of Shutdown() both return only when it is done.
  absl::Mutex join_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(join_mutex_);
};

// Runs at once, on the caller's thread. For tests and command-line tools.
class InlineExecutor final : public Executor {
 public:
  [[nodiscard]] bool Run(Work work) override {
    work();
    return true;
  }
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_EXECUTOR_H_
