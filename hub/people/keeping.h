// KeepingRules is a table that says how long what is closed is kept, service by service: when a flag is
// archived, and when it is erased.
//
// Tables are dated: on each day the latest whose day has come is in force, for all flags alike, however
// long ago they were closed. What they count from is the day that the agency said it closed, but never
// from before the hub learnt of it: an agency that reports a case as closed in 1970 puts it out of the
// archive no sooner than one that closes it today.
//
// Where a birthday has a say, the moment is put off by up to kBlurMax, by a number that nobody tells
// without the young person's key: what is due when lies in the store in clear, and would say when they
// were born.
//
// Immutable; thread-safe. The functions are pure.

#ifndef SIGNPOST_HUB_PEOPLE_KEEPING_H_
#define SIGNPOST_HUB_PEOPLE_KEEPING_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/people/person.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// How far a moment that rests on a birthday is moved, at most.
inline constexpr absl::Duration kBlurMax = absl::Hours(90 * 24);
// Where a consent that somebody else gave ends by a birthday, its recorder is told so long before at the
// latest; with the blur, 104 days at the earliest.
inline constexpr absl::Duration kBirthdayNotice = absl::Hours(14 * 24);

struct KeepingTerms {
  int archived_after_months = 12;
  int erased_after_years = 6;
  int erased_at_age = 25;  // 18 or 25; 0: age has no say
  bool later = true;       // of the two; otherwise the earlier
  int erased_after_death_years = 6;
};

struct KeepingTable {
  absl::CivilDay from;  // in force from this day on, in London
  KeepingTerms others;  // of every service that is not named
  std::map<std::string, KeepingTerms> services;

  const KeepingTerms& Of(const std::string& service) const;
};

struct KeepingRules {
  // By their days, the earliest first; no two of one day. At least one: what is not said otherwise is
  // archived a year after closing, and erased six years after it or at 25, whichever is later.
  std::vector<KeepingTable> tables = {KeepingTable{absl::CivilDay(1970, 1, 1), {}, {}}};
  // How long before a consent lapses its recorder is told.
  absl::Duration consent_notice = absl::Hours(28 * 24);
  // Nobody is told that a flag was closed which was closed longer ago than this, nor one that was closed
  // before the hub first heard of it.
  absl::Duration closing_is_news = absl::Hours(28 * 24);

  // The table in force at `now`: the latest whose day has come, else the first.
  const KeepingTable& At(absl::Time now) const;
  // SHA-256 of all tables, in an encoding that is the same for equal ones.
  std::string Sha256() const;
};

// When the table begins to count for `flag`, which is not open, or whose young person has died
// (`dead_since`). Nothing for one that is open, of somebody alive.
std::optional<absl::Time> EndOf(const store::v1::FlagRow& flag,
                                const std::optional<absl::Time>& dead_since);

absl::Time ArchivedAt(const KeepingTerms& terms, absl::Time end);
// `of_age`: when they are terms.erased_at_age by the last birth date on record; nothing where none is, and
// then the years alone count. Without `dead_since` years after closing and age; with it years after the
// later of both ends.
absl::Time ErasedAt(const KeepingTerms& terms, absl::Time end,
                    const std::optional<absl::Time>& dead_since,
                    const std::optional<absl::Time>& of_age);

// Less than kBlurMax, the same each time for `item` of the person whose data key it is.
absl::Duration BlurOf(const base::SecretKey& data_key, absl::string_view item);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_KEEPING_H_
