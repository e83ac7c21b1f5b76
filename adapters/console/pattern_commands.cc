// audit patterns: accesses that somebody should look at. For auditors.

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "adapters/console/console.h"
#include "adapters/console/page.h"
#include "adapters/console/render.h"
#include "adapters/console/words.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::adapters::console {
namespace {

using signpost::v1::AuditService;

constexpr int kIndent = 3;
constexpr int kColumn = 10;
constexpr int kIndexesShown = 8;

std::string RenderPatterns(const signpost::v1::FindPatternsResponse& response) {
  Page page;
  page.Line(absl::StrCat(response.entries_read(),
                         " entries read. What stands here are accesses to "
                         "ask about, not verdicts."));
  for (const signpost::v1::PatternReport& report : response.reports()) {
    page.Blank();
    page.Heading(absl::StrCat(report.name(), ": ", report.hits_total()));
    page.Paragraph(kIndent, report.rule());
    if (report.hits().empty()) continue;
    page.Field(kIndent, kColumn, "Query", report.query());
    for (const signpost::v1::PatternHit& hit : report.hits()) {
      std::string entries;
      for (int i = 0; i < hit.entry_indexes_size() && i < kIndexesShown; ++i) {
        absl::StrAppend(&entries, i == 0 ? "" : ", ", hit.entry_indexes(i));
      }
      if (hit.entry_indexes_size() > kIndexesShown) {
        absl::StrAppend(&entries, " and ", hit.entry_indexes_size() - kIndexesShown, " more");
      }
      page.Field(
          kIndent, kColumn, hit.entry_indexes_size() == 1 ? "Entry" : "Entries",
          absl::StrCat(entries, ": ", hit.agency_id(), hit.practitioner_id().empty() ? "" : "/",
                       hit.practitioner_id(), ", ", hit.why()));
    }
    const auto untold = static_cast<int64_t>(report.hits_total()) - report.hits_size();
    if (untold > 0) page.Line(absl::StrCat("   and ", untold, " more; --hits tells more"));
  }
  return page.text();
}

absl::Status Fill(const Args& args, signpost::v1::FindPatternsRequest* request) {
  if (!args.Has("--reason")) return absl::InvalidArgumentError("say why: --reason TEXT");
  request->set_reason(args.Get("--reason"));
  if (args.Has("--from")) {
    SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_from(), ParseDay(args.Get("--from")));
  }
  if (args.Has("--until")) {
    SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_until(), ParseDay(args.Get("--until")));
  }
  for (const std::string& name : args.All("--pattern")) request->add_patterns(name);
  int32_t hits = 0;
  if (args.Has("--hits") && !absl::SimpleAtoi(args.Get("--hits"), &hits)) {
    return absl::InvalidArgumentError("--hits wants a number");
  }
  request->set_hits_max(hits);
  return absl::OkStatus();
}

int Patterns(Console& console, const Args& args) {
  signpost::v1::FindPatternsRequest request;
  absl::Status status = Fill(args, &request);
  if (!status.ok()) return FailHere(console, status);
  const auto session = OpenSession(console, args);
  if (!session.ok()) return FailHere(console, session.status());
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(console, status);
  signpost::v1::FindPatternsResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->FindPatterns(&context, request, &response);
  if (!answered.ok()) return FailCall(console, "audit patterns", answered);
  *console.out << (args.Has("--json")
                       ? Json(response)
                       : RenderRecorded(RenderPatterns(response), response.receipt()));
  return kExitOk;
}

}  // namespace

std::vector<Command> PatternCommands() {
  return {
      {{"audit patterns",
        "",
        "Accesses that somebody should look at: without a relationship, out of hours, of relatives "
        "and the like. For auditors.",
        "Each pattern prints its rule, with the area's thresholds, and the search that shows more.",
        {{"--reason", "TEXT", "Why you look; it is recorded."},
         {"--from", "DATE", "Accesses on or after this day."},
         {"--until", "DATE", "Accesses before this day."},
         {"--pattern", "NAME", "This pattern alone.", true},
         {"--hits", "NUMBER", "So many a pattern; 100 without it."}}},
       Patterns},
  };
}

}  // namespace signpost::adapters::console
