#include "policy/analysis/diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/analysis/box_words.h"
#include "policy/analysis/boxes.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/evaluation.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

constexpr size_t kAskersMax = 60'000;  // numbers of 16 bits
constexpr uint16_t kNoOutcome = 0xffff;

// What the policies answer to one cell, as far as the survey looks.
struct CellChange {
  Effect before = Effect::kHide;
  Effect after = Effect::kHide;
  // In words, with "%" where the rules belong that decided before, and "#" where those do that
  // decide after. Empty: nothing to report.
  std::string change;

  friend bool operator<(const CellChange& a, const CellChange& b) {
    return std::tie(a.before, a.after, a.change) < std::tie(b.before, b.after, b.change);
  }
};

using RuleSet = std::set<std::pair<size_t, RuleIndex>>;  // which policy, which of its rules

// Decides every cell and gathers those whose outcome is worth reporting.
//
// The space is a product of askers, items and thirteen facts, and far too large to decide cell by
// cell. It is cut down twice without losing a cell: askers and items that the words of no rule tell
// apart are decided once (GatherClasses), and of the facts only those that some rule for such a
// pair looks at are varied (FactsWithASay). What is left is weighed by how much it stands for, so
// that the counts are those of the whole space.
//
// Then it is put into few words. A Pattern is what one class of pairs comes to, by circumstance.
// Patterns are cut into boxes of circumstances; the same box of several patterns is one finding,
// whose pairs of asker and item are cut into boxes in their turn.
class Survey {
 public:
  explicit Survey(std::vector<const Policy*> policies) : policies_(std::move(policies)) {
    for (const Policy* const policy : policies_) impls_.push_back(&policy->impl());
    space_.emplace(impls_, nullptr, true);
  }
  virtual ~Survey() = default;

  // False past the limits.
  bool Run() {
    const auto pairs =
        static_cast<int64_t>(space_->askers.size()) * static_cast<int64_t>(space_->items.size());
    if (pairs > kSurveyPairsMax || space_->askers.size() > kAskersMax || space_->too_large) {
      return false;
    }
    GatherClasses();
    for (const auto& [signature, members] : classes_) {
      if (!VisitClass(members)) return false;
    }
    Report();
    return true;
  }

  std::vector<VisibilityChange> changes;
  int64_t cells = 0;
  int64_t gained_cells = 0;
  int64_t lost_cells = 0;

 protected:
  virtual bool IsAbout(const Item&) const { return true; }
  // Whether `representative` stands for `agency` in the space.
  bool Stands(Symbol representative, Symbol agency) const {
    const std::vector<Symbol>& alike = space_->alike[representative];
    return std::find(alike.begin(), alike.end(), agency) != alike.end();
  }
  virtual CellChange Judge(const std::vector<Decision>& decisions) const = 0;
  // Whether circumstances that are not known are surveyed, too.
  virtual bool LooksAtUnknown() const { return false; }

  const std::vector<const Policy*> policies_;
  std::vector<const PolicyImpl*> impls_;

 private:
  struct Member {
    uint16_t asker;
    uint32_t item;
  };
  // Which circumstances lead to which outcome, and the facts that have a say (bits of Fact).
  struct Pattern {
    uint32_t facts = 0;
    // Something is not known in each of the cells: the value of such a fact is CountOf() it.
    bool unknown = false;
    std::vector<std::pair<uint16_t, Circumstance>> cells;  // by number of the outcome

    friend bool operator<(const Pattern& a, const Pattern& b) {
      return std::tie(a.facts, a.unknown, a.cells) < std::tie(b.facts, b.unknown, b.cells);
    }
  };
  // The rules that decided, as places in rule_sets_ beside Pattern::cells, and those of whom it
  // holds that by these rules.
  using Holders = std::map<std::vector<uint32_t>, std::vector<Member>>;
  // Circumstances with an outcome: a fact that may be anything has no values in the box.
  struct BoxMembers {
    std::vector<std::pair<std::vector<Member>, RuleSet>> parts;
    int64_t cells = 0;  // of each member
  };

  // Askers and items that the words of no rule tell apart are decided alike.
  void GatherClasses() {
    for (size_t a = 0; a < space_->askers.size(); ++a) {
      for (size_t i = 0; i < space_->items.size(); ++i) {
        if (!IsAbout(space_->items[i])) continue;
        Cell cell(*space_, space_->askers[a], space_->items[i]);
        cell.question.purpose = Purpose::kUnspecified;
        std::string signature =
            absl::StrCat(space_->askers[a].team, "/", space_->askers[a].team_relationships);
        for (const PolicyImpl* const impl : impls_) {
          absl::StrAppend(&signature, "/", Evaluation(*impl, cell.question, cell.item).Signature());
        }
        classes_[signature].push_back({static_cast<uint16_t>(a), static_cast<uint32_t>(i)});
      }
    }
  }

  bool VisitClass(const std::vector<Member>& members) {
    Cell cell(*space_, space_->askers[members.front().asker], space_->items[members.front().item]);
    Pattern pattern;
    pattern.facts = FactsWithASay(cell);
    if (pattern.facts == 0) return true;  // no rule can speak
    int64_t count = 1;
    // What each of these cells stands for: every value of the facts that have no say.
    int64_t weight = static_cast<int64_t>(members.size());
    for (int f = 0; f < kFactCount; ++f) {
      (Has(pattern.facts, f) ? count : weight) *= CountOf(*space_, static_cast<Fact>(f));
    }
    cells += count;
    if (cells > kSurveyCellsMax) return false;
    const bool asks_unknown = LooksAtUnknown() && !AreTheSameFor(cell);
    std::vector<uint16_t> outcomes;  // by cell, where the unknown are asked about too
    Circumstance at{};
    std::vector<Decision> decisions(policies_.size());
    std::vector<uint32_t> rules;
    do {
      Decide(cell, decisions);
      const CellChange outcome = Judge(decisions);
      if (asks_unknown) {
        outcomes.push_back(outcome.change.empty() ? kNoOutcome : NumberOf(outcome));
      }
      if (outcome.change.empty()) continue;
      if (outcome.after != outcome.before) {
        (outcome.after > outcome.before ? gained_cells : lost_cells) += weight;
      }
      pattern.cells.emplace_back(NumberOf(outcome), at);
      rules.push_back(RulesOf(decisions));
    } while (Next(pattern.facts, cell, at));
    const uint32_t facts = pattern.facts;
    Keep(std::move(pattern), std::move(rules), members);
    return !asks_unknown || VisitUnknown(facts, outcomes, members, cell);
  }

  void Decide(const Cell& cell, std::vector<Decision>& decisions) const {
    for (size_t p = 0; p < policies_.size(); ++p) {
      decisions[p] = policies_[p]->DecideOnly(cell.question, cell.item);
    }
  }

  // Another class may have come to the same: which rule decides is no difference. But to its own
  // members alone it is told.
  void Keep(Pattern pattern, std::vector<uint32_t> rules, const std::vector<Member>& members) {
    if (pattern.cells.empty()) return;
    std::vector<Member>& all = patterns_[std::move(pattern)][std::move(rules)];
    all.insert(all.end(), members.begin(), members.end());
  }

  // The cells of a class in which something that has a say is not known. Mostly they come to what
  // some value comes to that the fact may have, and go without saying; those that come to something
  // else are told by themselves. A rule may say the same of every value, and so say nothing where
  // nobody knows which it is.
  bool VisitUnknown(uint32_t facts, const std::vector<uint16_t>& outcomes,
                    const std::vector<Member>& members, Cell& cell) {
    Pattern pattern;
    pattern.facts = facts;
    pattern.unknown = true;
    Circumstance at{};
    std::vector<Decision> decisions(policies_.size());
    std::vector<uint32_t> rules;
    while (Next(facts, cell, at, true)) {
      if (!SomethingUnknown(facts, at)) continue;
      if (++unknown_cells_ > kSurveyCellsMax) return false;
      Decide(cell, decisions);
      const CellChange outcome = Judge(decisions);
      if (outcome.change.empty()) continue;
      const uint16_t number = NumberOf(outcome);
      if (MayComeTo(number, facts, outcomes, at, 0, 1, 0)) continue;
      pattern.cells.emplace_back(number, at);
      rules.push_back(RulesOf(decisions));
    }
    Keep(std::move(pattern), std::move(rules), members);
    return true;
  }

  bool IsUnknown(const Circumstance& at, int fact) const {
    return at[static_cast<size_t>(fact)] == CountOf(*space_, static_cast<Fact>(fact));
  }
  bool SomethingUnknown(uint32_t facts, const Circumstance& at) const {
    for (int f = 0; f < kFactCount; ++f) {
      if (Has(facts, f) && IsUnknown(at, f)) return true;
    }
    return false;
  }

  // Whether some cell that may be the one at `at`, were it all known, has that outcome. `outcomes`
  // is in the order of Next(); `place` of it is that of the facts before `fact`.
  bool MayComeTo(uint16_t outcome, uint32_t facts, const std::vector<uint16_t>& outcomes,
                 const Circumstance& at, int fact, size_t stride, size_t place) const {
    while (fact < kFactCount && !Has(facts, fact)) ++fact;
    if (fact == kFactCount) return outcomes[place] == outcome;
    const auto count = static_cast<size_t>(CountOf(*space_, static_cast<Fact>(fact)));
    const size_t value = at[static_cast<size_t>(fact)];
    for (size_t v = IsUnknown(at, fact) ? 0 : value; v < std::min(count, value + 1); ++v) {
      if (MayComeTo(outcome, facts, outcomes, at, fact + 1, stride * count, place + v * stride)) {
        return true;
      }
    }
    return false;
  }

  // Whether all that can matter to this asker and item is word for word the same in every policy,
  // so that no fact can come to a difference.
  bool AreTheSameFor(const Cell& at) const {
    Question question = at.question;
    question.purpose = Purpose::kUnspecified;
    std::string first;
    for (const PolicyImpl* const impl : impls_) {
      Evaluation evaluation(*impl, question, at.item);
      const std::vector<uint8_t> matter = evaluation.RulesThatMatter();
      std::string words = absl::StrCat(impl->ends_at_18);
      for (size_t r = 0; r < impl->rules.size(); ++r) {
        if (matter[r] != 0) AppendRule(*impl, r, evaluation, words);
      }
      if (impl == impls_.front()) first = words;
      if (words != first) return false;
    }
    return true;
  }

  static void AppendRule(const PolicyImpl& impl, size_t index, const Evaluation& evaluation,
                         std::string& words) {
    const BoundRule& rule = impl.rules[index];
    absl::StrAppend(&words, "|", impl.rule_infos[index].id, " ", static_cast<int>(rule.basis), " ",
                    rule.obligations, " ", rule.opens, " ", rule.grounds);
    if (rule.agreement != kNoAgreement) {
      const BoundAgreement& agreement = impl.agreements[static_cast<size_t>(rule.agreement)];
      absl::StrAppend(&words, " ", agreement.from_s, " ", agreement.until_s);
      for (const auto& [holder, gateway] : agreement.choices) {
        absl::StrAppend(&words, " ", holder, "=", static_cast<int>(gateway));
      }
    }
    const auto conditions = [&words](const Conditions& all) {
      for (const Condition& one : all) {
        absl::StrAppend(&words, " ", static_cast<int>(one.about), one.negated ? "!" : ".",
                        one.consent_states, ".", one.purposes, ".", one.relationships);
      }
    };
    const auto askers = [&words](const BoundAskers& who) {
      absl::StrAppend(&words, who.everyone ? " all" : "");
      for (const std::vector<BoundAskerPhrase>* const phrases : {&who.any, &who.except}) {
        absl::StrAppend(&words, "/");
        for (const BoundAskerPhrase& one : *phrases) {
          absl::StrAppend(&words, " ", one.agency, ".", one.kind, ".", one.role, ".", one.team, ".",
                          one.practitioner, one.system, one.holder, one.relevant_authority);
        }
      }
    };
    for (const BoundStatement& statement : rule.statements) {
      absl::StrAppend(&words, ";", static_cast<int>(statement.effect), " ",
                      static_cast<int>(evaluation.MatchesAspects(statement.aspects)),
                      static_cast<int>(evaluation.MatchesItems(statement.items)));
      askers(statement.askers);
      conditions(statement.when);
      for (const Conditions& unless : statement.unless) {
        absl::StrAppend(&words, " unless");
        conditions(unless);
      }
    }
    if (!rule.is_override) return;
    askers(rule.askers);
    conditions(rule.when);
    for (size_t r = 0; r < rule.lifts.size(); ++r) {
      if (rule.lifts[r] != 0) absl::StrAppend(&words, " ", impl.rule_infos[r].id);
    }
  }

  // The place in rule_sets_ of the rules that decided.
  uint32_t RulesOf(const std::vector<Decision>& decisions) {
    RuleSet rules;
    for (size_t p = 0; p < decisions.size(); ++p) {
      for (const RuleIndex rule : decisions[p].rules) {
        if (rule != kNoRule) rules.insert({p, rule});
      }
    }
    const auto [it, added] =
        rule_set_places_.emplace(std::move(rules), static_cast<uint32_t>(rule_sets_.size()));
    if (added) rule_sets_.push_back(&it->first);
    return it->second;
  }

  uint16_t NumberOf(const CellChange& outcome) {
    const auto [it, added] = numbers_.emplace(outcome, static_cast<uint16_t>(outcomes_.size()));
    if (added) outcomes_.push_back(outcome);
    return it->second;
  }

  static bool Has(uint32_t facts, int fact) { return (facts & (1u << fact)) != 0; }

  // Counts on; false after the last. With `unknown`, each fact that may be unknown has one value more.
  bool Next(uint32_t facts, Cell& cell, Circumstance& at, bool unknown = false) const {
    for (int f = 0; f < kFactCount; ++f) {
      if (!Has(facts, f)) continue;
      const Fact fact = static_cast<Fact>(f);
      uint16_t& value = at[static_cast<size_t>(f)];
      const int count = CountOf(*space_, fact);
      const bool more = value + 1 < count + (unknown && MayBeUnknown(fact) ? 1 : 0);
      value = more ? static_cast<uint16_t>(value + 1) : uint16_t{0};
      if (value == count) {
        cell.Forget(fact);
      } else {
        cell.Set(fact, value);
      }
      if (more) return true;
    }
    return false;
  }

  // The facts that can change what is decided of this asker and item; none where nothing can be
  // shown. Time is among them always, so that 0 means nothing else.
  uint32_t FactsWithASay(const Cell& at) const {
    Question question = at.question;
    question.purpose = Purpose::kUnspecified;
    uint32_t facts = 0;
    bool could = false;
    for (const PolicyImpl* const impl : impls_) {
      Evaluation evaluation(*impl, question, at.item);
      const std::vector<uint8_t> matter = evaluation.RulesThatMatter();
      for (size_t r = 0; r < impl->rules.size(); ++r) {
        const BoundRule& rule = impl->rules[r];
        const bool speaks = evaluation.CouldSpeak(rule);
        could |= speaks;
        if (rule.is_override ? speaks : matter[r] != 0) facts |= FactsOf(rule, at.item.aspect);
      }
    }
    // A team has its say inside its purposes alone.
    if (!question.teams.empty()) facts |= Bit(Fact::kPurpose);
    return could ? facts | Bit(Fact::kTime) : 0;
  }

  static uint32_t FactsOf(const BoundRule& rule, Aspect aspect) {
    uint32_t facts = 0;
    const auto look = [&facts](const Conditions& conditions) {
      for (const Condition& condition : conditions) facts |= FactOf(condition);
    };
    const auto asked = [&facts](const BoundAskers& askers) {
      for (const std::vector<BoundAskerPhrase>* const phrases : {&askers.any, &askers.except}) {
        for (const BoundAskerPhrase& phrase : *phrases) {
          if (phrase.team != kNoSymbol) facts |= Bit(Fact::kPurpose);
        }
      }
    };
    for (const BoundStatement& statement : rule.statements) {
      look(statement.when);
      for (const Conditions& conditions : statement.unless) look(conditions);
      asked(statement.askers);
      if (statement.effect == Effect::kBroker && aspect == Aspect::kExistence) {
        facts |= Bit(Fact::kBrokerable);
      }
    }
    look(rule.when);
    asked(rule.askers);
    if (rule.basis == Gateway::kCda1998S115) facts |= Bit(Fact::kNecessity);
    if (rule.basis == Gateway::kCa1989S47) facts |= Bit(Fact::kPurpose);
    // A ground has conditions of its own: a purpose, a consent.
    if (rule.is_override) facts |= Bit(Fact::kGround) | Bit(Fact::kPurpose) | Bit(Fact::kConsents);
    return facts;
  }

  static uint32_t FactOf(const Condition& condition) {
    switch (condition.about) {
      case Condition::About::kConsent:
        return Bit(Fact::kConsents);
      case Condition::About::kPurpose:
        return Bit(Fact::kPurpose);
      case Condition::About::kRelationship:
        return Bit(Fact::kRelationships);
      case Condition::About::kShielded:
        return Bit(Fact::kShielded);
      case Condition::About::kOpen:
        return Bit(Fact::kOpen);
      case Condition::About::kDisputed:
        return Bit(Fact::kDisputed);
      case Condition::About::kNewIdentity:
        return Bit(Fact::kNewIdentity);
      case Condition::About::kSpentOffence:
        return Bit(Fact::kSpentOffence);
      case Condition::About::kNamesVictim:
        return Bit(Fact::kNamesVictim);
    }
    return (1u << kFactCount) - 1;
  }

  void Report() {
    BoxWords words(*space_, impls_);
    std::map<std::pair<uint16_t, Box>, BoxMembers> findings;
    for (const auto& [pattern, holders] : patterns_) Gather(pattern, holders, findings);
    for (const auto& [key, finding] : findings) {
      std::map<Point, const RuleSet*> rules_at;
      for (const auto& [members, rules] : finding.parts) {
        for (const Member& member : members) {
          rules_at.emplace(words.PointOf(space_->askers[member.asker], space_->items[member.item]),
                           &rules);
        }
      }
      std::vector<Point> pairs;
      pairs.reserve(rules_at.size());
      for (const auto& [point, rules] : rules_at) pairs.push_back(point);
      for (const Box& pair : CutIntoBoxes(std::move(pairs))) {
        RuleSet rules;
        for (const auto& [point, some] : rules_at) {
          if (Inside(point, pair)) rules.insert(some->begin(), some->end());
        }
        AddChange(words, outcomes_[key.first], pair, key.second, finding.cells, rules);
      }
    }
    std::sort(changes.begin(), changes.end(),
              [](const VisibilityChange& a, const VisibilityChange& b) {
                return std::tie(a.who, a.what, a.when, a.change) <
                       std::tie(b.who, b.what, b.when, b.change);
              });
  }

  // Cuts one pattern into boxes and puts each beside the same box of other patterns.
  void Gather(const Pattern& pattern, const Holders& holders,
              std::map<std::pair<uint16_t, Box>, BoxMembers>& findings) const {
    std::map<uint16_t, std::map<Point, size_t>> by_outcome;  // which of the pattern's cells
    for (size_t c = 0; c < pattern.cells.size(); ++c) {
      const auto& [outcome, at] = pattern.cells[c];
      by_outcome[outcome].emplace(Point(at.begin(), at.end()), c);
    }
    for (const auto& [outcome, cell_at] : by_outcome) {
      std::vector<Point> points;
      for (const auto& [point, c] : cell_at) points.push_back(point);
      for (const Box& box : CutIntoBoxes(std::move(points))) {
        Box when = box;
        int64_t size = 1;
        for (int f = 0; f < kFactCount; ++f) {
          std::vector<uint16_t>& values = when[static_cast<size_t>(f)];
          const Fact fact = static_cast<Fact>(f);
          const int count =
              CountOf(*space_, fact) + (pattern.unknown && MayBeUnknown(fact) ? 1 : 0);
          if (!Has(pattern.facts, f) || static_cast<int>(values.size()) == count) values.clear();
          size *= values.empty() ? count : static_cast<int64_t>(values.size());
        }
        BoxMembers& finding = findings[{outcome, std::move(when)}];
        finding.cells = size;
        for (const auto& [cell_rules, members] : holders) {
          RuleSet rules;
          for (const auto& [point, c] : cell_at) {
            const RuleSet& some = *rule_sets_[cell_rules[c]];
            if (Inside(point, box)) rules.insert(some.begin(), some.end());
          }
          finding.parts.emplace_back(members, std::move(rules));
        }
      }
    }
  }

  void AddChange(const BoxWords& words, const CellChange& outcome, const Box& pair, const Box& when,
                 int64_t cells_each, const RuleSet& rules) {
    VisibilityChange change;
    change.before = outcome.before;
    change.after = outcome.after;
    change.change = absl::StrReplaceAll(
        outcome.change,
        {{"%", RulesInWords(rules, 0)}, {"#", RulesInWords(rules, policies_.size() - 1)}});
    change.who = words.WhoInWords(pair);
    change.what = words.WhatInWords(pair);
    change.when = words.WhenInWords(when);
    change.cells = cells_each;
    for (const std::vector<uint16_t>& values : pair) {
      change.cells *= static_cast<int64_t>(values.size());
    }
    changes.push_back(std::move(change));
  }

  std::string RulesInWords(const RuleSet& rules, size_t policy) const {
    std::vector<std::string> ids;
    for (const auto& [of, rule] : rules) {
      if (of == policy) ids.push_back(impls_[of]->rule_infos[static_cast<size_t>(rule)].id);
    }
    return ids.empty() ? "" : absl::StrCat(" by ", absl::StrJoin(ids, " or "));
  }

  std::optional<DecisionSpace> space_;
  std::map<std::string, std::vector<Member>> classes_;
  std::vector<CellChange> outcomes_;  // by number
  std::map<CellChange, uint16_t> numbers_;
  std::map<RuleSet, uint32_t> rule_set_places_;
  std::vector<const RuleSet*> rule_sets_;  // the keys of the above, by place
  std::map<Pattern, Holders> patterns_;
  int64_t unknown_cells_ = 0;
};

std::string ObligationsInWords(uint32_t obligations) {
  std::vector<std::string> words;
  for (const Obligation one : AllObligations()) {
    if ((obligations & Bit(one)) != 0) words.emplace_back(ToString(one));
  }
  return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
}

class Comparison : public Survey {
 public:
  using Survey::Survey;

 protected:
  bool LooksAtUnknown() const override { return true; }
  CellChange Judge(const std::vector<Decision>& decisions) const override {
    const Decision& before = decisions[0];
    const Decision& after = decisions[1];
    CellChange outcome;
    outcome.before = before.effect;
    outcome.after = after.effect;
    if (before.effect != after.effect) {
      outcome.change = absl::StrCat(std::string(ToString(before.effect)),
                                    before.effect == Effect::kHide ? "" : "%", " -> ",
                                    std::string(ToString(after.effect)), "#");
    } else if (before.effect != Effect::kHide &&
               (before.obligations != after.obligations || before.gateway != after.gateway)) {
      outcome.change = absl::StrCat(
          std::string(ToString(before.effect)), " on ", std::string(ToString(before.gateway)),
          " then ", ObligationsInWords(before.obligations), " -> on ",
          std::string(ToString(after.gateway)), " then ", ObligationsInWords(after.obligations));
    }
    return outcome;
  }
};

class VisibilitySurvey : public Survey {
 public:
  VisibilitySurvey(const Policy& policy, const ItemSelector& items)
      : Survey({&policy}), selector_(items) {}

 protected:
  bool IsAbout(const Item& item) const override {
    return (selector_.holder == kNoSymbol || Stands(item.holder, selector_.holder)) &&
           (selector_.service == kNoSymbol || item.service == selector_.service) &&
           (selector_.every_aspect || item.aspect == selector_.aspect) &&
           (selector_.assessment == kNoSymbol || item.assessment == selector_.assessment) &&
           (selector_.section == kNoSymbol || item.section == selector_.section);
  }
  CellChange Judge(const std::vector<Decision>& decisions) const override {
    CellChange outcome;
    outcome.after = decisions[0].effect;
    if (outcome.after != Effect::kHide) {
      outcome.change = absl::StrCat(std::string(ToString(outcome.after)), "#",
                                    decisions[0].by_override ? " (an override)" : "");
    }
    return outcome;
  }

 private:
  const ItemSelector selector_;
};

bool SameWords(const SymbolTable& a, const SymbolTable& b) { return a.Words() == b.Words(); }

bool SameVocabularyOf(const PolicyImpl& a, const PolicyImpl& b) {
  if (!SameWords(a.agencies, b.agencies) || !SameWords(a.kinds, b.kinds) ||
      !SameWords(a.teams, b.teams) || !SameWords(a.services, b.services) ||
      !SameWords(a.roles, b.roles) || !SameWords(a.assessments, b.assessments) ||
      !SameWords(a.sections, b.sections) || a.assessment_sections != b.assessment_sections) {
    return false;
  }
  for (size_t i = 0; i < a.agency_data.size(); ++i) {
    const AgencyData& one = a.agency_data[i];
    const AgencyData& other = b.agency_data[i];
    if (one.kind != other.kind || one.relevant_authority != other.relevant_authority ||
        one.services != other.services) {
      return false;
    }
  }
  for (size_t t = 0; t < a.team_data.size(); ++t) {
    if (a.team_data[t].purposes != b.team_data[t].purposes) return false;
    for (size_t i = 1; i < a.agency_data.size(); ++i) {
      const Symbol agency = static_cast<Symbol>(i);
      if (a.team_data[t].agencies.Has(agency) != b.team_data[t].agencies.Has(agency)) return false;
    }
  }
  return true;
}

std::string TooLarge() {
  return absl::StrCat("the decision space is larger than ", kSurveyPairsMax,
                      " pairs of asker and item, or ", kSurveyCellsMax,
                      " cells, and is not answered in part; ask about fewer agencies or rules");
}

}  // namespace

std::string VisibilityChange::ToString() const {
  return absl::StrCat(who, ": ", what, when.empty() ? "" : absl::StrCat("; ", when), ": ", change);
}

bool SameVocabulary(const Policy& a, const Policy& b) {
  return SameVocabularyOf(a.impl(), b.impl());
}

PolicyDifference Diff(const Policy& before, const Policy& after) {
  PolicyDifference difference;
  if (!SameVocabulary(before, after)) {
    difference.fault =
        "the two policies were compiled against different vocabularies; compile both against the "
        "words of today";
    return difference;
  }
  Comparison comparison({&before, &after});
  if (!comparison.Run()) {
    difference.fault = TooLarge();
    return difference;
  }
  difference.cells = comparison.cells;
  difference.gained_cells = comparison.gained_cells;
  difference.lost_cells = comparison.lost_cells;
  for (VisibilityChange& change : comparison.changes) {
    if (change.before < change.after) {
      difference.gains.push_back(std::move(change));
    } else if (change.after < change.before) {
      difference.losses.push_back(std::move(change));
    } else {
      difference.terms.push_back(std::move(change));
    }
  }
  return difference;
}

Visibility WhoCanSee(const Policy& policy, const ItemSelector& items) {
  Visibility visibility;
  VisibilitySurvey survey(policy, items);
  if (!survey.Run()) {
    visibility.fault = TooLarge();
    return visibility;
  }
  visibility.cells = survey.cells;
  visibility.changes = std::move(survey.changes);
  return visibility;
}

}  // namespace signpost::policy
