// RegistryFixture is a base that puts a registry over a real sequencer, founded by two agencies whose
// officers confirm what a test puts: a Put() here is put and confirmed, as two people would.

#ifndef SIGNPOST_TESTS_REGISTRY_REGISTRY_FIXTURE_H_
#define SIGNPOST_TESTS_REGISTRY_REGISTRY_FIXTURE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/clock.h"
#include "hub/base/error.h"
#include "hub/base/executor.h"
#include "hub/base/random.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/sequencer.h"
#include "hub/registry/registry.h"
#include "hub/store/hostile_store.h"
#include "hub/store/memory_store.h"
#include "hub/tlog/note.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "tests/ledger/entry_for_test.h"
#include "tests/request/nortown_area.h"

namespace signpost::registry {

inline constexpr char kOperator[] = "spiffe://nortown.example/agency/nortown-hub/system/operator";
inline constexpr char kYotAdapter[] = "spiffe://nortown.example/agency/nortown-yot/system/adapter";
inline constexpr char kYotCasework[] =
    "spiffe://nortown.example/agency/nortown-yot/system/casework";

inline std::string NewPem(base::KeyType type = base::KeyType::kEd25519) {
  return *base::PrivateKey::Generate(type)->public_key().Pem();
}

class RegistryFixture : public ::testing::Test {
 protected:
  // Founded, unless the test does that itself.
  explicit RegistryFixture(bool founded = true)
      : inner_(store::NewMemoryStore()),
        store_(inner_.get()),
        clock_(absl::FromUnixSeconds(1'790'000'000)),
        details_key_(base::SecretKey::Generate(&random_)) {
    const absl::StatusOr<tlog::NoteKeyPair> pair = tlog::GenerateNoteKey("hub.test");
    signer_ = *tlog::NewNoteSigner(pair->signer_key);
    Start();
    if (!founded) return;
    const absl::Status done = Found(test_area::SignedFounding(MakeFounding()));
    EXPECT_TRUE(done.ok()) << done;
  }

  // The two agencies that every registry here begins with.
  static constexpr char kFirstFounder[] = "founder-one";
  static constexpr char kSecondFounder[] = "founder-two";

  static v1::Founding MakeFounding() {
    v1::Founding founding;
    founding.set_origin("hub.test/ledger");
    for (const char* const agency_id : {kFirstFounder, kSecondFounder}) {
      *founding.add_agencies() = MakeAgency(agency_id, "voluntary");
      v1::Practitioner* const officer = founding.add_practitioners();
      officer->set_agency_id(agency_id);
      officer->set_practitioner_id("og-1");
      officer->add_roles("information-governance-officer");
    }
    return founding;
  }
  absl::Status Found(const v1::FoundAreaRequest& request) {
    ledger::Operation operation;
    const std::unique_ptr<store::View> view = *store_.NewView();
    ledger::GuardedView guarded(view.get());
    store::v1::FoundingRow row;
    v1::Founding founding;
    SIGNPOST_RETURN_IF_ERROR(registry_->PrepareFounding(guarded, request, actor_, clock_.Now(),
                                                        &row, &founding, &operation));
    return sequencer_->SubmitAndWait(std::move(operation)).status();
  }

  static base::Principal OfficerOf(const std::string& agency_id) {
    base::Principal officer;
    officer.kind = base::CallerKind::kPractitioner;
    officer.agency_id = agency_id;
    officer.agency_kind = "voluntary";
    officer.system_id = "spiffe://nortown.example/agency/" + agency_id + "/system/casework";
    officer.practitioner_id = "og-1";
    officer.role = "information-governance-officer";
    return officer;
  }
  // What came of an officer's yes to a change.
  absl::StatusOr<ledger::Sequenced> Confirm(const base::Principal& officer,
                                            const v1::RegistryChange& change) {
    const std::unique_ptr<store::View> view = *store_.NewView();
    ledger::GuardedView guarded(view.get());
    std::optional<store::v1::RegistryChangeRow> row =
        *registry_->ReadChange(guarded, Registry::ChangeNumber(change.change_id()));
    ledger::Operation operation;
    SIGNPOST_RETURN_IF_ERROR(registry_->PrepareConfirm(guarded, change.sha256(), officer,
                                                       clock_.Now(), "r-5", &*row, &operation));
    operation.reads = guarded.TakeReads();
    return sequencer_->SubmitAndWait(std::move(operation));
  }
  // The same result, once whatever of it waits was confirmed for every agency that must be heard.
  absl::StatusOr<ChangeResult> Confirmed(absl::StatusOr<ChangeResult> result) {
    if (!result.ok() || !result->waits.has_value()) return result;
    const v1::RegistryChange change = *result->waits;
    for (const v1::RegistryHearing& hearing : change.hearings()) {
      SIGNPOST_ASSIGN_OR_RETURN(
          result->sequenced,
          Confirm(OfficerOf(hearing.own_officer() ? hearing.agency_id() : kFirstFounder), change));
      // Without an agency's own officer the first who speaks speaks for all of those.
      if (registry_->ReadChange(**store_.NewView(), Registry::ChangeNumber(change.change_id()))
              .value()
              ->stage() == store::v1::REGISTRY_CHANGE_STAGE_MADE) {
        break;
      }
    }
    return result;
  }
  // The entry, of those that came of `result`, that says how a record stands.
  ledger::v1::LedgerEntry RecordOf(const ChangeResult& result) {
    for (uint64_t i = result.sequenced->first_index;; ++i) {
      ledger::v1::LedgerEntry entry = EntryAt(i);
      if (entry.kind() == ledger::v1::ENTRY_KIND_REGISTRY_CHANGED || HasFailure()) return entry;
    }
  }

  // As a new process would, on the same store.
  void Start() {
    registry_.reset();
    sequencer_.reset();
    store_.Restart();
    ledger::Sequencer::Options options;
    options.origin = "hub.test/ledger";
    options.checkpoint_interval = absl::Hours(1);
    absl::StatusOr<std::unique_ptr<ledger::Sequencer>> opened =
        ledger::Sequencer::Open(options, &store_, &clock_, signer_.get());
    ASSERT_TRUE(opened.ok()) << opened.status();
    sequencer_ = *std::move(opened);
    absl::StatusOr<std::unique_ptr<Registry>> loaded = Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    registry_ = *std::move(loaded);
    ASSERT_TRUE(registry_->SetRoles(roles_).ok());
  }

  absl::StatusOr<std::unique_ptr<Registry>> Load() {
    return Registry::Load(Registry::Options{.operator_spiffe_id = kOperator,
                                            .mailbox_system_names = {"adapter"},
                                            .details_key = details_key_,
                                            .clock = &clock_,
                                            .entries = &ledger::ComposerForTest()},
                          &store_, sequencer_.get(), &executor_, &random_);
  }

  // Starts a change and waits for its end.
  template <typename Start>
  absl::StatusOr<ChangeResult> Wait(Start&& start) {
    absl::Notification ended;
    absl::StatusOr<ChangeResult> end = absl::UnknownError("not called");
    start([&](absl::StatusOr<ChangeResult> result) {
      end = std::move(result);
      ended.Notify();
    });
    ended.WaitForNotification();
    return end;
  }

  absl::StatusOr<ChangeResult> Put(const v1::Agency& agency) {
    v1::PutAgencyRequest request;
    request.set_request_id("r-1");
    *request.mutable_agency() = agency;
    return Confirmed(
        Wait([&](ChangeDone done) { registry_->PutAgency(request, actor_, std::move(done)); }));
  }
  absl::StatusOr<ChangeResult> Put(const v1::Team& team) {
    v1::PutTeamRequest request;
    request.set_request_id("r-2");
    *request.mutable_team() = team;
    return Confirmed(
        Wait([&](ChangeDone done) { registry_->PutTeam(request, actor_, std::move(done)); }));
  }
  absl::StatusOr<ChangeResult> Put(const v1::Practitioner& practitioner,
                                   const PractitionerMarks& marks = {}) {
    v1::PutPractitionerRequest request;
    request.set_request_id("r-3");
    *request.mutable_practitioner() = practitioner;
    return Confirmed(Wait([&](ChangeDone done) {
      registry_->PutPractitioner(request, marks, actor_, std::move(done));
    }));
  }
  absl::StatusOr<ChangeResult> Suspend(v1::SetSuspendedRequest request, bool suspended) {
    request.set_request_id("r-4");
    request.set_suspended(suspended);
    if (request.reason().empty()) request.set_reason("laptop reported stolen");
    return Confirmed(
        Wait([&](ChangeDone done) { registry_->SetSuspended(request, actor_, std::move(done)); }));
  }
  absl::StatusOr<ChangeResult> SuspendAgency(const std::string& agency_id, bool suspended = true) {
    v1::SetSuspendedRequest request;
    request.set_agency_id(agency_id);
    return Suspend(request, suspended);
  }
  absl::StatusOr<ChangeResult> SuspendSystem(const std::string& spiffe_id, bool suspended = true) {
    v1::SetSuspendedRequest request;
    request.set_spiffe_id(spiffe_id);
    return Suspend(request, suspended);
  }
  absl::StatusOr<ChangeResult> SuspendPractitioner(const std::string& agency_id,
                                                   const std::string& practitioner_id,
                                                   bool suspended = true) {
    v1::SetSuspendedRequest request;
    request.mutable_practitioner()->set_agency_id(agency_id);
    request.mutable_practitioner()->set_practitioner_id(practitioner_id);
    return Suspend(request, suspended);
  }

  static v1::Agency MakeAgency(const std::string& agency_id, const std::string& kind) {
    v1::Agency agency;
    agency.set_agency_id(agency_id);
    agency.set_name("The agency " + agency_id);
    agency.set_kind(kind);
    for (const char* name : {"adapter", "casework"}) {
      agency.add_systems()->set_spiffe_id("spiffe://nortown.example/agency/" + agency_id +
                                          "/system/" + name);
    }
    return agency;
  }
  static v1::Agency Yot() {
    v1::Agency agency = MakeAgency("nortown-yot", "yot");
    agency.add_services("youth-offending");
    agency.set_relevant_authority(true);
    agency.set_feeds_index(true);
    return agency;
  }
  static v1::Agency Connexions() { return MakeAgency("northern-connexions", "connexions"); }
  static v1::Team YotTeam() {
    v1::Team team;
    team.set_team_id("nortown-yot-team");
    team.set_name("Nortown YOT");
    team.set_home_agency_id("nortown-yot");
    team.add_agency_ids("nortown-yot");
    team.add_agency_ids("northern-connexions");
    team.add_purposes(v1::PURPOSE_YOUTH_JUSTICE);
    return team;
  }
  static v1::Practitioner Seconded() {
    v1::Practitioner practitioner;
    practitioner.set_agency_id("northern-connexions");
    practitioner.set_practitioner_id("pa-002");
    practitioner.add_roles("personal-adviser");
    practitioner.add_team_ids("nortown-yot-team");
    return practitioner;
  }
  void PutArea() {
    ASSERT_TRUE(Put(Yot()).ok());
    ASSERT_TRUE(Put(Connexions()).ok());
    ASSERT_TRUE(Put(YotTeam()).ok());
    ASSERT_TRUE(Put(Seconded()).ok());
  }

  ledger::v1::LedgerEntry EntryAt(uint64_t index) {
    const std::unique_ptr<store::View> view = *store_.NewView();
    const absl::StatusOr<std::string> bytes = ledger::LedgerReader(view.get()).Entry(index);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    ledger::v1::LedgerEntry entry;
    EXPECT_TRUE(bytes.ok() && entry.ParseFromString(*bytes));
    return entry;
  }

  base::OsRandom random_;
  std::unique_ptr<store::Store> inner_;
  store::HostileStore store_;
  base::ManualClock clock_;
  base::SecretKey details_key_;
  base::InlineExecutor executor_;
  std::unique_ptr<tlog::NoteSigner> signer_;
  std::unique_ptr<ledger::Sequencer> sequencer_;
  std::unique_ptr<Registry> registry_;
  WorkerRoles roles_{.ordinary = {"personal-adviser", "social-worker", "yot-officer"},
                     .vetted = {},
                     .trained = {}};
  base::Principal actor_ = [] {
    base::Principal actor;
    actor.kind = base::CallerKind::kOperator;
    actor.agency_id = "nortown-hub";
    actor.system_id = kOperator;
    actor.practitioner_id = "op-001";
    actor.role = "operator";
    return actor;
  }();
};

}  // namespace signpost::registry

#endif  // SIGNPOST_TESTS_REGISTRY_REGISTRY_FIXTURE_H_
