// Generators of StewardService. Stewards settle what others reported, and so may know of it: it is the
// refusals of everybody else that are compared, and what an agency is asked of its own records.

#include <utility>

#include "signpost/v1/steward.pb.h"
#include "tests/worlds/generators.h"

namespace signpost::worlds {

namespace {

Act ListReviews(Maker* maker, Caller* caller) {
  *caller = maker->Anybody();
  caller->role = RoleOf(maker->agency());
  caller->practitioner = "w1";
  v1::ListReviewsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListReviewsRequest, v1::ListReviewsResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act ResolveReview(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = maker->Anybody();
  v1::ResolveReviewRequest request;
  request.set_request_id(maker->RequestId());
  if (dice.OneIn(2)) {
    request.mutable_decision()->set_separate(true);
  } else {
    request.mutable_decision()->add_same_as(1 + dice.Below(2));
  }
  return Asks<v1::ResolveReviewRequest, v1::ResolveReviewResponse>(
      [request, any = dice.Roll()](const Talk& talk) mutable {
        request.set_review_id(talk.memory().One("review-id", any));
        return request;
      });
}

Act AskAboutRecord(Maker* maker, Caller* caller) {
  Dice& dice = maker->dice();
  *caller = maker->Anybody();
  v1::AskAboutRecordRequest request;
  request.set_request_id(maker->RequestId());
  request.set_number(dice.Below(3));
  request.set_question(v1::RECORD_QUESTION_SIBLING);
  return Asks<v1::AskAboutRecordRequest, v1::AskAboutRecordResponse>(
      [request, any = dice.Roll()](const Talk& talk) mutable {
        request.set_review_id(talk.memory().One("review-id", any));
        return request;
      });
}

Act ListRecordQuestions(Maker* maker, Caller* caller) {
  *caller = maker->Anybody();
  v1::ListRecordQuestionsRequest request;
  request.set_request_id(maker->RequestId());
  request.set_page_size(maker->PageSize());
  return Asks<v1::ListRecordQuestionsRequest, v1::ListRecordQuestionsResponse>(
      [request](const Talk& /*talk*/) { return request; });
}

Act AnswerRecordQuestion(Maker* maker, Caller* caller) {
  *caller = maker->Anybody();
  v1::AnswerRecordQuestionRequest request;
  request.set_request_id(maker->RequestId());
  request.set_answer(v1::RECORD_ANSWER_NO);
  return Asks<v1::AnswerRecordQuestionRequest, v1::AnswerRecordQuestionResponse>(
      [request, any = maker->dice().Roll()](const Talk& talk) mutable {
        request.set_question_id(talk.memory().One("question-id", any));
        return request;
      });
}

}  // namespace

std::vector<Generator> StewardGenerators() {
  return {
      {"/signpost.v1.StewardService/ListReviews", 3, &ListReviews},
      {"/signpost.v1.StewardService/ResolveReview", 2, &ResolveReview},
      {"/signpost.v1.StewardService/AskAboutRecord", 1, &AskAboutRecord},
      {"/signpost.v1.StewardService/ListRecordQuestions", 3, &ListRecordQuestions},
      {"/signpost.v1.StewardService/AnswerRecordQuestion", 1, &AnswerRecordQuestion},
  };
}

}  // namespace signpost::worlds
