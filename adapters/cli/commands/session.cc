#include "adapters/cli/commands/session.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/kit/await_connection.h"
#include "adapters/kit/connection.h"
#include "hub/base/assertion.h"
#include "hub/base/error.h"
#include "hub/base/json_config.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/registry.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

// Enough for one command, and little to steal.
constexpr absl::Duration kAssertionLife = absl::Seconds(60);

std::string Beside(const std::string& file, const std::string& path) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return path;
  return (std::filesystem::path(file).parent_path() / path).string();
}

absl::Status ReadFileInto(const std::string& path, Profile* profile) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject config, base::ConfigObject::ReadFile(path));
  profile->hub = config.StringOr("hub", "");
  profile->server_name = config.StringOr("server_name", "");
  profile->ca = Beside(path, config.StringOr("ca", ""));
  profile->cert = Beside(path, config.StringOr("cert", ""));
  profile->key = Beside(path, config.StringOr("key", ""));
  profile->agency = config.StringOr("agency", "");
  profile->assertion_key = Beside(path, config.StringOr("assertion_key", ""));
  profile->assertion_key_id = config.StringOr("assertion_key_id", "");
  profile->practitioner = config.StringOr("practitioner", "");
  profile->name = config.StringOr("name", "");
  profile->role = config.StringOr("role", "");
  profile->teams = config.Strings("teams");
  profile->assurance = config.StringOr("assurance", profile->assurance);
  profile->audience = config.StringOr("audience", "");
  return config.Finish();
}

}  // namespace

void HubOptions::DeclareCommon(CLI::App* app) {
  BeginGroup(app, "Who asks, and where");
  AddText(app, "--profile", "FILE",
          "A JSON file with what the other options here say; they stand over it. Also from "
          "SIGNPOST_PROFILE.",
          &profile);
  AddText(app, "--hub", "HOST:PORT", "The hub.", &over.hub);
  AddText(app, "--server-name", "NAME", "Name in the hub's certificate, when it is not HOST.",
          &over.server_name);
  AddText(app, "--ca", "FILE", "Certificate of the authority that signed the hub's.", &over.ca);
  AddText(app, "--cert", "FILE", "This system's certificate.", &over.cert);
  AddText(app, "--key", "FILE", "Its key, readable by its owner alone.", &over.key);
  AddText(app, "--agency", "ID", "This system's agency.", &over.agency);
  AddText(app, "--assertion-key", "FILE", "Key with which the agency speaks for its practitioners.",
          &over.assertion_key);
  AddText(app, "--assertion-key-id", "ID", "The name under which that key is enrolled.",
          &over.assertion_key_id);
  AddText(app, "--as", "ID", "The practitioner who asks.", &over.practitioner);
  AddText(app, "--name", "NAME", "The practitioner's name, as the agency writes it.", &over.name);
  AddText(app, "--role", "ROLE", "The role the practitioner acts in.", &over.role);
  AddList(app, "--team", "ID", "A team the practitioner acts in.", &over.teams);
  AddText(app, "--audience", "NAME", "The hub's own name in assertions.", &over.audience);
  AddSwitch(app, "--json", "Print JSON.", &json);
}

absl::StatusOr<Profile> ReadProfile(const HubOptions& options) {
  Profile profile;
  const char* const environment = std::getenv("SIGNPOST_PROFILE");
  const std::string file = !options.profile.empty() ? options.profile
                           : environment == nullptr ? ""
                                                    : std::string(environment);
  if (!file.empty()) SIGNPOST_RETURN_IF_ERROR(ReadFileInto(file, &profile));
  const Profile& over = options.over;
  if (!over.practitioner.empty() && over.practitioner != profile.practitioner) {
    // Another person: what the file said of the first one is not true of this one.
    profile.name.clear();
    profile.role.clear();
    profile.teams.clear();
  }
  for (std::string Profile::*const field :
       {&Profile::hub, &Profile::server_name, &Profile::ca, &Profile::cert, &Profile::key,
        &Profile::agency, &Profile::assertion_key, &Profile::assertion_key_id,
        &Profile::practitioner, &Profile::name, &Profile::role, &Profile::audience}) {
    if (!(over.*field).empty()) profile.*field = over.*field;
  }
  if (!over.teams.empty()) profile.teams = over.teams;

  std::vector<std::string> missing;
  const auto want = [&missing](const std::string& value, const char* option) {
    if (value.empty()) missing.emplace_back(option);
  };
  want(profile.hub, "--hub");
  want(profile.ca, "--ca");
  want(profile.cert, "--cert");
  want(profile.key, "--key");
  want(profile.agency, "--agency");
  if (!profile.assertion_key.empty() && !profile.practitioner.empty()) {
    want(profile.assertion_key_id, "--assertion-key-id");
    want(profile.role, "--role");
    want(profile.audience, "--audience");
  }
  if (!missing.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("missing ", absl::StrJoin(missing, ", "),
                     file.empty() ? ". Give a file that says so: --profile FILE"
                                  : absl::StrCat(", which ", file, " does not say either")));
  }
  return profile;
}

absl::StatusOr<std::unique_ptr<Session>> Session::Open(const Profile& profile,
                                                       const base::Clock* clock,
                                                       base::RandomSource* random) {
  std::unique_ptr<Session> session(new Session(profile, clock, random));
  ConnectionOptions options;
  options.address = profile.hub;
  options.server_name = profile.server_name;
  options.ca_path = profile.ca;
  options.certificate_path = profile.cert;
  options.key_path = profile.key;
  SIGNPOST_ASSIGN_OR_RETURN(session->channel_, Connect(options));
  // A command calls once.
  AwaitConnection(session->channel_.get());
  if (!profile.assertion_key.empty() && !profile.practitioner.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(base::PrivateKey key,
                              base::PrivateKey::ReadFile(profile.assertion_key));
    session->assertion_key_ = std::move(key);
    SIGNPOST_ASSIGN_OR_RETURN(const std::string certificate,
                              ReadBytes(profile.cert, base::kConfigBytesMax));
    SIGNPOST_ASSIGN_OR_RETURN(session->certificate_sha256_, base::CertificateSha256(certificate));
  }
  return session;
}

absl::Status Session::Prepare(const std::string& purpose, absl::Duration deadline,
                              grpc::ClientContext* context) {
  PrepareSystem(deadline, context);
  if (!assertion_key_.has_value()) return absl::OkStatus();
  base::AssertionClaims claims;
  claims.agency_id = profile_.agency;
  claims.practitioner_id = profile_.practitioner;
  claims.name = profile_.name;
  claims.role = profile_.role;
  claims.teams = profile_.teams;
  claims.assurance = profile_.assurance;
  claims.purpose = purpose;
  claims.audience = profile_.audience;
  claims.issued_at = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_->Now()));
  claims.not_before = claims.issued_at;
  claims.expires_at = claims.issued_at + kAssertionLife;
  claims.assertion_id = NewRequestId();
  claims.certificate_sha256 = certificate_sha256_;
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::string token,
      base::MintAssertion(*assertion_key_, profile_.assertion_key_id, claims));
  context->AddMetadata("signpost-assertion", token);
  return absl::OkStatus();
}

void Session::PrepareSystem(absl::Duration deadline, grpc::ClientContext* context) {
  context->set_deadline(absl::ToChronoTime(clock_->Now() + deadline));
}

std::string Session::NewRequestId() { return absl::BytesToHexString(random_->Bytes(16)); }

grpc::Status ListAllAgencies(Session& session, const std::string& purpose,
                             signpost::v1::ListAgenciesResponse* all) {
  const auto stub = signpost::v1::RegistryService::NewStub(session.channel());
  signpost::v1::ListAgenciesRequest request;
  do {
    grpc::ClientContext context;
    const absl::Status ready = session.Prepare(purpose, kCallDeadline, &context);
    if (!ready.ok()) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(ready.message()));
    }
    signpost::v1::ListAgenciesResponse response;
    const grpc::Status answered = stub->ListAgencies(&context, request, &response);
    if (!answered.ok()) return answered;
    request.set_page_token(response.next_page_token());
    response.clear_next_page_token();
    all->MergeFrom(response);
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

}  // namespace signpost::adapters::cli
