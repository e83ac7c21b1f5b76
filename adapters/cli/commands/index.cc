// find, who-knows, report.

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/files/files.h"
#include "adapters/cli/files/receipt_file.h"
#include "adapters/cli/files/report_file.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "nlohmann/json.hpp"
#include "signpost/v1/index.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::IndexService;

constexpr char kPurposes[] =
    "Why: assessment, support-planning, safeguarding, housing, employment, education-admission, "
    "youth-justice or career-guidance.";

struct FindOptions : HubOptions {
  PersonOptions about;
  std::string purpose;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--purpose", "PURPOSE", kPurposes, &purpose);
  }
};

struct WhoKnowsOptions : HubOptions {
  PersonOptions about;
  std::string purpose;
  std::vector<std::string> ask;
  std::string assessment;
  std::string necessity;
  std::string override_ground;
  std::string override_reason;
  std::string save_receipt;
  void Declare(CLI::App* app) {
    about.Declare(app);
    AddText(app, "--purpose", "PURPOSE", kPurposes, &purpose);
    AddList(app, "--ask", "ASPECTS",
            "existence, agency, contact, assessment, content; with commas. Without it: all but "
            "content.",
            &ask);
    AddText(app, "--assessment", "KIND", "With content: which kind of assessment, e.g. asset.",
            &assessment);
    AddText(app, "--necessity", "TEXT",
            "Why it is necessary or expedient for the Crime and Disorder Act 1998, where an "
            "agreement rests on that Act. Kept sealed.",
            &necessity);
    AddText(app, "--override-ground", "GROUND",
            "Override for safeguarding: express-consent, legal-duty, vital-interests or "
            "public-interest. Somebody else reviews it.",
            &override_ground);
    AddText(app, "--override-reason", "TEXT", "Why, in words. Kept sealed for the reviewer.",
            &override_reason);
    AddText(app, "--save-receipt", "FILE", "Keep the receipt, with the answer's bytes, in FILE.",
            &save_receipt);
  }
};

struct ReportOptions : HubOptions {
  std::string file;
  void Declare(CLI::App* app) { AddText(app, "--file", "FILE", "The flags.", &file); }
};

int Find(Terminal& terminal, const FindOptions& options) {
  signpost::v1::FindRequest request;
  const auto fill = [&]() -> absl::Status {
    SIGNPOST_ASSIGN_OR_RETURN(*request.mutable_person(), ReadSelector(options.about));
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                              EnumFromWord<signpost::v1::Purpose>(options.purpose));
    request.set_purpose(purpose);
    return absl::OkStatus();
  };
  absl::Status status = fill();
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(options.purpose, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::FindResponse response;
  const grpc::Status answered =
      IndexService::NewStub((*session)->channel())->Find(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "find", answered);
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(response.agency_person_id(), response.receipt());
  }
  return kExitOk;
}

absl::Status FillQuestion(const WhoKnowsOptions& options, signpost::v1::WhoKnowsRequest* request) {
  SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_person(), ReadSelector(options.about));
  if (options.purpose.empty()) {
    return absl::InvalidArgumentError(
        "say why you ask: --purpose support-planning, or another that help lists");
  }
  SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                            EnumFromWord<signpost::v1::Purpose>(options.purpose));
  request->set_purpose(purpose);
  for (const std::string& list : options.ask) {
    // Nothing asked for would be all that there is by default.
    const std::vector<absl::string_view> words = absl::StrSplit(list, ',', absl::SkipEmpty());
    if (words.empty()) {
      return absl::InvalidArgumentError(
          "--ask names no aspect; say what you ask for, as existence,agency, or leave it out");
    }
    for (const absl::string_view word : words) {
      SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Aspect aspect,
                                EnumFromWord<signpost::v1::Aspect>(std::string(word)));
      request->add_aspects(aspect);
    }
  }
  request->set_assessment_kind(options.assessment);
  request->set_necessity(options.necessity);
  if (!options.override_ground.empty() != !options.override_reason.empty()) {
    return absl::InvalidArgumentError(
        "an override wants both --override-ground and --override-reason");
  }
  if (!options.override_ground.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::OverrideGround ground,
                              EnumFromWord<signpost::v1::OverrideGround>(options.override_ground));
    request->mutable_override()->set_ground(ground);
    request->mutable_override()->set_reason(options.override_reason);
  }
  return absl::OkStatus();
}

int WhoKnows(Terminal& terminal, const WhoKnowsOptions& options) {
  signpost::v1::WhoKnowsRequest request;
  absl::Status status = FillQuestion(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  status = (*session)->Prepare(options.purpose, kCallDeadline, &context);
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
  if (!options.save_receipt.empty()) {
    ReceiptFile file;
    file.receipt = response.receipt();
    file.answer = response.answer();
    kept = WriteBytes(options.save_receipt, FormatReceiptFile(file));
  }
  if (options.json) {
    answer.clear_padding();
    nlohmann::ordered_json json;
    if (ObligationsUnderstood(answer)) {
      json["answer"] = nlohmann::ordered_json::parse(Json(answer), nullptr, false);
    } else {
      json["not_shown"] = "an obligation that this program does not know";
      json["obligations"] =
          std::vector<int>(answer.obligations().begin(), answer.obligations().end());
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

int Report(Terminal& terminal, const ReportOptions& options) {
  if (options.file.empty())
    return FailHere(terminal, absl::InvalidArgumentError("--file is missing"));
  const auto text = ReadBytes(options.file, base::kConfigBytesMax);
  if (!text.ok()) return FailHere(terminal, text.status());
  const auto file = ParseReportFile(*text, options.file);
  if (!file.ok()) return FailHere(terminal, file.status());
  const auto session = OpenSession(terminal, options);
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
    // As many as the hub allows go ahead; from there on each answer makes room for one more.
    // Writing all first would fill both sides' buffers, and each would wait for the other to read.
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
      *terminal.out << (options.json ? Json(outcome) : RenderOutcome(record, outcome));
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

}  // namespace

std::vector<Command> IndexCommands() {
  return {
      MakeCommand("find", "Finds one young person, and says how the hub names them to your agency.",
                  "", Find),
      MakeCommand(
          "who-knows",
          "Who knows this young person? Whom to ring, what may be seen, what is withheld and why.",
          "The question is recorded in the ledger before the answer leaves the hub, whatever it "
          "says. Keep the receipt with --save-receipt; signpost audit proof makes it provable.",
          WhoKnows),
      MakeCommand(
          "report", "Reports flags from a file, for an agency whose system has no adapter.",
          "The file is JSON: {\"feed\": \"by-hand\", \"flags\": [{\"record_id\", \"person\": "
          "{\"given_names\", \"surname\", \"birth_date\", \"gender\", \"postcode\"}, \"service\", "
          "\"status\", \"opened_on\", \"contact\": {\"name\", \"role\", \"phone\"}}]}. Sending it "
          "again changes nothing.",
          Report),
  };
}

}  // namespace signpost::adapters::cli
