// Answers is the only door that tells a caller something about a young person: the facts are
// gathered at one snapshot, the policy decides, the decision is made durable in the ledger, and
// then, and only then, what was permitted is opened and leaves.
//
// Hidden and absent look the same. A question about somebody whom the caller may not know of, and
// one about nobody, take the same path and give the same answer: no flag, the coverage that the
// policy gives this caller whatever there is, a receipt.
//
// A question is judged on one row of the person, and its entry is sequenced only if that row is
// still the same (what it read is taken note of); otherwise everything is read and judged again. So
// a withdrawal of consent that was acknowledged is seen by every answer that is sequenced after it.
//
// An Answers owns nothing; everything in HubContext must outlive it and its pending calls. It is
// thread-safe. Calls do their work on `executor` and complete on the sequencer's completion thread;
// `done` is called exactly once and must only hand on.

#ifndef SIGNPOST_HUB_DISCLOSURE_ANSWERS_H_
#define SIGNPOST_HUB_DISCLOSURE_ANSWERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "hub/base/principal.h"
#include "hub/exchange/mailbox.h"
#include "hub/request/context.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/audit.pb.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/index.pb.h"

namespace signpost::disclosure {

class Answers {
 public:
  explicit Answers(const request::HubContext& context);
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  // Who knows this young person? See v1.IndexService.WhoKnows.
  //
  // Nobody whom the asker may know of is an answer, not an error. Errors given to `done`, nothing
  // having been disclosed:
  //   - kInvalidField: no purpose, an unknown aspect, a kind of assessment that the area does not
  //     have, a selector that is not enough
  //   - kPurposeNotAllowed: another purpose than the assertion's
  //   - kOverrideInvalid: an override without a ground or without a reason in words
  //   - kPolicyUnavailable: no policy in force (recorded: the entry says so)
  //   - kTooManyRequests: budget or queue
  //   - kStoreUnavailable: not recorded, so not answered
  void WhoKnows(const base::Principal& asker, v1::WhoKnowsRequest request,
                request::Reply<v1::WhoKnowsResponse> done);

  // The asker's own id for one young person whom it may know of. kNotFound for everybody else, with
  // a receipt: the question is recorded whatever the answer.
  void Find(const base::Principal& asker, v1::FindRequest request,
            request::Reply<v1::FindResponse> done);

  // Consents that the asker's agency recorded, and those that name it as recipient as far as they
  // name no agency, service or flag that the asker may not know of (such a one is left out whole:
  // a no to somebody would tell that there is somebody). What the young person said is told to the
  // agency to which they said it; what their yes depends on, to everybody whom it lets see.
  // kNotFound when the asker does not work with the person.
  void ListConsents(const base::Principal& asker, v1::ListConsentsRequest request,
                    request::Reply<v1::ListConsentsResponse> done);
  // All records before and after one in its place, oldest first, as far as ListConsents() tells
  // them. kNotFound when it would not tell that one.
  void GetConsentHistory(const base::Principal& asker, v1::GetConsentHistoryRequest request,
                         request::Reply<v1::GetConsentHistoryResponse> done);

  // Messages of a mailbox, judged for `asker` (a system) at this moment and recorded, one entry
  // each: those that may be known come back ready for the wire, the others are recorded as withheld
  // and only their places are given, so that the caller can pass over them. REQUIRES: not empty.
  struct Delivery {
    std::vector<v1::DeliveredMessage> messages;
    std::vector<exchange::Position> withheld;
  };
  void Deliver(const base::Principal& asker, std::vector<exchange::MailboxMessage> messages,
               request::Reply<Delivery> done);

 private:
  // Both readings of consents, which differ in what they keep of the list. consents.cc
  template <typename Request, typename Response, typename Keep>
  void ReadConsents(const base::Principal& asker, ledger::v1::EntryKind kind, Request request,
                    Keep keep, request::Reply<Response> done);

  const request::HubContext context_;
};

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_ANSWERS_H_
