// LedgerAccess is the way on which auditors read the ledger as it is: one entry, proofs, and a copy
// of all of it. Checkpoints and proofs say nothing of anybody and are given as they are; whoever
// reads an entry or takes a copy is an auditor by name and says why, and that they did is an entry
// first. What one of them alone may not see is masked (joint_looks.h); a copy always is.
//
// Thread-safe. Owns nothing: HubContext, JointLooks and the Witnessing must outlive it and its pending
// calls.
// `done` is called exactly once, on the sequencer's completion thread or the caller's, and must
// only hand on. What is not given a `done` may wait for the sequencer, and so must not be called on
// its completion thread. Errors of all: kDataLoss, kStoreUnavailable.

#ifndef SIGNPOST_HUB_OVERSIGHT_LEDGER_ACCESS_H_
#define SIGNPOST_HUB_OVERSIGHT_LEDGER_ACCESS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "hub/base/principal.h"
#include "hub/ledger/witnessing.h"
#include "hub/oversight/joint_looks.h"
#include "hub/request/context.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::oversight {

class LedgerAccess {
 public:
  // `verifier_key` is that of the ledger's checkpoints. `witnessing` is nullptr where no witness is
  // named.
  LedgerAccess(const request::HubContext& context, const JointLooks* looks,
               std::string verifier_key, const ledger::Witnessing* witnessing)
      : context_(context),
        looks_(looks),
        verifier_key_(std::move(verifier_key)),
        witnessing_(witnessing) {}
  LedgerAccess(const LedgerAccess&) = delete;
  LedgerAccess& operator=(const LedgerAccess&) = delete;

  // The latest checkpoint, of all there is now, and how far witnesses are.
  [[nodiscard]] absl::StatusOr<v1::GetCheckpointResponse> Checkpoint() const;

  // The proof of the entry that a receipt is of. Errors: kNotFound when no entry has both this
  // number and this leaf hash; which of them is wrong is not said.
  [[nodiscard]] absl::StatusOr<v1::GetProofResponse> Proof(
      const v1::GetProofRequest& request) const;

  // Errors: kInvalidField for sizes that are not of this ledger.
  [[nodiscard]] absl::StatusOr<v1::GetConsistencyResponse> Consistency(
      const v1::GetConsistencyRequest& request) const;

  // One entry, for an auditor who says why; the look is itself an entry. Of one that is past its
  // retention it says just that. Errors: kInvalidField without a reason; kNotFound, kAssertionMissing
  // and kMethodNotAllowed (no named auditor, not their joint look), recorded too.
  void ReadEntry(const base::Principal& asker, v1::GetEntryRequest request,
                 request::Reply<v1::GetEntryResponse> done);

  // A copy: RecordCopy(), then BeginCopy(), then ReadCopy() until it gives the checkpoint.
  //
  // Records that an auditor takes a copy from `first_index` on. The copy may then be read: entries
  // hold no personal value in clear. Errors: as ReadEntry().
  void RecordCopy(const base::Principal& asker, const v1::CopyLedgerRequest& request,
                  request::Reply<v1::Receipt> done);

  struct Copy {
    std::string checkpoint;  // that covers it all
    uint64_t size = 0;
    uint64_t next_index = 0;
    bool ended = false;  // the checkpoint was given
  };
  // Of the ledger as it is now. Errors: kInvalidField when the first index is beyond it.
  [[nodiscard]] absl::StatusOr<Copy> BeginCopy(const v1::CopyLedgerRequest& request) const;
  // The next entries, some at a time and each time from a view of its own (one held for a whole
  // copy would keep old data alive); behind the last, the checkpoint. Moves `copy` on.
  // REQUIRES: it has not ended.
  [[nodiscard]] absl::StatusOr<v1::CopyLedgerResponse> ReadCopy(Copy* copy) const;

 private:
  const request::HubContext context_;
  const JointLooks* const looks_;
  const std::string verifier_key_;
  const ledger::Witnessing* const witnessing_;
};

}  // namespace signpost::oversight

#endif  // SIGNPOST_HUB_OVERSIGHT_LEDGER_ACCESS_H_
