// CommitFeed is a list that tells followers what was committed, in order: the directory, the policy
// in force, streams that wait for mail, and later a standby or an index kept in memory.
//
// A follower begins with a view and goes on from that view's revision, page by page:
//
//   view = store->NewView();  build from it;  at = view->revision();
//   page = store->CommitsAfter(at);
//   page.gap: begin again from a new view; otherwise take page.commits in order, at = the last
//   one's
//
// Only so much is kept, because a follower that is slow, or was away, must not make the hub hold
// everything; it is told, and a view costs it less than the commits it missed. Nothing is kept
// across a restart. The wrapped keys of young persons (Space::kPersonKeys) never enter the feed: a
// copy of them that outlives their erasing is the one thing that would undo it.

#ifndef SIGNPOST_HUB_STORE_FEED_H_
#define SIGNPOST_HUB_STORE_FEED_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/limits.h"
#include "hub/store/batch.h"

namespace signpost::store {

// One commit as followers see it.
struct PublishedCommit {
  uint64_t revision = 0;
  // As applied, later rows winning over earlier ones of the same key; none of Space::kPersonKeys.
  // Which ledger entries it made is in its rows of Space::kEntries.
  Batch rows;
};

struct FeedPage {
  bool gap = false;  // then `commits` is empty
  std::vector<std::shared_ptr<const PublishedCommit>> commits;
};

// The window of commits that a store keeps for its followers. Thread-safe.
class CommitFeed {
 public:
  explicit CommitFeed(size_t commits_max = base::kFeedCommitsMax,
                      size_t bytes_max = base::kFeedBytesMax)
      : commits_max_(commits_max), bytes_max_(bytes_max) {}
  CommitFeed(const CommitFeed&) = delete;
  CommitFeed& operator=(const CommitFeed&) = delete;

  // Adds a commit that took the store from revision `before` to `revision`. When `before` is not
  // where the last one ended, something was committed past this feed, and what it held is given up.
  // The newest commit is always kept, however large. REQUIRES: calls come in order of revision.
  void Publish(uint64_t before, uint64_t revision, Batch rows);

  // The commits behind `revision`; `now` is the store's own.
  FeedPage After(uint64_t revision, uint64_t now) const;

  // Everything up to now is a gap.
  void Forget();

 private:
  struct Kept {
    std::shared_ptr<const PublishedCommit> commit;
    size_t bytes;
  };

  const size_t commits_max_;
  const size_t bytes_max_;
  mutable absl::Mutex mutex_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t floor_ ABSL_GUARDED_BY(mutex_) = 0;  // all commits behind it are here
  uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;   // the newest one's revision
  std::deque<Kept> kept_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_FEED_H_
