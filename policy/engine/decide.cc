#include <algorithm>

#include "policy/engine/engine.h"
#include "policy/engine/prepared_question.h"
#include "policy/engine/program.h"
#include "policy/engine/record_evaluator.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// A value from outside that is no Tri is unknown.
Tri Checked(Tri value) { return value == Tri::kYes || value == Tri::kNo ? value : Tri::kUnknown; }

Tri Same(Symbol a, Symbol b) {
  if (a == kNoSymbol || b == kNoSymbol) return Tri::kUnknown;
  return Known(a == b);
}

Symbol InRange(Symbol symbol, const SymbolTable& table) {
  return symbol < table.size() ? symbol : kNoSymbol;
}

// A consent's list of words against one: empty is no constraint.
Tri Listed(absl::Span<const Symbol> list, Symbol symbol) {
  if (list.empty()) return Tri::kYes;
  Tri result = Tri::kNo;
  for (const Symbol entry : list) result = Or(result, Same(entry, symbol));
  return result;
}

constexpr uint32_t StateBit(ConsentState state) { return Bit(state); }

constexpr uint32_t kStatesUnknown =
    0xffffffff;  // no consent has all states, so this marks a faulty one

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

// `end_s` is when a yes ends. A no ends only when it says: growing up never shows more.
uint32_t StatesOf(const ConsentFact& consent, int64_t end_s, int64_t now_s) {
  const uint32_t by = GrantorBits(consent.grantor);
  if (by == 0 || consent.matter == ConsentMatter::kUnspecified ||
      consent.matter > ConsentMatter::kService) {
    return kStatesUnknown;
  }
  uint32_t states = by | Bit(consent.matter);
  if (consent.is_explicit) states |= StateBit(ConsentState::kExplicit);
  switch (consent.decision) {
    case ConsentDecision::kGiven:
      if (now_s >= consent.until_s || (end_s != kUnknownS && now_s >= end_s)) {
        return states | StateBit(ConsentState::kExpired);
      }
      if (end_s == kUnknownS) return kStatesUnknown;
      if (consent.from_s <= now_s) states |= StateBit(ConsentState::kInForce);
      return states;
    case ConsentDecision::kRefused:
      if (consent.from_s <= now_s && now_s < consent.until_s) {
        states |= StateBit(ConsentState::kRefused);
      }
      return states;
    case ConsentDecision::kWithdrawn:
      return states | StateBit(ConsentState::kWithdrawn);
  }
  return kStatesUnknown;
}

int CountBits(uint32_t bits) {
  int count = 0;
  for (; bits != 0; bits &= bits - 1) ++count;
  return count;
}

constexpr uint32_t AspectBit(Aspect aspect) { return 1u << static_cast<unsigned>(aspect); }

void Note(Decision& decision, size_t rule) {
  if (decision.rule_count < kDecidingRulesMax) {
    decision.rules[decision.rule_count] = static_cast<RuleIndex>(rule);
  }
  ++decision.rule_count;
}

Gateway GatewayOf(OverrideGround ground) {
  switch (ground) {
    case OverrideGround::kExpressConsent:
      return Gateway::kConsent;
    case OverrideGround::kLegalDuty:
      return Gateway::kCa1989S47;
    case OverrideGround::kVitalInterests:
      return Gateway::kVitalInterests;
    case OverrideGround::kPublicInterest:
      return Gateway::kPublicInterest;
    case OverrideGround::kNone:
      break;
  }
  return Gateway::kNone;
}

}  // namespace

Tri And(Tri a, Tri b) {
  if (a == Tri::kNo || b == Tri::kNo) return Tri::kNo;
  return a == Tri::kYes && b == Tri::kYes ? Tri::kYes : Tri::kUnknown;
}

Tri Or(Tri a, Tri b) {
  if (a == Tri::kYes || b == Tri::kYes) return Tri::kYes;
  return a == Tri::kNo && b == Tri::kNo ? Tri::kNo : Tri::kUnknown;
}

Tri Not(Tri a) {
  if (a == Tri::kYes) return Tri::kNo;
  return a == Tri::kNo ? Tri::kYes : Tri::kUnknown;
}

namespace {

// The team of a standing where it has a say: its members' agency asks, inside its purposes.
const TeamData* TeamWithSay(const PolicyImpl& policy, const TeamStanding& standing, Symbol agency,
                            Purpose purpose) {
  if (standing.team == kNoSymbol || standing.team >= policy.team_data.size()) return nullptr;
  const TeamData& team = policy.team_data[standing.team];
  const bool inside = purpose != Purpose::kUnspecified &&
                      (team.purposes & (1u << static_cast<unsigned>(purpose))) != 0;
  return inside && team.agencies.Has(agency) ? &team : nullptr;
}

}  // namespace

void AddTeamRelationships(const PolicyImpl& policy, const Question& question, Symbol agency,
                          Purpose purpose, uint8_t& yes, uint8_t& unknown) {
  for (const TeamStanding& standing : question.teams) {
    if (TeamWithSay(policy, standing, agency, purpose) == nullptr) continue;
    yes |= standing.relationships.yes;
    unknown |= standing.relationships.unknown;
    if (standing.relationships.yes != 0) {
      yes |= Bit(Relationship::kTeamMember);
    } else if (standing.relationships.unknown != 0) {
      unknown |= Bit(Relationship::kTeamMember);
    }
  }
}

bool TeamActsForAuthority(const PolicyImpl& policy, const Question& question, Symbol agency,
                          Purpose purpose) {
  return std::any_of(question.teams.begin(), question.teams.end(), [&](const TeamStanding& one) {
    const TeamData* team = TeamWithSay(policy, one, agency, purpose);
    return team != nullptr && team->has_relevant_authority;
  });
}

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

int64_t EndOf(const ConsentFact& consent, uint32_t ends_at_18, int64_t adult_from_s) {
  if ((GrantorBits(consent.grantor) & ends_at_18) == 0) return consent.until_s;
  return adult_from_s == kUnknownS ? kUnknownS : std::min(consent.until_s, adult_from_s);
}

void JudgeConsents(const CoverFacts& facts, absl::Span<const ConsentFact> consents, int64_t now_s,
                   ConsentStanding& standing) {
  for (size_t i = 0; i < consents.size(); ++i) {
    standing.covers[i] = Covers(consents[i].scope, facts, 0);
    const int64_t end_s = EndOf(consents[i], facts.ends_at_18, facts.adult_from_s);
    standing.states[i] = StatesOf(consents[i], end_s, now_s);
  }
}

Tri ConsentHolds(uint32_t states, size_t count, const ConsentStanding& standing) {
  const bool not_asked = (states & StateBit(ConsentState::kNotAsked)) != 0;
  states &= ~StateBit(ConsentState::kNotAsked);
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

int32_t ConsentUsed(const BoundStatement& statement, absl::Span<const ConsentFact> consents,
                    const ConsentStanding& standing) {
  int32_t best = kNoConsent;
  for (const Condition& condition : statement.when) {
    if (condition.about != Condition::About::kConsent) continue;
    const uint32_t states = condition.consent_states;
    constexpr uint32_t kRestsOn = StateBit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing);
    if ((states & kRestsOn) != kRestsOn) continue;
    for (size_t i = 0; i < consents.size(); ++i) {
      if ((standing.states[i] & states) != states || standing.states[i] == kStatesUnknown ||
          standing.covers[i] != Tri::kYes) {
        continue;
      }
      if (best == kNoConsent || consents[i].until_s > consents[static_cast<size_t>(best)].until_s) {
        best = static_cast<int32_t>(i);
      }
    }
  }
  return best;
}

void SymbolSet::Add(Symbol symbol) {
  if (symbol >= bits_.size()) bits_.resize(static_cast<size_t>(symbol) + 1, 0);
  if (bits_[symbol] == 0) ++count_;
  bits_[symbol] = 1;
}

Tri SymbolSet::Admits(Symbol symbol) const {
  if (empty()) return Tri::kYes;
  return symbol == kNoSymbol ? Tri::kUnknown : Known(Has(symbol));
}

Evaluation::Evaluation(const PolicyImpl& policy, const Question& question, const Item& item)
    : policy_(policy),
      question_(question),
      item_(item),
      purpose_(static_cast<int>(question.purpose) <= static_cast<int>(Purpose::kAudit)
                   ? question.purpose
                   : Purpose::kUnspecified),
      practitioner_(Checked(question.is_practitioner)),
      relationships_yes_(question.relationships.yes),
      relationships_unknown_(question.relationships.unknown) {
  question_.agency = InRange(question.agency, policy.agencies);
  question_.role = InRange(question.role, policy.roles);
  item_.holder = InRange(item.holder, policy.agencies);
  item_.service = InRange(item.service, policy.services);
  item_.assessment = InRange(item.assessment, policy.assessments);
  item_.section = InRange(item.section, policy.sections);
  asker_kind_ = policy.agency_data[question_.agency].kind;
  asker_acts_for_authority_ = policy.agency_data[question_.agency].relevant_authority;
  holder_kind_ = policy.agency_data[item_.holder].kind;
  AddTeamRelationships(policy, question_, question_.agency, purpose_, relationships_yes_,
                       relationships_unknown_);
  if (TeamActsForAuthority(policy, question_, question_.agency, purpose_)) {
    asker_acts_for_authority_ = true;
  }
  consents_usable_ = item.consents_known == Tri::kYes &&
                     item.consents.size() <= static_cast<size_t>(kConsentsPerItemMax);
  if (!consents_usable_) return;
  JudgeConsents(CoverFacts{question_.agency, asker_kind_, question_.role, item_.holder,
                           item_.service, item_.assessment, item_.section, item_.aspect, purpose_,
                           item_.adult_from_s, policy.ends_at_18},
                item.consents, question.now_s, standing_);
}

Tri Evaluation::ConsentHolds(uint32_t states) const {
  if (!consents_usable_) return Tri::kUnknown;
  return policy::ConsentHolds(states, item_.consents.size(), standing_);
}

Tri Evaluation::Holds(const Condition& condition) {
  Tri value = Tri::kUnknown;
  switch (condition.about) {
    case Condition::About::kConsent:
      return ConsentHolds(condition.consent_states);
    case Condition::About::kPurpose:
      if (purpose_ != Purpose::kUnspecified) {
        value = Known((condition.purposes & (1u << static_cast<unsigned>(purpose_))) != 0);
      }
      break;
    case Condition::About::kRelationship:
      if ((relationships_yes_ & condition.relationships) != 0) {
        value = Tri::kYes;
      } else if ((relationships_unknown_ & condition.relationships) == 0) {
        value = Tri::kNo;
      }
      break;
    case Condition::About::kShielded:
      value = Checked(item_.shielded);
      break;
    case Condition::About::kOpen:
      value = Checked(item_.open);
      break;
    case Condition::About::kDisputed:
      value = Checked(item_.disputed);
      break;
    case Condition::About::kNewIdentity:
      value = Checked(item_.new_identity);
      break;
    case Condition::About::kSpentOffence:
      value = Checked(item_.spent_offence);
      break;
    case Condition::About::kNamesVictim:
      value = Checked(item_.names_victim);
      break;
  }
  return condition.negated ? Not(value) : value;
}

Tri Evaluation::HoldAll(const Conditions& conditions) {
  Tri result = Tri::kYes;
  for (const Condition& condition : conditions) {
    result = And(result, Holds(condition));
    if (result == Tri::kNo) break;
  }
  return result;
}

Tri Evaluation::MatchPhrase(const BoundAskerPhrase& phrase, bool assume_practitioner,
                            bool assume_purpose) {
  if (phrase.team != kNoSymbol) {
    const TeamData& team = policy_.team_data[phrase.team];
    Tri purpose = Tri::kUnknown;
    if (assume_purpose) {
      purpose = Tri::kYes;
    } else if (purpose_ != Purpose::kUnspecified) {
      purpose = Known((team.purposes & (1u << static_cast<unsigned>(purpose_))) != 0);
    }
    Tri member = Tri::kNo;
    for (const TeamStanding& standing : question_.teams) {
      member = Or(member, Same(InRange(standing.team, policy_.teams), phrase.team));
    }
    return And(member, And(purpose, team.agencies.Admits(question_.agency)));
  }
  Tri result = Tri::kYes;
  if (phrase.agency != kNoSymbol) result = And(result, Same(question_.agency, phrase.agency));
  if (phrase.kind != kNoSymbol) result = And(result, Same(asker_kind_, phrase.kind));
  if (phrase.role != kNoSymbol) result = And(result, Same(question_.role, phrase.role));
  if (phrase.holder) result = And(result, Same(question_.agency, item_.holder));
  if (phrase.relevant_authority) {
    const AgencyData& asker = policy_.agency_data[question_.agency];
    result = And(result,
                 question_.agency == kNoSymbol ? Tri::kUnknown : Known(asker.relevant_authority));
  }
  if (phrase.practitioner && !assume_practitioner) result = And(result, practitioner_);
  if (phrase.system) result = And(result, Not(practitioner_));
  return result;
}

Tri Evaluation::MatchAskers(const BoundAskers& askers, bool assume_practitioner,
                            bool assume_purpose) {
  Tri result = askers.everyone ? Tri::kYes : Tri::kNo;
  for (const BoundAskerPhrase& phrase : askers.any) {
    result = Or(result, MatchPhrase(phrase, assume_practitioner, assume_purpose));
  }
  for (const BoundAskerPhrase& phrase : askers.except) {
    if (result == Tri::kNo) break;
    // Nothing is assumed in an exception: assuming more would exempt more.
    result = And(result, Not(MatchPhrase(phrase, false, false)));
  }
  return result;
}

Tri Evaluation::MatchesItems(const BoundItems& items) const {
  Tri result = items.everything ? Tri::kYes : Tri::kNo;
  if (!items.services.empty()) result = Or(result, items.services.Admits(item_.service));
  if (!items.agencies.empty()) result = Or(result, items.agencies.Admits(item_.holder));
  if (items.marked_sensitive) result = Or(result, Checked(item_.marked_sensitive));
  if (!items.held_by_agencies.empty() || !items.held_by_kinds.empty()) {
    Tri held = Tri::kNo;
    if (!items.held_by_agencies.empty()) held = items.held_by_agencies.Admits(item_.holder);
    if (!items.held_by_kinds.empty()) held = Or(held, items.held_by_kinds.Admits(holder_kind_));
    result = And(result, held);
  }
  return result;
}

Tri Evaluation::MatchesAspects(const BoundAspects& aspects) const {
  if ((aspects.mask & AspectBit(item_.aspect)) == 0) return Tri::kNo;
  Tri result = Tri::kYes;
  if (item_.aspect == Aspect::kAssessment || item_.aspect == Aspect::kContent) {
    result = aspects.assessments.Admits(item_.assessment);
  }
  if (item_.aspect == Aspect::kContent && aspects.section_mode != syntax::Sections::kAll) {
    const Tri listed = aspects.sections.Admits(item_.section);
    result = And(result, aspects.section_mode == syntax::Sections::kOnly ? listed : Not(listed));
  }
  return result;
}

Tri Evaluation::MatchParties(const BoundRule& rule) const {
  if (rule.agreement == kNoAgreement) return Tri::kYes;
  const BoundAgreement& agreement = policy_.agreements[static_cast<size_t>(rule.agreement)];
  return And(
      And(agreement.parties.Admits(question_.agency), agreement.parties.Admits(item_.holder)),
      Not(Same(question_.agency, item_.holder)));
}

bool Evaluation::AgreementInForce(const BoundRule& rule) const {
  if (rule.agreement == kNoAgreement) return true;
  const BoundAgreement& agreement = policy_.agreements[static_cast<size_t>(rule.agreement)];
  return agreement.from_s <= question_.now_s && question_.now_s < agreement.until_s;
}

uint32_t Evaluation::GatewayLacks(const BoundRule& rule) const {
  uint32_t lacks = 0;
  switch (rule.basis) {
    case Gateway::kNone:
      return Bit(Missing::kGateway);
    case Gateway::kCda1998S115: {
      bool chosen = false;
      if (rule.agreement != kNoAgreement) {
        for (const auto& [holder, gateway] :
             policy_.agreements[static_cast<size_t>(rule.agreement)].choices) {
          chosen |= gateway == rule.basis && holder == item_.holder && holder != kNoSymbol;
        }
      }
      if (!chosen || !asker_acts_for_authority_) lacks |= Bit(Missing::kGateway);
      if (question_.necessity_stated != Tri::kYes) lacks |= Bit(Missing::kNecessity);
      return lacks;
    }
    case Gateway::kCa1989S47:
      return purpose_ == Purpose::kSafeguarding ? 0 : Bit(Missing::kPurpose);
    case Gateway::kOwnRecord:
      return Same(question_.agency, item_.holder) == Tri::kYes ? 0 : Bit(Missing::kGateway);
    default:
      return 0;
  }
}

bool Evaluation::PersonNeeded() const {
  return (item_.aspect == Aspect::kContact || item_.aspect == Aspect::kContent) &&
         practitioner_ != Tri::kYes;
}

Tri Evaluation::Matches(const BoundRule& rule, const BoundStatement& statement) {
  Tri result = MatchesAspects(statement.aspects);
  if (result == Tri::kNo) return result;
  result = And(result, MatchesItems(statement.items));
  if (result == Tri::kNo) return result;
  result = And(result, MatchesAskers(statement.askers));
  if (result == Tri::kNo) return result;
  result = And(result, MatchParties(rule));
  result = And(result, HoldAll(statement.when));
  for (const Conditions& conditions : statement.unless) {
    if (result == Tri::kNo) break;
    result = And(result, Not(HoldAll(conditions)));
  }
  return result;
}

bool Evaluation::CouldSpeak(const BoundRule& rule) {
  if (rule.is_override) {
    return (rule.opens & AspectBit(item_.aspect)) != 0 &&
           MatchAskers(rule.askers, true, true) != Tri::kNo;
  }
  for (const BoundStatement& statement : rule.statements) {
    if (statement.effect == Effect::kHide) continue;
    if (And(MatchesAspects(statement.aspects), MatchesItems(statement.items)) != Tri::kNo &&
        MatchParties(rule) != Tri::kNo && MatchAskers(statement.askers, true, true) != Tri::kNo) {
      return true;
    }
  }
  return false;
}

std::vector<uint8_t> Evaluation::RulesThatMatter() {
  std::vector<uint8_t> matter(policy_.rules.size(), 0);
  for (size_t r = 0; r < policy_.rules.size(); ++r) {
    const BoundRule& rule = policy_.rules[r];
    matter[r] = rule.is_override ? 1 : 0;
    for (const BoundStatement& statement : rule.statements) {
      const Tri about = And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)),
                            And(MatchParties(rule), MatchesAskers(statement.askers)));
      if (about != Tri::kNo) matter[r] = 1;
    }
  }
  return matter;
}

std::string Evaluation::Signature() {
  std::string signature;
  const auto add = [&](Tri value) {
    signature += static_cast<char>('0' + static_cast<int>(value));
  };
  for (const BoundRule& rule : policy_.rules) {
    if (rule.is_override) {
      add(Known((rule.opens & AspectBit(item_.aspect)) != 0));
      add(MatchesAskers(rule.askers));
      continue;
    }
    const Tri parties = MatchParties(rule);
    const bool gateway = (GatewayLacks(rule) & Bit(Missing::kGateway)) == 0;
    for (const BoundStatement& statement : rule.statements) {
      const Tri about = And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)),
                            And(parties, MatchesAskers(statement.askers)));
      add(about);
      if (about != Tri::kNo) add(Known(gateway));
    }
  }
  add(Known(PersonNeeded()));
  add(practitioner_);
  add(Known(item_.aspect == Aspect::kExistence));  // the one aspect that can be brokered
  return signature;
}

bool Evaluation::Speaks(const BoundRule& rule, const BoundStatement& statement) {
  if (statement.effect == Effect::kHide || PersonNeeded()) return false;
  if (statement.effect == Effect::kBroker &&
      (item_.aspect != Aspect::kExistence || item_.brokerable != Tri::kYes)) {
    return false;
  }
  return AgreementInForce(rule) && GatewayLacks(rule) == 0 && Matches(rule, statement) == Tri::kYes;
}

Tri Evaluation::Hides(const BoundRule& rule) {
  Tri result = Tri::kNo;
  if (!rule.has_hide) return result;
  for (const BoundStatement& statement : rule.statements) {
    if (statement.effect == Effect::kHide) result = Or(result, Matches(rule, statement));
  }
  return result;
}

bool Evaluation::Softened(const BoundRule& rule) {
  for (const BoundStatement& statement : rule.statements) {
    if (statement.effect == Effect::kBroker && Speaks(rule, statement)) return true;
  }
  return false;
}

Decision Evaluation::Run(bool say_missing) {
  Decision decision;
  if (static_cast<int>(item_.aspect) >= kAspectCount) {
    decision.missing = Bit(Missing::kFacts);
    return decision;
  }
  if (question_.now_s < policy_.in_force_s) {
    decision.missing = Bit(Missing::kPolicy);
    return decision;
  }
  Decision hide;
  Decision broker;
  Decision show;
  for (size_t r = 0; r < policy_.rules.size(); ++r) {
    const BoundRule& rule = policy_.rules[r];
    if (rule.is_override || Skips(r)) continue;
    const Tri hides = Hides(rule);
    // Only a hide that is known to apply is softened. Were a perhaps enough, not knowing would show
    // the broker where knowing shows nothing.
    if ((hides == Tri::kYes || !rule.has_hide) && Softened(rule)) {
      Note(broker, r);
      broker.obligations |= rule.obligations;
      if (broker.rule_count == 1) {
        broker.gateway = rule.basis;
        broker.agreement = rule.agreement;
      }
    } else if (hides != Tri::kNo) {
      Note(hide, r);
    }
    for (const BoundStatement& statement : rule.statements) {
      if (statement.effect != Effect::kShow || !Speaks(rule, statement)) continue;
      Note(show, r);
      show.obligations |= rule.obligations;
      if (show.rule_count == 1) {
        show.gateway = rule.basis;
        show.agreement = rule.agreement;
        if (rule.basis == Gateway::kConsent)
          show.consent = ConsentUsed(statement, item_.consents, standing_);
      }
      break;  // a rule decides once
    }
  }
  if (hide.rule_count == 0 && broker.rule_count == 0 && show.rule_count > 0) {
    show.effect = Effect::kShow;
    show.by_default = false;
    return show;
  }
  if (hide.rule_count == 0 && broker.rule_count > 0) {
    broker.effect = Effect::kBroker;
    broker.by_default = false;
    decision = broker;
  } else {
    hide.by_default = hide.rule_count == 0;
    decision = hide;
  }
  if (question_.override_request.requested && TryOverride(decision)) return decision;
  if (say_missing) decision.missing |= WhatWasMissing();
  return decision;
}

// Leaves `decision` as it was, but for missing kOverride, where no override opens the item.
bool Evaluation::TryOverride(Decision& decision) {
  const OverrideRequest& request = question_.override_request;
  const Gateway gateway = GatewayOf(request.ground);
  const bool usable =
      request.reason_stated && gateway != Gateway::kNone && practitioner_ == Tri::kYes &&
      item_.holder != kNoSymbol && item_.service != kNoSymbol &&
      (gateway != Gateway::kCa1989S47 || purpose_ == Purpose::kSafeguarding) &&
      (gateway != Gateway::kConsent ||
       ConsentHolds(StateBit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing)) == Tri::kYes);
  Decision opened;
  for (size_t r = 0; usable && r < policy_.rules.size(); ++r) {
    const BoundRule& rule = policy_.rules[r];
    if (!rule.is_override || (rule.opens & AspectBit(item_.aspect)) == 0 ||
        (rule.grounds & (1u << static_cast<unsigned>(request.ground))) == 0 ||
        MatchesAskers(rule.askers) != Tri::kYes || HoldAll(rule.when) != Tri::kYes) {
      continue;
    }
    bool stopped = false;
    RuleIndex lifted = kNoRule;
    for (size_t h = 0; h < policy_.rules.size() && !stopped; ++h) {
      // A softened hide is still a hide here: an override that may not lift it gets the broker.
      if (Skips(h) || Hides(policy_.rules[h]) == Tri::kNo) continue;
      stopped = rule.lifts[h] == 0;
      if (lifted == kNoRule) lifted = static_cast<RuleIndex>(h);
    }
    if (stopped) continue;
    Note(opened, r);
    opened.obligations |= rule.obligations;
    opened.lifted_rule = lifted;
  }
  if (opened.rule_count == 0) {
    decision.missing |= Bit(Missing::kOverride);
    return false;
  }
  opened.effect = Effect::kShow;
  opened.by_default = false;
  opened.by_override = true;
  opened.gateway = gateway;
  decision = opened;
  return true;
}

void Evaluation::Requirement::Add(const Requirement& other) {
  possible = possible && other.possible;
  bits |= other.bits;
}

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
  needed.possible = value == Tri::kUnknown;
  if (needed.possible) needed.bits = Bit(Missing::kFacts);
  switch (condition.about) {
    case Condition::About::kConsent: {
      const uint32_t states = condition.consent_states;
      const bool in_force = (states & StateBit(ConsentState::kInForce)) != 0;
      constexpr uint32_t kOthers = kByAnotherBit | Bit(Grantor::kParentalResponsibility) |
                                   Bit(Grantor::kCourt) | Bit(Grantor::kAuthority);
      if ((states & kOthers) != 0 && wanted == in_force) {
        return Requirement{true, Bit(Missing::kOthersConsent)};
      }
      if (wanted && in_force) {
        const bool is_explicit = (states & StateBit(ConsentState::kExplicit)) != 0;
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

Decision Policy::Decide(const Question& question, const Item& item) const {
  RecordEvaluator record(*this, question);
  record.SetItem(item);
  return record.Decide(item.aspect, item.assessment, item.section);
}

Decision Policy::DecideOnly(const Question& question, const Item& item) const {
  return PreparedQuestion(*this, question).Decide(item);
}

PreparedQuestion::PreparedQuestion(const Policy& policy, const Question& question)
    : policy_(policy.impl()), question_(question), engine_(policy_.engine.get()) {
  if (engine_ != nullptr) rows_.emplace(*engine_, question);
}

Decision PreparedQuestion::Interpret(const Item& item) const {
  return Evaluation(policy_, question_, item).Run(false);
}

bool Policy::AlwaysShows(const Question& question, const PersonFacts& person, Symbol holder,
                         Symbol service, Aspect aspect) const {
  if (holder == kNoSymbol || holder >= impl_->agency_data.size()) return false;
  Item item;
  item.holder = holder;
  item.aspect = aspect;
  item.shielded = person.shielded;
  item.new_identity = person.new_identity;
  const PreparedQuestion prepared(*this, question);
  const auto shows = [&](Symbol one) {
    item.service = one;
    return prepared.Decide(item).effect == Effect::kShow;
  };
  if (service != kNoSymbol) return shows(service);
  const std::vector<Symbol>& services = impl_->agency_data[holder].services;
  if (!services.empty()) return std::all_of(services.begin(), services.end(), shows);
  if (impl_->services.size() <= 1) return false;
  for (size_t s = 1; s < impl_->services.size(); ++s) {
    if (!shows(static_cast<Symbol>(s))) return false;
  }
  return true;
}

}  // namespace signpost::policy
