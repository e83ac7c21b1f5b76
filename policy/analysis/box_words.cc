#include "policy/analysis/box_words.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/calendar.h"
#include "policy/check.h"
#include "policy/engine/evaluation.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

// "explicit and in force by the young person", as after "consent".
std::string ConsentStatesInWords(uint32_t states) {
  std::vector<std::string> words;
  // "explicit" comes first, as a rule says it.
  if ((states & Bit(ConsentState::kExplicit)) != 0) words.emplace_back("explicit");
  for (const ConsentState state : AllConsentStates()) {
    if (state == ConsentState::kExplicit || (states & Bit(state)) == 0) continue;
    words.push_back(absl::StrReplaceAll(std::string(ToString(state)), {{"-", " "}}));
  }
  std::string text = absl::StrJoin(words, " and ");
  if ((states & kByYoungPersonBit) != 0) absl::StrAppend(&text, " by the young person");
  if ((states & kByAnotherBit) != 0) absl::StrAppend(&text, " by another");
  for (const Grantor grantor : AllGrantors()) {
    if ((states & Bit(grantor)) != 0) {
      absl::StrAppend(&text, " by ", std::string(ToString(grantor)));
    }
  }
  return text;
}

// "not involved": as an asker fact of an example, after "team".
std::string TeamInWords(uint8_t relationships) {
  if (relationships == 0) return "not involved";
  return absl::StrCat(
      (relationships & Bit(Relationship::kSettledInvolvement)) == 0 ? "newly " : "",
      (relationships & kWorkerInvolved) == 0 ? "with a flag that does not name it" : "involved");
}

}  // namespace

BoxWords::BoxWords(const DecisionSpace& space, std::vector<const PolicyImpl*> policies)
    : space_(space), impls_(std::move(policies)) {
  SIGNPOST_POLICY_CHECK(!impls_.empty());
  for (const AskerClass& asker : space_.askers) {
    everybody_[asker.agency].insert(WhoOf(asker));
  }
  for (const Item& item : space_.items) marks_matter_ |= item.marked_sensitive == Tri::kYes;
  LearnConsentWords();
}

Point BoxWords::PointOf(const AskerClass& asker, const Item& item) {
  return {asker.agency, whos_.Of(WhoOf(asker)), places_.Of({item.holder, item.service}),
          static_cast<uint16_t>(item.marked_sensitive == Tri::kYes ? 1 : 0),
          whats_.Of({item.aspect, item.assessment, item.section})};
}

std::string BoxWords::WhenInWords(const Box& when) const {
  std::vector<std::string> words;
  for (int f = 0; f < kFactCount; ++f) {
    std::vector<uint16_t> values = when[static_cast<size_t>(f)];
    if (values.empty()) continue;
    const Fact fact = static_cast<Fact>(f);
    const bool perhaps = values.back() == CountOf(space_, fact);
    if (perhaps) values.pop_back();
    if (values.empty()) {
      words.push_back(UnknownInWords(fact));
      continue;
    }
    if (fact == Fact::kPurpose) {
      words.push_back(PurposesInWords(values));
    } else if (fact == Fact::kConsents) {
      words.push_back(ConsentsInWords(values));
    } else if (fact == Fact::kTime) {
      words.push_back(TimesInWords(values));
    } else if (fact == Fact::kGround && values.front() != 0) {
      std::vector<std::string> grounds;
      for (const uint16_t value : values) {
        grounds.emplace_back(ToString(space_.grounds[static_cast<size_t>(value) - 1]));
      }
      words.push_back(absl::StrCat("overriding on ", absl::StrJoin(grounds, " or ")));
    } else {
      std::vector<std::string> ways;
      for (const uint16_t value : values) {
        ways.push_back(FactInWords(*impls_[0], space_, fact, value));
      }
      words.push_back(absl::StrJoin(ways, " or "));
    }
    if (perhaps) absl::StrAppend(&words.back(), " or ", UnknownInWords(fact));
  }
  return absl::StrJoin(words, ", ");
}

// Seconds on end are said as one stretch.
std::string BoxWords::TimesInWords(const std::vector<uint16_t>& values) const {
  std::vector<std::string> stretches;
  for (size_t i = 0; i < values.size();) {
    size_t last = i;
    while (last + 1 < values.size() && values[last + 1] == values[last] + 1) ++last;
    std::string words;
    if (values[i] > 0) words = absl::StrCat("from ", DayInWords(space_.changes[values[i]]));
    const size_t end = static_cast<size_t>(values[last]) + 1;
    if (end < space_.changes.size()) {
      absl::StrAppend(&words, words.empty() ? "" : " ", "until ",
                      DayInWords(space_.changes[end] - 1));
    }
    stretches.push_back(std::move(words));
    i = last + 1;
  }
  return absl::StrJoin(stretches, " or ");
}

// What rules say of consent, and of which sets of consents it is true.
void BoxWords::LearnConsentWords() {
  std::set<uint32_t> spoken_of;
  const auto look = [&spoken_of](const Conditions& conditions) {
    for (const Condition& condition : conditions) {
      if (condition.about == Condition::About::kConsent) {
        spoken_of.insert(condition.consent_states);
      }
    }
  };
  for (const PolicyImpl* const impl : impls_) {
    for (const BoundRule& rule : impl->rules) {
      look(rule.when);
      for (const BoundStatement& statement : rule.statements) {
        look(statement.when);
        for (const Conditions& conditions : statement.unless) look(conditions);
      }
    }
  }
  for (const uint32_t states : spoken_of) {
    Condition condition;
    condition.consent_states = states;
    ConsentWord yes;
    yes.words = ConsentStatesInWords(states);
    ConsentWord no;
    no.words = absl::StrCat("not ", yes.words);
    for (size_t c = 0; c < space_.consent_sets.size(); ++c) {
      std::vector<ConsentFact> consents;
      FillConsents(space_.consent_sets[c], 0, consents);
      Item item;
      item.consents_known = Tri::kYes;
      item.consents = consents;
      item.sixteen_from_s = item.adult_from_s = kNeverS;
      const bool holds = Evaluation(*impls_[0], Question(), item).Holds(condition) == Tri::kYes;
      (holds ? yes : no).sets.push_back(static_cast<uint16_t>(c));
    }
    consent_words_.push_back(std::move(yes));
    consent_words_.push_back(std::move(no));
  }
}

// In the words of the rules where they suffice, one or two of them; else set by set.
std::string BoxWords::ConsentsInWords(const std::vector<uint16_t>& values) const {
  for (const ConsentWord& word : consent_words_) {
    if (word.sets == values) return absl::StrCat("consent ", word.words);
  }
  for (size_t i = 0; i < consent_words_.size(); ++i) {
    for (size_t j = i + 1; j < consent_words_.size(); ++j) {
      const ConsentWord& one = consent_words_[i];
      const ConsentWord& other = consent_words_[j];
      std::vector<uint16_t> both;
      std::set_intersection(one.sets.begin(), one.sets.end(), other.sets.begin(), other.sets.end(),
                            std::back_inserter(both));
      if (both == values) return absl::StrCat("consent ", one.words, " and ", other.words);
      std::vector<uint16_t> either;
      std::set_union(one.sets.begin(), one.sets.end(), other.sets.begin(), other.sets.end(),
                     std::back_inserter(either));
      if (either == values) return absl::StrCat("consent ", one.words, " or ", other.words);
    }
  }
  std::vector<std::string> ways;
  for (const uint16_t value : values) {
    ways.push_back(FactInWords(*impls_[0], space_, Fact::kConsents, value));
  }
  return absl::StrJoin(ways, " or ");
}

std::string BoxWords::PurposesInWords(const std::vector<uint16_t>& values) const {
  std::vector<std::string> named;
  std::vector<std::string> others;
  for (size_t p = 0; p < space_.purposes.size(); ++p) {
    const bool in = std::binary_search(values.begin(), values.end(), static_cast<uint16_t>(p));
    for (const Purpose purpose : space_.alike_purposes[p]) {
      (in ? named : others).emplace_back(ToString(purpose));
    }
  }
  if (others.size() < named.size()) {
    return absl::StrCat("for any purpose but ", absl::StrJoin(others, ", "));
  }
  return absl::StrCat("for ", absl::StrJoin(named, " or "));
}

std::string BoxWords::AgencyInWords(Symbol agency) const {
  std::vector<std::string> names;
  for (const Symbol one : space_.alike[agency]) names.push_back(impls_[0]->agencies.Word(one));
  return absl::StrJoin(names, ", ");
}

void BoxWords::AddIds(Symbol agency, std::set<std::string>* ids) const {
  for (const Symbol one : space_.alike[agency]) ids->insert(impls_[0]->agencies.Word(one));
}

std::vector<std::string> BoxWords::AskerIds(const Box& pairs) const {
  std::set<std::string> ids;
  for (const uint16_t agency : pairs[0]) AddIds(agency, &ids);
  return {ids.begin(), ids.end()};
}

std::vector<std::string> BoxWords::HolderIds(const Box& pairs) const {
  std::set<std::string> ids;
  for (const uint16_t place : pairs[2]) AddIds(std::get<0>(places_.At(place)), &ids);
  return {ids.begin(), ids.end()};
}

std::string BoxWords::AskersInWords(const std::vector<uint16_t>& agencies,
                                    const std::vector<uint16_t>& whos) const {
  std::set<Who> here;
  for (const uint16_t who : whos) here.insert(whos_.At(who));
  // "anybody" of an agency with a team says more than of one without.
  std::map<std::string, std::vector<std::string>> names;
  for (const uint16_t agency : agencies) {
    names[WhosInWords(here, everybody_.at(agency))].push_back(AgencyInWords(agency));
  }
  std::vector<std::string> parts;
  for (const auto& [words, of] : names) {
    parts.push_back(absl::StrCat(words, " of ", absl::StrJoin(of, ", ")));
  }
  return absl::StrJoin(parts, " and ");
}

std::string BoxWords::WhosInWords(const std::set<Who>& here, const std::set<Who>& everybody) const {
  if (here == everybody) return "anybody";
  std::map<Symbol, std::map<uint8_t, std::string>> by_team;
  for (const Who& who : everybody) {
    const auto& [team, relationships] = std::get<1>(who);
    by_team[team][relationships] = RolesInWords(here, everybody, {team, relationships});
  }
  // What is said of those in no team holds of the rest too where it is the same for every team; and
  // of a team, whatever it has with the young person, where that changes nothing.
  const std::string outside = by_team[kNoSymbol][0];
  const auto all = [](const std::map<uint8_t, std::string>& of, const std::string& words) {
    return std::all_of(of.begin(), of.end(),
                       [&words](const auto& one) { return one.second == words; });
  };
  if (std::all_of(by_team.begin(), by_team.end(),
                  [&](const auto& team) { return all(team.second, outside); })) {
    return outside;
  }
  std::vector<std::string> parts;
  for (const auto& [team, of] : by_team) {
    const std::string in = team == kNoSymbol ? std::string(" in no team")
                                             : absl::StrCat(" in ", impls_[0]->teams.Word(team));
    if (all(of, of.begin()->second)) {
      if (!of.begin()->second.empty()) parts.push_back(absl::StrCat(of.begin()->second, in));
      continue;
    }
    for (const auto& [relationships, words] : of) {
      if (words.empty()) continue;
      parts.push_back(absl::StrCat(words, in, " (team ", TeamInWords(relationships), ")"));
    }
  }
  return absl::StrJoin(parts, " or ");
}

std::string BoxWords::RolesInWords(const std::set<Who>& here, const std::set<Who>& everybody,
                                   const Team& team) const {
  std::vector<std::string> words;
  std::vector<std::string> roles;
  size_t of_all = 0;
  for (const Who& who : everybody) {
    if (std::get<1>(who) != team) continue;
    if (std::get<0>(who) != Tri::kYes) {
      if (here.count(who) > 0) words.emplace_back("system");
      continue;
    }
    ++of_all;
    if (here.count(who) > 0) roles.push_back(impls_[0]->roles.Word(std::get<2>(who)));
  }
  if (!roles.empty() && roles.size() == of_all) roles = {"practitioner"};
  words.insert(words.end(), roles.begin(), roles.end());
  return absl::StrJoin(words, " or ");
}

std::string BoxWords::ThingsInWords(const std::vector<uint16_t>& places,
                                    const std::vector<uint16_t>& marked,
                                    const std::vector<uint16_t>& whats) const {
  std::map<Symbol, std::vector<std::string>> services;
  for (const uint16_t place : places) {
    const auto& [holder, service] = places_.At(place);
    services[holder].push_back(impls_[0]->services.Word(service));
  }
  std::vector<std::string> held;
  for (const auto& [holder, names] : services) {
    held.push_back(absl::StrCat(absl::StrJoin(names, ", "), " held by ", AgencyInWords(holder)));
  }
  std::string words = absl::StrCat(AspectsInWords(whats), " of ", absl::StrJoin(held, " and of "));
  if (marks_matter_ && marked.size() == 1) {
    absl::StrAppend(&words, marked[0] == 1 ? ", marked-sensitive" : ", not marked-sensitive");
  }
  return words;
}

std::string BoxWords::AspectsInWords(const std::vector<uint16_t>& whats) const {
  std::set<What> here;
  for (const uint16_t what : whats) here.insert(whats_.At(what));
  std::vector<std::string> parts;
  for (const Aspect aspect : AllAspects()) {
    if (aspect != Aspect::kAssessment && aspect != Aspect::kContent) {
      if (here.count({aspect, kNoSymbol, kNoSymbol}) > 0) parts.emplace_back(ToString(aspect));
      continue;
    }
    std::vector<std::string> papers;
    for (size_t a = 1; a < impls_[0]->assessment_sections.size(); ++a) {
      const Symbol assessment = static_cast<Symbol>(a);
      const std::string& name = impls_[0]->assessments.Word(assessment);
      if (aspect == Aspect::kAssessment) {
        if (here.count({aspect, assessment, kNoSymbol}) > 0) papers.push_back(name);
        continue;
      }
      const std::string sections = SectionsInWords(here, assessment);
      if (!sections.empty()) papers.push_back(absl::StrCat(name, sections));
    }
    if (!papers.empty()) {
      parts.push_back(
          absl::StrCat(std::string(ToString(aspect)), " of ", absl::StrJoin(papers, " or ")));
    }
  }
  return absl::StrJoin(parts, ", ");
}

// "" for none of its sections, " " and nothing for all.
std::string BoxWords::SectionsInWords(const std::set<What>& here, Symbol assessment) const {
  std::vector<std::string> in;
  std::vector<std::string> out;
  for (const Symbol section : impls_[0]->assessment_sections[assessment]) {
    const bool has = here.count({Aspect::kContent, assessment, section}) > 0;
    (has ? in : out).push_back(impls_[0]->sections.Word(section));
  }
  if (in.empty()) return "";
  if (out.empty()) return " (whole)";
  if (out.size() < in.size()) return absl::StrCat(" except ", absl::StrJoin(out, ", "));
  return absl::StrCat(" only ", absl::StrJoin(in, ", "));
}

}  // namespace signpost::policy
