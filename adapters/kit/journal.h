// A Journal is a file of what the hub has acknowledged, kept so that only changes travel.
//
// An append-only file of checksummed records: record id -> hash of the content that was
// acknowledged, and what became of it. It may lose its tail in a crash and nothing is lost with it:
// what is not in the journal is sent again, and the hub does nothing the second time. So a torn or
// damaged tail is dropped with a word, never an error. A record that was sent and not acknowledged
// is never in the journal.
//
// The file holds record ids in clear (it is the agency's own, mode 0600) and of the content only an
// HMAC under a key of this file. One process at a time has it open. Not thread-safe.

#ifndef SIGNPOST_ADAPTERS_KIT_JOURNAL_H_
#define SIGNPOST_ADAPTERS_KIT_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/random.h"
#include "signpost/v1/index.pb.h"

namespace signpost::adapters {

struct JournalEntry {
  std::string content_hash;  // 32 bytes
  signpost::v1::FlagOutcomeKind outcome = signpost::v1::FLAG_OUTCOME_KIND_UNSPECIFIED;
  signpost::v1::FlagStatus status = signpost::v1::FLAG_STATUS_UNSPECIFIED;
  // The pointers that went with it, for an extract that lacks a file (see Extract).
  std::vector<signpost::v1::AssessmentPointer> assessments;
};

class Journal {
 public:
  // Compacted on Sync() when this many records are dead and they outnumber the live.
  static constexpr int64_t kDeadRecordsMin = 10'000;

  // Opens `path`, or creates it with mode 0600. Errors: kInvalidField when the file is not a
  // journal (it is left alone), is open to group or others, or cannot be read or written; kAborted
  // when another process has it.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path,
                                                                     base::RandomSource* random);
  // For a dry run: changes nothing on disk, not even a torn tail; a file that is not there is an
  // empty journal. Append() and Sync() on it are errors (kInternal).
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Journal>> OpenReadOnly(
      const std::string& path, base::RandomSource* random);
  // Reads journal records from bytes; for fuzzing and tests.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Journal>> FromBytes(
      absl::string_view bytes, base::RandomSource* random);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // HMAC of the report's content (not of its sequence) under this journal's key. It is made over
  // canonical bytes that this file defines and not over a protobuf serialisation, so that it does
  // not change with the library.
  std::string ContentHash(const signpost::v1::FlagReport& report) const;

  // The entry, or null. Valid until the next change.
  const JournalEntry* Find(const std::string& record_id) const;
  // Records that the hub holds open, as far as this journal knows.
  int64_t open_count() const;
  const absl::flat_hash_map<std::string, JournalEntry>& entries() const { return entries_; }

  // Writes what became of a record. In memory at once, on disk after Sync(). Errors:
  // kStoreUnavailable; then memory is as before.
  [[nodiscard]] absl::Status Append(const std::string& record_id, const JournalEntry& entry);
  // Forgets a record: it will be sent when it comes again.
  [[nodiscard]] absl::Status Forget(const std::string& record_id);
  // Makes everything appended durable. Errors: kStoreUnavailable, kStoreFull.
  [[nodiscard]] absl::Status Sync();
  // Rewrites the file with the live records alone, by atomic rename.
  [[nodiscard]] absl::Status Compact();

  // Bytes of a torn or damaged tail that were dropped on opening.
  int64_t bytes_dropped() const { return bytes_dropped_; }
  int64_t dead_records() const { return records_in_file_ - static_cast<int64_t>(entries_.size()); }

 private:
  Journal(std::string path, bool read_only);
  absl::Status Create(base::RandomSource* random);
  absl::Status LoadFile(absl::string_view bytes);
  // Reads all records of `bytes`; answers how many bytes are good.
  size_t Load(absl::string_view bytes);
  absl::Status WriteOut(absl::string_view bytes);
  absl::Status Flush();
  std::string Frame(absl::string_view payload) const;

  const std::string path_;
  const bool read_only_;
  int fd_ = -1;
  int lock_fd_ = -1;  // holds the lock while this lives
  std::string key_;   // 32 bytes
  absl::flat_hash_map<std::string, JournalEntry> entries_;
  std::string unwritten_;
  int64_t records_in_file_ = 0;
  int64_t bytes_dropped_ = 0;
};

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_JOURNAL_H_
