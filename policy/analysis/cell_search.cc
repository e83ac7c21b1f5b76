#include "policy/analysis/cell_search.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "policy/analysis/decision_space.h"
#include "policy/check.h"
#include "policy/engine/consent.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;

constexpr size_t kBits = 64;
// What it takes to make a part of a formula, as against a look at it.
constexpr int64_t kNodeWork = 16;
constexpr size_t kNo = 0;
constexpr size_t kYes = 1;
constexpr size_t kPurposeCount = static_cast<size_t>(Purpose::kAudit) + 1;
constexpr size_t kRelatedSets = size_t{1} << kRelationshipCount;

size_t WordsFor(size_t values) { return (values + kBits - 1) / kBits; }
bool HasBit(const uint64_t* words, size_t value) {
  return (words[value / kBits] >> (value % kBits) & 1u) != 0;
}
void SetBit(uint64_t* words, size_t value) { words[value / kBits] |= uint64_t{1} << value % kBits; }

bool MayBeYes(Tri value) { return value != Tri::kNo; }

}  // namespace

std::vector<Frame> FramesOf(const PolicyImpl& policy) {
  std::vector<Frame> frames;
  for (const Aspect aspect : AllAspects()) frames.push_back({aspect, false, 0});
  for (const uint8_t brought : kTeamsBring) {
    if (policy.team_data.size() <= 1) break;
    for (const Aspect aspect : AllAspects()) frames.push_back({aspect, true, brought});
  }
  return frames;
}

CellSearch::CellSearch(const PolicyImpl& policy, Work& work,
                       const std::vector<const BoundAskers*>& others)
    : policy_(policy), work_(work) {
  SIGNPOST_POLICY_CHECK(AllConsentKinds().size() <= kKindWords * kBits);
  SIGNPOST_POLICY_CHECK(kPurposeCount <= kBits);
  for (const ConsentKind& kind : AllConsentKinds()) {
    const ConsentFact fact = MakeConsent(kind, 0);
    ConsentStanding standing;
    JudgeConsents(CoverFacts(), absl::MakeConstSpan(&fact, 1), 0, standing);
    kind_states_.push_back(standing.states[0]);
  }
  ClassTeams(others);
  Enter(Frame());
}

void CellSearch::ClassTeams(const std::vector<const BoundAskers*>& others) {
  std::set<Symbol> named;
  const auto look = [&named](const BoundAskers& askers) {
    for (const BoundAskerPhrase& phrase : askers.any) named.insert(phrase.team);
    for (const BoundAskerPhrase& phrase : askers.except) named.insert(phrase.team);
  };
  for (const BoundRule& rule : policy_.rules) {
    look(rule.askers);
    for (const BoundStatement& statement : rule.statements) look(statement.askers);
  }
  for (const BoundAskers* const askers : others) look(*askers);
  std::set<std::tuple<std::vector<uint64_t>, uint64_t, bool>> met;
  for (size_t t = 1; t < policy_.team_data.size(); ++t) {
    const TeamData& data = policy_.team_data[t];
    TeamClass team{static_cast<Symbol>(t), {}, data.purposes, data.has_relevant_authority};
    team.agencies.assign(WordsFor(policy_.agency_data.size()), 0);
    for (size_t a = 1; a < policy_.agency_data.size(); ++a) {
      if (data.agencies.Has(static_cast<Symbol>(a))) SetBit(team.agencies.data(), a);
    }
    if (named.count(team.team) == 0 &&
        !met.insert({team.agencies, team.purposes, team.has_relevant_authority}).second) {
      continue;
    }
    teams_.push_back(std::move(team));
  }
}

size_t CellSearch::ClassOf(Symbol team) const {
  const auto found = std::find_if(teams_.begin(), teams_.end(),
                                  [team](const TeamClass& one) { return one.team == team; });
  SIGNPOST_POLICY_CHECK(found != teams_.end());
  return static_cast<size_t>(found - teams_.begin());
}

void CellSearch::Enter(const Frame& frame) {
  frame_ = frame;
  papers_.clear();
  const bool content = frame.aspect == Aspect::kContent;
  if (content || frame.aspect == Aspect::kAssessment) {
    for (size_t a = 1; a < policy_.assessment_sections.size(); ++a) {
      const std::vector<Symbol>& sections = policy_.assessment_sections[a];
      if (!content || sections.empty()) papers_.emplace_back(static_cast<Symbol>(a), kNoSymbol);
      for (size_t s = 0; content && s < sections.size(); ++s) {
        papers_.emplace_back(static_cast<Symbol>(a), sections[s]);
      }
    }
  }
  if (papers_.empty()) papers_.emplace_back(kNoSymbol, kNoSymbol);
  const size_t attributes = kAttributes + teams_.size();
  sizes_.assign(attributes, 2);
  sizes_[kAgency] = sizes_[kHolder] = policy_.agency_data.size();
  sizes_[kRole] = policy_.roles.size();
  sizes_[kService] = policy_.services.size();
  sizes_[kPaper] = papers_.size();
  sizes_[kPurpose] = kPurposeCount;
  sizes_[kRelated] = kRelatedSets;
  at_.assign(attributes + 1, 0);
  for (size_t a = 0; a < attributes; ++a) at_[a + 1] = at_[a] + WordsFor(sizes_[a]);
  everything_.assign(at_[attributes], 0);
  const auto allow = [this](size_t attribute, auto may_be) {
    for (size_t v = 0; v < sizes_[attribute]; ++v) {
      if (may_be(v)) SetBit(everything_.data() + at_[attribute], v);
    }
    work_.Spend(static_cast<int64_t>(sizes_[attribute]));
  };
  for (size_t a = 0; a < attributes; ++a) {
    // A policy of no agency has nobody to ask; where there is no word for any service, what is of
    // one that nobody knows is all there is.
    const bool named = a == kAgency || a == kHolder || (a == kService && sizes_[kService] > 1);
    if (a == kRelated) {
      allow(a, [](size_t bits) { return CanBeTogether(static_cast<uint8_t>(bits)); });
    } else if (named || a == kPurpose) {
      allow(a, [](size_t v) { return v != 0; });
    } else {
      allow(a, [&](size_t v) { return a < kTeamsSay || frame.teams || v == kNo; });
    }
  }
  nodes_.clear();
  parts_.clear();
  words_.clear();
  nodes_.push_back({Kind::kAll});
  nodes_.push_back({Kind::kAny});
  role_is_a_persons_ = Any(
      {YesNo(kPractitioner, true), Literal(kRole, [](size_t role) { return role == kNoSymbol; })});
}

// ---- Formulas ----

CellSearch::Formula CellSearch::All(std::vector<Formula> parts) {
  work_.Spend(kNodeWork + static_cast<int64_t>(parts.size()));
  parts.erase(std::remove(parts.begin(), parts.end(), kTrue), parts.end());
  if (std::find(parts.begin(), parts.end(), kFalse) != parts.end()) return kFalse;
  if (parts.empty()) return kTrue;
  if (parts.size() == 1) return parts.front();
  Node node{Kind::kAll};
  node.begin = static_cast<uint32_t>(parts_.size());
  parts_.insert(parts_.end(), parts.begin(), parts.end());
  node.end = static_cast<uint32_t>(parts_.size());
  nodes_.push_back(node);
  return static_cast<Formula>(nodes_.size() - 1);
}

CellSearch::Formula CellSearch::Any(std::vector<Formula> parts) {
  parts.erase(std::remove(parts.begin(), parts.end(), kFalse), parts.end());
  if (std::find(parts.begin(), parts.end(), kTrue) != parts.end()) return kTrue;
  if (parts.empty()) return kFalse;
  if (parts.size() == 1) return parts.front();
  const Formula all = All(std::move(parts));
  nodes_[all].kind = Kind::kAny;
  return all;
}

CellSearch::Formula CellSearch::Not(Formula formula) {
  if (formula == kTrue) return kFalse;
  if (formula == kFalse) return kTrue;
  const Node node = nodes_[formula];
  switch (node.kind) {
    case Kind::kLiteral: {
      const uint32_t begin = node.begin;
      return Literal(node.attribute,
                     [this, begin](size_t v) { return !HasBit(words_.data() + begin, v); });
    }
    case Kind::kConsent: {
      nodes_.push_back(node);
      nodes_.back().wanted = !node.wanted;
      return static_cast<Formula>(nodes_.size() - 1);
    }
    case Kind::kAll:
    case Kind::kAny: {
      std::vector<Formula> parts;
      for (uint32_t p = node.begin; p < node.end; ++p) parts.push_back(Not(parts_[p]));
      return node.kind == Kind::kAll ? Any(std::move(parts)) : All(std::move(parts));
    }
  }
  return kFalse;
}

// `has` is asked of each value before any word is added, so it may look at other literals.
template <typename Has>
CellSearch::Formula CellSearch::Literal(uint16_t attribute, Has has) {
  work_.Spend(kNodeWork + static_cast<int64_t>(sizes_[attribute]));
  std::vector<uint64_t> words(WordsFor(sizes_[attribute]), 0);
  bool all = true;
  bool any = false;
  for (size_t v = 0; v < sizes_[attribute]; ++v) {
    if (!HasBit(everything_.data() + at_[attribute], v)) continue;
    const bool is = has(v);
    if (is) SetBit(words.data(), v);
    all = all && is;
    any = any || is;
  }
  if (all) return kTrue;
  if (!any) return kFalse;
  Node node{Kind::kLiteral, attribute};
  node.begin = static_cast<uint32_t>(words_.size());
  words_.insert(words_.end(), words.begin(), words.end());
  node.end = static_cast<uint32_t>(words_.size());
  nodes_.push_back(node);
  return static_cast<Formula>(nodes_.size() - 1);
}

CellSearch::Formula CellSearch::YesNo(uint16_t attribute, bool yes) {
  return Literal(attribute, [yes](size_t v) { return v == (yes ? kYes : kNo); });
}

// That the asker is in the team, for one of its purposes.
CellSearch::Formula CellSearch::InTeam(size_t team_class) {
  const TeamClass& team = teams_[team_class];
  return All({YesNo(static_cast<uint16_t>(kAttributes + team_class), true),
              Literal(kAgency, [&](size_t a) { return HasBit(team.agencies.data(), a); }),
              Literal(kPurpose, [&](size_t p) { return HasBit(&team.purposes, p); })});
}

CellSearch::Formula CellSearch::Phrase(const BoundAskerPhrase& phrase, Mode mode) {
  if (phrase.team != kNoSymbol) {
    return InTeam(ClassOf(phrase.team));
  }
  std::vector<Formula> parts;
  if (phrase.agency != kNoSymbol) {
    parts.push_back(Literal(kAgency, [&](size_t a) { return a == phrase.agency; }));
  }
  if (phrase.kind != kNoSymbol) {
    parts.push_back(
        Literal(kAgency, [&](size_t a) { return policy_.agency_data[a].kind == phrase.kind; }));
  }
  if (phrase.role != kNoSymbol) {
    parts.push_back(Literal(kRole, [&](size_t role) {
      return role == phrase.role || (role == kNoSymbol && mode == Mode::kPossible);
    }));
  }
  if (phrase.holder) parts.push_back(YesNo(kSame, true));
  if (phrase.relevant_authority) {
    parts.push_back(
        Literal(kAgency, [&](size_t a) { return policy_.agency_data[a].relevant_authority; }));
  }
  if (phrase.practitioner) parts.push_back(YesNo(kPractitioner, true));
  if (phrase.system) parts.push_back(YesNo(kPractitioner, false));
  return All(std::move(parts));
}

CellSearch::Formula CellSearch::Askers(const BoundAskers& askers, Mode mode) {
  std::vector<Formula> any;
  if (askers.everyone) any.push_back(kTrue);
  for (const BoundAskerPhrase& phrase : askers.any) any.push_back(Phrase(phrase, mode));
  std::vector<Formula> all = {Any(std::move(any))};
  // What is perhaps excepted is not known to be, and the other way round.
  const Mode other = mode == Mode::kCertain ? Mode::kPossible : Mode::kCertain;
  for (const BoundAskerPhrase& phrase : askers.except) all.push_back(Not(Phrase(phrase, other)));
  return All(std::move(all));
}

CellSearch::Formula CellSearch::Items(const BoundItems& items, Mode mode) {
  const auto is = [mode](Tri value) {
    return mode == Mode::kCertain ? value == Tri::kYes : MayBeYes(value);
  };
  std::vector<Formula> any;
  if (items.everything) any.push_back(kTrue);
  if (!items.services.empty()) {
    any.push_back(Literal(
        kService, [&](size_t s) { return is(items.services.Admits(static_cast<Symbol>(s))); }));
  }
  if (!items.agencies.empty()) {
    any.push_back(Literal(
        kHolder, [&](size_t a) { return is(items.agencies.Admits(static_cast<Symbol>(a))); }));
  }
  if (items.marked_sensitive) any.push_back(YesNo(kMarked, true));
  std::vector<Formula> all = {Any(std::move(any))};
  if (!items.held_by_agencies.empty() || !items.held_by_kinds.empty()) {
    all.push_back(Literal(kHolder, [&](size_t a) {
      return items.held_by_agencies.Has(static_cast<Symbol>(a)) ||
             items.held_by_kinds.Has(policy_.agency_data[a].kind);
    }));
  }
  return All(std::move(all));
}

CellSearch::Formula CellSearch::Aspects(const BoundAspects& aspects, Mode mode) {
  if ((aspects.mask >> static_cast<unsigned>(frame_.aspect) & 1u) == 0) return kFalse;
  const bool content = frame_.aspect == Aspect::kContent;
  if (!content && frame_.aspect != Aspect::kAssessment) return kTrue;
  return Literal(kPaper, [&](size_t paper) {
    Tri value = aspects.assessments.Admits(papers_[paper].first);
    if (content && aspects.section_mode != syntax::Sections::kAll) {
      const Tri listed = aspects.sections.Admits(papers_[paper].second);
      value = And(value,
                  aspects.section_mode == syntax::Sections::kOnly ? listed : policy::Not(listed));
    }
    return mode == Mode::kCertain ? value == Tri::kYes : MayBeYes(value);
  });
}

// What teams bring is theirs inside their purposes alone.
CellSearch::Formula CellSearch::OneCondition(const Condition& condition) {
  Formula formula = kFalse;
  switch (condition.about) {
    case Condition::About::kConsent:
      return Consent(condition.consent_states, true);
    case Condition::About::kPurpose:
      formula = Literal(kPurpose, [&](size_t p) { return (condition.purposes >> p & 1u) != 0; });
      break;
    case Condition::About::kRelationship: {
      uint8_t brought = frame_.team_relationships;
      if ((brought & kWorkerInvolved) != 0) brought |= Bit(Relationship::kTeamMember);
      const Formula own =
          Literal(kRelated, [&](size_t bits) { return (bits & condition.relationships) != 0; });
      formula = (brought & condition.relationships) == 0 ? own : Any({own, YesNo(kTeamsSay, true)});
      break;
    }
    case Condition::About::kShielded:
      formula = YesNo(kShielded, true);
      break;
    case Condition::About::kOpen:
      formula = YesNo(kOpen, true);
      break;
    case Condition::About::kDisputed:
      formula = YesNo(kDisputed, true);
      break;
    case Condition::About::kNewIdentity:
      formula = YesNo(kNewIdentity, true);
      break;
    case Condition::About::kSpentOffence:
      formula = YesNo(kSpentOffence, true);
      break;
    case Condition::About::kNamesVictim:
      formula = YesNo(kNamesVictim, true);
      break;
  }
  return condition.negated ? Not(formula) : formula;
}

CellSearch::Formula CellSearch::Conditions(const syntax::Conditions& conditions) {
  std::vector<Formula> all;
  for (const Condition& condition : conditions) all.push_back(OneCondition(condition));
  return All(std::move(all));
}

CellSearch::Formula CellSearch::Consent(uint32_t states, bool wanted) {
  work_.Spend(kNodeWork);
  const bool not_asked = (states & Bit(ConsentState::kNotAsked)) != 0;
  states &= ~Bit(ConsentState::kNotAsked);
  const auto [it, added] = kind_sets_at_.emplace(states, static_cast<uint32_t>(kind_sets_.size()));
  if (added) {
    Kinds kinds = {};
    for (size_t k = 0; k < kind_states_.size(); ++k) {
      if ((kind_states_[k] & states) == states) SetBit(kinds.data(), k);
    }
    kind_sets_.push_back(kinds);
  }
  Node node{Kind::kConsent};
  node.wanted = wanted != not_asked;
  node.states = it->second;
  nodes_.push_back(node);
  return static_cast<Formula>(nodes_.size() - 1);
}

CellSearch::Formula CellSearch::Parties(const BoundRule& rule) {
  if (rule.agreement == kNoAgreement) return kTrue;
  const SymbolSet& parties = policy_.agreements[static_cast<size_t>(rule.agreement)].parties;
  const auto is_party = [&](size_t a) { return parties.Has(static_cast<Symbol>(a)); };
  return All({Literal(kAgency, is_party), Literal(kHolder, is_party), YesNo(kSame, false)});
}

CellSearch::Formula CellSearch::Matches(const BoundRule& rule, const BoundStatement& statement,
                                        Mode mode) {
  const Formula about = Aspects(statement.aspects, mode);
  if (about == kFalse) return kFalse;
  std::vector<Formula> all = {about, Items(statement.items, mode), Askers(statement.askers, mode),
                              Parties(rule), Conditions(statement.when)};
  for (const syntax::Conditions& unless : statement.unless) all.push_back(Not(Conditions(unless)));
  return All(std::move(all));
}

CellSearch::Formula CellSearch::ActsForAuthority() {
  std::vector<Formula> any = {
      Literal(kAgency, [this](size_t a) { return policy_.agency_data[a].relevant_authority; })};
  for (size_t t = 0; frame_.teams && t < teams_.size(); ++t) {
    if (teams_[t].has_relevant_authority) any.push_back(InTeam(t));
  }
  return Any(std::move(any));
}

CellSearch::Formula CellSearch::GatewayOpen(const BoundRule& rule) {
  switch (rule.basis) {
    case Gateway::kNone:
      return kFalse;
    case Gateway::kCda1998S115: {
      if (rule.agreement == kNoAgreement) return kFalse;
      const auto& choices = policy_.agreements[static_cast<size_t>(rule.agreement)].choices;
      const Formula chosen = Literal(kHolder, [&](size_t a) {
        return std::any_of(choices.begin(), choices.end(), [&](const auto& one) {
          return one.first == a && one.second == rule.basis;
        });
      });
      return All({chosen, ActsForAuthority()});
    }
    case Gateway::kCa1989S47:
      return Literal(kPurpose,
                     [](size_t p) { return p == static_cast<size_t>(Purpose::kSafeguarding); });
    case Gateway::kOwnRecord:
      return YesNo(kSame, true);
    default:
      return kTrue;
  }
}

CellSearch::Formula CellSearch::Speaks(const BoundRule& rule, const BoundStatement& statement) {
  if (statement.effect == Effect::kHide) return kFalse;
  if (statement.effect == Effect::kBroker && frame_.aspect != Aspect::kExistence) return kFalse;
  if (rule.agreement != kNoAgreement) {
    const BoundAgreement& agreement = policy_.agreements[static_cast<size_t>(rule.agreement)];
    if (agreement.until_s <= std::max(agreement.from_s, policy_.in_force_s)) return kFalse;
  }
  const Formula matches = Matches(rule, statement, Mode::kCertain);
  if (matches == kFalse) return kFalse;
  const bool person_needed = frame_.aspect == Aspect::kContact || frame_.aspect == Aspect::kContent;
  return All({matches, GatewayOpen(rule), person_needed ? YesNo(kPractitioner, true) : kTrue});
}

CellSearch::Formula CellSearch::Hides(const BoundRule& rule, Mode mode) {
  std::vector<Formula> any;
  for (const BoundStatement& statement : rule.statements) {
    if (statement.effect == Effect::kHide) any.push_back(Matches(rule, statement, mode));
  }
  return Any(std::move(any));
}

CellSearch::Formula CellSearch::Between(Symbol asker, Symbol holder) {
  return All({Literal(kAgency, [&](size_t a) { return asker == kNoSymbol || a == asker; }),
              Literal(kHolder, [&](size_t a) { return holder == kNoSymbol || a == holder; })});
}

CellSearch::Formula CellSearch::Related(uint8_t relationships) {
  return Literal(kRelated, [&](size_t own) { return (own & relationships) == relationships; });
}

CellSearch::Formula CellSearch::Overrides(const BoundRule& rule, OverrideGround ground) {
  const bool opens = (rule.opens >> static_cast<unsigned>(frame_.aspect) & 1u) != 0;
  const bool names = (rule.grounds >> static_cast<unsigned>(ground) & 1u) != 0;
  // Without a word for any service nothing is known of which an override could open.
  if (!rule.is_override || !opens || !names || sizes_[kService] == 1) return kFalse;
  std::vector<Formula> all = {YesNo(kPractitioner, true), Askers(rule.askers, Mode::kCertain),
                              Conditions(rule.when)};
  if (ground == OverrideGround::kLegalDuty) {
    all.push_back(Literal(
        kPurpose, [](size_t p) { return p == static_cast<size_t>(Purpose::kSafeguarding); }));
  } else if (ground == OverrideGround::kExpressConsent) {
    all.push_back(Consent(Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing), true));
  }
  return All(std::move(all));
}

// ---- Searching ----

CellSearch::Truth CellSearch::Judge(Formula formula, const State& state) const {
  work_.Spend(1);
  const Node& node = nodes_[formula];
  switch (node.kind) {
    case Kind::kLiteral: {
      const uint64_t* const domain = state.domains.data() + at_[node.attribute];
      const uint64_t* const words = words_.data() + node.begin;
      bool may = false;
      bool must = true;
      for (size_t w = 0; w < node.end - node.begin; ++w) {
        may = may || (domain[w] & words[w]) != 0;
        must = must && (domain[w] & ~words[w]) == 0;
      }
      return !may ? Truth::kFalse : must ? Truth::kTrue : Truth::kOpen;
    }
    case Kind::kConsent: {
      const Kinds& kinds = kind_sets_[node.states];
      bool may = false;
      for (size_t w = 0; w < kKindWords; ++w) may = may || (state.allowed[w] & kinds[w]) != 0;
      // Some consent that there is has to be one of these.
      bool is = false;
      for (const Kinds& one : state.required) {
        bool within = true;
        for (size_t w = 0; w < kKindWords; ++w) {
          within = within && (one[w] & state.allowed[w] & ~kinds[w]) == 0;
        }
        is = is || within;
      }
      if (node.wanted) return !may ? Truth::kFalse : is ? Truth::kTrue : Truth::kOpen;
      return is ? Truth::kFalse : may ? Truth::kOpen : Truth::kTrue;
    }
    case Kind::kAll: {
      Truth truth = Truth::kTrue;
      for (uint32_t p = node.begin; p < node.end; ++p) {
        truth = std::min(truth, Judge(parts_[p], state));
        if (truth == Truth::kFalse) break;
      }
      return truth;
    }
    case Kind::kAny: {
      Truth truth = Truth::kFalse;
      for (uint32_t p = node.begin; p < node.end; ++p) {
        truth = std::max(truth, Judge(parts_[p], state));
        if (truth == Truth::kTrue) break;
      }
      return truth;
    }
  }
  return Truth::kOpen;
}

// False where no value is left.
bool CellSearch::Narrow(uint16_t attribute, const uint64_t* words, State& state) const {
  uint64_t* const domain = state.domains.data() + at_[attribute];
  uint64_t left = 0;
  for (size_t w = 0; w < at_[attribute + 1] - at_[attribute]; ++w) left |= domain[w] &= words[w];
  return left != 0;
}
// Where who asks is the holder, what is known of the one is known of the other.
bool CellSearch::NarrowAgency(const uint64_t* words, State& state) const {
  return Narrow(kAgency, words, state) && (!state.same || Narrow(kHolder, words, state));
}
bool CellSearch::NarrowPurpose(uint64_t purposes, State& state) const {
  return Narrow(kPurpose, &purposes, state);
}

// Whether that is the only value left of an attribute with two.
bool CellSearch::Is(const State& state, uint16_t attribute, size_t value) const {
  return state.domains[at_[attribute]] == uint64_t{1} << value;
}

// What is so of whoever is in a team.
bool CellSearch::JoinTeam(size_t team_class, State& state) const {
  const TeamClass& team = teams_[team_class];
  return NarrowAgency(team.agencies.data(), state) &&
         (!Is(state, kTeamsSay, kNo) || NarrowPurpose(~team.purposes, state));
}
bool CellSearch::LetNoTeamSay(State& state) const {
  for (size_t t = 0; t < teams_.size(); ++t) {
    if (Is(state, static_cast<uint16_t>(kAttributes + t), kYes) &&
        !NarrowPurpose(~teams_[t].purposes, state)) {
      return false;
    }
  }
  return true;
}

bool CellSearch::Assume(const Node& node, State& state) const {
  if (node.kind == Kind::kLiteral) {
    const uint64_t* const words = words_.data() + node.begin;
    if (node.attribute == kAgency) return NarrowAgency(words, state);
    if (!Narrow(node.attribute, words, state)) return false;
    if (node.attribute == kHolder) return !state.same || Narrow(kAgency, words, state);
    if (node.attribute == kTeamsSay && Is(state, kTeamsSay, kNo)) return LetNoTeamSay(state);
    if (node.attribute >= kAttributes && Is(state, node.attribute, kYes)) {
      return JoinTeam(node.attribute - kAttributes, state);
    }
    return true;
  }
  const Kinds& kinds = kind_sets_[node.states];
  if (node.wanted) {
    state.required.push_back(kinds);
    return true;
  }
  for (size_t w = 0; w < kKindWords; ++w) state.allowed[w] &= ~kinds[w];
  return std::all_of(state.required.begin(), state.required.end(), [&](const Kinds& one) {
    for (size_t w = 0; w < kKindWords; ++w) {
      if ((one[w] & state.allowed[w]) != 0) return true;
    }
    return false;
  });
}

// Whether asker and holder can be told apart, where they are not the same.
bool CellSearch::Consistent(const State& state) const {
  if (state.same) return true;
  const uint64_t* const agencies = state.domains.data() + at_[kAgency];
  const uint64_t* const holders = state.domains.data() + at_[kHolder];
  int count = 0;
  bool differ = false;
  for (size_t w = 0; w < at_[kAgency + 1] - at_[kAgency]; ++w) {
    count += __builtin_popcountll(agencies[w]);
    differ = differ || agencies[w] != holders[w];
  }
  return differ || count > 1;
}

// Whether the state holds a cell. Of the teams that nothing was said of the asker is in none; where
// some team has its say and none of theirs does, in one more.
bool CellSearch::Complete(State& state) const {
  if (!Is(state, kTeamsSay, kYes)) return Consistent(state);
  for (const bool joined : {true, false}) {
    for (size_t t = 0; t < teams_.size(); ++t) {
      const auto member = static_cast<uint16_t>(kAttributes + t);
      if (Is(state, member, kNo) || Is(state, member, kYes) != joined) continue;
      State with = state;
      with.domains[at_[member]] = uint64_t{1} << kYes;
      work_.Spend(static_cast<int64_t>(state.domains.size()));
      if (!JoinTeam(t, with) || !NarrowPurpose(teams_[t].purposes, with) || !Consistent(with)) {
        continue;
      }
      state = std::move(with);
      return true;
    }
  }
  return false;
}

CellSearch::Answer CellSearch::Solve(std::vector<Formula> pending, State& state) const {
  for (bool narrowed = true; narrowed;) {
    narrowed = false;
    for (size_t i = 0; i < pending.size();) {
      if (work_.spent()) return Answer::kUnfinished;
      const Truth truth = Judge(pending[i], state);
      if (truth == Truth::kFalse) return Answer::kNo;
      const Node& node = nodes_[pending[i]];
      if (truth == Truth::kOpen && node.kind == Kind::kAny) {
        // Where one way is left, it is the way.
        Formula only = kFalse;
        int ways = 0;
        for (uint32_t p = node.begin; p < node.end && ways < 2; ++p) {
          if (Judge(parts_[p], state) == Truth::kFalse) continue;
          only = parts_[p];
          ++ways;
        }
        if (ways == 1) {
          pending[i] = only;
          continue;
        }
        ++i;
        continue;
      }
      pending[i] = pending.back();
      pending.pop_back();
      if (truth == Truth::kTrue) continue;
      if (node.kind == Kind::kAll) {
        pending.insert(pending.end(), parts_.begin() + node.begin, parts_.begin() + node.end);
        continue;
      }
      if (!Assume(node, state)) return Answer::kNo;
      narrowed = true;
    }
  }
  if (pending.empty()) return Complete(state) ? Answer::kYes : Answer::kNo;
  const Node node = nodes_[pending.back()];
  pending.pop_back();
  for (uint32_t p = node.begin; p < node.end; ++p) {
    if (work_.spent()) return Answer::kUnfinished;
    if (Judge(parts_[p], state) == Truth::kFalse) continue;
    State copy = state;
    std::vector<Formula> rest = pending;
    rest.push_back(parts_[p]);
    work_.Spend(static_cast<int64_t>(state.domains.size() + state.required.size() + rest.size()));
    const Answer answer = Solve(std::move(rest), copy);
    if (answer == Answer::kNo) continue;
    state = std::move(copy);
    return answer;
  }
  return Answer::kNo;
}

CellSearch::Answer CellSearch::Search(const std::vector<Formula>& formulas, int64_t now_s,
                                      Found* found) {
  if (std::find(formulas.begin(), formulas.end(), kFalse) != formulas.end()) return Answer::kNo;
  for (const bool same : {false, true}) {
    State state;
    state.same = same;
    state.domains = everything_;
    state.domains[at_[kSame]] = uint64_t{1} << (same ? kYes : kNo);
    state.allowed.fill(~uint64_t{0});
    work_.Spend(static_cast<int64_t>(state.domains.size() + formulas.size()));
    std::vector<Formula> pending = formulas;
    pending.push_back(role_is_a_persons_);
    const Answer answer = Solve(std::move(pending), state);
    if (answer == Answer::kNo) continue;
    if (found != nullptr && answer == Answer::kYes) Fill(state, now_s, *found);
    return answer;
  }
  return Answer::kNo;
}

size_t CellSearch::First(const State& state, uint16_t attribute) const {
  for (size_t v = 0; v < sizes_[attribute]; ++v) {
    if (HasBit(state.domains.data() + at_[attribute], v)) return v;
  }
  return 0;
}

void CellSearch::Fill(const State& state, int64_t now_s, Found& found) const {
  found = Found();
  Question& question = found.question;
  Item& item = found.item;
  const auto symbol = [&](Attribute one) { return static_cast<Symbol>(First(state, one)); };
  const auto fact = [&](Attribute one) { return Known(First(state, one) == kYes); };
  item.holder = symbol(kHolder);
  question.agency = state.same ? item.holder : symbol(kAgency);
  for (size_t a = 1; !state.same && a < sizes_[kAgency]; ++a) {
    if (a != item.holder && HasBit(state.domains.data() + at_[kAgency], a)) {
      question.agency = static_cast<Symbol>(a);
      break;
    }
  }
  if (!state.same && question.agency == item.holder) {
    for (size_t h = 1; h < sizes_[kHolder]; ++h) {
      if (h != question.agency && HasBit(state.domains.data() + at_[kHolder], h)) {
        item.holder = static_cast<Symbol>(h);
        break;
      }
    }
  }
  question.role = symbol(kRole);
  const bool person = HasBit(state.domains.data() + at_[kPractitioner], kYes);
  question.is_practitioner = Known(person);
  question.purpose = static_cast<Purpose>(First(state, kPurpose));
  question.relationships.yes = static_cast<uint8_t>(First(state, kRelated));
  question.necessity_stated = Tri::kYes;
  question.now_s = now_s;
  for (size_t t = 0; t < teams_.size(); ++t) {
    if (!Is(state, static_cast<uint16_t>(kAttributes + t), kYes)) continue;
    found.standings.push_back({teams_[t].team, {frame_.team_relationships, 0}});
  }
  question.teams = found.standings;
  item.service = symbol(kService);
  item.aspect = frame_.aspect;
  std::tie(item.assessment, item.section) = papers_[First(state, kPaper)];
  item.marked_sensitive = fact(kMarked);
  item.shielded = fact(kShielded);
  item.open = Known(HasBit(state.domains.data() + at_[kOpen], kYes));
  item.disputed = fact(kDisputed);
  item.new_identity = fact(kNewIdentity);
  item.spent_offence = fact(kSpentOffence);
  item.names_victim = fact(kNamesVictim);
  item.brokerable = Tri::kNo;
  item.sixteen_from_s = item.adult_from_s = kNeverS;
  item.consents_known = Tri::kYes;
  for (const Kinds& kinds : state.required) {
    for (size_t k = 0; k < AllConsentKinds().size(); ++k) {
      if (!HasBit(kinds.data(), k) || !HasBit(state.allowed.data(), k)) continue;
      found.consents.push_back(MakeConsent(AllConsentKinds()[k], now_s));
      break;
    }
  }
  item.consents = found.consents;
}

}  // namespace signpost::policy
