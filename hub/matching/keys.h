// Keys is a hasher that makes what matching looks up: keyed hashes of fields, and keys of them. A
// stolen store gives no name by them: every hash is an HMAC under a key that is not there.
//
// Match keys are derived from the hashes alone, so that they can be found again, added or deleted
// without opening anything personal.

#ifndef SIGNPOST_HUB_MATCHING_KEYS_H_
#define SIGNPOST_HUB_MATCHING_KEYS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/keyring.h"
#include "hub/matching/normalise.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/common.pb.h"

namespace signpost::matching {

inline constexpr size_t kFieldHashBytes = 16;

// Immutable and thread-safe. `normaliser` is not owned and must outlive it.
class Keys {
 public:
  Keys(const base::Keyring& keyring, const Normaliser* normaliser)
      : key_(keyring.matching_key()), normaliser_(normaliser) {}
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  // Hashes of each field of `details`; empty where it is null or not valid. Given names and surname
  // are hashed alike, so that names in each other's place can be seen.
  store::v1::AliasHashes Hash(const signpost::v1::PersonDetails& details) const;

  // Keys of Space::kMatchKeys under which somebody with these details is found, sorted.
  std::vector<std::string> StoredKeys(const store::v1::AliasHashes& hashes) const;
  // Whether a stored key is of what two people do not share: an identifier, or birth date and
  // postcode together.
  static bool IsExact(absl::string_view stored_key);
  // Keys to look under for these details: the stored ones, and those with day and month exchanged
  // and with the names exchanged. Sorted.
  std::vector<std::string> QueryKeys(const store::v1::AliasHashes& hashes) const {
    return QueryKeys(hashes, StoredKeys(hashes));
  }
  // The same, of the stored ones.
  std::vector<std::string> QueryKeys(const store::v1::AliasHashes& hashes,
                                     std::vector<std::string> stored) const;

 private:
  std::string Field(absl::string_view label, absl::string_view value) const;
  std::string Key(char label, absl::string_view a, absl::string_view b, absl::string_view c) const;

  const base::HmacKey key_;
  const Normaliser* const normaliser_;
};

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_KEYS_H_
