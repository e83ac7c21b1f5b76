// Preloaded into a hub under test: witnesses what it syncs. Each fsync and fdatasync that succeeds
// appends a line "<length> <path>" to the file that SIGNPOST_SYNC_WITNESS names: that much of that
// file would survive a power cut. The length is taken before the sync, for what is written while it
// runs may not be covered.

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

using Sync = int (*)(int);

int Witness(const char* name, int fd) {
  struct stat before = {};
  const bool known = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
  const auto real = reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name));
  const int result = real(fd);
  static const char* const file = std::getenv("SIGNPOST_SYNC_WITNESS");
  if (result != 0 || !known || file == nullptr) return result;
  static const int log = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char link[64];
  char path[PATH_MAX];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  if (length <= 0) return result;
  path[length] = '\0';
  char line[PATH_MAX + 64];
  const int size =
      std::snprintf(line, sizeof(line), "%lld %s\n", static_cast<long long>(before.st_size), path);
  // Whole lines: one write to a file opened for appending.
  if (write(log, line, static_cast<size_t>(size)) != size) std::abort();
  return result;
}

}  // namespace

extern "C" int fsync(int fd) { return Witness("fsync", fd); }
extern "C" int fdatasync(int fd) { return Witness("fdatasync", fd); }
