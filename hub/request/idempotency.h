// IdempotencyTable is a memory of request ids: what is sent twice happens once.
//
// Space kRequests: ledger::RequestHash() of agency and request id, 16 bytes -> a version byte and a
// RequestRow, written in the commit of what the request caused. A request is compared by a keyed
// hash, too, so that the row tells a reader of the disk neither who asked nor what.
//
// A request id belongs to the agency, whatever the method: using one again for something else is an
// error, not a new request. Thread-safe; holds nothing but its key.

#ifndef SIGNPOST_HUB_REQUEST_IDEMPOTENCY_H_
#define SIGNPOST_HUB_REQUEST_IDEMPOTENCY_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/base/principal.h"
#include "hub/ledger/sequencer.h"
#include "hub/store/store.h"
#include "signpost/store/v1/exchange.pb.h"

namespace signpost::request {

class IdempotencyTable {
 public:
  // `key`: Keyring::request_key().
  explicit IdempotencyTable(const base::SecretKey& key);

  // The hash to give to Check() and Record(). `method` says which call ("ReportFlag"), `content` is
  // the request without its request_id, in any encoding that is the same for the same content.
  std::string Hash(absl::string_view method, absl::string_view content) const;
  // The same for what only some practitioners may do: who acts is part of the request, so that
  // nobody is told of another's act that it is theirs and done.
  std::string Hash(absl::string_view method, const base::Principal& asker,
                   absl::string_view content) const;

  // What this request id led to before: nullopt for a fresh one; the row, when it was the same
  // request: answer from it and do nothing. Errors:
  //   - kInvalidField, field "request_id": empty, over kRequestIdBytesMax, or not printable ASCII
  //   - kRequestIdReused: the id stands for another request
  //   - kStoreUnavailable, kDataLoss, kStoreNewer
  [[nodiscard]] absl::StatusOr<std::optional<store::v1::RequestRow>> Check(
      const ledger::GuardedView& view, const std::string& agency_id, const std::string& request_id,
      const std::string& request_hash) const;

  // Adds the row to `operation`, which rests on there having been none (Check() looked): of two
  // that race, the second gets kAborted and, at a newer view, finds the first. The entry's index is
  // put in by an index hook, so with_index must not be assigned afterwards (see index_hook.h).
  // REQUIRES: Check() gave nullopt at the view from which `operation` was made.
  void Record(ledger::Operation* operation, const std::string& agency_id,
              const std::string& request_id, const std::string& request_hash,
              const std::string& result, absl::Time now) const;

 private:
  const base::SecretKey key_;
};

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_IDEMPOTENCY_H_
