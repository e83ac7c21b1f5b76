// MemoryDisk is a disk that breaks when told, for RocksDB: the k-th operation fails, or the power
// goes at it, and what was not synced is lost or torn as a power cut may lose and tear it.
//
// What survives a power cut: of each file all that was synced, and any number of the bytes written
// after that, the last of them perhaps garbled; of what happened to names (made, renamed, removed)
// since the directory was last synced, any number of the first ones. What survives is drawn from a
// seed. Operations counted are writes, syncs, openings to write, renames and syncs of directories;
// RocksDB's own log of what it did is neither counted nor broken.
//
// Thread-safe, but for Crash(), Files() and Load(), which nobody may use a store on it during.

#ifndef SIGNPOST_TESTS_STORE_MEMORY_DISK_H_
#define SIGNPOST_TESTS_STORE_MEMORY_DISK_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace signpost::store::testing {

class MemoryDisk {
 public:
  enum class Failure {
    kIo,       // EIO: this operation alone
    kNoSpace,  // ENOSPC: this operation alone
    kPower,    // this operation and all after it; then Crash()
  };

  MemoryDisk();
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  // For RocksDbOptions::env.
  rocksdb::Env* env() const;

  // Operations since the disk was made or last crashed.
  int operations() const;
  // The `k`-th of them (from now on, 1 is the next) fails so. 0 takes the order back.
  void FailAt(int k, Failure failure);
  // Whether that has happened.
  bool failed() const;
  // Every write fails from now on.
  void CutPower();
  // What a new start finds after the power went. REQUIRES: no file is open.
  void Crash(uint64_t seed);

  // All files, by path; for copies, and for changing them.
  std::map<std::string, std::string> Files() const;
  // Replaces all files; all of it is synced.
  void Load(const std::map<std::string, std::string>& files);

 private:
  class Disk;  // a rocksdb::FileSystem
  const std::shared_ptr<Disk> disk_;
  const std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace signpost::store::testing

#endif  // SIGNPOST_TESTS_STORE_MEMORY_DISK_H_
