#include "hub/backup/files.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::backup {

using base::Error;
using base::Reason;
using base::SecretKey;

absl::Status FileError(const char* what, const std::string& path) {
  return Error(Reason::kStoreUnavailable,
               absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno),
                            "; look at room and rights there"));
}

absl::Status SyncDirectory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return FileError("open", path);
  const bool synced = ::fsync(directory) == 0;
  const int error = errno;
  ::close(directory);
  errno = error;
  return synced ? absl::OkStatus() : FileError("sync", path);
}

absl::Status RenameInto(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return FileError("rename", from);
  const size_t slash = to.rfind('/');
  return SyncDirectory(slash == std::string::npos ? "." : to.substr(0, slash + 1));
}

// As in base/crypto.h: a hash that fails ends the process rather than be wrong.
RunningHash::RunningHash() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1) std::abort();
}

RunningHash::~RunningHash() { EVP_MD_CTX_free(context_); }

void RunningHash::Add(absl::string_view bytes) {
  if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) std::abort();
}

std::string RunningHash::Finish() {
  std::string hash(base::kHashBytes, '\0');
  if (EVP_DigestFinal_ex(context_, reinterpret_cast<uint8_t*>(hash.data()), nullptr) != 1) {
    std::abort();
  }
  return hash;
}

absl::StatusOr<BackupKeys> ReadBackupKeys(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(std::string bytes, base::ReadSecretFile(path, base::kKeyFileBytesMax));
  if (bytes.size() != base::kSecretKeyBytes) {
    absl::string_view line = bytes;
    absl::ConsumeSuffix(&line, "\n");
    absl::ConsumeSuffix(&line, "\r");
    absl::StatusOr<std::string> decoded = base::Base64Decode(line);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    bytes = decoded.ok() ? *std::move(decoded) : "";
  }
  const absl::StatusOr<SecretKey> key = SecretKey::FromBytes(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  if (!key.ok()) {
    return Error(Reason::kKeyUnavailable,
                 absl::StrCat("key file ", path,
                              " is neither 32 raw bytes nor one line of base64 for 32 bytes; "
                              "bring the right one, or make one: signpost-hub keygen --backup"));
  }
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey object, base::DeriveKey(*key, "signpost.v1/backup/object"));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey name, base::DeriveKey(*key, "signpost.v1/backup/name"));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey manifest,
                            base::DeriveKey(*key, "signpost.v1/backup/manifest"));
  SIGNPOST_ASSIGN_OR_RETURN(SecretKey persons,
                            base::DeriveKey(*key, "signpost.v1/backup/person-keys"));
  return BackupKeys{object, name, manifest, persons};
}

absl::Status WriteNewBackupKey(const std::string& path, base::RandomSource* random) {
  const SecretKey key = SecretKey::Generate(random);
  std::string line = absl::StrCat(base::Base64Encode(key.bytes()), "\n");
  absl::Status status = base::WriteSecretFile(path, line);
  OPENSSL_cleanse(line.data(), line.size());
  return status;
}

}  // namespace signpost::backup
