// Misuse is a fortnight of look-ups that the sample's workers make, most of them as they should be,
// with misuse planted among them and said to be so: against this the patterns that auditors look
// for are measured.
//
// What is innocent is made to look bad now and then, as it does: a duty worker takes a call about
// somebody new, somebody works late, types a name wrongly, or has the surname of half the town.
//
// The same population gives the same look-ups, always. Plain values; nothing here does I/O.

#ifndef SIGNPOST_ADAPTERS_SAMPLE_MISUSE_H_
#define SIGNPOST_ADAPTERS_SAMPLE_MISUSE_H_

#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "adapters/sample/extracts.h"
#include "adapters/sample/population.h"

namespace signpost::adapters::sample {

// A worker as enrolled, with what audits compare.
struct Practitioner {
  std::string agency_id;
  std::string practitioner_id;
  std::string role;
  std::string surname;
  std::string home_postcode;
};

// One question about who knows somebody.
struct LookUp {
  absl::CivilSecond at;  // local time, in order
  int practitioner = 0;  // index into Misuse::practitioners
  int person = 0;        // Person::number; 0: the one of the names below, whom nobody knows
  std::string given_names;
  std::string surname;
  absl::CivilDay birth_date;
  std::string purpose;              // "support-planning"
  bool overridden = false;          // with an override
  bool reviewed = false;            // and the override is reviewed in time
  std::vector<std::string> misuse;  // names of patterns it was planted for; empty: innocent
};

// Which agency knows whom in those weeks: an involvement that stands, or one that had ended.
struct Involvement {
  std::string agency_id;
  int person = 0;
  absl::CivilDay opened;
  bool open = true;
  absl::CivilDay closed;  // when not open
};

struct Misuse {
  std::vector<Practitioner> practitioners;
  std::vector<Involvement> involvements;  // each agency and person once
  std::vector<LookUp> look_ups;
};

// The first day is a Monday.
inline constexpr absl::CivilDay kMisuseBegins(2026, 12, 7);
inline constexpr int kMisuseDays = 14;
inline constexpr int kMisusePeopleMin = 200;

// REQUIRES: at least kMisusePeopleMin people.
Misuse MakeMisuse(const Population& population);

// misuse/practitioners.json and misuse/look-ups.jsonl.
Files MisuseFiles(const Misuse& misuse);

}  // namespace signpost::adapters::sample

#endif  // SIGNPOST_ADAPTERS_SAMPLE_MISUSE_H_
