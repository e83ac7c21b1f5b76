// The engine against the reference interpreter: effect and deciding rules, on every shipped policy.

#include "tests/policy/engine/reference.h"

#include <array>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/analysis/decision_space.h"
#include "policy/engine/evaluation.h"
#include "tests/policy/area.h"
#include "tests/policy/files.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

// A policy with its tree, and what the comparison met.
struct Judged {
  Judged(const std::string& text, const Vocabulary& v) : vocabulary(v) {
    CompileOptions options;
    options.run_examples = options.prove_checks = false;
    CompileResult result = Compile(text, vocabulary, options);
    EXPECT_TRUE(result.ok()) << result.Errors();
    policy = result.policy;
    syntax::Diagnostics diagnostics;
    tree = syntax::Parse(text, vocabulary, diagnostics);
  }

  void Compare(const Question& question, const Item& item) {
    const Decision decision = policy->Decide(question, item);
    if (decision.rule_count > kDecidingRulesMax) return;
    testing::ReferenceAnswer ours;
    ours.effect = decision.effect;
    for (const RuleIndex rule : decision.rules) {
      if (rule != kNoRule) ours.rules.insert(policy->rules()[static_cast<size_t>(rule)].id);
    }
    const testing::ReferenceFacts facts = testing::InWords(*policy, vocabulary, question, item);
    const testing::ReferenceAnswer theirs = testing::Decide(tree, vocabulary, facts);
    met.insert(ours.rules.begin(), ours.rules.end());
    ++cells;
    if (ours == theirs || ++differing > 3) return;
    std::string rules;
    for (const std::string& rule : ours.rules) rules += " " + rule;
    rules += " but";
    for (const std::string& rule : theirs.rules) rules += " " + rule;
    ADD_FAILURE() << facts.agency << "/" << facts.role << " for '" << facts.purpose << "' "
                  << ToString(facts.aspect) << " of " << facts.service << " held by "
                  << facts.holder << ": ours " << ToString(ours.effect) << ", the reference "
                  << ToString(theirs.effect) << "; rules" << rules;
  }

  const Vocabulary vocabulary;
  std::shared_ptr<const Policy> policy;
  syntax::Policy tree;
  std::set<std::string> met;
  int64_t cells = 0;
  int64_t differing = 0;
};

// Everything random, known or not: consents of any kind (also of unknown grantors), birthdays,
// several relationships.
void CompareAtRandom(Judged& judged, int trials) {
  const PolicyImpl* const impl = &judged.policy->impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr, true);
  std::mt19937 random(11);
  const auto below = [&random](size_t size) { return static_cast<size_t>(random() % size); };
  const auto tri = [&below] { return static_cast<Tri>(below(5) == 0 ? 0 : 1 + below(2)); };
  for (int trial = 0; trial < trials; ++trial) {
    Cell cell(space, space.askers[below(space.askers.size())],
              space.items[below(space.items.size())]);
    for (int f = 0; f < kFactCount; ++f) {
      const Fact fact = static_cast<Fact>(f);
      cell.Set(fact, static_cast<int>(below(static_cast<size_t>(CountOf(space, fact)))));
    }
    Question& q = cell.question;
    Item& i = cell.item;
    if (below(10) == 0) q.agency = kNoSymbol;
    if (below(10) == 0) q.role = kNoSymbol;
    if (below(10) == 0) q.is_practitioner = Tri::kUnknown;
    if (below(10) == 0) q.purpose = Purpose::kUnspecified;
    if (below(3) == 0) {
      q.relationships.yes = static_cast<uint8_t>(below(32));
      q.relationships.unknown = static_cast<uint8_t>(below(32));
    }
    if (below(20) == 0) q.now_s = judged.policy->in_force_s() - 1;
    if (below(2) == 0) q.override_request.requested = false;
    q.override_request.reason_stated = below(10) != 0;
    q.necessity_stated = tri();
    if (below(10) == 0) i.holder = kNoSymbol;
    if (below(10) == 0) i.service = kNoSymbol;
    if (below(10) == 0) i.assessment = kNoSymbol;
    if (below(10) == 0) i.section = kNoSymbol;
    if (below(4) == 0) i.open = tri();
    if (below(4) == 0) i.disputed = tri();
    if (below(4) == 0) i.marked_sensitive = tri();
    if (below(4) == 0) i.shielded = tri();
    if (below(4) == 0) i.new_identity = tri();
    if (below(4) == 0) i.spent_offence = tri();
    if (below(4) == 0) i.names_victim = tri();
    if (below(4) == 0) i.brokerable = tri();
    if (below(10) == 0) i.consents_known = Tri::kUnknown;
    const int64_t birthdays[] = {kUnknownS, kNeverS, q.now_s, q.now_s + 1};
    i.sixteen_from_s = birthdays[below(4)];
    i.adult_from_s = birthdays[below(4)];
    std::vector<ConsentFact> consents;
    if (below(2) == 0) {
      for (size_t c = below(4); c > 0; --c) {
        ConsentFact fact;
        fact.decision = static_cast<ConsentDecision>(below(3));
        fact.is_explicit = below(2) == 0;
        fact.grantor = static_cast<Grantor>(below(6));
        fact.matter = static_cast<ConsentMatter>(below(4));
        fact.from_s = q.now_s - static_cast<int64_t>(below(3)) + 1;
        fact.until_s = below(2) == 0 ? kNeverS : q.now_s + static_cast<int64_t>(below(3)) - 1;
        consents.push_back(fact);
      }
      i.consents = consents;
    }
    judged.Compare(q, i);
  }
}

// One cell of each class of cells that the rules tell apart, in every circumstance (or, of a policy
// with very many, in every `stride`-th).
void CompareEveryClass(Judged& judged, int64_t cells_max) {
  const PolicyImpl* const impl = &judged.policy->impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr, true);
  std::set<std::string> classes;
  std::vector<std::pair<const AskerClass*, const Item*>> pairs;
  for (const AskerClass& asker : space.askers) {
    for (const Item& item : space.items) {
      Cell cell(space, asker, item);
      cell.question.purpose = Purpose::kUnspecified;
      const std::string signature = std::to_string(asker.team) + "/" +
                                    Evaluation(*impl, cell.question, cell.item).Signature();
      if (classes.insert(signature).second) pairs.emplace_back(&asker, &item);
    }
  }
  int64_t circumstances = 1;
  for (int f = 0; f < kFactCount; ++f) circumstances *= CountOf(space, static_cast<Fact>(f));
  const int64_t all = circumstances * static_cast<int64_t>(pairs.size());
  // Odd, so that the stride falls into step with no dimension.
  const int64_t stride = (all / cells_max) | 1;
  for (int64_t at = 0; at < all; at += stride) {
    const auto& [asker, item] = pairs[static_cast<size_t>(at / circumstances)];
    Cell cell(space, *asker, *item);
    int64_t rest = at % circumstances;
    for (int f = 0; f < kFactCount; ++f) {
      const Fact fact = static_cast<Fact>(f);
      cell.Set(fact, static_cast<int>(rest % CountOf(space, fact)));
      rest /= CountOf(space, fact);
    }
    judged.Compare(cell.question, cell.item);
  }
}

void ExpectAgreement(Judged& judged, bool all_rules) {
  EXPECT_EQ(judged.differing, 0) << "of " << judged.cells;
  if (!all_rules) return;
  for (const RuleInfo& rule : judged.policy->rules()) {
    EXPECT_EQ(judged.met.count(rule.id), 1u) << rule.id << " decided no cell";
  }
}

class ReferenceTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ReferenceTest, DecidesAsTheEngineDoes) {
  Judged judged(testing::ShippedPolicy(GetParam()), testing::AreaVocabulary(GetParam()));
  ASSERT_NE(judged.policy, nullptr);
  CompareEveryClass(judged, 60'000);
  CompareAtRandom(judged, 40'000);
  EXPECT_GE(judged.cells, 90'000);
  ExpectAgreement(judged, false);
}

INSTANTIATE_TEST_SUITE_P(Shipped, ReferenceTest,
                         ::testing::Values("nortown", "metborough", "midland", "national"),
                         [](const auto& param) { return std::string(param.param); });

TEST(Reference, DecidesASmallPolicyAsTheEngineDoesInEveryCell) {
  Judged judged(testing::SmallText(testing::kSmallRules), testing::SmallVocabulary());
  ASSERT_NE(judged.policy, nullptr);
  CompareEveryClass(judged, int64_t{1} << 40);
  CompareAtRandom(judged, 40'000);
  ExpectAgreement(judged, true);
}

// Each way a consent can stand closes something else, and each birthday ends somebody's word.
TEST(Reference, JudgesEveryWordAndItsEndAsTheEngineDoes) {
  std::string rules =
      "where consent is from a parent, it ends at 16\n"
      "where consent is from an authority, it ends at 18\n"
      "rule SHOW \"s\"\n show existence, agency, contact, content of everything to everyone\n"
      " basis ca2004-s10\n";
  for (const auto& [id, aspect, state] :
       {std::array{"WITHDRAWN", "agency", "withdrawn"}, std::array{"REFUSED", "contact", "refused"},
        std::array{"EXPIRED", "content", "expired"},
        std::array{"IN-FORCE", "existence", "in force"}}) {
    absl::StrAppend(&rules, "rule ", id, " \"r\"\n hide ", aspect,
                    " of offending from everyone when consent is ", state, " by another\n");
  }
  Judged judged(testing::SmallText(rules), testing::SmallVocabulary());
  ASSERT_NE(judged.policy, nullptr);
  CompareAtRandom(judged, 40'000);
  ExpectAgreement(judged, true);
}

}  // namespace
}  // namespace signpost::policy
