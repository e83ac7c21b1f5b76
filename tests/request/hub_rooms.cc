#include "tests/request/hub_rooms.h"

#include <algorithm>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "hub/audit/filter.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/people/people.h"
#include "hub/request/resolve.h"
#include "hub/store/memory_store.h"
#include "tests/base/test_keyring.h"

namespace signpost::request {

namespace {

constexpr char kOrigin[] = "signpost.nortown.example/ledger";

std::string SystemId(const std::string& agency, const std::string& name) {
  return absl::StrCat("spiffe://nortown.example/agency/", agency, "/system/", name);
}

std::string KindOf(const std::string& agency) {
  static const std::map<std::string, std::string> kinds = {{kYot, "yot"},
                                                           {kConnexions, "connexions"},
                                                           {kSocial, "social-services"},
                                                           {kHousing, "housing"},
                                                           {kDrugs, "health"},
                                                           {kAudit, "auditor"},
                                                           {kHub, "operator"},
                                                           {"nightstop-project", "voluntary"}};
  return kinds.at(agency);
}

v1::PersonDetails Details(const char* given, const char* surname, int year, int month, int day,
                          const char* postcode) {
  v1::PersonDetails details;
  details.set_given_names(given);
  details.set_surname(surname);
  details.mutable_birth_date()->set_year(year);
  details.mutable_birth_date()->set_month(month);
  details.mutable_birth_date()->set_day(day);
  details.set_postcode(postcode);
  return details;
}

}  // namespace

absl::Time InterruptibleClock::Now() const {
  std::function<void()> act;
  {
    absl::MutexLock lock(&mutex_);
    act.swap(act_);
  }
  if (act) act();
  return inner_->Now();
}

void InterruptibleClock::AtNextLook(std::function<void()> act) {
  absl::MutexLock lock(&mutex_);
  act_ = std::move(act);
}

std::vector<std::string> Answered::SectionsOpen(const std::string& agency) const {
  std::vector<std::string> open;
  const v1::FlagView* flag = Flag(agency);
  if (flag == nullptr) return open;
  for (const v1::ContentView& content : flag->content()) {
    open.insert(open.end(), content.sections_open().begin(), content.sections_open().end());
  }
  return open;
}

v1::Receipt ReceiptOfRefusal(const absl::Status& status) {
  v1::Receipt receipt;
  if (const auto payload = status.GetPayload(kReceiptPayload); payload.has_value()) {
    EXPECT_TRUE(receipt.ParseFromString(std::string(*payload)));
  }
  return receipt;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

std::string RulesOfNortown(int version) {
  std::string rules;
  for (const absl::string_view line :
       absl::StrSplit(test_area::ReadShipped("policy/shipped/nortown.policy"), '\n')) {
    if (absl::StartsWith(line, "example ") || absl::StartsWith(line, "check ")) continue;
    absl::StrAppend(&rules, line, "\n");
  }
  return absl::StrReplaceAll(rules, {{"  version 1  ", absl::StrCat("  version ", version, "  ")}});
}

HubRooms::HubRooms(bool with_policy, const people::StandingRules& standing)
    : inner_(store::NewMemoryStore()),
      store_(inner_.get()),
      clock_(absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone())),
      rooms_clock_(&clock_),
      random_(20261123),
      keyring_(base::testing::MakeKeyring('k')),
      agency_ids_(keyring_.get(), 1),
      executor_(2, 1000) {
  signer_ = *tlog::NewNoteSigner(tlog::GenerateNoteKey(kOrigin)->signer_key);
  ledger::Sequencer::Options options;
  options.origin = kOrigin;
  options.checkpoint_interval = absl::Hours(1);
  sequencer_ = *ledger::Sequencer::Open(options, &store_, &clock_, signer_.get());
  entries_ = std::make_unique<ledger::EntryComposer>(keyring_->request_key(), &random_);
  registry_ = *registry::Registry::Load({.operator_spiffe_id = SystemId(kHub, "operator"),
                                         .mailbox_system_names = {"adapter"},
                                         .details_key = keyring_->hub_data_key(),
                                         .clock = &rooms_clock_,
                                         .entries = entries_.get()},
                                        &store_, sequencer_.get(), &executor_, &random_);
  people_ = std::make_unique<people::People>(keyring_.get(), &random_, standing);
  linker_ = *matching::ReportLinker::Create(people_.get(), &random_);
  mailboxes_ = std::make_unique<exchange::Mailboxes>(
      *exchange::Mailboxes::MessageIdKey(keyring_->hub_data_key()));
  notifier_following_ = *sequencer_->Follow(&notifier_);
  policy_following_ = *sequencer_->Follow(&policy_);
  idempotency_ = std::make_unique<IdempotencyTable>(keyring_->request_key());
  context_.executor = &executor_;
  context_.store = &store_;
  context_.sequencer = sequencer_.get();
  context_.clock = &rooms_clock_;
  context_.random = &random_;
  context_.keyring = keyring_.get();
  context_.agency_ids = &agency_ids_;
  context_.registry = registry_.get();
  context_.people = people_.get();
  context_.linker = linker_.get();
  context_.mailboxes = mailboxes_.get();
  context_.notifier = &notifier_;
  context_.idempotency = idempotency_.get();
  context_.entries = entries_.get();
  context_.policy = &policy_;
  context_.contact_desk = "01632 960000, the contact desk";
  context_.details_budget = &details_budget_;
  policy_admin_ = std::make_unique<policy_admin::PolicyAdmin>(context_, &policy_,
                                                              policy_admin::PolicyAdminOptions());
  intake_ = std::make_unique<intake::Intake>(context_);
  enrolment_ = std::make_unique<enrolment::Enrolment>(context_, policy_admin_.get());
  registry_changes_ = std::make_unique<enrolment::RegistryChanges>(context_, policy_admin_.get());
  answers_ = std::make_unique<disclosure::Answers>(context_);
  EXPECT_TRUE(policy_admin_
                  ->SetFiles(with_policy ? RulesOfNortown() : "",
                             test_area::ReadShipped("deploy/area/nortown-words.json"))
                  .ok());
  EnrolArea(with_policy ? RulesOfNortown() : "");
  const absl::Status bound = policy_admin_->Bind();
  EXPECT_EQ(bound.ok(), with_policy) << bound;
}

HubRooms::~HubRooms() {
  executor_.Shutdown();
  sequencer_->Shutdown();
}

void HubRooms::EnrolArea(const std::string& policy_text) {
  test_area::NortownArea area = test_area::ReadNortownArea();
  // Tests enrol the workers whom they are about; officers and the operator's are there.
  auto& workers = area.practitioners;
  workers.erase(std::remove_if(workers.begin(), workers.end(),
                               [](const v1::PutPractitionerRequest& put) {
                                 const std::string& id = put.practitioner().practitioner_id();
                                 return id != kOfficer && id != kOperatorsWorker;
                               }),
                workers.end());
  const v1::FoundAreaRequest founding = test_area::FoundingOf(
      area, kOrigin, policy_text.empty() ? "" : absl::BytesToHexString(base::Sha256(policy_text)));
  const auto founded = Wait<v1::FoundAreaResponse>(
      [&](auto done) { registry_changes_->Found(Operator(), founding, std::move(done)); });
  EXPECT_TRUE(founded.ok()) << founded.status();
}

void HubRooms::ConfirmWaiting() {
  const auto list = registry_changes_->List(Operator(), v1::ListRegistryChangesRequest());
  ASSERT_TRUE(list.ok()) << list.status();
  for (const v1::RegistryChange& change : list->changes()) ConfirmChange(change);
}

void HubRooms::ConfirmChange(const v1::RegistryChange& change) {
  for (const v1::RegistryHearing& hearing : change.hearings()) {
    v1::ConfirmRegistryChangeRequest request;
    request.set_request_id(RequestId());
    request.set_change_id(change.change_id());
    request.set_sha256(change.sha256());
    const base::Principal officer =
        OfficerOf(hearing.own_officer() ? hearing.agency_id() : kSocial);
    const auto confirmed = Wait<v1::ConfirmRegistryChangeResponse>(
        [&](auto done) { registry_changes_->Confirm(officer, request, std::move(done)); });
    EXPECT_TRUE(confirmed.ok()) << confirmed.status();
  }
}

base::Principal HubRooms::OfficerOf(const std::string& agency) {
  return Worker(agency, kOfficer, "information-governance-officer");
}

base::Principal HubRooms::System(const std::string& agency, const std::string& name) {
  base::Principal principal;
  principal.system_id = SystemId(agency, name);
  principal.agency_id = agency;
  principal.agency_kind = KindOf(agency);
  principal.kind = base::KindOfSystem(principal.agency_kind);
  return principal;
}

base::Principal HubRooms::Worker(const std::string& agency, const std::string& practitioner,
                                 const std::string& role, std::vector<std::string> teams) {
  base::Principal principal = System(agency, "casework");
  if (principal.kind == base::CallerKind::kSystem) {
    principal.kind = base::CallerKind::kPractitioner;
  }
  principal.practitioner_id = practitioner;
  principal.role = role;
  principal.team_ids = std::move(teams);
  principal.assurance = "password-and-token";
  return principal;
}

base::Principal HubRooms::Adviser() { return Worker(kConnexions, "pa-001", "personal-adviser"); }
base::Principal HubRooms::SecondedAdviser() {
  return Worker(kConnexions, "pa-002", "personal-adviser", {"nortown-yot-team"});
}
base::Principal HubRooms::YotOfficer() {
  return Worker(kYot, "yo-001", "yot-officer", {"nortown-yot-team"});
}
base::Principal HubRooms::SocialWorker() { return Worker(kSocial, "sw-001", "social-worker"); }
base::Principal HubRooms::Manager() { return Worker(kSocial, "sw-003", "manager"); }
base::Principal HubRooms::HousingOfficer() { return Worker(kHousing, "ho-001", "housing-officer"); }
base::Principal HubRooms::Officer() { return Worker(kSocial, "dp-001", "data-protection-officer"); }
base::Principal HubRooms::Auditor() { return Worker(kAudit, "au-001", "auditor"); }
base::Principal HubRooms::Operator() { return System(kHub, "operator"); }
base::Principal HubRooms::NamedOperator() {
  base::Principal named = Operator();
  named.practitioner_id = kOperatorsWorker;
  named.role = "operator";
  return named;
}

std::string HubRooms::RequestId() { return absl::StrCat("request-", ++requests_); }

v1::PersonDetails HubRooms::Tariq() { return Details("Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX"); }
v1::PersonDetails HubRooms::Sal() { return Details("Sally", "Thorne", 2010, 11, 3, "NT9 2BD"); }
v1::PersonDetails HubRooms::Nobody() {
  return Details("Wilhelmina", "Featherstonehaugh", 2008, 7, 4, "NT8 8ZZ");
}

v1::FlagReport HubRooms::Flag(const std::string& record_id, const std::string& service,
                              const v1::PersonDetails& details) {
  v1::FlagReport report;
  report.set_sequence(1);
  report.set_record_id(record_id);
  *report.mutable_person() = details;
  report.set_service(service);
  report.set_status(v1::FLAG_STATUS_OPEN);
  report.mutable_opened_on()->set_year(2026);
  report.mutable_opened_on()->set_month(3);
  report.mutable_opened_on()->set_day(2);
  // Whom flags name who asks in most tests.
  static const auto* const kWorkers =
      new std::map<std::string, std::string>{{"connexions", "pa-001"},
                                             {"youth-offending", "yo-001"},
                                             {"childrens-social-care", "sw-001"},
                                             {"housing", "ho-001"}};
  if (const auto worker = kWorkers->find(service); worker != kWorkers->end()) {
    report.mutable_contact()->set_practitioner_id(worker->second);
  }
  report.mutable_contact()->set_name("Dilys Crane");
  report.mutable_contact()->set_phone("01632 960123");
  return report;
}

v1::RecordConsentRequest HubRooms::WrittenConsent(const std::string& record_id) {
  v1::RecordConsentRequest request;
  request.set_request_id(RequestId());
  request.mutable_person()->set_record_id(record_id);
  v1::Consent* consent = request.mutable_consent();
  consent->set_decision(v1::CONSENT_DECISION_GIVEN);
  consent->mutable_scope()->add_holder_agency_ids(kYot);
  consent->mutable_scope()->add_recipient_agency_ids(kConnexions);
  consent->mutable_scope()->add_purposes(v1::PURPOSE_SUPPORT_PLANNING);
  consent->set_explicit_(true);
  consent->mutable_valid_until()->set_seconds(
      absl::ToUnixSeconds(clock_.Now() + absl::Hours(24 * 90)));
  consent->set_grantor(v1::GRANTOR_SELF);
  consent->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
  consent->set_evidence_note("Signed form, kept at the Connexions centre.");
  return request;
}

v1::FlagOutcome HubRooms::Report(const std::string& agency, const v1::FlagReport& report) {
  const absl::StatusOr<v1::FlagOutcome> outcome = Wait<v1::FlagOutcome>(
      [&](auto done) { intake_->Report(System(agency), report, std::move(done)); });
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.ok() ? *outcome : v1::FlagOutcome();
}

void HubRooms::TariqIsKnown() {
  v1::FlagReport asset = Flag("Y-1", "youth-offending");
  v1::AssessmentPointer* pointer = asset.add_assessments();
  pointer->set_kind("asset");
  pointer->add_sections("lifestyle");
  EXPECT_EQ(Report(kYot, asset).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  EXPECT_EQ(Report(kConnexions, Flag("C-1", "connexions")).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
}

absl::StatusOr<v1::RecordConsentResponse> HubRooms::Consent(
    const base::Principal& asker, const v1::RecordConsentRequest& request) {
  return Wait<v1::RecordConsentResponse>(
      [&](auto done) { intake_->RecordConsent(asker, request, std::move(done)); });
}

absl::StatusOr<v1::WithdrawConsentResponse> HubRooms::Withdraw(const base::Principal& asker,
                                                               const std::string& consent_id,
                                                               const std::string& record_id) {
  v1::WithdrawConsentRequest request;
  request.set_request_id(RequestId());
  request.mutable_person()->set_record_id(record_id);
  request.set_consent_id(consent_id);
  request.set_note("Said so at the door.");
  return Wait<v1::WithdrawConsentResponse>(
      [&](auto done) { intake_->WithdrawConsent(asker, request, std::move(done)); });
}

v1::WhoKnowsRequest HubRooms::AskAboutRecord(const std::string& record_id, v1::Purpose purpose) {
  v1::WhoKnowsRequest request;
  request.set_request_id(RequestId());
  request.mutable_person()->set_record_id(record_id);
  request.set_purpose(purpose);
  return request;
}

v1::WhoKnowsRequest HubRooms::AskAbout(const v1::PersonDetails& details, v1::Purpose purpose) {
  v1::WhoKnowsRequest request;
  request.set_request_id(RequestId());
  *request.mutable_person()->mutable_details() = details;
  request.set_purpose(purpose);
  return request;
}

v1::WhoKnowsRequest HubRooms::AskForAsset(const std::string& record_id) {
  v1::WhoKnowsRequest request = AskAboutRecord(record_id);
  for (const v1::Aspect aspect : {v1::ASPECT_EXISTENCE, v1::ASPECT_AGENCY, v1::ASPECT_CONTACT,
                                  v1::ASPECT_ASSESSMENT, v1::ASPECT_CONTENT}) {
    request.add_aspects(aspect);
  }
  request.set_assessment_kind("asset");
  return request;
}

v1::WhoKnowsRequest HubRooms::AskWithOverride(const std::string& record_id) {
  v1::WhoKnowsRequest request = AskAboutRecord(record_id, v1::PURPOSE_SAFEGUARDING);
  request.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
  request.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
  return request;
}

Answered HubRooms::Ask(const base::Principal& asker, const v1::WhoKnowsRequest& request) {
  const absl::StatusOr<v1::WhoKnowsResponse> response = Wait<v1::WhoKnowsResponse>(
      [&](auto done) { answers_->WhoKnows(asker, request, std::move(done)); });
  Answered answered;
  answered.status = response.status();
  if (!response.ok()) {
    answered.receipt = ReceiptOfRefusal(response.status());
    return answered;
  }
  answered.bytes = response->answer();
  answered.receipt = response->receipt();
  EXPECT_TRUE(answered.answer.ParseFromString(answered.bytes));
  return answered;
}

void HubRooms::Enrol(const std::string& agency, const std::string& practitioner,
                     const std::string& role, const std::string& surname,
                     const std::string& home_postcode) {
  v1::PutPractitionerRequest request;
  request.set_request_id(RequestId());
  v1::Practitioner* put = request.mutable_practitioner();
  put->set_agency_id(agency);
  put->set_practitioner_id(practitioner);
  put->add_roles(role);
  put->set_surname(surname);
  put->set_home_postcode(home_postcode);
  const auto response = Wait<v1::PutPractitionerResponse>(
      [&](auto done) { enrolment_->PutPractitioner(NamedOperator(), request, std::move(done)); });
  ASSERT_TRUE(response.ok()) << response.status();
  if (response->has_waits()) ConfirmChange(response->waits());
}

base::Principal HubRooms::Governance(int number) {
  return Worker(kSocial, absl::StrCat("ig-", number), "information-governance-officer");
}

void HubRooms::Publish(const std::string& text) {
  if (!governance_enrolled_) {
    for (const int number : {1, 2, 3}) {
      Enrol(kSocial, absl::StrCat("ig-", number), "information-governance-officer");
    }
    governance_enrolled_ = true;
  }
  v1::ProposePolicyRequest proposal;
  proposal.set_request_id(RequestId());
  proposal.set_text(text);
  const auto proposed = policy_admin_->Propose(Governance(1), proposal);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  ASSERT_TRUE(proposed->accepted()) << proposed->ShortDebugString();
  // An officer of each agency, until nothing is lacking.
  bool in_force = false;
  for (const char* const agency :
       {kSocial, kConnexions, kYot, kHousing, "nightstop-project", "nortown-drugs-advice"}) {
    v1::ApprovePolicyRequest approval;
    approval.set_request_id(RequestId());
    approval.set_sha256(proposed->policy().sha256());
    const auto approved = policy_admin_->Approve(OfficerOf(agency), approval);
    ASSERT_TRUE(approved.ok()) << approved.status();
    in_force = approved->policy().state() == v1::POLICY_STATE_IN_FORCE;
    if (in_force) break;
  }
  EXPECT_TRUE(in_force);
}

Recorded HubRooms::EntryAt(uint64_t index) {
  const std::unique_ptr<store::View> view = View();
  const absl::StatusOr<std::string> bytes = ledger::LedgerReader(view.get()).Entry(index);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  const absl::StatusOr<ledger::v1::LedgerEntry> parsed = ledger::ParseEntry(bytes.value_or(""));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  const ledger::v1::LedgerEntry entry = parsed.value_or(ledger::v1::LedgerEntry());
  Recorded recorded;
  recorded.index = index;
  recorded.kind = audit::KindWord(entry.kind());
  recorded.agency_id = entry.agency_id();
  recorded.practitioner_id = entry.practitioner_id();
  recorded.purpose = audit::EnumWord(entry.purpose());
  recorded.outcome = audit::OutcomeText(entry);
  recorded.reply_hash = entry.reply_hash();
  recorded.policy_sha256 = absl::BytesToHexString(entry.policy_sha256());
  recorded.policy_version = entry.policy_version();
  for (const int relationship : entry.who_knows().relationships()) {
    recorded.relationships.push_back(
        audit::EnumWord(*ledger::v1::Relationship_descriptor(), relationship));
  }
  for (const ledger::v1::Released& released : entry.released()) {
    std::vector<std::string>& aspects = recorded.released[released.holder_agency_id()];
    for (const int aspect : released.aspects()) {
      aspects.push_back(audit::EnumWord(*ledger::v1::Aspect_descriptor(), aspect));
    }
    recorded.rests_on_consent = recorded.rests_on_consent || !released.consent_ref().empty();
  }
  for (const ledger::v1::Withheld& withheld : entry.withheld()) {
    recorded.withheld[withheld.rule()] += static_cast<int>(withheld.count());
  }
  recorded.override_used = entry.who_knows().override().allowed();
  recorded.has_details = !entry.sealed_details().empty();
  return recorded;
}

void HubRooms::Damage(store::Batch batch) {
  const absl::StatusOr<std::optional<std::string>> head =
      View()->Get(store::Space::kMeta, store::kFenceKey);
  ASSERT_TRUE(head.ok()) << head.status();
  ASSERT_TRUE(store_.Commit(std::move(batch), {*head}).ok());
}

std::vector<Recorded> HubRooms::Entries(const std::string& kind) {
  std::vector<Recorded> found;
  for (uint64_t i = 0; i < LedgerSize(); ++i) {
    if (Recorded entry = EntryAt(i); entry.kind == kind) found.push_back(std::move(entry));
  }
  return found;
}

ledger::Draft HubRooms::EntryNaming(const std::string& reply_hash) {
  ledger::v1::LedgerEntry entry = entries_->New(ledger::v1::ENTRY_KIND_HUB, base::Principal(), "");
  entry.set_reply_hash(reply_hash);
  return ledger::ToDraft(entry);
}

bool HubRooms::IsAbout(uint64_t index, const base::PersonId& person) {
  const std::unique_ptr<store::View> view = View();
  const auto persons = ledger::PersonIndex(view.get()).PersonsOf(index);
  EXPECT_TRUE(persons.ok()) << persons.status();
  return persons.ok() && std::find(persons->begin(), persons->end(), person) != persons->end();
}

people::Person HubRooms::PersonOf(const std::string& agency, const std::string& record_id) {
  const std::unique_ptr<store::View> view = View();
  const absl::StatusOr<people::LocalRecord> record =
      people_->LookupLocalRecord(*view, agency, record_id);
  EXPECT_TRUE(record.ok()) << record.status();
  absl::StatusOr<people::Person> person = people_->Read(*view, record->known_as);
  EXPECT_TRUE(person.ok()) << person.status();
  return *std::move(person);
}

std::vector<exchange::MailboxMessage> HubRooms::Mailbox(const std::string& agency) {
  return *mailboxes_->ReadAfter(*View(), SystemId(agency, "adapter"), exchange::Position(), 1000);
}

}  // namespace signpost::request
