// These are the names that the sample's young people and workers have: lists of our own making,
// weighted roughly as an English town of today would be, in groups so that given names and surnames
// go together as they do in families. They are nobody's data.
//
// Everything here is constant and thread-safe.

#ifndef SIGNPOST_ADAPTERS_SAMPLE_NAMES_H_
#define SIGNPOST_ADAPTERS_SAMPLE_NAMES_H_

#include <vector>

#include "absl/types/span.h"

namespace signpost::adapters::sample {

struct WeightedName {
  const char* text;  // UTF-8
  int weight;        // relative to the others of its list, at least 1
};

// Names that occur together.
struct NameGroup {
  const char* label;
  int weight;  // relative to the other groups
  absl::Span<const WeightedName> female;
  absl::Span<const WeightedName> male;
  absl::Span<const WeightedName> surnames;
};

// Never empty; no list in it is.
const std::vector<NameGroup>& NameGroups();

}  // namespace signpost::adapters::sample

#endif  // SIGNPOST_ADAPTERS_SAMPLE_NAMES_H_
