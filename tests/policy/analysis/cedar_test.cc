// The shape of the Cedar export. That it means what the policy means is for Cedar itself to say
// (tests/judges).

#include "policy/analysis/cedar.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using testing::CompileSmall;
using ::testing::HasSubstr;
using testing::kSmallRules;
using ::testing::Not;

TEST(Cedar, EveryRuleIsThereUnderItsId) {
  const std::string text = ExportCedar(testing::SmallText(kSmallRules), testing::SmallVocabulary());
  const auto policy = CompileSmall(kSmallRules);
  for (const RuleInfo& rule : policy->rules()) {
    EXPECT_THAT(text, HasSubstr("@id(\"" + rule.id + "\")")) << rule.id;
  }
  EXPECT_THAT(text, HasSubstr("permit (principal, action == Action::\"override O\", resource)"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '('), std::count(text.begin(), text.end(), ')'));
  // No mark of the making is left.
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || c >= ' '; }));
}

TEST(Cedar, AForbidHoldsWhereAFactMayAndAPermitWhereItIsKnown) {
  const std::string text = ExportCedar(testing::SmallText(kSmallRules), testing::SmallVocabulary());
  const size_t refused = text.find("@id(\"REFUSED\")");
  const std::string hide = text.substr(refused, text.find("};", refused) - refused);
  EXPECT_THAT(hide, HasSubstr("forbid"));
  EXPECT_THAT(hide, HasSubstr("context.maybe.contains(\"consent refused"));
  EXPECT_THAT(hide, Not(HasSubstr("context.yes.contains(\"consent refused")));
  const size_t adviser = text.find("@id(\"ADVISER\")");
  const std::string show = text.substr(adviser, text.find("};", adviser) - adviser);
  EXPECT_THAT(show, HasSubstr("permit"));
  EXPECT_THAT(show, HasSubstr("context has purpose"));
  EXPECT_THAT(show, Not(HasSubstr("context.maybe")));
}

TEST(Cedar, TheContextLeavesOutWhatIsNotKnown) {
  const auto policy = CompileSmall(kSmallRules);
  Question question;
  question.agency = policy->AgencySymbol("careers");
  question.is_practitioner = Tri::kYes;
  question.relationships.unknown = Bit(Relationship::kReferral);
  Item item;
  item.holder = policy->AgencySymbol("yot");
  item.aspect = Aspect::kContact;
  item.consents_known = Tri::kYes;
  item.shielded = Tri::kNo;
  const std::string context = CedarContext(*policy, question, item);
  EXPECT_THAT(context, HasSubstr("\"agency\":\"careers\""));
  EXPECT_THAT(context, HasSubstr("\"aspect\":\"contact\""));
  EXPECT_THAT(context, Not(HasSubstr("\"role\"")));
  EXPECT_THAT(context, Not(HasSubstr("\"purpose\"")));
  EXPECT_THAT(context, Not(HasSubstr("\"service\"")));
  const size_t maybe = context.find("\"maybe\"");
  EXPECT_THAT(context.substr(0, maybe), HasSubstr("\"yes\":[\"practitioner\"]"));
  EXPECT_THAT(context.substr(maybe), HasSubstr("\"referral\""));
  EXPECT_THAT(context.substr(maybe), HasSubstr("\"open\""));
  EXPECT_THAT(context.substr(maybe), Not(HasSubstr("\"shielded\"")));
}

}  // namespace
}  // namespace signpost::policy
