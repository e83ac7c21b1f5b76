// Maintenance is the housekeeping that the operator does: backups and retention. See
// v1.MaintenanceService. Each act is in the ledger, one that failed too.
//
// Beside that it keeps the backups' file of person keys as the store is: a job of the schedule
// writes it anew at the start, after each erasure, and again, once a minute in the end, for as long
// as that fails. Until then a backup could bring back whoever was erased last: KeysAreStale().
//
// An act may take longer than a call may. So it runs on a thread of its own, at most one at a time,
// and a call waits for it: who repeats a call with the same request_id while the act runs waits for
// the same one, and later gets what came of it.
//
// Thread-safe. Owns nothing of what its constructor is given; all of it must outlive it.

#ifndef SIGNPOST_HUB_OPERATIONS_MAINTENANCE_H_
#define SIGNPOST_HUB_OPERATIONS_MAINTENANCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/backup/backup.h"
#include "hub/base/principal.h"
#include "hub/operations/retention.h"
#include "hub/request/context.h"
#include "hub/schedule/schedule.h"
#include "signpost/v1/maintenance.pb.h"

namespace signpost::operations {

// Entries that one commit reduces to their hashes: their numbers must fit the entry that says so.
inline constexpr size_t kPrunedPerCommitMax = 2000;

class Maintenance {
 public:
  // `backups` is nullptr where the hub's configuration names no place for them. This must outlive
  // Stop() of `schedule`.
  Maintenance(const request::HubContext& context, backup::Backups* backups, Retention retention,
              schedule::Schedule* schedule);
  // As Shutdown().
  ~Maintenance();
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

  // Somebody was erased. Returns at once.
  void KeysChanged();
  // Whether the file of person keys may hold a key that the store does not. False without backups.
  bool KeysAreStale() const;

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
  absl::Status KeepKeys();

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
  uint64_t keys_wanted_ ABSL_GUARDED_BY(mutex_) = 1;   // how often they changed
  uint64_t keys_written_ ABSL_GUARDED_BY(mutex_) = 0;  // up to which change they are written
};

}  // namespace signpost::operations

#endif  // SIGNPOST_HUB_OPERATIONS_MAINTENANCE_H_
