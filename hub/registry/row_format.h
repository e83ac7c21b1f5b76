// Rows of space kRegistry: a version byte and the stored message.

#ifndef SIGNPOST_HUB_REGISTRY_ROW_FORMAT_H_
#define SIGNPOST_HUB_REGISTRY_ROW_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::registry {

inline constexpr char kRowFormat = 1;

template <typename Row>
std::string EncodeRow(const Row& row) {
  std::string value(1, kRowFormat);
  row.AppendToString(&value);
  return value;
}

// Errors: kStoreNewer for a later format, kDataLoss for what is none. `key` is for the message.
template <typename Row>
[[nodiscard]] absl::StatusOr<Row> DecodeRow(const std::string& key, const std::string& value) {
  if (!value.empty() && static_cast<unsigned char>(value[0]) > kRowFormat) {
    return base::Error(base::Reason::kStoreNewer,
                       absl::StrCat("registry row ", key,
                                    " is of a later format than this hub reads; start the newer "
                                    "hub"));
  }
  Row row;
  if (value.empty() || value[0] != kRowFormat ||
      !row.ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1))) {
    return base::Error(base::Reason::kDataLoss,
                       absl::StrCat("registry row ", key, " does not parse; restore a backup"));
  }
  return row;
}

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_ROW_FORMAT_H_
