#include "policy/space.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

constexpr ConsentKind kConsentKinds[] = {
    {ConsentDecision::kGiven, false, true},     {ConsentDecision::kGiven, true, true},
    {ConsentDecision::kGiven, false, false},    {ConsentDecision::kGiven, true, false},
    {ConsentDecision::kRefused, false, true},   {ConsentDecision::kRefused, true, true},
    {ConsentDecision::kWithdrawn, false, true}, {ConsentDecision::kWithdrawn, true, true},
};

class Folder {
 public:
  Folder(absl::Span<const PolicyImpl* const> policies, const BoundCheck* check, bool possible_items,
         Folds& out)
      : policies_(policies),
        check_(check),
        vocabulary_(*policies.front()),
        possible_items_(possible_items),
        out_(out) {}

  void Run() {
    FoldAgencies();
    FoldAskers();
    FoldItems();
    FoldPurposes();
    FoldRelationships();
    FoldConsents();
    FoldTimes();
    EachCondition([&](const Condition& condition) {
      out_.shield_matters |= condition.about == Condition::About::kShielded;
      out_.open_matters |= condition.about == Condition::About::kOpen;
      out_.dispute_matters |= condition.about == Condition::About::kDisputed;
    });
    uint32_t grounds = 0;
    EachRule([&](const BoundRule& rule) {
      grounds |= rule.grounds;
      out_.necessity_matters |= rule.basis == Gateway::kCda1998S115;
    });
    for (const OverrideGround ground : AllOverrideGrounds()) {
      if ((grounds & (1u << static_cast<unsigned>(ground))) != 0) out_.grounds.push_back(ground);
    }
  }

 private:
  template <typename Visit>
  void EachRule(Visit visit) {
    for (const PolicyImpl* const policy : policies_) {
      for (const BoundRule& rule : policy->rules) visit(rule);
    }
  }

  // Calls `visit` for every phrase of the policies and of the check.
  template <typename Visit>
  void EachAskers(Visit visit) {
    const auto each = [&](const BoundAskers& askers) {
      for (const BoundAskerPhrase& phrase : askers.any) visit(phrase);
      for (const BoundAskerPhrase& phrase : askers.except) visit(phrase);
    };
    EachRule([&](const BoundRule& rule) {
      each(rule.askers);
      for (const BoundStatement& statement : rule.statements) each(statement.askers);
    });
    if (check_ != nullptr) each(check_->askers);
  }

  template <typename Visit>
  void EachCondition(Visit visit) {
    const auto each = [&](const Conditions& when, const std::vector<Conditions>& unless) {
      for (const Condition& condition : when) visit(condition);
      for (const Conditions& conditions : unless) {
        for (const Condition& condition : conditions) visit(condition);
      }
    };
    EachRule([&](const BoundRule& rule) {
      each(rule.when, {});
      for (const BoundStatement& statement : rule.statements) {
        each(statement.when, statement.unless);
      }
    });
    if (check_ != nullptr) each(check_->when, check_->unless);
  }

  template <typename Visit>
  void EachItems(Visit visit) {
    EachRule([&](const BoundRule& rule) {
      for (const BoundStatement& statement : rule.statements) {
        visit(statement.items, statement.aspects);
      }
    });
    if (check_ != nullptr) visit(check_->items, check_->aspects);
  }

  // Agencies nobody names and that are alike in kind, authority and teams (and, where only what can
  // be is visited, in services).
  void FoldAgencies() {
    std::set<Symbol> named;
    EachAskers([&](const BoundAskerPhrase& p) { named.insert(p.agency); });
    EachItems([&](const BoundItems& items, const BoundAspects&) {
      for (size_t a = 1; a < vocabulary_.agency_data.size(); ++a) {
        const Symbol agency = static_cast<Symbol>(a);
        if (items.agencies.Has(agency) || items.held_by_agencies.Has(agency)) named.insert(agency);
      }
    });
    std::map<std::string, std::vector<Symbol>> seen;
    out_.alike.resize(vocabulary_.agency_data.size());
    for (size_t a = 1; a < vocabulary_.agency_data.size(); ++a) {
      const Symbol agency = static_cast<Symbol>(a);
      const AgencyData& data = vocabulary_.agency_data[a];
      std::string key = absl::StrCat(data.kind, "/", data.relevant_authority ? 1 : 0, "/");
      if (possible_items_) absl::StrAppend(&key, absl::StrJoin(data.services, ","), "/");
      bool is_named = named.count(agency) > 0;
      for (const PolicyImpl* const policy : policies_) {
        for (const BoundAgreement& agreement : policy->agreements) {
          is_named |= agreement.parties.Has(agency);
        }
      }
      for (const TeamData& team : vocabulary_.team_data) is_named |= team.agencies.Has(agency);
      if (is_named) absl::StrAppend(&key, agency);
      std::vector<Symbol>& standing = seen[key];
      if (standing.size() < 2) {
        standing.push_back(agency);
        out_.agencies.push_back(agency);
      }
      out_.alike[standing.back()].push_back(agency);
    }
  }

  void FoldAskers() {
    std::set<Symbol> named_roles;
    EachAskers([&](const BoundAskerPhrase& p) { named_roles.insert(p.role); });
    // The unknown role stands for all roles that no rule names: both satisfy no phrase with a role.
    named_roles.insert(kNoSymbol);
    for (size_t r = 1; r < vocabulary_.roles.size(); ++r) {
      if (named_roles.count(static_cast<Symbol>(r)) > 0) continue;
      named_roles.insert(static_cast<Symbol>(r));
      break;
    }
    for (const Symbol agency : out_.agencies) {
      for (const Symbol role : named_roles) {
        AddAskers(agency, role, Tri::kYes);
      }
      AddAskers(agency, kNoSymbol, Tri::kNo);
    }
  }

  void AddAskers(Symbol agency, Symbol role, Tri practitioner) {
    out_.askers.push_back({agency, role, practitioner, kNoSymbol});
    for (size_t t = 1; t < vocabulary_.team_data.size(); ++t) {
      if (vocabulary_.team_data[t].agencies.Has(agency)) {
        out_.askers.push_back({agency, role, practitioner, static_cast<Symbol>(t)});
      }
    }
  }

  void FoldItems() {
    bool marks_matter = false;
    EachItems([&](const BoundItems& items, const BoundAspects&) {
      marks_matter |= items.marked_sensitive;
    });
    for (const Symbol holder : out_.agencies) {
      for (const Symbol service : ServicesOf(holder)) {
        for (const Tri marked : ValuesOf(marks_matter)) {
          Item item;
          item.holder = holder;
          item.service = service;
          item.marked_sensitive = marked;
          item.brokerable = Tri::kYes;
          item.consents_known = Tri::kYes;
          AddAspects(item);
        }
      }
    }
  }

  // One service of each class that the rules tell apart: of all services, or of those the holder
  // can have flags for.
  std::vector<Symbol> ServicesOf(Symbol holder) {
    const std::vector<Symbol>& own = vocabulary_.agency_data[holder].services;
    std::vector<Symbol> from = own;
    if (!possible_items_ || own.empty()) {
      from.clear();
      for (size_t s = 1; s < vocabulary_.services.size(); ++s) {
        from.push_back(static_cast<Symbol>(s));
      }
    }
    std::set<std::string> seen;
    std::vector<Symbol> services;
    for (const Symbol service : from) {
      std::string key;
      EachItems([&](const BoundItems& items, const BoundAspects&) {
        key += items.services.Has(service) ? '1' : '0';
      });
      if (seen.insert(key).second) services.push_back(service);
    }
    return services;
  }

  void AddAspects(Item item) {
    for (const Aspect aspect : AllAspects()) {
      item.aspect = aspect;
      item.assessment = item.section = kNoSymbol;
      if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) {
        out_.items.push_back(item);
        continue;
      }
      std::set<std::string> seen;
      for (size_t a = 1; a < vocabulary_.assessment_sections.size(); ++a) {
        item.assessment = static_cast<Symbol>(a);
        item.section = kNoSymbol;
        if (aspect == Aspect::kAssessment) {
          out_.items.push_back(item);
          continue;
        }
        for (const Symbol section : vocabulary_.assessment_sections[a]) {
          std::string key = absl::StrCat(a, "/");
          EachItems([&](const BoundItems&, const BoundAspects& aspects) {
            key += aspects.sections.Has(section) ? '1' : '0';
          });
          item.section = section;
          if (seen.insert(key).second) out_.items.push_back(item);
        }
      }
    }
  }

  void FoldPurposes() {
    std::set<std::string> seen;
    for (const Purpose purpose : AllPurposes()) {
      const uint32_t bit = 1u << static_cast<unsigned>(purpose);
      std::string key = purpose == Purpose::kSafeguarding ? "1" : "0";
      EachCondition([&](const Condition& condition) {
        if (condition.about == Condition::About::kPurpose) {
          key += (condition.purposes & bit) != 0 ? '1' : '0';
        }
      });
      for (const TeamData& team : vocabulary_.team_data)
        key += (team.purposes & bit) != 0 ? '1' : '0';
      if (seen.insert(key).second) out_.purposes.push_back(purpose);
    }
  }

  void FoldRelationships() {
    std::set<std::string> seen;
    for (unsigned bits = 0; bits < (1u << kRelationshipCount); ++bits) {
      std::string key;
      EachCondition([&](const Condition& condition) {
        if (condition.about == Condition::About::kRelationship) {
          key += (condition.relationships & bits) != 0 ? '1' : '0';
        }
      });
      if (seen.insert(key).second) out_.relationships.push_back(static_cast<uint8_t>(bits));
    }
  }

  void FoldConsents() {
    std::set<std::string> seen;
    std::vector<ConsentFact> consents;
    for (unsigned subset = 0; subset < (1u << std::size(kConsentKinds)); ++subset) {
      FillConsents(subset, 0, consents);
      // What the conditions say of this set of consents is all that distinguishes it. An override
      // on express consent looks at plain "in force" as well.
      Item item;
      item.consents_known = Tri::kYes;
      item.consents = consents;
      Evaluation evaluation(vocabulary_, Question(), item);
      Condition in_force;
      in_force.consent_states = 1u << static_cast<unsigned>(ConsentState::kInForce);
      std::string key = evaluation.Holds(in_force) == Tri::kYes ? "1" : "0";
      EachCondition([&](const Condition& condition) {
        if (condition.about == Condition::About::kConsent) {
          key += evaluation.Holds(condition) == Tri::kYes ? '1' : '0';
        }
      });
      if (seen.insert(key).second) out_.consent_sets.push_back(subset);
    }
  }

  void FoldTimes() {
    int64_t first = vocabulary_.in_force_s;
    for (const PolicyImpl* const policy : policies_) first = std::max(first, policy->in_force_s);
    std::set<int64_t> times = {first};
    std::set<int64_t> changes = {first};
    for (const PolicyImpl* const policy : policies_) {
      for (const BoundAgreement& agreement : policy->agreements) {
        if (agreement.from_s > first) times.insert(agreement.from_s);
        if (agreement.until_s > first) changes.insert(agreement.until_s);
      }
    }
    changes.insert(times.begin(), times.end());
    out_.times.assign(times.begin(), times.end());
    out_.changes.assign(changes.begin(), changes.end());
  }

  const absl::Span<const PolicyImpl* const> policies_;
  const BoundCheck* const check_;
  const PolicyImpl& vocabulary_;  // of which all share the vocabulary
  const bool possible_items_;
  Folds& out_;
};

}  // namespace

absl::Span<const ConsentKind> AllConsentKinds() { return kConsentKinds; }

ConsentFact MakeConsent(const ConsentKind& kind, int64_t now_s) {
  ConsentFact fact;
  fact.decision = kind.decision;
  fact.is_explicit = kind.is_explicit;
  fact.from_s = std::numeric_limits<int64_t>::min();
  fact.until_s = kind.running ? kNeverS : now_s;
  return fact;
}

void FillConsents(unsigned mask, int64_t now_s, std::vector<ConsentFact>& consents) {
  consents.clear();
  for (size_t k = 0; k < std::size(kConsentKinds); ++k) {
    if ((mask & (1u << k)) != 0) consents.push_back(MakeConsent(kConsentKinds[k], now_s));
  }
}

absl::Span<const Tri> ValuesOf(bool matters) {
  static constexpr Tri kBoth[] = {Tri::kNo, Tri::kYes};
  return absl::MakeConstSpan(kBoth, matters ? 2 : 1);
}

Folds::Folds(absl::Span<const PolicyImpl* const> policies, const BoundCheck* check,
             bool possible_items) {
  Folder(policies, check, possible_items, *this).Run();
}

}  // namespace signpost::policy
