// These are the rows that the ledger keeps itself in. Private to this room.

#ifndef SIGNPOST_HUB_LEDGER_ROWS_H_
#define SIGNPOST_HUB_LEDGER_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/store/store.h"
#include "hub/tlog/merkle.h"

namespace signpost::ledger {

// In Space::kMeta.
inline constexpr const char* kHeadKey = store::kFenceKey;
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

// True for rows that only the sequencer may write.
bool IsLedgerRow(store::Space space, absl::string_view key);
// True for spaces that hold such rows and no others.
bool IsLedgerSpace(store::Space space);

}  // namespace signpost::ledger

#endif  // SIGNPOST_HUB_LEDGER_ROWS_H_
