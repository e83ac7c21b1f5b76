// A HubContext is a plain struct of the rooms that a handler stands on: what the rooms above
// `request` (disclosure, intake, overrides, ...) are given to do their work with.
//
// It owns nothing: everything it points at must outlive every handler that was made with it, and
// all their pending calls. Handlers keep a copy. They work on `executor` and complete on the
// sequencer's completion thread, so a Reply must only hand on.

#ifndef SIGNPOST_HUB_REQUEST_CONTEXT_H_
#define SIGNPOST_HUB_REQUEST_CONTEXT_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "hub/base/agency_id.h"
#include "hub/base/clock.h"
#include "hub/base/executor.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/mailbox_notifier.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/sequencer.h"
#include "hub/matching/report_linker.h"
#include "hub/people/people.h"
#include "hub/registry/registry.h"
#include "hub/request/budget.h"
#include "hub/request/idempotency.h"
#include "hub/request/policy_in_force.h"
#include "hub/store/store.h"

namespace signpost::request {

struct HubContext {
  base::Executor* executor = nullptr;
  store::Store* store = nullptr;
  ledger::Sequencer* sequencer = nullptr;
  const base::Clock* clock = nullptr;
  base::RandomSource* random = nullptr;
  const base::Keyring* keyring = nullptr;
  base::AgencyPersonIds* agency_ids = nullptr;
  registry::Registry* registry = nullptr;
  const people::People* people = nullptr;
  const matching::ReportLinker* linker = nullptr;
  const exchange::Mailboxes* mailboxes = nullptr;
  exchange::MailboxNotifier* notifier = nullptr;
  const IdempotencyTable* idempotency = nullptr;
  const ledger::EntryComposer* entries = nullptr;
  const PolicyInForce* policy = nullptr;
  // Whom a worker rings to be put in touch with a service that is not named; the operator's words.
  std::string contact_desk;
  // How often one may ask by details. None: as often as they like.
  DetailsBudget* details_budget = nullptr;
};

// How a handler answers: called exactly once.
template <typename Response>
using Reply = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_CONTEXT_H_
