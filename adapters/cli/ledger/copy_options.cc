#include "adapters/cli/ledger/copy_options.h"

#include <string>
#include <utility>

#include "adapters/cli/files/files.h"
#include "adapters/cli/text/page.h"
#include "hub/base/limits.h"
#include "hub/tlog/note.h"

namespace signpost::adapters::cli {

std::vector<Option> PlaceOptions() {
  return {
      {"--reason", "TEXT", "Why you look; it is recorded. Needed at a hub."},
      {"--copy", "DIR", "Read this copy (audit copy) and ask no hub."},
      {"--verifier-key", "KEY",
       "With --copy: the ledger's verifier key, its text or a file that holds it."},
      {"--unverified", "", "With --copy: read it though nobody says that it is right."},
  };
}

int OpenCopy(Terminal& terminal, const Args& args, std::optional<CopyReader>* opened) {
  absl::StatusOr<CopyReader> copy = absl::InvalidArgumentError(
      "say by whose key the copy is right: --verifier-key KEY; or --unverified");
  if (args.Has("--unverified")) {
    *terminal.err << "signpost: NOT VERIFIED: what follows may be anybody's making\n";
    copy = CopyReader::OpenUnverified(args.Get("--copy"));
  } else if (args.Has("--verifier-key")) {
    std::string key = args.Get("--verifier-key");
    if (key.find('+') == std::string::npos) {
      absl::StatusOr<std::string> file = ReadBytes(key, base::kKeyFileBytesMax);
      if (!file.ok()) return FailHere(terminal, file.status());
      key = *std::move(file);
    }
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    const absl::StatusOr<tlog::NoteVerifier> verifier = tlog::NoteVerifier::Parse(key);
    if (!verifier.ok()) return FailHere(terminal, verifier.status());
    copy = CopyReader::Open(args.Get("--copy"), *verifier);
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
