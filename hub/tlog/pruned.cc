#include "hub/tlog/pruned.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/tlog/checkpoint.h"

namespace signpost::tlog {
namespace {

bool IsKind(absl::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

}  // namespace

void AddPruned(uint64_t index, std::vector<PrunedRange>* ranges) {
  if (!ranges->empty() && ranges->back().last + 1 == index) {
    ranges->back().last = index;
  } else {
    ranges->push_back({index, index});
  }
}

std::string FormatPruned(absl::Span<const PrunedKind> kinds) {
  std::string subject;
  for (const PrunedKind& kind : kinds) {
    absl::StrAppend(&subject, subject.empty() ? "" : ";", kind.kind);
    char before = ' ';
    for (const PrunedRange& range : kind.ranges) {
      subject.push_back(before);
      absl::StrAppend(&subject, range.first);
      if (range.last != range.first) absl::StrAppend(&subject, "-", range.last);
      before = ',';
    }
  }
  return subject;
}

absl::StatusOr<std::vector<PrunedKind>> ParsePruned(absl::string_view subject) {
  const absl::Status malformed =
      absl::InvalidArgumentError("it does not say which entries were reduced to their hashes");
  std::vector<PrunedKind> kinds;
  for (const absl::string_view part : absl::StrSplit(subject, ';')) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(part, absl::MaxSplits(' ', 1));
    if (!IsKind(halves.first)) return malformed;
    PrunedKind kind;
    kind.kind = std::string(halves.first);
    for (const absl::string_view text : absl::StrSplit(halves.second, ',')) {
      const size_t hyphen = text.find('-');
      const absl::StatusOr<uint64_t> first = ParseDecimal(text.substr(0, hyphen));
      if (!first.ok()) return malformed;
      PrunedRange range{*first, *first};
      if (hyphen != absl::string_view::npos) {
        const absl::StatusOr<uint64_t> last = ParseDecimal(text.substr(hyphen + 1));
        if (!last.ok() || *last <= *first) return malformed;
        range.last = *last;
      }
      // Ascending, and ranges that touch are one.
      if (!kind.ranges.empty() &&
          (range.first <= kind.ranges.back().last || range.first - 1 == kind.ranges.back().last)) {
        return malformed;
      }
      kind.ranges.push_back(range);
    }
    if (kind.ranges.empty()) return malformed;
    kinds.push_back(std::move(kind));
  }
  return kinds;
}

}  // namespace signpost::tlog
