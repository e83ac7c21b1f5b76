// ReadBytes and WriteBytes are access to files that is limited, and whole or not at all.
//
// Thread-safe. Errors name the file and say what is wrong.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_FILES_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_FILES_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace signpost::adapters::cli {

// Errors: NOT_FOUND when it cannot be read, RESOURCE_EXHAUSTED when it is over `bytes_max`.
[[nodiscard]] absl::StatusOr<std::string> ReadBytes(const std::string& path, size_t bytes_max);

// Replaces `path`, readable by its owner alone: a receipt may hold an answer. Makes folders above
// it. Errors: UNAVAILABLE; the old file, if any, is as it was.
[[nodiscard]] absl::Status WriteBytes(const std::string& path, const std::string& bytes);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_FILES_H_
