#include "policy/text/syntax.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/text/tokens.h"

namespace signpost::policy::syntax {

void Diagnostics::Add(const Word& at, std::string message, std::string suggestion) {
  if (full()) return;
  list_.push_back(
      Diagnostic{at.line, at.column, at.text, std::move(message), std::move(suggestion)});
}

void Diagnostics::AddUnknown(const Word& at, absl::string_view what,
                             const std::vector<std::string>& candidates) {
  if (full()) return;
  Add(at, absl::StrCat("unknown ", what, " '", at.text, "'"), Nearest(at.text, candidates));
}

std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kWordBytesMax) return "";
  std::string best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  // Three rows of the edit distance that counts a swap of neighbours as one edit ("form", "from").
  std::vector<size_t> before_last;
  std::vector<size_t> last;
  std::vector<size_t> row;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kWordBytesMax) continue;
    last.assign(candidate.size() + 1, 0);
    row.assign(candidate.size() + 1, 0);
    for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      before_last = last;
      last = row;
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t cost = word[i - 1] == candidate[j - 1] ? 0 : 1;
        row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
        if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1]) {
          row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
      }
    }
    // Ties go to the word that comes first in the alphabet, so that the advice never depends on the
    // order of the vocabulary.
    if (row.back() < best_distance ||
        (row.back() == best_distance && !best.empty() && candidate < best)) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace signpost::policy::syntax
