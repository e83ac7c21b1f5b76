// receipt verify: without a hub.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/key_file.h"
#include "adapters/cli/files/receipt_file.h"
#include "adapters/cli/text/page.h"
#include "hub/base/limits.h"

namespace signpost::adapters::cli {
namespace {

struct VerifyOptions : LocalOptions {
  std::string file;
  std::string key;
  std::string entry;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddText(app, "--key", "KEY", "The ledger's verifier key: its text, or a file that holds it.",
            &key);
    AddText(app, "--entry", "FILE",
            "The entry's bytes, from audit entry --out: also proves that the answer in the receipt "
            "is the one recorded.",
            &entry);
  }
};

int Verify(Terminal& terminal, const VerifyOptions& options) {
  if (options.key.empty()) return FailHere(terminal, absl::InvalidArgumentError(kWhoseKey));
  const auto verifier = ReadVerifierKey(options.key);
  if (!verifier.ok()) return FailHere(terminal, verifier.status());
  const auto file = ReadReceiptFile(options.file);
  if (!file.ok()) return FailHere(terminal, file.status());
  std::optional<std::string> entry;
  if (!options.entry.empty()) {
    const auto bytes = ReadBytes(options.entry, base::kEntryBytesMax);
    if (!bytes.ok()) return FailHere(terminal, bytes.status());
    entry = *bytes;
  }
  const auto verified = VerifyReceipt(*file, *verifier, entry);
  Page page;
  page.Paragraph(0, verified.ok()
                        ? *verified
                        : absl::StrCat("NOT VERIFIED: ", std::string(verified.status().message())));
  (verified.ok() ? *terminal.out : *terminal.err) << page.text();
  return verified.ok() ? kExitOk : kExitRefused;
}

}  // namespace

std::vector<Command> ReceiptCommands() {
  return {MakeCommand("receipt verify", "Proves a kept receipt, without a hub.", "", Verify)};
}

}  // namespace signpost::adapters::cli
