// PatternSearch is a search that looks for patterns in the ledger (audit/patterns.h), with what
// only the hub knows beside each access: whether the practitioner's own name or home is the young
// person's, and whether the agency's involvement had ended. Nothing personal is opened for it:
// names are compared by their keyed hashes, and what is told is which entries, not whose names.
//
// The search is an entry before it is answered, and is for a named auditor. One runs at a time: it
// reads much. It reads entries as they stand, and says "(masked)" for an agency of a sensitive
// service, and nobody for its worker.
//
// Thread-safe; owns nothing: HubContext and the Masker must outlive it and its pending calls. `done` is
// called exactly once, on the executor or the sequencer's completion thread, and must only hand on.

#ifndef SIGNPOST_HUB_OVERSIGHT_PATTERN_SEARCH_H_
#define SIGNPOST_HUB_OVERSIGHT_PATTERN_SEARCH_H_

#include <atomic>

#include "hub/audit/patterns.h"
#include "hub/base/principal.h"
#include "hub/oversight/masker.h"
#include "hub/request/context.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::oversight {

class PatternSearch {
 public:
  PatternSearch(const request::HubContext& context, const Masker* masker,
                const audit::PatternOptions& options)
      : context_(context), masker_(masker), options_(options) {}
  PatternSearch(const PatternSearch&) = delete;
  PatternSearch& operator=(const PatternSearch&) = delete;

  // See v1.AuditService.FindPatterns. Errors, nothing having been told:
  //   - kAssertionMissing, kMethodNotAllowed, recorded: no named auditor
  //   - kInvalidField: no reason in words, a pattern that there is not, an `until` that is not
  //     after `from`, more than kPatternEntriesMax entries in that time
  //   - kTooManyRequests: another runs
  //   - kDataLoss, kStoreUnavailable
  void Find(const base::Principal& asker, v1::FindPatternsRequest request,
            request::Reply<v1::FindPatternsResponse> done);

 private:
  const request::HubContext context_;
  const Masker* const masker_;
  const audit::PatternOptions options_;
  std::atomic<bool> running_ = false;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_PATTERN_SEARCH_H_
