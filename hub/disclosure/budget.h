// Budget is a counter that says how often one system may do a thing. A token bucket a system: no
// endpoint lists people, and nobody may list them by asking often.
//
// Thread-safe. Holds one small record for each system that ever asked; systems are enrolled, so
// they are few.

#ifndef SIGNPOST_HUB_DISCLOSURE_BUDGET_H_
#define SIGNPOST_HUB_DISCLOSURE_BUDGET_H_

#include <algorithm>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace signpost::disclosure {

class Budget {
 public:
  // `per_minute` at once when rested, and as many a minute in the long run.
  explicit Budget(int per_minute) : per_minute_(per_minute) {}

  // Takes one. False when the budget of `system_id` is spent at `now`.
  bool Take(const std::string& system_id, absl::Time now) {
    absl::MutexLock lock(&mutex_);
    auto [it, fresh] =
        buckets_.try_emplace(system_id, Bucket{static_cast<double>(per_minute_), now});
    Bucket& bucket = it->second;
    const double minutes = std::max(0.0, absl::ToDoubleMinutes(now - bucket.at));
    bucket.tokens = std::min<double>(per_minute_, bucket.tokens + minutes * per_minute_);
    bucket.at = now;
    if (bucket.tokens < 1.0) return false;
    bucket.tokens -= 1.0;
    return true;
  }

 private:
  struct Bucket {
    double tokens;
    absl::Time at;
  };
  const int per_minute_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_BUDGET_H_
