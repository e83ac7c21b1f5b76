// The Check functions are tests that know the forms of enrolment. Pure functions, thread-safe. Each
// says what is wrong with every field at once, so that an operator corrects a file in one go.

#ifndef SIGNPOST_HUB_REGISTRY_VALIDATE_H_
#define SIGNPOST_HUB_REGISTRY_VALIDATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::registry {

inline constexpr size_t kIdBytesMin = 2;
inline constexpr size_t kIdBytesMax = 64;
inline constexpr size_t kSpiffeIdBytesMax = 256;
inline constexpr int kSystemsPerAgencyMax = 32;
inline constexpr int kKeysPerAgencyMax = 16;
inline constexpr int kServicesPerAgencyMax = 64;
inline constexpr int kAgenciesPerTeamMax = 64;
inline constexpr int kRolesPerPractitionerMax = 16;
inline constexpr int kTeamsPerPractitionerMax = 32;
inline constexpr int kSilenceHoursMax = 24 * 366;

// The kinds of agency that the vocabulary has. Data: a new kind is a new line here and no code.
const std::vector<std::string>& KnownAgencyKinds();

// Whether `id` is a kebab word: [a-z0-9-], first a letter, last no hyphen,
// kIdBytesMin..kIdBytesMax.
bool IsKebabId(const std::string& id);
// An agency's own id for a worker: [A-Za-z0-9._-], 1..kIdBytesMax. Agencies choose these.
bool IsPractitionerId(const std::string& id);

struct SpiffeParts {
  std::string trust_domain;  // "nortown.example"
  std::string agency_id;     // "nortown-yot"
  std::string system_name;   // "adapter"
};
// Reads `spiffe://<trust domain>/agency/<agency>/system/<name>` and nothing else: no port, no
// query, no percent signs, no empty segment. Errors: kInvalidField, field "spiffe_id".
[[nodiscard]] absl::StatusOr<SpiffeParts> ParseSystemSpiffeId(const std::string& spiffe_id);

// `trust_domain`: of every system; empty admits any. Ignores the fields that are output only.
// Errors: kInvalidField with one violation a fault.
[[nodiscard]] absl::Status CheckAgency(const v1::Agency& agency, const std::string& trust_domain);
[[nodiscard]] absl::Status CheckTeam(const v1::Team& team);
[[nodiscard]] absl::Status CheckPractitioner(const v1::Practitioner& practitioner);
[[nodiscard]] absl::Status CheckSetSuspended(const v1::SetSuspendedRequest& request);

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_VALIDATE_H_
