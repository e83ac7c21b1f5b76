#include "policy/engine/engine.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "policy/engine/program.h"

namespace signpost::policy {
namespace {

using syntax::Condition;

constexpr std::array<Tri, 3> kTris = {Tri::kUnknown, Tri::kNo, Tri::kYes};
constexpr size_t kPurposes = static_cast<size_t>(Purpose::kAudit) + 1;
constexpr size_t kRelationSets = size_t{1} << kRelationshipCount;
constexpr uint8_t kRelationMask = kRelationSets - 1;

// The facts of an item, in the order in which FactsOf() packs them, two bits each; the first eight
// bits make a row of one table and the last eight one of another.
constexpr size_t kFactsPerTable = 4;
constexpr size_t kFactRows = size_t{1} << (2 * kFactsPerTable);
constexpr std::array<Condition::About, 6> kFacts = {
    Condition::About::kOpen,         Condition::About::kDisputed,
    Condition::About::kShielded,     Condition::About::kNewIdentity,
    Condition::About::kSpentOffence, Condition::About::kNamesVictim};
constexpr size_t kBrokerable = 6;
constexpr size_t kMarked = 7;

// Two bits that are no Tri stand for one that is not known.
constexpr std::array<Tri, 4> kTwoBits = {Tri::kUnknown, Tri::kNo, Tri::kYes, Tri::kUnknown};
Tri FactAt(size_t row, size_t place) { return kTwoBits[row >> (2 * place) & 3u]; }

// All of them in sixteen bits. A value that is no Tri at all is packed as unknown.
uint32_t FactsOf(const Item& item) {
  const auto byte = [](Tri value, int place) {
    return static_cast<uint64_t>(value) << (8 * place);
  };
  // One load: the eight stand side by side.
  uint64_t facts = byte(item.open, 0) | byte(item.disputed, 1) | byte(item.shielded, 2) |
                   byte(item.new_identity, 3) | byte(item.spent_offence, 4) |
                   byte(item.names_victim, 5) | byte(item.brokerable, 6) |
                   byte(item.marked_sensitive, 7);
  constexpr uint64_t kStray = 0xfcfcfcfcfcfcfcfc;
  if ((facts & kStray) != 0) {
    for (int place = 0; place < 8; ++place) {
      if ((facts & uint64_t{0xfc} << (8 * place)) != 0) {
        facts &= ~(uint64_t{0xff} << (8 * place));
      }
    }
  }
  facts = (facts | facts >> 6) & 0x000f000f000f000f;
  facts = (facts | facts >> 12) & 0x000000ff000000ff;
  return static_cast<uint32_t>((facts | facts >> 24) & 0xffff);
}

Tri Known(bool value) { return value ? Tri::kYes : Tri::kNo; }

// A value from outside that is no Tri is unknown.
size_t Digit(Tri value) {
  const auto digit = static_cast<size_t>(value);
  return digit < kTris.size() ? digit : 0;
}

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
  // With `potential_only` the lines are what Engine::potential_shows() is made of.
  Builder(Engine& engine, bool potential_only)
      : e_(engine), p_(engine.policy_), potential_only_(potential_only) {}

  bool Build() {
    if (!(potential_only_ ? MakePotentialLines() : MakeLines())) return false;
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
    if (too_large_) return false;
    MakeTeams();
    MakeItems();
    MakeConditions();
    MakeConsents();
    if (too_large_) return false;
    e_.agencies_ = p_.agency_data.size();
    e_.service_count_ = p_.services.size();
    e_.papers_ = p_.assessment_sections.size();
    e_.section_count_ = p_.sections.size();
    e_.names_holders_ = Differs(e_.holders_, e_.agencies_, false);
    e_.names_marked_ = Differs(e_.marked_, kTwoBits.size(), false);
    e_.names_held_by_ = Differs(e_.held_by_, e_.agencies_, true);
    e_.names_facts_ =
        Differs(e_.facts_, kFactRows, true) || Differs(e_.more_facts_, kFactRows, true);
    return true;
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

  // Every show, by what no fact can change: a line is left where that is not known to fail, as if
  // it hid.
  bool MakePotentialLines() {
    for (size_t r = 0; r < p_.rules.size(); ++r) {
      for (const BoundStatement& statement : p_.rules[r].statements) {
        if (statement.effect != Effect::kShow) continue;
        if (lines_.size() == kLinesMax) return false;
        Line line;
        line.rule = static_cast<RuleIndex>(r);
        line.bound = &p_.rules[r];
        line.statement = &statement;
        lines_.push_back(std::move(line));
      }
    }
    return true;
  }

  // Whether some bit of a line in a table is not `value`.
  bool Differs(Table table, size_t rows, bool value) const {
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < lines_.size(); ++i) {
        if ((e_.Row(table, row)[i / 64] >> (i % 64) & 1u) != (value ? 1u : 0u)) return true;
      }
    }
    return false;
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

  // Whether another table of `rows` rows is within the limits; notes it where it is not.
  bool HasRoomFor(size_t rows) {
    steps_ += rows * lines_.size();
    too_large_ = steps_ > kBuildStepsMax || e_.bits_.size() + rows * e_.words_ > kTableWordsMax;
    return !too_large_;
  }

  // A table of `rows` rows in which a line's bit is `bit(line, row)`.
  template <typename Bit>
  Table Fill(size_t rows, Bit bit) {
    Table table{e_.bits_.size()};
    if (too_large_ || !HasRoomFor(rows)) return Table{};
    e_.bits_.resize(e_.bits_.size() + rows * e_.words_, 0);
    for (size_t row = 0; row < rows; ++row) {
      uint64_t* const bits = e_.bits_.data() + table.at + row * e_.words_;
      for (size_t i = 0; i < lines_.size(); ++i) {
        if (bit(lines_[i], row)) bits[i / 64] |= uint64_t{1} << (i % 64);
      }
    }
    return table;
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
    // Each row asks every phrase of every line.
    for (const Line& line : lines_) {
      const BoundAskers& askers = line.statement->askers;
      steps_ += rows * (askers.any.size() + askers.except.size());
    }
    const auto agency_at = [&](size_t row) { return agency_of[row / kAskerRows / role_of.size()]; };
    // The asker of a row as they are asked about; nullptr where nobody is like that. Rows come one
    // after the other, so one evaluation serves all lines of a row.
    std::optional<Evaluation> evaluation;
    std::optional<size_t> evaluated;
    const auto asker_at = [&](size_t row) -> Evaluation* {
      if (evaluated == row) return evaluation.has_value() ? &*evaluation : nullptr;
      evaluated = row;
      evaluation.reset();
      Question question;
      question.agency = agency_at(row);
      question.role = role_of[row / kAskerRows % role_of.size()];
      question.is_practitioner = kTris[row % kAskerRows / 3];
      const Tri same = kTris[row % 3];
      if (same != Tri::kUnknown && question.agency == kNoSymbol) return nullptr;
      Item item;
      if (same == Tri::kYes) item.holder = question.agency;
      if (same == Tri::kNo) {
        if (p_.agency_data.size() <= 2) return nullptr;
        item.holder = question.agency == 1 ? Symbol{2} : Symbol{1};
      }
      evaluation.emplace(p_, question, item);
      return &*evaluation;
    };
    // By line: its askers without their exceptions, and the exceptions alone.
    std::vector<BoundAskers> included(lines_.size());
    std::vector<BoundAskers> excepted(lines_.size());
    for (size_t i = 0; i < lines_.size(); ++i) {
      included[i] = lines_[i].statement->askers;
      included[i].except.clear();
      excepted[i].any = lines_[i].statement->askers.except;
    }
    const auto place = [this](const Line& line) {
      return static_cast<size_t>(&line - lines_.data());
    };
    const auto names_team = [](const BoundAskers& askers) {
      return std::any_of(askers.any.begin(), askers.any.end(),
                         [](const BoundAskerPhrase& phrase) { return phrase.team != kNoSymbol; });
    };
    e_.asker_any_ = Fill(rows, [&](const Line& line, size_t row) {
      Evaluation* const asker = asker_at(row);
      if (asker == nullptr) return false;
      const BoundAskers& askers = included[place(line)];
      if (!potential_only_) return line.Allows(asker->MatchesAskers(askers));
      return asker->CouldBeAskers(askers) != Tri::kNo || names_team(askers);
    });
    // For a hide an exception counts when it is known to hold, for a show when it may.
    evaluated.reset();
    e_.asker_but_ = Fill(rows, [&](const Line& line, size_t row) {
      Evaluation* const asker = asker_at(row);
      return asker != nullptr && !line.Allows(Not(asker->MatchesAskers(excepted[place(line)])));
    });
    e_.asker_rest_ = Fill(rows, [&](const Line& line, size_t row) {
      const Tri same = kTris[row % 3];
      if (line.bound->agreement != kNoAgreement) {
        const BoundAgreement& agreement = p_.agreements[static_cast<size_t>(line.bound->agreement)];
        if (!line.Allows(And(agreement.parties.Admits(agency_at(row)), Not(same)))) return false;
      }
      return line.effect == Effect::kHide || line.bound->basis != Gateway::kOwnRecord ||
             same == Tri::kYes;
    });
    e_.acts_ = Fill(1, [](const Line& line, size_t) {
      return line.effect != Effect::kHide && line.bound->basis == Gateway::kCda1998S115;
    });
    // What holds for an asker without teams follows from the rest.
    if (too_large_ || !HasRoomFor(rows)) return;
    e_.askers_ = Table{e_.bits_.size()};
    e_.bits_.resize(e_.bits_.size() + rows * e_.words_, 0);
    for (size_t row = 0; row < rows; ++row) {
      const bool acts = p_.agency_data[agency_at(row)].relevant_authority;
      uint64_t* const bits = e_.bits_.data() + e_.askers_.at + row * e_.words_;
      for (size_t w = 0; w < e_.words_; ++w) {
        bits[w] = e_.Row(e_.asker_any_, row)[w] & ~e_.Row(e_.asker_but_, row)[w] &
                  e_.Row(e_.asker_rest_, row)[w];
        if (!acts) bits[w] &= ~e_.Row(e_.acts_, 0)[w];
      }
    }
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
    e_.marked_ = Fill(kTwoBits.size(), [](const Line& line, size_t row) {
      return line.statement->items.marked_sensitive && line.Allows(kTwoBits[row]);
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
    // The gateways that look at the purpose or at a statement of necessity.
    const auto opens = [](const Line& line, Purpose purpose, bool necessary) {
      if (line.effect == Effect::kHide) return true;
      if (line.bound->basis == Gateway::kCa1989S47) return purpose == Purpose::kSafeguarding;
      return line.bound->basis != Gateway::kCda1998S115 || necessary;
    };
    e_.purposes_ = Fill(2 * kPurposes, [&opens](const Line& line, size_t row) {
      const size_t purpose = row % kPurposes;
      for (const Test& test : line.tests) {
        if (test.condition->about != Condition::About::kPurpose) continue;
        Tri value = Tri::kUnknown;
        if (purpose != 0) value = Known((test.condition->purposes >> purpose & 1u) != 0);
        if (test.condition->negated != test.negated) value = Not(value);
        if (!line.Allows(value)) return false;
      }
      return opens(line, static_cast<Purpose>(purpose), row >= kPurposes);
    });

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
        for (size_t place = 0; place < kFactsPerTable; ++place) {
          const Tri fact = FactAt(row, place);
          const size_t f = first + place;
          if (f == kBrokerable && line.effect == Effect::kBroker && fact != Tri::kYes) return false;
          if (f >= kFacts.size()) continue;
          for (const Test& test : line.tests) {
            if (test.condition->about != kFacts[f]) continue;
            const bool inverted = test.condition->negated != test.negated;
            if (!line.Allows(inverted ? Not(fact) : fact)) return false;
          }
        }
        return true;
      };
    };
    e_.facts_ = Fill(kFactRows, facts(0));
    e_.more_facts_ = Fill(kFactRows, facts(kFactsPerTable));

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
    for (size_t k = 0; k < e_.consent_states_.size(); ++k) {
      const uint32_t bit = 1u << static_cast<unsigned>(ConsentState::kNotAsked);
      if ((e_.consent_states_[k] & bit) != 0) e_.not_asked_ |= size_t{1} << k;
    }
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
    e_.on_consent_ = Fill(1, [](const Line& line, size_t) {
      return std::any_of(line.tests.begin(), line.tests.end(), [](const Test& test) {
        return test.condition->about == Condition::About::kConsent;
      });
    });
    e_.consent_ = Fill(size_t{1} << states.size(), by(true));
    e_.consent_perhaps_ = Fill(size_t{1} << states.size(), by(false));
  }

  Engine& e_;
  const PolicyImpl& p_;
  const bool potential_only_;
  std::vector<Line> lines_;
  std::set<Symbol> named_agencies_;
  std::set<Symbol> named_roles_;
  size_t steps_ = 0;
  bool too_large_ = false;
};

std::unique_ptr<const Engine> Engine::Build(const PolicyImpl& policy) {
  std::unique_ptr<Engine> engine(new Engine(policy));
  if (!Builder(*engine, false).Build()) return nullptr;
  std::unique_ptr<Engine> potential(new Engine(policy));
  if (Builder(*potential, true).Build()) {
    potential->Choose();
    engine->potential_shows_ = std::move(potential);
  }
  engine->Choose();
  return engine;
}

void Engine::Choose() {
  switch (words_) {
    case 1:
      return DecideWith<1>();
    case 2:
      return DecideWith<2>();
    case 3:
      return DecideWith<3>();
    case 4:
      return DecideWith<4>();
    default:
      return DecideWith<0>();
  }
}

// ---- Deciding ----

// Which of the conditions about consent hold, and which may: rows of their tables.
struct Engine::Consented {
  size_t holds;
  size_t may_hold;
  ConsentStanding standing;
};

void Engine::JudgeConsent(const QuestionRows& rows, const Item& item, Consented& consented) const {
  // Nobody was asked: nothing holds but what asks for just that.
  consented.holds = not_asked_;
  consented.may_hold = not_asked_;
  if (item.consents_known != Tri::kYes ||
      item.consents.size() > static_cast<size_t>(kConsentsPerItemMax)) {
    consented.holds = 0;
    consented.may_hold = (size_t{1} << consent_states_.size()) - 1;
    return;
  }
  if (item.consents.empty()) return;
  JudgeConsents(CoverFacts{rows.agency_, policy_.agency_data[rows.agency_].kind, rows.role_,
                           InRange(item.holder, agencies_), InRange(item.service, service_count_),
                           InRange(item.assessment, papers_), InRange(item.section, section_count_),
                           item.aspect, rows.named_purpose_, item.adult_from_s, policy_.ends_at_18},
                item.consents, rows.question_.now_s, consented.standing);
  consented.holds = 0;
  consented.may_hold = 0;
  for (size_t k = 0; k < consent_states_.size(); ++k) {
    const Tri value = ConsentHolds(consent_states_[k], item.consents.size(), consented.standing);
    consented.holds |= static_cast<size_t>(value == Tri::kYes) << k;
    consented.may_hold |= static_cast<size_t>(value != Tri::kNo) << k;
  }
}

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
void Engine::Gather(const QuestionRows& rows, const Item& item, uint64_t* lines) const {
  const size_t words = Words<kWords>();
  const uint64_t* const bits = bits_.data();
  const auto row = [&](Table table, size_t index) { return bits + table.at + index * words; };
  const Symbol holder = InRange(item.holder, agencies_);
  const uint64_t* const who = rows.who_[static_cast<size_t>(Same(rows.agency_, holder))];
  const uint64_t* const why = rows.why_and_when_.data();
  const uint64_t* const service = row(services_, InRange(item.service, service_count_));
  const uint32_t facts = names_facts_ || names_marked_ ? FactsOf(item) : 0;
  for (size_t w = 0; w < words; ++w) lines[w] = service[w];
  if (names_holders_) {
    const uint64_t* const held = row(holders_, holder);
    for (size_t w = 0; w < words; ++w) lines[w] |= held[w];
  }
  if (names_marked_) {
    const uint64_t* const marked = row(marked_, facts >> (2 * kMarked));
    for (size_t w = 0; w < words; ++w) lines[w] |= marked[w];
  }
  if (names_held_by_) {
    const uint64_t* const held_by = row(held_by_, holder);
    for (size_t w = 0; w < words; ++w) lines[w] &= held_by[w];
  }
  if (names_facts_) {
    const uint64_t* const some = row(facts_, facts & 0xff);
    const uint64_t* const more = row(more_facts_, facts >> 8);
    for (size_t w = 0; w < words; ++w) lines[w] &= some[w] & more[w];
  }
  for (size_t w = 0; w < words; ++w) lines[w] &= who[w] & why[w];
}

template <size_t kWords>
bool Engine::Narrow(const QuestionRows& rows, const Item& item, const uint64_t* gathered,
                    uint64_t* lines) const {
  const size_t words = Words<kWords>();
  const uint64_t* const bits = bits_.data();
  const auto row = [&](Table table, size_t index) { return bits + table.at + index * words; };
  const bool content = item.aspect == Aspect::kContent;
  const bool paper = content || item.aspect == Aspect::kAssessment;
  const uint64_t* const aspect =
      row(aspects_, rows.first_aspect_ + static_cast<size_t>(item.aspect));
  const uint64_t* const assessment =
      row(assessments_, paper ? InRange(item.assessment, papers_) : papers_);
  const uint64_t* const section =
      row(sections_, content ? InRange(item.section, section_count_) : section_count_);
  uint64_t left = 0;
  for (size_t w = 0; w < words; ++w) {
    lines[w] = gathered[w] & aspect[w] & assessment[w] & section[w];
    left |= lines[w];
  }
  return left != 0;
}

template <size_t kWords>
void Engine::Consent(const QuestionRows& rows, const Item& item, uint64_t* lines,
                     Consented& consented) const {
  const size_t words = Words<kWords>();
  const uint64_t* const on_consent = Row(on_consent_, 0);
  uint64_t asks = 0;
  for (size_t w = 0; w < words; ++w) asks |= lines[w] & on_consent[w];
  if (asks == 0) return;
  JudgeConsent(rows, item, consented);
  const uint64_t* const holds = Row(consent_, consented.holds);
  const uint64_t* const may_hold = Row(consent_perhaps_, consented.may_hold);
  for (size_t w = 0; w < words; ++w) lines[w] &= holds[w] & may_hold[w];
}

template <size_t kWords>
bool Engine::Conclude(const QuestionRows& rows, const Item& item, uint64_t* lines,
                      Decision& decision) const {
  const size_t words = Words<kWords>();
  // Consent is the dear fact, and few items come down to it.
  Consented consented;
  Consent<kWords>(rows, item, lines, consented);
  const uint64_t* const hides = Row(classes_, 0);
  const uint64_t* const brokers = Row(classes_, 1);
  uint64_t hidden = 0;
  uint64_t brokered = 0;
  uint64_t left = 0;
  for (size_t w = 0; w < words; ++w) {
    hidden |= lines[w] & hides[w];
    brokered |= lines[w] & brokers[w];
    left |= lines[w];
  }
  if (brokered != 0) return false;
  if (left == 0) return true;
  RuleIndex last = kNoRule;
  for (size_t w = 0; w < words; ++w) {
    uint64_t rest = hidden != 0 ? lines[w] & hides[w] : lines[w];
    for (; rest != 0; rest &= rest - 1) {
      const size_t line = w * 64 + static_cast<size_t>(__builtin_ctzll(rest));
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
        // A show on consent has a condition about it, so it has been judged.
        decision.consent = ConsentUsed(*line_statement_[line], item.consents, consented.standing);
      }
    }
  }
  decision.by_default = false;
  if (hidden == 0) decision.effect = Effect::kShow;
  return true;
}

template <size_t kWords>
bool Engine::DecideOne(const Engine& engine, const QuestionRows& rows, const Item& item,
                       Decision& decision) {
  if (!rows.usable_ || static_cast<size_t>(item.aspect) >= kAspectCount) return false;
  std::array<uint64_t, kWords != 0 ? kWords : kLinesMax / 64> lines;
  engine.Gather<kWords>(rows, item, lines.data());
  if (!engine.Narrow<kWords>(rows, item, lines.data(), lines.data())) return true;
  return engine.Conclude<kWords>(rows, item, lines.data(), decision);
}

template <size_t kWords>
bool Engine::DecideAspect(const Engine& engine, const QuestionRows& rows, const ItemRows& item_rows,
                          const Item& item, Decision& decision) {
  if (!rows.usable_ || static_cast<size_t>(item.aspect) >= kAspectCount) return false;
  if (!item_rows.any_) return true;
  std::array<uint64_t, kWords != 0 ? kWords : kLinesMax / 64> lines;
  if (!engine.Narrow<kWords>(rows, item, item_rows.lines_.data(), lines.data())) return true;
  return engine.Conclude<kWords>(rows, item, lines.data(), decision);
}

template <size_t kWords>
void Engine::GatherItem(const Engine& engine, const QuestionRows& rows, const Item& item,
                        ItemRows& item_rows) {
  engine.Gather<kWords>(rows, item, item_rows.lines_.data());
  uint64_t left = 0;
  for (size_t w = 0; w < engine.Words<kWords>(); ++w) left |= item_rows.lines_[w];
  item_rows.any_ = left != 0;
}

template <size_t kWords>
void Engine::CombineWhy(const Engine& engine, const std::array<const uint64_t*, 4>& rows,
                        uint64_t* combined) {
  for (size_t w = 0; w < engine.Words<kWords>(); ++w) {
    combined[w] = rows[0][w] & rows[1][w] & rows[2][w] & rows[3][w];
  }
}

template <size_t kWords>
void Engine::DecideWith() {
  decide_ = &DecideOne<kWords>;
  decide_aspect_ = &DecideAspect<kWords>;
  gather_ = &GatherItem<kWords>;
  combine_why_ = &CombineWhy<kWords>;
}

template <typename Visit>
void Engine::ForEach(const Lines& lines, Visit visit) const {
  for (size_t w = 0; w < words_; ++w) {
    for (uint64_t rest = lines[w]; rest != 0; rest &= rest - 1) {
      const size_t line = w * 64 + static_cast<size_t>(__builtin_ctzll(rest));
      visit(policy_.rules[static_cast<size_t>(line_rule_[line])], *line_statement_[line]);
    }
  }
}

uint32_t Engine::WhatWasMissing(const QuestionRows& rows, const ItemRows& item_rows,
                                const QuestionRows& could, const ItemRows& could_item,
                                const Item& item) const {
  Lines lines;
  // Where nothing could show it, naming a lack would mislead.
  if (!could_item.any_ ||
      !potential_shows_->Narrow<0>(could, item, could_item.lines_.data(), lines.data())) {
    return 0;
  }
  Evaluation evaluation(policy_, rows.question_, item);
  Evaluation::Requirement shows{false, 0};
  potential_shows_->ForEach(lines, [&](const BoundRule& rule, const BoundStatement& statement) {
    shows.Either(evaluation.RequiredToSpeak(rule, statement));
  });
  if (!shows.possible) return 0;
  Evaluation::Requirement hides;
  if (item_rows.any_ && Narrow<0>(rows, item, item_rows.lines_.data(), lines.data())) {
    Consented consented;
    Consent<0>(rows, item, lines.data(), consented);
    const uint64_t* const hiding = Row(classes_, 0);
    for (size_t w = 0; w < words_; ++w) lines[w] &= hiding[w];
    ForEach(lines, [&](const BoundRule& rule, const BoundStatement& statement) {
      hides.Add(evaluation.RequiredToBeSilent(rule, statement));
    });
  }
  return hides.possible ? hides.bits | shows.bits : 0;
}

Engine::ItemRows::ItemRows(const Engine& engine, const QuestionRows& rows, const Item& item) {
  engine.gather_(engine, rows, item, *this);
}

Engine::QuestionRows::QuestionRows(const Engine& engine, const Question& question)
    : question_(question) {
  const PolicyImpl& policy = engine.policy_;
  usable_ = !question.override_request.requested && question.now_s >= policy.in_force_s;
  agency_ = InRange(question.agency, engine.agencies_);
  role_ = InRange(question.role, engine.role_class_.size());
  const auto purpose = static_cast<size_t>(question.purpose) < kPurposes
                           ? static_cast<size_t>(question.purpose)
                           : size_t{0};
  named_purpose_ = static_cast<Purpose>(purpose);
  const size_t practitioner = Digit(question.is_practitioner);
  const bool person_asks = practitioner == static_cast<size_t>(Tri::kYes);
  first_aspect_ = person_asks ? size_t{kAspectCount} : 0;
  const size_t asker =
      (size_t{engine.agency_class_[agency_]} * engine.role_classes_ + engine.role_class_[role_]) *
          kAskerRows +
      practitioner * 3;
  size_t past = 0;
  while (past < engine.turns_.size() && engine.turns_[past] <= question.now_s) ++past;
  uint8_t related = question.relationships.yes;
  uint8_t perhaps = question.relationships.unknown;
  const bool has_teams = !question.teams.empty();
  if (has_teams) {
    AddTeamRelationships(policy, question, agency_, named_purpose_, related, perhaps);
  }
  for (size_t same = 0; same < who_.size(); ++same) {
    who_[same] = engine.Row(engine.askers_, asker + same);
    if (!has_teams) continue;
    engine.AskAsTeams(question, agency_, purpose, asker + same, own_[same].data());
    who_[same] = own_[same].data();
  }
  engine.combine_why_(
      engine,
      {engine.Row(engine.purposes_,
                  purpose + (question.necessity_stated == Tri::kYes ? kPurposes : 0)),
       engine.Row(engine.related_, related & kRelationMask),
       engine.Row(engine.perhaps_, (related | perhaps) & kRelationMask),
       engine.Row(engine.times_, past)},
      why_and_when_.data());
}

}  // namespace signpost::policy
