#include "hub/base/executor.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "hub/base/check.h"

namespace signpost::base {
namespace {

thread_local Lane current_lane;

}  // namespace

Lane Lane::Of(absl::string_view agency_id) {
  // None is the hub's own, whose number is 0.
  return agency_id.empty() ? Lane() : Lane(absl::HashOf(agency_id) | 1);
}

Lane Lane::Current() { return current_lane; }

ThreadPool::ThreadPool(int threads, int queue_max)
    : queue_max_(static_cast<size_t>(queue_max)),
      lane_threads_max_(threads > 2 ? threads - 1 : threads) {
  CHECK(threads >= 1);
  CHECK(queue_max >= 1);
  absl::MutexLock lock(&join_mutex_);
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Loop(); });
  }
}

ThreadPool::~ThreadPool() { Shutdown(); }

bool ThreadPool::RunIn(Lane lane, Work work) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || queued_ >= queue_max_) return false;
  LaneQueue& queue = lanes_[lane.number()];
  if (queue.work.size() > kLaneShare * (queue_max_ - queued_)) return false;
  queue.number = lane.number();
  queue.work.push_back(std::move(work));
  ++queued_;
  if (queue.work.size() == 1) turns_.push_back(&queue);
  return true;
}

void ThreadPool::Shutdown() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  absl::MutexLock lock(&join_mutex_);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

int ThreadPool::queued() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(queued_);
}

bool ThreadPool::Awake() const {
  if (turns_.empty()) return stopping_;
  return std::any_of(turns_.begin(), turns_.end(),
                     [this](const LaneQueue* lane) { return MayBegin(*lane); });
}

ThreadPool::LaneQueue* ThreadPool::NextLane() {
  auto next = turns_.end();
  for (auto lane = turns_.begin(); lane != turns_.end(); ++lane) {
    if (!MayBegin(**lane)) continue;
    if (next == turns_.end() || (*lane)->running < (*next)->running) next = lane;
  }
  if (next == turns_.end()) return nullptr;
  LaneQueue* const lane = *next;
  turns_.erase(next);
  return lane;
}

void ThreadPool::Loop() {
  const auto awake = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return Awake(); };
  LaneQueue* lane = nullptr;  // of the work that was done last
  while (true) {
    Work work;
    {
      absl::MutexLock lock(&mutex_);
      if (lane != nullptr) --lane->running;
      mutex_.Await(absl::Condition(&awake));
      lane = NextLane();
      if (lane == nullptr) return;  // stopping, and all that was accepted has begun
      work = std::move(lane->work.front());
      lane->work.pop_front();
      --queued_;
      ++lane->running;
      if (!lane->work.empty()) turns_.push_back(lane);
      current_lane = Lane(lane->number);
    }
    work();
    work = nullptr;  // what it held goes in its lane
    current_lane = Lane();
  }
}

}  // namespace signpost::base
