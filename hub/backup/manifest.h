// The manifest is a list that says what a backup holds. Pure functions but for reading and writing;
// thread-safe.

#ifndef SIGNPOST_HUB_BACKUP_MANIFEST_H_
#define SIGNPOST_HUB_BACKUP_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/random.h"
#include "signpost/store/v1/backup.pb.h"

namespace signpost::backup {

using ::signpost::store::v1::BackupFile;
using ::signpost::store::v1::BackupManifest;

// Errors: kStoreNewer for a later format; kDataLoss for anything that Encode would not have
// written: a file name that leads out of its directory, two files of one name, a hash that is none.
[[nodiscard]] absl::StatusOr<BackupManifest> DecodeManifest(absl::string_view bytes);

// The label under which the file of `object` is sealed.
std::string ObjectLabel(const std::string& object);

// "00000012" for 12.
std::string ManifestName(uint64_t number);
// Numbers of the manifests in `directory`, ascending; files of other names are passed over.
[[nodiscard]] absl::StatusOr<std::vector<uint64_t>> ManifestNumbers(const std::string& directory);

// Reads manifest `number` of the backups in `directory`. Errors: kNotFound; kDataLoss.
[[nodiscard]] absl::StatusOr<BackupManifest> ReadManifest(const std::string& directory,
                                                          uint64_t number,
                                                          const base::SecretKey& key);
[[nodiscard]] absl::Status WriteManifest(const std::string& directory,
                                         const BackupManifest& manifest, const base::SecretKey& key,
                                         base::RandomSource* random);

}  // namespace signpost::backup

#endif  // SIGNPOST_HUB_BACKUP_MANIFEST_H_
