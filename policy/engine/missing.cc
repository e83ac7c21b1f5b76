// What would have to be otherwise for an item to be shown: the dear half of a hide, worked out only
// where somebody will read it.

#include "policy/engine/evaluation.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

}  // namespace

// What it takes for `condition` to be `wanted`, where it is not.
Ways Evaluation::RequiredToHold(const Condition& condition, bool wanted) {
  const Tri value = Holds(condition);
  if (value == Known(wanted)) return Ways::Nothing();
  // By default only a fact that is not known can come out as wanted: the worker cannot change one
  // that is, such as that the person is shielded. Below is what somebody can do something about.
  const Ways found_out = value == Tri::kUnknown ? Ways::Of(Bit(Missing::kFacts)) : Ways::None();
  switch (condition.about) {
    case Condition::About::kConsent: {
      const uint32_t states = condition.consent_states;
      const bool in_force = (states & Bit(ConsentState::kInForce)) != 0;
      constexpr uint32_t kOthers = kByAnotherBit | Bit(Grantor::kParentalResponsibility) |
                                   Bit(Grantor::kCourt) | Bit(Grantor::kAuthority);
      if ((states & kOthers) != 0 && wanted == in_force) {
        return Ways::Of(Bit(Missing::kOthersConsent));
      }
      if (wanted && in_force) {
        const bool is_explicit = (states & Bit(ConsentState::kExplicit)) != 0;
        return Ways::Of(Bit(is_explicit ? Missing::kExplicitConsent : Missing::kConsent));
      }
      if (!wanted && !in_force) return Ways::Of(Bit(Missing::kConsent));
      return found_out;
    }
    case Condition::About::kPurpose:
      return Ways::Of(Bit(Missing::kPurpose));
    case Condition::About::kRelationship:
      if (wanted == condition.negated) return found_out;
      return Ways::Of(Bit(condition.relationships == Bit(Relationship::kSettledInvolvement)
                              ? Missing::kSettled
                              : Missing::kRelationship));
    default:
      return found_out;
  }
}

// What a show or broker would need to speak; only where it is about this item at all.
Ways Evaluation::RequiredToSpeak(const BoundRule& rule, const BoundStatement& statement) {
  const Tri about = And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)),
                        MatchParties(rule));
  if (about == Tri::kNo) return Ways::None();
  uint32_t lacks = GatewayLacks(rule);
  if (about == Tri::kUnknown) lacks |= Bit(Missing::kFacts);
  if (MatchAskers(statement.askers, false, false) != Tri::kYes) {
    if (MatchAskers(statement.askers, true, false) == Tri::kYes) {
      lacks |= Bit(Missing::kPractitioner);
    } else if (MatchAskers(statement.askers, true, true) == Tri::kYes) {
      lacks |= Bit(Missing::kPurpose);
    } else if (MatchAskers(statement.askers, true, true) == Tri::kUnknown) {
      lacks |= Bit(Missing::kFacts);
    } else {
      return Ways::None();
    }
  }
  if (!AgreementInForce(rule)) lacks |= Bit(Missing::kAgreement);
  if (PersonNeeded()) lacks |= Bit(Missing::kPractitioner);
  Ways needed = Ways::Of(lacks);
  for (const Condition& condition : statement.when) needed.Both(RequiredToHold(condition, true));
  for (const Conditions& conditions : statement.unless) {
    if (HoldAll(conditions) == Tri::kNo) continue;
    Ways ways = Ways::None();
    for (const Condition& condition : conditions) ways.Either(RequiredToHold(condition, false));
    needed.Both(ways);
  }
  return needed;
}

// What it takes for a hide that applies to fall silent.
Ways Evaluation::RequiredToBeSilent(const BoundRule& rule, const BoundStatement& statement) {
  const Tri selected = And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)),
                           And(MatchesAskers(statement.askers), MatchParties(rule)));
  Ways ways = selected == Tri::kUnknown ? Ways::Of(Bit(Missing::kFacts)) : Ways::None();
  for (const Condition& condition : statement.when) ways.Either(RequiredToHold(condition, false));
  for (const Conditions& conditions : statement.unless) {
    Ways all = Ways::Nothing();
    for (const Condition& condition : conditions) all.Both(RequiredToHold(condition, true));
    ways.Either(all);
  }
  return ways;
}

Lacks Evaluation::WhatWasMissing() {
  if (static_cast<int>(item_.aspect) >= kAspectCount) return Lacks{Bit(Missing::kFacts), 0};
  if (question_.now_s < policy_.in_force_s) return Lacks{Bit(Missing::kPolicy), 0};
  Ways hides = Ways::Nothing();
  Ways shows = Ways::None();
  for (const BoundRule& rule : policy_.rules) {
    for (const BoundStatement& statement : rule.statements) {
      if (statement.effect == Effect::kHide) {
        if (Matches(rule, statement) != Tri::kNo) hides.Both(RequiredToBeSilent(rule, statement));
      } else if (statement.effect == Effect::kShow) {
        shows.Either(RequiredToSpeak(rule, statement));
      }
    }
  }
  // Where a hide cannot be answered, or nothing could show it, naming a lack would mislead: then
  // there is no way, and nothing is told.
  shows.Both(hides);
  return shows.Tell();
}

}  // namespace signpost::policy
