// CHECK(condition) is a macro that ends the process when a condition of our own code does not hold.
//
//   CHECK(threads >= 1);
//
// It is for our own bugs alone: what callers, files or the network can bring about is an
// absl::Status. The condition is evaluated once, in every build. DCHECK(condition) is the same in
// builds without NDEBUG and evaluates nothing in others: for what costs too much where it stands.
//
// What is printed, to stderr and to the log when one is set, is file, line and the text of the
// condition. There is no way to print a value with it: values may be somebody's name. Thread-safe.

#ifndef SIGNPOST_HUB_BASE_CHECK_H_
#define SIGNPOST_HUB_BASE_CHECK_H_

namespace signpost::base {

class JsonLog;  // json_log.h

// From now on a failed check writes a line to `log`, too. Not owned; nullptr for none. One log a
// process: with several hubs in it the last one's.
void SetCheckLog(JsonLog* log);
// As SetCheckLog(nullptr), if `log` is the one that is set: for who is about to destroy it.
void ClearCheckLog(JsonLog* log);

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace internal

}  // namespace signpost::base

#define CHECK(condition)              \
  ((condition) ? static_cast<void>(0) \
               : ::signpost::base::internal::CheckFailed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
// Compiled, so that it does not rot, and never evaluated.
#define DCHECK(condition) (true ? static_cast<void>(0) : CHECK(condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif

#endif  // SIGNPOST_HUB_BASE_CHECK_H_
