// The master key's row is what tells the key that a store lies under from any other, so that nobody
// serves a store, or puts one back, with another: every record, name and id is hashed or sealed
// under what is derived from that key, so under another one nobody is found, everybody is somebody
// new, and the two worlds never come apart again.
//
// The row holds the key's check value, which tells nothing of the key. It is written when a store is
// begun, before anything else is. It lies among the wrapped data keys (Space::kPersonKeys), because
// it belongs to them: backups keep it where they keep these, apart from the store.
//
// Pure functions but for the store they are given; thread-safe.

#ifndef SIGNPOST_HUB_KEYS_MASTER_KEY_H_
#define SIGNPOST_HUB_KEYS_MASTER_KEY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/keyring.h"
#include "hub/store/store.h"

namespace signpost::keys {

inline constexpr size_t kCheckValueBytes = 16;

// By what a master key is told from another: the same each time for one key, and nothing can be
// learnt of the key from it. May be stored, printed, and written on an envelope.
std::string CheckValue(const base::Keyring& keyring);

// For whoever opens a store to serve it: that `store` lies under the master key of `keyring`. Of a
// store that holds nothing it says so from `now` on, durably. REQUIRES: nothing else writes to
// `store` yet.
//
// Errors, nothing having been written:
//   - kKeyUnavailable: it lies under another; the message has both check values and what to do
//   - kDataLoss: it holds rows, and nothing says which key they lie under
//   - kStoreUnavailable, kStoreFull: those of the store
[[nodiscard]] absl::Status OpenStore(store::Store* store, const base::Keyring& keyring,
                                     absl::Time now);

// Whether a row of Space::kPersonKeys is of this room, and not somebody's wrapped data key.
bool IsHubKey(absl::string_view key);

// All rows that are, for backups to keep. Errors: those of the view.
[[nodiscard]] absl::StatusOr<std::vector<store::KeyValue>> ReadRows(const store::View& view);

// Whether what `rows` come with lies under the master key of `keyring`. Errors: kKeyUnavailable;
// kDataLoss when `rows` do not read or are none.
[[nodiscard]] absl::Status CheckRows(absl::Span<const store::KeyValue> rows,
                                     const base::Keyring& keyring);

}  // namespace signpost::keys

#endif  // SIGNPOST_HUB_KEYS_MASTER_KEY_H_
