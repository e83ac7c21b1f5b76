// Restore() is a tool that puts a store back, with no hub running. See backup.h for what a backup
// is.

#ifndef SIGNPOST_HUB_BACKUP_RESTORE_H_
#define SIGNPOST_HUB_BACKUP_RESTORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/backup/put_people_back.h"
#include "hub/store/engine.h"

namespace signpost::backup {

struct RestoreOptions {
  std::string from;             // directory of backups
  uint64_t number = 0;          // which; 0: the newest
  std::string backup_key_file;  // see files.h
  std::string keys_file;        // `person-keys` of the keys directory
  // The master key that `keys_file` is under; where that was written while the key was being changed,
  // the one before beside it, and else nothing. See keys/master_key.h.
  std::string master_key_file;
  std::string old_master_key_file;
  std::string ledger_key_file;  // the ledger's signing key: verifies, and signs that this was meant
  const store::Engine* engine = nullptr;  // whose store it is; not owned, must be set
  std::string into;                       // becomes the store; must not exist, or be empty
  // What was published and must not be given up unawares: files that hold a signed checkpoint each,
  // such as the one kept outside the store, and those that witnesses co-signed.
  std::vector<std::string> published_files;
  // Give them up on purpose, when the backup is older or of another history.
  bool older_than_published = false;
};

struct RestoreReport {
  uint64_t number = 0;
  absl::Time made_at;
  uint64_t ledger_size = 0;
  int64_t files = 0;
  uint64_t entries_verified = 0;
  PeopleBack people;
  uint64_t published_size = 0;  // the largest of those given up; 0 when none is
};

// Opens every file of the backup and compares it with its hash, puts the keys of today back,
// removes what is left of people who were erased since, closes again what was closed since (shields,
// refusals, withdrawals: people/closings.h, also of people whom the backup does not know), and verifies the whole ledger: each entry
// against the tree, the tree against its checkpoint, counters, and whether it extends what was
// published. Then it leaves a signed word in the store that it was restored and what is given up by
// that, which the hub puts into the ledger when it starts (ledger/restored.h).
//
// It works in `into` + ".restoring", which it removes first and last: `into` appears whole or not
// at all. Errors: kNotFound when there is no such backup; kAlreadyExists when `into` holds
// something; kDataLoss, naming the file, when something is missing, changed, or sealed under
// another key; kLedgerBehind when something published would be given up; kInvalidField when no
// published checkpoint is named, or one does not verify, or the keys are older than the backup,
// another hub's, or of another history; kKeyUnavailable when they are wrapped under another master key
// than the one given, or for a key's file; kStoreUnavailable.
[[nodiscard]] absl::StatusOr<RestoreReport> Restore(const RestoreOptions& options);

}  // namespace signpost::backup

#endif  // SIGNPOST_HUB_BACKUP_RESTORE_H_
