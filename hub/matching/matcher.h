// Matcher is a judge that says whom details are about: certain, nobody, or for people to decide.
//
// Rules, and no score. Fields are compared with the best of a person's aliases. Somebody
// *qualifies* when no identifier conflicts and either
//   (a) an NHS number or UPN agrees, and the birth date, and a given name (or, where one side has
//       no given name, the surname); with a birth date of 1 January both names must agree; or
//   (b) given names, surname, birth date and postcode all agree, and the birth date is not 1
//       January.
// Exactly one who qualifies, and no other who shares an identifier: linked. Somebody who agrees in
// enough to be the same, or a twin, but does not qualify: review, with the cause. A given name that
// differs is never linked by itself, whatever else agrees: it is how a twin looks.
// Surname and birth date alone, or an address alone, make nobody a candidate.
//
// Whose word an alias is counts. Of other agencies those aliases alone qualify with which one of
// their records began, or which two agencies have: nobody walks a record from one child to another
// and draws others after it. Where an agency may know of somebody by others' open words, what it may
// not know of (`Eyes::hidden`) qualifies nothing, since it would see that it did. And the postcode
// of a shielded person is compared for whoever reported it, and for nobody else.

#ifndef SIGNPOST_HUB_MATCHING_MATCHER_H_
#define SIGNPOST_HUB_MATCHING_MATCHER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/ids.h"
#include "hub/ledger/read_set.h"
#include "hub/matching/keys.h"
#include "hub/people/people.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::matching {

inline constexpr int kReviewCandidatesMax = 5;
// Of these, known to one and the same agency alone, and less than certain.
inline constexpr int kReviewCandidatesOfOneAgencyMax = 2;

// For whom something is compared.
struct Eyes {
  // Agencies whose own words count whole; the first is the one that reports or asks.
  std::vector<std::string> own;
  // Agencies of which these may not know; empty: they may know of all.
  std::function<bool(const std::string& agency_id)> hidden;
};

struct Candidate {
  base::PersonId person;
  std::vector<std::string> agrees;   // fields: "nhs_number", "given_names", "birth_date", …
  std::vector<std::string> differs;  // a field that one side lacks is in neither
  int alias = 0;                     // the alias that agrees in most, by its place
};

// What one attempt has hashed and read already of the details that it matched.
struct ReadKeys {
  std::vector<std::string> stored;                                 // Keys::StoredKeys() of them
  absl::flat_hash_map<std::string, store::v1::MatchKeyRow> lists;  // of these and others, by key
};

struct Outcome {
  enum class Kind { kLink, kNone, kReview };
  Kind kind = Kind::kNone;
  std::optional<people::Person> person;  // kLink
  std::string cause;                     // kReview: "two-candidates", "same-household", …
  std::vector<Candidate> candidates;     // kReview: best first, at most kReviewCandidatesMax
  std::vector<people::Person> persons;   // the same, as they were read
  // What the asker itself said before makes it one of these: their own id for them, and the row that
  // it leads to. Others who qualify are candidates of a review then, and the kind is of those.
  std::optional<base::PersonId> own_id;
  std::optional<people::Person> own;
  ReadKeys read;
};

// Whom details name for certain.
struct Found {
  base::PersonId person;  // the asker's own id where its own words were enough, else the hub's
};

// Immutable and thread-safe. Arguments are not owned and must outlive it.
class Matcher {
 public:
  Matcher(const people::People* people, const Keys* keys) : people_(people), keys_(keys) {}
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;

  // Reads every list of keys_->QueryKeys() and every person on them. Give it a guarded view when a
  // change is to rest on it: that is what keeps two racing reports from creating one person twice.
  // Errors: kDataLoss, kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<Outcome> Match(const store::View& view,
                                              const store::v1::AliasHashes& hashes,
                                              bool weak_birth_date, const Eyes& eyes = {}) const;

  // The one person whom these details name for certain: who qualifies, and also given names, surname
  // and birth date (not 1 January) when one side has no postcode and nobody else is like it, and an
  // NHS number or UPN with the birth date when no names were given. The asker's own words come
  // first: whoever they name is found, whatever others reported. With `own_only` nobody else is.
  // Then those whom others openly reported, and of the shielded one only where no other is like it.
  // Errors: kNotFound otherwise, for none and for several alike.
  [[nodiscard]] absl::StatusOr<Found> FindOne(const store::View& view,
                                              const store::v1::AliasHashes& hashes,
                                              bool weak_birth_date, const Eyes& eyes = {},
                                              bool own_only = false) const;

  // How `hashes` compare with `person`, field by field.
  static Candidate Compare(const people::Person& person, const store::v1::AliasHashes& hashes);
  // Whether a record that began with `first` has become another's: two of given name, surname and
  // birth date differ, and neither names nor day and month merely stand in each other's place.
  static bool BeginsAnew(const store::v1::AliasHashes& first, const store::v1::AliasHashes& now);
  // Whether another agency than eyes.own, of which these may know, has `person` under such details.
  static bool OthersAgree(const people::Person& person, const store::v1::AliasHashes& hashes,
                          const Eyes& eyes);

  // What changes of somebody's aliases.
  struct AliasChange {
    // A new one; nullptr when there is none.
    const store::v1::AliasHashes* added = nullptr;
    // Match() of `added` at the same view, as far as it was called.
    ReadKeys read;
    // Those that are no more, and all that are now: looked at where there are such.
    const std::vector<store::v1::AliasHashes>& dropped;
    const std::vector<store::v1::AliasHashes>& aliases;
  };
  // Puts `person` on the list of each stored key of what was added, and takes them from those that
  // only `dropped` had. Rows that are right already are not written. That they are on the lists of
  // their other aliases was seen to when these were added.
  [[nodiscard]] absl::Status PrepareKeys(const ledger::GuardedView& view,
                                         const base::PersonId& person, AliasChange change,
                                         store::Batch* batch) const;
  // Takes every one of `ids` from the lists of all stored keys of `aliases`.
  [[nodiscard]] absl::Status PrepareRemoval(const ledger::GuardedView& view,
                                            const std::vector<base::PersonId>& ids,
                                            const std::vector<store::v1::AliasHashes>& aliases,
                                            store::Batch* batch) const;

 private:
  struct Comparison;
  struct Considered;
  struct OwnMatch;
  absl::StatusOr<Considered> Consider(const store::View& view,
                                      const store::v1::AliasHashes& hashes) const;

  const people::People* const people_;
  const Keys* const keys_;
};

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_MATCHER_H_
