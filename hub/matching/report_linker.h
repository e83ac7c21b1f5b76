// ReportLinker is a preparer that says what one flag report changes, as a whole.
//
// Every report that is no fault of its own is put on a row at once. A record the agency reported
// before keeps its row, even when details changed. A new record is matched: linked when certain, a
// new person when nobody is like it; and where it is not certain, a row of its own too, with a review
// (reviews.h) of whether that is somebody who is known. When somebody has decided, the rows are made
// one. A record of which two of given name, surname and birth date differ from those it began with is
// matched as a new one, unless another agency has them so for that very person.
//
// So what its reporter finds is the same whatever others know: its own flag, under an id of its own
// making. Where somebody could be meant who is shielded, the row carries that shield until the agency
// that set it has decided.
//
// What is reported of a record whose flag was archived and erased, and which is not open again, goes no
// further.
//
// A record of somebody who was erased is put on nobody: it is held until a data protection officer has
// answered whether it stays out, and what its agency is answered is what it is answered of any other.
//
// As in people.h everything is prepared, nothing committed, and what a change rests on is taken
// note of by the view that it was read through. Prepare under ledger::Transact() and
// retry on kAborted: two systems that report the same new person at once then make one person.

#ifndef SIGNPOST_HUB_MATCHING_REPORT_LINKER_H_
#define SIGNPOST_HUB_MATCHING_REPORT_LINKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/ids.h"
#include "hub/base/random.h"
#include "hub/ledger/read_set.h"
#include "hub/matching/keys.h"
#include "hub/matching/matcher.h"
#include "hub/matching/normalise.h"
#include "hub/matching/reviews.h"
#include "hub/people/people.h"
#include "hub/store/store.h"
#include "signpost/v1/index.pb.h"
#include "signpost/v1/steward.pb.h"

namespace signpost::matching {

// What the rooms above know of agencies. Each may be empty.
struct Surroundings {
  // Others may not know that this agency works with somebody.
  std::function<bool(const std::string& agency_id)> hidden;
  // Its work is to protect from harm.
  std::function<bool(const std::string& agency_id)> safeguards;
  // By when a review that begins at `now` is to be decided.
  std::function<absl::Time(signpost::v1::ReviewHarm harm, absl::Time now)> due;
};

struct LinkResult {
  // What to write; the caller adds entries, messages and idempotency rows. Empty: nothing changed,
  // nothing to commit, acknowledge at once.
  store::Batch batch;
  // The flag is on somebody whom the hub did not know. Never for the reporter to learn.
  bool person_created = false;
  people::FlagChange change = people::FlagChange::kUnchanged;
  base::PersonId person;
  // What the entry of the change names the person by; set with every change of a flag.
  std::optional<ledger::Blinding> blinding;
  base::FlagId flag;
  base::ReviewId review;  // that begins with it; zero: none
  std::string service;    // of the flag
  std::string cause;      // of the review
  // Agencies, other than the reporter, with an open flag on them: whom a notice may concern.
  std::vector<std::string> other_agencies;
  // Closed before the hub first heard of it, or long ago: no news to them.
  bool old_closing = false;
  // What the report's word on their death came to, and who is to be told of that.
  people::DeathTurn death = people::DeathTurn::kNone;
  std::vector<std::string> mourners;
  // When a record began anew: the flag as it was before, which the record has left or not. That is
  // others' to know, so there is an entry of it either way.
  base::PersonId former_person;
  std::optional<ledger::Blinding> former_blinding;
  base::FlagId former_flag;
  bool former_closed = false;
};

// What was decided on a review.
struct Resolution {
  std::vector<int> same_as;  // numbers of candidates, from 1; empty: none of them
};

// What a decision changes.
struct ResolveResult {
  store::Batch batch;
  base::PersonId person;                     // whom the record is about from now on
  std::optional<ledger::Blinding> blinding;  // theirs
  std::vector<base::PersonId> merged;        // rows that are theirs from now on
  std::vector<ledger::Blinding> merged_blindings;
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
                                                   const Surroundings& surroundings,
                                                   absl::Time now) const;

  // Closes the flag of a record that a reconciliation found missing. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<LinkResult> PrepareCloseMissing(const ledger::GuardedView& view,
                                                               const std::string& agency_id,
                                                               const people::OpenRecord& record,
                                                               absl::Time now) const;

  // Whether more than one person whom several agencies know would be made one, so that two stewards
  // decide. Errors: kInvalidField for numbers that the review does not have; kDataLoss;
  // kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<bool> TakesTwo(const store::View& view, const ReviewItem& review,
                                              const Resolution& resolution) const;
  // Decides a review: all rows that are found to be one are merged into that of the first candidate
  // named. Errors: kInvalidField for numbers that the review does not have, a candidate who was
  // erased since, or who together would pass a limit.
  [[nodiscard]] absl::StatusOr<ResolveResult> PrepareResolve(const ledger::GuardedView& view,
                                                             const ReviewItem& review,
                                                             const Resolution& resolution) const;
  // Takes away a review that nobody need decide any more, with what hangs on it, as seen through what
  // `batch` already changes.
  [[nodiscard]] absl::Status PrepareDropReview(const ledger::GuardedView& view,
                                               const ReviewItem& review, store::Batch* batch) const;
  // Leaves out of a review, in a store that was put back, who is no more; ends it where nobody is left
  // to decide about.
  [[nodiscard]] absl::Status PrepareMendReview(const ledger::GuardedView& view,
                                               const ReviewItem& review, store::Batch* batch) const;
  // `person` is shielded from now on by `owner_agency_id`, as `batch` already says: whatever waits
  // about them is that agency's to decide, and rows that may be `person` carry the shield.
  [[nodiscard]] absl::Status PrepareShieldOfWaiting(const ledger::GuardedView& view,
                                                    const base::PersonId& person,
                                                    absl::string_view owner_agency_id,
                                                    absl::Time now, store::Batch* batch) const;

  // The one person whom `details` name for certain; see Matcher::FindOne(). REQUIRES:
  // people::ValidateFindDetails() passed. Errors: kNotFound for none, for several and for anything
  // less than certain, all alike.
  [[nodiscard]] absl::StatusOr<base::PersonId> FindOne(const store::View& view,
                                                       const signpost::v1::PersonDetails& details,
                                                       const Eyes& eyes = {},
                                                       bool own_only = false) const;

  // Erases them: row, data key, records, matching keys, the index of who looked, what waits about them
  // and about nobody else. Their records are marked (people/erased_records.h; `asked_itself` as of
  // People::PrepareErase()). The ledger still verifies. Errors: kNotFound.
  [[nodiscard]] absl::StatusOr<store::Batch> PrepareErase(
      const ledger::GuardedView& view, const base::PersonId& person, absl::string_view agency_id,
      absl::Time now, const people::AskedItself& asked_itself = {}) const;

  // Does what is due of them (People::PrepareEnds()), with their matching keys. Of whom nothing is left is
  // erased whole in the same change. Errors: those of that, and of PrepareErase().
  [[nodiscard]] absl::StatusOr<people::EndsResult> PrepareEnds(const ledger::GuardedView& view,
                                                               const base::PersonId& person,
                                                               absl::Time now,
                                                               bool table_counts) const;

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

  class Steps;

  // A report with all that was worked out about it, once.
  struct Resolved {
    const base::Principal& reporter;
    const signpost::v1::FlagReport& report;
    const people::RecordState& state;
    const Surroundings& surroundings;
    std::string content_hash;
    store::v1::AliasHashes hashes;
    absl::Time now;
  };
  // `read`: what was read to find the person, if matching found them.
  absl::StatusOr<LinkResult> Put(const ledger::GuardedView& view, const Resolved& resolved,
                                 const people::Placing& placing, ReadKeys read = {}) const;
  // The record is new, or as good as new.
  absl::StatusOr<LinkResult> PutMatched(const ledger::GuardedView& view,
                                        const Resolved& resolved) const;
  // The record has become another's: it leaves the row that it was on.
  absl::StatusOr<LinkResult> Move(const ledger::GuardedView& view, const Resolved& resolved) const;
  // Ends a review: its candidates wait for it no more, nor its row, nor who was asked.
  absl::Status Settle(const ReviewItem& review, Steps* steps) const;
  // Leaves out of a review who is no more, or known to be the same already; ends it where nobody is
  // left to decide about.
  absl::Status LeaveOut(ReviewItem review, Steps* steps) const;
  // Where the last report on a row that waits was just retracted, nobody need decide any more.
  absl::Status DropReviewOfNobody(const ledger::GuardedView& view, const people::Person& person,
                                  LinkResult* result) const;
  // Adds the review `id` of the row that `result` wrote, and to its candidates that they wait for it.
  absl::Status AddReview(const Resolved& resolved, const base::ReviewId& id,
                         const std::string& cause, const std::vector<Candidate>& candidates,
                         const std::vector<people::Person>& persons, LinkResult* result) const;

  const people::People* const people_;
  base::RandomSource* const random_;
  const std::unique_ptr<Normaliser> normaliser_;
  const Keys keys_;
  const Matcher matcher_;
};

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_REPORT_LINKER_H_
