// Who reads what is archived: two people of two agencies, and nobody else.

#include "hub/archive/case_reviews.h"

#include <string>

#include "tests/archive/archive_fixture.h"

namespace signpost::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CaseReviewsTest : public ArchiveFixture {
 protected:
  // Tariq, whom the youth offending team and the drugs service once worked with.
  void TariqIsArchived() {
    TariqIsKnown();
    Close(kYot, Flag("Y-1", "youth-offending"));
    Close(kDrugs, Flag("D-1", "substance-misuse"));
    ASSERT_EQ(Pass(kYear + absl::Hours(48)).archived, 2);
  }
};

// Broken once by taking out the line on the asker's own agency in Answer().
TEST_F(CaseReviewsTest, ItTakesTwoPeopleOfTwoAgencies) {
  TariqIsArchived();
  const auto asked = AskArchive(Reviewer(kConnexions));
  ASSERT_TRUE(asked.ok()) << asked.status();
  const std::string id = asked->archive_request_id();
  EXPECT_EQ(ReasonOf(ReadArchive(Reviewer(kConnexions), id).status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(Answer(Reviewer(kConnexions), id)), Reason::kMethodNotAllowed);
  EXPECT_EQ(ReasonOf(Answer(Worker(kConnexions, "cr-002", kCaseReviewRole), id)),
            Reason::kMethodNotAllowed);
  EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  ASSERT_TRUE(Answer(Reviewer(kHousing), id).ok());
  // Who agreed does not read, nor a colleague of who asked.
  EXPECT_EQ(ReasonOf(ReadArchive(Reviewer(kHousing), id).status()), Reason::kNotFound);
  EXPECT_EQ(ReasonOf(ReadArchive(Worker(kConnexions, "cr-002", kCaseReviewRole), id).status()),
            Reason::kNotFound);
  const auto read = ReadArchive(Reviewer(kConnexions), id);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(read->flags(), SizeIs(1));
  EXPECT_EQ(read->flags(0).agency_id(), kYot);
  EXPECT_EQ(read->flags(0).service(), "youth-offending");
  EXPECT_TRUE(IsAbout(LastEntry().index, PersonOf(kConnexions, "C-1").id()));
  EXPECT_EQ(LastEntry().kind, "archive-read");
  // A second voice is asked once.
  EXPECT_EQ(ReasonOf(Answer(Reviewer(kSocial), id)), Reason::kNotFound);
}

// Broken once by leaving IsSensitiveService() out of MayRead().
TEST_F(CaseReviewsTest, AServiceThatAnswersForItselfIsReadOnlyWithItsOwnOfficer) {
  TariqIsArchived();
  const auto without = Review(kConnexions, kHousing);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(without->flags(), SizeIs(1));
  const auto with = Review(kConnexions, kDrugs);
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_THAT(with->flags(), SizeIs(2));
}

TEST_F(CaseReviewsTest, OtherRolesReadNothing) {
  TariqIsArchived();
  for (const base::Principal& other : {Adviser(), Officer(), Manager(), YotOfficer()}) {
    EXPECT_EQ(ReasonOf(AskArchive(other).status()), Reason::kMethodNotAllowed);
    EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  }
}

// Nobody known, nothing archived, and two who name two people are answered alike. Broken once by
// refusing in Answer() where the two differ.
TEST_F(CaseReviewsTest, NoAnswerTellsWhetherSomebodyIsKnown) {
  TariqIsArchived();
  const auto nobody = Review(kConnexions, kHousing, Nobody());
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_THAT(nobody->flags(), IsEmpty());
  ASSERT_EQ(Report(kHousing, Flag("H-2", "housing", Sal())).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  const auto asked = AskArchive(Reviewer(kConnexions));
  ASSERT_TRUE(asked.ok());
  EXPECT_TRUE(Answer(Reviewer(kHousing), asked->archive_request_id(), true, Sal()).ok());
  const auto read = ReadArchive(Reviewer(kConnexions), asked->archive_request_id());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->flags(), IsEmpty());
  EXPECT_EQ(nobody->ByteSizeLong(), read->ByteSizeLong());
}

// Broken once by leaving the shield out of MayRead().
TEST_F(CaseReviewsTest, OfSomebodyShieldedOnlyWhatTheTwoHeld) {
  TariqIsArchived();
  const auto view = View();
  const ledger::GuardedView read(view.get());
  ledger::Operation operation;
  operation.batch = std::move(context_.people
                                  ->PrepareShield(read, PersonOf(kConnexions, "C-1").id(),
                                                  {true, kSocial, nullptr}, clock_.Now())
                                  ->change);
  operation.entries.push_back(ledger::ToDraft(context_.entries->New(
      ledger::v1::ENTRY_KIND_SHIELD_CHANGED, base::Principal(), std::string())));
  ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  v1::AskForArchiveRequest request;
  request.set_request_id(RequestId());
  request.mutable_person()->set_record_id("C-1");
  request.set_review_reference("CSPR-2027-4");
  request.set_reason("Child safeguarding practice review.");
  const auto asked = Wait<v1::AskForArchiveResponse>(
      [&](auto done) { reviews_.Ask(Reviewer(kConnexions), request, std::move(done)); });
  ASSERT_TRUE(asked.ok()) << asked.status();
  v1::AnswerArchiveRequestRequest agreement;
  agreement.set_request_id(RequestId());
  agreement.set_archive_request_id(asked->archive_request_id());
  agreement.set_agreed(true);
  agreement.mutable_person()->set_record_id("Y-1");
  ASSERT_TRUE(Wait<v1::AnswerArchiveRequestResponse>([&](auto done) {
                reviews_.Answer(Reviewer(kYot), agreement, std::move(done));
              }).ok());
  const auto told = ReadArchive(Reviewer(kConnexions), asked->archive_request_id());
  ASSERT_TRUE(told.ok()) << told.status();
  ASSERT_THAT(told->flags(), SizeIs(1));
  EXPECT_EQ(told->flags(0).agency_id(), kYot);
}

TEST_F(CaseReviewsTest, ARequestSentTwiceIsOneAndLapses) {
  TariqIsArchived();
  const auto first = AskArchive(Reviewer(kConnexions), Tariq(), "once");
  const auto again = AskArchive(Reviewer(kConnexions), Tariq(), "once");
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->archive_request_id(), again->archive_request_id());
  EXPECT_THAT(Entries("archive-request-changed"), SizeIs(1));
  ASSERT_TRUE(Answer(Reviewer(kHousing), first->archive_request_id()).ok());
  Pass(kRequestReads + absl::Seconds(1));
  EXPECT_EQ(ReasonOf(ReadArchive(Reviewer(kConnexions), first->archive_request_id()).status()),
            Reason::kNotFound);
  EXPECT_EQ(Entries("archive-request-changed").back().outcome, "overdue");
}

// Broken once by leaving AddArchived() out of the export.
TEST_F(CaseReviewsTest, TheYoungPersonIsToldWhatIsArchivedAndWhoReadIt) {
  TariqIsArchived();
  ASSERT_TRUE(Review(kConnexions, kHousing).ok());
  const auto held = Export(Officer());
  ASSERT_TRUE(held.ok()) << held.status();
  int archived = 0;
  for (const v1::HeldFlag& flag : held->flags()) {
    EXPECT_EQ(flag.kept().erased_after_years(), 6);
    if (flag.archived()) ++archived;
    EXPECT_NE(flag.agency_id(), kDrugs);
  }
  EXPECT_EQ(archived, 1);
  bool told = false;
  for (const v1::HeldAccess& access : held->accesses()) {
    told = told || (access.kind() == ledger::v1::ENTRY_KIND_ARCHIVE_READ &&
                    access.agency_id() == kConnexions);
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace signpost::archive
