#include "hub/matching/report_linker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/matching/identifiers.h"
#include "hub/people/archived.h"
#include "hub/people/erased_records.h"
#include "hub/people/validate.h"
#include "hub/store/overlay_view.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::matching {
namespace {

using base::Error;
using base::Reason;
using people::FlagChange;
using people::RecordState;
using store::Space;
using store::v1::AliasHashes;

bool WeakBirthDate(const signpost::v1::PersonDetails& details) {
  return IsWeakDate(people::DateNumber(details.birth_date()));
}

absl::Time DueOf(const Surroundings& surroundings, signpost::v1::ReviewHarm harm, absl::Time now) {
  return surroundings.due != nullptr ? surroundings.due(harm, now) : now + absl::Hours(24);
}

bool Safeguards(const Surroundings& surroundings, const people::Person& person) {
  if (surroundings.safeguards == nullptr) return false;
  return std::any_of(person.flags().begin(), person.flags().end(),
                     [&](const store::v1::FlagRow& flag) {
                       return flag.status() == signpost::v1::FLAG_STATUS_OPEN &&
                              surroundings.safeguards(flag.agency_id());
                     });
}

// Records of the agency that the row has, retracted ones apart, whatever id they go by.
int CountFlags(const people::Person& person, const std::string& agency_id) {
  return static_cast<int>(std::count_if(
      person.flags().begin(), person.flags().end(), [&](const store::v1::FlagRow& flag) {
        return flag.agency_id() == agency_id &&
               flag.status() != signpost::v1::FLAG_STATUS_RETRACTED;
      }));
}

// Several agencies have a flag that counts.
bool IsKnownToSeveral(const people::Person& person) {
  std::string first;
  for (const store::v1::FlagRow& flag : person.flags()) {
    if (flag.status() == signpost::v1::FLAG_STATUS_RETRACTED) continue;
    if (first.empty()) first = flag.agency_id();
    if (flag.agency_id() != first) return true;
  }
  // What is archived was theirs: one steward does not join what two agencies knew.
  for (const store::v1::ArchivedFlagRow& flag : person.row().archived()) {
    if (first.empty()) first = flag.agency_id();
    if (flag.agency_id() != first) return true;
  }
  return false;
}

absl::Status NoSuchCandidate() {
  return base::InvalidField("decision.same_as", "numbers of candidates of this review, each once");
}

// The candidates named, in that order, as rows of `review`. Errors: kInvalidField.
absl::StatusOr<std::vector<const store::v1::CandidateRow*>> Named(const ReviewItem& review,
                                                                  const Resolution& resolution) {
  std::vector<const store::v1::CandidateRow*> named;
  for (const int number : resolution.same_as) {
    if (number < 1 || number > review.row.candidates_size()) return NoSuchCandidate();
    const store::v1::CandidateRow* const row = &review.row.candidates(number - 1);
    if (std::find(named.begin(), named.end(), row) != named.end()) return NoSuchCandidate();
    named.push_back(row);
  }
  return named;
}

// Every id by which somebody is or was known.
absl::StatusOr<std::vector<base::PersonId>> IdsOf(const people::Person& person) {
  std::vector<base::PersonId> ids = {person.id()};
  for (const std::string& merged : person.row().merged_from()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, base::PersonId::FromBytes(merged));
    ids.push_back(id);
  }
  return ids;
}

}  // namespace

// A change made of several, of which a later one reads what an earlier one writes: two ids of a review
// may lead to one row. What is read of the store itself is noted by `view`.
class ReportLinker::Steps {
 public:
  // `batch`, to which they are added, may say something already.
  Steps(const ledger::GuardedView* view, store::Batch* batch)
      : overlay_(view), read_(&overlay_), batch_(batch) {
    overlay_.Take(*batch);
  }
  const ledger::GuardedView& view() const { return read_; }
  void Take(store::Batch change) {
    overlay_.Take(change);
    batch_->Append(std::move(change));
  }

 private:
  store::OverlayView overlay_;
  const ledger::GuardedView read_;
  store::Batch* const batch_;
};

absl::StatusOr<std::unique_ptr<ReportLinker>> ReportLinker::Create(const people::People* people,
                                                                   base::RandomSource* random) {
  SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<Normaliser> normaliser, Normaliser::Create());
  return std::unique_ptr<ReportLinker>(new ReportLinker(people, random, std::move(normaliser)));
}

absl::StatusOr<LinkResult> ReportLinker::Put(const ledger::GuardedView& view,
                                             const Resolved& resolved,
                                             const people::Placing& placing, ReadKeys read) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      people::FlagResult flag,
      people_->PrepareReport(resolved.reporter, resolved.report, resolved.state,
                             resolved.content_hash, resolved.hashes, placing, resolved.now));
  LinkResult result;
  result.change = flag.kind;
  result.person = flag.person;
  result.blinding = std::move(flag.blinding);
  result.flag = flag.flag;
  result.service = std::move(flag.service);
  result.other_agencies = std::move(flag.other_agencies);
  result.old_closing = flag.old_closing;
  result.death = flag.death;
  result.mourners = std::move(flag.mourners);
  if (flag.kind == FlagChange::kUnchanged) return result;
  if (flag.kind != FlagChange::kRetracted) {
    SIGNPOST_RETURN_IF_ERROR(
        matcher_.PrepareKeys(view, flag.person,
                             {flag.alias_added ? &resolved.hashes : nullptr, std::move(read),
                              flag.dropped_aliases, flag.aliases},
                             &flag.change));
  }
  result.person_created = flag.person_created;
  result.batch = std::move(flag.change);
  return result;
}

absl::Status ReportLinker::AddReview(const Resolved& resolved, const base::ReviewId& id,
                                     const std::string& cause,
                                     const std::vector<Candidate>& candidates,
                                     const std::vector<people::Person>& persons,
                                     LinkResult* result) const {
  ReviewItem review;
  review.id = id;
  store::v1::ReviewRow& row = review.row;
  row.set_person_id(result->person.ToBytes());
  row.set_agency_id(resolved.reporter.agency_id);
  row.set_since_s(absl::ToUnixSeconds(resolved.now));
  row.set_cause(cause);
  signpost::v1::ReviewHarm harm = signpost::v1::REVIEW_HARM_ORDINARY;
  if (resolved.surroundings.safeguards != nullptr &&
      resolved.surroundings.safeguards(resolved.reporter.agency_id)) {
    harm = signpost::v1::REVIEW_HARM_SAFEGUARDING;
  }
  for (const people::Person& person : persons) {
    if (Safeguards(resolved.surroundings, person)) {
      harm = std::min(harm, signpost::v1::REVIEW_HARM_SAFEGUARDING);
    }
    if (person.shielded()) {
      harm = signpost::v1::REVIEW_HARM_SHIELDED;
      // Nobody settles their own report, the shield's owner neither.
      for (const store::v1::ShieldVoiceRow& voice : person.row().shield().set_by()) {
        if (row.owner_agency_id().empty() && voice.agency_id() != resolved.reporter.agency_id) {
          row.set_owner_agency_id(voice.agency_id());
        }
      }
    }
    SIGNPOST_ASSIGN_OR_RETURN(store::Batch waits,
                              people_->PrepareWaiting(person, resolved.reporter.agency_id, 1));
    result->batch.Append(std::move(waits));
  }
  for (const Candidate& candidate : candidates) {
    store::v1::CandidateRow* kept = row.add_candidates();
    kept->set_person_id(candidate.person.ToBytes());
    kept->set_alias(candidate.alias);
    for (const std::string& field : candidate.agrees) kept->add_agrees(field);
    for (const std::string& field : candidate.differs) kept->add_differs(field);
  }
  row.set_harm(harm);
  row.set_due_s(absl::ToUnixSeconds(DueOf(resolved.surroundings, harm, resolved.now)));
  review.key = ReviewKey(harm, id);
  PutReview(review, &result->batch);
  result->review = id;
  result->cause = cause;
  return absl::OkStatus();
}

absl::StatusOr<LinkResult> ReportLinker::PutMatched(const ledger::GuardedView& view,
                                                    const Resolved& resolved) const {
  const Eyes eyes{{resolved.reporter.agency_id}, resolved.surroundings.hidden};
  SIGNPOST_ASSIGN_OR_RETURN(
      Outcome outcome,
      matcher_.Match(view, resolved.hashes, WeakBirthDate(resolved.report.person()), eyes));
  people::Placing placing;
  bool waits = outcome.kind == Outcome::Kind::kReview;
  if (outcome.own.has_value()) {
    placing.person = &*outcome.own;
    placing.known_as = outcome.own_id;
    // One review of a row at a time; the one that waits already has its candidates.
    waits = waits && outcome.own->row().review_ids().empty();
  } else if (outcome.kind == Outcome::Kind::kLink) {
    placing.person = &*outcome.person;
    if (CountFlags(*outcome.person, resolved.reporter.agency_id) >=
        base::kFlagsPerAgencyAndPersonMax) {
      // Not an error: that these are one person may be others' word alone.
      outcome.cause = "too-many-records";
      outcome.candidates.push_back(Matcher::Compare(*outcome.person, resolved.hashes));
      outcome.persons.push_back(*outcome.person);
      placing.person = nullptr;
      waits = true;
    }
  }
  if (waits) {
    SIGNPOST_ASSIGN_OR_RETURN(placing.review, NewReviewId(resolved.now, random_));
    for (const people::Person& person : outcome.persons) {
      if (placing.person != nullptr || !person.shielded() || placing.shield.shielded()) continue;
      placing.shield = person.row().shield();
      placing.shield.set_since_s(absl::ToUnixSeconds(resolved.now));
      placing.shield.set_carried_by_review_id(placing.review.ToBytes());
      placing.shield.clear_lift_asked_by();
    }
  }
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult result,
                            Put(view, resolved, placing, std::move(outcome.read)));
  if (waits) {
    SIGNPOST_RETURN_IF_ERROR(AddReview(resolved, placing.review, outcome.cause, outcome.candidates,
                                       outcome.persons, &result));
  }
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::Move(const ledger::GuardedView& view,
                                              const Resolved& resolved) const {
  const people::Person& former = *resolved.state.person;
  people::Placing placing;
  SIGNPOST_ASSIGN_OR_RETURN(placing.review, NewReviewId(resolved.now, random_));
  if (former.shielded()) {
    placing.shield = former.row().shield();
    placing.shield.set_carried_by_review_id(placing.review.ToBytes());
    placing.shield.clear_lift_asked_by();
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      people::FlagResult closed,
      people_->PrepareClose(resolved.reporter.agency_id, resolved.state, resolved.now,
                            /*release=*/true));
  // It waits for the review, as it is once the record has left it.
  store::OverlayView overlay(&view);
  overlay.Take(closed.change);
  SIGNPOST_ASSIGN_OR_RETURN(const people::Person left, people_->Read(overlay, former.id()));
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult result, Put(view, resolved, placing));
  closed.change.Append(std::move(result.batch));
  result.batch = std::move(closed.change);
  result.former_person = former.id();
  SIGNPOST_ASSIGN_OR_RETURN(result.former_blinding, former.Blinding());
  result.former_flag = resolved.state.record->flag;
  result.former_closed = closed.kind == FlagChange::kClosed;
  SIGNPOST_RETURN_IF_ERROR(AddReview(resolved, placing.review, "record-reused",
                                     {Matcher::Compare(former, resolved.hashes)}, {left}, &result));
  return result;
}

absl::Status ReportLinker::Settle(const ReviewItem& review, Steps* steps) const {
  for (const store::v1::CandidateRow& candidate : review.row.candidates()) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                              people_->ReadIfThere(steps->view(), candidate.person_id()));
    if (!person.has_value()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(store::Batch waits,
                              people_->PrepareWaiting(*person, review.row.agency_id(), -1));
    steps->Take(std::move(waits));
  }
  store::Batch gone;
  DeleteReview(review, &gone);
  for (const store::v1::AskedRow& asked : review.row.asked()) {
    // Answers that are still to come decide nothing any more.
    SIGNPOST_ASSIGN_OR_RETURN(const base::QuestionId question,
                              base::QuestionId::FromBytes(asked.question_id()));
    gone.Delete(Space::kReviews, QuestionKey(asked.agency_id(), question));
  }
  steps->Take(std::move(gone));
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> reported,
                            people_->ReadIfThere(steps->view(), review.row.person_id()));
  if (!reported.has_value()) return absl::OkStatus();
  SIGNPOST_ASSIGN_OR_RETURN(store::Batch settled,
                            people_->PrepareSettled(steps->view(), reported->id(), review.id));
  steps->Take(std::move(settled));
  // A row that was found to be another that waits carried one shield for both.
  for (const std::string& other : reported->row().review_ids()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId id, base::ReviewId::FromBytes(other));
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<ReviewItem> waits, FindReview(steps->view(), id));
    if (!waits.has_value() || waits->row.harm() != signpost::v1::REVIEW_HARM_SHIELDED) continue;
    // Of its own report the shield's owner does not decide, and owns it all the same.
    const std::string& owner = waits->row.owner_agency_id().empty() ? waits->row.agency_id()
                                                                    : waits->row.owner_agency_id();
    SIGNPOST_ASSIGN_OR_RETURN(
        store::Batch shield,
        people_->PrepareCarriedShield(steps->view(), reported->id(), id, owner,
                                      absl::FromUnixSeconds(waits->row.since_s())));
    steps->Take(std::move(shield));
  }
  return absl::OkStatus();
}

absl::Status ReportLinker::DropReviewOfNobody(const ledger::GuardedView& view,
                                              const people::Person& person,
                                              LinkResult* result) const {
  if (result->change != FlagChange::kRetracted || person.row().review_ids().empty()) {
    return absl::OkStatus();
  }
  Steps steps(&view, &result->batch);
  SIGNPOST_ASSIGN_OR_RETURN(const people::Person left, people_->Read(steps.view(), person.id()));
  if (std::any_of(left.flags().begin(), left.flags().end(), [](const store::v1::FlagRow& flag) {
        return flag.status() != signpost::v1::FLAG_STATUS_RETRACTED;
      })) {
    return absl::OkStatus();
  }
  for (const std::string& waits : person.row().review_ids()) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId id, base::ReviewId::FromBytes(waits));
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<ReviewItem> review, FindReview(view, id));
    if (review.has_value()) SIGNPOST_RETURN_IF_ERROR(Settle(*review, &steps));
  }
  return absl::OkStatus();
}

absl::StatusOr<LinkResult> ReportLinker::Prepare(const ledger::GuardedView& view,
                                                 const base::Principal& reporter,
                                                 const signpost::v1::FlagReport& report,
                                                 const Surroundings& surroundings,
                                                 absl::Time now) const {
  SIGNPOST_RETURN_IF_ERROR(people::ValidateReport(report, now));
  const bool retracts = report.status() == signpost::v1::FLAG_STATUS_RETRACTED;
  SIGNPOST_ASSIGN_OR_RETURN(
      const RecordState state,
      people_->ResolveRecord(view, reporter.agency_id,
                             people_->RecordHash(reporter.agency_id, report.record_id())));
  std::string content_hash = people_->ContentHash(reporter.agency_id, report);

  LinkResult result;
  bool ended = false;  // the record's flag was archived and erased
  if (!state.person.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::optional<store::v1::ErasedRecordRow> erased,
        people::ReadErasedRecord(view, people_->keyring(), reporter.agency_id, state.record_hash));
    if (erased.has_value()) {
      SIGNPOST_ASSIGN_OR_RETURN(
          people::HeldReport held,
          people::HoldReport(view, people_->keyring(), *erased, state.record_hash, reporter, report,
                             content_hash, now, random_));
      // An entry as of any other report: on whose row it is put nobody reads in it.
      if (!held.change.empty()) {
        result.change = retracts ? FlagChange::kRetracted : FlagChange::kOpened;
      }
      result.service = report.service();
      result.batch = std::move(held.change);
      return result;
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        ended, people::IsEnded(view, people_->keyring(), reporter.agency_id, state.record_hash));
    if (ended && report.status() != signpost::v1::FLAG_STATUS_OPEN) {
      result.service = report.service();
      return result;
    }
  }
  const people::Person* const person = state.person.has_value() ? &*state.person : nullptr;
  const store::v1::FlagRow* const flag =
      person != nullptr ? person->FindFlag(state.record->flag) : nullptr;
  if (flag != nullptr && flag->content_hash() == content_hash) {
    // The common case of a full reload, before anything costly.
    result.person = person->id();
    result.flag = state.record->flag;
    result.service = flag->service();
    return result;
  }
  if (retracts && person == nullptr) return result;

  const Resolved resolved{
      reporter, report, state, surroundings, std::move(content_hash), keys_.Hash(report.person()),
      now};
  if (person == nullptr) {
    SIGNPOST_ASSIGN_OR_RETURN(LinkResult begun, PutMatched(view, resolved));
    if (ended) {
      people::ForgetEndedRecord(people_->keyring(), reporter.agency_id, state.record_hash,
                                &begun.batch);
    }
    return begun;
  }
  // One that is archived and opens again may be another's by now, as any other.
  const store::v1::FlagRow* known = flag;
  if (known == nullptr && state.archived.has_value() &&
      report.status() == signpost::v1::FLAG_STATUS_OPEN) {
    known = &state.archived->flag();
  }
  people::Placing placing;
  placing.person = person;
  if (retracts) {
    SIGNPOST_ASSIGN_OR_RETURN(LinkResult retracted, Put(view, resolved, placing));
    SIGNPOST_RETURN_IF_ERROR(DropReviewOfNobody(view, *person, &retracted));
    return retracted;
  }
  if (known == nullptr || !Matcher::BeginsAnew(known->first(), resolved.hashes)) {
    return Put(view, resolved, placing);
  }
  // Whether others have them so is theirs to know, so the agency's own id for them changes either
  // way.
  const Eyes eyes{{reporter.agency_id}, surroundings.hidden};
  if (!Matcher::OthersAgree(*person, resolved.hashes, eyes)) return Move(view, resolved);
  placing.begins_anew = true;
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult stayed, Put(view, resolved, placing));
  stayed.former_person = person->id();
  SIGNPOST_ASSIGN_OR_RETURN(stayed.former_blinding, person->Blinding());
  stayed.former_flag = state.record->flag;
  return stayed;
}

absl::StatusOr<LinkResult> ReportLinker::PrepareCloseMissing(const ledger::GuardedView& view,
                                                             const std::string& agency_id,
                                                             const people::OpenRecord& record,
                                                             absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(const RecordState state,
                            people_->ResolveRecord(view, agency_id, record.record_hash));
  SIGNPOST_ASSIGN_OR_RETURN(people::FlagResult flag, people_->PrepareClose(agency_id, state, now));
  LinkResult result;
  result.change = flag.kind;
  result.person = flag.person;
  result.blinding = std::move(flag.blinding);
  result.flag = flag.flag;
  result.service = std::move(flag.service);
  result.other_agencies = std::move(flag.other_agencies);
  result.batch = std::move(flag.change);
  return result;
}

absl::StatusOr<bool> ReportLinker::TakesTwo(const store::View& view, const ReviewItem& review,
                                            const Resolution& resolution) const {
  SIGNPOST_ASSIGN_OR_RETURN(const auto named, Named(review, resolution));
  if (named.empty()) return false;
  if (named.size() > 1) return true;
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> own,
                            people_->ReadIfThere(view, review.row.person_id()));
  return own.has_value() && IsKnownToSeveral(*own);
}

absl::StatusOr<ResolveResult> ReportLinker::PrepareResolve(const ledger::GuardedView& view,
                                                           const ReviewItem& review,
                                                           const Resolution& resolution) const {
  SIGNPOST_ASSIGN_OR_RETURN(const auto named, Named(review, resolution));
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id,
                            base::PersonId::FromBytes(review.row.person_id()));
  ResolveResult result;
  Steps steps(&view, &result.batch);
  SIGNPOST_RETURN_IF_ERROR(Settle(review, &steps));
  result.person = id;
  if (!named.empty()) {
    std::vector<std::string> from = {review.row.person_id()};
    for (size_t i = 1; i < named.size(); ++i) from.push_back(named[i]->person_id());
    for (const std::string& one : from) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> source,
                                people_->ReadIfThere(steps.view(), one));
      SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> target,
                                people_->ReadIfThere(steps.view(), named[0]->person_id()));
      if (!source.has_value() || !target.has_value()) {
        return base::InvalidField("decision.same_as",
                                  "this candidate is no longer there; list the reviews again");
      }
      result.person = target->id();
      if (source->id() == target->id()) continue;
      SIGNPOST_ASSIGN_OR_RETURN(ledger::Blinding blinding, source->Blinding());
      SIGNPOST_ASSIGN_OR_RETURN(people::MergeResult merge,
                                people_->PrepareMerge(steps.view(), source->id(), target->id()));
      result.merged.push_back(merge.from);
      result.merged_blindings.push_back(std::move(blinding));
      steps.Take(std::move(merge.change));
    }
  }
  SIGNPOST_ASSIGN_OR_RETURN(const people::Person person,
                            people_->Read(steps.view(), result.person));
  if (!result.merged.empty()) {
    // What else waited to learn that these are one.
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> ids, IdsOf(person));
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ReviewItem> items,
                              ReviewsNaming(steps.view(), ids));
    for (const ReviewItem& item : items) SIGNPOST_RETURN_IF_ERROR(LeaveOut(item, &steps));
  }
  result.person = person.id();
  SIGNPOST_ASSIGN_OR_RETURN(result.blinding, person.Blinding());
  return result;
}

absl::Status ReportLinker::PrepareDropReview(const ledger::GuardedView& view,
                                             const ReviewItem& review, store::Batch* batch) const {
  Steps steps(&view, batch);
  return Settle(review, &steps);
}

absl::Status ReportLinker::PrepareMendReview(const ledger::GuardedView& view,
                                             const ReviewItem& review, store::Batch* batch) const {
  Steps steps(&view, batch);
  return LeaveOut(review, &steps);
}

absl::Status ReportLinker::PrepareShieldOfWaiting(const ledger::GuardedView& view,
                                                  const base::PersonId& person,
                                                  absl::string_view owner_agency_id, absl::Time now,
                                                  store::Batch* batch) const {
  Steps steps(&view, batch);
  SIGNPOST_ASSIGN_OR_RETURN(const people::Person shielded, people_->Read(steps.view(), person));
  if (shielded.row().waiting().empty() && shielded.row().review_ids().empty()) {
    return absl::OkStatus();
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<base::PersonId> ids, IdsOf(shielded));
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<ReviewItem> items, ReviewsNaming(steps.view(), ids));
  for (ReviewItem& item : items) {
    if (!item.row.owner_agency_id().empty()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> waiting,
                              people_->ReadIfThere(steps.view(), item.row.person_id()));
    if (waiting.has_value() && waiting->id() != shielded.id()) {
      SIGNPOST_ASSIGN_OR_RETURN(store::Batch shield,
                                people_->PrepareCarriedShield(steps.view(), waiting->id(), item.id,
                                                              owner_agency_id, now));
      steps.Take(std::move(shield));
    }
    store::Batch theirs;
    DeleteReview(item, &theirs);
    if (item.row.agency_id() != owner_agency_id) {
      item.row.set_owner_agency_id(std::string(owner_agency_id));
    }
    item.row.set_harm(signpost::v1::REVIEW_HARM_SHIELDED);
    item.key = ReviewKey(signpost::v1::REVIEW_HARM_SHIELDED, item.id);
    PutReview(item, &theirs);
    steps.Take(std::move(theirs));
  }
  return absl::OkStatus();
}

absl::StatusOr<base::PersonId> ReportLinker::FindOne(const store::View& view,
                                                     const signpost::v1::PersonDetails& details,
                                                     const Eyes& eyes, bool own_only) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      const Found found,
      matcher_.FindOne(view, keys_.Hash(details), WeakBirthDate(details), eyes, own_only));
  return found.person;
}

absl::StatusOr<LinkResult> ReportLinker::PrepareTakeErasedRecord(const ledger::GuardedView& view,
                                                                 absl::string_view asked_agency_id,
                                                                 const base::ReviewId& question,
                                                                 absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      const people::ErasedRecordQuestion asked,
      people::ReadErasedRecordQuestion(view, people_->keyring(), asked_agency_id, question));
  SIGNPOST_ASSIGN_OR_RETURN(
      const signpost::v1::FlagReport report,
      people::OpenHeldReport(view, people_->keyring(), asked_agency_id, asked));
  base::Principal reporter;
  reporter.agency_id = asked.row.agency_id();
  reporter.system_id = asked.row.source_system();
  SIGNPOST_ASSIGN_OR_RETURN(
      const RecordState state,
      people_->ResolveRecord(view, reporter.agency_id,
                             people_->RecordHash(reporter.agency_id, report.record_id())));
  const Surroundings nothing_known;  // nobody is looked for
  const Resolved resolved{
      reporter, report, state, nothing_known, asked.row.content_hash(), keys_.Hash(report.person()),
      now};
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult result, Put(view, resolved, people::Placing()));
  people::ForgetErasedRecord(people_->keyring(), asked_agency_id, asked, state.record_hash,
                             &result.batch);
  return result;
}

absl::StatusOr<store::Batch> ReportLinker::PrepareErase(
    const ledger::GuardedView& view, const base::PersonId& person, absl::string_view agency_id,
    absl::Time now, const people::AskedItself& asked_itself) const {
  SIGNPOST_ASSIGN_OR_RETURN(people::Person read, people_->Read(view, person));
  std::vector<AliasHashes> aliases;
  for (const store::v1::AliasRow& alias : read.aliases()) aliases.push_back(alias.hashes());
  std::vector<base::PersonId> ids;
  SIGNPOST_ASSIGN_OR_RETURN(
      store::Batch change, people_->PrepareErase(view, person, agency_id, now, &ids, asked_itself));
  Steps steps(&view, &change);
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ReviewItem> items, ReviewsNaming(view, ids));
  for (const ReviewItem& item : items) SIGNPOST_RETURN_IF_ERROR(LeaveOut(item, &steps));
  SIGNPOST_RETURN_IF_ERROR(matcher_.PrepareRemoval(view, ids, aliases, &change));
  return change;
}

absl::Status ReportLinker::LeaveOut(ReviewItem review, Steps* steps) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> reported,
                            people_->ReadIfThere(steps->view(), review.row.person_id()));
  std::vector<bool> open;  // by candidate: somebody, and not known to be the same already
  bool changed = false;
  for (store::v1::CandidateRow& candidate : *review.row.mutable_candidates()) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> one,
                              people_->ReadIfThere(steps->view(), candidate.person_id()));
    open.push_back(one.has_value() && reported.has_value() && one->id() != reported->id());
  }
  const bool any = std::find(open.begin(), open.end(), true) != open.end();
  // A review of too many candidates names none, and is about its row alone.
  if (!reported.has_value() || (!open.empty() && !any)) return Settle(review, steps);
  // Others may be meant. What was asked about who is no more is asked no more.
  store::Batch change;
  DeleteReview(review, &change);
  for (size_t i = 0; i < open.size(); ++i) {
    store::v1::CandidateRow* const gone = review.row.mutable_candidates(static_cast<int>(i));
    if (open[i] || gone->person_id().empty()) continue;
    // Who is the same as the reported one waits for it no more either.
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> same,
                              people_->ReadIfThere(steps->view(), gone->person_id()));
    if (same.has_value()) {
      SIGNPOST_ASSIGN_OR_RETURN(store::Batch waits,
                                people_->PrepareWaiting(*same, review.row.agency_id(), -1));
      steps->Take(std::move(waits));
    }
    gone->Clear();
    changed = true;
  }
  auto* const asked = review.row.mutable_asked();
  for (int i = asked->size() - 1; i >= 0; --i) {
    const auto number = static_cast<size_t>(asked->Get(i).number());
    if (number == 0 || open[number - 1]) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const base::QuestionId question,
                              base::QuestionId::FromBytes(asked->Get(i).question_id()));
    change.Delete(Space::kReviews, QuestionKey(asked->Get(i).agency_id(), question));
    asked->DeleteSubrange(i, 1);
    changed = true;
  }
  if (!changed) return absl::OkStatus();
  PutReview(review, &change);
  steps->Take(std::move(change));
  return absl::OkStatus();
}

}  // namespace signpost::matching
