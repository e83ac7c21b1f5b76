#include "policy/analysis/lint.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/analysis/decision_space.h"
#include "policy/calendar.h"
#include "policy/engine/evaluation.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

// Which rules ever apply, and which of those ever decide.
//
// A search and not a proof: it goes through the space until each rule has been seen to decide, and
// leaves out what could only show again what was seen. A rule that is never seen, after all of the
// space, is one to tell the officer about.
class Reach {
 public:
  explicit Reach(const PolicyImpl& policy)
      : policy_(policy),
        space_(absl::MakeConstSpan(&all_, 1), nullptr),
        applies_(policy.rules.size(), 0),
        decides_(policy.rules.size(), 0),
        left_(policy.rules.size()) {}

  // Visits until every rule has decided or nothing is left. False: the space was too large.
  bool Run() {
    if (space_.too_large) return false;
    for (const AskerClass& asker : space_.askers) {
      for (const Item& item : space_.items) {
        if (left_ == 0) return true;
        if (!Visit(asker, item)) return false;
      }
    }
    return true;
  }

  bool applies(size_t rule) const { return applies_[rule] != 0; }
  bool decides(size_t rule) const { return decides_[rule] != 0; }

 private:
  bool Visit(const AskerClass& asker, const Item& item) {
    Cell cell(space_, asker, item);
    cell.Set(Fact::kNecessity, CountOf(space_, Fact::kNecessity) - 1);
    std::vector<uint8_t> matters;
    {
      // Asked without a purpose: what no purpose can change.
      Question question = cell.question;
      question.purpose = Purpose::kUnspecified;
      Evaluation evaluation(policy_, question, cell.item);
      matters = evaluation.RulesThatMatter();
      bool open = false;
      for (size_t r = 0; r < matters.size(); ++r) {
        open |= matters[r] != 0 && decides_[r] == 0 &&
                (!policy_.rules[r].is_override || evaluation.CouldSpeak(policy_.rules[r]));
      }
      if (!open) return true;
      if (!visited_
               .insert(absl::StrCat(asker.team, "/", asker.team_relationships, "/",
                                    evaluation.Signature()))
               .second) {
        return true;
      }
    }
    std::array<int, kFactCount> counts;
    counts.fill(1);
    counts[Place(Fact::kPurpose)] = CountOf(space_, Fact::kPurpose);
    std::set<uint8_t> told_apart;
    for (size_t r = 0; r < matters.size(); ++r) {
      if (matters[r] != 0) CountFacts(policy_.rules[r], counts, told_apart);
    }
    FoldRelationships(told_apart);
    counts[Place(Fact::kRelationships)] = static_cast<int>(relationships_.size());
    cell.Set(Fact::kRelationships, relationships_.front());
    std::array<int, kFactCount> at = {};
    for (bool more = true; more; more = Next(cell, counts, at)) {
      if (--cells_left_ < 0) return false;
      Look(cell, matters);
    }
    return true;
  }

  static size_t Place(Fact fact) { return static_cast<size_t>(fact); }

  // The next value of the first fact that has one; false when all have been had.
  bool Next(Cell& cell, const std::array<int, kFactCount>& counts,
            std::array<int, kFactCount>& at) const {
    for (size_t f = 0; f < at.size(); ++f) {
      if (counts[f] == 1) continue;
      at[f] = at[f] + 1 < counts[f] ? at[f] + 1 : 0;
      cell.Set(static_cast<Fact>(f), f == Place(Fact::kRelationships)
                                         ? relationships_[static_cast<size_t>(at[f])]
                                         : at[f]);
      if (at[f] != 0) return true;
    }
    return false;
  }

  // One value of DecisionSpace::relationships for all that conditions on `told_apart` hold alike of;
  // that with most of them first, because with it most rules are seen to decide at once.
  void FoldRelationships(const std::set<uint8_t>& told_apart) {
    std::set<std::string> seen;
    relationships_.clear();
    for (size_t v = space_.relationships.size(); v-- > 0;) {
      std::string key;
      for (const uint8_t asked : told_apart) {
        key += (space_.relationships[v] & asked) != 0 ? '1' : '0';
      }
      if (seen.insert(key).second) relationships_.push_back(static_cast<int>(v));
    }
  }

  void CountFacts(const BoundRule& rule, std::array<int, kFactCount>& counts,
                  std::set<uint8_t>& told_apart) {
    const auto all = [&](Fact fact) { counts[Place(fact)] = CountOf(space_, fact); };
    const auto look = [&](const Conditions& conditions) {
      for (const Condition& condition : conditions) {
        switch (condition.about) {
          case Condition::About::kConsent:
            all(Fact::kConsents);
            break;
          case Condition::About::kPurpose:
            break;
          case Condition::About::kRelationship:
            told_apart.insert(condition.relationships);
            break;
          case Condition::About::kShielded:
            all(Fact::kShielded);
            break;
          case Condition::About::kOpen:
            all(Fact::kOpen);
            break;
          case Condition::About::kDisputed:
            all(Fact::kDisputed);
            break;
          case Condition::About::kNewIdentity:
            all(Fact::kNewIdentity);
            break;
          case Condition::About::kSpentOffence:
            all(Fact::kSpentOffence);
            break;
          case Condition::About::kNamesVictim:
            all(Fact::kNamesVictim);
            break;
        }
      }
    };
    if (rule.agreement != kNoAgreement) all(Fact::kTime);
    if (rule.is_override) all(Fact::kGround);
    look(rule.when);
    for (const BoundStatement& statement : rule.statements) {
      look(statement.when);
      for (const Conditions& conditions : statement.unless) look(conditions);
    }
  }

  void Look(const Cell& cell, const std::vector<uint8_t>& matters) {
    Evaluation evaluation(policy_, cell.question, cell.item);
    evaluation.RestrictTo(matters);
    const Decision decision = evaluation.Run(false);
    // A hide that another hides beside has decided nothing by itself.
    if (decision.effect != Effect::kHide || decision.rule_count == 1) {
      for (const RuleIndex rule : decision.rules) {
        if (rule != kNoRule) Mark(static_cast<size_t>(rule));
      }
    }
    for (size_t r = 0; r < matters.size(); ++r) {
      if (matters[r] == 0 || applies_[r] != 0) continue;
      const BoundRule& rule = policy_.rules[r];
      bool applies = evaluation.Hides(rule) != Tri::kNo;
      for (const BoundStatement& statement : rule.statements) {
        applies = applies || evaluation.Speaks(rule, statement);
      }
      if (applies) applies_[r] = 1;
    }
  }

  void Mark(size_t rule) {
    applies_[rule] = 1;
    if (decides_[rule] == 0) --left_;
    decides_[rule] = 1;
  }

  const PolicyImpl& policy_;
  const PolicyImpl* const all_ = &policy_;
  const DecisionSpace space_;
  std::vector<uint8_t> applies_;  // by RuleIndex
  std::vector<uint8_t> decides_;
  size_t left_;
  std::vector<int> relationships_;  // of the pair that is visited; see FoldRelationships()
  int64_t cells_left_ = kLintCellsMax;
  std::set<std::string> visited_;
};

class Linter {
 public:
  Linter(const Policy& policy, int64_t now_s)
      : policy_(policy), impl_(policy.impl()), now_s_(now_s) {}

  std::vector<Finding> Run() {
    Rules();
    for (size_t g = 0; g < impl_.agreement_infos.size(); ++g) Agreement(g);
    Asymmetries();
    return std::move(findings_);
  }

 private:
  void Rules() {
    Reach reach(impl_);
    const bool whole = reach.Run();
    for (size_t r = 0; r < impl_.rules.size(); ++r) {
      if (reach.decides(r)) continue;
      const RuleInfo& info = impl_.rule_infos[r];
      Finding finding;
      finding.rule = static_cast<RuleIndex>(r);
      finding.line = info.line;
      if (!whole) {
        finding.kind = FindingKind::kNotExamined;
        finding.message = absl::StrCat("rule ", info.id,
                                       " was not examined to the end: the policy tells too many "
                                       "things apart");
      } else if (!reach.applies(r)) {
        finding.kind = FindingKind::kNeverFires;
        finding.message = absl::StrCat("rule ", info.id, " can never apply");
      } else {
        finding.kind = FindingKind::kShadowed;
        finding.message = absl::StrCat(
            "rule ", info.id,
            impl_.rules[r].has_hide ? " hides only what other rules hide too"
                                    : " never decides: other rules always hide what it shows");
      }
      findings_.push_back(std::move(finding));
    }
  }

  void Agreement(size_t index) {
    const AgreementInfo& info = impl_.agreement_infos[index];
    const auto add = [&](FindingKind kind, const std::string& says) {
      Finding finding;
      finding.kind = kind;
      finding.agreement = static_cast<int16_t>(index);
      finding.message = absl::StrCat("agreement ", info.id, " ", says);
      findings_.push_back(std::move(finding));
    };
    if (now_s_ >= info.until_s) {
      add(FindingKind::kAgreementExpired,
          absl::StrCat("ran out on ", DayInWords(info.until_s - 1), "; its shows are closed"));
    } else if (now_s_ < info.from_s) {
      add(FindingKind::kAgreementNotYetInForce,
          absl::StrCat("is in force only from ", DayInWords(info.from_s)));
    } else if (now_s_ >= info.review_s) {
      add(FindingKind::kReviewOverdue,
          absl::StrCat("was to be reviewed on ", DayInWords(info.review_s)));
    }
  }

  // What some practitioner of `asker` may see of what `holder` can have.
  // Asked with everything that a worker can bring (involved, necessity stated, an open flag), so
  // that what differs is what was agreed and not what happens to be known.
  std::pair<uint8_t, uint8_t> Sees(const DecisionSpace& space, Symbol asker, Symbol holder) {
    uint8_t without = 0;
    uint8_t with = 0;
    for (const AskerClass& one : space.askers) {
      if (one.agency != asker || one.practitioner != Tri::kYes) continue;
      for (const Item& about : space.items) {
        const auto bit = static_cast<uint8_t>(1u << static_cast<unsigned>(about.aspect));
        if (about.holder != holder || about.marked_sensitive == Tri::kYes ||
            (with & without & bit) != 0) {
          continue;
        }
        Cell cell(space, one, about);
        cell.question.now_s = now_s_;
        cell.question.necessity_stated = Tri::kYes;
        cell.question.relationships.yes = (1u << kRelationshipCount) - 1;
        cell.item.open = Tri::kYes;
        const ConsentFact given = MakeConsent(AllConsentKinds()[kExplicitInForce], now_s_);
        for (const Purpose purpose : space.purposes) {
          cell.question.purpose = purpose;
          cell.item.consents = {};
          if (policy_.DecideOnly(cell.question, cell.item).effect == Effect::kShow) without |= bit;
          cell.item.consents = absl::MakeConstSpan(&given, 1);
          if (policy_.DecideOnly(cell.question, cell.item).effect == Effect::kShow) with |= bit;
        }
      }
    }
    return {without, with};
  }

  void Asymmetries() {
    const PolicyImpl* const all = &impl_;
    const DecisionSpace space(absl::MakeConstSpan(&all, 1), nullptr, true);
    for (size_t i = 0; i < space.agencies.size(); ++i) {
      for (size_t j = i + 1; j < space.agencies.size(); ++j) {
        Finding finding;
        finding.kind = FindingKind::kAsymmetry;
        finding.one = space.agencies[i];
        finding.other = space.agencies[j];
        std::tie(finding.one_sees, finding.one_sees_with_consent) =
            Sees(space, finding.one, finding.other);
        std::tie(finding.other_sees, finding.other_sees_with_consent) =
            Sees(space, finding.other, finding.one);
        if (finding.one_sees == finding.other_sees &&
            finding.one_sees_with_consent == finding.other_sees_with_consent) {
          continue;
        }
        finding.message = absl::StrCat(
            Half(finding.one, finding.other, finding.one_sees, finding.one_sees_with_consent), "; ",
            Half(finding.other, finding.one, finding.other_sees, finding.other_sees_with_consent));
        findings_.push_back(std::move(finding));
      }
    }
  }

  std::string Half(Symbol asker, Symbol holder, uint8_t without, uint8_t with) const {
    std::string text = absl::StrCat(impl_.agencies.Word(asker), " sees of ",
                                    impl_.agencies.Word(holder), " ", InWords(without));
    const auto more = static_cast<uint8_t>(with & ~without);
    if (more != 0) absl::StrAppend(&text, ", and with explicit consent ", InWords(more));
    return text;
  }

  static std::string InWords(uint8_t aspects) {
    std::vector<std::string> words;
    for (const Aspect aspect : AllAspects()) {
      if ((aspects & (1u << static_cast<unsigned>(aspect))) != 0) {
        words.emplace_back(ToString(aspect));
      }
    }
    return words.empty() ? "nothing" : absl::StrJoin(words, ", ");
  }

  static constexpr size_t kExplicitInForce = 1;  // of AllConsentKinds()

  const Policy& policy_;
  const PolicyImpl& impl_;
  const int64_t now_s_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> Lint(const Policy& policy, int64_t now_s) {
  return Linter(policy, now_s).Run();
}

}  // namespace signpost::policy
