// A FoundingFile is a file that founds an area: who takes part, as signed by two of its agencies.
//
//   {"founding_file": 1, "founding": "<base64>", "signatures": [
//     {"agency": "nortown-yot", "key_id": "nortown-yot-1", "signature": "<base64>"}]}
//
// `founding` is a serialised signpost.v1.Founding; the very bytes are signed, so they are never made
// anew. The file holds no secret. Thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_FOUNDING_FILE_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_FOUNDING_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/crypto.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::adapters::cli {

struct FoundingFile {
  signpost::v1::FoundAreaRequest request;  // without a request id
  signpost::v1::Founding founding;         // what request.founding() says
};

// Errors: those of ReadBytes(); kInvalidField for what is no such file.
[[nodiscard]] absl::StatusOr<FoundingFile> ReadFoundingFile(const std::string& path);
[[nodiscard]] absl::Status WriteFoundingFile(const std::string& path, const FoundingFile& file);

// Adds the signature of `agency_id`, or puts it in the place of its earlier one. Errors: kInvalidField
// when `key` is not the agency's key of that id in the file.
[[nodiscard]] absl::Status SignFounding(const std::string& agency_id, const std::string& key_id,
                                        const base::PrivateKey& key, FoundingFile* file);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_FOUNDING_FILE_H_
