// The policy that decides now, bound to the area's words.
//
// Which agencies and teams there are is the registry's knowledge and changes while the hub runs;
// which services, roles and assessments there are is a file beside the policy. PolicyInForce
// compiles the policy's text against both and swaps the result in whole. Readers hold the version
// they began with until they are done, so that one question is judged by one policy.
//
// A text that does not compile takes nothing down and shows nothing new: the hub goes on hiding
// everything (when there was no policy) or goes on with the policy it had only if that policy was
// compiled against the same text and the same words; see Load(). Thread-safe.

#ifndef SIGNPOST_HUB_GATE_POLICY_IN_FORCE_H_
#define SIGNPOST_HUB_GATE_POLICY_IN_FORCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/clock.h"
#include "policy/policy.h"

namespace signpost::gate {

// Services, roles and assessments: the part of the vocabulary that is a file. Read from JSON:
//   {"services": [{"id": "youth-offending", "sensitive_category": ""}],
//    "roles": ["personal-adviser"],
//    "assessments": [{"id": "asset", "sections": ["lifestyle"]}]}
// Errors: kInvalidField naming the path at fault.
[[nodiscard]] absl::StatusOr<policy::Vocabulary> ReadWords(const std::string& json);

// Answers of one policy version to questions that many askers share. Thread-safe, bounded: a full
// memory is emptied.
template <typename Answer>
class Remembered {
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
  std::string sha256;  // 64 hex digits, of the text
  int32_t version = 0;
  // The agencies (by symbol) that an asker is told of whatever there is; see Judge::Coverage().
  Remembered<std::shared_ptr<const std::vector<bool>>> always_named;
  Remembered<std::shared_ptr<const std::string>> words;  // see Judge::Words()
};

class PolicyInForce {
 public:
  PolicyInForce() = default;
  PolicyInForce(const PolicyInForce&) = delete;
  PolicyInForce& operator=(const PolicyInForce&) = delete;

  // The text and the words to compile from now on, by Rebind(). Does not compile yet.
  // Errors: as ReadWords().
  [[nodiscard]] absl::Status SetText(std::string policy_text, const std::string& words_json);

  // Compiles the text against the words with these agencies and teams, and swaps it in. When it
  // does not compile, no policy is in force any more: a policy that does not know today's agencies
  // must not decide about them. Returns whether what is in force is another than before. Errors:
  // kPolicyUnavailable with every diagnostic, line and column.
  [[nodiscard]] absl::StatusOr<bool> Rebind(std::vector<policy::VocabularyAgency> agencies,
                                            std::vector<policy::VocabularyTeam> teams);

  // What decides now, or nullptr: then everything is hidden.
  std::shared_ptr<const BoundPolicy> Get() const;

  // For /health: why there is none, or empty. Names no person.
  std::string problem() const;

 private:
  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  policy::Vocabulary words_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const BoundPolicy> bound_ ABSL_GUARDED_BY(mutex_);
  std::string problem_ ABSL_GUARDED_BY(mutex_) = "no policy has been loaded";
};

}  // namespace signpost::gate

#endif  // SIGNPOST_HUB_GATE_POLICY_IN_FORCE_H_
