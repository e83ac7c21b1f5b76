// Ledger entries and receipts as handlers write them. Pure functions;
// thread-safe.

#ifndef SIGNPOST_HUB_REQUEST_ENTRIES_H_
#define SIGNPOST_HUB_REQUEST_ENTRIES_H_

#include <string>

#include "hub/base/principal.h"
#include "hub/ledger/sequencer.h"
#include "hub/request/policy_in_force.h"
#include "signpost/store/v1/entry.pb.h"
#include "signpost/v1/common.pb.h"

namespace signpost::request {

// An entry of `kind` that says who asked; everything else is the caller's to add.
::signpost::store::v1::LedgerEntry NewEntry(::signpost::store::v1::EntryKind kind,
                                            const base::Principal& asker,
                                            const std::string& request_id);

// Says in `entry` which policy decided, bound to which words.
void SetPolicy(const BoundPolicy& bound, ::signpost::store::v1::LedgerEntry* entry);

// Makes `operation` rest on that policy: it is judged again if another has come into force by the
// time it is sequenced.
void RestOn(const BoundPolicy& bound, ledger::Operation* operation);

// The entry as the sequencer takes it. Serialised here, once.
ledger::Draft ToDraft(const ::signpost::store::v1::LedgerEntry& entry);

// The receipt of entry `i` of what was sequenced.
v1::Receipt ReceiptOf(const ledger::Sequenced& sequenced, const std::string& origin, size_t i = 0);

// An auditor's reading of an entry: one "field: value" a line, in the order of the fields, hashes
// and references in hex. Errors: kDataLoss when `bytes` is no entry.
absl::StatusOr<std::string> ReadableEntry(const std::string& bytes);

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_ENTRIES_H_
