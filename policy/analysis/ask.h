// Ask() is a way of asking a policy one question in the words of its examples.
//
//   "personal-adviser of northern-connexions, involved, for support-planning;
//    contact of youth-offending held by nortown-yot, consent refused"
//
// So what an officer asks and what an example in the file says are written alike, and an answer can
// be pasted into the policy as an example. Facts that are not mentioned are as in an example:
// known, and as a rule would have them.
//
// Pure and thread-safe; nothing is kept.

#ifndef SIGNPOST_POLICY_ANALYSIS_ASK_H_
#define SIGNPOST_POLICY_ANALYSIS_ASK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/analysis/diff.h"
#include "policy/policy.h"

namespace signpost::policy {

struct Answer {
  // What is wrong with the question, lines and columns within it; nothing else is set then.
  std::vector<Diagnostic> diagnostics;
  Decision decision;
  std::string in_words;  // "hide by default, missing relationship": as an example says it
  Explanation explanation;
  int64_t asked_at_s = 0;

  bool ok() const { return diagnostics.empty(); }
};

// Decides and explains. A flag that the holder cannot have is a fault of the question. Asked at `now_s` unless the question says "on DATE". `vocabulary` must be
// the one the policy was compiled against.
Answer Ask(const Policy& policy, const Vocabulary& vocabulary, absl::string_view question,
           int64_t now_s);

struct ItemSelectorResult {
  std::vector<Diagnostic> diagnostics;
  ItemSelector selector;

  bool ok() const { return diagnostics.empty(); }
};

// "contact of youth-offending held by nortown-yot", "content of asset section lifestyle of ..." or
// "everything of youth-offending held by nortown-yot": what WhoCanSee() takes.
ItemSelectorResult ReadItemSelector(const Policy& policy, const Vocabulary& vocabulary,
                                    absl::string_view text);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ANALYSIS_ASK_H_
