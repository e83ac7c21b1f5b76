// PlaceOptions are the options of commands that read entries either at a hub or, without one, on a
// copy of its ledger. Plain values.

#ifndef SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_OPTIONS_H_
#define SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_OPTIONS_H_

#include <optional>
#include <string>

#include "adapters/cli/commands/cli.h"
#include "adapters/cli/commands/options.h"
#include "adapters/cli/ledger/copy_reader.h"

namespace signpost::adapters::cli {

// Where entries are read: at a hub, or on a copy.
struct PlaceOptions {
  std::string reason;
  std::string copy;
  std::string verifier_key;
  bool unverified = false;
  void Declare(CLI::App* app);
};

// Opens the copy that --copy names, verified by --verifier-key; with --unverified it says on the
// terminal that nobody vouches for it. Returns kExitOk with `copy` set, or, having said what is
// wrong, kExitUsage, or kExitRefused for a copy that does not verify.
[[nodiscard]] int OpenCopy(Terminal& terminal, const PlaceOptions& options,
                           std::optional<CopyReader>* copy);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_OPTIONS_H_
