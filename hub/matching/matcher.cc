#include "hub/matching/matcher.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/store/row_codec.h"

namespace signpost::matching {
namespace {

using base::PersonId;
using store::Space;
using store::v1::AliasHashes;
using store::v1::AliasRow;
using store::v1::MatchKeyRow;

enum class Agreement { kMissing, kAgree, kDiffer };

// Aliases that are compared, each with whether its postcode is.
struct Seen {
  const AliasHashes* hashes;
  bool postcode;
  int place;  // in the person's row
};
using SeenAliases = absl::InlinedVector<Seen, 8>;

// `value` against the best alias.
template <typename Get>
Agreement Best(const SeenAliases& aliases, const std::string& value, Get get) {
  if (value.empty()) return Agreement::kMissing;
  Agreement best = Agreement::kMissing;
  for (const Seen& alias : aliases) {
    const std::string& other = get(alias);
    if (other.empty()) continue;
    if (other == value) return Agreement::kAgree;
    best = Agreement::kDiffer;
  }
  return best;
}

bool IsOwn(const Eyes& eyes, const std::string& agency_id) {
  return std::find(eyes.own.begin(), eyes.own.end(), agency_id) != eyes.own.end();
}
bool IsHidden(const Eyes& eyes, const std::string& agency_id) {
  return eyes.hidden != nullptr && eyes.hidden(agency_id);
}

// Another agency, or what a record began with, has the same name and birth date for them: who has
// only moved is still the same.
bool Corroborated(const people::Person& person, const AliasRow& alias) {
  return std::any_of(person.aliases().begin(), person.aliases().end(), [&](const AliasRow& other) {
    return (other.agency_id() != alias.agency_id() || other.first()) &&
           other.hashes().given() == alias.hashes().given() &&
           other.hashes().surname() == alias.hashes().surname() &&
           other.hashes().birth_date() == alias.hashes().birth_date();
  });
}

enum class Words {
  kAll,     // to see whether somebody could be meant
  kFirsts,  // own ones, and what others' records began with
  kOpen,    // of these, what the eyes may know of
};

SeenAliases See(const people::Person& person, const Eyes& eyes, Words words) {
  SeenAliases seen;
  int place = -1;
  for (const AliasRow& alias : person.aliases()) {
    ++place;
    const bool own = IsOwn(eyes, alias.agency_id());
    if (!own && words != Words::kAll && !alias.first() && !Corroborated(person, alias)) continue;
    if (!own && words == Words::kOpen && IsHidden(eyes, alias.agency_id())) continue;
    seen.push_back({&alias.hashes(), own || !person.shielded(), place});
  }
  return seen;
}

// What one agency itself said of whom it knows by that id.
SeenAliases SeeOwn(const people::Person& person, const std::string& agency_id,
                   const std::string& known_as) {
  SeenAliases seen;
  int place = -1;
  for (const AliasRow& alias : person.aliases()) {
    ++place;
    if (alias.agency_id() == agency_id && alias.known_as() == known_as) {
      seen.push_back({&alias.hashes(), true, place});
    }
  }
  return seen;
}

// The one agency whose word somebody is; nothing when several know them.
std::optional<std::string> LoneAgency(const people::Person& person) {
  std::optional<std::string> lone;
  for (const AliasRow& alias : person.aliases()) {
    if (lone.has_value() && *lone != alias.agency_id()) return std::nullopt;
    lone = alias.agency_id();
  }
  return lone;
}

absl::StatusOr<MatchKeyRow> ParseList(const std::optional<std::string>& bytes) {
  if (!bytes.has_value()) return MatchKeyRow();
  return store::DecodeRow<MatchKeyRow>("a match key", *bytes);
}

void PutList(const std::string& key, const MatchKeyRow& row, store::Batch* batch) {
  if (row.person_ids().empty()) {
    batch->Delete(Space::kMatchKeys, key);
  } else {
    batch->Put(Space::kMatchKeys, key, store::EncodeRow(row));
  }
}

}  // namespace

struct Matcher::Comparison {
  people::Person person;
  Agreement given, first, surname, birth_date, postcode, gender, nhs_number, upn, learner;
  bool names_swapped = false;
  bool date_swapped = false;
  int alias = 0;

  Comparison(const people::Person& p, const AliasHashes& q, const SeenAliases& seen)
      : person(p),
        given(Best(seen, q.given(),
                   [](const Seen& a) -> const std::string& { return a.hashes->given(); })),
        first(Best(seen, q.given_first(),
                   [](const Seen& a) -> const std::string& { return a.hashes->given_first(); })),
        surname(Best(seen, q.surname(),
                     [](const Seen& a) -> const std::string& { return a.hashes->surname(); })),
        birth_date(
            Best(seen, q.birth_date(),
                 [](const Seen& a) -> const std::string& { return a.hashes->birth_date(); })),
        postcode(Best(seen, q.postcode(),
                      [](const Seen& a) -> const std::string& {
                        static const std::string kNone;
                        return a.postcode ? a.hashes->postcode() : kNone;
                      })),
        gender(Best(seen, q.gender(),
                    [](const Seen& a) -> const std::string& { return a.hashes->gender(); })),
        nhs_number(
            Best(seen, q.nhs_number(),
                 [](const Seen& a) -> const std::string& { return a.hashes->nhs_number(); })),
        upn(Best(seen, q.upn(),
                 [](const Seen& a) -> const std::string& { return a.hashes->upn(); })),
        learner(Best(seen, q.learner(),
                     [](const Seen& a) -> const std::string& { return a.hashes->learner(); })) {
    int best = -1;
    for (const Seen& one : seen) {
      const AliasHashes& h = *one.hashes;
      if (!q.given().empty() && !q.surname().empty() && q.given() == h.surname() &&
          q.surname() == h.given()) {
        names_swapped = !BothNames();
      }
      if (!q.birth_date_swapped().empty() && q.birth_date_swapped() == h.birth_date()) {
        date_swapped = birth_date != Agreement::kAgree;
      }
      const int agree = (h.given() == q.given()) + (h.surname() == q.surname()) +
                        (h.birth_date() == q.birth_date());
      if (agree > best) {
        best = agree;
        alias = one.place;
      }
    }
  }

  static bool Yes(Agreement agreement) { return agreement == Agreement::kAgree; }
  bool GivenAtLeastFirst() const { return Yes(given) || Yes(first); }
  bool BothNames() const { return GivenAtLeastFirst() && Yes(surname); }
  // NHS number and UPN alone are unique by law and have check digits.
  bool Conflict() const { return nhs_number == Agreement::kDiffer || upn == Agreement::kDiffer; }
  bool CheckedId() const { return Yes(nhs_number) || Yes(upn); }
  bool AnyId() const { return CheckedId() || Yes(learner); }

  bool Qualifies(bool weak_birth_date) const {
    if (Conflict() || !Yes(birth_date)) return false;
    if (CheckedId()) {
      if (BothNames()) return true;
      if (!weak_birth_date &&
          (GivenAtLeastFirst() || (given == Agreement::kMissing && Yes(surname)))) {
        return true;
      }
    }
    return Yes(given) && Yes(surname) && Yes(postcode) && !weak_birth_date;
  }

  bool Plausible() const {
    if (AnyId()) return true;
    const bool date = Yes(birth_date) || date_swapped;
    if ((BothNames() || names_swapped) && (date || Yes(postcode))) return true;
    if (Yes(birth_date) && Yes(postcode)) return true;
    return Yes(birth_date) && ((given == Agreement::kMissing && Yes(surname)) ||
                               (surname == Agreement::kMissing && GivenAtLeastFirst()));
  }

  // Why this one was not linked. REQUIRES: Plausible().
  std::string Cause(bool weak_birth_date) const {
    if (Conflict()) return "id-conflict";
    if (names_swapped) return "names-swapped";
    if (BothNames() || AnyId()) {
      if (date_swapped) return "day-and-month-swapped";
      if (birth_date == Agreement::kDiffer) return "birth-date-differs";
      if (birth_date == Agreement::kMissing) return "birth-date-missing";
    }
    if (AnyId() && given == Agreement::kDiffer && !Yes(first)) return "given-name-differs";
    if (BothNames()) {
      if (weak_birth_date) return "birth-date-weak";
      if (postcode == Agreement::kDiffer) return "postcode-differs";
      if (postcode == Agreement::kMissing) return "postcode-missing";
      return "given-names-partly";
    }
    if (AnyId()) return "identifier-alone";
    if (Yes(postcode)) {
      if (Yes(surname)) return given == Agreement::kMissing ? "name-incomplete" : "same-household";
      if (GivenAtLeastFirst()) return "surname-differs";
      return "names-differ";
    }
    return "name-incomplete";
  }

  // To order candidates for a reviewer, no more.
  int Rank() const {
    int rank = 0;
    if (Yes(nhs_number)) rank += 80;
    if (Yes(upn)) rank += 80;
    if (Yes(learner)) rank += 40;
    if (Yes(birth_date)) rank += 40;
    if (date_swapped) rank += 30;
    if (Yes(given)) rank += 30;
    if (!Yes(given) && Yes(first)) rank += 20;
    if (Yes(surname)) rank += 30;
    if (names_swapped) rank += 50;
    if (Yes(postcode)) rank += 35;
    if (Yes(gender)) rank += 5;
    if (Conflict()) rank -= 60;
    return rank;
  }

  Candidate ToCandidate() const {
    Candidate candidate;
    candidate.person = person.id();
    candidate.alias = alias;
    const auto say = [&candidate](const char* field, Agreement agreement) {
      if (agreement == Agreement::kAgree) candidate.agrees.push_back(field);
      if (agreement == Agreement::kDiffer) candidate.differs.push_back(field);
    };
    say("nhs_number", nhs_number);
    say("upn", upn);
    say("learner", learner);
    if (names_swapped) {
      candidate.agrees.push_back("names_swapped");
    } else {
      if (!Yes(given) && Yes(first)) {
        candidate.agrees.push_back("first_given_name");
      }
      say("given_names", given);
      say("surname", surname);
    }
    if (date_swapped) candidate.agrees.push_back("birth_date_swapped");
    say("birth_date", birth_date);
    say("postcode", postcode);
    say("gender", gender);
    return candidate;
  }
};

// Everybody on the lists.
struct Matcher::Considered {
  // More are on lists under one exact key, or under the others, than were read.
  bool too_many_exact = false;
  bool too_many = false;
  std::vector<people::Person> persons;
  ReadKeys read;
};

absl::StatusOr<Matcher::Considered> Matcher::Consider(const store::View& view,
                                                      const AliasHashes& hashes) const {
  Considered considered;
  std::set<std::string> seen;         // as listed
  std::set<PersonId> considered_ids;  // merges followed
  considered.read.stored = keys_->StoredKeys(hashes);
  std::vector<std::string> keys = keys_->QueryKeys(hashes, considered.read.stored);
  // Whoever qualifies is on the list of an exact key. These are read first and whole, so that no
  // number of look-alikes under a name comes before the one who is meant.
  const auto others = std::stable_partition(
      keys.begin(), keys.end(), [](const std::string& key) { return Keys::IsExact(key); });
  const auto exact = static_cast<size_t>(others - keys.begin());
  SIGNPOST_ASSIGN_OR_RETURN(const auto lists, view.GetMany(Space::kMatchKeys, keys));
  considered.read.lists.reserve(keys.size());
  size_t read = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i == exact) read = 0;
    const size_t read_max =
        static_cast<size_t>(i < exact ? base::kMatchExactCandidatesMax : base::kMatchCandidatesMax);
    MatchKeyRow& list = considered.read.lists[keys[i]];
    SIGNPOST_ASSIGN_OR_RETURN(list, ParseList(lists[i]));
    for (const std::string& listed : list.person_ids()) {
      if (seen.count(listed) > 0) continue;
      if (read >= read_max) {
        (i < exact ? considered.too_many_exact : considered.too_many) = true;
        break;
      }
      ++read;
      seen.insert(listed);
      SIGNPOST_ASSIGN_OR_RETURN(PersonId id, PersonId::FromBytes(listed));
      absl::StatusOr<people::Person> person = people_->Read(view, id);
      if (!person.ok()) {
        if (base::ReasonOf(person.status()) == base::Reason::kNotFound) continue;  // erased
        return std::move(person).status();
      }
      if (!considered_ids.insert(person->id()).second) continue;
      considered.persons.push_back(*std::move(person));
    }
  }
  return considered;
}

// Whom an agency's own words name.
struct Matcher::OwnMatch {
  size_t person;  // in Considered::persons
  std::string agency_id;
  std::string known_as;
  Comparison comparison;

  // All who could be meant by what `eyes` said themselves, id by id. An id without a flag that counts
  // names nobody.
  static std::vector<OwnMatch> Plausible(const Considered& considered, const AliasHashes& hashes,
                                         const Eyes& eyes) {
    std::vector<OwnMatch> plausible;
    for (size_t i = 0; i < considered.persons.size(); ++i) {
      const people::Person& person = considered.persons[i];
      std::set<std::string> met;
      for (const store::v1::FlagRow& flag : person.flags()) {
        if (flag.status() == signpost::v1::FLAG_STATUS_RETRACTED ||
            !IsOwn(eyes, flag.agency_id()) ||
            !met.insert(flag.agency_id() + flag.known_as()).second) {
          continue;
        }
        Comparison comparison(person, hashes, SeeOwn(person, flag.agency_id(), flag.known_as()));
        if (!comparison.Plausible()) continue;
        plausible.push_back({i, flag.agency_id(), flag.known_as(), std::move(comparison)});
      }
    }
    return plausible;
  }
};

namespace {

// Of `comparisons`, all of whom could be meant, the one who is for certain; nullptr for none.
template <typename Comparisons, typename Get>
auto Certain(const Comparisons& comparisons, bool weak_birth_date, Get get)
    -> decltype(&comparisons.front()) {
  decltype(&comparisons.front()) best = nullptr;
  int qualified = 0;
  int with_id = 0;
  for (const auto& one : comparisons) {
    if (get(one).AnyId()) ++with_id;
    if (!get(one).Qualifies(weak_birth_date)) continue;
    ++qualified;
    best = &one;
  }
  if (qualified != 1 || with_id > (get(*best).AnyId() ? 1 : 0)) return nullptr;
  return best;
}

// The same for who asks: also the only one who could be meant, where enough of them agrees.
template <typename Comparisons, typename Get>
auto CertainOrAlone(const Comparisons& comparisons, const AliasHashes& hashes, bool weak_birth_date,
                    Get get) -> decltype(&comparisons.front()) {
  const auto certain = Certain(comparisons, weak_birth_date, get);
  if (certain != nullptr || comparisons.size() != 1) return certain;
  const auto& only = get(comparisons.front());
  const bool by_id = only.CheckedId() && hashes.given().empty() && hashes.surname().empty();
  if (only.Conflict() || only.learner == Agreement::kDiffer || !only.Yes(only.birth_date)) {
    return nullptr;
  }
  const bool by_name = only.Yes(only.given) && only.Yes(only.surname) &&
                       only.postcode != Agreement::kDiffer && !weak_birth_date;
  return by_name || by_id ? &comparisons.front() : nullptr;
}

}  // namespace

absl::StatusOr<Outcome> Matcher::Match(const store::View& view, const AliasHashes& hashes,
                                       bool weak_birth_date, const Eyes& eyes) const {
  SIGNPOST_ASSIGN_OR_RETURN(Considered considered, Consider(view, hashes));
  Outcome outcome;
  outcome.read = std::move(considered.read);
  const std::vector<OwnMatch> own = OwnMatch::Plausible(considered, hashes, eyes);
  if (const OwnMatch* mine =
          Certain(own, weak_birth_date,
                  [](const OwnMatch& one) -> const Comparison& { return one.comparison; });
      mine != nullptr) {
    SIGNPOST_ASSIGN_OR_RETURN(outcome.own_id, PersonId::FromBytes(mine->known_as));
    outcome.own = considered.persons[mine->person];
  }

  struct Plausible {
    Comparison all;
    bool qualifies;
  };
  std::vector<Plausible> plausible;
  for (const people::Person& person : considered.persons) {
    if (outcome.own.has_value() && person.id() == outcome.own->id()) continue;
    Comparison all(person, hashes, See(person, eyes, Words::kAll));
    if (!all.Plausible()) continue;
    const bool open =
        std::any_of(person.aliases().begin(), person.aliases().end(), [&](const AliasRow& alias) {
          return !IsOwn(eyes, alias.agency_id()) && !IsHidden(eyes, alias.agency_id());
        });
    const bool qualifies =
        Comparison(person, hashes, See(person, eyes, open ? Words::kOpen : Words::kFirsts))
            .Qualifies(weak_birth_date);
    plausible.push_back({std::move(all), qualifies});
  }
  std::sort(plausible.begin(), plausible.end(), [](const Plausible& a, const Plausible& b) {
    if (a.qualifies != b.qualifies) return a.qualifies;
    return a.all.Rank() != b.all.Rank() ? a.all.Rank() > b.all.Rank()
                                        : a.all.person.id() < b.all.person.id();
  });
  const auto qualified = std::count_if(plausible.begin(), plausible.end(),
                                       [](const Plausible& one) { return one.qualifies; });
  const bool too_many = considered.too_many_exact || considered.too_many;
  // Beside whom the agency itself named only somebody who would do as well is worth a review.
  if (outcome.own.has_value() ? qualified == 0 : plausible.empty() && !too_many) return outcome;
  const auto with_id = std::count_if(plausible.begin(), plausible.end(),
                                     [](const Plausible& one) { return one.all.AnyId(); });
  const bool id_elsewhere = qualified > 0 && with_id > (plausible.front().all.AnyId() ? 1 : 0);
  if (!outcome.own.has_value() && qualified == 1 && !id_elsewhere && !considered.too_many_exact) {
    outcome.kind = Outcome::Kind::kLink;
    outcome.person = plausible.front().all.person;
    return outcome;
  }
  outcome.kind = Outcome::Kind::kReview;
  const bool shielded = std::any_of(plausible.begin(), plausible.end(),
                                    [](const Plausible& one) { return one.all.person.shielded(); });
  if (considered.too_many_exact || plausible.empty()) {
    outcome.cause = "too-many-candidates";
  } else if (qualified > 1 || outcome.own.has_value()) {
    outcome.cause = "two-candidates";
  } else if (id_elsewhere) {
    outcome.cause = "id-conflict";
  } else if (shielded) {
    outcome.cause = "shielded";
  } else if (plausible.front().all.Qualifies(weak_birth_date)) {
    outcome.cause = "not-corroborated";
  } else {
    outcome.cause = plausible.front().all.Cause(weak_birth_date);
  }
  // Somebody shielded is never left out, and the look-alikes of one agency do not crowd out others.
  std::stable_partition(plausible.begin(), plausible.end(), [](const Plausible& one) {
    return one.qualifies || one.all.person.shielded();
  });
  std::map<std::string, int> of_one_agency;
  for (const Plausible& one : plausible) {
    if (outcome.candidates.size() >= static_cast<size_t>(kReviewCandidatesMax)) break;
    const std::optional<std::string> lone = LoneAgency(one.all.person);
    if (lone.has_value() && !one.qualifies && !one.all.person.shielded() &&
        ++of_one_agency[*lone] > kReviewCandidatesOfOneAgencyMax) {
      continue;
    }
    outcome.candidates.push_back(one.all.ToCandidate());
    outcome.persons.push_back(one.all.person);
  }
  return outcome;
}

absl::StatusOr<Found> Matcher::FindOne(const store::View& view, const AliasHashes& hashes,
                                       bool weak_birth_date, const Eyes& eyes,
                                       bool own_only) const {
  SIGNPOST_ASSIGN_OR_RETURN(const Considered considered, Consider(view, hashes));
  const absl::Status nobody =
      base::Error(base::Reason::kNotFound, "no such person, or not yours to know");
  // One's own agency and the one of a team may both have them: that is one person, by the word of
  // one's own.
  const std::vector<OwnMatch> plausible = OwnMatch::Plausible(considered, hashes, eyes);
  std::vector<OwnMatch> own;
  for (const OwnMatch& one : plausible) {
    const bool said_by_own =
        one.agency_id != eyes.own.front() &&
        std::any_of(plausible.begin(), plausible.end(), [&](const OwnMatch& other) {
          return other.person == one.person && other.agency_id == eyes.own.front();
        });
    if (!said_by_own) own.push_back(one);
  }
  const OwnMatch* const mine =
      CertainOrAlone(own, hashes, weak_birth_date,
                     [](const OwnMatch& one) -> const Comparison& { return one.comparison; });
  if (mine != nullptr) {
    if (mine->agency_id != eyes.own.front()) return Found{considered.persons[mine->person].id()};
    SIGNPOST_ASSIGN_OR_RETURN(const PersonId id, PersonId::FromBytes(mine->known_as));
    return Found{id};
  }
  if (own_only || !own.empty() || considered.too_many_exact) return nobody;
  // Whether somebody shielded is like them makes no difference to who else is found.
  for (const bool shielded : {false, true}) {
    std::vector<Comparison> open;
    for (const people::Person& person : considered.persons) {
      if (person.shielded() != shielded) continue;
      Comparison comparison(person, hashes, See(person, eyes, Words::kOpen));
      if (comparison.Plausible()) open.push_back(std::move(comparison));
    }
    if (open.empty()) continue;
    const Comparison* const one = CertainOrAlone(
        open, hashes, weak_birth_date,
        [](const Comparison& comparison) -> const Comparison& { return comparison; });
    return one == nullptr ? absl::StatusOr<Found>(nobody) : Found{one->person.id()};
  }
  return nobody;
}

Candidate Matcher::Compare(const people::Person& person, const AliasHashes& hashes) {
  return Comparison(person, hashes, See(person, Eyes(), Words::kAll)).ToCandidate();
}

bool Matcher::BeginsAnew(const AliasHashes& first, const AliasHashes& now) {
  const auto differ = [](const std::string& a, const std::string& b) {
    return !a.empty() && !b.empty() && a != b;
  };
  const bool names_swapped = !now.given().empty() && !now.surname().empty() &&
                             now.given() == first.surname() && now.surname() == first.given();
  const bool given = differ(first.given(), now.given()) &&
                     differ(first.given_first(), now.given_first()) && !names_swapped;
  const bool surname = differ(first.surname(), now.surname()) && !names_swapped;
  const bool birth_date = differ(first.birth_date(), now.birth_date()) &&
                          first.birth_date_swapped() != now.birth_date();
  return given + surname + birth_date >= 2;
}

bool Matcher::OthersAgree(const people::Person& person, const AliasHashes& hashes,
                          const Eyes& eyes) {
  return std::any_of(person.aliases().begin(), person.aliases().end(), [&](const AliasRow& alias) {
    if (IsOwn(eyes, alias.agency_id()) || IsHidden(eyes, alias.agency_id())) return false;
    const AliasHashes& h = alias.hashes();
    return h.birth_date() == hashes.birth_date() && !h.birth_date().empty() &&
           h.surname() == hashes.surname() && h.given_first() == hashes.given_first() &&
           !h.given_first().empty() && !h.surname().empty() && !person.shielded();
  });
}

absl::Status Matcher::PrepareKeys(const ledger::GuardedView& view, const PersonId& person,
                                  AliasChange change, store::Batch* batch) const {
  const std::string id = person.ToBytes();
  ReadKeys& read = change.read;
  if (change.added != nullptr) {
    if (read.stored.empty()) read.stored = keys_->StoredKeys(*change.added);
    std::vector<std::string> unread;
    for (const std::string& key : read.stored) {
      if (!read.lists.contains(key)) unread.push_back(key);
    }
    SIGNPOST_ASSIGN_OR_RETURN(const auto lists, view.GetMany(Space::kMatchKeys, unread));
    for (size_t i = 0; i < unread.size(); ++i) {
      SIGNPOST_ASSIGN_OR_RETURN(read.lists[unread[i]], ParseList(lists[i]));
    }
    for (const std::string& key : read.stored) {
      MatchKeyRow& list = read.lists[key];
      if (std::find(list.person_ids().begin(), list.person_ids().end(), id) !=
          list.person_ids().end()) {
        continue;
      }
      list.add_person_ids(id);
      PutList(key, list, batch);
    }
  }
  if (change.dropped.empty()) return absl::OkStatus();
  std::set<std::string> wanted;
  for (const AliasHashes& alias : change.aliases) {
    for (std::string& key : keys_->StoredKeys(alias)) wanted.insert(std::move(key));
  }
  std::set<std::string> unwanted;
  for (const AliasHashes& alias : change.dropped) {
    for (std::string& key : keys_->StoredKeys(alias)) {
      if (wanted.count(key) == 0) unwanted.insert(std::move(key));
    }
  }
  for (const std::string& key : unwanted) {
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, view.Get(Space::kMatchKeys, key));
    SIGNPOST_ASSIGN_OR_RETURN(MatchKeyRow list, ParseList(bytes));
    auto* ids = list.mutable_person_ids();
    const auto end = std::remove(ids->begin(), ids->end(), id);
    if (end == ids->end()) continue;
    ids->erase(end, ids->end());
    PutList(key, list, batch);
  }
  return absl::OkStatus();
}

absl::Status Matcher::PrepareRemoval(const ledger::GuardedView& view,
                                     const std::vector<PersonId>& ids,
                                     const std::vector<AliasHashes>& aliases,
                                     store::Batch* batch) const {
  std::set<std::string> keys;
  for (const AliasHashes& alias : aliases) {
    for (std::string& key : keys_->StoredKeys(alias)) keys.insert(std::move(key));
  }
  for (const std::string& key : keys) {
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, view.Get(Space::kMatchKeys, key));
    SIGNPOST_ASSIGN_OR_RETURN(MatchKeyRow list, ParseList(bytes));
    auto* listed = list.mutable_person_ids();
    const auto end = std::remove_if(listed->begin(), listed->end(), [&ids](const std::string& at) {
      return std::any_of(ids.begin(), ids.end(),
                         [&at](const PersonId& id) { return id.bytes() == at; });
    });
    if (end == listed->end()) continue;
    listed->erase(end, listed->end());
    PutList(key, list, batch);
  }
  return absl::OkStatus();
}

}  // namespace signpost::matching
