// A Pusher is a sender of flag reports that also says which records an extract no longer has.
//
// At least once: a record is written to the journal only when the hub has acknowledged it by its
// sequence number, and everything that is not is sent again, on a new stream numbered from 1. The
// hub changes nothing the second time. A hub that is slow, silent, closes the stream, acknowledges
// twice or not at all costs time and never a record.
//
// Not thread-safe: one Pusher pushes one thing at a time. Nothing given to it is owned.

#ifndef SIGNPOST_ADAPTERS_KIT_PUSH_H_
#define SIGNPOST_ADAPTERS_KIT_PUSH_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/kit/connection.h"
#include "adapters/kit/extract.h"
#include "adapters/kit/journal.h"
#include "hub/base/random.h"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::adapters {

struct PushOptions {
  std::string feed = "nightly";
  // At most this many reports unacknowledged, and no more than the hub allows.
  int window = 64;
  // A stream on which nothing is acknowledged for this long is given up and begun anew.
  absl::Duration silence_max = absl::Seconds(30);
  // Streams in a row that bring no acknowledgement, before giving up.
  RetryOptions retry;
  // The journal is synced after this many acknowledgements, and at the end.
  int sync_every = 512;
};

// A record that the hub refused.
struct HubRejection {
  const FlagRecord* record;
  std::string reason;
  std::vector<HubError::Field> fields;
};

struct PushSummary {
  int64_t reports_sent = 0;  // including those sent again
  int64_t acknowledged = 0;
  std::array<int64_t, 3> by_outcome{};  // index: FlagOutcomeKind
  int64_t acknowledged_twice = 0;
  int64_t streams = 0;
  std::vector<HubRejection> rejections;
};

// Which of `records` the hub does not have as they are: not in the journal, or with other content.
// A record that the hub refused last time is in no journal and so is sent each time, since what was
// wrong may have been put right at the hub.
std::vector<const FlagRecord*> ChangedRecords(const std::vector<FlagRecord>& records,
                                              const Journal& journal);

// Keeps what the extract could not say this time: see Extract::AssessmentsIncomplete.
void KeepKnownAssessments(const Journal& journal, Extract* extract);

// Puts assessments in the one order in which they travel, newest first, so that the order of files
// and rows does not look like a change.
void SortAssessments(signpost::v1::FlagReport* report);

class Pusher {
 public:
  // `sleeper` also says when to stop.
  Pusher(std::shared_ptr<grpc::ChannelInterface> channel, Journal* journal,
         base::RandomSource* random, PushOptions options, Sleeper sleeper);

  // Sends all of `records`. On an error `summary` says how far it came; what was acknowledged is in
  // the journal and what was not will be sent by the next run.
  [[nodiscard]] absl::Status Push(const std::vector<const FlagRecord*>& records,
                                  PushSummary* summary);

  struct ReconcileResult {
    int64_t missing = 0;  // open at the hub, not in the extract
    int64_t closed = 0;
    std::vector<std::string> unknown;  // in the extract, not open at the hub
  };
  // Tells the hub every open record of the extract. With `close_missing` above zero, closes the
  // flags that are missing if they are exactly so many.
  [[nodiscard]] absl::StatusOr<ReconcileResult> Reconcile(const std::vector<std::string>& open_ids,
                                                          int64_t close_missing);

 private:
  struct Stream;
  // One stream. Acknowledged records are taken out of `pending`.
  grpc::Status RunStream(std::vector<const FlagRecord*>* pending, PushSummary* summary,
                         absl::Status* fatal);
  absl::Status Acknowledge(const FlagRecord& record, const signpost::v1::FlagOutcome& outcome,
                           PushSummary* summary);

  const std::unique_ptr<signpost::v1::IndexService::Stub> stub_;
  Journal* const journal_;
  base::RandomSource* const random_;
  const PushOptions options_;
  const Sleeper sleeper_;
};

// How many records that were open may be gone from a full extract.
struct MissingRule {
  double percent_max = 5.0;
  // What the operator has confirmed, or -1.
  int64_t confirmed = -1;
};
// Whether `missing` of `known_open` may be closed: none, within the percentage, or no more than was
// confirmed. Otherwise an error that says what to look at and which flag confirms it.
[[nodiscard]] absl::Status CheckMissing(const MissingRule& rule, int64_t missing,
                                        int64_t known_open);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_PUSH_H_
