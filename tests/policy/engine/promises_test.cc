// What the engine's headers require of a caller is checked: a broken promise stops the program
// rather than decide by it.

#include <vector>

#include "gtest/gtest.h"
#include "policy/engine/bind.h"
#include "policy/engine/consent.h"
#include "policy/engine/evaluation.h"
#include "policy/engine/record_evaluator.h"
#include "policy/policy.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using testing::CompileSmall;
using testing::kSmallRules;

TEST(PromisesDeathTest, ARecordHasAnItemBeforeItIsAskedAbout) {
  const auto policy = CompileSmall(kSmallRules);
  const Question question;
  RecordEvaluator record(*policy, question);
  EXPECT_DEATH(record.Decide(Aspect::kExistence), "prepared_item_");
  record.SetItem(Item());
  EXPECT_EQ(record.Decide(Aspect::kExistence).effect, Effect::kHide);
}

TEST(PromisesDeathTest, ConsentsAreNoMoreThanAnItemMayHave) {
  ConsentStanding standing;
  std::vector<ConsentFact> consents(kConsentsPerItemMax);
  JudgeConsents(CoverFacts(), consents, 0, standing);
  consents.emplace_back();
  EXPECT_DEATH(JudgeConsents(CoverFacts(), consents, 0, standing), "kConsentsPerItemMax");
}

TEST(PromisesDeathTest, AProverAsksWithoutAPurposeAndOfEveryRule) {
  const auto policy = CompileSmall(kSmallRules);
  Question question;
  question.purpose = Purpose::kReferral;
  Evaluation with_purpose(policy->impl(), question, Item());
  EXPECT_DEATH(with_purpose.Signature(), "kUnspecified");
  EXPECT_DEATH(with_purpose.RulesThatMatter(), "kUnspecified");
  const std::vector<uint8_t> too_few(policy->rules().size() - 1, 1);
  EXPECT_DEATH(with_purpose.RestrictTo(too_few), "rules.size");
}

TEST(PromisesDeathTest, ATreeIsBoundToAVocabularyThatIs) {
  PolicyImpl unbound;
  syntax::Diagnostics diagnostics;
  std::vector<BoundCheck> checks;
  EXPECT_DEATH(BindTree(syntax::Policy(), testing::SmallVocabulary(), unbound, checks, diagnostics),
               "agency_data");
}

}  // namespace
}  // namespace signpost::policy
