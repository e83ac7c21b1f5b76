#include "hub/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "hub/base/json_log.h"

namespace signpost::base {

namespace {

// The one thing of a process that is not handed in: a check must be able to fail anywhere.
std::atomic<JsonLog*> check_log{nullptr};

}  // namespace

void SetCheckLog(JsonLog* log) { check_log.store(log); }

void ClearCheckLog(JsonLog* log) { check_log.compare_exchange_strong(log, nullptr); }

namespace internal {

void CheckFailed(const char* file, int line, const char* condition) {
  // stderr first: the log may be what is broken.
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed. This is a fault of Signpost's own: report it.\n",
               file, line, condition);
  std::fflush(stderr);
  if (JsonLog* const log = check_log.load()) {
    log->Error("check_failed", {{"file", file}, {"line", line}, {"condition", condition}});
  }
  std::abort();
}

}  // namespace internal
}  // namespace signpost::base
