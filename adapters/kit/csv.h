// A CsvReader is a reader of CSV as agencies export it, strict and row by row.
//
// RFC 4180: comma, double quotes, CRLF or LF, a header line; a UTF-8 byte order mark is skipped.
// Two kinds of fault are kept apart. What leaves no doubt where the next row begins is a fault of
// one row (CsvRow::problem). What does (a quote that never closes, text behind a closing quote, a
// lone carriage return, a NUL byte, a line over the limit) refuses the file: past it every row
// could be read as another.
//
// A CsvReader reads forward once, holds one buffer and one row, and is not thread-safe. Messages
// name rows and columns and never repeat what a field holds.

#ifndef SIGNPOST_ADAPTERS_KIT_CSV_H_
#define SIGNPOST_ADAPTERS_KIT_CSV_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace signpost::adapters {

struct CsvLimits {
  size_t field_bytes_max = 8u << 10;
  size_t row_bytes_max = 64u << 10;
  int fields_max = 256;
  int64_t rows_max = 5'000'000;
};

struct CsvRow {
  // As a spreadsheet counts: the header is row 1. Quoted line breaks do not count.
  int64_t number = 0;
  std::vector<std::string> fields;
  // Why this row alone cannot be used, in words; empty when nothing is wrong.
  std::string problem;
};

class CsvReader {
 public:
  // Errors: kNotFound when there is no such file, kInvalidField when it cannot be read.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<CsvReader>> Open(const std::string& path,
                                                                       CsvLimits limits = {});
  // `name` stands for the file in messages.
  [[nodiscard]] static std::unique_ptr<CsvReader> FromText(std::string text,
                                                           const std::string& name,
                                                           CsvLimits limits = {});
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Reads the next row into `row`, the header being the first; false at the end. Blank lines are
  // skipped and counted. After an error the file is refused: do not use any row of it.
  // Errors: kInvalidField, naming file and row and what to do.
  [[nodiscard]] absl::StatusOr<bool> Next(CsvRow* row);

  const std::string& name() const { return name_; }

 private:
  CsvReader(std::FILE* file, std::string text, std::string name, CsvLimits limits);
  static constexpr int kEnd = -1;
  int Get();
  int Peek();
  absl::Status Refuse(const std::string& what) const;
  absl::Status ReadField(CsvRow* row, size_t* row_bytes, bool* last);
  absl::Status ReadQuoted(std::string* field, size_t* row_bytes);

  std::FILE* file_;  // null when reading text
  std::string buffer_;
  size_t at_ = 0;
  bool read_failed_ = false;
  bool started_ = false;
  std::string name_;
  const CsvLimits limits_;
  int64_t row_number_ = 0;
};

// One column that an adapter reads.
struct CsvColumn {
  std::string field;   // our word
  std::string header;  // theirs, compared without case and outer spaces
};

// A CSV file whose header has been checked: fields are asked for by our word. Not thread-safe.
class CsvTable {
 public:
  // Errors: kInvalidField when a column is missing or stands twice (all of them named), or the
  // header row itself cannot be read.
  [[nodiscard]] static absl::StatusOr<CsvTable> Open(std::unique_ptr<CsvReader> reader,
                                                     const std::vector<CsvColumn>& columns);

  // As CsvReader::Next(). A row of another width than the header has a `problem`.
  [[nodiscard]] absl::StatusOr<bool> Next();

  // The field's text without outer spaces; empty where the row is too short.
  // REQUIRES: `field` is one of the columns.
  std::string Get(const std::string& field) const;
  int64_t row() const { return row_.number; }
  const std::string& problem() const { return row_.problem; }
  // Whether the row is as wide as the header, so that each field is in its place.
  bool in_place() const { return row_.fields.size() == width_; }
  const std::string& name() const { return reader_->name(); }
  // Headers that nobody asked for.
  const std::vector<std::string>& unknown_headers() const { return unknown_headers_; }

 private:
  CsvTable() = default;
  std::unique_ptr<CsvReader> reader_;
  std::map<std::string, size_t> index_of_;
  size_t width_ = 0;
  std::vector<std::string> unknown_headers_;
  CsvRow row_;
};

// Whether the file can be read to its end and has the columns: everything that would refuse it, met
// before a row of it is used.
[[nodiscard]] absl::Status CheckCsv(const std::string& path, const std::vector<CsvColumn>& columns);

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool IsUtf8(absl::string_view text);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_CSV_H_
