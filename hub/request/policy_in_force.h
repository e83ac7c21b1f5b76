// PolicyInForce is a follower that holds the policy that decides now.
//
// Which agencies and teams there are is the registry's knowledge and changes while the hub runs;
// which services, roles and assessments there are is a file. PolicyAdmin compiles the published
// text against both, offers what it made here, and records it. PolicyInForce follows what is
// committed (store/follower.h): what was offered decides from the commit on that names it, and a
// policy that a commit no longer names decides nothing. Readers hold the version they began with
// until they are done, so that one question is judged by one policy.
//
// Where there is none that may decide, everything is hidden: nothing was published, what is stored
// is unreadable or does not compile, it is older than the area allows, or what was committed last
// could not be read. Thread-safe.

#ifndef SIGNPOST_HUB_REQUEST_POLICY_IN_FORCE_H_
#define SIGNPOST_HUB_REQUEST_POLICY_IN_FORCE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/ledger/sequencer.h"
#include "hub/registry/rights.h"
#include "hub/store/follower.h"
#include "hub/store/store.h"
#include "policy/policy.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::request {

// Services, roles and assessments: the part of the vocabulary that is a file. Read from JSON:
//   {"services": [{"id": "youth-offending", "sensitive_category": ""}],
//    "roles": ["personal-adviser"],
//    "assessments": [{"id": "asset", "sections": ["lifestyle"]}]}
// Errors: kInvalidField naming the path at fault.
[[nodiscard]] absl::StatusOr<policy::Vocabulary> ReadWords(const std::string& json);

// What the same file says of roles, each a list that may be absent: "ordinary_roles" bring no right
// (registry/rights.h), "vetted_roles" and "trained_roles" are only for somebody whose vetting or
// training stands. Errors: as ReadWords(), and those of WorkerRoles::Check().
[[nodiscard]] absl::StatusOr<registry::WorkerRoles> ReadWorkerRoles(const std::string& json);

// Answers of one policy version to questions that many askers share. Thread-safe, bounded: a full
// memory is emptied.
template <typename Answer>
class BoundedCache {
 public:
  static constexpr size_t kAnswersMax = 4096;

  // The answer to `key`, found by `ask` when it is not known yet. `ask` must depend on nothing but
  // `key` and the policy; it may run more than once.
  Answer Get(const std::string& key, absl::FunctionRef<Answer()> ask) const {
    {
      absl::ReaderMutexLock lock(&mutex_);
      if (const auto found = answers_.find(key); found != answers_.end()) return found->second;
    }
    Answer answer = ask();
    absl::MutexLock lock(&mutex_);
    if (answers_.size() >= kAnswersMax) answers_.clear();
    answers_[key] = answer;
    return answer;
  }

 private:
  mutable absl::Mutex mutex_;
  mutable absl::flat_hash_map<std::string, Answer> answers_ ABSL_GUARDED_BY(mutex_);
};

// One compiled policy with its name in the ledger.
struct BoundPolicy {
  std::shared_ptr<const policy::Policy> policy;
  std::string sha256;             // 64 hex digits, of the text
  std::string vocabulary_sha256;  // 32 bytes, of the words it is bound to
  absl::Time published_at;
  // The row kCurrentPolicyKey of space kRegistry that names it, as stored.
  std::string row;
  // As of which revision this decided, for operations that rest on it. It goes up with every commit
  // until one names another policy, and then stays: whoever still holds this policy rests on what
  // was written since, and judges again before anything is recorded.
  mutable std::atomic<uint64_t> decides_until_revision = 0;
  int32_t version = 0;
  // The agencies (by symbol) that an asker is told of whatever there is; see
  // DisclosureEvaluator::WriteCoverage().
  BoundedCache<std::shared_ptr<const std::vector<bool>>> always_named;
};

// Says in `entry` which policy decided, bound to which words.
void SetPolicy(const BoundPolicy& bound, ledger::v1::LedgerEntry* entry);

// Makes `operation` rest on that policy: it is judged again if another has come into force by the
// time it is sequenced.
void RestOn(const BoundPolicy& bound, ledger::Operation* operation);

// Where the store says which policy decides.
inline constexpr char kCurrentPolicyKey[] = "policy/current";

class PolicyInForce final : public store::Follower {
 public:
  PolicyInForce() = default;
  PolicyInForce(const PolicyInForce&) = delete;
  PolicyInForce& operator=(const PolicyInForce&) = delete;

  // From now on a policy that was published `max_age` ago or longer decides nothing any more.
  // `clock` is not owned. Call before the first Get().
  void LimitAge(const base::Clock* clock, absl::Duration max_age);

  // What decides now, or nullptr: then everything is hidden.
  std::shared_ptr<const BoundPolicy> Get() const;
  // The same, however old it is: to know what was published last.
  std::shared_ptr<const BoundPolicy> Latest() const;

  // For /health: why there is none, or empty. Names no person.
  std::string problem() const;

  // `bound` decides as soon as its row is the one in the store, which it may be already. For
  // PolicyAdmin, before it records the row.
  void Offer(std::shared_ptr<const BoundPolicy> bound);
  // Nothing decides from now on, because of `problem`.
  void Lose(std::string problem);

  [[nodiscard]] absl::Status Begin(const store::View& view) override;
  [[nodiscard]] absl::Status Take(const store::PublishedCommit& commit) override;
  void FellBehind(const absl::Status& why) override;

 private:
  bool Stale(const BoundPolicy& bound) const;
  // Lets decide what the store names, if it is here.
  void Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::Clock* clock_ = nullptr;
  absl::Duration max_age_ = absl::InfiniteDuration();
  mutable absl::Mutex mutex_;
  std::shared_ptr<const BoundPolicy> bound_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const BoundPolicy> offered_ ABSL_GUARDED_BY(mutex_);
  // What the store says, as of a revision.
  std::optional<std::string> row_ ABSL_GUARDED_BY(mutex_);
  uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  bool behind_ ABSL_GUARDED_BY(mutex_) = false;  // that is older than what was acknowledged
  std::string problem_ ABSL_GUARDED_BY(mutex_) = "no policy has been published";
};

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_POLICY_IN_FORCE_H_
