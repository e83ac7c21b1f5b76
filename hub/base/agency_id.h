// AgencyPersonIds is a codec that gives each agency its own ids of young persons.
//
// It is the hub's PersonId under one AES-256 block with a key for this agency and epoch, printed as
// `SP1-0T9K3-M5Z0X-WGQ4S-2B7N1-R8CVDE-C`: `SP`, the epoch, 26 base-32 characters, a check
// character. Two agencies cannot join their lists without the hub; the hub stores nothing to read
// them back.

#ifndef SIGNPOST_HUB_BASE_AGENCY_ID_H_
#define SIGNPOST_HUB_BASE_AGENCY_ID_H_

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"

namespace signpost::base {

inline constexpr int kAgencyPersonIdTextBytesMax = 64;  // as typed, with spaces

// Thread-safe. `keyring` is not owned and must outlive it.
class AgencyPersonIds {
 public:
  // New ids are made in `epoch`; ids of every epoch are read.
  // REQUIRES: kAgencyIdEpochMin <= epoch <= kAgencyIdEpochMax.
  AgencyPersonIds(const Keyring* keyring, int epoch);
  AgencyPersonIds(const AgencyPersonIds&) = delete;
  AgencyPersonIds& operator=(const AgencyPersonIds&) = delete;

  // Errors: kInvalidField for an empty agency.
  [[nodiscard]] absl::StatusOr<std::string> Encode(absl::string_view agency_id,
                                                   const PersonId& person);

  // Reads either case, with or without hyphens and spaces, O for 0, I and L for 1.
  //
  // An id that another agency was given decodes to an id nobody has: the caller finds nothing, as
  // for a person that never was. Errors: kInvalidField, field "person_id", when the text is not of
  // this form or its check character does not match (mistyped).
  [[nodiscard]] absl::StatusOr<PersonId> Decode(absl::string_view agency_id,
                                                absl::string_view text);

 private:
  absl::StatusOr<SecretKey> KeyFor(absl::string_view agency_id, int epoch);

  const Keyring* const keyring_;
  const int epoch_;
  absl::Mutex mutex_;
  // Derived keys, at most kKeysMax; deriving again is cheap, so a full map is simply emptied.
  absl::flat_hash_map<std::pair<std::string, int>, SecretKey> keys_ ABSL_GUARDED_BY(mutex_);
};

// Whether `text` has the form of an agency person id and its check character matches. Knows no key:
// for clients, to catch a slip of the hand before asking. Errors as Decode().
[[nodiscard]] absl::Status CheckAgencyPersonId(absl::string_view text);

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_AGENCY_ID_H_
