// For commands that read either at a hub or, without one, on a copy of its ledger.

#ifndef SIGNPOST_ADAPTERS_CONSOLE_COPY_OPTIONS_H_
#define SIGNPOST_ADAPTERS_CONSOLE_COPY_OPTIONS_H_

#include <optional>
#include <vector>

#include "adapters/console/args.h"
#include "adapters/console/console.h"
#include "adapters/console/copy_reader.h"

namespace signpost::adapters::console {

// Where entries are read: --reason, --copy, --verifier-key, --unverified.
std::vector<Option> PlaceOptions();

// Opens the copy that --copy names, verified by --verifier-key; with --unverified it says on the
// console that nobody vouches for it. Returns kExitOk with `copy` set, or, having said what is
// wrong, kExitUsage, or kExitRefused for a copy that does not verify.
[[nodiscard]] int OpenCopy(Console& console, const Args& args, std::optional<CopyReader>* copy);

}  // namespace signpost::adapters::console

#endif  // SIGNPOST_ADAPTERS_CONSOLE_COPY_OPTIONS_H_
