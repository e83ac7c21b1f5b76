#include "policy/engine/bind.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/check.h"

namespace signpost::policy {
namespace {

constexpr uint8_t kExistenceBit = 1u << static_cast<int>(Aspect::kExistence);
constexpr uint8_t kAllAspects = (1u << kAspectCount) - 1;
// What an override may open: who to ring, never what is in the file.
constexpr uint8_t kOverridable = kExistenceBit | (1u << static_cast<int>(Aspect::kAgency)) |
                                 (1u << static_cast<int>(Aspect::kContact));

// Of several bases the first is recorded (docs/policy-language.md says the same): where nothing is
// disclosed at all; what the young person wants; duties to supply this to these, then those towards
// children at large, which ask for more judgement; a power that somebody must choose to use; and
// last what is for emergencies.
constexpr std::array<Gateway, 12> kBases = {
    Gateway::kOwnRecord,   Gateway::kConsent,        Gateway::kEsa2008S76,
    Gateway::kEsa2008S72,  Gateway::kLsa2000S117,    Gateway::kCa1989S47,
    Gateway::kCa1989S17,   Gateway::kCa2004S10,      Gateway::kCa2004S11,
    Gateway::kCda1998S115, Gateway::kVitalInterests, Gateway::kPublicInterest};

// Lives during one BindTree().
class TreeBinder {
 public:
  TreeBinder(const syntax::Policy& tree, const Vocabulary& vocabulary, PolicyImpl& impl,
             std::vector<BoundCheck>& checks, syntax::Diagnostics& diagnostics)
      : tree_(tree),
        vocabulary_(vocabulary),
        impl_(impl),
        checks_(checks),
        diagnostics_(diagnostics) {}

  // In an order in which each step finds what it needs: agreements before the rules in them, rules
  // numbered before any is bound, all `never lifts` known before any `lifts`.
  void Run() {
    PolicyImpl& p = impl_;
    p.name = tree_.name;
    p.version = tree_.version;
    p.in_force_s = tree_.in_force_s;
    p.approved_by = tree_.approved_by;
    p.ends_at_16 = tree_.ends_at_16;
    p.ends_at_18 = tree_.ends_at_18;
    for (const syntax::Word& word : tree_.may_name_victims) {
      const Symbol section = p.sections.Find(word.text);
      if (section == kNoSymbol) {
        diagnostics_.AddUnknown(word, "section", p.sections.Words());
      } else {
        p.may_name_victims.Add(section);
      }
    }
    for (const syntax::Group& group : tree_.groups) BindGroup(group);
    SensitiveGroupIsWhole();
    for (const syntax::Agreement& agreement : tree_.agreements) BindAgreement(agreement);
    NumberRules();
    for (const syntax::Rule& rule : tree_.rules) {
      if (!diagnostics_.full()) BindRule(rule);
      if (rule.liftable) liftable_.insert(rule.id.text);
    }
    for (const syntax::Override& rule : tree_.overrides) {
      for (const syntax::Word& word : rule.never_lifts) never_lifted_.insert(word.text);
    }
    for (const syntax::Override& rule : tree_.overrides) {
      if (!diagnostics_.full()) BindOverride(rule);
    }
    for (const syntax::Check& check : tree_.checks) {
      if (!diagnostics_.full()) BindCheck(check);
    }
    OrderBases();
  }

 private:
  void BindGroup(const syntax::Group& group) {
    const std::string& name = group.name.text;
    if (impl_.services.Find(name) != kNoSymbol || impl_.agencies.Find(name) != kNoSymbol ||
        impl_.assessments.Find(name) != kNoSymbol || syntax::IsReserved(name)) {
      diagnostics_.Add(group.name, absl::StrCat("'", name, "' already means something else"));
    }
    if (groups_.count(name) > 0) {
      diagnostics_.Add(group.name, absl::StrCat("group '", name, "' is defined twice"));
    }
    BoundItems items;
    for (const syntax::Word& word : group.words) {
      const Symbol service = impl_.services.Find(word.text);
      if (word.text == "marked-sensitive") {
        items.marked_sensitive = true;
      } else if (service != kNoSymbol) {
        items.services.Add(service);
        if (name == "sensitive") impl_.sensitive_services[service] = 1;
      } else {
        diagnostics_.AddUnknown(word, "service", impl_.services.Words());
      }
    }
    groups_[name] = std::move(items);
  }

  void SensitiveGroupIsWhole() {
    for (const VocabularyService& service : vocabulary_.services) {
      if (service.sensitive_category.empty()) continue;
      if (impl_.sensitive_services[impl_.services.Find(service.id)] != 0) continue;
      syntax::Word at;
      at.line = 1;
      at.column = 1;
      for (const syntax::Group& group : tree_.groups) {
        if (group.name.text == "sensitive") at = group.name;
      }
      at.text = service.id;
      diagnostics_.Add(
          at,
          absl::StrCat("the service '", service.id, "' is sensitive (", service.sensitive_category,
                       ") and must be in the group 'sensitive': group sensitive = ",
                       absl::StrJoin(SensitiveServices(), ", ")));
    }
  }

  // Those that the group names already, then the area's others.
  std::vector<std::string> SensitiveServices() const {
    std::vector<std::string> words;
    const auto add = [&words](const std::string& word) {
      if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    };
    for (const syntax::Group& group : tree_.groups) {
      if (group.name.text != "sensitive") continue;
      for (const syntax::Word& word : group.words) add(word.text);
    }
    for (const VocabularyService& service : vocabulary_.services) {
      if (!service.sensitive_category.empty()) add(service.id);
    }
    return words;
  }

  void BindAgreement(const syntax::Agreement& agreement) {
    AgreementInfo info;
    BoundAgreement bound;
    info.id = agreement.id.text;
    info.title = agreement.title;
    info.from_s = bound.from_s = agreement.from_s;
    info.until_s = bound.until_s = agreement.until_s;
    info.review_s = agreement.review_s;
    for (const AgreementInfo& other : impl_.agreement_infos) {
      if (other.id == info.id) {
        diagnostics_.Add(agreement.id, absl::StrCat("agreement '", info.id, "' is defined twice"));
      }
    }
    for (const syntax::Word& party : agreement.parties) {
      const Symbol symbol = Agency(party);
      if (symbol == kNoSymbol) continue;
      if (bound.parties.Has(symbol)) {
        diagnostics_.Add(party, absl::StrCat("'", party.text, "' is named twice"));
      }
      bound.parties.Add(symbol);
      info.parties.push_back(symbol);
    }
    for (const syntax::Agreement::Choice& choice : agreement.choices) {
      const Symbol holder = Agency(choice.holder);
      if (holder == kNoSymbol) continue;
      if (!bound.parties.Has(holder)) {
        diagnostics_.Add(choice.holder, "only a party of the agreement may choose in it");
      }
      bound.choices.emplace_back(holder, choice.gateway);
    }
    impl_.agreement_infos.push_back(std::move(info));
    impl_.agreements.push_back(std::move(bound));
  }

  Symbol Agency(const syntax::Word& word) {
    const Symbol symbol = impl_.agencies.Find(word.text);
    if (symbol == kNoSymbol) diagnostics_.AddUnknown(word, "agency", impl_.agencies.Words());
    return symbol;
  }

  // Rules are numbered by their ids, so that the order of the text has no say.
  void NumberRules() {
    for (const syntax::Rule& rule : tree_.rules) Number(rule.id);
    for (const syntax::Override& rule : tree_.overrides) Number(rule.id);
    RuleIndex next = 0;
    for (auto& [id, index] : rule_index_) index = next++;
    impl_.rules.resize(rule_index_.size());
    impl_.rule_infos.resize(rule_index_.size());
  }
  void Number(const syntax::Word& id) {
    if (!rule_index_.emplace(id.text, kNoRule).second) {
      diagnostics_.Add(id, absl::StrCat("rule '", id.text, "' is defined twice"));
    }
    if (id.text == "default") diagnostics_.Add(id, "'default' cannot be a rule's id");
  }
  RuleIndex RuleOf(const syntax::Word& id) {
    const auto it = rule_index_.find(id.text);
    if (it != rule_index_.end()) return it->second;
    if (diagnostics_.full()) return kNoRule;
    std::vector<std::string> ids;
    for (const auto& entry : rule_index_) ids.push_back(entry.first);
    diagnostics_.AddUnknown(id, "rule", ids);
    return kNoRule;
  }

  // Which of several rules that show gives the basis that is recorded and told. By what they rest
  // on and not by what they are called: kBases, then what runs out last (a rule outside agreements
  // never does), then what began first; titles, which are what is read, where all of that is alike.
  void OrderBases() {
    std::vector<size_t> order(impl_.rules.size());
    std::iota(order.begin(), order.end(), size_t{0});
    static const AgreementInfo kNone;
    const auto key = [this](size_t r) {
      const BoundRule& rule = impl_.rules[r];
      const bool agreed = rule.agreement != kNoAgreement;
      const AgreementInfo& agreement =
          agreed ? impl_.agreement_infos[static_cast<size_t>(rule.agreement)] : kNone;
      return std::make_tuple(std::find(kBases.begin(), kBases.end(), rule.basis) - kBases.begin(),
                             agreed, -agreement.until_s, agreement.from_s,
                             absl::string_view(agreement.title), absl::string_view(agreement.id),
                             absl::string_view(impl_.rule_infos[r].title));
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return key(a) < key(b); });
    for (size_t place = 0; place < order.size(); ++place) {
      impl_.rules[order[place]].precedence = static_cast<uint16_t>(place);
    }
  }

  RuleInfo& Info(const syntax::Word& id, const std::string& title) {
    RuleInfo& info = impl_.rule_infos[static_cast<size_t>(rule_index_[id.text])];
    info.id = id.text;
    info.title = title;
    info.line = id.line;
    return info;
  }

  void BindRule(const syntax::Rule& rule) {
    RuleInfo& info = Info(rule.id, rule.title);
    info.is_never = rule.is_never;
    info.agreement = static_cast<int16_t>(rule.agreement);
    BoundRule& bound = impl_.rules[static_cast<size_t>(rule_index_[rule.id.text])];
    bound.agreement = info.agreement;
    bound.basis = rule.basis;
    bound.obligations = rule.obligations;
    bound.liftable = rule.liftable;
    bool opens = false;
    for (const syntax::Statement& statement : rule.statements) {
      bound.statements.push_back(BindStatement(rule, statement));
      bound.has_hide |= statement.effect == Effect::kHide;
      opens |= statement.effect != Effect::kHide;
    }
    if (opens && rule.basis == Gateway::kNone) {
      diagnostics_.Add(rule.id, "a rule that shows or brokers names its basis: basis <gateway>");
    }
    if (!opens && (rule.basis != Gateway::kNone || rule.obligations != 0)) {
      diagnostics_.Add(rule.id, "a rule that only hides has no basis and no obligations");
    }
    if (rule.liftable && !bound.has_hide) {
      diagnostics_.Add(rule.id, "there is no hide here that an override could lift");
    }
    if (opens && rule.basis == Gateway::kCda1998S115) S115HasAHolder(rule);
  }

  // Section 115 is a power of the holder to disclose, not a right of whoever asks.
  void S115HasAHolder(const syntax::Rule& rule) {
    bool chosen = false;
    if (rule.agreement != kNoAgreement) {
      for (const auto& choice : impl_.agreements[static_cast<size_t>(rule.agreement)].choices) {
        chosen |= choice.second == Gateway::kCda1998S115;
      }
    }
    if (!chosen) {
      diagnostics_.Add(rule.id,
                       "cda1998-s115 never opens by itself: the rule stands in an agreement in "
                       "which the holder says '<agency> chooses cda1998-s115'");
    }
  }

  BoundStatement BindStatement(const syntax::Rule& rule, const syntax::Statement& statement) {
    BoundStatement bound;
    bound.effect = statement.effect;
    bound.text = statement.text;
    BindAspects(statement.aspects, bound.aspects);
    BindItems(statement.items, bound.items);
    BindAskers(statement.askers, bound.askers, rule.is_never);
    bound.when = statement.when;
    bound.unless = statement.unless;
    CheckConditions(statement.at, statement.when);
    for (const syntax::Conditions& conditions : statement.unless) {
      CheckConditions(statement.at, conditions);
    }
    switch (statement.effect) {
      case Effect::kHide:
        // A hidden existence with a visible contact would be a contradiction.
        if ((bound.aspects.mask & kExistenceBit) != 0) {
          bound.aspects = BoundAspects();
          bound.aspects.mask = kAllAspects;
        }
        break;
      case Effect::kBroker:
        if (bound.aspects.mask != kExistenceBit) {
          diagnostics_.Add(statement.at, "only existence can be brokered");
        }
        break;
      case Effect::kShow:
        if (statement.aspects.everything) {
          diagnostics_.Add(statement.at, "a show names its aspects; it cannot show everything");
        }
        break;
    }
    if (statement.effect != Effect::kHide && rule.basis == Gateway::kConsent &&
        !RestsOnConsent(statement.when)) {
      diagnostics_.Add(statement.at,
                       "on basis consent a statement says 'when consent is in force' (or 'explicit "
                       "and in force')");
    }
    return bound;
  }

  // Without this a rule on basis consent could show where nobody had consented.
  static bool RestsOnConsent(const syntax::Conditions& when) {
    for (const syntax::Condition& condition : when) {
      if (condition.about == syntax::Condition::About::kConsent &&
          (condition.consent_states & Bit(ConsentState::kInForce)) != 0 &&
          (condition.consent_states & Bit(ConsentMatter::kSharing)) != 0) {
        return true;
      }
    }
    return false;
  }

  void CheckConditions(const syntax::Word& at, const syntax::Conditions& conditions) {
    constexpr uint32_t kExplicit = Bit(ConsentState::kExplicit);
    uint32_t states = kExplicit;
    for (const ConsentState state : AllConsentStates()) states |= Bit(state);
    for (const syntax::Condition& condition : conditions) {
      if (condition.about != syntax::Condition::About::kConsent) continue;
      const uint32_t others = condition.consent_states & states & ~kExplicit;
      if ((others & (others - 1)) != 0) {
        diagnostics_.Add(at,
                         "one consent cannot have two of the states in force, refused, "
                         "withdrawn, expired and not asked");
      } else if (others == 0) {
        diagnostics_.Add(at,
                         "explicit says how consent was given, not that it holds; say "
                         "'explicit and in force'");
      } else if ((others & Bit(ConsentState::kNotAsked)) != 0 &&
                 (condition.consent_states & kExplicit) != 0) {
        diagnostics_.Add(at, "what was not asked cannot be explicit");
      }
    }
  }

  void BindAspects(const syntax::AspectPhrase& phrase, BoundAspects& bound) {
    bound.mask = phrase.mask;
    bound.section_mode = phrase.section_mode;
    for (const syntax::Word& word : phrase.assessments) {
      const Symbol symbol = impl_.assessments.Find(word.text);
      if (symbol == kNoSymbol) {
        diagnostics_.AddUnknown(word, "assessment", impl_.assessments.Words());
      } else {
        bound.assessments.Add(symbol);
      }
    }
    if (phrase.sections.empty()) return;
    // Of a named assessment only its own sections have a meaning.
    SymbolSet meant;
    std::vector<std::string> candidates;
    for (size_t a = 1; a < impl_.assessment_sections.size(); ++a) {
      if (!bound.assessments.empty() && !bound.assessments.Has(static_cast<Symbol>(a))) continue;
      for (const Symbol section : impl_.assessment_sections[a]) {
        meant.Add(section);
        candidates.push_back(impl_.sections.Word(section));
      }
    }
    for (const syntax::Word& word : phrase.sections) {
      const Symbol symbol = impl_.sections.Find(word.text);
      if (symbol != kNoSymbol && meant.Has(symbol)) {
        bound.sections.Add(symbol);
      } else {
        diagnostics_.AddUnknown(word, "section", candidates);
      }
    }
  }

  // A word may be a group, a service or an agency: the vocabulary keeps services and agencies
  // apart, and no group may bear the name of either.
  void BindItems(const syntax::ItemPhrase& phrase, BoundItems& bound) {
    bound.everything = phrase.everything;
    for (const syntax::Word& word : phrase.words) {
      const auto group = groups_.find(word.text);
      const Symbol service = impl_.services.Find(word.text);
      const Symbol agency = impl_.agencies.Find(word.text);
      if (group != groups_.end()) {
        bound.marked_sensitive |= group->second.marked_sensitive;
        for (size_t s = 1; s < impl_.services.size(); ++s) {
          if (group->second.services.Has(static_cast<Symbol>(s))) {
            bound.services.Add(static_cast<Symbol>(s));
          }
        }
      } else if (word.text == "marked-sensitive") {
        bound.marked_sensitive = true;
      } else if (service != kNoSymbol) {
        bound.services.Add(service);
      } else if (agency != kNoSymbol) {
        bound.agencies.Add(agency);
      } else {
        std::vector<std::string> known = impl_.services.Words();
        for (const std::string& id : impl_.agencies.Words()) known.push_back(id);
        for (const auto& entry : groups_) known.push_back(entry.first);
        diagnostics_.AddUnknown(word, "service, group or agency", known);
      }
    }
    for (const syntax::Word& word : phrase.held_by) {
      const Symbol agency = impl_.agencies.Find(word.text);
      const Symbol kind = impl_.kinds.Find(word.text);
      if (agency != kNoSymbol) {
        bound.held_by_agencies.Add(agency);
      } else if (kind != kNoSymbol) {
        bound.held_by_kinds.Add(kind);
      } else {
        diagnostics_.AddUnknown(word, "agency or kind of agency", AgenciesAndKinds());
      }
    }
  }

  std::vector<std::string> AgenciesAndKinds() const {
    std::vector<std::string> known = impl_.agencies.Words();
    for (const std::string& kind : impl_.kinds.Words()) known.push_back(kind);
    return known;
  }

  void BindAskers(const syntax::AskerSelector& selector, BoundAskers& bound, bool systems_only) {
    bound.everyone = selector.everyone;
    for (const syntax::AskerPhrase& phrase : selector.any) {
      bound.any.push_back(BindPhrase(phrase, systems_only));
    }
    for (const syntax::AskerPhrase& phrase : selector.except) {
      bound.except.push_back(BindPhrase(phrase, systems_only));
    }
  }

  BoundAskerPhrase BindPhrase(const syntax::AskerPhrase& phrase, bool agencies_only) {
    BoundAskerPhrase bound;
    if (phrase.is_team) {
      const syntax::Word& team = phrase.words.front();
      bound.team = impl_.teams.Find(team.text);
      if (bound.team == kNoSymbol) diagnostics_.AddUnknown(team, "team", impl_.teams.Words());
      return bound;
    }
    for (const syntax::Word& word : phrase.words) {
      const Symbol agency = impl_.agencies.Find(word.text);
      const Symbol kind = impl_.kinds.Find(word.text);
      const Symbol role = impl_.roles.Find(word.text);
      if (word.text == "practitioner" || word.text == "practitioners") {
        bound.practitioner = true;
      } else if (word.text == "system" || word.text == "systems") {
        bound.system = true;
      } else if (word.text == "holder") {
        bound.holder = true;
      } else if (word.text == "relevant-authority") {
        bound.relevant_authority = true;
      } else if (agency != kNoSymbol) {
        Once(word, bound.agency, agency);
      } else if (kind != kNoSymbol) {
        Once(word, bound.kind, kind);
      } else if (role != kNoSymbol && !agencies_only) {
        Once(word, bound.role, role);
      } else {
        std::vector<std::string> known = AgenciesAndKinds();
        for (const std::string& id : impl_.roles.Words()) known.push_back(id);
        diagnostics_.AddUnknown(word, "agency, kind of agency or role", known);
      }
    }
    // A role is a person's: a system that claims one is not thereby a person.
    if (bound.role != kNoSymbol) bound.practitioner = true;
    if (bound.practitioner && bound.system) {
      diagnostics_.Add(phrase.words.front(), "nobody is both a practitioner and a system");
    }
    return bound;
  }

  void Once(const syntax::Word& at, Symbol& place, Symbol symbol) {
    if (place != kNoSymbol && place != symbol) {
      diagnostics_.Add(at, absl::StrCat("'", at.text,
                                        "' contradicts the words before it; put 'or' "
                                        "between alternatives"));
    }
    place = symbol;
  }

  void BindOverride(const syntax::Override& rule) {
    RuleInfo& info = Info(rule.id, rule.title);
    info.is_override = true;
    BoundRule& bound = impl_.rules[static_cast<size_t>(rule_index_[rule.id.text])];
    bound.is_override = true;
    bound.obligations = rule.obligations;
    bound.opens = rule.opens;
    bound.grounds = rule.grounds;
    bound.when = rule.when;
    CheckConditions(rule.id, rule.when);
    BindAskers(rule.askers, bound.askers, false);
    bound.lifts.assign(impl_.rules.size(), 0);
    if (rule.opens == 0) diagnostics_.Add(rule.id, "an override says what it opens");
    if ((rule.opens & ~kOverridable) != 0) {
      diagnostics_.Add(rule.id, "an override opens existence, agency and contact and nothing else");
    }
    if (rule.grounds == 0) diagnostics_.Add(rule.id, "an override names its grounds");
    constexpr uint32_t kOwed = Bit(Obligation::kLog) | Bit(Obligation::kCloseAfter60Minutes) |
                               Bit(Obligation::kReviewWithin2WorkingDays);
    if ((rule.obligations & kOwed) != kOwed) {
      diagnostics_.Add(
          rule.id,
          "an override says: then log, close after 60 minutes, review within 2 working "
          "days");
    }
    for (const syntax::Word& word : rule.never_lifts) RuleOf(word);
    for (const syntax::Word& word : rule.lifts) {
      const RuleIndex lifted = RuleOf(word);
      if (lifted == kNoRule) continue;
      bound.lifts[static_cast<size_t>(lifted)] = 1;
      if (never_lifted_.count(word.text) > 0) {
        diagnostics_.Add(
            word, absl::StrCat("an override says it never lifts '", word.text, "'; then none may"));
      }
      if (liftable_.count(word.text) == 0) {
        diagnostics_.Add(
            word, absl::StrCat("'", word.text, "' does not say 'an override may lift this'"));
      }
    }
  }

  void BindCheck(const syntax::Check& check) {
    BoundCheck bound;
    bound.at = check.at;
    bound.text = check.text;
    bound.counts_broker = check.counts_broker;
    BindAskers(check.askers, bound.askers, false);
    BindAspects(check.aspects, bound.aspects);
    BindItems(check.items, bound.items);
    bound.when = check.when;
    bound.unless = check.unless;
    CheckConditions(check.at, check.when);
    for (const syntax::Conditions& conditions : check.unless) CheckConditions(check.at, conditions);
    bound.except_by.assign(impl_.rules.size(), 0);
    for (const syntax::Word& word : check.except_by) {
      const RuleIndex rule = RuleOf(word);
      if (rule != kNoRule) bound.except_by[static_cast<size_t>(rule)] = 1;
    }
    // What is said of some bases is said as if rules on any other opened nothing.
    for (size_t r = 0; check.bases != 0 && r < impl_.rules.size(); ++r) {
      const auto basis = static_cast<uint32_t>(impl_.rules[r].basis);
      if ((check.bases >> basis & 1u) == 0) bound.except_by[r] = 1;
    }
    checks_.push_back(std::move(bound));
  }

  const syntax::Policy& tree_;
  const Vocabulary& vocabulary_;
  PolicyImpl& impl_;
  std::vector<BoundCheck>& checks_;
  syntax::Diagnostics& diagnostics_;
  std::map<std::string, BoundItems> groups_;
  // In the order of ids, which is the order of rules: that of the text has no say.
  std::map<std::string, RuleIndex> rule_index_;
  std::set<std::string> liftable_;
  std::set<std::string> never_lifted_;
};

}  // namespace

void BindTree(const syntax::Policy& tree, const Vocabulary& vocabulary, PolicyImpl& impl,
              std::vector<BoundCheck>& checks, syntax::Diagnostics& diagnostics) {
  // What BindVocabulary() always makes: entries for the unknown word.
  SIGNPOST_POLICY_CHECK(!impl.agency_data.empty() && impl.rules.empty());
  TreeBinder(tree, vocabulary, impl, checks, diagnostics).Run();
}

}  // namespace signpost::policy
