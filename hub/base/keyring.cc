#include "hub/base/keyring.h"

#include <openssl/crypto.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::base {
namespace {

// Labels are part of the store's format: another label is another key, and nothing opens any more.
constexpr char kCheckLabel[] = "signpost.v1/master-key-check";
constexpr char kRootWrappingLabel[] = "signpost.v1/root-key-wrapping";
constexpr char kRootContext[] = "signpost.v1/root-key";
constexpr char kWrappingLabel[] = "signpost.v1/person-data-key-wrapping";
constexpr char kMatchingLabel[] = "signpost.v1/matching";
constexpr char kLocalRecordLabel[] = "signpost.v1/local-record";
constexpr char kErasedRecordLabel[] = "signpost.v1/erased-record";
constexpr char kRequestLabel[] = "signpost.v1/request";
constexpr char kHubDataLabel[] = "signpost.v1/hub-data";
constexpr char kAgencyEpochLabel[] = "signpost.v1/agency-person-id/epoch/";
constexpr char kAgencyLabel[] = "signpost.v1/agency-person-id/agency/";
constexpr char kDataKeyContext[] = "signpost.v1/data-key/";

void Wipe(std::string* bytes) { OPENSSL_cleanse(bytes->data(), bytes->size()); }

}  // namespace

absl::StatusOr<MasterKey> MasterKey::ReadFile(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(std::string bytes, ReadSecretFile(path, kKeyFileBytesMax));
  if (bytes.size() == kSecretKeyBytes) {
    absl::StatusOr<MasterKey> key = FromBytes(bytes);
    Wipe(&bytes);
    return key;
  }
  absl::string_view line = bytes;
  absl::ConsumeSuffix(&line, "\n");
  absl::ConsumeSuffix(&line, "\r");
  absl::StatusOr<std::string> decoded = Base64Decode(line);
  absl::StatusOr<MasterKey> key = FromBytes(decoded.ok() ? *decoded : "");
  if (decoded.ok()) Wipe(&*decoded);
  Wipe(&bytes);
  if (!key.ok()) {
    return Error(Reason::kKeyUnavailable,
                 absl::StrCat("key file ", path,
                              ": is neither 32 raw bytes nor one line of base64 for 32 bytes; "
                              "restore it from its copy (a new key cannot read the old store)"));
  }
  return key;
}

absl::Status MasterKey::WriteNewFile(const std::string& path, RandomSource* random) {
  const SecretKey key = SecretKey::Generate(random);
  std::string line = absl::StrCat(Base64Encode(key.bytes()), "\n");
  absl::Status status = WriteSecretFile(path, line);
  Wipe(&line);
  return status;
}

absl::StatusOr<MasterKey> MasterKey::FromBytes(absl::string_view bytes) {
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey key, SecretKey::FromBytes(bytes));
  return MasterKey(key);
}

std::string MasterKey::CheckValue() const {
  return HmacSha256(key_->bytes(), kCheckLabel).substr(0, kCheckValueBytes);
}

absl::StatusOr<std::string> MasterKey::WrapRootKey(const SecretKey& root,
                                                   RandomSource* random) const {
  SIGNPOST_ASSIGN_OR_RETURN(const SecretKey wrapping, DeriveKey(*key_, kRootWrappingLabel));
  return Seal(wrapping, kRootContext, root.bytes(), random);
}

absl::StatusOr<SecretKey> MasterKey::UnwrapRootKey(absl::string_view wrapped) const {
  SIGNPOST_ASSIGN_OR_RETURN(const SecretKey wrapping, DeriveKey(*key_, kRootWrappingLabel));
  SIGNPOST_ASSIGN_OR_RETURN(std::string bytes, Open(wrapping, kRootContext, wrapped));
  absl::StatusOr<SecretKey> root = SecretKey::FromBytes(bytes);
  Wipe(&bytes);
  if (!root.ok()) return Error(Reason::kDataLoss, "the wrapped root key has the wrong length");
  return root;
}

absl::StatusOr<Keyring::Wrapping> Keyring::WrappingOf(const MasterKey& master) {
  if (master.key_ == nullptr) return Error(Reason::kInternal, "the master key was moved away");
  SIGNPOST_ASSIGN_OR_RETURN(const SecretKey key, DeriveKey(*master.key_, kWrappingLabel));
  return Wrapping{master.CheckValue().substr(0, kWrappedUnderBytes), key};
}

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::Create(const SecretKey& root,
                                                         const MasterKey& master,
                                                         const MasterKey* old_master) {
  SIGNPOST_ASSIGN_OR_RETURN(Wrapping wrapping, WrappingOf(master));
  std::optional<Wrapping> old_wrapping;
  if (old_master != nullptr) {
    SIGNPOST_ASSIGN_OR_RETURN(old_wrapping, WrappingOf(*old_master));
  }
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey matching, DeriveKey(root, kMatchingLabel));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey local_record, DeriveKey(root, kLocalRecordLabel));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey erased_record, DeriveKey(root, kErasedRecordLabel));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey request, DeriveKey(root, kRequestLabel));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey hub_data, DeriveKey(root, kHubDataLabel));
  EpochKeys epochs;
  for (int epoch = kAgencyIdEpochMin; epoch <= kAgencyIdEpochMax; ++epoch) {
    SIGNPOST_ASSIGN_OR_RETURN(SecretKey key,
                              DeriveKey(root, absl::StrCat(kAgencyEpochLabel, epoch)));
    epochs[static_cast<size_t>(epoch)] = std::make_unique<SecretKey>(key);
  }
  return std::unique_ptr<Keyring>(new Keyring(std::move(wrapping), std::move(old_wrapping),
                                              matching, local_record, erased_record, request,
                                              hub_data, std::move(epochs)));
}

Keyring::Keyring(Wrapping wrapping, std::optional<Wrapping> old_wrapping, const SecretKey& matching,
                 const SecretKey& local_record, const SecretKey& erased_record,
                 const SecretKey& request, const SecretKey& hub_data, EpochKeys epochs)
    : wrapping_(std::move(wrapping)),
      old_wrapping_(std::move(old_wrapping)),
      matching_key_(matching),
      local_record_key_(local_record),
      erased_record_key_(erased_record),
      request_key_(request),
      hub_data_key_(hub_data),
      epoch_keys_(std::move(epochs)) {}

absl::StatusOr<std::string> Keyring::WrapDataKey(const PersonId& person, const SecretKey& data_key,
                                                 RandomSource* random) const {
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::string sealed,
      Seal(wrapping_.key, absl::StrCat(kDataKeyContext, person.bytes()), data_key.bytes(), random));
  return absl::StrCat(wrapping_.under, sealed);
}

bool Keyring::IsUnderMaster(absl::string_view wrapped) const {
  return absl::StartsWith(wrapped, wrapping_.under);
}

absl::StatusOr<SecretKey> Keyring::UnwrapDataKey(const PersonId& person,
                                                 absl::string_view wrapped) const {
  const Wrapping* wrapping = &wrapping_;
  if (!IsUnderMaster(wrapped)) {
    if (!old_wrapping_.has_value() || !absl::StartsWith(wrapped, old_wrapping_->under)) {
      return Error(Reason::kDataLoss,
                   "a wrapped data key was changed, or lies under a master key that was not given");
    }
    wrapping = &*old_wrapping_;
  }
  SIGNPOST_ASSIGN_OR_RETURN(std::string bytes,
                            Open(wrapping->key, absl::StrCat(kDataKeyContext, person.bytes()),
                                 wrapped.substr(kWrappedUnderBytes)));
  absl::StatusOr<SecretKey> key = SecretKey::FromBytes(bytes);
  Wipe(&bytes);
  if (!key.ok()) return Error(Reason::kDataLoss, "a wrapped data key has the wrong length");
  return key;
}

absl::StatusOr<SecretKey> Keyring::AgencyPersonKey(absl::string_view agency_id, int epoch) const {
  if (epoch < kAgencyIdEpochMin || epoch > kAgencyIdEpochMax) {
    return InvalidField(
        "epoch", absl::StrCat("must be from ", kAgencyIdEpochMin, " to ", kAgencyIdEpochMax));
  }
  if (agency_id.empty()) return InvalidField("agency_id", "is missing");
  return DeriveKey(*epoch_keys_[static_cast<size_t>(epoch)], absl::StrCat(kAgencyLabel, agency_id));
}

}  // namespace signpost::base
