// A RunReport is the account of one run of an adapter, beside what the Extract says of its rows:
// for people, for machines (JSON lines) and for whoever watches the adapter (the status file).
//
// Plain values; filled by one thread.

#ifndef SIGNPOST_ADAPTERS_KIT_RUN_REPORT_H_
#define SIGNPOST_ADAPTERS_KIT_RUN_REPORT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adapters/kit/config.h"
#include "adapters/kit/extract.h"
#include "adapters/kit/push.h"

namespace signpost::adapters {

struct RunReport {
  PushSummary push;
  int64_t records = 0;
  int64_t unchanged = 0;
  int64_t missing = 0;
  int64_t closed = 0;
  int64_t notices = 0;
  std::string error;
};

// The account for people, as lines of text.
std::string ReportTable(const RunReport& run);

// Writes the files that `config` names: the report of `extract` and `run` as JSON lines, and the
// status. After a dry run the report holds the extract alone, and the status file stays as it was.
// Each file is written whole or not at all. Errors: kStoreUnavailable, naming the file.
[[nodiscard]] absl::Status WriteReports(const std::string& adapter, const AdapterConfig& config,
                                        const Extract& extract, const RunReport& run, bool dry_run,
                                        absl::Time now, int exit_code);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_RUN_REPORT_H_
