#include "hub/keys/master_key.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/ids.h"
#include "hub/base/status_macros.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/keys.pb.h"

namespace signpost::keys {
namespace {

using base::Error;
using base::Reason;
using store::Space;

// Longer than the 16 bytes that a person's row is under, so that none is taken for the other.
constexpr char kPrefix[] = "master-key/";
constexpr char kCheckLabel[] = "signpost.v1/master-key-check";
// There is one; more than a page of them is no store of ours.
constexpr int kRowsMax = 1000;

absl::Status NothingSaysWhich() {
  return Error(Reason::kDataLoss,
               "the store holds rows, and nothing in it says which master key they lie under. Do "
               "not serve from it: put it aside and restore a backup (docs/operating.md, Keys)");
}

// Whether there is any row that somebody but the engine wrote.
absl::StatusOr<bool> HoldsRows(const store::View& view) {
  for (int i = 0; i < store::kSpaceCount; ++i) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                              view.Scan(static_cast<Space>(i), "", "", 2));
    for (const store::KeyValue& row : rows) {
      const bool is_engines =
          static_cast<Space>(i) == Space::kMeta && row.key == store::kSchemaVersionKey;
      if (!is_engines) return true;
    }
  }
  return false;
}

}  // namespace

std::string CheckValue(const base::Keyring& keyring) {
  return base::HmacSha256(keyring.hub_data_key().bytes(), kCheckLabel).substr(0, kCheckValueBytes);
}

absl::Status OpenStore(store::Store* store, const base::Keyring& keyring, absl::Time now) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows, ReadRows(*view));
  if (!rows.empty()) return CheckRows(rows, keyring);
  SIGNPOST_ASSIGN_OR_RETURN(const bool holds_rows, HoldsRows(*view));
  if (holds_rows) return NothingSaysWhich();
  store::v1::MasterKeyRow row;
  row.set_since_us(absl::ToUnixMicros(now));
  store::Batch batch;
  batch.Put(Space::kPersonKeys, absl::StrCat(kPrefix, CheckValue(keyring)), store::EncodeRow(row));
  // No ledger was begun: who begins one meanwhile runs into the fence, or this does.
  return store->Commit(std::move(batch), store::Fence()).status();
}

bool IsHubKey(absl::string_view key) {
  return absl::StartsWith(key, kPrefix) && key.size() > base::kIdBytes;
}

absl::StatusOr<std::vector<store::KeyValue>> ReadRows(const store::View& view) {
  SIGNPOST_ASSIGN_OR_RETURN(
      std::vector<store::KeyValue> rows,
      view.Scan(Space::kPersonKeys, kPrefix, store::PrefixEnd(kPrefix), kRowsMax));
  rows.erase(std::remove_if(rows.begin(), rows.end(),
                            [](const store::KeyValue& row) { return !IsHubKey(row.key); }),
             rows.end());
  return rows;
}

absl::Status CheckRows(absl::Span<const store::KeyValue> rows, const base::Keyring& keyring) {
  if (rows.empty()) return NothingSaysWhich();
  const std::string given = CheckValue(keyring);
  std::string wanted;
  for (const store::KeyValue& stored : rows) {
    absl::string_view check = stored.key;
    if (!absl::ConsumePrefix(&check, kPrefix) || check.size() != kCheckValueBytes) {
      return NothingSaysWhich();
    }
    SIGNPOST_ASSIGN_OR_RETURN(
        const auto row, store::DecodeRow<store::v1::MasterKeyRow>("a master key", stored.value));
    if (check == given) return absl::OkStatus();
    absl::StrAppend(&wanted, wanted.empty() ? "" : " and ", base::HexEncode(check), " (since ",
                    absl::FormatTime(absl::RFC3339_sec, absl::FromUnixMicros(row.since_us()),
                                     absl::UTCTimeZone()),
                    ")");
  }
  return Error(Reason::kKeyUnavailable,
               absl::StrCat("the master key given has the check value ", base::HexEncode(given),
                            ", and what is stored lies under the one of ", wanted,
                            ". Under another key nobody would be found and everybody reported "
                            "again would be somebody new, so nothing was touched. Give the key of "
                            "that check value (signpost-hub check-key --master FILE tells a "
                            "file's); bring its copy from the safe if the file was replaced"));
}

}  // namespace signpost::keys
