#include "hub/archive/holds_and_deaths.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/archive/acts.h"
#include "hub/archive/tell.h"
#include "hub/base/ids.h"
#include "hub/disclosure/opener.h"
#include "hub/people/clocks.h"
#include "hub/people/held.h"
#include "hub/request/paging.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"
#include "signpost/store/v1/exchange.pb.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::archive {

namespace stored = ::signpost::store::v1;
using base::Reason;
using disclosure::Outcome;
using disclosure::Refuse;

namespace {

constexpr int kToldPerRun = 100;

absl::Status CheckHold(const v1::SetLegalHoldRequest& request, absl::Time now) {
  SIGNPOST_RETURN_IF_ERROR(CheckReason(request.reason()));
  if (!request.held()) return absl::OkStatus();
  SIGNPOST_RETURN_IF_ERROR(CheckReference("reference", request.reference()));
  const absl::Time review = absl::FromUnixSeconds(request.review_at().seconds());
  if (!request.has_review_at() || review <= now || review > now + kHoldReviewMax) {
    return base::InvalidField("review_at", "when the hold is reviewed: at most 400 days from now");
  }
  return absl::OkStatus();
}

absl::Status CheckDeath(const v1::RecordDeathRequest& request, absl::Time now) {
  SIGNPOST_RETURN_IF_ERROR(CheckReason(request.reason()));
  const int32_t day = people::DateNumber(request.died_on());
  const absl::CivilDay today = absl::ToCivilDay(now, absl::UTCTimeZone());
  const bool past = day != 0 && absl::CivilDay(day / 10000, day / 100 % 100, day % 100) <= today;
  if (request.died() != request.has_died_on() || (request.died() && !past)) {
    return base::InvalidField("died_on",
                              "the day they died, not after today; none where they have not");
  }
  if (request.registration_reference().empty()) return absl::OkStatus();
  if (!request.died()) {
    return base::InvalidField("registration_reference", "only where they have died");
  }
  return CheckReference("registration_reference", request.registration_reference());
}

}  // namespace

void HoldsAndDeaths::SetHold(const base::Principal& asker, v1::SetLegalHoldRequest request,
                             request::Reply<v1::SetLegalHoldResponse> done) {
  absl::Status status = CheckHold(request, context_.clock->Now());
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::SetLegalHoldResponse>>;
  ActOnce<v1::SetLegalHoldResponse>(
      context_, ledger::v1::ENTRY_KIND_LEGAL_HOLD_CHANGED,
      Begin(context_, "SetLegalHold", asker, std::move(request)),
      [context](const ledger::GuardedView& view, const auto& act,
                ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        if (!ActsAs(act.asker, kOfficerRole)) {
          return Refuse<v1::SetLegalHoldResponse>(NotInRole(kOfficerRole), std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context, view, act.asker, act.request.person(),
                                                   request::Words::kOpenUnshielded));
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(
            context, person.has_value() ? &*person : nullptr,
            absl::StrCat(act.request.reference(), "\n", act.request.reason()), &entry));
        if (!person.has_value()) {
          return Refuse<v1::SetLegalHoldResponse>(Nobody(), std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        people::HoldVoice voice;
        voice.held = act.request.held();
        voice.agency_id = act.asker.agency_id;
        voice.reference = act.request.reference();
        voice.review_at = absl::FromUnixSeconds(act.request.review_at().seconds());
        voice.is_gone = [directory = context.registry->directory()](const std::string& agency_id) {
          const registry::Agency* const agency = directory->FindAgency(agency_id);
          return agency == nullptr || agency->suspended;
        };
        SIGNPOST_ASSIGN_OR_RETURN(people::HoldResult hold,
                                  context.people->PrepareHold(view, person->id(), voice, now));
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        operation.batch = std::move(hold.change);
        SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        entry.mutable_legal_hold_changed()->set_held(act.request.held());
        entry.mutable_legal_hold_changed()->set_stands(hold.stands);
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        Remember(context, act, std::string(), now, &operation);
        return attempt;
      },
      std::move(done));
}

void HoldsAndDeaths::ListHolds(const base::Principal& asker, v1::ListLegalHoldsRequest request,
                               request::Reply<v1::ListLegalHoldsResponse> done) {
  absl::Status status = request::CheckRequestId(request.request_id());
  if (!status.ok()) return done(std::move(status));
  using Listed = Outcome<v1::ListLegalHoldsResponse>;
  const request::HubContext context = context_;
  request::Transact<Listed>(
      context_,
      [context, act = Begin(context_, "ListLegalHolds", asker, std::move(request))](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Listed>> {
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_ARCHIVE_LISTED, act.asker, act.request_id);
        entry.mutable_archive_listed()->set_legal_holds(true);
        if (!ActsAs(act.asker, kOfficerRole)) {
          return Refuse<v1::ListLegalHoldsResponse>(NotInRole(kOfficerRole), std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(
            // Nothing rests on the list: it is what stood at this view.
            const std::vector<people::Held> all,
            people::ReadHolds(view.unguarded(), *context.people));
        std::vector<people::Held> own;
        for (const people::Held& one : all) {
          if (one.hold.agency_id() == act.asker.agency_id) own.push_back(one);
        }
        // The hold's own random id, which the agency sees of no other.
        const auto key_of = [](const people::Held& one) {
          return absl::BytesToHexString(one.hold.hold_id());
        };
        SIGNPOST_ASSIGN_OR_RETURN(
            const request::PageSpan page,
            request::PageOf(own, act.request.page_size(), kPageDefault, base::kPageRowsMax,
                            act.request.page_token(), key_of));
        const absl::Time now = context.clock->Now();
        v1::LegalHolds told;
        told.set_salt(context.random->Bytes(kSaltBytes));
        told.set_next_page_token(page.next_page_token);
        for (size_t i = page.begin; i < page.end; ++i) {
          const stored::HoldRow& row = own[i].hold;
          v1::LegalHold* const hold = told.add_holds();
          SIGNPOST_ASSIGN_OR_RETURN(*hold->mutable_reference(),
                                    context.people->ReferenceOf(own[i].person, row));
          *hold->mutable_set_at() = request::ToTimestamp(row.set_at_s());
          *hold->mutable_review_at() = request::ToTimestamp(row.review_at_s());
          hold->set_overdue(row.review_at_s() <= absl::ToUnixSeconds(now));
        }
        ledger::Attempt<Listed> attempt;
        attempt.outcome.answer = disclosure::Opener::Close(told);
        entry.mutable_archive_listed()->set_listed(static_cast<uint32_t>(told.holds_size()));
        entry.set_reply_hash(attempt.outcome.answer->hash());
        entry.set_outcome(ledger::v1::OUTCOME_ANSWERED);
        attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
        return attempt;
      },
      disclosure::Tell(context_, std::move(done)));
}

void HoldsAndDeaths::RecordDeath(const base::Principal& asker, v1::RecordDeathRequest request,
                                 request::Reply<v1::RecordDeathResponse> done) {
  absl::Status status = CheckDeath(request, context_.clock->Now());
  if (status.ok()) status = request::TakeDetailsBudget(context_, asker, request.person());
  if (!status.ok()) return done(std::move(status));
  const request::HubContext context = context_;
  using Result = ledger::Attempt<Outcome<v1::RecordDeathResponse>>;
  ActOnce<v1::RecordDeathResponse>(
      context_, ledger::v1::ENTRY_KIND_DEATH_CHANGED,
      Begin(context_, "RecordDeath", asker, std::move(request)),
      [context](const ledger::GuardedView& view, const auto& act,
                ledger::v1::LedgerEntry entry) -> absl::StatusOr<Result> {
        if (!ActsAs(act.asker, kOfficerRole)) {
          return Refuse<v1::RecordDeathResponse>(NotInRole(kOfficerRole), std::move(entry));
        }
        SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Person> person,
                                  request::Resolve(context, view, act.asker, act.request.person(),
                                                   request::Words::kOpenUnshielded));
        SIGNPOST_RETURN_IF_ERROR(request::SealDetails(
            context, person.has_value() ? &*person : nullptr, act.request.reason(), &entry));
        if (!person.has_value()) {
          return Refuse<v1::RecordDeathResponse>(Nobody(), std::move(entry));
        }
        const absl::Time now = context.clock->Now();
        people::DeathVoice voice;
        voice.died = act.request.died();
        voice.agency_id = act.asker.agency_id;
        voice.died_on = people::DateNumber(act.request.died_on());
        voice.registration_reference = act.request.registration_reference();
        SIGNPOST_ASSIGN_OR_RETURN(people::DeathResult death,
                                  context.people->PrepareDeath(view, person->id(), voice, now));
        Result attempt;
        ledger::Operation& operation = attempt.operation.emplace();
        operation.batch = std::move(death.change);
        SIGNPOST_RETURN_IF_ERROR(request::SetPerson(*person, &entry, &operation).status());
        ledger::v1::DeathChanged* const changed = entry.mutable_death_changed();
        changed->set_died(act.request.died());
        changed->set_stands(death.stands);
        changed->set_registered(!act.request.registration_reference().empty());
        entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
        operation.entries.push_back(ledger::ToDraft(entry));
        exchange::Outbox notices = OutboxOf(context);
        for (const std::string& holder : death.mourners) {
          stored::StoredMessage message = MessageTo(holder,
                                                    death.turn == people::DeathTurn::kConfirmed
                                                        ? stored::STORED_MESSAGE_KIND_PERSON_DIED
                                                        : stored::STORED_MESSAGE_KIND_DEATH_WRONG,
                                                    now);
          message.set_person_id(person->id().ToBytes());
          (void)notices.Tell(holder, message);
        }
        std::move(notices).AddTo(&operation);
        Remember(context, act, std::string(), now, &operation);
        return attempt;
      },
      std::move(done));
}

absl::StatusOr<int> HoldsAndDeaths::TellOverdue(absl::Time now) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, people::kHoldsJob, now, kToldPerRun));
  int told = 0;
  for (const schedule::DueRow& row : due) {
    ledger::GuardedView read(view.get());
    SIGNPOST_ASSIGN_OR_RETURN(const std::optional<people::Held> held,
                              people::HoldOfKey(read, *context_.people, row.row_key));
    ledger::Operation operation;
    ledger::v1::LedgerEntry entry =
        context_.entries->New(ledger::v1::ENTRY_KIND_CLOCK_TOLD, base::Principal(), std::string());
    schedule::DeleteDue(people::kHoldsJob, row.due, row.row_key, &operation.batch);
    entry.mutable_clock_told()->add_clocks(ledger::v1::CLOCK_KIND_HOLD_REVIEW);
    entry.set_outcome(ledger::v1::OUTCOME_UNCHANGED);
    // A place that a hold was moved from, or of one that ended, is only taken out.
    if (held.has_value() && people::HoldDue(held->hold) == row.due) {
      SIGNPOST_ASSIGN_OR_RETURN(
          store::Batch change,
          context_.people->PrepareHoldTold(read, held->person.id(), held->hold.agency_id(), now));
      operation.batch.Append(std::move(change));
      SIGNPOST_RETURN_IF_ERROR(request::SetPerson(held->person, &entry, &operation).status());
      entry.set_outcome(ledger::v1::OUTCOME_OVERDUE);
      exchange::Outbox notices = OutboxOf(context_);
      stored::StoredMessage message =
          MessageTo(held->hold.agency_id(), stored::STORED_MESSAGE_KIND_HOLD_REVIEW, now);
      message.set_ends_at_s(held->hold.review_at_s());
      (void)notices.Tell(held->hold.agency_id(), message);
      std::move(notices).AddTo(&operation);
      ++told;
    }
    operation.reads = read.TakeReads();
    operation.entries.push_back(ledger::ToDraft(entry));
    const absl::Status done = context_.sequencer->SubmitAndWait(std::move(operation)).status();
    // Somebody ended or moved it meanwhile. If not, it is still due, and comes again.
    if (!done.ok() && base::ReasonOf(done) != Reason::kAborted) return done;
  }
  return told;
}

absl::StatusOr<int> HoldsAndDeaths::CountOverdue(absl::Time now) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<people::Held> all,
                            people::ReadHolds(*view, *context_.people));
  int overdue = 0;
  for (const people::Held& one : all) {
    if (one.hold.review_at_s() <= absl::ToUnixSeconds(now)) ++overdue;
  }
  return overdue;
}

}  // namespace signpost::archive
