// Whether Nortown's examples and checks would notice if one of its rules were another.
//
// Every rule is changed in turn, one small change at a time: a statement silenced, a condition
// dropped, askers widened to everyone, an obligation forgotten. Some example or check must fail for
// each, or the language itself must refuse it. Who survives is printed, and is in kExplained with
// the reason why nothing could notice.

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/analysis/compile.h"
#include "policy/engine/program.h"
#include "policy/text/syntax.h"
#include "tests/policy/area.h"
#include "tests/policy/files.h"

namespace signpost::policy {
namespace {

using syntax::Condition;
using syntax::Conditions;

struct Mutant {
  std::string what;
  syntax::Policy tree;
};

class Mutator {
 public:
  explicit Mutator(const syntax::Policy& tree) : tree_(tree) {}

  std::vector<Mutant> Run() {
    for (size_t r = 0; r < tree_.rules.size(); ++r) {
      MutateRule(tree_.rules[r].id.text,
                 [r](syntax::Policy& t) -> syntax::Rule& { return t.rules[r]; });
    }
    for (size_t o = 0; o < tree_.overrides.size(); ++o) MutateOverride(o);
    for (size_t g = 0; g < tree_.agreements.size(); ++g) MutateAgreement(g);
    return std::move(mutants_);
  }

 private:
  template <typename Change>
  void Add(const std::string& what, Change change) {
    mutants_.push_back({what, tree_});
    change(mutants_.back().tree);
  }

  // `at(tree)` is the list of `at(tree_)` in a copy of the tree.
  template <typename At>
  void DropEach(const std::string& what, At at, size_t keep = 0) {
    syntax::Policy copy = tree_;
    const size_t size = at(copy).size();
    for (size_t i = 0; size > keep && i < size; ++i) {
      Add(absl::StrCat(what, " ", i + 1), [&](syntax::Policy& t) {
        auto& list = at(t);
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
      });
    }
  }

  template <typename At>
  void MutateConditions(const std::string& what, At at) {
    DropEach(absl::StrCat(what, " without condition"), at);
    syntax::Policy copy = tree_;
    for (size_t i = 0; i < at(copy).size(); ++i) {
      const Condition& condition = at(copy)[i];
      const std::string which = absl::StrCat(what, " with condition ", i + 1);
      if (condition.about == Condition::About::kConsent) {
        if ((condition.consent_states & Bit(ConsentState::kExplicit)) != 0) {
          Add(absl::StrCat(which, " not explicit"),
              [&](syntax::Policy& t) { at(t)[i].consent_states &= ~Bit(ConsentState::kExplicit); });
        }
      } else {
        Add(absl::StrCat(which, " turned round"),
            [&](syntax::Policy& t) { at(t)[i].negated = !at(t)[i].negated; });
      }
      for (const Purpose purpose : AllPurposes()) {
        const uint32_t bit = 1u << static_cast<unsigned>(purpose);
        if ((condition.purposes & bit) == 0 || condition.purposes == bit) continue;
        Add(absl::StrCat(which, " without ", std::string(ToString(purpose))),
            [&](syntax::Policy& t) { at(t)[i].purposes &= ~bit; });
      }
    }
  }

  template <typename At>
  void MutateAskers(const std::string& what, At at) {
    syntax::Policy copy = tree_;
    if (!at(copy).everyone) {
      Add(absl::StrCat(what, " for everyone"), [&](syntax::Policy& t) {
        at(t).everyone = true;
        at(t).any.clear();
      });
    }
    DropEach(
        absl::StrCat(what, " without asker"),
        [at](syntax::Policy & t) -> auto& { return at(t).any; }, 1);
    DropEach(
        absl::StrCat(what, " without exception"), [at](syntax::Policy & t) -> auto& {
          return at(t).except;
        });
    for (size_t i = 0; i < at(copy).any.size(); ++i) {
      DropEach(
          absl::StrCat(what, " asker ", i + 1, " without word"),
          [ at, i ](syntax::Policy & t) -> auto& { return at(t).any[i].words; }, 1);
    }
  }

  template <typename At>
  void MutateRule(const std::string& id, At at) {
    const syntax::Rule rule = [&] {
      syntax::Policy copy = tree_;
      return at(copy);
    }();
    for (const Obligation one : AllObligations()) {
      if ((rule.obligations & Bit(one)) == 0) continue;
      Add(absl::StrCat(id, " without ", std::string(ToString(one))),
          [&](syntax::Policy& t) { at(t).obligations &= ~Bit(one); });
    }
    if (rule.basis != Gateway::kNone) {
      const Gateway other =
          rule.basis == Gateway::kCa2004S10 ? Gateway::kCa2004S11 : Gateway::kCa2004S10;
      Add(absl::StrCat(id, " on another basis"), [&](syntax::Policy& t) { at(t).basis = other; });
    }
    Add(absl::StrCat(id, rule.liftable ? " not to be lifted" : " to be lifted"),
        [&](syntax::Policy& t) { at(t).liftable = !at(t).liftable; });
    for (size_t s = 0; s < rule.statements.size(); ++s) {
      MutateStatement(
          absl::StrCat(id, "/", s + 1), rule.statements[s],
          [at, s](syntax::Policy& t) -> syntax::Statement& { return at(t).statements[s]; });
    }
  }

  template <typename At>
  void MutateStatement(const std::string& what, const syntax::Statement& statement, At at) {
    Add(absl::StrCat(what, " silenced"), [&](syntax::Policy& t) {
      Condition never;
      never.about = Condition::About::kPurpose;
      never.purposes = 1u << static_cast<unsigned>(Purpose::kHousing);
      at(t).when.push_back(never);
      never.purposes = 1u << static_cast<unsigned>(Purpose::kAudit);
      at(t).when.push_back(never);
    });
    MutateConditions(what, [at](syntax::Policy& t) -> Conditions& { return at(t).when; });
    DropEach(
        absl::StrCat(what, " without unless"), [at](syntax::Policy & t) -> auto& {
          return at(t).unless;
        });
    for (size_t u = 0; u < statement.unless.size(); ++u) {
      MutateConditions(absl::StrCat(what, " unless ", u + 1),
                       [at, u](syntax::Policy& t) -> Conditions& { return at(t).unless[u]; });
    }
    MutateAskers(
        what, [at](syntax::Policy & t) -> auto& { return at(t).askers; });
    const bool shows = statement.effect == Effect::kShow;
    for (const Aspect aspect : AllAspects()) {
      const auto bit = static_cast<uint8_t>(1u << static_cast<unsigned>(aspect));
      const bool has = (statement.aspects.mask & bit) != 0;
      // A hide of existence hides all the rest, whatever else it names.
      const bool implied = statement.effect == Effect::kHide && (statement.aspects.mask & 1) != 0;
      if (implied && aspect != Aspect::kExistence) continue;
      if (has ? statement.aspects.mask == bit : !shows) continue;
      Add(absl::StrCat(what, has ? " without " : " and ", std::string(ToString(aspect))),
          [&](syntax::Policy& t) {
            at(t).aspects.everything = false;
            at(t).aspects.mask ^= bit;
          });
    }
    if (statement.aspects.section_mode != syntax::Sections::kAll) {
      Add(absl::StrCat(what, " of all sections"), [&](syntax::Policy& t) {
        at(t).aspects.section_mode = syntax::Sections::kAll;
        at(t).aspects.sections.clear();
      });
      DropEach(
          absl::StrCat(what, " without section"),
          [at](syntax::Policy & t) -> auto& { return at(t).aspects.sections; }, 1);
    }
    if (!statement.aspects.assessments.empty()) {
      Add(absl::StrCat(what, " of any assessment"),
          [&](syntax::Policy& t) { at(t).aspects.assessments.clear(); });
      DropEach(
          absl::StrCat(what, " without assessment"),
          [at](syntax::Policy & t) -> auto& { return at(t).aspects.assessments; }, 1);
    }
    if (!statement.items.everything) {
      Add(absl::StrCat(what, " of everything"), [&](syntax::Policy& t) {
        at(t).items.everything = true;
        at(t).items.words.clear();
      });
      DropEach(
          absl::StrCat(what, " without item"),
          [at](syntax::Policy & t) -> auto& { return at(t).items.words; }, 1);
    }
    if (!statement.items.held_by.empty()) {
      Add(absl::StrCat(what, " whoever holds it"),
          [&](syntax::Policy& t) { at(t).items.held_by.clear(); });
    }
  }

  void MutateOverride(size_t o) {
    const syntax::Override& rule = tree_.overrides[o];
    const std::string id = rule.id.text;
    MutateAskers(
        id, [o](syntax::Policy & t) -> auto& { return t.overrides[o].askers; });
    MutateConditions(id, [o](syntax::Policy& t) -> Conditions& { return t.overrides[o].when; });
    DropEach(
        absl::StrCat(id, " without lifting"), [o](syntax::Policy & t) -> auto& {
          return t.overrides[o].lifts;
        });
    for (const OverrideGround ground : AllOverrideGrounds()) {
      const uint32_t bit = 1u << static_cast<unsigned>(ground);
      Add(absl::StrCat(id, (rule.grounds & bit) != 0 ? " without " : " and ",
                       std::string(ToString(ground))),
          [&](syntax::Policy& t) { t.overrides[o].grounds ^= bit; });
    }
    for (const Aspect aspect : AllAspects()) {
      const auto bit = static_cast<uint8_t>(1u << static_cast<unsigned>(aspect));
      Add(absl::StrCat(id, (rule.opens & bit) != 0 ? " without " : " and ",
                       std::string(ToString(aspect))),
          [&](syntax::Policy& t) { t.overrides[o].opens ^= bit; });
    }
    for (const Obligation one : AllObligations()) {
      if ((rule.obligations & Bit(one)) == 0) continue;
      Add(absl::StrCat(id, " without ", std::string(ToString(one))),
          [&](syntax::Policy& t) { t.overrides[o].obligations &= ~Bit(one); });
    }
  }

  void MutateAgreement(size_t g) {
    const std::string id = tree_.agreements[g].id.text;
    DropEach(
        absl::StrCat(id, " without choice"), [g](syntax::Policy & t) -> auto& {
          return t.agreements[g].choices;
        });
    Add(absl::StrCat(id, " a day longer"),
        [g](syntax::Policy& t) { t.agreements[g].until_s += 86400; });
    Add(absl::StrCat(id, " a day shorter"),
        [g](syntax::Policy& t) { t.agreements[g].until_s -= 86400; });
    Add(absl::StrCat(id, " a day later"),
        [g](syntax::Policy& t) { t.agreements[g].from_s += 86400; });
  }

  const syntax::Policy& tree_;
  std::vector<Mutant> mutants_;
};

// Changes that nothing can notice, and why.
const std::map<std::string, std::string>& Explained() {
  static constexpr char kSystems[] =
      "a system alone never sees contact or content, whatever a rule says";
  static constexpr char kParties[] = "the agreement's parties leave nobody else";
  static const auto* const explained = new std::map<std::string, std::string>{
      {"APIR-CONSENT/1 asker 1 without word 2", kSystems},
      {"APIR-CONSENT/2 asker 1 without word 2", kSystems},
      {"ASSET-CONSENT/1 asker 1 without word 2", kSystems},
      {"ASSET-CONSENT/2 asker 1 without word 2", kSystems},
      {"PLAN-CONSENT/1 asker 1 without word 2", kParties},
      {"PLAN-CONSENT/2 asker 1 without word 2", kParties},
      {"PLAN-CONSENT/1 asker 2 without word 2", kParties},
      {"PLAN-CONSENT/2 asker 2 without word 2", kParties},
      {"PROJECT-WORKER/1 asker 1 without word 2", kParties},
      {"PROJECT-WORKER/1 asker 2 without word 2", kParties},
      {"SOCIAL-ADVISER/1 asker 1 without word 2", kParties},
      {"SOCIAL-ADVISER/1 asker 2 without word 2", kParties},
      {"SOCIAL-YOT-WORKER/1 asker 1 without word 2", kParties},
      {"SOCIAL-YOT-WORKER/1 asker 2 without word 2", kParties},
      {"PLAN-CONSENT/1 without assessment 1", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/2 without assessment 1", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/1 without assessment 2", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/2 without assessment 2", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/1 without assessment 3", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/2 without assessment 3", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/1 without assessment 4", "it is named twice, once for each aspect"},
      {"PLAN-CONSENT/2 without assessment 4", "it is named twice, once for each aspect"},
      {"NEW-FILE to be lifted", "no override names it"},
      {"NEW-IDENTITY to be lifted", "no override names it"},
      {"PROJECT to be lifted", "no override names it"},
      {"PURPOSE to be lifted", "no override names it"},
      {"SHIELD to be lifted", "no override names it"},
      {"SYSTEM to be lifted", "no override names it"},
      {"SENSITIVE-CONSENT/1 with condition 1 not explicit",
       "SENSITIVE hides it without explicit consent"},
      {"SENSITIVE/2 of everything", "a broker softens the hide of its own rule alone"},
      {"SOCIAL-CONNEXIONS-NOTICE/1 and contact", kSystems},
      {"SOCIAL-CONNEXIONS-NOTICE/1 and content", kSystems},
      {"SOCIAL-CONNEXIONS-NOTICE/1 asker 1 without word 1", kParties},
      {"SOCIAL-CONNEXIONS-NOTICE/1 whoever holds it", kParties},
      {"SOCIAL-CONNEXIONS-NOTICE/2 and contact", kSystems},
      {"SOCIAL-CONNEXIONS-NOTICE/2 and content", kSystems},
      {"SOCIAL-CONNEXIONS-NOTICE/2 asker 1 without word 1", kParties},
      {"SOCIAL-CONNEXIONS-NOTICE/2 whoever holds it", kParties},
      {"SOCIAL-YOT-NOTICE/1 and contact", kSystems},
      {"SOCIAL-YOT-NOTICE/1 and content", kSystems},
      {"SOCIAL-YOT-NOTICE/1 asker 1 without word 1", kParties},
      {"SOCIAL-YOT-NOTICE/1 whoever holds it", kParties},
      {"SOCIAL-YOT-NOTICE/2 and contact", kSystems},
      {"SOCIAL-YOT-NOTICE/2 and content", kSystems},
      {"SOCIAL-YOT-NOTICE/2 asker 1 without word 1", kParties},
      {"SOCIAL-YOT-NOTICE/2 whoever holds it", kParties},
      {"VICTIM-NAMED to be lifted", "no override names it"},
      {"YOT-CONNEXIONS-NOTICE/1 and contact", kSystems},
      {"YOT-CONNEXIONS-NOTICE/1 and content", kSystems},
      {"YOT-CONNEXIONS-NOTICE/1 asker 1 without word 1", kParties},
      {"YOT-CONNEXIONS-NOTICE/1 whoever holds it", kParties},
      {"YOT-CONNEXIONS-NOTICE/2 and contact", kSystems},
      {"YOT-CONNEXIONS-NOTICE/2 and content", kSystems},
      {"YOT-CONNEXIONS-NOTICE/2 asker 1 without word 1", kParties},
      {"YOT-CONNEXIONS-NOTICE/2 whoever holds it", kParties}};
  return *explained;
}

TEST(Mutation, NortownsExamplesAndChecksNoticeEveryChange) {
  const Vocabulary vocabulary = testing::AreaVocabulary("nortown");
  syntax::Diagnostics diagnostics;
  const syntax::Policy tree =
      syntax::Parse(testing::ShippedPolicy("nortown"), vocabulary, diagnostics);
  ASSERT_TRUE(diagnostics.empty());
  CompileOptions examples_alone;
  examples_alone.prove_checks = false;
  CompileOptions checks_alone;
  checks_alone.run_examples = false;
  ASSERT_TRUE(CompileTree(tree, vocabulary, CompileOptions()).ok());
  size_t refused = 0;
  size_t by_example = 0;
  size_t by_check = 0;
  std::map<std::string, int> survivors;
  const std::vector<Mutant> mutants = Mutator(tree).Run();
  for (const Mutant& mutant : mutants) {
    const CompileResult examples = CompileTree(mutant.tree, vocabulary, examples_alone);
    if (!examples.ok()) {
      ++(absl::StrContains(examples.Errors(), "the example \"") ? by_example : refused);
      continue;
    }
    if (!CompileTree(mutant.tree, vocabulary, checks_alone).ok()) {
      ++by_check;
      continue;
    }
    ++survivors[mutant.what];
  }
  std::printf(
      "%zu changes: %zu noticed by an example, %zu by a check, %zu refused by the language, "
      "%zu survive\n",
      mutants.size(), by_example, by_check, refused, survivors.size());
  for (const auto& [what, count] : survivors) {
    const auto it = Explained().find(what);
    std::printf("survivor: %s%s\n", what.c_str(),
                it == Explained().end() ? "" : absl::StrCat(" (", it->second, ")").c_str());
    EXPECT_TRUE(it != Explained().end()) << what << " is noticed by nothing";
  }
  for (const auto& [what, why] : Explained()) {
    EXPECT_EQ(survivors.count(what), 1u) << what << " is noticed after all";
  }
  EXPECT_GT(mutants.size(), 300u);
}

}  // namespace
}  // namespace signpost::policy
