// Who decides whom a report is about, what they see for it, and what its reporter sees: nothing.

#include "hub/stewards/stewards.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/request/hub_rooms.h"

namespace signpost::stewards {
namespace {

using base::Reason;
using base::ReasonOf;
using request::Answered;
using request::kConnexions;
using request::kHousing;
using request::kSocial;
using request::kYot;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class StewardsTest : public request::HubRooms {
 protected:
  static base::Principal Steward(const std::string& agency) {
    return Worker(agency, "ms-001", kStewardRole);
  }
  static base::Principal Deputy() { return Worker(kHousing, "md-001", kDeputyRole); }

  // A report of social services of which it is not certain whom it is about.
  void SocialReportWaits() {
    TariqIsKnown();
    v1::FlagReport moved = Flag("S-1", "childrens-social-care");
    moved.mutable_person()->set_postcode("NT9 9ZZ");
    ASSERT_EQ(Report(kSocial, moved).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
  }
  // One that may be about Tariq, or about whom housing knows, which waits itself.
  void SocialReportWaitsForTwo() {
    TariqIsKnown();
    v1::FlagReport other = Flag("H-1", "housing");
    other.mutable_person()->set_postcode("NT8 8HH");
    ASSERT_EQ(Report(kHousing, other).kind(), v1::FLAG_OUTCOME_KIND_RECEIVED);
    SocialReportWaits();
  }
  absl::StatusOr<v1::ReviewList> List(const base::Principal& asker, int page_size = 0,
                                      const std::string& token = "") {
    v1::ListReviewsRequest request;
    request.set_request_id(RequestId());
    request.set_page_size(page_size);
    request.set_page_token(token);
    const auto response = Wait<v1::ListReviewsResponse>(
        [&](auto done) { stewards_.List(asker, request, std::move(done)); });
    if (!response.ok()) return response.status();
    v1::ReviewList list;
    EXPECT_TRUE(list.ParseFromString(response->answer()));
    return list;
  }
  absl::StatusOr<v1::ResolveReviewResponse> Resolve(const base::Principal& asker,
                                                    const std::string& review,
                                                    std::vector<int> same_as,
                                                    const std::string& request_id = "") {
    v1::ResolveReviewRequest request;
    request.set_request_id(request_id.empty() ? RequestId() : request_id);
    request.set_review_id(review);
    for (const int number : same_as) request.mutable_decision()->add_same_as(number);
    request.mutable_decision()->set_separate(same_as.empty());
    return Wait<v1::ResolveReviewResponse>(
        [&](auto done) { stewards_.Resolve(asker, request, std::move(done)); });
  }
  static v1::ReviewState StateOf(const absl::StatusOr<v1::ResolveReviewResponse>& resolved) {
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return resolved.ok() ? resolved->state() : v1::REVIEW_STATE_UNSPECIFIED;
  }
  absl::Status PutQuestion(const base::Principal& asker, const std::string& review, int number,
                           v1::RecordQuestion question) {
    v1::AskAboutRecordRequest request;
    request.set_request_id(RequestId());
    request.set_review_id(review);
    request.set_number(number);
    request.set_question(question);
    return Wait<v1::AskAboutRecordResponse>(
               [&](auto done) { stewards_.Ask(asker, request, std::move(done)); })
        .status();
  }
  v1::ListRecordQuestionsResponse Questions(const base::Principal& asker) {
    v1::ListRecordQuestionsRequest request;
    request.set_request_id(RequestId());
    const auto response = Wait<v1::ListRecordQuestionsResponse>(
        [&](auto done) { stewards_.ListQuestions(asker, request, std::move(done)); });
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : v1::ListRecordQuestionsResponse();
  }
  absl::Status Answer(const base::Principal& asker, const std::string& question,
                      v1::RecordAnswer answer) {
    v1::AnswerRecordQuestionRequest request;
    request.set_request_id(RequestId());
    request.set_question_id(question);
    request.set_answer(answer);
    return Wait<v1::AnswerRecordQuestionResponse>(
               [&](auto done) { stewards_.Answer(asker, request, std::move(done)); })
        .status();
  }
  std::string OnlyReview(const base::Principal& asker) {
    const auto list = List(asker);
    EXPECT_TRUE(list.ok()) << list.status();
    EXPECT_EQ(list->reviews_size(), 1);
    return list->reviews_size() == 1 ? list->reviews(0).review_id() : "";
  }
  void Shield(const std::string& agency, const std::string& record) {
    const auto view = View();
    const ledger::GuardedView read(view.get());
    ledger::Operation operation;
    operation.batch = std::move(context_.people
                                    ->PrepareShield(read, PersonOf(agency, record).id(),
                                                    {true, agency, nullptr}, clock_.Now())
                                    ->change);
    ASSERT_TRUE(context_.linker
                    ->PrepareShieldOfWaiting(read, PersonOf(agency, record).id(), agency,
                                             clock_.Now(), &operation.batch)
                    .ok());
    operation.entries.push_back(ledger::ToDraft(context_.entries->New(
        ledger::v1::ENTRY_KIND_SHIELD_CHANGED, base::Principal(), std::string())));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  }
  void Erase(const std::string& agency, const std::string& record) {
    const auto view = View();
    const ledger::GuardedView read(view.get());
    ledger::Operation operation;
    operation.batch =
        *context_.linker->PrepareErase(read, PersonOf(agency, record).id(), agency, clock_.Now());
    operation.entries.push_back(ledger::ToDraft(context_.entries->New(
        ledger::v1::ENTRY_KIND_PERSON_ERASED, base::Principal(), std::string())));
    ASSERT_TRUE(sequencer_->SubmitAndWait(std::move(operation)).ok());
  }

  Stewards stewards_{context_};
};

// Broken once by taking the line on the asker's own agency out of MayDecide().
TEST_F(StewardsTest, NobodySettlesTheirOwnAgencysReport) {
  SocialReportWaits();
  const std::string review = OnlyReview(Steward(kYot));
  EXPECT_THAT(List(Steward(kSocial))->reviews(), IsEmpty());
  EXPECT_EQ(ReasonOf(Resolve(Steward(kSocial), review, {1}).status()), Reason::kNotFound);
  for (const base::Principal& other : {SocialWorker(), Adviser(), YotOfficer()}) {
    EXPECT_EQ(ReasonOf(List(other).status()), Reason::kMethodNotAllowed);
    EXPECT_EQ(ReasonOf(Resolve(other, review, {1}).status()), Reason::kMethodNotAllowed);
    EXPECT_EQ(LastEntry().outcome, "METHOD_NOT_ALLOWED");
  }
  EXPECT_EQ(ReasonOf(Resolve(Manager(), review, {1}).status()), Reason::kNotFound);
  EXPECT_NE(PersonOf(kSocial, "S-1").id(), PersonOf(kYot, "Y-1").id());
}

TEST_F(StewardsTest, AStewardSeesNamesAndDatesAndNoAddressAndNoAgency) {
  SocialReportWaits();
  const v1::ReviewList list = *List(Steward(kHousing));
  EXPECT_EQ(LastEntry().kind, "reviews-listed");
  ASSERT_THAT(list.reviews(), SizeIs(1));
  const v1::FlagReview& review = list.reviews(0);
  EXPECT_EQ(review.harm(), v1::REVIEW_HARM_SAFEGUARDING) << "social care reports";
  EXPECT_EQ(review.cause(), v1::REVIEW_CAUSE_POSTCODE_DIFFERS);
  EXPECT_FALSE(review.overdue());
  EXPECT_EQ(review.reported().surname(), Tariq().surname());
  ASSERT_THAT(review.candidates(), SizeIs(1));
  EXPECT_EQ(review.candidates(0).person().given_names(), Tariq().given_names());
  EXPECT_THAT(review.candidates(0).differs(), ElementsAre(v1::MATCHED_FIELD_POSTCODE));
  const std::string all = list.DebugString();
  for (const std::string& hidden : {std::string("NT9"), Tariq().postcode(), std::string("nortown"),
                                    std::string("connexions"), std::string("S-1")}) {
    EXPECT_THAT(all, Not(HasSubstr(hidden)));
  }
}

// The reporter's own questions find its flag from the first moment, under an id that stays.
TEST_F(StewardsTest, WhatWasDecidedShowsInNoIdOfTheReporters) {
  SocialReportWaits();
  const Answered before = Ask(SocialWorker(), AskAboutRecord("S-1", v1::PURPOSE_SAFEGUARDING));
  ASSERT_NE(before.Flag(kSocial), nullptr);
  EXPECT_EQ(before.Flag(kYot), nullptr);
  const std::string review = OnlyReview(Steward(kHousing));
  const std::string request_id = RequestId();
  const auto resolved = Resolve(Steward(kHousing), review, {1}, request_id);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->state(), v1::REVIEW_STATE_DECIDED);
  EXPECT_THAT(Entries("review-resolved"), SizeIs(1));
  EXPECT_THAT(Entries("persons-merged"), SizeIs(1));
  EXPECT_EQ(PersonOf(kSocial, "S-1").id(), PersonOf(kYot, "Y-1").id());
  const Answered after = Ask(SocialWorker(), AskAboutRecord("S-1", v1::PURPOSE_SAFEGUARDING));
  EXPECT_NE(after.Flag(kYot), nullptr);
  EXPECT_EQ(after.answer.agency_person_id(), before.answer.agency_person_id());
  // Sent again it is the same; under another id it is over.
  EXPECT_EQ(Resolve(Steward(kHousing), review, {1}, request_id)->receipt().leaf_hash(),
            resolved->receipt().leaf_hash());
  EXPECT_EQ(ReasonOf(Resolve(Steward(kHousing), review, {1}).status()), Reason::kNotFound);
  // Whoever works with them is told that social services do, too.
  EXPECT_EQ(Mailbox(kYot).back().stored.kind(), store::v1::STORED_MESSAGE_KIND_FLAG_OPENED);
}

// Broken once by having TakesTwo() always say no (IntakeTest.ToMakeOneOfTwo... fails too).
TEST_F(StewardsTest, TwoStewardsOfTwoAgenciesMakeOneOfTwoWhomSeveralKnow) {
  SocialReportWaits();
  v1::FlagReport moved = Flag("H-1", "housing");
  moved.mutable_person()->set_postcode("NT9 9ZZ");
  Report(kHousing, moved);
  ASSERT_EQ(PersonOf(kHousing, "H-1").id(), PersonOf(kSocial, "S-1").id());
  const std::string review = OnlyReview(Steward(kYot));
  EXPECT_EQ(StateOf(Resolve(Steward(kYot), review, {1})), v1::REVIEW_STATE_WAITS_FOR_SECOND);
  EXPECT_EQ(LastEntry().kind, "review-proposed");
  EXPECT_NE(PersonOf(kSocial, "S-1").id(), PersonOf(kYot, "Y-1").id());
  EXPECT_EQ(ReasonOf(Resolve(Worker(kYot, "ms-002", kStewardRole), review, {1}).status()),
            Reason::kMethodNotAllowed);
  EXPECT_THAT(List(Steward(kConnexions))->reviews(0).proposed().same_as(), ElementsAre(1));
  EXPECT_EQ(StateOf(Resolve(Steward(kConnexions), review, {1})), v1::REVIEW_STATE_DECIDED);
  EXPECT_EQ(PersonOf(kSocial, "S-1").id(), PersonOf(kYot, "Y-1").id());
}

TEST_F(StewardsTest, OfSomebodyShieldedTheShieldsOwnerAloneDecides) {
  TariqIsKnown();
  Shield(kYot, "Y-1");
  v1::FlagReport maybe = Flag("H-1", "housing");
  maybe.mutable_person()->set_postcode("NT9 9ZZ");
  Report(kHousing, maybe);
  EXPECT_TRUE(PersonOf(kHousing, "H-1").shielded());
  EXPECT_THAT(List(Steward(kConnexions))->reviews(), IsEmpty());
  EXPECT_THAT(List(Steward(kYot))->reviews(), IsEmpty());
  EXPECT_THAT(List(Manager())->reviews(), IsEmpty()) << "social services set no shield";
  const std::string review = OnlyReview(Worker(kYot, "yo-009", kManagerRole));
  EXPECT_EQ(ReasonOf(Resolve(Steward(kConnexions), review, {1}).status()), Reason::kNotFound);
  EXPECT_EQ(StateOf(Resolve(Worker(kYot, "dp-009", kOfficerRole), review, {})),
            v1::REVIEW_STATE_DECIDED);
  EXPECT_FALSE(PersonOf(kHousing, "H-1").shielded());
  EXPECT_TRUE(PersonOf(kYot, "Y-1").shielded());
}

// Nobody but the owner may be the second of two, so it takes two of its people. Broken once by
// asking for a second agency here too: the row waited for ever.
TEST_F(StewardsTest, OfSomebodyShieldedWhomSeveralMayKnowTwoOfTheOwnersPeopleDecide) {
  SocialReportWaits();
  v1::FlagReport moved = Flag("H-1", "housing");
  moved.mutable_person()->set_postcode("NT9 9ZZ");
  Report(kHousing, moved);
  Shield(kYot, "Y-1");
  const base::Principal officer = Worker(kYot, "dp-009", kOfficerRole);
  const std::string review = OnlyReview(officer);
  EXPECT_EQ(StateOf(Resolve(officer, review, {1})), v1::REVIEW_STATE_WAITS_FOR_SECOND);
  const absl::Status again = Resolve(officer, review, {1}).status();
  EXPECT_EQ(ReasonOf(again), Reason::kMethodNotAllowed);
  EXPECT_THAT(again.message(), HasSubstr("another data protection officer"));
  EXPECT_NE(PersonOf(kSocial, "S-1").id(), PersonOf(kYot, "Y-1").id());
  EXPECT_EQ(StateOf(Resolve(Worker(kYot, "yo-009", kManagerRole), review, {1})),
            v1::REVIEW_STATE_DECIDED);
  EXPECT_EQ(PersonOf(kSocial, "S-1").id(), PersonOf(kYot, "Y-1").id());
}

// What a steward may not see is in no token either. Broken once by ending a page at whatever was
// looked at last: the first page led to an empty one, by the id of the shielded one's review.
TEST_F(StewardsTest, APageOfReviewsEndsWithWhatWasShown) {
  TariqIsKnown();
  v1::FlagReport moved = Flag("S-1", "childrens-social-care");
  moved.mutable_person()->set_postcode("NT9 9ZZ");
  Report(kSocial, moved);
  clock_.Advance(absl::Seconds(1));
  v1::FlagReport own = Flag("X-1", "housing");
  own.mutable_person()->set_postcode("NT8 8ZZ");
  Report(kHousing, own);
  const v1::ReviewList both = *List(Steward(kConnexions));
  ASSERT_THAT(both.reviews(), SizeIs(2));
  const v1::ReviewList first = *List(Steward(kConnexions), 1);
  ASSERT_THAT(first.reviews(), SizeIs(1));
  EXPECT_FALSE(first.next_page_token().empty());
  const v1::ReviewList second = *List(Steward(kConnexions), 1, first.next_page_token());
  ASSERT_THAT(second.reviews(), SizeIs(1));
  EXPECT_EQ(second.reviews(0).review_id(), both.reviews(1).review_id());
  EXPECT_EQ(second.next_page_token(), "");
  // The other is housing's own report, which its steward does not decide.
  const v1::ReviewList of_housing = *List(Steward(kHousing), 1);
  ASSERT_THAT(of_housing.reviews(), SizeIs(1));
  EXPECT_EQ(of_housing.next_page_token(), "");
}

// Broken once by telling the agencies of the first alone.
TEST_F(StewardsTest, WhenSeveralAreMadeOneTheAgenciesOfAllAreTold) {
  SocialReportWaitsForTwo();
  const std::string review = OnlyReview(Steward(kHousing));
  const auto told = [this](const std::string& agency) {
    int notices = 0;
    for (const exchange::MailboxMessage& message : Mailbox(agency)) {
      if (message.stored.kind() == store::v1::STORED_MESSAGE_KIND_FLAG_OPENED &&
          message.stored.agency_id() == kSocial) {
        ++notices;
      }
    }
    return notices;
  };
  ASSERT_EQ(told(kHousing), 0);
  const int of_yot = told(kYot);
  EXPECT_EQ(StateOf(Resolve(Steward(kYot), review, {1, 2})), v1::REVIEW_STATE_WAITS_FOR_SECOND);
  EXPECT_EQ(StateOf(Resolve(Steward(kConnexions), review, {1, 2})), v1::REVIEW_STATE_DECIDED);
  EXPECT_EQ(told(kYot), of_yot + 1);
  EXPECT_EQ(told(kHousing), 1);
}

// That somebody is gone is something learned, so the refusal that says so is an entry.
TEST_F(StewardsTest, ThatACandidateWasErasedIsToldWithAReceipt) {
  SocialReportWaitsForTwo();
  const std::string review = OnlyReview(Steward(kHousing));
  ASSERT_THAT(List(Steward(kHousing))->reviews(0).candidates(), SizeIs(2));
  Erase(kYot, "Y-1");
  const v1::ReviewList list = *List(Steward(kHousing));
  ASSERT_THAT(list.reviews(0).candidates(), SizeIs(1));
  const int gone = 3 - list.reviews(0).candidates(0).number();
  EXPECT_EQ(ReasonOf(Resolve(Steward(kHousing), review, {gone}).status()), Reason::kInvalidField);
  EXPECT_EQ(LastEntry().kind, "review-resolved");
  EXPECT_EQ(LastEntry().outcome, "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(PutQuestion(Steward(kHousing), review, gone, v1::RECORD_QUESTION_SIBLING)),
            Reason::kInvalidField);
  EXPECT_EQ(LastEntry().kind, "record-question-put");
  EXPECT_EQ(StateOf(Resolve(Steward(kHousing), review, {})), v1::REVIEW_STATE_DECIDED);
}

// Broken once by leaving the review there: nobody was left whom it asked about.
TEST_F(StewardsTest, AReviewWhoseOnlyCandidateWasErasedIsGone) {
  SocialReportWaits();
  const std::string review = OnlyReview(Steward(kHousing));
  Erase(kYot, "Y-1");
  EXPECT_THAT(List(Steward(kHousing))->reviews(), IsEmpty());
  EXPECT_EQ(ReasonOf(Resolve(Steward(kHousing), review, {}).status()), Reason::kNotFound);
  EXPECT_EQ(PersonOf(kSocial, "S-1").row().review_ids_size(), 0);
}

TEST_F(StewardsTest, AQuestionGoesToTheAgencyWhoseRecordItIsAndItsAnswerToTheSteward) {
  SocialReportWaits();
  const base::Principal steward = Steward(kHousing);
  const std::string review = OnlyReview(steward);
  ASSERT_TRUE(PutQuestion(steward, review, 0, v1::RECORD_QUESTION_NAME_SEEN).ok());
  EXPECT_EQ(LastEntry().kind, "record-question-put");
  EXPECT_EQ(ReasonOf(PutQuestion(steward, review, 0, v1::RECORD_QUESTION_NAME_SEEN)),
            Reason::kAlreadyExists);
  EXPECT_EQ(ReasonOf(PutQuestion(steward, review, 2, v1::RECORD_QUESTION_NAME_SEEN)),
            Reason::kInvalidField);
  EXPECT_EQ(ReasonOf(PutQuestion(Steward(kSocial), review, 0, v1::RECORD_QUESTION_SIBLING)),
            Reason::kNotFound);
  EXPECT_EQ(Mailbox(kSocial).back().stored.kind(), store::v1::STORED_MESSAGE_KIND_RECORD_QUESTION);
  EXPECT_THAT(Questions(Adviser()).questions(), IsEmpty());
  const v1::ListRecordQuestionsResponse waiting = Questions(SocialWorker());
  ASSERT_THAT(waiting.questions(), SizeIs(1));
  EXPECT_EQ(waiting.questions(0).question(), v1::RECORD_QUESTION_NAME_SEEN);
  EXPECT_EQ(waiting.questions(0).agency_person_id(),
            Ask(SocialWorker(), AskAboutRecord("S-1", v1::PURPOSE_SAFEGUARDING))
                .answer.agency_person_id());
  const std::string question = waiting.questions(0).question_id();
  EXPECT_EQ(ReasonOf(Answer(Adviser(), question, v1::RECORD_ANSWER_YES)), Reason::kNotFound);
  ASSERT_TRUE(Answer(SocialWorker(), question, v1::RECORD_ANSWER_YES).ok());
  EXPECT_EQ(LastEntry().kind, "record-question-answered");
  EXPECT_THAT(Questions(SocialWorker()).questions(), IsEmpty());
  const v1::ReviewList list = *List(steward);
  ASSERT_THAT(list.reviews(0).questions(), SizeIs(1));
  EXPECT_EQ(list.reviews(0).questions(0).answer(), v1::RECORD_ANSWER_YES);
  // What decides nothing any more need not be answered.
  ASSERT_TRUE(PutQuestion(steward, review, 1, v1::RECORD_QUESTION_SIBLING).ok());
  ASSERT_TRUE(Resolve(steward, review, {}).ok());
  EXPECT_EQ(View()->Scan(store::Space::kReviews, "", "", 10)->size(), 0u);
}

TEST_F(StewardsTest, WhatIsOverdueIsToldAndADeputyMayDecideIt) {
  Enrol(kYot, "ms-001", kStewardRole);
  Enrol(kHousing, "md-001", kDeputyRole);
  Enrol(kSocial, "ms-001", kStewardRole);
  SocialReportWaits();
  const std::string review = OnlyReview(Steward(kYot));
  EXPECT_EQ(*stewards_.TellOverdue(), 0);
  EXPECT_THAT(List(Deputy())->reviews(), IsEmpty());
  const size_t told_social = Mailbox(kSocial).size();
  clock_.Advance(absl::Hours(24 * 5));
  EXPECT_EQ(*stewards_.TellOverdue(), 1);
  EXPECT_EQ(LastEntry().kind, "review-overdue");
  EXPECT_EQ(Mailbox(kYot).back().stored.kind(), store::v1::STORED_MESSAGE_KIND_REVIEW_OVERDUE);
  EXPECT_THAT(Mailbox(kSocial), SizeIs(told_social)) << "the reporter decides nothing";
  EXPECT_EQ(*stewards_.TellOverdue(), 0) << "once for all the days until it was noticed";
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(*stewards_.TellOverdue(), 1) << "and again each day";
  EXPECT_TRUE(List(Deputy())->reviews(0).overdue());
  EXPECT_EQ(StateOf(Resolve(Deputy(), review, {})), v1::REVIEW_STATE_DECIDED);
  clock_.Advance(absl::Hours(24 * 5));
  EXPECT_EQ(*stewards_.TellOverdue(), 0);
}

}  // namespace
}  // namespace signpost::stewards
