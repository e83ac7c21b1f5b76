// These are functions that read, replace and remove small files whole. Functions are thread-safe for
// different paths.

#ifndef SIGNPOST_HUB_BASE_FILES_H_
#define SIGNPOST_HUB_BASE_FILES_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace signpost::base {

// Replaces the file at `path` (new file beside it, sync, rename, sync of the directory), so that a
// crash leaves the old one or the new one and never a part. Readable by owner and group. One writer
// a path. Errors: kStoreUnavailable; which of the two is there is then unknown.
[[nodiscard]] absl::Status ReplaceFile(const std::string& path, const std::string& bytes);

// Removes the file at `path`, so that it is gone after a crash, too; one that is not there is no
// error. Errors: kStoreUnavailable; it may then be there or not.
[[nodiscard]] absl::Status RemoveFile(const std::string& path);

// The whole file; nullopt when there is none. Errors: kStoreUnavailable when it is there and cannot
// be read, or has more than `bytes_max`.
[[nodiscard]] absl::StatusOr<std::optional<std::string>> ReadWholeFile(const std::string& path,
                                                                       size_t bytes_max);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_FILES_H_
