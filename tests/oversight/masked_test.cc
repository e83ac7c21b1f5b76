// What one auditor alone can get, in whichever way, has no byte that names an agency of a sensitive
// service; and no filter finds out what a mask covers.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "hub/overrides/overrides.h"
#include "hub/oversight/pattern_search.h"
#include "hub/oversight/replay.h"
#include "hub/oversight/samples.h"
#include "hub/tlog/merkle.h"
#include "tests/oversight/joint_fixture.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kAudit;
using request::kDrugs;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class MaskedTest : public JointRooms {
 protected:
  MaskedTest() {
    Report(kSocial, Flag("S-1", "childrens-social-care", Sal()));
    drugs_entry_ = DrugsReportSal();
    Enrol(kDrugs, "dw-001", "drugs-worker");
    Ask(Worker(kDrugs, "dw-001", "drugs-worker"), AskAboutRecord("D-1"));
    drugs_question_ = LastEntry().index;
    // An override shows what the drugs service holds.
    const request::Answered answered = Ask(SocialWorker(), AskWithOverride("S-1"));
    EXPECT_TRUE(answered.status.ok()) << answered.status;
    override_ = answered.receipt.ledger_index();
    EXPECT_THAT(BytesAt(override_), HasSubstr(kDrugs)) << "the story has nothing to hide";
  }

  // Neither the agency, nor its system, nor its service, nor its workers.
  static auto NamesNone() {
    return AllOf(Not(HasSubstr("drugs")), Not(HasSubstr("substance-misuse")),
                 Not(HasSubstr("dw-001")));
  }

  uint64_t drugs_entry_ = 0;
  uint64_t drugs_question_ = 0;
  uint64_t override_ = 0;
};

TEST_F(MaskedTest, NoByteOfASensitiveServiceIsInWhatOneAuditorGets) {
  const uint64_t size = LedgerSize();
  for (uint64_t index = 0; index < size; ++index) {
    const auto read = Read(index);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_THAT(read->SerializeAsString(), NamesNone()) << index;
    EXPECT_EQ(read->leaf_hash(), tlog::HashToString(tlog::Hasher().Leaf(BytesAt(index))));
  }
  const auto found = Search({});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_GE(found->entries_size(), static_cast<int>(size));
  EXPECT_THAT(found->SerializeAsString(), NamesNone());
  v1::EntryFilter about_sal;
  *about_sal.mutable_person() = Sal();
  const auto about = Search(about_sal);
  EXPECT_GE(about->entries_size(), 4);
  EXPECT_THAT(about->SerializeAsString(), NamesNone());

  v1::TailEntriesRequest tail_request;
  tail_request.set_reason("A check.");
  tail_request.set_first_index(0);
  auto tail = Wait<Searches::Tail>(
      [&](auto done) { searches_->OpenTail(Auditor(), tail_request, std::move(done)); });
  ASSERT_TRUE(tail.ok()) << tail.status();
  const auto looked_on = searches_->ReadTail(&*tail);
  EXPECT_GE(looked_on->entries_size(), static_cast<int>(size));
  EXPECT_THAT(looked_on->SerializeAsString(), NamesNone());

  v1::CopyLedgerRequest copying;
  copying.set_reason("A copy.");
  LedgerAccess::Copy copy = *access_.BeginCopy(copying);
  int masked = 0;
  while (!copy.ended) {
    const auto run = access_.ReadCopy(&copy);
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_THAT(run->SerializeAsString(), NamesNone());
    masked += run->entries().masked_size();
  }
  EXPECT_GE(masked, 4) << "its enrolment, its report, its question, what it held";

  PatternSearch patterns(context_, &masker_, audit::PatternOptions());
  v1::FindPatternsRequest pattern_request;
  pattern_request.set_reason("A check.");
  const auto hits = Wait<v1::FindPatternsResponse>(
      [&](auto done) { patterns.Find(Auditor(), pattern_request, std::move(done)); });
  ASSERT_TRUE(hits.ok()) << hits.status();
  EXPECT_THAT(hits->SerializeAsString(), NamesNone());

  Replays replays(context_, policy_admin_.get(), &looks_);
  for (uint64_t index = 0; index < size; ++index) {
    v1::ReplayDecisionRequest again;
    again.set_index(index);
    again.set_reason("A check.");
    const auto replayed = Wait<v1::ReplayDecisionResponse>(
        [&](auto done) { replays.Replay(Auditor(), again, std::move(done)); });
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_THAT(replayed->SerializeAsString(), NamesNone()) << index;
  }

  v1::VerifyPersonRequest verify;
  *verify.mutable_person() = Sal();
  verify.set_reason("A check.");
  const auto verified = Wait<v1::VerifyPersonResponse>(
      [&](auto done) { searches_->VerifyPerson(Auditor(), verify, std::move(done)); });
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_THAT(verified->SerializeAsString(), NamesNone());
}

// An access by a sensitive service that a pattern finds is told without it.
TEST_F(MaskedTest, APatternsHitSaysNotWhoseItIs) {
  clock_.Advance(absl::Hours(12));  // 21:00 or later
  Ask(Worker(kDrugs, "dw-001", "drugs-worker"), AskAboutRecord("D-1"));
  const uint64_t at_night = LastEntry().index;
  PatternSearch patterns(context_, &masker_, audit::PatternOptions());
  v1::FindPatternsRequest request;
  request.set_reason("A check.");
  request.add_patterns("out-of-hours");
  const auto found = Wait<v1::FindPatternsResponse>(
      [&](auto done) { patterns.Find(Auditor(), request, std::move(done)); });
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->reports(0).hits(), SizeIs(1));
  EXPECT_THAT(found->reports(0).hits(0).entry_indexes(), ElementsAre(at_night));
  EXPECT_EQ(found->reports(0).hits(0).agency_id(), audit::kMaskedWord);
  EXPECT_EQ(found->reports(0).hits(0).practitioner_id(), "");
}

TEST_F(MaskedTest, NoFilterFindsOutWhatAMaskCovers) {
  v1::EntryFilter filter;
  filter.set_holder_agency_id(kDrugs);
  EXPECT_THAT(FieldsOf(Search(filter).status()), ElementsAre("filter.holder_agency_id"));
  filter.Clear();
  filter.set_agency_id(kDrugs);
  EXPECT_THAT(FieldsOf(Search(filter).status()), ElementsAre("filter.agency_id"));
  // By its request, which only who knows its id could name; and by that entry's hash.
  filter.Clear();
  filter.set_request_hash(Stored(drugs_question_).request_hash());
  EXPECT_THAT(Search(filter)->entries(), IsEmpty());
  // By the word that stands for all of them, they are found.
  filter.Clear();
  filter.set_holder_agency_id(audit::kMaskedWord);
  const auto held = Search(filter);
  ASSERT_THAT(held->entries(), SizeIs(2));
  EXPECT_EQ(held->entries(0).index(), drugs_question_) << "its own";
  EXPECT_EQ(held->entries(1).index(), override_);
  EXPECT_EQ(held->entries(1).entry(), "");
  // Two who may look find them by the name.
  const std::string id = OpenLookAt(AskingAbout(override_, override_ + 1));
  filter.set_holder_agency_id(kDrugs);
  const auto together = Search(filter, id);
  ASSERT_TRUE(together.ok()) << together.status();
  ASSERT_THAT(together->entries(), SizeIs(1));
  EXPECT_EQ(together->entries(0).entry(), BytesAt(override_));
  EXPECT_NE(Stored(LastEntry().index).joint_look_ref(), "");
}

// An agency that gives the service up, and is suspended, was one all the same.
TEST_F(MaskedTest, WhatWasMaskedOnceStaysMasked) {
  v1::PutAgencyRequest put;
  put.set_request_id(RequestId());
  put.mutable_agency()->set_agency_id(kDrugs);
  put.mutable_agency()->set_name("Nortown advice");
  put.mutable_agency()->set_kind("health");
  put.mutable_agency()->add_services("housing");
  ASSERT_TRUE(Wait<v1::PutAgencyResponse>([&](auto done) {
                enrolment_->PutAgency(NamedOperator(), put, std::move(done));
              }).ok());
  ConfirmWaiting();  // another service is a right
  EXPECT_EQ(Read(drugs_entry_)->entry(), "");
  Masker after_a_restart(context_, policy_admin_.get());
  const auto view = View();
  EXPECT_TRUE(after_a_restart.At(*view)->IsSensitive(kDrugs));
  EXPECT_FALSE(after_a_restart.At(*view)->IsSensitive(kYot));
}

TEST_F(MaskedTest, ASystemAloneReadsNothingAndTheRefusalIsAnEntry) {
  const base::Principal alone = System(kAudit, "auditor");
  const auto expect = [&](const absl::Status& status, const std::string& kind) {
    EXPECT_EQ(ReasonOf(status), Reason::kAssertionMissing) << kind;
    EXPECT_THAT(std::string(status.message()), HasSubstr("send an assertion"));
    EXPECT_EQ(LastEntry().kind, kind);
    EXPECT_EQ(ReceiptOfRefusal(status).ledger_index(), LastEntry().index);
  };
  expect(Read(0, "", alone).status(), "audit-read");
  expect(Search({}, "", alone).status(), "entries-searched");
  v1::CopyLedgerRequest copying;
  copying.set_reason("A copy.");
  expect(Wait<v1::Receipt>([&](auto done) {
           access_.RecordCopy(alone, copying, std::move(done));
         }).status(),
         "audit-read");
  v1::TailEntriesRequest tail;
  tail.set_reason("A check.");
  expect(Wait<Searches::Tail>([&](auto done) {
           searches_->OpenTail(alone, tail, std::move(done));
         }).status(),
         "entries-searched");
  PatternSearch patterns(context_, &masker_, audit::PatternOptions());
  v1::FindPatternsRequest pattern_request;
  pattern_request.set_reason("A check.");
  expect(Wait<v1::FindPatternsResponse>([&](auto done) {
           patterns.Find(alone, pattern_request, std::move(done));
         }).status(),
         "patterns-sought");
  Replays replays(context_, policy_admin_.get(), &looks_);
  v1::ReplayDecisionRequest again;
  again.set_index(0);
  again.set_reason("A check.");
  expect(Wait<v1::ReplayDecisionResponse>([&](auto done) {
           replays.Replay(alone, again, std::move(done));
         }).status(),
         "decision-replayed");
  Samples samples(context_);
  v1::AnnounceSampleRequest sample;
  expect(Wait<v1::AnnounceSampleResponse>([&](auto done) {
           samples.Announce(alone, sample, std::move(done));
         }).status(),
         "sample-announced");
  v1::VerifyPersonRequest verify;
  expect(Wait<v1::VerifyPersonResponse>([&](auto done) {
           searches_->VerifyPerson(alone, verify, std::move(done));
         }).status(),
         "person-verified");
}

TEST_F(MaskedTest, WhoLooksOnUnderAJointLookIsEnteredWithEachThatIsShown) {
  const uint64_t first = LedgerSize();
  const std::string id = OpenLookAt(AskingAbout(first, first + 100));
  v1::TailEntriesRequest request;
  request.set_reason("A check.");
  request.set_joint_look_id(id);
  request.mutable_filter()->add_kinds(ledger::v1::ENTRY_KIND_FLAG_CHANGED);
  auto tail = Wait<Searches::Tail>(
      [&](auto done) { searches_->OpenTail(Auditor(), request, std::move(done)); });
  ASSERT_TRUE(tail.ok()) << tail.status();
  const uint64_t shown = DrugsReportSal("D-2");
  const auto read = searches_->ReadTail(&*tail);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(read->entries(), SizeIs(1));
  EXPECT_EQ(read->entries(0).entry(), BytesAt(shown));
  EXPECT_EQ(LastEntry().kind, "entries-searched");
  EXPECT_NE(Stored(LastEntry().index).joint_look_ref(), "");
  EXPECT_EQ(List()->joint_looks(0).looks(), 1u);
  ASSERT_TRUE(End(id).ok());
  EXPECT_EQ(ReasonOf(searches_->ReadTail(&*tail).status()), Reason::kMethodNotAllowed)
      << "ended while they looked";
}

TEST_F(MaskedTest, TheReportOnOverridesNamesNoneToAnAuditor) {
  const auto asked = [&](const base::Principal& asker, const v1::WhoKnowsRequest& request) {
    return Ask(asker, request);
  };
  v1::WhoKnowsRequest own = AskWithOverride("D-1");
  const request::Answered answered = asked(Worker(kDrugs, "dw-001", "manager"), own);
  ASSERT_TRUE(answered.status.ok()) << answered.status;
  overrides::Overrides overrides(context_);
  v1::ReportOverridesRequest request;
  request.set_request_id(RequestId());
  const auto reported = Wait<v1::ReportOverridesResponse>(
      [&](auto done) { overrides.Report(Auditor(), request, std::move(done)); });
  ASSERT_TRUE(reported.ok()) << reported.status();
  v1::OverrideReport report;
  ASSERT_TRUE(report.ParseFromString(reported->answer()));
  EXPECT_THAT(reported->answer(), NamesNone());
  ASSERT_THAT(report.rows(), SizeIs(2));
  EXPECT_EQ(report.rows(0).agency_id(), audit::kMaskedWord);
}

}  // namespace
}  // namespace signpost::oversight
