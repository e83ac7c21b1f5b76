// A KeyChange is a job that wraps anew, under the hub's new master key, whatever lies under the one
// before, while the hub serves (keys/master_key.h has the rows that say which keys are needed).
//
// It goes through the wrapped data keys in their order, so many a step; each step is one commit,
// which rests on the keys that it changes, so that somebody erased meanwhile stays erased. Nothing
// else of a person is touched: their data key stays, and so does all that is sealed under it. Where
// the hub is stopped or killed the next start goes on: what is done is passed over. At the end it goes
// through all of them once more, and only when none lies under the old key says in the store, and in
// the ledger, that it is of no use any more; then it has the store's files rid of what they held
// before, and waits until the backups' file of keys is written anew. Then the old key may be taken away.
//
// Runs on the schedule's thread. Thread-safe.

#ifndef SIGNPOST_HUB_OPERATIONS_KEY_CHANGE_H_
#define SIGNPOST_HUB_OPERATIONS_KEY_CHANGE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/limits.h"
#include "hub/keys/master_key.h"
#include "hub/ledger/sequencer.h"
#include "hub/operations/maintenance.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::operations {

// Keys that one commit wraps anew, unless told otherwise, and at most: a commit stays small beside
// others, and a step rests on at most so many rows.
inline constexpr int kKeysPerStep = 500;
inline constexpr int kKeysPerStepMax = 5000;
static_assert(kKeysPerStepMax <= static_cast<int>(base::kReadsPerOperationMax));
// How often State is told while it runs, in keys.
inline constexpr uint64_t kKeysPerNews = 10'000;

class KeyChange {
 public:
  enum class Stage {
    kNone,      // the master key is not being changed
    kRunning,   // some keys lie under the old one
    kEnded,     // none does; but backups' file of keys may hold some that do
    kOldMayGo,  // nobody needs the old one any more
  };
  struct State {
    Stage stage = Stage::kNone;
    uint64_t keys_done = 0;  // since this hub started
    uint64_t keys_left = 0;  // of kRunning, once they are counted
  };
  // Told of each new stage, and now and then while it runs; on the thread that runs the job.
  using OnNews = std::function<void(const State& state)>;

  // Has the store's files rid of wrapped keys that were overwritten: store/rocksdb_store.h,
  // ForgetRows().
  using Forget = std::function<absl::Status()>;

  // `maintenance` knows whether the backups' file of keys is as new as the store. Neither it nor
  // `schedule` is owned; this must outlive Stop() of `schedule`.
  KeyChange(const request::HubContext& context, Maintenance* maintenance,
            schedule::Schedule* schedule, int keys_per_step, Forget forget, OnNews on_news);
  KeyChange(const KeyChange&) = delete;
  KeyChange& operator=(const KeyChange&) = delete;

  // Goes on from where `opened` says the change stands; where it is to begin, says so in the store
  // and in the ledger first, durably. Call once, before the hub serves. Errors: those of the sequencer.
  [[nodiscard]] absl::Status Begin(keys::Opened opened);

  State state() const;

 private:
  absl::StatusOr<absl::Time> Run(absl::Time now);
  // One step of kRunning.
  absl::Status Step(absl::Time now);
  absl::Status End(absl::Time now);
  absl::Status Submit(ledger::Operation operation, ledger::v1::MasterKeyStage stage, uint64_t keys);
  void Move(Stage stage);

  const request::HubContext context_;
  Maintenance* const maintenance_;
  schedule::Schedule* const schedule_;
  const int keys_per_step_;
  const Forget forget_;
  const OnNews on_news_;
  // The job's own.
  bool counted_ = false;
  std::string from_;        // where the next step begins
  bool forgotten_ = false;  // by the store's files
  uint64_t in_pass_ = 0;    // keys wrapped anew since the last time that from_ was empty
  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_);
};

// "running", "ended", "old-key-may-go"; "none".
const char* StageName(KeyChange::Stage stage);

}  // namespace signpost::operations

#endif  // SIGNPOST_HUB_OPERATIONS_KEY_CHANGE_H_
