// review list, resolve, ask; question list, answer: whom a report is about, where the hub was not
// certain.

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/steward.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::StewardService;

struct ResolveOptions : HubOptions {
  std::string review;
  std::vector<std::string> same_as;
  bool separate = false;
  void Declare(CLI::App* app) {
    AddPositional(app, "REVIEW", &review);
    AddList(
        app, "--same-as", "NUMBER",
        "It is this candidate of review list. Said again for others: all of them are one person.",
        &same_as);
    AddSwitch(app, "--separate", "It is none of them.", &separate);
  }
};

struct AskOptions : HubOptions {
  std::string review;
  std::string about = "0";
  std::string question;
  void Declare(CLI::App* app) {
    AddPositional(app, "REVIEW", &review);
    AddText(app, "--candidate", "NUMBER", "About this candidate. Without it: about the record.",
            &about);
    AddText(app, "--question", "QUESTION",
            "name-seen, birth-date-seen, identifier-seen, other-name, sibling or record-reused.",
            &question);
  }
};

struct AnswerOptions : HubOptions {
  std::string question;
  std::string answer;
  void Declare(CLI::App* app) {
    AddPositional(app, "QUESTION", &question);
    AddText(app, "--answer", "ANSWER", "yes, no or not-known.", &answer);
  }
};

absl::StatusOr<int32_t> Number(const std::string& text) {
  int32_t number = 0;
  if (absl::SimpleAtoi(text, &number) && number >= 0) return number;
  return absl::InvalidArgumentError("candidates are told by their numbers in review list");
}

int List(Terminal& terminal, const NoOptions<HubOptions>& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = StewardService::NewStub((*session)->channel());
  std::vector<signpost::v1::FlagReview> reviews;
  signpost::v1::Receipt receipt;
  signpost::v1::ListReviewsRequest request;
  do {
    request.set_request_id((*session)->NewRequestId());
    grpc::ClientContext context;
    const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::ListReviewsResponse response;
    const grpc::Status answered = stub->ListReviews(&context, request, &response);
    if (!answered.ok()) return FailCall(terminal, "review list", answered);
    signpost::v1::ReviewList list;
    if (!list.ParseFromString(response.answer())) {
      return FailCall(terminal, "review list",
                      grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
    }
    if (options.json) *terminal.out << Json(list);
    for (signpost::v1::FlagReview& review : *list.mutable_reviews()) {
      reviews.push_back(std::move(review));
    }
    receipt = response.receipt();
    request.set_page_token(list.next_page_token());
  } while (!request.page_token().empty());
  if (!options.json) *terminal.out << RenderRecorded(RenderReviews(reviews), receipt);
  return kExitOk;
}

int Resolve(Terminal& terminal, const ResolveOptions& options) {
  signpost::v1::ResolveReviewRequest request;
  request.set_review_id(options.review);
  if (options.same_as.empty() != options.separate) {
    return FailHere(terminal,
                    absl::InvalidArgumentError("decide: --same-as NUMBER, or --separate"));
  }
  for (const std::string& text : options.same_as) {
    const absl::StatusOr<int32_t> number = Number(text);
    if (!number.ok()) return FailHere(terminal, number.status());
    request.mutable_decision()->add_same_as(*number);
  }
  request.mutable_decision()->set_separate(options.separate);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::ResolveReviewResponse response;
  const grpc::Status answered =
      StewardService::NewStub((*session)->channel())->ResolveReview(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "review resolve", answered);
  *terminal.out << (options.json
                        ? Json(response)
                        : RenderRecorded(
                              response.state() == signpost::v1::REVIEW_STATE_WAITS_FOR_SECOND
                                  ? "Waits until a steward of another agency has decided "
                                    "the same."
                                  : "Decided.",
                              response.receipt()));
  return kExitOk;
}

int Ask(Terminal& terminal, const AskOptions& options) {
  signpost::v1::AskAboutRecordRequest request;
  request.set_review_id(options.review);
  const auto fill = [&]() -> absl::Status {
    SIGNPOST_ASSIGN_OR_RETURN(const int32_t number, Number(options.about));
    request.set_number(number);
    SIGNPOST_ASSIGN_OR_RETURN(const auto question,
                              EnumFromWord<signpost::v1::RecordQuestion>(options.question));
    request.set_question(question);
    return absl::OkStatus();
  };
  absl::Status status = fill();
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AskAboutRecordResponse response;
  const grpc::Status answered =
      StewardService::NewStub((*session)->channel())->AskAboutRecord(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "review ask", answered);
  *terminal.out << (options.json ? Json(response)
                                 : RenderRecorded("Asked; review list has the answer when there is "
                                                  "one.",
                                                  response.receipt()));
  return kExitOk;
}

int Questions(Terminal& terminal, const NoOptions<HubOptions>& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = StewardService::NewStub((*session)->channel());
  std::vector<signpost::v1::WaitingRecordQuestion> questions;
  signpost::v1::ListRecordQuestionsRequest request;
  do {
    request.set_request_id((*session)->NewRequestId());
    grpc::ClientContext context;
    const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::ListRecordQuestionsResponse response;
    const grpc::Status answered = stub->ListRecordQuestions(&context, request, &response);
    if (!answered.ok()) return FailCall(terminal, "question list", answered);
    if (options.json) *terminal.out << Json(response);
    for (const auto& question : response.questions()) questions.push_back(question);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!options.json) *terminal.out << RenderQuestions(questions);
  return kExitOk;
}

int Answer(Terminal& terminal, const AnswerOptions& options) {
  signpost::v1::AnswerRecordQuestionRequest request;
  request.set_question_id(options.question);
  const auto said = EnumFromWord<signpost::v1::RecordAnswer>(options.answer);
  if (!said.ok()) return FailHere(terminal, said.status());
  request.set_answer(*said);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::AnswerRecordQuestionResponse response;
  const grpc::Status answered = StewardService::NewStub((*session)->channel())
                                    ->AnswerRecordQuestion(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "question answer", answered);
  *terminal.out << (options.json ? Json(response)
                                 : RenderRecorded("Answered.", response.receipt()));
  return kExitOk;
}

}  // namespace

std::vector<Command> StewardCommands() {
  return {
      MakeCommand("review list",
                  "Reviews of whom reports are about that you may decide, the most pressing first.",
                  "For stewards of the area (role matching-steward) and their deputies; where "
                  "somebody shielded could be meant, for a data protection officer or manager of "
                  "the agency that set the shield. No agency's own reports are among them.",
                  List),
      MakeCommand("review resolve", "Decides one of them.", "", Resolve),
      MakeCommand("review ask", "Asks an agency about its own record.", "", Ask),
      MakeCommand("question list", "Lists what stewards ask your agency about its records.", "",
                  Questions),
      MakeCommand("question answer", "Answers one of these questions.", "", Answer),
  };
}

}  // namespace signpost::adapters::cli
