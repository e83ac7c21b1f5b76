// An Extract is a set of rows read from an agency system: what became of each row, and the records
// that may leave.
//
// A row is accepted, corrected (it leaves, without or with another value of a field, and the report
// says so) or rejected (it stays; the report says field and reason). A bad row never stops the
// file. A bad file is refused: nothing of it is used, and if the extract cannot stand without it
// nothing of the extract leaves.
//
// Findings name file, row, field and reason and never hold the value of a field, so the report may
// be printed, kept and sent to whoever must mend the row. An Extract is filled by one thread, and
// owns all that it holds.

#ifndef SIGNPOST_ADAPTERS_KIT_EXTRACT_H_
#define SIGNPOST_ADAPTERS_KIT_EXTRACT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters {

enum class RowOutcome { kAccepted, kCorrected, kRejected };
const char* RowOutcomeName(RowOutcome outcome);

// One thing found in one row. A row may have several.
struct RowFinding {
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
struct FlagRecord {
  signpost::v1::FlagReport report;  // sequence not set
  std::string file;
  int64_t row = 0;
};

class Extract {
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
  bool Add(FlagRecord record);

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
  std::vector<FlagRecord>& records() { return records_; }
  const std::vector<FlagRecord>& records() const { return records_; }
  const absl::flat_hash_set<std::string>& present() const { return present_; }
  const absl::flat_hash_set<std::string>& incomplete_kinds() const { return incomplete_kinds_; }
  int64_t rows_without_id() const { return rows_without_id_; }
  const std::vector<RowFinding>& findings() const { return findings_; }
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
  std::vector<FlagRecord> records_;
  absl::flat_hash_map<std::string, int64_t> row_of_id_;
  absl::flat_hash_set<std::string> present_;
  absl::flat_hash_set<std::string> incomplete_kinds_;
  int64_t rows_without_id_ = 0;
  bool refused_ = false;
  std::vector<RowFinding> findings_;
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
  RowScope(Extract* extract, const std::string& file, int64_t row)
      : extract_(extract), file_(file), row_(row) {}
  ~RowScope() { extract_->EndRow(file_, row_); }
  RowScope(const RowScope&) = delete;
  RowScope& operator=(const RowScope&) = delete;

  void Correct(const std::string& field, const std::string& what) {
    extract_->Correct(file_, row_, field, what);
  }
  void Reject(const std::string& field, const std::string& reason) {
    extract_->Reject(file_, row_, field, reason);
    rejected_ = true;
  }
  bool rejected() const { return rejected_; }
  Extract* extract() { return extract_; }
  const std::string& file() const { return file_; }
  int64_t row() const { return row_; }

 private:
  Extract* const extract_;
  const std::string file_;
  const int64_t row_;
  bool rejected_ = false;
};

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_EXTRACT_H_
