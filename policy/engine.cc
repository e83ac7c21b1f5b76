#include "policy/engine.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "policy/program.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

constexpr std::array<Tri, 3> kTris = {Tri::kUnknown, Tri::kNo, Tri::kYes};
constexpr size_t kPurposes = static_cast<size_t>(Purpose::kAudit) + 1;
constexpr size_t kRelationSets = size_t{1} << kRelationshipCount;
constexpr uint8_t kRelationMask = kRelationSets - 1;

// The facts of an item that a condition can name, in the order of their digits.
constexpr std::array<Condition::About, 6> kFacts = {
    Condition::About::kShielded,     Condition::About::kOpen,
    Condition::About::kDisputed,     Condition::About::kNewIdentity,
    Condition::About::kSpentOffence, Condition::About::kNamesVictim};
constexpr size_t kFactsPerTable = 3;
constexpr size_t kFactRows = 27;

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// A value from outside that is no Tri is unknown.
size_t Digit(Tri value) {
  const auto digit = static_cast<size_t>(value);
  return digit < kTris.size() ? digit : 0;
}

size_t AskerRow(size_t practitioner, size_t same) { return practitioner * 3 + same; }
constexpr size_t kAskerRows = 9;

Tri Same(Symbol a, Symbol b) {
  if (a == kNoSymbol || b == kNoSymbol) return Tri::kUnknown;
  return Known(a == b);
}

Symbol InRange(Symbol symbol, size_t size) { return symbol < size ? symbol : kNoSymbol; }

// One test of a line: that `condition` holds, or (`negated`) that it does not.
struct Test {
  const Condition* condition;
  bool negated;
};

struct Line {
  Effect effect = Effect::kHide;
  RuleIndex rule = kNoRule;
  const BoundRule* bound = nullptr;
  const BoundStatement* statement = nullptr;
  std::vector<Test> tests;

  // The bit that `value` of one attribute gives this line.
  bool Allows(Tri value) const {
    return effect == Effect::kHide ? value != Tri::kNo : value == Tri::kYes;
  }
};

}  // namespace

class Engine::Builder {
 public:
  explicit Builder(Engine& engine) : e_(engine), p_(engine.policy_) {}

  bool Build() {
    if (!MakeLines()) return false;
    e_.words_ = std::max<size_t>(1, (lines_.size() + 63) / 64);
    for (const Line& line : lines_) {
      e_.line_rule_.push_back(line.rule);
      e_.line_statement_.push_back(line.statement);
    }
    e_.classes_ = Fill(3, [](const Line& line, size_t row) {
      constexpr std::array<Effect, 3> kOrder = {Effect::kHide, Effect::kBroker, Effect::kShow};
      return line.effect == kOrder[row];
    });
    MakeAskers();
    MakeTeams();
    MakeItems();
    MakeConditions();
    MakeConsents();
    return !too_large_;
  }

 private:
  // Hides first, then brokers, then shows: what decides stands together.
  bool MakeLines() {
    for (const Effect effect : {Effect::kHide, Effect::kBroker, Effect::kShow}) {
      for (size_t r = 0; r < p_.rules.size(); ++r) {
        const BoundRule& rule = p_.rules[r];
        if (rule.is_override) continue;
        for (const BoundStatement& statement : rule.statements) {
          if (statement.effect != effect) continue;
          // Without a basis nothing opens.
          if (effect != Effect::kHide && rule.basis == Gateway::kNone) continue;
          Line line;
          line.effect = effect;
          line.rule = static_cast<RuleIndex>(r);
          line.bound = &rule;
          line.statement = &statement;
          for (const Condition& condition : statement.when) {
            line.tests.push_back({&condition, false});
          }
          if (!AddWays(std::move(line), 0)) return false;
        }
      }
    }
    return true;
  }

  // A condition on a fact that no table has would be overlooked.
  static bool Knows(const Condition& condition) {
    return condition.about == Condition::About::kConsent ||
           condition.about == Condition::About::kPurpose ||
           condition.about == Condition::About::kRelationship ||
           std::find(kFacts.begin(), kFacts.end(), condition.about) != kFacts.end();
  }

  // "unless a and b" is one line with "not a" and one with "not b"; several `unless` multiply.
  bool AddWays(Line line, size_t unless) {
    if (unless == line.statement->unless.size()) {
      if (!std::all_of(line.tests.begin(), line.tests.end(),
                       [](const Test& test) { return Knows(*test.condition); })) {
        return false;
      }
      if (lines_.size() == kLinesMax) return false;
      lines_.push_back(std::move(line));
      return true;
    }
    for (const Condition& condition : line.statement->unless[unless]) {
      Line way = line;
      way.tests.push_back({&condition, true});
      if (!AddWays(std::move(way), unless + 1)) return false;
    }
    return true;
  }

  // A table of `rows` rows in which a line's bit is `bit(line, row)`.
  template <typename Bit>
  Table Fill(size_t rows, Bit bit) {
    Table table{e_.bits_.size()};
    if (e_.bits_.size() + rows * e_.words_ > kTableWordsMax) {
      too_large_ = true;
      return Table{};
    }
    e_.bits_.resize(e_.bits_.size() + rows * e_.words_, 0);
    for (size_t row = 0; row < rows; ++row) {
      uint64_t* const bits = e_.bits_.data() + table.at + row * e_.words_;
      for (size_t i = 0; i < lines_.size(); ++i) {
        if (bit(lines_[i], row)) bits[i / 64] |= uint64_t{1} << (i % 64);
      }
    }
    return table;
  }

  // A table of what the line's tests of one kind say: `value(condition, row)` without negation.
  template <typename Value>
  Table FillTests(Condition::About about, size_t rows, Value value) {
    return Fill(rows, [about, &value](const Line& line, size_t row) {
      for (const Test& test : line.tests) {
        if (test.condition->about != about) continue;
        Tri found = value(*test.condition, row);
        if (test.condition->negated != test.negated) found = Not(found);
        if (!line.Allows(found)) return false;
      }
      return true;
    });
  }

  // ---- Who asks ----

  void NameIn(const BoundAskers& askers) {
    for (const std::vector<BoundAskerPhrase>* phrases : {&askers.any, &askers.except}) {
      for (const BoundAskerPhrase& phrase : *phrases) {
        named_agencies_.insert(phrase.agency);
        named_roles_.insert(phrase.role);
        e_.names_teams_ |= phrase.team != kNoSymbol;
      }
    }
  }

  void MakeAskers() {
    for (const Line& line : lines_) NameIn(line.statement->askers);
    // Agencies that no line names differ only by what else a line can ask of them.
    std::map<std::vector<int>, uint32_t> classes;
    std::vector<Symbol> agency_of;
    for (size_t a = 0; a < p_.agency_data.size(); ++a) {
      const auto agency = static_cast<Symbol>(a);
      const AgencyData& data = p_.agency_data[a];
      const bool named = named_agencies_.count(agency) != 0 || agency == kNoSymbol;
      std::vector<int> likeness = {named ? agency : -1, data.kind, data.relevant_authority};
      for (const BoundAgreement& agreement : p_.agreements) {
        likeness.push_back(agreement.parties.Has(agency) ? 1 : 0);
      }
      const auto [at, added] =
          classes.try_emplace(std::move(likeness), static_cast<uint32_t>(agency_of.size()));
      if (added) agency_of.push_back(agency);
      e_.agency_class_.push_back(at->second);
    }
    std::vector<Symbol> role_of;
    uint32_t others = 0;
    for (size_t r = 0; r < p_.roles.size(); ++r) {
      const auto role = static_cast<Symbol>(r);
      const bool named = role == kNoSymbol || named_roles_.count(role) != 0;
      if (!named && others != 0) {
        e_.role_class_.push_back(others);
        continue;
      }
      if (!named) others = static_cast<uint32_t>(role_of.size());
      e_.role_class_.push_back(static_cast<uint32_t>(role_of.size()));
      role_of.push_back(role);
    }
    e_.role_classes_ = static_cast<uint32_t>(role_of.size());

    const size_t rows = agency_of.size() * role_of.size() * kAskerRows;
    // The value of `part` of a line for the asker of a row; false where no asker is like that.
    const auto each = [&](auto part) {
      return Fill(rows, [&, part](const Line& line, size_t row) {
        const size_t who = row / kAskerRows;
        Question question;
        question.agency = agency_of[who / role_of.size()];
        question.role = role_of[who % role_of.size()];
        question.is_practitioner = kTris[row % kAskerRows / 3];
        const Tri same = kTris[row % 3];
        Item item;
        if (same != Tri::kUnknown && question.agency == kNoSymbol) return false;
        if (same == Tri::kYes) item.holder = question.agency;
        if (same == Tri::kNo) {
          if (p_.agency_data.size() <= 2) return false;
          item.holder = question.agency == 1 ? Symbol{2} : Symbol{1};
        }
        return part(line, question, item, same);
      });
    };
    const auto any = [this](const Line& line, const Question& question, const Item& item, Tri) {
      BoundAskers askers = line.statement->askers;
      askers.except.clear();
      return line.Allows(Evaluation(p_, question, item).MatchesAskers(askers));
    };
    // For a hide an exception counts when it is known to hold, for a show when it may.
    const auto but = [this](const Line& line, const Question& question, const Item& item, Tri) {
      BoundAskers askers;
      askers.any = line.statement->askers.except;
      return !line.Allows(Not(Evaluation(p_, question, item).MatchesAskers(askers)));
    };
    const auto rest = [this](const Line& line, const Question& question, const Item&, Tri same) {
      if (line.bound->agreement != kNoAgreement) {
        const BoundAgreement& agreement = p_.agreements[static_cast<size_t>(line.bound->agreement)];
        if (!line.Allows(And(agreement.parties.Admits(question.agency), Not(same)))) return false;
      }
      return line.effect == Effect::kHide || line.bound->basis != Gateway::kOwnRecord ||
             same == Tri::kYes;
    };
    const auto needs_authority = [](const Line& line) {
      return line.effect != Effect::kHide && line.bound->basis == Gateway::kCda1998S115;
    };
    e_.askers_ = each([&](const Line& line, const Question& question, const Item& item, Tri same) {
      return any(line, question, item, same) && !but(line, question, item, same) &&
             rest(line, question, item, same) &&
             (!needs_authority(line) || p_.agency_data[question.agency].relevant_authority);
    });
    e_.acts_ = Fill(1, [&](const Line& line, size_t) { return needs_authority(line); });
    e_.asker_any_ = each(any);
    e_.asker_but_ = each(but);
    e_.asker_rest_ = each(rest);
  }

  void MakeTeams() {
    const auto names = [](const std::vector<BoundAskerPhrase>& phrases, size_t team) {
      return std::any_of(phrases.begin(), phrases.end(),
                         [&](const BoundAskerPhrase& phrase) { return phrase.team == team; });
    };
    const size_t teams = p_.team_data.size();
    e_.team_any_ = Fill(teams, [&](const Line& line, size_t team) {
      return team != kNoSymbol && names(line.statement->askers.any, team);
    });
    e_.team_but_ = Fill(teams, [&](const Line& line, size_t team) {
      return team != kNoSymbol && names(line.statement->askers.except, team);
    });
  }

  // ---- What is asked about ----

  void MakeItems() {
    e_.services_ = Fill(p_.services.size(), [](const Line& line, size_t service) {
      const BoundItems& items = line.statement->items;
      if (items.everything) return true;
      return !items.services.empty() &&
             line.Allows(items.services.Admits(static_cast<Symbol>(service)));
    });
    const size_t agencies = p_.agency_data.size();
    e_.holders_ = Fill(agencies, [](const Line& line, size_t holder) {
      const BoundItems& items = line.statement->items;
      return !items.agencies.empty() &&
             line.Allows(items.agencies.Admits(static_cast<Symbol>(holder)));
    });
    e_.marked_ = Fill(3, [](const Line& line, size_t row) {
      return line.statement->items.marked_sensitive && line.Allows(kTris[row]);
    });
    e_.held_by_ = Fill(agencies, [this](const Line& line, size_t row) {
      const auto holder = static_cast<Symbol>(row);
      const BoundItems& items = line.statement->items;
      Tri value = Tri::kYes;
      if (!items.held_by_agencies.empty() || !items.held_by_kinds.empty()) {
        value = Tri::kNo;
        if (!items.held_by_agencies.empty()) value = items.held_by_agencies.Admits(holder);
        if (!items.held_by_kinds.empty()) {
          value = Or(value, items.held_by_kinds.Admits(p_.agency_data[holder].kind));
        }
      }
      if (line.bound->agreement == kNoAgreement) return line.Allows(value);
      const BoundAgreement& agreement = p_.agreements[static_cast<size_t>(line.bound->agreement)];
      value = And(value, agreement.parties.Admits(holder));
      if (line.effect != Effect::kHide && line.bound->basis == Gateway::kCda1998S115) {
        const bool chosen = std::any_of(agreement.choices.begin(), agreement.choices.end(),
                                        [&](const auto& choice) {
                                          return choice.second == line.bound->basis &&
                                                 choice.first == holder && holder != kNoSymbol;
                                        });
        value = And(value, Known(chosen));
      }
      return line.Allows(value);
    });
    e_.aspects_ = Fill(2 * kAspectCount, [](const Line& line, size_t row) {
      const auto aspect = static_cast<Aspect>(row % kAspectCount);
      const bool person_asks = row >= kAspectCount;
      if ((line.statement->aspects.mask >> static_cast<unsigned>(aspect) & 1u) == 0) return false;
      if (line.effect == Effect::kHide) return true;
      if (line.effect == Effect::kBroker && aspect != Aspect::kExistence) return false;
      return person_asks || (aspect != Aspect::kContact && aspect != Aspect::kContent);
    });
    const size_t no_assessment = p_.assessment_sections.size();
    e_.assessments_ = Fill(no_assessment + 1, [&](const Line& line, size_t row) {
      return row == no_assessment ||
             line.Allows(line.statement->aspects.assessments.Admits(static_cast<Symbol>(row)));
    });
    const size_t no_section = p_.sections.size();
    e_.sections_ = Fill(no_section + 1, [&](const Line& line, size_t row) {
      const BoundAspects& aspects = line.statement->aspects;
      if (row == no_section || aspects.section_mode == syntax::Sections::kAll) return true;
      const Tri listed = aspects.sections.Admits(static_cast<Symbol>(row));
      return line.Allows(aspects.section_mode == syntax::Sections::kOnly ? listed : Not(listed));
    });
  }

  // ---- On what facts ----

  void MakeConditions() {
    e_.purposes_ = FillTests(Condition::About::kPurpose, kPurposes,
                             [](const Condition& condition, size_t purpose) {
                               if (purpose == 0) return Tri::kUnknown;
                               return Known((condition.purposes >> purpose & 1u) != 0);
                             });
    // The gateway that has a purpose of its own.
    for (size_t purpose = 0; purpose < kPurposes; ++purpose) {
      uint64_t* const bits = e_.bits_.data() + e_.purposes_.at + purpose * e_.words_;
      for (size_t i = 0; i < lines_.size(); ++i) {
        if (lines_[i].effect != Effect::kHide && lines_[i].bound->basis == Gateway::kCa1989S47 &&
            static_cast<Purpose>(purpose) != Purpose::kSafeguarding) {
          bits[i / 64] &= ~(uint64_t{1} << (i % 64));
        }
      }
    }

    // What a line needs to be certain of is looked up by what is certain, and what it needs not to
    // be excluded by what may be: a show's own words and a hide's exceptions by the first.
    const auto related = [](bool by_certain) {
      return [by_certain](const Line& line, size_t set) {
        for (const Test& test : line.tests) {
          if (test.condition->about != Condition::About::kRelationship) continue;
          const bool wanted = test.condition->negated == test.negated;
          const bool needs_certain = (line.effect == Effect::kHide) != wanted;
          if (needs_certain != by_certain) continue;
          if (((test.condition->relationships & set) != 0) != wanted) return false;
        }
        return true;
      };
    };
    e_.related_ = Fill(kRelationSets, related(true));
    e_.perhaps_ = Fill(kRelationSets, related(false));

    const auto facts = [](size_t first) {
      return [first](const Line& line, size_t row) {
        for (const Test& test : line.tests) {
          size_t digits = row;
          for (size_t f = first; f < first + kFactsPerTable; ++f, digits /= 3) {
            if (test.condition->about != kFacts[f]) continue;
            Tri value = kTris[digits % 3];
            if (test.condition->negated != test.negated) value = Not(value);
            if (!line.Allows(value)) return false;
          }
        }
        return true;
      };
    };
    e_.facts_ = Fill(kFactRows, facts(0));
    e_.more_facts_ = Fill(kFactRows, facts(kFactsPerTable));
    e_.gates_ = Fill(4, [](const Line& line, size_t row) {
      const bool necessary = row >= 2;
      const bool brokerable = row % 2 == 1;
      if (line.effect == Effect::kBroker && !brokerable) return false;
      return line.effect == Effect::kHide || line.bound->basis != Gateway::kCda1998S115 ||
             necessary;
    });

    std::set<int64_t> turns;
    for (const Line& line : lines_) {
      if (line.effect == Effect::kHide || line.bound->agreement == kNoAgreement) continue;
      const BoundAgreement& agreement = p_.agreements[static_cast<size_t>(line.bound->agreement)];
      turns.insert(agreement.from_s);
      turns.insert(agreement.until_s);
    }
    e_.turns_.assign(turns.begin(), turns.end());
    e_.times_ = Fill(e_.turns_.size() + 1, [this](const Line& line, size_t past) {
      if (line.effect == Effect::kHide || line.bound->agreement == kNoAgreement) return true;
      const BoundAgreement& agreement = p_.agreements[static_cast<size_t>(line.bound->agreement)];
      if (past == 0) return false;  // before every agreement
      const int64_t now_s = e_.turns_[past - 1];
      return agreement.from_s <= now_s && now_s < agreement.until_s;
    });
  }

  void MakeConsents() {
    std::set<uint32_t> states;
    for (const Line& line : lines_) {
      for (const Test& test : line.tests) {
        if (test.condition->about == Condition::About::kConsent) {
          states.insert(test.condition->consent_states);
        }
      }
    }
    e_.consent_states_.assign(states.begin(), states.end());
    if (states.size() > kConsentStatesMax) {
      too_large_ = true;
      return;
    }
    const auto by = [this](bool by_certain) {
      return [this, by_certain](const Line& line, size_t holds) {
        for (const Test& test : line.tests) {
          if (test.condition->about != Condition::About::kConsent) continue;
          const bool wanted = !test.negated;
          const bool needs_certain = (line.effect == Effect::kHide) != wanted;
          if (needs_certain != by_certain) continue;
          const auto at = std::lower_bound(e_.consent_states_.begin(), e_.consent_states_.end(),
                                           test.condition->consent_states);
          const auto bit = static_cast<size_t>(at - e_.consent_states_.begin());
          if (((holds >> bit & 1u) != 0) != wanted) return false;
        }
        return true;
      };
    };
    e_.consent_ = Fill(size_t{1} << states.size(), by(true));
    e_.consent_perhaps_ = Fill(size_t{1} << states.size(), by(false));
  }

  Engine& e_;
  const PolicyImpl& p_;
  std::vector<Line> lines_;
  std::set<Symbol> named_agencies_;
  std::set<Symbol> named_roles_;
  bool too_large_ = false;
};

std::unique_ptr<const Engine> Engine::Build(const PolicyImpl& policy) {
  std::unique_ptr<Engine> engine(new Engine(policy));
  if (!Builder(*engine).Build()) return nullptr;
  return engine;
}

// ---- Deciding ----

struct Engine::Rows {
  const uint64_t* askers;
  const uint64_t* services;
  const uint64_t* holders;
  const uint64_t* marked;
  const uint64_t* held_by;
  const uint64_t* aspects;
  const uint64_t* assessments;
  const uint64_t* sections;
  const uint64_t* purposes;
  const uint64_t* related;
  const uint64_t* perhaps;
  const uint64_t* facts;
  const uint64_t* more_facts;
  const uint64_t* gates;
  const uint64_t* times;
  const uint64_t* consent;
  const uint64_t* consent_perhaps;
  const ConsentStanding* standing;
};

void Engine::AskAsTeams(const Question& question, Symbol agency, size_t purpose, size_t asker_row,
                        uint64_t* own) const {
  const uint64_t* const hides = Row(classes_, 0);
  const uint64_t* const acts = Row(acts_, 0);
  const uint64_t* const rest = Row(asker_rest_, asker_row);
  std::copy_n(Row(asker_any_, asker_row), words_, own);
  std::array<uint64_t, kLinesMax / 64> but;
  std::copy_n(Row(asker_but_, asker_row), words_, but.data());
  bool acts_for_authority = policy_.agency_data[agency].relevant_authority;
  for (size_t t = 1; t < policy_.team_data.size(); ++t) {
    const TeamData& team = policy_.team_data[t];
    Tri member = Tri::kNo;
    for (const TeamStanding& standing : question.teams) {
      member = Or(member,
                  Same(InRange(standing.team, policy_.team_data.size()), static_cast<Symbol>(t)));
    }
    const Tri inside = purpose == 0 ? Tri::kUnknown : Known((team.purposes >> purpose & 1u) != 0);
    const Tri value = And(member, And(inside, team.agencies.Admits(agency)));
    if (member == Tri::kYes && inside == Tri::kYes && team.agencies.Has(agency)) {
      acts_for_authority |= team.has_relevant_authority;
    }
    if (value == Tri::kNo || !names_teams_) continue;
    const uint64_t* const any = Row(team_any_, t);
    const uint64_t* const except = Row(team_but_, t);
    for (size_t w = 0; w < words_; ++w) {
      own[w] |= value == Tri::kYes ? any[w] : any[w] & hides[w];
      but[w] |= value == Tri::kYes ? except[w] : except[w] & ~hides[w];
    }
  }
  for (size_t w = 0; w < words_; ++w) {
    own[w] &= ~but[w] & rest[w];
    if (!acts_for_authority) own[w] &= ~acts[w];
  }
}

template <size_t kWords>
bool Engine::Combine(const Rows& r, const Question&, const Item& item, Decision& decision) const {
  // kWords is 0 where the number of words is known only now.
  const size_t words = kWords != 0 ? kWords : words_;
  std::array<uint64_t, kWords != 0 ? kWords : kLinesMax / 64> lines;
  const uint64_t* const hides = Row(classes_, 0);
  const uint64_t* const brokers = Row(classes_, 1);
  uint64_t hidden = 0;
  uint64_t brokered = 0;
  uint64_t left = 0;
  for (size_t w = 0; w < words; ++w) {
    const uint64_t items = (r.services[w] | r.holders[w] | r.marked[w]) & r.held_by[w];
    const uint64_t what = r.aspects[w] & r.assessments[w] & r.sections[w];
    const uint64_t why = r.purposes[w] & r.related[w] & r.perhaps[w];
    const uint64_t when = r.facts[w] & r.more_facts[w] & r.gates[w] & r.times[w];
    const uint64_t agreed = r.consent[w] & r.consent_perhaps[w];
    const uint64_t line = r.askers[w] & items & what & why & when & agreed;
    lines[w] = line;
    hidden |= line & hides[w];
    brokered |= line & brokers[w];
    left |= line;
  }
  if (brokered != 0) return false;
  decision = Decision();
  if (left == 0) return true;
  RuleIndex last = kNoRule;
  for (size_t w = 0; w < words; ++w) {
    uint64_t bits = hidden != 0 ? lines[w] & hides[w] : lines[w];
    for (; bits != 0; bits &= bits - 1) {
      const size_t line = w * 64 + static_cast<size_t>(__builtin_ctzll(bits));
      const RuleIndex rule = line_rule_[line];
      if (rule == last) continue;  // a rule decides once
      last = rule;
      if (decision.rule_count < kDecidingRulesMax) decision.rules[decision.rule_count] = rule;
      ++decision.rule_count;
      if (hidden != 0) continue;
      const BoundRule& bound = policy_.rules[static_cast<size_t>(rule)];
      decision.obligations |= bound.obligations;
      if (decision.rule_count > 1) continue;
      decision.gateway = bound.basis;
      decision.agreement = bound.agreement;
      if (bound.basis == Gateway::kConsent) {
        decision.consent = ConsentUsed(*line_statement_[line], item.consents, *r.standing);
      }
    }
  }
  decision.by_default = false;
  if (hidden == 0) decision.effect = Effect::kShow;
  return true;
}

bool Engine::Decide(const Question& question, const Item& item, Decision& decision) const {
  if (question.override_request.requested) return false;
  if (static_cast<size_t>(item.aspect) >= kAspectCount || question.now_s < policy_.in_force_s) {
    return false;
  }
  const Symbol agency = InRange(question.agency, policy_.agency_data.size());
  const Symbol role = InRange(question.role, role_class_.size());
  const Symbol holder = InRange(item.holder, policy_.agency_data.size());
  const Symbol service = InRange(item.service, policy_.services.size());
  const auto purpose = static_cast<size_t>(question.purpose) < kPurposes
                           ? static_cast<size_t>(question.purpose)
                           : size_t{0};
  const size_t practitioner = Digit(question.is_practitioner);
  const bool person_asks = practitioner == static_cast<size_t>(Tri::kYes);

  Rows rows;
  const size_t same = Digit(Same(agency, holder));
  const size_t asker_row =
      (size_t{agency_class_[agency]} * role_classes_ + role_class_[role]) * kAskerRows +
      AskerRow(practitioner, same);
  rows.askers = Row(askers_, asker_row);
  rows.services = Row(services_, service);
  rows.holders = Row(holders_, holder);
  rows.marked = Row(marked_, Digit(item.marked_sensitive));
  rows.held_by = Row(held_by_, holder);
  const auto aspect = static_cast<size_t>(item.aspect);
  rows.aspects = Row(aspects_, aspect + (person_asks ? size_t{kAspectCount} : 0));
  const bool content = item.aspect == Aspect::kContent;
  const bool paper = content || item.aspect == Aspect::kAssessment;
  const size_t papers = policy_.assessment_sections.size();
  rows.assessments = Row(assessments_, paper ? InRange(item.assessment, papers) : papers);
  const size_t sections = policy_.sections.size();
  rows.sections = Row(sections_, content ? InRange(item.section, sections) : sections);
  rows.purposes = Row(purposes_, purpose);

  uint8_t related = question.relationships.yes;
  uint8_t perhaps = question.relationships.unknown;
  std::array<uint64_t, kLinesMax / 64> own;
  if (!question.teams.empty()) {
    AddTeamRelationships(policy_, question, agency, static_cast<Purpose>(purpose), related,
                         perhaps);
    AskAsTeams(question, agency, purpose, asker_row, own.data());
    rows.askers = own.data();
  }
  rows.related = Row(related_, related & kRelationMask);
  rows.perhaps = Row(perhaps_, (related | perhaps) & kRelationMask);
  rows.facts = Row(facts_, Digit(item.shielded) + 3 * Digit(item.open) + 9 * Digit(item.disputed));
  rows.more_facts = Row(more_facts_, Digit(item.new_identity) + 3 * Digit(item.spent_offence) +
                                         9 * Digit(item.names_victim));
  rows.gates = Row(gates_, (question.necessity_stated == Tri::kYes ? 2u : 0u) +
                               (item.brokerable == Tri::kYes ? 1u : 0u));
  size_t past = 0;
  while (past < turns_.size() && turns_[past] <= question.now_s) ++past;
  rows.times = Row(times_, past);

  ConsentStanding standing;
  rows.standing = &standing;
  size_t holds = 0;
  size_t may_hold = 0;
  if (!consent_states_.empty()) {
    const size_t all = (size_t{1} << consent_states_.size()) - 1;
    const bool usable = item.consents_known == Tri::kYes &&
                        item.consents.size() <= static_cast<size_t>(kConsentsPerItemMax);
    if (!usable) {
      may_hold = all;
    } else {
      if (!item.consents.empty()) {
        JudgeConsents(CoverFacts{agency, policy_.agency_data[agency].kind, role, holder, service,
                                 InRange(item.assessment, papers), InRange(item.section, sections),
                                 item.aspect, static_cast<Purpose>(purpose), item.adult_from_s,
                                 policy_.ends_at_18},
                      item.consents, question.now_s, standing);
      }
      for (size_t k = 0; k < consent_states_.size(); ++k) {
        const Tri value = ConsentHolds(consent_states_[k], item.consents.size(), standing);
        holds |= static_cast<size_t>(value == Tri::kYes) << k;
        may_hold |= static_cast<size_t>(value != Tri::kNo) << k;
      }
    }
  }
  rows.consent = Row(consent_, holds);
  rows.consent_perhaps = Row(consent_perhaps_, may_hold);

  switch (words_) {
    case 1:
      return Combine<1>(rows, question, item, decision);
    case 2:
      return Combine<2>(rows, question, item, decision);
    case 3:
      return Combine<3>(rows, question, item, decision);
    case 4:
      return Combine<4>(rows, question, item, decision);
    default:
      return Combine<0>(rows, question, item, decision);
  }
}

}  // namespace signpost::policy
