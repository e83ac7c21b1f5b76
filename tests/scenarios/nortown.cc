#include "tests/scenarios/nortown.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "adapters/kit/await_connection.h"
#include "hub/base/crypto.h"
#include "hub/request/wire_convert.h"

namespace signpost::scenarios {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void Broken(const std::string& what) {
  std::fprintf(stderr, "the test's surroundings are broken: %s\n", what.c_str());
  std::abort();
}

void SetDate(int year, int month, int day, v1::Date* date) {
  date->set_year(year);
  date->set_month(month);
  date->set_day(day);
}

}  // namespace

std::string NewFolder() {
  std::string pattern = (fs::temp_directory_path() / "signpost-nortown-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) Broken("no temporary folder");
  return pattern;
}

std::string ShippedPolicy() {
  return absl::StrCat(SIGNPOST_SOURCE_DIR, "/policy/shipped/nortown.policy");
}

std::string ShippedWords() {
  return absl::StrCat(SIGNPOST_SOURCE_DIR, "/deploy/area/nortown-words.json");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Broken("cannot read " + path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

Worker TariqsAdviser() { return {"northern-connexions", "pa-001", "personal-adviser", {}}; }
Worker SecondedAdviser() {
  return {"northern-connexions", "pa-002", "personal-adviser", {"nortown-yot-team"}};
}
Worker YotOfficer() { return {"nortown-yot", "yo-001", "yot-officer", {"nortown-yot-team"}}; }
Worker SocialWorker() { return {"nortown-social-services", "sw-001", "social-worker", {}}; }
Worker HousingOfficer() { return {"nortown-housing", "ho-001", "housing-officer", {}}; }
Worker ProjectWorker() { return {"nightstop-project", "pw-001", "project-worker", {}}; }
Worker DrugsWorker() { return {"nortown-drugs-advice", "dw-001", "drugs-worker", {}}; }
Worker Auditor() { return {"nortown-audit", "au-001", "auditor", {}}; }
Worker OtherAuditor() { return {"nortown-audit", "au-002", "auditor", {}}; }
Worker Steward() { return {"nortown-housing", "ms-001", "matching-steward", {}}; }

const std::string& Agencies::Authority() {
  // Made once for a test program: keys take a second.
  static const std::string* const folder = [] {
    auto* made = new std::string(NewFolder());
    const std::string command = absl::StrCat(SIGNPOST_SOURCE_DIR, "/deploy/make-authority ", *made,
                                             " >", *made, "/log 2>&1");
    if (std::system(command.c_str()) != 0) Broken(command);
    std::atexit([] {
      std::error_code ignored;
      fs::remove_all(Agencies::Authority(), ignored);
    });
    return made;
  }();
  return *folder;
}

Nortown::Nortown(Setup setup) : setup_(std::move(setup)), folder_(NewFolder()) {
  Authority();
  UseClock(setup_.overrides.clock);
  Open();
  Enrol(setup_.policy ? ReadFile(ShippedPolicy()) : "");
  const std::string problem = hub_->context().policy->problem();
  if (setup_.policy && !problem.empty()) Broken(problem);
}

Nortown::~Nortown() {
  Stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Nortown::Stop() {
  Connect("");
  if (hub_ != nullptr) hub_->Shutdown();
  hub_.reset();
}

void Nortown::Restart() {
  Stop();
  Open();
}

void Nortown::Open() {
  app::HubConfig config;
  const std::string& authority = Authority();
  config.server.listen = "127.0.0.1:0";
  config.server.certificate_file = authority + "/hub/hub.pem";
  config.server.key_file = authority + "/hub/hub.key";
  config.server.client_ca_file = authority + "/ca.pem";
  config.trust_domain = "nortown.example";
  config.audience = "signpost.nortown.example";
  config.origin = "signpost.nortown.example/ledger";
  config.operator_spiffe_id = "spiffe://nortown.example/agency/nortown-hub/system/operator";
  config.master_key_file = authority + "/hub/master.key";
  config.ledger_key_file = authority + "/hub/ledger.key";
  config.store_kind = app::StoreKind::kRocksDb;
  config.store_path = folder_ + "/store";
  config.checkpoint_file = folder_ + "/checkpoint";
  // Stories are not about how long an answer takes.
  config.release_step = absl::ZeroDuration();
  if (setup_.policy) {
    config.policy_file = ShippedPolicy();
    config.words_file = ShippedWords();
  }
  config.log_file = folder_ + "/hub.log";
  config.standing = setup_.standing;
  config.shutdown_grace = absl::Seconds(2);
  if (setup_.change) setup_.change(&config);
  absl::StatusOr<std::unique_ptr<app::Hub>> hub = app::Hub::Open(config, setup_.overrides);
  if (!hub.ok()) Broken(hub.status().ToString());
  hub_ = *std::move(hub);
  if (const absl::Status served = hub_->Serve(); !served.ok()) Broken(served.ToString());
  Connect(absl::StrCat("127.0.0.1:", hub_->port()));
}

void Agencies::Connect(const std::string& address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  channels_.clear();
  address_ = address;
}

void Agencies::Enrol(const std::string& policy_text) {
  test_area::NortownArea area = test_area::ReadNortownArea();
  for (size_t i = 0; i < area.agencies.size(); ++i) {
    v1::PutAgencyRequest& put = area.agencies[i];
    for (const std::string& key_id : area.key_ids[i]) {
      v1::AssertionKey* enrolled = put.mutable_agency()->add_assertion_keys();
      enrolled->set_key_id(key_id);
      enrolled->set_public_key_pem(ReadFile(
          absl::StrCat(Authority(), "/agencies/", put.agency().agency_id(), "/assertion.pub.pem")));
    }
  }
  v1::FoundAreaRequest request = test_area::FoundingOf(
      area, "signpost.nortown.example/ledger",
      policy_text.empty() ? "" : absl::BytesToHexString(base::Sha256(policy_text)));
  request.set_request_id(RequestId());
  v1::FoundAreaResponse response;
  const grpc::Status status = Registry()->FoundArea(Context().get(), request, &response);
  if (!status.ok()) Broken("founding: " + status.error_message());
}

void Agencies::EnrolWorker(const std::string& agency, const std::string& practitioner,
                           const std::vector<std::string>& roles) {
  v1::Practitioner worker;
  worker.set_agency_id(agency);
  worker.set_practitioner_id(practitioner);
  for (const std::string& role : roles) worker.add_roles(role);
  EnrolWorker(worker);
}

void Agencies::EnrolWorker(const v1::Practitioner& worker) {
  v1::PutPractitionerRequest put;
  put.set_request_id(RequestId());
  *put.mutable_practitioner() = worker;
  v1::PutPractitionerResponse waits;
  const Worker at_the_hub = {"nortown-hub", "op-001", "operator", {}};
  grpc::Status status = Registry()->PutPractitioner(ContextOf(at_the_hub).get(), put, &waits);
  if (!status.ok()) Broken("enrolling: " + status.error_message());
  for (const v1::RegistryHearing& hearing : waits.waits().hearings()) {
    // Where the agency has no officer who was there before, another's.
    const std::string agency =
        hearing.own_officer() ? hearing.agency_id() : "nortown-social-services";
    v1::ConfirmRegistryChangeRequest confirm;
    confirm.set_request_id(RequestId());
    confirm.set_change_id(waits.waits().change_id());
    confirm.set_sha256(waits.waits().sha256());
    v1::ConfirmRegistryChangeResponse confirmed;
    status = v1::RegistryService::NewStub(Channel(agency, "casework"))
                 ->ConfirmRegistryChange(
                     ContextOf({agency, "ig-001", "information-governance-officer", {}}).get(),
                     confirm, &confirmed);
    if (!status.ok()) Broken("confirming: " + status.error_message());
  }
}

std::shared_ptr<grpc::Channel> Agencies::Channel(const std::string& agency,
                                                 const std::string& system) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<grpc::Channel>& channel = channels_[agency + "/" + system];
  if (channel == nullptr) {
    const std::string stem = absl::StrCat(Authority(), "/agencies/", agency, "/", system);
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = ReadFile(Authority() + "/ca.pem");
    ssl.pem_cert_chain = ReadFile(stem + ".pem");
    ssl.pem_private_key = ReadFile(stem + ".key");
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    adapters::SetReconnectDelay(&arguments);
    channel = grpc::CreateCustomChannel(address_, grpc::SslCredentials(ssl), arguments);
    if (!address_.empty()) adapters::AwaitConnection(channel.get());
  }
  return channel;
}

std::unique_ptr<grpc::ClientContext> Agencies::Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(9));
  return context;
}

base::AssertionClaims Agencies::Claims(const Worker& worker, const std::string& agency,
                                       const std::string& system, v1::Purpose purpose) {
  base::AssertionClaims claims;
  claims.agency_id = worker.agency;
  claims.practitioner_id = worker.practitioner;
  claims.role = worker.role;
  claims.teams = worker.teams;
  claims.assurance = "substantial";
  claims.purpose = request::Word(policy::ToString(request::ToPolicy(purpose)));
  claims.audience = "signpost.nortown.example";
  claims.issued_at =
      absl::FromUnixSeconds(absl::ToUnixSeconds(clock_ == nullptr ? absl::Now() : clock_->Now()));
  claims.not_before = claims.issued_at;
  claims.expires_at = claims.issued_at + absl::Minutes(5);
  claims.assertion_id = RequestId();
  const absl::StatusOr<std::string> hash = base::CertificateSha256(
      ReadFile(absl::StrCat(Authority(), "/agencies/", agency, "/", system, ".pem")));
  if (!hash.ok()) Broken(hash.status().ToString());
  claims.certificate_sha256 = *hash;
  return claims;
}

std::string Agencies::Mint(const std::string& agency, const base::AssertionClaims& claims) {
  const std::string folder = absl::StrCat(Authority(), "/agencies/", agency);
  const absl::StatusOr<base::PrivateKey> key =
      base::PrivateKey::ReadFile(folder + "/assertion.key");
  if (!key.ok()) Broken(key.status().ToString());
  const absl::StatusOr<std::string> token = base::MintAssertion(*key, agency + "-1", claims);
  if (!token.ok()) Broken(token.status().ToString());
  return *token;
}

std::unique_ptr<grpc::ClientContext> Agencies::ContextOf(const Worker& worker,
                                                         v1::Purpose purpose) {
  std::unique_ptr<grpc::ClientContext> context = Context();
  const std::string system = worker.agency == "nortown-audit" ? "auditor"
                             : worker.agency == "nortown-hub" ? "operator"
                                                              : "casework";
  context->AddMetadata("signpost-assertion",
                       Mint(worker.agency, Claims(worker, worker.agency, system, purpose)));
  return context;
}

std::unique_ptr<grpc::ClientContext> Agencies::AuditContext() {
  return ContextOf(Auditor(), v1::PURPOSE_AUDIT);
}

std::string Agencies::RequestId() {
  return absl::StrCat("test-", getpid(), "-", ++request_number_);
}

v1::FlagOutcome Agencies::Report(const std::string& agency, const v1::FlagReport& report) {
  grpc::ClientContext context;
  const auto stub = Index(agency, "adapter");
  const auto stream = stub->ReportFlags(&context);
  v1::ReportFlagsRequest open;
  open.mutable_open()->set_feed("stories");
  v1::ReportFlagsRequest request;
  *request.mutable_report() = report;
  request.mutable_report()->set_sequence(1);
  v1::ReportFlagsResponse response;
  v1::FlagOutcome outcome;
  if (stream->Write(open) && stream->Read(&response) && stream->Write(request) &&
      stream->Read(&response)) {
    outcome = response.outcome();
  }
  stream->WritesDone();
  const grpc::Status status = stream->Finish();
  if (!status.ok()) outcome.add_fields()->set_description(status.error_message());
  return outcome;
}

Answered Agencies::Ask(const Worker& worker, const v1::WhoKnowsRequest& request) {
  Answered answered;
  v1::WhoKnowsResponse response;
  answered.status = Index(worker.agency)
                        ->WhoKnows(ContextOf(worker, request.purpose()).get(), request, &response);
  answered.answer_bytes = response.answer();
  answered.receipt = response.receipt();
  if (!answered.answer.ParseFromString(response.answer())) Broken("an answer does not decode");
  return answered;
}

std::unique_ptr<v1::IndexService::Stub> Agencies::Index(const std::string& agency,
                                                        const std::string& system) {
  return v1::IndexService::NewStub(Channel(agency, system));
}
std::unique_ptr<v1::StewardService::Stub> Agencies::Stewards(const std::string& agency) {
  return v1::StewardService::NewStub(Channel(agency, "casework"));
}
std::unique_ptr<v1::ConsentService::Stub> Agencies::Consents(const std::string& agency) {
  return v1::ConsentService::NewStub(Channel(agency, "casework"));
}
std::unique_ptr<v1::RegistryService::Stub> Agencies::Registry() {
  return v1::RegistryService::NewStub(Channel("nortown-hub", "operator"));
}
std::unique_ptr<v1::AuditService::Stub> Agencies::Audit() {
  return v1::AuditService::NewStub(Channel("nortown-audit", "auditor"));
}
std::unique_ptr<v1::ExchangeService::Stub> Agencies::Exchange(const std::string& agency) {
  return v1::ExchangeService::NewStub(Channel(agency, "adapter"));
}

v1::PersonDetails Details(const Known& known) {
  v1::PersonDetails details;
  details.set_given_names(known.given);
  details.set_surname(known.surname);
  SetDate(known.year, known.month, known.day, details.mutable_birth_date());
  details.set_postcode(known.postcode);
  if (!known.nhs_number.empty()) {
    v1::Identifier* identifier = details.add_identifiers();
    identifier->set_kind(v1::IDENTIFIER_KIND_NHS_NUMBER);
    identifier->set_value(known.nhs_number);
  }
  return details;
}

namespace {

// Whom its flags name: the one who asks in most stories.
std::string WorkerOf(const std::string& service) {
  static const auto* const kWorkers =
      new std::map<std::string, std::string>{{"connexions", "pa-001"},
                                             {"youth-offending", "yo-001"},
                                             {"childrens-social-care", "sw-001"},
                                             {"housing", "ho-001"},
                                             {"voluntary-project", "pw-001"},
                                             {"substance-misuse", "dw-001"}};
  const auto it = kWorkers->find(service);
  return it == kWorkers->end() ? "" : it->second;
}

}  // namespace

v1::FlagReport OpenFlag(const std::string& record_id, const Known& known,
                        const std::string& service, const std::string& worker_name) {
  v1::FlagReport report;
  report.set_record_id(record_id);
  *report.mutable_person() = Details(known);
  report.set_service(service);
  report.set_status(v1::FLAG_STATUS_OPEN);
  SetDate(2026, 3, 2, report.mutable_opened_on());
  report.mutable_contact()->set_practitioner_id(WorkerOf(service));
  report.mutable_contact()->set_name(worker_name);
  report.mutable_contact()->set_phone("01632 960123");
  return report;
}

v1::FlagReport WithAssessment(v1::FlagReport report, const std::string& kind,
                              std::vector<std::string> sections) {
  v1::AssessmentPointer* pointer = report.add_assessments();
  pointer->set_kind(kind);
  SetDate(2026, 4, 20, pointer->mutable_assessed_on());
  for (std::string& section : sections) pointer->add_sections(std::move(section));
  return report;
}

v1::FlagReport Closed(v1::FlagReport report) {
  report.set_status(v1::FLAG_STATUS_CLOSED);
  SetDate(2026, 9, 30, report.mutable_closed_on());
  return report;
}

v1::WhoKnowsRequest AskAbout(Agencies* agencies, const Known& known, v1::Purpose purpose) {
  v1::WhoKnowsRequest request;
  request.set_request_id(agencies->RequestId());
  *request.mutable_person()->mutable_details() = Details(known);
  request.set_purpose(purpose);
  return request;
}

v1::WhoKnowsRequest AskAboutRecord(Agencies* agencies, const std::string& record_id,
                                   v1::Purpose purpose) {
  v1::WhoKnowsRequest request;
  request.set_request_id(agencies->RequestId());
  request.mutable_person()->set_record_id(record_id);
  request.set_purpose(purpose);
  return request;
}

}  // namespace signpost::scenarios
