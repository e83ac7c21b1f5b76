// Intake::Incoming is one report, or one record that a list closes, on its way in: a plain struct that
// the parts of Intake hand to Take(). Internal to the room.

#ifndef SIGNPOST_HUB_INTAKE_INCOMING_H_
#define SIGNPOST_HUB_INTAKE_INCOMING_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/principal.h"
#include "hub/intake/intake.h"
#include "hub/ledger/read_set.h"
#include "hub/ledger/sequencer.h"
#include "hub/matching/report_linker.h"
#include "hub/registry/registry.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::intake {

struct Intake::Incoming {
  base::Principal asker;
  uint64_t sequence = 0;
  std::string request_id;
  // Whether it tells that the agency's list is fed.
  bool feeds = false;
  registry::FeedClaim feed;
  // Prepares the change at a view.
  std::function<absl::StatusOr<matching::LinkResult>(const ledger::GuardedView&, absl::Time)>
      prepare;
  request::Reply<v1::FlagOutcome> done;
};

}  // namespace signpost::intake

#endif  // SIGNPOST_HUB_INTAKE_INCOMING_H_
