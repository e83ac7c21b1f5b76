#include "adapters/kit/inbox.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"

namespace signpost::adapters {
namespace {

// '*' stands for any text, also none; every other character for itself.
bool Matches(absl::string_view pattern, absl::string_view name) {
  const size_t star = pattern.find('*');
  if (star == absl::string_view::npos) return pattern == name;
  const absl::string_view head = pattern.substr(0, star);
  const absl::string_view rest = pattern.substr(star + 1);
  if (!absl::StartsWith(name, head)) return false;
  for (size_t at = head.size(); at <= name.size(); ++at) {
    if (Matches(rest, name.substr(at))) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<Inbox> Inbox::Scan(const std::string& folder) {
  Inbox inbox;
  inbox.folder_ = folder;
  DIR* open_folder = opendir(folder.c_str());
  if (open_folder == nullptr) {
    return base::InvalidField("inbox",
                              absl::StrCat(folder, " cannot be read (", std::strerror(errno), ")"));
  }
  while (const dirent* entry = readdir(open_folder)) {
    const std::string name = entry->d_name;
    struct stat info = {};
    if (name[0] == '.' || stat(absl::StrCat(folder, "/", name).c_str(), &info) != 0 ||
        !S_ISREG(info.st_mode)) {
      continue;
    }
    inbox.names_.push_back(name);
    inbox.newest_ = std::max(inbox.newest_, absl::TimeFromTimespec(info.st_mtim));
  }
  closedir(open_folder);
  std::sort(inbox.names_.begin(), inbox.names_.end());
  // Size, inode and time: a file that is written over, replaced, or touched looks like another.
  for (const std::string& name : inbox.names_) {
    struct stat info = {};
    if (stat(inbox.PathOf(name).c_str(), &info) != 0) continue;
    absl::StrAppend(&inbox.fingerprint_, name, "/", info.st_size, "/", info.st_ino, "/",
                    absl::ToUnixNanos(absl::TimeFromTimespec(info.st_mtim)), "\n");
  }
  return inbox;
}

std::vector<std::string> Inbox::Matching(const std::string& pattern) const {
  std::vector<std::string> found;
  for (const std::string& name : names_) {
    if (Matches(pattern, name)) found.push_back(name);
  }
  return found;
}

std::string Inbox::PathOf(const std::string& name) const {
  return absl::StrCat(folder_, "/", name);
}

std::optional<std::string> NewestWhole(
    const Inbox& inbox, const std::string& pattern, bool needed,
    const std::function<absl::Status(const std::string& path)>& check, Extract* extract) {
  std::vector<std::string> names = inbox.Matching(pattern);
  std::reverse(names.begin(), names.end());
  std::optional<std::string> whole;
  // Whether a broken file refuses the whole extract is known only when no whole one was found.
  std::vector<std::pair<std::string, absl::Status>> broken;
  for (const std::string& name : names) {
    absl::Status status = check(inbox.PathOf(name));
    if (status.ok()) {
      whole = name;
      break;
    }
    broken.emplace_back(name, std::move(status));
  }
  for (const auto& [name, status] : broken) {
    extract->RefuseFile(name, status, needed && !whole.has_value());
  }
  if (names.empty() && needed) {
    extract->RefuseFile(pattern,
                        base::InvalidField("inbox",
                                           "no such file in the inbox, and the extract "
                                           "cannot stand without it; has the export run?"),
                        /*needed=*/true);
  }
  return whole;
}

}  // namespace signpost::adapters
