// The evaluator against a naive one, and the properties that must hold of every policy.
//
// The naive interpreter walks the syntax tree with plain words and optional<bool>. It shares the
// parser with the evaluator and nothing else: no symbols, no binding, no masks.

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "policy/policy.h"
#include "policy/syntax.h"
#include "tests/policy/author.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {
namespace {

using B = std::optional<bool>;  // nothing: unknown
using syntax::Condition;
using testing::Author;
using testing::NortownVocabulary;

struct Facts {
  std::string agency, role, purpose;  // "": unknown
  B practitioner, involved, necessity;
  bool in_team = false;
  OverrideGround ground = OverrideGround::kNone;
  std::string holder, service, assessment, section;
  Aspect aspect = Aspect::kExistence;
  B open, disputed, marked, shielded, new_identity, spent_offence, names_victim;
  bool consents_known = true;
  std::vector<std::string>
      consents;  // "given", "given explicit", "refused", "withdrawn", "expired", and by whom:
                 // "given by parent"; about the service: "given service"
  int64_t now_s = 0;
};

struct Answer {
  Effect effect = Effect::kHide;
  std::set<std::string> rules;
  friend bool operator==(const Answer&, const Answer&) = default;
};

// ---- The naive interpreter ----

B All(B a, B b) { return a == false || b == false ? B(false) : a && b ? B(true) : B(); }
B Any(B a, B b) { return a == true || b == true ? B(true) : a && b ? B(false) : B(); }
B None(B a) { return a ? B(!*a) : B(); }
B Is(const std::string& fact, const std::string& word) {
  return fact.empty() ? B() : B(fact == word);
}

class Naive {
 public:
  Naive(const syntax::Policy& tree, const Vocabulary& v, const Facts& f)
      : tree_(tree), v_(v), f_(f) {}

  Answer Decide() {
    if (f_.now_s < tree_.in_force_s) return {};
    std::set<std::string> hides, brokers, shows;
    for (const syntax::Rule& rule : tree_.rules) {
      B hide = false;
      bool has_hide = false, broker = false, show = false;
      for (const syntax::Statement& s : rule.statements) {
        if (s.effect == Effect::kHide) has_hide = true;
        if (s.effect == Effect::kHide) hide = Any(hide, Match(rule, s));
        if (s.effect == Effect::kBroker && Opens(rule) && Match(rule, s) == true) broker = true;
        if (s.effect == Effect::kShow && Opens(rule) && Match(rule, s) == true) show = true;
      }
      if (broker && (hide == true || !has_hide))
        brokers.insert(rule.id.text);
      else if (hide != false)
        hides.insert(rule.id.text);
      if (show) shows.insert(rule.id.text);
      if (hide != false) lift_needed_.insert(rule.id.text);
    }
    if (hides.empty() && brokers.empty() && !shows.empty()) return {Effect::kShow, shows};
    const std::set<std::string> lifted = Overrides();
    if (!lifted.empty()) return {Effect::kShow, lifted};
    if (hides.empty() && !brokers.empty()) return {Effect::kBroker, brokers};
    return {Effect::kHide, hides};
  }

 private:
  const VocabularyAgency* Agency(const std::string& id) const {
    for (const VocabularyAgency& a : v_.agencies)
      if (a.id == id) return &a;
    return nullptr;
  }
  bool TeamPurpose() const {
    for (const Purpose p : v_.teams[0].purposes)
      if (f_.purpose == ToString(p)) return true;
    return false;
  }
  bool TeamAgency() const {
    const auto& a = v_.teams[0].agencies;
    return std::find(a.begin(), a.end(), f_.agency) != a.end();
  }
  B Involved() const { return f_.in_team && TeamAgency() && TeamPurpose() ? B(true) : f_.involved; }
  B Consent(uint32_t states) const {
    if (!f_.consents_known) return {};
    const auto has = [&](auto s) { return (states & Bit(s)) != 0; };
    const auto says = [](const std::string& c, const char* word) {
      return c.find(word) != std::string::npos;
    };
    bool asked = false;
    for (const std::string& c : f_.consents) {
      const bool parent = says(c, "by parent");
      if (says(c, "service") != has(ConsentMatter::kService)) continue;
      if ((states & kByYoungPersonBit) != 0 && parent) continue;
      if (((states & kByAnotherBit) != 0 || has(Grantor::kParentalResponsibility)) && !parent)
        continue;
      asked = true;
      if ((!has(ConsentState::kExplicit) || says(c, "explicit")) &&
          (!has(ConsentState::kInForce) || says(c, "given")) &&
          (!has(ConsentState::kRefused) || says(c, "refused")) &&
          (!has(ConsentState::kWithdrawn) || says(c, "withdrawn")) &&
          (!has(ConsentState::kExpired) || says(c, "expired")) && !has(ConsentState::kNotAsked))
        return true;
    }
    return has(ConsentState::kNotAsked) ? !asked : false;
  }
  B Hold(const Condition& c) const {
    B value;
    switch (c.about) {
      case Condition::About::kConsent:
        return Consent(c.consent_states);
      case Condition::About::kPurpose:
        if (!f_.purpose.empty())
          value = (c.purposes >> static_cast<int>(*ParsePurpose(f_.purpose))) & 1;
        break;
      case Condition::About::kRelationship:
        value = Involved();
        break;  // facts here are own-open-flag
      case Condition::About::kShielded:
        value = f_.shielded;
        break;
      case Condition::About::kOpen:
        value = f_.open;
        break;
      case Condition::About::kDisputed:
        value = f_.disputed;
        break;
      case Condition::About::kNewIdentity:
        value = f_.new_identity;
        break;
      case Condition::About::kSpentOffence:
        value = f_.spent_offence;
        break;
      case Condition::About::kNamesVictim:
        value = f_.names_victim;
        break;
    }
    return c.negated ? None(value) : value;
  }
  B Hold(const syntax::Conditions& all) const {
    B value = true;
    for (const Condition& c : all) value = All(value, Hold(c));
    return value;
  }
  B Phrase(const syntax::AskerPhrase& phrase) const {
    if (phrase.is_team) {
      const B purpose = f_.purpose.empty() ? B() : B(TeamPurpose());
      return All(f_.in_team, All(purpose, f_.agency.empty() ? B() : B(TeamAgency())));
    }
    B value = true;
    for (const syntax::Word& w : phrase.words) {
      const auto is_role = std::find(v_.roles.begin(), v_.roles.end(), w.text) != v_.roles.end();
      if (w.text == "practitioner")
        value = All(value, f_.practitioner);
      else if (w.text == "system" || w.text == "systems")
        value = All(value, None(f_.practitioner));
      else if (w.text == "holder")
        value = All(value, f_.holder.empty() ? B() : Is(f_.agency, f_.holder));
      else if (is_role)
        value = All(All(value, Is(f_.role, w.text)), f_.practitioner);
      else if (Agency(w.text))
        value = All(value, Is(f_.agency, w.text));
      else
        value = All(value, f_.agency.empty() ? B() : B(Agency(f_.agency)->kind == w.text));
    }
    return value;
  }
  B Askers(const syntax::AskerSelector& s) const {
    B value = s.everyone;
    for (const auto& p : s.any) value = Any(value, Phrase(p));
    for (const auto& p : s.except) value = All(value, None(Phrase(p)));
    return value;
  }
  B Items(const syntax::ItemPhrase& items) const {
    B value = items.everything;
    for (const syntax::Word& w : items.words) {
      const syntax::Group* group = nullptr;
      for (const auto& g : tree_.groups)
        if (g.name.text == w.text) group = &g;
      if (group) {
        for (const auto& member : group->words) value = Any(value, Is(f_.service, member.text));
      } else if (w.text == "marked-sensitive") {
        value = Any(value, f_.marked);
      } else {
        value = Any(value, Agency(w.text) ? Is(f_.holder, w.text) : Is(f_.service, w.text));
      }
    }
    if (items.held_by.empty()) return value;
    B held = false;
    for (const syntax::Word& w : items.held_by) {
      held = Any(held, Agency(w.text)      ? Is(f_.holder, w.text)
                       : f_.holder.empty() ? B()
                                           : B(Agency(f_.holder)->kind == w.text));
    }
    return All(value, held);
  }
  B Aspects(const syntax::Statement& s) const {
    if (s.effect == Effect::kHide && (s.aspects.mask & 1)) return true;  // existence hides all
    if (!((s.aspects.mask >> static_cast<int>(f_.aspect)) & 1)) return false;
    B value = true;
    const auto in = [](const std::vector<syntax::Word>& list, const std::string& fact) {
      B found = false;
      for (const auto& w : list) found = Any(found, Is(fact, w.text));
      return found;
    };
    const bool content = f_.aspect == Aspect::kContent;
    if ((content || f_.aspect == Aspect::kAssessment) && !s.aspects.assessments.empty()) {
      value = in(s.aspects.assessments, f_.assessment);
    }
    if (content && s.aspects.section_mode != syntax::Sections::kAll) {
      const B listed = in(s.aspects.sections, f_.section);
      value = All(value, s.aspects.section_mode == syntax::Sections::kOnly ? listed : None(listed));
    }
    return value;
  }
  B Party(const syntax::Rule& rule) const {
    if (rule.agreement < 0) return true;
    B asks = false, holds = false;
    for (const auto& p : tree_.agreements[static_cast<size_t>(rule.agreement)].parties) {
      asks = Any(asks, Is(f_.agency, p.text));
      holds = Any(holds, Is(f_.holder, p.text));
    }
    const B same = f_.holder.empty() ? B() : Is(f_.agency, f_.holder);
    return All(All(asks, holds), None(same));
  }
  B Match(const syntax::Rule& rule, const syntax::Statement& s) const {
    B value =
        All(All(All(Aspects(s), Items(s.items)), All(Askers(s.askers), Party(rule))), Hold(s.when));
    for (const auto& unless : s.unless) value = All(value, None(Hold(unless)));
    return value;
  }
  // Everything a show or broker needs besides its own words.
  bool Opens(const syntax::Rule& rule) const {
    const bool person = f_.aspect == Aspect::kContact || f_.aspect == Aspect::kContent;
    if (person && f_.practitioner != true) return false;
    if (rule.agreement >= 0) {
      const auto& a = tree_.agreements[static_cast<size_t>(rule.agreement)];
      if (f_.now_s < a.from_s || f_.now_s >= a.until_s) return false;
    }
    if (rule.basis == Gateway::kOwnRecord) return !f_.holder.empty() && f_.agency == f_.holder;
    if (rule.basis == Gateway::kCa1989S47) return f_.purpose == "safeguarding";
    if (rule.basis != Gateway::kCda1998S115) return rule.basis != Gateway::kNone;
    bool chosen = false;
    for (const auto& c : tree_.agreements[static_cast<size_t>(rule.agreement)].choices) {
      chosen |= c.holder.text == f_.holder && c.gateway == rule.basis;
    }
    const bool acts = (Agency(f_.agency) && Agency(f_.agency)->relevant_authority) ||
                      (f_.in_team && TeamAgency() && TeamPurpose());
    return chosen && acts && f_.necessity == true;
  }
  std::set<std::string> Overrides() const {
    std::set<std::string> opened;
    if (f_.ground == OverrideGround::kNone || f_.practitioner != true || f_.holder.empty() ||
        f_.service.empty())
      return opened;
    if (f_.ground == OverrideGround::kLegalDuty && f_.purpose != "safeguarding") return opened;
    if (f_.ground == OverrideGround::kExpressConsent &&
        Consent(Bit(ConsentState::kInForce) | Bit(ConsentMatter::kSharing)) != true)
      return opened;
    for (const syntax::Override& o : tree_.overrides) {
      std::set<std::string> lifts;
      for (const auto& w : o.lifts) lifts.insert(w.text);
      if (((o.opens >> static_cast<int>(f_.aspect)) & 1) &&
          ((o.grounds >> static_cast<int>(f_.ground)) & 1) && Askers(o.askers) == true &&
          Hold(o.when) == true &&
          std::includes(lifts.begin(), lifts.end(), lift_needed_.begin(), lift_needed_.end())) {
        opened.insert(o.id.text);
      }
    }
    return opened;
  }

  const syntax::Policy& tree_;
  const Vocabulary& v_;
  const Facts& f_;
  std::set<std::string> lift_needed_;
};

// ---- The evaluator, asked with the same facts ----

Tri ToTri(B value) { return !value ? Tri::kUnknown : *value ? Tri::kYes : Tri::kNo; }

Answer Evaluate(const Policy& policy, const Facts& f) {
  Question q;
  q.agency = policy.AgencySymbol(f.agency);
  q.role = policy.RoleSymbol(f.role);
  q.purpose = f.purpose.empty() ? Purpose::kUnspecified : *ParsePurpose(f.purpose);
  q.is_practitioner = ToTri(f.practitioner);
  if (!f.involved) q.relationships.unknown = Bit(Relationship::kOwnOpenFlag);
  if (f.involved == true) q.relationships.yes = Bit(Relationship::kOwnOpenFlag);
  q.necessity_stated = ToTri(f.necessity);
  TeamStanding standing;
  standing.team = policy.TeamSymbol("nortown-yot-team");
  standing.relationships.yes = Bit(Relationship::kOwnOpenFlag);
  if (f.in_team) q.teams = absl::MakeConstSpan(&standing, 1);
  q.override_request = {f.ground != OverrideGround::kNone, f.ground, true};
  q.now_s = f.now_s;
  Item i;
  i.holder = policy.AgencySymbol(f.holder);
  i.service = policy.ServiceSymbol(f.service);
  i.aspect = f.aspect;
  i.assessment = policy.AssessmentSymbol(f.assessment);
  i.section = policy.SectionSymbol(f.section);
  i.open = ToTri(f.open);
  i.disputed = ToTri(f.disputed);
  i.marked_sensitive = ToTri(f.marked);
  i.shielded = ToTri(f.shielded);
  i.new_identity = ToTri(f.new_identity);
  i.spent_offence = ToTri(f.spent_offence);
  i.names_victim = ToTri(f.names_victim);
  i.brokerable = Tri::kYes;
  i.consents_known = f.consents_known ? Tri::kYes : Tri::kUnknown;
  std::vector<ConsentFact> consents;
  for (const std::string& word : f.consents) {
    ConsentFact c;
    const auto says = [&](const char* part) { return word.find(part) != std::string::npos; };
    c.decision = says("refused")     ? ConsentDecision::kRefused
                 : says("withdrawn") ? ConsentDecision::kWithdrawn
                                     : ConsentDecision::kGiven;
    c.is_explicit = says("explicit");
    c.grantor = says("by parent") ? Grantor::kParentalResponsibility : Grantor::kSelfCompetent;
    c.matter = says("service") ? ConsentMatter::kService : ConsentMatter::kSharing;
    if (says("expired")) c.until_s = f.now_s;
    consents.push_back(c);
  }
  i.consents = consents;
  const Decision decision = policy.Decide(q, i);
  Answer answer;
  answer.effect = decision.effect;
  for (const RuleIndex rule : decision.rules) {
    if (rule != kNoRule) answer.rules.insert(policy.rules()[static_cast<size_t>(rule)].id);
  }
  EXPECT_LE(decision.rule_count, kDecidingRulesMax);
  EXPECT_EQ(decision.effect == Effect::kHide, decision.gateway == Gateway::kNone);
  return answer;
}

// ---- The space ----

const std::vector<std::vector<std::string>>& ConsentSets() {
  static const std::vector<std::vector<std::string>> sets = {{},
                                                             {"given"},
                                                             {"given explicit"},
                                                             {"refused"},
                                                             {"withdrawn"},
                                                             {"expired"},
                                                             {"given explicit", "refused"},
                                                             {"given", "withdrawn"},
                                                             {"given service"},
                                                             {"given explicit by parent"},
                                                             {"given by parent", "refused"},
                                                             {"given", "refused by parent"}};
  return sets;
}

// Calls `visit` with cells of the whole space: every `stride`-th of a mixed-radix count.
template <typename Visit>
size_t EachCell(const Policy& policy, size_t stride, Visit visit) {
  const std::vector<std::string> agencies = {"nortown-yot",
                                             "northern-connexions",
                                             "nortown-social-services",
                                             "nortown-housing",
                                             "nightstop-project",
                                             "nortown-drugs-advice",
                                             ""};
  const std::vector<std::string> roles = {"personal-adviser", "yot-officer", "social-worker",
                                          "housing-officer",  "manager",     ""};
  std::vector<std::string> purposes = {""};
  for (const Purpose p : AllPurposes()) purposes.emplace_back(ToString(p));
  const std::vector<std::string> services = {"youth-offending",
                                             "connexions",
                                             "childrens-social-care",
                                             "housing",
                                             "voluntary-project",
                                             "substance-misuse",
                                             ""};
  const std::vector<std::pair<std::string, std::string>> papers = {{"asset", "lifestyle"},
                                                                   {"asset", "victims"},
                                                                   {"asset", "offence-details"},
                                                                   {"apir", "aspirations"},
                                                                   {"cin-plan", "plan"},
                                                                   {"asset", ""},
                                                                   {"", ""}};
  const std::vector<B> tri = {B(false), B(true), B()};
  const std::vector<int64_t> times = {policy.in_force_s(), policy.in_force_s() - 1,
                                      policy.in_force_s() + 400LL * 86400,
                                      policy.in_force_s() + 36500LL * 86400};
  const std::vector<size_t> radix = {
      agencies.size(), roles.size(),    purposes.size(), 3, 3, 2, 2, 3,
      agencies.size(), services.size(), papers.size(),   7, 3, 3, 3, ConsentSets().size() + 1,
      times.size()};
  size_t total = 1;
  for (const size_t r : radix) total *= r;
  size_t visited = 0;
  for (size_t cell = 0; cell < total; cell += stride, ++visited) {
    size_t rest = cell, d = 0;
    const auto digit = [&] {
      const size_t value = rest % radix[d];
      rest /= radix[d++];
      return value;
    };
    Facts f;
    f.agency = agencies[digit()];
    f.role = roles[digit()];
    f.purpose = purposes[digit()];
    f.practitioner = tri[digit()];
    f.involved = tri[digit()];
    f.necessity = digit() == 1;
    f.in_team = digit() == 1;
    const size_t ground = digit();
    f.ground = ground == 0   ? OverrideGround::kNone
               : ground == 1 ? OverrideGround::kLegalDuty
                             : OverrideGround::kExpressConsent;
    f.holder = agencies[digit()];
    f.service = services[digit()];
    std::tie(f.assessment, f.section) = papers[digit()];
    f.aspect = AllAspects()[digit()];
    f.open = tri[digit()];
    f.marked = tri[digit()];
    f.shielded = tri[digit()];
    f.disputed = f.open;
    // Not digits of their own, lest the space grow beyond visiting: mixed from those that are.
    f.new_identity = tri[(cell / 7) % 3];
    f.spent_offence = tri[(cell / 11) % 3];
    f.names_victim = tri[(cell / 13) % 3];
    const size_t consents = digit();
    f.consents_known = consents < ConsentSets().size();
    if (f.consents_known) f.consents = ConsentSets()[consents];
    f.now_s = times[digit()];
    visit(f);
  }
  return visited;
}

int Rank(Effect effect) { return static_cast<int>(effect); }  // hide < broker < show

struct Compiled {
  std::shared_ptr<const Policy> policy;
  syntax::Policy tree;
};

Compiled Build(const std::string& text) {
  CompileOptions options;
  options.prove_checks = false;  // nortown_test proves them
  CompileResult result = Compile(text, NortownVocabulary(), options);
  EXPECT_TRUE(result.ok()) << result.Errors() << text;
  syntax::Diagnostics diagnostics;
  return {result.policy, syntax::Parse(text, NortownVocabulary(), diagnostics)};
}

void ExpectEqualToNaive(const Compiled& compiled, size_t stride, std::map<Effect, size_t>& seen) {
  const Vocabulary v = NortownVocabulary();
  size_t differing = 0;
  EachCell(*compiled.policy, stride, [&](const Facts& f) {
    const Answer naive = Naive(compiled.tree, v, f).Decide();
    const Answer ours = Evaluate(*compiled.policy, f);
    ++seen[ours.effect];
    if (naive == ours || ++differing > 3) return;
    ADD_FAILURE() << f.agency << "/" << f.role << " for '" << f.purpose << "' "
                  << ToString(f.aspect) << " of " << f.service << " held by " << f.holder << " "
                  << f.section << ": naive " << ToString(naive.effect) << " by "
                  << absl::StrJoin(naive.rules, " ") << ", ours " << ToString(ours.effect) << " by "
                  << absl::StrJoin(ours.rules, " ");
  });
  EXPECT_EQ(differing, 0u);
}

TEST(Properties, NortownIsDecidedAsTheNaiveInterpreterDoes) {
  const Compiled nortown = Build(testing::ShippedPolicy("nortown"));
  std::map<Effect, size_t> seen;
  ExpectEqualToNaive(nortown, 3'700'001, seen);
  // The space is not a desert: all three effects were met.
  EXPECT_GT(seen[Effect::kShow], 500u);
  EXPECT_GT(seen[Effect::kBroker], 5u);
  EXPECT_GT(seen[Effect::kHide], 10'000u);
}

TEST(Properties, RandomPoliciesAreDecidedAsTheNaiveInterpreterDoes) {
  std::map<Effect, size_t> seen;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<std::string> rules = Author(seed).Rules(6);
    ExpectEqualToNaive(Build(Author::Text(rules, Author::Override(rules))), 40'000'003, seen);
  }
  EXPECT_GT(seen[Effect::kShow], 1'000u);
  EXPECT_GT(seen[Effect::kBroker], 20u);
}

TEST(Properties, AddingAHideNeverShowsMoreAndReorderingChangesNothing) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Author author(seed);
    std::vector<std::string> rules = author.Rules(6);
    const std::string overrides = Author::Override(rules);
    const Compiled before = Build(Author::Text(rules, overrides));
    std::vector<std::string> shuffled = rules;
    std::shuffle(shuffled.begin(), shuffled.end(), author.random());
    const Compiled reordered = Build(Author::Text(shuffled, overrides));
    // An id that sorts before all others, so that every rule gets another number.
    std::vector<std::string> more = rules;
    more.push_back(author.Hide("A0"));
    const Compiled hidden = Build(Author::Text(more, overrides));
    EachCell(*before.policy, 211'000'003, [&](const Facts& f) {
      const Answer answer = Evaluate(*before.policy, f);
      EXPECT_EQ(answer, Evaluate(*reordered.policy, f));
      EXPECT_LE(Rank(Evaluate(*hidden.policy, f).effect), Rank(answer.effect));
    });
  }
}

TEST(Properties, TakingAConsentAwayNeverShowsMore) {
  const Compiled nortown = Build(testing::ShippedPolicy("nortown"));
  size_t compared = 0;
  EachCell(*nortown.policy, 3'700'001, [&](Facts f) {
    const size_t given = static_cast<size_t>(
        std::count_if(f.consents.begin(), f.consents.end(),
                      [](const std::string& c) { return c.rfind("given", 0) == 0; }));
    if (given == 0) return;
    const Effect with = Evaluate(*nortown.policy, f).effect;
    f.consents.erase(std::remove_if(f.consents.begin(), f.consents.end(),
                                    [](const std::string& c) { return c.rfind("given", 0) == 0; }),
                     f.consents.end());
    EXPECT_LE(Rank(Evaluate(*nortown.policy, f).effect), Rank(with));
    ++compared;
  });
  EXPECT_GT(compared, 10'000u);
}

// Forgetting any one fact never shows more than any value it could have had.
TEST(Properties, AnUnknownFactNeverShowsMore) {
  std::vector<Compiled> policies;
  policies.push_back(Build(testing::ShippedPolicy("nortown")));
  for (uint32_t seed = 1; seed <= 15; ++seed) {
    const std::vector<std::string> rules = Author(seed).Rules(6);
    policies.push_back(Build(Author::Text(rules, Author::Override(rules))));
  }
  for (const Compiled& compiled : policies) {
    EachCell(*compiled.policy, 211'000'003, [&](const Facts& f) {
      const int known = Rank(Evaluate(*compiled.policy, f).effect);
      const auto forget = [&](auto change) {
        Facts less = f;
        change(less);
        EXPECT_LE(Rank(Evaluate(*compiled.policy, less).effect), known);
      };
      forget([](Facts& x) { x.agency.clear(); });
      forget([](Facts& x) { x.role.clear(); });
      forget([](Facts& x) { x.purpose.clear(); });
      forget([](Facts& x) { x.practitioner.reset(); });
      forget([](Facts& x) { x.involved.reset(); });
      forget([](Facts& x) { x.necessity.reset(); });
      forget([](Facts& x) { x.holder.clear(); });
      forget([](Facts& x) { x.service.clear(); });
      forget([](Facts& x) { x.assessment.clear(); });
      forget([](Facts& x) { x.section.clear(); });
      forget([](Facts& x) { x.open.reset(); });
      forget([](Facts& x) { x.disputed.reset(); });
      forget([](Facts& x) { x.marked.reset(); });
      forget([](Facts& x) { x.shielded.reset(); });
      forget([](Facts& x) { x.new_identity.reset(); });
      forget([](Facts& x) { x.spent_offence.reset(); });
      forget([](Facts& x) { x.names_victim.reset(); });
      forget([](Facts& x) {
        x.consents_known = false;
        x.consents.clear();
      });
    });
  }
}

}  // namespace
}  // namespace signpost::policy
