#include "policy/engine/record_evaluator.h"

#include "policy/check.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/program.h"

namespace signpost::policy {

RecordEvaluator::RecordEvaluator(const Policy& policy, const Question& question)
    : policy_(policy.impl()),
      question_(question),
      prepared_(policy, question),
      potential_shows_(policy_.engine != nullptr ? policy_.engine->potential_shows() : nullptr) {}

void RecordEvaluator::SetItem(const Item& item) {
  item_ = item;
  prepared_item_.emplace(prepared_, item_);
  could_item_.reset();
  existence_shown_.reset();
  agency_shown_.reset();
}

Decision RecordEvaluator::DecideOnly(Aspect aspect, Symbol assessment, Symbol section) {
  item_.aspect = aspect;
  item_.assessment = assessment;
  item_.section = section;
  SIGNPOST_POLICY_CHECK(prepared_item_.has_value());
  return prepared_item_->Decide(item_);
}

Decision RecordEvaluator::Decide(Aspect aspect, Symbol assessment, Symbol section) {
  Decision decision = DecideOnly(aspect, assessment, section);
  if (decision.effect != Effect::kShow) AddMissing(aspect, assessment, section, decision);
  return decision;
}

void RecordEvaluator::AddMissing(Aspect aspect, Symbol assessment, Symbol section,
                                 Decision& decision) {
  item_.aspect = aspect;
  item_.assessment = assessment;
  item_.section = section;
  // What the tables do not decide they do not explain either.
  if (potential_shows_ == nullptr || !prepared_.rows_->usable() ||
      static_cast<int>(aspect) >= kAspectCount) {
    decision.missing |= Evaluation(policy_, question_, item_).WhatWasMissing();
    return;
  }
  if (!could_.has_value()) could_.emplace(*potential_shows_, question_);
  if (!could_item_.has_value()) could_item_.emplace(*potential_shows_, *could_, item_);
  decision.missing |= policy_.engine->WhatWasMissing(*prepared_.rows_, prepared_item_->rows_,
                                                     *could_, *could_item_, item_);
}

// Whether a reason may speak of the item hangs on its existence and agency being shown; most flags
// are explained in several aspects, so both are asked once.
bool RecordEvaluator::Shows(Aspect aspect) {
  std::optional<bool>& known = aspect == Aspect::kExistence ? existence_shown_ : agency_shown_;
  if (!known.has_value()) known = DecideOnly(aspect).effect == Effect::kShow;
  return *known;
}

}  // namespace signpost::policy
