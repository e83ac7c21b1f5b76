// These are the codecs that write bytes as text and back: hex, base64, base64url and Crockford's
// base32.
//
// Decoders are strict: each text has exactly one meaning and each value exactly one text, so that a
// token or a hash cannot be respelled. Errors are kInvalidField with the field "text"; messages do
// not repeat the input. All functions are thread-safe.

#ifndef SIGNPOST_HUB_BASE_ENCODING_H_
#define SIGNPOST_HUB_BASE_ENCODING_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace signpost::base {

// Lower case.
std::string HexEncode(absl::string_view bytes);
// Either case; an even number of digits and nothing else.
[[nodiscard]] absl::StatusOr<std::string> HexDecode(absl::string_view text);

// RFC 4648 section 4, padded. Decoding refuses white space, missing padding and non-zero spare
// bits.
std::string Base64Encode(absl::string_view bytes);
[[nodiscard]] absl::StatusOr<std::string> Base64Decode(absl::string_view text);

// RFC 4648 section 5, without padding (as in JOSE). Decoding refuses padding, white space and
// non-zero spare bits.
std::string Base64UrlEncode(absl::string_view bytes);
[[nodiscard]] absl::StatusOr<std::string> Base64UrlDecode(absl::string_view text);

// 16 bytes as 26 characters of Crockford's base32, a big-endian number with two leading zero bits.
// REQUIRES: `bytes` is 16 bytes long.
std::string Crockford16Encode(absl::string_view bytes);
// Reads what people type: either case, O for 0, I and L for 1; hyphens and spaces are skipped.
[[nodiscard]] absl::StatusOr<std::string> Crockford16Decode(absl::string_view text);

// The check character of Crockford's base32 for the number written as `digits` in base 32: its
// value modulo 37, so that one wrong character, or two neighbours swapped, is always noticed.
// REQUIRES: `digits` holds canonical Crockford characters only.
char CrockfordCheckCharacter(absl::string_view digits);

// As people type it to canonical: upper case, O to 0, I and L to 1, hyphens and spaces dropped.
// Characters that mean nothing are kept for the caller to refuse.
std::string CrockfordCanonical(absl::string_view text);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_ENCODING_H_
