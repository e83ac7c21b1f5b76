// What would have to be otherwise for an item to be shown: the dear half of a hide, worked out only
// where somebody will read it.

#include "policy/engine/evaluation.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

int CountBits(uint32_t bits) {
  int count = 0;
  for (; bits != 0; bits &= bits - 1) ++count;
  return count;
}

}  // namespace

void Evaluation::Requirement::Add(const Requirement& other) {
  possible = possible && other.possible;
  bits |= other.bits;
}

// Of two ways the one that asks for less is told. Where both ask for as much, both are: choosing
// one would make the answer depend on the order of rules.
void Evaluation::Requirement::Either(const Requirement& other) {
  if (!other.possible) return;
  const int mine = CountBits(bits);
  const int theirs = CountBits(other.bits);
  if (!possible || theirs < mine) {
    *this = other;
  } else if (theirs == mine) {
    bits |= other.bits;
  }
}

// What it takes for `condition` to be `wanted`, where it is not.
Evaluation::Requirement Evaluation::RequiredToHold(const Condition& condition, bool wanted) {
  const Tri value = Holds(condition);
  Requirement needed;
  if (value == Known(wanted)) return needed;
  // By default only a fact that is not known can come out as wanted: the worker cannot change one
  // that is, such as that the person is shielded. Below is what somebody can do something about.
  needed.possible = value == Tri::kUnknown;
  if (needed.possible) needed.bits = Bit(Missing::kFacts);
  switch (condition.about) {
    case Condition::About::kConsent: {
      const uint32_t states = condition.consent_states;
      const bool in_force = (states & Bit(ConsentState::kInForce)) != 0;
      constexpr uint32_t kOthers = kByAnotherBit | Bit(Grantor::kParentalResponsibility) |
                                   Bit(Grantor::kCourt) | Bit(Grantor::kAuthority);
      if ((states & kOthers) != 0 && wanted == in_force) {
        return Requirement{true, Bit(Missing::kOthersConsent)};
      }
      if (wanted && in_force) {
        const bool is_explicit = (states & Bit(ConsentState::kExplicit)) != 0;
        return Requirement{true, Bit(is_explicit ? Missing::kExplicitConsent : Missing::kConsent)};
      }
      if (!wanted && !in_force) return Requirement{true, Bit(Missing::kConsent)};
      return needed;
    }
    case Condition::About::kPurpose:
      return Requirement{true, Bit(Missing::kPurpose)};
    case Condition::About::kRelationship:
      if (wanted != condition.negated) return Requirement{true, Bit(Missing::kRelationship)};
      return needed;
    default:
      return needed;
  }
}

// What a show or broker would need to speak; only where it is about this item at all.
Evaluation::Requirement Evaluation::RequiredToSpeak(const BoundRule& rule,
                                                    const BoundStatement& statement) {
  Requirement needed;
  const Tri about = And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)),
                        MatchParties(rule));
  if (about == Tri::kNo) return Requirement{false, 0};
  if (about == Tri::kUnknown) needed.bits |= Bit(Missing::kFacts);
  if (MatchAskers(statement.askers, false, false) != Tri::kYes) {
    if (MatchAskers(statement.askers, true, false) == Tri::kYes) {
      needed.bits |= Bit(Missing::kPractitioner);
    } else if (MatchAskers(statement.askers, true, true) == Tri::kYes) {
      needed.bits |= Bit(Missing::kPurpose);
    } else if (MatchAskers(statement.askers, true, true) == Tri::kUnknown) {
      needed.bits |= Bit(Missing::kFacts);
    } else {
      return Requirement{false, 0};
    }
  }
  for (const Condition& condition : statement.when) needed.Add(RequiredToHold(condition, true));
  for (const Conditions& conditions : statement.unless) {
    if (HoldAll(conditions) == Tri::kNo) continue;
    Requirement ways{false, 0};
    for (const Condition& condition : conditions) ways.Either(RequiredToHold(condition, false));
    needed.Add(ways);
  }
  if (!AgreementInForce(rule)) needed.bits |= Bit(Missing::kAgreement);
  needed.bits |= GatewayLacks(rule);
  if (PersonNeeded()) needed.bits |= Bit(Missing::kPractitioner);
  return needed;
}

// What it takes for a hide that applies to fall silent.
Evaluation::Requirement Evaluation::RequiredToBeSilent(const BoundRule& rule,
                                                       const BoundStatement& statement) {
  Requirement ways{false, 0};
  const Tri selected = And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)),
                           And(MatchesAskers(statement.askers), MatchParties(rule)));
  if (selected == Tri::kUnknown) ways = Requirement{true, Bit(Missing::kFacts)};
  for (const Condition& condition : statement.when) ways.Either(RequiredToHold(condition, false));
  for (const Conditions& conditions : statement.unless) {
    Requirement all;
    for (const Condition& condition : conditions) all.Add(RequiredToHold(condition, true));
    ways.Either(all);
  }
  return ways;
}

uint32_t Evaluation::WhatWasMissing() {
  if (static_cast<int>(item_.aspect) >= kAspectCount) return Bit(Missing::kFacts);
  if (question_.now_s < policy_.in_force_s) return Bit(Missing::kPolicy);
  Requirement hides;
  Requirement shows{false, 0};
  for (const BoundRule& rule : policy_.rules) {
    for (const BoundStatement& statement : rule.statements) {
      if (statement.effect == Effect::kHide) {
        if (Matches(rule, statement) != Tri::kNo) hides.Add(RequiredToBeSilent(rule, statement));
      } else if (statement.effect == Effect::kShow) {
        shows.Either(RequiredToSpeak(rule, statement));
      }
    }
  }
  // Where a hide cannot be answered, or nothing could show it, naming a lack would mislead.
  if (!hides.possible || !shows.possible) return 0;
  return hides.bits | shows.bits;
}

}  // namespace signpost::policy
