#include "hub/matching/matcher.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/store/row_codec.h"

namespace signpost::matching {
namespace {

using base::PersonId;
using store::Space;
using store::v1::AliasHashes;
using store::v1::MatchKeyRow;

enum class Agreement { kMissing, kAgree, kDiffer };

// `value` against the best alias.
template <typename Get>
Agreement Best(const people::Person& person, const std::string& value, Get get) {
  if (value.empty()) return Agreement::kMissing;
  Agreement best = Agreement::kMissing;
  for (const store::v1::AliasRow& alias : person.aliases()) {
    const std::string& other = get(alias.hashes());
    if (other.empty()) continue;
    if (other == value) return Agreement::kAgree;
    best = Agreement::kDiffer;
  }
  return best;
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

  Comparison(const people::Person& p, const AliasHashes& q)
      : person(p),
        given(Best(
            p, q.given(), [](const AliasHashes& h) -> auto& { return h.given(); })),
        first(Best(
            p, q.given_first(), [](const AliasHashes& h) -> auto& { return h.given_first(); })),
        surname(Best(
            p, q.surname(), [](const AliasHashes& h) -> auto& { return h.surname(); })),
        birth_date(Best(
            p, q.birth_date(), [](const AliasHashes& h) -> auto& { return h.birth_date(); })),
        postcode(Best(
            p, q.postcode(), [](const AliasHashes& h) -> auto& { return h.postcode(); })),
        gender(Best(
            p, q.gender(), [](const AliasHashes& h) -> auto& { return h.gender(); })),
        nhs_number(Best(
            p, q.nhs_number(), [](const AliasHashes& h) -> auto& { return h.nhs_number(); })),
        upn(Best(
            p, q.upn(), [](const AliasHashes& h) -> auto& { return h.upn(); })),
        learner(Best(
            p, q.learner(), [](const AliasHashes& h) -> auto& { return h.learner(); })) {
    for (const store::v1::AliasRow& alias : p.aliases()) {
      const AliasHashes& h = alias.hashes();
      if (!q.given().empty() && !q.surname().empty() && q.given() == h.surname() &&
          q.surname() == h.given()) {
        names_swapped = !BothNames();
      }
      if (!q.birth_date_swapped().empty() && q.birth_date_swapped() == h.birth_date()) {
        date_swapped = birth_date != Agreement::kAgree;
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

// Everybody on the lists who could be meant, best first.
struct Matcher::Considered {
  bool too_many = false;
  std::vector<Comparison> plausible;
  ReadKeys read;
};

absl::StatusOr<Matcher::Considered> Matcher::Consider(const store::View& view,
                                                      const AliasHashes& hashes) const {
  Considered considered;
  std::set<std::string> seen;         // as listed
  std::set<PersonId> considered_ids;  // merges followed
  considered.read.stored = keys_->StoredKeys(hashes);
  const std::vector<std::string> keys = keys_->QueryKeys(hashes, considered.read.stored);
  SIGNPOST_ASSIGN_OR_RETURN(const auto lists, view.GetMany(Space::kMatchKeys, keys));
  considered.read.lists.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    MatchKeyRow& list = considered.read.lists[keys[i]];
    SIGNPOST_ASSIGN_OR_RETURN(list, ParseList(lists[i]));
    for (const std::string& listed : list.person_ids()) {
      if (seen.count(listed) > 0) continue;
      if (seen.size() >= static_cast<size_t>(base::kMatchCandidatesMax)) {
        considered.too_many = true;
        break;
      }
      seen.insert(listed);
      SIGNPOST_ASSIGN_OR_RETURN(PersonId id, PersonId::FromBytes(listed));
      absl::StatusOr<people::Person> person = people_->Read(view, id);
      if (!person.ok()) {
        if (base::ReasonOf(person.status()) == base::Reason::kNotFound) continue;  // erased
        return std::move(person).status();
      }
      if (!considered_ids.insert(person->id()).second) continue;
      Comparison comparison(*person, hashes);
      if (comparison.Plausible()) considered.plausible.push_back(std::move(comparison));
    }
  }
  std::sort(considered.plausible.begin(), considered.plausible.end(),
            [](const Comparison& a, const Comparison& b) {
              return a.Rank() != b.Rank() ? a.Rank() > b.Rank() : a.person.id() < b.person.id();
            });
  return considered;
}

absl::StatusOr<Outcome> Matcher::Match(const store::View& view, const AliasHashes& hashes,
                                       bool weak_birth_date) const {
  SIGNPOST_ASSIGN_OR_RETURN(Considered considered, Consider(view, hashes));
  Outcome outcome;
  outcome.read = std::move(considered.read);
  if (considered.plausible.empty() && !considered.too_many) return outcome;
  int qualified = 0;
  int with_id = 0;
  const Comparison* best = nullptr;
  for (const Comparison& comparison : considered.plausible) {
    if (comparison.AnyId()) ++with_id;
    if (comparison.Qualifies(weak_birth_date)) {
      ++qualified;
      if (best == nullptr) best = &comparison;
    }
  }
  const bool id_elsewhere = best != nullptr && with_id > (best->AnyId() ? 1 : 0);
  if (qualified == 1 && !id_elsewhere && !considered.too_many) {
    outcome.kind = Outcome::Kind::kLink;
    outcome.person = best->person;
    return outcome;
  }
  outcome.kind = Outcome::Kind::kReview;
  if (considered.too_many) {
    outcome.cause = "too-many-candidates";
  } else if (qualified > 1) {
    outcome.cause = "two-candidates";
  } else if (id_elsewhere) {
    outcome.cause = "id-conflict";
  } else {
    outcome.cause = considered.plausible.front().Cause(weak_birth_date);
  }
  for (const Comparison& comparison : considered.plausible) {
    if (outcome.candidates.size() >= static_cast<size_t>(kReviewCandidatesMax)) break;
    outcome.candidates.push_back(comparison.ToCandidate());
  }
  return outcome;
}

absl::StatusOr<PersonId> Matcher::FindOne(const store::View& view, const AliasHashes& hashes,
                                          bool weak_birth_date) const {
  SIGNPOST_ASSIGN_OR_RETURN(Outcome outcome, Match(view, hashes, weak_birth_date));
  if (outcome.kind == Outcome::Kind::kLink) return outcome.person->id();
  const absl::Status nobody =
      base::Error(base::Reason::kNotFound, "no such person, or not yours to know");
  // Nobody else may be like it, so one candidate in all.
  if (outcome.kind == Outcome::Kind::kNone || outcome.cause == "too-many-candidates" ||
      outcome.candidates.size() != 1) {
    return nobody;
  }
  SIGNPOST_ASSIGN_OR_RETURN(people::Person person,
                            people_->Read(view, outcome.candidates.front().person));
  const Comparison only(person, hashes);
  if (only.Conflict() || only.learner == Agreement::kDiffer || !Comparison::Yes(only.birth_date)) {
    return nobody;
  }
  const bool by_name = Comparison::Yes(only.given) && Comparison::Yes(only.surname) &&
                       only.postcode != Agreement::kDiffer && !weak_birth_date;
  const bool by_id = only.CheckedId() && hashes.given().empty() && hashes.surname().empty();
  if (!by_name && !by_id) return nobody;
  return only.person.id();
}

Candidate Matcher::Compare(const people::Person& person, const AliasHashes& hashes) {
  return Comparison(person, hashes).ToCandidate();
}

bool Matcher::Contradicts(const people::Person& person, const AliasHashes& hashes) {
  const Comparison c(person, hashes);
  return c.birth_date == Agreement::kDiffer && !c.date_swapped && c.given == Agreement::kDiffer &&
         !Comparison::Yes(c.first) && c.surname == Agreement::kDiffer && !c.names_swapped;
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
