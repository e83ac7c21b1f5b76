#include "hub/intake/intake.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/consents_told.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/index_hook.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/receipt.h"
#include "hub/people/validate.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/tlog/merkle.h"

namespace signpost::intake {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

absl::Status NotFound() {
  return base::Error(Reason::kNotFound, "nobody whom your agency works with");
}

stored::StoredMessageKind NoticeOf(people::FlagChange change) {
  switch (change) {
    case people::FlagChange::kOpened:
      return stored::STORED_MESSAGE_KIND_FLAG_OPENED;
    case people::FlagChange::kClosed:
      return stored::STORED_MESSAGE_KIND_FLAG_CLOSED;
    case people::FlagChange::kChanged:
      return stored::STORED_MESSAGE_KIND_FLAG_CHANGED;
    // What was entered in error is taken back quietly: a notice would repeat the error.
    case people::FlagChange::kRetracted:
    case people::FlagChange::kUnchanged:
      return stored::STORED_MESSAGE_KIND_UNSPECIFIED;
  }
  return stored::STORED_MESSAGE_KIND_UNSPECIFIED;
}

ledger::v1::Outcome ChangeOutcome(people::FlagChange change) {
  switch (change) {
    case people::FlagChange::kOpened:
      return ledger::v1::OUTCOME_OPENED;
    case people::FlagChange::kClosed:
      return ledger::v1::OUTCOME_CLOSED;
    case people::FlagChange::kChanged:
      return ledger::v1::OUTCOME_CHANGED;
    case people::FlagChange::kRetracted:
      return ledger::v1::OUTCOME_RETRACTED;
    case people::FlagChange::kUnchanged:
      return ledger::v1::OUTCOME_UNCHANGED;
  }
  return ledger::v1::OUTCOME_UNCHANGED;
}

// "two-candidates" as REVIEW_CAUSE_TWO_CANDIDATES.
ledger::v1::ReviewCause CauseOf(const std::string& word) {
  ledger::v1::ReviewCause cause = ledger::v1::REVIEW_CAUSE_UNSPECIFIED;
  (void)ledger::v1::ReviewCause_Parse(
      absl::StrCat("REVIEW_CAUSE_", absl::AsciiStrToUpper(absl::StrReplaceAll(word, {{"-", "_"}}))),
      &cause);
  return cause;
}

v1::FlagOutcome Rejected(uint64_t sequence, const absl::Status& status) {
  v1::FlagOutcome outcome;
  outcome.set_sequence(sequence);
  outcome.set_kind(v1::FLAG_OUTCOME_KIND_REJECTED);
  outcome.set_reason(base::ReasonName(base::ReasonOf(status)));
  for (const base::FieldViolation& violation : base::ViolationsOf(status)) {
    v1::RejectedField* field = outcome.add_fields();
    field->set_field(violation.field);
    field->set_description(violation.description);
  }
  return outcome;
}

// Errors that are the report's own fault; everything else may pass and is worth sending again.
bool IsReportsFault(const absl::Status& status) {
  switch (base::ReasonOf(status)) {
    case Reason::kInvalidField:
    case Reason::kMessageTooLarge:
    case Reason::kRecordForbidden:
    case Reason::kAlreadyExists:
    case Reason::kNotFound:
      return true;
    default:
      return false;
  }
}

// One prepared change with its entries and notices.
ledger::Operation Compose(const request::HubContext& context, const base::Principal& asker,
                          ledger::v1::EntryKind kind, const std::string& request_id, absl::Time now,
                          matching::LinkResult* result) {
  exchange::Outbox notices([directory = context.registry->directory()](const std::string& agency) {
    return directory->MailboxSystems(agency);
  });
  ledger::Operation operation;
  operation.batch = std::move(result->batch);
  const bool waits = result->outcome == v1::FLAG_OUTCOME_KIND_IN_REVIEW;
  ledger::v1::LedgerEntry entry =
      context.entries->New(waits ? ledger::v1::ENTRY_KIND_REVIEW_OPENED : kind, asker, request_id);
  if (waits) {
    entry.mutable_review_opened()->set_review_ref(result->review.ToBytes());
    entry.mutable_review_opened()->set_cause(CauseOf(result->cause));
    entry.set_outcome(ledger::v1::OUTCOME_WAITS);
  } else {
    entry.set_outcome(ChangeOutcome(result->change));
    std::string flag_ref;
    // A report that only waited is nobody's when it is taken back.
    if (result->blinding.has_value()) {
      result->blinding->SetPerson(&entry);
      ledger::PersonIndex::Add(result->person, &operation, operation.entries.size());
      flag_ref = result->blinding->Ref(entry.nonce(), result->flag.bytes());
    }
    if (kind == ledger::v1::ENTRY_KIND_REVIEW_RESOLVED) {
      entry.mutable_review_resolved()->set_review_ref(result->review.ToBytes());
      entry.mutable_review_resolved()->set_flag_ref(flag_ref);
    } else {
      entry.mutable_flag_changed()->set_flag_ref(flag_ref);
    }
    notices.Add({NoticeOf(result->change), result->person, result->flag, asker.agency_id, now},
                result->other_agencies);
  }
  operation.entries.push_back(ledger::ToDraft(entry));
  if (!result->former_flag.is_zero()) {
    ledger::v1::LedgerEntry former =
        context.entries->New(ledger::v1::ENTRY_KIND_FLAG_CHANGED, asker, request_id);
    result->former_blinding->SetPerson(&former);
    former.mutable_flag_changed()->set_flag_ref(
        result->former_blinding->Ref(former.nonce(), result->former_flag.bytes()));
    former.set_outcome(ledger::v1::OUTCOME_CLOSED);
    ledger::PersonIndex::Add(result->former_person, &operation, operation.entries.size());
    operation.entries.push_back(ledger::ToDraft(former));
  }
  std::move(notices).AddTo(&operation);
  return operation;
}

v1::FlagOutcome OutcomeOf(uint64_t sequence, const matching::LinkResult& result) {
  v1::FlagOutcome outcome;
  outcome.set_sequence(sequence);
  outcome.set_kind(result.outcome);
  if (!result.flag.is_zero()) outcome.set_flag_id(result.flag.ToText());
  return outcome;
}

}  // namespace

// --- Reports ---

// One report, or one decision on a review, on its way in.
struct Intake::Incoming {
  base::Principal asker;
  uint64_t sequence = 0;
  std::string request_id;
  ledger::v1::EntryKind kind = ledger::v1::ENTRY_KIND_FLAG_CHANGED;
  // Prepares the change at a view.
  std::function<absl::StatusOr<matching::LinkResult>(const ledger::GuardedView&, absl::Time)>
      prepare;
  // Adds to the operation, e.g. the memory of a request id; may be empty.
  std::function<void(const v1::FlagOutcome&, absl::Time, ledger::Operation*)> finish;
  request::Reply<v1::FlagOutcome> done;
};

void Intake::Take(std::shared_ptr<Incoming> incoming) {
  request::Transact<v1::FlagOutcome>(
      context_,
      [this, incoming](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<v1::FlagOutcome>> {
        const absl::Time now = context_.clock->Now();
        const base::Principal& asker = incoming->asker;
        SIGNPOST_ASSIGN_OR_RETURN(matching::LinkResult result, incoming->prepare(view, now));
        ledger::Attempt<v1::FlagOutcome> attempt{OutcomeOf(incoming->sequence, result), {}};
        if (result.batch.empty()) {
          // Nothing changed; but the agency has spoken, and now and then that is written down.
          context_.registry->TouchFeed(asker.agency_id, now, &result.batch);
          if (result.batch.empty()) return attempt;
          ledger::v1::LedgerEntry entry = context_.entries->New(
              ledger::v1::ENTRY_KIND_FEED_CONFIRMED, asker, incoming->request_id);
          entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
          ledger::Operation& operation = attempt.operation.emplace();
          operation.batch = std::move(result.batch);
          operation.entries.push_back(ledger::ToDraft(entry));
          return attempt;
        }
        ledger::Operation& operation = attempt.operation.emplace(
            Compose(context_, asker, incoming->kind, incoming->request_id, now, &result));
        context_.registry->TouchFeed(asker.agency_id, now, &operation.batch);
        if (incoming->finish != nullptr) incoming->finish(attempt.outcome, now, &operation);
        return attempt;
      },
      [this, incoming](absl::StatusOr<ledger::Committed<v1::FlagOutcome>> result) {
        if (!result.ok()) return incoming->done(std::move(result).status());
        v1::FlagOutcome& outcome = result->outcome;
        if (result->sequenced.has_value() && outcome.kind() != v1::FLAG_OUTCOME_KIND_UNCHANGED) {
          *outcome.mutable_receipt() =
              ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        }
        incoming->done(std::move(outcome));
      });
}

void Intake::Report(const base::Principal& asker, v1::FlagReport report,
                    request::Reply<v1::FlagOutcome> done) {
  const std::shared_ptr<const registry::Directory> directory = context_.registry->directory();
  const registry::Agency* agency = directory->FindAgency(asker.agency_id);
  const uint64_t sequence = report.sequence();
  if (report.status() != v1::FLAG_STATUS_RETRACTED &&
      (agency == nullptr || std::find(agency->services.begin(), agency->services.end(),
                                      report.service()) == agency->services.end())) {
    return done(Rejected(sequence, base::InvalidField("service",
                                                      "must be one of the services your agency is "
                                                      "registered for")));
  }
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = asker;
  incoming->sequence = sequence;
  incoming->prepare = [this, reporter = asker, report = std::move(report)](
                          const ledger::GuardedView& view, absl::Time now) {
    return context_.linker->Prepare(view, reporter, report, now);
  };
  incoming->done = [sequence,
                    done = std::move(done)](absl::StatusOr<v1::FlagOutcome> outcome) mutable {
    if (!outcome.ok() && IsReportsFault(outcome.status())) {
      return done(Rejected(sequence, outcome.status()));
    }
    done(std::move(outcome));
  };
  Take(std::move(incoming));
}

void Intake::ResolveReview(const base::Principal& asker, v1::ResolveReviewRequest request,
                           request::Reply<v1::ResolveReviewResponse> done) {
  const absl::StatusOr<base::ReviewId> review = base::ReviewId::FromText(request.review_id());
  if (!review.ok()) {
    return done(base::InvalidField("review_id", "must be an id that ListReviews gave"));
  }
  matching::Resolution resolution;
  resolution.candidate_number = request.candidate_number();
  resolution.new_person = request.new_person();
  if (resolution.new_person == (resolution.candidate_number > 0)) {
    return done(base::InvalidField("decision",
                                   "say either which candidate, or that it is somebody "
                                   "new"));
  }
  const std::string request_id = request.request_id();
  request.clear_request_id();
  const std::string hash = context_.idempotency->Hash("ResolveReview", request.SerializeAsString());
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = asker;
  incoming->request_id = request_id;
  incoming->kind = ledger::v1::ENTRY_KIND_REVIEW_RESOLVED;
  incoming->prepare = [this, asker, id = *review, resolution, request_id, hash](
                          const ledger::GuardedView& view,
                          absl::Time now) -> absl::StatusOr<matching::LinkResult> {
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<stored::RequestRow> before,
                              context_.idempotency->Check(view, asker.agency_id, request_id, hash));
    if (before.has_value()) {
      // Sent twice: what it led to then.
      matching::LinkResult replay;
      v1::FlagOutcome outcome;
      if (!outcome.ParseFromString(before->result())) {
        return base::Error(Reason::kDataLoss, "a stored outcome does not decode");
      }
      replay.outcome = outcome.kind();
      const absl::StatusOr<base::FlagId> flag = base::FlagId::FromText(outcome.flag_id());
      if (flag.ok()) replay.flag = *flag;
      return replay;
    }
    return context_.linker->PrepareResolve(view, asker.agency_id, id, resolution, now);
  };
  incoming->finish = [this, asker, request_id, hash](const v1::FlagOutcome& outcome, absl::Time now,
                                                     ledger::Operation* operation) {
    context_.idempotency->Record(operation, asker.agency_id, request_id, hash,
                                 outcome.SerializeAsString(), now);
  };
  incoming->done = [done = std::move(done)](absl::StatusOr<v1::FlagOutcome> outcome) mutable {
    if (!outcome.ok()) return done(std::move(outcome).status());
    v1::ResolveReviewResponse response;
    *response.mutable_outcome() = *std::move(outcome);
    done(std::move(response));
  };
  Take(std::move(incoming));
}

// --- Consents ---

namespace {

// A change of consent as it was asked for.
struct ConsentAct {
  base::Principal asker;
  std::string request_id;
  std::string hash;
};

// What it came to.
struct ConsentOutcome {
  people::ConsentResult result;
  std::optional<v1::Receipt> receipt;  // of the first time, when it was sent twice
  absl::Status refusal;                // recorded, and told with the receipt
};
using ConsentAttempt = ledger::Attempt<ConsentOutcome>;

// A consent that was prepared, or the record that it was refused.
absl::StatusOr<ConsentAttempt> FinishConsent(const request::HubContext& context,
                                             const ConsentAct& act, ledger::v1::EntryKind kind,
                                             const std::optional<people::Person>& person,
                                             absl::StatusOr<people::ConsentResult> prepared,
                                             const std::string& note) {
  ConsentAttempt attempt;
  ledger::Operation& operation = attempt.operation.emplace();
  ledger::v1::LedgerEntry entry = context.entries->New(kind, act.asker, act.request_id);
  if (!prepared.ok()) {
    const Reason reason = base::ReasonOf(prepared.status());
    // What does not fit with what is known of the person is refused, and that is recorded too: the
    // refusal tells something about them.
    if (reason != Reason::kNotFound && reason != Reason::kConsentInvalid) return prepared.status();
    attempt.outcome.refusal = reason == Reason::kNotFound ? NotFound() : prepared.status();
    ledger::SetRefused(reason, &entry);
    if (reason == Reason::kConsentInvalid) {
      SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
    }
    operation.entries.push_back(ledger::ToDraft(entry));
    return attempt;
  }
  people::ConsentResult& result = attempt.outcome.result;
  result = *std::move(prepared);
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding,
                            request::SetPerson(*person, &entry, &operation));
  const auto name = [kind, &blinding](const base::ConsentId& consent, ledger::v1::LedgerEntry* in) {
    (kind == ledger::v1::ENTRY_KIND_CONSENT_RECORDED ? in->mutable_consent_recorded()
                                                     : in->mutable_consent_withdrawn())
        ->set_consent_ref(blinding.Ref(in->nonce(), consent.bytes()));
  };
  name(result.consent, &entry);
  entry.set_outcome(result.change.empty() ? ledger::v1::OUTCOME_UNCHANGED
                                          : ledger::v1::OUTCOME_RECORDED);
  if (!note.empty())
    SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context, &*person, note, &entry));
  operation.batch = std::move(result.change);
  operation.entries.push_back(ledger::ToDraft(entry));
  // One more entry for each record that no longer stands.
  for (const base::ConsentId& superseded : result.superseded) {
    ledger::v1::LedgerEntry other = context.entries->New(kind, act.asker, act.request_id);
    name(superseded, &other);
    other.set_outcome(ledger::v1::OUTCOME_SUPERSEDED);
    SIGNPOST_RETURN_IF_ERROR(
        request::SetPerson(*person, &other, &operation, operation.entries.size()).status());
    operation.entries.push_back(ledger::ToDraft(other));
  }
  context.idempotency->Record(&operation, act.asker.agency_id, act.request_id, act.hash,
                              result.consent.ToBytes(), context.clock->Now());
  return attempt;
}

// Whether the asker may say something about the record of theirs named `id`: it was recorded by the
// asker's agency or names it. Of any other it must not even learn that it is there.
bool MayChange(const base::Principal& asker, const people::Person& person,
               const base::ConsentId& id) {
  const stored::ConsentRow* row = person.FindConsent(id);
  return row != nullptr && disclosure::IsNamedIn(asker, *row);
}

// What the request led to when it was carried out before; nullopt when it was not.
absl::StatusOr<std::optional<ConsentAttempt>> Replayed(const request::HubContext& context,
                                                       const ledger::GuardedView& view,
                                                       const ConsentAct& act) {
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::optional<stored::RequestRow> before,
      context.idempotency->Check(view, act.asker.agency_id, act.request_id, act.hash));
  if (!before.has_value()) return std::nullopt;
  ConsentAttempt attempt;
  SIGNPOST_ASSIGN_OR_RETURN(attempt.outcome.result.consent,
                            base::ConsentId::FromBytes(before->result()));
  attempt.outcome.result.effective_at = absl::FromUnixSeconds(before->at_s());
  SIGNPOST_ASSIGN_OR_RETURN(
      attempt.outcome.receipt,
      ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
  return attempt;
}

// The receipt to give, or the status to refuse with.
absl::StatusOr<v1::Receipt> ConsentReceipt(const request::HubContext& context,
                                           const ledger::Committed<ConsentOutcome>& committed) {
  if (committed.outcome.receipt.has_value()) return *committed.outcome.receipt;
  v1::Receipt receipt =
      ledger::ReceiptOf(*committed.sequenced, context.sequencer->options().origin);
  if (!committed.outcome.refusal.ok()) {
    return request::WithReceipt(committed.outcome.refusal, receipt);
  }
  return receipt;
}

}  // namespace

void Intake::RecordConsent(const base::Principal& asker, v1::RecordConsentRequest request,
                           request::Reply<v1::RecordConsentResponse> done) {
  const absl::Status valid = people::ValidateConsent(request.consent(), context_.clock->Now());
  if (!valid.ok()) return done(valid);
  ConsentAct act{asker, request.request_id(), {}};
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("RecordConsent", request.SerializeAsString());
  request::Transact<ConsentOutcome>(
      context_,
      [this, act = std::move(act), request = std::move(request)](
          const ledger::GuardedView& view) -> absl::StatusOr<ConsentAttempt> {
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<ConsentAttempt> replayed,
                                  Replayed(context_, view, act));
        if (replayed.has_value()) return *std::move(replayed);
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context_, view, act.asker, request.person()));
        absl::StatusOr<people::ConsentResult> prepared = NotFound();
        if (person.has_value() && request::WorksWith(context_, act.asker, *person)) {
          v1::Consent consent = request.consent();
          const absl::StatusOr<base::ConsentId> before =
              base::ConsentId::FromText(consent.supersedes());
          if (before.ok() && !MayChange(act.asker, *person, *before)) {
            // As one that is not there.
            consent.set_supersedes(base::ConsentId().ToText());
          }
          prepared = context_.people->PrepareConsent(
              view, person->id(), consent, act.asker.agency_id, act.asker.practitioner_id,
              context_.clock->Now(),
              [directory = context_.registry->directory()](const std::string& agency_id) {
                const registry::Agency* agency = directory->FindAgency(agency_id);
                return agency == nullptr ? std::string() : agency->kind;
              });
        }
        return FinishConsent(context_, act, ledger::v1::ENTRY_KIND_CONSENT_RECORDED, person,
                             std::move(prepared), "");
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<ConsentOutcome>> committed) mutable {
        if (!committed.ok()) return done(std::move(committed).status());
        absl::StatusOr<v1::Receipt> receipt = ConsentReceipt(context_, *committed);
        if (!receipt.ok()) return done(std::move(receipt).status());
        v1::RecordConsentResponse response;
        response.set_consent_id(committed->outcome.result.consent.ToText());
        *response.mutable_receipt() = *std::move(receipt);
        done(std::move(response));
      });
}

void Intake::WithdrawConsent(const base::Principal& asker, v1::WithdrawConsentRequest request,
                             request::Reply<v1::WithdrawConsentResponse> done) {
  const absl::StatusOr<base::ConsentId> consent = base::ConsentId::FromText(request.consent_id());
  if (!consent.ok()) {
    return done(base::InvalidField("consent_id", "must be an id that RecordConsent gave"));
  }
  const absl::Status valid = people::ValidateWithdrawal(request);
  if (!valid.ok()) return done(valid);
  ConsentAct act{asker, request.request_id(), {}};
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("WithdrawConsent", request.SerializeAsString());
  request::Transact<ConsentOutcome>(
      context_,
      [this, act = std::move(act), id = *consent, request = std::move(request)](
          const ledger::GuardedView& view) -> absl::StatusOr<ConsentAttempt> {
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<ConsentAttempt> replayed,
                                  Replayed(context_, view, act));
        if (replayed.has_value()) return *std::move(replayed);
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context_, view, act.asker, request.person()));
        absl::StatusOr<people::ConsentResult> prepared = NotFound();
        if (person.has_value() && request::WorksWith(context_, act.asker, *person) &&
            MayChange(act.asker, *person, id)) {
          people::Withdrawing how;
          how.by = request.by();
          how.how = request.how();
          how.told_to = request.told_to().empty() ? act.asker.practitioner_id : request.told_to();
          prepared = context_.people->PrepareWithdraw(view, person->id(), id, request.note(),
                                                      context_.clock->Now(), how);
        }
        return FinishConsent(context_, act, ledger::v1::ENTRY_KIND_CONSENT_WITHDRAWN, person,
                             std::move(prepared), request.note());
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<ConsentOutcome>> committed) mutable {
        if (!committed.ok()) return done(std::move(committed).status());
        absl::StatusOr<v1::Receipt> receipt = ConsentReceipt(context_, *committed);
        if (!receipt.ok()) return done(std::move(receipt).status());
        v1::WithdrawConsentResponse response;
        *response.mutable_withdrawn_at() =
            request::ToTimestamp(committed->outcome.result.effective_at);
        *response.mutable_receipt() = *std::move(receipt);
        done(std::move(response));
      });
}

// --- Reconciliation ---

struct Closing {
  base::Principal asker;
  std::string request_id;
  std::vector<people::OpenRecord> missing;
  size_t next = 0;
  v1::ReconcileResponse response;
  request::Reply<v1::ReconcileResponse> done;
};

void Intake::Reconcile(const base::Principal& asker, std::vector<std::string> open_record_ids,
                       v1::ReconcileFinish finish, request::Reply<v1::ReconcileResponse> done) {
  absl::Status status = request::CheckRequestId(finish.request_id());
  if (!status.ok()) return done(std::move(status));
  matching::Reconciliation reconciliation(context_.people, asker.agency_id);
  for (const std::string& record_id : open_record_ids) {
    status = reconciliation.Add(record_id);
    if (!status.ok()) return done(std::move(status));
  }
  const absl::StatusOr<std::unique_ptr<store::View>> view = context_.store->NewView();
  if (!view.ok()) return done(view.status());
  absl::StatusOr<matching::Reconciliation::Result> result = reconciliation.Finish(**view);
  if (!result.ok()) return done(std::move(result).status());

  auto closing = std::make_shared<Closing>();
  closing->asker = asker;
  closing->request_id = finish.request_id();
  closing->done = std::move(done);
  closing->response.set_missing_count(static_cast<int64_t>(result->missing.size()));
  for (std::string& id : result->unknown_record_ids) {
    closing->response.add_unknown_record_ids(std::move(id));
  }
  if (finish.close_missing_count() != 0) {
    if (finish.close_missing_count() != closing->response.missing_count()) {
      return closing->done(base::InvalidField(
          "finish.close_missing_count",
          absl::StrCat("is not the number of open flags that were not listed, which is ",
                       closing->response.missing_count(),
                       "; look at the extract first, then confirm that number")));
    }
    closing->missing = std::move(result->missing);
  }
  CloseNext(std::move(closing));
}

void Intake::CloseNext(std::shared_ptr<Closing> closing) {
  if (closing->next == closing->missing.size()) {
    // The comparison itself, closed or not: the agency has confirmed its list.
    const absl::Time now = context_.clock->Now();
    ledger::Operation operation;
    ledger::v1::LedgerEntry entry = context_.entries->New(ledger::v1::ENTRY_KIND_RECONCILED,
                                                          closing->asker, closing->request_id);
    entry.mutable_reconciled()->set_missing(
        static_cast<uint64_t>(closing->response.missing_count()));
    entry.mutable_reconciled()->set_closed(static_cast<uint64_t>(closing->response.closed_count()));
    entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
    operation.entries.push_back(ledger::ToDraft(entry));
    context_.registry->TouchFeed(closing->asker.agency_id, now, &operation.batch);
    return context_.sequencer->Submit(
        std::move(operation), [this, closing](absl::StatusOr<ledger::Sequenced> sequenced) {
          if (!sequenced.ok()) return closing->done(std::move(sequenced).status());
          *closing->response.mutable_receipt() =
              ledger::ReceiptOf(*sequenced, context_.sequencer->options().origin);
          closing->done(std::move(closing->response));
        });
  }
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = closing->asker;
  incoming->request_id = closing->request_id;
  incoming->prepare = [this, closing](const ledger::GuardedView& view, absl::Time now) {
    return context_.linker->PrepareCloseMissing(view, closing->asker.agency_id,
                                                closing->missing[closing->next], now);
  };
  incoming->done = [this, closing](absl::StatusOr<v1::FlagOutcome> outcome) {
    if (!outcome.ok()) return closing->done(std::move(outcome).status());
    if (outcome->kind() != v1::FLAG_OUTCOME_KIND_UNCHANGED) {
      closing->response.set_closed_count(closing->response.closed_count() + 1);
    }
    ++closing->next;
    if (!context_.executor->Run([this, closing] { CloseNext(closing); })) {
      closing->done(base::Error(
          Reason::kTooManyRequests,
          absl::StrCat("the hub is busy; ", closing->response.closed_count(),
                       " flags are closed already; send the list again for the others")));
    }
  };
  Take(std::move(incoming));
}

// --- Mailboxes ---

void Intake::MoveCursor(
    const base::Principal& asker, ledger::v1::Acknowledged detail,
    std::function<absl::StatusOr<exchange::CursorChange>(const ledger::GuardedView&)> prepare,
    request::Reply<exchange::Place> done) {
  request::Transact<exchange::Place>(
      context_,
      [this, asker, detail = std::move(detail), prepare = std::move(prepare)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<exchange::Place>> {
        SIGNPOST_ASSIGN_OR_RETURN(exchange::CursorChange change, prepare(view));
        ledger::Attempt<exchange::Place> attempt{std::move(change.place), {}};
        if (!change.changed) return attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        operation.batch = std::move(change.batch);
        ledger::v1::LedgerEntry entry =
            context_.entries->New(ledger::v1::ENTRY_KIND_ACKNOWLEDGED, asker, "");
        *entry.mutable_acknowledged() = detail;
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      [done = std::move(done)](absl::StatusOr<ledger::Committed<exchange::Place>> result) mutable {
        if (!result.ok()) return done(std::move(result).status());
        done(std::move(result->outcome));
      });
}

void Intake::OpenCursor(const base::Principal& asker, const std::string& cursor,
                        request::Reply<exchange::Place> done) {
  ledger::v1::Acknowledged detail;
  detail.set_cursor_hash(context_.entries->CursorHash(asker.system_id, cursor));
  MoveCursor(
      asker, std::move(detail),
      [this, system = asker.system_id, cursor](const ledger::GuardedView& view) {
        return context_.mailboxes->PrepareOpen(view, system, cursor);
      },
      std::move(done));
}

void Intake::Acknowledge(const base::Principal& asker, const std::string& cursor,
                         const std::vector<DealtWith>& messages,
                         request::Reply<exchange::Place> done) {
  ledger::v1::Acknowledged detail;
  detail.set_cursor_hash(context_.entries->CursorHash(asker.system_id, cursor));
  std::vector<exchange::Position> positions;
  for (const DealtWith& message : messages) {
    positions.push_back(message.position);
    if (message.rejection == ledger::v1::MESSAGE_REJECTION_UNSPECIFIED) continue;
    // What was refused is said by name: it will not be delivered again.
    ledger::v1::RejectedMessage* rejected = detail.add_rejected();
    rejected->set_message_ref(context_.mailboxes->MessageRef(asker.system_id, message.position));
    rejected->set_rejection(message.rejection);
  }
  MoveCursor(
      asker, std::move(detail),
      [this, system = asker.system_id, cursor,
       positions = std::move(positions)](const ledger::GuardedView& view) {
        return context_.mailboxes->PrepareAcknowledge(view, system, cursor, positions);
      },
      std::move(done));
}

}  // namespace signpost::intake
