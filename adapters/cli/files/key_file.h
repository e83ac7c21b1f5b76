// ReadVerifierKey is a reader of keys as people give them on a command line: the key's text
// "name+hash+base64", or the name of a file that holds it.
//
// Thread-safe. Errors: those of reading the file; INVALID_ARGUMENT for what is no key.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_KEY_FILE_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_KEY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "hub/tlog/note.h"

namespace signpost::adapters::cli {

// The key of a ledger.
[[nodiscard]] absl::StatusOr<tlog::NoteVerifier> ReadVerifierKey(const std::string& key_or_path);

// The key of a witness: it co-signs, and could sign no checkpoint of its own.
[[nodiscard]] absl::StatusOr<tlog::NoteVerifier> ReadWitnessKey(const std::string& key_or_path);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_KEY_FILE_H_
