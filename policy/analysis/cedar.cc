#include "policy/analysis/cedar.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/evaluation.h"
#include "policy/text/syntax.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;
using Words = std::vector<std::string>;

// ---- Expressions ----

// A conjunction begins and ends with these until it is written, a disjunction with those, so that
// one inside another of its kind can be opened up.
constexpr char kAndBegin = '\1';
constexpr char kAndEnd = '\2';
constexpr char kOrBegin = '\3';
constexpr char kOrEnd = '\4';
constexpr char kAndBetween[] = " \1\2 ";
constexpr char kOrBetween[] = " \3\4 ";

// The parts of a conjunction (or disjunction), or the expression itself. Parts are divided at the
// outermost level alone.
Words PartsOf(const std::string& expression, char begin, absl::string_view between) {
  if (expression.empty() || expression.front() != begin) return {expression};
  Words parts = {""};
  int depth = 0;
  for (size_t i = 1; i + 1 < expression.size();) {
    if (depth == 0 && absl::StartsWith(absl::string_view(expression).substr(i), between)) {
      parts.emplace_back();
      i += between.size();
      continue;
    }
    const char c = expression[i];
    const bool divider = absl::StartsWith(absl::string_view(expression).substr(i), "\1\2") ||
                         absl::StartsWith(absl::string_view(expression).substr(i), "\3\4");
    if (divider) {
      parts.back().append(expression, i, 2);
      i += 2;
      continue;
    }
    if (c == kAndBegin || c == kOrBegin) ++depth;
    if (c == kAndEnd || c == kOrEnd) --depth;
    parts.back() += c;
    ++i;
  }
  return parts;
}

std::string Join(const Words& all, char begin, char end, absl::string_view between,
                 absl::string_view none, absl::string_view all_of) {
  Words kept;
  for (const std::string& one : all) {
    for (std::string& part : PartsOf(one, begin, between)) {
      if (part == all_of) return part;
      // Said once is enough.
      if (part == none || std::find(kept.begin(), kept.end(), part) != kept.end()) continue;
      kept.push_back(std::move(part));
    }
  }
  if (kept.empty()) return std::string(none);
  if (kept.size() == 1) return kept[0];
  return absl::StrCat(std::string(1, begin), absl::StrJoin(kept, between), std::string(1, end));
}

std::string And(const Words& all) {
  return Join(all, kAndBegin, kAndEnd, kAndBetween, "true", "false");
}
std::string Or(const Words& all) {
  return Join(all, kOrBegin, kOrEnd, kOrBetween, "false", "true");
}

std::string Written(const std::string& expression) {
  return absl::StrReplaceAll(
      expression,
      {{"\1\2", "&&"}, {"\3\4", "||"}, {"\1", "("}, {"\2", ")"}, {"\3", "("}, {"\4", ")"}});
}

std::string Not(const std::string& one) {
  if (one == "true") return "false";
  if (one == "false") return "true";
  return absl::StrCat("!(", one, ")");
}

// A three-valued truth as two expressions: known to hold, and not known not to.
struct Truth {
  std::string yes = "true";
  std::string maybe = "true";
};
const Truth kAlways = {"true", "true"};
const Truth kNever = {"false", "false"};

Truth Both(const Truth& a, const Truth& b) {
  return {And({a.yes, b.yes}), And({a.maybe, b.maybe})};
}
Truth Either(const Truth& a, const Truth& b) {
  return {Or({a.yes, b.yes}), Or({a.maybe, b.maybe})};
}
Truth Negated(const Truth& a) { return {Not(a.maybe), Not(a.yes)}; }
Truth Certain(const std::string& expression) { return {expression, expression}; }

std::string List(const Words& words) {
  Words quoted;
  for (const std::string& word : words) quoted.push_back(absl::StrCat("\"", word, "\""));
  return absl::StrCat("[", absl::StrJoin(quoted, ", "), "]");
}

std::string LeftOut(const std::string& attribute) {
  return absl::StrCat("!(context has ", attribute, ")");
}

// That an attribute is one of some words.
Truth In(const std::string& attribute, const Words& words) {
  const std::string has = absl::StrCat("context has ", attribute);
  const std::string is = words.empty() ? "false"
                         : words.size() == 1
                             ? absl::StrCat("context.", attribute, " == \"", words[0], "\"")
                             : absl::StrCat(List(words), ".contains(context.", attribute, ")");
  return {And({has, is}), Or({LeftOut(attribute), is})};
}

// That one of some facts holds, which are told by name.
Truth Told(const Words& names) {
  if (names.size() == 1) {
    return {absl::StrCat("context.yes.contains(\"", names[0], "\")"),
            absl::StrCat("context.maybe.contains(\"", names[0], "\")")};
  }
  return {absl::StrCat("context.yes.containsAny(", List(names), ")"),
          absl::StrCat("context.maybe.containsAny(", List(names), ")")};
}
Truth Is(const std::string& fact) { return Told({fact}); }

std::string AspectIn(const Words& aspects) {
  return absl::StrCat(List(aspects), ".contains(context.aspect)");
}

// "consent explicit in-force sharing": a condition on consent as one fact.
std::string ConsentWord(uint32_t states) {
  Words words = {"consent"};
  for (const ConsentState state : AllConsentStates()) {
    if ((states & Bit(state)) != 0) words.emplace_back(ToString(state));
  }
  for (const Grantor grantor : AllGrantors()) {
    if ((states & Bit(grantor)) != 0) words.emplace_back(ToString(grantor));
  }
  if ((states & kByYoungPersonBit) != 0) words.emplace_back("by-the-young-person");
  if ((states & kByAnotherBit) != 0) words.emplace_back("by-another");
  for (const ConsentMatter matter : AllConsentMatters()) {
    if ((states & Bit(matter)) != 0) words.emplace_back(ToString(matter));
  }
  return absl::StrJoin(words, " ");
}

constexpr uint32_t kExpressConsent = Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing);

template <typename E>
Words WordsIn(uint32_t mask, absl::Span<const E> all) {
  Words words;
  for (const E value : all) {
    if ((mask & (1u << static_cast<uint32_t>(value))) != 0) words.emplace_back(ToString(value));
  }
  return words;
}

// ---- The export ----

// Writes each rule as a few policies, one for each action that it has a say in.
//
// Cedar denies where any forbid holds, whatever permits do, and that is what a hide is. A broker is
// neither: it forbids "see" where it softens a hide (so that the asker is told the service is there
// and not which) and permits "broker"; its own rule's hide forbids only where it is not softened.
class Exporter {
 public:
  Exporter(const syntax::Policy& tree, const Vocabulary& vocabulary)
      : tree_(tree), vocabulary_(vocabulary) {}

  std::string Run() {
    std::string text =
        absl::StrCat("// ", Plain(tree_.name), ", version ", tree_.version,
                     ", as Cedar.\n"
                     "//\n"
                     "// Ask Action::\"see\"; Allow is a show. Else, where an override is asked "
                     "for, ask of each\n"
                     "// Action::\"override <its id>\"; Allow is a show. Else ask "
                     "Action::\"broker\"; Allow is a\n"
                     "// broker, Deny a hide. @id is the rule that decides.\n"
                     "//\n"
                     "// What is a word of its own (agency, role, purpose, holder, service, "
                     "assessment, section) is\n"
                     "// left out of the context where it is not known. All other facts are names "
                     "in two sets: yes\n"
                     "// holds those known to hold, maybe those not known not to.\n");
    for (const syntax::Rule& rule : tree_.rules) Rule(rule, text);
    for (const syntax::Override& rule : tree_.overrides) Override(rule, text);
    return text;
  }

 private:
  static std::string Plain(const std::string& words) {
    return absl::StrReplaceAll(words, {{"\n", " "}, {"\r", " "}});
  }

  std::string InForce() const { return absl::StrCat("context.now >= ", tree_.in_force_s); }

  static void Write(absl::string_view effect, const Words& actions, const std::string& id,
                    const Words& when, std::string& text) {
    const std::string all = And(when);
    if (all == "false") return;  // never
    Words lines;
    for (const std::string& one : PartsOf(all, kAndBegin, kAndBetween)) {
      lines.push_back(Written(one));
    }
    if (actions.empty()) return;
    Words quoted;
    for (const std::string& action : actions) {
      quoted.push_back(absl::StrCat("Action::\"", action, "\""));
    }
    absl::StrAppend(&text, "@id(\"", id, "\")\n", effect, " (principal, action ",
                    quoted.size() == 1 ? absl::StrCat("== ", quoted[0])
                                       : absl::StrCat("in [", absl::StrJoin(quoted, ", "), "]"),
                    ", resource)\nwhen {\n  ", absl::StrJoin(lines, " &&\n  "), "\n};\n");
  }

  static std::string ActionOf(const syntax::Override& rule) {
    return absl::StrCat("override ", rule.id.text);
  }

  // The overrides that do not lift a rule's hides.
  Words StoppedBy(const syntax::Rule& rule) const {
    Words actions;
    for (const syntax::Override& one : tree_.overrides) {
      const bool lifted =
          std::any_of(one.lifts.begin(), one.lifts.end(),
                      [&](const syntax::Word& word) { return word.text == rule.id.text; });
      if (!lifted) actions.push_back(ActionOf(one));
    }
    return actions;
  }

  void Rule(const syntax::Rule& rule, std::string& text) {
    absl::StrAppend(&text, "\n// ", rule.id.text, ": ", Plain(rule.title), "\n");
    Truth hides = kNever;
    Words brokers;
    Words shows;
    for (const syntax::Statement& statement : rule.statements) {
      absl::StrAppend(&text, "//   ", statement.text, "\n");
      if (statement.effect == Effect::kHide) {
        hides = Either(hides, Match(rule, statement));
      } else {
        (statement.effect == Effect::kBroker ? brokers : shows)
            .push_back(And({Match(rule, statement).yes, Opens(rule, statement)}));
      }
    }
    const bool has_hide = hides.maybe != "false";
    Words stopped = has_hide ? StoppedBy(rule) : Words();
    Words hidden_from = {"see", "broker"};
    if (brokers.empty()) {
      hidden_from.insert(hidden_from.end(), stopped.begin(), stopped.end());
      Write("forbid", hidden_from, rule.id.text, {InForce(), hides.maybe}, text);
    } else {
      // A broker softens the hide of its own rule where that is known to apply; an override that
      // may not lift the hide is stopped all the same.
      const std::string softened = And({has_hide ? hides.yes : "true", Or(brokers)});
      Write("forbid", hidden_from, rule.id.text, {InForce(), hides.maybe, Not(softened)}, text);
      Write("forbid", stopped, rule.id.text, {InForce(), hides.maybe}, text);
      Write("forbid", {"see"}, rule.id.text, {InForce(), softened}, text);
      Write("permit", {"broker"}, rule.id.text, {InForce(), softened}, text);
    }
    Write("permit", {"see"}, rule.id.text, {InForce(), Or(shows)}, text);
  }

  void Override(const syntax::Override& rule, std::string& text) {
    absl::StrAppend(&text, "\n// ", rule.id.text, ": ", Plain(rule.title), "\n");
    const Words when = {
        InForce(),
        "context has overrideGround",
        absl::StrCat(List(WordsIn(rule.grounds, AllOverrideGrounds())),
                     ".contains(context.overrideGround)"),
        "context has holder",
        "context has service",
        Is("practitioner").yes,
        AspectIn(WordsIn(rule.opens, AllAspects())),
        Or({"context.overrideGround != \"legal-duty\"", In("purpose", {"safeguarding"}).yes}),
        Or({"context.overrideGround != \"express-consent\"", Is(ConsentWord(kExpressConsent)).yes}),
        Askers(rule.askers).yes,
        HoldAll(rule.when).yes};
    Write("permit", {ActionOf(rule)}, rule.id.text, when, text);
  }

  // What a show or broker needs besides its own words.
  std::string Opens(const syntax::Rule& rule, const syntax::Statement& statement) const {
    Words all = {Or({Not(AspectIn({"contact", "content"})), Is("practitioner").yes})};
    if (statement.effect == Effect::kBroker) {
      all.emplace_back("context.aspect == \"existence\"");
      all.push_back(Is("brokerable").yes);
    }
    const syntax::Agreement* const agreement = AgreementOf(rule);
    if (agreement != nullptr) {
      all.push_back(absl::StrCat("context.now >= ", agreement->from_s));
      all.push_back(absl::StrCat("context.now < ", agreement->until_s));
    }
    switch (rule.basis) {
      case Gateway::kNone:
        return "false";
      case Gateway::kCda1998S115: {
        Words choosers;
        if (agreement != nullptr) {
          for (const syntax::Agreement::Choice& choice : agreement->choices) {
            if (choice.gateway == rule.basis) choosers.push_back(choice.holder.text);
          }
        }
        all.push_back(In("holder", choosers).yes);
        all.push_back(Is("necessity").yes);
        Words acts = {In("agency", Authorities()).yes};
        for (const VocabularyTeam& team : vocabulary_.teams) {
          const Words authorities = Authorities();
          const bool has = std::any_of(
              team.agencies.begin(), team.agencies.end(), [&](const std::string& agency) {
                return std::find(authorities.begin(), authorities.end(), agency) !=
                       authorities.end();
              });
          if (has) acts.push_back(HasASay(team));
        }
        all.push_back(Or(acts));
        break;
      }
      case Gateway::kCa1989S47:
        all.push_back(In("purpose", {"safeguarding"}).yes);
        break;
      case Gateway::kOwnRecord:
        all.push_back(AskerIsHolder().yes);
        break;
      default:
        break;
    }
    return And(all);
  }

  const syntax::Agreement* AgreementOf(const syntax::Rule& rule) const {
    return rule.agreement < 0 ? nullptr : &tree_.agreements[static_cast<size_t>(rule.agreement)];
  }

  Truth Match(const syntax::Rule& rule, const syntax::Statement& statement) const {
    Truth all = Both(Aspects(statement), Items(statement.items));
    all = Both(all, Both(Askers(statement.askers), Parties(rule)));
    all = Both(all, HoldAll(statement.when));
    for (const Conditions& conditions : statement.unless) {
      all = Both(all, Negated(HoldAll(conditions)));
    }
    return all;
  }

  Truth Parties(const syntax::Rule& rule) const {
    const syntax::Agreement* const agreement = AgreementOf(rule);
    if (agreement == nullptr) return kAlways;
    Words parties;
    for (const syntax::Word& party : agreement->parties) parties.push_back(party.text);
    return Both(Both(In("agency", parties), In("holder", parties)), Negated(AskerIsHolder()));
  }

  static Truth AskerIsHolder() {
    const std::string same = "context.agency == context.holder";
    return {And({"context has agency", "context has holder", same}),
            Or({LeftOut("agency"), LeftOut("holder"), same})};
  }

  static Truth Aspects(const syntax::Statement& statement) {
    const syntax::AspectPhrase& phrase = statement.aspects;
    constexpr uint32_t kExistence = 1u << static_cast<unsigned>(Aspect::kExistence);
    // A hidden existence hides everything.
    if (statement.effect == Effect::kHide && (phrase.mask & kExistence) != 0) return kAlways;
    Truth all = Certain(AspectIn(WordsIn(phrase.mask, AllAspects())));
    if (!phrase.assessments.empty()) {
      all = Both(all, Either(Certain(Not(AspectIn({"assessment", "content"}))),
                             In("assessment", Texts(phrase.assessments))));
    }
    if (phrase.section_mode != syntax::Sections::kAll) {
      const Truth listed = In("section", Texts(phrase.sections));
      all = Both(all,
                 Either(Certain("context.aspect != \"content\""),
                        phrase.section_mode == syntax::Sections::kOnly ? listed : Negated(listed)));
    }
    return all;
  }

  Truth Items(const syntax::ItemPhrase& phrase) const {
    Truth any = phrase.everything ? kAlways : kNever;
    Words services;
    Words agencies;
    bool marked = false;
    const auto add = [&](const std::string& word) {
      if (word == "marked-sensitive") {
        marked = true;
      } else if (IsAgency(word)) {
        agencies.push_back(word);
      } else {
        services.push_back(word);
      }
    };
    for (const syntax::Word& word : phrase.words) {
      const auto group =
          std::find_if(tree_.groups.begin(), tree_.groups.end(),
                       [&](const syntax::Group& one) { return one.name.text == word.text; });
      if (group == tree_.groups.end()) {
        add(word.text);
      } else {
        for (const syntax::Word& member : group->words) add(member.text);
      }
    }
    if (!services.empty()) any = Either(any, In("service", services));
    if (!agencies.empty()) any = Either(any, In("holder", agencies));
    if (marked) any = Either(any, Is("markedSensitive"));
    if (phrase.held_by.empty()) return any;
    Words holders;
    for (const syntax::Word& word : phrase.held_by) {
      const Words of = IsAgency(word.text) ? Words{word.text} : OfKind(word.text);
      holders.insert(holders.end(), of.begin(), of.end());
    }
    return Both(any, In("holder", holders));
  }

  Truth Askers(const syntax::AskerSelector& selector) const {
    Truth any = selector.everyone ? kAlways : kNever;
    for (const syntax::AskerPhrase& phrase : selector.any) any = Either(any, Phrase(phrase));
    for (const syntax::AskerPhrase& phrase : selector.except) {
      any = Both(any, Negated(Phrase(phrase)));
    }
    return any;
  }

  Truth Phrase(const syntax::AskerPhrase& phrase) const {
    if (phrase.is_team) {
      for (const VocabularyTeam& team : vocabulary_.teams) {
        if (team.id != phrase.words.front().text) continue;
        return Both(Certain(IsMember(team)),
                    Both(In("purpose", PurposesOf(team)), In("agency", team.agencies)));
      }
      return kNever;
    }
    Truth all = kAlways;
    for (const syntax::Word& word : phrase.words) {
      const std::string& text = word.text;
      if (text == "practitioner" || text == "practitioners") {
        all = Both(all, Is("practitioner"));
      } else if (text == "system" || text == "systems") {
        all = Both(all, Negated(Is("practitioner")));
      } else if (text == "holder") {
        all = Both(all, AskerIsHolder());
      } else if (text == "relevant-authority") {
        all = Both(all, In("agency", Authorities()));
      } else if (IsAgency(text)) {
        all = Both(all, In("agency", {text}));
      } else if (std::find(vocabulary_.roles.begin(), vocabulary_.roles.end(), text) !=
                 vocabulary_.roles.end()) {
        // A role is a person's.
        all = Both(all, Both(In("role", {text}), Is("practitioner")));
      } else {
        all = Both(all, In("agency", OfKind(text)));
      }
    }
    return all;
  }

  Truth HoldAll(const Conditions& conditions) const {
    Truth all = kAlways;
    for (const Condition& condition : conditions) all = Both(all, Holds(condition));
    return all;
  }

  Truth Holds(const Condition& condition) const {
    Truth value;
    switch (condition.about) {
      case Condition::About::kConsent:
        return Is(ConsentWord(condition.consent_states));
      case Condition::About::kPurpose:
        value = In("purpose", WordsIn(condition.purposes, AllPurposes()));
        break;
      case Condition::About::kRelationship:
        value = Related(condition.relationships);
        break;
      case Condition::About::kShielded:
        value = Is("shielded");
        break;
      case Condition::About::kOpen:
        value = Is("open");
        break;
      case Condition::About::kDisputed:
        value = Is("disputed");
        break;
      case Condition::About::kNewIdentity:
        value = Is("newIdentity");
        break;
      case Condition::About::kSpentOffence:
        value = Is("spentOffence");
        break;
      case Condition::About::kNamesVictim:
        value = Is("namesVictim");
        break;
    }
    return condition.negated ? Negated(value) : value;
  }

  // The asker's own relationships, or those of a team where it has a say.
  Truth Related(uint8_t relationships) const {
    const bool worker = (relationships & kWorkerInvolved) == kWorkerInvolved;
    Words any =
        WordsIn(worker ? relationships & ~kWorkerInvolved : relationships, AllRelationships());
    if (worker) any.push_back("involved");
    Truth value = Told(any);
    for (const VocabularyTeam& team : vocabulary_.teams) {
      Words of_team;
      for (const std::string& one : any) of_team.push_back(absl::StrCat(team.id, " ", one));
      value = Either(value, Both(Told(of_team), Certain(HasASay(team))));
    }
    return value;
  }

  static std::string IsMember(const VocabularyTeam& team) {
    return Is(absl::StrCat("in ", team.id)).yes;
  }
  // A team has its say for its own agencies, inside its purposes.
  static std::string HasASay(const VocabularyTeam& team) {
    return And(
        {IsMember(team), In("agency", team.agencies).yes, In("purpose", PurposesOf(team)).yes});
  }

  static Words PurposesOf(const VocabularyTeam& team) {
    Words words;
    for (const Purpose purpose : team.purposes) words.emplace_back(ToString(purpose));
    return words;
  }
  static Words Texts(const std::vector<syntax::Word>& words) {
    Words texts;
    for (const syntax::Word& word : words) texts.push_back(word.text);
    return texts;
  }
  bool IsAgency(const std::string& word) const {
    return std::any_of(vocabulary_.agencies.begin(), vocabulary_.agencies.end(),
                       [&](const VocabularyAgency& one) { return one.id == word; });
  }
  Words OfKind(const std::string& kind) const {
    Words ids;
    for (const VocabularyAgency& one : vocabulary_.agencies) {
      if (one.kind == kind) ids.push_back(one.id);
    }
    return ids;
  }
  Words Authorities() const {
    Words ids;
    for (const VocabularyAgency& one : vocabulary_.agencies) {
      if (one.relevant_authority) ids.push_back(one.id);
    }
    return ids;
  }

  const syntax::Policy& tree_;
  const Vocabulary& vocabulary_;
};

// ---- The context ----

void AddWord(const char* key, const std::string& word, Words& fields) {
  if (!word.empty()) fields.push_back(absl::StrCat("\"", key, "\":\"", word, "\""));
}
// The two sets of facts told by name.
struct Facts {
  Words yes;
  Words maybe;

  void Add(const std::string& name, Tri value) {
    if (value == Tri::kYes) yes.push_back(name);
    if (value != Tri::kNo) maybe.push_back(name);
  }
  void AddRelationships(const std::string& prefix, uint32_t known, uint32_t unknown) {
    const auto add = [&](absl::string_view word, uint32_t bits) {
      const std::string name = absl::StrCat(prefix, std::string(word));
      if ((known & bits) != 0) {
        Add(name, Tri::kYes);
      } else if ((unknown & bits) != 0) {
        Add(name, Tri::kUnknown);
      }
    };
    for (const Relationship one : AllRelationships()) add(ToString(one), Bit(one));
    add("involved", kWorkerInvolved);  // in some way or other
  }
};

}  // namespace

std::string ExportCedar(absl::string_view text, const Vocabulary& vocabulary) {
  syntax::Diagnostics diagnostics;
  const syntax::Policy tree = syntax::Parse(text, vocabulary, diagnostics);
  return Exporter(tree, vocabulary).Run();
}

std::string CedarContext(const Policy& policy, const Question& question, const Item& item) {
  const PolicyImpl& impl = policy.impl();
  Words fields;
  AddWord("agency", impl.agencies.Word(question.agency), fields);
  AddWord("role", impl.roles.Word(question.role), fields);
  if (question.purpose != Purpose::kUnspecified) {
    AddWord("purpose", std::string(ToString(question.purpose)), fields);
  }
  Facts facts;
  facts.Add("practitioner", question.is_practitioner);
  facts.Add("necessity", question.necessity_stated);
  facts.AddRelationships("", question.relationships.yes, question.relationships.unknown);
  for (const TeamStanding& standing : question.teams) {
    const std::string& team = impl.teams.Word(standing.team);
    uint32_t yes = standing.relationships.yes & kTeamCanHave;
    uint32_t unknown = standing.relationships.unknown & kTeamCanHave;
    // To be a member of a team that is involved is a relationship of its own.
    if ((yes & kWorkerInvolved) != 0) {
      yes |= Bit(Relationship::kTeamMember);
    } else if ((unknown & kWorkerInvolved) != 0) {
      unknown |= Bit(Relationship::kTeamMember);
    }
    facts.Add(absl::StrCat("in ", team), Tri::kYes);
    facts.AddRelationships(absl::StrCat(team, " "), yes, unknown);
  }
  const OverrideRequest& request = question.override_request;
  if (request.requested && request.reason_stated && request.ground != OverrideGround::kNone) {
    AddWord("overrideGround", std::string(ToString(request.ground)), fields);
  }
  fields.push_back(absl::StrCat("\"now\":", question.now_s));
  AddWord("holder", impl.agencies.Word(item.holder), fields);
  AddWord("service", impl.services.Word(item.service), fields);
  AddWord("aspect", std::string(ToString(item.aspect)), fields);
  AddWord("assessment", impl.assessments.Word(item.assessment), fields);
  AddWord("section", impl.sections.Word(item.section), fields);
  facts.Add("open", item.open);
  facts.Add("disputed", item.disputed);
  facts.Add("markedSensitive", item.marked_sensitive);
  facts.Add("shielded", item.shielded);
  facts.Add("newIdentity", item.new_identity);
  facts.Add("spentOffence", item.spent_offence);
  facts.Add("namesVictim", item.names_victim);
  facts.Add("brokerable", item.brokerable);
  std::set<uint32_t> spoken_of = {kExpressConsent};
  const auto look = [&spoken_of](const Conditions& conditions) {
    for (const Condition& condition : conditions) {
      if (condition.about == Condition::About::kConsent) {
        spoken_of.insert(condition.consent_states);
      }
    }
  };
  for (const BoundRule& rule : impl.rules) {
    look(rule.when);
    for (const BoundStatement& statement : rule.statements) {
      look(statement.when);
      for (const Conditions& conditions : statement.unless) look(conditions);
    }
  }
  Evaluation evaluation(impl, question, item);
  for (const uint32_t states : spoken_of) {
    Condition condition;
    condition.consent_states = states;
    facts.Add(ConsentWord(states), evaluation.Holds(condition));
  }
  fields.push_back(absl::StrCat("\"yes\":", List(facts.yes)));
  fields.push_back(absl::StrCat("\"maybe\":", List(facts.maybe)));
  return absl::StrCat("{", absl::StrJoin(fields, ","), "}");
}

}  // namespace signpost::policy
