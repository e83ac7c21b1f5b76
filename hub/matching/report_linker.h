// ReportLinker is a preparer that says what one flag report changes, as a whole, and keeps the
// reviews that wait where it was not certain whom it is about.
//
// A record of somebody who was erased is put on nobody: it is held until a data protection officer has
// answered whether it stays out, and what its agency is told is what it is told of a report that waits.
//
// A record the agency reported before keeps its person, even when details changed; only when birth
// date and both names differ from all they are known by does it wait as "record-reused". A new
// record is matched: linked when certain, a new person when nobody is like it, else it waits. A
// report that waits is sealed under a key of its own, and its record counts as known.
//
// As in people.h everything is prepared, nothing committed, and what a change rests on is taken
// note of by the view that it was read through. Prepare under ledger::Transact() and
// retry on kAborted: two systems that report the same new person at once then make one person.

#ifndef SIGNPOST_HUB_MATCHING_REPORT_LINKER_H_
#define SIGNPOST_HUB_MATCHING_REPORT_LINKER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/ids.h"
#include "hub/base/random.h"
#include "hub/base/sealed.h"
#include "hub/ledger/read_set.h"
#include "hub/matching/keys.h"
#include "hub/matching/matcher.h"
#include "hub/matching/normalise.h"
#include "hub/people/people.h"
#include "hub/store/store.h"
#include "signpost/v1/index.pb.h"

namespace signpost::matching {

// Open records of one agency in one reconciliation.
inline constexpr int kReconcileRecordsMax = 1'000'000;

struct LinkResult {
  // What to write; the caller adds entries, messages and idempotency rows. Empty: nothing changed,
  // nothing to commit, acknowledge at once.
  store::Batch batch;
  signpost::v1::FlagOutcomeKind outcome = signpost::v1::FLAG_OUTCOME_KIND_UNSPECIFIED;
  // The flag is on somebody whom the hub did not know. Never for the reporter to learn.
  bool person_created = false;
  people::FlagChange change = people::FlagChange::kUnchanged;
  base::PersonId person;  // zero while in review
  // What the entry of the change names the person by; set with every change of a flag.
  std::optional<ledger::Blinding> blinding;
  base::FlagId flag;      // zero while in review
  base::ReviewId review;  // set when it waits, or when a resolved review is gone
  std::string service;    // of the flag
  std::string cause;      // of the review
  // Agencies, other than the reporter, with an open flag on them: whom a notice may concern.
  std::vector<std::string> other_agencies;
  // When a reused record left its former person: their flag was closed too.
  base::PersonId former_person;
  std::optional<ledger::Blinding> former_blinding;
  base::FlagId former_flag;
};

// A report that waits, still encrypted. The record id in it is the agency's own.
class LazyReport {
 public:
  LazyReport(const base::Keyring* keyring, base::ReviewId id, std::string wrapped,
             std::string sealed)
      : keyring_(keyring), id_(id), wrapped_(std::move(wrapped)), sealed_(std::move(sealed)) {}
  // Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<signpost::v1::FlagReport> Open() const;

 private:
  const base::Keyring* keyring_;
  base::ReviewId id_;
  std::string wrapped_;
  std::string sealed_;
};

struct ReviewItem {
  base::ReviewId id;
  absl::Time since;
  std::string cause;
  std::vector<Candidate> candidates;  // best first; number 1 is the first
  base::Sealed<LazyReport> report;
};
struct ReviewPage {
  std::vector<ReviewItem> reviews;  // oldest first
  std::string next_token;           // empty at the end
};

// What a reviewer decided.
struct Resolution {
  int candidate_number = 0;  // from 1; 0 with new_person
  bool new_person = false;
};

// One reconciliation: the record ids that an agency has open, against what the hub holds. Not
// thread-safe. `people` must outlive it.
class Reconciliation {
 public:
  struct Result {
    std::vector<people::OpenRecord> missing;      // open here, not listed
    std::vector<std::string> unknown_record_ids;  // listed, neither open here nor in review
  };

  Reconciliation(const people::People* people, std::string agency_id)
      : people_(people), agency_id_(std::move(agency_id)) {}

  // Ids may come twice. Errors: kInvalidField for an id that is empty or too long; kMessageTooLarge
  // past kReconcileRecordsMax.
  [[nodiscard]] absl::Status Add(const std::string& record_id);
  // Compares. Close what is missing with ReportLinker::PrepareCloseMissing(), one operation a
  // record.
  [[nodiscard]] absl::StatusOr<Result> Finish(const store::View& view) const;

 private:
  const people::People* const people_;
  const std::string agency_id_;
  absl::flat_hash_map<std::string, std::string> listed_;  // hash -> id
};

// Thread-safe. `people` and `random` are not owned and must outlive it.
class ReportLinker {
 public:
  // Errors: kInternal when ICU's data is missing.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ReportLinker>> Create(
      const people::People* people, base::RandomSource* random);
  ReportLinker(const ReportLinker&) = delete;
  ReportLinker& operator=(const ReportLinker&) = delete;

  // The whole of one report. Validates it first. Errors: kInvalidField with every field at fault,
  // or when a limit of base/limits.h is reached: reject this report, go on with the next;
  // kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<LinkResult> Prepare(const ledger::GuardedView& view,
                                                   const base::Principal& reporter,
                                                   const signpost::v1::FlagReport& report,
                                                   absl::Time now) const;

  // Closes the flag of a record that a reconciliation found missing. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<LinkResult> PrepareCloseMissing(const ledger::GuardedView& view,
                                                               const std::string& agency_id,
                                                               const people::OpenRecord& record,
                                                               absl::Time now) const;

  // Reviews of `agency_id`, oldest first. Errors: kInvalidField for a token not of this list or a
  // page size outside 1..kPageRowsMax.
  [[nodiscard]] absl::StatusOr<ReviewPage> ListReviews(const store::View& view,
                                                       absl::string_view agency_id, int page_size,
                                                       const std::string& token) const;

  // Decides one review of `agency_id`. The outcome is as Prepare()'s. Errors: kNotFound when it is
  // not waiting, or is another agency's; kInvalidField for a candidate there is not, or one who was
  // erased since.
  [[nodiscard]] absl::StatusOr<LinkResult> PrepareResolve(const ledger::GuardedView& view,
                                                          absl::string_view agency_id,
                                                          const base::ReviewId& review,
                                                          const Resolution& resolution,
                                                          absl::Time now) const;

  // The one person whom `details` name for certain. REQUIRES: people::ValidateFindDetails() passed.
  // Errors: kNotFound for none, for several and for anything less than certain, all alike.
  [[nodiscard]] absl::StatusOr<base::PersonId> FindOne(
      const store::View& view, const signpost::v1::PersonDetails& details) const;

  // Erases them: row, data key, records, matching keys, the index of who looked. Their records are
  // marked (people/erased_records.h). The ledger still verifies. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareErase(const ledger::GuardedView& view,
                                                          const base::PersonId& person,
                                                          absl::string_view agency_id,
                                                          absl::Time now) const;

  // Takes what was reported of an erased record as somebody new, whoever else is like them: nothing may
  // join them to who was erased, nor to who looks like it. `question` waits for `asked_agency_id`'s
  // answer. Errors: kNotFound; kDataLoss.
  [[nodiscard]] absl::StatusOr<LinkResult> PrepareTakeErasedRecord(
      const ledger::GuardedView& view, absl::string_view asked_agency_id,
      const base::ReviewId& question, absl::Time now) const;

  const Keys& keys() const { return keys_; }
  const Matcher& matcher() const { return matcher_; }

 private:
  ReportLinker(const people::People* people, base::RandomSource* random,
               std::unique_ptr<Normaliser> normaliser)
      : people_(people),
        random_(random),
        normaliser_(std::move(normaliser)),
        keys_(people->keyring(), normaliser_.get()),
        matcher_(people, &keys_) {}

  // A report with all that was worked out about it, once.
  struct Resolved {
    const base::Principal& reporter;
    const signpost::v1::FlagReport& report;
    const people::RecordState& state;
    std::string content_hash;
    store::v1::AliasHashes hashes;
    absl::Time now;
  };
  // `read`: what was read to find `person`, if matching found them.
  absl::StatusOr<LinkResult> Put(const ledger::GuardedView& view, const Resolved& resolved,
                                 const people::Person* person, ReadKeys read = {}) const;
  absl::StatusOr<LinkResult> Review(const Resolved& resolved, std::string cause,
                                    std::vector<Candidate> candidates) const;

  const people::People* const people_;
  base::RandomSource* const random_;
  const std::unique_ptr<Normaliser> normaliser_;
  const Keys keys_;
  const Matcher matcher_;
};

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_REPORT_LINKER_H_
