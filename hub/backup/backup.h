// Backups is a maker of backups of a running hub that are consistent, verified, sealed.
//
// A directory of backups holds
//   objects/<64 hex digits>   one file of a store, sealed; files that are the same are kept once
//   manifests/<8 digits>      one backup: which objects make up its store, and what its ledger was
// and a keys directory, which belongs on another medium, the one file `person-keys`: the wrapped
// data keys of all young persons, replaced whole at each backup and after each erasure. They are in
// no manifest and no object. So a restore of any backup, however old, finds the keys of today, and
// whoever was erased since stays unreadable. Its header names each restore behind which the ledger
// goes on: after one, the file has no keys of the history given up, and backups of that do not take
// it (restore.h).
//
// Thread-safe. `store`, `clock` and `random` are not owned and must outlive it. One process backs
// up into a directory at a time: the hub that has the store open.

#ifndef SIGNPOST_HUB_BACKUP_BACKUP_H_
#define SIGNPOST_HUB_BACKUP_BACKUP_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/backup/files.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"
#include "hub/store/engine.h"
#include "hub/store/store.h"
#include "hub/tlog/note.h"
#include "signpost/store/v1/backup.pb.h"

namespace signpost::backup {

struct BackupOptions {
  std::string directory;       // of backups; made when absent (its parent must exist)
  std::string keys_directory;  // likewise; on another medium
  std::string key_file;        // see files.h
  // Where the store is. What is being copied stands beside it for the time, under this name +
  // ".backup": there, files can be shared instead of copied.
  std::string store_path;
  // Whose stores these are. Not owned; must be set.
  const store::Engine* engine = nullptr;
  // How many backups are kept; older ones are removed, with what only they held. 0: all.
  int keep = 0;
};

struct BackupReport {
  uint64_t number = 0;
  uint64_t ledger_size = 0;
  int64_t files = 0;        // of the store
  int64_t files_added = 0;  // objects written, because none was there or it did not verify
  int64_t bytes_added = 0;  // in objects, manifest and keys
  absl::Time made_at;
};

class Backups {
 public:
  // Reads the key; touches no directory, so that a medium that is away does not keep a hub from
  // starting. `verifier` is of the ledger's checkpoints. Errors: kKeyUnavailable.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Backups>> Open(BackupOptions options,
                                                                     const store::Store* store,
                                                                     const base::Clock* clock,
                                                                     base::RandomSource* random,
                                                                     tlog::NoteVerifier verifier);
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  // Makes one. It takes as long as reading the whole store twice; nobody waits for it but another
  // Make(). The ledger in it is checked against its last checkpoint, every block of the store
  // against its checksum, and every object, those of earlier backups too, is read back and
  // compared; one that does not verify is written anew. The backup exists from the moment its
  // manifest does, which is written last. Errors: kDataLoss when what the store holds does not
  // verify; kNotFound when the ledger has no checkpoint; kStoreUnavailable, kStoreFull. What an
  // error leaves behind is no backup, and the next one uses or overwrites it.
  [[nodiscard]] absl::StatusOr<BackupReport> Make();

  // Replaces the file of person keys alone. For after an erasure: from then on no backup brings them
  // back. Errors: kStoreUnavailable; the file before is then still there.
  [[nodiscard]] absl::Status WriteKeys();

 private:
  Backups(BackupOptions options, const store::Store* store, const base::Clock* clock,
          base::RandomSource* random, BackupKeys keys, tlog::NoteVerifier verifier);

  absl::StatusOr<BackupReport> MakeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status DescribeLedger(const std::string& copy, store::v1::BackupManifest* manifest) const;
  absl::Status StoreFiles(const std::string& copy, store::v1::BackupManifest* manifest,
                          BackupReport* report) const;
  absl::Status StoreObject(const std::string& source, store::v1::BackupFile* file,
                           BackupReport* report) const;
  absl::StatusOr<uint64_t> WriteKeysFile() const;
  absl::Status RemoveOld(uint64_t number) const;

  const BackupOptions options_;
  const store::Store* const store_;
  const base::Clock* const clock_;
  base::RandomSource* const random_;
  const BackupKeys keys_;
  const tlog::NoteVerifier verifier_;
  absl::Mutex mutex_;       // one backup at a time
  absl::Mutex keys_mutex_;  // one writing of the keys at a time; taken last
};

}  // namespace signpost::backup

#endif  // SIGNPOST_HUB_BACKUP_BACKUP_H_
