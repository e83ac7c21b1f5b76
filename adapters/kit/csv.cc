#include "adapters/kit/csv.h"

#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

constexpr size_t kReadBytes = 64u << 10;

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string Canonical(absl::string_view header) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(header));
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    size_t length = 0;
    uint32_t code = 0;
    uint32_t least = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2, code = lead & 0x1Fu, least = 0x80;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      length = 3, code = lead & 0x0Fu, least = 0x800;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4, code = lead & 0x07u, least = 0x10000;
    } else {
      return false;
    }
    if (i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0u) != 0x80u) return false;
      code = (code << 6) | (next & 0x3Fu);
    }
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(const std::string& path,
                                                           CsvLimits limits) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const int error = errno;
    const std::string message =
        absl::StrCat(BaseName(path), ": cannot be opened (", std::strerror(error),
                     "); check that the export ran and that the adapter may read it");
    if (error == ENOENT) return base::Error(base::Reason::kNotFound, message);
    return base::Error(base::Reason::kInvalidField, message, {{BaseName(path), message}});
  }
  return std::unique_ptr<CsvReader>(new CsvReader(file, "", BaseName(path), limits));
}

std::unique_ptr<CsvReader> CsvReader::FromText(std::string text, const std::string& name,
                                               CsvLimits limits) {
  return std::unique_ptr<CsvReader>(new CsvReader(nullptr, std::move(text), name, limits));
}

CsvReader::CsvReader(std::FILE* file, std::string text, std::string name, CsvLimits limits)
    : file_(file), buffer_(std::move(text)), name_(std::move(name)), limits_(limits) {}

CsvReader::~CsvReader() {
  if (file_ != nullptr) std::fclose(file_);
}

// One character ahead is all that CSV needs: whether a quote is followed by another, and a carriage
// return by a line feed.
int CsvReader::Peek() {
  if (at_ == buffer_.size()) {
    if (file_ == nullptr) return kEnd;
    buffer_.resize(kReadBytes);
    const size_t got = std::fread(buffer_.data(), 1, buffer_.size(), file_);
    if (got == 0 && std::ferror(file_) != 0) read_failed_ = true;
    buffer_.resize(got);
    at_ = 0;
    if (got == 0) return kEnd;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

int CsvReader::Get() {
  const int c = Peek();
  if (c != kEnd) ++at_;
  return c;
}

absl::Status CsvReader::Refuse(const std::string& what) const {
  return base::Error(base::Reason::kInvalidField,
                     absl::StrCat(name_, ", row ", row_number_, ": ", what),
                     {{name_, absl::StrCat("row ", row_number_, ": ", what)}});
}

absl::Status CsvReader::ReadQuoted(std::string* field, size_t* row_bytes) {
  while (true) {
    const int c = Get();
    if (c == kEnd) {
      return Refuse("a quoted field never ends; look for a missing closing quote in this row");
    }
    if (c == 0) return Refuse("holds a NUL byte; export the file again as UTF-8 text");
    if (c == '"') {
      if (Peek() != '"') return absl::OkStatus();
      Get();
    }
    field->push_back(static_cast<char>(c));
    ++*row_bytes;
    if (field->size() > limits_.field_bytes_max || *row_bytes > limits_.row_bytes_max) {
      return Refuse(absl::StrCat("a quoted field is longer than ", limits_.field_bytes_max,
                                 " bytes; look for a missing closing quote in this row"));
    }
  }
}

absl::Status CsvReader::ReadField(CsvRow* row, size_t* row_bytes, bool* last) {
  std::string field;
  bool quoted = false;
  if (Peek() == '"') {
    Get();
    quoted = true;
    SIGNPOST_RETURN_IF_ERROR(ReadQuoted(&field, row_bytes));
  }
  *last = false;
  while (true) {
    const int c = Get();
    if (c == kEnd || c == '\n') {
      *last = true;
      break;
    }
    if (c == '\r') {
      if (Peek() != '\n' && Peek() != kEnd) {
        return Refuse("a carriage return without line feed; export with Windows or Unix line ends");
      }
      continue;
    }
    if (c == ',') break;
    if (c == 0) return Refuse("holds a NUL byte; export the file again as UTF-8 text");
    if (quoted) {
      return Refuse("text follows a closing quote; a quote inside a quoted field is written twice");
    }
    // An inch, or a nickname: doubtful as a field, but where the next row begins is still certain.
    if (c == '"' && row->problem.empty()) {
      row->problem =
          absl::StrCat("field ", row->fields.size() + 1, " has a quote but is not quoted");
    }
    field.push_back(static_cast<char>(c));
    ++*row_bytes;
    if (field.size() > limits_.field_bytes_max || *row_bytes > limits_.row_bytes_max) {
      return Refuse(absl::StrCat("a field is longer than ", limits_.field_bytes_max,
                                 " bytes or the row than ", limits_.row_bytes_max,
                                 "; is this a CSV file?"));
    }
  }
  if (row->problem.empty() && !IsUtf8(field)) {
    row->problem = absl::StrCat("field ", row->fields.size() + 1, " is not UTF-8");
  }
  row->fields.push_back(std::move(field));
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::Next(CsvRow* row) {
  if (!started_) {
    started_ = true;
    // A byte order mark, and the one of UTF-16, which is the usual wrong export.
    const int first = Peek();
    if (first == 0xFF || first == 0xFE) {
      row_number_ = 1;
      return Refuse("looks like UTF-16; export it as UTF-8");
    }
    if (first == 0xEF) {
      Get();
      if (Get() != 0xBB || Get() != 0xBF) {
        row_number_ = 1;
        return Refuse("is not UTF-8; export it as UTF-8");
      }
    }
  }
  while (true) {
    if (Peek() == kEnd) {
      if (read_failed_) return Refuse("cannot be read to its end; look at the disk or the share");
      return false;
    }
    ++row_number_;
    if (row_number_ > limits_.rows_max) {
      return Refuse(absl::StrCat("more than ", limits_.rows_max, " rows; split the extract"));
    }
    row->number = row_number_;
    row->fields.clear();
    row->problem.clear();
    size_t row_bytes = 0;
    bool last = false;
    bool quoted_empty = Peek() == '"';
    while (!last) {
      if (static_cast<int>(row->fields.size()) == limits_.fields_max) {
        return Refuse(absl::StrCat("more than ", limits_.fields_max, " fields"));
      }
      SIGNPOST_RETURN_IF_ERROR(ReadField(row, &row_bytes, &last));
    }
    if (read_failed_) return Refuse("cannot be read to its end; look at the disk or the share");
    const bool blank = row->fields.size() == 1 && row->fields[0].empty() && !quoted_empty;
    if (!blank) return true;
  }
}

absl::StatusOr<CsvTable> CsvTable::Open(std::unique_ptr<CsvReader> reader,
                                        const std::vector<CsvColumn>& columns) {
  CsvTable table;
  CsvRow header;
  SIGNPOST_ASSIGN_OR_RETURN(const bool any, reader->Next(&header));
  if (!any || !header.problem.empty()) {
    const std::string what = !any ? "is empty; a header line is needed"
                                  : absl::StrCat("the header cannot be read: ", header.problem);
    return base::Error(base::Reason::kInvalidField, absl::StrCat(reader->name(), ": ", what),
                       {{reader->name(), what}});
  }
  std::map<std::string, size_t> at;
  std::vector<base::FieldViolation> violations;
  for (size_t i = 0; i < header.fields.size(); ++i) {
    if (!at.emplace(Canonical(header.fields[i]), i).second) {
      violations.push_back({absl::StrCat(reader->name(), " column ", i + 1),
                            "has the header of an earlier column; each may stand once"});
    }
  }
  std::set<size_t> used;
  for (const CsvColumn& column : columns) {
    const auto found = at.find(Canonical(column.header));
    if (found == at.end()) {
      violations.push_back({column.header, "no such column"});
      continue;
    }
    table.index_of_[column.field] = found->second;
    used.insert(found->second);
  }
  if (!violations.empty()) {
    const std::string faults =
        absl::StrJoin(violations, "; ", [](std::string* out, const base::FieldViolation& v) {
          absl::StrAppend(out, v.field, ": ", v.description);
        });
    return base::Error(base::Reason::kInvalidField,
                       absl::StrCat(reader->name(), ": ", faults,
                                    ". Mend the export or name its columns in the mapping"),
                       violations);
  }
  for (size_t i = 0; i < header.fields.size(); ++i) {
    if (used.count(i) == 0) table.unknown_headers_.push_back(header.fields[i]);
  }
  table.width_ = header.fields.size();
  table.reader_ = std::move(reader);
  return table;
}

absl::StatusOr<bool> CsvTable::Next() {
  SIGNPOST_ASSIGN_OR_RETURN(const bool any, reader_->Next(&row_));
  if (any && row_.problem.empty() && row_.fields.size() != width_) {
    row_.problem =
        absl::StrCat("has ", row_.fields.size(), " fields where the header has ", width_);
  }
  return any;
}

absl::Status CheckCsv(const std::string& path, const std::vector<CsvColumn>& columns) {
  SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<CsvReader> reader, CsvReader::Open(path));
  SIGNPOST_ASSIGN_OR_RETURN(CsvTable table, CsvTable::Open(std::move(reader), columns));
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const bool any, table.Next());
    if (!any) return absl::OkStatus();
  }
}

std::string CsvTable::Get(const std::string& field) const {
  const auto found = index_of_.find(field);
  if (found == index_of_.end() || found->second >= row_.fields.size()) return "";
  return std::string(absl::StripAsciiWhitespace(row_.fields[found->second]));
}

}  // namespace signpost::adapters
