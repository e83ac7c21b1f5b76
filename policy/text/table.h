// ToTable() and FromTable() are a translation that turns a policy text into a table, one row a
// statement, and back.
//
// For those who read and edit rules in a spreadsheet. Every block of the text is in the table and
// every row is in the text, so that the text made from an untouched table means what the text it
// was made from means. What is lost on the way is the layout of lines; comments stand before the
// block that they stood before or in, those of one block as one.
//
// Pure and thread-safe.

#ifndef SIGNPOST_POLICY_TEXT_TABLE_H_
#define SIGNPOST_POLICY_TEXT_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/diagnostic.h"

namespace signpost::policy {

inline constexpr size_t kTableBytesMax = 4 << 20;

// One row. A rule of several statements has several rows with one id, one after the other; what is
// said of the whole rule stands in the first of them. Cells are words of the policy language.
struct TableRow {
  std::string block;      // policy, where, group, agreement, rule, override, example, check
  std::string agreement;  // the agreement that a rule stands in
  std::string id;
  std::string title;
  std::string effect;  // show, hide, broker, never
  std::string what;    // aspects
  std::string of;      // items
  std::string who;     // askers
  std::string when;
  std::string unless;
  std::string basis;
  std::string then;
  std::string more;  // all else the block says
  std::string comment;
};

// The rows of a policy text, in its order. The text need not compile: blocks are told apart by
// their first words. Empty for a text that is no policy at all.
std::vector<TableRow> ToTable(absl::string_view text);

// The text of rows: compile it to see whether it means anything.
std::string FromTable(const std::vector<TableRow>& rows);

// As comma-separated values (RFC 4180), with a line of headings. A cell that a spreadsheet would
// take for a formula is written behind a blank, which a policy text does not notice.
std::string ToCsv(const std::vector<TableRow>& rows);

// What FromCsv() answers: rows, or what is wrong (line counts rows of the table).
struct CsvResult {
  std::vector<TableRow> rows;
  std::vector<Diagnostic> diagnostics;

  bool ok() const { return diagnostics.empty(); }
};
// Columns are found by their headings, in any order; those it does not know are an error.
CsvResult FromCsv(absl::string_view csv);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_TEXT_TABLE_H_
