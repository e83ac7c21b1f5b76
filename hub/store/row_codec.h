// This is the one codec that writes rows and their keys, in every room alike.
//
// A value is a version byte and a serialised message. One of a later version is refused as
// kStoreNewer, so that an older hub cannot misread it; anything else that does not parse is
// kDataLoss, for everybody who reads it: what cannot be read must not be taken for what is not
// there. Keys are made of parts: ids of any length are prefixed by it, so that none is the
// beginning of another's range; numbers are big-endian (store.h, KeyU64), so that they sort.
//
// Templates over messages, so that this room knows no protobuf. Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_STORE_ROW_CODEC_H_
#define SIGNPOST_HUB_STORE_ROW_CODEC_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"

namespace signpost::store {

inline constexpr char kRowVersion = 1;

// REQUIRES: `id` is shorter than 65,536 bytes.
inline std::string LengthPrefixed(absl::string_view id) {
  std::string key;
  key.reserve(2 + id.size());
  key.push_back(static_cast<char>(id.size() >> 8));
  key.push_back(static_cast<char>(id.size() & 0xff));
  key.append(id.data(), id.size());
  return key;
}

template <typename Message>
std::string EncodeRow(const Message& message) {
  std::string value(1, kRowVersion);
  message.AppendToString(&value);
  return value;
}

// `what` ("a message", "registry row agency/x") is for the error and must not name a person.
// Errors: kStoreNewer; kDataLoss.
template <typename Message>
[[nodiscard]] absl::Status DecodeRow(absl::string_view what, absl::string_view value,
                                     Message* message) {
  if (!value.empty() && static_cast<unsigned char>(value[0]) > kRowVersion) {
    return base::Error(base::Reason::kStoreNewer,
                       absl::StrCat(what,
                                    " in the store is of a later version than this hub reads; "
                                    "start the newer hub"));
  }
  if (value.empty() || value[0] != kRowVersion ||
      !message->ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1))) {
    return base::Error(base::Reason::kDataLoss,
                       absl::StrCat(what, " in the store does not parse; restore a backup"));
  }
  return absl::OkStatus();
}
template <typename Message>
[[nodiscard]] absl::StatusOr<Message> DecodeRow(absl::string_view what, absl::string_view value) {
  Message message;
  absl::Status status = DecodeRow(what, value, &message);
  if (!status.ok()) return status;
  return message;
}

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_ROW_CODEC_H_
