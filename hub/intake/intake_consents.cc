// Consents: recorded and taken back, or refused with a record of it.

#include "hub/intake/intake.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/consents_told.h"
#include "hub/exchange/outbox.h"
#include "hub/intake/scope_words.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/people/scope.h"
#include "hub/people/validate.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"

namespace signpost::intake {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr size_t kNoteBytesMin = 3;

absl::Status NotFound() {
  return base::Error(Reason::kNotFound, "nobody whom your agency works with");
}

// A change of consent as it was asked for.
struct ConsentAct {
  base::Principal asker;
  std::string request_id;
  std::string hash;
  ledger::v1::HolderAnswer answer = ledger::v1::HOLDER_ANSWER_UNSPECIFIED;  // of a holder
};

// What it came to.
struct ConsentOutcome {
  people::ConsentResult result;
  std::optional<v1::Receipt> receipt;  // of the first time, when it was sent twice
  absl::Status refusal;                // recorded, and told with the receipt
};
using ConsentAttempt = ledger::Attempt<ConsentOutcome>;

bool IsSensitive(const request::BoundPolicy* bound, const std::string& service) {
  return bound == nullptr ||
         bound->policy->IsSensitiveService(bound->policy->ServiceSymbol(service));
}

// Tells holders of sensitive services that a yes waits for their word before it opens what they
// hold, and an agency that its no no longer stands. What is told must not show in the recorder's own
// answer: these are rows of others' mailboxes and no entries.
void TellOfConsent(const request::HubContext& context, const people::Person& person,
                   const people::ConsentResult& result, ledger::Operation* operation) {
  exchange::Outbox notices(
      [directory = context.registry->directory()](const std::string& agency_id) {
        return directory->MailboxSystems(agency_id);
      });
  stored::StoredMessage message;
  message.set_person_id(person.id().ToBytes());
  message.set_changed_at_s(absl::ToUnixSeconds(result.effective_at));
  if (result.row.decision() == v1::CONSENT_DECISION_GIVEN) {
    const std::shared_ptr<const request::BoundPolicy> bound = context.policy->Latest();
    std::set<std::string> holders;
    for (const stored::FlagRow& flag : person.flags()) {
      if (flag.status() == v1::FLAG_STATUS_OPEN && people::MayOpen(result.row, flag) &&
          IsSensitive(bound.get(), flag.service()) &&
          !people::CountsFor(result.row, flag.agency_id(), true)) {
        holders.insert(flag.agency_id());
      }
    }
    message.set_kind(stored::STORED_MESSAGE_KIND_CONSENT_TO_CONFIRM);
    message.set_consent_id(result.row.consent_id());
    for (const std::string& holder : holders) {
      message.set_agency_id(holder);
      notices.Tell(holder, message);
    }
  }
  if (!result.refusal_of.empty()) {
    message.set_kind(stored::STORED_MESSAGE_KIND_REFUSAL_REPLACED);
    message.set_consent_id(result.superseded.front().ToBytes());
    message.set_agency_id(result.refusal_of);
    notices.Tell(result.refusal_of, message);
  }
  std::move(notices).AddTo(operation);
}

// Whether what `consent` covers of sensitive services waits for their holders' word. Of the consent
// alone: nothing of the person has a say.
bool HoldersMustConfirm(const request::BoundPolicy* bound, const v1::Consent& consent,
                        const std::string& agency_id, const people::KindOfAgency& kind_of) {
  if (consent.decision() != v1::CONSENT_DECISION_GIVEN) return false;
  stored::ConsentRow row;
  people::StoreScope(consent.scope(), &row);
  row.set_grantor(consent.grantor());
  if (people::IsOwnWord(row) && !people::MayReceive(row, agency_id, kind_of)) return false;
  return row.services().empty() ||
         std::any_of(row.services().begin(), row.services().end(),
                     [bound](const std::string& service) { return IsSensitive(bound, service); });
}

people::KindOfAgency KindsOf(const request::HubContext& context) {
  return [directory = context.registry->directory()](const std::string& agency_id) {
    const registry::Agency* agency = directory->FindAgency(agency_id);
    return agency == nullptr ? std::string() : agency->kind;
  };
}

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
  const auto name = [kind, &act, &blinding](const base::ConsentId& consent,
                                            ledger::v1::LedgerEntry* in) {
    std::string ref = blinding.Ref(in->nonce(), consent.bytes());
    if (kind == ledger::v1::ENTRY_KIND_CONSENT_ANSWERED) {
      in->mutable_consent_answered()->set_consent_ref(std::move(ref));
      in->mutable_consent_answered()->set_answer(act.answer);
      return;
    }
    (kind == ledger::v1::ENTRY_KIND_CONSENT_RECORDED ? in->mutable_consent_recorded()
                                                     : in->mutable_consent_withdrawn())
        ->set_consent_ref(std::move(ref));
  };
  name(result.consent, &entry);
  entry.set_outcome(result.change.empty() ? ledger::v1::OUTCOME_UNCHANGED
                                          : ledger::v1::OUTCOME_RECORDED);
  if (!note.empty())
    SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context, &*person, note, &entry));
  operation.batch = std::move(result.change);
  operation.entries.push_back(ledger::ToDraft(entry));
  if (kind == ledger::v1::ENTRY_KIND_CONSENT_RECORDED) {
    TellOfConsent(context, *person, result, &operation);
  }
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
  const std::shared_ptr<const request::BoundPolicy> bound = context_.policy->Latest();
  const absl::Status meant = CheckScopeWords(*context_.registry->directory(),
                                             bound == nullptr ? nullptr : bound->policy.get(),
                                             request.consent().scope(), "consent.scope");
  if (!meant.ok()) return done(meant);
  const absl::Status may = request::TakeDetailsBudget(context_, asker, request.person());
  if (!may.ok()) return done(may);
  ConsentAct act{asker, request.request_id(), {}};
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("RecordConsent", asker, request.SerializeAsString());
  const bool must_confirm =
      HoldersMustConfirm(bound.get(), request.consent(), asker.agency_id, KindsOf(context_));
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
          prepared = context_.people->PrepareConsent(view, person->id(), consent,
                                                     act.asker.agency_id, act.asker.practitioner_id,
                                                     context_.clock->Now(), KindsOf(context_));
        }
        return FinishConsent(context_, act, ledger::v1::ENTRY_KIND_CONSENT_RECORDED, person,
                             std::move(prepared), "");
      },
      [this, must_confirm, done = std::move(done)](
          absl::StatusOr<ledger::Committed<ConsentOutcome>> committed) mutable {
        if (!committed.ok()) return done(std::move(committed).status());
        absl::StatusOr<v1::Receipt> receipt = ConsentReceipt(context_, *committed);
        if (!receipt.ok()) return done(std::move(receipt).status());
        v1::RecordConsentResponse response;
        response.set_holders_must_confirm(must_confirm);
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
  const absl::Status may = request::TakeDetailsBudget(context_, asker, request.person());
  if (!may.ok()) return done(may);
  ConsentAct act{asker, request.request_id(), {}};
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("WithdrawConsent", asker, request.SerializeAsString());
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

void Intake::AnswerConsent(const base::Principal& asker, v1::AnswerConsentRequest request,
                           request::Reply<v1::AnswerConsentResponse> done) {
  const absl::StatusOr<base::ConsentId> consent = base::ConsentId::FromText(request.consent_id());
  if (!consent.ok()) {
    return done(base::InvalidField("consent_id", "must be an id that the hub gave"));
  }
  if (request.answer() != v1::HOLDER_ANSWER_CONFIRMED &&
      request.answer() != v1::HOLDER_ANSWER_CHALLENGED) {
    return done(base::InvalidField("answer", "say whether you confirm or challenge it"));
  }
  if (request.note().size() < kNoteBytesMin || request.note().size() > base::kReasonBytesMax) {
    return done(base::InvalidField(
        "note", "say how you know it, or why you doubt it, in words, 3 to 2,000 bytes"));
  }
  const absl::Status may = request::TakeDetailsBudget(context_, asker, request.person());
  if (!may.ok()) return done(may);
  ConsentAct act{
      asker, request.request_id(), {}, static_cast<ledger::v1::HolderAnswer>(request.answer())};
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("AnswerConsent", asker, request.SerializeAsString());
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
        if (person.has_value()) {
          prepared = context_.people->PrepareHolderAnswer(
              view, person->id(), id, act.asker.agency_id, act.asker.practitioner_id,
              request.answer(), context_.clock->Now());
        }
        return FinishConsent(context_, act, ledger::v1::ENTRY_KIND_CONSENT_ANSWERED, person,
                             std::move(prepared), request.note());
      },
      [this, done = std::move(done)](
          absl::StatusOr<ledger::Committed<ConsentOutcome>> committed) mutable {
        if (!committed.ok()) return done(std::move(committed).status());
        absl::StatusOr<v1::Receipt> receipt = ConsentReceipt(context_, *committed);
        if (!receipt.ok()) return done(std::move(receipt).status());
        v1::AnswerConsentResponse response;
        *response.mutable_receipt() = *std::move(receipt);
        done(std::move(response));
      });
}

}  // namespace signpost::intake
