#include "policy/spent.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace signpost::policy {
namespace {

constexpr int kMonthsMax = 1200;

// The first day after a period of `months` that begins with `day`: the same day of a later month,
// or the first of the month after it where that month has no such day.
Day AfterMonths(Day day, int months) {
  const CivilDay from = CivilDayOf(day);
  const int index = static_cast<int>(from.year) * 12 + from.month - 1 + months;
  const int year = index / 12;
  const int month = index % 12 + 1;
  if (from.day <= DaysInMonth(year, month)) return DayOf(year, month, from.day);
  return month == 12 ? DayOf(year + 1, 1, 1) : DayOf(year, month + 1, 1);
}

bool SameKind(const SpentRow& row, const SpentQuestion& question) {
  if (row.disposal != question.disposal) return false;
  if (row.up_to_months == 0) return true;
  return row.over_months < question.length_months && question.length_months <= row.up_to_months;
}

bool IsLawOn(const SpentRow& row, Day day) {
  return row.law_from <= day && (row.law_until == kNoDay || day <= row.law_until);
}

// Whether a period that `first_day_out` is the first day after is over. A period that is over may
// have been prolonged by another conviction.
Tri Over(Day first_day_out, const SpentQuestion& question, Day day) {
  if (first_day_out == kNoDay) return Tri::kUnknown;  // past the calendar's end
  if (first_day_out > day) return Tri::kNo;
  return question.convicted_again == Tri::kNo ? Tri::kYes : Tri::kUnknown;
}

Tri By(const SpentRow& row, const SpentQuestion& question, Day day) {
  const bool end_known = question.ended_on != kNoDay;
  switch (row.from) {
    case SpentFrom::kNever:
      return Tri::kNo;
    case SpentFrom::kAtOnce:
      return Tri::kYes;
    case SpentFrom::kConviction:
      return Over(AfterMonths(question.given_on, row.months), question, day);
    case SpentFrom::kSentenceEndUnlessListed:
      if (question.listed_offence == Tri::kYes) return Tri::kNo;
      if (question.listed_offence != Tri::kNo) return Tri::kUnknown;
      [[fallthrough]];
    case SpentFrom::kSentenceEnd:
      // The period begins with the day on which the sentence ends.
      if (!end_known) return Tri::kUnknown;
      return Over(AfterMonths(question.ended_on, row.months), question, day);
    case SpentFrom::kOrderEnd:
      if (!end_known) return Tri::kUnknown;
      return Over(AfterMonths(question.ended_on + 1, row.months), question, day);
    case SpentFrom::kConvictionOrOrderEnd: {
      const Day latest = AfterMonths(question.given_on, row.months);
      if (!end_known) return latest <= day ? Over(latest, question, day) : Tri::kUnknown;
      return Over(std::min(latest, question.ended_on + 1), question, day);
    }
  }
  return Tri::kUnknown;
}

}  // namespace

Tri SpentTable::IsSpent(const SpentQuestion& question, Day day) const {
  if (day == kNoDay || question.given_on == kNoDay || question.given_on > day) return Tri::kUnknown;
  // Of both ages where the age is not known: only an answer that both give is one. Rows cannot
  // overlap (ParseSpentTable), so at most one fits.
  bool any = false;
  bool all_yes = true;
  bool all_no = true;
  for (const bool under_18 : {false, true}) {
    if (question.under_18 == (under_18 ? Tri::kNo : Tri::kYes)) continue;
    Tri spent = Tri::kUnknown;
    for (const SpentRow& row : rows_) {
      if (row.under_18 == under_18 && SameKind(row, question) && IsLawOn(row, day)) {
        spent = By(row, question, day);
      }
    }
    any = true;
    all_yes = all_yes && spent == Tri::kYes;
    all_no = all_no && spent == Tri::kNo;
  }
  if (!any) return Tri::kUnknown;
  if (all_yes) return Tri::kYes;
  return all_no ? Tri::kNo : Tri::kUnknown;
}

struct SpentTableParser {
  SpentTableResult Run(absl::string_view text) {
    if (text.size() > kSpentTableBytesMax) {
      Fail("", absl::StrCat("a table has at most ", kSpentTableBytesMax, " bytes"));
      return std::move(result_);
    }
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++line_;
      if (result_.diagnostics.size() >= static_cast<size_t>(kDiagnosticsMax)) break;
      line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
      if (!line.empty()) Row(line);
    }
    if (!result_.diagnostics.empty()) result_.table = SpentTable();
    return std::move(result_);
  }

 private:
  void Row(absl::string_view line) {
    std::vector<absl::string_view> fields = absl::StrSplit(line, '|');
    for (absl::string_view& field : fields) field = absl::StripAsciiWhitespace(field);
    if (fields.size() != 9) return Fail(line, "a row has nine fields between bars");
    SpentRow row;
    row.disposal = std::string(fields[0]);
    if (row.disposal.empty()) return Fail(line, "a row names its disposal");
    row.under_18 = fields[1] == "under-18";
    if (!row.under_18 && fields[1] != "adult") return Fail(fields[1], "say adult or under-18");
    if (fields[2] != "-" || fields[3] != "-") {
      if (!Months(fields[2], row.over_months) || !Months(fields[3], row.up_to_months)) return;
      if (row.up_to_months <= row.over_months) {
        return Fail(fields[3], "the lengths are in the wrong order");
      }
    }
    static constexpr struct {
      const char* word;
      SpentFrom from;
    } kFrom[] = {{"never", SpentFrom::kNever},
                 {"at-once", SpentFrom::kAtOnce},
                 {"conviction", SpentFrom::kConviction},
                 {"sentence-end", SpentFrom::kSentenceEnd},
                 {"order-end", SpentFrom::kOrderEnd},
                 {"sentence-end-unless-listed", SpentFrom::kSentenceEndUnlessListed},
                 {"conviction-or-order-end", SpentFrom::kConvictionOrOrderEnd}};
    bool found = false;
    for (const auto& one : kFrom) {
      if (fields[4] != one.word) continue;
      row.from = one.from;
      found = true;
    }
    if (!found) {
      return Fail(fields[4],
                  "say never, at-once, conviction, sentence-end, order-end, "
                  "sentence-end-unless-listed or conviction-or-order-end");
    }
    const bool counts = row.from != SpentFrom::kNever && row.from != SpentFrom::kAtOnce;
    if (counts && !Months(fields[5], row.months)) return;
    if (!counts && fields[5] != "-") return Fail(fields[5], "nothing is counted here; say -");
    if (!ADay(fields[6], row.law_from)) return;
    if (fields[7] != "-" && !ADay(fields[7], row.law_until)) return;
    if (row.law_until != kNoDay && row.law_until < row.law_from) {
      return Fail(fields[7], "the law ends before it starts");
    }
    row.source = std::string(fields[8]);
    if (row.source.empty()) return Fail(line, "a row names its source");
    std::vector<SpentRow>& rows = result_.table.rows_;
    if (rows.size() >= kSpentRowsMax) {
      return Fail(line, absl::StrCat("a table has at most ", kSpentRowsMax, " rows"));
    }
    for (const SpentRow& other : rows) {
      if (Overlap(row, other)) return Fail(line, "another row answers the same question");
    }
    rows.push_back(std::move(row));
  }

  static bool Overlap(const SpentRow& a, const SpentRow& b) {
    if (a.disposal != b.disposal || a.under_18 != b.under_18) return false;
    const bool lengths = a.up_to_months == 0 || b.up_to_months == 0 ||
                         (a.over_months < b.up_to_months && b.over_months < a.up_to_months);
    const auto last = [](const SpentRow& row) {
      return row.law_until == kNoDay ? std::numeric_limits<Day>::max() : row.law_until;
    };
    return lengths && a.law_from <= last(b) && b.law_from <= last(a);
  }

  bool Months(absl::string_view field, int& out) {
    if (absl::SimpleAtoi(field, &out) && out >= 0 && out <= kMonthsMax) return true;
    Fail(field, absl::StrCat("expected a number of months up to ", kMonthsMax, " here"));
    return false;
  }

  bool ADay(absl::string_view field, Day& out) {
    int year = 0;
    int month = 0;
    int day = 0;
    if (field.size() == 10 && field[4] == '-' && field[7] == '-' &&
        absl::SimpleAtoi(field.substr(0, 4), &year) &&
        absl::SimpleAtoi(field.substr(5, 2), &month) &&
        absl::SimpleAtoi(field.substr(8, 2), &day)) {
      out = DayOf(year, month, day);
      if (out != kNoDay) return true;
    }
    Fail(field, "expected a date such as 2023-10-28 here");
    return false;
  }

  void Fail(absl::string_view words, std::string message) {
    Diagnostic diagnostic;
    diagnostic.line = line_;
    diagnostic.column = 1;
    diagnostic.words = std::string(words.substr(0, 64));
    diagnostic.message = std::move(message);
    result_.diagnostics.push_back(std::move(diagnostic));
  }

  SpentTableResult result_;
  int line_ = 0;
};

SpentTableResult ParseSpentTable(absl::string_view text) { return SpentTableParser().Run(text); }

}  // namespace signpost::policy
