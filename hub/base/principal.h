// A Principal is a plain value that says who calls: as established at the door (rpc/call_guard.h),
// or who made a change that is being recorded. The one such value of the hub.

#ifndef SIGNPOST_HUB_BASE_PRINCIPAL_H_
#define SIGNPOST_HUB_BASE_PRINCIPAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace signpost::base {

// Kinds of agency that take no part in the area's work: they hold no flags and ask about nobody.
inline constexpr char kAuditorAgencyKind[] = "auditor";
inline constexpr char kOperatorAgencyKind[] = "operator";

// What a caller is on one call. Auditors and the hub's operator are so by their agency's kind, with
// or without a practitioner; of all others a call with an assertion is a practitioner's, one
// without is the system's own. Bits, for sets of them.
enum class CallerKind : uint8_t { kSystem = 1, kPractitioner = 2, kAuditor = 4, kOperator = 8 };

// What a system of an agency of this kind is by itself.
inline CallerKind KindOfSystem(absl::string_view agency_kind) {
  if (agency_kind == kAuditorAgencyKind) return CallerKind::kAuditor;
  if (agency_kind == kOperatorAgencyKind) return CallerKind::kOperator;
  return CallerKind::kSystem;
}

// A colleague whom a practitioner covers for.
struct Cover {
  std::string practitioner_id;
  absl::Time until;  // exclusive
};

struct Principal {
  CallerKind kind = CallerKind::kSystem;
  std::string system_id;  // SPIFFE id of the calling system
  std::string agency_id;
  std::string agency_kind;  // "yot", "health", …

  // The practitioner at the agency's system; `practitioner_id` is empty when a system asks alone.
  std::string practitioner_id;
  std::string role;
  std::vector<std::string> team_ids;  // asserted and enrolled
  std::vector<Cover> covers;          // some may have ended
  std::string assurance;
  std::string asserted_purpose;  // a word, or empty when the assertion names none

  bool has_practitioner() const { return !practitioner_id.empty(); }
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_PRINCIPAL_H_
