#include "hub/backup/backup.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/backup/manifest.h"
#include "hub/backup/sealed_file.h"
#include "hub/base/encoding.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/restored.h"
#include "hub/people/rows.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"

namespace signpost::backup {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Reason;

constexpr int kKeyRowsPerRecord = 1000;
constexpr uint32_t kFormat = 1;

absl::Status MakeDirectory(const std::string& path) {
  std::error_code failed;
  fs::create_directory(path, failed);
  if (!failed && fs::is_directory(path, failed)) {
    fs::permissions(path, fs::perms::owner_all, failed);
    return absl::OkStatus();
  }
  return Error(Reason::kStoreUnavailable,
               absl::StrCat("cannot make the directory ", path, ": ",
                            failed ? failed.message() : "something else is there"));
}

// Removes a directory when it goes out of scope.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) { Remove(); }
  ~Temporary() { Remove(); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& path() const { return path_; }

 private:
  void Remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string path_;
};

// Reads `path` piece by piece.
template <typename Take>
absl::Status ForEachChunk(const std::string& path, Take take) {
  const FileHandle file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return FileError("read", path);
  std::string chunk(kChunkBytes, '\0');
  while (true) {
    const size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
    if (got > 0) SIGNPOST_RETURN_IF_ERROR(take(absl::string_view(chunk).substr(0, got)));
    if (got < chunk.size()) break;
  }
  return std::ferror(file.get()) == 0 ? absl::OkStatus() : FileError("read", path);
}

// Whether the object at `path` opens and is what `file` says.
absl::Status VerifyObject(const std::string& path, const BackupFile& file,
                          const base::SecretKey& key) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<SealedReader> reader,
                            SealedReader::Open(path, key, ObjectLabel(file.object())));
  RunningHash hash;
  uint64_t size = 0;
  std::string record;
  while (true) {
    SIGNPOST_ASSIGN_OR_RETURN(const bool more, reader->Next(&record));
    if (!more) break;
    hash.Add(record);
    size += record.size();
  }
  if (size == file.size() && hash.Finish() == file.sha256()) return absl::OkStatus();
  return Error(Reason::kDataLoss, absl::StrCat(path,
                                               " does not hold what was just written to it; look "
                                               "at that medium, and make the backup again"));
}

}  // namespace

Backups::Backups(BackupOptions options, const store::Store* store, const base::Clock* clock,
                 base::RandomSource* random, BackupKeys keys, tlog::NoteVerifier verifier)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      random_(random),
      keys_(std::move(keys)),
      verifier_(std::move(verifier)) {}

absl::StatusOr<std::unique_ptr<Backups>> Backups::Open(BackupOptions options,
                                                       const store::Store* store,
                                                       const base::Clock* clock,
                                                       base::RandomSource* random,
                                                       tlog::NoteVerifier verifier) {
  SIGNPOST_ASSIGN_OR_RETURN(BackupKeys keys, ReadBackupKeys(options.key_file));
  return std::unique_ptr<Backups>(
      new Backups(std::move(options), store, clock, random, std::move(keys), std::move(verifier)));
}

absl::StatusOr<BackupReport> Backups::Make() {
  absl::MutexLock lock(&mutex_);
  return MakeLocked();
}

absl::StatusOr<BackupReport> Backups::MakeLocked() {
  // The keys' medium first: without it there is no backup, and nothing need be copied.
  for (const std::string& path : {options_.keys_directory, options_.directory,
                                  absl::StrCat(options_.directory, "/", kObjectsDirectory),
                                  absl::StrCat(options_.directory, "/", kManifestsDirectory)}) {
    SIGNPOST_RETURN_IF_ERROR(MakeDirectory(path));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers,
                            ManifestNumbers(options_.directory));
  BackupReport report;
  report.number = numbers.empty() ? 1 : numbers.back() + 1;
  report.made_at = clock_->Now();
  BackupManifest manifest;
  manifest.set_format(kFormat);
  manifest.set_number(report.number);
  manifest.set_made_at_us(absl::ToUnixMicros(report.made_at));

  std::error_code failed;
  const Temporary copy(fs::absolute(options_.store_path, failed).string() + ".backup");
  SIGNPOST_RETURN_IF_ERROR(store_->CopyTo(copy.path()));
  SIGNPOST_RETURN_IF_ERROR(DescribeLedger(copy.path(), &manifest));
  report.ledger_size = manifest.ledger_size();
  SIGNPOST_RETURN_IF_ERROR(options_.engine->DropSpace(copy.path(), people::kWrappedKeysSpace));
  SIGNPOST_RETURN_IF_ERROR(StoreFiles(copy.path(), &manifest, &report));
  {
    // Read later than the copy was made: a key that is gone by now stays gone.
    absl::MutexLock lock(&keys_mutex_);
    SIGNPOST_ASSIGN_OR_RETURN(const uint64_t bytes, WriteKeysFile());
    report.bytes_added += static_cast<int64_t>(bytes);
  }
  SIGNPOST_RETURN_IF_ERROR(WriteManifest(options_.directory, manifest, keys_.manifest, random_));
  SIGNPOST_RETURN_IF_ERROR(
      ReadManifest(options_.directory, report.number, keys_.manifest).status());
  report.bytes_added += static_cast<int64_t>(manifest.ByteSizeLong());
  SIGNPOST_RETURN_IF_ERROR(RemoveOld(report.number));
  return report;
}

absl::Status Backups::WriteKeys() {
  absl::MutexLock lock(&keys_mutex_);
  return WriteKeysFile().status();
}

// What the ledger in `copy` is, when it is what its last checkpoint signed.
absl::Status Backups::DescribeLedger(const std::string& copy, BackupManifest* manifest) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                            options_.engine->Open(copy, /*read_only=*/true));
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store->NewView());
  const ledger::LedgerReader reader(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  SIGNPOST_ASSIGN_OR_RETURN(const std::string note, reader.LatestCheckpoint());
  const absl::StatusOr<tlog::Checkpoint> checkpoint = tlog::OpenCheckpoint(note, {&verifier_, 1});
  if (!checkpoint.ok()) {
    return Error(Reason::kDataLoss, absl::StrCat("the store's last checkpoint does not verify: ",
                                                 checkpoint.status().message()));
  }
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, reader.RootAt(checkpoint->size));
  SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash head_root, reader.RootAt(head.size));
  if (root != checkpoint->root || tlog::HashToString(head_root) != head.root_hash) {
    return Error(Reason::kDataLoss,
                 "the store's ledger is not what its last checkpoint signed; do not overwrite "
                 "earlier backups, and verify the ledger offline");
  }
  manifest->set_origin(checkpoint->origin);
  manifest->set_ledger_size(head.size);
  manifest->set_checkpoint(note);
  return absl::OkStatus();
}

absl::Status Backups::StoreFiles(const std::string& copy, BackupManifest* manifest,
                                 BackupReport* report) const {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator files(copy, failed); !failed && files != fs::directory_iterator();
       files.increment(failed)) {
    const std::string name = files->path().filename().string();
    if (options_.engine->IsPart(name)) names.push_back(name);
  }
  if (failed) {
    return Error(Reason::kStoreUnavailable,
                 absl::StrCat("cannot list ", copy, ": ", failed.message()));
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    BackupFile* const file = manifest->add_files();
    file->set_name(name);
    SIGNPOST_RETURN_IF_ERROR(StoreObject(absl::StrCat(copy, "/", name), file, report));
  }
  report->files = manifest->files_size();
  return absl::OkStatus();
}

// Keeps `source` as an object, unless it is kept already and verifies.
absl::Status Backups::StoreObject(const std::string& source, BackupFile* file,
                                  BackupReport* report) const {
  RunningHash hash;
  uint64_t size = 0;
  SIGNPOST_RETURN_IF_ERROR(ForEachChunk(source, [&](absl::string_view chunk) {
    hash.Add(chunk);
    size += chunk.size();
    return absl::OkStatus();
  }));
  file->set_size(size);
  file->set_sha256(hash.Finish());
  // Under a key, so that who sees the names alone cannot tell whether a certain file is there.
  file->set_object(base::HexEncode(
      base::HmacSha256(keys_.name.bytes(), absl::StrCat(size, " ", file->sha256()))));
  const std::string path =
      absl::StrCat(options_.directory, "/", kObjectsDirectory, "/", file->object());
  if (VerifyObject(path, *file, keys_.object).ok()) return absl::OkStatus();

  SIGNPOST_ASSIGN_OR_RETURN(
      const std::unique_ptr<SealedWriter> writer,
      SealedWriter::Create(path, keys_.object, ObjectLabel(file->object()), random_));
  SIGNPOST_RETURN_IF_ERROR(
      ForEachChunk(source, [&](absl::string_view chunk) { return writer->Write(chunk); }));
  SIGNPOST_RETURN_IF_ERROR(writer->Finish());
  ++report->files_added;
  report->bytes_added += static_cast<int64_t>(writer->bytes());
  return VerifyObject(path, *file, keys_.object);
}

// How many bytes it took.
absl::StatusOr<uint64_t> Backups::WriteKeysFile() const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::unique_ptr<store::View> view, store_->NewView());
  const ledger::LedgerReader reader(view.get());
  SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
  SIGNPOST_RETURN_IF_ERROR(MakeDirectory(options_.keys_directory));
  SIGNPOST_ASSIGN_OR_RETURN(
      const std::unique_ptr<SealedWriter> writer,
      SealedWriter::Create(absl::StrCat(options_.keys_directory, "/", kKeysFile), keys_.person_keys,
                           kKeysFile, random_));
  store::v1::BackupKeysHeader header;
  header.set_format(kFormat);
  header.set_origin(verifier_.name());  // checkpoints carry the name of their key
  header.set_ledger_size(head.size);
  header.set_made_at_us(absl::ToUnixMicros(clock_->Now()));
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ledger::RestoreMark> restores,
                            ledger::ReadRestoreMarks(*view));
  for (const ledger::RestoreMark& restore : restores) {
    store::v1::RestoreMark* const mark = header.add_restores();
    mark->set_ledger_size(restore.at.size);
    mark->set_root(tlog::HashToString(restore.at.root));
    mark->set_restored_at_us(absl::ToUnixMicros(restore.recorded_at));
  }
  SIGNPOST_RETURN_IF_ERROR(writer->Write(header.SerializeAsString()));
  SIGNPOST_RETURN_IF_ERROR(people::ForEachWrappedKeys(
      *view, kKeyRowsPerRecord, [&](absl::Span<const store::KeyValue> keys) {
        store::v1::BackupKeyRows record;
        for (const store::KeyValue& key : keys) {
          store::v1::BackupKeyRow* const kept = record.add_rows();
          kept->set_key(key.key);
          kept->set_value(key.value);
        }
        return writer->Write(record.SerializeAsString());
      }));
  SIGNPOST_RETURN_IF_ERROR(writer->Finish());
  return writer->bytes();
}

// Removes backups past `keep`, then objects that no backup names: theirs, and those of a backup
// that was not finished. Nothing is removed when a manifest that stays does not read.
absl::Status Backups::RemoveOld(uint64_t number) const {
  SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers,
                            ManifestNumbers(options_.directory));
  std::set<std::string> wanted;
  std::vector<uint64_t> unwanted;
  for (const uint64_t at : numbers) {
    if (options_.keep > 0 && at + static_cast<uint64_t>(options_.keep) <= number) {
      unwanted.push_back(at);
      continue;
    }
    const absl::StatusOr<BackupManifest> manifest =
        ReadManifest(options_.directory, at, keys_.manifest);
    // A backup is made all the same: the damaged one is for restore to name and people to look at.
    if (!manifest.ok()) return absl::OkStatus();
    for (const BackupFile& file : manifest->files()) wanted.insert(file.object());
  }
  std::error_code failed;
  for (const uint64_t at : unwanted) {
    fs::remove(fs::path(options_.directory) / kManifestsDirectory / ManifestName(at), failed);
    if (failed) return FileError("remove", ManifestName(at));
  }
  SIGNPOST_RETURN_IF_ERROR(
      SyncDirectory(absl::StrCat(options_.directory, "/", kManifestsDirectory)));
  std::vector<fs::path> gone;
  for (fs::directory_iterator objects(fs::path(options_.directory) / kObjectsDirectory, failed);
       !failed && objects != fs::directory_iterator(); objects.increment(failed)) {
    if (wanted.count(objects->path().filename().string()) == 0) gone.push_back(objects->path());
  }
  for (const fs::path& path : gone) fs::remove(path, failed);
  return absl::OkStatus();
}

}  // namespace signpost::backup
