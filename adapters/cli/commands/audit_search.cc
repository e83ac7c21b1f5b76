// audit search, export, tail: at a hub, or on a verified copy without one.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adapters/cli/commands/cli.h"
#include "adapters/cli/ledger/copy_options.h"
#include "adapters/cli/ledger/copy_reader.h"
#include "adapters/cli/ledger/syslog_sender.h"
#include "adapters/cli/text/page.h"
#include "adapters/cli/text/text.h"
#include "hub/audit/export.h"
#include "hub/audit/filter.h"
#include "hub/base/encoding.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "signpost/v1/audit.grpc.pb.h"

namespace signpost::adapters::cli {
namespace {

using audit::Exported;
using signpost::v1::AuditService;

// Takes one entry; false ends the reading.
using Visit = std::function<absl::StatusOr<bool>(const Exported&)>;

// --- What is asked for ---

// Which entries, and where they are read.
struct FilterOptions : HubOptions {
  PlaceOptions place;
  std::vector<std::string> kind;
  std::string from;
  std::string until;
  std::string by_agency;
  std::string by;
  std::string held_by;
  std::string purpose;
  std::string gateway;
  bool with_override = false;
  std::string outcome;
  std::string rule;
  std::string released;
  std::optional<uint64_t> policy_version;
  std::string request;
  std::string request_hash;
  std::optional<uint64_t> same_person_as;
  std::string details;
  std::string nhs_number;
  std::string upn;
  std::string joint_look;
  void Declare(CLI::App* app) {
    AddText(app, "--joint-look", "ID", kJointLookHelp, &joint_look);
    AddList(app, "--kind", "WORD", "Entries of this kind, such as who-knows.", &kind);
    AddText(app, "--from", "TIME",
            "Sequenced at this moment or later: a day, or 2026-11-23T13:00:00Z.", &from);
    AddText(app, "--until", "TIME", "Sequenced before this moment.", &until);
    AddText(app, "--by-agency", "ID", "Whose act: the agency that asked or reported.", &by_agency);
    AddText(app, "--by", "ID", "Whose act: the practitioner, with --by-agency.", &by);
    AddText(app, "--held-by", "ID", "Something that this agency holds was released.", &held_by);
    AddText(app, "--purpose", "WORD", "Why, as the asker said.", &purpose);
    AddText(app, "--gateway", "WORD", "Something was released through this lawful gateway.",
            &gateway);
    AddSwitch(app, "--with-override", "Under an override, allowed or not.", &with_override);
    AddText(app, "--outcome", "WORD",
            "What came of it: answered, not-found, recorded, a reason's name.", &outcome);
    AddText(app, "--rule", "ID", "This rule released or withheld something.", &rule);
    AddText(app, "--released", "WORD", "something or nothing.", &released);
    AddNumber(app, "--policy-version", "NUMBER", "Decided by this version of the policy.",
              &policy_version, {1, std::numeric_limits<int32_t>::max()});
    AddText(app, "--request", "ID",
            "The request id that the caller gave, with --by-agency; asks the hub.", &request);
    AddText(app, "--request-hash", "HEX",
            "Of the same request as another entry, by its request_hash.", &request_hash);
    AddNumber(app, "--same-person-as", "NUMBER",
              "About the same person as the entry of this number.", &same_person_as);
    AddText(app, "--details", "DETAILS",
            "About whom, as \"given names,surname,birth date,postcode\"; asks the hub.", &details);
    AddText(app, "--nhs-number", "NUMBER", "With --details.", &nhs_number);
    AddText(app, "--upn", "NUMBER", "With --details.", &upn);
    place.Declare(app);
  }
};

struct SearchOptions : FilterOptions {
  bool newest = false;
  std::optional<uint64_t> page_size;
  std::string page_token;
  bool all = false;
  void Declare(CLI::App* app) {
    AddSwitch(app, "--newest", "Newest first.", &newest);
    AddNumber(app, "--page-size", "NUMBER", "Entries a page, 1 to 500; 100 without it.", &page_size,
              {1, base::kSearchPageMax});
    AddText(app, "--page-token", "TOKEN", "The next page, as the one before said.", &page_token);
    AddSwitch(app, "--all", "Follow pages to the end.", &all);
    FilterOptions::Declare(app);
  }
};

struct ExportOptions : FilterOptions {
  std::string format;
  std::string out;
  std::string syslog;
  std::string syslog_ca;
  std::string syslog_cert;
  std::string syslog_key;
  void Declare(CLI::App* app) {
    AddText(app, "--format", "WORD",
            "csv, jsonl, fhir (R5 AuditEvent, one a line), fhir-bundle or "
            "atna (DICOM PS3.15 A.5, one a line).",
            &format);
    AddText(app, "--out", "FILE", "Where to.", &out);
    AddText(app, "--syslog", "HOST:PORT", "Send atna messages there: RFC 5425, port 6514 without.",
            &syslog);
    AddText(app, "--syslog-ca", "FILE", "The authority of the syslog server's certificate.",
            &syslog_ca);
    AddText(app, "--syslog-cert", "FILE", "Our certificate, where the server asks for one.",
            &syslog_cert);
    AddText(app, "--syslog-key", "FILE", "Its key, readable by its owner alone.", &syslog_key);
    FilterOptions::Declare(app);
  }
};

struct TailOptions : FilterOptions {
  std::optional<uint64_t> first;
  std::optional<uint64_t> count;
  void Declare(CLI::App* app) {
    AddNumber(app, "--first", "NUMBER",
              "Begin with the entry of this number; without it, from now.", &first);
    AddNumber(app, "--count", "NUMBER", "Stop after so many.", &count);
    FilterOptions::Declare(app);
  }
};

absl::StatusOr<google::protobuf::Timestamp> ReadTime(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return ParseDay(text);
  const int64_t us = absl::ToUnixMicros(time);
  google::protobuf::Timestamp read;
  const int64_t seconds = us >= 0 ? us / 1'000'000 : (us - 999'999) / 1'000'000;
  read.set_seconds(seconds);
  read.set_nanos(static_cast<int32_t>(us - seconds * 1'000'000) * 1000);
  return read;
}

absl::StatusOr<signpost::v1::EntryFilter> ReadFilter(const FilterOptions& options) {
  signpost::v1::EntryFilter filter;
  for (const std::string& kind : options.kind) {
    const absl::StatusOr<signpost::ledger::v1::EntryKind> read = audit::KindFromWord(kind);
    if (!read.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no kind \"", kind, "\"; there are ",
                                                     JoinWords(audit::KindWords())));
    }
    filter.add_kinds(*read);
  }
  if (!options.from.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*filter.mutable_from(), ReadTime(options.from));
  }
  if (!options.until.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(*filter.mutable_until(), ReadTime(options.until));
  }
  filter.set_agency_id(options.by_agency);
  filter.set_practitioner_id(options.by);
  filter.set_holder_agency_id(options.held_by);
  if (!options.purpose.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Purpose purpose,
                              EnumFromWord<signpost::v1::Purpose>(options.purpose));
    filter.set_purpose(purpose);
  }
  if (!options.gateway.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::Gateway gateway,
                              EnumFromWord<signpost::v1::Gateway>(options.gateway));
    filter.set_gateway(gateway);
  }
  filter.set_with_override(options.with_override);
  filter.set_outcome(options.outcome);
  filter.set_rule(options.rule);
  if (!options.released.empty()) {
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::ReleaseFilter released,
                              EnumFromWord<signpost::v1::ReleaseFilter>(options.released));
    filter.set_released(released);
  }
  if (options.policy_version.has_value()) {
    filter.set_policy_version(static_cast<int32_t>(*options.policy_version));
  }
  filter.set_request_id(options.request);
  if (!options.request_hash.empty()) {
    const absl::StatusOr<std::string> hash = base::HexDecode(options.request_hash);
    if (!hash.ok()) return absl::InvalidArgumentError("--request-hash wants 32 hex digits");
    filter.set_request_hash(*hash);
  }
  if (options.same_person_as.has_value()) filter.set_same_person_as(*options.same_person_as);
  if (!options.details.empty()) {
    PersonOptions about;
    about.details = options.details;
    about.nhs_number = options.nhs_number;
    about.upn = options.upn;
    SIGNPOST_ASSIGN_OR_RETURN(const signpost::v1::PersonSelector selector, ReadSelector(about));
    *filter.mutable_person() = selector.details();
  }
  // What is wrong is said here, before anything is recorded; but for the request id, which only the
  // hub can read.
  signpost::v1::EntryFilter checked = filter;
  if (options.place.copy.empty()) checked.clear_request_id();
  SIGNPOST_RETURN_IF_ERROR(audit::Filter::Create(checked).status());
  return filter;
}

// --- Reading ---

absl::StatusOr<Exported> ReadFound(const signpost::v1::FoundEntry& found,
                                   const std::string& origin) {
  return found.masked_entry().empty()
             ? audit::ReadForExport(found.entry(), origin)
             : audit::ReadForExport(found.masked_entry(), origin, found.leaf_hash());
}

// On a copy. Says what went wrong and gives the exit code.
int ReadCopy(Terminal& terminal, const FilterOptions& options,
             const signpost::v1::EntryFilter& wire, uint64_t first_index, bool newest_first,
             const Visit& visit) {
  if (!options.joint_look.empty()) {
    return FailHere(terminal,
                    absl::InvalidArgumentError("a copy is masked; a joint look is at the hub"));
  }
  if (wire.has_person()) {
    return FailHere(terminal, absl::InvalidArgumentError(
                                  "a copy does not say who is who; ask the hub by --details"));
  }
  const absl::StatusOr<audit::Filter> filter = audit::Filter::Create(wire);
  if (!filter.ok()) return FailHere(terminal, filter.status());
  std::optional<CopyReader> copy;
  const int opened = OpenCopy(terminal, options.place, &copy);
  if (opened != kExitOk) return opened;
  const auto pseudonyms = ReadPseudonyms(options.place, *copy);
  if (!pseudonyms.ok()) {
    const int code = FailHere(terminal, pseudonyms.status());
    return absl::IsDataLoss(pseudonyms.status()) ? kExitRefused : code;
  }
  std::string same;
  if (wire.has_same_person_as()) {
    if (!pseudonyms->has_value()) {
      return FailHere(terminal, absl::InvalidArgumentError(
                                    "a copy does not say which entries are about the same person; "
                                    "ask the hub for a file (audit pseudonyms) and give it by "
                                    "--pseudonyms"));
    }
    same = (*pseudonyms)->Of(wire.same_person_as());
    if (same.empty()) return kExitOk;
  }
  const absl::Status status = copy->ForEach(
      first_index, newest_first,
      [&](uint64_t index, const std::string& bytes,
          const std::string& leaf_hash) -> absl::StatusOr<bool> {
        if (!same.empty() && (*pseudonyms)->Of(index) != same) return true;
        SIGNPOST_ASSIGN_OR_RETURN(const Exported exported,
                                  audit::ReadForExport(bytes, copy->origin(), leaf_hash));
        if (!filter->Matches(exported.entry)) return true;
        return visit(exported);
      });
  return status.ok() ? kExitOk : FailHere(terminal, status);
}

struct HubSearch {
  signpost::v1::SearchEntriesRequest request;  // its token is moved on
  bool all = false;                            // follow pages
};

// At a hub: one page, or all.
int ReadHub(Terminal& terminal, const FilterOptions& options, HubSearch* search,
            const Visit& visit) {
  if (options.place.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  search->request.set_reason(options.place.reason);
  search->request.set_joint_look_id(options.joint_look);
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  const auto stub = AuditService::NewStub((*session)->channel());
  do {
    grpc::ClientContext context;
    absl::Status status = (*session)->Prepare(kPurposeOfAudit, kCallDeadline, &context);
    if (!status.ok()) return FailHere(terminal, status);
    signpost::v1::SearchEntriesResponse page;
    const grpc::Status answered = stub->SearchEntries(&context, search->request, &page);
    if (!answered.ok()) return FailCall(terminal, "audit search", answered);
    search->request.set_page_token(page.next_page_token());
    for (const signpost::v1::FoundEntry& found : page.entries()) {
      const absl::StatusOr<Exported> exported = ReadFound(found, page.receipt().origin());
      const absl::StatusOr<bool> go_on = exported.ok() ? visit(*exported) : exported.status();
      if (!go_on.ok()) return FailHere(terminal, go_on.status());
      if (!*go_on) return kExitOk;
    }
  } while (search->all && !search->request.page_token().empty());
  return kExitOk;
}

// --- Showing ---

std::string Padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// One line of a table.
std::string Line(const Exported& exported) {
  const ledger::v1::LedgerEntry& entry = exported.entry;
  std::string who = entry.agency_id().empty() ? "the hub" : entry.agency_id();
  if (!entry.practitioner_id().empty()) absl::StrAppend(&who, "/", entry.practitioner_id());
  uint32_t withheld = 0;
  for (const auto& one : entry.withheld()) withheld += one.count();
  std::string what = audit::OutcomeText(entry);
  if (const std::string purpose = audit::EnumWord(entry.purpose()); !purpose.empty()) {
    absl::StrAppend(&what, ", ", purpose);
  }
  if (entry.released_size() > 0) absl::StrAppend(&what, ", ", entry.released_size(), " released");
  if (withheld > 0) absl::StrAppend(&what, ", ", withheld, " withheld");
  if (entry.who_knows().has_override()) {
    absl::StrAppend(&what,
                    entry.who_knows().override().allowed() ? ", OVERRIDE" : ", override refused");
  }
  const std::string time = absl::FormatTime(
      "%Y-%m-%d %H:%M:%S", absl::FromUnixMicros(entry.sequenced_at_us()), absl::UTCTimeZone());
  return Cleaned(absl::StrCat(Padded(absl::StrCat(entry.index()), 9), time, "  ",
                              Padded(audit::KindWord(entry.kind()), 20), " ", Padded(who, 30), " ",
                              what)) +
         "\n";
}

Visit Show(Terminal& terminal, const FilterOptions& options, uint64_t* shown) {
  return [&terminal, json = options.json, shown](const Exported& exported) {
    ++*shown;
    *terminal.out << (json ? audit::JsonLine(exported) : Line(exported)) << std::flush;
    return absl::StatusOr<bool>(true);
  };
}

int Search(Terminal& terminal, const SearchOptions& options) {
  const auto filter = ReadFilter(options);
  if (!filter.ok()) return FailHere(terminal, filter.status());
  const uint64_t page_size = options.page_size.value_or(0);
  uint64_t shown = 0;
  const Visit show = Show(terminal, options, &shown);
  if (!options.place.copy.empty()) {
    const int code =
        ReadCopy(terminal, options, *filter, 0, options.newest, [&](const Exported& exported) {
          (void)*show(exported);
          return absl::StatusOr<bool>(options.all || page_size == 0 || shown < page_size);
        });
    if (code == kExitOk && !options.json) {
      *terminal.out << shown << (shown == 1 ? " entry\n" : " entries\n");
    }
    return code;
  }
  HubSearch search;
  *search.request.mutable_filter() = *filter;
  search.request.set_page_size(static_cast<int32_t>(page_size));
  search.request.set_newest_first(options.newest);
  search.request.set_page_token(options.page_token);
  search.all = options.all;
  const int code = ReadHub(terminal, options, &search, show);
  if (code != kExitOk) return code;
  std::ostream& words = options.json ? *terminal.err : *terminal.out;
  words << shown << (shown == 1 ? " entry\n" : " entries\n");
  if (!search.request.page_token().empty()) {
    words << "There is more: the same with --page-token " << search.request.page_token()
          << ", or with --all\n";
  }
  return kExitOk;
}

// --- Exporting ---

// A file that is there whole or not at all, readable by its owner alone.
class OutFile {
 public:
  ~OutFile() {
    if (fd_ < 0) return;
    close(fd_);
    (void)unlink(part_.c_str());
  }
  absl::Status Open(const std::string& path) {
    path_ = path;
    part_ = path + ".part";
    fd_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return fd_ >= 0 ? absl::OkStatus() : Failed();
  }
  absl::Status Write(const std::string& bytes) {
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t written = write(fd_, bytes.data() + at, bytes.size() - at);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return Failed();
      at += static_cast<size_t>(written);
    }
    return absl::OkStatus();
  }
  absl::Status Finish() {
    if (fsync(fd_) != 0) return Failed();
    close(std::exchange(fd_, -1));
    return rename(part_.c_str(), path_.c_str()) == 0 ? absl::OkStatus() : Failed();
  }

 private:
  absl::Status Failed() const {
    return absl::UnavailableError(absl::StrCat("cannot write ", path_, ": ", std::strerror(errno)));
  }
  std::string path_;
  std::string part_;
  int fd_ = -1;
};

absl::StatusOr<audit::Format> ReadFormat(const std::string& word) {
  if (word == "csv") return audit::Format::kCsv;
  if (word == "jsonl") return audit::Format::kJsonLines;
  if (word == "fhir") return audit::Format::kFhir;
  if (word == "fhir-bundle") return audit::Format::kFhirBundle;
  if (word == "atna") return audit::Format::kAtna;
  return absl::InvalidArgumentError("--format wants csv, jsonl, fhir, fhir-bundle or atna");
}

absl::StatusOr<SyslogTarget> ReadSyslog(const ExportOptions& options) {
  SIGNPOST_ASSIGN_OR_RETURN(SyslogTarget target, ParseSyslogAddress(options.syslog));
  target.ca_path = options.syslog_ca;
  target.certificate_path = options.syslog_cert;
  target.key_path = options.syslog_key;
  if (target.ca_path.empty()) {
    return absl::InvalidArgumentError(
        "say whose certificates to trust: --syslog-ca FILE; entries do not leave unprotected");
  }
  if (target.certificate_path.empty() != target.key_path.empty()) {
    return absl::InvalidArgumentError("--syslog-cert and --syslog-key belong together");
  }
  return target;
}

int Export(Terminal& terminal, const ExportOptions& options) {
  const auto filter = ReadFilter(options);
  if (!filter.ok()) return FailHere(terminal, filter.status());
  if (!options.syslog.empty() == !options.out.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say where to: --out FILE or --syslog "
                                                         "HOST:PORT"));
  }
  const auto format =
      ReadFormat(options.format.empty() && !options.syslog.empty() ? "atna" : options.format);
  if (!format.ok()) return FailHere(terminal, format.status());
  OutFile file;
  std::unique_ptr<SyslogSender> sender;
  std::string host_name(256, '\0');
  if (gethostname(host_name.data(), host_name.size() - 1) != 0) host_name = "-";
  host_name = host_name.c_str();
  audit::Exporter exporter(*format);
  if (!options.syslog.empty()) {
    if (*format != audit::Format::kAtna) {
      return FailHere(terminal, absl::InvalidArgumentError("syslog carries --format atna alone"));
    }
    const auto target = ReadSyslog(options);
    if (!target.ok()) return FailHere(terminal, target.status());
    auto opened = SyslogSender::Open(*target);
    if (!opened.ok()) {
      const int code = FailHere(terminal, opened.status());
      if (absl::IsPermissionDenied(opened.status())) return kExitRefused;
      return absl::IsUnavailable(opened.status()) ? kExitUnreachable : code;
    }
    sender = *std::move(opened);
  } else {
    absl::Status status = file.Open(options.out);
    if (status.ok()) status = file.Write(exporter.Begin());
    if (!status.ok()) return FailHere(terminal, status);
  }
  uint64_t count = 0;
  const Visit write = [&](const Exported& exported) -> absl::StatusOr<bool> {
    if (sender != nullptr) {
      const std::string time = absl::FormatTime(
          "%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(exported.entry.sequenced_at_us()),
          absl::UTCTimeZone());
      const bool failed = *audit::OutcomeIndicator(exported.entry) != '0';
      SIGNPOST_RETURN_IF_ERROR(
          sender->Send(SyslogMessage(time, failed, host_name, audit::AtnaMessage(exported))));
    } else {
      SIGNPOST_RETURN_IF_ERROR(file.Write(exporter.Next(exported)));
    }
    ++count;
    return true;
  };
  int code = kExitOk;
  if (!options.place.copy.empty()) {
    code = ReadCopy(terminal, options, *filter, 0, false, write);
  } else {
    HubSearch search;
    *search.request.mutable_filter() = *filter;
    search.request.set_page_size(base::kSearchPageMax);
    search.all = true;
    code = ReadHub(terminal, options, &search, write);
  }
  if (code != kExitOk) {
    if (sender != nullptr) {
      *terminal.err << "signpost: " << count << " entries were sent before that\n";
    }
    return code;
  }
  absl::Status status;
  if (sender != nullptr) {
    status = sender->Close();
  } else {
    status = file.Write(exporter.End());
    if (status.ok()) status = file.Finish();
  }
  if (!status.ok()) {
    const int failed = FailHere(terminal, status);
    return sender != nullptr ? kExitUnreachable : failed;
  }
  *terminal.out << count << (count == 1 ? " entry" : " entries")
                << (sender != nullptr ? absl::StrCat(" sent to ", options.syslog)
                                      : absl::StrCat(" written to ", options.out))
                << "\n";
  return kExitOk;
}

// --- Looking on ---

int Tail(Terminal& terminal, const TailOptions& options) {
  const auto filter = ReadFilter(options);
  if (!filter.ok()) return FailHere(terminal, filter.status());
  const uint64_t first = options.first.value_or(0);
  const uint64_t count = options.count.value_or(UINT64_MAX);
  uint64_t shown = 0;
  const Visit show = Show(terminal, options, &shown);
  if (!options.place.copy.empty()) {
    return ReadCopy(terminal, options, *filter, first, false, [&](const Exported& exported) {
      (void)*show(exported);
      return absl::StatusOr<bool>(shown < count);
    });
  }
  if (options.place.reason.empty()) {
    return FailHere(terminal, absl::InvalidArgumentError("say why: --reason TEXT"));
  }
  const auto session = OpenSession(terminal, options);
  if (!session.ok()) return FailHere(terminal, session.status());
  signpost::v1::TailEntriesRequest request;
  *request.mutable_filter() = *filter;
  request.set_reason(options.place.reason);
  request.set_joint_look_id(options.joint_look);
  if (options.first.has_value()) request.set_first_index(first);
  grpc::ClientContext context;
  const absl::Status status = (*session)->Prepare(kPurposeOfAudit, kStreamDeadline, &context);
  if (!status.ok()) return FailHere(terminal, status);
  const auto stub = AuditService::NewStub((*session)->channel());
  const auto stream = stub->TailEntries(&context, request);
  signpost::v1::TailEntriesResponse response;
  std::optional<uint64_t> next;
  while (shown < count && stream->Read(&response)) {
    for (const signpost::v1::FoundEntry& found : response.entries()) {
      if (shown == count) break;
      // The name of the ledger stands in neither form that is shown.
      const absl::StatusOr<Exported> exported = ReadFound(found, "");
      if (!exported.ok()) return FailHere(terminal, exported.status());
      (void)*show(*exported);
    }
    next = response.next_index();
  }
  context.TryCancel();
  const grpc::Status finished = stream->Finish();
  if (shown >= count) return kExitOk;
  if (next.has_value()) {
    *terminal.err << "signpost: go on with --first " << *next << "\n";
  }
  // Half an hour is over; that is no failure.
  if (finished.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && next.has_value()) {
    return kExitOk;
  }
  return FailCall(terminal, "audit tail", finished);
}

}  // namespace

std::vector<Command> AuditSearchCommands() {
  return {
      MakeCommand(
          "audit search",
          "Searches the entries of the ledger. For auditors; on a --copy for everybody who "
          "has one.",
          "Everything that is asked for must hold. Each page from a hub is itself an entry.",
          Search),
      MakeCommand("audit export",
                  "Writes entries as csv, jsonl, fhir, fhir-bundle or atna, to a file or to syslog "
                  "over TLS.",
                  "docs/audit-exports.md says what becomes what. The file is there whole or not at "
                  "all.",
                  Export),
      MakeCommand("audit tail",
                  "Shows entries as they are sequenced, for half an hour or until you stop it. For "
                  "auditors.",
                  "With --copy: those of the copy.", Tail),
  };
}

}  // namespace signpost::adapters::cli
