// A ReportFile is a file of flags written by hand, for an agency whose system has no adapter:
//   {"feed": "by-hand",
//    "flags": [{"record_id": "NS-0007", "service": "voluntary-project", "status": "open",
//               "opened_on": "2026-04-20",
//               "person": {"given_names": "…", "surname": "…", "birth_date": "2009-11-30",
//                          "gender": "female", "postcode": "…", "nhs_number": "…", "upn": "…"},
//               "contact": {"practitioner_id": "pw-001", "name": "…", "role": "project-worker",
//                           "phone": "…", "email": "…", "team_id": "…"},
//               "assessments": [{"kind": "caf", "assessed_on": "2026-05-01", "sections": []}]}]}
//
// Pure; thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_FILES_REPORT_FILE_H_
#define SIGNPOST_ADAPTERS_CLI_FILES_REPORT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters::cli {

struct ReportFile {
  std::string feed;
  std::vector<signpost::v1::FlagReport> flags;  // sequence 1, 2, 3…
};

// Errors: kInvalidField with everything that is wrong, by path; no value of it is repeated.
[[nodiscard]] absl::StatusOr<ReportFile> ParseReportFile(absl::string_view text,
                                                         const std::string& source);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_FILES_REPORT_FILE_H_
