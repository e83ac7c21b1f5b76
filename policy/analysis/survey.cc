#include "policy/analysis/survey.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/analysis/box_words.h"
#include "policy/analysis/boxes.h"
#include "policy/engine/evaluation.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

constexpr size_t kAskersMax = 60'000;  // numbers of 16 bits
constexpr uint16_t kNoOutcome = 0xffff;

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
  Survey(const std::vector<const Policy*>& policies, const Inquiry& inquiry)
      : policies_(policies), inquiry_(inquiry) {
    for (const Policy* const policy : policies_) impls_.push_back(&policy->impl());
    space_.emplace(impls_, nullptr, true);
  }

  std::optional<SurveyResult> Run() {
    if (space_->askers.size() > kAskersMax || space_->too_large || !GatherClasses()) {
      return std::nullopt;
    }
    for (const auto& [signature, members] : classes_) {
      if (!VisitClass(members)) return std::nullopt;
    }
    Report();
    return std::move(result_);
  }

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

  // Askers and items that the words of no rule tell apart are decided alike. Of each pair only the
  // rules are looked at that can be about its two agencies; false past the limit on pairs.
  bool GatherClasses() {
    std::vector<uint32_t> items;
    for (size_t i = 0; i < space_->items.size(); ++i) {
      if (inquiry_.IsAbout(*space_, space_->items[i])) items.push_back(static_cast<uint32_t>(i));
    }
    int64_t pairs = 0;
    for (size_t a = 0; a < space_->askers.size(); ++a) {
      const AskerClass& asker = space_->askers[a];
      for (const uint32_t i : items) {
        const Item& item = space_->items[i];
        const Between& between = RulesBetween(asker.agency, item.holder);
        if (between.unchanged) continue;
        Cell cell(*space_, asker, item);
        cell.question.purpose = Purpose::kUnspecified;
        std::vector<Evaluation> evaluations;
        evaluations.reserve(impls_.size());
        for (const PolicyImpl* const impl : impls_) {
          evaluations.emplace_back(*impl, cell.question, cell.item);
        }
        if (inquiry_.Changed() != nullptr &&
            !inquiry_.Changed()->MayMatter(evaluations[0], evaluations[1]))
          continue;
        if (++pairs > kSurveyPairsMax) return false;
        std::string signature = absl::StrCat(asker.team, "/", asker.team_relationships);
        for (size_t p = 0; p < impls_.size(); ++p) {
          signature += evaluations[p].OwnSignature();
          for (const uint16_t r : between.rules[p]) {
            const std::string says = evaluations[p].RuleSignature(impls_[p]->rules[r]);
            if (!says.empty()) absl::StrAppend(&signature, ";", p, ".", r, ":", says);
          }
        }
        classes_[signature].push_back({static_cast<uint16_t>(a), i});
      }
    }
    return true;
  }

  // The rules of each policy that can be about an item of one agency and an asker of another.
  struct Between {
    std::vector<std::vector<uint16_t>> rules;
    bool unchanged = false;  // a difference is sought, and no rule that changed is among them
  };
  const Between& RulesBetween(Symbol asker, Symbol holder) {
    const auto [it, added] = between_.try_emplace({asker, holder});
    if (!added) return it->second;
    Between& between = it->second;
    between.unchanged = inquiry_.Changed() != nullptr;
    for (size_t p = 0; p < impls_.size(); ++p) {
      std::vector<uint16_t>& rules = between.rules.emplace_back();
      for (size_t r = 0; r < impls_[p]->rules.size(); ++r) {
        const BoundRule& rule = impls_[p]->rules[r];
        if (!MayBeBetween(*impls_[p], rule, asker, holder)) continue;
        rules.push_back(static_cast<uint16_t>(r));
        if (between.unchanged && inquiry_.Changed()->Has(rule)) between.unchanged = false;
      }
    }
    return between;
  }
  static bool MayBeBetween(const PolicyImpl& impl, const BoundRule& rule, Symbol asker,
                           Symbol holder) {
    if (rule.is_override) return true;
    if (rule.agreement != kNoAgreement) {
      const SymbolSet& parties = impl.agreements[static_cast<size_t>(rule.agreement)].parties;
      if (!parties.Has(asker) || !parties.Has(holder)) return false;
    }
    return std::any_of(rule.statements.begin(), rule.statements.end(), [&](const auto& one) {
      return MayAsk(impl, one.askers, asker) && MayBeHeld(impl, one.items, holder);
    });
  }
  static bool MayAsk(const PolicyImpl& impl, const BoundAskers& askers, Symbol agency) {
    return askers.everyone ||
           std::any_of(askers.any.begin(), askers.any.end(), [&](const BoundAskerPhrase& one) {
             return (one.agency == kNoSymbol || one.agency == agency) &&
                    (one.kind == kNoSymbol || one.kind == impl.agency_data[agency].kind);
           });
  }
  static bool MayBeHeld(const PolicyImpl& impl, const BoundItems& items, Symbol agency) {
    if (items.held_by_agencies.empty() && items.held_by_kinds.empty()) return true;
    return items.held_by_agencies.Has(agency) ||
           items.held_by_kinds.Has(impl.agency_data[agency].kind);
  }

  // Of each fact, the values that are visited; CountOf() it stands for not knowing.
  using Values = std::array<std::vector<uint16_t>, kFactCount>;

  bool VisitClass(const std::vector<Member>& members) {
    Cell cell(*space_, space_->askers[members.front().asker], space_->items[members.front().item]);
    Pattern pattern;
    pattern.facts = FactsWithASay(cell);
    if (pattern.facts == 0) return true;  // no rule can speak
    // What each of these cells stands for: every value of the facts that have no say.
    int64_t weight = static_cast<int64_t>(members.size());
    Values known;
    Values perhaps;
    int64_t count = 1;
    int64_t perhaps_count = inquiry_.Changed() != nullptr ? 1 : 0;
    Cut(pattern.facts, cell, known, perhaps);
    for (int f = 0; f < kFactCount; ++f) {
      const auto place = static_cast<size_t>(f);
      if (!Has(pattern.facts, f)) weight *= CountOf(*space_, static_cast<Fact>(f));
      count *= static_cast<int64_t>(known[place].size());
      perhaps_count *= static_cast<int64_t>(perhaps[place].size());
      if (count > kSurveyCellsMax || perhaps_count > kSurveyCellsMax) return false;
    }
    result_.cells += count;
    unknown_cells_ += perhaps_count;
    if (result_.cells > kSurveyCellsMax || unknown_cells_ > kSurveyCellsMax) return false;
    std::vector<uint16_t> outcomes;  // by cell, where the unknown are asked about too
    std::vector<Decision> decisions(policies_.size());
    std::vector<uint32_t> rules;
    Circumstance at{};
    for (bool more = count > 0 && First(known, cell, at); more; more = Next(known, cell, at)) {
      Decide(cell, decisions);
      const CellChange outcome = inquiry_.Judge(decisions);
      if (perhaps_count > 0) {
        outcomes.push_back(outcome.change.empty() ? kNoOutcome : NumberOf(outcome));
      }
      if (outcome.change.empty()) continue;
      if (outcome.after != outcome.before) {
        (outcome.after > outcome.before ? result_.gained_cells : result_.lost_cells) += weight;
      }
      pattern.cells.emplace_back(NumberOf(outcome), at);
      rules.push_back(RulesOf(decisions));
    }
    const uint32_t facts = pattern.facts;
    Keep(std::move(pattern), std::move(rules), members);
    if (perhaps_count > count) VisitUnknown(facts, known, perhaps, outcomes, members, cell);
    return true;
  }

  // Leaves out values that come to nothing: with which the item is hidden whatever else is so, or
  // with which every rule is as it was.
  void Cut(uint32_t facts, const Cell& at, Values& known, Values& perhaps) const {
    const AskerClass asker{
        at.question.agency, at.question.role, at.question.is_practitioner,
        at.question.teams.empty() ? kNoSymbol : at.question.teams[0].team,
        at.question.teams.empty() ? uint8_t{0} : at.question.teams[0].relationships.yes};
    Cell cell(*space_, asker, at.item);
    Question question = at.question;
    question.purpose = Purpose::kUnspecified;
    std::vector<Closers> closers;
    for (const PolicyImpl* const impl : impls_) {
      Evaluation evaluation(*impl, question, at.item);
      closers.emplace_back(*impl, evaluation);
    }
    for (int f = 0; f < kFactCount; ++f) {
      const Fact fact = static_cast<Fact>(f);
      const int count = CountOf(*space_, fact);
      const std::optional<Condition::About> about = AboutOf(fact);
      const bool may_be_cut =
          about.has_value() && (fact != Fact::kRelationships || question.teams.empty());
      const int last = inquiry_.Changed() != nullptr && MayBeUnknown(fact) ? count : count - 1;
      for (int value = 0; Has(facts, f) && value <= last; ++value) {
        if (may_be_cut && value < count) cell.Set(fact, value);
        if (may_be_cut && value == count) cell.Forget(fact);
        if (may_be_cut && ComesToNothing(cell, *about, closers)) continue;
        if (value < count) known[static_cast<size_t>(f)].push_back(static_cast<uint16_t>(value));
        perhaps[static_cast<size_t>(f)].push_back(static_cast<uint16_t>(value));
      }
      if (!Has(facts, f)) known[static_cast<size_t>(f)] = perhaps[static_cast<size_t>(f)] = {0};
      cell.Set(fact, 0);
    }
  }
  bool ComesToNothing(const Cell& cell, Condition::About about,
                      const std::vector<Closers>& closers) const {
    bool closed = true;
    for (size_t p = 0; p < impls_.size(); ++p) {
      Evaluation evaluation(*impls_[p], cell.question, cell.item);
      const auto truth = [&](const Condition& one) { return evaluation.Holds(one); };
      closed = closed && closers[p].Close(about, truth);
      if (p == 0 && inquiry_.Changed() != nullptr && inquiry_.Changed()->Agree(about, truth))
        return true;
    }
    return closed;
  }
  static std::optional<Condition::About> AboutOf(Fact fact) {
    for (const Condition::About about :
         {Condition::About::kConsent, Condition::About::kPurpose, Condition::About::kRelationship,
          Condition::About::kShielded, Condition::About::kOpen, Condition::About::kDisputed,
          Condition::About::kNewIdentity, Condition::About::kSpentOffence,
          Condition::About::kNamesVictim}) {
      Condition condition;
      condition.about = about;
      if (FactOf(condition) == Bit(fact)) return about;
    }
    return std::nullopt;
  }

  void Decide(const Cell& cell, std::vector<Decision>& decisions) const {
    Item item = cell.item;
    for (size_t p = 0; p < policies_.size(); ++p) {
      inquiry_.Settle(p, item);
      decisions[p] = policies_[p]->DecideOnly(cell.question, item);
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
  void VisitUnknown(uint32_t facts, const Values& known, const Values& perhaps,
                    const std::vector<uint16_t>& outcomes, const std::vector<Member>& members,
                    Cell& cell) {
    Pattern pattern;
    pattern.facts = facts;
    pattern.unknown = true;
    std::vector<Decision> decisions(policies_.size());
    std::vector<uint32_t> rules;
    Circumstance at{};
    for (bool more = First(perhaps, cell, at); more; more = Next(perhaps, cell, at)) {
      if (!SomethingUnknown(facts, at)) continue;
      Decide(cell, decisions);
      const CellChange outcome = inquiry_.Judge(decisions);
      if (outcome.change.empty()) continue;
      const uint16_t number = NumberOf(outcome);
      if (!outcomes.empty() && MayComeTo(number, known, outcomes, at, 0, 1, 0)) continue;
      pattern.cells.emplace_back(number, at);
      rules.push_back(RulesOf(decisions));
    }
    Keep(std::move(pattern), std::move(rules), members);
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
  // is in the order of Next() over `known`; `place` of it is that of the facts before `fact`. A
  // value that is not visited has no outcome.
  bool MayComeTo(uint16_t outcome, const Values& known, const std::vector<uint16_t>& outcomes,
                 const Circumstance& at, int fact, size_t stride, size_t place) const {
    if (fact == kFactCount) return outcomes[place] == outcome;
    const std::vector<uint16_t>& values = known[static_cast<size_t>(fact)];
    for (size_t v = 0; v < values.size(); ++v) {
      if (!IsUnknown(at, fact) && values[v] != at[static_cast<size_t>(fact)]) continue;
      if (MayComeTo(outcome, known, outcomes, at, fact + 1, stride * values.size(),
                    place + v * stride)) {
        return true;
      }
    }
    return false;
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

  void SetTo(Fact fact, uint16_t value, Cell& cell) const {
    if (value == CountOf(*space_, fact)) {
      cell.Forget(fact);
    } else {
      cell.Set(fact, value);
    }
  }
  // To the first of all values; false where there is none.
  bool First(const Values& values, Cell& cell, Circumstance& at) const {
    for (int f = 0; f < kFactCount; ++f) {
      const std::vector<uint16_t>& of = values[static_cast<size_t>(f)];
      if (of.empty()) return false;
      at[static_cast<size_t>(f)] = of.front();
      SetTo(static_cast<Fact>(f), of.front(), cell);
    }
    return true;
  }
  // Counts on; false after the last.
  bool Next(const Values& values, Cell& cell, Circumstance& at) const {
    for (int f = 0; f < kFactCount; ++f) {
      const std::vector<uint16_t>& of = values[static_cast<size_t>(f)];
      if (of.size() == 1) continue;
      uint16_t& value = at[static_cast<size_t>(f)];
      const auto next = std::upper_bound(of.begin(), of.end(), value);
      const bool more = next != of.end();
      value = more ? *next : of.front();
      SetTo(static_cast<Fact>(f), value, cell);
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
    return could ? (facts & ~inquiry_.Settled()) | Bit(Fact::kTime) : 0;
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
    std::sort(result_.changes.begin(), result_.changes.end(),
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
    change.holder_ids = words.HolderIds(pair);
    change.asker_ids = words.AskerIds(pair);
    change.cells = cells_each;
    for (const std::vector<uint16_t>& values : pair) {
      change.cells *= static_cast<int64_t>(values.size());
    }
    result_.changes.push_back(std::move(change));
  }

  std::string RulesInWords(const RuleSet& rules, size_t policy) const {
    std::vector<std::string> ids;
    for (const auto& [of, rule] : rules) {
      if (of == policy) ids.push_back(impls_[of]->rule_infos[static_cast<size_t>(rule)].id);
    }
    return ids.empty() ? "" : absl::StrCat(" by ", absl::StrJoin(ids, " or "));
  }

  const std::vector<const Policy*>& policies_;
  const Inquiry& inquiry_;
  std::vector<const PolicyImpl*> impls_;
  std::optional<DecisionSpace> space_;
  std::map<std::string, std::vector<Member>> classes_;
  std::map<std::pair<Symbol, Symbol>, Between> between_;
  std::vector<CellChange> outcomes_;  // by number
  std::map<CellChange, uint16_t> numbers_;
  std::map<RuleSet, uint32_t> rule_set_places_;
  std::vector<const RuleSet*> rule_sets_;  // the keys of the above, by place
  std::map<Pattern, Holders> patterns_;
  int64_t unknown_cells_ = 0;
  SurveyResult result_;
};

}  // namespace

std::optional<SurveyResult> RunSurvey(const std::vector<const Policy*>& policies,
                                      const Inquiry& inquiry) {
  return Survey(policies, inquiry).Run();
}

}  // namespace signpost::policy
