// These are the macros that check what a caller has promised ("REQUIRES" in a comment): a broken
// promise is a bug in the program, and it stops there rather than decide by it.
//
// Only ever of what the program itself controls: never of a text, a fact or a question from
// outside, which this room answers with a diagnostic or by hiding. The room has its own because it
// links Abseil alone.

#ifndef SIGNPOST_POLICY_CHECK_H_
#define SIGNPOST_POLICY_CHECK_H_

#include "absl/base/optimization.h"

namespace signpost::policy::internal {

// Says on standard error what was promised and where, and aborts.
[[noreturn]] void CheckFailed(const char* promise, const char* file, int line);

}  // namespace signpost::policy::internal

// In every build.
#define SIGNPOST_POLICY_CHECK(promise) \
  (ABSL_PREDICT_TRUE(promise)          \
       ? void(0)                       \
       : ::signpost::policy::internal::CheckFailed(#promise, __FILE__, __LINE__))

// Where the check would cost what the promise saves: in builds with assertions alone.
#ifdef NDEBUG
#define SIGNPOST_POLICY_DCHECK(promise) (true ? void(0) : void(promise))
#else
#define SIGNPOST_POLICY_DCHECK(promise) SIGNPOST_POLICY_CHECK(promise)
#endif

#endif  // SIGNPOST_POLICY_CHECK_H_
