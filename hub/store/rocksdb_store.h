// A Store on an embedded RocksDB: one column family a Space, every commit one write batch whose log
// record is synced before Commit returns.
//
// One process opens a directory at a time. A log torn at its very end (the record that was being
// written when the power went) opens without that record, which nobody was told of; damage anywhere
// else is refused, because what comes after it was acknowledged. A store written by a newer schema
// is refused and left untouched; one of an older schema is taken over.

#ifndef SIGNPOST_HUB_STORE_ROCKSDB_STORE_H_
#define SIGNPOST_HUB_STORE_ROCKSDB_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace signpost::store {

// What this binary reads and writes. Raise it when older binaries must not touch the result.
// Of 2 since tree nodes lie in groups (ledger/tree_rows.h). A store of 1 is read as it is, and is
// of 2 from its first opening for writing.
inline constexpr uint64_t kStoreSchemaVersion = 2;
// The row of Space::kMeta that holds it, as KeyU64.
inline constexpr char kSchemaVersionKey[] = "schema_version";

struct RocksDbOptions {
  std::string path;  // a directory; created when absent (its parent must exist)
  size_t block_cache_bytes = 256u << 20;
  size_t write_buffers_bytes = 192u << 20;  // of all spaces together
  size_t space_buffer_bytes = 32u << 20;    // of one space, before it is written into a table
  // A commit is refused as kStoreFull, with nothing written, when less than this would stay free.
  // It leaves room for what RocksDB must write on its own account.
  uint64_t free_bytes_min = 64u << 20;
  // Opens an existing store to read; every Commit answers kStoreUnavailable. Other processes may
  // have it open.
  bool read_only = false;
  // Acknowledges commits that are only in this process's memory. Exists so that the crash harness
  // can show that it catches a build that does not sync. Never set it otherwise.
  bool unsafe_no_sync_for_negative_control = false;
  // Where files are; nullptr is the machine's disk. Not owned. With another one room is not asked
  // about beforehand.
  rocksdb::Env* env = nullptr;
};

// Errors: kStoreNewer; kDataLoss when damaged; kStoreUnavailable when the directory cannot be
// opened or another process has it.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(
    const RocksDbOptions& options);

// --- For backups ---

// Makes `directory`, an absolute path that must not exist, a store of its own with what `store`
// holds at one moment; nobody has to wait. Files that never change again are shared (hard links)
// where the file system is the same. What an error leaves behind is the caller's to remove. Errors:
// kInvalidField when `store` is not one of OpenRocksDbStore(); kStoreUnavailable; kDataLoss.
[[nodiscard]] absl::Status CopyRocksDbStore(const Store& store, const std::string& directory);

// Takes a whole space out of the store at `path`, which nobody may have open: afterwards no file of
// it holds a row of `space`, the logs included. First reads every block there is and checks its
// checksum. OpenRocksDbStore() makes the space again, empty. Errors: kDataLoss; kStoreUnavailable.
[[nodiscard]] absl::Status DropRocksDbSpace(const std::string& path, Space space);

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_ROCKSDB_STORE_H_
