#include "hub/registry/registry.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/store/row_codec.h"
#include "tests/registry/registry_fixture.h"
#include "tests/store/store_testing.h"

namespace signpost::registry {
namespace {

using base::Reason;
using base::ReasonOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using RegistryTest = RegistryFixture;

TEST_F(RegistryTest, OperatorIsKnownToAnEmptyRegistry) {
  const absl::StatusOr<base::Principal> caller = registry_->LookupSystem(kOperator);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->agency_id, "nortown-hub");
  EXPECT_EQ(caller->agency_kind, "operator");
  EXPECT_EQ(caller->system_id, kOperator);
  EXPECT_EQ(caller->kind, base::CallerKind::kOperator);
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotAdapter).status()), Reason::kCallerUnknown);
  EXPECT_EQ(ReasonOf(registry_->LookupSystem("").status()), Reason::kCallerUnknown);
}

TEST_F(RegistryTest, OperatorCannotBeLockedOut) {
  v1::Agency hub = MakeAgency("nortown-hub", "voluntary");
  EXPECT_EQ(ReasonOf(Put(hub).status()), Reason::kInvalidField);
  hub.set_kind("operator");  // without the operator's own system among its systems
  ASSERT_TRUE(Put(hub).ok());
  EXPECT_EQ(ReasonOf(SuspendAgency("nortown-hub").status()), Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(SuspendSystem(kOperator).status()), Reason::kInvalidField);
  EXPECT_TRUE(registry_->LookupSystem(kOperator).ok());
}

TEST_F(RegistryTest, AgencyIsKnownOnceItsEntryIsDurable) {
  const absl::StatusOr<ChangeResult> put = Put(Yot());
  ASSERT_TRUE(put.ok()) << put.status();
  ASSERT_TRUE(put->sequenced.has_value());

  const absl::StatusOr<base::Principal> caller = registry_->LookupSystem(kYotAdapter);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->agency_id, "nortown-yot");
  EXPECT_EQ(caller->agency_kind, "yot");
  EXPECT_EQ(caller->system_id, kYotAdapter);
  EXPECT_EQ(caller->kind, base::CallerKind::kSystem);

  const ledger::v1::LedgerEntry entry = RecordOf(*put);
  EXPECT_EQ(entry.kind(), ledger::v1::ENTRY_KIND_REGISTRY_CHANGED);
  EXPECT_EQ(entry.registry_changed().record(), ledger::v1::REGISTRY_RECORD_AGENCY);
  EXPECT_EQ(entry.registry_changed().id(), "nortown-yot");
  // Whoever said yes is whose act it is; who proposed it says the entry of the proposal.
  EXPECT_EQ(entry.agency_id(), kFirstFounder);
  EXPECT_EQ(entry.practitioner_id(), "og-1");
  const ledger::v1::LedgerEntry proposed = EntryAt(put->sequenced->first_index - 1);
  EXPECT_EQ(proposed.kind(), ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_PROPOSED);
  EXPECT_EQ(proposed.agency_id(), "nortown-hub");
  EXPECT_EQ(proposed.system(), kOperator);
  EXPECT_EQ(proposed.practitioner_id(), "op-001");
  EXPECT_EQ(proposed.request_hash(), ledger::ComposerForTest().HashOf("nortown-hub", "r-1"));
  const std::unique_ptr<store::View> view = *store_.NewView();
  const std::string row = **view->Get(store::Space::kRegistry, "agency/nortown-yot");
  EXPECT_EQ(entry.registry_changed().record_sha256(), base::Sha256(row));
}

TEST_F(RegistryTest, SameContentIsNoEntryInWhateverOrder) {
  v1::Agency agency = Yot();
  agency.add_services("intensive-support");
  ASSERT_TRUE(Put(agency).ok());
  const uint64_t size = sequencer_->head().size;

  std::swap(*agency.mutable_services(0), *agency.mutable_services(1));
  agency.mutable_systems()->SwapElements(0, 1);
  agency.set_suspended(true);  // output only
  const absl::StatusOr<ChangeResult> again = Put(agency);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->sequenced.has_value());
  EXPECT_EQ(sequencer_->head().size, size);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());

  agency.set_name("Another name");
  EXPECT_TRUE(Put(agency)->sequenced.has_value());
  EXPECT_EQ(sequencer_->head().size, size + 1);
  EXPECT_EQ(registry_->directory()->FindAgency("nortown-yot")->name, "Another name");
}

TEST_F(RegistryTest, SuspendedAgencyIsRefusedOnTheNextCall) {
  PutArea();
  ASSERT_TRUE(registry_->LookupPractitioner("northern-connexions", "pa-002").ok());
  ASSERT_TRUE(SuspendAgency("northern-connexions").ok());
  EXPECT_EQ(ReasonOf(registry_->LookupPractitioner("northern-connexions", "pa-002").status()),
            Reason::kCallerSuspended);
  EXPECT_EQ(ReasonOf(registry_
                         ->LookupSystem("spiffe://nortown.example/agency/northern-connexions/"
                                        "system/casework")
                         .status()),
            Reason::kCallerSuspended);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());

  // Sending the agency again does not restore it.
  ASSERT_TRUE(Put(Connexions()).ok());
  EXPECT_TRUE(registry_->directory()->FindAgency("northern-connexions")->suspended);
  ASSERT_TRUE(SuspendAgency("northern-connexions", false).ok());
  EXPECT_TRUE(registry_->LookupPractitioner("northern-connexions", "pa-002").ok());
}

// What comes of a practitioner's standing is judged again when something of it that was looked up in
// memory is changed before it is durable.
TEST_F(RegistryTest, WhatComesOfAPractitionerRestsOnTheirAgencyTheirTeamsAndTheirTeamsHomes) {
  PutArea();
  const auto aborted_by = [this](const std::function<bool()>& change) {
    const std::unique_ptr<store::View> held = *store_.NewView();
    ledger::GuardedView view(held.get());
    EXPECT_TRUE(registry_->LookupPractitioner(view, "northern-connexions", "pa-002").ok());
    EXPECT_TRUE(change());
    ledger::Operation operation;
    operation.entries.push_back(
        ledger::ToDraft(ledger::EntryForTest(ledger::v1::ENTRY_KIND_FEED_CONFIRMED)));
    operation.reads = view.TakeReads();
    const absl::Status end = sequencer_->SubmitAndWait(std::move(operation)).status();
    EXPECT_TRUE(end.ok() || ReasonOf(end) == Reason::kAborted) << end;
    return !end.ok();
  };
  EXPECT_FALSE(aborted_by([] { return true; }));
  EXPECT_TRUE(aborted_by([&] {
    return SuspendAgency("northern-connexions").ok() &&
           SuspendAgency("northern-connexions", false).ok();
  }));
  EXPECT_TRUE(aborted_by([&] {
    v1::Team closed = YotTeam();
    closed.mutable_agency_ids()->RemoveLast();
    return Put(closed).ok() && Put(YotTeam()).ok();
  }));
  EXPECT_TRUE(aborted_by([&] {
    return SuspendAgency("nortown-yot").ok() && SuspendAgency("nortown-yot", false).ok();
  }));
  EXPECT_FALSE(aborted_by([&] { return Put(MakeAgency("nortown-housing", "housing")).ok(); }));
}

TEST_F(RegistryTest, SuspendedSystemIsRefusedAndCannotBeWashedClean) {
  ASSERT_TRUE(Put(Yot()).ok());
  ASSERT_TRUE(SuspendSystem(kYotCasework).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotCasework).status()), Reason::kCallerSuspended);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());

  v1::Agency without = Yot();
  without.mutable_systems()->RemoveLast();
  ASSERT_TRUE(Put(without).ok());
  ASSERT_TRUE(Put(Yot()).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotCasework).status()), Reason::kCallerSuspended);

  ASSERT_TRUE(SuspendSystem(kYotCasework, false).ok());
  ASSERT_TRUE(Put(without).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotCasework).status()), Reason::kCallerUnknown);
}

TEST_F(RegistryTest, SuspendedPractitionerIsRefusedOnTheNextCall) {
  PutArea();
  ASSERT_TRUE(SuspendPractitioner("northern-connexions", "pa-002").ok());
  EXPECT_EQ(ReasonOf(registry_->LookupPractitioner("northern-connexions", "pa-002").status()),
            Reason::kCallerSuspended);
  ASSERT_TRUE(Put(Seconded()).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupPractitioner("northern-connexions", "pa-002").status()),
            Reason::kCallerSuspended);
  ASSERT_TRUE(SuspendPractitioner("northern-connexions", "pa-002", false).ok());
  EXPECT_TRUE(registry_->LookupPractitioner("northern-connexions", "pa-002").ok());
}

TEST_F(RegistryTest, ReasonOfASuspensionIsSealedInItsEntry) {
  PutArea();
  const absl::StatusOr<ChangeResult> suspended =
      SuspendPractitioner("northern-connexions", "pa-002");
  ASSERT_TRUE(suspended.ok() && suspended->sequenced.has_value());
  const ledger::v1::LedgerEntry entry = EntryAt(suspended->sequenced->first_index);
  EXPECT_THAT(entry.SerializeAsString(), Not(HasSubstr("laptop")));
  const absl::StatusOr<std::string> opened =
      base::Open(details_key_, "practitioner/northern-connexions/pa-002", entry.sealed_details());
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::string salt = opened->substr(0, 32);
  EXPECT_EQ(opened->substr(32), "laptop reported stolen");
  EXPECT_EQ(entry.details_commitment(), base::HmacSha256(salt, "laptop reported stolen"));
}

TEST_F(RegistryTest, PractitionerHasTheTeamsThatAreStillOpenToTheAgency) {
  PutArea();
  absl::StatusOr<EnrolledPractitioner> found =
      registry_->LookupPractitioner("northern-connexions", "pa-002");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(found->roles(), ElementsAre("personal-adviser"));
  EXPECT_TRUE(found->HasRole("personal-adviser"));
  EXPECT_FALSE(found->HasRole("manager"));
  EXPECT_TRUE(found->InTeam("nortown-yot-team"));

  ASSERT_TRUE(SuspendAgency("nortown-yot").ok());  // the team's home
  EXPECT_FALSE(
      registry_->LookupPractitioner("northern-connexions", "pa-002")->InTeam("nortown-yot-team"));
  ASSERT_TRUE(SuspendAgency("nortown-yot", false).ok());
  EXPECT_TRUE(
      registry_->LookupPractitioner("northern-connexions", "pa-002")->InTeam("nortown-yot-team"));

  v1::Team closed = YotTeam();
  closed.mutable_agency_ids()->RemoveLast();
  ASSERT_TRUE(Put(closed).ok());
  EXPECT_THAT(registry_->LookupPractitioner("northern-connexions", "pa-002")->team_ids(),
              IsEmpty());
}

TEST_F(RegistryTest, NobodyEnrolledIsUnknown) {
  PutArea();
  for (const auto& [agency_id, practitioner_id] : std::vector<std::pair<std::string, std::string>>{
           {"northern-connexions", "pa-003"},
           {"nortown-yot", "pa-002"},  // another agency's
           {"nobody", "pa-002"},
           {"northern-connexions", ""},
           {"northern-connexions", "../pa-002"},
           {"northern-connexions/pa-002", "x"}}) {
    EXPECT_EQ(ReasonOf(registry_->LookupPractitioner(agency_id, practitioner_id).status()),
              Reason::kPractitionerUnknown)
        << agency_id << " " << practitioner_id;
  }
}

TEST_F(RegistryTest, KeysAreFoundByAgencyAndNameAndGoneWhenDropped) {
  v1::Agency agency = Yot();
  agency.add_assertion_keys()->set_key_id("2026-1");
  agency.mutable_assertion_keys(0)->set_public_key_pem(NewPem(base::KeyType::kEs256));
  ASSERT_TRUE(Put(agency).ok());
  const absl::StatusOr<base::PublicKey> key = registry_->LookupKey("nortown-yot", "2026-1");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->type(), base::KeyType::kEs256);
  EXPECT_EQ(key->raw(), base::PublicKey::FromPem(agency.assertion_keys(0).public_key_pem())->raw());
  EXPECT_EQ(ReasonOf(registry_->LookupKey("nortown-yot", "2026-2").status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(registry_->LookupKey("nobody", "2026-1").status()), Reason::kNotFound);

  agency.clear_assertion_keys();
  ASSERT_TRUE(Put(agency).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupKey("nortown-yot", "2026-1").status()), Reason::kNotFound);
}

TEST_F(RegistryTest, WhatNamesTheUnregisteredIsRefused) {
  EXPECT_EQ(ReasonOf(Put(YotTeam()).status()), Reason::kAgencyUnknown);
  EXPECT_EQ(ReasonOf(Put(Seconded()).status()), Reason::kAgencyUnknown);
  EXPECT_EQ(ReasonOf(SuspendAgency("nortown-yot").status()), Reason::kAgencyUnknown);
  EXPECT_EQ(ReasonOf(SuspendSystem(kYotAdapter).status()), Reason::kAgencyUnknown);

  ASSERT_TRUE(Put(Yot()).ok());
  EXPECT_EQ(ReasonOf(Put(YotTeam()).status()), Reason::kAgencyUnknown);  // the second member
  EXPECT_EQ(ReasonOf(SuspendPractitioner("nortown-yot", "yo-009").status()),
            Reason::kPractitionerUnknown);
  EXPECT_EQ(
      ReasonOf(SuspendSystem("spiffe://nortown.example/agency/nortown-yot/system/other").status()),
      Reason::kCallerUnknown);

  ASSERT_TRUE(Put(Connexions()).ok());
  const absl::StatusOr<ChangeResult> no_team = Put(Seconded());
  EXPECT_EQ(ReasonOf(no_team.status()), Reason::kInvalidField);
  EXPECT_EQ(base::ViolationsOf(no_team.status()).at(0).field, "practitioner.team_ids[0]");
  v1::Team closed = YotTeam();
  closed.mutable_agency_ids()->RemoveLast();
  ASSERT_TRUE(Put(closed).ok());
  const uint64_t size = sequencer_->head().size;
  EXPECT_EQ(ReasonOf(Put(Seconded()).status()), Reason::kInvalidField);
  EXPECT_EQ(sequencer_->head().size, size);  // faults leave no trace
}

TEST_F(RegistryTest, RestartReadsEverythingBack) {
  PutArea();
  v1::Agency agency = Yot();
  agency.add_assertion_keys()->set_key_id("2026-1");
  agency.mutable_assertion_keys(0)->set_public_key_pem(NewPem());
  agency.set_silence_hours_max(24);
  ASSERT_TRUE(Put(agency).ok());
  ASSERT_TRUE(SuspendSystem(kYotCasework).ok());

  Start();
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotCasework).status()), Reason::kCallerSuspended);
  EXPECT_TRUE(registry_->LookupKey("nortown-yot", "2026-1").ok());
  EXPECT_TRUE(
      registry_->LookupPractitioner("northern-connexions", "pa-002")->InTeam("nortown-yot-team"));
  const std::shared_ptr<const Directory> directory = registry_->directory();
  EXPECT_EQ(directory->Agencies().size(), 4u);  // with the founders
  EXPECT_EQ(directory->Agencies()[2]->agency_id, "northern-connexions");
  EXPECT_EQ(directory->Teams().size(), 1u);
  EXPECT_EQ(directory->FindAgency("nortown-yot")->silence_max, absl::Hours(24));
  EXPECT_EQ(directory->FindAgency("northern-connexions")->silence_max, absl::Hours(72));
  EXPECT_THAT(directory->MailboxSystems("nortown-yot"), ElementsAre(kYotAdapter));
  EXPECT_THAT(directory->MailboxSystems("nobody"), IsEmpty());
  // And it can go on being changed.
  ASSERT_TRUE(SuspendSystem(kYotCasework, false).ok());
  EXPECT_TRUE(registry_->LookupSystem(kYotCasework).ok());
}

// Broken on purpose by applying to the directory before the commit: the suspension then shows.
TEST_F(RegistryTest, FailedCommitLeavesTheDirectoryAsItWas) {
  PutArea();
  store_.FailCommit(1, store::HostileStore::Failure::kFull);
  EXPECT_EQ(ReasonOf(SuspendAgency("nortown-yot").status()), Reason::kStoreFull);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());

  store_.FailCommit(1, store::HostileStore::Failure::kNothingWritten);
  EXPECT_EQ(ReasonOf(SuspendAgency("nortown-yot").status()), Reason::kStoreUnavailable);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
  EXPECT_EQ(ReasonOf(SuspendAgency("nortown-yot").status()), Reason::kStoreUnavailable);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());

  Start();
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
}

TEST_F(RegistryTest, UnconfirmedCommitCountsFromTheRestartOn) {
  PutArea();
  store_.FailCommit(1, store::HostileStore::Failure::kWrittenUnconfirmed);
  EXPECT_EQ(ReasonOf(SuspendAgency("nortown-yot").status()), Reason::kStoreUnavailable);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
  Start();
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotAdapter).status()), Reason::kCallerSuspended);
}

TEST_F(RegistryTest, ReadFailureIsAnErrorAndNotAnUnknownPractitioner) {
  PutArea();
  const std::unique_ptr<store::View> held = *store_.NewView();
  const ledger::GuardedView view(held.get());
  store_.FailRead(1);
  // Who calls is known from memory, whatever becomes of the store.
  EXPECT_TRUE(registry_->LookupPractitioner("northern-connexions", "pa-002").ok());
  EXPECT_EQ(ReasonOf(registry_->LookupPractitioner(view, "northern-connexions", "pa-002").status()),
            Reason::kStoreUnavailable);
}

TEST_F(RegistryTest, LaterAndBrokenRowsAreNotGuessedAt) {
  store::Batch later;
  later.Put(store::Space::kRegistry, "agency/nortown-yot", std::string("\x02whatever", 9));
  ASSERT_TRUE(store::testing::CommitNow(store_, std::move(later)).ok());
  EXPECT_EQ(ReasonOf(Load().status()), Reason::kStoreNewer);
  store::Batch broken;
  broken.Put(store::Space::kRegistry, "agency/nortown-yot", std::string("\x01\xff\xff", 3));
  ASSERT_TRUE(store::testing::CommitNow(store_, std::move(broken)).ok());
  EXPECT_EQ(ReasonOf(Load().status()), Reason::kDataLoss);
}

TEST_F(RegistryTest, ChangesOfOneRowAtOnceAllHappenInSomeOrder) {
  base::ThreadPool pool(4, 1000);
  registry_ = *Registry::Load(Registry::Options{.operator_spiffe_id = kOperator,
                                                .mailbox_system_names = {"adapter"},
                                                .details_key = details_key_,
                                                .clock = &clock_,
                                                .entries = &ledger::ComposerForTest()},
                              &store_, sequencer_.get(), &pool, &random_);
  ASSERT_TRUE(Put(Yot()).ok());
  std::atomic<int> ended = 0;
  std::atomic<int> recorded = 0;
  constexpr int kChanges = 6;  // fewer than a transaction has attempts, so that none runs out
  for (int i = 0; i < kChanges; ++i) {
    v1::PutAgencyRequest request;
    request.set_request_id("r");
    *request.mutable_agency() = Yot();
    request.mutable_agency()->set_name("Name " + std::to_string(i));
    registry_->PutAgency(request, actor_, [&](absl::StatusOr<ChangeResult> result) {
      if (result.ok() && result->sequenced.has_value()) ++recorded;
      ++ended;
    });
  }
  while (ended < kChanges) std::this_thread::yield();
  pool.Shutdown();
  EXPECT_EQ(recorded, kChanges);
  // What is in memory is what is on disk.
  const std::string name = registry_->directory()->FindAgency("nortown-yot")->name;
  const std::unique_ptr<store::View> view = *store_.NewView();
  const store::v1::AgencyRow row = *store::DecodeRow<store::v1::AgencyRow>(
      "a row", **view->Get(store::Space::kRegistry, "agency/nortown-yot"));
  EXPECT_EQ(row.name(), name);
  sequencer_->Shutdown();
}

TEST_F(RegistryTest, ReadersSeeWholeDirectoriesWhileTheyAreSwapped) {
  PutArea();
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<int64_t> reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const std::shared_ptr<const Directory> directory = registry_->directory();
        const Agency* agency = directory->FindAgency("nortown-yot");
        // Each version is named after the hours of its silence: both or neither.
        if (agency->silence_max != absl::Hours(kSilenceHoursDefault) &&
            agency->name != absl::StrFormat("%d", absl::ToInt64Hours(agency->silence_max))) {
          ++torn;
        }
        const absl::StatusOr<base::Principal> caller = registry_->LookupSystem(kYotAdapter);
        if (!caller.ok() || caller->agency_id != "nortown-yot") ++torn;
        if (!registry_->LookupPractitioner("northern-connexions", "pa-002").ok()) ++torn;
        ++reads;
      }
    });
  }
  for (int round = 0; round < 100; ++round) {
    v1::Agency agency = Yot();
    agency.set_silence_hours_max(2 + round % 7);
    agency.set_name(std::to_string(agency.silence_hours_max()));
    ASSERT_TRUE(Put(agency).ok());
  }
  while (reads < 100) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

TEST_F(RegistryTest, FeedIsWrittenAtMostOnceAMinuteAndReadAtOnce) {
  ASSERT_TRUE(Put(Yot()).ok());
  const absl::Time first = absl::FromUnixSeconds(1'790'000'000);
  EXPECT_FALSE(registry_->directory()->Feed("nortown-yot").has_value());

  const auto touch = [&](const std::string& agency_id, absl::Time at) {
    ledger::Operation operation;
    FeedClaim claim;
    registry_->TouchFeed(agency_id, at, &claim, &operation.batch);
    const bool written = !operation.batch.empty();
    ledger::v1::LedgerEntry entry;
    entry.set_agency_id("nortown-yot");
    operation.entries.push_back({entry.SerializeAsString(), "nortown-yot"});
    EXPECT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
    return written;
  };
  EXPECT_TRUE(touch("nortown-yot", first));
  EXPECT_FALSE(touch("nortown-yot", first + absl::Seconds(59)));
  EXPECT_EQ(registry_->directory()->Feed("nortown-yot")->until, first);
  EXPECT_TRUE(touch("nortown-yot", first + absl::Seconds(60)));
  EXPECT_FALSE(touch("nobody", first));
  EXPECT_FALSE(registry_->directory()->Feed("nobody").has_value());

  // A change of the agency does not forget it.
  v1::Agency renamed = Yot();
  renamed.set_name("Another name");
  ASSERT_TRUE(Put(renamed).ok());
  EXPECT_EQ(registry_->directory()->Feed("nortown-yot")->since, first);
  EXPECT_EQ(registry_->directory()->Feed("nortown-yot")->until, first + absl::Seconds(60));

  Start();
  ASSERT_TRUE(registry_->directory()->Feed("nortown-yot").has_value());
  EXPECT_EQ(registry_->directory()->Feed("nortown-yot")->since, first);
  EXPECT_EQ(registry_->directory()->Feed("nortown-yot")->until, first + absl::Seconds(60));
}

TEST_F(RegistryTest, OfManyReportsOneWritesTheFeedUntilItIsDurable) {
  ASSERT_TRUE(Put(Yot()).ok());
  const absl::Time now = absl::FromUnixSeconds(1'790'000'000);
  const auto writes = [&](FeedClaim* claim) {
    store::Batch batch;
    registry_->TouchFeed("nortown-yot", now, claim, &batch);
    return !batch.empty();
  };
  FeedClaim other;
  {
    FeedClaim first;
    EXPECT_TRUE(writes(&first));
    EXPECT_TRUE(writes(&first)) << "the next attempt, when the first was aborted";
    EXPECT_FALSE(writes(&other)) << "meanwhile one is enough";
  }
  EXPECT_TRUE(writes(&other)) << "the first came to nothing";
  other.GiveBack();
  FeedClaim third;
  EXPECT_TRUE(writes(&third));
}

TEST_F(RegistryTest, TheDirectoryFollowsWhatIsCommittedByWhomever) {
  PutArea();
  const std::shared_ptr<const Directory> before = registry_->directory();
  const auto view = *store_.NewView();
  auto row = *store::DecodeRow<store::v1::AgencyRow>(
      "a row", **view->Get(store::Space::kRegistry, "agency/nortown-yot"));
  row.set_name("Renamed by another");
  row.mutable_systems(0)->set_suspended(true);
  ledger::Operation operation;
  operation.batch.Put(store::Space::kRegistry, "agency/nortown-yot", store::EncodeRow(row));
  operation.batch.Delete(store::Space::kRegistry, "agency/nobody");
  ledger::v1::LedgerEntry entry;
  entry.set_agency_id("nortown-hub");
  operation.entries.push_back({entry.SerializeAsString(), "nortown-hub"});
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  EXPECT_EQ(registry_->directory()->FindAgency("nortown-yot")->name, "Renamed by another");
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(row.systems(0).spiffe_id()).status()),
            Reason::kCallerSuspended);
  EXPECT_EQ(before->FindAgency("nortown-yot")->name, Yot().name()) << "held by whoever had it";
}

// Writes a row past the registry, as damage or another program would.
absl::Status PutRow(ledger::Sequencer* sequencer, const std::string& key,
                    const std::string& value) {
  ledger::Operation operation;
  operation.batch.Put(store::Space::kRegistry, key, value);
  ledger::v1::LedgerEntry entry;
  entry.set_agency_id("nortown-hub");
  operation.entries.push_back({entry.SerializeAsString(), "nortown-hub"});
  return sequencer->SubmitAndWait(std::move(operation)).status();
}

TEST_F(RegistryTest, WhileTheDirectoryCannotFollowNobodyButTheOperatorIsLetIn) {
  PutArea();
  v1::Agency keyed = Yot();
  v1::AssertionKey* key = keyed.add_assertion_keys();
  key->set_key_id("key-1");
  key->set_public_key_pem(NewPem());
  ASSERT_TRUE(Put(keyed).ok());
  const std::string team = "team/nortown-yot-team";
  const std::string good = **(*store_.NewView())->Get(store::Space::kRegistry, team);
  const auto seconded = [&] {
    return registry_->LookupPractitioner("northern-connexions", "pa-002").status();
  };
  const auto everybody = [&] {
    return registry_->ForEachPractitioner(
        [](const EnrolledPractitioner&) { return absl::OkStatus(); });
  };
  ASSERT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
  ASSERT_TRUE(PutRow(sequencer_.get(), team, "\x01\xFF\xFF").ok());
  EXPECT_EQ(ReasonOf(sequencer_->followers_status()), Reason::kDataLoss);
  // Behind the row that does not read, the next commit may have suspended anybody.
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotAdapter).status()), Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(seconded()), Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(registry_->LookupKey("nortown-yot", "key-1").status()),
            Reason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(everybody()), Reason::kStoreUnavailable);
  // The operator can mend it: putting the team again writes its row whole.
  EXPECT_TRUE(registry_->LookupSystem(kOperator).ok());
  ASSERT_TRUE(Put(YotTeam()).ok());
  EXPECT_TRUE(sequencer_->followers_status().ok());
  EXPECT_EQ(**(*store_.NewView())->Get(store::Space::kRegistry, team), good);
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
  EXPECT_TRUE(seconded().ok());
  EXPECT_TRUE(registry_->LookupKey("nortown-yot", "key-1").ok());
  EXPECT_TRUE(everybody().ok());
}

TEST_F(RegistryTest, PractitionersAreFoundInMemoryAndFollowWhatWasCommittedByWhomever) {
  PutArea();
  const std::string key = "practitioner/northern-connexions/pa-002";
  const auto reason = [&](const std::string& id) {
    return ReasonOf(registry_->LookupPractitioner("northern-connexions", id).status());
  };
  // Broken on purpose (rows of practitioners not taken from the feed): both are then as before.
  store::v1::PractitionerRow row;
  row.set_agency_id("northern-connexions");
  row.set_practitioner_id("pa-002");
  row.add_roles("manager");
  ASSERT_TRUE(PutRow(sequencer_.get(), key, store::EncodeRow(row)).ok());
  EXPECT_TRUE(registry_->LookupPractitioner("northern-connexions", "pa-002")->HasRole("manager"));
  row.set_suspended(true);
  ASSERT_TRUE(PutRow(sequencer_.get(), key, store::EncodeRow(row)).ok());
  EXPECT_EQ(reason("pa-002"), Reason::kCallerSuspended);
  // At a view the row is read, so that an operation can rest on it.
  const std::unique_ptr<store::View> held = *store_.NewView();
  const ledger::GuardedView view(held.get());
  EXPECT_EQ(ReasonOf(registry_->LookupPractitioner(view, "northern-connexions", "pa-002").status()),
            Reason::kCallerSuspended);
}

TEST_F(RegistryTest, APractitionersRowThatDoesNotReadStandsInTheWayOfNobodyElse) {
  PutArea();
  ASSERT_TRUE(PutRow(sequencer_.get(), "practitioner/nortown-yot/yo-1", "\x01\xFF\xFF").ok());
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(ReasonOf(registry_->LookupPractitioner("nortown-yot", "yo-1").status()),
              Reason::kDataLoss);
    EXPECT_TRUE(registry_->LookupPractitioner("northern-connexions", "pa-002").ok());
    EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
    registry_ = *Load();
  }
}

TEST_F(RegistryTest, WhoIsPutInPlaceOfARowThatDoesNotReadIsSuspendedUntilRestored) {
  PutArea();
  for (const char* const key : {"agency/nortown-yot", "practitioner/northern-connexions/pa-002"}) {
    ASSERT_TRUE(PutRow(sequencer_.get(), key, "\x01\xFF\xFF").ok());
  }
  // Broken on purpose (the row read as if there were none): whoever was suspended may act again.
  ASSERT_TRUE(Put(Yot()).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupSystem(kYotAdapter).status()), Reason::kCallerSuspended);
  ASSERT_TRUE(SuspendAgency("nortown-yot", false).ok());
  EXPECT_TRUE(registry_->LookupSystem(kYotAdapter).ok());
  v1::Practitioner adviser;
  adviser.set_agency_id("northern-connexions");
  adviser.set_practitioner_id("pa-002");
  adviser.add_roles("personal-adviser");
  ASSERT_TRUE(Put(adviser).ok());
  EXPECT_EQ(ReasonOf(registry_->LookupPractitioner("northern-connexions", "pa-002").status()),
            Reason::kCallerSuspended);
}

TEST_F(RegistryTest, EverybodyWhoMayActIsVisitedInOrderPastOnePage) {
  PutArea();
  store::Batch batch;
  for (int i = 0; i < 1100; ++i) {
    store::v1::PractitionerRow row;
    row.set_agency_id("nortown-yot");
    row.set_practitioner_id(absl::StrFormat("yo-%04d", i));
    row.add_roles("yot-officer");
    row.set_suspended(i == 500);
    batch.Put(store::Space::kRegistry,
              absl::StrCat("practitioner/", row.agency_id(), "/", row.practitioner_id()),
              store::EncodeRow(row));
  }
  ASSERT_TRUE(store::testing::CommitNow(store_, std::move(batch)).ok());
  const auto visited = [&] {
    std::vector<std::string> ids;
    const absl::Status status =
        registry_->ForEachPractitioner([&](const EnrolledPractitioner& practitioner) {
          if (practitioner.practitioner_id() == "og-1") return absl::OkStatus();  // a founder's
          ids.push_back(practitioner.agency_id() + "/" + practitioner.practitioner_id());
          EXPECT_THAT(practitioner.roles(), SizeIs(1));
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return ids;
  };
  const std::vector<std::string> all = visited();
  ASSERT_THAT(all, SizeIs(1 + 1099));
  EXPECT_EQ(all.front(), "northern-connexions/pa-002");
  EXPECT_EQ(all.back(), "nortown-yot/yo-1099");
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_THAT(all, Not(Contains("nortown-yot/yo-0500"))) << "suspended";
  // The first error ends it, and nobody of a suspended agency is there.
  int calls = 0;
  EXPECT_EQ(ReasonOf(registry_->ForEachPractitioner([&](const EnrolledPractitioner&) {
              ++calls;
              return base::Error(Reason::kMessageTooLarge, "enough");
            })),
            Reason::kMessageTooLarge);
  EXPECT_EQ(calls, 1);
  ASSERT_TRUE(SuspendAgency("nortown-yot").ok());
  EXPECT_THAT(visited(), ElementsAre("northern-connexions/pa-002"));
}

TEST_F(RegistryTest, WhoIsVisitedIsInTheTeamsThatStandAsWhenLookedUp) {
  PutArea();
  const auto teams = [&] {
    std::vector<std::string> found;
    EXPECT_TRUE(registry_
                    ->ForEachPractitioner([&](const EnrolledPractitioner& practitioner) {
                      if (practitioner.practitioner_id() == "og-1") return absl::OkStatus();
                      found = practitioner.team_ids();
                      return absl::OkStatus();
                    })
                    .ok());
    EXPECT_EQ(found, registry_->LookupPractitioner("northern-connexions", "pa-002")->team_ids());
    return found;
  };
  EXPECT_THAT(teams(), ElementsAre("nortown-yot-team"));
  ASSERT_TRUE(SuspendAgency("nortown-yot").ok());
  EXPECT_THAT(teams(), IsEmpty()) << "its home agency";
}

TEST_F(RegistryTest, RequestIdsHaveALimit) {
  v1::PutAgencyRequest request;
  *request.mutable_agency() = Yot();
  const auto put = [&] {
    return Wait([&](ChangeDone done) { registry_->PutAgency(request, actor_, std::move(done)); });
  };
  EXPECT_EQ(ReasonOf(put().status()), Reason::kInvalidField);
  request.set_request_id(std::string(65, 'r'));
  EXPECT_EQ(ReasonOf(put().status()), Reason::kInvalidField);
  request.set_request_id(std::string(64, 'r'));
  EXPECT_TRUE(put().ok());
}

TEST_F(RegistryTest, NoListMakesAnOfficersRoleOrdinary) {
  for (const char* const role : kNeverOrdinaryRoles) {
    WorkerRoles roles;
    roles.ordinary = {"social-worker", role};
    EXPECT_EQ(ReasonOf(registry_->SetRoles(roles)), Reason::kInvalidField) << role;
  }
}

}  // namespace
}  // namespace signpost::registry
