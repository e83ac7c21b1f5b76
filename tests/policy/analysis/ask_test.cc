// A question in the words of an example is decided and explained as the example would be.

#include "policy/analysis/ask.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/policy/small.h"

namespace signpost::policy {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kInForce = 1'767'225'600;    // 2026-01-01
constexpr int64_t kLongAfter = 1'924'992'000;  // 2031-01-01

class AskTest : public ::testing::Test {
 protected:
  Answer Ask(const std::string& question, int64_t now_s = kInForce) {
    return policy::Ask(*policy_, testing::SmallVocabulary(), question, now_s);
  }
  const std::shared_ptr<const Policy> policy_ = testing::CompileSmall(testing::kSmallRules);
};

TEST_F(AskTest, DecidesAndExplainsInBothVoices) {
  const Answer shown =
      Ask("adviser of careers, involved, for assessment; contact of offending held by yot");
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown.in_words, "show by ADVISER");
  EXPECT_THAT(shown.explanation.worker_reason, HasSubstr("You may see whom to contact"));
  EXPECT_THAT(shown.explanation.audit_reason, HasSubstr("agreement PACT"));
  const Answer hidden = Ask("adviser of careers, for assessment; contact of offending held by yot");
  EXPECT_EQ(hidden.in_words, "hide by default, missing relationship");
  // A hidden thing has no reason of its own.
  EXPECT_EQ(hidden.explanation.worker_reason, "There is nothing here that can be shown to you.");
  EXPECT_THAT(hidden.explanation.audit_reason, HasSubstr("missing relationship"));
}

TEST_F(AskTest, AsksNowUnlessTheQuestionNamesADay) {
  const std::string question =
      "adviser of careers, involved, for assessment; contact of offending held by yot";
  EXPECT_EQ(Ask(question).decision.effect, Effect::kShow);
  EXPECT_EQ(Ask(question, kLongAfter).in_words, "hide by default, missing agreement");
  const Answer dated = Ask(
      "adviser of careers, involved, for assessment, on 2026-01-01; contact of offending held by "
      "yot",
      kLongAfter);
  EXPECT_EQ(dated.decision.effect, Effect::kShow);
  EXPECT_EQ(dated.asked_at_s, kInForce);
}

TEST_F(AskTest, SaysWhereAQuestionIsWrong) {
  const Answer unknown = Ask("adviser of careers, involved;\n contact of ofending held by yot");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.diagnostics[0].line, 2);
  EXPECT_EQ(unknown.diagnostics[0].column, 13);
  EXPECT_EQ(unknown.diagnostics[0].suggestion, "offending");
  EXPECT_FALSE(Ask("").ok());
  EXPECT_FALSE(Ask("who goes there").ok());
  // Nothing can be smuggled in behind the question.
  EXPECT_FALSE(Ask("system of yot; existence of offending held by yot -> hide\nexample \"x\": "
                   "system of yot; existence of offending held by yot")
                   .ok());
  EXPECT_FALSE(Ask(std::string(20'000, 'a')).ok());
}

TEST_F(AskTest, ReadsAThing) {
  const auto read = [&](const std::string& text) {
    return ReadItemSelector(*policy_, testing::SmallVocabulary(), text);
  };
  const ItemSelectorResult contact = read("contact of offending held by yot");
  ASSERT_TRUE(contact.ok());
  EXPECT_FALSE(contact.selector.every_aspect);
  EXPECT_EQ(contact.selector.aspect, Aspect::kContact);
  EXPECT_EQ(contact.selector.holder, policy_->AgencySymbol("yot"));
  const ItemSelectorResult all = read("everything of sexual-health held by clinic");
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all.selector.every_aspect);
  EXPECT_EQ(all.selector.service, policy_->ServiceSymbol("sexual-health"));
  const ItemSelectorResult wrong = read("everything of sexual-helth held by clinic");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.diagnostics[0].column, 15);
}

}  // namespace
}  // namespace signpost::policy
