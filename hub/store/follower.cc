#include "hub/store/follower.h"

#include <algorithm>
#include <utility>

namespace signpost::store {
namespace {

// At a view of its own: its revision, or why not.
absl::StatusOr<uint64_t> BeginAt(const Store& store, Follower* follower) {
  absl::StatusOr<std::unique_ptr<View>> view = store.NewView();
  if (!view.ok()) return view.status();
  absl::Status begun = follower->Begin(**view);
  if (!begun.ok()) return begun;
  return (*view)->revision();
}

}  // namespace

void Follower::FellBehind(const absl::Status& /*why*/) {}

class Followers::Handle final : public Following {
 public:
  Handle(std::shared_ptr<State> state, Follower* follower)
      : state_(std::move(state)), follower_(follower) {}
  ~Handle() override {
    absl::MutexLock lock(&state_->mutex);
    auto& entries = state_->entries;
    entries.erase(
        std::remove_if(entries.begin(), entries.end(),
                       [this](const Entry& entry) { return entry.follower == follower_; }),
        entries.end());
  }

 private:
  const std::shared_ptr<State> state_;
  Follower* const follower_;
};

Followers::Followers(const Store* store) : store_(store), state_(std::make_shared<State>()) {}

Followers::~Followers() = default;

absl::StatusOr<std::unique_ptr<Following>> Followers::Add(Follower* follower) {
  absl::MutexLock lock(&state_->mutex);
  absl::StatusOr<uint64_t> revision = BeginAt(*store_, follower);
  if (!revision.ok()) return revision.status();
  state_->entries.push_back({follower, *revision, absl::OkStatus()});
  return std::unique_ptr<Following>(std::make_unique<Handle>(state_, follower));
}

void Followers::CatchUp() {
  absl::MutexLock lock(&state_->mutex);
  for (Entry& entry : state_->entries) CatchUp(&entry);
}

void Followers::CatchUp(Entry* entry) const {
  if (entry->status.ok()) {
    const FeedPage page = store_->CommitsAfter(entry->revision);
    for (const auto& commit : page.commits) {
      entry->status = entry->follower->Take(*commit);
      if (!entry->status.ok()) break;
      entry->revision = commit->revision;
    }
    if (entry->status.ok() && !page.gap) return;
  }
  const absl::StatusOr<uint64_t> revision = BeginAt(*store_, entry->follower);
  entry->status = revision.status();
  if (revision.ok()) {
    entry->revision = *revision;
  } else {
    entry->follower->FellBehind(entry->status);
  }
}

absl::Status Followers::status() const {
  absl::MutexLock lock(&state_->mutex);
  for (const Entry& entry : state_->entries) {
    if (!entry.status.ok()) return entry.status;
  }
  return absl::OkStatus();
}

}  // namespace signpost::store
