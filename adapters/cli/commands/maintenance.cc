// backup, prune: the operator's housekeeping.

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "signpost/v1/maintenance.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::MaintenanceService;

struct PruneOptions : HubOptions {
  bool dry_run = false;
  void Declare(CLI::App* app) {
    AddSwitch(app, "--dry-run", "Only count what would go.", &dry_run);
  }
};

// An act may take longer than a call may: asks with the same request id until it is done.
template <typename Request, typename Response, typename Method>
int CallUntilDone(Terminal& terminal, Session& session, const char* what, Request request,
                  Method method, Response* response) {
  request.set_request_id(session.NewRequestId());
  while (true) {
    grpc::ClientContext context;
    const absl::Status prepared = session.Prepare(kPurposeOfKeeping, kCallDeadline, &context);
    if (!prepared.ok()) return FailHere(terminal, prepared);
    const grpc::Status answered = method(&context, request, response);
    if (answered.ok()) return kExitOk;
    if (answered.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
      return FailCall(terminal, what, answered);
    }
    *terminal.err << "still at it\n";
  }
}

int Backup(Terminal& terminal, const NoOptions<HubOptions>& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = MaintenanceService::NewStub((*session)->channel());
  signpost::v1::MakeBackupResponse response;
  const int code = CallUntilDone(
      terminal, **session, "backup", signpost::v1::MakeBackupRequest(),
      [&](auto... all) { return stub->MakeBackup(all...); }, &response);
  if (code != kExitOk) return code;
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << "backup " << response.backup() << ": " << response.ledger_size()
                  << " ledger entries, " << response.files() << " files, " << response.files_added()
                  << " of them new (" << response.bytes_added()
                  << " bytes), verified; recorded as entry " << response.receipt().ledger_index()
                  << "\n";
  }
  return kExitOk;
}

int Prune(Terminal& terminal, const PruneOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = MaintenanceService::NewStub((*session)->channel());
  signpost::v1::PruneEntriesRequest request;
  request.set_dry_run(options.dry_run);
  signpost::v1::PruneEntriesResponse response;
  const int code = CallUntilDone(
      terminal, **session, "prune", request,
      [&](auto... all) { return stub->PruneEntries(all...); }, &response);
  if (code != kExitOk) return code;
  if (options.json) {
    *terminal.out << Json(response);
    return kExitOk;
  }
  if (response.kinds().empty()) *terminal.out << "nothing is past its retention\n";
  for (const signpost::v1::PrunedEntries& kind : response.kinds()) {
    *terminal.out << kind.count() << " entries of kind " << EnumWord(kind.kind()) << ", kept for "
                  << kind.kept_days() << " days, " << (request.dry_run() ? "would be" : "are")
                  << " reduced to their hashes\n";
  }
  if (response.has_receipt()) {
    *terminal.out << "recorded, the last part as entry " << response.receipt().ledger_index()
                  << "\n";
  }
  return kExitOk;
}

}  // namespace

std::vector<Command> MaintenanceCommands() {
  return {
      MakeCommand("backup", "Makes a backup into the directory that the hub's configuration names.",
                  "For the hub's operator. Adds what changed since the one before, and reads all "
                  "of it back. "
                  "Restoring is done with the hub stopped: signpost-hub restore.",
                  Backup),
      MakeCommand(
          "prune", "Reduces ledger entries past the retention of their kind to their hashes.",
          "For the hub's operator. How long a kind is kept is in the hub's configuration. Proofs "
          "still verify; what an entry said is gone for good.",
          Prune),
  };
}

}  // namespace signpost::adapters::cli
