#include "hub/enrolment/registry_changes.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/registry/registry.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"

namespace signpost::enrolment {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr int kChangesPageDefault = 50;
constexpr int kChangesPageMax = 200;
constexpr size_t kReasonBytesMin = 3;
constexpr int kExpiredAtOnce = 200;

bool IsOperators(const base::Principal& actor) { return actor.kind == base::CallerKind::kOperator; }

// Whether an error is an answer to who asked, rather than a fault of the store or a race.
bool IsRefusal(const absl::Status& status) {
  switch (base::ReasonOf(status)) {
    case Reason::kInvalidField:
    case Reason::kAlreadyExists:
    case Reason::kMethodNotAllowed:
    case Reason::kAgencyUnknown:
      return true;
    default:
      return false;
  }
}

// One attempt's outcome.
template <typename Response>
struct Outcome {
  Response response;  // without its receipt
  absl::Status refusal;
  bool bind = false;  // the registry that the policy is bound to changed
};

template <typename Response>
void Refused(absl::Status why, ledger::v1::LedgerEntry entry,
             ledger::Attempt<Outcome<Response>>* attempt) {
  ledger::SetRefused(base::ReasonOf(why), &entry);
  attempt->outcome.refusal = std::move(why);
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  attempt->operation = std::move(operation);
}

// What was committed with its receipt, where something was; a refusal with that of its entry.
template <typename Response>
absl::StatusOr<Outcome<Response>> WithReceiptOf(
    const request::HubContext& context,
    absl::StatusOr<ledger::Committed<Outcome<Response>>> committed) {
  if (!committed.ok()) return std::move(committed).status();
  Outcome<Response>& outcome = committed->outcome;
  const std::string& origin = context.sequencer->options().origin;
  if (!outcome.refusal.ok()) {
    return request::WithReceipt(std::move(outcome.refusal),
                                ledger::ReceiptOf(*committed->sequenced, origin));
  }
  if (committed->sequenced.has_value()) {
    *outcome.response.mutable_receipt() = ledger::ReceiptOf(*committed->sequenced, origin);
  }
  return std::move(outcome);
}

v1::AreaFounding FoundingOnWire(const stored::FoundingRow& row) {
  v1::AreaFounding founding;
  founding.set_sha256(absl::BytesToHexString(row.sha256()));
  *founding.mutable_at() = request::ToTimestamp(row.at_s());
  for (const stored::FoundingSignerRow& signer : row.signers()) {
    founding.add_signer_agency_ids(signer.agency_id());
  }
  founding.set_policy_sha256(row.policy_sha256());
  return founding;
}

// About a change, of which nothing may be known but that somebody named it.
ledger::v1::LedgerEntry EntryOf(const request::HubContext& context, ledger::v1::EntryKind kind,
                                const base::Principal& actor, const std::string& request_id,
                                const stored::RegistryChangeRow* change) {
  ledger::v1::LedgerEntry entry = context.entries->New(kind, actor, request_id);
  ledger::v1::RegistryChangeNamed* const named =
      kind == ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_CONFIRMED
          ? entry.mutable_registry_change_confirmed()
          : entry.mutable_registry_change_ended();
  if (change != nullptr) {
    named->set_number(change->number());
    named->set_change_sha256(change->sha256());
  }
  return entry;
}

absl::Status NoSuchChange() {
  return base::InvalidField("change_id",
                            "names no change; ListRegistryChanges tells which there are");
}

}  // namespace

RegistryChanges::RegistryChanges(const request::HubContext& context,
                                 policy_admin::PolicyAdmin* policy_admin)
    : context_(context), policy_admin_(policy_admin) {
  context_.registry->TellOfChangesWith(
      [registry = context_.registry, clock = context_.clock](
          const stored::RegistryChangeRow& change, ledger::Operation* operation) {
        exchange::Outbox notices([directory = registry->directory()](const std::string& agency_id) {
          return directory->MailboxSystems(agency_id);
        });
        stored::StoredMessage message;
        message.set_kind(stored::STORED_MESSAGE_KIND_REGISTRY_CHANGE_WAITS);
        message.set_changed_at_s(absl::ToUnixSeconds(clock->Now()));
        message.set_change_number(change.number());
        // "practitioner/<agency>/<id>" without its first word.
        message.set_changed_record_id(change.row_key().substr(change.row_key().find('/') + 1));
        message.set_change_expires_s(change.expires_s());
        for (const std::string& agency_id : change.agency_ids()) {
          message.set_agency_id(agency_id);
          notices.Tell(agency_id, message);
        }
        std::move(notices).AddTo(operation);
      });
}

void RegistryChanges::RunOn(schedule::Schedule* schedule) {
  schedule->Add(registry::kChangesJob, absl::InfinitePast(),
                [this](absl::Time now) -> absl::StatusOr<absl::Time> {
                  SIGNPOST_RETURN_IF_ERROR(EndExpired().status());
                  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view,
                                            context_.store->NewView());
                  SIGNPOST_ASSIGN_OR_RETURN(const absl::Time due,
                                            schedule::NextDue(*view, registry::kChangesJob));
                  return std::min(due, now + registry::kChangeWaitsMax);
                });
}

template <typename Response>
void RegistryChanges::BindAndAnswer(Response response, request::Reply<Response> done) {
  // Binding waits for the ledger, so it must not happen on the sequencer's thread.
  auto answer = std::make_shared<request::Reply<Response>>(std::move(done));
  const bool taken =
      context_.executor->Run([this, answer, response = std::move(response)]() mutable {
        const absl::Status bound = policy_admin_->Bind();
        // A policy that does not compile hides everything and shows on /health; the change stands.
        if (!bound.ok() && base::ReasonOf(bound) != Reason::kPolicyUnavailable) {
          return (*answer)(bound);
        }
        (*answer)(std::move(response));
      });
  if (!taken) {
    (*answer)(base::Error(Reason::kTooManyRequests,
                          "it is recorded, but the policy is not bound to it yet; send it again"));
  }
}

absl::StatusOr<v1::ListRegistryChangesResponse> RegistryChanges::List(
    const base::Principal& asker, const v1::ListRegistryChangesRequest& request) const {
  if (!IsOperators(asker) && asker.kind != base::CallerKind::kAuditor &&
      !(asker.has_practitioner() && registry::IsOfficerRole(asker.role))) {
    return base::Error(Reason::kMethodNotAllowed,
                       "changes of the registry are read here by officers, auditors and the hub's "
                       "operator");
  }
  uint64_t from = 0;
  if (!request.page_token().empty()) {
    from = registry::Registry::ChangeNumber(request.page_token());
    if (from == 0) {
      return base::InvalidField("page_token",
                                "is not one that this method gave; begin without one");
    }
  }
  const int rows = request.page_size() <= 0 ? kChangesPageDefault
                                            : std::min(request.page_size(), kChangesPageMax);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  const absl::Time now = context_.clock->Now();
  uint64_t next = 0;
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::vector<stored::RegistryChangeRow> changes,
      context_.registry->ListChanges(*view, from, request.include_ended(), rows, &next));
  v1::ListRegistryChangesResponse response;
  for (const stored::RegistryChangeRow& change : changes) {
    SIGNPOST_ASSIGN_OR_RETURN(*response.add_changes(),
                              context_.registry->ToldOf(*view, change, now));
  }
  if (next != 0) response.set_next_page_token(absl::StrCat(next));
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<stored::FoundingRow> founding,
                            context_.registry->ReadFounding(*view));
  if (founding.has_value()) *response.mutable_founding() = FoundingOnWire(*founding);
  return response;
}

void RegistryChanges::Confirm(const base::Principal& officer,
                              const v1::ConfirmRegistryChangeRequest& request,
                              request::Reply<v1::ConfirmRegistryChangeResponse> done) {
  using Result = Outcome<v1::ConfirmRegistryChangeResponse>;
  const absl::Status checked = request::CheckRequestId(request.request_id());
  if (!checked.ok()) return done(checked);
  request::Transact<Result>(
      context_,
      [this, officer,
       request](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        constexpr auto kKind = ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_CONFIRMED;
        ledger::Attempt<Result> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<stored::RegistryChangeRow> change,
                                  context_.registry->ReadChange(
                                      view, registry::Registry::ChangeNumber(request.change_id())));
        const absl::Time now = context_.clock->Now();
        ledger::Operation operation;
        const absl::Status prepared =
            change.has_value()
                ? context_.registry->PrepareConfirm(view, request.sha256(), officer, now,
                                                    request.request_id(), &*change, &operation)
                : NoSuchChange();
        if (!prepared.ok()) {
          if (!IsRefusal(prepared)) return prepared;
          Refused(prepared,
                  EntryOf(context_, kKind, officer, request.request_id(),
                          change.has_value() ? &*change : nullptr),
                  &attempt);
          return attempt;
        }
        SIGNPOST_ASSIGN_OR_RETURN(*attempt.outcome.response.mutable_change(),
                                  context_.registry->ToldOf(view, *change, now));
        attempt.outcome.bind = change->stage() == stored::REGISTRY_CHANGE_STAGE_MADE;
        if (!operation.entries.empty()) attempt.operation = std::move(operation);
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Result>> committed) mutable {
        absl::StatusOr<Result> told = WithReceiptOf(context_, std::move(committed));
        if (!told.ok()) return done(std::move(told).status());
        if (!told->bind) return done(std::move(told->response));
        BindAndAnswer(std::move(told->response), std::move(done));
      });
}

void RegistryChanges::Refuse(const base::Principal& actor,
                             const v1::RefuseRegistryChangeRequest& request,
                             request::Reply<v1::RefuseRegistryChangeResponse> done) {
  using Result = Outcome<v1::RefuseRegistryChangeResponse>;
  const absl::Status checked = request::CheckRequestId(request.request_id());
  if (!checked.ok()) return done(checked);
  if (request.reason().size() < kReasonBytesMin ||
      request.reason().size() > base::kReasonBytesMax) {
    return done(base::InvalidField("reason", "say why in words, 3 to 2,000 bytes"));
  }
  request::Transact<Result>(
      context_,
      [this, actor,
       request](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        constexpr auto kKind = ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_ENDED;
        ledger::Attempt<Result> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<stored::RegistryChangeRow> change,
                                  context_.registry->ReadChange(
                                      view, registry::Registry::ChangeNumber(request.change_id())));
        const absl::Time now = context_.clock->Now();
        ledger::Operation operation;
        const stored::RegistryChangeStage stage = IsOperators(actor)
                                                      ? stored::REGISTRY_CHANGE_STAGE_WITHDRAWN
                                                      : stored::REGISTRY_CHANGE_STAGE_REFUSED;
        const absl::Status prepared =
            change.has_value()
                ? context_.registry->PrepareEnd(view, stage, actor, now, &*change, &operation)
                : NoSuchChange();
        ledger::v1::LedgerEntry entry = EntryOf(context_, kKind, actor, request.request_id(),
                                                change.has_value() ? &*change : nullptr);
        if (!prepared.ok()) {
          if (!IsRefusal(prepared)) return prepared;
          Refused(prepared, std::move(entry), &attempt);
          return attempt;
        }
        SIGNPOST_ASSIGN_OR_RETURN(*attempt.outcome.response.mutable_change(),
                                  context_.registry->ToldOf(view, *change, now));
        if (operation.batch.empty()) return attempt;
        entry.mutable_registry_change_ended()->set_end(
            IsOperators(actor) ? ledger::v1::REGISTRY_CHANGE_END_WITHDRAWN
                               : ledger::v1::REGISTRY_CHANGE_END_REFUSED);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context_, nullptr, request.reason(), &entry));
        operation.entries.push_back(ledger::ToDraft(entry));
        attempt.operation = std::move(operation);
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Result>> committed) mutable {
        absl::StatusOr<Result> told = WithReceiptOf(context_, std::move(committed));
        if (!told.ok()) return done(std::move(told).status());
        done(std::move(told->response));
      });
}

void RegistryChanges::Found(const base::Principal& actor, const v1::FoundAreaRequest& request,
                            request::Reply<v1::FoundAreaResponse> done) {
  using Result = Outcome<v1::FoundAreaResponse>;
  const absl::Status checked = request::CheckRequestId(request.request_id());
  if (!checked.ok()) return done(checked);
  request::Transact<Result>(
      context_,
      [this, actor,
       request](const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Result>> {
        ledger::Attempt<Result> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<stored::FoundingRow> before,
                                  context_.registry->ReadFounding(view));
        if (before.has_value() && before->sha256() == base::Sha256(request.founding())) {
          *attempt.outcome.response.mutable_founding() = FoundingOnWire(*before);
          return attempt;
        }
        ledger::Operation operation;
        stored::FoundingRow row;
        v1::Founding founding;
        absl::Status prepared = context_.registry->PrepareFounding(
            view, request, actor, context_.clock->Now(), &row, &founding, &operation);
        if (prepared.ok()) {
          SIGNPOST_ASSIGN_OR_RETURN(const std::string begins, policy_admin_->BeginsWith());
          if (founding.policy_sha256() != begins) {
            prepared = base::InvalidField(
                "founding",
                absl::StrCat(
                    "policy_sha256: is \"", founding.policy_sha256(),
                    "\", and this hub begins with \"", begins,
                    "\"; the policy that decides from the first day on is the one that the "
                    "agencies signed"));
          }
        }
        if (!prepared.ok()) {
          if (!IsRefusal(prepared)) return prepared;
          ledger::v1::LedgerEntry entry = context_.entries->New(ledger::v1::ENTRY_KIND_AREA_FOUNDED,
                                                                actor, request.request_id());
          entry.mutable_area_founded()->set_founding_sha256(base::Sha256(request.founding()));
          Refused(std::move(prepared), std::move(entry), &attempt);
          return attempt;
        }
        attempt.outcome.bind = true;
        *attempt.outcome.response.mutable_founding() = FoundingOnWire(row);
        attempt.operation = std::move(operation);
        return attempt;
      },
      [this, done = std::move(done)](absl::StatusOr<ledger::Committed<Result>> committed) mutable {
        absl::StatusOr<Result> told = WithReceiptOf(context_, std::move(committed));
        if (!told.ok()) return done(std::move(told).status());
        BindAndAnswer(std::move(told->response), std::move(done));
      });
}

absl::StatusOr<int> RegistryChanges::EndExpired() {
  const absl::Time now = context_.clock->Now();
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, registry::kChangesJob, now, kExpiredAtOnce));
  int ended = 0;
  for (const auto& [due_at, key] : due) {
    ledger::Operation operation;
    ledger::GuardedView guarded(view.get());
    uint64_t number = 0;
    (void)absl::SimpleHexAtoi(key.substr(key.rfind('/') + 1), &number);
    SIGNPOST_ASSIGN_OR_RETURN(std::optional<stored::RegistryChangeRow> change,
                              context_.registry->ReadChange(guarded, number));
    if (change.has_value()) {
      const absl::Status expired =
          context_.registry->PrepareEnd(guarded, stored::REGISTRY_CHANGE_STAGE_EXPIRED,
                                        base::Principal(), now, &*change, &operation);
      if (!expired.ok() && !IsRefusal(expired)) return expired;
    }
    // Of one that had ended before: a row that should not be there goes, and is seen to have been.
    const bool expires = !operation.batch.empty();
    schedule::DeleteDue(registry::kChangesJob, due_at, key, &operation.batch);
    ledger::v1::LedgerEntry entry =
        EntryOf(context_, ledger::v1::ENTRY_KIND_REGISTRY_CHANGE_ENDED, base::Principal(), "",
                change.has_value() ? &*change : nullptr);
    if (expires) {
      entry.mutable_registry_change_ended()->set_end(ledger::v1::REGISTRY_CHANGE_END_EXPIRED);
    }
    entry.set_outcome(expires ? ledger::v1::OUTCOME_RECORDED : ledger::v1::OUTCOME_UNCHANGED);
    operation.entries.push_back(ledger::ToDraft(entry));
    operation.reads = guarded.TakeReads();
    const absl::StatusOr<ledger::Sequenced> sequenced =
        context_.sequencer->SubmitAndWait(std::move(operation));
    // Somebody decided it meanwhile: looked at again when it comes again.
    if (!sequenced.ok() && base::ReasonOf(sequenced.status()) == Reason::kAborted) continue;
    if (!sequenced.ok()) return sequenced.status();
    if (expires) ++ended;
  }
  return ended;
}

}  // namespace signpost::enrolment
