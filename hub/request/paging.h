// PageSize() is the rule that says how many rows a page of a list has; and pages of whole lists.
// Pure; thread-safe.

#ifndef SIGNPOST_HUB_REQUEST_PAGING_H_
#define SIGNPOST_HUB_REQUEST_PAGING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

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

// One page: rows [begin, end) of a list, and what the page after it is asked for with.
struct PageSpan {
  size_t begin = 0;
  size_t end = 0;
  std::string next_page_token;  // empty at the end
};

// The page of `rows`, in their order, that begins behind the row whose key is `page_token`, or at the
// first row for an empty one. `key_of(row)`: a text of its own for each row, the same from page to
// page, that the caller may see. Errors: as PageSize(); kInvalidField, field "page_token", where no
// row has that key.
template <typename Rows, typename KeyOf>
[[nodiscard]] absl::StatusOr<PageSpan> PageOf(const Rows& rows, int32_t page_size, int default_size,
                                              int size_max, const std::string& page_token,
                                              KeyOf key_of) {
  const absl::StatusOr<int> size = PageSize(page_size, default_size, size_max);
  if (!size.ok()) return size.status();
  PageSpan page;
  if (!page_token.empty()) {
    const auto last = std::find_if(rows.begin(), rows.end(),
                                   [&](const auto& row) { return key_of(row) == page_token; });
    if (last == rows.end()) {
      return base::InvalidField(
          "page_token", "take it from the page before; where the list has changed, begin again");
    }
    page.begin = static_cast<size_t>(last - rows.begin()) + 1;
  }
  const size_t count = static_cast<size_t>(rows.end() - rows.begin());
  page.end = std::min(count, page.begin + static_cast<size_t>(*size));
  if (page.end < count) {
    page.next_page_token = key_of(*(rows.begin() + static_cast<std::ptrdiff_t>(page.end) - 1));
  }
  return page;
}

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_PAGING_H_
