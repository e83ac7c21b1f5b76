// Intake is a room's front that takes in what agencies tell of young persons: reports, consents,
// lists. Each is handed to the room that owns it, and becomes durable together with
// its ledger entry, the notices it causes and the record of its request id, or not at all.
//
// An Intake owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_INTAKE_INTAKE_H_
#define SIGNPOST_HUB_INTAKE_INTAKE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hub/base/principal.h"
#include "hub/intake/open_list.h"
#include "hub/request/context.h"

namespace signpost::intake {

class Intake {
 public:
  explicit Intake(const request::HubContext& context) : context_(context) {}
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // One flag report of the asker's agency. A report that is at fault is an outcome (REJECTED, with
  // reason and fields), not an error: other reports of the stream go on. Errors: kStoreUnavailable,
  // kStoreFull, kTooManyRequests, kAborted after many tries; nothing was changed, report it again.
  void Report(const base::Principal& asker, v1::FlagReport report,
              request::Reply<v1::FlagOutcome> done);

  // See v1.ConsentService. kNotFound, with a receipt, unless the asker's agency or team works or
  // worked with the person: whoever records a consent has spoken with them.
  void RecordConsent(const base::Principal& asker, v1::RecordConsentRequest request,
                     request::Reply<v1::RecordConsentResponse> done);
  // Once `done` is called, no answer that is sequenced later rests on this consent.
  void WithdrawConsent(const base::Principal& asker, v1::WithdrawConsentRequest request,
                       request::Reply<v1::WithdrawConsentResponse> done);

  // See v1.ConsentService. kNotFound, with a receipt, for a consent that opens nothing which the
  // asker's agency holds.
  void AnswerConsent(const base::Principal& asker, v1::AnswerConsentRequest request,
                     request::Reply<v1::AnswerConsentResponse> done);

  // A list of the asker's agency to add its open records to, for Reconcile(). Errors: those of
  // OpenLists::Begin().
  [[nodiscard]] absl::StatusOr<std::unique_ptr<OpenList>> BeginList(const base::Principal& asker);
  // Compares the agency's open records with the index, some at a time, so that others have their turn
  // in between; closes what is missing when the caller says exactly how many that is. Errors:
  // kInvalidField when the count differs, naming the right one.
  void Reconcile(const base::Principal& asker, std::unique_ptr<OpenList> list,
                 v1::ReconcileFinish finish, request::Reply<v1::ReconcileResponse> done);

  // Makes a reader's cursor in the asker's mailbox durable and tells where it stands. Errors:
  // kInvalidField for a name that cannot be or one cursor too many.
  void OpenCursor(const base::Principal& asker, const std::string& cursor,
                  request::Reply<exchange::Place> done);
  // These messages are dealt with by this cursor. Durable when `done` is called with where the
  // cursor stands; what was rejected is in the ledger. Errors: as Mailboxes::PrepareAcknowledge().
  struct DealtWith {
    exchange::Position position;
    // Why it will never be taken; unspecified: it was taken.
    ledger::v1::MessageRejection rejection = ledger::v1::MESSAGE_REJECTION_UNSPECIFIED;
    bool passed_over = false;  // the reader may not know of it
  };
  void Acknowledge(const base::Principal& asker, const std::string& cursor,
                   const std::vector<DealtWith>& messages, request::Reply<exchange::Place> done);

 private:
  struct Incoming;
  // Takes one from the budget of reports of the record, and from that of changes of its details, if
  // they are other ones.
  absl::Status TakeBudget(const base::Principal& asker, const v1::FlagReport& report);
  void Take(std::shared_ptr<Incoming> incoming);
  // One comparison from its list to its answer.
  struct Comparing;
  void CompareSome(std::shared_ptr<Comparing> comparing);
  void CloseSome(std::shared_ptr<Comparing> comparing);
  void CloseNext(std::shared_ptr<Comparing> comparing);
  void Conclude(std::shared_ptr<Comparing> comparing);
  // Goes on with it on the executor, in its agency's turn.
  void GoOn(std::shared_ptr<Comparing> comparing, void (Intake::*step)(std::shared_ptr<Comparing>));
  void MoveCursor(
      const base::Principal& asker, ledger::v1::Acknowledged detail,
      std::function<absl::StatusOr<exchange::CursorChange>(const ledger::GuardedView&)> prepare,
      request::Reply<exchange::Place> done);

  const request::HubContext context_;
  OpenLists lists_;
};

}  // namespace signpost::intake

#endif  // SIGNPOST_HUB_INTAKE_INTAKE_H_
