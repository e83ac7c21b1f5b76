#include "hub/app/hub.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/api/services.h"
#include "hub/app/hub_rooms.h"
#include "hub/base/check.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/base/version.h"
#include "hub/keys/master_key.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/ledger/restored.h"
#include "hub/people/rows.h"
#include "hub/store/memory_store.h"
#include "hub/store/rocksdb_store.h"
#include "hub/tlog/checkpoint.h"
#include "signpost/ledger/v1/entry.pb.h"

namespace signpost::app {
namespace {

using base::Error;
using base::Reason;

constexpr size_t kPolicyFileBytesMax = 4 << 20;

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  if (!in || !(bytes << in.rdbuf()) || bytes.str().size() > kPolicyFileBytesMax) {
    return Error(Reason::kInvalidField,
                 absl::StrCat(path, " cannot be read, is empty or is larger than ",
                              kPolicyFileBytesMax, " bytes. Put the file there."));
  }
  return bytes.str();
}

// How far the latest checkpoint reaches, and how old the newest entry is that it covers.
void DescribeCheckpoint(const ledger::LedgerReader& reader, absl::Time now, nlohmann::json* page) {
  (*page)["checkpoint_size"] = 0;
  (*page)["checkpoint_age_s"] = nullptr;
  const absl::StatusOr<std::string> message = reader.LatestCheckpoint();
  if (!message.ok()) return;
  const absl::StatusOr<tlog::Note> note = tlog::ParseNote(*message);
  if (!note.ok()) return;
  const absl::StatusOr<tlog::Checkpoint> checkpoint = tlog::ParseCheckpoint(note->text);
  if (!checkpoint.ok() || checkpoint->size == 0) return;
  (*page)["checkpoint_size"] = checkpoint->size;
  const absl::StatusOr<std::string> bytes = reader.Entry(checkpoint->size - 1);
  ledger::v1::LedgerEntry entry;
  if (!bytes.ok() || !entry.ParseFromString(*bytes)) return;
  (*page)["checkpoint_age_s"] =
      absl::ToInt64Seconds(now - absl::FromUnixMicros(entry.sequenced_at_us()));
}

ledger::v1::WitnessStanding StandingOf(ledger::Witnessing::Standing standing) {
  switch (standing) {
    case ledger::Witnessing::Standing::kGood:
      return ledger::v1::WITNESS_STANDING_GOOD;
    case ledger::Witnessing::Standing::kMissing:
      return ledger::v1::WITNESS_STANDING_MISSING;
    case ledger::Witnessing::Standing::kRefuses:
      return ledger::v1::WITNESS_STANDING_REFUSES;
  }
  return ledger::v1::WITNESS_STANDING_UNSPECIFIED;
}

// That what is served was restored from a backup, and what was given up by that.
ledger::Draft RestoredEntry(const ledger::EntryComposer& entries,
                            const ledger::Restored& restored) {
  ledger::v1::LedgerEntry entry =
      entries.New(ledger::v1::ENTRY_KIND_RESTORED, base::Principal(), "");
  ledger::v1::Restored* const detail = entry.mutable_restored();
  detail->set_backup(restored.backup);
  detail->set_entries(restored.holds.size);
  uint64_t size = 0;
  for (const ledger::TreeHead& head : restored.gives_up) {
    if (head.size < size) continue;
    size = head.size;
    detail->set_given_up_root(tlog::HashToString(head.root));
  }
  detail->set_given_up_size(size);
  entry.set_outcome(size != 0 ? ledger::v1::OUTCOME_OLDER_THAN_PUBLISHED
                              : ledger::v1::OUTCOME_RECORDED);
  return ledger::ToDraft(entry);
}

}  // namespace

absl::Status Hub::Rooms::Open(const Overrides& overrides) {
  SIGNPOST_RETURN_IF_ERROR(OpenRooms(overrides));
  SIGNPOST_RETURN_IF_ERROR(RecordAct(ledger::v1::OUTCOME_STARTED));
  SIGNPOST_RETURN_IF_ERROR(key_change_->Begin(std::move(keys_)));
  SIGNPOST_RETURN_IF_ERROR(ends_->Begin());
  SIGNPOST_RETURN_IF_ERROR(OpenPolicy());
  SIGNPOST_RETURN_IF_ERROR(OpenWitnessing());
  BuildServices();
  AddGauges();
  return absl::OkStatus();
}

absl::Status Hub::Rooms::OpenRooms(const Overrides& overrides) {
  if (overrides.clock != nullptr) clock_ = overrides.clock;
  if (overrides.random != nullptr) random_ = overrides.random;

  std::FILE* sink = stderr;
  if (!config_.log_file.empty()) {
    sink = std::fopen(config_.log_file.c_str(), "ae");
    if (sink == nullptr) {
      return base::InvalidField(
          "log.file", absl::StrCat("cannot write ", config_.log_file, ": ", std::strerror(errno)));
    }
    (void)fchmod(fileno(sink), 0640);
    log_file_ = {sink, [](std::FILE* file) { std::fclose(file); }};
  }
  log_ = std::make_unique<base::JsonLog>(sink, &real_clock_, config_.log_level);
  base::SetCheckLog(log_.get());

  // Keys first: without them nothing else may be touched.
  SIGNPOST_ASSIGN_OR_RETURN(const keys::MasterKeys masters,
                            keys::ReadFiles(config_.master_key_file, config_.old_master_key_file));
  master_key_check_ = base::HexEncode(masters.master.CheckValue());
  absl::StatusOr<std::unique_ptr<tlog::NoteSigner>> signer =
      tlog::ReadNoteSigner(config_.ledger_key_file);
  if (!signer.ok()) {
    return Error(Reason::kKeyUnavailable,
                 absl::StrCat("the ledger's signing key ", config_.ledger_key_file,
                              " cannot be used: ", signer.status().message()));
  }
  signer_ = *std::move(signer);
  if (signer_->name() != config_.origin) {
    return base::InvalidField(
        "origin",
        absl::StrCat("is \"", config_.origin, "\", but the signing key is for \"", signer_->name(),
                     "\". Checkpoints must carry one name: correct either."));
  }

  if (overrides.store != nullptr) {
    store_ = overrides.store;
  } else if (config_.store_kind == StoreKind::kMemory) {
    own_store_ = store::NewMemoryStore();
    store_ = own_store_.get();
  } else {
    store::RocksDbOptions options;
    options.path = config_.store_path;
    options.unsafe_no_sync_for_negative_control = config_.unsafe_no_sync_for_negative_control;
    SIGNPOST_ASSIGN_OR_RETURN(own_store_, store::OpenRocksDbStore(options));
    store_ = own_store_.get();
  }
  // Before anything reads a row with them, and before the ledger says that the hub started.
  SIGNPOST_ASSIGN_OR_RETURN(keys_, keys::OpenStore(store_, masters, clock_->Now(), random_));
  keyring_ = std::move(keys_.keyring);
  agency_ids_ = std::make_unique<base::AgencyPersonIds>(keyring_.get(), config_.agency_id_epoch);

  ledger::Sequencer::Options ledger_options;
  ledger_options.origin = config_.origin;
  ledger_options.checkpoint_interval = config_.checkpoint_interval;
  ledger_options.checkpoint_file = config_.checkpoint_file;
  ledger_options.witnessed_file = config_.witnessed_file;
  entries_ = std::make_unique<ledger::EntryComposer>(keyring_->request_key(), random_);
  ledger_options.restored_entry = [this](const ledger::Restored& restored) {
    return RestoredEntry(*entries_, restored);
  };
  SIGNPOST_ASSIGN_OR_RETURN(sequencer_,
                            ledger::Sequencer::Open(ledger_options, store_, clock_, signer_.get()));
  executor_ =
      std::make_unique<base::ThreadPool>(config_.executor_threads, config_.executor_queue_max);

  registry::Registry::Options registry_options{
      config_.operator_spiffe_id, {"adapter"}, keyring_->hub_data_key(), clock_, entries_.get()};
  SIGNPOST_ASSIGN_OR_RETURN(
      registry_, registry::Registry::Load(std::move(registry_options), store_, sequencer_.get(),
                                          executor_.get(), random_));
  SIGNPOST_RETURN_IF_ERROR(CheckKeeping());
  people_ =
      std::make_unique<people::People>(keyring_.get(), random_, config_.standing, config_.keeping);
  SIGNPOST_ASSIGN_OR_RETURN(linker_, matching::ReportLinker::Create(people_.get(), random_));
  SIGNPOST_ASSIGN_OR_RETURN(base::SecretKey token_key,
                            exchange::Mailboxes::MessageIdKey(keyring_->hub_data_key()));
  mailboxes_ = std::make_unique<exchange::Mailboxes>(token_key);
  notifier_ = std::make_unique<exchange::MailboxNotifier>();
  SIGNPOST_ASSIGN_OR_RETURN(notifier_following_, sequencer_->Follow(notifier_.get()));
  SIGNPOST_ASSIGN_OR_RETURN(policy_following_, sequencer_->Follow(&policy_));
  idempotency_ = std::make_unique<request::IdempotencyTable>(keyring_->request_key());

  context_.executor = executor_.get();
  context_.store = store_;
  context_.sequencer = sequencer_.get();
  context_.clock = clock_;
  context_.random = random_;
  context_.keyring = keyring_.get();
  context_.agency_ids = agency_ids_.get();
  context_.registry = registry_.get();
  context_.people = people_.get();
  context_.linker = linker_.get();
  context_.mailboxes = mailboxes_.get();
  context_.notifier = notifier_.get();
  context_.idempotency = idempotency_.get();
  context_.entries = entries_.get();
  context_.policy = &policy_;
  context_.contact_desk = config_.contact_desk;
  context_.details_budget = &details_budget_;
  answers_ = std::make_unique<disclosure::Answers>(context_);
  if (config_.policy_age_max != absl::InfiniteDuration()) {
    policy_.LimitAge(clock_, config_.policy_age_max);
  }
  policy_admin_ =
      std::make_unique<policy_admin::PolicyAdmin>(context_, &policy_, config_.policy_admin);
  policy_explainer_ =
      std::make_unique<policy_admin::PolicyExplainer>(context_, policy_admin_.get());
  policy_previews_ = std::make_unique<policy_admin::PolicyPreviews>(context_, policy_admin_.get());
  masker_ = std::make_unique<oversight::Masker>(context_, policy_admin_.get());
  joint_looks_ = std::make_unique<oversight::JointLooks>(context_, masker_.get());
  samples_ = std::make_unique<oversight::Samples>(context_);
  replays_ =
      std::make_unique<oversight::Replays>(context_, policy_admin_.get(), joint_looks_.get());
  SIGNPOST_ASSIGN_OR_RETURN(searches_, oversight::Searches::Create(context_, joint_looks_.get()));
  pattern_search_ =
      std::make_unique<oversight::PatternSearch>(context_, masker_.get(), config_.patterns);
  pseudonyms_ = std::make_unique<oversight::PseudonymIssuer>(context_, joint_looks_.get());
  intake_ = std::make_unique<intake::Intake>(context_);
  enrolment_ = std::make_unique<enrolment::Enrolment>(context_, policy_admin_.get());
  registry_changes_ = std::make_unique<enrolment::RegistryChanges>(context_, policy_admin_.get());
  if (!config_.backup.directory.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(tlog::NoteVerifier verifier,
                              tlog::NoteVerifier::Parse(signer_->verifier_key()));
    backup::BackupOptions options = config_.backup;
    options.engine = &store::RocksDbEngine();
    SIGNPOST_ASSIGN_OR_RETURN(backups_, backup::Backups::Open(std::move(options), store_, clock_,
                                                              random_, std::move(verifier)));
  }
  schedule_ = std::make_unique<schedule::Schedule>(
      clock_, [this](const std::string& job, const absl::Status& status) {
        log_->Warning("job_failed", {{"job", job}, {"detail", status.message()}});
      });
  overrides_ = std::make_unique<overrides::Overrides>(context_);
  overrides_->RunOn(schedule_.get());
  covers_ = std::make_unique<enrolment::Covers>(context_, schedule_.get());
  registry_changes_->RunOn(schedule_.get());
  policy_admin_->RunOn(schedule_.get());
  stewards_ = std::make_unique<stewards::Stewards>(context_);
  stewards_->RunOn(schedule_.get(), [this](int told) {
    log_->Error(
        "reviews_overdue",
        {{"told", told}, {"next", "stewards or deputies decide them: signpost review list"}});
  });
  ends_ = std::make_unique<archive::Ends>(context_);
  ends_->RunOn(schedule_.get(), [this](const archive::Ends::Done& done) {
    log_->Info("flags_ended", {{"persons", done.persons},
                               {"archived", done.archived},
                               {"erased", done.erased},
                               {"persons_erased", done.persons_erased}});
    if (done.holds_told == 0) return;
    log_->Error("legal_holds_overdue",
                {{"told", done.holds_told},
                 {"next", "data protection officers review them: signpost hold list"}});
  });
  const auto forget = [this] { return store::ForgetRows(*store_, people::kWrappedKeysSpace); };
  maintenance_ = std::make_unique<operations::Maintenance>(
      context_, backups_.get(), config_.retention, schedule_.get(), forget);
  SIGNPOST_ASSIGN_OR_RETURN(keys_following_, sequencer_->Follow(maintenance_.get()));
  key_change_ = std::make_unique<operations::KeyChange>(
      context_, maintenance_.get(), schedule_.get(), config_.keys_per_step, forget,
      [this](const operations::KeyChange::State& state) { LogKeyChange(state); });
  return absl::OkStatus();
}

void Hub::Rooms::LogKeyChange(const operations::KeyChange::State& state) {
  const char* next = "";
  switch (state.stage) {
    case operations::KeyChange::Stage::kNone:
      return;
    case operations::KeyChange::Stage::kRunning:
      next = "both keys are needed; wait";
      break;
    case operations::KeyChange::Stage::kEnded:
      next = "nothing in the store lies under the old key; wait for the backups' file of keys";
      break;
    case operations::KeyChange::Stage::kOldMayGo:
      next = "take keys.old_master out of the configuration, and the old key out of every safe";
      break;
  }
  log_->Info("master_key_change", {{"stage", operations::StageName(state.stage)},
                                   {"keys_done", state.keys_done},
                                   {"keys_left", state.keys_left},
                                   {"next", next}});
}

absl::Status Hub::Rooms::RecordAct(ledger::v1::Outcome outcome) {
  ledger::v1::LedgerEntry entry = entries_->New(ledger::v1::ENTRY_KIND_HUB, base::Principal(), "");
  entry.mutable_hub()->set_version(base::kVersion);
  entry.set_outcome(outcome);
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  return sequencer_->SubmitAndWait(std::move(operation)).status();
}

// A service that is spelt wrongly would be kept like any other, and nobody would see it.
absl::Status Hub::Rooms::CheckKeeping() const {
  if (config_.words_file.empty()) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(config_.words_file));
  SIGNPOST_ASSIGN_OR_RETURN(const policy::Vocabulary words, request::ReadWords(text));
  std::vector<base::FieldViolation> unknown;
  for (const people::KeepingTable& table : config_.keeping.tables) {
    for (const auto& [service, terms] : table.services) {
      const bool known = std::any_of(words.services.begin(), words.services.end(),
                                     [&service = service](const policy::VocabularyService& word) {
                                       return word.id == service;
                                     });
      if (!known) {
        unknown.push_back(
            {"keeping.tables.services", absl::StrCat(service, " is no service of policy.words")});
      }
    }
  }
  if (unknown.empty()) return absl::OkStatus();
  const std::string message =
      absl::StrCat("the table of how long what is closed is kept names a service: ",
                   unknown.front().description);
  return Error(Reason::kInvalidField, message, std::move(unknown));
}

absl::Status Hub::Rooms::OpenPolicy() {
  if (config_.words_file.empty()) {
    policy_.Lose("the configuration names no policy.words");
    log_->Warning("policy_absent", {{"effect", "everything is hidden"}});
    return absl::OkStatus();
  }
  std::string text;
  if (!config_.policy_file.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(text, ReadTextFile(config_.policy_file));
  }
  SIGNPOST_ASSIGN_OR_RETURN(std::string words, ReadTextFile(config_.words_file));
  SIGNPOST_RETURN_IF_ERROR(policy_admin_->SetFiles(std::move(text), words));
  if (registry_->directory()->Agencies().empty()) {
    log_->Info("policy_waits", {{"effect", "everything is hidden"},
                                {"next", "enrol the area's agencies and teams"}});
    return absl::OkStatus();
  }
  // What is wrong with it hides everything, and says so in the log and on /health: a hub that does
  // not start could not even say that.
  const absl::Status bound = policy_admin_->Bind();
  if (base::ReasonOf(bound) == Reason::kPolicyUnavailable) {
    log_->Warning("policy_not_in_force",
                  {{"effect", "everything is hidden"}, {"detail", bound.message()}});
    return absl::OkStatus();
  }
  SIGNPOST_RETURN_IF_ERROR(bound);
  const std::shared_ptr<const request::BoundPolicy> policy = policy_.Latest();
  if (policy_admin_->FileIsIgnored()) {
    log_->Warning("policy_file_ignored",
                  {{"file", config_.policy_file},
                   {"reason", "another text was published; publish this one to change that"}});
  }
  log_->Info(
      "policy_in_force",
      {{"name", policy->policy->name()}, {"version", policy->version}, {"sha256", policy->sha256}});
  return absl::OkStatus();
}

absl::Status Hub::Rooms::OpenWitnessing() {
  if (config_.witnesses.empty()) return absl::OkStatus();
  ledger::Witnessing::Options options;
  options.log_verifier_key = signer_->verifier_key();
  options.file = config_.witnessed_file;
  options.alarm_after = config_.witness_alarm_after;
  std::vector<ledger::Witnessing::Partner> partners;
  for (const WitnessPartner& one : config_.witnesses) {
    absl::StatusOr<std::unique_ptr<witness::WitnessChannel>> channel =
        witness::NewHttpChannel({one.url, one.ca_file});
    if (!channel.ok()) return channel.status();
    partners.push_back({one.verifier_key, one.required, *std::move(channel)});
  }
  absl::StatusOr<std::unique_ptr<ledger::Witnessing>> witnessing =
      ledger::Witnessing::Create(std::move(options), std::move(partners), store_,
                                 [this](const auto& state) { return RecordWitness(state); });
  if (!witnessing.ok()) return witnessing.status();
  witnessing_ = *std::move(witnessing);
  return absl::OkStatus();
}

absl::Status Hub::Rooms::RecordWitness(const ledger::Witnessing::State& state) {
  const bool good = state.standing == ledger::Witnessing::Standing::kGood;
  const char* outcome = good ? "back" : ledger::StandingName(state.standing);
  if (good) {
    log_->Info("witness_back", {{"witness", state.name}, {"size", state.cosigned_size}});
  } else {
    log_->Error("witness_alarm", {{"witness", state.name},
                                  {"standing", outcome},
                                  {"required", state.required},
                                  {"cosigned_size", state.cosigned_size},
                                  {"detail", state.problem}});
  }
  ledger::v1::LedgerEntry entry =
      entries_->New(ledger::v1::ENTRY_KIND_WITNESS_CHANGED, base::Principal(), "");
  entry.mutable_witness_changed()->set_witness(state.name);
  entry.mutable_witness_changed()->set_standing(StandingOf(state.standing));
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  return sequencer_->SubmitAndWait(std::move(operation)).status();
}

void Hub::Rooms::BuildServices() {
  assertions_ = std::make_unique<base::AssertionVerifier>(
      config_.audience,
      [registry = registry_.get()](const std::string& agency_id, const std::string& kid) {
        return registry->LookupKey(agency_id, kid);
      },
      clock_);
  guard_ =
      std::make_unique<rpc::CallGuard>(config_.trust_domain, registry_.get(), assertions_.get());
  errors_ = std::make_unique<rpc::ErrorMapper>(random_, log_.get());
  call_metrics_ = std::make_unique<rpc::CallMetrics>(&metrics_);
  calls_.guard = guard_.get();
  calls_.executor = executor_.get();
  calls_.errors = errors_.get();
  calls_.log = log_.get();
  calls_.metrics = call_metrics_.get();
  calls_.streams = &streams_;
  calls_.log_good_calls = config_.log_good_calls;
  calls_.release_step = config_.release_step;
  calls_.entries = entries_.get();

  ledger_access_ = std::make_unique<oversight::LedgerAccess>(
      context_, joint_looks_.get(), signer_->verifier_key(), witnessing_.get());

  const api::ApiContext context{&calls_,
                                &context_,
                                answers_.get(),
                                intake_.get(),
                                enrolment_.get(),
                                registry_changes_.get(),
                                covers_.get(),
                                policy_admin_.get(),
                                policy_explainer_.get(),
                                policy_previews_.get(),
                                replays_.get(),
                                ledger_access_.get(),
                                searches_.get(),
                                pattern_search_.get(),
                                pseudonyms_.get(),
                                joint_looks_.get(),
                                samples_.get(),
                                maintenance_.get()};
  services_.push_back(MakeIndexService(context));
  services_.push_back(MakeConsentService(context));
  services_.push_back(MakeRegistryService(context));
  services_.push_back(MakeCoverService(context));
  services_.push_back(MakeAuditService(context));
  services_.push_back(MakeExchangeService(context));
  services_.push_back(MakeOverrideService(context));
  services_.push_back(MakeStewardService(context));
  services_.push_back(MakePolicyService(context));
  services_.push_back(MakePersonService(context));
  services_.push_back(MakeArchiveService(context));
  services_.push_back(MakeMaintenanceService(context));
}

void Hub::Rooms::AddGauges() {
  metrics_.AddGauge("signpost_ledger_entries", "Entries in the ledger.",
                    [this] { return static_cast<double>(sequencer_->head().size); });
  metrics_.AddGauge("signpost_executor_queued", "Work accepted and not begun.",
                    [this] { return static_cast<double>(executor_->queued()); });
  metrics_.AddGauge("signpost_reviews_overdue",
                    "Reviews of whom a report is about that were not decided in time.",
                    [this] { return static_cast<double>(stewards_->overdue()); });
  metrics_.AddGauge(
      "signpost_legal_holds_overdue",
      "Legal holds whose day of review has passed; they stand until two agencies end them.",
      [this] { return static_cast<double>(ends_->holds_overdue()); });
  metrics_.AddGauge("signpost_streams_open", "Streams that are open.",
                    [this] { return static_cast<double>(streams_.count()); });
  metrics_.AddGauge("signpost_assertions_remembered", "Assertions whose signature is remembered.",
                    [this] { return static_cast<double>(assertions_->cached()); });
  metrics_.AddGauge("signpost_policy_in_force", "1 when a policy is in force, else 0.",
                    [this] { return policy_.Get() != nullptr ? 1.0 : 0.0; });
  if (witnessing_ != nullptr) {
    const std::vector<ledger::Witnessing::State> states = witnessing_->states();
    for (size_t i = 0; i < states.size(); ++i) {
      metrics_.AddGauge(
          "signpost_witness_missing", "1 when a witness is missing or refuses, else 0.",
          [this, i] {
            return witnessing_->states()[i].standing == ledger::Witnessing::Standing::kGood ? 0.0
                                                                                            : 1.0;
          },
          {{"witness", states[i].name}});
      metrics_.AddGauge(
          "signpost_witness_entries", "Entries that a witness has co-signed.",
          [this, i] { return static_cast<double>(witnessing_->states()[i].cosigned_size); },
          {{"witness", states[i].name}});
    }
  }
  metrics_.AddGauge("signpost_person_keys_stale",
                    "1 while the backups' file of person keys may hold one that was erased.",
                    [this] { return maintenance_->KeysAreStale() ? 1.0 : 0.0; });
  metrics_.AddGauge("signpost_old_master_key_needed",
                    "1 while the master key is changed and the old one is still needed.", [this] {
                      const auto stage = key_change_->state().stage;
                      return stage == operations::KeyChange::Stage::kRunning ||
                                     stage == operations::KeyChange::Stage::kEnded
                                 ? 1.0
                                 : 0.0;
                    });
  metrics_.AddGauge("signpost_log_lines_lost", "Log lines that could not be written.",
                    [this] { return static_cast<double>(log_->lines_lost()); });
}

std::pair<bool, nlohmann::json> Hub::Rooms::Health() const {
  nlohmann::json page;
  const std::shared_ptr<const request::BoundPolicy> bound = policy_.Get();
  const std::string problem = policy_.problem();
  page["policy"] =
      bound == nullptr
          ? nlohmann::json("hiding everything")
          : nlohmann::json(absl::StrCat(bound->policy->name(), " version ", bound->version));
  if (!problem.empty()) page["policy_problem"] = problem;
  page["ledger_size"] = sequencer_->head().size;

  bool store_answers = false;
  const absl::Status followed = sequencer_->followers_status();
  if (!followed.ok()) page["store_problem"] = followed.message();
  if (const auto view = store_->NewView(); view.ok()) {
    const ledger::LedgerReader reader(view->get());
    store_answers = reader.Head().ok() && followed.ok();
    DescribeCheckpoint(reader, clock_->Now(), &page);
  }
  if (const operations::KeyChange::State change = key_change_->state();
      change.stage != operations::KeyChange::Stage::kNone) {
    page["master_key_change"] = {{"stage", operations::StageName(change.stage)},
                                 {"keys_done", change.keys_done},
                                 {"keys_left", change.keys_left}};
  }
  bool witnessed = true;
  if (witnessing_ != nullptr) {
    for (const ledger::Witnessing::State& state : witnessing_->states()) {
      witnessed = witnessed && state.standing == ledger::Witnessing::Standing::kGood;
      page["witnesses"].push_back({{"name", state.name},
                                   {"standing", ledger::StandingName(state.standing)},
                                   {"required", state.required},
                                   {"cosigned_size", state.cosigned_size},
                                   {"problem", state.problem}});
    }
  }
  const bool serving = serving_.load();
  page["status"] = !store_answers ? "storage does not answer"
                   : !serving     ? "draining"
                   : witnessed    ? "serving"
                                  : "degraded";
  return {store_answers && serving, page};
}

nlohmann::json Hub::Rooms::Info() const {
  nlohmann::json page;
  page["version"] = base::kVersion;
  page["origin"] = config_.origin;
  page["verifier_key"] = signer_->verifier_key();
  page["audience"] = config_.audience;
  page["trust_domain"] = config_.trust_domain;
  page["store"] = config_.store_kind == StoreKind::kMemory ? "memory" : "rocksdb";
  page["schema_version"] = store::kSchemaVersion;
  page["master_key_check"] = master_key_check_;
  const std::shared_ptr<const request::BoundPolicy> bound = policy_.Get();
  page["policy_version"] =
      bound == nullptr ? nlohmann::json(nullptr) : nlohmann::json(bound->version);
  page["policy_sha256"] =
      bound == nullptr ? nlohmann::json(nullptr) : nlohmann::json(bound->sha256);
  return page;
}

absl::Status Hub::Rooms::Serve() {
  std::vector<grpc::Service*> services;
  for (const auto& service : services_) services.push_back(service.get());
  SIGNPOST_ASSIGN_OR_RETURN(server_, rpc::Server::Start(config_.server, services));
  if (!config_.admin_listen.empty()) {
    AdminPages pages;
    pages.health = [this] { return Health(); };
    pages.info = [this] { return Info(); };
    pages.metrics = &metrics_;
    SIGNPOST_ASSIGN_OR_RETURN(admin_, AdminHttp::Start(config_.admin_listen, std::move(pages)));
  }
  server_->SetServing(true);
  serving_ = true;
  schedule_->Start();
  if (witnessing_ != nullptr) witnessing_->Start();
  log_->Info("hub_started", {{"version", base::kVersion},
                             {"port", port()},
                             {"admin_port", admin_port()},
                             {"origin", config_.origin},
                             {"ledger_size", sequencer_->head().size}});
  return absl::OkStatus();
}

void Hub::Rooms::Shutdown() {
  if (shut_down_) return;
  shut_down_ = true;
  const bool was_open = sequencer_ != nullptr && executor_ != nullptr;
  serving_ = false;
  if (server_ != nullptr) server_->SetServing(false);
  if (guard_ != nullptr) guard_->Drain();
  streams_.CloseAll(Error(Reason::kShuttingDown, "This hub is shutting down. Ask again."));
  if (server_ != nullptr) server_->Shutdown(config_.shutdown_grace);
  if (schedule_ != nullptr) schedule_->Stop();
  if (witnessing_ != nullptr) witnessing_->Stop();
  if (maintenance_ != nullptr) maintenance_->Shutdown();
  if (executor_ != nullptr) executor_->Shutdown();
  admin_.reset();
  if (was_open) {
    (void)RecordAct(ledger::v1::OUTCOME_STOPPED);
    const uint64_t size = sequencer_->head().size;
    sequencer_->Shutdown();
    log_->Info("hub_stopped", {{"ledger_size", size}});
  }
  sequencer_.reset();  // publishes the last checkpoint
}

Hub::Rooms::~Rooms() {
  Shutdown();
  base::ClearCheckLog(log_.get());
}

// --- What others see ---

Hub::Hub(std::unique_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}
Hub::~Hub() = default;

absl::StatusOr<std::unique_ptr<Hub>> Hub::Open(const HubConfig& config) {
  return Open(config, Overrides());
}

absl::StatusOr<std::unique_ptr<Hub>> Hub::Open(const HubConfig& config,
                                               const Overrides& overrides) {
  auto rooms = std::make_unique<Rooms>(config);
  SIGNPOST_RETURN_IF_ERROR(rooms->Open(overrides));
  return absl::WrapUnique(new Hub(std::move(rooms)));
}

absl::Status Hub::Serve() { return rooms_->Serve(); }
void Hub::Shutdown() { rooms_->Shutdown(); }
int Hub::port() const { return rooms_->port(); }
int Hub::admin_port() const { return rooms_->admin_port(); }
const std::string& Hub::verifier_key() const { return rooms_->verifier_key(); }
base::JsonLog& Hub::log() { return rooms_->log(); }
rpc::Metrics& Hub::metrics() { return rooms_->metrics(); }
enrolment::Enrolment& Hub::enrolment() { return rooms_->enrolment(); }
const request::HubContext& Hub::context() const { return rooms_->context(); }

}  // namespace signpost::app
