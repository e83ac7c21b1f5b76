#include "adapters/cli/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace signpost::adapters::cli {

absl::StatusOr<std::string> ReadBytes(const std::string& path, size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  std::string bytes;
  char buffer[1 << 16];
  while (file.read(buffer, sizeof(buffer)), file.gcount() > 0) {
    bytes.append(buffer, static_cast<size_t>(file.gcount()));
    if (bytes.size() > bytes_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, " is larger than ", bytes_max, " bytes"));
    }
  }
  if (file.bad()) return absl::NotFoundError(absl::StrCat(path, " cannot be read to its end"));
  return bytes;
}

absl::Status WriteBytes(const std::string& path, const std::string& bytes) {
  const std::filesystem::path target(path);
  std::error_code error;
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path(), error);
  const std::string draft = path + ".part";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t count = ::write(file, bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<size_t>(count);
  }
  const bool synced = written == bytes.size() && ::fsync(file) == 0;
  const int reason = errno;
  if (::close(file) != 0 || !synced || std::rename(draft.c_str(), path.c_str()) != 0) {
    const int last = synced ? errno : reason;
    ::unlink(draft.c_str());
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(last)));
  }
  return absl::OkStatus();
}

}  // namespace signpost::adapters::cli
