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
#include "hub/people/read_set.h"
#include "hub/people/validate.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::matching {
namespace {

using base::Error;
using base::Reason;
using people::FlagChange;
using people::LocalRecord;
using people::ReadSet;
using store::Space;
using store::v1::AliasHashes;
using store::v1::LocalRecordRow;
using store::v1::ReviewRow;

std::string ReviewPrefix(absl::string_view agency_id) {
  return absl::StrCat(agency_id, absl::string_view("\0", 1));
}

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
  ReviewRow row;
  if (!row.ParseFromString(bytes)) {
    return Error(Reason::kDataLoss, "a stored review does not parse; call the operator");
  }
  return row;
}

bool WeakBirthDate(const signpost::v1::PersonDetails& details) {
  return IsWeakDate(people::DateNumber(details.birth_date()));
}

// What was read becomes what must still hold.
void RestOn(const ReadSet& reads, LinkResult* result) {
  people::Change change;
  change.preconditions = reads.Preconditions();
  std::move(change).AppendTo(&result->operation);
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
  Result result;
  absl::flat_hash_map<std::string, std::string> unknown = listed_;
  std::string token;
  do {
    SIGNPOST_ASSIGN_OR_RETURN(people::OpenRecordPage page,
                              people_->OpenRecordsOf(view, agency_id_, token, base::kPageRowsMax));
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

absl::StatusOr<LinkResult> ReportLinker::Put(const store::View& view,
                                             const people::Reporter& reporter,
                                             const signpost::v1::FlagReport& report,
                                             const AliasHashes& hashes,
                                             const std::optional<base::PersonId>& person,
                                             absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(people::FlagResult flag,
                            people_->PrepareReport(view, reporter, report, hashes, person, now));
  LinkResult result;
  result.change = flag.kind;
  result.person = flag.person;
  result.flag = flag.flag;
  result.service = std::move(flag.service);
  result.other_agencies = std::move(flag.other_agencies);
  if (flag.kind == FlagChange::kUnchanged) {
    result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED;
    return result;
  }
  if (flag.kind != FlagChange::kRetracted) {
    SIGNPOST_RETURN_IF_ERROR(matcher_.PrepareKeys(view, flag.person, flag.aliases,
                                                  flag.dropped_aliases, &flag.change.batch));
  }
  result.outcome = flag.flag_created ? signpost::v1::FLAG_OUTCOME_KIND_RECORDED
                                     : signpost::v1::FLAG_OUTCOME_KIND_UPDATED;
  result.person_created = flag.person_created;
  std::move(flag.change).AppendTo(&result.operation);
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::Review(const people::Reporter& reporter,
                                                const signpost::v1::FlagReport& report,
                                                std::string cause,
                                                std::vector<Candidate> candidates,
                                                const std::optional<LocalRecord>& record,
                                                absl::Time now) const {
  LinkResult result;
  result.outcome = signpost::v1::FLAG_OUTCOME_KIND_IN_REVIEW;
  result.service = report.service();
  SIGNPOST_ASSIGN_OR_RETURN(result.review, NewReviewId(now, random_));
  const base::SecretKey key = base::SecretKey::Generate(random_);
  const std::string record_hash = people_->RecordHash(reporter.agency_id, report.record_id());
  ReviewRow row;
  row.set_agency_id(reporter.agency_id);
  row.set_source_system(reporter.system);
  SIGNPOST_ASSIGN_OR_RETURN(
      *row.mutable_sealed_report(),
      base::Seal(key, ReportContext(result.review), report.SerializeAsString(), random_));
  SIGNPOST_ASSIGN_OR_RETURN(*row.mutable_wrapped_key(),
                            base::Seal(people_->keyring().hub_data_key(), KeyContext(result.review),
                                       key.bytes(), random_));
  row.set_since_s(absl::ToUnixSeconds(now));
  row.set_cause(cause);
  for (Candidate& candidate : candidates) {
    store::v1::CandidateRow* kept = row.add_candidates();
    kept->set_person_id(candidate.person.ToBytes());
    for (std::string& field : candidate.agrees) kept->add_agrees(std::move(field));
    for (std::string& field : candidate.differs) kept->add_differs(std::move(field));
  }
  row.set_content_hash(people_->ContentHash(reporter.agency_id, report));
  row.set_record_hash(record_hash);
  result.cause = std::move(cause);

  LocalRecordRow local;
  if (record && record->person) local.set_person_id(record->person->ToBytes());
  if (record && record->flag) local.set_flag_id(record->flag->ToBytes());
  local.set_review_id(result.review.ToBytes());
  store::Batch& batch = result.operation.batch;
  batch.Put(Space::kReviews, ReviewKey(reporter.agency_id, result.review), row.SerializeAsString());
  batch.Put(Space::kLocalRecords, people::People::LocalRecordKey(reporter.agency_id, record_hash),
            local.SerializeAsString());
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::Prepare(const store::View& view,
                                                 const people::Reporter& reporter,
                                                 const signpost::v1::FlagReport& report,
                                                 absl::Time now) const {
  SIGNPOST_RETURN_IF_ERROR(people::ValidateReport(report, now));
  const ReadSet reads(&view);
  const bool retracts = report.status() == signpost::v1::FLAG_STATUS_RETRACTED;
  const std::string content_hash = people_->ContentHash(reporter.agency_id, report);
  const std::string record_hash = people_->RecordHash(reporter.agency_id, report.record_id());

  std::optional<LocalRecord> record;
  absl::StatusOr<LocalRecord> known =
      people_->LookupRecordHash(reads, reporter.agency_id, record_hash);
  if (known.ok()) {
    record = *std::move(known);
  } else if (base::ReasonOf(known.status()) != Reason::kNotFound) {
    return std::move(known).status();
  }

  // A review that the new report makes out of date goes in the same commit.
  std::string stale_review;
  if (record && record->review) {
    const std::string key = ReviewKey(reporter.agency_id, *record->review);
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, reads.Get(Space::kReviews, key));
    if (bytes) {
      SIGNPOST_ASSIGN_OR_RETURN(ReviewRow row, ParseReview(*bytes));
      if (row.content_hash() == content_hash) {
        LinkResult result;
        result.outcome = signpost::v1::FLAG_OUTCOME_KIND_IN_REVIEW;
        result.review = *record->review;
        result.cause = row.cause();
        return result;
      }
      stale_review = key;
    }
  }

  std::optional<people::Person> person;
  if (record && record->person) {
    absl::StatusOr<people::Person> read = people_->Read(reads, *record->person);
    if (read.ok()) {
      person = *std::move(read);
    } else if (base::ReasonOf(read.status()) != Reason::kNotFound) {
      return std::move(read).status();
    }
  }

  LinkResult result;
  if (person && stale_review.empty() && record->flag) {
    // The common case of a full reload, before anything costly.
    const store::v1::FlagRow* flag = person->FindFlag(*record->flag);
    if (flag != nullptr && flag->content_hash() == content_hash) {
      result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED;
      result.person = person->id();
      result.flag = *record->flag;
      result.service = flag->service();
      return result;
    }
  }

  if (retracts && !person) {
    result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED;
    if (record) {
      // It only waited: now nobody need decide.
      result.outcome = signpost::v1::FLAG_OUTCOME_KIND_UPDATED;
      result.change = FlagChange::kRetracted;
      if (record->review) result.review = *record->review;
      result.operation.batch.Delete(
          Space::kLocalRecords, people::People::LocalRecordKey(reporter.agency_id, record_hash));
      if (!stale_review.empty()) result.operation.batch.Delete(Space::kReviews, stale_review);
      RestOn(reads, &result);
    }
    return result;
  }

  const AliasHashes hashes = keys_.Hash(report.person());
  if (person && (retracts || !Matcher::Contradicts(*person, hashes))) {
    SIGNPOST_ASSIGN_OR_RETURN(result, Put(reads, reporter, report, hashes, person->id(), now));
  } else if (person) {
    SIGNPOST_ASSIGN_OR_RETURN(result, Review(reporter, report, "record-reused",
                                             {Matcher::Compare(*person, hashes)}, record, now));
  } else {
    SIGNPOST_ASSIGN_OR_RETURN(Outcome outcome,
                              matcher_.Match(reads, hashes, WeakBirthDate(report.person())));
    if (outcome.kind == Outcome::Kind::kReview) {
      SIGNPOST_ASSIGN_OR_RETURN(result, Review(reporter, report, std::move(outcome.cause),
                                               std::move(outcome.candidates), std::nullopt, now));
    } else {
      std::optional<base::PersonId> whom;
      if (outcome.kind == Outcome::Kind::kLink) whom = outcome.person;
      SIGNPOST_ASSIGN_OR_RETURN(result, Put(reads, reporter, report, hashes, whom, now));
    }
  }
  if (!stale_review.empty()) result.operation.batch.Delete(Space::kReviews, stale_review);
  if (!result.operation.batch.empty()) RestOn(reads, &result);
  return result;
}

absl::StatusOr<LinkResult> ReportLinker::PrepareCloseMissing(const store::View& view,
                                                             const std::string& agency_id,
                                                             const people::OpenRecord& record,
                                                             absl::Time now) const {
  const ReadSet reads(&view);
  SIGNPOST_ASSIGN_OR_RETURN(people::FlagResult flag,
                            people_->PrepareClose(reads, agency_id, record.record_hash, now));
  LinkResult result;
  result.outcome = flag.kind == FlagChange::kUnchanged ? signpost::v1::FLAG_OUTCOME_KIND_UNCHANGED
                                                       : signpost::v1::FLAG_OUTCOME_KIND_UPDATED;
  result.change = flag.kind;
  result.person = flag.person;
  result.flag = flag.flag;
  result.service = std::move(flag.service);
  result.other_agencies = std::move(flag.other_agencies);
  if (!flag.change.empty()) {
    std::move(flag.change).AppendTo(&result.operation);
    RestOn(reads, &result);
  }
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

absl::StatusOr<LinkResult> ReportLinker::PrepareResolve(const store::View& view,
                                                        absl::string_view agency_id,
                                                        const base::ReviewId& review,
                                                        const Resolution& resolution,
                                                        absl::Time now) const {
  const ReadSet reads(&view);
  const std::string key = ReviewKey(agency_id, review);
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> bytes, reads.Get(Space::kReviews, key));
  if (!bytes) return NoReview();
  SIGNPOST_ASSIGN_OR_RETURN(ReviewRow row, ParseReview(*bytes));
  std::optional<base::PersonId> chosen;
  if (resolution.new_person == (resolution.candidate_number != 0)) {
    return base::InvalidField("decision", "one of candidate_number and new_person");
  }
  if (!resolution.new_person) {
    if (resolution.candidate_number < 1 || resolution.candidate_number > row.candidates_size()) {
      return base::InvalidField("candidate_number", "the number of a candidate of this review");
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        chosen,
        base::PersonId::FromBytes(row.candidates(resolution.candidate_number - 1).person_id()));
    absl::StatusOr<people::Person> person = people_->Read(reads, *chosen);
    if (!person.ok()) {
      if (base::ReasonOf(person.status()) != Reason::kNotFound) return std::move(person).status();
      return base::InvalidField("candidate_number",
                                "this candidate is no longer there; choose again");
    }
    chosen = person->id();
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      signpost::v1::FlagReport report,
      LazyReport(&people_->keyring(), review, row.wrapped_key(), row.sealed_report()).Open());

  people::Change former_change;
  LinkResult former;
  absl::StatusOr<LocalRecord> record =
      people_->LookupRecordHash(reads, agency_id, row.record_hash());
  if (record.ok() && record->person) {
    absl::StatusOr<people::Person> person = people_->Read(reads, *record->person);
    if (person.ok() && person->id() != chosen) {
      // The record was reused for somebody else: the case it stood for is over.
      SIGNPOST_ASSIGN_OR_RETURN(
          people::FlagResult closed,
          people_->PrepareClose(reads, agency_id, row.record_hash(), now, /*release=*/true));
      if (closed.kind == FlagChange::kClosed) {
        former.former_person = closed.person;
        former.former_flag = closed.flag;
      }
      former_change = std::move(closed.change);
    }
  }
  const people::Reporter reporter{std::string(agency_id), row.source_system()};
  SIGNPOST_ASSIGN_OR_RETURN(LinkResult result,
                            Put(reads, reporter, report, keys_.Hash(report.person()), chosen, now));
  result.review = review;
  result.former_person = former.former_person;
  result.former_flag = former.former_flag;
  std::move(former_change).AppendTo(&result.operation);
  result.operation.batch.Delete(Space::kReviews, key);
  RestOn(reads, &result);
  return result;
}

absl::StatusOr<base::PersonId> ReportLinker::FindOne(
    const store::View& view, const signpost::v1::PersonDetails& details) const {
  return matcher_.FindOne(view, keys_.Hash(details), WeakBirthDate(details));
}

absl::StatusOr<people::Change> ReportLinker::PrepareErase(const store::View& view,
                                                          const base::PersonId& person) const {
  const ReadSet reads(&view);
  SIGNPOST_ASSIGN_OR_RETURN(people::Person read, people_->Read(reads, person));
  std::vector<AliasHashes> aliases;
  for (const store::v1::AliasRow& alias : read.aliases()) aliases.push_back(alias.hashes());
  std::vector<base::PersonId> ids;
  SIGNPOST_ASSIGN_OR_RETURN(people::Change change, people_->PrepareErase(reads, person, &ids));
  SIGNPOST_RETURN_IF_ERROR(matcher_.PrepareRemoval(reads, ids, aliases, &change.batch));
  change.preconditions = reads.Preconditions();
  return change;
}

}  // namespace signpost::matching
