#include "hub/subject_rights/subject_rights.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/disclosure/opener.h"
#include "hub/disclosure/outcome.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/receipt.h"
#include "hub/people/erased_records.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/surroundings.h"
#include "hub/request/wire_convert.h"
#include "hub/subject_rights/exclusions.h"
#include "hub/subject_rights/person_export.h"

namespace signpost::subject_rights {

namespace stored = ::signpost::store::v1;
using base::Reason;
using disclosure::Outcome;
using disclosure::Refuse;

// Lets this file read sealed values; see composer_key.h. What is read goes into questions about
// records of who was erased.
struct RecordComposer {
  static disclosure::ComposerKey Key() { return disclosure::ComposerKey(); }
};

namespace {

constexpr size_t kSaltBytes = 32;
constexpr size_t kReasonBytesMin = 10;
constexpr int kErasedRecordsPageDefault = 50;

bool IsOfficer(const base::Principal& asker) {
  return asker.has_practitioner() && asker.role == kDataProtectionRole;
}

absl::Status NotAnOfficer() {
  return base::Error(
      Reason::kMethodNotAllowed,
      absl::StrCat("this is for practitioners in role ", kDataProtectionRole, "; ask the area's"));
}

absl::Status Nobody() {
  return base::Error(Reason::kNotFound,
                     "nobody is known by this for certain; give more details, or another "
                     "identifier with the birth date");
}

// Whether the asker's agency has an open flag on them that is not new.
bool IsSettled(const request::HubContext& context, const base::Principal& asker,
               const people::Person& person, absl::Time now) {
  const auto lists = context.registry->directory()->CompleteLists(asker.agency_id);
  return std::any_of(
      person.flags().begin(), person.flags().end(), [&](const stored::FlagRow& flag) {
        return flag.agency_id() == asker.agency_id && flag.status() == v1::FLAG_STATUS_OPEN &&
               people::StandingOf(flag, context.people->standing_rules(), lists, now) ==
                   people::Standing::kSettled;
      });
}

// Tells all who work with them that the shield is gone.
void TellHolders(const registry::Directory& directory, const people::Person& person, absl::Time now,
                 ledger::Operation* operation) {
  exchange::Outbox notices(
      [&directory](const std::string& agency_id) { return directory.MailboxSystems(agency_id); });
  std::set<std::string> holders;
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.status() == v1::FLAG_STATUS_OPEN) holders.insert(flag.agency_id());
  }
  for (const std::string& holder : holders) {
    stored::StoredMessage message;
    message.set_kind(stored::STORED_MESSAGE_KIND_SHIELD_LIFTED);
    message.set_person_id(person.id().ToBytes());
    message.set_agency_id(holder);
    message.set_changed_at_s(absl::ToUnixSeconds(now));
    notices.Tell(holder, message);
  }
  std::move(notices).AddTo(operation);
}

absl::Status CheckReason(const std::string& reason) {
  if (reason.size() >= kReasonBytesMin && reason.size() <= base::kReasonBytesMax) {
    return absl::OkStatus();
  }
  return base::InvalidField("reason", "say why in words, 10 to 2,000 bytes");
}

// --- What the three have in common ---

// One act as it was asked for.
template <typename Request>
struct Act {
  base::Principal asker;
  Request request;
  std::string request_id;
  std::string hash;  // of the request, for acts that happen once
};

template <typename Request>
Act<Request> Begin(const request::HubContext& context, const char* method,
                   const base::Principal& asker, Request request) {
  Act<Request> act{asker, {}, request.request_id(), {}};
  request.clear_request_id();
  act.hash = context.idempotency->Hash(method, asker, request.SerializeAsString());
  act.request = std::move(request);
  return act;
}

// Carries out what `prepare` makes, once under its request id. `prepare` is handed the entry to
// complete, and may be called more than once.
template <typename Response, typename Request, typename Prepare>
void ActOnce(const request::HubContext& context, ledger::v1::EntryKind kind, Act<Request> act,
             Prepare prepare, request::Reply<Response> done) {
  request::Transact<Outcome<Response>>(
      context,
      [context, kind, act = std::move(act), prepare = std::move(prepare)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Outcome<Response>>> {
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<stored::RequestRow> before,
            context.idempotency->Check(view, act.asker.agency_id, act.request_id, act.hash));
        if (!before.has_value()) {
          return prepare(view, act, context.entries->New(kind, act.asker, act.request_id));
        }
        ledger::Attempt<Outcome<Response>> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(
            *attempt.outcome.response.mutable_receipt(),
            ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
        return attempt;
      },
      disclosure::Tell(context, std::move(done)));
}

// --- Erased records ---

// Tells each agency once of each of its records of `person`, by its own id for it.
absl::Status AskHoldersToStop(const request::HubContext& context, const people::Person& person,
                              absl::Time now, ledger::Operation* operation) {
  exchange::Outbox notices([directory = context.registry->directory()](const std::string& agency) {
    return directory->MailboxSystems(agency);
  });
  for (const stored::FlagRow& flag : person.flags()) {
    if (flag.status() == v1::FLAG_STATUS_RETRACTED || flag.record_hash().empty()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(
        const stored::ContactSecret contact,
        disclosure::Opener::Peek(RecordComposer::Key(), person.Contact(flag)).Open());
    stored::StoredMessage message;
    message.set_kind(stored::STORED_MESSAGE_KIND_RECORD_ERASED);
    message.set_agency_id(flag.agency_id());
    message.set_changed_at_s(absl::ToUnixSeconds(now));
    SIGNPOST_ASSIGN_OR_RETURN(
        *message.mutable_sealed_record_id(),
        base::Seal(context.keyring->hub_data_key(), exchange::RecordErasedContext(flag.agency_id()),
                   contact.record_id(), context.random));
    (void)notices.Tell(flag.agency_id(), message);
  }
  std::move(notices).AddTo(operation);
  return absl::OkStatus();
}

absl::Status ComposeErasedRecords(const people::ErasedRecordPage& page, v1::ErasedRecords* told) {
  for (const people::ErasedRecordQuestion& question : page.questions) {
    const absl::StatusOr<v1::FlagReport> report =
        disclosure::Opener::Peek(RecordComposer::Key(), question.report).Open();
    v1::ErasedRecord* const record = told->add_records();
    record->set_question_id(question.id.ToText());
    record->set_agency_id(question.row.agency_id());
    // One that does not open (of a backup, and reported anew since) keeps no other from being
    // answered.
    if (report.ok()) record->set_record_id(report->record_id());
    *record->mutable_erased_at() = request::ToTimestamp(question.row.erased_at_s());
    *record->mutable_reported_at() = request::ToTimestamp(question.row.since_s());
  }
  told->set_next_page_token(page.next_token);
  return absl::OkStatus();
}

}  // namespace

void SubjectRights::ListErasedRecords(const base::Principal& asker,
                                      v1::ListErasedRecordsRequest request,
                                      request::Reply<v1::ListErasedRecordsResponse> done) {
  const absl::Status status = request::CheckRequestId(request.request_id());
  if (!status.ok()) return done(status);
  using Listed = Outcome<v1::ListErasedRecordsResponse>;
  const request::HubContext context = context_;
  request::Transact<Listed>(
      context_,
      [context, act = Begin(context_, "ListErasedRecords", asker, std::move(request))](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Listed>> {
        ledger::v1::LedgerEntry entry = context.entries->New(
            ledger::v1::ENTRY_KIND_ERASED_RECORDS_LISTED, act.asker, act.request_id);
        if (!IsOfficer(act.asker)) {
          return Refuse<v1::ListErasedRecordsResponse>(NotAnOfficer(), std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(const int page_size,
                                  request::PageSize(act.request.page_size(),
                                                    kErasedRecordsPageDefault, base::kPageRowsMax));
        SIGNPOST_ASSIGN_OR_RETURN(
            // Nothing rests on the list: it is what waited at this view.
            const people::ErasedRecordPage page,
            people::ListErasedRecords(view.unguarded(), *context.keyring, act.asker.agency_id,
                                      act.request.page_token(), page_size));
        v1::ErasedRecords told;
        told.set_salt(context.random->Bytes(kSaltBytes));
        SIGNPOST_RETURN_IF_ERROR(ComposeErasedRecords(page, &told));
        ledger::Attempt<Listed> attempt;
        attempt.outcome.answer = disclosure::Opener::Close(told);
        entry.mutable_erased_records_listed()->set_questions(
            static_cast<uint32_t>(page.questions.size()));
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void SubjectRights::AnswerErasedRecord(const base::Principal& asker,
                                       v1::AnswerErasedRecordRequest request,
                                       request::Reply<v1::AnswerErasedRecordResponse> done) {
  const absl::StatusOr<base::ReviewId> question = base::ReviewId::FromText(request.question_id());
  if (!question.ok()) {
    return done(base::InvalidField("question_id", "must be an id that ListErasedRecords gave"));
  }
  const bool keeps_out = request.answer() == v1::ERASED_RECORD_ANSWER_KEEP_OUT;
  if (!keeps_out && request.answer() != v1::ERASED_RECORD_ANSWER_TAKE_AS_NEW) {
    return done(base::InvalidField("answer", "say whether it stays out or is somebody new"));
  }
  const absl::Status status = CheckReason(request.reason());
  if (!status.ok()) return done(status);
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::AnswerErasedRecordResponse>>;
  ActOnce<v1::AnswerErasedRecordResponse>(
      context_, ledger::v1::ENTRY_KIND_ERASED_RECORD_ANSWERED,
      Begin(context_, "AnswerErasedRecord", asker, std::move(request)),
      [context, id = *question, keeps_out](
          const ledger::GuardedView& view, const auto& act,
          ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        if (!IsOfficer(act.asker)) {
          return Refuse<v1::AnswerErasedRecordResponse>(NotAnOfficer(), std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        const absl::StatusOr<people::ErasedRecordQuestion> waits =
            people::ReadErasedRecordQuestion(view, *context.keyring, act.asker.agency_id, id);
        if (base::ReasonOf(waits.status()) == Reason::kNotFound) {
          return Refuse<v1::AnswerErasedRecordResponse>(waits.status(), std::move(entry));
        }
        if (!waits.ok()) return waits.status();
        SIGNPOST_RETURN_IF_ERROR(
            request::SealDetails(context, nullptr, act.request.reason(), &entry));
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        if (keeps_out) {
          people::KeepErasedRecordOut(act.asker.agency_id, *waits, &operation.batch);
        } else {
          SIGNPOST_ASSIGN_OR_RETURN(
              matching::LinkResult taken,
              context.linker->PrepareTakeErasedRecord(view, act.asker.agency_id, id, now));
          operation.batch = std::move(taken.batch);
          taken.blinding->SetPerson(&entry);
          ledger::PersonIndex::Add(taken.person, &operation, 0);
        }
        entry.mutable_erased_record_answered()->set_question_ref(id.ToBytes());
        entry.mutable_erased_record_answered()->set_kept_out(keeps_out);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        context.idempotency->Record(&operation, act.asker.agency_id, act.request_id, act.hash,
                                    std::string(), now);
        return attempt;
      },
      std::move(done));
}

void SubjectRights::Export(const base::Principal& asker, v1::ExportPersonRequest request,
                           request::Reply<v1::ExportPersonResponse> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (status.ok()) status = CheckReason(request.reason());
  if (status.ok()) status = CheckInclusions(request);
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  using Exported = Outcome<v1::ExportPersonResponse>;
  const request::HubContext context = context_;
  request::Transact<Exported>(
      context_,
      [context, act = Begin(context_, "ExportPerson", asker, std::move(request))](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Exported>> {
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_PERSON_EXPORTED, act.asker, act.request_id);
        if (!IsOfficer(act.asker))
          return Refuse<v1::ExportPersonResponse>(NotAnOfficer(), std::move(entry));
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context, view, act.asker, act.request.person(),
                                                   request::Words::kOpenUnshielded));
        // A stale policy still knows what is sensitive.
        const std::shared_ptr<const request::BoundPolicy> bound = context.policy->Latest();
        ComposedExport composed;
        // What is written about them meanwhile may be missing: it is what was held at this view.
        // The attempt rests on their own row, which Resolve() read: they are not erased meanwhile.
        if (person.has_value()) {
          SIGNPOST_ASSIGN_OR_RETURN(composed, ComposeExport(context, view.unguarded(), bound.get(),
                                                            *person, act.asker, act.request));
        }
        // Of whom nothing may be told is nobody, as in every answer.
        const v1::PersonExport& held = composed.held;
        const bool somebody =
            !held.details().empty() || !held.flags().empty() || !held.consents().empty();
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(context, somebody ? &*person : nullptr,
                                                      RecordedReasons(act.request), &entry));
        if (!somebody) return Refuse<v1::ExportPersonResponse>(Nobody(), std::move(entry));
        ledger::Attempt<Exported> attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        if (!composed.inclusions.ok()) {
          // It says that there is somebody, so it is an entry.
          SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
          ledger::SetRefused(base::ReasonOf(composed.inclusions), &entry);
          operation.entries.push_back(ledger::ToDraft(entry));
          attempt.outcome.refusal = std::move(composed.inclusions);
          return attempt;
        }
        attempt.outcome.answer = disclosure::Opener::Close(held);
        if (bound != nullptr) {
          request::SetPolicy(*bound, &entry);
          request::RestOn(*bound, &operation);
        }
        entry.mutable_person_exported()->set_included(static_cast<uint32_t>(composed.included));
        SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        operation.entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void SubjectRights::Erase(const base::Principal& asker, v1::ErasePersonRequest request,
                          request::Reply<v1::ErasePersonResponse> done) {
  absl::Status status = CheckReason(request.reason());
  if (status.ok() && !request.confirmed()) {
    status = base::InvalidField("confirmed",
                                "erasing cannot be undone by anybody; say that it is meant");
  }
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::ErasePersonResponse>>;
  ActOnce<v1::ErasePersonResponse>(
      context_, ledger::v1::ENTRY_KIND_PERSON_ERASED,
      Begin(context_, "ErasePerson", asker, std::move(request)),
      [context](const ledger::GuardedView& view, const auto& act,
                ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        if (!IsOfficer(act.asker))
          return Refuse<v1::ErasePersonResponse>(NotAnOfficer(), std::move(entry));
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context, view, act.asker, act.request.person(),
                                                   request::Words::kOpenUnshielded));
        // Under the hub's key: the person's own is gone with this commit.
        SIGNPOST_RETURN_IF_ERROR(
            request::SealDetails(context, nullptr, act.request.reason(), &entry));
        if (!person.has_value()) return Refuse<v1::ErasePersonResponse>(Nobody(), std::move(entry));
        const absl::Time now = context.clock->Now();
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        absl::StatusOr<store::Batch> erased = context.linker->PrepareErase(
            view, person->id(), act.asker.agency_id, now, [&context](const std::string& agency_id) {
              return request::IsSensitiveAgency(context, agency_id);
            });
        if (base::ReasonOf(erased.status()) == Reason::kLegalHold) {
          // The wish stands in the ledger, and is found by whom it is about.
          SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
          ledger::SetRefused(Reason::kLegalHold, &entry);
          operation.entries.push_back(ledger::ToDraft(entry));
          attempt.outcome.refusal = erased.status();
          return attempt;
        }
        if (!erased.ok()) return erased.status();
        operation.batch = *std::move(erased);
        SIGNPOST_RETURN_IF_ERROR(AskHoldersToStop(context, *person, now, &operation));
        // Not in the index: it goes with the person.
        SIGNPOST_ASSIGN_OR_RETURN(const ledger::Blinding blinding, person->Blinding());
        blinding.SetPerson(&entry);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        context.idempotency->Record(&operation, act.asker.agency_id, act.request_id, act.hash,
                                    std::string(), now);
        return attempt;
      },
      std::move(done));
}

void SubjectRights::SetShield(const base::Principal& asker, v1::SetShieldRequest request,
                              request::Reply<v1::SetShieldResponse> done) {
  absl::Status status = CheckReason(request.reason());
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::SetShieldResponse>>;
  ActOnce<v1::SetShieldResponse>(
      context_, ledger::v1::ENTRY_KIND_SHIELD_CHANGED,
      Begin(context_, "SetShield", asker, std::move(request)),
      [context](const ledger::GuardedView& view, const auto& act,
                ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        const bool manager = act.asker.has_practitioner() && act.asker.role == kShieldingRole;
        if (!manager && !IsOfficer(act.asker)) {
          return Refuse<v1::SetShieldResponse>(
              base::Error(Reason::kMethodNotAllowed,
                          absl::StrCat("this is for practitioners in role ", kShieldingRole, " or ",
                                       kDataProtectionRole, "; ask one of yours")),
              std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(std::optional<people::Person> person,
                                  request::Resolve(context, view, act.asker, act.request.person(),
                                                   request::Words::kOpenUnshielded));
        // To a manager whoever the agency does not work with is nobody.
        if (manager && person.has_value() && !request::WorksWith(context, act.asker, *person)) {
          person.reset();
        }
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(
            context, person.has_value() ? &*person : nullptr, act.request.reason(), &entry));
        if (!person.has_value()) return Refuse<v1::SetShieldResponse>(Nobody(), std::move(entry));
        const absl::Time now = context.clock->Now();
        // What opens for others takes more than a flag made up to open it. Whether there is a
        // shield has no say in this, nor who set it: the refusal must not tell.
        if (manager && !act.request.shielded() && !IsSettled(context, act.asker, *person, now)) {
          return Refuse<v1::SetShieldResponse>(
              base::Error(Reason::kMethodNotAllowed,
                          absl::StrCat("your agency's work with them is new to the hub; a wish to "
                                       "lift a shield counts once it is not, or from a "
                                       "practitioner in role ",
                                       kDataProtectionRole)),
              std::move(entry));
        }
        const std::shared_ptr<const registry::Directory> directory = context.registry->directory();
        people::ShieldVoice voice;
        voice.shielded = act.request.shielded();
        voice.agency_id = act.asker.agency_id;
        voice.is_gone = [directory](const std::string& agency_id) {
          const registry::Agency* const agency = directory->FindAgency(agency_id);
          return agency == nullptr || agency->suspended;
        };
        SIGNPOST_ASSIGN_OR_RETURN(people::ShieldResult shield,
                                  context.people->PrepareShield(view, person->id(), voice, now));
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        const bool shields = act.request.shielded() && !shield.change.empty();
        operation.batch.Append(std::move(shield.change));
        if (shields) {
          SIGNPOST_RETURN_IF_ERROR(context.linker->PrepareShieldOfWaiting(
              view, shield.person, act.asker.agency_id, now, &operation.batch));
        }
        SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        entry.mutable_shield_changed()->set_shielded(act.request.shielded());
        entry.mutable_shield_changed()->set_stands(shield.stands);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        if (shield.lifted) TellHolders(*directory, *person, now, &operation);
        context.idempotency->Record(&operation, act.asker.agency_id, act.request_id, act.hash,
                                    std::string(), now);
        return attempt;
      },
      std::move(done));
}

}  // namespace signpost::subject_rights
