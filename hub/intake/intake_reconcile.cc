// Reconciliation: an agency's list of open records is held against the index, and what it lacks is
// closed, flag by flag, when the agency has said how many that is.

#include "hub/intake/intake.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/intake/incoming.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/request/resolve.h"

namespace signpost::intake {

using base::Reason;

struct Closing {
  base::Principal asker;
  std::string request_id;
  std::vector<people::OpenRecord> missing;
  size_t next = 0;
  absl::Time listed_at;  // what began later cannot have stood in the list
  registry::FeedClaim feed;
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
  const absl::Time listed_at = context_.clock->Now();
  const absl::StatusOr<std::unique_ptr<store::View>> view = context_.store->NewView();
  if (!view.ok()) return done(view.status());
  absl::StatusOr<matching::Reconciliation::Result> result = reconciliation.Finish(**view);
  if (!result.ok()) return done(std::move(result).status());

  auto closing = std::make_shared<Closing>();
  closing->listed_at = listed_at;
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
    context_.registry->TouchFeed(closing->asker.agency_id, now, &closing->feed, &operation.batch);
    // What was lacking and stays open may be open or not: then the list is none to go by.
    if (closing->next == static_cast<size_t>(closing->response.missing_count())) {
      context_.registry->NoteCompleteList(closing->asker.agency_id, closing->listed_at,
                                          &operation.batch);
    }
    return context_.sequencer->Submit(
        std::move(operation), [this, closing](absl::StatusOr<ledger::Sequenced> sequenced) {
          closing->feed.GiveBack();
          if (!sequenced.ok()) return closing->done(std::move(sequenced).status());
          *closing->response.mutable_receipt() =
              ledger::ReceiptOf(*sequenced, context_.sequencer->options().origin);
          closing->done(std::move(closing->response));
        });
  }
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = closing->asker;
  incoming->request_id = closing->request_id;
  incoming->feeds = true;
  incoming->prepare = [this, closing](const ledger::GuardedView& view, absl::Time now) {
    return context_.linker->PrepareCloseMissing(view, closing->asker.agency_id,
                                                closing->missing[closing->next], now);
  };
  incoming->done = [this, closing](absl::StatusOr<v1::FlagOutcome> outcome) {
    if (!outcome.ok()) return closing->done(std::move(outcome).status());
    if (outcome->has_receipt()) {
      closing->response.set_closed_count(closing->response.closed_count() + 1);
    }
    ++closing->next;
    const base::Lane lane = base::Lane::Of(closing->asker.agency_id);
    if (!context_.executor->RunIn(lane, [this, closing] { CloseNext(closing); })) {
      closing->done(base::Error(
          Reason::kTooManyRequests,
          absl::StrCat("the hub is busy; ", closing->response.closed_count(),
                       " flags are closed already; send the list again for the others")));
    }
  };
  Take(std::move(incoming));
}

}  // namespace signpost::intake
