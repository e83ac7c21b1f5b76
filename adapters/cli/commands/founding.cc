// founding make, show, sign, apply: how an area begins.

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/area_file.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/founding_file.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "signpost/v1/registry.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

struct MakeOptions : LocalOptions {
  std::string area;
  std::string origin;
  std::string policy;
  std::string out;
  void Declare(CLI::App* app) {
    AddPositional(app, "AREA", &area);
    AddText(app, "--origin", "NAME",
            "The origin of the hub's ledger, as its configuration says it.", &origin);
    AddText(app, "--policy", "FILE", "The policy that the area begins with; none when left out.",
            &policy);
    AddText(app, "--out", "FILE", "Where to write it.", &out);
  }
};

struct FileOptions : LocalOptions {
  std::string file;
  void Declare(CLI::App* app) { AddPositional(app, "FILE", &file); }
};

struct SignOptions : LocalOptions {
  std::string file;
  std::string agency;
  std::string key;
  std::string key_id;
  void Declare(CLI::App* app) {
    AddPositional(app, "FILE", &file);
    AddText(app, "--agency", "AGENCY", "Which agency signs.", &agency);
    AddText(app, "--key", "FILE", "Its private key, PEM.", &key);
    AddText(app, "--key-id", "ID", "What the file calls that key.", &key_id);
  }
};

struct ApplyOptions : HubOptions {
  std::string file;
  void Declare(CLI::App* app) { AddPositional(app, "FILE", &file); }
};

// As `openssl pkey -pubin -outform DER | sha256sum` says it.
std::string Fingerprint(const std::string& pem) {
  std::string text;
  for (const absl::string_view line : absl::StrSplit(pem, '\n')) {
    if (!absl::StartsWith(line, "-----")) absl::StrAppend(&text, line);
  }
  std::string der;
  if (!absl::Base64Unescape(text, &der)) return "does not parse";
  return absl::StrCat("SHA256:", absl::BytesToHexString(base::Sha256(der)));
}

int Make(Terminal& terminal, const MakeOptions& options) {
  if (options.origin.empty() || options.out.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "say of which ledger it is and where to write it: --origin NAME "
                                  "--out FILE"));
  }
  const auto text = ReadBytes(options.area, base::kConfigBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  auto area =
      ParseArea(*text, options.area, std::filesystem::path(options.area).parent_path().string());
  if (!area.ok()) return FailHere(terminal, area.status());
  FoundingFile file;
  file.founding.set_origin(options.origin);
  if (!options.policy.empty()) {
    const auto policy = ReadBytes(options.policy, base::kConfigBytesMax);
    if (!policy.ok()) return FailHere(terminal, policy.status());
    file.founding.set_policy_sha256(absl::BytesToHexString(base::Sha256(*policy)));
  }
  for (auto& one : area->agencies) *file.founding.add_agencies() = std::move(one);
  for (auto& one : area->teams) *file.founding.add_teams() = std::move(one);
  for (auto& one : area->practitioners) *file.founding.add_practitioners() = std::move(one);
  file.request.set_founding(file.founding.SerializeAsString());
  const absl::Status written = WriteFoundingFile(options.out, file);
  if (!written.ok()) return FailHere(terminal, written);
  *terminal.out << options.out << " is to be signed by two agencies: signpost founding show, "
                << "signpost founding sign\n";
  return kExitOk;
}

int Show(Terminal& terminal, const FileOptions& options) {
  const auto file = ReadFoundingFile(options.file);
  if (!file.ok()) return FailHere(terminal, file.status());
  if (options.json) {
    *terminal.out << Json(file->founding);
    return kExitOk;
  }
  const signpost::v1::Founding& founding = file->founding;
  Page page(terminal.bold);
  page.Heading(absl::StrCat("An area founded on ", founding.origin()));
  page.Field(2, 18, "SHA-256", absl::BytesToHexString(base::Sha256(file->request.founding())));
  page.Field(2, 18, "policy", founding.policy_sha256().empty() ? "none" : founding.policy_sha256());
  std::vector<std::string> signers;
  for (const auto& one : file->request.signatures()) signers.push_back(one.agency_id());
  page.Field(2, 18, "signed by", signers.empty() ? "nobody" : absl::StrJoin(signers, ", "));
  std::map<std::string, std::vector<std::string>> workers;
  for (const signpost::v1::Practitioner& one : founding.practitioners()) {
    workers[one.agency_id()].push_back(absl::StrCat(
        one.practitioner_id(), " (", absl::StrJoin(one.roles(), ", "),
        one.team_ids().empty() ? "" : absl::StrCat("; ", absl::StrJoin(one.team_ids(), ", ")),
        ")"));
  }
  for (const signpost::v1::Agency& agency : founding.agencies()) {
    page.Heading(absl::StrCat(agency.agency_id(), ", ", agency.kind()));
    for (const auto& system : agency.systems()) page.Field(2, 18, "may call", system.spiffe_id());
    for (const auto& key : agency.assertion_keys()) {
      page.Field(2, 18, absl::StrCat("key ", key.key_id()), Fingerprint(key.public_key_pem()));
    }
    for (const std::string& worker : workers[agency.agency_id()])
      page.Field(2, 18, "worker", worker);
  }
  for (const signpost::v1::Team& team : founding.teams()) {
    page.Heading(absl::StrCat("team ", team.team_id(), " of ", team.home_agency_id()));
    page.Field(2, 18, "open to", absl::StrJoin(team.agency_ids(), ", "));
  }
  *terminal.out << page.text();
  return kExitOk;
}

int Sign(Terminal& terminal, const SignOptions& options) {
  if (options.agency.empty() || options.key.empty() || options.key_id.empty()) {
    return FailHere(terminal,
                    absl::InvalidArgumentError(
                        "say who signs with what: --agency AGENCY --key FILE --key-id ID"));
  }
  auto file = ReadFoundingFile(options.file);
  if (!file.ok()) return FailHere(terminal, file.status());
  const auto key = base::PrivateKey::ReadFile(options.key);
  if (!key.ok()) return FailHere(terminal, key.status());
  absl::Status done = SignFounding(options.agency, options.key_id, *key, &*file);
  if (done.ok()) done = WriteFoundingFile(options.file, *file);
  if (!done.ok()) return FailHere(terminal, done);
  *terminal.out << options.agency << " has signed "
                << absl::BytesToHexString(base::Sha256(file->request.founding())) << "\n";
  return kExitOk;
}

int Apply(Terminal& terminal, const ApplyOptions& options) {
  auto file = ReadFoundingFile(options.file);
  if (!file.ok()) return FailHere(terminal, file.status());
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  file->request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  // The operator's system: before it there is nobody whom it could name.
  (*session)->PrepareSystem(kCallDeadline, &context);
  signpost::v1::FoundAreaResponse response;
  const grpc::Status status = signpost::v1::RegistryService::NewStub((*session)->channel())
                                  ->FoundArea(&context, file->request, &response);
  if (!status.ok()) return FailCall(terminal, "founding apply", status);
  if (options.json) {
    *terminal.out << Json(response);
    return kExitOk;
  }
  *terminal.out << (response.has_receipt() ? "Founded" : "Founded before") << " with "
                << response.founding().sha256() << ", signed by "
                << absl::StrJoin(response.founding().signer_agency_ids(), " and ") << ": "
                << file->founding.agencies_size() << " agencies, " << file->founding.teams_size()
                << (file->founding.teams_size() == 1 ? " team, " : " teams, ")
                << file->founding.practitioners_size() << " practitioners\n";
  return kExitOk;
}

}  // namespace

std::vector<Command> FoundingCommands() {
  return {
      MakeCommand("founding make", "Makes the file that founds an area, of an area file.",
                  "Two agencies sign it, with assertion keys that stand in it. It holds no secret.",
                  Make),
      MakeCommand("founding show", "What a founding file would enrol, and who signed it.",
                  "Look at it before you sign: whoever it names can decide who else takes part.",
                  Show),
      MakeCommand("founding sign", "Signs a founding file as one agency.",
                  "Made where the agency keeps its key; the key does not leave it.", Sign),
      MakeCommand(
          "founding apply", "Founds an area with a file that two agencies signed.",
          "For the hub's operator; once in the life of a store. Afterwards what gives a right "
          "waits for an officer: signpost registry changes.",
          Apply),
  };
}

}  // namespace signpost::adapters::cli
