#include "hub/ledger/receipt.h"

#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/tlog/entry_fields.h"
#include "hub/tlog/merkle.h"

namespace signpost::ledger {
namespace {

::signpost::v1::Receipt Receipt(uint64_t index, const std::string& leaf_hash, int64_t sequenced_us,
                                const std::string& origin) {
  ::signpost::v1::Receipt receipt;
  receipt.set_ledger_index(index);
  receipt.set_leaf_hash(leaf_hash);
  // In whole seconds: the microseconds of two would say how long the hub was at work between.
  receipt.mutable_sequenced_at()->set_seconds(sequenced_us / 1'000'000);
  receipt.set_origin(origin);
  return receipt;
}

}  // namespace

::signpost::v1::Receipt ReceiptOf(const Sequenced& sequenced, const std::string& origin, size_t i) {
  return Receipt(sequenced.first_index + i, sequenced.permit.leaf_hash(i),
                 absl::ToUnixMicros(sequenced.sequenced_at), origin);
}

absl::StatusOr<::signpost::v1::Receipt> ReceiptAt(const store::View& view,
                                                  const std::string& origin, uint64_t index) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes, LedgerReader(&view).Entry(index));
  const absl::StatusOr<tlog::EntryFields> fields = tlog::DecodeEntryFields(bytes);
  if (!fields.ok()) {
    return base::Error(base::Reason::kDataLoss,
                       "a stored entry does not decode; verify a copy of the ledger");
  }
  return Receipt(index, tlog::HashToString(tlog::Hasher().Leaf(bytes)), fields->sequenced_at_us,
                 origin);
}

}  // namespace signpost::ledger
