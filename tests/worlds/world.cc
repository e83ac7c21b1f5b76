#include "tests/worlds/world.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/support/server_interceptor.h"
#include "hub/api/services.h"
#include "hub/archive/ends.h"
#include "hub/base/crypto.h"
#include "hub/base/json_log.h"
#include "hub/disclosure/answers.h"
#include "hub/enrolment/covers.h"
#include "hub/enrolment/enrolment.h"
#include "hub/enrolment/registry_changes.h"
#include "hub/intake/intake.h"
#include "hub/operations/maintenance.h"
#include "hub/overrides/overrides.h"
#include "hub/oversight/joint_looks.h"
#include "hub/oversight/ledger_access.h"
#include "hub/oversight/masker.h"
#include "hub/oversight/pattern_search.h"
#include "hub/oversight/pseudonym_issuer.h"
#include "hub/oversight/replay.h"
#include "hub/oversight/samples.h"
#include "hub/oversight/search.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/policy_admin/policy_explainer.h"
#include "hub/policy_admin/policy_preview.h"
#include "hub/rpc/call_guard.h"
#include "hub/rpc/errors.h"
#include "hub/rpc/metrics.h"
#include "hub/schedule/schedule.h"
#include "hub/stewards/stewards.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/note.h"
#include "tests/base/test_keyring.h"
#include "tests/request/nortown_area.h"
#include "tests/rpc/test_pki.h"

namespace grpc::testing {

// A friend of gRPC's server contexts, which they declare for tests and define nowhere: the way to
// say who a call is from without a handshake.
class InteropServerContextInspector {
 public:
  static void SetPeer(ServerContextBase* context, std::shared_ptr<const AuthContext> peer) {
    context->auth_context_ = std::move(peer);
  }
};

}  // namespace grpc::testing

namespace signpost::worlds {

namespace {

constexpr char kOrigin[] = "signpost.nortown.example/ledger";
constexpr char kAudience[] = "signpost.nortown.example";
constexpr char kTrustDomain[] = "nortown.example";
constexpr char kSystemMetadataKey[] = "worlds-system";
constexpr char kAuditorAgency[] = "nortown-audit";

[[noreturn]] void Broken(const std::string& what) {
  std::fprintf(stderr, "the test's surroundings are broken: %s\n", what.c_str());
  std::abort();
}

template <typename T>
T Good(absl::StatusOr<T> result) {
  if (!result.ok()) Broken(result.status().ToString());
  return *std::move(result);
}
void Good(const absl::Status& status) {
  if (!status.ok()) Broken(status.ToString());
}

std::string SystemId(const std::string& agency, const std::string& system) {
  return absl::StrCat("spiffe://", kTrustDomain, "/agency/", agency, "/system/", system);
}

absl::Time FirstMoment() {
  return absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone());
}

// One certificate and one key for everybody: what they are worth is tried elsewhere, and here the
// interceptor's word counts.
struct Papers {
  std::string certificate_pem;
  std::string certificate_sha256;
  base::PrivateKey key;
  std::string public_key_pem;
  std::string note_key;
};
const Papers& EverybodysPapers() {
  static const Papers* const papers = [] {
    rpc::TestAuthority authority;
    const std::string pem = authority.Issue({"spiffe://nortown.example/worlds"}).certificate_pem;
    base::PrivateKey key = Good(base::PrivateKey::Generate(base::KeyType::kEd25519));
    std::string public_pem = Good(key.public_key().Pem());
    return new Papers{pem, Good(base::CertificateSha256(pem)), std::move(key),
                      std::move(public_pem), Good(tlog::GenerateNoteKey(kOrigin)).signer_key};
  }();
  return *papers;
}

// What a handshake leaves, for the SPIFFE id that the metadata names.
class Peer final : public grpc::AuthContext {
 public:
  explicit Peer(std::string spiffe_id) : spiffe_id_(std::move(spiffe_id)) {}
  bool IsPeerAuthenticated() const override { return true; }
  std::vector<grpc::string_ref> GetPeerIdentity() const override { return {spiffe_id_}; }
  std::string GetPeerIdentityPropertyName() const override { return "peer_spiffe_id"; }
  std::vector<grpc::string_ref> FindPropertyValues(const std::string& name) const override {
    if (name == "peer_spiffe_id") return {spiffe_id_};
    if (name == "x509_pem_cert") return {EverybodysPapers().certificate_pem};
    return {};
  }
  grpc::AuthPropertyIterator begin() const override { return Nowhere(); }
  grpc::AuthPropertyIterator end() const override { return Nowhere(); }
  void AddProperty(const std::string& /*key*/, const grpc::string_ref& /*value*/) override {}
  bool SetPeerIdentityPropertyName(const std::string& /*name*/) override { return false; }

 private:
  struct Nowhere : grpc::AuthPropertyIterator {};
  const std::string spiffe_id_;
};

class SaysWhoCalls final : public grpc::experimental::Interceptor {
 public:
  explicit SaysWhoCalls(grpc::experimental::ServerRpcInfo* info) : info_(info) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            grpc::experimental::InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      grpc::ServerContextBase* const context = info_->server_context();
      const auto named = context->client_metadata().find(kSystemMetadataKey);
      if (named != context->client_metadata().end()) {
        grpc::testing::InteropServerContextInspector::SetPeer(
            context,
            std::make_shared<Peer>(std::string(named->second.data(), named->second.size())));
      }
    }
    methods->Proceed();
  }

 private:
  grpc::experimental::ServerRpcInfo* const info_;
};

class SaysWhoCallsFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new SaysWhoCalls(info);
  }
};

v1::PutPractitionerRequest Enrols(const std::string& agency, const std::string& practitioner,
                                  const std::string& role, const std::string& team = "") {
  v1::PutPractitionerRequest request;
  v1::Practitioner* put = request.mutable_practitioner();
  put->set_agency_id(agency);
  put->set_practitioner_id(practitioner);
  put->add_roles(role);
  if (!team.empty()) put->add_team_ids(team);
  return request;
}

test_area::NortownArea WorldsArea() {
  test_area::NortownArea area = test_area::ReadNortownArea();
  const auto drugs = std::find_if(area.agencies.begin(), area.agencies.end(), [](const auto& put) {
    return put.agency().agency_id() == SensitiveAgencies()[0];
  });
  const v1::PutAgencyRequest like = *drugs;
  for (size_t i = 1; i < SensitiveAgencies().size(); ++i) {
    const std::string& id = SensitiveAgencies()[i];
    v1::PutAgencyRequest put = like;
    v1::Agency* agency = put.mutable_agency();
    agency->set_agency_id(id);
    agency->set_name(absl::StrCat("The ", id));
    agency->clear_services();
    agency->add_services(ServiceOf(id));
    agency->clear_systems();
    for (const char* system : {"adapter", "casework"}) {
      agency->add_systems()->set_spiffe_id(SystemId(id, system));
    }
    area.agencies.push_back(std::move(put));
  }
  for (v1::PutAgencyRequest& put : area.agencies) {
    v1::AssertionKey* key = put.mutable_agency()->add_assertion_keys();
    key->set_key_id("worlds");
    key->set_public_key_pem(EverybodysPapers().public_key_pem);
  }
  area.practitioners.clear();
  for (const v1::PutAgencyRequest& put : area.agencies) {
    const std::string& agency = put.agency().agency_id();
    const std::string team = agency == kYot ? "nortown-yot-team" : "";
    if (agency != kAuditorAgency && agency != kOperator) {
      area.practitioners.push_back(Enrols(agency, "w1", RoleOf(agency), team));
      area.practitioners.push_back(Enrols(agency, "w2", RoleOf(agency), team));
      area.practitioners.push_back(Enrols(agency, "mg", "manager"));
      area.practitioners.push_back(Enrols(agency, "dp", "data-protection-officer"));
      area.practitioners.push_back(Enrols(agency, "cr", "case-review-officer"));
    }
    for (const char* officer : {"ig1", "ig2", "ig3"}) {
      area.practitioners.push_back(Enrols(agency, officer, "information-governance-officer"));
    }
  }
  return area;
}

}  // namespace

const v1::FoundAreaRequest& WorldsFounding() {
  // Once, for a signature is another each time.
  static const auto* const founding = new v1::FoundAreaRequest(test_area::FoundingOf(
      WorldsArea(), kOrigin, absl::BytesToHexString(base::Sha256(WorldsPolicy(1)))));
  return *founding;
}

const std::vector<std::string>& SensitiveAgencies() {
  static const auto* const agencies =
      new std::vector<std::string>{"nortown-drugs-advice", "nortown-camhs", "nortown-clinic",
                                   "nortown-needle-exchange", "nortown-counselling"};
  return *agencies;
}

std::string ServiceOf(const std::string& agency) {
  static const auto* const services =
      new std::map<std::string, std::string>{{kYot, "youth-offending"},
                                             {kConnexions, "connexions"},
                                             {kSocial, "childrens-social-care"},
                                             {kHousing, "housing"},
                                             {kNightstop, "voluntary-project"},
                                             {"nortown-drugs-advice", "substance-misuse"},
                                             {"nortown-camhs", "mental-health"},
                                             {"nortown-clinic", "sexual-health"},
                                             {"nortown-needle-exchange", "substance-misuse"},
                                             {"nortown-counselling", "mental-health"}};
  const auto found = services->find(agency);
  return found == services->end() ? "" : found->second;
}

std::string RoleOf(const std::string& agency) {
  static const auto* const roles =
      new std::map<std::string, std::string>{{kYot, "yot-officer"},
                                             {kConnexions, "personal-adviser"},
                                             {kSocial, "social-worker"},
                                             {kHousing, "housing-officer"},
                                             {kNightstop, "project-worker"}};
  const auto found = roles->find(agency);
  return found == roles->end() ? "drugs-worker" : found->second;
}

std::string ToString(const Caller& caller) {
  if (caller.practitioner.empty()) return absl::StrCat(caller.agency, "/", caller.system);
  return absl::StrCat(caller.agency, "/", caller.practitioner, " (", caller.role, ", for ",
                      caller.purpose, ")");
}

std::string WorldsPolicy(int version) {
  std::vector<std::string> rules;
  int replaced = 0;
  for (const absl::string_view part :
       absl::StrSplit(test_area::ReadShipped("policy/shipped/nortown.policy"), "\n\n")) {
    std::vector<absl::string_view> lines;
    for (const absl::string_view line : absl::StrSplit(part, '\n')) {
      if (absl::StartsWith(line, "example ") || absl::StartsWith(line, "check ")) continue;
      lines.push_back(line);
    }
    std::string text = absl::StrJoin(lines, "\n");
    if (absl::StartsWith(text, "rule SENSITIVE-CONSENT ")) continue;
    if (absl::StartsWith(text, "rule SENSITIVE ")) {
      text =
          "rule SENSITIVE \"Sensitive services do not exist for others\"\n"
          "  hide everything of sensitive from everyone except the holder";
      ++replaced;
    }
    if (absl::StartsWith(text, "rule SHIELD ")) {
      text =
          "rule SHIELD \"A shielded person does not exist for others\"\n"
          "  hide everything of everything from everyone except the holder\n"
          "  when person is shielded";
      ++replaced;
    }
    if (absl::StrReplaceAll({{"lifts NEW, SENSITIVE, MARKED", "lifts NEW, MARKED"}}, &text) == 1) {
      ++replaced;
    }
    if (absl::StrReplaceAll({{"  version 1  ", absl::StrCat("  version ", version, "  ")}},
                            &text) == 1) {
      ++replaced;
    }
    rules.push_back(std::move(text));
  }
  if (replaced != 4) Broken("policy/shipped/nortown.policy is not as WorldsPolicy() expects it");
  return absl::StrCat(absl::StrJoin(rules, "\n\n"), "\n");
}

// What every world begins with: the area is enrolled and the policy compiled once.
struct Beginning {
  store::Batch rows;
  std::shared_ptr<const request::BoundPolicy> policy;
};

namespace {

// The policy as worlds hand it on from one to the next, with what it has found out about itself,
// which depends on nothing but its text and takes longer than a whole sequence. For one thread.
class PolicyPool {
 public:
  std::shared_ptr<const request::BoundPolicy> Take(const request::BoundPolicy& like) {
    if (!free_.empty()) {
      std::shared_ptr<const request::BoundPolicy> bound = std::move(free_.back());
      free_.pop_back();
      return bound;
    }
    auto bound = std::make_shared<request::BoundPolicy>();
    bound->policy = like.policy;
    bound->sha256 = like.sha256;
    bound->vocabulary_sha256 = like.vocabulary_sha256;
    bound->published_at = like.published_at;
    bound->row = like.row;
    bound->version = like.version;
    return bound;
  }
  void Give(std::shared_ptr<const request::BoundPolicy> bound) {
    bound->decides_until_revision = 0;
    free_.push_back(std::move(bound));
  }

 private:
  std::vector<std::shared_ptr<const request::BoundPolicy>> free_;
};

PolicyPool& Policies() {
  static auto* const pool = new PolicyPool;
  return *pool;
}

}  // namespace

// From the ground up, as app/hub.h has them; destroyed from the top down.
struct World::Rooms {
  // nullptr begins with nothing.
  Rooms(uint64_t random_seed, const Beginning* beginning);
  ~Rooms();

  void FoundArea();
  store::Batch Rows() const;
  void Serve();

  base::ManualClock clock;
  KeyedRandom random;
  std::unique_ptr<store::Store> store = store::NewMemoryStore();
  std::unique_ptr<base::Keyring> keyring;
  std::unique_ptr<tlog::NoteSigner> signer;
  std::unique_ptr<base::AgencyPersonIds> agency_ids;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> nowhere{std::fopen("/dev/null", "w"),
                                                          &std::fclose};
  std::unique_ptr<base::JsonLog> log;
  rpc::Metrics metrics;
  std::unique_ptr<ledger::EntryComposer> entries;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<people::People> people;
  std::unique_ptr<matching::ReportLinker> linker;
  std::unique_ptr<exchange::Mailboxes> mailboxes;
  exchange::MailboxNotifier notifier;
  std::unique_ptr<request::IdempotencyTable> idempotency;
  request::PolicyInForce policy;
  std::shared_ptr<const request::BoundPolicy> pooled;
  std::unique_ptr<store::Following> notifier_following;
  std::unique_ptr<store::Following> policy_following;
  request::HubContext context;
  std::unique_ptr<disclosure::Answers> answers;
  std::unique_ptr<policy_admin::PolicyAdmin> policy_admin;
  std::unique_ptr<policy_admin::PolicyExplainer> policy_explainer;
  std::unique_ptr<policy_admin::PolicyPreviews> policy_previews;
  std::unique_ptr<oversight::Masker> masker;
  std::unique_ptr<oversight::JointLooks> joint_looks;
  std::unique_ptr<oversight::Samples> samples;
  std::unique_ptr<oversight::Replays> replays;
  std::unique_ptr<oversight::LedgerAccess> ledger_access;
  std::unique_ptr<oversight::Searches> searches;
  std::unique_ptr<oversight::PatternSearch> pattern_search;
  std::unique_ptr<oversight::PseudonymIssuer> pseudonyms;
  std::unique_ptr<intake::Intake> intake;
  std::unique_ptr<enrolment::Enrolment> enrolment;
  std::unique_ptr<enrolment::RegistryChanges> registry_changes;
  std::unique_ptr<enrolment::Covers> covers;
  std::unique_ptr<overrides::Overrides> overrides;
  std::unique_ptr<stewards::Stewards> stewards;
  std::unique_ptr<archive::Ends> ends;
  request::DetailsBudget details_budget;
  std::unique_ptr<base::AssertionVerifier> assertions;
  std::unique_ptr<rpc::CallGuard> guard;
  std::unique_ptr<rpc::ErrorMapper> errors;
  std::unique_ptr<rpc::CallMetrics> call_metrics;
  rpc::LiveStreams streams;
  rpc::CallEnvironment calls;
  std::vector<std::unique_ptr<grpc::Service>> services;
  std::unique_ptr<ledger::Sequencer> sequencer;
  std::unique_ptr<base::ThreadPool> executor;
  std::unique_ptr<schedule::Schedule> schedule;
  std::unique_ptr<operations::Maintenance> maintenance;
  std::unique_ptr<store::Following> keys_following;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;
};

World::Rooms::Rooms(uint64_t random_seed, const Beginning* beginning)
    : clock(FirstMoment()), random(random_seed) {
  keyring = base::testing::MakeKeyring('k');
  signer = Good(tlog::NewNoteSigner(EverybodysPapers().note_key));
  agency_ids = std::make_unique<base::AgencyPersonIds>(keyring.get(), 1);
  log = std::make_unique<base::JsonLog>(nowhere.get(), &clock);
  if (beginning != nullptr) {
    store::Batch copy = beginning->rows;
    Good(store->Commit(std::move(copy), {std::nullopt}));
    clock.Advance(absl::Minutes(1));
  }
  ledger::Sequencer::Options options;
  options.origin = kOrigin;
  options.checkpoint_interval = absl::Hours(1);
  sequencer = Good(ledger::Sequencer::Open(options, store.get(), &clock, signer.get()));
  executor = std::make_unique<base::ThreadPool>(2, 1000);
  entries = std::make_unique<ledger::EntryComposer>(keyring->request_key(), &random);
  registry = Good(registry::Registry::Load({.operator_spiffe_id = SystemId(kOperator, "operator"),
                                            .mailbox_system_names = {"adapter"},
                                            .details_key = keyring->hub_data_key(),
                                            .clock = &clock,
                                            .entries = entries.get()},
                                           store.get(), sequencer.get(), executor.get(), &random));
  // Flags are settled at once: as much as can be is shown, and can differ.
  people = std::make_unique<people::People>(
      keyring.get(), &random, people::StandingRules{absl::ZeroDuration(), absl::ZeroDuration(), 1});
  linker = Good(matching::ReportLinker::Create(people.get(), &random));
  mailboxes = std::make_unique<exchange::Mailboxes>(
      Good(exchange::Mailboxes::MessageIdKey(keyring->hub_data_key())));
  notifier_following = Good(sequencer->Follow(&notifier));
  policy_following = Good(sequencer->Follow(&policy));
  idempotency = std::make_unique<request::IdempotencyTable>(keyring->request_key());
  context.executor = executor.get();
  context.store = store.get();
  context.sequencer = sequencer.get();
  context.clock = &clock;
  context.random = &random;
  context.keyring = keyring.get();
  context.agency_ids = agency_ids.get();
  context.registry = registry.get();
  context.people = people.get();
  context.linker = linker.get();
  context.mailboxes = mailboxes.get();
  context.notifier = &notifier;
  context.idempotency = idempotency.get();
  context.entries = entries.get();
  context.policy = &policy;
  context.details_budget = &details_budget;
  policy_admin = std::make_unique<policy_admin::PolicyAdmin>(context, &policy,
                                                             policy_admin::PolicyAdminOptions());
  registry_changes = std::make_unique<enrolment::RegistryChanges>(context, policy_admin.get());
  Good(policy_admin->SetFiles(WorldsPolicy(1),
                              test_area::ReadShipped("deploy/area/nortown-words.json")));
  if (beginning == nullptr) {
    FoundArea();
    Good(policy_admin->Bind());
    return;
  }
  pooled = Policies().Take(*beginning->policy);
  policy.Offer(pooled);
  if (policy.Get() == nullptr) Broken(policy.problem());
}

void World::Rooms::FoundArea() {
  base::Principal actor;
  actor.system_id = SystemId(kOperator, "operator");
  actor.agency_id = kOperator;
  actor.agency_kind = "operator";
  actor.kind = base::CallerKind::kOperator;
  absl::Notification founded;
  registry_changes->Found(actor, WorldsFounding(), [&](absl::StatusOr<v1::FoundAreaResponse> end) {
    Good(end.status());
    founded.Notify();
  });
  founded.WaitForNotification();
  // Changes that wait for the officers of two agencies.
  actor.practitioner_id = "ig1";
  actor.role = "information-governance-officer";
  for (const char* const agency : {kSocial, kYot}) {
    v1::PutPractitionerRequest put = Enrols(agency, "mg2", "manager");
    put.set_request_id(absl::StrCat("enrol-", agency));
    absl::Notification ended;
    registry->PutPractitioner(put, registry::PractitionerMarks(), actor,
                              [&](absl::StatusOr<registry::ChangeResult> result) {
                                Good(result.status());
                                if (!result->waits.has_value())
                                  Broken("a manager is nobody's right");
                                ended.Notify();
                              });
    ended.WaitForNotification();
  }
}

store::Batch World::Rooms::Rows() const {
  store::Batch rows;
  const std::unique_ptr<store::View> view = Good(store->NewView());
  for (int space = 0; space < store::kSpaceCount; ++space) {
    for (const store::KeyValue& row :
         Good(view->Scan(static_cast<store::Space>(space), "", "", 1 << 20))) {
      rows.Put(static_cast<store::Space>(space), row.key, row.value);
    }
  }
  return rows;
}

void World::Rooms::Serve() {
  answers = std::make_unique<disclosure::Answers>(context);
  policy_explainer = std::make_unique<policy_admin::PolicyExplainer>(context, policy_admin.get());
  policy_previews = std::make_unique<policy_admin::PolicyPreviews>(context, policy_admin.get());
  masker = std::make_unique<oversight::Masker>(context, policy_admin.get());
  joint_looks = std::make_unique<oversight::JointLooks>(context, masker.get());
  samples = std::make_unique<oversight::Samples>(context);
  replays = std::make_unique<oversight::Replays>(context, policy_admin.get(), joint_looks.get());
  searches = Good(oversight::Searches::Create(context, joint_looks.get()));
  pattern_search =
      std::make_unique<oversight::PatternSearch>(context, masker.get(), audit::PatternOptions());
  pseudonyms = std::make_unique<oversight::PseudonymIssuer>(context, joint_looks.get());
  intake = std::make_unique<intake::Intake>(context);
  enrolment = std::make_unique<enrolment::Enrolment>(context, policy_admin.get());
  ledger_access = std::make_unique<oversight::LedgerAccess>(context, joint_looks.get(),
                                                            signer->verifier_key(), nullptr);
  schedule = std::make_unique<schedule::Schedule>(&clock);
  overrides = std::make_unique<overrides::Overrides>(context);
  overrides->RunOn(schedule.get());
  covers = std::make_unique<enrolment::Covers>(context, schedule.get());
  registry_changes->RunOn(schedule.get());
  policy_admin->RunOn(schedule.get());
  stewards = std::make_unique<stewards::Stewards>(context);
  stewards->RunOn(schedule.get());
  ends = std::make_unique<archive::Ends>(context);
  Good(ends->Begin());
  ends->RunOn(schedule.get());
  maintenance = std::make_unique<operations::Maintenance>(context, nullptr, operations::Retention(),
                                                          schedule.get());
  keys_following = Good(sequencer->Follow(maintenance.get()));
  assertions = std::make_unique<base::AssertionVerifier>(
      kAudience,
      [this](const std::string& agency_id, const std::string& kid) {
        return registry->LookupKey(agency_id, kid);
      },
      &clock);
  guard = std::make_unique<rpc::CallGuard>(kTrustDomain, registry.get(), assertions.get());
  errors = std::make_unique<rpc::ErrorMapper>(&random, log.get());
  call_metrics = std::make_unique<rpc::CallMetrics>(&metrics);
  calls.guard = guard.get();
  calls.executor = executor.get();
  calls.errors = errors.get();
  calls.log = log.get();
  calls.metrics = call_metrics.get();
  calls.streams = &streams;
  const api::ApiContext below{&calls,
                              &context,
                              answers.get(),
                              intake.get(),
                              enrolment.get(),
                              registry_changes.get(),
                              covers.get(),
                              policy_admin.get(),
                              policy_explainer.get(),
                              policy_previews.get(),
                              replays.get(),
                              ledger_access.get(),
                              searches.get(),
                              pattern_search.get(),
                              pseudonyms.get(),
                              joint_looks.get(),
                              samples.get(),
                              maintenance.get()};
  services.push_back(MakeIndexService(below));
  services.push_back(MakeConsentService(below));
  services.push_back(MakeRegistryService(below));
  services.push_back(MakeCoverService(below));
  services.push_back(MakeAuditService(below));
  services.push_back(MakeExchangeService(below));
  services.push_back(MakeOverrideService(below));
  services.push_back(MakeStewardService(below));
  services.push_back(MakePolicyService(below));
  services.push_back(MakePersonService(below));
  services.push_back(MakeArchiveService(below));
  services.push_back(MakeMaintenanceService(below));

  grpc::ServerBuilder builder;
  for (const auto& service : services) builder.RegisterService(service.get());
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<SaysWhoCallsFactory>());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  server = builder.BuildAndStart();
  if (server == nullptr) Broken("gRPC serves nothing");
  channel = server->InProcessChannel(grpc::ChannelArguments());
}

World::Rooms::~Rooms() {
  channel.reset();
  if (server != nullptr) {
    streams.CloseAll(absl::UnavailableError("the world ends"));
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
    server->Wait();
    server.reset();
  }
  if (schedule != nullptr) schedule->Stop();
  if (maintenance != nullptr) maintenance->Shutdown();
  executor->Shutdown();
  sequencer->Shutdown();
  notifier_following.reset();
  keys_following.reset();
  policy_following.reset();
  sequencer.reset();
  if (pooled != nullptr) Policies().Give(std::move(pooled));
}

World::World(uint64_t random_seed) {
  static const Beginning* const beginning = [] {
    Rooms begun(0, nullptr);
    (void)Good(begun.sequencer->Checkpoint());
    return new Beginning{begun.Rows(), begun.policy.Latest()};
  }();
  rooms_ = std::make_unique<Rooms>(random_seed, beginning);
  rooms_->Serve();
}

World::~World() = default;

std::shared_ptr<grpc::Channel> World::channel() { return rooms_->channel; }
KeyedRandom& World::random() { return rooms_->random; }
absl::Time World::Now() const { return rooms_->clock.Now(); }

void World::Advance(absl::Duration by) {
  rooms_->clock.Advance(by);
  (void)rooms_->schedule->RunDue();
}

std::unique_ptr<grpc::ClientContext> World::ContextOf(const Caller& caller,
                                                      absl::Duration deadline) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(deadline));
  context->AddMetadata(kSystemMetadataKey, SystemId(caller.agency, caller.system));
  if (caller.practitioner.empty()) return context;
  base::AssertionClaims claims;
  claims.agency_id = caller.agency;
  claims.practitioner_id = caller.practitioner;
  claims.role = caller.role;
  claims.teams = caller.teams;
  claims.assurance = "substantial";
  claims.purpose = caller.purpose;
  claims.audience = kAudience;
  claims.issued_at = absl::FromUnixSeconds(absl::ToUnixSeconds(Now()));
  claims.not_before = claims.issued_at;
  claims.expires_at = claims.issued_at + absl::Minutes(5);
  claims.assertion_id = absl::StrCat("a-", absl::ToUnixSeconds(Now()));
  claims.certificate_sha256 = EverybodysPapers().certificate_sha256;
  context->AddMetadata(rpc::kAssertionMetadataKey,
                       Good(base::MintAssertion(EverybodysPapers().key, "worlds", claims)));
  return context;
}

int World::HoldersOf(const std::string& agency, const std::string& record_id) const {
  const std::unique_ptr<store::View> view = Good(rooms_->store->NewView());
  const auto record = rooms_->people->LookupLocalRecord(*view, agency, record_id);
  if (!record.ok()) return 0;
  const auto person = rooms_->people->Read(*view, record->known_as);
  return person.ok() ? static_cast<int>(person->AgenciesWithOpenFlags().size()) : 0;
}

}  // namespace signpost::worlds
