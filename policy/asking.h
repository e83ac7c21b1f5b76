// One question asked about many items: what depends on the question alone is worked out once.
//
// An Asking refers to the policy and the question it was made of, and to what the question's spans
// point at; all must outlive it unchanged. It lives on the stack, allocates nothing and is
// thread-safe once made.

#ifndef SIGNPOST_POLICY_ASKING_H_
#define SIGNPOST_POLICY_ASKING_H_

#include <optional>

#include "policy/engine.h"
#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

class Asking {
 public:
  Asking(const Policy& policy, const Question& question);

  // As Policy::DecideOnly() of the question.
  Decision Decide(const Item& item) const;

 private:
  const Policy& policy_;
  const Question& question_;
  const Engine* const engine_;  // nullptr where the policy is interpreted
  std::optional<Engine::Asking> rows_;
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ASKING_H_
