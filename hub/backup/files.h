// These are helpers with files and keys that backup and restore share. Thread-safe.

#ifndef SIGNPOST_HUB_BACKUP_FILES_H_
#define SIGNPOST_HUB_BACKUP_FILES_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/random.h"

typedef struct evp_md_ctx_st EVP_MD_CTX;

namespace signpost::backup {

// What the name of a file ends in until it is whole.
inline constexpr char kUnfinished[] = ".new";

// In a backup's directory; a keys directory holds kKeysFile alone.
inline constexpr char kObjectsDirectory[] = "objects";
inline constexpr char kManifestsDirectory[] = "manifests";
inline constexpr char kKeysFile[] = "person-keys";

// kStoreUnavailable for what errno says: "cannot <what> <path>: ...".
absl::Status FileError(const char* what, const std::string& path);

// Gives `from` the name `to`, whatever stood there, so that a crash leaves either; syncs the
// directory.
[[nodiscard]] absl::Status RenameInto(const std::string& from, const std::string& to);
[[nodiscard]] absl::Status SyncDirectory(const std::string& path);

// SHA-256 of bytes that come piece by piece. Not thread-safe.
class RunningHash {
 public:
  RunningHash();
  ~RunningHash();
  RunningHash(const RunningHash&) = delete;
  RunningHash& operator=(const RunningHash&) = delete;
  void Add(absl::string_view bytes);
  // 32 bytes. Call once, last.
  std::string Finish();

 private:
  EVP_MD_CTX* const context_;
};

// The keys that a backup's files are sealed with, derived from the one in the key file.
struct BackupKeys {
  base::SecretKey object;  // files of the store
  base::SecretKey name;    // HMAC that names them
  base::SecretKey manifest;
  base::SecretKey person_keys;
};

// From a file of 32 raw bytes or one line of base64 that its owner alone can read. Errors:
// kKeyUnavailable, naming the file and what to run.
[[nodiscard]] absl::StatusOr<BackupKeys> ReadBackupKeys(const std::string& path);
// Makes a new key and writes it as one base64 line with mode 0600. Never overwrites:
// kAlreadyExists.
[[nodiscard]] absl::Status WriteNewBackupKey(const std::string& path, base::RandomSource* random);

}  // namespace signpost::backup

#endif  // SIGNPOST_HUB_BACKUP_FILES_H_
