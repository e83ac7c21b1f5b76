// A sealed file is a list of records that AES-256-GCM seals, in an order nobody can change.
//
//   "SIGNPOST-SEALED-1\n", then for each record its sealed length (4 bytes, big-endian) and the
//   sealed record; at the end an empty record that is marked as the last.
//
// Each record is authenticated together with the file's label, its number in the file and whether
// it is the last: a record that is left out, moved, taken from another file or cut off at the end
// does not open. A writer and a reader belong to one thread each.

#ifndef SIGNPOST_HUB_BACKUP_SEALED_FILE_H_
#define SIGNPOST_HUB_BACKUP_SEALED_FILE_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/random.h"

namespace signpost::backup {

inline constexpr size_t kRecordBytesMax = 4u << 20;  // in clear
inline constexpr size_t kChunkBytes = 1u << 20;      // of files that are cut into records

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// Writes to `path` + ".new", and only Finish() gives the file its name: what is there before stays
// until the new one is whole and on disk. One that is destroyed unfinished leaves nothing.
class SealedWriter {
 public:
  // `random` is not owned. Errors: kStoreUnavailable.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<SealedWriter>> Create(
      const std::string& path, const base::SecretKey& key, const std::string& label,
      base::RandomSource* random);
  ~SealedWriter();
  SealedWriter(const SealedWriter&) = delete;
  SealedWriter& operator=(const SealedWriter&) = delete;

  // REQUIRES: 1 to kRecordBytesMax bytes. Errors: kStoreUnavailable; nothing may be written after.
  [[nodiscard]] absl::Status Write(absl::string_view record);
  // Syncs, renames and syncs the directory. Call once, last. Errors: kStoreUnavailable.
  [[nodiscard]] absl::Status Finish();

  // On disk so far.
  uint64_t bytes() const { return bytes_; }

 private:
  SealedWriter(std::string path, FileHandle file, const base::SecretKey& key, std::string label,
               base::RandomSource* random);
  absl::Status WriteRecord(absl::string_view record, bool last);

  const std::string path_;
  FileHandle file_;
  const base::SecretKey key_;
  const std::string label_;
  base::RandomSource* const random_;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

class SealedReader {
 public:
  // Errors: kNotFound when there is no such file; kDataLoss when it is not a sealed file.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<SealedReader>> Open(
      const std::string& path, const base::SecretKey& key, const std::string& label);

  // The next record into `record`; false, and nothing, behind the last. Errors: kDataLoss, naming
  // the file: changed, cut short, longer than it should be, another file's, or sealed under
  // another key.
  [[nodiscard]] absl::StatusOr<bool> Next(std::string* record);

 private:
  SealedReader(std::string path, FileHandle file, const base::SecretKey& key, std::string label)
      : path_(std::move(path)), file_(std::move(file)), key_(key), label_(std::move(label)) {}
  absl::Status Damaged(const char* how) const;

  const std::string path_;
  const FileHandle file_;
  const base::SecretKey key_;
  const std::string label_;
  uint64_t records_ = 0;
  bool ended_ = false;
};

}  // namespace signpost::backup

#endif  // SIGNPOST_HUB_BACKUP_SEALED_FILE_H_
