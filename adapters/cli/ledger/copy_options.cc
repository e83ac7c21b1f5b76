#include "adapters/cli/ledger/copy_options.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/key_file.h"
#include "adapters/cli/text/page.h"
#include "hub/audit/export.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
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
  AddText(app, "--pseudonyms", "FILE",
          "With --copy: which entries are about the same person (audit pseudonyms).", &pseudonyms);
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

absl::StatusOr<std::optional<audit::Pseudonyms>> ReadPseudonyms(const PlaceOptions& options,
                                                                const CopyReader& copy) {
  if (!options.has_pseudonyms()) return std::optional<audit::Pseudonyms>();
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text,
                            ReadBytes(options.pseudonyms, base::kPseudonymFileBytesMax));
  SIGNPOST_ASSIGN_OR_RETURN(audit::Pseudonyms pseudonyms, audit::Pseudonyms::Parse(text));
  if (pseudonyms.origin() != copy.origin()) {
    return absl::DataLossError(absl::StrCat("the pseudonyms are of ledger ", pseudonyms.origin(),
                                            ", the copy of ", copy.origin()));
  }
  bool issued = false;
  SIGNPOST_RETURN_IF_ERROR(copy.ForEach(
      0, true,
      [&](uint64_t, const std::string& bytes,
          const std::string& leaf_hash) -> absl::StatusOr<bool> {
        SIGNPOST_ASSIGN_OR_RETURN(const audit::Exported exported,
                                  audit::ReadForExport(bytes, copy.origin(), leaf_hash));
        issued = pseudonyms.IsIssuedBy(exported.entry);
        return !issued;
      }));
  if (!issued) {
    return absl::DataLossError(
        "no entry of the copy says that its hub made this file of pseudonyms: it was changed, or "
        "is of another copy, or the copy is older than the file; copy the ledger again");
  }
  return std::optional<audit::Pseudonyms>(std::move(pseudonyms));
}

}  // namespace signpost::adapters::cli
