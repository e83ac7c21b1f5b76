// A policy in which every rule names other agencies, over an area in which nothing folds away: its
// checks are proved, its rules examined and two versions compared, all to the end. How long the
// largest takes is a bench's to say (signpost-bench policy).

#include <string>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/analysis/diff.h"
#include "policy/analysis/lint.h"
#include "policy/policy.h"
#include "tests/policy/large.h"

namespace signpost::policy {
namespace {

using ::testing::HasSubstr;
using testing::LargeArea;
using testing::LargePolicy;
using testing::LargeSize;

constexpr int64_t kNowS = 1780000000;  // 28 May 2026

CompileResult CompileLarge(const LargeSize& size, const std::string& text) {
  return Compile(text, LargeArea(size));
}

TEST(Large, EveryCheckIsProvedAndABrokenOneIsFound) {
  const LargeSize size{.rules = 256, .agencies = 50, .checks = 64};
  const std::string text = LargePolicy(size);
  const CompileResult proved = CompileLarge(size, text);
  ASSERT_TRUE(proved.ok()) << proved.Errors();
  // One rule of many, of one agency about one other, says less than it should.
  const std::string broken = absl::StrReplaceAll(
      text,
      {{"rule VICTIM \"v\"\n hide everything of everything from everyone except the holder\n",
        "rule VICTIM \"v\"\n hide everything of everything from everyone except the holder or "
        "agency-12\n"}});
  ASSERT_NE(broken, text);
  const CompileResult refuted = CompileLarge(size, broken);
  ASSERT_FALSE(refuted.ok());
  EXPECT_THAT(refuted.Errors(), HasSubstr("fails: a practitioner of agency-12"));
}

TEST(Large, EveryRuleIsExaminedAndLacksNoProtection) {
  const LargeSize size{.rules = 256, .agencies = 50, .checks = 0};
  const CompileResult result = CompileLarge(size, LargePolicy(size));
  ASSERT_TRUE(result.ok()) << result.Errors();
  for (const Finding& finding : Lint(*result.policy, kNowS)) {
    const bool known =
        finding.kind == FindingKind::kAsymmetry || finding.kind == FindingKind::kUnsupplied;
    EXPECT_TRUE(known) << finding.message;
  }
}

// A page of changes, all of the one rule.
TEST(Large, OneConditionThatChangesIsToldOnAPage) {
  const LargeSize size{.rules = 512, .agencies = 100, .checks = 0};
  const CompileResult before = CompileLarge(size, LargePolicy(size));
  const CompileResult after = CompileLarge(size, LargePolicy(size, /*changed=*/true));
  ASSERT_TRUE(before.ok() && after.ok());
  const PolicyDifference difference = Diff(*before.policy, *after.policy);
  EXPECT_EQ(difference.fault, "");
  ASSERT_FALSE(difference.gains.empty());
  EXPECT_LE(difference.gains.size(), 12u);
  EXPECT_TRUE(difference.losses.empty());
  EXPECT_TRUE(difference.terms.empty());
  for (const VisibilityChange& change : difference.gains) {
    EXPECT_THAT(change.change, HasSubstr("show by R256"));
    EXPECT_THAT(change.when, HasSubstr("for audit"));
  }
}

}  // namespace
}  // namespace signpost::policy
