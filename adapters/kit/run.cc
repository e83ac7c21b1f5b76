#include "adapters/kit/run.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "adapters/kit/extract.h"
#include "adapters/kit/inbox.h"
#include "adapters/kit/journal.h"
#include "adapters/kit/mailbox.h"
#include "adapters/kit/run_report.h"
#include "adapters/kit/values.h"
#include "google/protobuf/util/json_util.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

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

// Open records of the extract, whatever became of their rows: a row that was rejected has not gone.
std::vector<std::string> OpenIds(const Extract& extract) {
  absl::flat_hash_set<std::string> closed;
  for (const FlagRecord& record : extract.records()) {
    if (record.report.status() != signpost::v1::FLAG_STATUS_OPEN) {
      closed.insert(record.report.record_id());
    }
  }
  std::vector<std::string> open;
  for (const std::string& id : extract.present()) {
    if (!closed.contains(id)) open.push_back(id);
  }
  std::sort(open.begin(), open.end());
  return open;
}

int64_t MissingByJournal(const Extract& extract, const Journal& journal) {
  int64_t missing = 0;
  for (const auto& [id, entry] : journal.entries()) {
    if (entry.status == signpost::v1::FLAG_STATUS_OPEN && !extract.present().contains(id)) {
      ++missing;
    }
  }
  return missing;
}

// What has gone from the extract and is closed at the hub would be new if it came again.
absl::Status ForgetGone(const Extract& extract, Journal* journal) {
  std::vector<std::string> gone;
  for (const auto& [id, entry] : journal->entries()) {
    if (!extract.present().contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) SIGNPOST_RETURN_IF_ERROR(journal->Forget(id));
  return journal->Sync();
}

std::vector<const FlagRecord*> AllRecords(const std::vector<FlagRecord>& records) {
  std::vector<const FlagRecord*> all;
  all.reserve(records.size());
  for (const FlagRecord& record : records) all.push_back(&record);
  return all;
}

void PrintDryRun(const std::vector<const FlagRecord*>& changed,
                 const std::vector<std::string>& open_ids, bool reconcile, std::FILE* out) {
  for (const FlagRecord* record : changed) std::fputs(JsonLine(record->report).c_str(), out);
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
absl::Status Reconcile(const Extract& extract, const AdapterConfig& config,
                       const RunOptions& options, Pusher* pusher, Journal* journal, RunReport* run,
                       bool* refused) {
  const std::vector<std::string> open_ids = OpenIds(extract);
  // Twice: first the hub is asked what it holds beyond the list and told to close none of it; then,
  // if so many may go, to close exactly so many. A list that was cut short on its way closes
  // nothing.
  SIGNPOST_ASSIGN_OR_RETURN(Pusher::ReconcileResult told, pusher->Reconcile(open_ids, 0));
  run->missing = told.missing;
  if (told.missing > 0) {
    absl::Status may =
        CheckMissing({config.missing_percent_max, options.confirm_missing}, told.missing,
                     static_cast<int64_t>(open_ids.size()) + told.missing);
    if (may.ok() && extract.rows_without_id() > 0) {
      may = base::InvalidField(
          "extract", absl::StrCat(extract.rows_without_id(),
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
  SIGNPOST_RETURN_IF_ERROR(ForgetGone(extract, journal));
  if (told.unknown.empty()) return absl::OkStatus();
  // What was refused a moment ago is not open and not lost.
  const absl::flat_hash_set<std::string> unknown(told.unknown.begin(), told.unknown.end());
  absl::flat_hash_set<const FlagRecord*> rejected;
  for (const HubRejection& rejection : run->push.rejections) rejected.insert(rejection.record);
  std::vector<const FlagRecord*> again;
  for (const FlagRecord& record : extract.records()) {
    if (!unknown.contains(record.report.record_id()) || rejected.contains(&record)) continue;
    again.push_back(&record);
  }
  return pusher->Push(again, &run->push);
}

int SendAll(const Extract& extract, const AdapterConfig& config, const RunOptions& options,
            base::RandomSource* random, std::shared_ptr<grpc::ChannelInterface> channel,
            Journal* journal, const std::vector<const FlagRecord*>& changed, RunReport* run) {
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
    status = Reconcile(extract, config, options, &pusher, journal, run, &refused);
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
             const base::Clock* clock, const Extract& extract, const RunReport& run, int code) {
  if (!options.dry_run) std::fputs(ReportTable(run).c_str(), options.out);
  const absl::Status written =
      WriteReports(system.name(), config, extract, run, options.dry_run, clock->Now(), code);
  std::fflush(options.out);
  if (written.ok()) return code;
  std::fprintf(options.err, "%s\n", std::string(written.message()).c_str());
  return code == kExitDone ? kExitUsage : code;
}

}  // namespace

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

  Extract extract;
  const absl::Status read = system.Read(*inbox, *mapping, Today(clock->Now()), &extract);
  if (!read.ok()) return usage(read);
  if ((*journal)->bytes_dropped() > 0) {
    extract.Note("journal", absl::StrCat("a torn end of ", (*journal)->bytes_dropped(),
                                         " bytes was dropped; what it held is sent again"));
  }
  for (FlagRecord& record : extract.records()) SortAssessments(&record.report);
  KeepKnownAssessments(**journal, &extract);
  std::FILE* const people = options.dry_run ? options.err : options.out;
  std::fputs(extract.Table(system.name()).c_str(), people);
  std::fflush(people);

  RunReport run;
  run.records = static_cast<int64_t>(extract.records().size());
  if (extract.refused()) {
    run.error = "the extract was refused: see the files above";
    return Conclude(system, config, options, clock, extract, run, kExitRefused);
  }
  if (config.full_extract) {
    // Before anything leaves: a truncated extract is refused as a whole.
    const absl::Status may =
        CheckMissing({config.missing_percent_max, options.confirm_missing},
                     MissingByJournal(extract, **journal), (*journal)->open_count());
    if (!may.ok()) {
      run.error = absl::StrCat("nothing was sent: ", std::string(may.message()));
      std::fprintf(options.err, "%s\n", run.error.c_str());
      return Conclude(system, config, options, clock, extract, run, kExitRefused);
    }
  }
  const std::vector<const FlagRecord*> changed = options.resend_all
                                                     ? AllRecords(extract.records())
                                                     : ChangedRecords(extract.records(), **journal);
  run.unchanged = run.records - static_cast<int64_t>(changed.size());
  if (options.dry_run) {
    PrintDryRun(changed, OpenIds(extract), config.full_extract, options.out);
    return Conclude(system, config, options, clock, extract, run, kExitDone);
  }
  int code = SendAll(extract, config, options, random, channel, journal->get(), changed, &run);
  if (code == kExitDone && !config.notices.empty() && options.drain_mailbox) {
    code = DrainMailbox(config, options, random, channel, &run);
  }
  return Conclude(system, config, options, clock, extract, run, code);
}

}  // namespace signpost::adapters
