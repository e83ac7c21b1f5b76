#include "hub/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::base {
namespace {

absl::Status Failed(const char* what, const std::string& path) {
  return Error(Reason::kStoreUnavailable,
               absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno),
                            "; look at room and rights there"));
}

bool WriteAll(int fd, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<size_t>(wrote);
  }
  return true;
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int dir = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0) return Failed("sync", directory);
  absl::Status unsynced = ::fsync(dir) == 0 ? absl::OkStatus() : Failed("sync", directory);
  ::close(dir);
  return unsynced;
}

}  // namespace

absl::Status ReplaceFile(const std::string& path, const std::string& bytes) {
  const std::string temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                        S_IRUSR | S_IWUSR | S_IRGRP);
  if (fd < 0) return Failed("create", temporary);
  const bool synced = WriteAll(fd, bytes) && ::fsync(fd) == 0;
  absl::Status failed = synced ? absl::OkStatus() : Failed("write", temporary);
  ::close(fd);
  if (!failed.ok()) return failed;
  if (::rename(temporary.c_str(), path.c_str()) != 0) return Failed("rename", temporary);
  return SyncDirectoryOf(path);
}

absl::Status RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("remove", path);
  return SyncDirectoryOf(path);
}

absl::StatusOr<std::optional<std::string>> ReadWholeFile(const std::string& path,
                                                         size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) return Failed("read", path);
  std::string bytes;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof(buffer))) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || bytes.size() + static_cast<size_t>(got) > bytes_max) break;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  if (got > 0) errno = EFBIG;
  absl::Status failed = got == 0 ? absl::OkStatus() : Failed("read", path);
  ::close(fd);
  if (!failed.ok()) return failed;
  return bytes;
}

}  // namespace signpost::base
