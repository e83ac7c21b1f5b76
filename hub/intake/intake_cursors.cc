// Cursors: a reader of a mailbox is known from now on, and says what it has dealt with.

#include "hub/intake/intake.h"

#include <utility>

#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/request/resolve.h"

namespace signpost::intake {

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
  std::vector<exchange::Position> passed_over;
  for (const DealtWith& message : messages) {
    (message.passed_over ? passed_over : positions).push_back(message.position);
    if (message.rejection == ledger::v1::MESSAGE_REJECTION_UNSPECIFIED) continue;
    // What was refused is said by name: it will not be delivered again.
    ledger::v1::RejectedMessage* rejected = detail.add_rejected();
    rejected->set_message_ref(context_.mailboxes->MessageRef(asker.system_id, message.position));
    rejected->set_rejection(message.rejection);
  }
  MoveCursor(
      asker, std::move(detail),
      [this, system = asker.system_id, cursor, positions = std::move(positions),
       passed_over = std::move(passed_over)](const ledger::GuardedView& view) {
        return context_.mailboxes->PrepareAcknowledge(view, system, cursor, positions, passed_over);
      },
      std::move(done));
}

}  // namespace signpost::intake
