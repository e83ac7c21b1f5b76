#include "policy/analysis/prove.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/explain.h"

namespace signpost::policy {
namespace {

// A check is proved by visiting every cell of the decision space. The space is first folded: words
// and facts that no rule and no check tells apart are visited once. Two things keep it small
// without losing a cell that matters: an unknown fact never shows more than a known one (so only
// known facts are visited), and a show needs its agreement in force (so it is enough to visit the
// first second of each agreement, where every set of agreements that can be in force together is).
//
// Both hold because what is judged only grows as facts come to be known and agreements come into
// force, and that is seen to in three ways. A rule that the check excepts opens nothing here, rather
// than excusing whatever is open while it speaks: it could fall silent where another rule still
// shows. Where a broker is no finding, services take no brokered contact: a broker without a hide
// takes the place of a show, which is there again as soon as the broker is not. And an asker may be
// in several teams, of which one opens what is hidden from the members of another.

using syntax::Condition;
using syntax::Conditions;
using syntax::Diagnostics;

// Teams that some rule tells apart and that one agency's worker may be in at once: more are refused,
// since every set of them is visited.
constexpr size_t kTeamsTogetherMax = 8;

int64_t WeightOf(const PolicyImpl& policy) {
  int64_t weight = 0;
  for (const BoundRule& rule : policy.rules) {
    for (const BoundStatement& statement : rule.statements) {
      weight += 1 + static_cast<int64_t>(statement.askers.any.size() +
                                         statement.askers.except.size() + statement.when.size());
      for (const Conditions& conditions : statement.unless) {
        weight += static_cast<int64_t>(conditions.size());
      }
    }
    weight += static_cast<int64_t>(rule.askers.any.size() + rule.when.size());
  }
  return weight;
}

// Proves one check, or finds a cell that breaks it.
//
// What makes it quick is leaving out cells that open no more than another that is visited
// (KeepOpenest, EachPull): if the check holds of the more open cell it holds of this one.
class Prover {
 public:
  Prover(const PolicyImpl& policy, const BoundCheck& check, int64_t& cells_left)
      : policy_(policy),
        check_(check),
        cells_left_(cells_left),
        // A cell of a large policy costs more than one of a small policy.
        cell_cost_(1 + WeightOf(policy) / 64),
        space_(absl::MakeConstSpan(&all_, 1), &check) {}

  // False when a cell was found or the space is too large; then `finding` says which.
  bool Run(std::string& finding) {
    if (space_.too_large) return Spend(finding, std::numeric_limits<int64_t>::max());
    FoldSaid();
    if (SpeaksOfNothing()) {
      finding = "speaks of nothing: what it is said of excludes itself";
      return false;
    }
    GatherGrounds();
    for (const AskerClass& asker : space_.askers) {
      std::vector<Symbol> teams;
      if (asker.team != kNoSymbol) teams.push_back(asker.team);
      if (!VisitItems(asker, teams, asker.team_relationships, finding)) return false;
      if (teams.empty() && !VisitSeveralTeams(asker, finding)) return false;
    }
    return true;
  }

 private:
  bool Spend(std::string& finding, int64_t cells = 1) {
    if (cells <= cells_left_ / cell_cost_) {
      cells_left_ -= cells * cell_cost_;
      return true;
    }
    finding = "cannot be proved within the limit on cells; say it of fewer things";
    return false;
  }

  bool VisitItems(const AskerClass& asker, const std::vector<Symbol>& teams,
                  uint8_t team_relationships, std::string& finding) {
    for (const Item& item : space_.items) {
      if (!Visit(asker, teams, team_relationships, item, finding)) return false;
    }
    return true;
  }

  // The same asker as a member of two or more teams at once.
  bool VisitSeveralTeams(const AskerClass& asker, std::string& finding) {
    std::vector<Symbol> teams;
    for (size_t t = 1; t < policy_.team_data.size(); ++t) {
      const auto team = static_cast<Symbol>(t);
      if (policy_.team_data[t].agencies.Has(asker.agency) && HasASay(team)) teams.push_back(team);
    }
    if (teams.size() < 2) return true;
    if (teams.size() > kTeamsTogetherMax) {
      return Spend(finding, std::numeric_limits<int64_t>::max());
    }
    for (uint32_t set = 1; set < (1u << teams.size()); ++set) {
      if ((set & (set - 1)) == 0) continue;  // one alone has been
      std::vector<Symbol> some;
      for (size_t t = 0; t < teams.size(); ++t) {
        if ((set & (1u << t)) != 0) some.push_back(teams[t]);
      }
      // The same of all: what teams with a say bring together is again what one can bring.
      for (const uint8_t relationships : space_.team_relationships) {
        if (!VisitItems(asker, some, relationships, finding)) return false;
      }
    }
    return true;
  }

  // Whether to be in this team is more than to have the relationships that it has, which an asker
  // may have without it: some rule or the check names it, or it acts for a relevant authority.
  bool HasASay(Symbol team) const {
    const auto names = [team](const BoundAskers& askers) {
      const auto is_team = [team](const BoundAskerPhrase& phrase) { return phrase.team == team; };
      return std::any_of(askers.any.begin(), askers.any.end(), is_team) ||
             std::any_of(askers.except.begin(), askers.except.end(), is_team);
    };
    if (names(check_.askers)) return true;
    for (const BoundRule& rule : policy_.rules) {
      if (names(rule.askers)) return true;
      if (rule.basis == Gateway::kCda1998S115 && policy_.team_data[team].has_relevant_authority) {
        return true;
      }
      for (const BoundStatement& statement : rule.statements) {
        if (names(statement.askers)) return true;
      }
    }
    return false;
  }

  bool Visit(const AskerClass& asker, const std::vector<Symbol>& teams, uint8_t team_relationships,
             Item item, std::string& finding) {
    if (!Spend(finding)) return false;
    Question question;
    question.agency = asker.agency;
    question.role = asker.role;
    question.is_practitioner = asker.practitioner;
    question.necessity_stated = Tri::kYes;
    std::vector<TeamStanding> standings(teams.size());
    for (size_t t = 0; t < teams.size(); ++t) {
      standings[t] = {teams[t], {team_relationships, 0}};
    }
    question.teams = standings;
    // The more open: a broker is a finding, or is in the way of one.
    item.brokerable = check_.counts_broker ? Tri::kYes : Tri::kNo;
    bool could = false;
    bool could_override = false;
    {
      Evaluation evaluation(policy_, question, item);
      if (evaluation.MatchesAspects(check_.aspects) == Tri::kNo ||
          evaluation.MatchesItems(check_.items) == Tri::kNo ||
          evaluation.MatchesAskers(check_.askers) == Tri::kNo) {
        return true;
      }
      // Another pair of asker and item that no rule tells from this one has been visited.
      if (!visited_
               .insert(absl::StrCat(absl::StrJoin(teams, ","), "/", team_relationships, "/",
                                    evaluation.Signature(&check_.askers)))
               .second) {
        return true;
      }
      matters_ = evaluation.RulesThatMatter();
      for (size_t r = 0; r < policy_.rules.size(); ++r) {
        if (check_.except_by[r] != 0 || !evaluation.CouldSpeak(policy_.rules[r])) continue;
        (policy_.rules[r].is_override ? could_override : could) = true;
      }
    }
    if (!could && !could_override) return true;
    const Choices choices = Choose(!teams.empty());
    if (could && !VisitAll(question, item, OverrideGround::kNone, choices, finding)) return false;
    for (size_t g = 0; could_override && g < space_.grounds.size(); ++g) {
      if (matter_grounds_[g] != 0 &&
          !VisitAll(question, item, space_.grounds[g], choices, finding)) {
        return false;
      }
    }
    return true;
  }

  // The facts with two values each, in the order of `facts` below.
  static constexpr std::array<Condition::About, 6> kFacts = {
      Condition::About::kShielded,     Condition::About::kOpen,
      Condition::About::kDisputed,     Condition::About::kNewIdentity,
      Condition::About::kSpentOffence, Condition::About::kNamesVictim};
  static constexpr std::array<Tri Item::*, 6> kFactOf = {&Item::shielded,      &Item::open,
                                                         &Item::disputed,      &Item::new_identity,
                                                         &Item::spent_offence, &Item::names_victim};

  // Which values of each part of a question to visit.
  struct Choices {
    std::array<std::vector<Tri>, 6> facts;
    std::vector<size_t> consents;  // of DecisionSpace::consent_sets
    std::vector<uint8_t> relationships;
    std::vector<Purpose> purposes;
  };

  // Whether a condition, come true, can open something, and whether it can close something.
  struct Pull {
    bool opens = false;
    bool closes = false;
  };

  bool VisitAll(Question question, Item item, OverrideGround ground, const Choices& choices,
                std::string& finding) {
    question.override_request.requested = ground != OverrideGround::kNone;
    question.override_request.ground = ground;
    question.override_request.reason_stated = true;
    std::vector<ConsentFact> consents;
    for (const int64_t now_s : space_.times) {
      question.now_s = now_s;
      for (const size_t set : choices.consents) {
        FillConsents(space_.consent_sets[set], now_s, consents);
        item.consents = consents;
        for (const Purpose purpose : choices.purposes) {
          question.purpose = purpose;
          for (const uint8_t relationships : choices.relationships) {
            question.relationships.yes = relationships;
            if (!VisitFacts(question, item, choices, 0, finding)) return false;
          }
        }
      }
    }
    return true;
  }

  bool VisitFacts(const Question& question, Item& item, const Choices& choices, size_t fact,
                  std::string& finding) {
    if (fact == kFacts.size()) return Spend(finding) && !Violates(question, item, finding);
    for (const Tri value : choices.facts[fact]) {
      item.*kFactOf[fact] = value;
      if (!VisitFacts(question, item, choices, fact + 1, finding)) return false;
    }
    return true;
  }

  // Whether a value may be left out because the check itself does not speak of it. `truth` says of
  // a condition about this part whether it holds.
  template <typename Truth>
  bool IsBesideTheCheck(Condition::About about, Truth truth) const {
    for (const Condition& condition : check_.when) {
      if (condition.about == about && truth(condition) == condition.negated) return true;
    }
    for (const Conditions& conditions : check_.unless) {
      if (conditions.size() == 1 && conditions[0].about == about &&
          truth(conditions[0]) != conditions[0].negated) {
        return true;
      }
    }
    return false;
  }

  // Whether of some part no value is left that the check speaks of. Nothing would be visited then,
  // and a check that is proved of nothing is a slip of whoever wrote it.
  bool SpeaksOfNothing() const {
    const auto all_beside = [this](Condition::About about, const auto& values, auto holds) {
      return std::all_of(values.begin(), values.end(), [&](auto value) {
        return IsBesideTheCheck(about, [&](const Condition& one) { return holds(one, value); });
      });
    };
    for (const Condition::About fact : kFacts) {
      if (all_beside(fact, std::array<bool, 2>{false, true},
                     [](const Condition&, bool value) { return value; })) {
        return true;
      }
    }
    std::vector<size_t> sets(space_.consent_sets.size());
    std::iota(sets.begin(), sets.end(), size_t{0});
    return all_beside(Condition::About::kPurpose, space_.purposes,
                      [](const Condition& one, Purpose value) {
                        return (one.purposes & (1u << static_cast<unsigned>(value))) != 0;
                      }) ||
           all_beside(Condition::About::kRelationship, space_.relationships,
                      [](const Condition& one, uint8_t value) {
                        return (one.relationships & value) != 0;
                      }) ||
           all_beside(Condition::About::kConsent, sets, [this](const Condition& one, size_t set) {
             return Says(set, one.consent_states);
           });
  }

  // Calls visit(condition, pull) for every condition of the rules that matter here. Making a hide
  // false, or a show or an override true, never shows less; so of facts that pull one way alone the
  // value that opens is enough.
  template <typename Visit>
  void EachPull(Visit visit) const {
    const auto each = [&](const Conditions& conditions, Pull pull) {
      for (const Condition& condition : conditions) {
        visit(condition, condition.negated ? Pull{pull.closes, pull.opens} : pull);
      }
    };
    for (size_t r = 0; r < policy_.rules.size(); ++r) {
      if (matters_[r] == 0) continue;
      const BoundRule& rule = policy_.rules[r];
      const bool excepted = check_.except_by[r] != 0;
      if (!excepted) each(rule.when, Pull{true, false});
      bool brokers = false;
      for (const BoundStatement& one : rule.statements) brokers |= one.effect == Effect::kBroker;
      brokers = brokers && !excepted;
      for (const BoundStatement& one : rule.statements) {
        const bool hides = one.effect == Effect::kHide;
        if (excepted && !hides) continue;
        Pull when{!hides, hides};
        // A broker needs the hide of its own rule; one without a hide takes the place of shows.
        if (brokers &&
            (hides ? check_.counts_broker : one.effect == Effect::kBroker && !rule.has_hide)) {
          when = Pull{true, true};
        }
        each(one.when, when);
        for (const Conditions& conditions : one.unless) {
          each(conditions, Pull{when.closes, when.opens});
        }
      }
    }
    // Several conditions that together take a cell out of the check.
    for (const Conditions& conditions : check_.unless) {
      if (conditions.size() > 1) each(conditions, Pull{true, true});
    }
  }

  Choices Choose(bool in_team) const {
    Choices choices;
    std::array<Pull, 6> facts;
    std::map<uint32_t, Pull> consents;
    std::map<uint8_t, Pull> relationships;
    const auto add = [](Pull& to, Pull pull) {
      to.opens |= pull.opens;
      to.closes |= pull.closes;
    };
    EachPull([&](const Condition& condition, Pull pull) {
      if (condition.about == Condition::About::kConsent) {
        add(consents[condition.consent_states], pull);
      } else if (condition.about == Condition::About::kRelationship) {
        add(relationships[condition.relationships], pull);
      }
      for (size_t f = 0; f < kFacts.size(); ++f) {
        if (kFacts[f] == condition.about) add(facts[f], pull);
      }
    });
    // An override on express consent looks at consent too.
    add(consents[Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing)], Pull{true, false});

    for (size_t f = 0; f < kFacts.size(); ++f) {
      for (const Tri value : {Tri::kNo, Tri::kYes}) {
        const bool beside =
            IsBesideTheCheck(kFacts[f], [value](const Condition&) { return value == Tri::kYes; });
        if (!beside) choices.facts[f].push_back(value);
      }
      if (choices.facts[f].size() < 2 || (facts[f].opens && facts[f].closes)) continue;
      choices.facts[f] = {facts[f].opens ? Tri::kYes : Tri::kNo};
    }

    for (const Purpose purpose : space_.purposes) {
      const bool beside =
          IsBesideTheCheck(Condition::About::kPurpose, [purpose](const Condition& condition) {
            return (condition.purposes & (1u << static_cast<unsigned>(purpose))) != 0;
          });
      if (!beside) choices.purposes.push_back(purpose);
    }

    // A team adds relationships of its own, so what is asked of a member's says little.
    for (const uint8_t bits : space_.relationships) {
      const bool beside =
          !in_team &&
          IsBesideTheCheck(Condition::About::kRelationship, [bits](const Condition& condition) {
            return (condition.relationships & bits) != 0;
          });
      if (!beside) choices.relationships.push_back(bits);
    }
    if (!in_team) {
      KeepOpenest(relationships, choices.relationships,
                  [](uint8_t bits, uint8_t asked) { return (bits & asked) != 0; });
    }

    for (size_t set = 0; set < space_.consent_sets.size(); ++set) {
      const bool beside = IsBesideTheCheck(
          Condition::About::kConsent,
          [&](const Condition& condition) { return Says(set, condition.consent_states); });
      if (!beside) choices.consents.push_back(set);
    }
    KeepOpenest(consents, choices.consents,
                [this](size_t set, uint32_t states) { return Says(set, states); });
    return choices;
  }

  // Takes out of `values` each that opens no more than another: the conditions that open hold of
  // the other too, those that close do not hold of it unless of this one, and those that may do
  // either are alike.
  template <typename Value, typename Key, typename Truth>
  static void KeepOpenest(const std::map<Key, Pull>& pulls, std::vector<Value>& values,
                          Truth truth) {
    const auto opens_no_more = [&](Value one, Value other) {
      for (const auto& [key, pull] : pulls) {
        const bool mine = truth(one, key);
        const bool theirs = truth(other, key);
        if (mine == theirs) continue;
        if (pull.opens && pull.closes) return false;
        if (pull.opens ? mine : theirs) return false;
      }
      return true;
    };
    std::vector<Value> kept;
    for (size_t i = 0; i < values.size(); ++i) {
      bool needed = true;
      for (size_t j = 0; j < values.size() && needed; ++j) {
        // Of two that are alike the first stays.
        if (j == i || !opens_no_more(values[i], values[j])) continue;
        needed = i < j && opens_no_more(values[j], values[i]);
      }
      if (needed) kept.push_back(values[i]);
    }
    values = std::move(kept);
  }

  // Whether some consent of the set stands so, or for `not asked` none.
  bool Says(size_t set, uint32_t states) const {
    const auto it = said_.find(states);
    return it != said_.end() && it->second[set] != 0;
  }

  void FoldSaid() {
    const auto look = [this](const Conditions& conditions) {
      for (const Condition& condition : conditions) {
        if (condition.about == Condition::About::kConsent) Say(condition);
      }
    };
    Condition in_force;
    in_force.consent_states = Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing);
    Say(in_force);
    for (const BoundRule& rule : policy_.rules) {
      look(rule.when);
      for (const BoundStatement& statement : rule.statements) {
        look(statement.when);
        for (const Conditions& conditions : statement.unless) look(conditions);
      }
    }
    look(check_.when);
    for (const Conditions& conditions : check_.unless) look(conditions);
  }

  void Say(const Condition& condition) {
    std::vector<uint8_t>& said = said_[condition.consent_states];
    if (!said.empty()) return;
    std::vector<ConsentFact> consents;
    for (const ConsentSet& set : space_.consent_sets) {
      FillConsents(set, 0, consents);
      Item item;
      item.consents_known = Tri::kYes;
      item.adult_from_s = kNeverS;
      item.consents = consents;
      said.push_back(Evaluation(policy_, Question(), item).Holds(condition) == Tri::kYes ? 1 : 0);
    }
  }

  // A ground on which only excepted overrides open anything finds nothing.
  void GatherGrounds() {
    for (const OverrideGround ground : space_.grounds) {
      uint8_t matters = 0;
      for (size_t r = 0; r < policy_.rules.size(); ++r) {
        if ((policy_.rules[r].grounds & (1u << static_cast<unsigned>(ground))) != 0 &&
            check_.except_by[r] == 0) {
          matters = 1;
        }
      }
      matter_grounds_.push_back(matters);
    }
  }

  bool Violates(const Question& question, const Item& item, std::string& finding) {
    Evaluation evaluation(policy_, question, item);
    // The check's own conditions first: they are cheap and rule most cells out.
    if (evaluation.HoldAll(check_.when) == Tri::kNo ||
        evaluation.MatchesAskers(check_.askers) == Tri::kNo) {
      return false;
    }
    for (const Conditions& conditions : check_.unless) {
      if (evaluation.HoldAll(conditions) == Tri::kYes) return false;
    }
    evaluation.RestrictTo(matters_, &check_.except_by);
    const Decision decision = evaluation.Run(false);
    if (decision.effect == Effect::kHide) return false;
    if (decision.effect == Effect::kBroker && !check_.counts_broker) return false;
    finding = absl::StrCat(
        "fails: ", question.is_practitioner == Tri::kYes ? "a practitioner" : "a system", " of ",
        policy_.agencies.Word(question.agency),
        question.role == kNoSymbol ? ""
                                   : absl::StrCat(" (", policy_.roles.Word(question.role), ")"),
        TeamsInWords(question), ", for ", std::string(ToString(question.purpose)), ", ",
        question.relationships.yes == 0 ? "not involved" : "involved", ": ",
        std::string(ToString(item.aspect)), " of ", policy_.services.Word(item.service),
        " held by ", policy_.agencies.Word(item.holder), " is ",
        DecisionInWords(policy_, decision));
    return true;
  }

  std::string TeamsInWords(const Question& question) const {
    std::string words;
    for (const TeamStanding& one : question.teams) {
      absl::StrAppend(&words, words.empty() ? " in " : " and ", policy_.teams.Word(one.team));
    }
    return words;
  }

  const PolicyImpl& policy_;
  const BoundCheck& check_;
  int64_t& cells_left_;
  const int64_t cell_cost_;
  const PolicyImpl* const all_ = &policy_;
  const DecisionSpace space_;
  std::map<uint32_t, std::vector<uint8_t>> said_;  // by consent set, see Says()
  std::vector<uint8_t> matter_grounds_;            // beside DecisionSpace::grounds
  std::set<std::string> visited_;
  std::vector<uint8_t> matters_;  // of the asker and item being visited
};

}  // namespace

void ProveChecks(const PolicyImpl& policy, const std::vector<BoundCheck>& checks, int64_t cells_max,
                 Diagnostics& diagnostics) {
  int64_t cells_left = cells_max;
  for (const BoundCheck& check : checks) {
    std::string finding;
    if (!Prover(policy, check, cells_left).Run(finding)) {
      diagnostics.Add(check.at, absl::StrCat("'", check.text, "' ", finding));
    }
  }
}

}  // namespace signpost::policy
