#include "adapters/kit/zip.h"

#include <sys/stat.h>
#include <zip.h>

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Whether a file of this name stays inside the folder it is unpacked into.
bool StaysInside(absl::string_view name) {
  if (name.empty() || name[0] == '/' || absl::StrContains(name, '\\') ||
      absl::StrContains(name, ':')) {
    return false;
  }
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20) return false;
  }
  for (absl::string_view part : absl::StrSplit(name, '/')) {
    if (part == ".." || part == ".") return false;
  }
  return true;
}

constexpr char kCutOff[] =
    "is not a whole zip archive; was it cut off while it was copied? Copy it again";

}  // namespace

ZipArchive::ZipArchive(std::string name, ZipLimits limits)
    : name_(std::move(name)), limits_(limits) {}

ZipArchive::~ZipArchive() {
  if (archive_ != nullptr) zip_discard(archive_);
}

absl::Status ZipArchive::Refuse(const std::string& what) const {
  return base::Error(base::Reason::kInvalidField, absl::StrCat(name_, ": ", what), {{name_, what}});
}

absl::StatusOr<std::unique_ptr<ZipArchive>> ZipArchive::Open(const std::string& path,
                                                             ZipLimits limits) {
  auto archive = std::unique_ptr<ZipArchive>(new ZipArchive(BaseName(path), limits));
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    return base::Error(base::Reason::kNotFound,
                       absl::StrCat(BaseName(path), ": no such file; check that the export ran"));
  }
  if (info.st_size > limits.archive_bytes_max) {
    return archive->Refuse(absl::StrCat("is larger than ", limits.archive_bytes_max, " bytes"));
  }
  // libzip takes a file of no bytes for an archive of no entries; here it is one still to be
  // written.
  if (info.st_size == 0) return archive->Refuse(kCutOff);
  int error = 0;
  archive->archive_ = zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (archive->archive_ == nullptr) return archive->Refuse(kCutOff);
  SIGNPOST_RETURN_IF_ERROR(archive->Check());
  return archive;
}

absl::StatusOr<std::unique_ptr<ZipArchive>> ZipArchive::FromBytes(std::string bytes,
                                                                  const std::string& name,
                                                                  ZipLimits limits) {
  auto archive = std::unique_ptr<ZipArchive>(new ZipArchive(name, limits));
  if (static_cast<int64_t>(bytes.size()) > limits.archive_bytes_max) {
    return archive->Refuse(absl::StrCat("is larger than ", limits.archive_bytes_max, " bytes"));
  }
  if (bytes.empty()) return archive->Refuse(kCutOff);
  archive->bytes_ = std::move(bytes);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source =
      zip_source_buffer_create(archive->bytes_.data(), archive->bytes_.size(), 0, &error);
  if (source != nullptr) {
    archive->archive_ = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (archive->archive_ == nullptr) zip_source_free(source);
  }
  zip_error_fini(&error);
  if (archive->archive_ == nullptr) return archive->Refuse(kCutOff);
  SIGNPOST_RETURN_IF_ERROR(archive->Check());
  return archive;
}

absl::Status ZipArchive::Check() {
  const int64_t entries = zip_get_num_entries(archive_, 0);
  if (entries > limits_.entries_max) {
    return Refuse(absl::StrCat("has more than ", limits_.entries_max, " entries"));
  }
  std::set<absl::string_view> seen;
  names_.reserve(static_cast<size_t>(entries));
  for (int64_t i = 0; i < entries; ++i) {
    const char* entry_name = zip_get_name(archive_, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_GUESS);
    if (entry_name == nullptr) return Refuse(absl::StrCat("entry ", i + 1, " has no name"));
    const absl::string_view view(entry_name);
    if (view.size() > limits_.name_bytes_max || !StaysInside(view)) {
      return Refuse(absl::StrCat("entry ", i + 1,
                                 " has a name that could leave its folder, or is too long; such an "
                                 "archive is not taken at all"));
    }
    names_.emplace_back(view);
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!seen.insert(names_[i]).second) {
      return Refuse(absl::StrCat("entry ", i + 1, " has the name of an earlier one"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ZipArchive::Read(size_t index) {
  if (index >= names_.size()) return Refuse("no such entry");
  const std::string entry = absl::StrCat("entry ", index + 1);
  zip_stat_t info;
  zip_stat_init(&info);
  if (zip_stat_index(archive_, index, 0, &info) != 0) {
    return Refuse(absl::StrCat(entry, " cannot be read"));
  }
  if ((info.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && info.encryption_method != ZIP_EM_NONE) {
    return Refuse(absl::StrCat(entry, " is encrypted; export without a password"));
  }
  zip_file_t* file = zip_fopen_index(archive_, index, 0);
  if (file == nullptr) return Refuse(absl::StrCat(entry, " cannot be read"));
  std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> owned(file, zip_fclose);
  const int64_t packed =
      (info.valid & ZIP_STAT_COMP_SIZE) != 0 ? static_cast<int64_t>(info.comp_size) : 0;
  std::string bytes;
  char buffer[16 << 10];
  while (true) {
    const int64_t got = zip_fread(file, buffer, sizeof(buffer));
    if (got < 0) return Refuse(absl::StrCat(entry, " is damaged: its checksum does not match"));
    if (got == 0) break;
    bytes.append(buffer, static_cast<size_t>(got));
    bytes_read_ += got;
    const auto size = static_cast<int64_t>(bytes.size());
    if (size > limits_.entry_bytes_max || bytes_read_ > limits_.total_bytes_max) {
      return Refuse(absl::StrCat(entry, " unpacks to more than ", limits_.entry_bytes_max,
                                 " bytes, or all together to more than ", limits_.total_bytes_max));
    }
    if (size > limits_.ratio_free_bytes && size > limits_.ratio_max * packed) {
      return Refuse(
          absl::StrCat(entry, " unpacks to more than ", limits_.ratio_max, " times its size"));
    }
  }
  return bytes;
}

}  // namespace signpost::adapters
