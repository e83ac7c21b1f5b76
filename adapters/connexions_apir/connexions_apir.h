// ConnexionsApir is a source system that reads the Connexions client system: the NCCIS monthly
// return (XML), the caseload and the APIR factors (CSV).
//
// What leaves is a flag for each client of the caseload: whom (from the return), which adviser,
// since when, and for each APIR a pointer {kind, day, factors rated}. The rings, the wheel that
// they make, activities, destinations and characteristics stay: a characteristic (looked after,
// pregnant, supervised by a YOT…) is itself sensitive and becomes a flag only by a rule that the
// mapping states together with where it is written.

#ifndef SIGNPOST_ADAPTERS_CONNEXIONS_APIR_CONNEXIONS_APIR_H_
#define SIGNPOST_ADAPTERS_CONNEXIONS_APIR_CONNEXIONS_APIR_H_

#include "adapters/kit/source_system.h"

namespace signpost::adapters::connexions_apir {

// Rings of the wheel, 0 the strengths outside to 4 the critical in the middle.
inline constexpr int kRingMax = 4;

class ConnexionsApir final : public SourceSystem {
 public:
  const char* name() const override { return "connexions_apir"; }
  const char* default_mapping() const override;
  [[nodiscard]] absl::Status Read(const Inbox& inbox, const Mapping& mapping, absl::CivilDay today,
                                  Extract* extract) const override;
};

}  // namespace signpost::adapters::connexions_apir

#endif  // SIGNPOST_ADAPTERS_CONNEXIONS_APIR_CONNEXIONS_APIR_H_
