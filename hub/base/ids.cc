#include "hub/base/ids.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"

namespace signpost::base::internal {

std::string IdToText(const char* prefix, absl::string_view bytes) {
  return absl::StrCat(prefix, "-", Crockford16Encode(bytes));
}

absl::StatusOr<std::string> IdFromText(const char* prefix, absl::string_view text) {
  const std::string start = absl::StrCat(prefix, "-");
  if (absl::StartsWithIgnoreCase(text, start)) {
    // Far longer than an id with every gap a hyphen: not worth reading.
    const absl::string_view digits = text.substr(start.size());
    absl::StatusOr<std::string> bytes =
        digits.size() <= 64 ? Crockford16Decode(digits) : absl::StatusOr<std::string>("");
    if (bytes.ok() && bytes->size() == kIdBytes) return bytes;
  }
  return InvalidField(absl::StrCat(prefix, "_id"),
                      absl::StrCat("is not an id of this kind: expected \"", start,
                                   "\" and 26 letters and digits"));
}

absl::Status IdLengthError(const char* prefix) {
  return InvalidField(absl::StrCat(prefix, "_id"), "is not 16 bytes long");
}

std::string IdToHex(absl::string_view bytes) { return HexEncode(bytes); }

}  // namespace signpost::base::internal
