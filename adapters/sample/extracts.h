// These are writers of a population as the agencies' systems would export it (README.md: formats).
//
// Pure functions: files are returned, not written.

#ifndef SIGNPOST_ADAPTERS_SAMPLE_EXTRACTS_H_
#define SIGNPOST_ADAPTERS_SAMPLE_EXTRACTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "adapters/sample/population.h"

namespace signpost::adapters::sample {

// Path below the output folder to bytes.
using Files = std::map<std::string, std::string>;

// Every file of the sample. Errors: INTERNAL when libzip fails.
[[nodiscard]] absl::StatusOr<Files> MakeExtracts(const Population& population);

}  // namespace signpost::adapters::sample

#endif  // SIGNPOST_ADAPTERS_SAMPLE_EXTRACTS_H_
