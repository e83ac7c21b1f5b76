// audit patterns: accesses that somebody should look at, at a hub or on a verified copy.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/ledger/copy_options.h"
#include "adapters/cli/ledger/copy_reader.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/render.h"
#include "adapters/cli/text/text.h"
#include "hub/audit/patterns.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using signpost::v1::AuditService;

constexpr int kIndent = 3;
constexpr int kColumn = 10;
constexpr int kIndexesShown = 8;
constexpr char kZoneDefault[] = "Europe/London";
constexpr int kHitsMax = 1000;

struct PatternsOptions : HubOptions {
  PlaceOptions place;
  std::string from;
  std::string until;
  std::vector<std::string> pattern;
  std::optional<uint64_t> hits;
  std::string time_zone = kZoneDefault;
  void Declare(CLI::App* app) {
    AddText(app, "--from", "DATE", "Accesses on or after this day.", &from);
    AddText(app, "--until", "DATE", "Accesses before this day.", &until);
    AddList(app, "--pattern", "NAME", "This pattern alone.", &pattern);
    AddNumber(app, "--hits", "NUMBER", "So many a pattern; 100 without it.", &hits, {1, kHitsMax});
    AddText(app, "--time-zone", "NAME", "With --copy: where the area is; Europe/London without it.",
            &time_zone);
    place.Declare(app);
  }
};

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

absl::Status Fill(const PatternsOptions& options, signpost::v1::FindPatternsRequest* request) {
  if (options.place.reason.empty() && options.place.copy.empty()) {
    return absl::InvalidArgumentError("say why: --reason TEXT");
  }
  request->set_reason(options.place.reason);
  if (!options.from.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_from(), ParseDay(options.from));
  }
  if (!options.until.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*request->mutable_until(), ParseDay(options.until));
  }
  for (const std::string& name : options.pattern) request->add_patterns(name);
  request->set_hits_max(static_cast<int32_t>(options.hits.value_or(0)));
  return absl::OkStatus();
}

// --- On a copy ---

constexpr int kHitsDefault = 100;

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Which patterns to look for: those asked for or, without any, all that a copy can show.
absl::StatusOr<std::vector<std::string>> NamesOnACopy(const PatternsOptions& options) {
  const std::vector<std::string>& beyond = audit::PatternNamesBeyondEntries();
  const std::vector<std::string>& about_persons = audit::PatternNamesAboutPersons();
  std::vector<std::string> names = options.pattern;
  for (const std::string& name : names) {
    if (Contains(beyond, name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " compares what entries do not hold; ask the hub for it, without --copy"));
    }
    if (Contains(about_persons, name) && !options.place.has_pseudonyms()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name,
                       " asks which entries are about the same person, which a copy does not "
                       "say; ask the hub for a file (audit pseudonyms) and give it by "
                       "--pseudonyms"));
    }
  }
  if (!names.empty()) return names;
  for (const std::string& name : audit::PatternNames()) {
    if (Contains(beyond, name)) continue;
    if (options.place.has_pseudonyms() || !Contains(about_persons, name)) names.push_back(name);
  }
  return names;
}

// Those that NamesOnACopy() left out.
std::vector<std::string> NamesLeftOut(const PatternsOptions& options) {
  return options.place.has_pseudonyms() ? audit::PatternNamesBeyondEntries()
                                        : audit::PatternNamesAboutPersons();
}

absl::Status LookInCopy(const CopyReader& copy, const signpost::v1::FindPatternsRequest& request,
                        const std::optional<audit::Pseudonyms>& pseudonyms,
                        audit::PatternFinder* finder, uint64_t* entries_read) {
  const auto read = [](const std::string& bytes) {
    ledger::v1::LedgerEntry entry;
    return entry.ParseFromString(bytes)
               ? absl::StatusOr<ledger::v1::LedgerEntry>(std::move(entry))
               : absl::DataLossError("an entry of the copy does not decode");
  };
  absl::flat_hash_set<uint64_t> reviewed;
  SIGNPOST_RETURN_IF_ERROR(copy.ForEach(
      0, false,
      [&](uint64_t, const std::string& bytes, const std::string&) -> absl::StatusOr<bool> {
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, read(bytes));
        if (const auto number = audit::ReviewedBy(entry)) reviewed.insert(*number);
        return true;
      }));
  const absl::Time from =
      request.has_from() ? absl::FromUnixSeconds(request.from().seconds()) : absl::InfinitePast();
  const absl::Time until = request.has_until() ? absl::FromUnixSeconds(request.until().seconds())
                                               : absl::InfiniteFuture();
  return copy.ForEach(
      0, false,
      [&](uint64_t, const std::string& bytes, const std::string&) -> absl::StatusOr<bool> {
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::v1::LedgerEntry entry, read(bytes));
        const absl::Time at = absl::FromUnixMicros(entry.sequenced_at_us());
        if (at < from || at >= until) return true;
        if (*entries_read == base::kPatternEntriesMax) {
          return absl::InvalidArgumentError(
              absl::StrCat("there are more than ", base::kPatternEntriesMax,
                           " entries in this time; ask for less with --from and --until"));
        }
        ++*entries_read;
        if (pseudonyms.has_value() &&
            (entry.index() < pseudonyms->first() || entry.index() >= pseudonyms->end())) {
          return true;  // whom it is about nobody says
        }
        const std::string person = pseudonyms.has_value() ? pseudonyms->Of(entry.index()) : "";
        finder->Take(entry, person, [&reviewed](audit::Access* access) {
          access->reviewed = reviewed.contains(access->index);
        });
        return true;
      });
}

int PatternsOnACopy(Terminal& terminal, const PatternsOptions& options,
                    const signpost::v1::FindPatternsRequest& request) {
  const auto names = NamesOnACopy(options);
  if (!names.ok()) return FailHere(terminal, names.status());
  audit::PatternOptions finding;
  const std::string& zone = options.time_zone;
  if (!absl::LoadTimeZone(zone, &finding.zone)) {
    return FailHere(terminal, absl::InvalidArgumentError(absl::StrCat(
                                  "--time-zone: this machine knows no \"", zone, "\"")));
  }
  auto finder = audit::PatternFinder::Create(finding, *names);
  if (!finder.ok()) return FailHere(terminal, finder.status());
  std::optional<CopyReader> copy;
  const int opened = OpenCopy(terminal, options.place, &copy);
  if (opened != kExitOk) return opened;
  const auto pseudonyms = ReadPseudonyms(options.place, *copy);
  if (!pseudonyms.ok()) {
    const int code = FailHere(terminal, pseudonyms.status());
    return absl::IsDataLoss(pseudonyms.status()) ? kExitRefused : code;
  }
  signpost::v1::FindPatternsResponse response;
  uint64_t entries_read = 0;
  const absl::Status looked = LookInCopy(*copy, request, *pseudonyms, &*finder, &entries_read);
  if (!looked.ok()) return FailHere(terminal, looked);
  response.set_entries_read(entries_read);
  const int hits_max = request.hits_max() > 0 ? request.hits_max() : kHitsDefault;
  for (signpost::v1::PatternReport& report : finder->Find(terminal.clock->Now(), hits_max)) {
    *response.add_reports() = std::move(report);
  }
  if (options.json) {
    *terminal.out << Json(response);
    return kExitOk;
  }
  *terminal.out << RenderPatterns(response);
  Page page;
  page.Blank();
  page.Paragraph(0, absl::StrCat("By the thresholds that the hub comes with. Not looked for in a "
                                 "copy: ",
                                 JoinWords(NamesLeftOut(options)), "."));
  *terminal.out << page.text();
  return kExitOk;
}

int Patterns(Terminal& terminal, const PatternsOptions& options) {
  signpost::v1::FindPatternsRequest request;
  absl::Status status = Fill(options, &request);
  if (!status.ok()) return FailHere(terminal, status);
  if (!options.place.copy.empty()) return PatternsOnACopy(terminal, options, request);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  grpc::ClientContext context;
  status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  signpost::v1::FindPatternsResponse response;
  const grpc::Status answered =
      AuditService::NewStub((*session)->channel())->FindPatterns(&context, request, &response);
  if (!answered.ok()) return FailCall(terminal, "audit patterns", answered);
  *terminal.out << (options.json ? Json(response)
                                 : RenderRecorded(RenderPatterns(response), response.receipt()));
  return kExitOk;
}

}  // namespace

std::vector<Command> AuditPatternsCommands() {
  return {MakeCommand(
      "audit patterns",
      "Accesses that somebody should look at: without a relationship, out of hours, of relatives "
      "and the like. For auditors; on a --copy for everybody who has one.",
      "Each pattern prints its rule, with the area's thresholds, and the search that shows more.",
      Patterns)};
}

}  // namespace signpost::adapters::cli
