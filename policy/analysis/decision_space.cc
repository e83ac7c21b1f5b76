#include "policy/analysis/decision_space.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/calendar.h"
#include "policy/check.h"
#include "policy/engine/evaluation.h"

namespace signpost::policy {
namespace {

// What a team can have with a young person.
constexpr std::array<uint8_t, 5> kTeamRelationships = {
    uint8_t{0}, kAgencyInvolved, kAgencyInvolved | Bit(Relationship::kSettledInvolvement),
    kNewlyNamed, kNamedAndSettled};

using syntax::Condition;
using syntax::Conditions;

// How a consent may stand, times whose word it is, times what it is about.
const std::vector<ConsentKind>& ConsentKinds() {
  static const auto* const kinds = [] {
    static constexpr struct {
      ConsentDecision decision;
      bool is_explicit;
      bool running;
    } kStandings[] = {
        {ConsentDecision::kGiven, false, true},
        {ConsentDecision::kGiven, true, true},
        {ConsentDecision::kGiven, false, false},
        {ConsentDecision::kGiven, true, false},
        {ConsentDecision::kRefused, false, true},
        {ConsentDecision::kRefused, true, true},
        {ConsentDecision::kWithdrawn, false, true},
        {ConsentDecision::kWithdrawn, true, true},
        // A no that has ended is no more than that somebody was asked.
        {ConsentDecision::kRefused, false, false},
        {ConsentDecision::kRefused, true, false},
    };
    auto* const all = new std::vector<ConsentKind>;
    for (const ConsentMatter matter : AllConsentMatters()) {
      for (const Grantor grantor : AllGrantors()) {
        for (const auto& standing : kStandings) {
          all->push_back(
              {standing.decision, standing.is_explicit, standing.running, grantor, matter});
        }
      }
    }
    return all;
  }();
  return *kinds;
}

// Folds each part of the space by a key: for every value, what each rule and check says of it, one
// character each. Values with one key are told apart by nothing, so one of them stands for all.
class SpaceBuilder {
 public:
  SpaceBuilder(absl::Span<const PolicyImpl* const> policies, const BoundCheck* check,
               bool spelt_out, DecisionSpace& out)
      : policies_(policies),
        check_(check),
        vocabulary_(*policies.front()),
        spelt_out_(spelt_out),
        out_(out) {}

  void Run() {
    FoldAgencies();
    FoldTeamRelationships();
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
      out_.identity_matters |= condition.about == Condition::About::kNewIdentity;
      out_.offence_matters |= condition.about == Condition::About::kSpentOffence;
      out_.victim_matters |= condition.about == Condition::About::kNamesVictim;
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
    // Two stand for all that are alike, since a rule can tell "the holder" from anybody else.
    std::map<std::string, std::vector<Symbol>> seen;
    out_.alike.resize(vocabulary_.agency_data.size());
    for (size_t a = 1; a < vocabulary_.agency_data.size(); ++a) {
      const Symbol agency = static_cast<Symbol>(a);
      const AgencyData& data = vocabulary_.agency_data[a];
      std::string key = absl::StrCat(data.kind, "/", data.relevant_authority ? 1 : 0, "/");
      if (spelt_out_) absl::StrAppend(&key, absl::StrJoin(data.services, ","), "/");
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
    if (spelt_out_) {
      named_roles.erase(kNoSymbol);
      for (size_t r = 1; r < vocabulary_.roles.size(); ++r) {
        named_roles.insert(static_cast<Symbol>(r));
      }
    } else {
      named_roles.insert(kNoSymbol);
    }
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

  // A member asks whether or not the team works with the young person.
  void AddAskers(Symbol agency, Symbol role, Tri practitioner) {
    out_.askers.push_back({agency, role, practitioner, kNoSymbol, 0});
    for (size_t t = 1; t < vocabulary_.team_data.size(); ++t) {
      if (!vocabulary_.team_data[t].agencies.Has(agency)) continue;
      for (const uint8_t relationships : out_.team_relationships) {
        out_.askers.push_back({agency, role, practitioner, static_cast<Symbol>(t), relationships});
      }
    }
  }

  // What a team can bring its members that the conditions tell apart.
  void FoldTeamRelationships() {
    std::set<std::string> seen;
    for (const uint8_t bits : kTeamRelationships) {
      const uint8_t brought =
          bits | ((bits & kWorkerInvolved) != 0 ? Bit(Relationship::kTeamMember) : uint8_t{0});
      std::string key;
      EachCondition([&](const Condition& condition) {
        if (condition.about == Condition::About::kRelationship) {
          key += (condition.relationships & brought) != 0 ? '1' : '0';
        }
      });
      if (seen.insert(key).second) out_.team_relationships.push_back(bits);
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
          item.sixteen_from_s = item.adult_from_s =
              kNeverS;  // a consent that has ended is a kind of its own
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
    if (!spelt_out_ || own.empty()) {
      from.clear();
      for (size_t s = 1; s < vocabulary_.services.size(); ++s) {
        from.push_back(static_cast<Symbol>(s));
      }
      // Where there is no word for any, what is of one that nobody knows is all there is.
      if (from.empty()) from.push_back(kNoSymbol);
    }
    std::set<std::string> seen;
    std::vector<Symbol> services;
    for (const Symbol service : from) {
      std::string key;
      EachItems([&](const BoundItems& items, const BoundAspects&) {
        key += items.services.Has(service) ? '1' : '0';
      });
      if (seen.insert(key).second || spelt_out_) services.push_back(service);
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
      // Likewise of papers and of their sections.
      if (!spelt_out_ && vocabulary_.assessment_sections.size() < 2) out_.items.push_back(item);
      for (size_t a = 1; a < vocabulary_.assessment_sections.size(); ++a) {
        item.assessment = static_cast<Symbol>(a);
        item.section = kNoSymbol;
        if (aspect == Aspect::kAssessment ||
            (!spelt_out_ && vocabulary_.assessment_sections[a].empty())) {
          out_.items.push_back(item);
          continue;
        }
        for (const Symbol section : vocabulary_.assessment_sections[a]) {
          std::string key = absl::StrCat(a, "/");
          EachItems([&](const BoundItems&, const BoundAspects& aspects) {
            key += aspects.sections.Has(section) ? '1' : '0';
          });
          item.section = section;
          if (seen.insert(key).second || spelt_out_) out_.items.push_back(item);
        }
      }
    }
  }

  void FoldPurposes() {
    std::map<std::string, size_t> seen;
    for (const Purpose purpose : AllPurposes()) {
      const uint32_t bit = 1u << static_cast<unsigned>(purpose);
      // A gateway looks at this one without any rule naming it.
      std::string key = purpose == Purpose::kSafeguarding ? "1" : "0";
      EachCondition([&](const Condition& condition) {
        if (condition.about == Condition::About::kPurpose) {
          key += (condition.purposes & bit) != 0 ? '1' : '0';
        }
      });
      for (const TeamData& team : vocabulary_.team_data)
        key += (team.purposes & bit) != 0 ? '1' : '0';
      const auto [known, added] = seen.emplace(key, out_.purposes.size());
      if (added) {
        out_.purposes.push_back(purpose);
        out_.alike_purposes.emplace_back();
      }
      out_.alike_purposes[known->second].push_back(purpose);
    }
  }

  void FoldRelationships() {
    std::set<std::string> seen;
    for (unsigned bits = 0; bits < (1u << kRelationshipCount); ++bits) {
      if (!CanBeTogether(static_cast<uint8_t>(bits))) continue;
      std::string key;
      EachCondition([&](const Condition& condition) {
        if (condition.about == Condition::About::kRelationship) {
          key += (condition.relationships & bits) != 0 ? '1' : '0';
        }
      });
      if (seen.insert(key).second) out_.relationships.push_back(static_cast<uint8_t>(bits));
    }
  }

  // What the conditions say of a set of consents is all that distinguishes it, and they say it of
  // each consent by itself. So the sets are found by adding one kind after the other to those that
  // are known.
  void FoldConsents() {
    std::vector<uint32_t> spoken_of;  // each as in Condition::consent_states
    // An override on express consent looks at plain "in force" as well.
    spoken_of.push_back(Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing));
    EachCondition([&](const Condition& condition) {
      if (condition.about == Condition::About::kConsent) {
        spoken_of.push_back(condition.consent_states & ~Bit(ConsentState::kNotAsked));
      }
    });
    std::sort(spoken_of.begin(), spoken_of.end());
    spoken_of.erase(std::unique(spoken_of.begin(), spoken_of.end()), spoken_of.end());
    std::map<std::string, ConsentSet> sets = {{std::string(spoken_of.size(), '0'), {}}};
    std::set<std::string> kinds_seen;
    for (size_t k = 0; k < ConsentKinds().size() && !out_.too_large; ++k) {
      const ConsentFact fact = MakeConsent(ConsentKinds()[k], 0);
      ConsentStanding standing;
      JudgeConsents(CoverFacts(), absl::MakeConstSpan(&fact, 1), 0, standing);
      std::string said;
      for (const uint32_t states : spoken_of) {
        said += (standing.states[0] & states) == states ? '1' : '0';
      }
      if (!kinds_seen.insert(said).second) continue;
      const std::map<std::string, ConsentSet> known = sets;
      for (const auto& [said_by_set, set] : known) {
        std::string either = said_by_set;
        for (size_t i = 0; i < either.size(); ++i) either[i] = std::max(either[i], said[i]);
        ConsentSet larger = set;
        larger.push_back(static_cast<uint8_t>(k));
        sets.emplace(std::move(either), std::move(larger));
      }
      out_.too_large = sets.size() > kConsentSetsMax;
    }
    for (auto& [said, set] : sets) out_.consent_sets.push_back(std::move(set));
    // The smallest sets first, so that a counter-example is a simple one.
    std::stable_sort(
        out_.consent_sets.begin(), out_.consent_sets.end(),
        [](const ConsentSet& one, const ConsentSet& other) { return one.size() < other.size(); });
  }

  // `times` are enough to see everything that can be shown, because a show needs its agreement in
  // force; `changes` are enough to see every change, also that something is no longer shown.
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
  const bool spelt_out_;
  DecisionSpace& out_;
};

}  // namespace

absl::Span<const ConsentKind> AllConsentKinds() { return ConsentKinds(); }

ConsentFact MakeConsent(const ConsentKind& kind, int64_t now_s) {
  ConsentFact fact;
  fact.decision = kind.decision;
  fact.is_explicit = kind.is_explicit;
  fact.grantor = kind.grantor;
  fact.matter = kind.matter;
  fact.from_s = std::numeric_limits<int64_t>::min();
  fact.until_s = kind.running ? kNeverS : now_s;
  return fact;
}

void FillConsents(const ConsentSet& kinds, int64_t now_s, std::vector<ConsentFact>& consents) {
  consents.clear();
  for (const uint8_t kind : kinds) consents.push_back(MakeConsent(ConsentKinds()[kind], now_s));
}

absl::Span<const Tri> ValuesOf(bool matters) {
  static constexpr Tri kBoth[] = {Tri::kNo, Tri::kYes};
  return absl::MakeConstSpan(kBoth, matters ? 2 : 1);
}

int CountOf(const DecisionSpace& space, Fact fact) {
  const auto two = [](bool matters) { return matters ? 2 : 1; };
  switch (fact) {
    case Fact::kTime:
      return static_cast<int>(space.changes.size());
    case Fact::kConsents:
      return static_cast<int>(space.consent_sets.size());
    case Fact::kPurpose:
      return static_cast<int>(space.purposes.size());
    case Fact::kRelationships:
      return static_cast<int>(space.relationships.size());
    case Fact::kGround:
      return 1 + static_cast<int>(space.grounds.size());
    case Fact::kNecessity:
      return two(space.necessity_matters);
    case Fact::kBrokerable:
      return 2;
    case Fact::kShielded:
      return two(space.shield_matters);
    case Fact::kOpen:
      return two(space.open_matters);
    case Fact::kDisputed:
      return two(space.dispute_matters);
    case Fact::kNewIdentity:
      return two(space.identity_matters);
    case Fact::kSpentOffence:
      return two(space.offence_matters);
    case Fact::kNamesVictim:
      return two(space.victim_matters);
  }
  return 1;
}

namespace {

// "explicit and in force from the court", as after "consent".
std::string ConsentInWords(const ConsentKind& kind) {
  std::string words(kind.is_explicit ? "explicit and " : "");
  switch (kind.decision) {
    case ConsentDecision::kGiven:
      words += kind.running ? "in force" : "expired";
      break;
    case ConsentDecision::kRefused:
      words += kind.running ? "refused" : "no longer refused";
      break;
    case ConsentDecision::kWithdrawn:
      words += "withdrawn";
      break;
  }
  if (kind.grantor != Grantor::kSelf) {
    absl::StrAppend(&words, " by ", std::string(ToString(kind.grantor)));
  }
  if (kind.matter != ConsentMatter::kSharing) {
    absl::StrAppend(&words, " (to ", std::string(ToString(kind.matter)), ")");
  }
  return words;
}

std::string ConsentSetInWords(const ConsentSet& set) {
  std::vector<std::string> words;
  for (const uint8_t kind : set) words.push_back(ConsentInWords(AllConsentKinds()[kind]));
  return words.empty() ? "not asked" : absl::StrJoin(words, ", and another ");
}

// "newly involved", as an asker fact of an example. What the rules do not tell apart in `space` goes
// without saying.
std::string RelationshipsInWords(const DecisionSpace& space, uint8_t relationships) {
  constexpr uint8_t kSettled = Bit(Relationship::kSettledInvolvement);
  const bool newly = (relationships & kSettled) == 0 &&
                     std::find(space.relationships.begin(), space.relationships.end(),
                               relationships | kSettled) != space.relationships.end();
  const uint8_t worker = relationships & kWorkerInvolved;
  std::string words = "not involved";
  if (worker != 0) {
    const bool one_for_all =
        std::all_of(space.relationships.begin(), space.relationships.end(), [worker](uint8_t one) {
          return (one & kWorkerInvolved) == 0 || (one & kWorkerInvolved) == worker;
        });
    std::vector<std::string> named;
    for (const Relationship one : AllRelationships()) {
      if ((worker & Bit(one)) != 0) named.emplace_back(ToString(one));
    }
    words = one_for_all ? "involved" : absl::StrJoin(named, ", ");
  } else if ((relationships & kAgencyInvolved) != 0) {
    words = "agency involved";
  }
  return newly ? absl::StrCat("newly ", words) : words;
}

}  // namespace

std::string FactInWords(const PolicyImpl& policy, const DecisionSpace& space, Fact fact,
                        int value) {
  const size_t at = static_cast<size_t>(value);
  const auto either = [&](absl::string_view no, absl::string_view yes) {
    return std::string(value == 0 ? no : yes);
  };
  switch (fact) {
    case Fact::kTime:
      if (at + 1 == space.changes.size()) {
        return absl::StrCat("from ", DayInWords(space.changes[at]), " on");
      }
      return absl::StrCat("from ", DayInWords(space.changes[at]), " until ",
                          DayInWords(space.changes[at + 1] - 1));
    case Fact::kConsents:
      return absl::StrCat("consent ", ConsentSetInWords(space.consent_sets[at]));
    case Fact::kPurpose: {
      std::vector<std::string> words;
      for (const Purpose one : space.alike_purposes[at]) words.emplace_back(ToString(one));
      return absl::StrCat("for ", absl::StrJoin(words, " or "));
    }
    case Fact::kRelationships:
      return RelationshipsInWords(space, space.relationships[at]);
    case Fact::kGround:
      if (value == 0) return "without an override";
      return absl::StrCat("overriding on ", std::string(ToString(space.grounds[at - 1])));
    case Fact::kNecessity:
      return either("not stating necessity", "stating necessity");
    case Fact::kBrokerable:
      return either("where the service takes brokered contact",
                    "where the service takes no brokered contact");
    case Fact::kShielded:
      return either("person not shielded", "person shielded");
    case Fact::kOpen:
      return either("flag closed", "flag open");
    case Fact::kDisputed:
      return either("flag not disputed", "flag disputed");
    case Fact::kNewIdentity:
      return either("no new identity", "person has a new identity");
    case Fact::kSpentOffence:
      return either("no spent offence", "about a spent offence");
    case Fact::kNamesVictim:
      return either("names no victim", "names a victim");
  }
  (void)policy;
  return "";
}

std::string UnknownInWords(Fact fact) {
  switch (fact) {
    case Fact::kConsents:
      return "consent not known";
    case Fact::kPurpose:
      return "for no purpose that is known";
    case Fact::kRelationships:
      return "not known whether involved";
    case Fact::kShielded:
      return "not known whether person is shielded";
    case Fact::kOpen:
      return "not known whether flag is open";
    case Fact::kDisputed:
      return "not known whether flag is disputed";
    case Fact::kNewIdentity:
      return "not known whether person has a new identity";
    case Fact::kSpentOffence:
      return "not known whether about a spent offence";
    case Fact::kNamesVictim:
      return "not known whether it names a victim";
    case Fact::kTime:
    case Fact::kGround:
    case Fact::kNecessity:
    case Fact::kBrokerable:
      break;
  }
  return "";
}

Cell::Cell(const DecisionSpace& space, const AskerClass& asker, const Item& about)
    : item(about), space_(space), consent_set_(&space.consent_sets[0]) {
  question.agency = asker.agency;
  question.role = asker.role;
  question.is_practitioner = asker.practitioner;
  question.override_request.reason_stated = true;
  if (asker.team != kNoSymbol) {
    standing_.team = asker.team;
    standing_.relationships.yes = asker.team_relationships;
    question.teams = absl::MakeConstSpan(&standing_, 1);
  }
  item.consents_known = Tri::kYes;
  for (int fact = 0; fact < kFactCount; ++fact) Set(static_cast<Fact>(fact), 0);
}

void Cell::Set(Fact fact, int value) {
  const size_t at = static_cast<size_t>(value);
  const Tri known = value == 0 ? Tri::kNo : Tri::kYes;
  switch (fact) {
    case Fact::kTime:
    case Fact::kConsents:
      // Whether a consent is running is judged at the time asked.
      if (fact == Fact::kTime) {
        question.now_s = space_.changes[at];
      } else {
        consent_set_ = &space_.consent_sets[at];
        item.consents_known = Tri::kYes;
      }
      FillConsents(*consent_set_, question.now_s, consents_);
      item.consents = consents_;
      return;
    case Fact::kPurpose:
      question.purpose = space_.purposes[at];
      return;
    case Fact::kRelationships:
      question.relationships = RelationshipFacts{space_.relationships[at], 0};
      return;
    case Fact::kGround:
      question.override_request.requested = value != 0;
      question.override_request.ground =
          value == 0 ? OverrideGround::kNone : space_.grounds[at - 1];
      return;
    case Fact::kNecessity:
      question.necessity_stated = known;
      return;
    case Fact::kBrokerable:
      item.brokerable = value == 0 ? Tri::kYes : Tri::kNo;
      return;
    case Fact::kShielded:
      item.shielded = known;
      return;
    case Fact::kOpen:
      item.open = known;
      return;
    case Fact::kDisputed:
      item.disputed = known;
      return;
    case Fact::kNewIdentity:
      item.new_identity = known;
      return;
    case Fact::kSpentOffence:
      item.spent_offence = known;
      return;
    case Fact::kNamesVictim:
      item.names_victim = known;
      return;
  }
}

void Cell::Forget(Fact fact) {
  SIGNPOST_POLICY_CHECK(MayBeUnknown(fact));
  switch (fact) {
    case Fact::kConsents:
      item.consents_known = Tri::kUnknown;
      return;
    case Fact::kPurpose:
      question.purpose = Purpose::kUnspecified;
      return;
    case Fact::kRelationships:
      question.relationships = RelationshipFacts{0, (1u << kRelationshipCount) - 1};
      return;
    case Fact::kShielded:
      item.shielded = Tri::kUnknown;
      return;
    case Fact::kOpen:
      item.open = Tri::kUnknown;
      return;
    case Fact::kDisputed:
      item.disputed = Tri::kUnknown;
      return;
    case Fact::kNewIdentity:
      item.new_identity = Tri::kUnknown;
      return;
    case Fact::kSpentOffence:
      item.spent_offence = Tri::kUnknown;
      return;
    case Fact::kNamesVictim:
      item.names_victim = Tri::kUnknown;
      return;
    case Fact::kTime:
    case Fact::kGround:
    case Fact::kNecessity:
    case Fact::kBrokerable:
      return;
  }
}

DecisionSpace::DecisionSpace(absl::Span<const PolicyImpl* const> policies, const BoundCheck* check,
                             bool spelt_out) {
  SpaceBuilder(policies, check, spelt_out, *this).Run();
}

}  // namespace signpost::policy
