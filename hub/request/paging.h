// PageSize() is the one rule that says how many rows a page has.

#ifndef SIGNPOST_HUB_REQUEST_PAGING_H_
#define SIGNPOST_HUB_REQUEST_PAGING_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/statusor.h"
#include "hub/base/error.h"

namespace signpost::request {

// How many rows a page has where the caller asked for `page_size`: `default_size` for 0, and
// `size_max` for more than that, so that a limit may be lowered without breaking a client
// (AIP-158). Errors: kInvalidField, field "page_size", for less than 0, which is no wish but a
// mistake.
[[nodiscard]] inline absl::StatusOr<int> PageSize(int32_t page_size, int default_size,
                                                  int size_max) {
  if (page_size < 0) {
    return base::InvalidField("page_size", "must not be negative; 0 leaves it to the hub");
  }
  return page_size == 0 ? default_size : std::min<int>(page_size, size_max);
}

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_PAGING_H_
