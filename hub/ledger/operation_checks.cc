#include "hub/ledger/operation_checks.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/rows.h"
#include "hub/store/store.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/pruned.h"

namespace signpost::ledger {
namespace {

absl::Status CheckEntries(const Operation& operation) {
  if (operation.entries.empty()) {
    return base::InvalidField("entries", "an operation without an entry changes nothing");
  }
  for (const Draft& draft : operation.entries) {
    if (draft.body.size() + tlog::kEntrySuffixBytesMax > base::kEntryBytesMax) {
      // Whoever composed it let something through. Not the caller's field: how long an entry gets
      // may depend on whom it is about.
      return base::Error(base::Reason::kInternal, absl::StrCat("an entry of ", draft.body.size(),
                                                               " bytes is over the limit"));
    }
    absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(draft.body);
    if (!fields.ok()) return base::InvalidField("entries", "an entry is not a stored message");
    if (fields->sequencer_fields) {
      return base::InvalidField("entries", "an entry sets what only the sequencer may");
    }
    if (fields->agency_id != draft.agency_id) {
      return base::InvalidField("entries", "an entry's agency_id is not the one counted");
    }
    if (draft.agency_id.size() + sizeof(kCounterPrefix) > base::kStoreKeyBytesMax) {
      return base::InvalidField("entries", "an agency id is too long");
    }
  }
  return absl::OkStatus();
}

// That what is to be pruned is what the entry says, so that no verifier can be told otherwise.
absl::Status CheckPrune(const Operation& operation) {
  const auto refused = [](const char* why) { return base::InvalidField("prune", why); };
  bool says_so = false;
  for (const Draft& draft : operation.entries) {
    const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(draft.body);
    if (!fields.ok() || fields->kind != tlog::kEntryKindPruned) continue;
    if (operation.prune.empty() || operation.entries.size() != 1) {
      return refused("an entry says that something was pruned, and nothing is");
    }
    const auto kinds = tlog::DecodePruned(fields->pruned);
    if (!kinds.ok()) return refused("the entry does not say what is pruned");
    std::vector<uint64_t> said;
    for (const tlog::PrunedKind& kind : *kinds) {
      for (const tlog::PrunedRange& range : kind.ranges) {
        if (range.last - range.first >= operation.prune.size()) {
          return refused("the entry says that more is pruned");
        }
        for (uint64_t index = range.first; index <= range.last; ++index) said.push_back(index);
      }
    }
    std::sort(said.begin(), said.end());
    if (said != operation.prune) return refused("the entry does not say what is pruned");
    says_so = true;
  }
  if (!operation.prune.empty() && !says_so) {
    return refused("entries are pruned by an operation that says so alone");
  }
  return absl::OkStatus();
}

absl::Status CheckReads(const Operation& operation) {
  if (operation.reads.size() <= base::kReadsPerOperationMax) return absl::OkStatus();
  return base::InvalidField("reads", absl::StrCat("an operation rests on ", operation.reads.size(),
                                                  " rows and ranges; at most ",
                                                  base::kReadsPerOperationMax, " are judged"));
}

}  // namespace

absl::Status CheckRows(const store::Batch& batch) {
  for (const store::Batch::Operation& row : batch.operations()) {
    if (IsLedgerRow(row.space, row.key)) {
      return base::InvalidField("batch", "a row is the ledger's own");
    }
  }
  return store::CheckLimits(batch);
}

absl::Status CheckOperation(const Operation& operation) {
  SIGNPOST_RETURN_IF_ERROR(CheckEntries(operation));
  SIGNPOST_RETURN_IF_ERROR(CheckPrune(operation));
  SIGNPOST_RETURN_IF_ERROR(CheckRows(operation.batch));
  return CheckReads(operation);
}

}  // namespace signpost::ledger
