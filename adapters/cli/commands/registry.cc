// registry apply, list, suspend, restore, changes, confirm, refuse.

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/area_file.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
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

// What came of changes that were sent.
struct Sent {
  int changed = 0;
  std::vector<signpost::v1::RegistryChange> waits;
};

// "agency nortown-yot: 17 (an officer of nortown-yot)"
void TellWaiting(const std::vector<signpost::v1::RegistryChange>& waits, std::ostream* out) {
  if (waits.empty()) return;
  *out << waits.size() << (waits.size() == 1 ? " change gives" : " changes give")
       << " a right and waits for an officer: signpost registry changes\n";
  for (const signpost::v1::RegistryChange& change : waits) {
    std::vector<std::string> agencies;
    for (const auto& hearing : change.hearings()) {
      agencies.push_back(hearing.own_officer()
                             ? hearing.agency_id()
                             : absl::StrCat("another agency, for ", hearing.agency_id()));
    }
    *out << "  " << change.record() << " " << change.id() << ": change " << change.change_id()
         << ", for an officer of " << absl::StrJoin(agencies, " and of ") << "\n";
  }
}

// Sends one change; notes whether it changed anything, and what waits.
template <typename Request, typename Response, typename Method>
grpc::Status Put(Session& session, Method method, Request& request, Sent* sent) {
  request.set_request_id(session.NewRequestId());
  grpc::ClientContext context;
  const absl::Status prepared = session.Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!prepared.ok()) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, std::string(prepared.message()));
  }
  Response response;
  grpc::Status status = method(&context, request, &response);
  if (status.ok() && response.has_receipt()) ++sent->changed;
  if (status.ok() && response.has_waits()) sent->waits.push_back(response.waits());
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
  Sent sent;
  for (const signpost::v1::Agency& agency : area->agencies) {
    signpost::v1::PutAgencyRequest request;
    *request.mutable_agency() = agency;
    const grpc::Status status =
        Put<signpost::v1::PutAgencyRequest, signpost::v1::PutAgencyResponse>(
            **session, [&](auto... all) { return stub->PutAgency(all...); }, request, &sent);
    if (!status.ok())
      return FailCall(terminal, absl::StrCat("agency ", agency.agency_id()), status);
  }
  for (const signpost::v1::Team& team : area->teams) {
    signpost::v1::PutTeamRequest request;
    *request.mutable_team() = team;
    const grpc::Status status = Put<signpost::v1::PutTeamRequest, signpost::v1::PutTeamResponse>(
        **session, [&](auto... all) { return stub->PutTeam(all...); }, request, &sent);
    if (!status.ok()) return FailCall(terminal, absl::StrCat("team ", team.team_id()), status);
  }
  for (const signpost::v1::Practitioner& practitioner : area->practitioners) {
    signpost::v1::PutPractitionerRequest request;
    *request.mutable_practitioner() = practitioner;
    const grpc::Status status =
        Put<signpost::v1::PutPractitionerRequest, signpost::v1::PutPractitionerResponse>(
            **session, [&](auto... all) { return stub->PutPractitioner(all...); }, request, &sent);
    if (!status.ok()) {
      return FailCall(terminal,
                      absl::StrCat("practitioner ", practitioner.practitioner_id(), " of ",
                                   practitioner.agency_id()),
                      status);
    }
  }
  *terminal.out << area->agencies.size() << " agencies, " << area->teams.size()
                << (area->teams.size() == 1 ? " team, " : " teams, ") << area->practitioners.size()
                << " practitioners; " << sent.changed << " changed\n";
  TellWaiting(sent.waits, terminal.out);
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
  Sent sent;
  const grpc::Status status =
      Put<signpost::v1::SetSuspendedRequest, signpost::v1::SetSuspendedResponse>(
          **session, [&](auto... all) { return stub->SetSuspended(all...); }, request, &sent);
  if (!status.ok()) return FailCall(terminal, "registry", status);
  TellWaiting(sent.waits, terminal.out);
  if (!sent.waits.empty()) return kExitOk;
  *terminal.out << (sent.changed == 0 ? "It was so already.\n"
                    : suspended       ? "Suspended, from the next call on.\n"
                                      : "Restored, from the next call on.\n");
  return kExitOk;
}

struct ChangesOptions : HubOptions {
  bool all = false;
  void Declare(CLI::App* app) {
    AddSwitch(app, "--all", "Also those that were decided or ran out.", &all);
  }
};

struct ConfirmOptions : HubOptions {
  std::string change_id;
  std::string sha256;
  void Declare(CLI::App* app) {
    AddPositional(app, "CHANGE", &change_id);
    AddPositional(app, "SHA256", &sha256);
  }
};

struct RefuseOptions : HubOptions {
  std::string change_id;
  std::string reason;
  void Declare(CLI::App* app) {
    AddPositional(app, "CHANGE", &change_id);
    AddText(app, "--reason", "TEXT", "Why; kept in the ledger. Do not name a young person.",
            &reason);
  }
};

std::string SignerText(const signpost::v1::RegistrySigner& signer) {
  return absl::StrCat(signer.agency_id(), "/", signer.practitioner_id(), ", ",
                      Readable(signer.at()));
}

void ShowChange(const signpost::v1::RegistryChange& change, Page* page) {
  page->Heading(
      absl::StrCat("Change ", change.change_id(), ": ", change.record(), " ", change.id()));
  page->Field(2, 18, "state",
              absl::StrCat(ReadableCode(EnumWord(change.state())),
                           change.stale() ? ", and the record has changed since" : ""));
  std::vector<std::string> rights;
  for (const int right : change.rights()) {
    rights.push_back(ReadableCode(EnumWord(static_cast<signpost::v1::RegistryRight>(right))));
  }
  page->Field(2, 18, "gives", absl::StrJoin(rights, ", "));
  for (const signpost::v1::RegistryFieldChange& field : change.fields()) {
    page->Field(2, 18, field.field(),
                absl::StrCat(field.before().empty() ? "nothing" : field.before(), " -> ",
                             field.after().empty() ? "nothing" : field.after()));
  }
  page->Field(2, 18, "proposed by", SignerText(change.proposed_by()));
  for (const signpost::v1::RegistryHearing& hearing : change.hearings()) {
    if (hearing.has_confirmed_by()) {
      page->Field(2, 18, absl::StrCat("for ", hearing.agency_id()),
                  SignerText(hearing.confirmed_by()));
    } else if (change.state() == signpost::v1::REGISTRY_CHANGE_STATE_WAITS) {
      page->Field(2, 18, absl::StrCat("for ", hearing.agency_id()),
                  hearing.own_officer() ? "an officer of its own"
                                        : "an officer of another agency: it has none who can");
    }
  }
  if (change.has_ended_by()) page->Field(2, 18, "ended by", SignerText(change.ended_by()));
  if (change.state() == signpost::v1::REGISTRY_CHANGE_STATE_WAITS) {
    page->Field(2, 18, "until", Readable(change.expires_at()));
    page->Field(
        2, 18, "to confirm it",
        absl::StrCat("signpost registry confirm ", change.change_id(), " ", change.sha256()));
  }
}

int Changes(Terminal& terminal, const ChangesOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = RegistryService::NewStub((*session)->channel());
  signpost::v1::ListRegistryChangesResponse all;
  do {
    signpost::v1::ListRegistryChangesRequest request;
    request.set_include_ended(options.all);
    request.set_page_token(all.next_page_token());
    grpc::ClientContext context;
    const absl::Status prepared = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
    if (!prepared.ok()) return FailHere(terminal, prepared);
    signpost::v1::ListRegistryChangesResponse page;
    const grpc::Status status = stub->ListRegistryChanges(&context, request, &page);
    if (!status.ok()) return FailCall(terminal, "registry changes", status);
    all.clear_next_page_token();
    all.clear_founding();
    all.MergeFrom(page);
  } while (!all.next_page_token().empty());
  if (options.json) {
    *terminal.out << Json(all);
    return kExitOk;
  }
  Page page(terminal.bold);
  if (all.has_founding()) {
    page.Line(absl::StrCat("Founded ", Readable(all.founding().at()), " with ",
                           all.founding().sha256(), ", signed by ",
                           absl::StrJoin(all.founding().signer_agency_ids(), " and ")));
  }
  for (const signpost::v1::RegistryChange& change : all.changes()) ShowChange(change, &page);
  if (all.changes().empty()) page.Line("Nothing waits.");
  *terminal.out << page.text();
  return kExitOk;
}

int Confirm(Terminal& terminal, const ConfirmOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::ConfirmRegistryChangeRequest request;
  request.set_request_id((*session)->NewRequestId());
  request.set_change_id(options.change_id);
  request.set_sha256(options.sha256);
  grpc::ClientContext context;
  const absl::Status prepared = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!prepared.ok()) return FailHere(terminal, prepared);
  signpost::v1::ConfirmRegistryChangeResponse response;
  const grpc::Status status = RegistryService::NewStub((*session)->channel())
                                  ->ConfirmRegistryChange(&context, request, &response);
  if (!status.ok()) return FailCall(terminal, "registry confirm", status);
  Page page(terminal.bold);
  ShowChange(response.change(), &page);
  *terminal.out << (options.json ? Json(response) : page.text());
  return kExitOk;
}

int Refuse(Terminal& terminal, const RefuseOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::RefuseRegistryChangeRequest request;
  request.set_request_id((*session)->NewRequestId());
  request.set_change_id(options.change_id);
  request.set_reason(options.reason);
  grpc::ClientContext context;
  const absl::Status prepared = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!prepared.ok()) return FailHere(terminal, prepared);
  signpost::v1::RefuseRegistryChangeResponse response;
  const grpc::Status status = RegistryService::NewStub((*session)->channel())
                                  ->RefuseRegistryChange(&context, request, &response);
  if (!status.ok()) return FailCall(terminal, "registry refuse", status);
  Page page(terminal.bold);
  ShowChange(response.change(), &page);
  *terminal.out << (options.json ? Json(response) : page.text());
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
      MakeCommand(
          "registry apply", "Enrols what an area file says: agencies, teams, practitioners.",
          "For the hub's operator, by name (--as) where something gives a right: that waits for "
          "an officer. Applying a file again changes nothing.",
          Apply),
      MakeCommand("registry list", "The agencies of the area, and whether they feed the hub.", "",
                  List),
      MakeCommand("registry suspend", "Stops an agency, a system or a practitioner at once.", whom,
                  Suspend),
      MakeCommand(
          "registry restore", "Lets it go on.",
          absl::StrCat(whom, "\nWhoever has a right comes back when an officer confirms it."),
          Restore),
      MakeCommand("registry changes", "Changes that give a right, and wait for an officer.",
                  "For officers, auditors and the operator. Says all that each would change.",
                  Changes),
      MakeCommand("registry confirm", "Confirms such a change, as an officer.",
                  "SHA256 is of what the change would do, as signpost registry changes says it.",
                  Confirm),
      MakeCommand("registry refuse", "Refuses such a change, or takes it back as the operator.", "",
                  Refuse),
  };
}

}  // namespace signpost::adapters::cli
