// A ZipArchive is a reader of a zip from outside, in memory, with libzip held at arm's length.
//
// Nothing is ever unpacked to disk. An archive is refused as a whole when a name could leave a
// folder it were unpacked into, stands twice, or when entries, sizes or compression ratios pass the
// limits; sizes are counted as bytes come out, not as the archive claims them.
//
// Not thread-safe. Messages name the archive and the entry's number.

#ifndef SIGNPOST_ADAPTERS_KIT_ZIP_H_
#define SIGNPOST_ADAPTERS_KIT_ZIP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

struct zip;

namespace signpost::adapters {

struct ZipLimits {
  int64_t archive_bytes_max = int64_t{1} << 30;
  int64_t entries_max = 400'000;
  int64_t entry_bytes_max = 4 << 20;           // uncompressed
  int64_t total_bytes_max = int64_t{4} << 30;  // uncompressed, over all reads
  int64_t ratio_max = 200;                     // judged above ratio_free_bytes
  int64_t ratio_free_bytes = 64 << 10;
  size_t name_bytes_max = 255;
};

class ZipArchive {
 public:
  // Errors: kNotFound when there is no such file; kInvalidField when it is not a whole zip archive
  // (e.g. cut off while it was copied) or is refused for the reasons above.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ZipArchive>> Open(const std::string& path,
                                                                        ZipLimits limits = {});
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ZipArchive>> FromBytes(
      std::string bytes, const std::string& name, ZipLimits limits = {});
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  // Names of all entries, in order; folders end in '/'.
  const std::vector<std::string>& names() const { return names_; }
  // The bytes of entry `index` of names(). Errors: kInvalidField when it passes a limit, is
  // encrypted, or its checksum does not match. A bad entry does not spoil the others.
  [[nodiscard]] absl::StatusOr<std::string> Read(size_t index);

 private:
  ZipArchive(std::string name, ZipLimits limits);
  absl::Status Check();
  absl::Status Refuse(const std::string& what) const;

  const std::string name_;
  const ZipLimits limits_;
  std::string bytes_;  // of the archive, when it came from memory; outlives archive_
  zip* archive_ = nullptr;
  std::vector<std::string> names_;
  int64_t bytes_read_ = 0;
};

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_ZIP_H_
