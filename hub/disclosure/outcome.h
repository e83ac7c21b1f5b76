// An Outcome is what a call comes to before its entry is durable: an answer, or a refusal that is an
// entry too. Tell() hands it to the caller afterwards, with the receipt.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_DISCLOSURE_OUTCOME_H_
#define SIGNPOST_HUB_DISCLOSURE_OUTCOME_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/error.h"
#include "hub/disclosure/opener.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/ledger/transact.h"
#include "hub/request/context.h"
#include "hub/request/resolve.h"

namespace signpost::disclosure {

template <typename Response>
struct Outcome {
  Response response;                   // with its receipt where it was carried out before
  std::optional<SealedAnswer> answer;  // becomes response.answer; hash() must be in the first entry
  absl::Status refusal;                // in the ledger, and told with the receipt
};

// An attempt that writes nothing but `entry`, as refused.
template <typename Response>
ledger::Attempt<Outcome<Response>> Refuse(absl::Status refusal, ledger::v1::LedgerEntry entry) {
  ledger::SetRefused(base::ReasonOf(refusal), &entry);
  ledger::Attempt<Outcome<Response>> attempt;
  attempt.outcome.refusal = std::move(refusal);
  attempt.operation.emplace().entries.push_back(ledger::ToDraft(entry));
  return attempt;
}

// Hands `done` what was committed.
template <typename Response>
ledger::DoneAttempt<Outcome<Response>> Tell(const request::HubContext& context,
                                            request::Reply<Response> done) {
  return [context, done = std::move(done)](
             absl::StatusOr<ledger::Committed<Outcome<Response>>> result) mutable {
    if (!result.ok()) return done(std::move(result).status());
    Outcome<Response>& outcome = result->outcome;
    if (!result->sequenced.has_value()) return done(std::move(outcome.response));
    v1::Receipt receipt =
        ledger::ReceiptOf(*result->sequenced, context.sequencer->options().origin);
    if (!outcome.refusal.ok()) return done(request::WithReceipt(outcome.refusal, receipt));
    if constexpr (requires { outcome.response.set_answer(std::string()); }) {
      if (outcome.answer.has_value()) {
        outcome.response.set_answer(std::move(*outcome.answer).Release(result->sequenced->permit));
      }
    }
    *outcome.response.mutable_receipt() = std::move(receipt);
    done(std::move(outcome.response));
  };
}

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_OUTCOME_H_
