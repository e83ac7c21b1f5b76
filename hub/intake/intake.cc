#include "hub/intake/intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/exchange/outbox.h"
#include "hub/intake/incoming.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"
#include "hub/request/surroundings.h"

namespace signpost::intake {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

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

v1::FlagOutcome Rejected(uint64_t sequence, const absl::Status& status) {
  v1::FlagOutcome outcome;
  outcome.set_sequence(sequence);
  outcome.set_kind(v1::FLAG_OUTCOME_KIND_REJECTED);
  outcome.set_reason(static_cast<v1::ErrorReason>(base::ReasonOf(status)));
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

// One prepared change with its entries and notices. The entry is of one shape whatever the report came
// to: whether a review waits shows in no size.
ledger::Operation Compose(const request::HubContext& context, const base::Principal& asker,
                          const std::string& request_id, absl::Time now,
                          matching::LinkResult* result) {
  exchange::Outbox notices([directory = context.registry->directory()](const std::string& agency) {
    return directory->MailboxSystems(agency);
  });
  ledger::Operation operation;
  operation.batch = std::move(result->batch);
  ledger::v1::LedgerEntry entry =
      context.entries->New(ledger::v1::ENTRY_KIND_FLAG_CHANGED, asker, request_id);
  entry.set_outcome(ChangeOutcome(result->change));
  result->blinding->SetPerson(&entry);
  ledger::PersonIndex::Add(result->person, &operation, operation.entries.size());
  entry.mutable_flag_changed()->set_flag_ref(
      result->blinding->Ref(entry.nonce(), result->flag.bytes()));
  entry.mutable_flag_changed()->set_review_ref(
      result->review.is_zero() ? context.random->Bytes(base::kIdBytes) : result->review.ToBytes());
  if (!result->old_closing) {
    notices.Add({NoticeOf(result->change), result->person, result->flag, asker.agency_id, now},
                result->other_agencies);
  }
  for (const std::string& holder : result->mourners) {
    stored::StoredMessage message;
    message.set_kind(result->death == people::DeathTurn::kConfirmed
                         ? stored::STORED_MESSAGE_KIND_PERSON_DIED
                         : stored::STORED_MESSAGE_KIND_DEATH_WRONG);
    message.set_person_id(result->person.ToBytes());
    message.set_agency_id(holder);
    message.set_changed_at_s(absl::ToUnixSeconds(now));
    (void)notices.Tell(holder, message);
  }
  operation.entries.push_back(ledger::ToDraft(entry));
  if (!result->former_flag.is_zero()) {
    ledger::v1::LedgerEntry former =
        context.entries->New(ledger::v1::ENTRY_KIND_FLAG_CHANGED, asker, request_id);
    result->former_blinding->SetPerson(&former);
    former.mutable_flag_changed()->set_flag_ref(
        result->former_blinding->Ref(former.nonce(), result->former_flag.bytes()));
    former.mutable_flag_changed()->set_review_ref(context.random->Bytes(base::kIdBytes));
    former.set_outcome(result->former_closed ? ledger::v1::OUTCOME_CLOSED
                                             : ledger::v1::OUTCOME_CHANGED);
    ledger::PersonIndex::Add(result->former_person, &operation, operation.entries.size());
    operation.entries.push_back(ledger::ToDraft(former));
  }
  std::move(notices).AddTo(&operation);
  return operation;
}

// Reports and records are acknowledged alike, whomever they are about. What was said before by the
// agency itself, and changes nothing, has no receipt.
v1::FlagOutcome Received(uint64_t sequence) {
  v1::FlagOutcome outcome;
  outcome.set_sequence(sequence);
  outcome.set_kind(v1::FLAG_OUTCOME_KIND_RECEIVED);
  return outcome;
}

}  // namespace

void Intake::Take(std::shared_ptr<Incoming> incoming) {
  struct Taken {
    bool changed = false;  // the operation's first entry is this report's, and not only the feed's
  };
  ledger::Transact<Taken>(
      {context_.executor, context_.store, context_.sequencer}, ledger::FirstAttempt::kHere,
      [this, incoming](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Taken>> {
        const absl::Time now = context_.clock->Now();
        const base::Principal& asker = incoming->asker;
        SIGNPOST_ASSIGN_OR_RETURN(matching::LinkResult result, incoming->prepare(view, now));
        ledger::Attempt<Taken> attempt;
        if (result.batch.empty()) {
          // Nothing changed; but the agency has spoken, and now and then that is written down.
          if (incoming->feeds) {
            context_.registry->TouchFeed(asker.agency_id, now, &incoming->feed, &result.batch);
          }
          if (result.batch.empty()) return attempt;
          ledger::v1::LedgerEntry entry = context_.entries->New(
              ledger::v1::ENTRY_KIND_FEED_CONFIRMED, asker, incoming->request_id);
          entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
          ledger::Operation& operation = attempt.operation.emplace();
          operation.batch = std::move(result.batch);
          operation.entries.push_back(ledger::ToDraft(entry));
          return attempt;
        }
        ledger::Operation& operation =
            attempt.operation.emplace(Compose(context_, asker, incoming->request_id, now, &result));
        attempt.outcome.changed = true;
        if (incoming->feeds) {
          context_.registry->TouchFeed(asker.agency_id, now, &incoming->feed, &operation.batch);
        }
        return attempt;
      },
      [this, incoming](absl::StatusOr<ledger::Committed<Taken>> result) {
        incoming->feed.GiveBack();
        if (!result.ok()) return incoming->done(std::move(result).status());
        v1::FlagOutcome outcome = Received(incoming->sequence);
        if (result->outcome.changed) {
          *outcome.mutable_receipt() =
              ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        }
        incoming->done(std::move(outcome));
      });
}

absl::Status Intake::TakeBudget(const base::Principal& asker, const v1::FlagReport& report) {
  const std::string record = absl::StrCat(asker.agency_id, "/", report.record_id());
  if (!context_.details_budget->TakeReport(record, context_.clock->Now())) {
    return base::Error(Reason::kTooManyRequests,
                       "this record was reported too often; send it again in an hour",
                       {{"record_id", "was reported too often; send it again in an hour"}});
  }
  if (report.status() == v1::FLAG_STATUS_RETRACTED) return absl::OkStatus();
  if (context_.details_budget->TakeChange(record, report.person().SerializeAsString(),
                                          context_.clock->Now())) {
    return absl::OkStatus();
  }
  return base::Error(Reason::kTooManyRequests,
                     "the details of this record changed too often today; send it tomorrow, once "
                     "they are settled",
                     {{"person", "changed too often today; send it tomorrow"}});
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
  if (context_.details_budget != nullptr) {
    const absl::Status may = TakeBudget(asker, report);
    if (!may.ok()) return done(Rejected(sequence, may));
  }
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = asker;
  incoming->sequence = sequence;
  report.clear_sequence();  // it is the stream's, and no part of what is reported
  incoming->feeds = true;
  incoming->prepare = [this, &reporter = incoming->asker, report = std::move(report)](
                          const ledger::GuardedView& view, absl::Time now) {
    return context_.linker->Prepare(view, reporter, report, request::SurroundingsOf(context_), now);
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

}  // namespace signpost::intake
