// cover start, end, list: who stands in for whom.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/cover.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::CoverService;

constexpr int kPageSize = 1000;

struct EndOptions : HubOptions {
  std::string colleague;
  std::string by;
  void Declare(CLI::App* app) {
    AddPositional(app, "COLLEAGUE", &colleague);
    AddText(app, "--by", "ID", "The worker who covers. Without it: you.", &by);
  }
};

struct StartOptions : EndOptions {
  std::string until;
  std::string reason;
  void Declare(CLI::App* app) {
    EndOptions::Declare(app);
    AddText(app, "--until", "DATE",
            "Until when, that day not included. Without it: for 24 hours. At most 28 days.",
            &until);
    AddText(app, "--reason", "TEXT",
            "Why, e.g. \"annual leave\". Kept sealed. Do not name a young person.", &reason);
  }
};

struct ListOptions : HubOptions {
  void Declare(CLI::App*) {}
};

// One call of CoverService.
template <typename Request, typename Response, typename Method>
absl::StatusOr<grpc::Status> Call(Session& session, Method method, const Request& request,
                                  Response* response) {
  grpc::ClientContext context;
  SIGNPOST_RETURN_IF_ERROR(session.Prepare(kPurposeOfKeeping, kCallDeadline, &context));
  const auto stub = CoverService::NewStub(session.channel());
  return ((*stub).*method)(&context, request, response);
}

int Start(Terminal& terminal, const StartOptions& options) {
  signpost::v1::StartCoverRequest request;
  request.set_covered_practitioner_id(options.colleague);
  request.set_covering_practitioner_id(options.by);
  request.set_reason(options.reason);
  if (!options.until.empty()) {
    const auto until = ParseDay(options.until);
    if (!until.ok()) return FailHere(terminal, until.status());
    *request.mutable_until() = *until;
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  signpost::v1::StartCoverResponse response;
  const auto answered = Call(**session, &CoverService::Stub::StartCover, request, &response);
  if (!answered.ok()) return FailHere(terminal, answered.status());
  if (!answered->ok()) return FailCall(terminal, "cover start", *answered);
  *terminal.out << (options.json
                        ? Json(response)
                        : RenderRecorded(
                              absl::StrCat("Covers until ", Readable(response.until()), ".\n",
                                           response.notice_sent()
                                               ? "A notice of it waits for your agency's system."
                                               : "Your agency has no system that takes notices: "
                                                 "tell the colleague and their manager yourself."),
                              response.receipt()));
  return kExitOk;
}

int End(Terminal& terminal, const EndOptions& options) {
  signpost::v1::EndCoverRequest request;
  request.set_covered_practitioner_id(options.colleague);
  request.set_covering_practitioner_id(options.by);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  signpost::v1::EndCoverResponse response;
  const auto answered = Call(**session, &CoverService::Stub::EndCover, request, &response);
  if (!answered.ok()) return FailHere(terminal, answered.status());
  if (!answered->ok()) return FailCall(terminal, "cover end", *answered);
  if (options.json) {
    *terminal.out << Json(response);
  } else if (response.has_receipt()) {
    *terminal.out << RenderRecorded("Ended.", response.receipt());
  } else {
    *terminal.out << "There is no such cover now.\n";
  }
  return kExitOk;
}

int List(Terminal& terminal, const ListOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::ListCoversRequest request;
  request.set_page_size(kPageSize);
  signpost::v1::ListCoversResponse all;
  do {
    request.set_page_token(all.next_page_token());
    signpost::v1::ListCoversResponse page;
    const auto answered = Call(**session, &CoverService::Stub::ListCovers, request, &page);
    if (!answered.ok()) return FailHere(terminal, answered.status());
    if (!answered->ok()) return FailCall(terminal, "cover list", *answered);
    all.clear_next_page_token();
    all.MergeFrom(page);
  } while (!all.next_page_token().empty());
  if (options.json) {
    *terminal.out << Json(all);
    return kExitOk;
  }
  Page page;
  if (all.covers().empty()) page.Line("Nobody covers for anybody, as far as you may see it.");
  for (const signpost::v1::Cover& cover : all.covers()) {
    page.Field(
        0, 28,
        absl::StrCat(cover.covering_practitioner_id(), " for ", cover.covered_practitioner_id()),
        absl::StrCat("since ", Readable(cover.since()), ", until ", Readable(cover.until())));
  }
  *terminal.out << page.text();
  return kExitOk;
}

}  // namespace

std::vector<Command> CoverCommands() {
  return {
      MakeCommand("cover start", "A worker covers for a colleague who is away.",
                  "It counts from the next question. Your agency's system is told, so that the "
                  "colleague and their manager know.",
                  Start),
      MakeCommand("cover end", "Ends a cover before its time.", "", End),
      MakeCommand("cover list", "Who covers for whom now; a manager sees all of the agency.", "",
                  List),
  };
}

}  // namespace signpost::adapters::cli
