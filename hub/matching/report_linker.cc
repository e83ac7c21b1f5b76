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
#include "hub/people/erased_records.h"
#include "hub/people/rows.h"
#include "hub/people/validate.h"
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
using store::v1::ReviewRow;

std::string ReviewPrefix(absl::string_view agency_id) { return store::LengthPrefixed(agency_id); }

std::string ReviewKey(absl::string_view agency_id, const base::ReviewId& id) {
  return absl::StrCat(ReviewPrefix(agency_id), id.bytes());
}

std::string KeyContext(const base::ReviewId& id) {
  return absl::StrCat("review-key", absl::string_view("\0", 1), id.bytes());
}

std::string ReportContext(const base::ReviewId& id) {
  return absl::StrCat("review-report", absl::string_view("\0", 1), id.bytes());
}

// Six bytes of milliseconds, ten at random: reviews sort by age, which the reviewer sees anyway.
absl::StatusOr<base::ReviewId> NewReviewId(absl::Time now, base::RandomSource* random) {
  const uint64_t ms = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMillis(now)));
  std::string bytes = store::KeyU64(ms).substr(2);
  bytes += random->Bytes(10);
  return base::ReviewId::FromBytes(bytes);
}

absl::StatusOr<ReviewRow> ParseReview(const std::string& bytes) {
  return store::DecodeRow<ReviewRow>("a review", bytes);
}

bool WeakBirthDate(const signpost::v1::PersonDetails& details) {
  return IsWeakDate(people::DateNumber(details.birth_date()));
}

absl::Status NoReview() { return Error(Reason::kNotFound, "no such review is waiting"); }

}  // namespace

absl::StatusOr<signpost::v1::FlagReport> LazyReport::Open() const {
  SIGNPOST_ASSIGN_OR_RETURN(std::string key_bytes,
                            base::Open(keyring_->hub_data_key(), KeyContext(id_), wrapped_));
  SIGNPOST_ASSIGN_OR_RETURN(base::SecretKey key, base::SecretKey::FromBytes(key_bytes));
  SIGNPOST_ASSIGN_OR_RETURN(std::string plain, base::Open(key, ReportContext(id_), sealed_));
  signpost::v1::FlagReport report;
  if (!report.ParseFromString(plain)) {
    return Error(Reason::kDataLoss, "a report that waits does not parse; call the operator");
  }
  return report;
}

absl::Status Reconciliation::Add(const std::string& record_id) {
  std::vector<base::FieldViolation> violations;
  people::CheckLine(record_id, "open_record_ids", base::kRecordIdBytesMax, true, &violations);
  if (!violations.empty()) {
    return base::InvalidField(violations[0].field, violations[0].description);
  }
  if (listed_.size() >= static_cast<size_t>(kReconcileRecordsMax)) {
    return Error(Reason::kMessageTooLarge,
                 absl::StrCat("a reconciliation lists at most ", kReconcileRecordsMax,
                              " records; split the feed"));
  }
  listed_.emplace(people_->RecordHash(agency_id_, record_id), record_id);
  return absl::OkStatus();
}

absl::StatusOr<Reconciliation::Result> Reconciliation::Finish(const store::View& view) const {
  // Many: the store sorts what was written lately for every page.
  constexpr int kRecordsPerPage = 20'000;
  Result result;
  absl::flat_hash_map<std::string, std::string> unknown = listed_;
  std::string token;
  do {
    SIGNPOST_ASSIGN_OR_RETURN(people::OpenRecordPage page,
                              people_->OpenRecordsOf(view, agency_id_, token, kRecordsPerPage));
    for (people::OpenRecord& record : page.records) {
      if (listed_.contains(record.record_hash)) {
        if (record.open || record.in_review) unknown.erase(record.record_hash);
      } else if (record.open) {
        result.missing.push_back(std::move(record));
      }
    }
    token = page.next_token;
  } while (!token.empty());
  result.unknown_record_ids.reserve(unknown.size());
  for (auto& [hash, id] : unknown) result.unknown_record_ids.push_back(id);
  std::sort(result.unknown_record_ids.begin(), result.unknown_record_ids.end());
  return result;
}

absl::StatusOr<std::unique_ptr<ReportLinker>> ReportLinker::Create(const people::People* people,
                                                                   base::RandomSource* random) {
  SIGNPOST_ASSIGN_OR_RETURN(std::unique_ptr<Normaliser> normaliser, Normaliser::Create());
  return std::unique_ptr<ReportLinker>(new ReportLinker(people, random, std::move(normaliser)));
}

absl::StatusOr<LinkResult> ReportLinker::Put(const ledger::GuardedView& view,
                                             const Resolved& resolved, const people::Person* person,
                                             ReadKeys read) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      people::FlagResult flag,
      people_->PrepareReport(resolved.reporter, resolved.report, resolved.state,
                             resolved.content_hash, resolved.hashes, person, resolved.now));
  LinkResult result;
  result.change = flag.kind;
  result.person = flag.person;
  result.blinding = std::move(flag.blinding);
  result.flag = flag.flag;
  result.service = std::move(flag.service);
  result.other_agencies = std::move(flag.other_agencies);
  if (flag.kind == FlagChange::kUnchanged) {
    result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED;
    return result;
  }
  if (flag.kind != FlagChange::kRetracted) {
    SIGNPOST_RETURN_IF_ERROR(
        matcher_.PrepareKeys(view, flag.person,
                             {flag.alias_added ? &resolved.hashes : nullptr, std::move(read),
                              flag.dropped_aliases, flag.aliases},
                             &flag.change));
  }
  result.outcome = flag.flag_created ? signpost::v1::FLAG_OUTCOME_KIND_RECORDED
                                     : signpost::v1::FLAG_OUTCOME_KIND_UPDATED;
  result.person_created = flag.person_created;
  result.batch = std::move(flag.change);
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::Review(const Resolved& resolved, std::string cause,
                                                std::vector<Candidate> candidates) const {
  LinkResult result;
  result.outcome = signpost::v1::FLAG_OUTCOME_KIND_IN_REVIEW;
  result.service = resolved.report.service();
  SIGNPOST_ASSIGN_OR_RETURN(result.review, NewReviewId(resolved.now, random_));
  const base::SecretKey key = base::SecretKey::Generate(random_);
  ReviewRow row;
  row.set_agency_id(resolved.reporter.agency_id);
  row.set_source_system(resolved.reporter.system_id);
  SIGNPOST_ASSIGN_OR_RETURN(
      *row.mutable_sealed_report(),
      base::Seal(key, ReportContext(result.review), resolved.report.SerializeAsString(), random_));
  SIGNPOST_ASSIGN_OR_RETURN(*row.mutable_wrapped_key(),
                            base::Seal(people_->keyring().hub_data_key(), KeyContext(result.review),
                                       key.bytes(), random_));
  row.set_since_s(absl::ToUnixSeconds(resolved.now));
  row.set_cause(cause);
  for (Candidate& candidate : candidates) {
    store::v1::CandidateRow* kept = row.add_candidates();
    kept->set_person_id(candidate.person.ToBytes());
    for (std::string& field : candidate.agrees) kept->add_agrees(std::move(field));
    for (std::string& field : candidate.differs) kept->add_differs(std::move(field));
  }
  row.set_content_hash(resolved.content_hash);
  row.set_record_hash(resolved.state.record_hash);
  result.cause = std::move(cause);

  result.batch.Put(Space::kReviews, ReviewKey(resolved.reporter.agency_id, result.review),
                   store::EncodeRow(row));
  people::PutWaiting(resolved.reporter.agency_id, resolved.state, result.review, &result.batch);
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::Prepare(const ledger::GuardedView& view,
                                                 const base::Principal& reporter,
                                                 const signpost::v1::FlagReport& report,
                                                 absl::Time now) const {
  SIGNPOST_RETURN_IF_ERROR(people::ValidateReport(report, now));
  const bool retracts = report.status() == signpost::v1::FLAG_STATUS_RETRACTED;
  SIGNPOST_ASSIGN_OR_RETURN(
      const RecordState state,
      people_->ResolveRecord(view, reporter.agency_id,
                             people_->RecordHash(reporter.agency_id, report.record_id())));
  std::string content_hash = people_->ContentHash(reporter.agency_id, report);

  // A review that the new report makes out of date goes in the same commit.
  std::string stale_review;
  if (state.record && state.record->review) {
    const std::string key = ReviewKey(reporter.agency_id, *state.record->review);
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, view.Get(Space::kReviews, key));
    if (bytes) {
      SIGNPOST_ASSIGN_OR_RETURN(ReviewRow row, ParseReview(*bytes));
      if (row.content_hash() == content_hash) {
        LinkResult result;
        result.outcome = signpost::v1::FLAG_OUTCOME_KIND_IN_REVIEW;
        result.review = *state.record->review;
        result.cause = row.cause();
        return result;
      }
      stale_review = key;
    }
  }

  LinkResult result;
  if (!state.person.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::optional<store::v1::ErasedRecordRow> erased,
        people::ReadErasedRecord(view, people_->keyring(), reporter.agency_id, state.record_hash));
    if (erased.has_value()) {
      SIGNPOST_ASSIGN_OR_RETURN(
          people::HeldReport held,
          people::HoldReport(view, people_->keyring(), *erased, state.record_hash, reporter, report,
                             content_hash, now, random_));
      result.outcome = retracts ? (held.change.empty() ? signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED
                                                       : signpost::v1::FLAG_OUTCOME_KIND_UPDATED)
                                : signpost::v1::FLAG_OUTCOME_KIND_IN_REVIEW;
      if (retracts && !held.change.empty()) result.change = FlagChange::kRetracted;
      result.review = held.question;
      result.cause = "erased-record";
      result.service = report.service();
      result.batch = std::move(held.change);
      return result;
    }
  }
  const people::Person* const person = state.person.has_value() ? &*state.person : nullptr;
  if (person != nullptr && stale_review.empty() && state.record->flag) {
    // The common case of a full reload, before anything costly.
    const store::v1::FlagRow* flag = person->FindFlag(*state.record->flag);
    if (flag != nullptr && flag->content_hash() == content_hash) {
      result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED;
      result.person = person->id();
      result.flag = *state.record->flag;
      result.service = flag->service();
      return result;
    }
  }

  if (retracts && person == nullptr) {
    result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED;
    if (state.record) {
      // It only waited: now nobody need decide.
      result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UPDATED;
      result.change = FlagChange::kRetracted;
      if (state.record->review) result.review = *state.record->review;
      people::ForgetRecord(reporter.agency_id, state, &result.batch);
      if (!stale_review.empty()) result.batch.Delete(Space::kReviews, stale_review);
    }
    return result;
  }

  const Resolved resolved{
      reporter, report, state, std::move(content_hash), keys_.Hash(report.person()), now};
  if (person != nullptr && (retracts || !Matcher::Contradicts(*person, resolved.hashes))) {
    SIGNPOST_ASSIGN_OR_RETURN(result, Put(view, resolved, person));
  } else if (person != nullptr) {
    SIGNPOST_ASSIGN_OR_RETURN(
        result, Review(resolved, "record-reused", {Matcher::Compare(*person, resolved.hashes)}));
  } else {
    SIGNPOST_ASSIGN_OR_RETURN(
        Outcome outcome, matcher_.Match(view, resolved.hashes, WeakBirthDate(report.person())));
    if (outcome.kind == Outcome::Kind::kReview) {
      SIGNPOST_ASSIGN_OR_RETURN(
          result, Review(resolved, std::move(outcome.cause), std::move(outcome.candidates)));
    } else {
      SIGNPOST_ASSIGN_OR_RETURN(
          result, Put(view, resolved, outcome.person.has_value() ? &*outcome.person : nullptr,
                      std::move(outcome.read)));
    }
  }
  if (!stale_review.empty()) result.batch.Delete(Space::kReviews, stale_review);
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::PrepareCloseMissing(const ledger::GuardedView& view,
                                                             const std::string& agency_id,
                                                             const people::OpenRecord& record,
                                                             absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(const RecordState state,
                            people_->ResolveRecord(view, agency_id, record.record_hash));
  SIGNPOST_ASSIGN_OR_RETURN(people::FlagResult flag, people_->PrepareClose(agency_id, state, now));
  LinkResult result;
  result.outcome = flag.kind == FlagChange::kUnchanged ? signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED
                                                       : signpost::v1::FLAG_OUTCOME_KIND_UPDATED;
  result.change = flag.kind;
  result.person = flag.person;
  result.blinding = std::move(flag.blinding);
  result.flag = flag.flag;
  result.service = std::move(flag.service);
  result.other_agencies = std::move(flag.other_agencies);
  result.batch = std::move(flag.change);
  return result;
}

absl::StatusOr<ReviewPage> ReportLinker::ListReviews(const store::View& view,
                                                     absl::string_view agency_id, int page_size,
                                                     const std::string& token) const {
  if (page_size < 1 || page_size > base::kPageRowsMax) {
    return base::InvalidField("page_size", absl::StrCat("1 to ", base::kPageRowsMax));
  }
  const std::string prefix = ReviewPrefix(agency_id);
  std::string from = prefix;
  if (!token.empty()) {
    absl::StatusOr<base::ReviewId> after = base::ReviewId::FromText(token);
    if (!after.ok()) return base::InvalidField("page_token", "take it from the page before");
    from = absl::StrCat(ReviewKey(agency_id, *after), absl::string_view("\0", 1));
  }
  SIGNPOST_ASSIGN_OR_RETURN(std::vector<store::KeyValue> rows,
                            view.Scan(Space::kReviews, from, store::PrefixEnd(prefix), page_size));
  ReviewPage page;
  for (store::KeyValue& key_value : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(base::ReviewId id,
                              base::ReviewId::FromBytes(key_value.key.substr(prefix.size())));
    SIGNPOST_ASSIGN_OR_RETURN(ReviewRow row, ParseReview(key_value.value));
    std::vector<Candidate> candidates;
    for (const store::v1::CandidateRow& kept : row.candidates()) {
      SIGNPOST_ASSIGN_OR_RETURN(base::PersonId person, base::PersonId::FromBytes(kept.person_id()));
      candidates.push_back({person,
                            {kept.agrees().begin(), kept.agrees().end()},
                            {kept.differs().begin(), kept.differs().end()}});
    }
    page.reviews.push_back({id, absl::FromUnixSeconds(row.since_s()), row.cause(),
                            std::move(candidates),
                            base::Sealed<LazyReport>(LazyReport(
                                &people_->keyring(), id, row.wrapped_key(), row.sealed_report()))});
  }
  if (static_cast<int>(rows.size()) == page_size) page.next_token = page.reviews.back().id.ToText();
  return page;
}

absl::StatusOr<LinkResult> ReportLinker::PrepareResolve(const ledger::GuardedView& view,
                                                        absl::string_view agency_id,
                                                        const base::ReviewId& review,
                                                        const Resolution& resolution,
                                                        absl::Time now) const {
  const std::string key = ReviewKey(agency_id, review);
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, view.Get(Space::kReviews, key));
  if (!bytes) return NoReview();
  SIGNPOST_ASSIGN_OR_RETURN(ReviewRow row, ParseReview(*bytes));
  std::optional<people::Person> chosen;
  if (resolution.new_person == (resolution.candidate_number != 0)) {
    return base::InvalidField("decision", "one of candidate_number and new_person");
  }
  if (!resolution.new_person) {
    if (resolution.candidate_number < 1 || resolution.candidate_number > row.candidates_size()) {
      return base::InvalidField("candidate_number", "the number of a candidate of this review");
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        const base::PersonId id,
        base::PersonId::FromBytes(row.candidates(resolution.candidate_number - 1).person_id()));
    absl::StatusOr<people::Person> person = people_->Read(view, id);
    if (!person.ok()) {
      if (base::ReasonOf(person.status()) != Reason::kNotFound) return std::move(person).status();
      return base::InvalidField("candidate_number",
                                "this candidate is no longer there; choose again");
    }
    chosen = *std::move(person);
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      const signpost::v1::FlagReport report,
      LazyReport(&people_->keyring(), review, row.wrapped_key(), row.sealed_report()).Open());

  SIGNPOST_ASSIGN_OR_RETURN(const RecordState state,
                            people_->ResolveRecord(view, agency_id, row.record_hash()));
  people::FlagResult former;
  if (state.person.has_value() && (!chosen.has_value() || state.person->id() != chosen->id())) {
    // The record was reused for somebody else: the case it stood for is over.
    SIGNPOST_ASSIGN_OR_RETURN(former,
                              people_->PrepareClose(agency_id, state, now, /*release=*/true));
  }
  base::Principal reporter;
  reporter.agency_id = std::string(agency_id);
  reporter.system_id = row.source_system();
  const Resolved resolved{reporter, report, state, row.content_hash(), keys_.Hash(report.person()),
                          now};
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult result,
                            Put(view, resolved, chosen.has_value() ? &*chosen : nullptr));
  result.review = review;
  if (former.kind == FlagChange::kClosed) {
    result.former_person = former.person;
    result.former_blinding = std::move(former.blinding);
    result.former_flag = former.flag;
  }
  result.batch.Append(std::move(former.change));
  result.batch.Delete(Space::kReviews, key);
  return result;
}

absl::StatusOr<base::PersonId> ReportLinker::FindOne(
    const store::View& view, const signpost::v1::PersonDetails& details) const {
  return matcher_.FindOne(view, keys_.Hash(details), WeakBirthDate(details));
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
  const Resolved resolved{
      reporter, report, state, asked.row.content_hash(), keys_.Hash(report.person()), now};
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult result, Put(view, resolved, nullptr));
  result.review = question;
  people::ForgetErasedRecord(people_->keyring(), asked_agency_id, asked, state.record_hash,
                             &result.batch);
  return result;
}

absl::StatusOr<store::Batch> ReportLinker::PrepareErase(const ledger::GuardedView& view,
                                                        const base::PersonId& person,
                                                        absl::string_view agency_id,
                                                        absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(people::Person read, people_->Read(view, person));
  std::vector<AliasHashes> aliases;
  for (const store::v1::AliasRow& alias : read.aliases()) aliases.push_back(alias.hashes());
  std::vector<base::PersonId> ids;
  SIGNPOST_ASSIGN_OR_RETURN(store::Batch change,
                            people_->PrepareErase(view, person, agency_id, now, &ids));
  SIGNPOST_RETURN_IF_ERROR(matcher_.PrepareRemoval(view, ids, aliases, &change));
  return change;
}

}  // namespace signpost::matching
