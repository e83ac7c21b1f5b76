// registry apply, list, suspend, restore.

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/area_file.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/render.h"
#include "hub/base/limits.h"
#include "signpost/v1/registry.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::RegistryService;

struct ApplyOptions : HubOptions {
  std::string file;
  void Declare(CLI::App* app) { AddPositional(app, "FILE", &file); }
};

struct SuspendOptions : HubOptions {
  std::string whom;
  std::string reason;
  void Declare(CLI::App* app) {
    AddPositional(app, "WHOM", &whom);
    AddText(app, "--reason", "TEXT", "Why; kept in the ledger. Do not name a young person.",
            &reason);
  }
};

// Sends one change; counts whether it changed anything.
template <typename Request, typename Response, typename Method>
grpc::Status Put(Session& session, Method method, Request& request, int* changed) {
  request.set_request_id(session.NewRequestId());
  grpc::ClientContext context;
  const absl::Status prepared = session.Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!prepared.ok()) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, std::string(prepared.message()));
  }
  Response response;
  grpc::Status status = method(&context, request, &response);
  if (status.ok() && response.has_receipt()) ++*changed;
  return status;
}

int Apply(Terminal& terminal, const ApplyOptions& options) {
  const std::string& path = options.file;
  const auto text = ReadBytes(path, base::kConfigBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  const auto area = ParseArea(*text, path, std::filesystem::path(path).parent_path().string());
  if (!area.ok()) return FailHere(terminal, area.status());
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = RegistryService::NewStub((*session)->channel());
  int changed = 0;
  for (const signpost::v1::Agency& agency : area->agencies) {
    signpost::v1::PutAgencyRequest request;
    *request.mutable_agency() = agency;
    const grpc::Status status =
        Put<signpost::v1::PutAgencyRequest, signpost::v1::PutAgencyResponse>(
            **session, [&](auto... all) { return stub->PutAgency(all...); }, request, &changed);
    if (!status.ok())
      return FailCall(terminal, absl::StrCat("agency ", agency.agency_id()), status);
  }
  for (const signpost::v1::Team& team : area->teams) {
    signpost::v1::PutTeamRequest request;
    *request.mutable_team() = team;
    const grpc::Status status = Put<signpost::v1::PutTeamRequest, signpost::v1::PutTeamResponse>(
        **session, [&](auto... all) { return stub->PutTeam(all...); }, request, &changed);
    if (!status.ok()) return FailCall(terminal, absl::StrCat("team ", team.team_id()), status);
  }
  for (const signpost::v1::Practitioner& practitioner : area->practitioners) {
    signpost::v1::PutPractitionerRequest request;
    *request.mutable_practitioner() = practitioner;
    const grpc::Status status =
        Put<signpost::v1::PutPractitionerRequest, signpost::v1::PutPractitionerResponse>(
            **session, [&](auto... all) { return stub->PutPractitioner(all...); }, request,
            &changed);
    if (!status.ok()) {
      return FailCall(terminal,
                      absl::StrCat("practitioner ", practitioner.practitioner_id(), " of ",
                                   practitioner.agency_id()),
                      status);
    }
  }
  *terminal.out << area->agencies.size() << " agencies, " << area->teams.size()
                << (area->teams.size() == 1 ? " team, " : " teams, ") << area->practitioners.size()
                << " practitioners; " << changed << " changed\n";
  return kExitOk;
}

int List(Terminal& terminal, const NoOptions<HubOptions>& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::ListAgenciesResponse all;
  const grpc::Status answered = ListAllAgencies(**session, kPurposeOfKeeping, &all);
  if (!answered.ok()) return FailCall(terminal, "registry list", answered);
  *terminal.out << (options.json ? Json(all) : RenderAgencies(all));
  return kExitOk;
}

int SetSuspended(Terminal& terminal, const SuspendOptions& options, bool suspended) {
  signpost::v1::SetSuspendedRequest request;
  const std::string& whom = options.whom;
  const std::vector<std::string> parts = absl::StrSplit(whom, '/');
  if (whom.rfind("spiffe://", 0) == 0) {
    request.set_spiffe_id(whom);
  } else if (parts.size() == 1) {
    request.set_agency_id(whom);
  } else if (parts.size() == 2) {
    request.mutable_practitioner()->set_agency_id(parts[0]);
    request.mutable_practitioner()->set_practitioner_id(parts[1]);
  } else {
    return FailHere(terminal,
                    absl::InvalidArgumentError("whom? an agency's id, a system's spiffe:// id, or "
                                               "agency/practitioner"));
  }
  if (options.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  request.set_suspended(suspended);
  request.set_reason(options.reason);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = RegistryService::NewStub((*session)->channel());
  int changed = 0;
  const grpc::Status status =
      Put<signpost::v1::SetSuspendedRequest, signpost::v1::SetSuspendedResponse>(
          **session, [&](auto... all) { return stub->SetSuspended(all...); }, request, &changed);
  if (!status.ok()) return FailCall(terminal, "registry", status);
  *terminal.out << (changed == 0 ? "It was so already.\n"
                    : suspended  ? "Suspended, from the next call on.\n"
                                 : "Restored, from the next call on.\n");
  return kExitOk;
}

int Suspend(Terminal& terminal, const SuspendOptions& options) {
  return SetSuspended(terminal, options, true);
}
int Restore(Terminal& terminal, const SuspendOptions& options) {
  return SetSuspended(terminal, options, false);
}

}  // namespace

std::vector<Command> RegistryCommands() {
  const std::string whom =
      "WHOM is an agency's id, a system's spiffe:// id, or agency/practitioner.";
  return {
      MakeCommand("registry apply",
                  "Enrols what an area file says: agencies, teams, practitioners.",
                  "For the hub's operator. Applying a file again changes nothing.", Apply),
      MakeCommand("registry list", "The agencies of the area, and whether they feed the hub.", "",
                  List),
      MakeCommand("registry suspend", "Stops an agency, a system or a practitioner at once.", whom,
                  Suspend),
      MakeCommand("registry restore", "Lets it go on.", whom, Restore),
  };
}

}  // namespace signpost::adapters::cli
