// Decisions made again: the same as long as what is known now leads back to what was known then,
// and otherwise it is said what differs or is gone.

#include "hub/oversight/replay.h"

#include <gmock/gmock.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/ledger/person_index.h"
#include "hub/matching/report_linker.h"
#include "hub/matching/reviews.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/policy.pb.h"
#include "tests/request/hub_rooms.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kConnexions;
using request::kYot;
using request::ReceiptOfRefusal;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReplayTest : public request::HubRooms {
 protected:
  ReplayTest() { TariqIsKnown(); }

  absl::StatusOr<v1::ReplayDecisionResponse> Replay(uint64_t index) {
    v1::ReplayDecisionRequest request;
    request.set_index(index);
    request.set_reason("A complaint about this look.");
    return Wait<v1::ReplayDecisionResponse>(
        [&](auto done) { replays_.Replay(Auditor(), request, std::move(done)); });
  }
  uint64_t Asked() {
    const request::Answered answered = Ask(Adviser(), AskForAsset());
    EXPECT_TRUE(answered.status.ok()) << answered.status;
    return answered.receipt.ledger_index();
  }

  Masker masker_{context_, policy_admin_.get()};
  JointLooks looks_{context_, &masker_};
  Replays replays_{context_, policy_admin_.get(), &looks_};
};

TEST_F(ReplayTest, ADecisionComesOutAsRecordedAndTheLookIsAnEntry) {
  const uint64_t asked = Asked();
  const auto again = Replay(asked);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->result(), v1::REPLAY_RESULT_SAME);
  EXPECT_THAT(again->findings(), IsEmpty());
  EXPECT_EQ(again->policy_version(), 1);
  EXPECT_EQ(LastEntry().kind, "decision-replayed");
  EXPECT_EQ(LastEntry().outcome, "same");
  EXPECT_EQ(again->receipt().ledger_index(), LastEntry().index);
  EXPECT_TRUE(LastEntry().has_details);
}

TEST_F(ReplayTest, WhatHappenedSinceIsTakenBack) {
  const auto yes = Consent(Adviser(), WrittenConsent());
  ASSERT_TRUE(yes.ok());
  const uint64_t with_consent = Asked();
  ASSERT_TRUE(Withdraw(Adviser(), yes->consent_id()).ok());
  const uint64_t without = Asked();
  // A flag that is closed, one that is new, and another policy.
  v1::FlagReport closed = Flag("Y-1", "youth-offending");
  closed.add_assessments()->set_kind("asset");
  closed.mutable_assessments(0)->add_sections("lifestyle");
  closed.set_status(v1::FLAG_STATUS_CLOSED);
  closed.mutable_closed_on()->set_year(2026);
  closed.mutable_closed_on()->set_month(11);
  closed.mutable_closed_on()->set_day(20);
  ASSERT_EQ(Report(kYot, closed).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  Report(request::kSocial, Flag("S-1", "childrens-social-care"));
  Publish(request::RulesOfNortown(2));
  EXPECT_EQ(Replay(with_consent)->result(), v1::REPLAY_RESULT_SAME);
  EXPECT_EQ(Replay(without)->result(), v1::REPLAY_RESULT_SAME);
  EXPECT_EQ(Replay(with_consent)->policy_version(), 1);
}

TEST_F(ReplayTest, WhatTheEntryDoesNotTellOfThenMayMakeADifference) {
  Report(request::kDrugs, Flag("D-1", "substance-misuse"));
  const uint64_t asked = Asked();
  ASSERT_EQ(Replay(asked)->result(), v1::REPLAY_RESULT_SAME);
  // Who was suspended then it does not say: an agency that is cannot be asked through a broker.
  v1::SetSuspendedRequest request;
  request.set_request_id(RequestId());
  request.set_agency_id(request::kDrugs);
  request.set_suspended(true);
  request.set_reason("A laptop was stolen.");
  ASSERT_TRUE(Wait<v1::SetSuspendedResponse>([&](auto done) {
                enrolment_->SetSuspended(Operator(), request, std::move(done));
              }).ok());
  const auto again = Replay(asked);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->result(), v1::REPLAY_RESULT_DIFFERENT);
  EXPECT_THAT(again->findings(),
              Contains("released: 3 flags as recorded, 2 now, or by other rules"));
  EXPECT_EQ(LastEntry().outcome, "different");
}

TEST_F(ReplayTest, WhatCannotBeTakenBackIsSaid) {
  const uint64_t asked = Asked();
  v1::FlagReport changed = Flag("Y-1", "youth-offending");
  changed.add_assessments()->set_kind("apir");
  ASSERT_EQ(Report(kYot, changed).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  const auto again = Replay(asked);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->result(), v1::REPLAY_RESULT_NOT_POSSIBLE);
  EXPECT_THAT(again->findings(), Contains("what an agency reports of a flag changed since"));
  EXPECT_EQ(LastEntry().outcome, "not-possible");
}

// The row carried another's shield until then, of which no entry of theirs tells. Broken once by leaving
// the doubt out: the decision came out as another, as if somebody had changed it.
TEST_F(ReplayTest, ThatAReviewWasDecidedSinceIsSaid) {
  const auto commit = [this](store::Batch batch, ledger::v1::EntryKind kind,
                             const people::Person* about) {
    ledger::v1::LedgerEntry entry = context_.entries->New(kind, base::Principal(), std::string());
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    ledger::Operation operation;
    operation.batch = std::move(batch);
    if (about != nullptr) {
      about->Blinding()->SetPerson(&entry);
      ledger::PersonIndex::Add(about->id(), &operation);
    }
    operation.entries.push_back(ledger::ToDraft(entry));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  };
  for (const auto& [agency, record, service] :
       {std::tuple(kConnexions, "C-9", "connexions"), std::tuple(kYot, "Y-9", "youth-offending")}) {
    v1::FlagReport moved = Flag(record, service);
    moved.mutable_person()->set_postcode("NT9 9ZZ");
    ASSERT_EQ(Report(agency, moved).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
  {
    const auto view = View();
    const ledger::GuardedView read(view.get());
    const base::PersonId tariq = PersonOf(kYot, "Y-1").id();
    store::Batch batch = std::move(
        context_.people->PrepareShield(read, tariq, {true, request::kSocial, nullptr}, clock_.Now())
            ->change);
    ASSERT_TRUE(
        context_.linker->PrepareShieldOfWaiting(read, tariq, request::kSocial, clock_.Now(), &batch)
            .ok());
    commit(std::move(batch), ledger::v1::ENTRY_KIND_SHIELD_CHANGED, nullptr);
  }
  const people::Person waits = PersonOf(kConnexions, "C-9");
  ASSERT_TRUE(waits.shielded());
  ASSERT_EQ(waits.id(), PersonOf(kYot, "Y-9").id());
  const request::Answered answered = Ask(Adviser(), AskAboutRecord("C-9"));
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  const uint64_t asked = answered.receipt.ledger_index();
  ASSERT_EQ(Replay(asked)->result(), v1::REPLAY_RESULT_SAME);
  {
    const auto view = View();
    const ledger::GuardedView read(view.get());
    const std::vector<matching::ReviewItem> reviews = *matching::ReviewsNaming(*view, {waits.id()});
    ASSERT_THAT(reviews, SizeIs(1));
    commit(std::move(context_.linker->PrepareResolve(read, reviews[0], {})->batch),
           ledger::v1::ENTRY_KIND_REVIEW_RESOLVED, &waits);
  }
  ASSERT_FALSE(PersonOf(kConnexions, "C-9").shielded());
  const auto again = Replay(asked);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->result(), v1::REPLAY_RESULT_NOT_POSSIBLE);
  EXPECT_THAT(again->findings(), Contains("it was decided since whether a report is about them"));
}

TEST_F(ReplayTest, WhatCannotBeReadIsDamageAndNoFinding) {
  const uint64_t asked = Asked();
  const std::string sha256 = EntryAt(asked).policy_sha256;
  const std::string key = absl::StrCat("policy/text/", sha256);
  const std::string kept = **View()->Get(store::Space::kRegistry, key);
  const auto put = [&](const std::string& value) {
    store::Batch batch;
    batch.Put(store::Space::kRegistry, key, value);
    Damage(std::move(batch));
  };
  store::v1::PolicyTextRow other;
  other.set_text("policy \"Another\"");
  put(store::EncodeRow(other));
  const uint64_t before = LedgerSize();
  EXPECT_EQ(ReasonOf(Replay(asked).status()), Reason::kDataLoss);
  put("\xFF");
  EXPECT_EQ(ReasonOf(Replay(asked).status()), Reason::kStoreNewer);
  EXPECT_EQ(LedgerSize(), before);
  put(kept);
  EXPECT_EQ(Replay(asked)->result(), v1::REPLAY_RESULT_SAME);
  // That it is gone is a finding.
  store::Batch gone;
  gone.Delete(store::Space::kRegistry, key);
  Damage(std::move(gone));
  EXPECT_EQ(Replay(asked)->result(), v1::REPLAY_RESULT_NOT_POSSIBLE);
}

TEST_F(ReplayTest, AnEntryThatIsMissingIsDamage) {
  const uint64_t asked = Asked();
  store::Batch damage;
  damage.Delete(store::Space::kEntries, store::KeyU64(Entries("flag-changed")[0].index));
  Damage(std::move(damage));
  EXPECT_EQ(ReasonOf(Replay(asked).status()), Reason::kDataLoss) << "one about the same person";
}

TEST_F(ReplayTest, OnlyQuestionsThatAPolicyDecidedAreMadeAgain) {
  const auto flag = Replay(Entries("flag-changed")[0].index);
  ASSERT_TRUE(flag.ok()) << flag.status();
  EXPECT_EQ(flag->result(), v1::REPLAY_RESULT_NOT_POSSIBLE);
  EXPECT_THAT(flag->findings(), SizeIs(1));
  const auto beyond = Replay(LedgerSize() + 5);
  EXPECT_FALSE(beyond.ok());
  EXPECT_EQ(ReceiptOfRefusal(beyond.status()).ledger_index(), LastEntry().index);
  EXPECT_EQ(LastEntry().kind, "decision-replayed");
  v1::ReplayDecisionRequest unnamed;
  unnamed.set_reason("A slip.");
  EXPECT_THAT(FieldsOf(Wait<v1::ReplayDecisionResponse>([&](auto done) {
                         replays_.Replay(Auditor(), unnamed, std::move(done));
                       }).status()),
              ElementsAre("index"));
  v1::ReplayDecisionRequest silent;
  silent.set_index(0);
  const uint64_t before = LedgerSize();
  EXPECT_THAT(FieldsOf(Wait<v1::ReplayDecisionResponse>([&](auto done) {
                         replays_.Replay(Auditor(), silent, std::move(done));
                       }).status()),
              ElementsAre("reason"));
  EXPECT_EQ(LedgerSize(), before);
}

}  // namespace
}  // namespace signpost::oversight
