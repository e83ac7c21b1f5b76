// The Validate functions are checks that look at what comes in, before all else: lengths, dates
// that exist, fields that belong together. Pure and thread-safe.
//
// Each function returns OK or one error that names every field at fault, by its path in the proto,
// with what would be right. No message repeats a value.

#ifndef SIGNPOST_HUB_PEOPLE_VALIDATE_H_
#define SIGNPOST_HUB_PEOPLE_VALIDATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/error.h"
#include "signpost/v1/common.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::people {

// Records of consent that one agency may keep about one person.
inline constexpr int kYesesPerAgencyMax = 64;
inline constexpr int kRefusalsPerAgencyMax = 128;

// A consent lasts at most this long.
inline constexpr absl::Duration kConsentLifeMax = absl::Hours(24 * (3 * 365 + 1));
inline constexpr int kScopeValuesMax = 64;      // values in one field of a consent's scope
inline constexpr int kScopeExceptionsMax = 16;  // exceptions of one scope
inline constexpr int kScopeDepthMax = 3;        // exceptions of exceptions of exceptions
inline constexpr int kConditionsMax = 8;        // of one consent
inline constexpr int kSectionsMax = 64;         // sections of one assessment
inline constexpr int kWordBytesMax = 64;  // words of the vocabulary: service, kind, section, role
inline constexpr int kBirthYearMin = 1900;

// Errors: kInvalidField. Of a retracted report only record_id and status are looked at. Identifiers
// and postcodes that fail their checks are not errors: they are kept as reported and do not match.
[[nodiscard]] absl::Status ValidateReport(const signpost::v1::FlagReport& report, absl::Time now);

// Errors: kConsentInvalid.
[[nodiscard]] absl::Status ValidateConsent(const signpost::v1::Consent& consent, absl::Time now);

// The words of a withdrawal; not its consent_id. Errors: kInvalidField.
[[nodiscard]] absl::Status ValidateWithdrawal(const signpost::v1::WithdrawConsentRequest& request);

// Whether `details` are enough to find somebody by: given name, surname and birth date, or an
// identifier and birth date. `path` is where they stand, e.g. "person.details". Errors:
// kInvalidField.
[[nodiscard]] absl::Status ValidateFindDetails(const signpost::v1::PersonDetails& details,
                                               const std::string& path, absl::Time now);

// A line that people typed: valid UTF-8, no control characters, at most `bytes_max` bytes. Adds to
// `violations` when not.
void CheckLine(const std::string& value, const std::string& path, int bytes_max, bool required,
               std::vector<base::FieldViolation>* violations);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_VALIDATE_H_
