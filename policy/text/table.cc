#include "policy/text/table.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "policy/limits.h"
#include "policy/text/syntax.h"

namespace signpost::policy {
namespace {

struct Column {
  const char* heading;
  std::string TableRow::*cell;
};
// What the text makes a word of.
constexpr char kWordBytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

constexpr std::array<Column, 14> kColumns = {{{"block", &TableRow::block},
                                              {"agreement", &TableRow::agreement},
                                              {"id", &TableRow::id},
                                              {"title", &TableRow::title},
                                              {"effect", &TableRow::effect},
                                              {"what", &TableRow::what},
                                              {"of", &TableRow::of},
                                              {"who", &TableRow::who},
                                              {"when", &TableRow::when},
                                              {"unless", &TableRow::unless},
                                              {"basis", &TableRow::basis},
                                              {"then", &TableRow::then},
                                              {"more", &TableRow::more},
                                              {"comment", &TableRow::comment}}};

using Words = std::vector<std::string>;

// ---- The text in words ----

// A piece of the text between blanks; a string in quotes is one piece, with what is stuck to it. A
// comment is a piece too, without its "#" and with single blanks.
struct Piece {
  std::string text;
  bool first_on_line = false;
  bool is_comment = false;
};

// Not syntax::Pieces(): a text that is half written, or that has a character without a meaning, is
// still to be had as a table.
std::vector<Piece> Pieces(absl::string_view text) {
  std::vector<Piece> pieces;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    bool first = true;
    std::string piece;
    bool quoted = false;
    const auto end_piece = [&] {
      if (piece.empty()) return;
      pieces.push_back({piece, first});
      piece.clear();
      first = false;
    };
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (c == '"') quoted = !quoted;
      if (!quoted && c == '#') {
        end_piece();
        const Words comment =
            absl::StrSplit(line.substr(i + 1), absl::ByAnyChar(" \t\r\v\f"), absl::SkipEmpty());
        if (!comment.empty()) pieces.push_back({absl::StrJoin(comment, " "), first, true});
        break;
      }
      if (!quoted && absl::ascii_isspace(static_cast<unsigned char>(c))) {
        end_piece();
      } else {
        piece += c;
      }
    }
    end_piece();
  }
  return pieces;
}

std::string Text(const Words& words, size_t begin, size_t end) {
  return absl::StrJoin(words.begin() + static_cast<std::ptrdiff_t>(begin),
                       words.begin() + static_cast<std::ptrdiff_t>(end), " ");
}

size_t Find(const Words& words, size_t from, size_t to, absl::string_view word) {
  for (size_t i = from; i < to; ++i) {
    if (words[i] == word) return i;
  }
  return to;
}

bool BeginsBlock(const Piece& piece) {
  return !piece.is_comment && piece.first_on_line && syntax::MayBeginBlock(piece.text);
}

// Where a string ends that begins at `at`, the piece after it.
std::string TakeTitle(const Words& words, size_t& at) {
  if (at >= words.size() || !absl::StartsWith(words[at], "\"")) return "";
  std::string title = words[at];
  // "example "title": ..." has its colon stuck to the title.
  if (absl::EndsWith(title, ":")) title.pop_back();
  ++at;
  if (title.size() >= 2) title = title.substr(1, title.size() - 2);
  return title;
}

// ---- To rows ----

// Takes each block apart by the few words that begin its parts, and leaves what is between them as
// it is written: the parser alone knows what it means.
class Reader {
 public:
  std::vector<TableRow> Read(absl::string_view text) {
    std::vector<Words> blocks;
    std::vector<std::string> comments;  // beside blocks
    std::string waiting;                // comments of which it is not known whose they are
    const auto say = [](const std::string& comment, std::string& of) {
      absl::StrAppend(&of, of.empty() || comment.empty() ? "" : " ", comment);
    };
    for (Piece& piece : Pieces(text)) {
      if (piece.is_comment) {
        // On a line of its own it may be of the block that comes.
        say(piece.text, piece.first_on_line || blocks.empty() ? waiting : comments.back());
        continue;
      }
      if (BeginsBlock(piece)) {
        blocks.emplace_back();
        comments.emplace_back();
      } else if (blocks.empty()) {
        return {};
      }
      say(waiting, comments.back());
      waiting.clear();
      blocks.back().push_back(std::move(piece.text));
    }
    if (blocks.empty()) return {};
    say(waiting, comments.back());
    for (size_t b = 0; b < blocks.size(); ++b) {
      const size_t first = rows_.size();
      Block(blocks[b]);
      // The end of an agreement has no row.
      if (rows_.empty()) continue;
      say(comments[b], rows_[std::min(first, rows_.size() - 1)].comment);
    }
    return std::move(rows_);
  }

 private:
  void Block(const Words& words) {
    const std::string& block = words[0];
    TableRow row;
    row.block = block;
    size_t at = 1;
    if (block == "end") {
      agreement_.clear();
      return;
    }
    if (block == "agreement" || block == "rule" || block == "override" || block == "group") {
      if (at < words.size()) row.id = words[at++];
    }
    row.title = TakeTitle(words, at);
    if (block == "agreement") agreement_ = row.id;
    if (block == "rule") {
      row.agreement = agreement_;
      Rule(words, at, std::move(row));
      return;
    }
    if (block == "override") {
      Override(words, at, row);
    } else {
      // An example's colon may stand apart from its title.
      if (block == "example" && at < words.size() && words[at] == ":") ++at;
      // A group's "=" goes without saying.
      if (block == "group" && at < words.size() && words[at] == "=") ++at;
      row.more = Text(words, at, words.size());
    }
    rows_.push_back(std::move(row));
  }

  static bool BeginsPart(const Words& words, size_t at) {
    const std::string& word = words[at];
    if (word == "show" || word == "never")
      return words[at - 1] != "never" && !AfterNever(words, at);
    return word == "hide" || word == "broker" || word == "basis" || word == "then" || word == "an";
  }
  // In "never record, never show of" only the first never begins something.
  static bool AfterNever(const Words& words, size_t at) {
    return words[at] == "never" && at > 0 && absl::EndsWith(words[at - 1], ",");
  }

  void Rule(const Words& words, size_t at, TableRow row) {
    std::vector<TableRow> statements;
    while (at < words.size()) {
      size_t end = at + 1;
      while (end < words.size() && !BeginsPart(words, end)) ++end;
      const std::string& first = words[at];
      if (first == "basis") {
        row.basis = Text(words, at + 1, end);
      } else if (first == "then") {
        row.then = Text(words, at + 1, end);
      } else if (first == "an") {
        row.more = Text(words, at, end);
      } else {
        TableRow statement;
        statement.block = row.block;
        statement.agreement = row.agreement;
        statement.id = row.id;
        Statement(words, at, end, statement);
        statements.push_back(std::move(statement));
      }
      at = end;
    }
    if (statements.empty()) statements.push_back(row);
    TableRow& head = statements.front();
    head.title = row.title;
    head.basis = row.basis;
    head.then = row.then;
    head.more = row.more;
    for (TableRow& statement : statements) rows_.push_back(std::move(statement));
  }

  // show WHAT of ITEMS to ASKERS [when ..] [unless ..]
  static void Statement(const Words& words, size_t begin, size_t end, TableRow& row) {
    row.effect = words[begin];
    const size_t tails = Tails(words, begin + 1, end, row);
    const char* const towards = row.effect == "hide" ? "from" : row.effect == "never" ? "on" : "to";
    const size_t askers = Find(words, begin + 1, tails, towards);
    // The items are behind the last "of" before the askers: "content of asset of youth-offending".
    size_t of = askers;
    for (size_t i = begin + 1; i < askers; ++i) {
      if (words[i] == "of") of = i;
    }
    row.what = Text(words, begin + 1, of);
    if (of < askers) row.of = Text(words, of + 1, askers);
    if (askers < tails) row.who = Text(words, askers + 1, tails);
  }

  // to ASKERS when CONDITIONS opens .. grounds .. lifts .. never lifts .. then ..
  static void Override(const Words& words, size_t at, TableRow& row) {
    static constexpr absl::string_view kParts[] = {"when",  "opens", "grounds", "lifts",
                                                   "never", "then",  "to"};
    Words more;
    while (at < words.size()) {
      size_t end = at + 1;
      if (words[at] == "never") ++end;
      while (end < words.size() &&
             std::find(std::begin(kParts), std::end(kParts), words[end]) == std::end(kParts)) {
        ++end;
      }
      const std::string part = Text(words, at + 1, std::min(end, words.size()));
      if (words[at] == "to") {
        row.who = part;
      } else if (words[at] == "when") {
        row.when = part;
      } else if (words[at] == "then") {
        row.then = part;
      } else {
        more.push_back(Text(words, at, std::min(end, words.size())));
      }
      at = end;
    }
    row.more = absl::StrJoin(more, " ");
  }

  // Fills when and unless; where they begin. Both hold all that follows their first word, so that
  // several of one kind stay in order.
  static size_t Tails(const Words& words, size_t begin, size_t end, TableRow& row) {
    const size_t when = Find(words, begin, end, "when");
    const size_t unless = Find(words, begin, end, "unless");
    const size_t first = std::min(when, unless);
    if (when < unless) {
      row.when = Text(words, when + 1, unless);
      if (unless < end) row.unless = Text(words, unless + 1, end);
    } else if (unless < end) {
      row.unless = Text(words, unless + 1, end);
    }
    return first;
  }

  std::string agreement_;
  std::vector<TableRow> rows_;
};

std::string Part(absl::string_view word, const std::string& cell) {
  return cell.empty() ? "" : absl::StrCat(" ", word, " ", cell);
}

void WriteStatement(const TableRow& row, std::string& text) {
  if (row.effect.empty()) return;
  const char* const towards = row.effect == "hide" ? "from" : row.effect == "never" ? "on" : "to";
  absl::StrAppend(&text, "  ", row.effect, row.what.empty() ? "" : " ", row.what,
                  Part("of", row.of), Part(towards, row.who), "\n");
  if (!row.when.empty()) absl::StrAppend(&text, "  when ", row.when, "\n");
  if (!row.unless.empty()) absl::StrAppend(&text, "  unless ", row.unless, "\n");
}

std::string Quoted(const std::string& title) { return absl::StrCat("\"", title, "\""); }

bool LooksLikeFormula(const std::string& cell) {
  return !cell.empty() && (cell[0] == '=' || cell[0] == '+' || cell[0] == '-' || cell[0] == '@');
}

std::string CsvCell(const std::string& cell) {
  const std::string safe = LooksLikeFormula(cell) ? absl::StrCat(" ", cell) : cell;
  if (safe.find_first_of(",\"\n\r") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

// The records of a CSV text.
std::vector<Words> Records(absl::string_view csv, bool& whole) {
  std::vector<Words> records;
  Words record;
  std::string cell;
  bool quoted = false;
  whole = true;
  const auto end_record = [&] {
    record.push_back(std::move(cell));
    cell.clear();
    const bool blank = std::all_of(record.begin(), record.end(),
                                   [](const std::string& one) { return one.empty(); });
    if (!blank) records.push_back(std::move(record));
    record.clear();
  };
  for (size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < csv.size() && csv[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      record.push_back(std::move(cell));
      cell.clear();
    } else if (c == '\n') {
      end_record();
    } else if (c != '\r') {
      cell += c;
    }
  }
  whole = !quoted;
  if (!cell.empty() || !record.empty()) end_record();
  return records;
}

}  // namespace

std::vector<TableRow> ToTable(absl::string_view text) { return Reader().Read(text); }

std::string FromTable(const std::vector<TableRow>& rows) {
  std::string text;
  std::string agreement;
  const auto leave = [&](const std::string& next) {
    if (!agreement.empty() && next != agreement) {
      absl::StrAppend(&text, "end agreement\n\n");
      agreement.clear();
    }
  };
  for (size_t r = 0; r < rows.size(); ++r) {
    const TableRow& row = rows[r];
    leave(row.block == "rule" ? row.agreement : "");
    if (!row.comment.empty()) absl::StrAppend(&text, "\n# ", row.comment, "\n");
    if (row.block == "policy") {
      absl::StrAppend(&text, "policy ", Quoted(row.title), " ", row.more, "\n");
    } else if (row.block == "group") {
      absl::StrAppend(&text, "group ", row.id, " = ", row.more, "\n");
    } else if (row.block == "agreement") {
      absl::StrAppend(&text, "\nagreement ", row.id, " ", Quoted(row.title), " ", row.more, "\n");
      agreement = row.id;
    } else if (row.block == "rule") {
      absl::StrAppend(&text, "\nrule ", row.id, " ", Quoted(row.title), "\n");
      size_t last = r;
      while (last + 1 < rows.size() && rows[last + 1].block == "rule" &&
             rows[last + 1].id == row.id && rows[last + 1].title.empty()) {
        ++last;
      }
      for (size_t s = r; s <= last; ++s) {
        if (s > r && !rows[s].comment.empty()) {
          absl::StrAppend(&text, "  # ", rows[s].comment, "\n");
        }
        WriteStatement(rows[s], text);
      }
      if (!row.basis.empty()) absl::StrAppend(&text, "  basis ", row.basis, "\n");
      if (!row.then.empty()) absl::StrAppend(&text, "  then ", row.then, "\n");
      if (!row.more.empty()) absl::StrAppend(&text, "  ", row.more, "\n");
      r = last;
    } else if (row.block == "override") {
      absl::StrAppend(&text, "\noverride ", row.id, " ", Quoted(row.title), "\n ",
                      Part("to", row.who), Part("when", row.when), "\n  ", row.more, "\n ",
                      Part("then", row.then), "\n\n");
    } else if (row.block == "example") {
      absl::StrAppend(&text, "example ", Quoted(row.title), ": ", row.more, "\n");
    } else {
      absl::StrAppend(&text, row.block, " ", row.more, "\n");
    }
  }
  leave("");
  return text;
}

std::string ToCsv(const std::vector<TableRow>& rows) {
  std::vector<std::string> headings;
  for (const Column& column : kColumns) headings.emplace_back(column.heading);
  std::string csv = absl::StrCat(absl::StrJoin(headings, ","), "\r\n");
  for (const TableRow& row : rows) {
    std::vector<std::string> cells;
    for (const Column& column : kColumns) cells.push_back(CsvCell(row.*column.cell));
    absl::StrAppend(&csv, absl::StrJoin(cells, ","), "\r\n");
  }
  return csv;
}

CsvResult FromCsv(absl::string_view csv) {
  CsvResult result;
  const auto fault = [&result](size_t line, const std::string& words, std::string message) {
    if (result.diagnostics.size() >= static_cast<size_t>(kDiagnosticsMax)) return;
    Diagnostic diagnostic;
    diagnostic.line = static_cast<int>(line);
    diagnostic.column = 1;
    diagnostic.words = words;
    diagnostic.message = std::move(message);
    result.diagnostics.push_back(std::move(diagnostic));
  };
  if (csv.size() > kTableBytesMax) {
    fault(1, "", absl::StrCat("a table has at most ", kTableBytesMax, " bytes"));
    return result;
  }
  // Spreadsheets like to put a byte-order mark in front.
  if (absl::StartsWith(csv, "\xEF\xBB\xBF")) csv.remove_prefix(3);
  bool whole = false;
  const std::vector<Words> records = Records(csv, whole);
  if (!whole) fault(records.size(), "\"", "a quoted cell does not end");
  if (records.empty()) {
    fault(1, "", "the table is empty; its first line names the columns");
    return result;
  }
  std::vector<std::string TableRow::*> cells;
  for (const std::string& heading : records[0]) {
    const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(heading));
    const auto column = std::find_if(kColumns.begin(), kColumns.end(),
                                     [&](const Column& one) { return one.heading == name; });
    if (column == kColumns.end()) {
      fault(1, name, absl::StrCat("there is no column '", name, "'"));
    } else {
      cells.push_back(column->cell);
    }
  }
  if (!result.ok()) return result;
  static const std::set<std::string>* const blocks = new std::set<std::string>{
      "policy", "where", "group", "rule", "agreement", "override", "example", "check"};
  for (size_t r = 1; r < records.size(); ++r) {
    if (records[r].size() > cells.size()) {
      fault(r + 1, records[r].back(), "the row has more cells than there are headings");
      continue;
    }
    TableRow row;
    for (size_t c = 0; c < records[r].size(); ++c) {
      // Line breaks inside a cell are blanks: else a cell could begin a block of its own.
      std::string cell = absl::StrJoin(
          absl::StrSplit(records[r][c], absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty()), " ");
      row.*cells[c] = std::move(cell);
    }
    if (blocks->count(row.block) == 0) {
      fault(r + 1, row.block,
            absl::StrCat("'", row.block, "' is no block; a row begins with ",
                         absl::StrJoin(*blocks, ", ")));
    } else if (row.title.find('"') != std::string::npos) {
      fault(r + 1, row.title, "a title has no quotation marks");
    } else if (row.block == "rule" || row.block == "override") {
      // These two stand first on their lines: they could begin a block of their own.
      for (const std::string& cell : {row.effect, row.more}) {
        const std::string first = cell.substr(0, cell.find_first_not_of(kWordBytes));
        if (!syntax::MayBeginBlock(first)) continue;
        fault(r + 1, first,
              absl::StrCat("'", first, "' would begin a block here; give it a row of its own"));
      }
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace signpost::policy
