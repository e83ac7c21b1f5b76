#include "hub/backup/restore.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/backup/files.h"
#include "hub/backup/manifest.h"
#include "hub/backup/put_people_back.h"
#include "hub/backup/sealed_file.h"
#include "hub/base/error.h"
#include "hub/base/random.h"
#include "hub/base/status_macros.h"
#include "hub/keys/master_key.h"
#include "hub/ledger/reader.h"
#include "hub/ledger/restored.h"
#include "hub/people/rows.h"
#include "hub/store/engine.h"
#include "hub/store/store.h"
#include "hub/tlog/checkpoint.h"
#include "hub/tlog/merkle.h"
#include "hub/tlog/note.h"
#include "hub/tlog/verifier.h"

namespace signpost::backup {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Reason;
using store::Space;

absl::StatusOr<std::string> ReadNoteFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string note((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad() || note.empty() || note.size() > tlog::kNoteBytesMax) {
    return base::InvalidField("published", absl::StrCat(path, " holds no signed checkpoint"));
  }
  return note;
}

// One restore, in a directory that goes with it unless it was finished.
class Restoring {
 public:
  explicit Restoring(const RestoreOptions& options)
      : options_(options),
        directory_(options.into + ".restoring"),
        tiles_(options.into + ".restoring-tiles") {}
  ~Restoring() { Remove(); }
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;

  // The order matters: nothing is believed before it is verified, the ledger is given its word last, and only a store that is
  // whole gets the name under which a hub would start on it.
  absl::StatusOr<RestoreReport> Run() {
    SIGNPOST_RETURN_IF_ERROR(Begin());
    SIGNPOST_RETURN_IF_ERROR(ReadFiles());
    SIGNPOST_RETURN_IF_ERROR(OpenStore());
    SIGNPOST_RETURN_IF_ERROR(VerifyLedger());
    SIGNPOST_RETURN_IF_ERROR(ComparePublished());
    SIGNPOST_RETURN_IF_ERROR(PutPeople());
    SIGNPOST_RETURN_IF_ERROR(LeaveWord());
    SIGNPOST_RETURN_IF_ERROR(Finish());
    return report_;
  }

 private:
  void Remove() {
    view_.reset();
    store_.reset();
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
    fs::remove_all(tiles_, ignored);
  }

  absl::Status Begin() {
    if (options_.published_files.empty() && !options_.older_than_published) {
      return base::InvalidField(
          "published",
          "name what was published: the checkpoint file kept outside the store, and checkpoints "
          "that witnesses co-signed; a backup that is older than they are is not restored "
          "unawares");
    }
    SIGNPOST_ASSIGN_OR_RETURN(BackupKeys keys, ReadBackupKeys(options_.backup_key_file));
    keys_.emplace(std::move(keys));
    absl::StatusOr<std::unique_ptr<tlog::NoteSigner>> signer =
        tlog::ReadNoteSigner(options_.ledger_key_file);
    if (!signer.ok()) {
      return Error(Reason::kKeyUnavailable,
                   absl::StrCat("the ledger's signing key ", options_.ledger_key_file,
                                " cannot be used: ", signer.status().message()));
    }
    signer_ = *std::move(signer);
    SIGNPOST_ASSIGN_OR_RETURN(tlog::NoteVerifier verifier,
                              tlog::NoteVerifier::Parse(signer_->verifier_key()));
    verifier_.emplace(std::move(verifier));

    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ManifestNumbers(options_.from));
    if (numbers.empty()) {
      return Error(Reason::kNotFound, absl::StrCat("there is no backup in ", options_.from));
    }
    const uint64_t number = options_.number == 0 ? numbers.back() : options_.number;
    SIGNPOST_ASSIGN_OR_RETURN(manifest_, ReadManifest(options_.from, number, keys_->manifest));
    report_.number = number;
    report_.made_at = absl::FromUnixMicros(manifest_.made_at_us());
    report_.ledger_size = manifest_.ledger_size();
    report_.files = manifest_.files_size();
    if (manifest_.origin() != signer_->name()) {
      return base::InvalidField(
          "ledger_key", absl::StrCat("is the key of ", signer_->name(), ", and the backup is of ",
                                     manifest_.origin()));
    }
    SIGNPOST_RETURN_IF_ERROR(CheckMasterKey());

    std::error_code failed;
    if (fs::exists(options_.into, failed) && !fs::is_empty(options_.into, failed)) {
      return Error(Reason::kAlreadyExists,
                   absl::StrCat(options_.into,
                                " holds something; move it aside and keep it: the damaged store is "
                                "evidence"));
    }
    Remove();
    fs::create_directory(directory_, failed);
    if (failed) {
      return Error(Reason::kStoreUnavailable,
                   absl::StrCat("cannot make ", directory_, ": ", failed.message()));
    }
    fs::permissions(directory_, fs::perms::owner_all, failed);
    return absl::OkStatus();
  }

  absl::Status ReadFiles() {
    for (const BackupFile& file : manifest_.files()) SIGNPOST_RETURN_IF_ERROR(ReadObject(file));
    return SyncDirectory(directory_);
  }

  absl::Status ReadObject(const BackupFile& file) {
    const std::string object =
        absl::StrCat(options_.from, "/", kObjectsDirectory, "/", file.object());
    const auto reader = SealedReader::Open(object, keys_->object, ObjectLabel(file.object()));
    if (!reader.ok()) {
      return Error(Reason::kDataLoss, absl::StrCat("backup ", manifest_.number(),
                                                   " is not whole: ", reader.status().message(),
                                                   "; restore another one"));
    }
    const std::string path = absl::StrCat(directory_, "/", file.name());
    const FileHandle out(std::fopen(path.c_str(), "wbe"));
    if (out == nullptr) return FileError("create", path);
    RunningHash hash;
    uint64_t size = 0;
    std::string record;
    while (true) {
      SIGNPOST_ASSIGN_OR_RETURN(const bool more, (*reader)->Next(&record));
      if (!more) break;
      hash.Add(record);
      size += record.size();
      if (std::fwrite(record.data(), 1, record.size(), out.get()) != record.size()) {
        return FileError("write", path);
      }
    }
    if (std::fflush(out.get()) != 0 || ::fsync(::fileno(out.get())) != 0) {
      return FileError("sync", path);
    }
    // Authentic records say that a hub with this key wrote them under this name; the manifest says
    // what they must come to.
    if (size == file.size() && hash.Finish() == file.sha256()) return absl::OkStatus();
    return Error(Reason::kDataLoss,
                 absl::StrCat(object, " does not hold the file that backup ", manifest_.number(),
                              " names; restore another one"));
  }

  absl::Status OpenStore() {
    SIGNPOST_ASSIGN_OR_RETURN(store_, options_.engine->Open(directory_, /*read_only=*/false));
    SIGNPOST_ASSIGN_OR_RETURN(view_, store_->NewView());
    // The ledger's head, which nothing here moves.
    SIGNPOST_ASSIGN_OR_RETURN(fence_.head, view_->Get(Space::kMeta, store::kFenceKey));
    return absl::OkStatus();
  }

  // As anybody would verify a published ledger, and then what stands behind its last checkpoint.
  absl::Status VerifyLedger() {
    const ledger::LedgerReader reader(view_.get());
    SIGNPOST_ASSIGN_OR_RETURN(const ledger::Sequencer::Head head, reader.Head());
    SIGNPOST_RETURN_IF_ERROR(reader.ExportTiles(tiles_, /*entries=*/true));
    tlog::VerifyOptions how;
    how.origin = manifest_.origin();
    how.older_checkpoints.push_back(manifest_.checkpoint());
    const tlog::VerifyReport verified = tlog::VerifyDirectory(tiles_, {&*verifier_, 1}, how);
    if (!verified.ok()) {
      return Error(Reason::kDataLoss, absl::StrCat("the ledger in backup ", manifest_.number(),
                                                   " does not verify: ", verified.ToString()));
    }
    absl::Status damaged =
        Error(Reason::kDataLoss, absl::StrCat("the ledger in backup ", manifest_.number(),
                                              " does not fit its head; restore another one"));
    // The hub commits entries between checkpoints, and a backup may be made there: no signature is
    // over these, so they are held against the tree's own nodes and the head that the manifest names.
    tlog::Hasher hasher;
    for (uint64_t index = verified.checkpoint.size; index < head.size; ++index) {
      const absl::StatusOr<std::string> entry = reader.Entry(index);
      if (ledger::IsPruned(entry.status())) continue;
      if (!entry.ok()) return entry.status();
      SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash leaf, reader.Node(0, index));
      if (hasher.Leaf(*entry) != leaf) return damaged;
    }
    SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, reader.RootAt(head.size));
    if (head.size != manifest_.ledger_size() || tlog::HashToString(root) != head.root_hash) {
      return damaged;
    }
    word_.origin = manifest_.origin();
    word_.backup = manifest_.number();
    word_.holds = {head.size, root};
    report_.entries_verified = head.size;
    return absl::OkStatus();
  }

  absl::Status ComparePublished() {
    const ledger::LedgerReader reader(view_.get());
    for (const std::string& path : options_.published_files) {
      SIGNPOST_ASSIGN_OR_RETURN(const std::string note, ReadNoteFile(path));
      const auto checkpoint = tlog::OpenCheckpoint(note, {&*verifier_, 1});
      if (!checkpoint.ok() || checkpoint->origin != manifest_.origin()) {
        return base::InvalidField(
            "published",
            absl::StrCat(path, " is not a checkpoint of ", manifest_.origin(), ": ",
                         checkpoint.ok() ? absl::StrCat("it is of ", checkpoint->origin)
                                         : std::string(checkpoint.status().message())));
      }
      if (checkpoint->size <= word_.holds.size) {
        SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, reader.RootAt(checkpoint->size));
        if (root == checkpoint->root) continue;
      }
      // The hub refuses to start on a ledger behind what was published, unless a word signed with
      // its key names exactly what is given up: it cannot be used for another loss later.
      word_.gives_up.push_back({checkpoint->size, checkpoint->root});
      report_.published_size = std::max(report_.published_size, checkpoint->size);
      if (options_.older_than_published) continue;
      return Error(Reason::kLedgerBehind,
                   absl::StrCat("backup ", manifest_.number(), " holds ", word_.holds.size,
                                " entries, and ", path, " proves that ", checkpoint->size,
                                checkpoint->size > word_.holds.size
                                    ? " were published: what came between would be lost"
                                    : " others were published: it is of another history"));
    }
    if (word_.gives_up.size() > static_cast<size_t>(ledger::kGivenUpMax)) {
      return base::InvalidField("published", absl::StrCat("name at most ", ledger::kGivenUpMax));
    }
    return absl::OkStatus();
  }

  // That the keys were written in the history that the backup was made in. Where they were not, some
  // who are in the backup are not among the keys, and would be taken for erased.
  absl::Status CompareHistories(const store::v1::BackupKeysHeader& header) const {
    const ledger::LedgerReader reader(view_.get());
    // Two ways to be of another history. The keys may come from behind a restore that cut off what
    // the backup holds (first loop), or the backup from behind one that the keys know nothing of
    // (second): in each somebody is in the backup who is not among the keys.
    std::set<std::pair<uint64_t, std::string>> known;
    for (const store::v1::RestoreMark& mark : header.restores()) {
      known.emplace(mark.ledger_size(), mark.root());
      if (mark.ledger_size() > manifest_.ledger_size()) continue;  // nothing of it was given up
      SIGNPOST_ASSIGN_OR_RETURN(const tlog::Hash root, reader.RootAt(mark.ledger_size()));
      if (tlog::HashToString(root) == mark.root()) continue;
      return base::InvalidField(
          "keys",
          absl::StrCat(
              "were written after an older backup had been restored and started (",
              absl::FormatTime(absl::RFC3339_sec, absl::FromUnixMicros(mark.restored_at_us()),
                               absl::UTCTimeZone()),
              ", at entry ", mark.ledger_size() - 1,
              "), which gave up the history that "
              "backup ",
              manifest_.number(),
              " is of: whoever was recorded in that is not "
              "among them, and would be removed as if erased. Bring the copy of the file "
              "of keys that was made before the restored store was started, and erase "
              "again whoever was erased since; or restore a backup made since"));
    }
    SIGNPOST_ASSIGN_OR_RETURN(const std::vector<ledger::RestoreMark> own,
                              ledger::ReadRestoreMarks(*view_));
    for (const ledger::RestoreMark& mark : own) {
      if (known.count({mark.at.size, tlog::HashToString(mark.at.root)}) != 0) continue;
      return base::InvalidField(
          "keys",
          absl::StrCat("were written before the restore behind which backup ", manifest_.number(),
                       " was made: whoever was recorded since is not "
                       "among them; bring the newest file of keys"));
    }
    return absl::OkStatus();
  }

  // The file of keys, read up to behind its header, when it is this hub's.
  struct KeysFile {
    std::unique_ptr<SealedReader> reader;
    store::v1::BackupKeysHeader header;
  };
  absl::StatusOr<KeysFile> OpenKeysFile() const {
    KeysFile file;
    SIGNPOST_ASSIGN_OR_RETURN(
        file.reader, SealedReader::Open(options_.keys_file, keys_->person_keys, kKeysFile));
    std::string record;
    SIGNPOST_ASSIGN_OR_RETURN(const bool more, file.reader->Next(&record));
    if (!more || !file.header.ParseFromString(record) || file.header.format() != 1) {
      return KeysDoNotRead();
    }
    if (file.header.origin() != manifest_.origin()) {
      return base::InvalidField(
          "keys", absl::StrCat("are of ", file.header.origin(), ", not of ", manifest_.origin()));
    }
    return file;
  }

  // That the keys are wrapped under the master key given: under another one what comes back would
  // open for nobody. Known before anything is copied.
  absl::Status CheckMasterKey() const {
    SIGNPOST_ASSIGN_OR_RETURN(
        const keys::MasterKeys masters,
        keys::ReadFiles(options_.master_key_file, options_.old_master_key_file));
    SIGNPOST_ASSIGN_OR_RETURN(const KeysFile file, OpenKeysFile());
    std::vector<store::KeyValue> hub_keys;
    std::string record;
    store::v1::BackupKeyRows rows;
    while (true) {
      SIGNPOST_ASSIGN_OR_RETURN(const bool more, file.reader->Next(&record));
      if (!more) return keys::CheckRows(hub_keys, masters);
      if (!rows.ParseFromString(record)) return KeysDoNotRead();
      for (const store::v1::BackupKeyRow& row : rows.rows()) {
        if (keys::IsHubKey(row.key())) hub_keys.push_back({row.key(), row.value()});
      }
    }
  }

  absl::Status KeysDoNotRead() const {
    return Error(Reason::kDataLoss,
                 absl::StrCat(options_.keys_file,
                              " does not read as a file of keys; bring the one that this hub, in "
                              "this version, wrote last into its keys directory"));
  }

  absl::Status PutPeople() {
    SIGNPOST_ASSIGN_OR_RETURN(
        const keys::MasterKeys masters,
        keys::ReadFiles(options_.master_key_file, options_.old_master_key_file));
    const auto open_keyring = [&]() -> absl::StatusOr<std::unique_ptr<base::Keyring>> {
      // The store has rows, and the keys were held against them: this writes nothing.
      SIGNPOST_ASSIGN_OR_RETURN(keys::Opened opened,
                                keys::OpenStore(store_.get(), masters, report_.made_at, &random_));
      return std::move(opened.keyring);
    };
    const auto for_each_row = [this](VisitKeyRow visit) { return ForEachKeyRow(visit); };
    const auto commit = [this](store::Batch batch) { return Commit(std::move(batch)); };
    SIGNPOST_ASSIGN_OR_RETURN(
        report_.people, PutPeopleBack(*store_, {for_each_row, open_keyring, commit}, &random_));
    return absl::OkStatus();
  }

  absl::Status ForEachKeyRow(VisitKeyRow visit) {
    SIGNPOST_ASSIGN_OR_RETURN(const KeysFile file, OpenKeysFile());
    const store::v1::BackupKeysHeader& header = file.header;
    SIGNPOST_RETURN_IF_ERROR(CompareHistories(header));
    if (header.ledger_size() < manifest_.ledger_size()) {
      return base::InvalidField("keys",
                                "are older than the backup: young persons would be unreadable, and "
                                "somebody erased might not be; bring the newest file of keys");
    }
    std::string record;
    store::v1::BackupKeyRows rows;
    while (true) {
      SIGNPOST_ASSIGN_OR_RETURN(const bool more, file.reader->Next(&record));
      if (!more) return absl::OkStatus();
      if (!rows.ParseFromString(record)) return KeysDoNotRead();
      store::Batch batch;
      for (const store::v1::BackupKeyRow& row : rows.rows()) {
        SIGNPOST_RETURN_IF_ERROR(visit(row.key(), row.value(), &batch));
      }
      SIGNPOST_RETURN_IF_ERROR(Commit(std::move(batch)));
    }
  }

  absl::Status Commit(store::Batch batch) {
    if (batch.empty()) return absl::OkStatus();
    return store_->Commit(std::move(batch), fence_).status();
  }

  // In the store and not beside it, so that the word cannot be lost or used with another store.
  absl::Status LeaveWord() {
    SIGNPOST_ASSIGN_OR_RETURN(std::string note,
                              tlog::SignNote(ledger::FormatRestored(word_), *signer_));
    store::Batch batch;
    ledger::PutRestored(note, &batch);
    return Commit(std::move(batch));
  }

  absl::Status Finish() {
    view_.reset();
    store_.reset();
    SIGNPOST_RETURN_IF_ERROR(SyncDirectory(directory_));
    // An empty directory may be replaced; one that was filled meanwhile may not, and is not.
    return RenameInto(directory_, options_.into);
  }

  const RestoreOptions& options_;
  const std::string directory_;
  const std::string tiles_;
  std::optional<BackupKeys> keys_;
  std::unique_ptr<tlog::NoteSigner> signer_;
  std::optional<tlog::NoteVerifier> verifier_;
  BackupManifest manifest_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::View> view_;
  store::Fence fence_;
  base::OsRandom random_;
  ledger::Restored word_;
  RestoreReport report_;
};

}  // namespace

absl::StatusOr<RestoreReport> Restore(const RestoreOptions& options) {
  RestoreOptions clean = options;
  while (clean.into.size() > 1 && clean.into.back() == '/') clean.into.pop_back();
  return Restoring(clean).Run();
}

}  // namespace signpost::backup
