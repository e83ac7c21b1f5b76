#include "hub/tlog/pruned.h"

#include <utility>

#include "absl/status/status.h"
#include "hub/tlog/wire_bytes.h"

namespace signpost::tlog {
namespace {

// Fields of ledger.v1.Pruned, PrunedKind and PrunedRange.
constexpr uint64_t kKindsField = 1;
constexpr uint64_t kKindField = 1;
constexpr uint64_t kRangesField = 2;
constexpr uint64_t kFirstField = 1;
constexpr uint64_t kLastField = 2;

bool DecodeRange(absl::string_view bytes, PrunedRange* range) {
  WireField read;
  while (!bytes.empty()) {
    if (!TakeField(&bytes, &read) || read.type != kVarint) return false;
    if (read.field == kFirstField) range->first = read.number;
    if (read.field == kLastField) range->last = read.number;
  }
  return range->first <= range->last;
}

bool DecodeKind(absl::string_view bytes, PrunedKind* kind) {
  WireField read;
  while (!bytes.empty()) {
    if (!TakeField(&bytes, &read)) return false;
    if (read.field == kKindField) {
      if (read.type != kVarint) return false;
      kind->kind = read.number;
    }
    if (read.field != kRangesField) continue;
    PrunedRange range;
    if (read.type != kBytes || !DecodeRange(read.bytes, &range)) return false;
    // Ascending, and ranges that touch are one.
    if (!kind->ranges.empty() &&
        (range.first <= kind->ranges.back().last || range.first - 1 == kind->ranges.back().last)) {
      return false;
    }
    kind->ranges.push_back(range);
  }
  return kind->kind != 0 && !kind->ranges.empty();
}

}  // namespace

void AddPruned(uint64_t index, std::vector<PrunedRange>* ranges) {
  if (!ranges->empty() && ranges->back().last + 1 == index) {
    ranges->back().last = index;
  } else {
    ranges->push_back({index, index});
  }
}

std::string EncodePruned(absl::Span<const PrunedKind> kinds) {
  std::string bytes;
  for (const PrunedKind& kind : kinds) {
    std::string of_kind;
    AppendNumberField(kKindField, kind.kind, of_kind);
    for (const PrunedRange& range : kind.ranges) {
      std::string of_range;
      // A zero is not written, as protobuf does not.
      if (range.first != 0) AppendNumberField(kFirstField, range.first, of_range);
      if (range.last != 0) AppendNumberField(kLastField, range.last, of_range);
      AppendBytesField(kRangesField, of_range, of_kind);
    }
    AppendBytesField(kKindsField, of_kind, bytes);
  }
  return bytes;
}

absl::StatusOr<std::vector<PrunedKind>> DecodePruned(absl::string_view bytes) {
  const absl::Status malformed =
      absl::InvalidArgumentError("it does not say which entries were reduced to their hashes");
  std::vector<PrunedKind> kinds;
  WireField read;
  while (!bytes.empty()) {
    if (!TakeField(&bytes, &read)) return malformed;
    if (read.field != kKindsField) continue;
    PrunedKind kind;
    if (read.type != kBytes || !DecodeKind(read.bytes, &kind)) return malformed;
    kinds.push_back(std::move(kind));
  }
  if (kinds.empty()) return malformed;
  return kinds;
}

}  // namespace signpost::tlog
