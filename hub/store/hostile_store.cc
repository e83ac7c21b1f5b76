#include "hub/store/hostile_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "hub/base/error.h"

namespace signpost::store {
namespace {

using base::Error;
using base::Reason;

absl::Status Broken() {
  return Error(Reason::kStoreUnavailable, "the disk failed (hostile store); restart");
}

}  // namespace

class HostileStore::HostileView final : public View {
 public:
  HostileView(const HostileStore* store, std::unique_ptr<View> inner)
      : store_(store), inner_(std::move(inner)) {}

  uint64_t revision() const override { return inner_->revision(); }

  absl::StatusOr<std::optional<std::string>> Get(Space space,
                                                 const std::string& key) const override {
    absl::Status status = store_->CountRead();
    if (!status.ok()) return status;
    return inner_->Get(space, key);
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      Space space, absl::Span<const std::string> keys) const override {
    absl::Status status = store_->CountRead();
    if (!status.ok()) return status;
    return inner_->GetMany(space, keys);
  }

  absl::StatusOr<std::vector<KeyValue>> Scan(Space space, const std::string& from,
                                             const std::string& to, int rows_max) const override {
    absl::Status status = store_->CountRead();
    if (!status.ok()) return status;
    return inner_->Scan(space, from, to, rows_max);
  }

 private:
  const HostileStore* const store_;
  const std::unique_ptr<View> inner_;
};

HostileStore::HostileStore(Store* inner) : inner_(inner) {}

void HostileStore::FailCommit(int k, Failure failure) {
  absl::MutexLock lock(&mutex_);
  fail_commit_in_ = k;
  failure_ = failure;
}

void HostileStore::FailRead(int k) {
  absl::MutexLock lock(&mutex_);
  fail_read_in_ = k;
}

void HostileStore::StopSyncing() {
  absl::MutexLock lock(&mutex_);
  syncing_ = false;
}

void HostileStore::LoseUnsynced() {
  absl::MutexLock lock(&mutex_);
  for (; !undo_.empty(); undo_.pop_back()) {
    // The inner store is a sound one under test control: taking back what it took cannot fail.
    const std::unique_ptr<View> view = *inner_->NewView();
    const Fence now{*view->Get(Space::kMeta, kFenceKey)};
    inner_->Commit(std::move(undo_.back()), now).status().IgnoreError();
  }
  syncing_ = true;
  ForgetFeed();
}

void HostileStore::Restart() {
  absl::MutexLock lock(&mutex_);
  fail_commit_in_ = 0;
  fail_read_in_ = 0;
  hold_next_ = held_ = false;
  broken_ = false;
}

void HostileStore::HoldNextCommit() {
  absl::MutexLock lock(&mutex_);
  hold_next_ = true;
}

void HostileStore::AwaitHeldCommit() const {
  absl::MutexLock lock(&mutex_, absl::Condition(&held_));
}

void HostileStore::ReleaseCommit() {
  absl::MutexLock lock(&mutex_);
  hold_next_ = held_ = false;
}

int HostileStore::commits() const {
  absl::MutexLock lock(&mutex_);
  return commits_;
}

absl::StatusOr<std::unique_ptr<View>> HostileStore::NewView() const {
  absl::Status status = CountRead();
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<View>> inner = inner_->NewView();
  if (!inner.ok()) return inner.status();
  return std::unique_ptr<View>(std::make_unique<HostileView>(this, *std::move(inner)));
}

absl::Status HostileStore::CountRead() const {
  absl::MutexLock lock(&mutex_);
  if (fail_read_in_ > 0 && --fail_read_in_ == 0) {
    return Error(Reason::kStoreUnavailable, "a read failed (hostile store)");
  }
  return absl::OkStatus();
}

absl::StatusOr<Batch> HostileStore::Undo(const Batch& batch) const {
  absl::StatusOr<std::unique_ptr<View>> view = inner_->NewView();
  if (!view.ok()) return view.status();
  Batch undo;
  for (const Batch::Operation& operation : batch.operations()) {
    absl::StatusOr<std::optional<std::string>> before =
        (*view)->Get(operation.space, std::string(operation.key));
    if (!before.ok()) return before.status();
    if (before->has_value()) {
      undo.Put(operation.space, operation.key, **before);
    } else {
      undo.Delete(operation.space, operation.key);
    }
  }
  return undo;
}

uint64_t HostileStore::DoRevision() const {
  const absl::StatusOr<std::unique_ptr<View>> view = inner_->NewView();
  return view.ok() ? (*view)->revision() : 0;
}

absl::StatusOr<uint64_t> HostileStore::DoCommit(const Batch& batch, const Fence& fence) {
  absl::MutexLock lock(&mutex_);
  if (broken_) return Broken();
  const bool fail = fail_commit_in_ > 0 && --fail_commit_in_ == 0;
  if (hold_next_) {
    hold_next_ = false;
    held_ = true;
    mutex_.Await(absl::Condition(
        +[](bool* held) { return !*held; }, &held_));
  }
  if (fail && failure_ == Failure::kFull) {
    return Error(Reason::kStoreFull, "the disk is full (hostile store); make room");
  }
  if (fail && failure_ == Failure::kNothingWritten) {
    broken_ = true;
    return Broken();
  }
  Batch undo;
  if (!syncing_) {
    absl::StatusOr<Batch> made = Undo(batch);
    if (!made.ok()) return made.status();
    undo = *std::move(made);
  }
  absl::StatusOr<uint64_t> revision = inner_->Commit(batch, fence);
  if (!revision.ok()) return revision;
  ++commits_;
  if (!syncing_) undo_.push_back(std::move(undo));
  if (!fail) return revision;
  broken_ = true;
  return Broken();
}

}  // namespace signpost::store
