// Patterns are rules that find accesses somebody should look at. Each is in words, with thresholds
// that an area sets; what it finds are accesses, never people, and never a verdict: there are good
// reasons for most of them, and they are for the auditor to ask for.
//
//   after-involvement    a look at somebody after the agency's last involvement had ended
//   browsing             very many people in an hour, whatever is usual in the role
//   concentration        many practitioners without a relationship look at one person
//   enumeration          many questions in a short time, most of them about nobody who is known
//   newly-involved       looks at several people with nothing but a new flag to involve the looker
//   no-relationship      a look at somebody known, without any relationship that counts
//   out-of-hours         a question in the night or at the weekend
//   override-unreviewed  an override past its review date that nobody has reviewed
//   purpose-retried      withheld for one purpose, asked again for another and got more
//   same-postcode        the practitioner's own home postcode is the young person's
//   same-surname         the practitioner's own surname is the young person's, and there is no
//                        relationship
//   volume               far more people in a day than others in the role look at
//
// A PatternFinder is fed accesses in the order of the ledger and asked once. Pure: no store, no
// clock; what entries do not hold (whether names agree, whether an involvement has ended) is in
// Access for those who can know it, and patterns that want it find nothing where nobody says it.
// For one thread.

#ifndef SIGNPOST_HUB_AUDIT_PATTERNS_H_
#define SIGNPOST_HUB_AUDIT_PATTERNS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::audit {

// Thresholds. An area's own stand in the hub's configuration under "patterns".
struct PatternOptions {
  // Where the area is; hours are its hours.
  absl::TimeZone zone = absl::UTCTimeZone();
  int day_begins_hour = 7;  // out-of-hours: before this hour
  int day_ends_hour = 20;   // and from this hour on
  bool weekends_are_out = true;
  // Roles that work at all hours.
  std::vector<std::string> all_hours_roles = {"emergency-duty"};
  int browsing_persons_min = 30;  // distinct, within the window
  absl::Duration browsing_window = absl::Hours(1);
  int newly_persons_min = 5;  // distinct, within the window, each by a new flag alone
  absl::Duration newly_window = absl::Hours(24 * 7);
  int concentration_practitioners_min = 5;  // distinct, without a relationship
  absl::Duration concentration_window = absl::Hours(24 * 7);
  int enumeration_questions_min = 20;
  absl::Duration enumeration_window = absl::Minutes(10);
  double enumeration_unknown_share_min = 0.5;
  absl::Duration retry_window = absl::Minutes(60);
  // volume: at least so many persons in a day, and so many times what is usual in the role.
  int volume_persons_min = 30;
  double volume_times_usual_min = 4;
  absl::Duration after_involvement_min = absl::Hours(24 * 28);
};

// One access, as far as patterns ask.
struct Access {
  uint64_t index = 0;
  absl::Time at;
  std::string agency_id;
  std::string practitioner_id;  // empty: a system
  std::string system;
  std::string role;
  ledger::v1::Purpose purpose = ledger::v1::PURPOSE_UNSPECIFIED;
  std::string person;      // whatever stands for whom it is about; empty: nobody who is known
  bool who_knows = false;  // else a question to find
  bool related = false;    // a relationship counted
  bool newly = false;      // the worker was involved, by nothing but new flags
  int released = 0;        // items
  int withheld = 0;
  bool overridden = false;  // by an override that opened something
  absl::Time review_due;    // with `overridden`
  // --- What the entry does not hold ---
  bool same_surname = false;
  bool same_postcode = false;
  // With `overridden`: somebody has reviewed it, whenever that was. Not read from the entries of
  // reviews: those may lie outside the time that is looked at, or be past their retention.
  bool reviewed = false;
  // When the agency's last involvement had ended; InfiniteFuture where one stood, there was none,
  // or nobody says.
  absl::Time involvement_ended = absl::InfiniteFuture();
};

// Names of all patterns, in order.
const std::vector<std::string>& PatternNames();
// Those that ask which accesses are about the same person, or about anybody: without the hub's
// index or a file of pseudonyms nobody can say.
const std::vector<std::string>& PatternNamesAboutPersons();
// Those that find nothing unless somebody fills in what entries do not hold.
const std::vector<std::string>& PatternNamesBeyondEntries();

// The number of the override that `entry` says was reviewed; nullopt for every other entry, a
// review that was refused included.
std::optional<uint64_t> ReviewedBy(const ledger::v1::LedgerEntry& entry);

class PatternFinder {
 public:
  // Looks for the patterns of these names; empty: all. Errors: kInvalidField, at `patterns[i]`.
  [[nodiscard]] static absl::StatusOr<PatternFinder> Create(const PatternOptions& options,
                                                            const std::vector<std::string>& names);

  // Takes one entry; those that are no questions are passed over. `person` is the same for entries
  // about the same person (an id, a pseudonym), and empty for one about nobody. `fill` may add to
  // the access what the entry does not hold; it is called only for questions about somebody who is
  // known, and for overrides. REQUIRES: in order of index.
  template <typename Fill>
  void Take(const ledger::v1::LedgerEntry& entry, const std::string& person, Fill fill) {
    if (!IsQuestion(entry)) return;
    Access access = AccessOf(entry);
    access.person = person;
    if (!person.empty() || access.overridden) fill(&access);
    accesses_.push_back(std::move(access));
  }
  // How many accesses are kept.
  size_t size() const { return accesses_.size(); }

  // What was found, one report a pattern asked for, each with at most `hits_max` hits, the most
  // telling first. `now` decides what is overdue.
  std::vector<v1::PatternReport> Find(absl::Time now, int hits_max) const;

 private:
  explicit PatternFinder(const PatternOptions& options) : options_(options) {}
  static bool IsQuestion(const ledger::v1::LedgerEntry& entry);
  static Access AccessOf(const ledger::v1::LedgerEntry& entry);

  const PatternOptions options_;
  std::vector<std::string> names_;
  std::vector<Access> accesses_;
};

}  // namespace signpost::audit

#endif  // SIGNPOST_HUB_AUDIT_PATTERNS_H_
