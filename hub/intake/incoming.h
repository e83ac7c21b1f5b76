// Intake::Incoming is one report, or one decision on a review, on its way in: a plain struct that
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
  ledger::v1::EntryKind kind = ledger::v1::ENTRY_KIND_FLAG_CHANGED;
  // Whether it tells that the agency's list is fed: a report does, a worker's decision does not.
  bool feeds = false;
  registry::FeedClaim feed;
  // Set by `prepare` when this was carried out before: the entry it led to then.
  std::optional<uint64_t> replay_of;
  // Prepares the change at a view.
  std::function<absl::StatusOr<matching::LinkResult>(const ledger::GuardedView&, absl::Time)>
      prepare;
  // Adds to the operation, e.g. the memory of a request id; may be empty.
  std::function<void(const v1::FlagOutcome&, absl::Time, ledger::Operation*)> finish;
  request::Reply<v1::FlagOutcome> done;
};

}  // namespace signpost::intake

#endif  // SIGNPOST_HUB_INTAKE_INCOMING_H_
