#include "policy/analysis/cuts.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "policy/engine/tri.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

std::string WordsOf(const Conditions& all) {
  std::string words;
  for (const Condition& one : all) {
    absl::StrAppend(&words, " ", static_cast<int>(one.about), one.negated ? "!" : ".",
                    one.consent_states, ".", one.purposes, ".", one.relationships);
  }
  return words;
}

// All that a rule says, in a form that is the same where the rule is; sets of symbols as far as the
// vocabulary that both policies share goes.
class RuleWords {
 public:
  explicit RuleWords(const PolicyImpl& policy) : policy_(policy) {}

  // Without its statements' conditions.
  std::string Frame(const BoundRule& rule) const {
    std::string words = absl::StrCat(static_cast<int>(rule.basis), " ", rule.obligations, " ",
                                     rule.opens, " ", rule.grounds, WordsOf(rule.when));
    if (rule.agreement != kNoAgreement) {
      const BoundAgreement& agreement = policy_.agreements[static_cast<size_t>(rule.agreement)];
      absl::StrAppend(&words, "|", agreement.from_s, " ", agreement.until_s, " ",
                      Set(agreement.parties, policy_.agencies.size()));
      for (const auto& [holder, gateway] : agreement.choices) {
        absl::StrAppend(&words, " ", holder, "=", static_cast<int>(gateway));
      }
    }
    if (rule.is_override) {
      absl::StrAppend(&words, "|", Askers(rule.askers));
      for (size_t r = 0; r < rule.lifts.size(); ++r) {
        if (rule.lifts[r] != 0) absl::StrAppend(&words, " ", policy_.rule_infos[r].id);
      }
    }
    for (const BoundStatement& one : rule.statements) {
      absl::StrAppend(&words, ";", static_cast<int>(one.effect), Aspects(one.aspects), "/",
                      Items(one.items), "/", Askers(one.askers));
    }
    return words;
  }
  std::string Whole(const BoundRule& rule) const {
    std::string words = Frame(rule);
    for (const BoundStatement& one : rule.statements) {
      absl::StrAppend(&words, ";", WordsOf(one.when));
      for (const Conditions& unless : one.unless)
        absl::StrAppend(&words, " unless", WordsOf(unless));
    }
    return words;
  }

 private:
  static std::string Set(const SymbolSet& set, size_t symbols) {
    std::string words;
    for (size_t s = 0; s < symbols; ++s) {
      if (set.Has(static_cast<Symbol>(s))) absl::StrAppend(&words, s, ",");
    }
    return words;
  }
  std::string Aspects(const BoundAspects& one) const {
    return absl::StrCat(one.mask, ".", static_cast<int>(one.section_mode), ".",
                        Set(one.assessments, policy_.assessments.size()), ".",
                        Set(one.sections, policy_.sections.size()));
  }
  std::string Items(const BoundItems& one) const {
    return absl::StrCat(one.everything, one.marked_sensitive, ".",
                        Set(one.services, policy_.services.size()), ".",
                        Set(one.agencies, policy_.agencies.size()), ".",
                        Set(one.held_by_agencies, policy_.agencies.size()), ".",
                        Set(one.held_by_kinds, policy_.kinds.size()));
  }
  static std::string Askers(const BoundAskers& who) {
    std::string words = who.everyone ? "all" : "";
    for (const std::vector<BoundAskerPhrase>* const phrases : {&who.any, &who.except}) {
      absl::StrAppend(&words, "/");
      for (const BoundAskerPhrase& one : *phrases) {
        absl::StrAppend(&words, " ", one.agency, ".", one.kind, ".", one.role, ".", one.team, ".",
                        one.practitioner, one.system, one.holder, one.relevant_authority);
      }
    }
    return words;
  }

  const PolicyImpl& policy_;
};

bool AllAbout(const Conditions& conditions, Condition::About about) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [about](const Condition& one) { return one.about == about; });
}

// What the conditions about one fact come to, and all others in words.
struct Split {
  Tri truth = Tri::kYes;
  std::string rest;
};
Split SplitBy(const BoundStatement& statement, Condition::About about, const TruthOf& truth) {
  Split split;
  for (const Condition& one : statement.when) {
    if (one.about == about) {
      split.truth = And(split.truth, truth(one));
    } else {
      split.rest += WordsOf({one});
    }
  }
  for (const Conditions& unless : statement.unless) {
    if (!AllAbout(unless, about)) {
      absl::StrAppend(&split.rest, " unless", WordsOf(unless));
      continue;
    }
    Tri all = Tri::kYes;
    for (const Condition& one : unless) all = And(all, truth(one));
    split.truth = And(split.truth, Not(all));
  }
  return split;
}

}  // namespace

ChangedRules::ChangedRules(const PolicyImpl& before, const PolicyImpl& after)
    : everywhere_(before.ends_at_16 != after.ends_at_16 || before.ends_at_18 != after.ends_at_18) {
  const RuleWords before_words(before);
  const RuleWords after_words(after);
  std::map<std::string, Pair> by_id;
  for (size_t r = 0; r < before.rules.size(); ++r) {
    by_id[before.rule_infos[r].id].before = &before.rules[r];
  }
  for (size_t r = 0; r < after.rules.size(); ++r) {
    by_id[after.rule_infos[r].id].after = &after.rules[r];
  }
  for (auto& [id, pair] : by_id) {
    if (pair.before != nullptr && pair.after != nullptr && !everywhere_) {
      if (before_words.Whole(*pair.before) == after_words.Whole(*pair.after)) continue;
      pair.aligned = before_words.Frame(*pair.before) == after_words.Frame(*pair.after);
    }
    pairs_.push_back(pair);
  }
}

bool ChangedRules::Has(const BoundRule& rule) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&rule](const Pair& pair) {
    return pair.before == &rule || pair.after == &rule;
  });
}

bool ChangedRules::Touches(const BoundRule* rule, Evaluation& evaluation) {
  if (rule == nullptr) return false;
  if (rule->is_override) return evaluation.CouldSpeak(*rule);
  return evaluation.MayMatter(*rule);
}

bool ChangedRules::MayMatter(Evaluation& before, Evaluation& after) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const Pair& pair) {
    return Touches(pair.before, before) || Touches(pair.after, after);
  });
}

bool ChangedRules::AgreeOn(const BoundStatement* before, const BoundStatement* after,
                           Condition::About about, const TruthOf& truth) {
  if (before == nullptr || after == nullptr) {
    return SplitBy(before == nullptr ? *after : *before, about, truth).truth == Tri::kNo;
  }
  const Split was = SplitBy(*before, about, truth);
  const Split is = SplitBy(*after, about, truth);
  if (was.truth == Tri::kNo && is.truth == Tri::kNo) return true;
  return was.truth == is.truth && was.rest == is.rest;
}

bool ChangedRules::Agree(Condition::About about, const TruthOf& truth) const {
  if (everywhere_) return false;
  return std::all_of(pairs_.begin(), pairs_.end(), [&](const Pair& pair) {
    const BoundRule& any = pair.before != nullptr ? *pair.before : *pair.after;
    if (any.is_override) return false;
    if (pair.before == nullptr || pair.after == nullptr) {
      return std::all_of(
          any.statements.begin(), any.statements.end(),
          [&](const BoundStatement& one) { return AgreeOn(&one, nullptr, about, truth); });
    }
    if (!pair.aligned) return false;
    for (size_t s = 0; s < any.statements.size(); ++s) {
      if (!AgreeOn(&pair.before->statements[s], &pair.after->statements[s], about, truth)) {
        return false;
      }
    }
    return true;
  });
}

Closers::Closers(const PolicyImpl& policy, Evaluation& evaluation) {
  for (size_t r = 0; r < policy.rules.size(); ++r) {
    const BoundRule& rule = policy.rules[r];
    if (!rule.has_hide) continue;
    const bool lifted = std::any_of(policy.rules.begin(), policy.rules.end(), [r](const auto& one) {
      return one.is_override && one.lifts[r] != 0;
    });
    const bool brokers =
        std::any_of(rule.statements.begin(), rule.statements.end(),
                    [](const BoundStatement& one) { return one.effect == Effect::kBroker; });
    if (lifted || brokers) continue;
    for (const BoundStatement& one : rule.statements) {
      if (one.effect == Effect::kHide && evaluation.Selects(rule, one) == Tri::kYes) {
        statements_.push_back(&one);
      }
    }
  }
}

bool Closers::Close(Condition::About about, const TruthOf& truth) const {
  return std::any_of(statements_.begin(), statements_.end(), [&](const BoundStatement* one) {
    return std::all_of(one->when.begin(), one->when.end(),
                       [&](const Condition& condition) {
                         return condition.about == about && truth(condition) != Tri::kNo;
                       }) &&
           // An exception must be out of the question: one of its conditions does not hold, or is not
           // known to.
           std::all_of(one->unless.begin(), one->unless.end(), [&](const Conditions& unless) {
             return std::any_of(unless.begin(), unless.end(), [&](const Condition& condition) {
               return condition.about == about && truth(condition) != Tri::kYes;
             });
           });
  });
}

}  // namespace signpost::policy
