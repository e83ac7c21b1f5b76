// The Take functions are readers of the fields that every agency system has, from text in a row.
//
// Each function writes into its message what is right, notes a correction where a value is left
// out, and rejects the row where the record cannot do without. Fields are named as the agency's own
// column. Values are never repeated in what is noted. Plain functions: thread-safe as long as no
// two threads fill one Extract.

#ifndef SIGNPOST_ADAPTERS_KIT_FIELDS_H_
#define SIGNPOST_ADAPTERS_KIT_FIELDS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "adapters/kit/csv.h"
#include "adapters/kit/extract.h"
#include "adapters/kit/mapping.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters {

void TakeName(RowScope* row, const std::string& field, const std::string& text, std::string* out);
// An empty text leaves `person` without a birth date. `today` is the latest day a birth may have.
void TakeBirthDate(RowScope* row, const std::string& field, const std::string& text,
                   absl::CivilDay today, signpost::v1::PersonDetails* person);
void TakeGender(RowScope* row, const Mapping& mapping, const std::string& field,
                const std::string& text, signpost::v1::PersonDetails* person);
void TakePostcode(RowScope* row, const std::string& field, const std::string& text,
                  signpost::v1::PersonDetails* person);
void TakeIdentifier(RowScope* row, const std::string& field, const std::string& text,
                    signpost::v1::IdentifierKind kind, signpost::v1::PersonDetails* person);
// Opened must be there, closed exactly when the case is closed, neither in the future, in order.
void TakeStatus(RowScope* row, const Mapping& mapping, const std::string& status,
                const std::string& opened, const std::string& closed, absl::CivilDay today,
                signpost::v1::FlagReport* report);
struct ContactFields {
  std::string id, name, role, phone, email, team;
};
// `prefix` names the columns: "worker_" for worker_id, worker_name…
void TakeContact(RowScope* row, const Mapping& mapping, const std::string& prefix,
                 const ContactFields& fields, signpost::v1::Contact* contact);
// Whether `text` may be a record id: 1 to 128 bytes of printable UTF-8.
bool IsRecordId(absl::string_view text);
// A record id. False, the row rejected, when it is not.
bool TakeRecordId(RowScope* row, const std::string& field, const std::string& text,
                  std::string* out);

// Reads a CSV file that CheckCsv() has found whole: notes columns nobody asked for, rejects rows
// that cannot be read (`id_field` is looked at even so, see Extract::Present; empty: these rows are
// no records), and hands each other row to `take` with a scope of its own, which `take` may keep.
// Errors: the file changed meanwhile.
[[nodiscard]] absl::Status ForEachCsvRow(
    const std::string& path, const std::vector<CsvColumn>& columns, const std::string& id_field,
    Extract* extract,
    const std::function<void(const CsvTable& table, std::unique_ptr<RowScope> row)>& take);

// Adds a pointer, or its sections to the one of the same kind and day; keeps the newest sixteen.
void AddAssessment(const signpost::v1::AssessmentPointer& pointer,
                   signpost::v1::FlagReport* report);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_FIELDS_H_
