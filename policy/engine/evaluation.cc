#include "policy/engine/evaluation.h"

#include <algorithm>

#include "policy/check.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

constexpr uint32_t AspectBit(Aspect aspect) { return 1u << static_cast<unsigned>(aspect); }

char Sign(Tri value) { return static_cast<char>('0' + static_cast<int>(value)); }

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
      // Which duty it is stands in the practitioner's words; none is to be made up here.
      break;
    case OverrideGround::kVitalInterests:
      return Gateway::kVitalInterests;
    case OverrideGround::kPublicInterest:
      return Gateway::kPublicInterest;
    case OverrideGround::kNone:
      break;
  }
  return Gateway::kNone;
}

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
    yes |= standing.relationships.yes & kTeamCanHave;
    unknown |= standing.relationships.unknown & kTeamCanHave;
    if ((standing.relationships.yes & kTeamCanHave & kWorkerInvolved) != 0) {
      yes |= Bit(Relationship::kTeamMember);
    } else if ((standing.relationships.unknown & kTeamCanHave & kWorkerInvolved) != 0) {
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

// Everything that several rules look at is worked out here: what kind of agency asks, which
// relationships count, how each consent stands.
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
  question_.agency = InRange(question.agency, policy.agencies.size());
  question_.role = InRange(question.role, policy.roles.size());
  item_.holder = InRange(item.holder, policy.agencies.size());
  item_.service = InRange(item.service, policy.services.size());
  item_.assessment = InRange(item.assessment, policy.assessments.size());
  item_.section = InRange(item.section, policy.sections.size());
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
                           BirthdaysOf(policy, item_)},
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
      member = Or(member, Same(InRange(standing.team, policy_.teams.size()), phrase.team));
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

// Whether the holder chooses, in the rule's agreement, to use the power that is the rule's basis.
bool Evaluation::HolderChooses(const BoundRule& rule) const {
  if (rule.agreement == kNoAgreement || item_.holder == kNoSymbol) return false;
  const BoundAgreement& agreement = policy_.agreements[static_cast<size_t>(rule.agreement)];
  return std::any_of(agreement.choices.begin(), agreement.choices.end(), [&](const auto& one) {
    return one.first == item_.holder && one.second == rule.basis;
  });
}

uint32_t Evaluation::GatewayLacks(const BoundRule& rule) const {
  uint32_t lacks = 0;
  switch (rule.basis) {
    case Gateway::kNone:
      return Bit(Missing::kGateway);
    case Gateway::kCda1998S115:
      if (!HolderChooses(rule) || !asker_acts_for_authority_) lacks |= Bit(Missing::kGateway);
      if (question_.necessity_stated != Tri::kYes) lacks |= Bit(Missing::kNecessity);
      return lacks;
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

// What is cheap and rules most statements out comes first. Leaving early is safe: nothing raises a
// conjunction that is kNo.
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

// People and purposes are assumed here, and facts of the item are not looked at: a prover that
// leaves out what this calls impossible must leave out no cell in which it would have spoken.
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

void Evaluation::RestrictTo(const std::vector<uint8_t>& rules,
                            const std::vector<uint8_t>* open_nothing) {
  SIGNPOST_POLICY_CHECK(rules.size() == policy_.rules.size());
  SIGNPOST_POLICY_CHECK(open_nothing == nullptr || open_nothing->size() == policy_.rules.size());
  matters_ = &rules;
  open_nothing_ = open_nothing;
}

std::vector<uint8_t> Evaluation::RulesThatMatter() {
  SIGNPOST_POLICY_CHECK(purpose_ == Purpose::kUnspecified);
  std::vector<uint8_t> matter(policy_.rules.size(), 0);
  for (size_t r = 0; r < policy_.rules.size(); ++r) {
    const BoundRule& rule = policy_.rules[r];
    matter[r] = rule.is_override || MayMatter(rule) ? 1 : 0;
  }
  return matter;
}

bool Evaluation::MayMatter(const BoundRule& rule) {
  return std::any_of(rule.statements.begin(), rule.statements.end(),
                     [&](const BoundStatement& one) { return Selects(rule, one) != Tri::kNo; });
}

Tri Evaluation::Selects(const BoundRule& rule, const BoundStatement& statement) {
  Tri value = MatchesAspects(statement.aspects);
  if (value != Tri::kNo) value = And(value, MatchesItems(statement.items));
  if (value != Tri::kNo) value = And(value, MatchParties(rule));
  if (value != Tri::kNo) value = And(value, MatchesAskers(statement.askers));
  return value;
}

// A team's members are among the askers for some purposes and not for others, and a value that is
// open for that reason must not swallow what else is said: "members of t except adviser" is open of
// a member who is no adviser, and just as open of one whose role nobody knows, whom it never shows
// anything. So what no purpose can change is said apart from each team's word.
Tri Evaluation::SignAskers(const BoundAskers& askers, Tri about, std::string& signature) {
  Tri any = Known(askers.everyone);
  Tri fixed = about;
  bool a_member = false;
  std::string members;
  for (const BoundAskerPhrase& phrase : askers.any) {
    if (phrase.team == kNoSymbol) {
      any = Or(any, MatchPhrase(phrase, false, false));
    } else {
      const Tri member = MatchPhrase(phrase, false, true);
      members += Sign(member);
      a_member = a_member || member != Tri::kNo;
    }
  }
  for (const BoundAskerPhrase& phrase : askers.except) {
    if (phrase.team == kNoSymbol) {
      fixed = And(fixed, Not(MatchPhrase(phrase, false, false)));
    } else {
      members += Sign(MatchPhrase(phrase, false, true));
    }
  }
  if (members.empty() || !a_member) fixed = And(fixed, any);
  signature += Sign(fixed);
  if (fixed == Tri::kNo || members.empty()) return fixed;
  signature += Sign(any);
  signature += members;
  return Tri::kUnknown;
}

// Whether the basis reaches from the holder to the asker; unknown where that hangs on a purpose, in
// which the asker acts for a relevant authority as the member of a team.
Tri Evaluation::GatewayReaches(const BoundRule& rule) const {
  if (rule.basis != Gateway::kCda1998S115 || asker_acts_for_authority_) {
    return Known((GatewayLacks(rule) & Bit(Missing::kGateway)) == 0);
  }
  if (!HolderChooses(rule)) return Tri::kNo;
  for (const TeamStanding& standing : question_.teams) {
    const Symbol team = InRange(standing.team, policy_.team_data.size());
    if (policy_.team_data[team].has_relevant_authority &&
        policy_.team_data[team].agencies.Has(question_.agency)) {
      return Tri::kUnknown;
    }
  }
  return Tri::kNo;
}

std::string Evaluation::Signature() {
  SIGNPOST_POLICY_CHECK(purpose_ == Purpose::kUnspecified);
  std::string signature;
  for (const BoundRule& rule : policy_.rules) SignRule(rule, signature);
  return signature + OwnSignature();
}

bool Evaluation::SignRule(const BoundRule& rule, std::string& signature) {
  if (rule.is_override) {
    return SignAskers(rule.askers, Known((rule.opens & AspectBit(item_.aspect)) != 0), signature) !=
           Tri::kNo;
  }
  const Tri parties = MatchParties(rule);
  const Tri gateway = GatewayReaches(rule);
  bool says = false;
  for (const BoundStatement& statement : rule.statements) {
    const Tri about =
        And(And(MatchesAspects(statement.aspects), MatchesItems(statement.items)), parties);
    if (SignAskers(statement.askers, about, signature) == Tri::kNo) continue;
    signature += Sign(gateway);
    says = true;
  }
  return says;
}

std::string Evaluation::RuleSignature(const BoundRule& rule) {
  SIGNPOST_POLICY_CHECK(purpose_ == Purpose::kUnspecified);
  std::string signature;
  return SignRule(rule, signature) ? signature : "";
}

std::string Evaluation::OwnSignature() const {
  // The last: the one aspect that can be brokered.
  return {Sign(Known(PersonNeeded())), Sign(practitioner_),
          Sign(Known(item_.aspect == Aspect::kExistence))};
}

bool Evaluation::Speaks(const BoundRule& rule, const BoundStatement& statement) {
  if (statement.effect == Effect::kHide || PersonNeeded() || OpensNothing(rule)) return false;
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

// Three decisions are made side by side, one for each effect, and the strongest that any rule makes
// is the answer: hide, then broker, then show. So the order of rules has no say, and each keeps the
// rules that made it.
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
  const BoundRule* broker_basis = nullptr;
  const BoundRule* show_basis = nullptr;
  const auto rests_on = [](const BoundRule*& basis, const BoundRule& rule) {
    if (basis == nullptr || rule.precedence < basis->precedence) basis = &rule;
  };
  int32_t consent = kNoConsent;
  for (size_t r = 0; r < policy_.rules.size(); ++r) {
    const BoundRule& rule = policy_.rules[r];
    if (rule.is_override || Skips(r)) continue;
    const Tri hides = Hides(rule);
    // Only a hide that is known to apply is softened. Were a perhaps enough, not knowing would show
    // the broker where knowing shows nothing.
    if ((hides == Tri::kYes || !rule.has_hide) && Softened(rule)) {
      Note(broker, r);
      broker.obligations |= rule.obligations;
      rests_on(broker_basis, rule);
    } else if (hides != Tri::kNo) {
      Note(hide, r);
    }
    bool shows = false;
    for (const BoundStatement& statement : rule.statements) {
      if (statement.effect != Effect::kShow || !Speaks(rule, statement)) continue;
      shows = true;
      if (rule.basis != Gateway::kConsent) break;
      ConsentUsed(statement, item_.consents, standing_, consent);
    }
    if (!shows) continue;
    Note(show, r);  // a rule decides once
    show.obligations |= rule.obligations;
    rests_on(show_basis, rule);
  }
  if (hide.rule_count == 0 && broker.rule_count == 0 && show.rule_count > 0) {
    show.effect = Effect::kShow;
    show.by_default = false;
    show.gateway = show_basis->basis;
    show.agreement = show_basis->agreement;
    if (show.gateway == Gateway::kConsent) show.consent = consent;
    return show;
  }
  if (hide.rule_count == 0 && broker.rule_count > 0) {
    broker.effect = Effect::kBroker;
    broker.by_default = false;
    broker.gateway = broker_basis->basis;
    broker.agreement = broker_basis->agreement;
    decision = broker;
  } else {
    hide.by_default = hide.rule_count == 0;
    decision = hide;
  }
  if (question_.override_request.requested && TryOverride(decision)) return decision;
  if (say_missing) decision.missing |= WhatWasMissing().bits();
  return decision;
}

// Leaves `decision` as it was, but for missing kOverride, where no override opens the item.
bool Evaluation::TryOverride(Decision& decision) {
  const OverrideRequest& request = question_.override_request;
  // A ground is usable where its own conditions hold; they are not weaker in an emergency. A ground
  // that is none no override names.
  const bool usable =
      request.reason_stated && practitioner_ == Tri::kYes && item_.holder != kNoSymbol &&
      item_.service != kNoSymbol && request.ground > OverrideGround::kNone &&
      request.ground <= OverrideGround::kPublicInterest &&
      (request.ground != OverrideGround::kLegalDuty || purpose_ == Purpose::kSafeguarding) &&
      (request.ground != OverrideGround::kExpressConsent ||
       ConsentHolds(Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing)) == Tri::kYes);
  Decision opened;
  for (size_t r = 0; usable && r < policy_.rules.size(); ++r) {
    const BoundRule& rule = policy_.rules[r];
    if (!rule.is_override || OpensNothing(rule) || (rule.opens & AspectBit(item_.aspect)) == 0 ||
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
  opened.gateway = GatewayOf(request.ground);
  decision = opened;
  return true;
}

}  // namespace signpost::policy
