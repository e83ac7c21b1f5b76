// A SourceSystem is a reader that makes of an agency's files what an adapter sends: all that one
// adapter is beyond the kit.
//
// Stateless and immutable: one object may read for any number of runs.

#ifndef SIGNPOST_ADAPTERS_KIT_SOURCE_SYSTEM_H_
#define SIGNPOST_ADAPTERS_KIT_SOURCE_SYSTEM_H_

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "adapters/kit/extract.h"
#include "adapters/kit/inbox.h"
#include "adapters/kit/mapping.h"

namespace signpost::adapters {

class SourceSystem {
 public:
  virtual ~SourceSystem() = default;
  virtual const char* name() const = 0;             // "yot_asset"
  virtual const char* default_mapping() const = 0;  // JSON, see mapping.h
  // Reads the inbox into `extract`. Faults of rows and files go there; an error is one of the
  // machine (a disk that cannot be read) and ends the run. `today` is the day it is.
  [[nodiscard]] virtual absl::Status Read(const Inbox& inbox, const Mapping& mapping,
                                          absl::CivilDay today, Extract* extract) const = 0;
};

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_SOURCE_SYSTEM_H_
