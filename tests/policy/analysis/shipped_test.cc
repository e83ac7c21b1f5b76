// The policies that ship: each loads with its examples and checks, and every rule of each is
// decided by an example. Prints the coverage of rules by examples.

#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/analysis/lint.h"
#include "policy/policy.h"
#include "policy/text/syntax.h"
#include "tests/policy/area.h"
#include "tests/policy/files.h"

namespace signpost::policy {
namespace {

using testing::AreaVocabulary;
using testing::ShippedPolicy;

constexpr int64_t kNowS = 1780000000;  // 28 May 2026

class Shipped : public ::testing::TestWithParam<const char*> {};

// The rules that examples name with `by`, which an example that passes has proved to decide.
TEST_P(Shipped, EveryRuleIsDecidedByAnExample) {
  const Vocabulary vocabulary = AreaVocabulary(GetParam());
  const std::string text = ShippedPolicy(GetParam());
  CompileOptions options;
  options.require_example_for_each_rule = true;
  const CompileResult result = Compile(text, vocabulary, options);
  EXPECT_TRUE(result.ok()) << result.Errors();
  syntax::Diagnostics diagnostics;
  const syntax::Policy tree = syntax::Parse(text, vocabulary, diagnostics);
  std::map<std::string, int> examples_of;
  for (const syntax::Rule& rule : tree.rules) examples_of[rule.id.text] = 0;
  for (const syntax::Override& rule : tree.overrides) examples_of[rule.id.text] = 0;
  for (const syntax::Example& example : tree.examples) {
    for (const syntax::Word& id : example.by) ++examples_of[id.text];
  }
  size_t covered = 0;
  for (const auto& [id, count] : examples_of) {
    covered += count > 0 ? 1 : 0;
    EXPECT_GT(count, 0) << id << " has no example";
  }
  std::printf("%s: %zu of %zu rules decided by %zu examples (%zu%%), %zu checks proved\n",
              GetParam(), covered, examples_of.size(), tree.examples.size(),
              examples_of.empty() ? 0 : covered * 100 / examples_of.size(), tree.checks.size());
  EXPECT_EQ(covered, examples_of.size());
  EXPECT_GE(tree.checks.size(), 8u);
}

TEST_P(Shipped, LacksNoProtectionAndHasNoRuleThatNeverDecides) {
  CompileOptions options;
  options.prove_checks = false;
  const CompileResult result =
      Compile(ShippedPolicy(GetParam()), AreaVocabulary(GetParam()), options);
  ASSERT_TRUE(result.ok()) << result.Errors();
  for (const Finding& finding : Lint(*result.policy, kNowS)) {
    if (finding.kind == FindingKind::kUnsupplied) continue;  // the hub's to mend, not the file's
    EXPECT_EQ(finding.kind, FindingKind::kAsymmetry) << finding.message;
  }
}

// What the tutorial comes to: it ships, it is safe, and the tutorial's blocks are its.
TEST(FirstAgreement, IsTheTutorialsAndLacksNothing) {
  const std::string text = ShippedPolicy("first-agreement");
  CompileOptions options;
  options.require_example_for_each_rule = true;
  const CompileResult result = Compile(text, AreaVocabulary("nortown"), options);
  ASSERT_TRUE(result.ok()) << result.Errors();
  for (const Finding& finding : Lint(*result.policy, kNowS)) {
    const bool known =
        finding.kind == FindingKind::kUnsupplied || finding.kind == FindingKind::kAsymmetry;
    EXPECT_TRUE(known) << finding.message;
  }
  std::ifstream file(std::string(SIGNPOST_SOURCE_DIR) + "/docs/policy-language.md");
  std::string line;
  while (std::getline(file, line) &&
         line != "## From an agreement on paper to a published policy") {
  }
  int blocks = 0;
  bool inside = false;
  std::string block;
  while (std::getline(file, line) && line != "## Grammar") {
    const size_t indent = line.find_first_not_of(' ');
    const bool fence = indent != std::string::npos && line.compare(indent, 3, "```") == 0;
    if (!fence) {
      if (!inside) continue;
      // Blocks stand three blanks in, under their steps.
      EXPECT_TRUE(line.empty() || indent >= 3) << line;
      absl::StrAppend(&block, line.empty() ? "" : line.substr(std::min(indent, size_t{3})), "\n");
      continue;
    }
    inside = !inside;
    if (inside) continue;
    ++blocks;
    EXPECT_NE(block, "");
    EXPECT_NE(text.find(block), std::string::npos) << block;
    block.clear();
  }
  EXPECT_EQ(blocks, 4);
}

INSTANTIATE_TEST_SUITE_P(Areas, Shipped,
                         ::testing::Values("nortown", "metborough", "midland", "national"),
                         [](const auto& area) { return std::string(area.param); });

}  // namespace
}  // namespace signpost::policy
