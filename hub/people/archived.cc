#include "hub/people/archived.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/base/status_macros.h"
#include "hub/people/closings.h"
#include "hub/people/draft.h"
#include "hub/store/row_codec.h"

namespace signpost::people {

using store::Space;
using store::v1::ArchivedFlagSecret;
using store::v1::EndedRecordRow;

namespace {

// No other row of either space begins so.
constexpr char kRowPrefix[] = "archived/";
constexpr char kKeyPrefix[] = "archived/";
constexpr size_t kKeyBytes = sizeof(kKeyPrefix) - 1 + base::kIdBytes;
constexpr char kEndedPrefix[] = "ended-record/";
constexpr char kFlagContext[] = "archived-flag";
constexpr char kEndedContext[] = "ended-record";

std::string RowKey(absl::string_view flag_id) { return absl::StrCat(kRowPrefix, flag_id); }
std::string WrappedKey(absl::string_view flag_id) { return absl::StrCat(kKeyPrefix, flag_id); }

// The key of an archived flag is wrapped as a person's is; nobody has this id.
absl::StatusOr<base::PersonId> WrappedAs(absl::string_view flag_id) {
  return base::PersonId::FromBytes(flag_id);
}

std::string FlagContext(absl::string_view flag_id) {
  return absl::StrCat(kFlagContext, absl::string_view("\0", 1), flag_id);
}

std::string MarkKey(const base::Keyring& keyring, absl::string_view agency_id,
                    absl::string_view record_hash) {
  // The label keeps it apart from the mark of an erased person's record.
  return absl::StrCat(kEndedPrefix, base::HmacKey(keyring.erased_record_key())
                                        .Hash({kEndedContext, absl::string_view("\0", 1), agency_id,
                                               absl::string_view("\0", 1), record_hash}));
}

}  // namespace

bool IsArchivedKey(absl::string_view key) {
  return key.size() == kKeyBytes && absl::StartsWith(key, kKeyPrefix);
}

std::string ArchivedOfKey(absl::string_view key) {
  return RowKey(key.substr(sizeof(kKeyPrefix) - 1));
}

absl::Status PutArchived(const base::Keyring& keyring, const ArchivedFlagSecret& secret,
                         base::RandomSource* random, store::Batch* batch) {
  const std::string& flag_id = secret.flag().flag_id();
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId as, WrappedAs(flag_id));
  const base::SecretKey key = base::SecretKey::Generate(random);
  SIGNPOST_ASSIGN_OR_RETURN(const std::string wrapped, keyring.WrapDataKey(as, key, random));
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::string sealed,
      base::Seal(key, FlagContext(flag_id), secret.SerializeAsString(), random));
  batch->Put(Space::kPersonKeys, WrappedKey(flag_id), wrapped);
  batch->Put(Space::kReviews, RowKey(flag_id),
             absl::StrCat(std::string(1, store::kRowVersion), sealed));
  return absl::OkStatus();
}

void RemoveArchived(absl::string_view flag_id, store::Batch* batch) {
  batch->Delete(Space::kPersonKeys, WrappedKey(flag_id));
  batch->Delete(Space::kReviews, RowKey(flag_id));
  batch->Put(Space::kMeta, kKeyDestroyedKey, "1");
}

absl::StatusOr<ArchivedFlagSecret> LazyArchivedFlag::Open() const {
  SIGNPOST_ASSIGN_OR_RETURN(const base::PersonId as, WrappedAs(flag_id_));
  SIGNPOST_ASSIGN_OR_RETURN(const base::SecretKey key, keyring_->UnwrapDataKey(as, wrapped_));
  SIGNPOST_ASSIGN_OR_RETURN(const std::string plain,
                            base::Open(key, FlagContext(flag_id_), sealed_));
  ArchivedFlagSecret secret;
  if (!secret.ParseFromString(plain)) return BadRow("archived flag");
  return secret;
}

absl::StatusOr<std::optional<LazyArchivedFlag>> LookupArchived(const store::View& view,
                                                               const base::Keyring& keyring,
                                                               const std::string& flag_id) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                            view.Get(Space::kReviews, RowKey(flag_id)));
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<std::string> wrapped,
                            view.Get(Space::kPersonKeys, WrappedKey(flag_id)));
  if (!row.has_value() || !wrapped.has_value()) return std::optional<LazyArchivedFlag>();
  if (row->empty() || (*row)[0] != store::kRowVersion) return BadRow("archived flag");
  return std::optional<LazyArchivedFlag>(
      LazyArchivedFlag(&keyring, flag_id, *std::move(wrapped), row->substr(1)));
}

absl::StatusOr<std::optional<base::Sealed<LazyArchivedFlag>>> ReadArchived(
    const store::View& view, const base::Keyring& keyring, const std::string& flag_id) {
  SIGNPOST_ASSIGN_OR_RETURN(std::optional<LazyArchivedFlag> found,
                            LookupArchived(view, keyring, flag_id));
  if (!found.has_value()) return std::optional<base::Sealed<LazyArchivedFlag>>();
  return std::optional<base::Sealed<LazyArchivedFlag>>(
      base::Sealed<LazyArchivedFlag>(*std::move(found)));
}

bool IsEndedRecord(absl::string_view key) { return absl::StartsWith(key, kEndedPrefix); }

absl::Status PutEndedRecord(const base::Keyring& keyring, absl::string_view agency_id,
                            absl::string_view record_hash, absl::Time now,
                            base::RandomSource* random, store::Batch* batch) {
  EndedRecordRow row;
  row.set_agency_id(std::string(agency_id));
  row.set_erased_at_s(absl::ToUnixSeconds(now));
  const std::string key = MarkKey(keyring, agency_id, record_hash);
  SIGNPOST_ASSIGN_OR_RETURN(const std::string sealed,
                            base::Seal(keyring.hub_data_key(),
                                       absl::StrCat(kEndedContext, absl::string_view("\0", 1), key),
                                       row.SerializeAsString(), random));
  batch->Put(Space::kPersonKeys, key, absl::StrCat(std::string(1, store::kRowVersion), sealed));
  batch->Put(Space::kMeta, kClosingMadeKey, "1");
  return absl::OkStatus();
}

void ForgetEndedRecord(const base::Keyring& keyring, absl::string_view agency_id,
                       absl::string_view record_hash, store::Batch* batch) {
  batch->Delete(Space::kPersonKeys, MarkKey(keyring, agency_id, record_hash));
  batch->Put(Space::kMeta, kClosingMadeKey, "1");
}

absl::StatusOr<bool> IsEnded(const store::View& view, const base::Keyring& keyring,
                             absl::string_view agency_id, absl::string_view record_hash) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::optional<std::string> mark,
                            view.Get(Space::kPersonKeys, MarkKey(keyring, agency_id, record_hash)));
  return mark.has_value();
}

}  // namespace signpost::people
