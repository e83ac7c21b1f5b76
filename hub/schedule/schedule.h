// A Schedule is a thread that runs named jobs when they are due on the hub's clock: what the hub
// does without being asked, such as telling an agency of an override that nobody reviews.
//
// A job is run by one thread, one job at a time, so a job may take its time and holds up the others
// only. It says itself when it is due again. One that fails is tried again after kRetryFirst, then
// after twice as long each time, up to kRetryMax.
//
// A clock that is set back holds nobody up: every job is then due as much earlier as the clock went
// back since it was last looked at, which is no more than kLookAtClockEvery ago.
//
// Which of the rows of a job are due when is the store's to know: due_rows.h.
//
// Thread-safe, but for Start() and Stop(), which are for one thread. `clock` is not owned. What
// jobs refer to must outlive Stop().

#ifndef SIGNPOST_HUB_SCHEDULE_SCHEDULE_H_
#define SIGNPOST_HUB_SCHEDULE_SCHEDULE_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/steady_cond_var.h"

namespace signpost::schedule {

inline constexpr absl::Duration kRetryFirst = absl::Seconds(1);
inline constexpr absl::Duration kRetryMax = absl::Minutes(1);
// However far off the next job is, the clock is looked at so often: it may have been set.
inline constexpr absl::Duration kLookAtClockEvery = absl::Minutes(1);

class Schedule {
 public:
  // Does what is due at `now` and says when it is due again: absl::InfiniteFuture() for not before
  // Wake(). An error: it is to be tried again.
  using Job = std::function<absl::StatusOr<absl::Time>(absl::Time now)>;
  // Told of every error, on the thread that ran the job.
  using OnError = std::function<void(const std::string& name, const absl::Status& status)>;

  explicit Schedule(const base::Clock* clock, OnError on_error = nullptr);
  // As Stop().
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // Adds a job, due at `first`. REQUIRES: there is none of that name.
  void Add(const std::string& name, absl::Time first, Job job);

  // The job is due at `at` at the latest. Called while it runs, it is run again. REQUIRES: there is
  // a job of that name.
  void Wake(const std::string& name, absl::Time at = absl::InfinitePast());

  // Begins to run what is due, on a thread of its own. Call once. Nothing runs before.
  void Start();

  // Finishes the job that runs, runs once more what is due by now or has failed, and ends. Nothing
  // runs afterwards. Where Start() was never called nothing is run. Idempotent.
  void Stop();

  // Runs what is due now, each job once, on the caller's thread; gives how many jobs ran. For
  // tests, whose clock stands still. REQUIRES: Start() has not been called.
  int RunDue();

  // When the next job is due; absl::InfiniteFuture() when none is.
  absl::Time next() const;

 private:
  struct Entry {
    Job job;
    absl::Time due = absl::InfiniteFuture();
    int failures = 0;
    std::optional<absl::Time> woken;  // while it runs
    bool running = false;
  };
  using Due = std::pair<absl::Time, std::string>;

  void Loop();
  int RunDueLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunLocked(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What time it is; moves what is due along when the clock was set back.
  absl::Time ReadClock() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetDue(const std::string& name, Entry* entry, absl::Time due)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::Clock* const clock_;
  const OnError on_error_;
  mutable absl::Mutex mutex_;
  base::SteadyCondVar changed_;
  std::map<std::string, Entry> jobs_ ABSL_GUARDED_BY(mutex_);
  absl::btree_set<Due> index_ ABSL_GUARDED_BY(mutex_);  // of jobs_, by when they are due
  absl::Time read_at_ ABSL_GUARDED_BY(mutex_);          // what the clock said when last looked at
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace signpost::schedule

#endif  // SIGNPOST_HUB_SCHEDULE_SCHEDULE_H_
