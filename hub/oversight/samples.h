// Samples is a desk at which an auditor announces a random sample of entries, so that afterwards
// nobody can have steered which were drawn (tlog/sample.h): the announcement is an entry, and the
// seed is the root of the tree that ends with it, together with random bytes of the auditor's whose
// hash the announcement has.
//
// Thread-safe; owns nothing of HubContext, which must outlive it and its pending calls. `done` is
// called exactly once, on the executor or the caller's thread, and must only hand on.

#ifndef SIGNPOST_HUB_OVERSIGHT_SAMPLES_H_
#define SIGNPOST_HUB_OVERSIGHT_SAMPLES_H_

#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::oversight {

class Samples {
 public:
  explicit Samples(const request::HubContext& context) : context_(context) {}
  Samples(const Samples&) = delete;
  Samples& operator=(const Samples&) = delete;

  // See v1.AuditService.AnnounceSample. Errors:
  //   - kAssertionMissing, kMethodNotAllowed, recorded: no named auditor
  //   - kInvalidField: no reason, a hash that is none, a range that is not the ledger's, more than
  //     there are in it
  //   - kRequestIdReused, kDataLoss, kStoreUnavailable
  void Announce(const base::Principal& asker, v1::AnnounceSampleRequest request,
                request::Reply<v1::AnnounceSampleResponse> done);

 private:
  const request::HubContext context_;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_SAMPLES_H_
