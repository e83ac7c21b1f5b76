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
  lacks_.reset();
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
  lacks_.reset();
  decision.missing |= Lacking(aspect, assessment, section).bits();
}

const Lacks& RecordEvaluator::Lacking(Aspect aspect, Symbol assessment, Symbol section) {
  if (lacks_.has_value() && lacks_aspect_ == aspect && lacks_assessment_ == assessment &&
      lacks_section_ == section) {
    return *lacks_;
  }
  item_.aspect = lacks_aspect_ = aspect;
  item_.assessment = lacks_assessment_ = assessment;
  item_.section = lacks_section_ = section;
  lacks_ = WhatWasMissing();
  return *lacks_;
}

Lacks RecordEvaluator::WhatWasMissing() {
  // What the tables do not decide they do not explain either.
  if (potential_shows_ == nullptr || !prepared_.rows_->usable() ||
      static_cast<int>(item_.aspect) >= kAspectCount) {
    return Evaluation(policy_, question_, item_).WhatWasMissing();
  }
  if (!could_.has_value()) could_.emplace(*potential_shows_, question_);
  if (!could_item_.has_value()) could_item_.emplace(*potential_shows_, *could_, item_);
  return policy_.engine->WhatWasMissing(*prepared_.rows_, prepared_item_->rows_, *could_,
                                        *could_item_, item_);
}

// Of more rules than a decision keeps, those it keeps are the first by their ids: then all are
// asked again, lest what they are called had a say.
RuleIndex RecordEvaluator::BasisRule(const Decision& decision) {
  RuleIndex best = kNoRule;
  const auto consider = [&](RuleIndex rule) {
    const auto precedence = [this](RuleIndex one) {
      return policy_.rules[static_cast<size_t>(one)].precedence;
    };
    if (rule != kNoRule && (best == kNoRule || precedence(rule) < precedence(best))) best = rule;
  };
  if (decision.rule_count <= kDecidingRulesMax) {
    for (const RuleIndex rule : decision.rules) consider(rule);
    return best;
  }
  Evaluation evaluation(policy_, question_, item_);
  for (size_t r = 0; r < policy_.rules.size(); ++r) {
    for (const BoundStatement& statement : policy_.rules[r].statements) {
      if (statement.effect == Effect::kShow && evaluation.Speaks(policy_.rules[r], statement)) {
        consider(static_cast<RuleIndex>(r));
      }
    }
  }
  return best;
}

// Whether a reason may speak of the item hangs on its existence and agency being shown; most flags
// are explained in several aspects, so both are asked once.
bool RecordEvaluator::Shows(Aspect aspect) {
  std::optional<bool>& known = aspect == Aspect::kExistence ? existence_shown_ : agency_shown_;
  if (!known.has_value()) known = DecideOnly(aspect).effect == Effect::kShow;
  return *known;
}

}  // namespace signpost::policy
