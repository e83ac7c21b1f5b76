#include "hub/schedule/due_rows.h"

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::schedule {

namespace {

constexpr size_t kTimeBytes = 8;

std::string TimeKey(absl::Time due) {
  return store::KeyU64(static_cast<uint64_t>(absl::ToUnixSeconds(due)));
}

std::string DueKey(absl::string_view job, absl::Time due, absl::string_view row_key) {
  return absl::StrCat(DuePrefix(job), TimeKey(due), row_key);
}

absl::StatusOr<std::vector<DueRow>> Read(const store::View& view, absl::string_view job,
                                         const std::string& to, int rows_max) {
  const std::string prefix = DuePrefix(job);
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(store::Space::kMeta, prefix, to, rows_max));
  std::vector<DueRow> due;
  for (const store::KeyValue& row : rows) {
    if (row.key.size() < prefix.size() + kTimeBytes) {
      return base::Error(base::Reason::kDataLoss, "a due row has no time; call the operator");
    }
    const uint64_t at = store::U64FromKey(row.key.substr(prefix.size()));
    due.push_back({absl::FromUnixSeconds(static_cast<int64_t>(at)),
                   row.key.substr(prefix.size() + kTimeBytes)});
  }
  return due;
}

}  // namespace

std::string DuePrefix(absl::string_view job) { return absl::StrCat("due/", job, "/"); }

void PutDue(absl::string_view job, absl::Time due, absl::string_view row_key, store::Batch* batch) {
  batch->Put(store::Space::kMeta, DueKey(job, due, row_key), std::string());
}

void DeleteDue(absl::string_view job, absl::Time due, absl::string_view row_key,
               store::Batch* batch) {
  batch->Delete(store::Space::kMeta, DueKey(job, due, row_key));
}

absl::StatusOr<std::vector<DueRow>> ReadDue(const store::View& view, absl::string_view job,
                                            absl::Time now, int rows_max) {
  return Read(view, job, DuePrefix(job) + TimeKey(now + absl::Seconds(1)), rows_max);
}

absl::StatusOr<absl::Time> NextDue(const store::View& view, absl::string_view job) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<DueRow> first,
                            Read(view, job, store::PrefixEnd(DuePrefix(job)), 1));
  return first.empty() ? absl::InfiniteFuture() : first[0].due;
}

}  // namespace signpost::schedule
