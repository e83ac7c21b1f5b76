// The evaluator against a naive one, and the properties that must hold of every policy.
//
// The naive one is the reference interpreter (reference.h).

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
#include "policy/text/syntax.h"
#include "tests/policy/author.h"
#include "tests/policy/engine/reference.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"

namespace signpost::policy {
namespace {

using B = std::optional<bool>;  // nothing: unknown
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

using Answer = testing::ReferenceAnswer;

// ---- The evaluator, asked with the same facts ----

Tri ToTri(B value) { return !value ? Tri::kUnknown : *value ? Tri::kYes : Tri::kNo; }

// With `facts`, also says there what was asked, in words.
Answer Evaluate(const Policy& policy, const Facts& f, testing::ReferenceFacts* facts = nullptr) {
  Question q;
  q.agency = policy.AgencySymbol(f.agency);
  q.role = policy.RoleSymbol(f.role);
  q.purpose = f.purpose.empty() ? Purpose::kUnspecified : *ParsePurpose(f.purpose);
  q.is_practitioner = ToTri(f.practitioner);
  if (!f.involved) q.relationships.unknown = kNamedAndSettled;
  if (f.involved == true) q.relationships.yes = kNamedAndSettled;
  q.necessity_stated = ToTri(f.necessity);
  TeamStanding standing;
  standing.team = policy.TeamSymbol("nortown-yot-team");
  standing.relationships.yes = kNamedAndSettled;
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
  // A child of whom no birthday that ends somebody's say is near. Of whom it is not known, a parent's
  // yes makes unknown what was known: that hides, and is tried where single facts are.
  i.sixteen_from_s = kNeverS;
  i.adult_from_s = kNeverS;
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
  if (facts != nullptr) *facts = testing::InWords(policy, NortownVocabulary(), q, i);
  const Decision decision = policy.Decide(q, i);
  Answer answer;
  answer.effect = decision.effect;
  for (const RuleIndex rule : decision.rules) {
    if (rule != kNoRule) answer.rules.insert(policy.rules()[static_cast<size_t>(rule)].id);
  }
  // A show has a basis; that of an override on a legal duty is in the practitioner's words alone.
  const bool stated = decision.by_override && f.ground == OverrideGround::kLegalDuty;
  EXPECT_EQ(decision.effect == Effect::kHide || stated, decision.gateway == Gateway::kNone);
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
    testing::ReferenceFacts facts;
    const Answer ours = Evaluate(*compiled.policy, f, &facts);
    const Answer naive = testing::Decide(compiled.tree, v, facts);
    ++seen[ours.effect];
    // Of more rules than a decision has room for it names as many as it has.
    const bool same_rules =
        naive.rules == ours.rules ||
        (naive.rules.size() > kDecidingRulesMax && ours.rules.size() == kDecidingRulesMax &&
         std::includes(naive.rules.begin(), naive.rules.end(), ours.rules.begin(),
                       ours.rules.end()));
    if ((naive.effect == ours.effect && same_rules) || ++differing > 3) return;
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
  ExpectEqualToNaive(nortown, 900'001, seen);
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
    const Answer answer = Evaluate(*nortown.policy, f);
    const Effect with = answer.effect;
    const std::vector<std::string> before(f.consents.begin(), f.consents.end());
    f.consents.erase(std::remove_if(f.consents.begin(), f.consents.end(),
                                    [](const std::string& c) { return c.rfind("given", 0) == 0; }),
                     f.consents.end());
    EXPECT_LE(Rank(Evaluate(*nortown.policy, f).effect), Rank(with))
        << f.agency << "/" << f.role << " for '" << f.purpose << "' " << ToString(f.aspect)
        << " of " << f.service << " held by " << f.holder
        << ", given away: " << absl::StrJoin(before, "; ") << ", with it decided by "
        << absl::StrJoin(answer.rules, " ");
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
