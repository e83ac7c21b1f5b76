// The only door. Whatever tells a caller something about a young person passes here: the facts are
// gathered at one snapshot, the policy decides, the decision is made durable in the ledger, and
// then, and only then, what was permitted is opened and leaves.
//
// Hidden and absent look the same. A question about somebody whom the caller may not know of, and
// one about nobody, take the same path and give the same answer: no flag, the coverage that the
// policy gives this caller whatever there is, a receipt.
//
// A question is judged on one row of the person, and its entry is sequenced only if that row is
// still the same (a precondition); otherwise everything is read and judged again. So a withdrawal
// of consent that was acknowledged is seen by every answer that is sequenced after it.
//
// A Gate owns nothing; everything in Rooms must outlive it and all its pending calls. It is
// thread-safe. Calls do their work on `executor` and complete on the sequencer's completion thread;
// `done` is called exactly once and must only hand on.

#ifndef SIGNPOST_HUB_GATE_GATE_H_
#define SIGNPOST_HUB_GATE_GATE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "hub/base/agency_id.h"
#include "hub/base/clock.h"
#include "hub/base/executor.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/exchange/mailbox.h"
#include "hub/exchange/requests.h"
#include "hub/exchange/waiters.h"
#include "hub/gate/asker.h"
#include "hub/gate/budget.h"
#include "hub/gate/policy_in_force.h"
#include "hub/ledger/sequencer.h"
#include "hub/matching/intake.h"
#include "hub/people/people.h"
#include "hub/registry/registry.h"
#include "hub/store/store.h"
#include "signpost/store/v1/entry.pb.h"
#include "signpost/v1/audit.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::gate {

// The rooms below. Not owned.
struct Rooms {
  base::Executor* executor = nullptr;
  store::Store* store = nullptr;
  ledger::Sequencer* sequencer = nullptr;
  const base::Clock* clock = nullptr;
  base::RandomSource* random = nullptr;
  const base::Keyring* keyring = nullptr;
  base::AgencyPersonIds* agency_ids = nullptr;
  registry::Registry* registry = nullptr;
  const people::People* people = nullptr;
  const matching::Intake* intake = nullptr;
  const exchange::Mailboxes* mailboxes = nullptr;
  exchange::Waiters* waiters = nullptr;
  const exchange::Requests* requests = nullptr;
  const PolicyInForce* policy = nullptr;
  // Called when somebody was erased, on the sequencer's completion thread; may be empty. Must only
  // hand on. See Maintenance::KeysChanged().
  std::function<void()> on_erased;
};

template <typename Response>
using Reply = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

class Gate {
 public:
  explicit Gate(const Rooms& rooms);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Who knows this young person? See v1.IndexService.WhoKnows.
  //
  // Nobody whom the asker may know of is an answer, not an error. Errors given to `done`, nothing
  // having been disclosed:
  //   - kInvalidField: no purpose, an unknown aspect, a selector that is not enough
  //   - kPurposeNotAllowed: another purpose than the assertion's
  //   - kOverrideInvalid: an override without a ground or without a reason in words
  //   - kPolicyUnavailable: no policy in force (recorded: the entry says so)
  //   - kTooManyRequests: budget or queue
  //   - kStoreUnavailable: not recorded, so not answered
  void WhoKnows(const Asker& asker, v1::WhoKnowsRequest request, Reply<v1::WhoKnowsResponse> done);

  // The asker's own id for one young person whom it may know of. kNotFound for everybody else, with
  // a receipt: the question is recorded whatever the answer.
  void Find(const Asker& asker, v1::FindRequest request, Reply<v1::FindResponse> done);

  // Consents that the asker's agency recorded, and those that name it as recipient as far as they
  // name no agency, service or flag that the asker may not know of (such a one is left out whole:
  // a no to somebody would tell that there is somebody). What the young person said is told to the
  // agency to which she said it; what her yes depends on, to everybody whom it lets see. kNotFound
  // when the asker does not work with the person.
  void ListConsents(const Asker& asker, v1::ListConsentsRequest request,
                    Reply<v1::ListConsentsResponse> done);
  // All records before and after one in its place, oldest first, as far as ListConsents() tells
  // them. kNotFound when it would not tell that one.
  void GetConsentHistory(const Asker& asker, v1::GetConsentHistoryRequest request,
                         Reply<v1::GetConsentHistoryResponse> done);

  // The asker's agency's own reports that wait for review, told without a value of any candidate.
  void ListReviews(const Asker& asker, v1::ListReviewsRequest request,
                   Reply<v1::ListReviewsResponse> done);

  // Messages of a mailbox, judged for `asker` (a system) at this moment and recorded, one entry
  // each: those that may be known come back ready for the wire, the others are recorded as withheld
  // and left out. `last` tells how far the mailbox was judged, so that the caller can go on
  // behind it. REQUIRES: not empty.
  struct Delivery {
    std::vector<v1::Message> messages;
    exchange::Position last;  // of the last one judged, delivered or withheld
  };
  void Deliver(const Asker& asker, std::vector<exchange::MailboxMessage> messages,
               Reply<Delivery> done);

  // One entry, for an auditor who says why; the look is itself an entry.
  void ReadEntry(const Asker& asker, v1::GetEntryRequest request, Reply<v1::GetEntryResponse> done);

  // Records that an auditor takes a copy of the ledger from `first_index` on. The copy may then be
  // read: entries hold no personal value in clear.
  void RecordLedgerCopy(const Asker& asker, uint64_t first_index, const std::string& reason,
                        Reply<v1::Receipt> done);

 private:
  absl::Status TakeBudget(const Asker& asker, const v1::PersonSelector& selector);
  // Both readings of consents, which differ in what they keep of the list. consents.cc
  template <typename Request, typename Response, typename Keep>
  void ReadConsents(const Asker& asker, ::signpost::store::v1::EntryKind kind, Request request,
                    Keep keep, Reply<Response> done);

  const Rooms rooms_;
  // Asking by details, by system: no endpoint lists people, and none can be made to.
  Budget finds_;
};

}  // namespace signpost::gate

#endif  // SIGNPOST_HUB_GATE_GATE_H_
