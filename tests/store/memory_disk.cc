#include "tests/store/memory_disk.h"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace signpost::store::testing {

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::FSDirectory;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// RocksDB's account of itself, which nothing rests on.
bool IsLog(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.rfind("LOG", 0) == 0 || name == "LOCK";
}

}  // namespace

class MemoryDisk::Disk final : public rocksdb::FileSystemWrapper {
 public:
  Disk() : Disk(std::unique_ptr<rocksdb::Env>(rocksdb::NewMemEnv(rocksdb::Env::Default()))) {}

  const char* Name() const override { return "signpost.MemoryDisk"; }
  rocksdb::Env* memory() const { return memory_.get(); }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    if (IsLog(path)) return target()->NewWritableFile(path, options, file, debug);
    const std::lock_guard<std::mutex> lock(mutex_);
    IOStatus status = Count();
    if (!status.ok()) return status;
    Remember(path);
    status = target()->NewWritableFile(path, options, file, debug);
    if (!status.ok()) return status;
    synced_[path] = 0;
    directories_.insert(DirectoryOf(path));
    *file = std::make_unique<File>(this, path, std::move(*file));
    return status;
  }
  // Never reused here: a new file is as good.
  IOStatus ReuseWritableFile(const std::string& path, const std::string&,
                             const FileOptions& options, std::unique_ptr<FSWritableFile>* file,
                             IODebugContext* debug) override {
    return NewWritableFile(path, options, file, debug);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<FSDirectory>* directory, IODebugContext* debug) override {
    const IOStatus status = target()->NewDirectory(path, options, directory, debug);
    if (status.ok()) {
      *directory = std::make_unique<Directory>(this, path.substr(0, path.find_last_not_of('/') + 1),
                                               std::move(*directory));
    }
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (IsLog(from)) return target()->RenameFile(from, to, options, debug);
    const std::lock_guard<std::mutex> lock(mutex_);
    IOStatus status = Count();
    if (!status.ok()) return status;
    Change change = Before(to);
    change.renamed_from = from;
    status = target()->RenameFile(from, to, options, debug);
    if (!status.ok()) return status;
    changes_.push_back(std::move(change));
    synced_[to] = synced_[from];
    synced_.erase(from);
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* debug) override {
    if (IsLog(path)) return target()->DeleteFile(path, options, debug);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (off_) return Dead();
    Remember(path);
    synced_.erase(path);
    return target()->DeleteFile(path, options, debug);
  }

  // --- For MemoryDisk ---

  int operations() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return operations_;
  }
  void FailAt(int k, Failure failure) {
    const std::lock_guard<std::mutex> lock(mutex_);
    fail_at_ = k == 0 ? 0 : operations_ + k;
    failure_ = failure;
    failed_ = false;
  }
  bool failed() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return failed_;
  }
  void CutPower() {
    const std::lock_guard<std::mutex> lock(mutex_);
    off_ = true;
  }

  void Crash(uint64_t seed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::mt19937_64 random(seed);
    // First what is in the files under the names of now, then the names.
    for (const auto& [path, synced] : synced_) Tear(path, synced, random);
    const size_t kept = random() % (changes_.size() + 1);
    while (changes_.size() > kept) {
      const Change change = std::move(changes_.back());
      changes_.pop_back();
      std::string now;
      const bool is_there = ReadFile(change.path, &now);
      if (!change.renamed_from.empty() && is_there) WriteFile(change.renamed_from, now);
      if (change.existed) {
        WriteFile(change.path, change.content);
      } else if (is_there) {
        (void)memory_->DeleteFile(change.path);
      }
    }
    changes_.clear();
    synced_.clear();
    for (const std::string& path : Paths()) {
      std::string bytes;
      if (!IsLog(path) && ReadFile(path, &bytes)) synced_[path] = bytes.size();
    }
    Reset();
  }

  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const std::string& path : Paths()) {
      std::string bytes;
      if (!IsLog(path) && ReadFile(path, &bytes)) files[path] = std::move(bytes);
    }
    return files;
  }
  void Load(const std::map<std::string, std::string>& files) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const std::string& path : Paths()) (void)memory_->DeleteFile(path);
    synced_.clear();
    changes_.clear();
    for (const auto& [path, bytes] : files) {
      (void)memory_->CreateDirIfMissing(DirectoryOf(path));
      directories_.insert(DirectoryOf(path));
      WriteFile(path, bytes);
      synced_[path] = bytes.size();
    }
    Reset();
  }

 private:
  // What happened to a name since its directory was last synced, and what was there before.
  struct Change {
    std::string path;
    bool existed = false;
    std::string content;  // as far as it was synced
    std::string renamed_from;
  };

  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(Disk* disk, std::string path, std::unique_ptr<FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
      const std::lock_guard<std::mutex> lock(disk_->mutex_);
      const IOStatus status = disk_->Count();
      if (status.ok()) return target()->Append(data, options, debug);
      // What was on its way may have got there in part.
      (void)target()->Append(Slice(data.data(), data.size() / 2), options, debug);
      return status;
    }
    IOStatus Append(const Slice& data, const IOOptions& options,
                    const rocksdb::DataVerificationInfo&, IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
      const std::lock_guard<std::mutex> lock(disk_->mutex_);
      IOStatus status = disk_->Count();
      if (status.ok()) status = target()->Sync(options, debug);
      if (status.ok()) disk_->synced_[path_] = target()->GetFileSize(options, debug);
      return status;
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
      return Sync(options, debug);
    }
    // Only a hint.
    IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
      return IOStatus::OK();
    }

   private:
    Disk* const disk_;
    const std::string path_;
  };

  class Directory final : public FSDirectory {
   public:
    Directory(Disk* disk, std::string path, std::unique_ptr<FSDirectory> directory)
        : disk_(disk), path_(std::move(path)), directory_(std::move(directory)) {}
    IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
      const std::lock_guard<std::mutex> lock(disk_->mutex_);
      IOStatus status = disk_->Count();
      if (status.ok()) status = directory_->Fsync(options, debug);
      if (!status.ok()) return status;
      auto& changes = disk_->changes_;
      changes.erase(std::remove_if(
                        changes.begin(), changes.end(),
                        [this](const Change& change) { return DirectoryOf(change.path) == path_; }),
                    changes.end());
      return status;
    }
    size_t GetUniqueId(char* id, size_t size) const override {
      return directory_->GetUniqueId(id, size);
    }

   private:
    Disk* const disk_;
    const std::string path_;
    const std::unique_ptr<FSDirectory> directory_;
  };

  explicit Disk(std::unique_ptr<rocksdb::Env> memory)
      : FileSystemWrapper(memory->GetFileSystem()), memory_(std::move(memory)) {}

  static IOStatus Dead() { return IOStatus::IOError("the power is off"); }

  // One operation more; not OK when it is to fail.
  IOStatus Count() {
    if (off_) return Dead();
    ++operations_;
    if (fail_at_ == 0 || operations_ != fail_at_) return IOStatus::OK();
    failed_ = true;
    switch (failure_) {
      case Failure::kIo:
        return IOStatus::IOError("Input/output error");
      case Failure::kNoSpace:
        return IOStatus::NoSpace("No space left on device");
      case Failure::kPower:
        off_ = true;
        return Dead();
    }
    return IOStatus::OK();
  }

  Change Before(const std::string& path) const {
    Change change;
    change.path = path;
    change.existed = ReadFile(path, &change.content);
    const auto synced = synced_.find(path);
    if (synced != synced_.end() && synced->second < change.content.size()) {
      change.content.resize(synced->second);
    }
    return change;
  }
  void Remember(const std::string& path) { changes_.push_back(Before(path)); }

  void Tear(const std::string& path, size_t synced, std::mt19937_64& random) {
    std::string bytes;
    if (!ReadFile(path, &bytes) || bytes.size() <= synced) return;
    bytes.resize(synced + random() % (bytes.size() - synced + 1));
    // The last sector that was on its way may hold anything.
    if (bytes.size() > synced && random() % 4 == 0) {
      const size_t garbled = std::min<size_t>(bytes.size() - synced, 1 + random() % 512);
      for (size_t i = bytes.size() - garbled; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(random());
      }
    }
    WriteFile(path, bytes);
  }

  bool ReadFile(const std::string& path, std::string* bytes) const {
    return memory_->FileExists(path).ok() &&
           rocksdb::ReadFileToString(memory_.get(), path, bytes).ok();
  }
  void WriteFile(const std::string& path, const std::string& bytes) {
    (void)rocksdb::WriteStringToFile(memory_.get(), bytes, path, /*should_sync=*/true);
  }
  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const std::string& directory : directories_) {
      std::vector<std::string> children;
      if (!memory_->GetChildren(directory, &children).ok()) continue;
      for (const std::string& child : children) paths.push_back(directory + "/" + child);
    }
    return paths;
  }
  void Reset() {
    operations_ = 0;
    fail_at_ = 0;
    failed_ = false;
    off_ = false;
  }

  const std::unique_ptr<rocksdb::Env> memory_;
  mutable std::mutex mutex_;
  std::map<std::string, size_t> synced_;  // by path: how much of it
  std::vector<Change> changes_;
  std::set<std::string> directories_;  // in which there was ever a file
  int operations_ = 0;
  int fail_at_ = 0;
  Failure failure_ = Failure::kIo;
  bool failed_ = false;
  bool off_ = false;
};

MemoryDisk::MemoryDisk() : disk_(std::make_shared<Disk>()), env_(rocksdb::NewCompositeEnv(disk_)) {}
MemoryDisk::~MemoryDisk() = default;

rocksdb::Env* MemoryDisk::env() const { return env_.get(); }
int MemoryDisk::operations() const { return disk_->operations(); }
void MemoryDisk::FailAt(int k, Failure failure) { disk_->FailAt(k, failure); }
bool MemoryDisk::failed() const { return disk_->failed(); }
void MemoryDisk::CutPower() { disk_->CutPower(); }
void MemoryDisk::Crash(uint64_t seed) { disk_->Crash(seed); }
std::map<std::string, std::string> MemoryDisk::Files() const { return disk_->Files(); }
void MemoryDisk::Load(const std::map<std::string, std::string>& files) { disk_->Load(files); }

}  // namespace signpost::store::testing
