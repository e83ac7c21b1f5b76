#include "hub/backup/manifest.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/backup/files.h"
#include "hub/backup/sealed_file.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::backup {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Reason;

constexpr uint32_t kFormat = 1;
constexpr size_t kManifestNameDigits = 8;

// What RocksDB calls its files; nothing that could lead elsewhere.
bool IsFileName(const std::string& name) {
  if (name.empty() || name[0] == '.' || name.size() > 255) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

bool IsObjectName(const std::string& name) {
  return name.size() == 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

absl::StatusOr<BackupManifest> DecodeManifest(absl::string_view bytes) {
  const absl::Status damaged = Error(
      Reason::kDataLoss, "a backup's manifest does not read; take another backup, with --number");
  BackupManifest manifest;
  if (!manifest.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return damaged;
  if (manifest.format() > kFormat) {
    return Error(Reason::kStoreNewer, "a newer version made this backup; restore it with that one");
  }
  if (manifest.format() != kFormat || manifest.number() == 0) return damaged;
  std::string before;
  for (const BackupFile& file : manifest.files()) {
    if (!IsFileName(file.name()) || !IsObjectName(file.object()) ||
        file.sha256().size() != base::kHashBytes || file.name() <= before) {
      return damaged;
    }
    before = file.name();
  }
  return manifest;
}

std::string ObjectLabel(const std::string& object) { return absl::StrCat("object/", object); }

std::string ManifestName(uint64_t number) { return absl::StrFormat("%08d", number); }

absl::StatusOr<std::vector<uint64_t>> ManifestNumbers(const std::string& directory) {
  std::vector<uint64_t> numbers;
  std::error_code failed;
  fs::directory_iterator files(fs::path(directory) / kManifestsDirectory, failed);
  if (failed) {
    return Error(Reason::kNotFound,
                 absl::StrCat("there is no backup in ", directory, ": ", failed.message()));
  }
  for (; !failed && files != fs::directory_iterator(); files.increment(failed)) {
    const std::string name = files->path().filename().string();
    uint64_t number = 0;
    if (name.size() < kManifestNameDigits || !absl::SimpleAtoi(name, &number)) continue;
    if (number != 0 && ManifestName(number) == name) numbers.push_back(number);
  }
  if (failed) {
    return Error(Reason::kStoreUnavailable,
                 absl::StrCat("cannot list ", directory, ": ", failed.message()));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::StatusOr<BackupManifest> ReadManifest(const std::string& directory, uint64_t number,
                                            const base::SecretKey& key) {
  const std::string name = ManifestName(number);
  const std::string path = absl::StrCat(directory, "/", kManifestsDirectory, "/", name);
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<SealedReader> reader,
                            SealedReader::Open(path, key, absl::StrCat("manifest/", name)));
  std::string bytes;
  std::string record;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const bool more, reader->Next(&record));
    if (!more) break;
    bytes += record;
  }
  SIGNPOST_ASSIGN_OR_RETURN(BackupManifest manifest, DecodeManifest(bytes));
  if (manifest.number() != number) {
    return Error(Reason::kDataLoss, absl::StrCat(path,
                                                 " is the manifest of another backup; put its own "
                                                 "back, or take another backup, with --number"));
  }
  return manifest;
}

absl::Status WriteManifest(const std::string& directory, const BackupManifest& manifest,
                           const base::SecretKey& key, base::RandomSource* random) {
  const std::string name = ManifestName(manifest.number());
  const std::string path = absl::StrCat(directory, "/", kManifestsDirectory, "/", name);
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::unique_ptr<SealedWriter> writer,
      SealedWriter::Create(path, key, absl::StrCat("manifest/", name), random));
  const std::string bytes = manifest.SerializeAsString();
  for (size_t at = 0; at < bytes.size(); at += kChunkBytes) {
    SIGNPOST_RETURN_IF_ERROR(writer->Write(absl::string_view(bytes).substr(at, kChunkBytes)));
  }
  return writer->Finish();
}

}  // namespace signpost::backup
