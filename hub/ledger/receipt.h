// A receipt is a note that a caller keeps to have its entry proved. Pure functions but for the view
// they read; thread-safe.

#ifndef SIGNPOST_HUB_LEDGER_RECEIPT_H_
#define SIGNPOST_HUB_LEDGER_RECEIPT_H_

#include <string>

#include "absl/status/statusor.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"
#include "signpost/v1/common.pb.h"

namespace signpost::ledger {

// The receipt of entry `i` of what was sequenced.
::signpost::v1::Receipt ReceiptOf(const Sequenced& sequenced, const std::string& origin,
                                  size_t i = 0);

// The receipt of an entry that was sequenced before. Errors: kNotFound, kDataLoss.
[[nodiscard]] absl::StatusOr<::signpost::v1::Receipt> ReceiptAt(const store::View& view,
                                                                const std::string& origin,
                                                                uint64_t index);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_RECEIPT_H_
