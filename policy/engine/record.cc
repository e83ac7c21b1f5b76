#include "policy/engine/record.h"

#include "policy/engine/program.h"

namespace signpost::policy {

Record::Record(const Policy& policy, const Question& question)
    : policy_(policy.impl()),
      question_(question),
      asking_(policy, question),
      wants_(policy_.engine != nullptr ? policy_.engine->wants() : nullptr) {}

void Record::Turn(const Item& item) {
  item_ = item;
  about_.emplace(asking_, item_);
  could_about_.reset();
  existence_shown_.reset();
  agency_shown_.reset();
}

Decision Record::DecideOnly(Aspect aspect, Symbol assessment, Symbol section) {
  item_.aspect = aspect;
  item_.assessment = assessment;
  item_.section = section;
  return about_->Decide(item_);
}

Decision Record::Decide(Aspect aspect, Symbol assessment, Symbol section) {
  Decision decision = DecideOnly(aspect, assessment, section);
  if (decision.effect != Effect::kShow) AddMissing(aspect, assessment, section, decision);
  return decision;
}

void Record::AddMissing(Aspect aspect, Symbol assessment, Symbol section, Decision& decision) {
  item_.aspect = aspect;
  item_.assessment = assessment;
  item_.section = section;
  if (wants_ == nullptr || !asking_.rows_->usable() || static_cast<int>(aspect) >= kAspectCount) {
    decision.missing |= Evaluation(policy_, question_, item_).WhatWasMissing();
    return;
  }
  if (!could_.has_value()) could_.emplace(*wants_, question_);
  if (!could_about_.has_value()) could_about_.emplace(*wants_, *could_, item_);
  decision.missing |=
      policy_.engine->WhatWasMissing(*asking_.rows_, about_->about_, *could_, *could_about_, item_);
}

bool Record::Shows(Aspect aspect) {
  std::optional<bool>& known = aspect == Aspect::kExistence ? existence_shown_ : agency_shown_;
  if (!known.has_value()) known = DecideOnly(aspect).effect == Effect::kShow;
  return *known;
}

}  // namespace signpost::policy
