#include "hub/stewards/stewards.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/opener.h"
#include "hub/disclosure/outcome.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/index_hook.h"
#include "hub/ledger/person_index.h"
#include "hub/request/paging.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"
#include "hub/stewards/rights.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/exchange.pb.h"

namespace signpost::stewards {

namespace stored = ::signpost::store::v1;
using base::Reason;
using disclosure::Outcome;
using disclosure::Refuse;
using matching::ReviewItem;

// Lets this file read sealed values; see disclosure/composer_key.h. Names and birth dates of those
// compared, to who decides; never an address.
struct ReviewComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr int kPageDefault = 20;
constexpr int kPageMax = 100;
constexpr int kScanRows = 500;
constexpr size_t kSaltBytes = 32;

// `word` as the value of an enum whose names are `prefix` and the word in capitals; 0 for none.
template <typename Enum>
Enum FromWord(const google::protobuf::EnumDescriptor* type, absl::string_view prefix,
              absl::string_view word) {
  std::string name = absl::StrCat(prefix, absl::AsciiStrToUpper(word));
  std::replace(name.begin(), name.end(), '-', '_');
  const google::protobuf::EnumValueDescriptor* value = type->FindValueByName(name);
  return static_cast<Enum>(value == nullptr ? 0 : value->number());
}

v1::MatchedField FieldOf(const std::string& word) {
  return FromWord<v1::MatchedField>(v1::MatchedField_descriptor(), "MATCHED_FIELD_", word);
}

// One alias in clear, without its address and numbers.
absl::Status WritePerson(const people::Person& person, const stored::AliasRow& alias,
                         v1::ReviewedPerson* told) {
  SIGNPOST_ASSIGN_OR_RETURN(
      const stored::PersonSecret secret,
      disclosure::Opener::Peek(ReviewComposer::Key(), person.Details(alias)).Open());
  told->set_given_names(secret.given_names());
  told->set_surname(secret.surname());
  if (secret.birth_date() != 0) request::SetDate(secret.birth_date(), told->mutable_birth_date());
  told->set_gender(secret.gender());
  return absl::OkStatus();
}

// Writes what one review asks. Whom it tells of is added to `told_of`. False when whom it is about
// was erased.
absl::StatusOr<bool> WriteReview(const request::HubContext& context, const store::View& view,
                                 const ReviewItem& item, absl::Time now, v1::FlagReview* review,
                                 std::set<base::PersonId>* told_of) {
  const stored::ReviewRow& row = item.row;
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> reported,
                            context.people->ReadIfThere(view, row.person_id()));
  if (!reported.has_value()) return false;
  review->set_review_id(item.id.ToText());
  review->set_harm(static_cast<v1::ReviewHarm>(row.harm()));
  *review->mutable_since() = request::ToTimestamp(row.since_s());
  *review->mutable_due() = request::ToTimestamp(row.due_s());
  review->set_overdue(IsOverdue(row, now));
  review->set_cause(
      FromWord<v1::ReviewCause>(v1::ReviewCause_descriptor(), "REVIEW_CAUSE_", row.cause()));
  told_of->insert(reported->id());
  for (int i = reported->aliases().size() - 1; i >= 0; --i) {
    const stored::AliasRow& alias = reported->aliases()[i];
    if (alias.agency_id() != row.agency_id()) continue;
    SIGNPOST_RETURN_IF_ERROR(WritePerson(*reported, alias, review->mutable_reported()));
    break;
  }
  for (int i = 0; i < row.candidates_size(); ++i) {
    const stored::CandidateRow& candidate = row.candidates(i);
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                              context.people->ReadIfThere(view, candidate.person_id()));
    if (!person.has_value() || person->id() == reported->id()) continue;
    told_of->insert(person->id());
    v1::ReviewCandidate* told = review->add_candidates();
    told->set_number(i + 1);
    const int place = std::clamp(candidate.alias(), 0, std::max(0, person->aliases().size() - 1));
    if (!person->aliases().empty()) {
      SIGNPOST_RETURN_IF_ERROR(
          WritePerson(*person, person->aliases()[place], told->mutable_person()));
    }
    for (const std::string& field : candidate.agrees()) told->add_agrees(FieldOf(field));
    for (const std::string& field : candidate.differs()) told->add_differs(FieldOf(field));
  }
  if (!row.proposed_by_agency_id().empty()) {
    *review->mutable_proposed()->mutable_same_as() = row.proposed_same_as();
  }
  for (const stored::AskedRow& asked : row.asked()) {
    v1::RecordQuestionTold* told = review->add_questions();
    told->set_number(asked.number());
    told->set_question(static_cast<v1::RecordQuestion>(asked.question()));
    told->set_answer(static_cast<v1::RecordAnswer>(asked.answer()));
  }
  return true;
}

// A decision that cannot be is refused with an entry: that a candidate is gone is something learned.
absl::StatusOr<ledger::Attempt<Outcome<v1::ResolveReviewResponse>>> RefuseInvalid(
    absl::Status status, ledger::v1::LedgerEntry entry) {
  if (base::ReasonOf(status) != Reason::kInvalidField) return status;
  return Refuse<v1::ResolveReviewResponse>(std::move(status), std::move(entry));
}

// Tells those who work with whom the record is found to be about that its agency does, too.
void TellOthers(const request::HubContext& context, const people::Person& reported,
                const base::PersonId& target, const std::vector<std::string>& agencies,
                const std::string& reporter, absl::Time now, ledger::Operation* operation) {
  exchange::Outbox notices([directory = context.registry->directory()](const std::string& agency) {
    return directory->MailboxSystems(agency);
  });
  for (const stored::FlagRow& flag : reported.flags()) {
    if (flag.status() != v1::FLAG_STATUS_OPEN || flag.agency_id() != reporter) continue;
    const absl::StatusOr<base::FlagId> id = base::FlagId::FromBytes(flag.flag_id());
    if (!id.ok()) continue;
    notices.Add({stored::STORED_MESSAGE_KIND_FLAG_OPENED, target, *id, reporter, now}, agencies);
  }
  std::move(notices).AddTo(operation);
}

}  // namespace

void Stewards::List(const base::Principal& asker, v1::ListReviewsRequest request,
                    request::Reply<v1::ListReviewsResponse> done) {
  using Result = Outcome<v1::ListReviewsResponse>;
  absl::Status status = request::CheckRequestId(request.request_id());
  if (!status.ok()) return done(std::move(status));
  const absl::StatusOr<int> page_size =
      request::PageSize(request.page_size(), kPageDefault, kPageMax);
  if (!page_size.ok()) return done(page_size.status());
  std::string after = absl::HexStringToBytes(request.page_token());
  if (!request.page_token().empty() && absl::BytesToHexString(after) != request.page_token()) {
    return done(base::InvalidField("page_token", "take it from the page before"));
  }
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, asker, request, after, page_size = *page_size](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::v1::LedgerEntry entry = context.entries->New(ledger::v1::ENTRY_KIND_REVIEWS_LISTED,
                                                             asker, request.request_id());
        if (!HasRole(asker)) {
          return Refuse<v1::ListReviewsResponse>(NotASteward(), std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        v1::ReviewList list;
        list.set_salt(context.random->Bytes(kSaltBytes));
        *list.mutable_answered_at() = request::ToTimestamp(now);
        std::set<base::PersonId> told_of;
        std::string from = after;
        std::string shown;  // the key of the last one: a page ends with it, not with what is hidden
        bool more = true;
        while (more && list.next_page_token().empty()) {
          // Nothing rests on the list: it is what waited at this view.
          SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ReviewItem> items,
                                    matching::ReviewsAfter(view.unguarded(), from, kScanRows));
          more = static_cast<int>(items.size()) == kScanRows;
          for (const ReviewItem& item : items) {
            from = item.key;
            if (!MayDecide(asker, item.row, now)) continue;
            if (list.reviews_size() == page_size) {
              list.set_next_page_token(absl::BytesToHexString(shown));
              break;
            }
            v1::FlagReview review;
            SIGNPOST_ASSIGN_OR_RETURN(const bool there, WriteReview(context, view.unguarded(), item,
                                                                    now, &review, &told_of));
            if (!there) continue;
            *list.add_reviews() = std::move(review);
            shown = item.key;
          }
        }
        ledger::Attempt<Result> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        attempt.outcome.answer = disclosure::Opener::Close(list);
        entry.mutable_reviews_listed()->set_reviews(static_cast<uint32_t>(list.reviews_size()));
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        operation.entries.push_back(ledger::ToDraft(entry));
        for (const base::PersonId& id : told_of) ledger::PersonIndex::Add(id, &operation);
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void Stewards::Resolve(const base::Principal& asker, v1::ResolveReviewRequest request,
                       request::Reply<v1::ResolveReviewResponse> done) {
  using Result = Outcome<v1::ResolveReviewResponse>;
  const absl::StatusOr<base::ReviewId> id = base::ReviewId::FromText(request.review_id());
  if (!id.ok()) return done(base::InvalidField("review_id", "must be an id that ListReviews gave"));
  matching::Resolution resolution;
  resolution.same_as.assign(request.decision().same_as().begin(),
                            request.decision().same_as().end());
  // They are all one person, whichever is named first.
  std::sort(resolution.same_as.begin(), resolution.same_as.end());
  if (resolution.same_as.empty() != request.decision().separate()) {
    return done(base::InvalidField(
        "decision", "say either which candidates it is, or that it is none of them"));
  }
  const std::string request_id = request.request_id();
  request.clear_request_id();
  const std::string hash =
      context_.idempotency->Hash("ResolveReview", asker, request.SerializeAsString());
  const request::HubContext context = context_;
  request::Transact<Result>(
      context_,
      [context, asker, id = *id, resolution, request_id,
       hash](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::Attempt<Result> attempt;
        v1::ResolveReviewResponse& response = attempt.outcome.response;
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<stored::RequestRow> before,
            context.idempotency->Check(view, asker.agency_id, request_id, hash));
        if (before.has_value()) {
          response.set_state(before->result() == "second" ? v1::REVIEW_STATE_WAITS_FOR_SECOND
                                                          : v1::REVIEW_STATE_DECIDED);
          SIGNPOST_ASSIGN_OR_RETURN(
              *response.mutable_receipt(),
              ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
          return attempt;
        }
        const absl::Time now = context.clock->Now();
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_REVIEW_RESOLVED, asker, request_id);
        entry.mutable_review_resolved()->set_review_ref(id.ToBytes());
        using Response = v1::ResolveReviewResponse;
        if (!HasRole(asker)) return Refuse<Response>(NotASteward(), std::move(entry));
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<ReviewItem> item, matching::FindReview(view, id));
        if (!item.has_value() || !MayDecide(asker, item->row, now)) {
          return Refuse<Response>(NoReview(), std::move(entry));
        }
        stored::ReviewRow& row = item->row;
        ledger::Operation& operation = attempt.operation.emplace();
        const absl::StatusOr<bool> two = context.linker->TakesTwo(view, *item, resolution);
        if (!two.ok()) return RefuseInvalid(two.status(), std::move(entry));
        const bool same = !row.proposed_by_agency_id().empty() &&
                          std::equal(row.proposed_same_as().begin(), row.proposed_same_as().end(),
                                     resolution.same_as.begin(), resolution.same_as.end());
        if (*two && same && !IsSecond(asker, row)) {
          return Refuse<Response>(NotASecond(row), std::move(entry));
        }
        if (*two && !same) {
          matching::DeleteReview(*item, &operation.batch);
          row.clear_proposed_same_as();
          for (const int number : resolution.same_as) row.add_proposed_same_as(number);
          row.set_proposed_by_agency_id(asker.agency_id);
          row.set_proposed_by(asker.practitioner_id);
          matching::PutReview(*item, &operation.batch);
          ledger::v1::LedgerEntry proposed =
              context.entries->New(ledger::v1::ENTRY_KIND_REVIEW_PROPOSED, asker, request_id);
          proposed.mutable_review_proposed()->set_review_ref(id.ToBytes());
          SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> reported,
                                    context.people->ReadIfThere(view, row.person_id()));
          if (reported.has_value()) {
            SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*reported, &proposed, &operation).status());
          }
          proposed.set_outcome(ledger::v1::OUTCOME_RECORDED);
          operation.entries.push_back(ledger::ToDraft(proposed));
          response.set_state(v1::REVIEW_STATE_WAITS_FOR_SECOND);
          context.idempotency->Record(&operation, asker.agency_id, request_id, hash, "second", now);
          return attempt;
        }
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> reported,
                                  context.people->ReadIfThere(view, row.person_id()));
        absl::StatusOr<matching::ResolveResult> prepared =
            context.linker->PrepareResolve(view, *item, resolution);
        if (!prepared.ok()) return RefuseInvalid(prepared.status(), std::move(entry));
        matching::ResolveResult& resolved = *prepared;
        operation.batch = std::move(resolved.batch);
        resolved.blinding->SetPerson(&entry);
        ledger::PersonIndex::Add(resolved.person, &operation);
        entry.mutable_review_resolved()->set_separate(resolution.same_as.empty());
        entry.mutable_review_resolved()->set_seconded(*two);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        for (size_t i = 0; i < resolved.merged.size(); ++i) {
          ledger::v1::LedgerEntry merged =
              context.entries->New(ledger::v1::ENTRY_KIND_PERSONS_MERGED, asker, request_id);
          resolved.merged_blindings[i].SetPerson(&merged);
          merged.set_outcome(ledger::v1::OUTCOME_RECORDED);
          ledger::PersonIndex::Add(resolved.merged[i], &operation, operation.entries.size());
          ledger::PersonIndex::Add(resolved.person, &operation, operation.entries.size());
          operation.entries.push_back(ledger::ToDraft(merged));
        }
        if (!resolved.merged.empty() && reported.has_value()) {
          // Of all who are one from now on, not of the first alone.
          std::set<std::string> agencies;
          for (const int number : resolution.same_as) {
            SIGNPOST_ASSIGN_OR_RETURN(
                const std::optional<people::Person> one,
                context.people->ReadIfThere(view, row.candidates(number - 1).person_id()));
            if (!one.has_value()) continue;
            for (const std::string& agency : one->AgenciesWithOpenFlags()) agencies.insert(agency);
          }
          TellOthers(context, *reported, resolved.person, {agencies.begin(), agencies.end()},
                     row.agency_id(), now, &operation);
        }
        response.set_state(v1::REVIEW_STATE_DECIDED);
        context.idempotency->Record(&operation, asker.agency_id, request_id, hash, "decided", now);
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

absl::StatusOr<int> Stewards::TellOverdue() {
  const absl::Time now = context_.clock->Now();
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, matching::kReviewJob, now, kScanRows));
  if (due.empty()) return 0;
  std::set<std::string> deciders;
  SIGNPOST_RETURN_IF_ERROR(context_.registry->ForEachPractitioner(
      [&](const registry::EnrolledPractitioner& practitioner) {
        if (practitioner.HasRole(kStewardRole) || practitioner.HasRole(kDeputyRole)) {
          deciders.insert(practitioner.agency_id());
        }
        return absl::OkStatus();
      }));
  const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
  int told = 0;
  // One row that does not read must not keep the others from being told.
  absl::Status damage;
  for (const auto& [due_at, key] : due) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              view->Get(store::Space::kReviews, key));
    absl::StatusOr<ReviewItem> item =
        bytes.has_value()
            ? matching::ParseReview(key, *bytes)
            : base::Error(Reason::kDataLoss, "a review that is due is not there; restore a backup");
    if (!item.ok()) {
      damage.Update(item.status());
      continue;
    }
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> reported,
                              context_.people->ReadIfThere(*view, item->row.person_id()));
    ledger::Operation operation;
    if (!reported.has_value()) {
      // Erased in a store that was put back: there is nothing left to decide.
      ledger::GuardedView read(view.get());
      SIGNPOST_RETURN_IF_ERROR(context_.linker->PrepareDropReview(read, *item, &operation.batch));
      operation.reads = read.TakeReads();
      operation.reads.AddRow(store::Space::kReviews, key, view->revision());
      ledger::v1::LedgerEntry gone = context_.entries->New(ledger::v1::ENTRY_KIND_REVIEW_RESOLVED,
                                                           base::Principal(), std::string());
      gone.mutable_review_resolved()->set_review_ref(item->id.ToBytes());
      gone.set_outcome(ledger::v1::OUTCOME_UNCHANGED);
      operation.entries.push_back(ledger::ToDraft(gone));
      const absl::Status dropped = context_.sequencer->SubmitAndWait(std::move(operation)).status();
      if (!dropped.ok() && base::ReasonOf(dropped) != Reason::kAborted) return dropped;
      continue;
    }
    operation.reads.AddRow(store::Space::kReviews, key, view->revision());
    matching::DeleteReview(*item, &operation.batch);
    // Once for all the days that nobody looked (the hub was off): the next time is tomorrow's.
    const absl::Time review_due = absl::FromUnixSeconds(item->row.due_s());
    item->row.set_told(static_cast<uint32_t>(
        std::max<int64_t>(0, (now - review_due) / matching::kReviewToldAgainAfter) + 1));
    matching::PutReview(*item, &operation.batch);
    ledger::v1::LedgerEntry entry = context_.entries->New(ledger::v1::ENTRY_KIND_REVIEW_OVERDUE,
                                                          base::Principal(), std::string());
    entry.mutable_review_overdue()->set_review_ref(item->id.ToBytes());
    entry.set_outcome(ledger::v1::OUTCOME_OVERDUE);
    operation.entries.push_back(ledger::ToDraft(entry));
    const stored::ReviewRow& row = item->row;
    std::set<std::string> agencies = deciders;
    if (!row.owner_agency_id().empty()) agencies = {row.owner_agency_id()};
    agencies.erase(row.agency_id());
    std::vector<std::pair<std::string, std::string>> messages;  // system, encoded
    for (const std::string& agency : agencies) {
      stored::StoredMessage message;
      message.set_kind(stored::STORED_MESSAGE_KIND_REVIEW_OVERDUE);
      message.set_agency_id(agency);
      message.set_changed_at_s(absl::ToUnixSeconds(now));
      message.set_review_id(item->id.ToBytes());
      message.set_review_code(row.harm());
      message.set_review_due_s(row.due_s());
      for (const std::string& system : directory->MailboxSystems(agency)) {
        messages.emplace_back(system, exchange::EncodeNotice(message));
      }
    }
    ledger::AddIndexHook(&operation, [messages](uint64_t first_index, store::Batch& batch) {
      for (const auto& [system, encoded] : messages) {
        exchange::AppendEncodedNotice(batch, system, first_index, 1, encoded);
      }
    });
    const absl::StatusOr<ledger::Sequenced> sequenced =
        context_.sequencer->SubmitAndWait(std::move(operation));
    // Most likely somebody decided it meanwhile. If not, it is still due, and comes again.
    if (!sequenced.ok() && base::ReasonOf(sequenced.status()) == Reason::kAborted) continue;
    if (!sequenced.ok()) return sequenced.status();
    ++told;
  }
  if (!damage.ok()) return damage;
  return told;
}

void Stewards::RunOn(schedule::Schedule* schedule, std::function<void(int told)> on_overdue) {
  schedule->Add(
      matching::kReviewJob, absl::InfinitePast(),
      [this, on_overdue = std::move(on_overdue)](absl::Time now) -> absl::StatusOr<absl::Time> {
        SIGNPOST_ASSIGN_OR_RETURN(const int told, TellOverdue());
        if (told > 0 && on_overdue != nullptr) on_overdue(told);
        SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view,
                                  context_.store->NewView());
        // Those that have been told of are due again later, so they are counted by their rows.
        int overdue = 0;
        std::string after;
        while (true) {
          SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ReviewItem> items,
                                    matching::ReviewsAfter(*view, after, kScanRows));
          for (const ReviewItem& item : items) {
            after = item.key;
            if (IsOverdue(item.row, now)) ++overdue;
          }
          if (static_cast<int>(items.size()) < kScanRows) break;
        }
        overdue_.store(overdue, std::memory_order_relaxed);
        SIGNPOST_ASSIGN_OR_RETURN(const absl::Time next,
                                  schedule::NextDue(*view, matching::kReviewJob));
        return std::min(next, now + kLookForOverdueEvery);
      });
}

}  // namespace signpost::stewards
