#include "policy/analysis/diff.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/analysis/cuts.h"
#include "policy/analysis/decision_space.h"
#include "policy/analysis/survey.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

std::string ObligationsInWords(uint32_t obligations) {
  std::vector<std::string> words;
  for (const Obligation one : AllObligations()) {
    if ((obligations & Bit(one)) != 0) words.emplace_back(ToString(one));
  }
  return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
}

CellChange ChangeBetween(const Decision& before, const Decision& after) {
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

class Comparison : public Inquiry {
 public:
  explicit Comparison(const ChangedRules& changed) : changed_(changed) {}

  const ChangedRules* Changed() const override { return &changed_; }
  CellChange Judge(const std::vector<Decision>& decisions) const override {
    return ChangeBetween(decisions[0], decisions[1]);
  }

 private:
  const ChangedRules& changed_;
};

// The sections of which one policy says that they may name a victim, and the other does not.
SymbolSet SectionsOfOneAlone(const Policy& one, const Policy& other) {
  SymbolSet sections;
  for (size_t s = 1; s < one.impl().sections.size(); ++s) {
    const auto section = static_cast<Symbol>(s);
    if (one.MayNameVictim(section) && !other.MayNameVictim(section)) sections.Add(section);
  }
  return sections;
}

bool LooksAtVictims(const Conditions& conditions) {
  return std::any_of(conditions.begin(), conditions.end(), [](const Condition& one) {
    return one.about == Condition::About::kNamesVictim;
  });
}
bool LooksAtVictims(const PolicyImpl& policy) {
  return std::any_of(policy.rules.begin(), policy.rules.end(), [](const BoundRule& rule) {
    return LooksAtVictims(rule.when) ||
           std::any_of(rule.statements.begin(), rule.statements.end(), [](const auto& one) {
             return LooksAtVictims(one.when) ||
                    std::any_of(one.unless.begin(), one.unless.end(),
                                [](const Conditions& unless) { return LooksAtVictims(unless); });
           });
  });
}

// What comes of it that some sections may name a victim now, or no longer may. Nobody reads the
// papers: of a section that may, the hub does not know whether it does, and of another it takes it
// that it does not. So this compares the later policy with itself, as either list has it.
class SectionsComparison : public Inquiry {
 public:
  SectionsComparison(const SymbolSet& sections, bool may_now)
      : sections_(sections), may_now_(may_now) {}

  bool IsAbout(const DecisionSpace&, const Item& item) const override {
    return item.aspect == Aspect::kContent && sections_.Has(item.section);
  }
  uint32_t Settled() const override { return Bit(Fact::kNamesVictim); }
  void Settle(size_t policy, Item& item) const override {
    item.names_victim = (policy == 1) == may_now_ ? Tri::kUnknown : Tri::kNo;
  }
  CellChange Judge(const std::vector<Decision>& decisions) const override {
    CellChange outcome = ChangeBetween(decisions[0], decisions[1]);
    if (!outcome.change.empty()) {
      outcome.change +=
          may_now_ ? ", since it may now name a victim" : ", since it may no longer name a victim";
    }
    return outcome;
  }

 private:
  const SymbolSet& sections_;
  const bool may_now_;
};

class VisibilityInquiry : public Inquiry {
 public:
  explicit VisibilityInquiry(const ItemSelector& items) : selector_(items) {}

  bool IsAbout(const DecisionSpace& space, const Item& item) const override {
    return (selector_.holder == kNoSymbol || Stands(space, item.holder, selector_.holder)) &&
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
  // Whether `representative` stands for `agency` in the space.
  static bool Stands(const DecisionSpace& space, Symbol representative, Symbol agency) {
    const std::vector<Symbol>& alike = space.alike[representative];
    return std::find(alike.begin(), alike.end(), agency) != alike.end();
  }

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

// Runs a survey and adds what it found; false past its limits.
bool AddTo(PolicyDifference& difference, const Policy& before, const Policy& after,
           const Inquiry& inquiry) {
  std::optional<SurveyResult> found = RunSurvey({&before, &after}, inquiry);
  if (!found.has_value()) return false;
  difference.cells += found->cells;
  difference.gained_cells += found->gained_cells;
  difference.lost_cells += found->lost_cells;
  for (VisibilityChange& change : found->changes) {
    if (change.before < change.after) {
      difference.gains.push_back(std::move(change));
    } else if (change.after < change.before) {
      difference.losses.push_back(std::move(change));
    } else {
      difference.terms.push_back(std::move(change));
    }
  }
  return true;
}

// Of the sections that one of the policies alone says may name a victim, by the rules of `after`.
bool AddSectionsTo(PolicyDifference& difference, const Policy& before, const Policy& after,
                   bool may_now) {
  const SymbolSet sections =
      may_now ? SectionsOfOneAlone(after, before) : SectionsOfOneAlone(before, after);
  if (sections.empty() || !LooksAtVictims(after.impl())) return true;
  return AddTo(difference, after, after, SectionsComparison(sections, may_now));
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
  const ChangedRules changed(before.impl(), after.impl());
  const bool whole = (changed.none() || AddTo(difference, before, after, Comparison(changed))) &&
                     AddSectionsTo(difference, before, after, /*may_now=*/true) &&
                     AddSectionsTo(difference, before, after, /*may_now=*/false);
  if (!whole) {
    difference = PolicyDifference();
    difference.fault = TooLarge();
  }
  return difference;
}

Visibility WhoCanSee(const Policy& policy, const ItemSelector& items) {
  Visibility visibility;
  std::optional<SurveyResult> found = RunSurvey({&policy}, VisibilityInquiry(items));
  if (!found.has_value()) {
    visibility.fault = TooLarge();
    return visibility;
  }
  visibility.cells = found->cells;
  visibility.changes = std::move(found->changes);
  return visibility;
}

}  // namespace signpost::policy
