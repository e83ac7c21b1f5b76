// override list, review, report: what becomes of overrides after they were used.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/overrides.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::OverrideService;

struct ListOptions : HubOptions {
  bool all = false;
  void Declare(CLI::App* app) { AddSwitch(app, "--all", "Those that were reviewed too.", &all); }
};

struct ReviewOptions : HubOptions {
  std::optional<uint64_t> number;
  bool upheld = false;
  bool not_upheld = false;
  std::string reason;
  void Declare(CLI::App* app) {
    AddNumber(app, "NUMBER", "", "The override, as override list numbers it.", &number);
    AddSwitch(app, "--upheld", "It was right.", &upheld);
    AddSwitch(app, "--not-upheld", "It was not.", &not_upheld);
    AddText(app, "--reason", "TEXT", "Why, in at least ten letters. Kept sealed.", &reason);
  }
};

struct ReportOptions : HubOptions {
  std::string from;
  std::string until;
  void Declare(CLI::App* app) {
    AddText(app, "--from", "DATE", "Used on or after this day.", &from);
    AddText(app, "--until", "DATE", "Used before this day.", &until);
  }
};

constexpr int kIndent = 3;
constexpr int kColumn = 14;
constexpr int kPageSize = 1000;

std::string Hours(int64_t seconds) { return absl::FormatDuration(absl::Minutes(seconds / 60)); }

std::string RenderOverrides(const std::vector<signpost::v1::OverrideCase>& cases) {
  Page page;
  if (cases.empty()) page.Line("No override of your agency is here to be looked at.");
  for (const signpost::v1::OverrideCase& item : cases) {
    page.Heading(absl::StrCat("Override ", item.number()));
    page.Field(
        kIndent, kColumn, "Used",
        absl::StrCat(Readable(item.used_at()), ", by ", item.practitioner_id(), " (",
                     ReadableCode(item.role()), "), for ", ReadableCode(EnumWord(item.purpose()))));
    page.Field(kIndent, kColumn, "About",
               item.agency_person_id().empty() ? "somebody who has been erased since"
                                               : item.agency_person_id());
    page.Field(kIndent, kColumn, "Ground",
               absl::StrCat(ReadableCode(EnumWord(item.ground())), ", rule ", item.rule()));
    if (!item.reason().empty()) page.Field(kIndent, kColumn, "Reason", item.reason());
    std::vector<std::string> aspects;
    for (const int aspect : item.aspects()) {
      aspects.push_back(ReadableCode(EnumWord(signpost::v1::Aspect_descriptor(), aspect)));
    }
    page.Field(kIndent, kColumn, "Opened",
               absl::StrCat(
                   item.flags_opened(), item.flags_opened() == 1 ? " involvement" : " involvements",
                   aspects.empty() ? "" : ": ", JoinWords(aspects), "; ", item.holders_told(),
                   item.holders_told() == 1 ? " holder told" : " holders told"));
    if (item.outcome() != signpost::v1::OVERRIDE_OUTCOME_UNSPECIFIED) {
      page.Field(kIndent, kColumn, "Review",
                 absl::StrCat(ReadableCode(EnumWord(item.outcome())), " by ", item.reviewed_by(),
                              ", ", Readable(item.reviewed_at()),
                              item.review_reason().empty() ? "" : ": ", item.review_reason()));
    } else {
      page.Field(
          kIndent, kColumn, "Review",
          absl::StrCat(item.overdue() ? "overdue, was due " : "due ", Readable(item.review_due()),
                       item.yours_to_review()
                           ? absl::StrCat("; signpost override review ", item.number())
                           : "; you used it yourself, so another manager reviews it"));
    }
  }
  return page.text();
}

std::string RenderReport(const signpost::v1::OverrideReport& report) {
  Page page;
  page.Heading("Overrides");
  if (report.rows().empty()) page.Line("None was used.");
  std::string agency;
  for (const signpost::v1::OverrideReportRow& row : report.rows()) {
    if (row.agency_id() != agency) {
      agency = row.agency_id();
      page.Line(agency);
    }
    page.Field(kIndent, 34,
               absl::StrCat(ReadableCode(EnumWord(row.ground())), ", ", ReadableCode(row.role())),
               absl::StrCat(row.used(), " used; ", row.upheld(), " upheld, ", row.not_upheld(),
                            " not upheld (", row.reviewed_late(), " of them late); ", row.waiting(),
                            " waiting, ", row.overdue(), " overdue",
                            row.upheld() + row.not_upheld() == 0
                                ? ""
                                : absl::StrCat("; reviewed in the middle after ",
                                               Hours(row.median_review_s()))));
  }
  return page.text();
}

int List(Terminal& terminal, const ListOptions& options) {
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = OverrideService::NewStub((*session)->channel());
  std::vector<signpost::v1::OverrideCase> cases;
  signpost::v1::ListOverridesRequest request;
  request.set_waiting_only(!options.all);
  request.set_page_size(kPageSize);
  signpost::v1::Receipt receipt;
  do {
    request.set_request_id((*session)->NewRequestId());
    grpc::ClientContext context;
    const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::ListOverridesResponse response;
    const grpc::Status answered = stub->ListOverrides(&context, request, &response);
    if (!answered.ok()) return FailCall(terminal, "override list", answered);
    signpost::v1::OverrideList list;
    if (!list.ParseFromString(response.answer())) {
      return FailCall(terminal, "override list",
                      grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
    }
    if (options.json) *terminal.out << Json(list);
    for (signpost::v1::OverrideCase& item : *list.mutable_overrides()) {
      cases.push_back(std::move(item));
    }
    receipt = response.receipt();
    request.set_page_token(list.next_page_token());
  } while (!request.page_token().empty());
  if (!options.json) *terminal.out << RenderRecorded(RenderOverrides(cases), receipt);
  return kExitOk;
}

int Review(Terminal& terminal, const ReviewOptions& options) {
  signpost::v1::ReviewOverrideRequest request;
  if (options.upheld == options.not_upheld) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "say how the review came out: --upheld or --not-upheld"));
  }
  request.set_number(*options.number);
  request.set_outcome(options.upheld ? signpost::v1::OVERRIDE_OUTCOME_UPHELD
                                     : signpost::v1::OVERRIDE_OUTCOME_NOT_UPHELD);
  request.set_reason(options.reason);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  request.set_request_id((*session)->NewRequestId());
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfKeeping, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::ReviewOverrideResponse response;
  const grpc::Status answered =
      OverrideService::NewStub((*session)->channel())->ReviewOverride(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "override review", answered);
  if (options.json) {
    *terminal.out << Json(response);
  } else {
    *terminal.out << RenderRecorded(absl::StrCat("Reviewed, ", Readable(response.reviewed_at()),
                                                 response.in_time() ? ", in time" : ", late"),
                                    response.receipt());
  }
  return kExitOk;
}

int Report(Terminal& terminal, const ReportOptions& options) {
  signpost::v1::ReportOverridesRequest request;
  const auto fill = [&]() -> absl::Status {
    if (!options.from.empty()) {
      SIGNPOST_ASSIGN_OR_RETURN(*request.mutable_from(), ParseDay(options.from));
    }
    if (!options.until.empty()) {
      SIGNPOST_ASSIGN_OR_RETURN(*request.mutable_until(), ParseDay(options.until));
    }
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
  signpost::v1::ReportOverridesResponse response;
  const grpc::Status answered = OverrideService::NewStub((*session)->channel())
                                    ->ReportOverrides(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "override report", answered);
  signpost::v1::OverrideReport report;
  if (!report.ParseFromString(response.answer())) {
    return FailCall(terminal, "override report",
                    grpc::Status(grpc::StatusCode::INTERNAL, "the answer does not parse"));
  }
  *terminal.out << (options.json ? Json(report)
                                 : RenderRecorded(RenderReport(report), response.receipt()));
  return kExitOk;
}

}  // namespace

std::vector<Command> OverrideCommands() {
  return {
      MakeCommand("override list", "Overrides of your agency's practitioners that wait for review.",
                  "For practitioners in role manager. What an override opened is counted and not "
                  "named.",
                  List),
      MakeCommand("override review", "Says whether an override was right. Not your own.", "",
                  Review),
      MakeCommand("override report", "Counts overrides by ground, role and outcome.",
                  "For practitioners in role manager, about their own agency, and for auditors, "
                  "about every agency.",
                  Report),
  };
}

}  // namespace signpost::adapters::cli
