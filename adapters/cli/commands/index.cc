// find, who-knows, report, review.

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/receipt_file.h"
#include "adapters/cli/files/report_file.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/words.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::IndexService;

int Find(Terminal& terminal, const Args& args) {
  signpost::v1::FindRequest request;
  const auto fill = [&]() -> absl::Status {
    SIGNPOST_ASSIGN_OR_RETURN(*request.mutable_person(), ReadSelector(args));
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                              EnumFromWord<signpost::v1::Purpose>(args.Get("--purpose")));
    request.set_purpose(purpose);
    return absl::OkStatus();
  };
  absl::Status status = fill();
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(args.Get("--purpose"), kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::FindResponse response;
  const grpc::Status answered =
      IndexService::NewStub((*session)->channel())->Find(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "find", answered);
  if (args.Has("--json")) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(response.agency_person_id(), response.receipt());
  }
  return kExitOk;
}

absl::Status FillQuestion(const Args& args, signpost::v1::WhoKnowsRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(args));
  if (!args.Has("--purpose")) {
    return absl::InvalidArgumentError(
        "say why you ask: --purpose support-planning, or another that help lists");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                            EnumFromWord<signpost::v1::Purpose>(args.Get("--purpose")));
  request->set_purpose(purpose);
  for (const std::string& list : args.All("--ask")) {
    for (const absl::string_view word : absl::StrSplit(list, ',', absl::SkipEmpty())) {
      SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Aspect aspect,
                                EnumFromWord<signpost::v1::Aspect>(std::string(word)));
      request->add_aspects(aspect);
    }
  }
  request->set_assessment_kind(args.Get("--assessment"));
  request->set_necessity(args.Get("--necessity"));
  if (args.Has("--override-ground") != args.Has("--override-reason")) {
    return absl::InvalidArgumentError(
        "an override wants both --override-ground and --override-reason");
  }
  if (args.Has("--override-ground")) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const signpost::v1::OverrideGround ground,
        EnumFromWord<signpost::v1::OverrideGround>(args.Get("--override-ground")));
    request->mutable_override()->set_ground(ground);
    request->mutable_override()->set_reason(args.Get("--override-reason"));
  }
  return absl::OkStatus();
}

int WhoKnows(Terminal& terminal, const Args& args) {
  signpost::v1::WhoKnowsRequest request;
  absl::Status status = FillQuestion(args, &request);
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(args.Get("--purpose"), kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::WhoKnowsResponse response;
  const grpc::Status answered =
      IndexService::NewStub((*session)->channel())->WhoKnows(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "who-knows", answered);
  signpost::v1::WhoKnowsAnswer answer;
  if (!answer.ParseFromString(response.answer())) {
    return FailCall(terminal, "who-knows",
                    grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
  }
  // Kept before it is shown, and shown whether or not it could be kept: the worker needs it now.
  absl::Status kept;
  if (args.Has("--save-receipt")) {
    ReceiptFile file;
    file.receipt = response.receipt();
    file.answer = response.answer();
    kept = WriteBytes(args.Get("--save-receipt"), FormatReceiptFile(file));
  }
  if (args.Has("--json")) {
    answer.clear_padding();
    nlohmann::ordered_json json;
    if (ObligationsUnderstood(answer)) {
      json["answer"] = nlohmann::ordered_json::parse(Json(answer), nullptr, false);
    } else {
      json["not_shown"] = "an obligation that this program does not know";
      json["obligations"] =
          std::vector<std::string>(answer.obligations().begin(), answer.obligations().end());
    }
    json["receipt"] = nlohmann::ordered_json::parse(Json(response.receipt()), nullptr, false);
    *terminal.out << json.dump(2) << "\n";
  } else {
    const Profile& profile = (*session)->profile();
    Asked asked;
    asked.practitioner_id = profile.practitioner;
    asked.role = profile.role;
    asked.teams = profile.teams;
    asked.agency_id = profile.agency;
    asked.purpose = request.purpose();
    asked.override_used = request.has_override();
    asked.bold = terminal.bold;
    *terminal.out << RenderAnswer(answer, response.receipt(), asked);
  }
  if (!kept.ok()) return FailHere(terminal, kept);
  return kExitOk;
}

int Report(Terminal& terminal, const Args& args) {
  if (!args.Has("--file"))
    return FailHere(terminal, absl::InvalidArgumentError("--file is missing"));
  const auto text = ReadBytes(args.Get("--file"), base::kConfigBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  const auto file = ParseReportFile(*text, args.Get("--file"));
  if (!file.ok()) return FailHere(terminal, file.status());
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());

  grpc::ClientContext context;
  (*session)->PrepareSystem(kStreamDeadline, &context);
  const auto stub = IndexService::NewStub((*session)->channel());
  const auto stream = stub->ReportFlags(&context);
  signpost::v1::ReportFlagsRequest request;
  signpost::v1::ReportFlagsResponse response;
  request.mutable_open()->set_feed(file->feed);
  size_t sent = 0;
  size_t answered = 0;
  int rejected = 0;
  if (stream->Write(request) && stream->Read(&response) && response.has_opened()) {
    const auto window = static_cast<size_t>(std::max(1, response.opened().window()));
    while (answered < file->flags.size()) {
      bool writing = true;
      while (writing && sent < file->flags.size() && sent - answered < window) {
        *request.mutable_report() = file->flags[sent];
        writing = stream->Write(request);
        if (writing) ++sent;
      }
      if (!writing || !stream->Read(&response) || !response.has_outcome()) break;
      const signpost::v1::FlagOutcome& outcome = response.outcome();
      const uint64_t sequence = outcome.sequence();
      const std::string record =
          sequence >= 1 && sequence <= sent ? file->flags[sequence - 1].record_id() : "?";
      *terminal.out << (args.Has("--json") ? Json(outcome) : RenderOutcome(record, outcome));
      if (outcome.kind() == signpost::v1::FLAG_OUTCOME_KIND_REJECTED) ++rejected;
      ++answered;
    }
  }
  stream->WritesDone();
  if (answered < file->flags.size()) {
    // Whatever stands unread must not keep Finish() waiting.
    context.TryCancel();
  }
  const grpc::Status finished = stream->Finish();
  if (answered < file->flags.size()) {
    *terminal.err << "signpost: " << answered << " of " << file->flags.size()
                  << " flags were acknowledged; sending the file again changes nothing twice\n";
    return FailCall(terminal, "report",
                    finished.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                                 "the hub ended the stream early")
                                  : finished);
  }
  return rejected == 0 ? kExitOk : kExitRefused;
}

int ReviewList(Terminal& terminal, const Args& args) {
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = IndexService::NewStub((*session)->channel());
  std::vector<signpost::v1::Review> reviews;
  signpost::v1::ListReviewsRequest request;
  request.set_page_size(200);
  do {
    grpc::ClientContext context;
    const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::ListReviewsResponse response;
    const grpc::Status answered = stub->ListReviews(&context, request, &response);
    if (!answered.ok()) return FailCall(terminal, "review list", answered);
    if (args.Has("--json")) {
      *terminal.out << Json(response);
    }
    for (const signpost::v1::Review& review : response.reviews()) reviews.push_back(review);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!args.Has("--json")) *terminal.out << RenderReviews(reviews);
  return kExitOk;
}

int ReviewResolve(Terminal& terminal, const Args& args) {
  signpost::v1::ResolveReviewRequest request;
  request.set_review_id(args.positionals()[0]);
  if (args.Has("--candidate") == args.Has("--new-person")) {
    return FailHere(terminal,
                    absl::InvalidArgumentError("decide: --candidate NUMBER, or --new-person"));
  }
  if (args.Has("--new-person")) {
    request.set_new_person(true);
  } else {
    int32_t number = 0;
    if (!absl::SimpleAtoi(args.Get("--candidate"), &number) || number < 1) {
      return FailHere(terminal, absl::InvalidArgumentError(
                                    "--candidate wants a number that review list shows"));
    }
    request.set_candidate_number(number);
  }
  const auto session = OpenSession(terminal, args);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::ResolveReviewResponse response;
  const grpc::Status answered =
      IndexService::NewStub((*session)->channel())->ResolveReview(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "review resolve", answered);
  *terminal.out << (args.Has("--json") ? Json(response)
                                       : RenderOutcome(request.review_id(), response.outcome()));
  return kExitOk;
}

constexpr char kPurposes[] =
    "Why: assessment, support-planning, safeguarding, housing, employment, education-admission, "
    "youth-justice or career-guidance.";

}  // namespace

std::vector<Command> IndexCommands() {
  return {
      {{"find", "", "Finds one young person, and says how the hub names her to your agency.", "",
        Join(SelectorOptions(), {{"--purpose", "PURPOSE", kPurposes}})},
       Find},
      {{"who-knows", "",
        "Who knows this young person? Whom to ring, what may be seen, what is withheld and why.",
        "The question is recorded in the ledger before the answer leaves the hub, whatever it "
        "says. Keep the receipt with --save-receipt; signpost audit proof makes it provable.",
        Join(SelectorOptions(),
             {{"--purpose", "PURPOSE", kPurposes},
              {"--ask", "ASPECTS",
               "existence, agency, contact, assessment, content; with commas. Without it: all but "
               "content.",
               true},
              {"--assessment", "KIND", "With content: which kind of assessment, e.g. asset."},
              {"--necessity", "TEXT",
               "Why it is necessary or expedient for the Crime and Disorder Act 1998, where an "
               "agreement rests on that Act. Kept sealed."},
              {"--override-ground", "GROUND",
               "Override for safeguarding: express-consent, legal-duty, vital-interests or "
               "public-interest. Somebody else reviews it."},
              {"--override-reason", "TEXT", "Why, in words. Kept sealed for the reviewer."},
              {"--save-receipt", "FILE", "Keep the receipt, with the answer's bytes, in FILE."}})},
       WhoKnows},
      {{"report",
        "",
        "Reports flags from a file, for an agency whose system has no adapter.",
        "The file is JSON: {\"feed\": \"by-hand\", \"flags\": [{\"record_id\", \"person\": "
        "{\"given_names\", \"surname\", \"birth_date\", \"gender\", \"postcode\"}, \"service\", "
        "\"status\", \"opened_on\", \"contact\": {\"name\", \"role\", \"phone\"}}]}. Sending it "
        "again changes nothing.",
        {{"--file", "FILE", "The flags."}}},
       Report},
      {{"review list",
        "",
        "Lists your agency's reports that wait: the hub is not certain whom they are about.",
        "",
        {}},
       ReviewList},
      {{"review resolve",
        "REVIEW",
        "Decides one of them.",
        "",
        {{"--candidate", "NUMBER", "It is this candidate of review list."},
         {"--new-person", "", "It is somebody whom the hub does not know yet."}}},
       ReviewResolve},
  };
}

}  // namespace signpost::adapters::cli
