// These functions are the judges of what a change of the registry gives: which rights one row has that
// another had not, whom that concerns, and what is left of the change without them.
//
// A right is whatever lets somebody see or decide more than an ordinary worker of their own agency: a
// role that is not ordinary, a key or a system that speaks for an agency, what the policy goes by, a
// team's relationships, and all of these when they come back or last longer. One person at the
// operator's cannot give one. Which roles are ordinary
// is the area's word; whatever it does not list brings a right, so that a role of a county's own that
// may override is covered without anybody having thought of it.
//
// Pure functions; thread-safe. Internal to the room, but for WorkerRoles.

#ifndef SIGNPOST_HUB_REGISTRY_RIGHTS_H_
#define SIGNPOST_HUB_REGISTRY_RIGHTS_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signpost/store/v1/registry.pb.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::registry {

// Whoever acts in one of them may confirm changes of the registry, and no list makes them ordinary.
inline constexpr const char* kOfficerRoles[] = {"information-governance-officer",
                                                "data-protection-officer"};
// These bring rights whatever the words file says.
inline constexpr const char* kNeverOrdinaryRoles[] = {"information-governance-officer",
                                                      "data-protection-officer",
                                                      "manager",
                                                      "matching-steward",
                                                      "matching-deputy",
                                                      "auditor",
                                                      "operator"};

// What an area says of roles.
struct WorkerRoles {
  std::set<std::string> ordinary;  // bring no right
  std::set<std::string> vetted;    // only for somebody vetted until a day that has not passed
  std::set<std::string> trained;   // only for somebody trained, likewise

  // Errors: kInvalidField for an ordinary role that never is.
  [[nodiscard]] absl::Status Check() const;
};

bool IsOfficerRole(const std::string& role);

// What a change gives.
template <typename Row>
struct Gain {
  std::vector<v1::RegistryRight> rights;  // each once; empty: nothing
  std::vector<std::string> agency_ids;    // whom it concerns, each once
  // What of it gives no right, and what it takes away; nothing where no row is left.
  std::optional<Row> lesser;
};

// `before` is null where there was no row.
Gain<store::v1::AgencyRow> GainOf(const store::v1::AgencyRow* before,
                                  const store::v1::AgencyRow& after);
Gain<store::v1::TeamRow> GainOf(const store::v1::TeamRow* before, const store::v1::TeamRow& after);
// `home_of` gives the agency whose open flags count as a team's.
Gain<store::v1::PractitionerRow> GainOf(const store::v1::PractitionerRow* before,
                                        const store::v1::PractitionerRow& after,
                                        const WorkerRoles& roles,
                                        absl::FunctionRef<std::string(const std::string&)> home_of);

// The row without what changes by itself: covers, and what is noted of when it became what it is.
store::v1::AgencyRow Bare(store::v1::AgencyRow row);
store::v1::TeamRow Bare(store::v1::TeamRow row);
store::v1::PractitionerRow Bare(store::v1::PractitionerRow row);

// The row as it is written in the place of `before` (null: of none) at `now`: since when each role is
// had, numbered `number` where it is new; when they ceased to be an officer; when it was suspended.
store::v1::AgencyRow Noted(const store::v1::AgencyRow* before, store::v1::AgencyRow after,
                           absl::Time now, uint64_t number);
store::v1::TeamRow Noted(const store::v1::TeamRow* before, store::v1::TeamRow after, absl::Time now,
                         uint64_t number);
store::v1::PractitionerRow Noted(const store::v1::PractitionerRow* before,
                                 store::v1::PractitionerRow after, absl::Time now, uint64_t number);

// Whether they may act as an officer at `now`: in the role, not suspended, not lapsed.
bool ActsAsOfficer(const store::v1::PractitionerRow& row, absl::Time now);
// Until when a row's dates let them act; infinite where none is said.
absl::Time LapsesAt(const store::v1::PractitionerRow& row);

// Every field in which they differ, in words; either may be null.
std::vector<v1::RegistryFieldChange> FieldChanges(const store::v1::AgencyRow* before,
                                                  const store::v1::AgencyRow* after);
std::vector<v1::RegistryFieldChange> FieldChanges(const store::v1::TeamRow* before,
                                                  const store::v1::TeamRow* after);
std::vector<v1::RegistryFieldChange> FieldChanges(const store::v1::PractitionerRow* before,
                                                  const store::v1::PractitionerRow* after);

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_RIGHTS_H_
