#include "hub/audit/patterns.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "hub/audit/filter.h"
#include "hub/base/error.h"
#include "hub/tlog/entry_fields.h"

namespace signpost::audit {

namespace {

using Accesses = std::vector<Access>;

// What a pattern finds before it is told: the more telling the greater `weight`, and of equals the
// later first.
struct Found {
  std::vector<uint64_t> indexes;
  const Access* first = nullptr;  // whose access; of several, of the first
  bool of_one = true;             // all by one practitioner
  double weight = 0;
  std::string why;
};

struct Pattern {
  const char* name;
  std::string (*rule)(const PatternOptions& options);
  const char* query;
  bool about_persons;   // see PatternNamesAboutPersons()
  bool beyond_entries;  // see PatternNamesBeyondEntries()
  // nullptr for override-unreviewed, which alone asks what time it is.
  std::vector<Found> (*find)(const PatternOptions& options, const Accesses& accesses);
};

std::string Days(absl::Duration duration) {
  const int64_t hours = absl::ToInt64Hours(duration);
  return hours % 24 == 0 ? absl::StrCat(hours / 24, " days") : absl::StrCat(hours, " hours");
}
std::string Minutes(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Minutes(duration), " minutes");
}

// Who acts: a practitioner, or a system where none is named.
std::string ActorOf(const Access& access) {
  return absl::StrCat(access.agency_id, "/",
                      access.practitioner_id.empty() ? access.system : access.practitioner_id);
}

bool Unrelated(const Access& access) {
  return access.who_knows && !access.person.empty() && !access.related && !access.overridden;
}

// One hit for each access of which `why` says anything.
template <typename Why>
std::vector<Found> EachAccess(const Accesses& accesses, Why why) {
  std::vector<Found> all;
  for (const Access& access : accesses) {
    std::string said = why(access);
    if (said.empty()) continue;
    Found found;
    found.indexes = {access.index};
    found.first = &access;
    found.why = std::move(said);
    found.weight = access.released;
    all.push_back(std::move(found));
  }
  return all;
}

// Accesses by what `key` says of each, in order; those of an empty key are left out.
template <typename Key>
std::map<std::string, std::vector<const Access*>> GroupBy(const Accesses& accesses, Key key) {
  std::map<std::string, std::vector<const Access*>> groups;
  for (const Access& access : accesses) {
    const std::string group = key(access);
    if (!group.empty()) groups[group].push_back(&access);
  }
  return groups;
}

Found FoundOf(const std::vector<const Access*>& several) {
  Found found;
  found.first = several.front();
  for (const Access* access : several) {
    found.indexes.push_back(access->index);
    found.of_one = found.of_one && ActorOf(*access) == ActorOf(*several.front());
  }
  return found;
}

// --- The patterns ---

std::string NoRelationshipRule(const PatternOptions&) {
  return "A question about a young person who is known, where no relationship counted and no "
         "override was used.";
}
std::vector<Found> NoRelationship(const PatternOptions&, const Accesses& accesses) {
  return EachAccess(accesses, [](const Access& access) {
    return Unrelated(access) ? absl::StrCat("no relationship counted; ", access.released,
                                            " items shown, ", access.withheld, " withheld")
                             : std::string();
  });
}

std::string SameSurnameRule(const PatternOptions&) {
  return "The practitioner's own surname is one that the young person is known by, and no "
         "relationship counted.";
}
std::vector<Found> SameSurname(const PatternOptions&, const Accesses& accesses) {
  return EachAccess(accesses, [](const Access& access) {
    return access.same_surname && !access.related
               ? std::string("the surname is the practitioner's own")
               : std::string();
  });
}

std::string SamePostcodeRule(const PatternOptions&) {
  return "The practitioner's own home postcode is one that the young person is known at.";
}
std::vector<Found> SamePostcode(const PatternOptions&, const Accesses& accesses) {
  return EachAccess(accesses, [](const Access& access) {
    return access.same_postcode ? absl::StrCat("the postcode is the practitioner's own",
                                               access.related ? "; a relationship counted" : "")
                                : std::string();
  });
}

std::string OutOfHoursRule(const PatternOptions& options) {
  return absl::StrFormat(
      "A practitioner's question before %02d:00 or from %02d:00 on%s (%s), but for roles that work "
      "at all hours (%s).",
      options.day_begins_hour, options.day_ends_hour,
      options.weekends_are_out ? ", or on a Saturday or Sunday" : "", options.zone.name(),
      options.all_hours_roles.empty() ? "none" : absl::StrJoin(options.all_hours_roles, ", "));
}
std::vector<Found> OutOfHours(const PatternOptions& options, const Accesses& accesses) {
  return EachAccess(accesses, [&options](const Access& access) {
    if (access.practitioner_id.empty()) return std::string();
    const auto& exempt = options.all_hours_roles;
    if (std::find(exempt.begin(), exempt.end(), access.role) != exempt.end()) return std::string();
    const absl::CivilSecond local = absl::ToCivilSecond(access.at, options.zone);
    const absl::Weekday day = absl::GetWeekday(absl::CivilDay(local));
    const bool weekend = day == absl::Weekday::saturday || day == absl::Weekday::sunday;
    const bool hour =
        local.hour() < options.day_begins_hour || local.hour() >= options.day_ends_hour;
    if (!hour && !(weekend && options.weekends_are_out)) return std::string();
    return absl::FormatTime("asked on %A at %H:%M", access.at, options.zone);
  });
}

std::string AfterInvolvementRule(const PatternOptions& options) {
  return absl::StrCat(
      "A question about a young person when the agency's last involvement with them had ended ",
      Days(options.after_involvement_min), " before or earlier.");
}
std::vector<Found> AfterInvolvement(const PatternOptions& options, const Accesses& accesses) {
  return EachAccess(accesses, [&options](const Access& access) {
    if (access.overridden || access.related ||
        access.at < access.involvement_ended + options.after_involvement_min) {
      return std::string();
    }
    return absl::StrCat("the last involvement had ended ",
                        absl::ToInt64Hours(access.at - access.involvement_ended) / 24,
                        " days before");
  });
}

std::string ConcentrationRule(const PatternOptions& options) {
  return absl::StrCat("At least ", options.concentration_practitioners_min,
                      " practitioners without a relationship ask about one young person within ",
                      Days(options.concentration_window), ".");
}
std::vector<Found> Concentration(const PatternOptions& options, const Accesses& accesses) {
  std::vector<Found> all;
  const auto by_person = GroupBy(accesses, [](const Access& access) {
    return Unrelated(access) && !access.practitioner_id.empty() ? access.person : std::string();
  });
  for (const auto& [person, looks] : by_person) {
    // The widest window, and all looks within it.
    std::map<std::string, int> actors;
    size_t most = 0;
    size_t begin = 0;
    std::pair<size_t, size_t> widest;
    for (size_t end = 0; end < looks.size(); ++end) {
      ++actors[ActorOf(*looks[end])];
      while (looks[end]->at - looks[begin]->at > options.concentration_window) {
        const std::string leaving = ActorOf(*looks[begin++]);
        if (--actors[leaving] == 0) actors.erase(leaving);
      }
      if (actors.size() > most) {
        most = actors.size();
        widest = {begin, end};
      }
    }
    if (most < static_cast<size_t>(options.concentration_practitioners_min)) continue;
    Found found = FoundOf({looks.begin() + static_cast<std::ptrdiff_t>(widest.first),
                           looks.begin() + static_cast<std::ptrdiff_t>(widest.second) + 1});
    found.weight = static_cast<double>(most);
    found.why = absl::StrCat(most, " practitioners without a relationship asked about one person");
    all.push_back(std::move(found));
  }
  return all;
}

std::string EnumerationRule(const PatternOptions& options) {
  return absl::StrFormat(
      "At least %d questions by one practitioner or system within %s, of which at least %.0f%% are "
      "about nobody who is known.",
      options.enumeration_questions_min, Minutes(options.enumeration_window),
      options.enumeration_unknown_share_min * 100);
}
std::vector<Found> Enumeration(const PatternOptions& options, const Accesses& accesses) {
  std::vector<Found> all;
  for (const auto& [actor, questions] : GroupBy(accesses, ActorOf)) {
    size_t begin = 0;
    size_t unknown = 0;
    const auto is_unknown = [](const Access* access) { return access->person.empty(); };
    std::vector<const Access*> run;  // of windows that are enough, as long as they overlap
    size_t taken = 0;                // questions before this one are in `run` or behind it
    const auto tell = [&] {
      if (run.empty()) return;
      Found found = FoundOf(run);
      const auto about_nobody =
          static_cast<size_t>(std::count_if(run.begin(), run.end(), is_unknown));
      found.weight = static_cast<double>(run.size());
      found.why = absl::StrCat(run.size(), " questions in ",
                               Minutes(run.back()->at - run.front()->at + absl::Seconds(59)), ", ",
                               about_nobody, " of them about nobody who is known");
      all.push_back(std::move(found));
      run.clear();
    };
    for (size_t end = 0; end < questions.size(); ++end) {
      if (is_unknown(questions[end])) ++unknown;
      while (questions[end]->at - questions[begin]->at > options.enumeration_window) {
        if (is_unknown(questions[begin++])) --unknown;
      }
      const size_t count = end - begin + 1;
      if (count < static_cast<size_t>(options.enumeration_questions_min) ||
          static_cast<double>(unknown) <
              options.enumeration_unknown_share_min * static_cast<double>(count)) {
        continue;
      }
      if (!run.empty() && begin >= taken) tell();
      for (size_t i = run.empty() ? begin : taken; i <= end; ++i) run.push_back(questions[i]);
      taken = end + 1;
    }
    tell();
  }
  return all;
}

std::string PurposeRetriedRule(const PatternOptions& options) {
  return absl::StrCat(
      "Something was withheld from a practitioner for one purpose, and within ",
      Minutes(options.retry_window),
      " the same practitioner asked about the same person for another and was shown more.");
}
std::vector<Found> PurposeRetried(const PatternOptions& options, const Accesses& accesses) {
  std::vector<Found> all;
  const auto groups = GroupBy(accesses, [](const Access& access) {
    return access.person.empty() || access.practitioner_id.empty()
               ? std::string()
               : absl::StrCat(ActorOf(access), "/", access.person);
  });
  for (const auto& [group, looks] : groups) {
    for (size_t i = 1; i < looks.size(); ++i) {
      const Access& after = *looks[i];
      if (after.overridden) continue;  // an override is its own pattern, and is reviewed
      for (size_t j = i; j-- > 0;) {
        const Access& before = *looks[j];
        if (after.at - before.at > options.retry_window) break;
        if (before.purpose == after.purpose || before.withheld == 0 ||
            after.released <= before.released) {
          continue;
        }
        Found found = FoundOf({&before, &after});
        found.weight = after.released - before.released;
        found.why =
            absl::StrCat(before.released, " items shown for ", EnumWord(before.purpose), ", ",
                         after.released, " for ", EnumWord(after.purpose), " soon after");
        all.push_back(std::move(found));
        break;
      }
    }
  }
  return all;
}

std::string VolumeRule(const PatternOptions& options) {
  return absl::StrFormat(
      "A practitioner asks about at least %d people in a day, and about at least %.3g times as "
      "many as is usual (the median of all days worked) in the same role.",
      options.volume_persons_min, options.volume_times_usual_min);
}
std::vector<Found> Volume(const PatternOptions& options, const Accesses& accesses) {
  struct Day {
    std::vector<const Access*> looks;
    absl::flat_hash_set<std::string> persons;
  };
  std::map<std::string, std::map<std::string, Day>> by_role;  // then by practitioner and day
  for (const Access& access : accesses) {
    if (access.practitioner_id.empty()) continue;
    const absl::CivilDay civil = absl::ToCivilDay(access.at, options.zone);
    Day& day =
        by_role[access.role][absl::StrCat(ActorOf(access), " ", absl::FormatCivilTime(civil))];
    day.looks.push_back(&access);
    // Each question about nobody counts as one about somebody else.
    day.persons.insert(access.person.empty() ? absl::StrCat(access.index) : access.person);
  }
  std::vector<Found> all;
  for (const auto& [role, days] : by_role) {
    std::vector<size_t> counts;
    for (const auto& [name, day] : days) counts.push_back(day.persons.size());
    const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
    std::nth_element(counts.begin(), middle, counts.end());
    const double usual = static_cast<double>(std::max<size_t>(*middle, 1));
    for (const auto& [name, day] : days) {
      const double times = static_cast<double>(day.persons.size()) / usual;
      if (day.persons.size() < static_cast<size_t>(options.volume_persons_min) ||
          times < options.volume_times_usual_min) {
        continue;
      }
      Found found = FoundOf(day.looks);
      found.weight = times;
      found.why = absl::StrFormat("%d people in one day, %.1f times what is usual in the role",
                                  static_cast<int>(day.persons.size()), times);
      all.push_back(std::move(found));
    }
  }
  return all;
}

// Runs of looks by one practitioner, each of so many different people within `window` that it is
// enough; runs that overlap are one. Each question about nobody counts as one about somebody else.
std::vector<Found> Crowds(const std::vector<const Access*>& looks, int persons_min,
                          absl::Duration window) {
  std::vector<Found> all;
  std::map<std::string, int> within;  // by person
  const auto person = [](const Access* access) {
    return access->person.empty() ? absl::StrCat("#", access->index) : access->person;
  };
  std::vector<const Access*> run;
  size_t begin = 0;
  size_t taken = 0;
  const auto tell = [&] {
    if (run.empty()) return;
    absl::flat_hash_set<std::string> persons;
    for (const Access* access : run) persons.insert(person(access));
    Found found = FoundOf(run);
    found.weight = static_cast<double>(persons.size());
    found.why = absl::StrCat(persons.size(), " people in ",
                             Minutes(run.back()->at - run.front()->at + absl::Seconds(59)));
    all.push_back(std::move(found));
    run.clear();
  };
  for (size_t end = 0; end < looks.size(); ++end) {
    ++within[person(looks[end])];
    while (looks[end]->at - looks[begin]->at > window) {
      const auto gone = within.find(person(looks[begin++]));
      if (--gone->second == 0) within.erase(gone);
    }
    if (within.size() < static_cast<size_t>(persons_min)) continue;
    if (!run.empty() && begin >= taken) tell();
    for (size_t i = run.empty() ? begin : taken; i <= end; ++i) run.push_back(looks[i]);
    taken = end + 1;
  }
  tell();
  return all;
}

std::string BrowsingRule(const PatternOptions& options) {
  return absl::StrCat("A practitioner asks about at least ", options.browsing_persons_min,
                      " people within ", Minutes(options.browsing_window),
                      ", whatever is usual in the role.");
}
std::vector<Found> Browsing(const PatternOptions& options, const Accesses& accesses) {
  std::vector<Found> all;
  const auto by_worker = GroupBy(accesses, [](const Access& access) {
    return access.practitioner_id.empty() ? std::string() : ActorOf(access);
  });
  for (const auto& [worker, looks] : by_worker) {
    for (Found& found : Crowds(looks, options.browsing_persons_min, options.browsing_window)) {
      all.push_back(std::move(found));
    }
  }
  return all;
}

std::string NewlyInvolvedRule(const PatternOptions& options) {
  return absl::StrCat("A practitioner looks at at least ", options.newly_persons_min,
                      " people within ", Days(options.newly_window),
                      " whom they are involved with by a new flag alone: was each flag made to "
                      "work with somebody, or to look?");
}
std::vector<Found> NewlyInvolved(const PatternOptions& options, const Accesses& accesses) {
  std::vector<Found> all;
  const auto by_worker = GroupBy(accesses, [](const Access& access) {
    return access.newly && access.who_knows ? ActorOf(access) : std::string();
  });
  for (const auto& [worker, looks] : by_worker) {
    for (Found& found : Crowds(looks, options.newly_persons_min, options.newly_window)) {
      absl::StrAppend(&found.why, ", each by a new flag alone");
      all.push_back(std::move(found));
    }
  }
  return all;
}

std::string OverrideUnreviewedRule(const PatternOptions&) {
  return "An override opened something, its review date has passed, and nobody has reviewed it.";
}

std::vector<Found> OverrideUnreviewed(const Accesses& accesses, absl::Time now) {
  return EachAccess(accesses, [now](const Access& access) {
    if (!access.overridden || access.reviewed || access.review_due >= now) return std::string();
    const int64_t days = absl::ToInt64Hours(now - access.review_due) / 24;
    return absl::StrCat("the review was due ", days, days == 1 ? " day ago" : " days ago");
  });
}

const std::vector<Pattern>& Patterns() {
  static const auto* const patterns = new std::vector<Pattern>{
      {"after-involvement", AfterInvolvementRule, "--kind who-knows --by-agency AGENCY", true, true,
       AfterInvolvement},
      {"browsing", BrowsingRule, "--by-agency AGENCY --by ID --from DAY --until DAY", true, false,
       Browsing},
      {"concentration", ConcentrationRule, "--kind who-knows --same-person-as NUMBER", true, false,
       Concentration},
      {"enumeration", EnumerationRule, "--by-agency AGENCY --by ID --from DAY --until DAY", true,
       false, Enumeration},
      {"newly-involved", NewlyInvolvedRule, "--kind who-knows --by-agency AGENCY --by ID", true,
       false, NewlyInvolved},
      {"no-relationship", NoRelationshipRule, "--kind who-knows --by-agency AGENCY --by ID", true,
       false, NoRelationship},
      {"out-of-hours", OutOfHoursRule, "--kind who-knows --from DAY --until DAY", false, false,
       OutOfHours},
      {"override-unreviewed", OverrideUnreviewedRule, "--kind who-knows --with-override", false,
       false, nullptr},
      {"purpose-retried", PurposeRetriedRule, "--by-agency AGENCY --by ID --same-person-as NUMBER",
       true, false, PurposeRetried},
      {"same-postcode", SamePostcodeRule, "--by-agency AGENCY --by ID", true, true, SamePostcode},
      {"same-surname", SameSurnameRule, "--by-agency AGENCY --by ID", true, true, SameSurname},
      {"volume", VolumeRule, "--by-agency AGENCY --by ID --from DAY --until DAY", true, false,
       Volume},
  };
  return *patterns;
}

template <typename Which>
std::vector<std::string> NamesWhere(Which which) {
  std::vector<std::string> names;
  for (const Pattern& pattern : Patterns()) {
    if (which(pattern)) names.emplace_back(pattern.name);
  }
  return names;
}

}  // namespace

const std::vector<std::string>& PatternNames() {
  static const auto* const names =
      new std::vector<std::string>(NamesWhere([](const Pattern&) { return true; }));
  return *names;
}

const std::vector<std::string>& PatternNamesAboutPersons() {
  static const auto* const names = new std::vector<std::string>(
      NamesWhere([](const Pattern& pattern) { return pattern.about_persons; }));
  return *names;
}

const std::vector<std::string>& PatternNamesBeyondEntries() {
  static const auto* const names = new std::vector<std::string>(
      NamesWhere([](const Pattern& pattern) { return pattern.beyond_entries; }));
  return *names;
}

std::optional<uint64_t> ReviewedBy(const ledger::v1::LedgerEntry& entry) {
  if (entry.outcome() != ledger::v1::OUTCOME_UPHELD &&
      entry.outcome() != ledger::v1::OUTCOME_NOT_UPHELD) {
    return std::nullopt;
  }
  if (!entry.has_override_reviewed()) return std::nullopt;
  return entry.override_reviewed().entry_index();
}

absl::StatusOr<PatternFinder> PatternFinder::Create(const PatternOptions& options,
                                                    const std::vector<std::string>& names) {
  PatternFinder finder(options);
  const std::vector<std::string>& known = PatternNames();
  for (size_t i = 0; i < names.size(); ++i) {
    if (!std::binary_search(known.begin(), known.end(), names[i])) {
      return base::InvalidField(
          absl::StrCat("patterns[", i, "]"),
          absl::StrCat("no pattern of this name; there are ", absl::StrJoin(known, ", ")));
    }
  }
  finder.names_ = names.empty() ? known : names;
  std::sort(finder.names_.begin(), finder.names_.end());
  finder.names_.erase(std::unique(finder.names_.begin(), finder.names_.end()), finder.names_.end());
  return finder;
}

bool PatternFinder::IsQuestion(const ledger::v1::LedgerEntry& entry) {
  return entry.kind() == ledger::v1::ENTRY_KIND_WHO_KNOWS ||
         entry.kind() == ledger::v1::ENTRY_KIND_FIND;
}

Access PatternFinder::AccessOf(const ledger::v1::LedgerEntry& entry) {
  Access access;
  access.index = entry.index();
  access.at = absl::FromUnixMicros(entry.sequenced_at_us());
  access.agency_id = entry.agency_id();
  access.practitioner_id = entry.practitioner_id();
  access.system = entry.system();
  if (entry.agency_id() == tlog::kMaskedWord) {
    // Whose acts these are nobody can say: no two are one worker's.
    access.practitioner_id.clear();
    access.system = absl::StrCat("#", entry.index());
  }
  access.role = entry.role();
  access.purpose = entry.purpose();
  access.who_knows = entry.kind() == ledger::v1::ENTRY_KIND_WHO_KNOWS;
  bool involved = false;
  bool settled = false;
  for (const int relationship : entry.who_knows().relationships()) {
    access.related = true;
    settled |= relationship == ledger::v1::RELATIONSHIP_SETTLED_INVOLVEMENT;
    involved |= relationship != ledger::v1::RELATIONSHIP_SETTLED_INVOLVEMENT &&
                relationship != ledger::v1::RELATIONSHIP_OWN_OPEN_FLAG;
  }
  access.newly = involved && !settled;
  for (const ledger::v1::Released& released : entry.released()) {
    access.released += released.aspects_size();
  }
  for (const ledger::v1::Withheld& withheld : entry.withheld()) {
    access.withheld += static_cast<int>(withheld.count());
  }
  access.overridden = entry.who_knows().override().allowed();
  access.review_due = absl::FromUnixSeconds(entry.who_knows().override().review_due_s());
  return access;
}

std::vector<v1::PatternReport> PatternFinder::Find(absl::Time now, int hits_max) const {
  std::vector<v1::PatternReport> reports;
  for (const Pattern& pattern : Patterns()) {
    if (!std::binary_search(names_.begin(), names_.end(), pattern.name)) continue;
    std::vector<Found> all = pattern.find != nullptr ? pattern.find(options_, accesses_)
                                                     : OverrideUnreviewed(accesses_, now);
    std::sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
      return a.weight != b.weight ? a.weight > b.weight : a.indexes.back() > b.indexes.back();
    });
    v1::PatternReport report;
    report.set_name(pattern.name);
    report.set_rule(pattern.rule(options_));
    report.set_query(absl::StrCat("signpost audit search ", pattern.query));
    report.set_hits_total(all.size());
    for (const Found& found : all) {
      if (report.hits_size() >= hits_max) break;
      v1::PatternHit* hit = report.add_hits();
      hit->mutable_entry_indexes()->Add(found.indexes.begin(), found.indexes.end());
      hit->set_agency_id(found.first->agency_id);
      if (found.of_one) hit->set_practitioner_id(found.first->practitioner_id);
      hit->set_why(found.why);
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace signpost::audit
