// Ends is a job that does what is due: closed flags are archived and archived ones erased as the table
// says, recorders are told in time that a consent ends, requests to read the archive lapse, and agencies
// are told of legal holds that are to be reviewed.
//
// It reads what is due and nothing else (people/clocks.h), some persons at a time, one commit each: a
// hub that is killed in the middle goes on where it was, and what was done is not done again. When the
// table is another, or the store was put back, it goes once through everybody, a page at a time, to set
// their places anew.
//
// That the table is another is an entry, and nothing is archived or erased in the 28 days behind it: whoever
// watches the ledger sees a table that destroys sooner before it destroys anything.
//
// An Ends owns nothing; everything in HubContext must outlive it. For the schedule's thread, but for the
// counts, which are for any.

#ifndef SIGNPOST_HUB_ARCHIVE_ENDS_H_
#define SIGNPOST_HUB_ARCHIVE_ENDS_H_

#include <atomic>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/archive/case_reviews.h"
#include "hub/archive/holds_and_deaths.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/v1/archive.pb.h"

namespace signpost::archive {

// How long after a change of the table nothing is archived or erased.
inline constexpr absl::Duration kTableWaits = absl::Hours(28 * 24);
// Persons looked at in one run, and in one page of going through everybody.
inline constexpr int kPersonsPerRun = 100;
inline constexpr int kPersonsPerPage = 50;
// However far off the next that is due is.
inline constexpr absl::Duration kLookForEndsEvery = absl::Hours(1);

class Ends {
 public:
  explicit Ends(const request::HubContext& context)
      : context_(context), reviews_(context), holds_(context) {}
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  // Enters in the ledger that the table is another than before, if it is. Call once, before RunOn().
  // Blocks. Errors: those of the store and of the sequencer.
  [[nodiscard]] absl::Status Begin();

  // What one run came to.
  struct Done {
    int persons = 0;  // of whom something was due
    int archived = 0;
    int erased = 0;
    int persons_erased = 0;
    int holds_told = 0;
    bool more = false;  // more is due at once
  };
  // Does what is due by now, a bounded piece of it. Blocks. Errors: those of the store and of the
  // sequencer; what was done before the error is done.
  [[nodiscard]] absl::StatusOr<Done> Run();

  // Has `schedule` do that when it is due, and `on_done` told of what it was, where it was anything. This
  // must outlive the schedule's Stop().
  void RunOn(schedule::Schedule* schedule, std::function<void(const Done& done)> on_done = nullptr);

  // Holds that should have been reviewed, as the schedule last looked.
  int holds_overdue() const { return holds_overdue_.load(std::memory_order_relaxed); }

 private:
  absl::Status RunPerson(const base::PersonId& id, absl::Time due, absl::Time now, Done* done);
  // One page of going through everybody. Gives whether there is more.
  absl::StatusOr<bool> Sweep(absl::Time now);

  const request::HubContext context_;
  CaseReviews reviews_;
  HoldsAndDeaths holds_;
  std::atomic<int> holds_overdue_{0};
};

// The table in force at `now`, as it is shown.
v1::GetKeepingTableResponse TableInWords(const people::KeepingRules& rules, absl::Time now);

}  // namespace signpost::archive

#endif  // SIGNPOST_HUB_ARCHIVE_ENDS_H_
