#include "hub/enrolment/covers.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/exchange/outbox.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/registry/registry.h"
#include "hub/request/idempotency.h"
#include "hub/request/paging.h"
#include "hub/request/resolve.h"
#include "hub/request/wire_convert.h"
#include "hub/schedule/due_rows.h"

namespace signpost::enrolment {

namespace stored = ::signpost::store::v1;
using base::Reason;

namespace {

constexpr int kCoversPageDefault = 50;
constexpr size_t kReasonBytesMin = 3;
constexpr int kLapsedAtOnce = 200;

// A cover that is begun or ended, as asked for.
struct CoverAct {
  base::Principal asker;
  std::string request_id;
  std::string hash;
  std::string covering;
  std::string covered;
};

template <typename Response>
struct CoverOutcome {
  Response response;                   // without its receipt
  std::optional<v1::Receipt> receipt;  // of the first time, when it was sent twice
  absl::Status refusal;                // recorded, and told with the receipt
};

bool IsManager(const base::Principal& asker) { return asker.role == kCoverManagerRole; }

bool TakesPart(const CoverAct& act) {
  return act.asker.practitioner_id == act.covering || act.asker.practitioner_id == act.covered;
}

exchange::Outbox OutboxOf(const request::HubContext& context) {
  return exchange::Outbox(
      [directory = context.registry->directory()](const std::string& agency_id) {
        return directory->MailboxSystems(agency_id);
      });
}

// Puts into `operation` the entry that says who covers for whom until `until_s` (0: no longer), by
// `actor`, and what tells the agency's systems. Gives how many are told.
int SayCover(const std::string& agency_id, const std::string& covering, const std::string& covered,
             int64_t until_s, absl::Time now, ledger::v1::LedgerEntry* entry,
             exchange::Outbox* notices) {
  ledger::v1::CoverChanged* detail = entry->mutable_cover_changed();
  detail->set_covering_practitioner_id(covering);
  detail->set_covered_practitioner_id(covered);
  detail->set_until_s(until_s);
  detail->set_of_agency_id(agency_id);
  stored::StoredMessage message;
  message.set_kind(stored::STORED_MESSAGE_KIND_COVER_CHANGED);
  message.set_agency_id(agency_id);
  message.set_changed_at_s(absl::ToUnixSeconds(now));
  message.set_covering_practitioner_id(covering);
  message.set_covered_practitioner_id(covered);
  message.set_cover_until_s(until_s);
  return notices->Tell(agency_id, message);
}

// Once for one request id: who may is judged, `prepare` fills the operation and the response.
// `prepare(view, entry, operation, response)` gives a status; an entry that it leaves without an
// outcome is not written, and nothing changed.
template <typename Response, typename Prepare>
void Act(const request::HubContext& context, CoverAct act, Prepare prepare,
         std::function<void()> changed, request::Reply<Response> done) {
  using Outcome = CoverOutcome<Response>;
  request::Transact<Outcome>(
      context,
      [context, act = std::move(act), prepare = std::move(prepare)](
          const ledger::GuardedView& view) -> absl::StatusOr<ledger::Attempt<Outcome>> {
        ledger::Attempt<Outcome> attempt;
        SIGNPOST_ASSIGN_OR_RETURN(
            const std::optional<stored::RequestRow> before,
            context.idempotency->Check(view, act.asker.agency_id, act.request_id, act.hash));
        if (before.has_value()) {
          if (!attempt.outcome.response.ParseFromString(before->result())) {
            return base::Error(Reason::kDataLoss, "what a request was answered does not parse");
          }
          SIGNPOST_ASSIGN_OR_RETURN(
              attempt.outcome.receipt,
              ledger::ReceiptAt(view, context.sequencer->options().origin, before->ledger_index()));
          return attempt;
        }
        ledger::v1::LedgerEntry entry =
            context.entries->New(ledger::v1::ENTRY_KIND_COVER_CHANGED, act.asker, act.request_id);
        ledger::Operation operation;
        if (!IsManager(act.asker) && !TakesPart(act)) {
          attempt.outcome.refusal = base::Error(
              Reason::kMethodNotAllowed,
              absl::StrCat("you may cover for a colleague, or have one cover for you; for two "
                           "others ask a practitioner in role ",
                           kCoverManagerRole));
          entry.mutable_cover_changed()->set_of_agency_id(act.asker.agency_id);
          ledger::SetRefused(Reason::kMethodNotAllowed, &entry);
          operation.entries.push_back(ledger::ToDraft(entry));
          attempt.operation = std::move(operation);
          return attempt;
        }
        SIGNPOST_RETURN_IF_ERROR(prepare(view, act, &entry, &operation, &attempt.outcome.response));
        if (entry.outcome() == ledger::v1::OUTCOME_UNSPECIFIED) return attempt;
        operation.entries.insert(operation.entries.begin(), ledger::ToDraft(entry));
        context.idempotency->Record(&operation, act.asker.agency_id, act.request_id, act.hash,
                                    attempt.outcome.response.SerializeAsString(),
                                    context.clock->Now());
        attempt.operation = std::move(operation);
        return attempt;
      },
      [context, changed = std::move(changed),
       done = std::move(done)](absl::StatusOr<ledger::Committed<Outcome>> committed) mutable {
        if (!committed.ok()) return done(std::move(committed).status());
        Outcome& outcome = committed->outcome;
        const std::string& origin = context.sequencer->options().origin;
        if (!outcome.refusal.ok()) {
          return done(request::WithReceipt(std::move(outcome.refusal),
                                           ledger::ReceiptOf(*committed->sequenced, origin)));
        }
        if (outcome.receipt.has_value()) {
          *outcome.response.mutable_receipt() = *std::move(outcome.receipt);
        } else if (committed->sequenced.has_value()) {
          *outcome.response.mutable_receipt() = ledger::ReceiptOf(*committed->sequenced, origin);
          changed();
        }
        done(std::move(outcome.response));
      });
}

}  // namespace

Covers::Covers(const request::HubContext& context, schedule::Schedule* schedule)
    : context_(context), schedule_(schedule) {
  schedule_->Add(registry::kCoversJob, absl::InfinitePast(),
                 [this](absl::Time) -> absl::StatusOr<absl::Time> {
                   SIGNPOST_RETURN_IF_ERROR(EndLapsed().status());
                   SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view,
                                             context_.store->NewView());
                   return schedule::NextDue(*view, registry::kCoversJob);
                 });
}

void Covers::Start(const base::Principal& asker, v1::StartCoverRequest request,
                   request::Reply<v1::StartCoverResponse> done) {
  if (request.reason().size() < kReasonBytesMin ||
      request.reason().size() > base::kReasonBytesMax) {
    return done(base::InvalidField("reason", "say why in words, 3 to 2,000 bytes"));
  }
  const absl::Time now = context_.clock->Now();
  const absl::Time until = request.has_until()
                               ? absl::FromUnixSeconds(request.until().seconds())
                               : absl::FromUnixSeconds(absl::ToUnixSeconds(now + kCoverUsual));
  CoverAct act{asker,
               request.request_id(),
               {},
               request.covering_practitioner_id(),
               request.covered_practitioner_id()};
  if (act.covering.empty()) act.covering = asker.practitioner_id;
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("StartCover", asker, request.SerializeAsString());
  Act<v1::StartCoverResponse>(
      context_, std::move(act),
      [context = context_, until, reason = request.reason()](
          const ledger::GuardedView& view, const CoverAct& wanted, ledger::v1::LedgerEntry* entry,
          ledger::Operation* operation, v1::StartCoverResponse* response) -> absl::Status {
        const absl::Time at = context.clock->Now();
        // Not before it is known that it was not sent before: what is answered once is answered again.
        if (until <= at || until > at + kCoverMax) {
          return base::InvalidField("until", "must be to come, and at most 28 days on");
        }
        SIGNPOST_ASSIGN_OR_RETURN(
            const absl::Time stands,
            context.registry->PrepareCover(view, wanted.asker.agency_id, wanted.covering,
                                           wanted.covered, at, until, &operation->batch));
        *response->mutable_until() = request::ToTimestamp(absl::ToUnixSeconds(stands));
        exchange::Outbox notices = OutboxOf(context);
        const bool changes = !operation->batch.empty();
        const int told = SayCover(wanted.asker.agency_id, wanted.covering, wanted.covered,
                                  absl::ToUnixSeconds(stands), at, entry, &notices);
        response->set_notice_sent(changes && told > 0);
        if (changes) std::move(notices).AddTo(operation);
        entry->set_outcome(changes ? ledger::v1::OUTCOME_RECORDED : ledger::v1::OUTCOME_UNCHANGED);
        return request::SealDetails(context, nullptr, reason, entry);
      },
      [schedule = schedule_, until] { schedule->Wake(registry::kCoversJob, until); },
      std::move(done));
}

void Covers::End(const base::Principal& asker, v1::EndCoverRequest request,
                 request::Reply<v1::EndCoverResponse> done) {
  CoverAct act{asker,
               request.request_id(),
               {},
               request.covering_practitioner_id(),
               request.covered_practitioner_id()};
  if (act.covering.empty()) act.covering = asker.practitioner_id;
  request.clear_request_id();
  act.hash = context_.idempotency->Hash("EndCover", asker, request.SerializeAsString());
  Act<v1::EndCoverResponse>(
      context_, std::move(act),
      [context = context_](const ledger::GuardedView& view, const CoverAct& wanted,
                           ledger::v1::LedgerEntry* entry, ledger::Operation* operation,
                           v1::EndCoverResponse*) -> absl::Status {
        SIGNPOST_RETURN_IF_ERROR(context.registry->PrepareEndCover(
            view, wanted.asker.agency_id, wanted.covering, wanted.covered, &operation->batch));
        if (operation->batch.empty()) return absl::OkStatus();
        exchange::Outbox notices = OutboxOf(context);
        SayCover(wanted.asker.agency_id, wanted.covering, wanted.covered, 0, context.clock->Now(),
                 entry, &notices);
        std::move(notices).AddTo(operation);
        entry->set_outcome(ledger::v1::OUTCOME_RECORDED);
        return absl::OkStatus();
      },
      [] {}, std::move(done));
}

void Covers::List(const base::Principal& asker, const v1::ListCoversRequest& request,
                  request::Reply<v1::ListCoversResponse> done) const {
  std::vector<registry::StandingCover> covers =
      context_.registry->CoversOf(asker.agency_id, context_.clock->Now());
  if (!IsManager(asker)) {
    covers.erase(std::remove_if(covers.begin(), covers.end(),
                                [&](const registry::StandingCover& cover) {
                                  return cover.covering_practitioner_id != asker.practitioner_id &&
                                         cover.covered_practitioner_id != asker.practitioner_id;
                                }),
                 covers.end());
  }
  const absl::StatusOr<request::PageSpan> page = request::PageOf(
      covers, request.page_size(), kCoversPageDefault, base::kPageRowsMax, request.page_token(),
      [](const registry::StandingCover& cover) {
        return absl::StrCat(cover.covering_practitioner_id, "/", cover.covered_practitioner_id);
      });
  if (!page.ok()) return done(page.status());
  v1::ListCoversResponse response;
  response.set_next_page_token(page->next_page_token);
  for (size_t i = page->begin; i < page->end; ++i) {
    v1::Cover* cover = response.add_covers();
    cover->set_covering_practitioner_id(covers[i].covering_practitioner_id);
    cover->set_covered_practitioner_id(covers[i].covered_practitioner_id);
    *cover->mutable_since() = request::ToTimestamp(absl::ToUnixSeconds(covers[i].since));
    *cover->mutable_until() = request::ToTimestamp(absl::ToUnixSeconds(covers[i].until));
  }
  done(std::move(response));
}

absl::StatusOr<int> Covers::EndLapsed() {
  const absl::Time now = context_.clock->Now();
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, context_.store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<schedule::DueRow> due,
                            schedule::ReadDue(*view, registry::kCoversJob, now, kLapsedAtOnce));
  int ended = 0;
  for (const auto& [due_at, key] : due) {
    ledger::Operation operation;
    ledger::GuardedView guarded(view.get());
    std::string agency_id;
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::vector<registry::StandingCover> lapsed,
        context_.registry->PrepareLapsedCovers(guarded, key, now, &agency_id, &operation.batch));
    schedule::DeleteDue(registry::kCoversJob, due_at, key, &operation.batch);
    exchange::Outbox notices = OutboxOf(context_);
    for (const registry::StandingCover& cover : lapsed) {
      ledger::v1::LedgerEntry entry = context_.entries->New(ledger::v1::ENTRY_KIND_COVER_CHANGED,
                                                            base::Principal(), std::string());
      SayCover(agency_id, cover.covering_practitioner_id, cover.covered_practitioner_id, 0,
               cover.until, &entry, &notices);
      entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
      operation.entries.push_back(ledger::ToDraft(entry));
    }
    if (lapsed.empty()) {
      // Nobody's cover ends then: a row that should not be there goes, so that it does not come
      // again and again, and is seen to have been there.
      ledger::v1::LedgerEntry entry = context_.entries->New(ledger::v1::ENTRY_KIND_COVER_CHANGED,
                                                            base::Principal(), std::string());
      entry.mutable_cover_changed()->set_of_agency_id(agency_id);
      entry.set_outcome(ledger::v1::OUTCOME_UNCHANGED);
      operation.entries.push_back(ledger::ToDraft(entry));
    }
    std::move(notices).AddTo(&operation);
    operation.reads = guarded.TakeReads();
    const absl::StatusOr<ledger::Sequenced> sequenced =
        context_.sequencer->SubmitAndWait(std::move(operation));
    // Somebody changed the worker's row meanwhile: still due, and comes again.
    if (!sequenced.ok() && base::ReasonOf(sequenced.status()) == Reason::kAborted) continue;
    if (!sequenced.ok()) return sequenced.status();
    ended += static_cast<int>(lapsed.size());
  }
  return ended;
}

}  // namespace signpost::enrolment
