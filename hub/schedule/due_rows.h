// Due rows are an index in the store of what is due when: a job reads the rows whose time has come
// and no others, however many there are.
//
// Space::kMeta: "due/", the job's name, "/", the time (seconds since 1970, 8 bytes), the key of
// what is due -> nothing. A due row is written, moved and deleted in the commit of what it stands
// for.
//
// Pure functions but for the view they are given; thread-safe.

#ifndef SIGNPOST_HUB_SCHEDULE_DUE_ROWS_H_
#define SIGNPOST_HUB_SCHEDULE_DUE_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/store/store.h"

namespace signpost::schedule {

// What of `job` is due at `due`, a whole second from 1970 on: the row of this key.
void PutDue(absl::string_view job, absl::Time due, absl::string_view row_key, store::Batch* batch);
void DeleteDue(absl::string_view job, absl::Time due, absl::string_view row_key,
               store::Batch* batch);

// What the keys of all rows of `job` begin with.
std::string DuePrefix(absl::string_view job);

struct DueRow {
  absl::Time due;
  std::string row_key;
};

// What of `job` is due at `now` or before, the earliest first, at most `rows_max`. Errors: those of
// the view; kDataLoss.
[[nodiscard]] absl::StatusOr<std::vector<DueRow>> ReadDue(const store::View& view,
                                                          absl::string_view job, absl::Time now,
                                                          int rows_max);

// When the first of `job` is due; absl::InfiniteFuture() when nothing is. Errors as ReadDue().
[[nodiscard]] absl::StatusOr<absl::Time> NextDue(const store::View& view, absl::string_view job);

}  // namespace signpost::schedule

#endif  // SIGNPOST_HUB_SCHEDULE_DUE_ROWS_H_
