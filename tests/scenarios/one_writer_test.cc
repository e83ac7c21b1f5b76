// Nothing that changes state bypasses the sequencer: whatever is asked of a whole hub, every commit
// to its store is made on one thread, and every commit that touches anything but the ledger's own
// rows holds a ledger entry.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/overrides/overrides.h"
#include "hub/store/memory_store.h"
#include "signpost/v1/overrides.grpc.pb.h"
#include "signpost/v1/person.grpc.pb.h"
#include "tests/scenarios/nortown.h"
#include "tests/store/store_testing.h"

namespace signpost::scenarios {
namespace {

using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

// Passes everything on, and notes who commits what.
class WatchedStore final : public store::Store {
 public:
  [[nodiscard]] absl::StatusOr<std::unique_ptr<store::View>> NewView() const override {
    return store_->NewView();
  }
  // Spaces that a commit without an entry touched.
  std::vector<std::string> unrecorded() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return unrecorded_;
  }
  size_t threads() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return threads_.size();
  }
  // Every space that any commit touched.
  std::set<std::string> touched() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return touched_;
  }

 private:
  static bool IsLedgers(const store::Batch::Operation& operation) {
    switch (operation.space) {
      case store::Space::kEntries:
      case store::Space::kNodes:
      case store::Space::kCheckpoints:
        return true;
      case store::Space::kMeta:
        return absl::StartsWith(operation.key, "ledger/") ||
               absl::StartsWith(operation.key, "counter/");
      default:
        return false;
    }
  }

  absl::StatusOr<uint64_t> DoCommit(const store::Batch& batch, const store::Fence& fence) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      // Under which master key a store lies is said before there is a ledger.
      const bool first = touched_.empty() && fence.head == std::nullopt &&
                         batch.operations().size() == 1 &&
                         batch.operations()[0].space == store::Space::kPersonKeys &&
                         absl::StartsWith(batch.operations()[0].key, "master-key/");
      if (first) {
        touched_.insert(store::SpaceName(store::Space::kPersonKeys));
        return store_->Commit(batch, fence);
      }
      threads_.insert(std::this_thread::get_id());
      bool has_entry = false;
      for (const store::Batch::Operation& operation : batch.operations()) {
        has_entry = has_entry || (operation.space == store::Space::kEntries && operation.value);
      }
      for (const store::Batch::Operation& operation : batch.operations()) {
        touched_.insert(store::SpaceName(operation.space));
        if (!has_entry && !IsLedgers(operation)) {
          unrecorded_.push_back(
              absl::StrCat(store::SpaceName(operation.space), " ", operation.key));
        }
      }
    }
    return store_->Commit(batch, fence);
  }
  uint64_t DoRevision() const override { return (*store_->NewView())->revision(); }

  const std::unique_ptr<store::Store> store_ = store::NewMemoryStore();
  mutable std::mutex mutex_;
  std::vector<std::string> unrecorded_;
  std::set<std::string> touched_;
  std::set<std::thread::id> threads_;
};

const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};

TEST(OneWriter, EveryCommitIsTheSequencersAndHoldsAnEntry) {
  WatchedStore watched;
  base::ManualClock clock(absl::FromCivil(absl::CivilHour(2026, 11, 23, 10), absl::UTCTimeZone()));
  Nortown::Setup setup;
  setup.overrides.store = &watched;
  setup.overrides.clock = &clock;
  {
    Nortown nortown(setup);  // enrols agencies, teams and practitioners; publishes the policy
    // Reports, one of which waits for somebody to decide; a message in a mailbox.
    nortown.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
    nortown.Report("nortown-yot", OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume"));
    nortown.Report("nortown-social-services",
                   OpenFlag("S-1", kTariq, "childrens-social-care", "Hugh Penn"));
    nortown.Report("nortown-drugs-advice",
                   OpenFlag("D-1", kTariq, "substance-misuse", "Ivor Lane"));
    Known alike = kTariq;
    alike.month = 7;
    nortown.Report("nortown-housing", OpenFlag("H-1", alike, "housing", "Una Doyle"));
    nortown.Report("nortown-yot", Closed(OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume")));
    // Questions, an override among them.
    v1::WhoKnowsRequest ask = AskAboutRecord(&nortown, "C-1", v1::PURPOSE_SUPPORT_PLANNING);
    ASSERT_TRUE(nortown.Ask(TariqsAdviser(), ask).status.ok());
    ask = AskAboutRecord(&nortown, "S-1", v1::PURPOSE_SAFEGUARDING);
    ask.mutable_override()->set_ground(v1::OVERRIDE_GROUND_VITAL_INTERESTS);
    ask.mutable_override()->set_reason("Missing for six days, seen in a drugged state.");
    ASSERT_TRUE(nortown.Ask(SocialWorker(), ask).status.ok());
    clock.Advance(absl::Hours(24 * 9));
    ASSERT_TRUE(overrides::Overrides(nortown.hub().context()).EscalateOverdue().ok());
    // A consent, and its end.
    v1::RecordConsentRequest record;
    record.set_request_id(nortown.RequestId());
    record.mutable_person()->set_record_id("C-1");
    record.mutable_consent()->set_decision(v1::CONSENT_DECISION_GIVEN);
    record.mutable_consent()->mutable_scope()->add_recipient_agency_ids("northern-connexions");
    record.mutable_consent()->set_explicit_(true);
    record.mutable_consent()->set_grantor(v1::GRANTOR_COURT);
    record.mutable_consent()->set_grantor_name("Nortown Family Court");
    record.mutable_consent()->set_evidence(v1::CONSENT_EVIDENCE_WRITTEN);
    record.mutable_consent()->mutable_valid_until()->set_seconds(absl::ToUnixSeconds(clock.Now()) +
                                                                 86400);
    v1::RecordConsentResponse recorded;
    const auto consents = nortown.Consents("northern-connexions");
    ASSERT_TRUE(
        consents->RecordConsent(nortown.ContextOf(TariqsAdviser()).get(), record, &recorded).ok());
    v1::WithdrawConsentRequest withdraw;
    withdraw.set_request_id(nortown.RequestId());
    withdraw.mutable_person()->set_record_id("C-1");
    withdraw.set_consent_id(recorded.consent_id());
    v1::WithdrawConsentResponse withdrawn;
    ASSERT_TRUE(
        consents->WithdrawConsent(nortown.ContextOf(TariqsAdviser()).get(), withdraw, &withdrawn)
            .ok());
    // Who takes part changes.
    v1::SetSuspendedRequest suspend;
    suspend.set_request_id(nortown.RequestId());
    suspend.set_agency_id("nortown-housing");
    suspend.set_suspended(true);
    suspend.set_reason("Laptop stolen.");
    v1::SetSuspendedResponse suspended;
    ASSERT_TRUE(
        nortown.Registry()->SetSuspended(nortown.Context().get(), suspend, &suspended).ok());
    // An auditor looks; everything about one person is told, and they are erased.
    v1::SearchEntriesRequest search;
    search.set_reason("Quarterly review.");
    v1::SearchEntriesResponse found;
    ASSERT_TRUE(nortown.Audit()->SearchEntries(nortown.AuditContext().get(), search, &found).ok());
    const Worker officer = {"nortown-social-services", "dp-001", "data-protection-officer", {}};
    const auto desk =
        v1::PersonService::NewStub(nortown.Channel("nortown-social-services", "casework"));
    v1::SetShieldRequest shield;
    shield.set_request_id(nortown.RequestId());
    *shield.mutable_person()->mutable_details() = Details(kTariq);
    shield.set_shielded(true);
    shield.set_reason("In a refuge since Monday.");
    v1::SetShieldResponse shielded;
    ASSERT_TRUE(desk->SetShield(nortown.ContextOf(officer).get(), shield, &shielded).ok());
    v1::ErasePersonRequest erase;
    erase.set_request_id(nortown.RequestId());
    *erase.mutable_person()->mutable_details() = Details(kTariq);
    erase.set_confirmed(true);
    erase.set_reason("Asked for it in writing.");
    v1::ErasePersonResponse erased;
    ASSERT_TRUE(desk->ErasePerson(nortown.ContextOf(officer).get(), erase, &erased).ok());
    nortown.Stop();
  }
  EXPECT_THAT(watched.unrecorded(), IsEmpty());
  // The sequencer's thread, and the one that opened the hub before it had a sequencer.
  EXPECT_LE(watched.threads(), 2u);
  // Otherwise the acts above proved little.
  EXPECT_THAT(watched.touched(),
              IsSupersetOf({"entries", "registry", "people", "person_keys", "match_keys",
                            "local_records", "reviews", "mailboxes", "requests", "person_entries",
                            "entry_persons", "overrides"}));
}

TEST(OneWriter, TheWatchSeesACommitWithoutAnEntry) {
  WatchedStore watched;
  store::Batch batch;
  batch.Put(store::Space::kPeople, "P", "row");
  ASSERT_TRUE(store::testing::CommitNow(watched, std::move(batch)).ok());
  EXPECT_THAT(watched.unrecorded(), SizeIs(1));
}

}  // namespace
}  // namespace signpost::scenarios
