#include "hub/operations/maintenance.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/audit/filter.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/people/closings.h"
#include "hub/people/held.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::operations {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr char kKeysJob[] = "write-person-keys";
constexpr char kForgetJob[] = "forget-destroyed-keys";
// How soon it tries again to have the files rid of keys that somebody's view may show still.
constexpr absl::Duration kForgetAgain = absl::Seconds(1);
// For so many times as long as the file of keys took to write, closings wait for the next.
constexpr int kShareOfWriting = 9;

}  // namespace

Maintenance::Maintenance(const request::HubContext& context, backup::Backups* backups,
                         Retention retention, schedule::Schedule* schedule, Forget forget)
    : context_(context),
      backups_(backups),
      retention_(std::move(retention)),
      schedule_(schedule),
      forget_(std::move(forget)) {
  if (backups_ != nullptr) {
    schedule_->Add(kKeysJob, absl::InfinitePast(),
                   [this](absl::Time now) { return KeepKeys(now); });
  }
  if (forget_ != nullptr) {
    schedule_->Add(kForgetJob, absl::InfiniteFuture(),
                   [this](absl::Time now) -> absl::StatusOr<absl::Time> {
                     const absl::Status forgotten = forget_();
                     if (base::ReasonOf(forgotten) == Reason::kAborted) return now + kForgetAgain;
                     SIGNPOST_RETURN_IF_ERROR(forgotten);
                     return absl::InfiniteFuture();
                   });
  }
}

Maintenance::~Maintenance() { Shutdown(); }

void Maintenance::Shutdown() {
  std::thread thread;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    thread.swap(thread_);
  }
  if (thread.joinable()) thread.join();
}

void Maintenance::KeysChanged() {
  {
    absl::MutexLock lock(&mutex_);
    keys_urgent_ = ++keys_wanted_;
  }
  if (backups_ != nullptr) schedule_->Wake(kKeysJob);
}

void Maintenance::KeyDestroyed() {
  KeysChanged();
  if (forget_ != nullptr) schedule_->Wake(kForgetJob);
}

void Maintenance::ClosingMade() {
  {
    absl::MutexLock lock(&mutex_);
    ++keys_wanted_;
  }
  if (backups_ != nullptr) schedule_->Wake(kKeysJob);
}

absl::Status Maintenance::Begin(const store::View& view) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> destroyed,
                            view.Get(store::Space::kMeta, people::kKeyDestroyedKey));
  // Keys may lie in the files from before the hub was last stopped or killed.
  if (destroyed.has_value() && forget_ != nullptr) schedule_->Wake(kForgetJob);
  bool again = false;
  {
    absl::MutexLock lock(&mutex_);
    again = std::exchange(began_, true);
  }
  // It fell behind: what was committed meanwhile is not known, and may have been either.
  if (again) KeysChanged();
  return absl::OkStatus();
}

absl::Status Maintenance::Take(const store::PublishedCommit& commit) {
  bool closed = false;
  for (const store::Batch::Operation row : commit.rows.operations()) {
    if (row.space != store::Space::kMeta) continue;
    if (row.key == people::kKeyDestroyedKey) {
      KeyDestroyed();
      return absl::OkStatus();
    }
    closed = closed || row.key == people::kClosingMadeKey;
  }
  if (closed) ClosingMade();
  return absl::OkStatus();
}

bool Maintenance::KeysAreStale() const {
  absl::MutexLock lock(&mutex_);
  return backups_ != nullptr && keys_written_ < keys_wanted_;
}

absl::StatusOr<absl::Time> Maintenance::KeepKeys(absl::Time now) {
  uint64_t wanted = 0;
  {
    absl::MutexLock lock(&mutex_);
    wanted = keys_wanted_;
    if (keys_urgent_ <= keys_written_ && now < keys_not_before_) return keys_not_before_;
  }
  // What changes meanwhile wakes this again.
  SIGNPOST_RETURN_IF_ERROR(backups_->WriteKeys());
  const absl::Time end = context_.clock->Now();
  absl::MutexLock lock(&mutex_);
  keys_written_ = wanted;
  keys_not_before_ = end + std::min(kShareOfWriting * (end - now), kClosingsWaitMax);
  return absl::InfiniteFuture();
}

absl::StatusOr<std::optional<Maintenance::Outcome>> Maintenance::Before(const Call& call) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> held, context_.store->NewView());
  const ledger::GuardedView view(held.get());
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::optional<stored::RequestRow> before,
      context_.idempotency->Check(view, call.asker.agency_id, call.request_id, call.request_hash));
  if (!before.has_value()) return std::optional<Outcome>();
  Outcome outcome;
  outcome.response = before->result();
  SIGNPOST_ASSIGN_OR_RETURN(
      outcome.receipt,
      ledger::ReceiptAt(view, context_.sequencer->options().origin, before->ledger_index()));
  return std::optional<Outcome>(std::move(outcome));
}

absl::Status Maintenance::Remember(const Call& call, const std::string& result,
                                   ledger::Operation* operation) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> held, context_.store->NewView());
  ledger::GuardedView view(held.get());
  SIGNPOST_RETURN_IF_ERROR(
      context_.idempotency->Check(view, call.asker.agency_id, call.request_id, call.request_hash)
          .status());
  context_.idempotency->Record(operation, call.asker.agency_id, call.request_id, call.request_hash,
                               result, context_.clock->Now());
  operation->reads.Append(view.TakeReads());
  return absl::OkStatus();
}

void Maintenance::Run(Call call, Act act, request::Reply<Outcome> done) {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return done(base::Error(Reason::kShuttingDown, "the hub is shutting down"));
  const std::string key =
      absl::StrCat(call.asker.agency_id, "/", call.request_id, "/", call.request_hash);
  if (running_) {
    if (key == running_hash_) {
      waiting_.push_back(std::move(done));
    } else {
      done(base::Error(Reason::kTooManyRequests,
                       "another act of maintenance is running; ask again when it is done"));
    }
    return;
  }
  absl::StatusOr<std::optional<Outcome>> before = Before(call);
  if (!before.ok()) return done(std::move(before).status());
  if (before->has_value()) return done(**std::move(before));
  // It has ended but for returning.
  if (thread_.joinable()) thread_.join();
  running_ = true;
  running_hash_ = key;
  waiting_.push_back(std::move(done));
  thread_ = std::thread([this, call = std::move(call), act = std::move(act)]() mutable {
    const absl::StatusOr<Outcome> result = act(call);
    std::vector<request::Reply<Outcome>> waiting;
    {
      absl::MutexLock ended(&mutex_);
      running_ = false;
      waiting.swap(waiting_);
    }
    for (request::Reply<Outcome>& reply : waiting) reply(result);
  });
}

template <typename Response>
void Maintenance::RunAs(Call call, Act act, request::Reply<Response> done) {
  Run(std::move(call), std::move(act),
      [done = std::move(done)](absl::StatusOr<Outcome> outcome) mutable {
        if (!outcome.ok()) return done(std::move(outcome).status());
        Response response;
        if (!response.ParseFromString(outcome->response)) {
          return done(base::Error(Reason::kDataLoss,
                                  "what this request_id led to does not decode; look in the ledger "
                                  "whether it was done, and ask under a new request_id if not"));
        }
        if (!outcome->receipt.leaf_hash().empty()) {
          *response.mutable_receipt() = std::move(outcome->receipt);
        }
        done(std::move(response));
      });
}

void Maintenance::MakeBackup(const base::Principal& asker, const v1::MakeBackupRequest& request,
                             request::Reply<v1::MakeBackupResponse> done) {
  if (backups_ == nullptr) {
    return done(base::InvalidField(
        "backup",
        "this hub's configuration names no place for backups; set backup.directory, "
        "backup.key and backup.keys_directory, and restart it"));
  }
  RunAs<v1::MakeBackupResponse>(
      {asker, request.request_id(), context_.idempotency->Hash("MakeBackup", "")},
      [this](const Call& call) { return Backup(call); }, std::move(done));
}

absl::StatusOr<Maintenance::Outcome> Maintenance::Backup(const Call& call) const {
  // So that what is backed up is under a signature, but for what comes in this moment.
  const absl::Status published = context_.sequencer->Checkpoint().status();
  const absl::StatusOr<backup::BackupReport> made =
      published.ok() ? backups_->Make() : absl::StatusOr<backup::BackupReport>(published);
  ledger::v1::LedgerEntry entry =
      context_.entries->New(ledger::v1::ENTRY_KIND_BACKUP_MADE, call.asker, call.request_id);
  ledger::Operation operation;
  v1::MakeBackupResponse response;
  if (made.ok()) {
    entry.mutable_backup_made()->set_backup(made->number);
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    response.set_backup(made->number);
    response.set_ledger_size(made->ledger_size);
    response.set_files(made->files);
    response.set_files_added(made->files_added);
    response.set_bytes_added(made->bytes_added);
    *response.mutable_made_at() = request::ToTimestamp(absl::ToUnixSeconds(made->made_at));
    SIGNPOST_RETURN_IF_ERROR(Remember(call, response.SerializeAsString(), &operation));
  } else {
    ledger::SetRefused(base::ReasonOf(made.status()), &entry);
  }
  operation.entries.push_back(ledger::ToDraft(entry));
  const absl::StatusOr<ledger::Sequenced> sequenced =
      context_.sequencer->SubmitAndWait(std::move(operation));
  if (!made.ok()) return made.status();
  if (!sequenced.ok()) return sequenced.status();
  return Outcome{response.SerializeAsString(),
                 ledger::ReceiptOf(*sequenced, context_.sequencer->options().origin)};
}

void Maintenance::PruneEntries(const base::Principal& asker, const v1::PruneEntriesRequest& request,
                               request::Reply<v1::PruneEntriesResponse> done) {
  if (retention_.empty()) {
    return done(
        base::InvalidField("retention_days",
                           "this hub's configuration keeps entries of every kind for ever; set "
                           "retention_days, and restart it"));
  }
  const bool dry_run = request.dry_run();
  RunAs<v1::PruneEntriesResponse>(
      {asker, request.request_id(),
       context_.idempotency->Hash("PruneEntries", dry_run ? "dry run" : "")},
      [this, dry_run](const Call& call) { return Prune(call, dry_run); }, std::move(done));
}

absl::StatusOr<Maintenance::Outcome> Maintenance::Prune(const Call& call, bool dry_run) const {
  const absl::Time now = context_.clock->Now();
  std::map<ledger::v1::EntryKind, uint64_t> counts;
  Outcome outcome;
  uint64_t next_index = 0;
  for (bool more = true; more;) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
    SIGNPOST_ASSIGN_OR_RETURN(const absl::flat_hash_set<uint64_t> held,
                              people::HeldEntries(*view, *context_.people));
    SIGNPOST_ASSIGN_OR_RETURN(
        PruneBatch batch, PlanPrune(*view, retention_, now, next_index, kPrunedPerCommitMax, held));
    // A hold that is set meanwhile counts: then it is read again.
    people::RestOnHolds(*view, &batch.operation.reads);
    next_index = batch.next_index;
    more = batch.more;
    for (const auto& [kind, count] : batch.counts) counts[kind] += count;
    v1::PruneEntriesResponse response;
    for (const auto& [kind, count] : counts) {
      v1::PrunedEntries* const told = response.add_kinds();
      told->set_kind(kind);
      told->set_kept_days(retention_.at(kind));
      told->set_count(count);
    }
    outcome.response = response.SerializeAsString();
    if (dry_run || batch.operation.prune.empty()) continue;
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_PRUNED, call.asker, call.request_id);
    *entry.mutable_pruned() = batch.pruned;
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    batch.operation.entries.push_back(ledger::ToDraft(entry));
    if (!more) {
      SIGNPOST_RETURN_IF_ERROR(Remember(call, outcome.response, &batch.operation));
    }
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequenced sequenced,
                              context_.sequencer->SubmitAndWait(std::move(batch.operation)));
    outcome.receipt = ledger::ReceiptOf(sequenced, context_.sequencer->options().origin);
  }
  return outcome;
}

}  // namespace signpost::operations
