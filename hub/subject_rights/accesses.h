// ComposeAccesses() is the part of an export that says who looked and what was done, out of the
// ledger. It opens nothing that is sealed.
//
// What hangs together is told together or not at all:
//   - A look to protect somebody (under an override, for safeguarding or for youth justice), the
//     review of its override, and each time that the agency read a list with it: of the officer's
//     own agency one exclusion a look, and for them to include; of other agencies never told.
//   - A notice that tells a holder of a look is never told of by itself, whatever look it is of: a
//     notice without its look would say that there was one. Neither is a message that was kept
//     back.
//   - What was done about a flag or a consent that may not be told (tellable.h).
//   - What stewards did: it tells of somebody else who is like them, and to an agency that
//     reported, that its report was compared.

#ifndef SIGNPOST_HUB_SUBJECT_RIGHTS_ACCESSES_H_
#define SIGNPOST_HUB_SUBJECT_RIGHTS_ACCESSES_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "hub/people/people.h"
#include "hub/people/person.h"
#include "hub/store/store.h"
#include "hub/subject_rights/exclusions.h"
#include "hub/subject_rights/tellable.h"
#include "signpost/v1/person.pb.h"

namespace signpost::subject_rights {

// An export tells at most so many accesses, the newest of those that may be told.
inline constexpr int kExportAccessesMax = 5000;

struct AccessesAsked {
  // Ids, 16 bytes each, of the consents that the export tells.
  std::set<std::string> consents_told;
  // Older than this entry alone; 0: all.
  uint64_t before = 0;
  int accesses_max = kExportAccessesMax;
};

// Reads every entry about `person`. Errors: kDataLoss; those of the view.
[[nodiscard]] absl::Status ComposeAccesses(const store::View& view, const people::People& people,
                                           const people::Person& person, const Tellable& tellable,
                                           const AccessesAsked& asked, v1::PersonExport* held,
                                           Exclusions* exclusions);

}  // namespace signpost::subject_rights

#endif  // SIGNPOST_HUB_SUBJECT_RIGHTS_ACCESSES_H_
