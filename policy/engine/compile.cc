#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/engine/program.h"

namespace signpost::policy {
namespace {

constexpr uint8_t kExistenceBit = 1u << static_cast<int>(Aspect::kExistence);
constexpr uint8_t kAllAspects = (1u << kAspectCount) - 1;
// What an override may open: who to ring, never what is in the file.
constexpr uint8_t kOverridable = kExistenceBit | (1u << static_cast<int>(Aspect::kAgency)) |
                                 (1u << static_cast<int>(Aspect::kContact));

bool IsKebab(const std::string& word) {
  if (word.empty() || word.size() > 64 || !absl::ascii_islower(static_cast<unsigned char>(word[0])))
    return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
  });
}

}  // namespace

Symbol SymbolTable::Intern(const std::string& word) {
  const auto [it, added] = symbols_.try_emplace(word, static_cast<Symbol>(words_.size()));
  if (added) words_.push_back(word);
  return it->second;
}

Symbol SymbolTable::Find(absl::string_view word) const {
  const auto it = symbols_.find(word);
  return it == symbols_.end() ? kNoSymbol : it->second;
}

const std::string& SymbolTable::Word(Symbol symbol) const {
  return words_[symbol < words_.size() ? symbol : kNoSymbol];
}

// Binds a syntax tree to a vocabulary. Lives during one Compile().
class PolicyCompiler {
 public:
  PolicyCompiler(const Vocabulary& vocabulary, const CompileOptions& options)
      : vocabulary_(vocabulary), options_(options), impl_(std::make_unique<PolicyImpl>()) {}

  CompileResult Run(absl::string_view text) {
    BindVocabulary();
    if (diagnostics_.empty()) {
      tree_ = syntax::Parse(text, vocabulary_, diagnostics_);
      Bind();
    }
    return Finish();
  }

  CompileResult Run(syntax::Policy tree) {
    BindVocabulary();
    tree_ = std::move(tree);
    if (diagnostics_.empty()) Bind();
    return Finish();
  }

 private:
  CompileResult Finish() {
    CompileResult result;
    // Examples and checks judge a policy that is whole; a faulty one would only echo its faults.
    if (diagnostics_.empty()) Judge();
    if (diagnostics_.empty()) {
      impl_->engine = Engine::Build(*impl_);
      result.policy.reset(new Policy(std::move(impl_)));
    } else {
      result.diagnostics = diagnostics_.Take();
      std::stable_sort(result.diagnostics.begin(), result.diagnostics.end(),
                       [](const Diagnostic& a, const Diagnostic& b) {
                         return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                       });
    }
    return result;
  }

  void VocabularyFault(const std::string& word, absl::string_view message) {
    syntax::Word at;
    at.text = word;
    diagnostics_.Add(at, absl::StrCat("vocabulary: '", word, "' ", message));
  }

  Symbol Define(SymbolTable& table, const std::string& word, bool must_be_new = true) {
    if (!IsKebab(word)) {
      VocabularyFault(word, "is not a word of a-z, 0-9 and '-' that starts with a letter");
    } else if (syntax::IsReserved(word)) {
      VocabularyFault(word, "is a word of the policy language");
    }
    if (must_be_new && table.Find(word) != kNoSymbol) VocabularyFault(word, "is defined twice");
    if (++words_ > kVocabularyWordsMax) {
      VocabularyFault(word, absl::StrCat("is more than the ", kVocabularyWordsMax,
                                         " words a vocabulary may have"));
      return kNoSymbol;
    }
    return table.Intern(word);
  }

  void BindVocabulary() {
    PolicyImpl& p = *impl_;
    p.sensitive_services.push_back(1);  // an unknown service is sensitive
    for (const VocabularyService& service : vocabulary_.services) {
      if (Define(p.services, service.id) != kNoSymbol) p.sensitive_services.push_back(0);
    }
    p.agency_data.emplace_back();
    for (const VocabularyAgency& agency : vocabulary_.agencies) {
      if (Define(p.agencies, agency.id) == kNoSymbol) return;
      AgencyData data;
      data.name = agency.name.empty() ? agency.id : agency.name;
      data.kind = Define(p.kinds, agency.kind, false);
      data.relevant_authority = agency.relevant_authority;
      for (const std::string& service : agency.services) {
        data.services.push_back(p.services.Find(service));
        if (data.services.back() == kNoSymbol) {
          VocabularyFault(agency.id, absl::StrCat("names the unknown service '", service, "'"));
        }
      }
      p.agency_data.push_back(std::move(data));
    }
    p.team_data.emplace_back();
    for (const VocabularyTeam& team : vocabulary_.teams) {
      if (Define(p.teams, team.id) == kNoSymbol) return;
      TeamData data;
      for (const std::string& agency : team.agencies) {
        const Symbol symbol = p.agencies.Find(agency);
        if (symbol == kNoSymbol) {
          VocabularyFault(team.id, absl::StrCat("names the unknown agency '", agency, "'"));
          continue;
        }
        data.agencies.Add(symbol);
        data.has_relevant_authority |= p.agency_data[symbol].relevant_authority;
      }
      if (data.agencies.empty()) VocabularyFault(team.id, "is a team of no agency");
      for (const Purpose purpose : team.purposes) {
        if (purpose == Purpose::kUnspecified || ToString(purpose) == "invalid") {
          VocabularyFault(team.id, "has a purpose that is none");
          continue;
        }
        data.purposes |= 1u << static_cast<unsigned>(purpose);
      }
      p.team_data.push_back(std::move(data));
    }
    for (const std::string& role : vocabulary_.roles) Define(p.roles, role);
    p.assessment_sections.emplace_back();
    for (const VocabularyAssessment& assessment : vocabulary_.assessments) {
      if (Define(p.assessments, assessment.id) == kNoSymbol) return;
      std::vector<Symbol> sections;
      for (const std::string& section : assessment.sections) {
        sections.push_back(Define(p.sections, section, false));
      }
      p.assessment_sections.push_back(std::move(sections));
    }
    Apart(p.services, p.agencies, "a service and an agency");
    Apart(p.services, p.assessments, "a service and an assessment");
    Apart(p.agencies, p.assessments, "an agency and an assessment");
    Apart(p.agencies, p.kinds, "an agency and a kind of agency");
    Apart(p.agencies, p.roles, "an agency and a role");
    Apart(p.kinds, p.roles, "a kind of agency and a role");
  }

  // Words that may stand in the same place must differ.
  void Apart(const SymbolTable& a, const SymbolTable& b, absl::string_view what) {
    for (const std::string& word : a.Words()) {
      if (b.Find(word) != kNoSymbol) VocabularyFault(word, absl::StrCat("is both ", what));
    }
  }

  void Bind() {
    PolicyImpl& p = *impl_;
    p.name = tree_.name;
    p.version = tree_.version;
    p.in_force_s = tree_.in_force_s;
    p.approved_by = tree_.approved_by;
    p.content_id = options_.content_id;
    p.ends_at_18 = tree_.ends_at_18;
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
  }

  void BindGroup(const syntax::Group& group) {
    const std::string& name = group.name.text;
    if (impl_->services.Find(name) != kNoSymbol || impl_->agencies.Find(name) != kNoSymbol ||
        impl_->assessments.Find(name) != kNoSymbol || syntax::IsReserved(name)) {
      diagnostics_.Add(group.name, absl::StrCat("'", name, "' already means something else"));
    }
    if (groups_.count(name) > 0) {
      diagnostics_.Add(group.name, absl::StrCat("group '", name, "' is defined twice"));
    }
    BoundItems items;
    for (const syntax::Word& word : group.words) {
      const Symbol service = impl_->services.Find(word.text);
      if (word.text == "marked-sensitive") {
        items.marked_sensitive = true;
      } else if (service != kNoSymbol) {
        items.services.Add(service);
        if (name == "sensitive") impl_->sensitive_services[service] = 1;
      } else {
        diagnostics_.AddUnknown(word, "service", impl_->services.Words());
      }
    }
    groups_[name] = std::move(items);
  }

  void SensitiveGroupIsWhole() {
    for (const VocabularyService& service : vocabulary_.services) {
      if (service.sensitive_category.empty()) continue;
      if (impl_->sensitive_services[impl_->services.Find(service.id)] != 0) continue;
      syntax::Word at;
      at.line = 1;
      at.column = 1;
      at.text = service.id;
      diagnostics_.Add(
          at, absl::StrCat("the service '", service.id, "' is sensitive (",
                           service.sensitive_category, ") and must be in the group 'sensitive'"));
    }
  }

  void BindAgreement(const syntax::Agreement& agreement) {
    AgreementInfo info;
    BoundAgreement bound;
    info.id = agreement.id.text;
    info.title = agreement.title;
    info.from_s = bound.from_s = agreement.from_s;
    info.until_s = bound.until_s = agreement.until_s;
    info.review_s = agreement.review_s;
    for (const AgreementInfo& other : impl_->agreement_infos) {
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
    impl_->agreement_infos.push_back(std::move(info));
    impl_->agreements.push_back(std::move(bound));
  }

  Symbol Agency(const syntax::Word& word) {
    const Symbol symbol = impl_->agencies.Find(word.text);
    if (symbol == kNoSymbol) diagnostics_.AddUnknown(word, "agency", impl_->agencies.Words());
    return symbol;
  }

  // Rules are numbered by their ids, so that the order of the text has no say.
  void NumberRules() {
    for (const syntax::Rule& rule : tree_.rules) Number(rule.id);
    for (const syntax::Override& rule : tree_.overrides) Number(rule.id);
    RuleIndex next = 0;
    for (auto& [id, index] : rule_index_) index = next++;
    impl_->rules.resize(rule_index_.size());
    impl_->rule_infos.resize(rule_index_.size());
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

  RuleInfo& Info(const syntax::Word& id, const std::string& title) {
    RuleInfo& info = impl_->rule_infos[static_cast<size_t>(rule_index_[id.text])];
    info.id = id.text;
    info.title = title;
    info.line = id.line;
    return info;
  }

  void BindRule(const syntax::Rule& rule) {
    RuleInfo& info = Info(rule.id, rule.title);
    info.is_never = rule.is_never;
    info.agreement = static_cast<int16_t>(rule.agreement);
    BoundRule& bound = impl_->rules[static_cast<size_t>(rule_index_[rule.id.text])];
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

  void S115HasAHolder(const syntax::Rule& rule) {
    bool chosen = false;
    if (rule.agreement != kNoAgreement) {
      for (const auto& choice : impl_->agreements[static_cast<size_t>(rule.agreement)].choices) {
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
      const Symbol symbol = impl_->assessments.Find(word.text);
      if (symbol == kNoSymbol) {
        diagnostics_.AddUnknown(word, "assessment", impl_->assessments.Words());
      } else {
        bound.assessments.Add(symbol);
      }
    }
    if (phrase.sections.empty()) return;
    // Of a named assessment only its own sections have a meaning.
    SymbolSet meant;
    std::vector<std::string> candidates;
    for (size_t a = 1; a < impl_->assessment_sections.size(); ++a) {
      if (!bound.assessments.empty() && !bound.assessments.Has(static_cast<Symbol>(a))) continue;
      for (const Symbol section : impl_->assessment_sections[a]) {
        meant.Add(section);
        candidates.push_back(impl_->sections.Word(section));
      }
    }
    for (const syntax::Word& word : phrase.sections) {
      const Symbol symbol = impl_->sections.Find(word.text);
      if (symbol != kNoSymbol && meant.Has(symbol)) {
        bound.sections.Add(symbol);
      } else {
        diagnostics_.AddUnknown(word, "section", candidates);
      }
    }
  }

  void BindItems(const syntax::ItemPhrase& phrase, BoundItems& bound) {
    bound.everything = phrase.everything;
    for (const syntax::Word& word : phrase.words) {
      const auto group = groups_.find(word.text);
      const Symbol service = impl_->services.Find(word.text);
      const Symbol agency = impl_->agencies.Find(word.text);
      if (group != groups_.end()) {
        bound.marked_sensitive |= group->second.marked_sensitive;
        for (size_t s = 1; s < impl_->services.size(); ++s) {
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
        std::vector<std::string> known = impl_->services.Words();
        for (const std::string& id : impl_->agencies.Words()) known.push_back(id);
        for (const auto& entry : groups_) known.push_back(entry.first);
        diagnostics_.AddUnknown(word, "service, group or agency", known);
      }
    }
    for (const syntax::Word& word : phrase.held_by) {
      const Symbol agency = impl_->agencies.Find(word.text);
      const Symbol kind = impl_->kinds.Find(word.text);
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
    std::vector<std::string> known = impl_->agencies.Words();
    for (const std::string& kind : impl_->kinds.Words()) known.push_back(kind);
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
      bound.team = impl_->teams.Find(team.text);
      if (bound.team == kNoSymbol) diagnostics_.AddUnknown(team, "team", impl_->teams.Words());
      return bound;
    }
    for (const syntax::Word& word : phrase.words) {
      const Symbol agency = impl_->agencies.Find(word.text);
      const Symbol kind = impl_->kinds.Find(word.text);
      const Symbol role = impl_->roles.Find(word.text);
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
        for (const std::string& id : impl_->roles.Words()) known.push_back(id);
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
    BoundRule& bound = impl_->rules[static_cast<size_t>(rule_index_[rule.id.text])];
    bound.is_override = true;
    bound.obligations = rule.obligations;
    bound.opens = rule.opens;
    bound.grounds = rule.grounds;
    bound.when = rule.when;
    CheckConditions(rule.id, rule.when);
    BindAskers(rule.askers, bound.askers, false);
    bound.lifts.assign(impl_->rules.size(), 0);
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
    bound.except_by.assign(impl_->rules.size(), 0);
    for (const syntax::Word& word : check.except_by) {
      const RuleIndex rule = RuleOf(word);
      if (rule != kNoRule) bound.except_by[static_cast<size_t>(rule)] = 1;
    }
    checks_.push_back(std::move(bound));
  }

  void Judge() {
    std::vector<uint8_t> exampled(impl_->rules.size(), 0);
    if (options_.run_examples) RunExamples(*impl_, tree_.examples, diagnostics_, exampled);
    if (options_.require_example_for_each_rule) {
      for (size_t r = 0; r < exampled.size(); ++r) {
        if (exampled[r] != 0) continue;
        syntax::Word at;
        at.line = impl_->rule_infos[r].line;
        at.column = 1;
        at.text = impl_->rule_infos[r].id;
        diagnostics_.Add(at, absl::StrCat("no example is decided by '", at.text, "'"));
      }
    }
    if (options_.prove_checks && diagnostics_.empty()) {
      ProveChecks(*impl_, checks_, options_.check_cells_max, diagnostics_);
    }
  }

  const Vocabulary& vocabulary_;
  const CompileOptions& options_;
  syntax::Diagnostics diagnostics_;
  syntax::Policy tree_;
  std::unique_ptr<PolicyImpl> impl_;
  std::map<std::string, BoundItems> groups_;
  std::map<std::string, RuleIndex> rule_index_;
  std::set<std::string> liftable_;
  std::set<std::string> never_lifted_;
  std::vector<BoundCheck> checks_;
  int words_ = 0;
};

CompileResult Compile(absl::string_view text, const Vocabulary& vocabulary,
                      const CompileOptions& options) {
  return PolicyCompiler(vocabulary, options).Run(text);
}

CompileResult CompileTree(syntax::Policy tree, const Vocabulary& vocabulary,
                          const CompileOptions& options) {
  return PolicyCompiler(vocabulary, options).Run(std::move(tree));
}

std::string Diagnostic::ToString() const {
  std::string text = absl::StrCat(line, ":", column, ": ", message);
  if (!suggestion.empty()) absl::StrAppend(&text, "; did you mean '", suggestion, "'?");
  return text;
}

std::string CompileResult::Errors() const {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    absl::StrAppend(&text, diagnostic.ToString(), "\n");
  }
  return text;
}

Policy::Policy(std::unique_ptr<const PolicyImpl> impl) : impl_(std::move(impl)) {}
Policy::~Policy() = default;

const std::string& Policy::name() const { return impl_->name; }
int64_t Policy::version() const { return impl_->version; }
const std::string& Policy::content_id() const { return impl_->content_id; }
int64_t Policy::in_force_s() const { return impl_->in_force_s; }
const std::string& Policy::approved_by() const { return impl_->approved_by; }
const std::vector<RuleInfo>& Policy::rules() const { return impl_->rule_infos; }
const std::vector<AgreementInfo>& Policy::agreements() const { return impl_->agreement_infos; }

size_t Policy::agency_count() const { return impl_->agency_data.size() - 1; }
Symbol Policy::AgencySymbol(absl::string_view id) const { return impl_->agencies.Find(id); }
Symbol Policy::AgencyKindSymbol(absl::string_view kind) const { return impl_->kinds.Find(kind); }
Symbol Policy::TeamSymbol(absl::string_view id) const { return impl_->teams.Find(id); }
Symbol Policy::ServiceSymbol(absl::string_view id) const { return impl_->services.Find(id); }
Symbol Policy::RoleSymbol(absl::string_view id) const { return impl_->roles.Find(id); }
Symbol Policy::AssessmentSymbol(absl::string_view id) const { return impl_->assessments.Find(id); }
Symbol Policy::SectionSymbol(absl::string_view id) const { return impl_->sections.Find(id); }

const std::string& Policy::AgencyId(Symbol symbol) const { return impl_->agencies.Word(symbol); }
const std::string& Policy::AgencyName(Symbol symbol) const {
  return impl_->agency_data[symbol < impl_->agency_data.size() ? symbol : kNoSymbol].name;
}
const std::string& Policy::ServiceId(Symbol symbol) const { return impl_->services.Word(symbol); }
const std::string& Policy::SectionId(Symbol symbol) const { return impl_->sections.Word(symbol); }
const std::string& Policy::AssessmentId(Symbol symbol) const {
  return impl_->assessments.Word(symbol);
}
const std::vector<Symbol>& Policy::Sections(Symbol assessment) const {
  return impl_->assessment_sections[assessment < impl_->assessment_sections.size() ? assessment
                                                                                   : kNoSymbol];
}
bool Policy::IsSensitiveService(Symbol service) const {
  return service >= impl_->sensitive_services.size() || impl_->sensitive_services[service] != 0;
}

}  // namespace signpost::policy
