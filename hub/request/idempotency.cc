#include "hub/request/idempotency.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/index_hook.h"
#include "hub/store/row_codec.h"

namespace signpost::request {
namespace {

using store::Space;
using store::v1::RequestRow;

}  // namespace

IdempotencyTable::IdempotencyTable(const base::SecretKey& key) : key_(key) {}

std::string IdempotencyTable::Hash(absl::string_view method, absl::string_view content) const {
  return base::HmacSha256(key_.bytes(), absl::StrCat(store::LengthPrefixed(method), content));
}

std::string IdempotencyTable::Hash(absl::string_view method, const base::Principal& asker,
                                   absl::string_view content) const {
  return Hash(method, absl::StrCat(store::LengthPrefixed(asker.practitioner_id),
                                   store::LengthPrefixed(asker.role), content));
}

absl::StatusOr<std::optional<RequestRow>> IdempotencyTable::Check(
    const ledger::GuardedView& view, const std::string& agency_id, const std::string& request_id,
    const std::string& request_hash) const {
  const bool is_printable = std::all_of(request_id.begin(), request_id.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (request_id.empty() || request_id.size() > base::kRequestIdBytesMax || !is_printable) {
    return base::InvalidField(
        "request_id", absl::StrCat("must be 1 to ", base::kRequestIdBytesMax,
                                   " printable ASCII characters without spaces, new for each new "
                                   "request and the same when it is sent again"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::optional<std::string> value,
      view.Get(Space::kRequests, ledger::RequestHash(key_, agency_id, request_id)));
  if (!value.has_value()) return std::optional<RequestRow>();
  SIGNPOST_ASSIGN_OR_RETURN(RequestRow row, store::DecodeRow<RequestRow>("a request", *value));
  if (!base::ConstantTimeEqual(row.request_hash(), request_hash)) {
    return base::Error(base::Reason::kRequestIdReused,
                       "this request_id stands for an earlier request with other content; send a "
                       "new request under a new id");
  }
  return std::optional<RequestRow>(std::move(row));
}

void IdempotencyTable::Record(ledger::Operation* operation, const std::string& agency_id,
                              const std::string& request_id, const std::string& request_hash,
                              const std::string& result, absl::Time now) const {
  std::string key = ledger::RequestHash(key_, agency_id, request_id);
  RequestRow row;
  row.set_request_hash(request_hash);
  row.set_result(result);
  row.set_at_s(absl::ToUnixSeconds(now));
  AddIndexHook(operation, [key = std::move(key), row = std::move(row)](
                              uint64_t first_index, store::Batch& batch) mutable {
    row.set_ledger_index(first_index);
    batch.Put(Space::kRequests, key, store::EncodeRow(row));
  });
}

}  // namespace signpost::request
