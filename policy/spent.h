// A SpentTable is a dated table of the law that tells whether a conviction, caution or order is
// spent.
//
// The table is data that an operator keeps (policy/shipped/tables/spent-offences.table), each row
// with the source it was taken from. What counts is the law in force on the day that is asked
// about, not on the day of the conviction: both amendments reached back. Where the table has no row
// that fits, or a fact that decides is not given, the answer is kUnknown, which satisfies every
// hide (Item::spent_offence).
//
// The table knows no register of offences and judges no person: it is for whoever holds the record
// to ask it and to set the fact. Everything is pure and thread-safe.

#ifndef SIGNPOST_POLICY_SPENT_H_
#define SIGNPOST_POLICY_SPENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/calendar.h"
#include "policy/diagnostic.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

// Limits of ParseSpentTable().
inline constexpr size_t kSpentTableBytesMax = 256 << 10;
inline constexpr size_t kSpentRowsMax = 1024;

// From when a period is counted.
enum class SpentFrom : uint8_t {
  kNever = 0,    // never spent
  kAtOnce,       // spent as soon as it is given
  kConviction,   // so many months beginning with the day it was given
  kSentenceEnd,  // so many months beginning with the day the sentence, licence included, ended
  kOrderEnd,     // so many months after the last day on which the order had effect; 0: after it
  // As kSentenceEnd, but never for the listed offences.
  kSentenceEndUnlessListed,
  // As kConviction, or after the last day on which the conditions had effect, if that is sooner.
  kConvictionOrOrderEnd,
};

struct SpentRow {
  std::string disposal;  // "custody", "fine": any word
  bool under_18 = false;
  // Of a disposal with a length: more than `over_months` and at most `up_to_months`; 0 and 0 for
  // one without.
  int over_months = 0;
  int up_to_months = 0;
  SpentFrom from = SpentFrom::kNever;
  int months = 0;
  Day law_from = kNoDay;   // first day on which this is the law
  Day law_until = kNoDay;  // last day; kNoDay: still is
  std::string source;
};

// What is asked.
struct SpentQuestion {
  std::string disposal;
  int length_months = 0;         // of a disposal with a length, parts of a month counted as a whole
  Tri under_18 = Tri::kUnknown;  // on the day of conviction
  Day given_on = kNoDay;         // conviction or caution
  // The last day of the sentence (licence included) or order, past or to come.
  Day ended_on = kNoDay;
  // The offence is one of those (serious violent, sexual, terrorist) for which a long sentence is
  // never spent.
  Tri listed_offence = Tri::kUnknown;
  // Convicted again before this one was spent, which can prolong the period.
  Tri convicted_again = Tri::kUnknown;
};

class SpentTable {
 public:
  const std::vector<SpentRow>& rows() const { return rows_; }

  // Whether it is spent on `day`. kUnknown: no row fits, or a fact that decides is not given.
  // A disposal that is spent at once, and one that is never, is so whatever else is not known, but
  // for the days themselves.
  Tri IsSpent(const SpentQuestion& question, Day day) const;

 private:
  friend struct SpentTableResult;
  friend struct SpentTableParser;
  std::vector<SpentRow> rows_;
};

// A table, or what is wrong with its text: then the table is empty and answers kUnknown.
struct SpentTableResult {
  SpentTable table;
  std::vector<Diagnostic> diagnostics;
  bool ok() const { return diagnostics.empty(); }
};

// Reads a table: one row a line, nine fields between bars, `#` starts a comment.
//   disposal | adult or under-18 | over | up to | from | months | law from | until | source
// Lengths are `-` for a disposal without one, `until` is `-` for what is still the law. Two rows
// that could both answer one question on one day are an error, and so is a row without a source.
SpentTableResult ParseSpentTable(absl::string_view text);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_SPENT_H_
