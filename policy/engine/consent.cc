#include "policy/engine/consent.h"

#include <algorithm>

#include "policy/check.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;

// A consent's list of words against one: empty is no constraint.
Tri Listed(absl::Span<const Symbol> list, Symbol symbol) {
  if (list.empty()) return Tri::kYes;
  Tri result = Tri::kNo;
  for (const Symbol entry : list) result = Or(result, Same(entry, symbol));
  return result;
}

// No consent has all states, so this marks one of which it is not known how it stands.
constexpr uint32_t kStatesUnknown = 0xffffffff;

// The bits of whoever gave a consent; 0 where that is not known.
uint32_t GrantorBits(Grantor grantor) {
  switch (grantor) {
    case Grantor::kSelf:
    case Grantor::kSelfCompetent:
      return Bit(grantor) | kByYoungPersonBit;
    case Grantor::kParentalResponsibility:
    case Grantor::kCourt:
    case Grantor::kAuthority:
      return Bit(grantor) | kByAnotherBit;
    case Grantor::kUnspecified:
      break;
  }
  return 0;
}

// Which birthday of the young person ends what somebody of these bits said: its first second.
// kNeverS where the policy names none for them, kUnknownS where it is not known when.
int64_t BirthdayThatEnds(uint32_t by, const Birthdays& birthdays) {
  if ((by & birthdays.ends_at_16) != 0) return birthdays.sixteen_from_s;
  if ((by & birthdays.ends_at_18) != 0) return birthdays.adult_from_s;
  return kNeverS;
}

// A birthday ends a no, and a yes that was taken back, as it ends a yes: from then on the young
// person's own word is asked for. It does so whatever other end there is. A withdrawal has no
// other.
uint32_t StatesOf(const ConsentFact& consent, const Birthdays& birthdays, int64_t now_s) {
  const uint32_t by = GrantorBits(consent.grantor);
  if (by == 0 || consent.matter == ConsentMatter::kUnspecified ||
      consent.matter > ConsentMatter::kService) {
    return kStatesUnknown;
  }
  uint32_t states = by | Bit(consent.matter);
  if (consent.is_explicit) states |= Bit(ConsentState::kExplicit);
  const int64_t birthday_s = BirthdayThatEnds(by, birthdays);
  const bool perhaps_grown_up = birthday_s == kUnknownS;
  const bool grown_up = !perhaps_grown_up && now_s >= birthday_s;
  switch (consent.decision) {
    case ConsentDecision::kGiven:
      if (now_s >= consent.until_s || grown_up) return states | Bit(ConsentState::kExpired);
      if (perhaps_grown_up) return kStatesUnknown;
      if (consent.from_s <= now_s) states |= Bit(ConsentState::kInForce);
      return states;
    case ConsentDecision::kRefused:
      if (now_s >= consent.until_s || grown_up) return states;
      if (perhaps_grown_up) return kStatesUnknown;
      if (consent.from_s <= now_s) states |= Bit(ConsentState::kRefused);
      return states;
    case ConsentDecision::kWithdrawn:
      if (grown_up) return states;
      return perhaps_grown_up ? kStatesUnknown : states | Bit(ConsentState::kWithdrawn);
  }
  return kStatesUnknown;
}

}  // namespace

// An exception carves out of what it stands in, and may itself have exceptions. So `result` says
// what is known of the scope alone, and each exception takes away what it covers; one of which it
// is not known whether it covers leaves the whole unknown, which satisfies hides and no show.
Tri Covers(const ConsentScope& scope, const CoverFacts& facts, int depth) {
  if (depth > kConsentNestingMax) return Tri::kUnknown;
  Tri result = Listed(scope.agencies, facts.agency);
  result = And(result, Listed(scope.agency_kinds, facts.agency_kind));
  result = And(result, Listed(scope.roles, facts.role));
  result = And(result, Listed(scope.holders, facts.holder));
  result = And(result, Listed(scope.services, facts.service));
  if (!scope.assessments.empty()) {
    const bool apt = facts.aspect == Aspect::kAssessment || facts.aspect == Aspect::kContent;
    result = And(result, apt ? Listed(scope.assessments, facts.assessment) : Tri::kNo);
  }
  if (!scope.sections.empty()) {
    const bool apt = facts.aspect == Aspect::kContent;
    result = And(result, apt ? Listed(scope.sections, facts.section) : Tri::kNo);
  }
  if (!scope.aspects.empty()) {
    result = And(result, Known(std::find(scope.aspects.begin(), scope.aspects.end(),
                                         facts.aspect) != scope.aspects.end()));
  }
  if (!scope.purposes.empty()) {
    const bool named = std::find(scope.purposes.begin(), scope.purposes.end(), facts.purpose) !=
                       scope.purposes.end();
    result = And(result, facts.purpose == Purpose::kUnspecified ? Tri::kUnknown : Known(named));
  }
  for (const ConsentScope& exception : scope.exceptions) {
    if (result == Tri::kNo) return result;
    result = And(result, Not(Covers(exception, facts, depth + 1)));
  }
  return result;
}

int64_t EndOf(const ConsentFact& consent, const Birthdays& birthdays) {
  const int64_t birthday_s = BirthdayThatEnds(GrantorBits(consent.grantor), birthdays);
  return birthday_s == kUnknownS ? kUnknownS : std::min(consent.until_s, birthday_s);
}

void JudgeConsents(const CoverFacts& facts, absl::Span<const ConsentFact> consents, int64_t now_s,
                   ConsentStanding& standing) {
  SIGNPOST_POLICY_CHECK(consents.size() <= static_cast<size_t>(kConsentsPerItemMax));
  for (size_t i = 0; i < consents.size(); ++i) {
    standing.covers[i] = Covers(consents[i].scope, facts, 0);
    standing.states[i] = StatesOf(consents[i], facts.birthdays, now_s);
  }
}

// "Not asked" is the only state that no single consent can have: it holds where none covers.
Tri ConsentHolds(uint32_t states, size_t count, const ConsentStanding& standing) {
  const bool not_asked = (states & Bit(ConsentState::kNotAsked)) != 0;
  states &= ~Bit(ConsentState::kNotAsked);
  Tri found = Tri::kNo;
  for (size_t i = 0; i < count; ++i) {
    if (standing.states[i] == kStatesUnknown) {
      found = Or(found, And(standing.covers[i], Tri::kUnknown));
    } else if ((standing.states[i] & states) == states) {
      found = Or(found, standing.covers[i]);
    }
  }
  return not_asked ? Not(found) : found;
}

// Several consents may open the same show. The one that lasts longest is named, so that a reader
// who is told when it ends is not asked again too early; of those that last as long, the first.
void ConsentUsed(const BoundStatement& statement, absl::Span<const ConsentFact> consents,
                 const ConsentStanding& standing, int32_t& best) {
  for (const Condition& condition : statement.when) {
    if (condition.about != Condition::About::kConsent) continue;
    const uint32_t states = condition.consent_states;
    constexpr uint32_t kRestsOn = Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing);
    if ((states & kRestsOn) != kRestsOn) continue;
    for (size_t i = 0; i < consents.size(); ++i) {
      if ((standing.states[i] & states) != states || standing.states[i] == kStatesUnknown ||
          standing.covers[i] != Tri::kYes) {
        continue;
      }
      const auto one = static_cast<int32_t>(i);
      const int64_t end_s = best == kNoConsent ? 0 : consents[static_cast<size_t>(best)].until_s;
      if (best == kNoConsent || consents[i].until_s > end_s ||
          (consents[i].until_s == end_s && one < best)) {
        best = one;
      }
    }
  }
}

}  // namespace signpost::policy
