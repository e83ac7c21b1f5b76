#include "hub/operations/key_change.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/people/rows.h"

namespace signpost::operations {
namespace {

using base::Reason;

constexpr char kJob[] = "change-master-key";
// How often it looks whether the backups' file of keys is written.
constexpr absl::Duration kLookAgain = absl::Seconds(1);

}  // namespace

const char* StageName(KeyChange::Stage stage) {
  switch (stage) {
    case KeyChange::Stage::kNone:
      return "none";
    case KeyChange::Stage::kRunning:
      return "running";
    case KeyChange::Stage::kEnded:
      return "ended";
    case KeyChange::Stage::kOldMayGo:
      return "old-key-may-go";
  }
  return "none";
}

KeyChange::KeyChange(const request::HubContext& context, Maintenance* maintenance,
                     schedule::Schedule* schedule, int keys_per_step, Forget forget, OnNews on_news)
    : context_(context),
      maintenance_(maintenance),
      schedule_(schedule),
      keys_per_step_(keys_per_step),
      forget_(std::move(forget)),
      on_news_(std::move(on_news)) {}

absl::Status KeyChange::Begin(keys::Opened opened) {
  if (opened.change == keys::Change::kNone) return absl::OkStatus();
  if (opened.change == keys::Change::kToBegin) {
    ledger::Operation operation;
    operation.batch = std::move(opened.begin);
    SIGNPOST_RETURN_IF_ERROR(
        Submit(std::move(operation), ledger::v1::MASTER_KEY_STAGE_BEGUN, /*keys=*/0));
  }
  Move(opened.change == keys::Change::kEnded ? Stage::kEnded : Stage::kRunning);
  schedule_->Add(kJob, absl::InfinitePast(), [this](absl::Time now) { return Run(now); });
  return absl::OkStatus();
}

KeyChange::State KeyChange::state() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

void KeyChange::Move(Stage stage) {
  {
    absl::MutexLock lock(&mutex_);
    state_.stage = stage;
  }
  on_news_(state());
}

absl::StatusOr<absl::Time> KeyChange::Run(absl::Time now) {
  if (state().stage == Stage::kRunning) {
    SIGNPOST_RETURN_IF_ERROR(Step(now));
    return now;
  }
  // Those who know the old key and get hold of the disk must not find anything that it opens there.
  if (!forgotten_) {
    const absl::Status forgotten = forget_();
    if (base::ReasonOf(forgotten) == Reason::kAborted) return now + kLookAgain;
    SIGNPOST_RETURN_IF_ERROR(forgotten);
    forgotten_ = true;
  }
  if (maintenance_->KeysAreStale()) return now + kLookAgain;
  Move(Stage::kOldMayGo);
  return absl::InfiniteFuture();
}

absl::Status KeyChange::Submit(ledger::Operation operation, ledger::v1::MasterKeyStage stage,
                               uint64_t keys) {
  ledger::v1::LedgerEntry entry =
      context_.entries->New(ledger::v1::ENTRY_KIND_MASTER_KEY_CHANGED, base::Principal(), "");
  entry.mutable_master_key_changed()->set_stage(stage);
  entry.mutable_master_key_changed()->set_keys(keys);
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  operation.entries.push_back(ledger::ToDraft(entry));
  return context_.sequencer->SubmitAndWait(std::move(operation)).status();
}

absl::Status KeyChange::Step(absl::Time now) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  if (!counted_) {
    SIGNPOST_ASSIGN_OR_RETURN(const uint64_t left,
                              people::CountKeysToRewrap(*view, *context_.keyring));
    absl::MutexLock lock(&mutex_);
    state_.keys_left = left;
    counted_ = true;
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      people::Rewrapped step,
      people::RewrapKeys(*view, *context_.keyring, context_.random, from_, keys_per_step_));
  if (step.keys > 0) {
    ledger::Operation operation;
    operation.batch = std::move(step.change);
    operation.reads = std::move(step.reads);
    const absl::Status done =
        Submit(std::move(operation), ledger::v1::MASTER_KEY_STAGE_GOES_ON, step.keys);
    // One of them was erased meanwhile: the step is made again.
    if (base::ReasonOf(done) == Reason::kAborted) return absl::OkStatus();
    SIGNPOST_RETURN_IF_ERROR(done);
    in_pass_ += step.keys;
    State state;
    {
      absl::MutexLock lock(&mutex_);
      const uint64_t before = state_.keys_done / kKeysPerNews;
      state_.keys_done += step.keys;
      state_.keys_left -= std::min(state_.keys_left, step.keys);
      if (state_.keys_done / kKeysPerNews != before) state = state_;
    }
    if (state.stage == Stage::kRunning) on_news_(state);
  }
  from_ = std::move(step.next);
  return from_.empty() ? End(now) : absl::OkStatus();
}

absl::Status KeyChange::End(absl::Time now) {
  const uint64_t in_pass = std::exchange(in_pass_, 0);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const uint64_t left,
                            people::CountKeysToRewrap(*view, *context_.keyring));
  if (left > 0) {
    absl::MutexLock lock(&mutex_);
    state_.keys_left = left;
    if (in_pass > 0) return absl::OkStatus();
    return base::Error(Reason::kDataLoss,
                       absl::StrCat(left,
                                    " wrapped data keys open under neither master key: the "
                                    "young persons they are of are unreadable. The old "
                                    "master key stays needed; restore a backup"));
  }
  ledger::Operation operation;
  SIGNPOST_RETURN_IF_ERROR(keys::PutEnd(*view, now, &operation.batch));
  SIGNPOST_RETURN_IF_ERROR(
      Submit(std::move(operation), ledger::v1::MASTER_KEY_STAGE_ENDED, state().keys_done));
  // The file of keys that backups rest on has been overtaken, too.
  maintenance_->KeysChanged();
  Move(Stage::kEnded);
  return absl::OkStatus();
}

}  // namespace signpost::operations
