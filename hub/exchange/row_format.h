// How the exchange writes its rows and keys: a version byte and the stored message; keys that begin
// with a length-prefixed id, so that no id is the beginning of another's range.

#ifndef SIGNPOST_HUB_EXCHANGE_ROW_FORMAT_H_
#define SIGNPOST_HUB_EXCHANGE_ROW_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::exchange {

inline constexpr char kRowFormat = 1;

// REQUIRES: `id` is shorter than 65,536 bytes.
inline std::string LengthPrefixed(const std::string& id) {
  std::string key;
  key.reserve(2 + id.size());
  key.push_back(static_cast<char>(id.size() >> 8));
  key.push_back(static_cast<char>(id.size() & 0xff));
  key += id;
  return key;
}

template <typename Row>
std::string EncodeRow(const Row& row) {
  std::string value(1, kRowFormat);
  row.AppendToString(&value);
  return value;
}

// `what` ("a message") is for the error. Errors: kStoreNewer for a later format, kDataLoss for what
// is none.
template <typename Row>
[[nodiscard]] absl::StatusOr<Row> DecodeRow(const char* what, const std::string& value) {
  if (!value.empty() && static_cast<unsigned char>(value[0]) > kRowFormat) {
    return base::Error(
        base::Reason::kStoreNewer,
        absl::StrCat(what,
                     " in the store is of a later format than this hub reads; start the "
                     "newer hub"));
  }
  Row row;
  if (value.empty() || value[0] != kRowFormat ||
      !row.ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1))) {
    return base::Error(base::Reason::kDataLoss,
                       absl::StrCat(what, " in the store does not parse; restore a backup"));
  }
  return row;
}

}  // namespace signpost::exchange

#endif  // SIGNPOST_HUB_EXCHANGE_ROW_FORMAT_H_
