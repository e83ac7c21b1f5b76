// A PreparedQuestion is a question that has been bound to a policy's tables, so that deciding about
// each of many items costs only what depends on the item.
//
// It refers to the policy and the question it was made of, and to what the question's spans point
// at; all must outlive it unchanged. It lives on the stack, allocates nothing and is thread-safe
// once made. Nothing here fails: what cannot be judged is hidden.

#ifndef SIGNPOST_POLICY_ENGINE_PREPARED_QUESTION_H_
#define SIGNPOST_POLICY_ENGINE_PREPARED_QUESTION_H_

#include <optional>

#include "policy/engine/engine.h"
#include "policy/facts.h"
#include "policy/policy.h"

namespace signpost::policy {

class PreparedQuestion {
 public:
  PreparedQuestion(const Policy& policy, const Question& question);

  // As Policy::DecideOnly() of the question.
  Decision Decide(const Item& item) const {
    Decision decision;
    if (engine_ == nullptr || !engine_->Decide(*rows_, item, decision)) decision = Interpret(item);
    return decision;
  }

 private:
  friend class RecordEvaluator;
  friend class PreparedItem;

  Decision Interpret(const Item& item) const;

  const PolicyImpl& policy_;
  const Question& question_;
  const Engine* const engine_;  // nullptr where the policy is interpreted
  std::optional<Engine::QuestionRows> rows_;
};

// A PreparedItem is a prepared question about one item, in whatever aspect: what does not depend on
// the aspect is worked out once. Refers to the prepared question alone; allocates nothing and is
// thread-safe once made.
class PreparedItem {
 public:
  // Of `item` its aspect, assessment and section do not matter.
  PreparedItem(const PreparedQuestion& prepared, const Item& item)
      : prepared_(prepared),
        rows_(prepared.engine_ != nullptr
                  ? Engine::ItemRows(*prepared.engine_, *prepared.rows_, item)
                  : Engine::ItemRows()) {}

  // False: by default every aspect of the item is hidden. True: there may be more to say.
  bool Speaks() const {
    return prepared_.engine_ == nullptr || !prepared_.rows_->usable() || rows_.any();
  }

  // As PreparedQuestion::Decide(), of the item in some aspect.
  Decision Decide(const Item& item) const {
    Decision decision;
    if (prepared_.engine_ == nullptr ||
        !prepared_.engine_->Decide(*prepared_.rows_, rows_, item, decision)) {
      decision = prepared_.Interpret(item);
    }
    return decision;
  }

 private:
  friend class RecordEvaluator;

  const PreparedQuestion& prepared_;
  const Engine::ItemRows rows_;  // where the policy is interpreted, nothing
};

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_PREPARED_QUESTION_H_
