// These are the limits that texts and vocabularies have: past one of them Compile() says so and
// compiles nothing, so that time and memory are bounded whatever the text.

#ifndef SIGNPOST_POLICY_LIMITS_H_
#define SIGNPOST_POLICY_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace signpost::policy {

inline constexpr size_t kPolicyTextBytesMax = 1 << 20;
inline constexpr int kRulesMax = 1024;
inline constexpr int kStatementsPerRuleMax = 16;
inline constexpr int kListWordsMax = 256;  // words in one list, conditions in one statement
inline constexpr int kAgreementsMax = 256;
inline constexpr int kGroupsMax = 64;
inline constexpr int kExamplesMax = 2048;
inline constexpr int kChecksMax = 64;
inline constexpr int kVocabularyWordsMax = 4096;
// How much work (policy/analysis/cell_search.h) proving the checks of one file may be, and all that
// Lint() looks for: a few seconds each, whatever the text. Of a policy of as many rules as there
// may be, over a hundred agencies, checks take an eighth and Lint() less than a third.
inline constexpr int64_t kCheckWorkMax = 700'000'000;
inline constexpr int64_t kLintWorkMax = 1'000'000'000;

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_LIMITS_H_
