#include "hub/archive/case_reviews.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/archive/acts.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/disclosure/opener.h"
#include "hub/people/archived.h"
#include "hub/request/paging.h"
#include "hub/request/surroundings.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::archive {

namespace stored = ::signpost::store::v1;
using base::Reason;
using disclosure::Outcome;
using disclosure::Refuse;

// Lets this file read sealed values; see disclosure/composer_key.h. Archived flags, to who may read
// them for a case review.
struct ArchiveComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr char kPrefix[] = "archive/";
constexpr char kReasonContext[] = "archive-request";
constexpr int kLapsedPerCommit = 100;

std::string RequestKey(const base::ReviewId& id) { return absl::StrCat(kPrefix, id.bytes()); }

std::string ReasonContext(const base::ReviewId& id) {
  return absl::StrCat(kReasonContext, absl::string_view("\0", 1), id.bytes());
}

absl::Status NoRequest() {
  return base::Error(
      Reason::kNotFound,
      "no such request waits for you; list them, and ask again where its time is over");
}

struct Waiting {
  base::ReviewId id;
  stored::ArchiveRequestRow row;
};

// Errors: kNotFound.
absl::StatusOr<Waiting> ReadRequest(const store::View& view, const base::ReviewId& id,
                                    absl::Time now) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                            view.Get(store::Space::kReviews, RequestKey(id)));
  if (!bytes.has_value()) return NoRequest();
  Waiting waiting{id, {}};
  SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("a request to read the archive", *bytes, &waiting.row));
  if (waiting.row.until_s() <= absl::ToUnixSeconds(now)) return NoRequest();
  return waiting;
}

void Put(const Waiting& waiting, store::Batch* batch) {
  batch->Put(store::Space::kReviews, RequestKey(waiting.id), store::EncodeRow(waiting.row));
  schedule::PutDue(kRequestsJob, absl::FromUnixSeconds(waiting.row.until_s()), waiting.id.ToBytes(),
                   batch);
}

void Delete(const Waiting& waiting, store::Batch* batch) {
  batch->Delete(store::Space::kReviews, RequestKey(waiting.id));
  schedule::DeleteDue(kRequestsJob, absl::FromUnixSeconds(waiting.row.until_s()),
                      waiting.id.ToBytes(), batch);
}

// Whether `row` may be read by the two agencies of a request.
bool MayRead(const request::HubContext& context, const people::Person& person,
             const stored::ArchiveRequestRow& request, const stored::FlagRow& flag,
             const request::BoundPolicy* bound) {
  const auto is_theirs = [&](const std::string& agency_id) {
    return agency_id == request.agency_id() || agency_id == request.agreed_by_agency_id();
  };
  if (is_theirs(flag.agency_id())) return true;
  // Without a policy it is not known which services answer for themselves.
  if (bound == nullptr ||
      bound->policy->IsSensitiveService(bound->policy->ServiceSymbol(flag.service())) ||
      request::IsSensitiveAgency(context, flag.agency_id())) {
    return false;
  }
  const stored::ShieldRow& shield = person.row().shield();
  return !shield.shielded() ||
         std::any_of(shield.set_by().begin(), shield.set_by().end(),
                     [&](const stored::ShieldVoiceRow& one) { return is_theirs(one.agency_id()); });
}

void Compose(const stored::ArchivedFlagSecret& secret, int64_t archived_at_s,
             v1::ArchivedFlag* told) {
  const stored::FlagRow& flag = secret.flag();
  told->set_agency_id(flag.agency_id());
  told->set_service(flag.service());
  told->set_status(static_cast<v1::FlagStatus>(flag.status()));
  if (flag.opened_on() != 0) request::SetDate(flag.opened_on(), told->mutable_opened_on());
  if (flag.closed_on() != 0) request::SetDate(flag.closed_on(), told->mutable_closed_on());
  *told->mutable_learnt_at() = request::ToTimestamp(flag.end_learnt_at_s());
  *told->mutable_archived_at() = request::ToTimestamp(archived_at_s);
  const stored::ContactSecret& contact = secret.contact();
  told->mutable_contact()->set_practitioner_id(contact.practitioner_id());
  told->mutable_contact()->set_name(contact.name());
  told->mutable_contact()->set_role(contact.role());
  told->mutable_contact()->set_phone(contact.phone());
  told->mutable_contact()->set_email(contact.email());
  told->mutable_contact()->set_team_id(contact.team_id());
  for (const stored::AssessmentRow& row : flag.assessments()) {
    v1::AssessmentPointer* const pointer = told->add_assessments();
    pointer->set_kind(row.kind());
    if (row.assessed_on() != 0) request::SetDate(row.assessed_on(), pointer->mutable_assessed_on());
    *pointer->mutable_sections() = row.sections();
  }
}

absl::Status CheckId(const std::string& text) {
  if (base::ReviewId::FromText(text).ok()) return absl::OkStatus();
  return base::InvalidField("archive_request_id", "must be an id that AskForArchive gave");
}

}  // namespace

void CaseReviews::Ask(const base::Principal& asker, v1::AskForArchiveRequest request,
                      request::Reply<v1::AskForArchiveResponse> done) {
  absl::Status status = CheckReference("review_reference", request.review_reference());
  if (status.ok()) status = CheckReason(request.reason());
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::AskForArchiveResponse>>;
  ActOnce<v1::AskForArchiveResponse>(
      context_, ledger::v1::ENTRY_KIND_ARCHIVE_REQUEST_CHANGED,
      Begin(context_, "AskForArchive", asker, std::move(request)),
      [context](const ledger::GuardedView& view, const auto& act,
                ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        if (!ActsAs(act.asker, kCaseReviewRole)) {
          return Refuse<v1::AskForArchiveResponse>(NotInRole(kCaseReviewRole), std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context, view, act.asker, act.request.person(),
                                                   request::Words::kOpenUnshielded));
        const absl::Time now = context.clock->Now();
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        Waiting waiting{base::ReviewId::New(context.random), {}};
        waiting.row.set_agency_id(act.asker.agency_id);
        waiting.row.set_practitioner_id(act.asker.practitioner_id);
        waiting.row.set_person_id(person.has_value() ? person->id().ToBytes()
                                                     : context.random->Bytes(base::kIdBytes));
        waiting.row.set_asked_at_s(absl::ToUnixSeconds(now));
        waiting.row.set_until_s(absl::ToUnixSeconds(now + kRequestWaits));
        waiting.row.set_review_reference(act.request.review_reference());
        SIGNPOST_ASSIGN_OR_RETURN(
            *waiting.row.mutable_sealed_reason(),
            base::Seal(context.keyring->hub_data_key(), ReasonContext(waiting.id),
                       act.request.reason(), context.random));
        Put(waiting, &operation.batch);
        if (person.has_value()) {
          SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        }
        // Under the hub's key: whoever is known or not, it opens alike.
        SIGNPOST_RETURN_IF_ERROR(
            request::SealDetails(context, nullptr, act.request.reason(), &entry));
        ledger::v1::ArchiveRequestChanged* const changed = entry.mutable_archive_request_changed();
        changed->set_request_ref(waiting.id.ToBytes());
        changed->set_step(ledger::v1::ARCHIVE_REQUEST_STEP_ASKED);
        changed->set_review_reference(act.request.review_reference());
        entry.set_outcome(ledger::v1::OUTCOME_WAITS);
        operation.entries.push_back(ledger::ToDraft(entry));
        attempt.outcome.response.set_archive_request_id(waiting.id.ToText());
        Remember(context, act, waiting.id.ToText(), now, &operation);
        return attempt;
      },
      std::move(done));
}

void CaseReviews::List(const base::Principal& asker, v1::ListArchiveRequestsRequest request,
                       request::Reply<v1::ListArchiveRequestsResponse> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (status.ok() && !request.page_token().empty() &&
      !base::ReviewId::FromText(request.page_token()).ok()) {
    status = base::InvalidField("page_token", "take it from the page before");
  }
  const absl::StatusOr<int> page_size =
      request::PageSize(request.page_size(), kPageDefault, base::kPageRowsMax);
  if (status.ok()) status = page_size.status();
  if (!status.ok()) return done(std::move(status));
  using Listed = Outcome<v1::ListArchiveRequestsResponse>;
  const request::HubContext context = context_;
  request::Transact<Listed>(
      context_,
      [context, rows_max = *page_size,
       act = Begin(context_, "ListArchiveRequests", asker, std::move(request))](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Listed>> {
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_ARCHIVE_LISTED, act.asker, act.request_id);
        if (!ActsAs(act.asker, kCaseReviewRole)) {
          return Refuse<v1::ListArchiveRequestsResponse>(NotInRole(kCaseReviewRole),
                                                         std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        std::string from = kPrefix;
        if (!act.request.page_token().empty()) {
          from = absl::StrCat(RequestKey(*base::ReviewId::FromText(act.request.page_token())),
                              absl::string_view("\0", 1));
        }
        SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                                  // Nothing rests on the list: it is what waited at this view.
                                  view.unguarded().Scan(store::Space::kReviews, from,
                                                        store::PrefixEnd(kPrefix), rows_max));
        v1::ArchiveRequests told;
        told.set_salt(context.random->Bytes(kSaltBytes));
        for (const store::KeyValue& row : rows) {
          SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId id,
                                    base::ReviewId::FromBytes(row.key.substr(sizeof(kPrefix) - 1)));
          if (static_cast<int>(rows.size()) == rows_max) told.set_next_page_token(id.ToText());
          Waiting waiting{id, {}};
          SIGNPOST_RETURN_IF_ERROR(
              store::DecodeRow("a request to read the archive", row.value, &waiting.row));
          const bool own = waiting.row.agency_id() == act.asker.agency_id;
          const bool agreed = !waiting.row.agreed_by_agency_id().empty();
          if (waiting.row.until_s() <= absl::ToUnixSeconds(now) || (!own && agreed)) continue;
          v1::ArchiveRequest* const one = told.add_requests();
          one->set_archive_request_id(id.ToText());
          one->set_agency_id(waiting.row.agency_id());
          one->set_practitioner_id(waiting.row.practitioner_id());
          one->set_review_reference(waiting.row.review_reference());
          SIGNPOST_ASSIGN_OR_RETURN(*one->mutable_reason(),
                                    base::Open(context.keyring->hub_data_key(), ReasonContext(id),
                                               waiting.row.sealed_reason()));
          *one->mutable_asked_at() = request::ToTimestamp(waiting.row.asked_at_s());
          *one->mutable_until() = request::ToTimestamp(waiting.row.until_s());
          one->set_agreed(agreed);
          one->set_agreed_by_agency_id(waiting.row.agreed_by_agency_id());
        }
        ledger::Attempt<Listed> attempt;
        attempt.outcome.answer = disclosure::Opener::Close(told);
        entry.mutable_archive_listed()->set_listed(static_cast<uint32_t>(told.requests_size()));
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void CaseReviews::Answer(const base::Principal& asker, v1::AnswerArchiveRequestRequest request,
                         request::Reply<v1::AnswerArchiveRequestResponse> done) {
  absl::Status status = CheckId(request.archive_request_id());
  if (status.ok() && request.agreed()) {
    status = request::TakeDetailsBudget(context_, asker, request.person());
  }
  if (!status.ok()) return done(std::move(status));
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::AnswerArchiveRequestResponse>>;
  ActOnce<v1::AnswerArchiveRequestResponse>(
      context_, ledger::v1::ENTRY_KIND_ARCHIVE_REQUEST_CHANGED,
      Begin(context_, "AnswerArchiveRequest", asker, std::move(request)),
      [context](const ledger::GuardedView& view, const auto& act,
                ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        if (!ActsAs(act.asker, kCaseReviewRole)) {
          return Refuse<v1::AnswerArchiveRequestResponse>(NotInRole(kCaseReviewRole),
                                                          std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        absl::StatusOr<Waiting> waiting =
            ReadRequest(view, *base::ReviewId::FromText(act.request.archive_request_id()), now);
        if (waiting.ok() && !waiting->row.agreed_by_agency_id().empty()) waiting = NoRequest();
        if (base::ReasonOf(waiting.status()) == Reason::kNotFound) {
          return Refuse<v1::AnswerArchiveRequestResponse>(waiting.status(), std::move(entry));
        }
        if (!waiting.ok()) return waiting.status();
        if (waiting->row.agency_id() == act.asker.agency_id) {
          return Refuse<v1::AnswerArchiveRequestResponse>(
              base::Error(Reason::kMethodNotAllowed,
                          "your own agency asks; somebody of another agency agrees or refuses"),
              std::move(entry));
        }
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        ledger::v1::ArchiveRequestChanged* const changed = entry.mutable_archive_request_changed();
        changed->set_request_ref(waiting->id.ToBytes());
        changed->set_review_reference(waiting->row.review_reference());
        if (act.request.agreed()) {
          SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> named,
                                    request::Resolve(context, view, act.asker, act.request.person(),
                                                     request::Words::kOpenUnshielded));
          SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> asked,
                                    context.people->ReadIfThere(view, waiting->row.person_id()));
          Delete(*waiting, &operation.batch);
          waiting->row.set_agreed_by_agency_id(act.asker.agency_id);
          waiting->row.set_agreed_by(act.asker.practitioner_id);
          waiting->row.set_same_person(named.has_value() && asked.has_value() &&
                                       named->id() == asked->id());
          waiting->row.set_until_s(absl::ToUnixSeconds(now + kRequestReads));
          Put(*waiting, &operation.batch);
          changed->set_step(ledger::v1::ARCHIVE_REQUEST_STEP_AGREED);
          if (named.has_value()) {
            SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*named, &entry, &operation).status());
          }
        } else {
          Delete(*waiting, &operation.batch);
          changed->set_step(ledger::v1::ARCHIVE_REQUEST_STEP_REFUSED);
        }
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        Remember(context, act, std::string(), now, &operation);
        return attempt;
      },
      std::move(done));
}

void CaseReviews::Read(const base::Principal& asker, v1::ReadArchiveRequest request,
                       request::Reply<v1::ReadArchiveResponse> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (status.ok()) status = CheckId(request.archive_request_id());
  if (!status.ok()) return done(std::move(status));
  using ReadOutcome = Outcome<v1::ReadArchiveResponse>;
  const request::HubContext context = context_;
  request::Transact<ReadOutcome>(
      context_,
      [context, act = Begin(context_, "ReadArchive", asker, std::move(request))](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<ReadOutcome>> {
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_ARCHIVE_READ, act.asker, act.request_id);
        if (!ActsAs(act.asker, kCaseReviewRole)) {
          return Refuse<v1::ReadArchiveResponse>(NotInRole(kCaseReviewRole), std::move(entry));
        }
        const absl::StatusOr<Waiting> waiting =
            ReadRequest(view, *base::ReviewId::FromText(act.request.archive_request_id()),
                        context.clock->Now());
        if (!waiting.ok() && base::ReasonOf(waiting.status()) != Reason::kNotFound) {
          return waiting.status();
        }
        // Who asked reads, and nobody for them.
        if (!waiting.ok() || waiting->row.agreed_by_agency_id().empty() ||
            waiting->row.agency_id() != act.asker.agency_id ||
            waiting->row.practitioner_id() != act.asker.practitioner_id) {
          return Refuse<v1::ReadArchiveResponse>(NoRequest(), std::move(entry));
        }
        const stored::ArchiveRequestRow& row = waiting->row;
        ledger::v1::ArchiveRead* const read = entry.mutable_archive_read();
        read->set_request_ref(waiting->id.ToBytes());
        read->set_review_reference(row.review_reference());
        read->set_agreed_by_agency_id(row.agreed_by_agency_id());
        read->set_agreed_by(row.agreed_by());
        ledger::Attempt<ReadOutcome> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        v1::ArchivedFlags told;
        told.set_salt(context.random->Bytes(kSaltBytes));
        told.set_review_reference(row.review_reference());
        const std::shared_ptr<const request::BoundPolicy> bound = context.policy->Latest();
        std::optional<people::Person> person;
        if (row.same_person()) {
          SIGNPOST_ASSIGN_OR_RETURN(person, context.people->ReadIfThere(view, row.person_id()));
        }
        if (person.has_value()) {
          if (bound != nullptr) {
            request::SetPolicy(*bound, &entry);
            request::RestOn(*bound, &operation);
          }
          SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding,
                                    request::SetPerson(*person, &entry, &operation));
          for (const stored::ArchivedFlagRow& archived : person->row().archived()) {
            SIGNPOST_ASSIGN_OR_RETURN(
                const auto sealed,
                people::ReadArchived(view, *context.keyring, archived.flag_id()));
            if (!sealed.has_value()) continue;
            SIGNPOST_ASSIGN_OR_RETURN(
                const stored::ArchivedFlagSecret secret,
                disclosure::Opener::Peek(ArchiveComposer::Key(), *sealed).Open());
            if (!MayRead(context, *person, row, secret.flag(), bound.get())) continue;
            Compose(secret, archived.archived_at_s(), told.add_flags());
            ledger::v1::Released* const released = entry.add_released();
            released->set_flag_ref(blinding.Ref(entry.nonce(), archived.flag_id()));
            released->set_holder_agency_id(archived.agency_id());
            released->add_aspects(ledger::v1::ASPECT_EXISTENCE);
            released->add_aspects(ledger::v1::ASPECT_AGENCY);
            released->add_aspects(ledger::v1::ASPECT_CONTACT);
            released->add_aspects(ledger::v1::ASPECT_ASSESSMENT);
            released->add_rules("case-review");
          }
        }
        attempt.outcome.answer = disclosure::Opener::Close(told);
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(told.flags().empty() ? ledger::v1::OUTCOME_NOTHING_TO_KNOW
                                               : ledger::v1::OUTCOME_ANSWERED);
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

absl::StatusOr<int> CaseReviews::EndLapsed(absl::Time now) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, kRequestsJob, now, kLapsedPerCommit));
  if (due.empty()) return 0;
  ledger::Operation operation;
  for (const schedule::DueRow& row : due) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::ReviewId id, base::ReviewId::FromBytes(row.row_key));
    schedule::DeleteDue(kRequestsJob, row.due, row.row_key, &operation.batch);
    operation.batch.Delete(store::Space::kReviews, RequestKey(id));
    operation.reads.AddRow(store::Space::kReviews, RequestKey(id), view->revision());
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                              view->Get(store::Space::kReviews, RequestKey(id)));
    stored::ArchiveRequestRow request;
    if (bytes.has_value()) {
      SIGNPOST_RETURN_IF_ERROR(store::DecodeRow("a request to read the archive", *bytes, &request));
    }
    // As far as it came; what it came to is that its time is over.
    ledger::v1::LedgerEntry entry = context_.entries->New(
        ledger::v1::ENTRY_KIND_ARCHIVE_REQUEST_CHANGED, base::Principal(), std::string());
    ledger::v1::ArchiveRequestChanged* const over = entry.mutable_archive_request_changed();
    over->set_request_ref(id.ToBytes());
    over->set_review_reference(request.review_reference());
    over->set_step(request.agreed_by_agency_id().empty() ? ledger::v1::ARCHIVE_REQUEST_STEP_ASKED
                                                         : ledger::v1::ARCHIVE_REQUEST_STEP_AGREED);
    entry.set_outcome(ledger::v1::OUTCOME_OVERDUE);
    operation.entries.push_back(ledger::ToDraft(entry));
  }
  const absl::StatusOr<ledger::Sequenced> sequenced =
      context_.sequencer->SubmitAndWait(std::move(operation));
  // One of them was answered meanwhile: the others come again.
  if (base::ReasonOf(sequenced.status()) == Reason::kAborted) return 0;
  if (!sequenced.ok()) return sequenced.status();
  return static_cast<int>(due.size());
}

}  // namespace signpost::archive
