// SteadyCondVar is a condition variable that waits by the machine's steady clock, so that a system
// clock which is set back prolongs no wait. absl::CondVar turns a timeout into a time of day, and
// waits for that. Thread-safe.

#ifndef SIGNPOST_HUB_BASE_STEADY_COND_VAR_H_
#define SIGNPOST_HUB_BASE_STEADY_COND_VAR_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace signpost::base {

class SteadyCondVar {
 public:
  // Wakes one who waits. What they look at must have been changed under their mutex.
  void Signal() { condition_.notify_one(); }

  // Let go of `mutex` until signalled, or longer than `timeout`; they may return for no reason, too.
  // No wait is longer than an hour, so that any timeout can be given. WaitFor() says whether it
  // returned because the time was over.
  void Wait(absl::Mutex* mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Lockable lockable{mutex};
    condition_.wait(lockable);
  }
  bool WaitFor(absl::Mutex* mutex, absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Lockable lockable{mutex};
    return condition_.wait_for(lockable, absl::ToChronoNanoseconds(std::clamp(
                                             timeout, absl::ZeroDuration(), absl::Hours(1)))) ==
           std::cv_status::timeout;
  }

 private:
  // As the standard library wants its locks.
  struct Lockable {
    absl::Mutex* mutex;
    void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Lock(); }
    void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex->Unlock(); }
  };

  std::condition_variable_any condition_;
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_STEADY_COND_VAR_H_
