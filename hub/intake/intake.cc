#include "hub/intake/intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/exchange/outbox.h"
#include "hub/intake/incoming.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"

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

void Intake::Take(std::shared_ptr<Incoming> incoming) {
  struct Taken {
    v1::FlagOutcome outcome;
    bool changed = false;  // the operation's first entry is this report's, and not only the feed's
  };
  // A stream has many reports under way at once; when all are about one young person each round has
  // one winner, and none of them may lose for good against its own stream.
  constexpr int kAttemptsMax = 2 * base::kReportWindow;
  ledger::Transact<Taken>(
      {context_.executor, context_.store, context_.sequencer}, ledger::FirstAttempt::kHere,
      [this, incoming](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Taken>> {
        const absl::Time now = context_.clock->Now();
        const base::Principal& asker = incoming->asker;
        incoming->replay_of.reset();
        SIGNPOST_ASSIGN_OR_RETURN(matching::LinkResult result, incoming->prepare(view, now));
        ledger::Attempt<Taken> attempt{{OutcomeOf(incoming->sequence, result)}, {}};
        if (incoming->replay_of.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(
              *attempt.outcome.outcome.mutable_receipt(),
              ledger::ReceiptAt(view, context_.sequencer->options().origin, *incoming->replay_of));
          return attempt;
        }
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
        ledger::Operation& operation = attempt.operation.emplace(
            Compose(context_, asker, incoming->kind, incoming->request_id, now, &result));
        attempt.outcome.changed = true;
        if (incoming->feeds) {
          context_.registry->TouchFeed(asker.agency_id, now, &incoming->feed, &operation.batch);
        }
        if (incoming->finish != nullptr) {
          incoming->finish(attempt.outcome.outcome, now, &operation);
        }
        return attempt;
      },
      [this, incoming](absl::StatusOr<ledger::Committed<Taken>> result) {
        incoming->feed.GiveBack();
        if (!result.ok()) return incoming->done(std::move(result).status());
        v1::FlagOutcome& outcome = result->outcome.outcome;
        if (result->outcome.changed && outcome.kind() != v1::FLAG_OUTCOME_KIND_UNCHANGED) {
          *outcome.mutable_receipt() =
              ledger::ReceiptOf(*result->sequenced, context_.sequencer->options().origin);
        }
        incoming->done(std::move(outcome));
      },
      kAttemptsMax);
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
  report.clear_sequence();  // it is the stream's, and no part of what is reported
  incoming->feeds = true;
  incoming->prepare = [this, &reporter = incoming->asker, report = std::move(report)](
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

}  // namespace signpost::intake
