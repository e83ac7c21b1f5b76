// Reconciliation: an agency's list of open records is held against the index, and what it lacks is
// closed, flag by flag, when the agency has said how many that is.
//
// The index is gone through once to count what is missing and, where that is to be closed, once more, as
// it was then, to close it: however much it is, what is held of it is what was looked at last.

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

struct Intake::Comparing {
  base::Principal asker;
  v1::ReconcileFinish finish;
  std::unique_ptr<OpenList> list;
  std::unique_ptr<store::View> view;        // as the index was when the list ended
  std::vector<people::OpenRecord> missing;  // to be closed, of those looked at last
  size_t next = 0;                          // in `missing`
  int64_t dealt_with = 0;
  absl::Time listed_at;  // what began later cannot have stood in the list
  registry::FeedClaim feed;
  v1::ReconcileResponse response;
  request::Reply<v1::ReconcileResponse> done;
};

absl::StatusOr<std::unique_ptr<OpenList>> Intake::BeginList(const base::Principal& asker) {
  return lists_.Begin(context_.people, asker.agency_id, context_.random);
}

void Intake::GoOn(std::shared_ptr<Comparing> comparing,
                  void (Intake::*step)(std::shared_ptr<Comparing>)) {
  const base::Lane lane = base::Lane::Of(comparing->asker.agency_id);
  if (context_.executor->RunIn(lane, [this, comparing, step] { (this->*step)(comparing); })) return;
  comparing->done(
      base::Error(Reason::kTooManyRequests,
                  absl::StrCat("the hub is busy; ", comparing->response.closed_count(),
                               " flags are closed already; send the list again for the others")));
}

void Intake::Reconcile(const base::Principal& asker, std::unique_ptr<OpenList> list,
                       v1::ReconcileFinish finish, request::Reply<v1::ReconcileResponse> done) {
  absl::Status status = request::CheckRequestId(finish.request_id());
  if (!status.ok()) return done(std::move(status));
  auto comparing = std::make_shared<Comparing>();
  comparing->listed_at = context_.clock->Now();
  comparing->asker = asker;
  comparing->finish = std::move(finish);
  comparing->list = std::move(list);
  comparing->list->BeginComparing();
  absl::StatusOr<std::unique_ptr<store::View>> view = context_.store->NewView();
  if (!view.ok()) return done(view.status());
  comparing->view = *std::move(view);
  comparing->done = std::move(done);
  CompareSome(std::move(comparing));
}

void Intake::CompareSome(std::shared_ptr<Comparing> comparing) {
  const auto missing = comparing->list->CompareSome(*comparing->view);
  if (!missing.ok()) return comparing->done(missing.status());
  v1::ReconcileResponse& response = comparing->response;
  response.set_missing_count(response.missing_count() + static_cast<int64_t>(missing->size()));
  if (!comparing->list->compared_all()) return GoOn(std::move(comparing), &Intake::CompareSome);
  absl::StatusOr<std::vector<std::string>> unknown =
      comparing->list->Unknown(*comparing->view, *context_.keyring);
  if (!unknown.ok()) return comparing->done(unknown.status());
  for (std::string& id : *unknown) response.add_unknown_record_ids(std::move(id));
  const int64_t wanted = comparing->finish.close_missing_count();
  if (wanted == 0) return Conclude(std::move(comparing));
  if (wanted != response.missing_count()) {
    return comparing->done(base::InvalidField(
        "finish.close_missing_count",
        absl::StrCat("is not the number of open flags that were not listed, which is ",
                     response.missing_count(),
                     "; look at the extract first, then confirm that number")));
  }
  comparing->list->BeginComparing();
  CloseSome(std::move(comparing));
}

void Intake::CloseSome(std::shared_ptr<Comparing> comparing) {
  if (comparing->list->compared_all()) return Conclude(std::move(comparing));
  // Of the same view: what was reported since is not closed on the word of a list from before it.
  absl::StatusOr<std::vector<people::OpenRecord>> missing =
      comparing->list->CompareSome(*comparing->view);
  if (!missing.ok()) return comparing->done(missing.status());
  comparing->missing = *std::move(missing);
  comparing->next = 0;
  CloseNext(std::move(comparing));
}

void Intake::CloseNext(std::shared_ptr<Comparing> comparing) {
  if (comparing->next == comparing->missing.size()) {
    return GoOn(std::move(comparing), &Intake::CloseSome);
  }
  auto incoming = std::make_shared<Incoming>();
  incoming->asker = comparing->asker;
  incoming->request_id = comparing->finish.request_id();
  incoming->feeds = true;
  incoming->prepare = [this, comparing](const ledger::GuardedView& at, absl::Time now) {
    return context_.linker->PrepareCloseMissing(at, comparing->asker.agency_id,
                                                comparing->missing[comparing->next], now);
  };
  incoming->done = [this, comparing](absl::StatusOr<v1::FlagOutcome> outcome) {
    if (!outcome.ok()) return comparing->done(std::move(outcome).status());
    if (outcome->has_receipt()) {
      comparing->response.set_closed_count(comparing->response.closed_count() + 1);
    }
    ++comparing->next;
    ++comparing->dealt_with;
    GoOn(comparing, &Intake::CloseNext);
  };
  Take(std::move(incoming));
}

// The comparison itself, closed or not: the agency has confirmed its list.
void Intake::Conclude(std::shared_ptr<Comparing> comparing) {
  const absl::Time now = context_.clock->Now();
  v1::ReconcileResponse& response = comparing->response;
  ledger::Operation operation;
  ledger::v1::LedgerEntry entry = context_.entries->New(
      ledger::v1::ENTRY_KIND_RECONCILED, comparing->asker, comparing->finish.request_id());
  entry.mutable_reconciled()->set_missing(static_cast<uint64_t>(response.missing_count()));
  entry.mutable_reconciled()->set_closed(static_cast<uint64_t>(response.closed_count()));
  entry.set_outcome(ledger::v1::OUTCOME_RECORDED);
  operation.entries.push_back(ledger::ToDraft(entry));
  const std::string& agency_id = comparing->asker.agency_id;
  context_.registry->TouchFeed(agency_id, now, &comparing->feed, &operation.batch);
  // What was lacking and stays open may be open or not: then the list is none to go by.
  if (comparing->dealt_with == response.missing_count()) {
    context_.registry->NoteCompleteList(agency_id, comparing->listed_at, &operation.batch);
  }
  context_.sequencer->Submit(
      std::move(operation), [this, comparing](absl::StatusOr<ledger::Sequenced> sequenced) {
        comparing->feed.GiveBack();
        if (!sequenced.ok()) return comparing->done(std::move(sequenced).status());
        *comparing->response.mutable_receipt() =
            ledger::ReceiptOf(*sequenced, context_.sequencer->options().origin);
        comparing->done(std::move(comparing->response));
      });
}

}  // namespace signpost::intake
