#include "adapters/kit/extract.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "hub/base/json_log.h"

namespace signpost::adapters {
namespace {

constexpr size_t kRowsShownMax = 5;

// Reasons are of our own making and may be long (a file's faults); columns of a table are not.
std::string JsonText(absl::string_view text) {
  std::string out;
  base::AppendJsonString(text, &out);
  return out;
}

}  // namespace

const char* RowOutcomeName(RowOutcome outcome) {
  switch (outcome) {
    case RowOutcome::kAccepted:
      return "accepted";
    case RowOutcome::kCorrected:
      return "corrected";
    case RowOutcome::kRejected:
      return "rejected";
  }
  return "rejected";
}

void Extract::Correct(const std::string& file, int64_t row, const std::string& field,
                      const std::string& what) {
  RowOutcome& worst =
      open_rows_.emplace(std::make_pair(file, row), RowOutcome::kCorrected).first->second;
  worst = std::max(worst, RowOutcome::kCorrected);
  if (findings_.size() == kFindingsMax) {
    ++findings_dropped_;
  } else {
    findings_.push_back({RowOutcome::kCorrected, file, row, field, what});
  }
}

void Extract::Reject(const std::string& file, int64_t row, const std::string& field,
                     const std::string& reason) {
  open_rows_[{file, row}] = RowOutcome::kRejected;
  if (findings_.size() == kFindingsMax) {
    ++findings_dropped_;
  } else {
    findings_.push_back({RowOutcome::kRejected, file, row, field, reason});
  }
}

// Rows end in any order: several of one file may be under way at once.
RowOutcome Extract::EndRow(const std::string& file, int64_t row) {
  RowOutcome outcome = RowOutcome::kAccepted;
  const auto open = open_rows_.find({file, row});
  if (open != open_rows_.end()) {
    outcome = open->second;
    open_rows_.erase(open);
  }
  FileCount& count = counts_[file];
  switch (outcome) {
    case RowOutcome::kAccepted:
      ++count.accepted;
      break;
    case RowOutcome::kCorrected:
      ++count.corrected;
      break;
    case RowOutcome::kRejected:
      ++count.rejected;
      break;
  }
  return outcome;
}

bool Extract::Add(FlagRecord record) {
  const auto [at, fresh] = row_of_id_.emplace(record.report.record_id(), record.row);
  if (!fresh) {
    Reject(record.file, record.row, "record_id",
           absl::StrCat("this id stands in row ", at->second,
                        " already; one record has one row. The first is used"));
    return false;
  }
  present_.insert(record.report.record_id());
  records_.push_back(std::move(record));
  return true;
}

void Extract::RefuseFile(const std::string& file, const absl::Status& why, bool needed) {
  absl::string_view text = why.message();
  absl::ConsumePrefix(&text, absl::StrCat(file, ": "));
  remarks_.push_back({file, std::string(text), true});
  if (needed) {
    refused_ = true;
    records_.clear();
  }
}

void Extract::Note(const std::string& file, const std::string& text) {
  remarks_.push_back({file, text, false});
}

FileCount Extract::Total() const {
  FileCount total;
  for (const auto& [file, count] : counts_) {
    total.accepted += count.accepted;
    total.corrected += count.corrected;
    total.rejected += count.rejected;
  }
  return total;
}

std::string Extract::Table(const std::string& adapter) const {
  std::string out = absl::StrCat("Extract report of ", adapter, "\n");
  absl::StrAppendFormat(&out, "  %-28s %9s %9s %9s\n", "file", "accepted", "corrected", "rejected");
  for (const auto& [file, count] : counts_) {
    absl::StrAppendFormat(&out, "  %-28s %9d %9d %9d\n", file, count.accepted, count.corrected,
                          count.rejected);
  }
  for (const FileRemark& remark : remarks_) {
    absl::StrAppend(&out, "  ", remark.refused ? "REFUSED " : "note    ", remark.file, ": ",
                    remark.text, "\n");
  }
  struct Group {
    std::vector<int64_t> rows;
    int64_t count = 0;
  };
  // Rejections first: they are what somebody must mend.
  std::map<std::tuple<int, std::string, std::string, std::string>, Group> groups;
  for (const RowFinding& finding : findings_) {
    Group& group =
        groups[{-static_cast<int>(finding.outcome), finding.file, finding.field, finding.reason}];
    ++group.count;
    if (group.rows.size() < kRowsShownMax) group.rows.push_back(finding.row);
  }
  for (const auto& [key, group] : groups) {
    const auto& [outcome, file, field, reason] = key;
    absl::StrAppend(&out, "  ", RowOutcomeName(static_cast<RowOutcome>(-outcome)), " ", file,
                    group.count == 1 ? " row " : absl::StrCat(" ", group.count, " rows: "),
                    absl::StrJoin(group.rows, ", "),
                    static_cast<size_t>(group.count) > group.rows.size() ? ", …" : "", " | ", field,
                    ": ", reason, "\n");
  }
  if (findings_dropped_ > 0) {
    absl::StrAppend(&out, "  and ", findings_dropped_, " findings more\n");
  }
  if (refused_) {
    absl::StrAppend(&out, "  The extract is refused: nothing was sent and nothing was changed.\n");
  }
  return out;
}

std::string Extract::JsonLines(const std::string& adapter) const {
  const std::string head = absl::StrCat("{\"adapter\":", JsonText(adapter));
  std::string out;
  for (const auto& [file, count] : counts_) {
    absl::StrAppend(&out, head, ",\"kind\":\"file\",\"file\":", JsonText(file),
                    ",\"accepted\":", count.accepted, ",\"corrected\":", count.corrected,
                    ",\"rejected\":", count.rejected, "}\n");
  }
  for (const FileRemark& remark : remarks_) {
    absl::StrAppend(&out, head, ",\"kind\":\"", remark.refused ? "refused" : "note",
                    "\",\"file\":", JsonText(remark.file), ",\"reason\":", JsonText(remark.text),
                    "}\n");
  }
  for (const RowFinding& finding : findings_) {
    absl::StrAppend(&out, head, ",\"kind\":\"row\",\"file\":", JsonText(finding.file),
                    ",\"row\":", finding.row, ",\"outcome\":\"", RowOutcomeName(finding.outcome),
                    "\",\"field\":", JsonText(finding.field),
                    ",\"reason\":", JsonText(finding.reason), "}\n");
  }
  const FileCount total = Total();
  absl::StrAppend(&out, head, ",\"kind\":\"total\",\"accepted\":", total.accepted,
                  ",\"corrected\":", total.corrected, ",\"rejected\":", total.rejected,
                  ",\"records\":", records_.size(), ",\"findings_dropped\":", findings_dropped_,
                  ",\"refused\":", refused_ ? "true" : "false", "}\n");
  return out;
}

}  // namespace signpost::adapters
