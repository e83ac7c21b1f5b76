// HostileStore is a twin that stands before another Store and fails, holds and forgets when told
// to, so that every promise about durability can be tested against a disk that breaks it. Until
// told, it only hands on. Thread-safe. The inner store is not owned, must outlive it, and must be
// written through this object alone.

#ifndef SIGNPOST_HUB_STORE_HOSTILE_STORE_H_
#define SIGNPOST_HUB_STORE_HOSTILE_STORE_H_

#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/store/store.h"

namespace signpost::store {

class HostileStore final : public Store {
 public:
  enum class Failure {
    kNothingWritten,      // UNAVAILABLE; the batch never reached the disk
    kWrittenUnconfirmed,  // UNAVAILABLE; the batch is on the disk all the same
    kFull,                // RESOURCE_EXHAUSTED; nothing changed, later commits work
  };

  explicit HostileStore(Store* inner);

  // The `k`-th commit from now (1 is the next) fails so. After an UNAVAILABLE one every later
  // commit is UNAVAILABLE too, until Restart(). 0 takes the order back.
  void FailCommit(int k, Failure failure);
  // The `k`-th read (NewView, Get, GetMany or Scan) from now answers UNAVAILABLE. 0 takes the order
  // back.
  void FailRead(int k);
  // The next commit stops before it has written anything, until ReleaseCommit(); then it ends as was
  // ordered before it came. Reads pass.
  void HoldNextCommit();
  // Waits until it has come.
  void AwaitHeldCommit() const;
  void ReleaseCommit();
  // From now on commits are acknowledged without being kept for good: LoseUnsynced() forgets them.
  void StopSyncing();
  // The power goes: whatever was acknowledged since StopSyncing() is gone, and whoever follows the
  // feed has a gap. Syncs again afterwards.
  void LoseUnsynced();
  // Forgets all orders and the latch, as a new process would.
  void Restart();

  // Commits that reached the inner store.
  int commits() const;

  [[nodiscard]] absl::StatusOr<std::unique_ptr<View>> NewView() const override;

 private:
  class HostileView;

  absl::StatusOr<uint64_t> DoCommit(const Batch& batch, const Fence& fence) override;
  uint64_t DoRevision() const override;
  // The batch that takes `batch` back, from what the inner store holds now.
  absl::StatusOr<Batch> Undo(const Batch& batch) const;
  absl::Status CountRead() const;

  Store* const inner_;
  mutable absl::Mutex mutex_;
  int fail_commit_in_ ABSL_GUARDED_BY(mutex_) = 0;
  Failure failure_ ABSL_GUARDED_BY(mutex_) = Failure::kNothingWritten;
  mutable int fail_read_in_ ABSL_GUARDED_BY(mutex_) = 0;
  bool hold_next_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool syncing_ ABSL_GUARDED_BY(mutex_) = true;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  int commits_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Batch> undo_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_HOSTILE_STORE_H_
