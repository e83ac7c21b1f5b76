// Maintenance is the housekeeping that the operator does: backups and retention. See
// v1.MaintenanceService. Each act is in the ledger, one that failed too.
//
// Beside that it keeps the backups' file of person keys as the store is: a job of the schedule
// writes it anew at the start, after each erasure and each closing (people/closings.h), and again, once
// a minute in the end, for as long as that fails. Until then a backup could bring back whoever was
// erased last, or lose what was closed: KeysAreStale(). After an erasure it is written at once; for
// closings, of which there may be many, it takes a tenth of the time at most. It follows what is committed,
// so nobody who erases or closes has to think of it.
//
// And a job has the store's files rid of keys that were destroyed: until then they lie in its logs and
// older tables.
//
// An act may take longer than a call may. So it runs on a thread of its own, at most one at a time,
// and a call waits for it: who repeats a call with the same request_id while the act runs waits for
// the same one, and later gets what came of it.
//
// Thread-safe. Owns nothing of what its constructor is given; all of it must outlive it.

#ifndef SIGNPOST_HUB_OPERATIONS_MAINTENANCE_H_
#define SIGNPOST_HUB_OPERATIONS_MAINTENANCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/backup/backup.h"
#include "hub/base/principal.h"
#include "hub/operations/retention.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "hub/store/follower.h"
#include "signpost/v1/maintenance.pb.h"

namespace signpost::operations {

// Entries that one commit reduces to their hashes: their numbers must fit the entry that says so.
inline constexpr size_t kPrunedPerCommitMax = 2000;

// The longest that closings wait for the file of keys where it was just written.
inline constexpr absl::Duration kClosingsWaitMax = absl::Minutes(5);

class Maintenance : public store::Follower {
 public:
  // Has the store's files rid of rows that were deleted: store/rocksdb_store.h, ForgetRows(). kAborted:
  // not yet.
  using Forget = std::function<absl::Status()>;

  // `backups` is nullptr where the hub's configuration names no place for them; `forget` may be empty,
  // for stores that keep nothing in files. This must outlive Stop() of `schedule`, and its following of
  // the sequencer.
  Maintenance(const request::HubContext& context, backup::Backups* backups, Retention retention,
              schedule::Schedule* schedule, Forget forget = nullptr);
  // As Shutdown().
  ~Maintenance() override;
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // Makes a backup and records it. `done` is called on the act's thread. Errors: kInvalidField when
  // none is configured, or for the request_id; kTooManyRequests while another act runs;
  // kRequestIdReused; those of backup::Backups::Make(), recorded.
  void MakeBackup(const base::Principal& asker, const v1::MakeBackupRequest& request,
                  request::Reply<v1::MakeBackupResponse> done);

  // Reduces entries past their retention to their hashes, so many a commit, each with an entry that
  // says which; or counts them. `done` is called on the act's thread. Where it fails in between,
  // what was done is done and recorded, and a repeated call goes on. Errors: kInvalidField when no
  // retention is configured, or for the request_id; kTooManyRequests while another act runs;
  // kRequestIdReused; kStoreUnavailable, kDataLoss.
  void PruneEntries(const base::Principal& asker, const v1::PruneEntriesRequest& request,
                    request::Reply<v1::PruneEntriesResponse> done);

  // The file of person keys is to be written anew. Returns at once.
  void KeysChanged();
  // Whether the file of person keys may hold a key that the store does not, or lack a closing that the
  // store has. False without backups.
  bool KeysAreStale() const;

  // Learns of erasures and closings.
  absl::Status Begin(const store::View& view) override;
  absl::Status Take(const store::PublishedCommit& commit) override;

  // Waits for the act that runs, and refuses others from now on. Idempotent. Call it while the
  // sequencer still accepts, so that what was done is recorded.
  void Shutdown();

 private:
  // What an act led to: a serialised response without its receipt, and that.
  struct Outcome {
    std::string response;
    v1::Receipt receipt;
  };
  // One call: who asked, and under which name and content the request is remembered.
  struct Call {
    base::Principal asker;
    std::string request_id;
    std::string request_hash;
  };
  using Act = absl::AnyInvocable<absl::StatusOr<Outcome>(const Call& call)>;

  // Runs `act` and answers with the Response that it led to.
  template <typename Response>
  void RunAs(Call call, Act act, request::Reply<Response> done);
  void Run(Call call, Act act, request::Reply<Outcome> done);
  // What this request led to before: nullopt for a fresh one.
  absl::StatusOr<std::optional<Outcome>> Before(const Call& call) const;
  // Puts what `call` led to into `operation`, resting on nobody having used its request id in the
  // meantime; an act may take longer than the sequencer remembers, so it is looked at again.
  absl::Status Remember(const Call& call, const std::string& result,
                        ledger::Operation* operation) const;
  absl::StatusOr<Outcome> Backup(const Call& call) const;
  absl::StatusOr<Outcome> Prune(const Call& call, bool dry_run) const;
  absl::StatusOr<absl::Time> KeepKeys(absl::Time now);
  // Somebody's key was destroyed; something was closed.
  void KeyDestroyed();
  void ClosingMade();

  const request::HubContext context_;
  backup::Backups* const backups_;
  const Retention retention_;
  schedule::Schedule* const schedule_;
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  std::string running_hash_ ABSL_GUARDED_BY(mutex_);  // of agency, request id and content
  std::vector<request::Reply<Outcome>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
  const Forget forget_;
  bool began_ ABSL_GUARDED_BY(mutex_) = false;        // to follow
  uint64_t keys_wanted_ ABSL_GUARDED_BY(mutex_) = 1;  // how often they changed
  uint64_t keys_urgent_ ABSL_GUARDED_BY(mutex_) = 1;  // up to which change it may not wait
  absl::Time keys_not_before_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();  // what may wait
  uint64_t keys_written_ ABSL_GUARDED_BY(mutex_) = 0;  // up to which change they are written
};

}  // namespace signpost::operations

#endif  // SIGNPOST_HUB_OPERATIONS_MAINTENANCE_H_
