#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "policy/engine/engine.h"
#include "policy/engine/engine_rows.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/program.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;

// The facts that a condition may look at, in the order in which FactsOf() packs them.
constexpr std::array<Condition::About, 6> kFacts = {
    Condition::About::kOpen,         Condition::About::kDisputed,
    Condition::About::kShielded,     Condition::About::kNewIdentity,
    Condition::About::kSpentOffence, Condition::About::kNamesVictim};

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

// Fills one engine's tables, attribute by attribute. A table's row for a value is made by asking of
// every line what that value alone lets it do: where an answer needs more than one attribute (an
// agreement is between asker and holder, and they must differ) it is cut into parts that each look
// at one, so that the AND of the rows is the answer.
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

  // [agency class][role class][practitioner][same as the holder]. Agencies and roles are put into
  // classes first: a row for each pair of an agency and a role would be millions in a large area.
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
    // What holds for an asker without teams follows from the rest, and is made once so that most
    // askers cost one row.
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
    const std::vector<size_t> sets = FoldRelationships();
    const auto of_class = [&sets](auto bit) {
      return [&sets, bit](const Line& line, size_t row) { return bit(line, sets[row]); };
    };
    e_.related_ = Fill(sets.size(), of_class(related(true)));
    e_.perhaps_ = Fill(sets.size(), of_class(related(false)));

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

  // Numbers the sets of relationships by what the conditions say of them, and gives one of each
  // number: most policies ask for one or two things, and small tables stay in the cache.
  std::vector<size_t> FoldRelationships() {
    std::set<uint8_t> asked;
    for (const Line& line : lines_) {
      for (const Test& test : line.tests) {
        if (test.condition->about == Condition::About::kRelationship) {
          asked.insert(test.condition->relationships);
        }
      }
    }
    std::map<std::vector<bool>, uint8_t> classes;
    std::vector<size_t> sets;
    for (size_t set = 0; set < kRelationSets; ++set) {
      std::vector<bool> said;
      for (const uint8_t bits : asked) said.push_back((set & bits) != 0);
      const auto [it, added] = classes.emplace(std::move(said), static_cast<uint8_t>(sets.size()));
      if (added) sets.push_back(set);
      e_.related_class_[set] = it->second;
    }
    return sets;
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
    const auto by = [this](bool by_certain, size_t table) {
      return [this, by_certain, table](const Line& line, size_t holds) {
        for (const Test& test : line.tests) {
          if (test.condition->about != Condition::About::kConsent) continue;
          const bool wanted = !test.negated;
          const bool needs_certain = (line.effect == Effect::kHide) != wanted;
          if (needs_certain != by_certain) continue;
          const auto at = std::lower_bound(e_.consent_states_.begin(), e_.consent_states_.end(),
                                           test.condition->consent_states);
          const auto bit = static_cast<size_t>(at - e_.consent_states_.begin());
          if (bit / kStatesPerTable != table) continue;
          if (((holds >> bit % kStatesPerTable & 1u) != 0) != wanted) return false;
        }
        return true;
      };
    };
    e_.on_consent_ = Fill(1, [](const Line& line, size_t) {
      return std::any_of(line.tests.begin(), line.tests.end(), [](const Test& test) {
        return test.condition->about == Condition::About::kConsent;
      });
    });
    for (size_t table = 0; table * kStatesPerTable < states.size(); ++table) {
      const size_t here = std::min(states.size() - table * kStatesPerTable, kStatesPerTable);
      e_.consent_.push_back(Fill(size_t{1} << here, by(true, table)));
      e_.consent_perhaps_.push_back(Fill(size_t{1} << here, by(false, table)));
    }
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

}  // namespace signpost::policy
