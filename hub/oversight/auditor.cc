#include "hub/oversight/auditor.h"

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/receipt.h"
#include "hub/ledger/sequencer.h"
#include "hub/request/resolve.h"

namespace signpost::oversight {

using base::Reason;

absl::Status CheckNamedAuditor(const base::Principal& asker) {
  if (!asker.has_practitioner()) {
    return base::Error(Reason::kAssertionMissing,
                       absl::StrCat("entries are shown to a named auditor, not to a system alone: "
                                    "send an assertion of one who is enrolled in role ",
                                    kAuditorRole));
  }
  if (asker.kind != base::CallerKind::kAuditor || asker.role != kAuditorRole) {
    return base::Error(
        Reason::kMethodNotAllowed,
        absl::StrCat("entries are shown to an auditor agency's practitioner in role ", kAuditorRole,
                     "; assert that role, or ask one of them"));
  }
  return absl::OkStatus();
}

void RefuseAuditor(const request::HubContext& context, const base::Principal& asker,
                   ledger::v1::EntryKind kind, absl::string_view request_id, absl::Status why,
                   absl::AnyInvocable<void(absl::Status)> done) {
  ledger::v1::LedgerEntry entry = context.entries->New(kind, asker, request_id);
  entry.set_purpose(ledger::v1::PURPOSE_AUDIT);
  ledger::SetRefused(base::ReasonOf(why), &entry);
  ledger::Operation operation;
  operation.entries.push_back(ledger::ToDraft(entry));
  context.sequencer->Submit(
      std::move(operation),
      [origin = context.sequencer->options().origin, why = std::move(why),
       done = std::move(done)](absl::StatusOr<ledger::Sequenced> sequenced) mutable {
        if (!sequenced.ok()) return done(std::move(sequenced).status());
        done(request::WithReceipt(std::move(why), ledger::ReceiptOf(*sequenced, origin)));
      });
}

}  // namespace signpost::oversight
