// The folds of the decision space: that nothing which rules tell apart is folded together, and that
// little else stays apart.

#include "policy/analysis/decision_space.h"

#include <algorithm>
#include <random>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/policy/files.h"
#include "tests/policy/nortown.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using testing::CompileSmall;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::kSmallRules;

TEST(Space, PurposesAreFoldedAsTheRulesTellThemApart) {
  const auto policy = CompileSmall(kSmallRules);
  const PolicyImpl* const impl = &policy->impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr);
  std::vector<size_t> sizes;
  size_t all = 0;
  for (const std::vector<Purpose>& alike : space.alike_purposes) all += alike.size();
  EXPECT_EQ(all, AllPurposes().size());
  // ADVISER's two, safeguarding, the team's, and the rest.
  EXPECT_EQ(space.purposes.size(), 4u);
  EXPECT_THAT(space.alike_purposes,
              Contains(ElementsAre(Purpose::kAssessment, Purpose::kReferral)));
}

TEST(Space, TimesAreWhereAgreementsBeginAndEnd) {
  const auto policy = CompileSmall(kSmallRules);
  const PolicyImpl* const impl = &policy->impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr);
  EXPECT_THAT(space.times, ElementsAre(policy->in_force_s()));
  EXPECT_THAT(space.changes, ElementsAre(policy->in_force_s(), policy->agreements()[0].until_s));
}

TEST(Space, AgenciesThatNobodyNamesAreTwo) {
  Vocabulary v = testing::SmallVocabulary();
  for (const char* id : {"school-a", "school-b", "school-c", "school-d"}) {
    v.agencies.push_back({id, "", "school", false, {"careers-advice"}});
  }
  const CompileResult result = Compile(testing::SmallText(kSmallRules), v);
  ASSERT_TRUE(result.ok()) << result.Errors();
  const PolicyImpl* const impl = &result.policy->impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr);
  EXPECT_EQ(space.agencies.size(), 5u);
  const Symbol first = result.policy->AgencySymbol("school-a");
  const Symbol second = result.policy->AgencySymbol("school-b");
  EXPECT_THAT(space.alike[first], ElementsAre(first));
  EXPECT_THAT(space.alike[second], ElementsAre(second, result.policy->AgencySymbol("school-c"),
                                               result.policy->AgencySymbol("school-d")));
}

// Any known facts at all are decided as some cell of the folded space is: the one with the same
// agency, role and item whose folded facts stand for them.
TEST(Space, EveryRelationshipAndPurposeIsStoodFor) {
  CompileOptions options;
  options.prove_checks = false;
  const CompileResult result =
      Compile(testing::ShippedPolicy("nortown"), testing::NortownVocabulary(), options);
  ASSERT_TRUE(result.ok()) << result.Errors();
  const Policy& policy = *result.policy;
  const PolicyImpl* const impl = &policy.impl();
  const DecisionSpace space(absl::MakeConstSpan(&impl, 1), nullptr, true);
  std::mt19937 random(7);
  int shown = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    const AskerClass& asker = space.askers[random() % space.askers.size()];
    Cell cell(space, asker, space.items[random() % space.items.size()]);
    for (int f = 0; f < kFactCount; ++f) {
      const Fact fact = static_cast<Fact>(f);
      cell.Set(fact, static_cast<int>(random() % static_cast<unsigned>(CountOf(space, fact))));
    }
    const size_t purpose = random() % space.purposes.size();
    cell.Set(Fact::kPurpose, static_cast<int>(purpose));
    const Decision folded = policy.DecideOnly(cell.question, cell.item);
    for (const Purpose alike : space.alike_purposes[purpose]) {
      cell.question.purpose = alike;
      EXPECT_EQ(policy.DecideOnly(cell.question, cell.item), folded);
    }
    // Nortown's rules ask only whether the worker is, or the agency, and whether it is settled.
    const auto alike = [](unsigned bits) {
      return std::tuple((bits & kWorkerInvolved) != 0, (bits & kAgencyInvolved) != 0,
                        (bits & Bit(Relationship::kSettledInvolvement)) != 0);
    };
    const auto as_folded = alike(cell.question.relationships.yes);
    for (unsigned bits = 0; bits < (1u << kRelationshipCount); ++bits) {
      if (!CanBeTogether(static_cast<uint8_t>(bits)) || alike(bits) != as_folded) continue;
      cell.question.relationships.yes = static_cast<uint8_t>(bits);
      EXPECT_EQ(policy.DecideOnly(cell.question, cell.item).effect, folded.effect);
    }
    shown += folded.effect == Effect::kShow ? 1 : 0;
  }
  EXPECT_GT(shown, 100);
}

}  // namespace
}  // namespace signpost::policy
