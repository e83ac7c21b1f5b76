// People::Draft is a person in the making that the parts of People share: each Prepare function
// loads one, changes its row and takes its batch. Internal to the room.
//
// Not thread-safe; lives for one call. It holds the person's data key in clear.

#ifndef SIGNPOST_HUB_PEOPLE_DRAFT_H_
#define SIGNPOST_HUB_PEOPLE_DRAFT_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/people/archived.h"
#include "hub/people/clocks.h"
#include "hub/people/closings.h"
#include "hub/people/people.h"
#include "hub/people/sealing.h"
#include "hub/store/row_codec.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// A person being changed: the row to be, and what else is to be written.
struct People::Draft {
  base::PersonId id;
  store::v1::PersonRow row;
  base::SecretKey key;
  store::Batch change;
  const KeepingRules* keeping = nullptr;  // People's own

  absl::StatusOr<std::string> Seal(absl::string_view kind, absl::string_view item,
                                   absl::string_view plain, base::RandomSource* random) const {
    return base::Seal(key, SealContext(id, kind, item), plain, random);
  }
  absl::StatusOr<std::string> Open(absl::string_view kind, absl::string_view item,
                                   const std::string& sealed) const {
    if (sealed.empty()) return std::string();
    return base::Open(key, SealContext(id, kind, item), sealed);
  }
  // Counts the change, moves the row's place among what is due, `look_from` at the earliest, and writes
  // the row. The last that is done to it, but for Close().
  void Put(absl::Time look_from = absl::InfinitePast()) {
    row.set_version(row.version() + 1);
    SetClock(*keeping, id, key, look_from, &row, &change);
    change.Put(store::Space::kPeople, id.ToBytes(), store::EncodeRow(row));
  }
  // Enters what this change closes in the register. REQUIRES: Put() was called.
  absl::Status Close(store::v1::ClosingRow closing, base::RandomSource* random) {
    return PutClosing(id, row, key, std::move(closing), random, &change);
  }
};

// What a name hash is of (People::NameHash).
inline constexpr char kWorkerLabel[] = "worker";
inline constexpr char kTeamLabel[] = "team";

// What everybody is told of whom there is not, or is no more.
absl::Status NobodyThere();
// kDataLoss.
absl::Status BadRow(const char* what);
// What a word on somebody's death is sealed as; whether what was said makes it certain.
std::string DeathItem(absl::string_view agency_id, absl::string_view record_hash);
bool IsCertainDeath(const store::v1::DeathRow& death);
// Whether a flag, archived or not, is still of the record that an alias is of.
bool HasFlagOf(const store::v1::PersonRow& row, const store::v1::AliasRow& alias);

// ReadArchived(), for this room, which opens what it moves.
absl::StatusOr<std::optional<LazyArchivedFlag>> LookupArchived(const store::View& view,
                                                               const base::Keyring& keyring,
                                                               const std::string& flag_id);
// Equal messages have equal bytes, whoever made them.
std::string Canonical(const google::protobuf::MessageLite& message);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_DRAFT_H_
