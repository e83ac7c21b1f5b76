#include "adapters/kit/run_report.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/base/error.h"
#include "hub/base/json_log.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

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

std::string Quoted(const std::string& text) {
  std::string out;
  base::AppendJsonString(text, &out);
  return out;
}

constexpr const char* kOutcomeWords[] = {"", "received", "rejected"};

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

}  // namespace

std::string ReportTable(const RunReport& run) {
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

absl::Status WriteReports(const std::string& adapter, const AdapterConfig& config,
                          const Extract& extract, const RunReport& run, bool dry_run,
                          absl::Time now, int exit_code) {
  if (!config.report.empty()) {
    SIGNPOST_RETURN_IF_ERROR(WriteFile(
        config.report, extract.JsonLines(adapter) + (dry_run ? "" : HubJson(adapter, run))));
  }
  if (config.status.empty() || dry_run) return absl::OkStatus();
  const FileCount total = extract.Total();
  return WriteFile(
      config.status,
      absl::StrCat("{\"adapter\":", Quoted(adapter), ",\"ran_at\":\"",
                   absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", now, absl::UTCTimeZone()),
                   "\",\"exit_code\":", exit_code, ",\"rows_accepted\":", total.accepted,
                   ",\"rows_corrected\":", total.corrected, ",\"rows_rejected\":", total.rejected,
                   ",\"acknowledged\":", run.push.acknowledged, ",\"as_before\":", run.unchanged,
                   ",\"closed\":", run.closed, ",\"error\":", Quoted(run.error), "}\n"));
}

}  // namespace signpost::adapters
