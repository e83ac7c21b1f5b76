// ReadVocabulary is a reader of the files that a policy is compiled against on this machine.
//
// Thread-safe. Errors name the file and say what is wrong with it.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_POLICY_FILES_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_POLICY_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "policy/vocabulary.h"

namespace signpost::adapters::cli {

// The vocabulary of a words file and of the agencies and teams of an area file (deploy/area). Reads
// no key that the area file names: a policy is checked far from the hub. Errors: NOT_FOUND for a
// file that cannot be read, kInvalidField for one that is not what it should be.
[[nodiscard]] absl::StatusOr<policy::Vocabulary> ReadVocabulary(const std::string& words_path,
                                                                const std::string& area_path);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_POLICY_FILES_H_
