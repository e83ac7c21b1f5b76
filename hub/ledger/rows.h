// The rows in which the ledger keeps itself. Private to this room.

#ifndef SIGNPOST_HUB_LEDGER_ROWS_H_
#define SIGNPOST_HUB_LEDGER_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "hub/store/store.h"
#include "hub/tlog/merkle.h"

namespace signpost::ledger {

// In Space::kMeta.
inline constexpr char kHeadKey[] = "ledger/head";
inline constexpr char kCheckpointKey[] = "ledger/checkpoint";  // the latest signed note
inline constexpr char kLedgerPrefix[] = "ledger/";
inline constexpr char kCounterPrefix[] = "counter/";  // + agency id -> KeyU64 of its last counter

// Where the ledger stands: everything needed to go on.
struct HeadRow {
  tlog::Frontier frontier;
  int64_t sequenced_at_us = 0;  // of the last entry: time never runs back in the ledger
};

std::string EncodeHead(const HeadRow& head);
// Errors: kDataLoss.
[[nodiscard]] absl::StatusOr<HeadRow> DecodeHead(const std::string& row);

// Reads and decodes; an empty ledger where there is no row.
[[nodiscard]] absl::StatusOr<HeadRow> ReadHead(const store::View& view);

// Space::kNodes: see tree_rows.h.

// Space::kReceipts: key is the leaf hash, value KeyU64 of the index.

// True for rows that only the sequencer may write.
bool IsLedgerRow(store::Space space, const std::string& key);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_ROWS_H_
