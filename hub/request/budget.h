// Budget is a counter that says how often somebody may do a thing: a token bucket a name. No endpoint
// lists people, and nobody may list them by asking often.
//
// Thread-safe. Holds a small record for each name whose bucket is not full; at most kBudgetNamesMax,
// then those that are fullest go first.

#ifndef SIGNPOST_HUB_REQUEST_BUDGET_H_
#define SIGNPOST_HUB_REQUEST_BUDGET_H_

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::request {

inline constexpr size_t kBudgetNamesMax = 200'000;

class Budget {
 public:
  // `burst` at once when rested, and as many each `period` in the long run.
  Budget(int burst, absl::Duration period) : burst_(burst), period_(period) {}

  // Takes one. False when the budget of `name` is spent at `now`.
  bool Take(const std::string& name, absl::Time now) {
    absl::MutexLock lock(&mutex_);
    if (buckets_.size() >= kBudgetNamesMax) DropFull(now);
    auto [it, fresh] = buckets_.try_emplace(name, Bucket{static_cast<double>(burst_), now});
    Bucket& bucket = it->second;
    bucket.tokens = TokensAt(bucket, now);
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
  double TokensAt(const Bucket& bucket, absl::Time now) const {
    const double periods = std::max(0.0, absl::FDivDuration(now - bucket.at, period_));
    return std::min<double>(burst_, bucket.tokens + periods * burst_);
  }
  void DropFull(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // Somebody who floods it with names loses their own: half of a bucket counts as full then.
    for (const double full : {1.0, 0.5, 0.0}) {
      absl::erase_if(buckets_, [&](const auto& item) {
        return TokensAt(item.second, now) >= full * burst_ - 0.5;
      });
      if (buckets_.size() < kBudgetNamesMax) return;
    }
    buckets_.clear();
  }

  const int burst_;
  const absl::Duration period_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

// How often one may ask by details, report a record, and tell other details of it. Thread-safe.
class DetailsBudget {
 public:
  // Asking at all, by system.
  bool TakeAsking(const std::string& system_id, absl::Time now) {
    return asking_.Take(system_id, now);
  }

  // Asking with these details, by agency and by the name or the identifier in them. Asking the same
  // again within a while takes nothing.
  bool TakeName(const std::string& agency_id, const store::v1::AliasHashes& hashes,
                absl::Time now) {
    std::string who = absl::StrCat(agency_id, "/", hashes.given(), "/", hashes.surname());
    if (hashes.given().empty() && hashes.surname().empty()) {
      absl::StrAppend(&who, "/", hashes.nhs_number(), "/", hashes.upn(), "/", hashes.learner());
    }
    return TakeOnce(base::Sha256(absl::StrCat(who, hashes.SerializeAsString())),
                    [&] { return names_.Take(who, now); });
  }

  // Telling these details of one record of an agency. Telling the same again takes nothing.
  bool TakeChange(const std::string& record, const std::string& details, absl::Time now) {
    const std::string name = base::Sha256(record);
    return TakeOnce(base::Sha256(name + details), [&] { return changes_.Take(name, now); });
  }

  // Reporting a record at all: who says something else of somebody again and again keeps others from
  // them. By the record, which is the agency's own: nothing of whom it is about shows in it.
  bool TakeReport(const std::string& record, absl::Time now) {
    return reports_.Take(absl::StrCat(absl::HashOf(record)), now);
  }

 private:
  template <typename TakeOne>
  bool TakeOnce(const std::string& what, TakeOne take) {
    {
      absl::MutexLock lock(&mutex_);
      if (taken_.size() >= kBudgetNamesMax) taken_.clear();
      if (!taken_.insert(what).second) return true;
    }
    if (take()) return true;
    absl::MutexLock lock(&mutex_);
    taken_.erase(what);
    return false;
  }

  Budget asking_{base::kFindsPerMinuteMax, absl::Minutes(1)};
  Budget names_{base::kDetailsPerNameAndDayMax, absl::Hours(24)};
  Budget changes_{base::kDetailChangesPerDayMax, absl::Hours(24)};
  Budget reports_{base::kReportsPerRecordAndHourMax, absl::Hours(1)};
  absl::Mutex mutex_;
  absl::flat_hash_set<std::string> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_BUDGET_H_
