// The RocksDB store is a Store that an embedded RocksDB keeps: a column family a Space, every
// commit one write batch whose log record is synced before Commit returns.
//
// One process opens a directory at a time. A log torn at its very end (the record that was being
// written when the power went) opens without that record, which nobody was told of; damage anywhere
// else is refused, because what comes after it was acknowledged. A store of another schema is
// refused and left untouched.
//
// A revision is RocksDB's sequence number, which counts rows written and lives on disk.

#ifndef SIGNPOST_HUB_STORE_ROCKSDB_STORE_H_
#define SIGNPOST_HUB_STORE_ROCKSDB_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/engine.h"
#include "hub/store/store.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace signpost::store {

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

// Has the files of `store` rid of what was overwritten or deleted in `space` before this call, logs
// included: until then it may lie there for as long as nothing else makes RocksDB write them anew.
// Takes as long as writing all of the space; others go on meanwhile. Blocks of the disk that were
// freed are the disk's. Nothing to do for a store of another kind. Errors: kAborted while a view is
// about that was taken before, and may show it still: try again; kStoreUnavailable.
[[nodiscard]] absl::Status ForgetRows(const Store& store, Space space);

// Directories of such stores, for backups and restores.
const Engine& RocksDbEngine();

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_ROCKSDB_STORE_H_
