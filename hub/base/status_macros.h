// These are two macros that hand an error up, so that the way that succeeds reads straight.
//
//   SIGNPOST_RETURN_IF_ERROR(store->Commit(batch));
//   SIGNPOST_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
//
// Both may be used in functions that return absl::Status or absl::StatusOr<T>.

#ifndef SIGNPOST_HUB_BASE_STATUS_MACROS_H_
#define SIGNPOST_HUB_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define SIGNPOST_RETURN_IF_ERROR(expression)                    \
  do {                                                          \
    ::absl::Status signpost_status_macro_status = (expression); \
    if (!signpost_status_macro_status.ok()) {                   \
      return signpost_status_macro_status;                      \
    }                                                           \
  } while (false)

#define SIGNPOST_STATUS_MACRO_JOIN_INNER(a, b) a##b
#define SIGNPOST_STATUS_MACRO_JOIN(a, b) SIGNPOST_STATUS_MACRO_JOIN_INNER(a, b)

// `target` may declare a variable or name one. It is a statement of two lines: not for use as the
// whole body of an `if` without braces.
#define SIGNPOST_ASSIGN_OR_RETURN(target, ...)                                              \
  SIGNPOST_ASSIGN_OR_RETURN_INNER(SIGNPOST_STATUS_MACRO_JOIN(signpost_statusor_, __LINE__), \
                                  target, __VA_ARGS__)
#define SIGNPOST_ASSIGN_OR_RETURN_INNER(statusor, target, ...) \
  auto statusor = (__VA_ARGS__);                               \
  if (!statusor.ok()) {                                        \
    return std::move(statusor).status();                       \
  }                                                            \
  target = *std::move(statusor)

#endif  // SIGNPOST_HUB_BASE_STATUS_MACROS_H_
