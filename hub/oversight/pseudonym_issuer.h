// PseudonymIssuer is a maker of pseudonym files (audit/pseudonyms.h) that auditors of copies use:
// with one, patterns are looked for on the copy as at the hub, and entries about the same person
// are found, without anybody learning who that is.
//
// A pseudonym is an HMAC of the person's id under a key made for that file and kept nowhere, so
// that two files have nothing in common. It takes two auditors: one asked for a joint look at these
// entries and said why, another agreed, and either of the two may have the file made while it is open.
// The making is an entry before the file is given out: who asked, which entries, under which joint
// look, and the hash of the file.
//
// Thread-safe; owns nothing: HubContext and JointLooks must outlive it and its pending calls. `done` is
// called exactly once, on the sequencer's completion thread or the caller's, and must only hand on.

#ifndef SIGNPOST_HUB_OVERSIGHT_PSEUDONYM_ISSUER_H_
#define SIGNPOST_HUB_OVERSIGHT_PSEUDONYM_ISSUER_H_

#include <atomic>
#include <string>

#include "hub/base/principal.h"
#include "hub/oversight/joint_looks.h"
#include "hub/request/context.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::oversight {

class PseudonymIssuer {
 public:
  PseudonymIssuer(const request::HubContext& context, const JointLooks* looks)
      : context_(context), looks_(looks) {}
  PseudonymIssuer(const PseudonymIssuer&) = delete;
  PseudonymIssuer& operator=(const PseudonymIssuer&) = delete;

  struct Issued {
    std::string file;
    v1::Receipt receipt;
  };
  // Errors, nothing having been told:
  //   - kAssertionMissing, kMethodNotAllowed, kInvalidField, recorded: no named auditor, no joint
  //     look, or none under which they may have pseudonyms now
  //   - kInvalidField: more than kPatternEntriesMax entries
  //   - kTooManyRequests: another is being made
  //   - kDataLoss, kStoreUnavailable
  void Issue(const base::Principal& asker, v1::IssuePseudonymsRequest request,
             request::Reply<Issued> done);

 private:
  const request::HubContext context_;
  const JointLooks* const looks_;
  std::atomic<bool> running_ = false;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_PSEUDONYM_ISSUER_H_
