// PolicyPreviews is a count that says what a draft would change for people: who would gain or lose
// sight of what, counted, for those who may propose a policy.
//
// What would change of one person's flags is counted by policy/analysis/whatif.h, for every asker
// that is enrolled (agency, role, teams) and every purpose, by what an answer would tell. What comes
// out is how many people there are of whom agencies of one kind would gain, or lose, sight of an
// aspect of a flag of another kind; 1 to 4 are told as "few", so that nobody is singled out. A run
// may also go through the questions recorded in the last days and judge them again on the facts of
// today.
//
// A run is a state machine: Step() looks at a bounded number of people, at a view of its own, so
// that answers are not held up and no view grows old; people who change meanwhile count as they are
// when they are looked at. People who are alike in all that a decision can depend on are judged
// once.
//
// PolicyPreviews is thread-safe; a Run is for one thread at a time. Nothing is owned; all of it
// must outlive every run.

#ifndef SIGNPOST_HUB_POLICY_ADMIN_POLICY_PREVIEW_H_
#define SIGNPOST_HUB_POLICY_ADMIN_POLICY_PREVIEW_H_

#include <atomic>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/ids.h"
#include "hub/base/principal.h"
#include "hub/people/person.h"
#include "hub/policy_admin/person_population.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/request/context.h"
#include "signpost/v1/policy.pb.h"

namespace signpost::policy_admin {

inline constexpr int kPreviewDaysMax = 90;
inline constexpr int kPreviewAskersMax = 2000;  // distinct (agency, role, teams)
inline constexpr uint64_t kPreviewFewMax = 4;   // counts up to this are not told
inline constexpr int kPreviewPeoplePerStep = 64;
inline constexpr int kPreviewJudgedPerStep = 2;  // of those, at most so many judged anew
// Ids read at a time, for many steps: the store sorts what was written lately for every list.
inline constexpr int kPreviewPeopleListed = 1024;

class PolicyPreviews {
 public:
  class Run;

  PolicyPreviews(const request::HubContext& context, PolicyAdmin* policy_admin)
      : context_(context), policy_admin_(policy_admin) {}
  PolicyPreviews(const PolicyPreviews&) = delete;
  PolicyPreviews& operator=(const PolicyPreviews&) = delete;

  // Begins a run; compiles the draft, so it is for the executor. Errors: kAssertionMissing and
  // kMethodNotAllowed (recorded), kInvalidField, kPolicyUnavailable when there is nothing to
  // compare with or
  // the registry is changing, kTooManyRequests while another run is under way, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<Run>> Begin(const base::Principal& asker,
                                                           const v1::PreviewPolicyRequest& request);

 private:
  const request::HubContext context_;
  PolicyAdmin* const policy_admin_;
  std::atomic<bool> running_ = false;
};

class PolicyPreviews::Run {
 public:
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Looks at some more. True when all has been looked at; at once for a draft that does not
  // compile. Errors: kStoreUnavailable, kDataLoss.
  [[nodiscard]] absl::StatusOr<bool> Step();

  uint64_t people() const { return people_; }
  uint64_t questions() const { return questions_; }

  // Records that it was counted, then gives the report. Call once, after the last Step(); the run
  // may be destroyed before `done` is called.
  void Finish(request::Reply<v1::PreviewReport> done);

 private:
  friend class PolicyPreviews;
  Run(const request::HubContext& context, std::atomic<bool>* running)
      : context_(context), running_(running) {}

  // Who would see what of whom.
  struct Key {
    std::string asker_kind;
    std::string holder_kind;
    policy::Aspect aspect;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Change {
    bool gain = false;
    bool loss = false;
  };
  using Changes = std::map<Key, Change>;
  struct Count {
    uint64_t gains = 0;
    uint64_t losses = 0;
  };

  absl::Status GatherAskers();
  absl::StatusOr<bool> StepPeople();
  absl::StatusOr<bool> StepQuestions();
  // What any of `askers`, asking with any of `purposes`, would gain or lose about `person`.
  absl::StatusOr<Changes> Compare(absl::Span<const base::Principal> askers,
                                  disclosure::AskerIs askers_are,
                                  absl::Span<const policy::Purpose> purposes,
                                  const people::Person& person) const;
  static void Add(const Changes& changes, std::map<Key, Count>* counts);
  static void Tell(const std::map<Key, Count>& counts,
                   google::protobuf::RepeatedPtrField<v1::PreviewCount>* out);

  const request::HubContext context_;
  std::atomic<bool>* const running_;
  base::Principal asker_;
  std::string request_id_;
  v1::PreviewReport report_;  // what is known from the start
  std::shared_ptr<const request::BoundPolicy> now_;
  std::shared_ptr<const request::BoundPolicy> draft_;  // nullptr: it does not compile
  std::shared_ptr<const registry::Directory> directory_;
  absl::Time at_;
  std::vector<base::Principal> askers_;
  std::vector<policy::Purpose> purposes_;

  std::deque<base::PersonId> people_ahead_;      // listed, and still to be looked at
  std::optional<base::PersonId> person_before_;  // the last one listed
  bool people_listed_ = false;                   // all of them
  bool people_done_ = false;
  uint64_t people_ = 0;
  absl::flat_hash_map<std::string, Changes> alike_;  // by all that a decision can depend on
  std::map<Key, Count> counts_;

  uint64_t questions_end_ = 0;  // entries before this are still to be looked at
  int64_t questions_from_us_ = 0;
  bool questions_done_ = true;
  uint64_t questions_ = 0;
  std::map<Key, Count> question_counts_;
};

}  // namespace signpost::policy_admin

#endif  // SIGNPOST_HUB_POLICY_ADMIN_POLICY_PREVIEW_H_
