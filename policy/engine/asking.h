// One question asked about many items: what depends on the question alone is worked out once.
//
// An Asking refers to the policy and the question it was made of, and to what the question's spans
// point at; all must outlive it unchanged. It lives on the stack, allocates nothing and is
// thread-safe once made.

#ifndef SIGNPOST_POLICY_ENGINE_ASKING_H_
#define SIGNPOST_POLICY_ENGINE_ASKING_H_

#include <optional>

#include "policy/engine/engine.h"
#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

class Asking {
 public:
  Asking(const Policy& policy, const Question& question);

  // As Policy::DecideOnly() of the question.
  Decision Decide(const Item& item) const {
    Decision decision;
    if (engine_ == nullptr || !engine_->Decide(*rows_, item, decision)) decision = Interpret(item);
    return decision;
  }

 private:
  friend class Record;
  friend class ItemAsking;

  Decision Interpret(const Item& item) const;

  const PolicyImpl& policy_;
  const Question& question_;
  const Engine* const engine_;  // nullptr where the policy is interpreted
  std::optional<Engine::Asking> rows_;
};

// An Asking about one item in many aspects: what does not depend on the aspect is worked out once.
// Refers to the asking alone; allocates nothing and is thread-safe once made.
class ItemAsking {
 public:
  // Of `item` its aspect, assessment and section do not matter.
  ItemAsking(const Asking& asking, const Item& item)
      : asking_(asking),
        about_(asking.engine_ != nullptr ? Engine::About(*asking.engine_, *asking.rows_, item)
                                         : Engine::About()) {}

  // False: by default every aspect of the item is hidden. True: there may be more to say.
  bool Speaks() const {
    return asking_.engine_ == nullptr || !asking_.rows_->usable() || about_.any();
  }

  // As Asking::Decide(), of the item in some aspect.
  Decision Decide(const Item& item) const {
    Decision decision;
    if (asking_.engine_ == nullptr ||
        !asking_.engine_->Decide(*asking_.rows_, about_, item, decision)) {
      decision = asking_.Interpret(item);
    }
    return decision;
  }

 private:
  friend class Record;

  const Asking& asking_;
  const Engine::About about_;  // where the policy is interpreted, nothing
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_ASKING_H_
