#include "hub/schedule/schedule.h"

#include <algorithm>
#include <vector>

#include "hub/base/check.h"

namespace signpost::schedule {

Schedule::Schedule(const base::Clock* clock, OnError on_error)
    : clock_(clock), on_error_(std::move(on_error)), read_at_(clock->Now()) {}

Schedule::~Schedule() { Stop(); }

void Schedule::Add(const std::string& name, absl::Time first, Job job) {
  absl::MutexLock lock(&mutex_);
  const auto [added, fresh] = jobs_.try_emplace(name);
  CHECK(fresh);
  added->second.job = std::move(job);
  index_.emplace(absl::InfiniteFuture(), name);
  SetDue(name, &added->second, first);
}

void Schedule::Wake(const std::string& name, absl::Time at) {
  absl::MutexLock lock(&mutex_);
  const auto found = jobs_.find(name);
  CHECK(found != jobs_.end());
  Entry& entry = found->second;
  if (entry.running) {
    entry.woken = std::min(at, entry.woken.value_or(absl::InfiniteFuture()));
  } else if (at < entry.due) {
    SetDue(name, &entry, at);
  }
}

void Schedule::SetDue(const std::string& name, Entry* entry, absl::Time due) {
  index_.erase({entry->due, name});
  entry->due = due;
  index_.emplace(due, name);
  changed_.Signal();
}

absl::Time Schedule::ReadClock() {
  const absl::Time now = clock_->Now();
  if (now < read_at_) {
    const absl::Duration back = read_at_ - now;
    index_.clear();
    for (auto& [name, entry] : jobs_) {
      entry.due -= back;  // what is infinite stays so
      if (entry.woken.has_value()) *entry.woken -= back;
      index_.emplace(entry.due, name);
    }
  }
  read_at_ = now;
  return now;
}

void Schedule::Start() {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Loop(); });
}

void Schedule::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void Schedule::Loop() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    // While a job ran another may have become due, or it was time to stop.
    if (RunDueLocked() > 0) continue;
    const absl::Time now = ReadClock();
    const absl::Time next = index_.empty() ? absl::InfiniteFuture() : index_.begin()->first;
    changed_.WaitFor(&mutex_, std::min(next - now, kLookAtClockEvery));
  }
  std::vector<std::string> last;
  const absl::Time now = ReadClock();
  for (const auto& [name, entry] : jobs_) {
    if (entry.due <= now || entry.failures > 0) last.push_back(name);
  }
  for (const std::string& name : last) RunLocked(name);
}

int Schedule::RunDue() {
  CHECK(!thread_.joinable());
  absl::MutexLock lock(&mutex_);
  return RunDueLocked();
}

int Schedule::RunDueLocked() {
  // Those of this moment: one that is due again at once waits its turn behind the others.
  std::vector<std::string> due;
  const absl::Time now = ReadClock();
  for (const auto& [at, name] : index_) {
    if (at > now) break;
    due.push_back(name);
  }
  for (const std::string& name : due) RunLocked(name);
  return static_cast<int>(due.size());
}

void Schedule::RunLocked(const std::string& name) {
  Entry& entry = jobs_.at(name);  // jobs are never taken out
  entry.running = true;
  const absl::Time now = ReadClock();
  mutex_.Unlock();
  const absl::StatusOr<absl::Time> again = entry.job(now);
  if (!again.ok() && on_error_) on_error_(name, again.status());
  mutex_.Lock();
  entry.running = false;
  absl::Time due;
  if (again.ok()) {
    entry.failures = 0;
    due = *again;
  } else {
    due = now + std::min(kRetryMax, kRetryFirst * (int64_t{1} << std::min(entry.failures, 20)));
    ++entry.failures;
  }
  if (entry.woken.has_value()) due = std::min(due, *entry.woken);
  entry.woken.reset();
  SetDue(name, &entry, due);
}

absl::Time Schedule::next() const {
  absl::MutexLock lock(&mutex_);
  return index_.empty() ? absl::InfiniteFuture() : index_.begin()->first;
}

}  // namespace signpost::schedule
