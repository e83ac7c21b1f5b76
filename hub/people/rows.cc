#include "hub/people/rows.h"

#include <utility>

#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/keys/master_key.h"
#include "hub/people/archived.h"
#include "hub/people/closings.h"
#include "hub/people/erased_records.h"
#include "hub/store/row_codec.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

using store::Space;

namespace {

absl::StatusOr<base::PersonId> IdOf(const std::string& key) {
  const absl::StatusOr<base::PersonId> id = base::PersonId::FromBytes(key);
  if (id.ok()) return *id;
  return base::Error(base::Reason::kDataLoss, "a person's row is under no id; restore a backup");
}

}  // namespace

absl::StatusOr<std::vector<base::PersonId>> IdsAfter(const store::View& view,
                                                     const std::optional<base::PersonId>& after,
                                                     int rows_max) {
  const std::string from = after.has_value() ? after->ToBytes() + '\0' : std::string();
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(Space::kPeople, from, "", rows_max));
  std::vector<base::PersonId> ids;
  ids.reserve(rows.size());
  for (const store::KeyValue& row : rows) {
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, IdOf(row.key));
    ids.push_back(id);
  }
  return ids;
}

absl::Status ForEachWrappedKeys(
    const store::View& view, int keys_max,
    absl::FunctionRef<absl::Status(absl::Span<const store::KeyValue>)> visit) {
  std::string from;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> keys,
                              view.Scan(kWrappedKeysSpace, from, "", keys_max));
    if (keys.empty()) return absl::OkStatus();
    SIGNPOST_RETURN_IF_ERROR(visit(keys));
    from = keys.back().key + '\0';
  }
}

bool IsWrappedDataKey(absl::string_view key) {
  return !keys::IsHubKey(key) && !IsClosing(key) && !IsErasedRecord(key) && !IsEndedRecord(key);
}

absl::StatusOr<bool> PutWrappedKeyBack(const store::View& view, const std::string& key,
                                       const std::string& value, store::Batch* batch) {
  if (IsHeldReportKey(key) || IsArchivedKey(key)) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const std::optional<std::string> opened,
        view.Get(Space::kReviews, IsArchivedKey(key) ? ArchivedOfKey(key) : QuestionOfKey(key)));
    if (!opened.has_value()) return false;
    batch->Put(kWrappedKeysSpace, key, value);
    return true;
  }
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId id, IdOf(key));
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> person, view.Get(Space::kPeople, key));
  if (!person.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(const bool closed, HasClosings(view, id));
    if (!closed) return false;
  }
  batch->Put(kWrappedKeysSpace, key, value);
  return true;
}

absl::StatusOr<Rewrapped> RewrapKeys(const store::View& view, const base::Keyring& keyring,
                                     base::RandomSource* random, const std::string& from,
                                     int keys_max) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<store::KeyValue> rows,
                            view.Scan(kWrappedKeysSpace, from, "", keys_max));
  Rewrapped rewrapped;
  if (rows.size() == static_cast<size_t>(keys_max)) rewrapped.next = rows.back().key + '\0';
  for (const store::KeyValue& row : rows) {
    if (!IsWrappedDataKey(row.key) || keyring.IsUnderMaster(row.value)) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId person,
                              IsHeldReportKey(row.key) || IsArchivedKey(row.key)
                                  ? IdOf(row.key.substr(row.key.size() - base::kIdBytes))
                                  : IdOf(row.key));
    const absl::StatusOr<base::SecretKey> key = keyring.UnwrapDataKey(person, row.value);
    if (!key.ok()) continue;
    SIGNPOST_ASSIGN_OR_RETURN(const std::string wrapped, keyring.WrapDataKey(person, *key, random));
    rewrapped.change.Put(kWrappedKeysSpace, row.key, wrapped);
    rewrapped.reads.AddRow(kWrappedKeysSpace, row.key, view.revision());
    ++rewrapped.keys;
  }
  return rewrapped;
}

absl::StatusOr<uint64_t> CountKeysToRewrap(const store::View& view, const base::Keyring& keyring) {
  uint64_t count = 0;
  SIGNPOST_RETURN_IF_ERROR(
      ForEachWrappedKeys(view, base::kPageRowsMax, [&](absl::Span<const store::KeyValue> keys) {
        for (const store::KeyValue& key : keys) {
          if (IsWrappedDataKey(key.key) && !keyring.IsUnderMaster(key.value)) ++count;
        }
        return absl::OkStatus();
      }));
  return count;
}

}  // namespace signpost::people
