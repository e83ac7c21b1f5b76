#include "policy/analysis/prove.h"

#include <array>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
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

using syntax::Condition;
using syntax::Conditions;
using syntax::Diagnostics;

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
// (KeepOpenest, EachPull): if the check holds of the more open cell it holds of this one. That
// fails where an exception of the check could excuse the more open cell alone, so then nothing is
// left out
// (`may_fold_`).
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
    FoldExceptions();
    for (const AskerClass& asker : space_.askers) {
      for (const Item& item : space_.items) {
        if (!Visit(asker, item, finding)) return false;
      }
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

  bool Visit(const AskerClass& asker, Item item, std::string& finding) {
    if (!Spend(finding)) return false;
    Question question;
    question.agency = asker.agency;
    question.role = asker.role;
    question.is_practitioner = asker.practitioner;
    question.necessity_stated = Tri::kYes;
    TeamStanding standing;
    if (asker.team != kNoSymbol) {
      standing.team = asker.team;
      standing.relationships.yes = Bit(Relationship::kOwnOpenFlag);
      question.teams = absl::MakeConstSpan(&standing, 1);
    }
    bool could = false;
    bool could_override = false;
    {
      Evaluation evaluation(policy_, question, item);
      if (evaluation.MatchesAspects(check_.aspects) == Tri::kNo ||
          evaluation.MatchesItems(check_.items) == Tri::kNo) {
        return true;
      }
      const Tri asked = evaluation.MatchesAskers(check_.askers);
      if (asked == Tri::kNo) return true;
      // Another pair of asker and item that no rule tells from this one has been visited.
      if (!visited_
               .insert(absl::StrCat(asker.team, "/", static_cast<int>(asked), "/",
                                    evaluation.Signature()))
               .second) {
        return true;
      }
      matters_ = evaluation.RulesThatMatter();
      for (const BoundRule& rule : policy_.rules) {
        if (!evaluation.CouldSpeak(rule)) continue;
        (rule.is_override ? could_override : could) = true;
      }
    }
    if (!could && !could_override) return true;
    const Choices fewer = Choose(asker, true);
    // Where an exception of the check could excuse what more facts open, all cells count.
    const Choices all = may_fold_ && may_fold_overrides_ ? fewer : Choose(asker, false);
    // A member asks whether or not the team knows the young person.
    for (const bool team_knows : {true, false}) {
      if (!team_knows && asker.team == kNoSymbol) break;
      standing.relationships.yes = team_knows ? Bit(Relationship::kOwnOpenFlag) : uint8_t{0};
      if (could &&
          !VisitAll(question, item, OverrideGround::kNone, may_fold_ ? fewer : all, finding)) {
        return false;
      }
      for (size_t g = 0; could_override && g < space_.grounds.size(); ++g) {
        if (matter_grounds_[g] != 0 && !VisitAll(question, item, space_.grounds[g],
                                                 may_fold_overrides_ ? fewer : all, finding)) {
          return false;
        }
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
      each(rule.when, Pull{true, false});
      bool brokers = false;
      for (const BoundStatement& one : rule.statements) brokers |= one.effect == Effect::kBroker;
      for (const BoundStatement& one : rule.statements) {
        const bool hides = one.effect == Effect::kHide;
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

  Choices Choose(const AskerClass& asker, bool fold) const {
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
      if (fold || (!facts[f].opens && !facts[f].closes)) {
        choices.facts[f] = {facts[f].opens ? Tri::kYes : Tri::kNo};
      }
    }

    for (const Purpose purpose : space_.purposes) {
      const bool beside =
          IsBesideTheCheck(Condition::About::kPurpose, [purpose](const Condition& condition) {
            return (condition.purposes & (1u << static_cast<unsigned>(purpose))) != 0;
          });
      if (!beside) choices.purposes.push_back(purpose);
    }

    // A team adds relationships of its own, so what is asked of a member's says little.
    const bool in_team = asker.team != kNoSymbol;
    for (const uint8_t bits : space_.relationships) {
      const bool beside =
          !in_team &&
          IsBesideTheCheck(Condition::About::kRelationship, [bits](const Condition& condition) {
            return (condition.relationships & bits) != 0;
          });
      if (!beside) choices.relationships.push_back(bits);
    }
    if (fold && !in_team) {
      KeepOpenest(relationships, choices.relationships,
                  [](uint8_t bits, uint8_t asked) { return (bits & asked) != 0; });
    }

    for (size_t set = 0; set < space_.consent_sets.size(); ++set) {
      const bool beside = IsBesideTheCheck(
          Condition::About::kConsent,
          [&](const Condition& condition) { return Says(set, condition.consent_states); });
      if (!beside) choices.consents.push_back(set);
    }
    if (fold) {
      KeepOpenest(consents, choices.consents,
                  [this](size_t set, uint32_t states) { return Says(set, states); });
    }
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

  // What the check's exceptions leave to visit. An exception for an ordinary rule excuses cells in
  // which it shows, one for an override those in which it opens.
  void FoldExceptions() {
    bool excepts_override = false;
    for (size_t r = 0; r < policy_.rules.size(); ++r) {
      if (check_.except_by[r] == 0) continue;
      may_fold_ = may_fold_ && policy_.rules[r].is_override;
      excepts_override |= policy_.rules[r].is_override;
    }
    may_fold_overrides_ = may_fold_ && !excepts_override;
    // A ground on which only excepted overrides open anything finds nothing.
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
    evaluation.RestrictTo(matters_);
    const Decision decision = evaluation.Run(false);
    if (decision.effect == Effect::kHide) return false;
    if (decision.effect == Effect::kBroker && !check_.counts_broker) return false;
    for (const RuleIndex rule : decision.rules) {
      if (rule != kNoRule && check_.except_by[static_cast<size_t>(rule)] != 0) return false;
    }
    finding = absl::StrCat(
        "fails: ", question.is_practitioner == Tri::kYes ? "a practitioner" : "a system", " of ",
        policy_.agencies.Word(question.agency),
        question.role == kNoSymbol ? ""
                                   : absl::StrCat(" (", policy_.roles.Word(question.role), ")"),
        question.teams.empty() ? ""
                               : absl::StrCat(" in ", policy_.teams.Word(question.teams[0].team)),
        ", for ", std::string(ToString(question.purpose)), ", ",
        question.relationships.yes == 0 ? "not involved" : "involved", ": ",
        std::string(ToString(item.aspect)), " of ", policy_.services.Word(item.service),
        " held by ", policy_.agencies.Word(item.holder), " is ",
        DecisionInWords(policy_, decision));
    return true;
  }

  const PolicyImpl& policy_;
  const BoundCheck& check_;
  int64_t& cells_left_;
  const int64_t cell_cost_;
  const PolicyImpl* const all_ = &policy_;
  const DecisionSpace space_;
  std::map<uint32_t, std::vector<uint8_t>> said_;  // by consent set, see Says()
  bool may_fold_ = true;
  bool may_fold_overrides_ = true;
  std::vector<uint8_t> matter_grounds_;  // beside DecisionSpace::grounds
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
