// An Area is the content of an area file (deploy/area/README.md): the agencies, teams and
// practitioners of one hub, as the requests that enrol them.
//
// Reads the key files it names. Thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_AREA_FILE_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_AREA_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::adapters::cli {

struct Area {
  std::string area;
  std::string trust_domain;
  std::vector<signpost::v1::Agency> agencies;
  std::vector<signpost::v1::Team> teams;
  std::vector<signpost::v1::Practitioner> practitioners;
};

// `directory` is where the paths of key files begin. Errors: kInvalidField with everything that is
// wrong with the file, key files that cannot be read included. What the words mean is the hub's to
// judge.
[[nodiscard]] absl::StatusOr<Area> ParseArea(absl::string_view text, const std::string& source,
                                             const std::string& directory);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_AREA_FILE_H_
