// What two auditors may see together: asked by one, agreed by another, for what was asked, for some
// hours, and on the record.

#include "hub/oversight/joint_looks.h"

#include <gmock/gmock.h>

#include <string>

#include "hub/base/encoding.h"
#include "hub/oversight/pseudonym_issuer.h"
#include "tests/oversight/joint_fixture.h"

namespace signpost::oversight {
namespace {

using base::Reason;
using base::ReasonOf;
using request::FieldsOf;
using request::kAudit;
using request::kDrugs;
using request::kHousing;
using request::kSocial;
using request::kYot;
using request::ReceiptOfRefusal;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class JointLooksTest : public JointRooms {
 protected:
  JointLooksTest() { drugs_entry_ = DrugsReportSal(); }

  std::string AskedId(const v1::AskJointLookRequest& request) {
    const auto asked = AskLook(request);
    EXPECT_TRUE(asked.ok()) << asked.status();
    return asked.ok() ? asked->joint_look().joint_look_id() : "";
  }
  // The last entry is a refusal of this kind, and `status` has its receipt.
  void ExpectRefusalEntered(const absl::Status& status, const std::string& kind) {
    EXPECT_EQ(LastEntry().kind, kind);
    EXPECT_EQ(LastEntry().outcome, base::ReasonName(ReasonOf(status)));
    EXPECT_EQ(ReceiptOfRefusal(status).ledger_index(), LastEntry().index);
  }
  static base::Principal DrugsOfficer() {
    return Worker(kDrugs, "dp-009", "data-protection-officer");
  }

  uint64_t drugs_entry_ = 0;
};

TEST_F(JointLooksTest, TwoAuditorsSeeTogetherWhatOneDoesNot) {
  const auto masked = Read(drugs_entry_);
  ASSERT_TRUE(masked.ok()) << masked.status();
  EXPECT_EQ(masked->entry(), "");
  EXPECT_THAT(masked->masked_entry(), Not(HasSubstr(kDrugs)));
  const std::string id = AskedId(AskingAbout(drugs_entry_, drugs_entry_ + 1));
  const auto too_soon = Read(drugs_entry_, id);
  EXPECT_EQ(ReasonOf(too_soon.status()), Reason::kMethodNotAllowed) << "nobody has agreed";
  ExpectRefusalEntered(too_soon.status(), "audit-read");
  ASSERT_TRUE(Agree(id).ok());
  for (const base::Principal& one : {Auditor(), Second()}) {
    const auto seen = Read(drugs_entry_, id, one);
    ASSERT_TRUE(seen.ok()) << seen.status();
    EXPECT_EQ(seen->entry(), BytesAt(drugs_entry_));
    EXPECT_EQ(seen->masked_entry(), "");
    EXPECT_EQ(base::Base64UrlEncode(Stored(LastEntry().index).joint_look_ref()), id)
        << "each look says under which";
  }
  const auto third = Read(drugs_entry_, id, Third());
  EXPECT_EQ(ReasonOf(third.status()), Reason::kMethodNotAllowed);
  ExpectRefusalEntered(third.status(), "audit-read");
  EXPECT_EQ(Read(drugs_entry_)->entry(), "") << "without it, it is masked for the two as well";
}

TEST_F(JointLooksTest, NobodyAgreesWithThemselvesNorWithoutBeingAnAuditor) {
  const std::string id = AskedId(AskingAbout(0, 1));
  const auto own = Agree(id, Auditor());
  EXPECT_EQ(ReasonOf(own.status()), Reason::kMethodNotAllowed);
  ExpectRefusalEntered(own.status(), "joint-look-agreed");
  const auto system = Agree(id, System(kAudit, "auditor"));
  EXPECT_EQ(ReasonOf(system.status()), Reason::kAssertionMissing);
  ExpectRefusalEntered(system.status(), "joint-look-agreed");
  const auto other_role = Agree(id, Worker(kAudit, "au-002", "clerk"));
  EXPECT_EQ(ReasonOf(other_role.status()), Reason::kMethodNotAllowed);
  EXPECT_EQ(ReasonOf(AskLook(AskingAbout(0, 1), Worker(kSocial, "sw-001", "auditor")).status()),
            Reason::kMethodNotAllowed)
      << "of no auditor agency";
  EXPECT_TRUE(Agree(id).ok());
  EXPECT_THAT(FieldsOf(Agree(id, Third()).status()), ElementsAre("joint_look_id"))
      << "it waits for nobody any more";
}

TEST_F(JointLooksTest, WhereThereAreTwoAuditorAgenciesTheOtherAgrees) {
  v1::PutAgencyRequest put;
  put.set_request_id(RequestId());
  put.mutable_agency()->set_agency_id("county-audit");
  put.mutable_agency()->set_name("County audit");
  put.mutable_agency()->set_kind("auditor");
  const auto enrolled = Wait<v1::PutAgencyResponse>(
      [&](auto done) { enrolment_->PutAgency(Operator(), put, std::move(done)); });
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  Enrol("county-audit", "ca-001", "auditor");
  const std::string id = AskedId(AskingAbout(0, 1));
  const auto colleague = Agree(id);
  EXPECT_EQ(ReasonOf(colleague.status()), Reason::kMethodNotAllowed);
  ExpectRefusalEntered(colleague.status(), "joint-look-agreed");
  base::Principal other = Worker(kAudit, "ca-001", "auditor");
  other.agency_id = "county-audit";
  EXPECT_TRUE(Agree(id, other).ok());
}

TEST_F(JointLooksTest, ItIsOpenForItsHoursAndLapsesWhereNobodyAgrees) {
  v1::AskJointLookRequest asking = AskingAbout(0, LedgerSize());
  asking.set_hours(2);
  const std::string id = OpenLookAt(asking);
  clock_.Advance(absl::Hours(2) - absl::Seconds(1));
  EXPECT_TRUE(Read(drugs_entry_, id).ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(Read(drugs_entry_, id).status()), Reason::kMethodNotAllowed);
  const std::string waits = AskedId(AskingAbout(0, 1));
  clock_.Advance(kJointLookWaits);
  EXPECT_THAT(FieldsOf(Agree(waits).status()), ElementsAre("joint_look_id"));
  asking = AskingAbout(0, 1);
  asking.set_hours(kJointLookHoursMax + 1);
  EXPECT_THAT(FieldsOf(AskLook(asking).status()), ElementsAre("hours"));
}

TEST_F(JointLooksTest, EitherEndsItAndNobodyElse) {
  for (const base::Principal& who : {Auditor(), Second()}) {
    const std::string id = OpenLookAt(AskingAbout(0, LedgerSize()));
    const auto other = End(id, Third());
    EXPECT_EQ(ReasonOf(other.status()), Reason::kMethodNotAllowed);
    ExpectRefusalEntered(other.status(), "joint-look-ended");
    EXPECT_TRUE(Read(drugs_entry_, id).ok());
    const auto ended = End(id, who);
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(ended->joint_look().state(), v1::JOINT_LOOK_STATE_ENDED);
    EXPECT_EQ(ReasonOf(Read(drugs_entry_, id).status()), Reason::kMethodNotAllowed);
    EXPECT_THAT(FieldsOf(End(id, who).status()), ElementsAre("joint_look_id"));
  }
}

TEST_F(JointLooksTest, ItOpensWhatWasAskedForAndNothingElse) {
  const uint64_t other = DrugsReportSal("D-2");
  const std::string id = OpenLookAt(AskingAbout(drugs_entry_, drugs_entry_ + 1));
  EXPECT_THAT(Read(drugs_entry_, id)->entry(), HasSubstr(kDrugs));
  EXPECT_EQ(Read(other, id)->entry(), "") << "another entry";

  v1::AskJointLookRequest by_time = Asking();
  by_time.mutable_unmask()->mutable_from()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 1);
  EXPECT_EQ(Read(drugs_entry_, OpenLookAt(by_time))->entry(), "") << "before";
  by_time = Asking();
  by_time.mutable_unmask()->mutable_until()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 1);
  EXPECT_THAT(Read(drugs_entry_, OpenLookAt(by_time))->entry(), HasSubstr(kDrugs));

  v1::AskJointLookRequest by_holder = Asking();
  by_holder.mutable_unmask()->set_holder_agency_id(kDrugs);
  EXPECT_THAT(Read(other, OpenLookAt(by_holder))->entry(), HasSubstr(kDrugs));

  TariqIsKnown();
  v1::AskJointLookRequest by_person = Asking();
  by_person.mutable_unmask()->set_same_person_as(drugs_entry_);
  const std::string about_sal = OpenLookAt(by_person);
  EXPECT_THAT(Read(drugs_entry_, about_sal)->entry(), HasSubstr(kDrugs));
  Report(kDrugs, Flag("D-9", "substance-misuse", Tariq()));
  EXPECT_EQ(Stored(LedgerSize() - 1).agency_id(), kDrugs);
  EXPECT_EQ(Read(LedgerSize() - 1, about_sal)->entry(), "") << "about somebody else";
}

TEST_F(JointLooksTest, AnEntryThatNamesAnotherServiceTooIsNotOpenedForOneHolder) {
  v1::Agency clinic;
  clinic.set_agency_id("nortown-clinic");
  clinic.set_name("Nortown clinic");
  clinic.set_kind("health");
  clinic.add_services("sexual-health");
  v1::PutAgencyRequest put;
  put.set_request_id(RequestId());
  *put.mutable_agency() = clinic;
  ASSERT_TRUE(Wait<v1::PutAgencyResponse>([&](auto done) {
                enrolment_->PutAgency(Operator(), put, std::move(done));
              }).ok());
  ledger::v1::LedgerEntry both = entries_->New(ledger::v1::ENTRY_KIND_WHO_KNOWS, YotOfficer(), "");
  both.set_outcome(ledger::v1::OUTCOME_ANSWERED);
  both.add_released()->set_holder_agency_id(kDrugs);
  both.add_released()->set_holder_agency_id("nortown-clinic");
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(both));
  const uint64_t index = sequencer_->SubmitAndWait(std::move(operation))->first_index;
  v1::AskJointLookRequest by_holder = Asking();
  by_holder.mutable_unmask()->set_holder_agency_id(kDrugs);
  EXPECT_EQ(Read(index, OpenLookAt(by_holder))->entry(), "");
  EXPECT_THAT(Read(index, OpenLookAt(AskingAbout(index, index + 1)))->entry(),
              HasSubstr("nortown-clinic"));
}

TEST_F(JointLooksTest, WhatIsNoScopeIsRefused) {
  EXPECT_THAT(FieldsOf(AskLook(Asking()).status()), ElementsAre("what"));
  v1::AskJointLookRequest request = Asking();
  request.mutable_unmask();
  EXPECT_THAT(FieldsOf(AskLook(request).status()), ElementsAre("unmask")) << "the whole ledger";
  request = AskingAbout(4, 4);
  EXPECT_THAT(FieldsOf(AskLook(request).status()), ElementsAre("unmask.end_index"));
  request = Asking();
  request.mutable_unmask()->set_holder_agency_id(kHousing);
  EXPECT_THAT(FieldsOf(AskLook(request).status()), ElementsAre("unmask.holder_agency_id"));
  request = Asking();
  request.mutable_unmask()->set_same_person_as(LedgerSize());
  EXPECT_THAT(FieldsOf(AskLook(request).status()), ElementsAre("unmask.same_person_as"));
  request = Asking();
  request.mutable_pseudonyms()->set_end_index(LedgerSize() + 1);
  EXPECT_THAT(FieldsOf(AskLook(request).status()), ElementsAre("pseudonyms.end_index"));
  request = AskingAbout(0, 1);
  request.clear_reason();
  EXPECT_THAT(FieldsOf(AskLook(request).status()), ElementsAre("reason"));
}

TEST_F(JointLooksTest, BothMustBeAuditorsWhenTheyLook) {
  const std::string id = OpenLookAt(AskingAbout(0, LedgerSize()));
  Enrol(kAudit, "au-002", "clerk");
  EXPECT_EQ(ReasonOf(Read(drugs_entry_, id).status()), Reason::kMethodNotAllowed);
  const std::string waits = AskedId(AskingAbout(0, 1));
  Enrol(kAudit, "au-001", "clerk");
  EXPECT_EQ(ReasonOf(Agree(waits, Third()).status()), Reason::kMethodNotAllowed)
      << "whoever asked is none any more";
}

TEST_F(JointLooksTest, TheHoldersOfficerFindsWhoseRecordsWereShown) {
  const std::string id = OpenLookAt(AskingAbout(drugs_entry_, drugs_entry_ + 1));
  EXPECT_THAT(List(DrugsOfficer())->joint_looks(), IsEmpty()) << "nothing was shown yet";
  ASSERT_TRUE(Read(drugs_entry_, id).ok());
  ASSERT_TRUE(Read(drugs_entry_, id, Second()).ok());
  ASSERT_TRUE(Read(0, id).ok());  // nothing that is masked
  const auto listed = List(DrugsOfficer());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(listed->joint_looks(), SizeIs(1));
  EXPECT_EQ(listed->joint_looks(0).joint_look_id(), id);
  EXPECT_EQ(listed->joint_looks(0).looks(), 2u);
  EXPECT_EQ(listed->joint_looks(0).asked_by().practitioner_id(), "au-001");
  EXPECT_EQ(listed->joint_looks(0).agreed_by().practitioner_id(), "au-002");
  EXPECT_THAT(listed->joint_looks(0).reason(), HasSubstr("2026/7"));
  EXPECT_EQ(LastEntry().kind, "joint-looks-listed");
  EXPECT_THAT(List(Officer())->joint_looks(), IsEmpty()) << "of another agency";
  const auto worker = List(Worker(kDrugs, "dw-001", "drugs-worker"));
  EXPECT_EQ(ReasonOf(worker.status()), Reason::kMethodNotAllowed);
  ExpectRefusalEntered(worker.status(), "joint-looks-listed");

  v1::AskJointLookRequest by_holder = Asking();
  by_holder.mutable_unmask()->set_holder_agency_id(kDrugs);
  ASSERT_TRUE(AskLook(by_holder).ok());
  EXPECT_THAT(List(DrugsOfficer())->joint_looks(), SizeIs(2)) << "asked by name: told at once";
}

TEST_F(JointLooksTest, AuditorsListAllNewestFirstAndThoseThatStand) {
  const std::string first = AskedId(AskingAbout(0, 1));
  clock_.Advance(absl::Minutes(1));
  const std::string second = OpenLookAt(AskingAbout(0, 2));
  ASSERT_TRUE(End(first).ok());
  const auto all = List(Third());
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_THAT(all->joint_looks(), SizeIs(2));
  EXPECT_EQ(all->joint_looks(0).joint_look_id(), second);
  v1::ListJointLooksRequest standing;
  standing.set_standing_only(true);
  ASSERT_THAT(List(Third(), standing)->joint_looks(), SizeIs(1));
  v1::ListJointLooksRequest paged;
  paged.set_page_size(1);
  paged.set_page_token(List(Third(), paged)->next_page_token());
  ASSERT_THAT(List(Third(), paged)->joint_looks(), SizeIs(1));
  EXPECT_EQ(List(Third(), paged)->joint_looks(0).joint_look_id(), first);
}

TEST_F(JointLooksTest, WhatIsSentTwiceHappensOnceAndItsReasonIsNowhereInTheClear) {
  const v1::AskJointLookRequest request = AskingAbout(0, 1);
  const auto once = AskLook(request);
  const auto twice = AskLook(request);
  ASSERT_TRUE(twice.ok()) << twice.status();
  EXPECT_EQ(twice->joint_look().joint_look_id(), once->joint_look().joint_look_id());
  EXPECT_EQ(twice->receipt().ledger_index(), once->receipt().ledger_index());
  EXPECT_THAT(List()->joint_looks(), SizeIs(1));
  for (int space = 0; space < store::kSpaceCount; ++space) {
    const auto rows = View()->Scan(static_cast<store::Space>(space), "", "", 100'000);
    ASSERT_TRUE(rows.ok()) << rows.status();
    for (const store::KeyValue& row : *rows) {
      EXPECT_THAT(row.value, Not(HasSubstr("2026/7"))) << space;
    }
  }
}

TEST_F(JointLooksTest, SoManyWaitAndNoMore) {
  for (int i = 0; i < kJointLooksWaitingMax; ++i) ASSERT_TRUE(AskLook(AskingAbout(0, 1)).ok());
  EXPECT_EQ(ReasonOf(AskLook(AskingAbout(0, 1)).status()), Reason::kTooManyRequests);
}

TEST_F(JointLooksTest, AFileOfPseudonymsTakesTwo) {
  PseudonymIssuer issuer(context_, &looks_);
  const auto issue = [&](const std::string& id, const base::Principal& asker) {
    v1::IssuePseudonymsRequest request;
    request.set_joint_look_id(id);
    return Wait<PseudonymIssuer::Issued>(
        [&](auto done) { issuer.Issue(asker, request, std::move(done)); });
  };
  const auto alone = issue("", Auditor());
  EXPECT_THAT(FieldsOf(alone.status()), ElementsAre("joint_look_id"));
  ExpectRefusalEntered(alone.status(), "pseudonyms-issued");
  v1::AskJointLookRequest asking = Asking();
  asking.mutable_pseudonyms()->set_end_index(LedgerSize());
  const std::string id = AskedId(asking);
  EXPECT_EQ(ReasonOf(issue(id, Auditor()).status()), Reason::kMethodNotAllowed);
  ASSERT_TRUE(Agree(id).ok());
  const auto issued = issue(id, Second());
  ASSERT_TRUE(issued.ok()) << issued.status();
  EXPECT_THAT(issued->file, HasSubstr("signpost-pseudonyms-v1"));
  EXPECT_EQ(base::Base64UrlEncode(Stored(issued->receipt.ledger_index()).joint_look_ref()), id);
  EXPECT_EQ(List()->joint_looks(0).looks(), 1u);
  EXPECT_EQ(ReasonOf(issue(id, Third()).status()), Reason::kMethodNotAllowed);
  EXPECT_EQ(ReasonOf(Read(drugs_entry_, id).status()), Reason::kMethodNotAllowed)
      << "it opens pseudonyms alone";
  EXPECT_EQ(ReasonOf(issue(OpenLookAt(AskingAbout(0, 1)), Auditor()).status()),
            Reason::kMethodNotAllowed)
      << "and one at entries opens no pseudonyms";
}

}  // namespace
}  // namespace signpost::oversight
