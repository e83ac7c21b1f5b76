// The rows of master keys tell the key that a store lies under from any other, so that nobody serves
// a store, or puts one back, with another: every record, name and id is hashed or sealed under what
// lies under that key, so under another one nobody is found, everybody is somebody new, and the two
// worlds never come apart again.
//
// A row holds a key's check value, which tells nothing of the key, and the store's root key, wrapped
// under it. The first is written when a store is begun, before anything else is. They lie among the
// wrapped data keys (Space::kPersonKeys), because they belong to them: backups keep them where they
// keep these, apart from the store.
//
// Changing the master key is three commits. The first puts the new key's row beside the old one's:
// from then on keys are wrapped under the new one alone, and both are needed. Then all that lies under
// the old one is wrapped anew (operations/key_change.h). The last takes the root key out of the old
// one's row, and from then on the old one is of no use. Wherever it is cut off, the rows say which
// keys are needed.
//
// Pure functions but for the store they are given; thread-safe.

#ifndef SIGNPOST_HUB_KEYS_MASTER_KEY_H_
#define SIGNPOST_HUB_KEYS_MASTER_KEY_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/store/store.h"

namespace signpost::keys {

// What a hub is given: its master key, and beside it the one before while it is being changed.
struct MasterKeys {
  base::MasterKey master;
  std::optional<base::MasterKey> old_master;
};

// Reads the files; `old_master_file` may be empty. Errors: those of base::MasterKey::ReadFile();
// kInvalidField, for keys.old_master, when both hold one key.
[[nodiscard]] absl::StatusOr<MasterKeys> ReadFiles(const std::string& master_file,
                                                   const std::string& old_master_file);

// Where the change of a master key stands.
enum class Change {
  kNone,     // nothing lies under any other key, and no other was given
  kToBegin,  // all lies under the old key given, and the new one is not known yet
  kRunning,  // some may lie under the old key given still
  kEnded,    // nothing lies under the old key given any more
};

struct Opened {
  std::unique_ptr<base::Keyring> keyring;  // wraps under the new key already
  Change change = Change::kNone;
  // Of kToBegin: what makes it kRunning. Nothing may be wrapped with `keyring` before it is durable.
  store::Batch begin;
};

// For whoever opens a store to serve it: the keys of `store`, which lies under those given. A store
// that holds nothing is given a root key, and lies under `given.master` from `now` on, durably.
// REQUIRES: nothing else writes to `store` yet.
//
// Errors, nothing having been written:
//   - kKeyUnavailable: it lies under another key than those given, or one is given that it never lay
//     under, or needs one more; the message has the check values and what to do
//   - kDataLoss: it holds rows, and nothing says which key they lie under; or a row of this room was
//     changed
//   - kStoreUnavailable, kStoreFull: those of the store
[[nodiscard]] absl::StatusOr<Opened> OpenStore(store::Store* store, const MasterKeys& given,
                                               absl::Time now, base::RandomSource* random);

// Adds to `batch` that nothing lies under the leaving key any more. REQUIRES: it is so, and stays so.
// Errors: kDataLoss; those of the view.
[[nodiscard]] absl::Status PutEnd(const store::View& view, absl::Time now, store::Batch* batch);

// Whether a row of Space::kPersonKeys is of this room, and not somebody's wrapped data key.
bool IsHubKey(absl::string_view key);

// All rows that are, for backups to keep. Errors: those of the view.
[[nodiscard]] absl::StatusOr<std::vector<store::KeyValue>> ReadRows(const store::View& view);

// Whether what `rows` come with opens with the keys given, as OpenStore() would say, but that a
// change is not begun: whoever restores needs the keys that the rows name. Errors: kKeyUnavailable;
// kDataLoss when `rows` do not read or are none.
[[nodiscard]] absl::Status CheckRows(absl::Span<const store::KeyValue> rows,
                                     const MasterKeys& given);

}  // namespace signpost::keys

#endif  // SIGNPOST_HUB_KEYS_MASTER_KEY_H_
