// Followers is a driver of what is kept in memory that must be as new as what was acknowledged.
//
// A Follower is a seam that a room implements: it begins from a view and then takes one commit
// after the other, in order. Followers is who drives them: the sequencer has one, and lets it catch
// up on its completion thread before it tells anybody that their operation is durable. So whoever
// was told finds the directory, the policy in force and the mailboxes' notifier as they are after
// the change. A follower that the feed cannot serve any more (it says `gap`: the follower was too
// slow, or the store forgot) begins again from a new view, and is none the wiser. One that fails is
// told so (FellBehind), so that it can refuse to speak for what it does not know, and is begun
// again until it succeeds.

#ifndef SIGNPOST_HUB_STORE_FOLLOWER_H_
#define SIGNPOST_HUB_STORE_FOLLOWER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/store/store.h"

namespace signpost::store {

// Called by one thread at a time. Must be quick, must not wait for a commit, and must not begin or
// end a following.
class Follower {
 public:
  virtual ~Follower() = default;

  // Forgets what it knew and reads it anew. Errors: kDataLoss and the like; what it had stays, and
  // it is asked again at the next commit.
  [[nodiscard]] virtual absl::Status Begin(const View& view) = 0;

  // The commit behind what it has. It is asked about every commit, also of rows that are nothing to
  // it. On an error it is begun again.
  [[nodiscard]] virtual absl::Status Take(const PublishedCommit& commit) = 0;

  // Begin() failed with `why`, so what it has is older than what was acknowledged, until a Begin()
  // that succeeds. Whoever is asked to decide by it must be refused meanwhile. Not called for the
  // first Begin(), of one that does not follow yet. By default nothing: for who only passes on that
  // there is news.
  virtual void FellBehind(const absl::Status& why);
};

// Ends a following when it goes. May outlive the Followers it is of.
class Following {
 public:
  virtual ~Following() = default;
};

// Thread-safe. `store` is not owned and must outlive it, and so must followers their Following.
class Followers {
 public:
  explicit Followers(const Store* store);
  ~Followers();
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  // Begins `follower` from a new view; from then on it follows. Errors: those of Begin(), and then
  // it does not follow.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<Following>> Add(Follower* follower);

  // Gives each follower what was committed since, and begins again each that fell behind. Returns
  // when all have taken it, or have been told that they fell behind.
  void CatchUp();

  // OK when every follower is where the store is; otherwise what one of them said.
  absl::Status status() const;

 private:
  class Handle;
  struct Entry {
    Follower* follower;
    uint64_t revision;
    absl::Status status;  // of the last attempt
  };
  // Outlives this object in handles that are kept longer.
  struct State {
    mutable absl::Mutex mutex;
    std::vector<Entry> entries ABSL_GUARDED_BY(mutex);
  };

  void CatchUp(Entry* entry) const;

  const Store* const store_;
  const std::shared_ptr<State> state_;
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_FOLLOWER_H_
