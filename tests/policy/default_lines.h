// This is a reader of what a text says besides its rules: the lines that stand where no rule does.

#ifndef SIGNPOST_TESTS_POLICY_DEFAULT_LINES_H_
#define SIGNPOST_TESTS_POLICY_DEFAULT_LINES_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "policy/text/syntax.h"
#include "policy/vocabulary.h"

namespace signpost::policy::testing {

// The same for two texts only if their `where` and `group` lines say the same. What such a line
// says need not change a decision, so that no comparison of decisions finds out that it was lost.
inline std::string DefaultLines(const std::string& text, const Vocabulary& vocabulary) {
  syntax::Diagnostics diagnostics;
  const syntax::Policy tree = syntax::Parse(text, vocabulary, diagnostics);
  EXPECT_TRUE(diagnostics.empty());
  std::string lines = absl::StrCat(tree.has_default, " ", tree.ends_at_16, " ", tree.ends_at_18);
  for (const syntax::Word& word : tree.may_name_victims) absl::StrAppend(&lines, " ", word.text);
  for (const syntax::Group& group : tree.groups) {
    absl::StrAppend(&lines, "; ", group.name.text, " =");
    for (const syntax::Word& word : group.words) absl::StrAppend(&lines, " ", word.text);
  }
  return lines;
}

}  // namespace signpost::policy::testing

#endif  // SIGNPOST_TESTS_POLICY_DEFAULT_LINES_H_
