// SocialServices is a source system that reads the children-in-need census (DfE's XML, forms of
// 2021-26) joined with the authority's own identity file (CSV), since the census holds no names.
//
// What leaves is a flag for each child: whom, which worker, since when or until when, and for each
// child-in-need plan a pointer {kind, day}. Needs, sources of referral, abuse categories, section
// 47 enquiries, disabilities and ethnicity stay.
//
// The forms differ where this reads them only in <GenderCurrent> (to 2023) and <Sex> (since); both
// are taken in any year, as real returns mix them.

#ifndef SIGNPOST_ADAPTERS_SOCIAL_SERVICES_SOCIAL_SERVICES_H_
#define SIGNPOST_ADAPTERS_SOCIAL_SERVICES_SOCIAL_SERVICES_H_

#include "adapters/kit/source_system.h"

namespace signpost::adapters::social_services {

// The oldest collection taken. A newer one than any known form is taken with a note: what is read
// here has been the same in every form so far.
inline constexpr int kYearMin = 2021;
inline constexpr int kYearKnownMax = 2027;

class SocialServices final : public SourceSystem {
 public:
  const char* name() const override { return "social_services"; }
  const char* default_mapping() const override;
  [[nodiscard]] absl::Status Read(const Inbox& inbox, const Mapping& mapping, absl::CivilDay today,
                                  Extract* extract) const override;
};

}  // namespace signpost::adapters::social_services

#endif  // SIGNPOST_ADAPTERS_SOCIAL_SERVICES_SOCIAL_SERVICES_H_
