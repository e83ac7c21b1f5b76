// These are readers that know numbers and codes with rules: NHS, pupil numbers, postcodes, dates.
// Each function takes what was typed and gives the one canonical form, or nothing when it is not
// valid: an invalid identifier is no identifier, never half of one. Pure and thread-safe.

#ifndef SIGNPOST_HUB_MATCHING_IDENTIFIERS_H_
#define SIGNPOST_HUB_MATCHING_IDENTIFIERS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace signpost::matching {

// Ten digits, the last a mod 11 check digit; spaces and hyphens ignored. Ten equal digits pass the
// check and are placeholders, so they are refused.
std::optional<std::string> NhsNumber(absl::string_view text);

// A check letter (A-Z without I, O, S), eleven digits, and a digit or, for a temporary number, a
// letter; weights 2..13, modulo 23. Either case.
std::optional<std::string> Upn(absl::string_view text);

// A learner reference: 4 to 20 letters and digits, upper-cased; no check digit exists. All equal
// characters are a placeholder.
std::optional<std::string> LearnerNumber(absl::string_view text);

// "M1 1AE" in all its parts.
struct Postcode {
  std::string unit;     // "M1 1AE"
  std::string sector;   // "M1 1"
  std::string outcode;  // "M1"
  std::string area;     // "M"
};
// Any spacing and case. ZZ99 codes (no fixed abode and the like) are nothing.
std::optional<Postcode> ParsePostcode(absl::string_view text);

// Whether yyyymmdd is a day that exists.
bool IsDate(int32_t yyyymmdd);
// With day and month exchanged; nullopt when that is not a date or is the same one.
std::optional<int32_t> SwapDayAndMonth(int32_t yyyymmdd);
// 1 January: as often "not known" as a birthday.
bool IsWeakDate(int32_t yyyymmdd);

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_IDENTIFIERS_H_
