// Who is asking, as established at the door (rpc/call_guard.h). Plain values.

#ifndef SIGNPOST_HUB_BASE_PRINCIPAL_H_
#define SIGNPOST_HUB_BASE_PRINCIPAL_H_

#include <string>
#include <vector>

namespace signpost::base {

struct Principal {
  std::string system_id;  // SPIFFE id of the calling system
  std::string agency_id;
  std::string agency_kind;  // "yot", "auditor", "operator", …

  // The practitioner at the agency's system; `practitioner_id` is empty when a system asks alone.
  std::string practitioner_id;
  std::string role;
  std::vector<std::string> team_ids;  // asserted and enrolled
  std::string assurance;
  std::string asserted_purpose;  // a word, or empty when the assertion names none

  bool has_practitioner() const { return !practitioner_id.empty(); }
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_PRINCIPAL_H_
