// What became of each row of an extract, and the records that may leave.
//
// A row is accepted, corrected (it leaves, without or with another value of a field, and the report
// says so) or rejected (it stays; the report says field and reason). A bad row never stops the
// file. A bad file is refused: nothing of it is used, and if the extract cannot stand without it
// nothing of the extract leaves.
//
// Findings name file, row, field and reason and never hold the value of a field, so the report may
// be printed, kept and sent to whoever must mend the row. An Intake is filled by one thread.

#ifndef SIGNPOST_ADAPTERS_KIT_INTAKE_H_
#define SIGNPOST_ADAPTERS_KIT_INTAKE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "adapters/kit/csv.h"
#include "adapters/kit/mapping.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters {

enum class RowOutcome { kAccepted, kCorrected, kRejected };
const char* RowOutcomeName(RowOutcome outcome);

// One thing found in one row. A row may have several.
struct Finding {
  RowOutcome outcome;  // kCorrected or kRejected
  std::string file;
  int64_t row;  // CSV: as a spreadsheet counts; XML: the n-th such element; zip: the n-th entry
  std::string field;
  std::string reason;
};

struct FileCount {
  int64_t accepted = 0;
  int64_t corrected = 0;
  int64_t rejected = 0;
};

// A row that may leave.
struct Record {
  signpost::v1::FlagReport report;  // sequence not set
  std::string file;
  int64_t row = 0;
};

class Intake {
 public:
  // Findings beyond this many are counted and not kept.
  static constexpr size_t kFindingsMax = 200'000;

  // Notes something about one field of a row that is used all the same.
  void Correct(const std::string& file, int64_t row, const std::string& field,
               const std::string& what);
  void Reject(const std::string& file, int64_t row, const std::string& field,
              const std::string& reason);
  // Ends a row: counted as rejected if Reject() was called for it, else as corrected if Correct()
  // was, else as accepted. Each row of each file ends exactly once.
  RowOutcome EndRow(const std::string& file, int64_t row);

  // Takes a record of a row that has not been rejected. False, and the row rejected, when a record
  // of this id is there already.
  bool Add(Record record);

  // Says that the extract has this record, whatever becomes of its row: a record whose row is
  // rejected has not gone, and its flag must not be closed.
  void Present(const std::string& record_id) { present_.insert(record_id); }
  // A row whose record id cannot be read: which record it is, nobody can say.
  void RowWithoutId() { ++rows_without_id_; }

  // A file that is not used. `needed`: the extract cannot stand without it.
  void RefuseFile(const std::string& file, const absl::Status& why, bool needed);
  // The list of this kind of assessment is not complete this time (its file was refused), so
  // pointers that the hub has already are kept.
  void AssessmentsIncomplete(const std::string& kind) { incomplete_kinds_.insert(kind); }
  // A remark about a file, e.g. columns nobody asked for.
  void Note(const std::string& file, const std::string& text);

  // Whether nothing of this extract may leave.
  bool refused() const { return refused_; }
  std::vector<Record>& records() { return records_; }
  const std::vector<Record>& records() const { return records_; }
  const absl::flat_hash_set<std::string>& present() const { return present_; }
  const absl::flat_hash_set<std::string>& incomplete_kinds() const { return incomplete_kinds_; }
  int64_t rows_without_id() const { return rows_without_id_; }
  const std::vector<Finding>& findings() const { return findings_; }
  const std::map<std::string, FileCount>& counts() const { return counts_; }
  struct FileRemark {
    std::string file;
    std::string text;
    bool refused;
  };
  const std::vector<FileRemark>& remarks() const { return remarks_; }
  FileCount Total() const;

  // The report for people: counts for each file, remarks, then findings grouped by file, field and
  // reason with the first rows of each.
  std::string Table(const std::string& adapter) const;
  // The report for machines: one JSON object a line.
  std::string JsonLines(const std::string& adapter) const;

 private:
  std::vector<Record> records_;
  absl::flat_hash_map<std::string, int64_t> row_of_id_;
  absl::flat_hash_set<std::string> present_;
  absl::flat_hash_set<std::string> incomplete_kinds_;
  int64_t rows_without_id_ = 0;
  bool refused_ = false;
  std::vector<Finding> findings_;
  int64_t findings_dropped_ = 0;
  // Rows under way: the worst outcome so far.
  std::map<std::pair<std::string, int64_t>, RowOutcome> open_rows_;
  std::map<std::string, FileCount> counts_;
  std::vector<FileRemark> remarks_;
};

// One row on its way: gathers what is found about it. Made on the stack; EndRow() is called when it
// goes.
class RowScope {
 public:
  RowScope(Intake* intake, const std::string& file, int64_t row)
      : intake_(intake), file_(file), row_(row) {}
  ~RowScope() { intake_->EndRow(file_, row_); }
  RowScope(const RowScope&) = delete;
  RowScope& operator=(const RowScope&) = delete;

  void Correct(const std::string& field, const std::string& what) {
    intake_->Correct(file_, row_, field, what);
  }
  void Reject(const std::string& field, const std::string& reason) {
    intake_->Reject(file_, row_, field, reason);
    rejected_ = true;
  }
  bool rejected() const { return rejected_; }
  Intake* intake() { return intake_; }
  const std::string& file() const { return file_; }
  int64_t row() const { return row_; }

 private:
  Intake* const intake_;
  const std::string file_;
  const int64_t row_;
  bool rejected_ = false;
};

// --- Fields that every adapter has. Each writes into its message what is right, notes a correction
// --- where a value is left out, and rejects the row where it cannot do without. Fields are named
// as
// --- the agency's own column.

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
// that cannot be read (`id_field` is looked at even so, see Intake::Present; empty: these rows are
// no records), and hands each other row to `take` with a scope of its own, which `take` may keep.
// Errors: the file changed meanwhile.
[[nodiscard]] absl::Status ForEachCsvRow(
    const std::string& path, const std::vector<CsvColumn>& columns, const std::string& id_field,
    Intake* intake,
    const std::function<void(const CsvTable& table, std::unique_ptr<RowScope> row)>& take);

// Adds a pointer, or its sections to the one of the same kind and day; keeps the newest sixteen.
void AddAssessment(const signpost::v1::AssessmentPointer& pointer,
                   signpost::v1::FlagReport* report);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_INTAKE_H_
