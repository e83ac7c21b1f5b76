#include "hub/store/rocksdb_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"

namespace signpost::store {
namespace {

using base::Error;
using base::Reason;

// What a start may have to replay.
constexpr uint64_t kWalBytesMax = 256u << 20;
// Records and tables take more on disk than the bytes of a batch: room for both, twice.
constexpr uint64_t kDiskBytesPerBatchByte = 4;

// Spaces whose rows are asked for one by one, or by what all of a range begin with, and hardly ever
// gone through: how many bytes of a key say what is asked for; 0 for the others. What was written
// lately is kept by these bytes' hash, so that to find or place a row costs the same however many
// there are; to go through all of it means to sort it first.
size_t AskedForBytes(Space space) {
  switch (space) {
    case Space::kMatchKeys:
    case Space::kPersonKeys:
    case Space::kPeople:
      return 32;  // all of the key, which has no more
    case Space::kRequests:
      return 16;  // a hash
    case Space::kLocalRecords:
      return 255;  // all of it, too: an agency's id and a hash
    case Space::kPersonEntries:
      return 16;  // the person
    default:
      return 0;
  }
}
// What lies under one hash is a list, sorted: one gone through from its start to place a row in it,
// and of a person who is asked about all day there are thousands. From so many on it is a tree.
constexpr int kListRowsMax = 16;
// Where a row is placed in the other spaces is looked for from where the last one was placed whose
// key began with the same so many bytes: an entry follows the entry before it, a tree's group the
// last one of its level, and a counter's new value its old one.
size_t PlacedAfterBytes(Space space) {
  switch (space) {
    case Space::kNodes:
      return 1;  // the level
    case Space::kMeta:
      return 255;  // all of it
    default:
      return 0;
  }
}

// A bucket, of 8 bytes, for so many bytes of a space's buffer: they must be a small part of it.
constexpr size_t kBufferBytesPerBucket = 128;

absl::Status FromRocksDb(const rocksdb::Status& status, const char* what) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsCorruption()) {
    return Error(Reason::kDataLoss, absl::StrCat(what, ": the store is damaged (",
                                                 status.ToString(), "); restore it from a backup"));
  }
  return Error(Reason::kStoreUnavailable, absl::StrCat(what, ": ", status.ToString()));
}

rocksdb::Slice ToSlice(absl::string_view bytes) { return {bytes.data(), bytes.size()}; }

bool Supports(rocksdb::CompressionType type) {
  const std::vector<rocksdb::CompressionType> all = rocksdb::GetSupportedCompressions();
  return std::find(all.begin(), all.end(), type) != all.end();
}

rocksdb::DBOptions DatabaseOptions(const RocksDbOptions& options) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = options.env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // The record torn by a crash at the very end was never acknowledged and may go; a bad record with
  // good ones behind it was, and must stop us. Point-in-time recovery, RocksDB's default, would
  // silently drop everything behind it; absolute consistency would refuse to start after a crash.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Once RocksDB has failed it stays failed: never retry a sync behind our back.
  db.max_bgerror_resume_count = 0;
  db.max_total_wal_size = kWalBytesMax;
  db.db_write_buffer_size = options.write_buffers_bytes;
  db.max_background_jobs = 2;
  // There is one writer, and what is kept by hash allows no more.
  db.allow_concurrent_memtable_write = false;
  db.bytes_per_sync = 1 << 20;
  db.keep_log_file_num = 5;
  db.max_log_file_size = 8 << 20;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  if (options.unsafe_no_sync_for_negative_control) {
    // The page cache outlives a killed process, so leaving out fsync alone would lose nothing.
    db.manual_wal_flush = true;
    db.writable_file_max_buffer_size = 64u << 20;
  }
  return db;
}

rocksdb::ColumnFamilyOptions SpaceOptions(const RocksDbOptions& options,
                                          const std::shared_ptr<rocksdb::Cache>& cache,
                                          bool compress, bool filter, size_t asked_for_bytes,
                                          size_t placed_after_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  if (filter) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions space;
  space.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  space.write_buffer_size = options.space_buffer_bytes;
  space.memtable_whole_key_filtering = true;
  space.memtable_prefix_bloom_size_ratio = 0.02;
  space.level_compaction_dynamic_level_bytes = true;
  space.compression = compress && Supports(rocksdb::kLZ4Compression) ? rocksdb::kLZ4Compression
                                                                     : rocksdb::kNoCompression;
  if (asked_for_bytes > 0) {
    space.prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(asked_for_bytes));
    space.memtable_factory.reset(rocksdb::NewHashLinkListRepFactory(
        std::max<size_t>(1, options.space_buffer_bytes / kBufferBytesPerBucket),
        /*huge_page_tlb_size=*/0, /*bucket_entries_logging_threshold=*/0,
        /*if_log_bucket_dist_when_flash=*/false, kListRowsMax));
  } else {
    space.memtable_insert_with_hint_prefix_extractor.reset(
        rocksdb::NewCappedPrefixTransform(placed_after_bytes));
  }
  return space;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families(const RocksDbOptions& options) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (int i = 0; i < kSpaceCount; ++i) {
    const Space space = static_cast<Space>(i);
    // Hashes do not compress.
    const bool compress = space != Space::kNodes;
    // Entries and nodes are asked for by number, and only where they are: a filter would say yes
    // each time, and those of a long ledger would drive its own blocks out of the cache.
    const bool filter = space != Space::kNodes && space != Space::kEntries;
    families.emplace_back(SpaceName(space),
                          SpaceOptions(options, cache, compress, filter, AskedForBytes(space),
                                       PlacedAfterBytes(space)));
  }
  // RocksDB insists on its own; nothing is ever in it.
  families.emplace_back(rocksdb::kDefaultColumnFamilyName,
                        SpaceOptions(options, cache, false, false, 0, 0));
  return families;
}

// A database and its column families, closed in the right order.
class Database {
 public:
  Database(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
      : db_(db), handles_(std::move(handles)) {}
  ~Database() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      db_->DestroyColumnFamilyHandle(handle);
    }
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB* operator->() const { return db_.get(); }
  rocksdb::DB* get() const { return db_.get(); }
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const { return handles_; }
  rocksdb::ColumnFamilyHandle* Family(Space space) const {
    return handles_[static_cast<size_t>(space)];
  }

  absl::StatusOr<std::optional<std::string>> Get(const rocksdb::ReadOptions& read, Space space,
                                                 const std::string& key) const {
    std::optional<std::string> value(std::in_place);
    const rocksdb::Status status = db_->Get(read, Family(space), key, &*value);
    if (status.IsNotFound()) return std::nullopt;
    if (!status.ok()) return FromRocksDb(status, "cannot read");
    return value;
  }

 private:
  const std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

class RocksDbView final : public View {
 public:
  explicit RocksDbView(const Database* db) : db_(db), snapshot_((*db)->GetSnapshot()) {
    read_.snapshot = snapshot_;
  }
  ~RocksDbView() override { (*db_)->ReleaseSnapshot(snapshot_); }

  uint64_t revision() const override { return snapshot_->GetSequenceNumber(); }

  absl::StatusOr<std::optional<std::string>> Get(Space space,
                                                 const std::string& key) const override {
    return db_->Get(read_, space, key);
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      Space space, absl::Span<const std::string> keys) const override {
    const std::vector<rocksdb::Slice> wanted(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    (*db_)->MultiGet(read_, db_->Family(space), wanted.size(), wanted.data(), found.data(),
                     statuses.data());
    std::vector<std::optional<std::string>> values(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      if (!statuses[i].ok()) return FromRocksDb(statuses[i], "cannot read");
      values[i].emplace(found[i].data(), found[i].size());
    }
    return values;
  }

  absl::StatusOr<std::vector<KeyValue>> Scan(Space space, const std::string& from,
                                             const std::string& to, int rows_max) const override {
    absl::Status status = CheckScan(from, to, rows_max);
    if (!status.ok()) return status;
    rocksdb::ReadOptions read = read_;
    // Within what is kept together by hash it can be gone through as it lies.
    const size_t asked_for = AskedForBytes(space);
    read.total_order_seek = asked_for > 0 && (from.size() < asked_for || to.size() < asked_for ||
                                              from.compare(0, asked_for, to, 0, asked_for) != 0);
    const rocksdb::Slice end(to);
    if (!to.empty()) read.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> it((*db_)->NewIterator(read, db_->Family(space)));
    std::vector<KeyValue> rows;
    for (it->Seek(from); it->Valid() && rows.size() < static_cast<size_t>(rows_max); it->Next()) {
      rows.push_back({it->key().ToString(), it->value().ToString()});
    }
    if (!it->status().ok()) return FromRocksDb(it->status(), "cannot read");
    return rows;
  }

 private:
  const Database* const db_;
  const rocksdb::Snapshot* const snapshot_;
  rocksdb::ReadOptions read_;
};

class RocksDbStore final : public Store {
 public:
  RocksDbStore(RocksDbOptions options, std::unique_ptr<Database> db)
      : options_(std::move(options)), db_(std::move(db)) {}

  absl::StatusOr<std::unique_ptr<View>> NewView() const override {
    return std::unique_ptr<View>(std::make_unique<RocksDbView>(db_.get()));
  }

  // Checkpoint is RocksDB's word for such a copy.
  absl::Status CopyTo(const std::string& directory) const override {
    rocksdb::Checkpoint* raw = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_->get(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    if (status.ok()) status = checkpoint->CreateCheckpoint(directory);
    return FromRocksDb(status, absl::StrCat("cannot copy the store to ", directory).c_str());
  }

  absl::Status Forget(Space space) const {
    if (options_.read_only) {
      return Error(Reason::kStoreUnavailable, "the store is open to read only");
    }
    // What an older snapshot shows RocksDB keeps, wherever it writes it.
    uint64_t oldest = 0;
    (*db_)->GetIntProperty("rocksdb.oldest-snapshot-sequence", &oldest);
    if (oldest != 0 && oldest < (*db_)->GetLatestSequenceNumber()) {
      return Error(Reason::kAborted, "somebody is reading at an older view; try again");
    }
    // A log goes when the rows in it lie in tables, those of every space.
    rocksdb::Status done = (*db_)->Flush(rocksdb::FlushOptions(), db_->handles());
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    if (done.ok()) done = (*db_)->CompactRange(all, db_->Family(space), nullptr, nullptr);
    // Removes at once what would else be removed at some later time.
    if (done.ok()) done = (*db_)->DisableFileDeletions();
    if (done.ok()) done = (*db_)->EnableFileDeletions(/*force=*/true);
    return FromRocksDb(done, absl::StrCat("cannot write ", SpaceName(space), " anew").c_str());
  }

 private:
  absl::StatusOr<uint64_t> DoCommit(const Batch& batch, const Fence& fence) override {
    if (options_.read_only) {
      return Error(Reason::kStoreUnavailable, "the store is open to read only");
    }
    if (failed_) {
      return Error(Reason::kStoreUnavailable,
                   "an earlier write failed; nothing is accepted until the hub is restarted");
    }
    absl::StatusOr<std::optional<std::string>> head =
        db_->Get(rocksdb::ReadOptions(), Space::kMeta, kFenceKey);
    if (!head.ok()) return head.status();
    if (*head != fence.head) {
      return Error(Reason::kAborted, "somebody else writes to this store");
    }
    if (batch.empty()) return DoRevision();
    const absl::Status room = CheckRoom(batch.bytes());
    if (!room.ok()) return room;

    rocksdb::WriteBatch write(batch.bytes() + 32 * batch.operations().size());
    for (const Batch::Operation& operation : batch.operations()) {
      rocksdb::ColumnFamilyHandle* family = db_->Family(operation.space);
      const rocksdb::Slice key = ToSlice(operation.key);
      const rocksdb::Status added = operation.value.has_value()
                                        ? write.Put(family, key, ToSlice(*operation.value))
                                        : write.Delete(family, key);
      if (!added.ok()) return FromRocksDb(added, "cannot build a batch");
    }
    rocksdb::WriteOptions how;
    how.sync = !options_.unsafe_no_sync_for_negative_control;
    const rocksdb::Status written = (*db_)->Write(how, &write);
    // Commits come one at a time, so the newest number is that of this batch's last row.
    if (written.ok()) return DoRevision();
    // After a failed write or sync nobody knows what the disk holds, and a second sync that
    // succeeds would not say either: the kernel may have dropped the pages it could not write.
    failed_ = true;
    return Error(Reason::kStoreUnavailable,
                 absl::StrCat("a commit failed and its outcome is unknown (", written.ToString(),
                              "); see to the disk and restart the hub"));
  }

  uint64_t DoRevision() const override { return (*db_)->GetLatestSequenceNumber(); }

  // Asked before anything is written, because running out in the middle cannot be undone.
  absl::Status CheckRoom(size_t batch_bytes) const {
    struct statvfs disk;
    if (options_.env != nullptr || ::statvfs(options_.path.c_str(), &disk) != 0)
      return absl::OkStatus();
    const uint64_t free_bytes = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
    if (free_bytes >= options_.free_bytes_min + kDiskBytesPerBatchByte * batch_bytes) {
      return absl::OkStatus();
    }
    return Error(Reason::kStoreFull,
                 absl::StrCat("only ", free_bytes >> 20, " MiB are free where the store is, and ",
                              options_.free_bytes_min >> 20,
                              " MiB are kept in reserve; make room, then retry"));
  }

  const RocksDbOptions options_;
  const std::unique_ptr<Database> db_;
  bool failed_ = false;  // DoCommit()'s own
};

// A space that this binary does not know was made by a newer one.
absl::Status CheckSpaces(const rocksdb::DBOptions& db_options, const std::string& path,
                         const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(db_options, path, &names).ok()) {
    return absl::OkStatus();  // a new store, or one whose opening will say what is wrong
  }
  for (const std::string& name : names) {
    const bool known = std::any_of(families.begin(), families.end(),
                                   [&](const auto& family) { return family.name == name; });
    if (known) continue;
    return Error(Reason::kStoreNewer,
                 absl::StrCat("the store has a space '", name,
                              "' that this version does not have; run the version of the hub that "
                              "wrote it"));
  }
  return absl::OkStatus();
}

absl::Status CheckSchema(const Database& db, bool read_only) {
  absl::StatusOr<std::optional<std::string>> row =
      db.Get(rocksdb::ReadOptions(), Space::kMeta, kSchemaVersionKey);
  if (!row.ok()) return row.status();
  if (!row->has_value()) {
    if (read_only) return Error(Reason::kStoreUnavailable, "there is no store to read");
    rocksdb::WriteOptions how;
    how.sync = true;
    return FromRocksDb(
        db->Put(how, db.Family(Space::kMeta), kSchemaVersionKey, KeyU64(kSchemaVersion)),
        "cannot write the schema version");
  }
  if (**row == KeyU64(kSchemaVersion)) return absl::OkStatus();
  return Error(Reason::kStoreNewer,
               absl::StrCat("the store is of schema version ", U64FromKey(**row),
                            " and this hub reads and writes ", kSchemaVersion,
                            "; run the version of the hub that wrote it"));
}

class RocksDbDirectories final : public Engine {
 public:
  absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory,
                                              bool read_only) const override {
    RocksDbOptions options;
    options.path = directory;
    options.block_cache_bytes = 8u << 20;
    options.read_only = read_only;
    return OpenRocksDbStore(options);
  }

  absl::Status DropSpace(const std::string& directory, Space space) const override;

  bool IsPart(const std::string& file_name) const override {
    return file_name != "LOCK" && !absl::StartsWith(file_name, "LOG") &&
           !absl::StartsWith(file_name, "OPTIONS-");
  }
};

absl::Status RocksDbDirectories::DropSpace(const std::string& path, Space space) const {
  RocksDbOptions options;
  options.path = path;
  rocksdb::DBOptions db_options = DatabaseOptions(options);
  db_options.create_if_missing = false;
  std::vector<rocksdb::ColumnFamilyDescriptor> families = Families(options);
  // Compacting would make other files of the same rows, and the next backup would keep both.
  for (auto& family : families) family.options.disable_auto_compactions = true;
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  // Opening writes what the logs hold into tables and removes the logs, so dropping reaches all of
  // the space.
  const rocksdb::Status opened = rocksdb::DB::Open(db_options, path, families, &handles, &raw);
  if (!opened.ok()) return FromRocksDb(opened, absl::StrCat("cannot open ", path).c_str());
  const Database db(raw, std::move(handles));
  absl::Status sound =
      FromRocksDb(db->VerifyChecksum(), absl::StrCat("cannot verify ", path).c_str());
  if (!sound.ok()) return sound;
  return FromRocksDb(db->DropColumnFamily(db.Family(space)),
                     absl::StrCat("cannot drop ", SpaceName(space), " from ", path).c_str());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksDbStore(const RocksDbOptions& options) {
  const rocksdb::DBOptions db_options = DatabaseOptions(options);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = Families(options);
  absl::Status status = CheckSpaces(db_options, options.path, families);
  if (!status.ok()) return status;

  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status opened =
      options.read_only
          ? rocksdb::DB::OpenForReadOnly(db_options, options.path, families, &handles, &raw)
          : rocksdb::DB::Open(db_options, options.path, families, &handles, &raw);
  if (!opened.ok()) {
    return FromRocksDb(opened, absl::StrCat("cannot open the store at ", options.path).c_str());
  }
  auto db = std::make_unique<Database>(raw, std::move(handles));
  status = CheckSchema(*db, options.read_only);
  if (!status.ok()) return status;
  return std::unique_ptr<Store>(std::make_unique<RocksDbStore>(options, std::move(db)));
}

absl::Status ForgetRows(const Store& store, Space space) {
  const auto* const rocks = dynamic_cast<const RocksDbStore*>(&store);
  return rocks == nullptr ? absl::OkStatus() : rocks->Forget(space);
}

const Engine& RocksDbEngine() {
  static const RocksDbDirectories* const engine = new RocksDbDirectories();
  return *engine;
}

}  // namespace signpost::store
