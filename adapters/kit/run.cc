#include "adapters/kit/run.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "adapters/kit/journal.h"
#include "adapters/kit/mailbox.h"
#include "adapters/kit/values.h"
#include "google/protobuf/util/json_util.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/json_config.h"
#include "hub/base/json_log.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

constexpr char kUsage[] =
    "usage: %s --config FILE [--once] [--dry-run] [--report FILE] [--confirm-missing N]\n"
    "          [--resend-all]\n"
    "\n"
    "Reads the inbox that FILE names, prints what became of each row, and sends what changed.\n"
    "  --once               process the inbox once and exit; otherwise watch it\n"
    "  --dry-run            print exactly what would leave, one JSON object a line, and send\n"
    "                       nothing (the intake report goes to standard error)\n"
    "  --report FILE        write the intake report as JSON lines\n"
    "  --confirm-missing N  up to N open records may have gone from a full extract\n"
    "  --resend-all         send every record, whatever the journal says\n"
    "Exit codes: 0 done; 1 not all could be sent, run again; 2 usage or configuration;\n"
    "3 the extract, or the closing of what it lacks, was refused.\n";

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool Matches(absl::string_view pattern, absl::string_view name) {
  const size_t star = pattern.find('*');
  if (star == absl::string_view::npos) return pattern == name;
  const absl::string_view head = pattern.substr(0, star);
  const absl::string_view rest = pattern.substr(star + 1);
  if (!absl::StartsWith(name, head)) return false;
  for (size_t at = head.size(); at <= name.size(); ++at) {
    if (Matches(rest, name.substr(at))) return true;
  }
  return false;
}

// Whole or not at all: written beside and renamed.
absl::Status WriteFile(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool good = fd >= 0;
  size_t at = 0;
  while (good && at < text.size()) {
    const ssize_t put = write(fd, text.data() + at, text.size() - at);
    if (put < 0 && errno == EINTR) continue;
    good = put >= 0;
    at += good ? static_cast<size_t>(put) : 0;
  }
  if (fd >= 0 && close(fd) != 0) good = false;
  if (!good || rename(fresh.c_str(), path.c_str()) != 0) {
    return base::Error(base::Reason::kStoreUnavailable,
                       absl::StrCat(path, " cannot be written (", std::strerror(errno), ")"));
  }
  return absl::OkStatus();
}

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  // Cannot fail for messages without Any; should it, the line says so rather than nothing.
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) {
    return "{\"error\":\"cannot be printed\"}\n";
  }
  return text + "\n";
}

std::string Quoted(const std::string& text) {
  std::string out;
  base::AppendJsonString(text, &out);
  return out;
}

// What one run has to say, gathered for people, for the report and for the status file.
struct RunReport {
  PushSummary push;
  int64_t records = 0;
  int64_t unchanged = 0;
  int64_t missing = 0;
  int64_t closed = 0;
  int64_t notices = 0;
  std::string error;
};

constexpr const char* kOutcomeWords[] = {"",          "person_created", "linked",  "updated",
                                         "unchanged", "in_review",      "rejected"};

std::string HubTable(const RunReport& run) {
  std::string out;
  absl::StrAppendFormat(&out, "  %d records: %d as the hub has them, %d reported\n", run.records,
                        run.unchanged, run.push.acknowledged);
  for (size_t kind = 1; kind < run.push.by_outcome.size(); ++kind) {
    if (run.push.by_outcome[kind] == 0) continue;
    absl::StrAppendFormat(&out, "    %-16s %9d\n", kOutcomeWords[kind], run.push.by_outcome[kind]);
  }
  for (const HubRejection& rejection : run.push.rejections) {
    absl::StrAppend(&out, "  refused by the hub: ", rejection.record->file, " row ",
                    rejection.record->row, " | ", rejection.reason);
    for (const HubError::Field& field : rejection.fields) {
      absl::StrAppend(&out, " | ", field.field, ": ", field.description);
    }
    absl::StrAppend(&out, "\n");
  }
  if (run.missing > 0) {
    absl::StrAppendFormat(&out, "  %d open records are no longer in the extract, %d closed\n",
                          run.missing, run.closed);
  }
  if (run.notices > 0) absl::StrAppendFormat(&out, "  %d notices taken in\n", run.notices);
  if (!run.error.empty()) absl::StrAppend(&out, "  NOT DONE: ", run.error, "\n");
  return out;
}

std::string HubJson(const std::string& adapter, const RunReport& run) {
  const std::string head = absl::StrCat("{\"adapter\":", Quoted(adapter));
  std::string out;
  for (const HubRejection& rejection : run.push.rejections) {
    absl::StrAppend(&out, head,
                    ",\"kind\":\"hub_rejected\",\"file\":", Quoted(rejection.record->file),
                    ",\"row\":", rejection.record->row, ",\"reason\":", Quoted(rejection.reason),
                    ",\"fields\":[");
    const char* comma = "";
    for (const HubError::Field& field : rejection.fields) {
      absl::StrAppend(&out, comma, "{\"field\":", Quoted(field.field),
                      ",\"description\":", Quoted(field.description), "}");
      comma = ",";
    }
    absl::StrAppend(&out, "]}\n");
  }
  absl::StrAppend(&out, head, ",\"kind\":\"hub\",\"records\":", run.records,
                  ",\"as_before\":", run.unchanged, ",\"sent\":", run.push.reports_sent,
                  ",\"acknowledged\":", run.push.acknowledged);
  for (size_t kind = 1; kind < run.push.by_outcome.size(); ++kind) {
    absl::StrAppend(&out, ",\"", kOutcomeWords[kind], "\":", run.push.by_outcome[kind]);
  }
  absl::StrAppend(&out, ",\"missing\":", run.missing, ",\"closed\":", run.closed,
                  ",\"error\":", Quoted(run.error), "}\n");
  return out;
}

// Open records of the extract, whatever became of their rows: a row that was rejected has not gone.
std::vector<std::string> OpenIds(const Intake& intake) {
  absl::flat_hash_set<std::string> closed;
  for (const Record& record : intake.records()) {
    if (record.report.status() != signpost::v1::FLAG_STATUS_OPEN) {
      closed.insert(record.report.record_id());
    }
  }
  std::vector<std::string> open;
  for (const std::string& id : intake.present()) {
    if (!closed.contains(id)) open.push_back(id);
  }
  std::sort(open.begin(), open.end());
  return open;
}

int64_t MissingByJournal(const Intake& intake, const Journal& journal) {
  int64_t missing = 0;
  for (const auto& [id, entry] : journal.entries()) {
    if (entry.status == signpost::v1::FLAG_STATUS_OPEN && !intake.present().contains(id)) {
      ++missing;
    }
  }
  return missing;
}

// What has gone from the extract and is closed at the hub would be new if it came again.
absl::Status ForgetGone(const Intake& intake, Journal* journal) {
  std::vector<std::string> gone;
  for (const auto& [id, entry] : journal->entries()) {
    if (!intake.present().contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) SIGNPOST_RETURN_IF_ERROR(journal->Forget(id));
  return journal->Sync();
}

std::vector<const Record*> AllRecords(const std::vector<Record>& records) {
  std::vector<const Record*> all;
  all.reserve(records.size());
  for (const Record& record : records) all.push_back(&record);
  return all;
}

void PrintDryRun(const std::vector<const Record*>& changed,
                 const std::vector<std::string>& open_ids, bool reconcile, std::FILE* out) {
  for (const Record* record : changed) std::fputs(JsonLine(record->report).c_str(), out);
  if (!reconcile) return;
  for (size_t at = 0; at < open_ids.size(); at += base::kPageRowsMax) {
    signpost::v1::ReconcileRequest request;
    const size_t end = std::min(open_ids.size(), at + base::kPageRowsMax);
    for (size_t i = at; i < end; ++i) request.add_open_record_ids(open_ids[i]);
    std::fputs(JsonLine(request).c_str(), out);
  }
}

// Compares lists with the hub, closes what may be closed, and sends again what the hub lacks.
// `refused` is set when closing was refused.
absl::Status Reconcile(const Intake& intake, const AdapterConfig& config, const RunOptions& options,
                       Pusher* pusher, Journal* journal, RunReport* run, bool* refused) {
  const std::vector<std::string> open_ids = OpenIds(intake);
  SIGNPOST_ASSIGN_OR_RETURN(Pusher::ReconcileResult told, pusher->Reconcile(open_ids, 0));
  run->missing = told.missing;
  if (told.missing > 0) {
    absl::Status may =
        CheckMissing({config.missing_percent_max, options.confirm_missing}, told.missing,
                     static_cast<int64_t>(open_ids.size()) + told.missing);
    if (may.ok() && intake.rows_without_id() > 0) {
      may = base::InvalidField(
          "extract", absl::StrCat(intake.rows_without_id(),
                                  " rows have no readable record id, so nobody can say which "
                                  "records have gone; mend those rows first"));
    }
    if (!may.ok()) {
      *refused = true;
      return may;
    }
    SIGNPOST_ASSIGN_OR_RETURN(const Pusher::ReconcileResult closed,
                              pusher->Reconcile(open_ids, told.missing));
    run->closed = closed.closed;
    told.unknown = closed.unknown;
  }
  SIGNPOST_RETURN_IF_ERROR(ForgetGone(intake, journal));
  if (told.unknown.empty()) return absl::OkStatus();
  // What waits for a person's decision, or was refused a moment ago, is not open and not lost.
  const absl::flat_hash_set<std::string> unknown(told.unknown.begin(), told.unknown.end());
  absl::flat_hash_set<const Record*> rejected;
  for (const HubRejection& rejection : run->push.rejections) rejected.insert(rejection.record);
  std::vector<const Record*> again;
  for (const Record& record : intake.records()) {
    if (!unknown.contains(record.report.record_id()) || rejected.contains(&record)) continue;
    const JournalEntry* entry = journal->Find(record.report.record_id());
    if (entry != nullptr && entry->outcome == signpost::v1::FLAG_OUTCOME_KIND_IN_REVIEW) continue;
    again.push_back(&record);
  }
  return pusher->Push(again, &run->push);
}

int SendAll(const Intake& intake, const AdapterConfig& config, const RunOptions& options,
            base::RandomSource* random, std::shared_ptr<grpc::ChannelInterface> channel,
            Journal* journal, const std::vector<const Record*>& changed, RunReport* run) {
  const Sleeper sleeper = options.sleeper ? options.sleeper : RealSleeper();
  const auto failed = [run](const absl::Status& status, int code) {
    run->error = std::string(status.message());
    return code;
  };
  if (channel == nullptr) {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> made = Connect(config.hub);
    if (!made.ok()) return failed(made.status(), kExitUsage);
    channel = *std::move(made);
  }
  PushOptions push = options.push;
  push.feed = config.feed;
  Pusher pusher(channel, journal, random, push, sleeper);
  absl::Status status = pusher.Push(changed, &run->push);
  if (!status.ok()) return failed(status, kExitNotSent);
  if (config.full_extract) {
    bool refused = false;
    status = Reconcile(intake, config, options, &pusher, journal, run, &refused);
    if (!status.ok()) return failed(status, refused ? kExitRefused : kExitNotSent);
  }
  return kExitDone;
}

int DrainMailbox(const AdapterConfig& config, const RunOptions& options, base::RandomSource* random,
                 std::shared_ptr<grpc::ChannelInterface> channel, RunReport* run) {
  absl::StatusOr<Mailbox::Handler> handler = NoticeFile(config.notices);
  if (!handler.ok()) {
    run->error = std::string(handler.status().message());
    return kExitUsage;
  }
  if (channel == nullptr) {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> made = Connect(config.hub);
    if (!made.ok()) {
      run->error = std::string(made.status().message());
      return kExitUsage;
    }
    channel = *std::move(made);
  }
  MailboxOptions mailbox;
  mailbox.until_empty = true;
  Mailbox box(channel, random, mailbox, options.sleeper ? options.sleeper : RealSleeper());
  const absl::Status status = box.Read(*handler, &run->notices);
  if (status.ok()) return kExitDone;
  run->error = std::string(status.message());
  return kExitNotSent;
}

// Prints and writes what the run came to; the exit code is `code` unless a report cannot be
// written.
int Conclude(const SourceSystem& system, const AdapterConfig& config, const RunOptions& options,
             const base::Clock* clock, const Intake& intake, const RunReport& run, int code) {
  std::FILE* const people = options.dry_run ? options.err : options.out;
  if (!options.dry_run) std::fputs(HubTable(run).c_str(), people);
  absl::Status written;
  if (!config.report.empty()) {
    written = WriteFile(config.report, intake.JsonLines(system.name()) +
                                           (options.dry_run ? "" : HubJson(system.name(), run)));
  }
  if (written.ok() && !config.status.empty() && !options.dry_run) {
    const FileCount total = intake.Total();
    written = WriteFile(
        config.status,
        absl::StrCat("{\"adapter\":", Quoted(system.name()), ",\"ran_at\":\"",
                     absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock->Now(), absl::UTCTimeZone()),
                     "\",\"exit_code\":", code, ",\"rows_accepted\":", total.accepted,
                     ",\"rows_corrected\":", total.corrected, ",\"rows_rejected\":", total.rejected,
                     ",\"acknowledged\":", run.push.acknowledged, ",\"as_before\":", run.unchanged,
                     ",\"closed\":", run.closed, ",\"error\":", Quoted(run.error), "}\n"));
  }
  std::fflush(options.out);
  if (written.ok()) return code;
  std::fprintf(options.err, "%s\n", std::string(written.message()).c_str());
  return code == kExitDone ? kExitUsage : code;
}

}  // namespace

absl::StatusOr<Inbox> Inbox::Scan(const std::string& folder) {
  Inbox inbox;
  inbox.folder_ = folder;
  DIR* open_folder = opendir(folder.c_str());
  if (open_folder == nullptr) {
    return base::InvalidField("inbox",
                              absl::StrCat(folder, " cannot be read (", std::strerror(errno), ")"));
  }
  while (const dirent* entry = readdir(open_folder)) {
    const std::string name = entry->d_name;
    struct stat info = {};
    if (name[0] == '.' || stat(absl::StrCat(folder, "/", name).c_str(), &info) != 0 ||
        !S_ISREG(info.st_mode)) {
      continue;
    }
    inbox.names_.push_back(name);
    inbox.newest_ = std::max(inbox.newest_, absl::TimeFromTimespec(info.st_mtim));
  }
  closedir(open_folder);
  std::sort(inbox.names_.begin(), inbox.names_.end());
  for (const std::string& name : inbox.names_) {
    struct stat info = {};
    if (stat(inbox.PathOf(name).c_str(), &info) != 0) continue;
    absl::StrAppend(&inbox.fingerprint_, name, "/", info.st_size, "/", info.st_ino, "/",
                    absl::ToUnixNanos(absl::TimeFromTimespec(info.st_mtim)), "\n");
  }
  return inbox;
}

std::vector<std::string> Inbox::Matching(const std::string& pattern) const {
  std::vector<std::string> found;
  for (const std::string& name : names_) {
    if (Matches(pattern, name)) found.push_back(name);
  }
  return found;
}

std::string Inbox::PathOf(const std::string& name) const {
  return absl::StrCat(folder_, "/", name);
}

std::optional<std::string> NewestWhole(
    const Inbox& inbox, const std::string& pattern, bool needed,
    const std::function<absl::Status(const std::string& path)>& check, Intake* intake) {
  std::vector<std::string> names = inbox.Matching(pattern);
  std::reverse(names.begin(), names.end());
  std::optional<std::string> whole;
  std::vector<std::pair<std::string, absl::Status>> broken;
  for (const std::string& name : names) {
    absl::Status status = check(inbox.PathOf(name));
    if (status.ok()) {
      whole = name;
      break;
    }
    broken.emplace_back(name, std::move(status));
  }
  for (const auto& [name, status] : broken) {
    intake->RefuseFile(name, status, needed && !whole.has_value());
  }
  if (names.empty() && needed) {
    intake->RefuseFile(pattern,
                       base::InvalidField("inbox",
                                          "no such file in the inbox, and the extract "
                                          "cannot stand without it; has the export run?"),
                       /*needed=*/true);
  }
  return whole;
}

absl::StatusOr<AdapterConfig> ReadAdapterConfig(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject object, base::ConfigObject::ReadFile(path));
  const std::string folder = FolderOf(path);
  const auto resolve = [&folder](const std::string& file) {
    if (file.empty() || file[0] == '/') return file;
    return absl::StrCat(folder, "/", file);
  };
  AdapterConfig config;
  base::ConfigObject hub = object.Object("hub");
  config.hub.address = hub.String("address");
  config.hub.server_name = hub.StringOr("server_name", "");
  config.hub.ca_path = resolve(hub.String("ca"));
  config.hub.certificate_path = resolve(hub.String("certificate"));
  config.hub.key_path = resolve(hub.String("key"));
  config.inbox = resolve(object.String("inbox"));
  config.journal = resolve(object.String("journal"));
  config.mapping_path = resolve(object.StringOr("mapping", ""));
  config.feed = object.StringOr("feed", "nightly");
  config.full_extract = object.ChoiceOr("extract", {"full", "changes"}, "full") == "full";
  config.missing_percent_max =
      static_cast<double>(object.IntegerOr("missing_percent_max", 5, 0, 100));
  config.report = resolve(object.StringOr("report", ""));
  config.status = resolve(object.StringOr("status", ""));
  config.notices = resolve(object.StringOr("notices", ""));
  config.poll = object.DurationOr("poll", config.poll);
  config.settle = object.DurationOr("settle", config.settle);
  if (config.poll < absl::Milliseconds(100)) object.Complain("poll", "must be at least 100ms");
  if (!config.mapping_path.empty()) {
    std::ifstream file(config.mapping_path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    config.mapping_text = text.str();
    if (!file.good() || config.mapping_text.size() > base::kConfigBytesMax) {
      object.Complain("mapping",
                      absl::StrCat(config.mapping_path, " cannot be read or is too large"));
    }
  }
  SIGNPOST_RETURN_IF_ERROR(object.Finish());
  return config;
}

int RunOnce(const SourceSystem& system, const AdapterConfig& config, const RunOptions& options,
            const base::Clock* clock, base::RandomSource* random,
            std::shared_ptr<grpc::ChannelInterface> channel) {
  const auto usage = [&options](const absl::Status& status) {
    std::fprintf(options.err, "%s\n", std::string(status.message()).c_str());
    return kExitUsage;
  };
  const absl::StatusOr<Mapping> mapping =
      Mapping::Parse(system.default_mapping(), config.mapping_text, config.mapping_path);
  if (!mapping.ok()) return usage(mapping.status());
  const absl::StatusOr<Inbox> inbox = Inbox::Scan(config.inbox);
  if (!inbox.ok()) return usage(inbox.status());
  const absl::StatusOr<std::unique_ptr<Journal>> journal =
      options.dry_run ? Journal::OpenReadOnly(config.journal, random)
                      : Journal::Open(config.journal, random);
  if (!journal.ok()) return usage(journal.status());

  Intake intake;
  const absl::Status read = system.Read(*inbox, *mapping, Today(clock->Now()), &intake);
  if (!read.ok()) return usage(read);
  if ((*journal)->bytes_dropped() > 0) {
    intake.Note("journal", absl::StrCat("a torn end of ", (*journal)->bytes_dropped(),
                                        " bytes was dropped; what it held is sent again"));
  }
  for (Record& record : intake.records()) SortAssessments(&record.report);
  KeepKnownAssessments(**journal, &intake);
  std::FILE* const people = options.dry_run ? options.err : options.out;
  std::fputs(intake.Table(system.name()).c_str(), people);
  std::fflush(people);

  RunReport run;
  run.records = static_cast<int64_t>(intake.records().size());
  if (intake.refused()) {
    run.error = "the extract was refused: see the files above";
    return Conclude(system, config, options, clock, intake, run, kExitRefused);
  }
  if (config.full_extract) {
    // Before anything leaves: a truncated extract is refused as a whole.
    const absl::Status may =
        CheckMissing({config.missing_percent_max, options.confirm_missing},
                     MissingByJournal(intake, **journal), (*journal)->open_count());
    if (!may.ok()) {
      run.error = absl::StrCat("nothing was sent: ", std::string(may.message()));
      std::fprintf(options.err, "%s\n", run.error.c_str());
      return Conclude(system, config, options, clock, intake, run, kExitRefused);
    }
  }
  const std::vector<const Record*> changed = options.resend_all
                                                 ? AllRecords(intake.records())
                                                 : ChangedRecords(intake.records(), **journal);
  run.unchanged = run.records - static_cast<int64_t>(changed.size());
  if (options.dry_run) {
    PrintDryRun(changed, OpenIds(intake), config.full_extract, options.out);
    return Conclude(system, config, options, clock, intake, run, kExitDone);
  }
  int code = SendAll(intake, config, options, random, channel, journal->get(), changed, &run);
  if (code == kExitDone && !config.notices.empty() && options.drain_mailbox) {
    code = DrainMailbox(config, options, random, channel, &run);
  }
  return Conclude(system, config, options, clock, intake, run, code);
}

namespace {

std::atomic<bool> stop_asked{false};
void AskToStop(int /*signal*/) { stop_asked.store(true); }

bool SleepUnlessStopped(absl::Duration duration) {
  const absl::Time until = absl::Now() + duration;
  while (!stop_asked.load() && absl::Now() < until) {
    absl::SleepFor(std::min(until - absl::Now(), absl::Milliseconds(100)));
  }
  return !stop_asked.load();
}

// Reads the mailbox until asked to stop, in a thread of its own.
class MailboxThread {
 public:
  MailboxThread(const AdapterConfig& config, base::JsonLog* log) : log_(log) {
    if (config.notices.empty()) return;
    absl::StatusOr<Mailbox::Handler> handler = NoticeFile(config.notices);
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = Connect(config.hub);
    if (!handler.ok() || !channel.ok()) {
      log_->Error("mailbox_not_read",
                  {{"reason", (handler.ok() ? channel.status() : handler.status()).message()}});
      return;
    }
    mailbox_ = std::make_unique<Mailbox>(*channel, &random_, MailboxOptions(), SleepUnlessStopped);
    thread_ = std::thread([this, take = *handler] {
      int64_t handled = 0;
      const absl::Status status = mailbox_->Read(take, &handled);
      log_->Info("mailbox_closed", {{"notices", handled}, {"reason", status.message()}});
    });
  }
  ~MailboxThread() {
    if (mailbox_ != nullptr) mailbox_->Stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  base::JsonLog* const log_;
  base::OsRandom random_;
  std::unique_ptr<Mailbox> mailbox_;
  std::thread thread_;
};

int Watch(const SourceSystem& system, const AdapterConfig& config, const RunOptions& options,
          const base::Clock* clock, base::RandomSource* random) {
  base::JsonLog log(options.err, clock);
  log.Info("adapter_started", {{"adapter", system.name()}});
  MailboxThread mailbox(config, &log);
  std::string processed;
  int code = kExitDone;
  do {
    const absl::StatusOr<Inbox> inbox = Inbox::Scan(config.inbox);
    if (!inbox.ok()) {
      log.Warning("inbox_not_read", {{"reason", inbox.status().message()}});
      continue;
    }
    // A file that is still being copied in is left to settle.
    const bool settled = clock->Now() - inbox->newest() >= config.settle;
    if (inbox->names().empty() || !settled || inbox->fingerprint() == processed) continue;
    code = RunOnce(system, config, options, clock, random, nullptr);
    log.Info("run_finished", {{"adapter", system.name()}, {"exit_code", code}});
    if (code == kExitUsage) return code;
    // What could not be sent is tried again; what was refused waits for another extract.
    if (code != kExitNotSent) processed = inbox->fingerprint();
  } while (SleepUnlessStopped(config.poll));
  log.Info("adapter_stopped", {{"adapter", system.name()}});
  return code;
}

}  // namespace

int AdapterMain(const SourceSystem& system, int argc, char** argv) {
  std::string config_path;
  std::string report;
  bool once = false;
  RunOptions options;
  std::string fault;
  for (int i = 1; i < argc && fault.empty(); ++i) {
    const std::string flag = argv[i];
    const auto value = [&](std::string* out) {
      if (i + 1 == argc) {
        fault = flag + " needs a value";
      } else {
        *out = argv[++i];
      }
    };
    std::string number;
    if (flag == "--help" || flag == "-h") {
      std::printf(kUsage, argv[0]);
      return kExitDone;
    } else if (flag == "--config") {
      value(&config_path);
    } else if (flag == "--report") {
      value(&report);
    } else if (flag == "--once") {
      once = true;
    } else if (flag == "--dry-run") {
      options.dry_run = true;
      once = true;
    } else if (flag == "--resend-all") {
      options.resend_all = true;
    } else if (flag == "--confirm-missing") {
      value(&number);
      if (fault.empty() &&
          (!absl::SimpleAtoi(number, &options.confirm_missing) || options.confirm_missing < 0)) {
        fault = "--confirm-missing needs a whole number";
      }
    } else {
      fault = absl::StrCat("unknown argument ", flag);
    }
  }
  if (fault.empty() && config_path.empty()) fault = "--config FILE is needed";
  if (fault.empty() && options.confirm_missing >= 0 && !once) {
    fault = "--confirm-missing goes with --once: a confirmation is for one extract";
  }
  if (!fault.empty()) {
    std::fprintf(stderr, "%s: %s\n", argv[0], fault.c_str());
    std::fprintf(stderr, kUsage, argv[0]);
    return kExitUsage;
  }
  absl::StatusOr<AdapterConfig> config = ReadAdapterConfig(config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "%s: %s\n", argv[0], std::string(config.status().message()).c_str());
    for (const base::FieldViolation& violation : base::ViolationsOf(config.status())) {
      std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
    }
    return kExitUsage;
  }
  if (!report.empty()) config->report = report;
  std::signal(SIGTERM, AskToStop);
  std::signal(SIGINT, AskToStop);
  options.sleeper = SleepUnlessStopped;
  options.drain_mailbox = once;
  base::RealClock clock;
  base::OsRandom random;
  if (once) return RunOnce(system, *config, options, &clock, &random, nullptr);
  return Watch(system, *config, options, &clock, &random);
}

}  // namespace signpost::adapters
