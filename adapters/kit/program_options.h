// ProgramOptions is a plain struct of what an adapter's command line says, read by CLI11.
//
//   signpost-yot-asset --config FILE [--once] [--dry-run] [--report FILE] [--confirm-missing N]
//                      [--resend-all]
//
// Pure; thread-safe. CLI11 throws, and nothing here lets an exception out.

#ifndef SIGNPOST_ADAPTERS_KIT_PROGRAM_OPTIONS_H_
#define SIGNPOST_ADAPTERS_KIT_PROGRAM_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace signpost::adapters {

struct ProgramOptions {
  bool help = false;  // asked for: nothing else counts
  std::string config;
  std::string report;  // empty: as the configuration says
  bool once = false;   // a dry run is one
  bool dry_run = false;
  bool resend_all = false;
  int64_t confirm_missing = -1;  // not given
};

// `words` without the program's name. Errors: INVALID_ARGUMENT, saying in one line which word is at
// fault and why.
[[nodiscard]] absl::StatusOr<ProgramOptions> ReadProgramOptions(
    const std::vector<std::string>& words);

// How `program` is used, in lines.
std::string ProgramUsage(const std::string& program);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_PROGRAM_OPTIONS_H_
