// PlaceOptions are the options of commands that read entries either at a hub or, without one, on a
// copy of its ledger. Plain values.

#ifndef SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_OPTIONS_H_
#define SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_OPTIONS_H_

#include <optional>
#include <string>

#include "adapters/cli/commands/cli.h"
#include "adapters/cli/commands/options.h"
#include "adapters/cli/ledger/copy_reader.h"
#include "hub/audit/pseudonyms.h"

namespace signpost::adapters::cli {

// Where entries are read: at a hub, or on a copy.
struct PlaceOptions {
  std::string reason;
  std::string copy;
  std::string verifier_key;
  bool unverified = false;
  std::string pseudonyms;
  bool has_pseudonyms() const { return !pseudonyms.empty(); }
  void Declare(CLI::App* app);
};

// Opens the copy that --copy names, verified by --verifier-key; with --unverified it says on the
// terminal that nobody vouches for it. Returns kExitOk with `copy` set, or, having said what is
// wrong, kExitUsage, or kExitRefused for a copy that does not verify.
[[nodiscard]] int OpenCopy(Terminal& terminal, const PlaceOptions& options,
                           std::optional<CopyReader>* copy);

// The file of pseudonyms that --pseudonyms names, once an entry of `copy` says that its hub made
// this very file; nothing without the option. Errors: of reading it; DATA_LOSS when no entry says
// so, or the file is of another ledger.
[[nodiscard]] absl::StatusOr<std::optional<audit::Pseudonyms>> ReadPseudonyms(
    const PlaceOptions& options, const CopyReader& copy);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_LEDGER_COPY_OPTIONS_H_
