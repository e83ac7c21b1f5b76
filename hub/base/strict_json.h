// ParseStrictJson() is a parser that takes ParseStrictJson() is a parser that takes JSON as we
// accept it from outside: one value and nothing after it, no key twice in an object, no deeper than
// asked, valid UTF-8.
//
// Parsers differ on what a repeated key means; what two readers could read differently is refused.

#ifndef SIGNPOST_HUB_BASE_STRICT_JSON_H_
#define SIGNPOST_HUB_BASE_STRICT_JSON_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace signpost::base {

inline constexpr int kJsonDepthMax = 32;

// Errors: kInvalidField, field "json"; the message holds a position and never the text. Bounding
// the size of `text` is the caller's part. Thread-safe.
[[nodiscard]] absl::StatusOr<nlohmann::json> ParseStrictJson(absl::string_view text,
                                                             int depth_max = kJsonDepthMax);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_STRICT_JSON_H_
