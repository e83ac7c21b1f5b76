#include "policy/check.h"

#include <cstdio>
#include <cstdlib>

namespace signpost::policy::internal {

void CheckFailed(const char* promise, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: the caller broke a promise: %s\n", file, line, promise);
  std::abort();
}

}  // namespace signpost::policy::internal
