// Teaches ThreadSanitizer what Abseil's locks do.
//
// Debian's Abseil is not instrumented, so ThreadSanitizer sees neither a lock being taken nor what
// that orders, and would report every access that a Mutex guards. The definitions here stand in
// front of the library's in test programs of the tsan preset: they call the real ones and say what
// was acquired and released. Waiting for a condition becomes looking at it again and again under
// the lock, because the library would look from a thread ThreadSanitizer does not know to hold it.
//
// Linked into tests only, and only with SIGNPOST_SANITIZE=thread (cmake/SignpostRoom.cmake).

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace {

// The library's own definition of a mangled name.
template <typename Function>
Function Real(const char* name) {
  void* const symbol = dlsym(RTLD_NEXT, name);
  if (symbol == nullptr) {
    std::fprintf(stderr, "tests/tsan: this Abseil has no %s; mend absl_sync.cc\n", name);
    std::abort();
  }
  return reinterpret_cast<Function>(symbol);
}

void Pause() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

// The library looks for deadlocks in a graph under a lock that cannot be shown; ThreadSanitizer
// looks for them itself (second_deadlock_stack).
[[maybe_unused]] const bool kNoGraph = [] {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return true;
}();

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

// Debian names the inline namespace after its package's ABI.
#define SIGNPOST_MANGLED(rest) "_ZN4absl7debian3" rest

void Mutex::Lock() {
  static const auto real = Real<void (*)(Mutex*)>(SIGNPOST_MANGLED("5Mutex4LockEv"));
  real(this);
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  static const auto real = Real<void (*)(Mutex*)>(SIGNPOST_MANGLED("5Mutex6UnlockEv"));
  __tsan_release(this);
  real(this);
}

bool Mutex::TryLock() {
  static const auto real = Real<bool (*)(Mutex*)>(SIGNPOST_MANGLED("5Mutex7TryLockEv"));
  if (!real(this)) return false;
  __tsan_acquire(this);
  return true;
}

void Mutex::ReaderLock() {
  static const auto real = Real<void (*)(Mutex*)>(SIGNPOST_MANGLED("5Mutex10ReaderLockEv"));
  real(this);
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  static const auto real = Real<void (*)(Mutex*)>(SIGNPOST_MANGLED("5Mutex12ReaderUnlockEv"));
  __tsan_release(this);
  real(this);
}

bool Mutex::ReaderTryLock() {
  static const auto real = Real<bool (*)(Mutex*)>(SIGNPOST_MANGLED("5Mutex13ReaderTryLockEv"));
  if (!real(this)) return false;
  __tsan_acquire(this);
  return true;
}

// Held exclusively before and after. (Nobody here awaits under a reader's lock.)
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  while (!condition.Eval()) {
    if (absl::Now() >= deadline) return false;
    Unlock();
    Pause();
    Lock();
  }
  return true;
}

void Mutex::Await(const Condition& condition) { AwaitWithDeadline(condition, InfiniteFuture()); }

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  return AwaitWithDeadline(condition, absl::Now() + timeout);
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  Lock();
  return AwaitWithDeadline(condition, deadline);
}

void Mutex::LockWhen(const Condition& condition) {
  LockWhenWithDeadline(condition, InfiniteFuture());
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  return LockWhenWithDeadline(condition, absl::Now() + timeout);
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto real = Real<bool (*)(CondVar*, Mutex*, Time)>(
      SIGNPOST_MANGLED("7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE"));
  __tsan_release(mutex);
  const bool late = real(this, mutex, deadline);
  __tsan_acquire(mutex);
  return late;
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  return WaitWithDeadline(mutex, absl::Now() + timeout);
}

void CondVar::Wait(Mutex* mutex) {
  static const auto real =
      Real<void (*)(CondVar*, Mutex*)>(SIGNPOST_MANGLED("7CondVar4WaitEPNS0_5MutexE"));
  __tsan_release(mutex);
  real(this, mutex);
  __tsan_acquire(mutex);
}

void Notification::Notify() {
  MutexLock lock(&mutex_);
  notified_yet_.store(true, std::memory_order_release);
}

// Taking the lock, as the library does, keeps a notification alive until Notify() has let go of it.
Notification::~Notification() { MutexLock lock(&mutex_); }

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  while (!HasBeenNotifiedInternal(&notified_yet_)) {
    if (absl::Now() >= deadline) return false;
    Pause();
  }
  return true;
}

void Notification::WaitForNotification() const {
  WaitForNotificationWithDeadline(InfiniteFuture());
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  return WaitForNotificationWithDeadline(absl::Now() + timeout);
}

bool BlockingCounter::DecrementCount() {
  static const auto real =
      Real<bool (*)(BlockingCounter*)>(SIGNPOST_MANGLED("15BlockingCounter14DecrementCountEv"));
  __tsan_release(this);
  return real(this);
}

void BlockingCounter::Wait() {
  static const auto real =
      Real<void (*)(BlockingCounter*)>(SIGNPOST_MANGLED("15BlockingCounter4WaitEv"));
  real(this);
  __tsan_acquire(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
