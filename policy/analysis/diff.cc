#include "policy/analysis/diff.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/analysis/decision_space.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

// ---- Boxes ----

using Point = std::vector<uint16_t>;
using Box = std::vector<std::vector<uint16_t>>;  // by dimension: the values it spans, ascending

// Cuts a set of distinct points into boxes that together hold each point once. A set that is a box
// stays whole; otherwise it is cut along the dimension that needs the fewest cuts, and slices that
// are alike stay together.
class Cutter {
 public:
  static std::vector<Box> Cut(std::vector<Point> points) {
    std::vector<Box> boxes;
    if (points.empty()) return boxes;
    std::sort(points.begin(), points.end());
    Cutter(boxes).Cut(points, Box(points.front().size()));
    return boxes;
  }

 private:
  explicit Cutter(std::vector<Box>& boxes) : boxes_(boxes) {}

  // `fixed` has the dimensions already dealt with; they are 0 in every point.
  void Cut(const std::vector<Point>& points, const Box& fixed) {
    const size_t dimensions = fixed.size();
    std::optional<size_t> best;
    std::map<std::vector<Point>, std::vector<uint16_t>> best_slices;
    for (size_t d = 0; d < dimensions; ++d) {
      if (!fixed[d].empty()) continue;
      std::map<std::vector<Point>, std::vector<uint16_t>> slices = Slice(points, d);
      if (best.has_value() && slices.size() >= best_slices.size()) continue;
      best = d;
      best_slices = std::move(slices);
      if (best_slices.size() == 1) break;  // this dimension multiplies out
    }
    if (!best.has_value()) {
      boxes_.push_back(fixed);
      return;
    }
    for (const auto& [slice, values] : best_slices) {
      Box box = fixed;
      box[*best] = values;
      Cut(slice, box);
    }
  }

  // The points by their value in `d`, values with the same rest together.
  static std::map<std::vector<Point>, std::vector<uint16_t>> Slice(const std::vector<Point>& points,
                                                                   size_t d) {
    std::map<uint16_t, std::vector<Point>> by_value;
    for (const Point& point : points) {
      Point rest = point;
      rest[d] = 0;
      by_value[point[d]].push_back(std::move(rest));
    }
    std::map<std::vector<Point>, std::vector<uint16_t>> slices;
    for (auto& [value, rest] : by_value) {
      std::sort(rest.begin(), rest.end());
      slices[std::move(rest)].push_back(value);
    }
    return slices;
  }

  std::vector<Box>& boxes_;
};

// "explicit and in force by the young person", as after "consent".
std::string ConsentStatesInWords(uint32_t states) {
  std::vector<std::string> words;
  // "explicit" comes first, as a rule says it.
  if ((states & Bit(ConsentState::kExplicit)) != 0) words.emplace_back("explicit");
  for (const ConsentState state : AllConsentStates()) {
    if (state == ConsentState::kExplicit || (states & Bit(state)) == 0) continue;
    words.push_back(absl::StrReplaceAll(std::string(ToString(state)), {{"-", " "}}));
  }
  std::string text = absl::StrJoin(words, " and ");
  if ((states & kByYoungPersonBit) != 0) absl::StrAppend(&text, " by the young person");
  if ((states & kByAnotherBit) != 0) absl::StrAppend(&text, " by another");
  for (const Grantor grantor : AllGrantors()) {
    if ((states & Bit(grantor)) != 0) {
      absl::StrAppend(&text, " by ", std::string(ToString(grantor)));
    }
  }
  return text;
}

// ---- The survey ----

constexpr size_t kAskersMax = 60'000;  // numbers of 16 bits

// Numbers things in the order they are met.
template <typename Key>
class Numbers {
 public:
  uint16_t Of(const Key& key) {
    const auto [it, added] = numbers_.emplace(key, static_cast<uint16_t>(keys_.size()));
    if (added) keys_.push_back(key);
    return it->second;
  }
  const Key& At(uint16_t number) const { return keys_[number]; }
  size_t size() const { return keys_.size(); }

 private:
  std::map<Key, uint16_t> numbers_;
  std::vector<Key> keys_;
};

// What the policies answer to one cell, as far as the survey looks.
struct Outcome {
  Effect before = Effect::kHide;
  Effect after = Effect::kHide;
  // In words, with "%" where the rules belong that decided before, and "#" where those do that
  // decide after. Empty: nothing to report.
  std::string change;

  friend bool operator<(const Outcome& a, const Outcome& b) {
    return std::tie(a.before, a.after, a.change) < std::tie(b.before, b.after, b.change);
  }
};

using RuleSet = std::set<std::pair<size_t, RuleIndex>>;  // which policy, which of its rules

// Decides every cell and gathers those whose outcome is worth reporting.
class Survey {
 public:
  explicit Survey(std::vector<const Policy*> policies) : policies_(std::move(policies)) {
    for (const Policy* const policy : policies_) impls_.push_back(&PolicyAccess::Of(*policy));
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
    for (const Item& item : space_->items) marks_matter_ |= item.marked_sensitive == Tri::kYes;
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
  virtual Outcome Judge(const std::vector<Decision>& decisions) const = 0;

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
    std::vector<std::pair<uint16_t, Circumstance>> cells;  // by number of the outcome

    friend bool operator<(const Pattern& a, const Pattern& b) {
      return std::tie(a.facts, a.cells) < std::tie(b.facts, b.cells);
    }
  };
  // Those of whom it holds, and the rules that decided, beside Pattern::cells.
  struct Holders {
    std::vector<Member> members;
    std::vector<RuleSet> rules;
  };
  // Circumstances with an outcome: a fact that may be anything has no values in the box.
  struct Finding {
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
        std::string signature = absl::StrCat(space_->askers[a].team);
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
    Circumstance at{};
    std::vector<Decision> decisions(policies_.size());
    std::vector<RuleSet> rules;
    do {
      for (size_t p = 0; p < policies_.size(); ++p) {
        decisions[p] = policies_[p]->DecideOnly(cell.question, cell.item);
      }
      const Outcome outcome = Judge(decisions);
      if (outcome.change.empty()) continue;
      if (outcome.after != outcome.before) {
        (outcome.after > outcome.before ? gained_cells : lost_cells) += weight;
      }
      pattern.cells.emplace_back(outcomes_.Of(outcome), at);
      rules.emplace_back();
      for (size_t p = 0; p < policies_.size(); ++p) {
        for (const RuleIndex rule : decisions[p].rules) {
          if (rule != kNoRule) rules.back().insert({p, rule});
        }
      }
    } while (Next(pattern.facts, cell, at));
    if (pattern.cells.empty()) return true;
    Holders& all = patterns_[std::move(pattern)];
    all.members.insert(all.members.end(), members.begin(), members.end());
    all.rules.resize(rules.size());
    for (size_t c = 0; c < rules.size(); ++c) all.rules[c].insert(rules[c].begin(), rules[c].end());
    return true;
  }

  static bool Has(uint32_t facts, int fact) { return (facts & (1u << fact)) != 0; }

  // Counts on; false after the last.
  bool Next(uint32_t facts, Cell& cell, Circumstance& at) const {
    for (int f = 0; f < kFactCount; ++f) {
      if (!Has(facts, f)) continue;
      const Fact fact = static_cast<Fact>(f);
      uint16_t& value = at[static_cast<size_t>(f)];
      const bool more = value + 1 < CountOf(*space_, fact);
      value = more ? static_cast<uint16_t>(value + 1) : uint16_t{0};
      cell.Set(fact, value);
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

  // ---- Words ----

  // Who asks besides for which agency; what is asked besides of which service.
  using Who = std::tuple<Tri, Symbol, Symbol>;      // practitioner, team, role
  using What = std::tuple<Aspect, Symbol, Symbol>;  // assessment, section
  using Place = std::tuple<Symbol, Symbol>;         // holder, service

  void Report() {
    for (const AskerClass& asker : space_->askers) {
      everybody_[asker.agency].insert({asker.practitioner, asker.team, asker.role});
    }
    LearnConsentWords();
    std::map<std::pair<uint16_t, Box>, Finding> findings;
    for (const auto& [pattern, holders] : patterns_) Gather(pattern, holders, findings);
    for (const auto& [key, finding] : findings) {
      std::map<Point, const RuleSet*> rules_at;
      for (const auto& [members, rules] : finding.parts) {
        for (const Member& member : members) rules_at.emplace(PointOf(member), &rules);
      }
      std::vector<Point> pairs;
      pairs.reserve(rules_at.size());
      for (const auto& [point, rules] : rules_at) pairs.push_back(point);
      for (const Box& pair : Cutter::Cut(std::move(pairs))) {
        RuleSet rules;
        for (const auto& [point, some] : rules_at) {
          if (Inside(point, pair)) rules.insert(some->begin(), some->end());
        }
        AddSight(outcomes_.At(key.first), pair, key.second, finding.cells, rules);
      }
    }
    std::sort(changes.begin(), changes.end(),
              [](const VisibilityChange& a, const VisibilityChange& b) {
                return std::tie(a.who, a.what, a.when, a.change) <
                       std::tie(b.who, b.what, b.when, b.change);
              });
  }

  Point PointOf(const Member& member) {
    const AskerClass& asker = space_->askers[member.asker];
    const Item& item = space_->items[member.item];
    return {asker.agency, whos_.Of({asker.practitioner, asker.team, asker.role}),
            places_.Of({item.holder, item.service}),
            static_cast<uint16_t>(item.marked_sensitive == Tri::kYes ? 1 : 0),
            whats_.Of({item.aspect, item.assessment, item.section})};
  }

  // Cuts one pattern into boxes and puts each beside the same box of other patterns.
  void Gather(const Pattern& pattern, const Holders& holders,
              std::map<std::pair<uint16_t, Box>, Finding>& findings) const {
    std::map<uint16_t, std::map<Point, const RuleSet*>> by_outcome;
    for (size_t c = 0; c < pattern.cells.size(); ++c) {
      const auto& [outcome, at] = pattern.cells[c];
      by_outcome[outcome].emplace(Point(at.begin(), at.end()), &holders.rules[c]);
    }
    for (const auto& [outcome, rules_at] : by_outcome) {
      std::vector<Point> points;
      for (const auto& [point, rules] : rules_at) points.push_back(point);
      for (const Box& box : Cutter::Cut(std::move(points))) {
        Box when = box;
        int64_t size = 1;
        for (int f = 0; f < kFactCount; ++f) {
          std::vector<uint16_t>& values = when[static_cast<size_t>(f)];
          const int count = CountOf(*space_, static_cast<Fact>(f));
          if (!Has(pattern.facts, f) || static_cast<int>(values.size()) == count) values.clear();
          size *= values.empty() ? count : static_cast<int64_t>(values.size());
        }
        RuleSet rules;
        for (const auto& [point, some] : rules_at) {
          if (Inside(point, box)) rules.insert(some->begin(), some->end());
        }
        Finding& finding = findings[{outcome, std::move(when)}];
        finding.cells = size;
        finding.parts.emplace_back(holders.members, std::move(rules));
      }
    }
  }

  static bool Inside(const Point& point, const Box& box) {
    for (size_t d = 0; d < box.size(); ++d) {
      if (!std::binary_search(box[d].begin(), box[d].end(), point[d])) return false;
    }
    return true;
  }

  void AddSight(const Outcome& outcome, const Box& pair, const Box& when, int64_t cells_each,
                const RuleSet& rules) {
    VisibilityChange change;
    change.before = outcome.before;
    change.after = outcome.after;
    change.change = absl::StrReplaceAll(
        outcome.change,
        {{"%", RulesInWords(rules, 0)}, {"#", RulesInWords(rules, policies_.size() - 1)}});
    change.who = AskersInWords(pair[0], pair[1]);
    change.what = ThingsInWords(pair[2], pair[3], pair[4]);
    change.when = WhenInWords(when);
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

  std::string WhenInWords(const Box& when) const {
    std::vector<std::string> words;
    for (int f = 0; f < kFactCount; ++f) {
      const std::vector<uint16_t>& values = when[static_cast<size_t>(f)];
      if (values.empty()) continue;
      const Fact fact = static_cast<Fact>(f);
      if (fact == Fact::kPurpose) {
        words.push_back(PurposesInWords(values));
      } else if (fact == Fact::kConsents) {
        words.push_back(ConsentsInWords(values));
      } else if (fact == Fact::kTime) {
        words.push_back(TimesInWords(values));
      } else if (fact == Fact::kGround && values.front() != 0) {
        std::vector<std::string> grounds;
        for (const uint16_t value : values) {
          grounds.emplace_back(ToString(space_->grounds[static_cast<size_t>(value) - 1]));
        }
        words.push_back(absl::StrCat("overriding on ", absl::StrJoin(grounds, " or ")));
      } else {
        std::vector<std::string> ways;
        for (const uint16_t value : values) {
          ways.push_back(FactInWords(*impls_[0], *space_, fact, value));
        }
        words.push_back(absl::StrJoin(ways, " or "));
      }
    }
    return absl::StrJoin(words, ", ");
  }

  // Seconds on end are said as one stretch.
  std::string TimesInWords(const std::vector<uint16_t>& values) const {
    std::vector<std::string> stretches;
    for (size_t i = 0; i < values.size();) {
      size_t last = i;
      while (last + 1 < values.size() && values[last + 1] == values[last] + 1) ++last;
      std::string words;
      if (values[i] > 0) words = absl::StrCat("from ", DayInWords(space_->changes[values[i]]));
      const size_t end = static_cast<size_t>(values[last]) + 1;
      if (end < space_->changes.size()) {
        absl::StrAppend(&words, words.empty() ? "" : " ", "until ",
                        DayInWords(space_->changes[end] - 1));
      }
      stretches.push_back(std::move(words));
      i = last + 1;
    }
    return absl::StrJoin(stretches, " or ");
  }

  // What rules say of consent, and of which sets of consents it is true.
  void LearnConsentWords() {
    std::set<uint32_t> spoken_of;
    const auto look = [&spoken_of](const Conditions& conditions) {
      for (const Condition& condition : conditions) {
        if (condition.about == Condition::About::kConsent) {
          spoken_of.insert(condition.consent_states);
        }
      }
    };
    for (const PolicyImpl* const impl : impls_) {
      for (const BoundRule& rule : impl->rules) {
        look(rule.when);
        for (const BoundStatement& statement : rule.statements) {
          look(statement.when);
          for (const Conditions& conditions : statement.unless) look(conditions);
        }
      }
    }
    for (const uint32_t states : spoken_of) {
      Condition condition;
      condition.consent_states = states;
      ConsentWord yes;
      yes.words = ConsentStatesInWords(states);
      ConsentWord no;
      no.words = absl::StrCat("not ", yes.words);
      for (size_t c = 0; c < space_->consent_sets.size(); ++c) {
        std::vector<ConsentFact> consents;
        FillConsents(space_->consent_sets[c], 0, consents);
        Item item;
        item.consents_known = Tri::kYes;
        item.consents = consents;
        item.adult_from_s = kNeverS;
        const bool holds = Evaluation(*impls_[0], Question(), item).Holds(condition) == Tri::kYes;
        (holds ? yes : no).sets.push_back(static_cast<uint16_t>(c));
      }
      consent_words_.push_back(std::move(yes));
      consent_words_.push_back(std::move(no));
    }
  }

  // In the words of the rules where they suffice, one or two of them; else set by set.
  std::string ConsentsInWords(const std::vector<uint16_t>& values) const {
    for (const ConsentWord& word : consent_words_) {
      if (word.sets == values) return absl::StrCat("consent ", word.words);
    }
    for (size_t i = 0; i < consent_words_.size(); ++i) {
      for (size_t j = i + 1; j < consent_words_.size(); ++j) {
        const ConsentWord& one = consent_words_[i];
        const ConsentWord& other = consent_words_[j];
        std::vector<uint16_t> both;
        std::set_intersection(one.sets.begin(), one.sets.end(), other.sets.begin(),
                              other.sets.end(), std::back_inserter(both));
        if (both == values) return absl::StrCat("consent ", one.words, " and ", other.words);
        std::vector<uint16_t> either;
        std::set_union(one.sets.begin(), one.sets.end(), other.sets.begin(), other.sets.end(),
                       std::back_inserter(either));
        if (either == values) return absl::StrCat("consent ", one.words, " or ", other.words);
      }
    }
    std::vector<std::string> ways;
    for (const uint16_t value : values) {
      ways.push_back(FactInWords(*impls_[0], *space_, Fact::kConsents, value));
    }
    return absl::StrJoin(ways, " or ");
  }

  std::string PurposesInWords(const std::vector<uint16_t>& values) const {
    std::vector<std::string> named;
    std::vector<std::string> others;
    for (size_t p = 0; p < space_->purposes.size(); ++p) {
      const bool in = std::binary_search(values.begin(), values.end(), static_cast<uint16_t>(p));
      for (const Purpose purpose : space_->alike_purposes[p]) {
        (in ? named : others).emplace_back(ToString(purpose));
      }
    }
    if (others.size() < named.size()) {
      return absl::StrCat("for any purpose but ", absl::StrJoin(others, ", "));
    }
    return absl::StrCat("for ", absl::StrJoin(named, " or "));
  }

  std::string AgencyInWords(Symbol agency) const {
    std::vector<std::string> names;
    for (const Symbol one : space_->alike[agency]) names.push_back(impls_[0]->agencies.Word(one));
    return absl::StrJoin(names, ", ");
  }

  std::string AskersInWords(const std::vector<uint16_t>& agencies,
                            const std::vector<uint16_t>& whos) const {
    std::set<Who> here;
    for (const uint16_t who : whos) here.insert(whos_.At(who));
    // "anybody" of an agency with a team says more than of one without.
    std::map<std::string, std::vector<std::string>> names;
    for (const uint16_t agency : agencies) {
      names[WhosInWords(here, everybody_.at(agency))].push_back(AgencyInWords(agency));
    }
    std::vector<std::string> parts;
    for (const auto& [words, of] : names) {
      parts.push_back(absl::StrCat(words, " of ", absl::StrJoin(of, ", ")));
    }
    return absl::StrJoin(parts, " and ");
  }

  std::string WhosInWords(const std::set<Who>& here, const std::set<Who>& everybody) const {
    if (here == everybody) return "anybody";
    std::set<Symbol> teams;
    for (const Who& who : everybody) teams.insert(std::get<1>(who));
    // What is said of those in no team holds of the rest too where it is the same for every team.
    std::map<Symbol, std::string> by_team;
    for (const Symbol team : teams) by_team[team] = RolesInWords(here, everybody, team);
    const std::string& outside = by_team[kNoSymbol];
    const bool alike = std::all_of(by_team.begin(), by_team.end(),
                                   [&](const auto& one) { return one.second == outside; });
    if (alike) return outside;
    std::vector<std::string> parts;
    for (const auto& [team, words] : by_team) {
      if (words.empty()) continue;
      parts.push_back(absl::StrCat(words, team == kNoSymbol
                                              ? " in no team"
                                              : absl::StrCat(" in ", impls_[0]->teams.Word(team))));
    }
    return absl::StrJoin(parts, " or ");
  }

  std::string RolesInWords(const std::set<Who>& here, const std::set<Who>& everybody,
                           Symbol team) const {
    std::vector<std::string> words;
    std::vector<std::string> roles;
    size_t of_all = 0;
    for (const Who& who : everybody) {
      if (std::get<1>(who) != team) continue;
      if (std::get<0>(who) != Tri::kYes) {
        if (here.count(who) > 0) words.emplace_back("system");
        continue;
      }
      ++of_all;
      if (here.count(who) > 0) roles.push_back(impls_[0]->roles.Word(std::get<2>(who)));
    }
    if (!roles.empty() && roles.size() == of_all) roles = {"practitioner"};
    words.insert(words.end(), roles.begin(), roles.end());
    return absl::StrJoin(words, " or ");
  }

  std::string ThingsInWords(const std::vector<uint16_t>& places,
                            const std::vector<uint16_t>& marked,
                            const std::vector<uint16_t>& whats) const {
    std::map<Symbol, std::vector<std::string>> services;
    for (const uint16_t place : places) {
      const auto& [holder, service] = places_.At(place);
      services[holder].push_back(impls_[0]->services.Word(service));
    }
    std::vector<std::string> held;
    for (const auto& [holder, names] : services) {
      held.push_back(absl::StrCat(absl::StrJoin(names, ", "), " held by ", AgencyInWords(holder)));
    }
    std::string words =
        absl::StrCat(AspectsInWords(whats), " of ", absl::StrJoin(held, " and of "));
    if (marks_matter_ && marked.size() == 1) {
      absl::StrAppend(&words, marked[0] == 1 ? ", marked-sensitive" : ", not marked-sensitive");
    }
    return words;
  }

  std::string AspectsInWords(const std::vector<uint16_t>& whats) const {
    std::set<What> here;
    for (const uint16_t what : whats) here.insert(whats_.At(what));
    std::vector<std::string> parts;
    for (const Aspect aspect : AllAspects()) {
      if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) {
        if (here.count({aspect, kNoSymbol, kNoSymbol}) > 0) parts.emplace_back(ToString(aspect));
        continue;
      }
      std::vector<std::string> papers;
      for (size_t a = 1; a < impls_[0]->assessment_sections.size(); ++a) {
        const Symbol assessment = static_cast<Symbol>(a);
        const std::string& name = impls_[0]->assessments.Word(assessment);
        if (aspect == Aspect::kAssessment) {
          if (here.count({aspect, assessment, kNoSymbol}) > 0) papers.push_back(name);
          continue;
        }
        const std::string sections = SectionsInWords(here, assessment);
        if (!sections.empty()) papers.push_back(absl::StrCat(name, sections));
      }
      if (!papers.empty()) {
        parts.push_back(
            absl::StrCat(std::string(ToString(aspect)), " of ", absl::StrJoin(papers, " or ")));
      }
    }
    return absl::StrJoin(parts, ", ");
  }

  // "" for none of its sections, " " and nothing for all.
  std::string SectionsInWords(const std::set<What>& here, Symbol assessment) const {
    std::vector<std::string> in;
    std::vector<std::string> out;
    for (const Symbol section : impls_[0]->assessment_sections[assessment]) {
      const bool has = here.count({Aspect::kContent, assessment, section}) > 0;
      (has ? in : out).push_back(impls_[0]->sections.Word(section));
    }
    if (in.empty()) return "";
    if (out.empty()) return " (whole)";
    if (out.size() < in.size()) return absl::StrCat(" except ", absl::StrJoin(out, ", "));
    return absl::StrCat(" only ", absl::StrJoin(in, ", "));
  }

  std::optional<DecisionSpace> space_;
  std::map<std::string, std::vector<Member>> classes_;
  Numbers<Outcome> outcomes_;
  std::map<Pattern, Holders> patterns_;
  struct ConsentWord {
    std::string words;
    std::vector<uint16_t> sets;  // places in DecisionSpace::consent_sets, ascending
  };
  std::vector<ConsentWord> consent_words_;
  std::map<Symbol, std::set<Who>> everybody_;  // by agency
  Numbers<Who> whos_;
  Numbers<Place> places_;
  Numbers<What> whats_;
  bool marks_matter_ = false;
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
  Outcome Judge(const std::vector<Decision>& decisions) const override {
    const Decision& before = decisions[0];
    const Decision& after = decisions[1];
    Outcome outcome;
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
  Outcome Judge(const std::vector<Decision>& decisions) const override {
    Outcome outcome;
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
  return SameVocabularyOf(PolicyAccess::Of(a), PolicyAccess::Of(b));
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
