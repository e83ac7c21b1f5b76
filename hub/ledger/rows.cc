#include "hub/ledger/rows.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::ledger {
namespace {

constexpr char kHeadFormat = 1;
constexpr size_t kHeadFixedBytes = 1 + 8 + 8;

}  // namespace

std::string EncodeHead(const HeadRow& head) {
  std::string row(1, kHeadFormat);
  row += store::KeyU64(head.frontier.size());
  row += store::KeyU64(static_cast<uint64_t>(head.sequenced_at_us));
  for (const tlog::Hash& hash : head.frontier.hashes()) row += tlog::HashToString(hash);
  return row;
}

absl::StatusOr<HeadRow> DecodeHead(const std::string& row) {
  const absl::Status damaged =
      base::Error(base::Reason::kDataLoss, "the ledger's head does not read; call the operator");
  if (row.size() < kHeadFixedBytes || row[0] != kHeadFormat ||
      (row.size() - kHeadFixedBytes) % tlog::kHashBytes != 0) {
    return damaged;
  }
  std::vector<tlog::Hash> hashes;
  for (size_t at = kHeadFixedBytes; at < row.size(); at += tlog::kHashBytes) {
    hashes.push_back(*tlog::HashFromString(row.substr(at, tlog::kHashBytes)));
  }
  absl::StatusOr<tlog::Frontier> frontier =
      tlog::Frontier::Make(store::U64FromKey(row.substr(1, 8)), std::move(hashes));
  if (!frontier.ok()) return damaged;
  return HeadRow{*std::move(frontier), static_cast<int64_t>(store::U64FromKey(row.substr(9, 8)))};
}

absl::StatusOr<HeadRow> ReadHead(const store::View& view) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                            view.Get(store::Space::kMeta, kHeadKey));
  if (!row.has_value()) return HeadRow{};
  return DecodeHead(*row);
}

bool IsLedgerSpace(store::Space space) {
  return space == store::Space::kEntries || space == store::Space::kNodes ||
         space == store::Space::kCheckpoints;
}

bool IsLedgerRow(store::Space space, absl::string_view key) {
  if (space != store::Space::kMeta) return IsLedgerSpace(space);
  return absl::StartsWith(key, kLedgerPrefix) || absl::StartsWith(key, kCounterPrefix);
}

}  // namespace signpost::ledger
