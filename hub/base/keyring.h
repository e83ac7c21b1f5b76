// Keyring is a holder of keys that all come from one master key in a file: wrapped under it, or
// derived from the root key, which is.
//
// The root key is made with a store and never changes: what is found by a hash, and ids that agencies
// keep, are made with keys derived from it. Only what is wrapped hangs on the master key itself, the
// root key and each young person's data key. So the master key can be changed by wrapping these anew,
// and until that is done some lie under the one before (keys/master_key.h).
//
// What is stored on disk beside the data is useless without the file. Losing the file loses every
// name, birth date and contact; a copy belongs in a safe (see docs/operating.md).

#ifndef SIGNPOST_HUB_BASE_KEYRING_H_
#define SIGNPOST_HUB_BASE_KEYRING_H_

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/ids.h"
#include "hub/base/random.h"

namespace signpost::base {

// Agency ids are keyed per epoch; the epoch is one base-32 character in the id.
inline constexpr int kAgencyIdEpochMin = 1;
inline constexpr int kAgencyIdEpochMax = 31;

inline constexpr size_t kCheckValueBytes = 16;
// The beginning of a check value, by which a wrapped key says under which master key it lies.
inline constexpr size_t kWrappedUnderBytes = 8;

// 32 secret bytes. Moves, does not copy, never prints, wipes itself.
class MasterKey {
 public:
  // Reads a file of 32 raw bytes, or of one line of base64 (44 characters). Errors: kKeyUnavailable
  // when the file is missing, of another form, owned by another user, or open to group or others;
  // the message names the file and the chmod or the command to run.
  [[nodiscard]] static absl::StatusOr<MasterKey> ReadFile(const std::string& path);
  // Makes a new key and writes it as one base64 line with mode 0600. Never overwrites:
  // kAlreadyExists.
  [[nodiscard]] static absl::Status WriteNewFile(const std::string& path, RandomSource* random);
  // For tests and for keys that come from elsewhere. Errors: kKeyUnavailable unless 32 bytes.
  [[nodiscard]] static absl::StatusOr<MasterKey> FromBytes(absl::string_view bytes);

  // By what this key is told from another: kCheckValueBytes, the same each time, from which nothing
  // can be learnt of the key. May be stored, printed, and written on an envelope.
  std::string CheckValue() const;

  // The root key as it is stored: AES-256-GCM under a key derived from this one.
  [[nodiscard]] absl::StatusOr<std::string> WrapRootKey(const SecretKey& root,
                                                        RandomSource* random) const;
  // Errors: kDataLoss when `wrapped` was made with another key or was changed.
  [[nodiscard]] absl::StatusOr<SecretKey> UnwrapRootKey(absl::string_view wrapped) const;

  MasterKey(MasterKey&&) = default;
  MasterKey& operator=(MasterKey&&) = default;

 private:
  friend class Keyring;
  explicit MasterKey(SecretKey key) : key_(std::make_unique<SecretKey>(key)) {}
  std::unique_ptr<SecretKey> key_;
};

// What is derived from a root key and a master key, each by HKDF under its own label. Immutable and
// thread-safe.
class Keyring {
 public:
  // Derives everything once; no key given is needed afterwards. Data keys are wrapped under
  // `master`, and open under `old_master` too where there is one. Errors: kInternal when OpenSSL
  // fails.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Keyring>> Create(
      const SecretKey& root, const MasterKey& master, const MasterKey* old_master = nullptr);

  // A person's data key under which their details are sealed, as it is stored: the beginning of the
  // master key's check value, and AES-256-GCM with their id as context, so that one person's key
  // does not open in another's row.
  [[nodiscard]] absl::StatusOr<std::string> WrapDataKey(const PersonId& person,
                                                        const SecretKey& data_key,
                                                        RandomSource* random) const;
  // Errors: kDataLoss when `wrapped` is not this person's, was changed, or lies under a master key
  // that was not given.
  [[nodiscard]] absl::StatusOr<SecretKey> UnwrapDataKey(const PersonId& person,
                                                        absl::string_view wrapped) const;
  // Whether `wrapped` says that it lies under `master`, as what WrapDataKey() makes does.
  bool IsUnderMaster(absl::string_view wrapped) const;

  // HMAC key of matching keys: Space::kMatchKeys.
  const SecretKey& matching_key() const { return matching_key_; }
  // HMAC key of agencies' own record ids: Space::kLocalRecords.
  const SecretKey& local_record_key() const { return local_record_key_; }
  // HMAC key of marks of erased records: people/erased_records.h.
  const SecretKey& erased_record_key() const { return erased_record_key_; }
  // HMAC key of remembered requests: Space::kRequests.
  const SecretKey& request_key() const { return request_key_; }
  // Seals what belongs to the hub and to no one person (review rows before they are linked).
  const SecretKey& hub_data_key() const { return hub_data_key_; }
  // Key of `agency_id`'s person ids in `epoch`. Errors: kInvalidField for an epoch out of range or
  // an empty agency.
  [[nodiscard]] absl::StatusOr<SecretKey> AgencyPersonKey(absl::string_view agency_id,
                                                          int epoch) const;

 private:
  using EpochKeys = std::array<std::unique_ptr<SecretKey>, kAgencyIdEpochMax + 1>;
  // What data keys are wrapped with under one master key.
  struct Wrapping {
    std::string under;  // kWrappedUnderBytes
    SecretKey key;
  };
  static absl::StatusOr<Wrapping> WrappingOf(const MasterKey& master);
  Keyring(Wrapping wrapping, std::optional<Wrapping> old_wrapping, const SecretKey& matching,
          const SecretKey& local_record, const SecretKey& erased_record, const SecretKey& request,
          const SecretKey& hub_data, EpochKeys epochs);

  const Wrapping wrapping_;
  const std::optional<Wrapping> old_wrapping_;
  const SecretKey matching_key_;
  const SecretKey local_record_key_;
  const SecretKey erased_record_key_;
  const SecretKey request_key_;
  const SecretKey hub_data_key_;
  // By epoch; [0] is empty.
  const EpochKeys epoch_keys_;
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_KEYRING_H_
