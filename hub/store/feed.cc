#include "hub/store/feed.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace signpost::store {

void CommitFeed::Publish(uint64_t before, uint64_t revision, Batch rows) {
  rows.Drop(Space::kPersonKeys);
  auto commit = std::make_shared<PublishedCommit>();
  commit->revision = revision;
  commit->rows = std::move(rows);
  const size_t bytes =
      commit->rows.bytes() + commit->rows.operations().size() * sizeof(Batch::Operation);
  // Freed outside the lock: thousands of rows at a time.
  std::vector<Kept> dropped;
  absl::MutexLock lock(&mutex_);
  if (!begun_ || before != last_) {
    std::move(kept_.begin(), kept_.end(), std::back_inserter(dropped));
    kept_.clear();
    bytes_ = 0;
    floor_ = before;
    begun_ = true;
  }
  last_ = revision;
  kept_.push_back({std::move(commit), bytes});
  bytes_ += bytes;
  while (kept_.size() > 1 && (kept_.size() > commits_max_ || bytes_ > bytes_max_)) {
    floor_ = kept_.front().commit->revision;
    bytes_ -= kept_.front().bytes;
    dropped.push_back(std::move(kept_.front()));
    kept_.pop_front();
  }
}

FeedPage CommitFeed::After(uint64_t revision, uint64_t now) const {
  FeedPage page;
  absl::MutexLock lock(&mutex_);
  // One from the future was given by a store that has lost what came after.
  page.gap = revision > now || revision < (begun_ ? floor_ : now);
  if (page.gap) return page;
  auto at = std::partition_point(kept_.begin(), kept_.end(), [&](const Kept& kept) {
    return kept.commit->revision <= revision;
  });
  for (; at != kept_.end(); ++at) page.commits.push_back(at->commit);
  return page;
}

void CommitFeed::Forget() {
  absl::MutexLock lock(&mutex_);
  kept_.clear();
  bytes_ = 0;
  begun_ = false;
}

}  // namespace signpost::store
