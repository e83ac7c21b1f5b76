#include "policy/analysis/examples.h"

#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/analysis/decision_space.h"
#include "policy/check.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/explain.h"

namespace signpost::policy {
namespace {

using syntax::Diagnostics;
using syntax::Example;
using syntax::Word;

bool HasState(uint32_t states, ConsentState state) { return (states & Bit(state)) != 0; }

// The first of `all` whose bit `states` has, or `otherwise`.
template <typename E>
E OneOf(uint32_t states, absl::Span<const E> all, E otherwise) {
  for (const E value : all) {
    if ((states & Bit(value)) != 0) return value;
  }
  return otherwise;
}

// Binds an example as a caller of the hub would have bound its facts, asks, and compares.
class ExampleRunner {
 public:
  ExampleRunner(const PolicyImpl& policy, Diagnostics& diagnostics)
      : policy_(policy), diagnostics_(diagnostics) {}

  void Run(const Example& example, std::vector<uint8_t>& exampled) {
    AskedCell asked;
    if (!Bind(example, asked)) return;
    Compare(example, Evaluation(policy_, asked.question, asked.item).Run(), exampled);
  }

  bool Bind(const Example& example, AskedCell& asked) {
    Question& question = asked.question;
    Item& item = asked.item;
    if (!Asker(example, question) || !Subject(example, item)) return false;
    if (!example.team.text.empty()) {
      asked.standing.team = policy_.teams.Find(example.team.text);
      if (asked.standing.team == kNoSymbol) {
        diagnostics_.AddUnknown(example.team, "team", policy_.teams.Words());
        return false;
      }
      asked.standing.relationships.yes = example.team_relationships;
      question.teams = absl::MakeConstSpan(&asked.standing, 1);
    }
    asked.scopes.reserve(example.consents.size());
    for (const syntax::ExampleConsent& said : example.consents) {
      const uint32_t states = said.states;
      // Also of a consent that nobody was asked for the words must mean something.
      AskedScope scope;
      if (!Scope(said, scope)) return false;
      if (HasState(states, ConsentState::kNotAsked)) continue;
      // Nobody else is named: it is the young person's.
      ConsentKind kind{
          ConsentDecision::kGiven, HasState(states, ConsentState::kExplicit),
          !HasState(states, ConsentState::kExpired),
          OneOf(states, AllGrantors(),
                (states & kByAnotherBit) != 0 ? Grantor::kParentalResponsibility : Grantor::kSelf),
          OneOf(states, AllConsentMatters(), ConsentMatter::kSharing)};
      if (HasState(states, ConsentState::kRefused)) kind.decision = ConsentDecision::kRefused;
      if (HasState(states, ConsentState::kWithdrawn)) kind.decision = ConsentDecision::kWithdrawn;
      asked.consents.push_back(MakeConsent(kind, question.now_s));
      asked.scopes.push_back(std::move(scope));
      asked.consents.back().scope = asked.scopes.back().Get();
    }
    item.consents = asked.consents;
    item.consents_known = example.consent_unknown ? Tri::kUnknown : Tri::kYes;
    return true;
  }

 private:
  bool Asker(const Example& example, Question& question) {
    question.is_practitioner = Tri::kYes;
    Symbol kind = kNoSymbol;
    for (const Word& word : example.asker) {
      if (word.text == "system" || word.text == "systems") {
        question.is_practitioner = Tri::kNo;
      } else if (word.text == "practitioner") {
        continue;
      } else if (const Symbol agency = policy_.agencies.Find(word.text)) {
        question.agency = agency;
      } else if (const Symbol role = policy_.roles.Find(word.text)) {
        question.role = role;
      } else if (const Symbol found = policy_.kinds.Find(word.text)) {
        kind = found;
      } else {
        std::vector<std::string> known = policy_.agencies.Words();
        for (const std::string& id : policy_.roles.Words()) known.push_back(id);
        diagnostics_.AddUnknown(word, "agency or role", known);
        return false;
      }
    }
    // "connexions personal-adviser" is enough where the area has one agency of that kind.
    if (question.agency == kNoSymbol && kind != kNoSymbol) {
      for (size_t a = 1; a < policy_.agency_data.size(); ++a) {
        if (policy_.agency_data[a].kind != kind) continue;
        if (question.agency != kNoSymbol) {
          diagnostics_.Add(example.at, "there are several agencies of this kind; name one");
          return false;
        }
        question.agency = static_cast<Symbol>(a);
      }
    }
    if (question.agency == kNoSymbol) {
      diagnostics_.Add(example.at, "the example does not say which agency asks");
      return false;
    }
    question.purpose = example.purpose;
    question.relationships.yes = example.relationships;
    question.relationships.unknown = example.relationships_unknown;
    question.necessity_stated = example.necessity_stated ? Tri::kYes : Tri::kNo;
    question.override_request.requested = example.override_ground != OverrideGround::kNone;
    question.override_request.ground = example.override_ground;
    question.override_request.reason_stated = true;
    question.now_s = example.now_s == 0 ? policy_.in_force_s : example.now_s;
    return true;
  }

  bool Find(const SymbolTable& table, const Word& word, absl::string_view what, Symbol& symbol) {
    symbol = table.Find(word.text);
    if (symbol == kNoSymbol) diagnostics_.AddUnknown(word, what, table.Words());
    return symbol != kNoSymbol;
  }

  bool Scope(const syntax::ExampleConsent& said, AskedScope& scope) {
    for (const Word& word : said.to) {
      if (const Symbol agency = policy_.agencies.Find(word.text)) {
        scope.agencies.push_back(agency);
      } else if (const Symbol kind = policy_.kinds.Find(word.text)) {
        scope.kinds.push_back(kind);
      } else if (const Symbol role = policy_.roles.Find(word.text)) {
        scope.roles.push_back(role);
      } else {
        return Unknown(word, "agency, kind or role",
                       {&policy_.agencies, &policy_.kinds, &policy_.roles});
      }
    }
    for (const Word& word : said.of) {
      if (const Symbol service = policy_.services.Find(word.text)) {
        scope.services.push_back(service);
      } else if (const Symbol paper = policy_.assessments.Find(word.text)) {
        scope.assessments.push_back(paper);
      } else {
        return Unknown(word, "service or assessment", {&policy_.services, &policy_.assessments});
      }
    }
    for (const Word& word : said.sections) {
      if (!Find(policy_.sections, word, "section", scope.sections.emplace_back())) return false;
    }
    for (const Word& word : said.held_by) {
      if (!Find(policy_.agencies, word, "agency", scope.holders.emplace_back())) return false;
    }
    for (const Aspect aspect : AllAspects()) {
      if ((said.aspects >> static_cast<unsigned>(aspect) & 1u) != 0)
        scope.aspects.push_back(aspect);
    }
    for (const Purpose purpose : AllPurposes()) {
      if ((said.purposes >> static_cast<unsigned>(purpose) & 1u) != 0) {
        scope.purposes.push_back(purpose);
      }
    }
    return true;
  }

  bool Unknown(const Word& word, absl::string_view what,
               std::initializer_list<const SymbolTable*> tables) {
    std::vector<std::string> known;
    for (const SymbolTable* const table : tables) {
      for (const std::string& one : table->Words()) known.push_back(one);
    }
    diagnostics_.AddUnknown(word, what, known);
    return false;
  }

  bool Subject(const Example& example, Item& item) {
    item.aspect = example.aspect;
    if (!Find(policy_.services, example.service, "service", item.service) ||
        !Find(policy_.agencies, example.holder, "agency", item.holder)) {
      return false;
    }
    const bool content = item.aspect == Aspect::kContent;
    if (content || item.aspect == Aspect::kAssessment) {
      if (example.assessment.text.empty() || (content && example.section.text.empty())) {
        diagnostics_.Add(example.at, "say of which assessment, and which section of its content");
        return false;
      }
      if (!Find(policy_.assessments, example.assessment, "assessment", item.assessment)) {
        return false;
      }
    }
    if (content && !Find(policy_.sections, example.section, "section", item.section)) return false;
    item.open = example.closed ? Tri::kNo : Tri::kYes;
    item.disputed = example.disputed ? Tri::kYes : Tri::kNo;
    item.marked_sensitive = example.marked_sensitive ? Tri::kYes : Tri::kNo;
    item.shielded = example.shielded;
    item.new_identity = example.new_identity;
    item.spent_offence = example.spent_offence;
    item.names_victim = example.names_victim;
    item.sixteen_from_s = example.sixteen_from_s;
    item.adult_from_s = example.adult_from_s;
    item.brokerable = example.not_brokerable ? Tri::kNo : Tri::kYes;
    return true;
  }

  void Compare(const Example& example, const Decision& decision, std::vector<uint8_t>& exampled) {
    bool as_said = decision.effect == example.effect &&
                   (!example.by_default || decision.by_default) &&
                   (decision.missing & example.missing) == example.missing &&
                   (example.basis == Gateway::kNone || decision.gateway == example.basis) &&
                   (!example.has_obligations || decision.obligations == example.obligations);
    for (const Word& id : example.by) {
      size_t index = 0;
      while (index < policy_.rule_infos.size() && policy_.rule_infos[index].id != id.text) ++index;
      if (index == policy_.rule_infos.size()) {
        std::vector<std::string> ids;
        for (const RuleInfo& info : policy_.rule_infos) ids.push_back(info.id);
        diagnostics_.AddUnknown(id, "rule", ids);
        return;
      }
      bool decides = false;
      for (size_t i = 0; i < decision.rules.size(); ++i) {
        decides |= decision.rules[i] == static_cast<RuleIndex>(index);
      }
      if (decides) exampled[index] = 1;
      as_said = as_said && decides;
    }
    if (as_said) return;
    std::string is = DecisionInWords(policy_, decision);
    if (decision.gateway != Gateway::kNone) {
      absl::StrAppend(&is, ", basis ", ToString(decision.gateway));
    }
    const char* before = ", then ";
    for (const Obligation one : AllObligations()) {
      if ((decision.obligations & Bit(one)) == 0) continue;
      absl::StrAppend(&is, before, ToString(one));
      before = ", ";
    }
    diagnostics_.Add(example.at,
                     absl::StrCat("the example \"", example.title, "\" fails: it is ", is));
  }

  const PolicyImpl& policy_;
  Diagnostics& diagnostics_;
};

}  // namespace

ConsentScope AskedScope::Get() const {
  ConsentScope scope;
  scope.agencies = agencies;
  scope.agency_kinds = kinds;
  scope.roles = roles;
  scope.holders = holders;
  scope.services = services;
  scope.assessments = assessments;
  scope.sections = sections;
  scope.aspects = aspects;
  scope.purposes = purposes;
  return scope;
}

void AskedCell::At(int64_t now_s) {
  for (ConsentFact& consent : consents) {
    if (consent.until_s == question.now_s) consent.until_s = now_s;
  }
  question.now_s = now_s;
}

void RunExamples(const PolicyImpl& policy, const std::vector<Example>& examples,
                 Diagnostics& diagnostics, std::vector<uint8_t>& exampled) {
  SIGNPOST_POLICY_CHECK(exampled.size() == policy.rules.size());
  ExampleRunner runner(policy, diagnostics);
  for (const Example& example : examples) runner.Run(example, exampled);
}

bool BindExample(const PolicyImpl& policy, const Example& example, Diagnostics& diagnostics,
                 AskedCell& asked) {
  return ExampleRunner(policy, diagnostics).Bind(example, asked);
}

}  // namespace signpost::policy
