#include "adapters/cli/ledger/copy_options.h"

#include <string>
#include <utility>

#include "adapters/cli/files/key_file.h"
#include "adapters/cli/text/page.h"
#include "hub/tlog/note.h"

namespace signpost::adapters::cli {

void PlaceOptions::Declare(CLI::App* app) {
  AddText(app, "--reason", "TEXT", "Why you look; it is recorded. Needed at a hub.", &reason);
  AddText(app, "--copy", "DIR", "Read this copy (audit copy) and ask no hub.", &copy);
  AddText(app, "--verifier-key", "KEY",
          "With --copy: the ledger's verifier key, its text or a file that holds it.",
          &verifier_key);
  AddSwitch(app, "--unverified", "With --copy: read it though nobody says that it is right.",
            &unverified);
}

int OpenCopy(Terminal& terminal, const PlaceOptions& options, std::optional<CopyReader>* opened) {
  absl::StatusOr<CopyReader> copy = absl::InvalidArgumentError(
      "say by whose key the copy is right: --verifier-key KEY; or --unverified");
  if (options.unverified) {
    *terminal.err << "signpost: NOT VERIFIED: what follows may be anybody's making\n";
    copy = CopyReader::OpenUnverified(options.copy);
  } else if (!options.verifier_key.empty()) {
    const absl::StatusOr<tlog::NoteVerifier> verifier = ReadVerifierKey(options.verifier_key);
    if (!verifier.ok()) return FailHere(terminal, verifier.status());
    copy = CopyReader::Open(options.copy, *verifier);
    if (!copy.ok()) {
      Page page;
      page.Paragraph(0, absl::StrCat("signpost: ", std::string(copy.status().message())));
      *terminal.err << page.text();
      return kExitRefused;
    }
  }
  if (!copy.ok()) return FailHere(terminal, copy.status());
  *opened = *std::move(copy);
  return kExitOk;
}

}  // namespace signpost::adapters::cli
