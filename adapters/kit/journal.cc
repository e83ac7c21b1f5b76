#include "adapters/kit/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters {
namespace {

using signpost::v1::AssessmentPointer;
using signpost::v1::Date;
using signpost::v1::FlagReport;

// The file: magic, key, then frames. A frame: length of payload (4), checksum (8, the first bytes
// of an HMAC under the file's key), payload.
constexpr char kMagic[] = "signpost-journal-1\n";
constexpr size_t kMagicBytes = sizeof(kMagic) - 1;
constexpr size_t kKeyBytes = 32;
constexpr size_t kHeaderBytes = kMagicBytes + kKeyBytes;
constexpr size_t kFrameHeadBytes = 12;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kPayloadBytesMax = 64u << 10;
// A payload: its type (1), then lengths (4 each) before texts.
constexpr char kTypeAcknowledged = 1;
constexpr char kTypeForgotten = 2;
constexpr size_t kUnwrittenBytesMax = 1u << 20;

absl::Status IoError(const std::string& path, const char* what) {
  const int error = errno;
  return base::Error(
      error == ENOSPC ? base::Reason::kStoreFull : base::Reason::kStoreUnavailable,
      absl::StrCat("journal ", path, ": ", what, " failed (", std::strerror(error),
                   "); what was not written will be sent again. Mend the disk and run again"));
}

absl::Status NotUsable(const std::string& path, const std::string& what) {
  return base::Error(base::Reason::kInvalidField, absl::StrCat("journal ", path, ": ", what),
                     {{"journal", what}});
}

void PutU32(uint32_t value, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xFFu));
  }
}

void PutText(absl::string_view text, std::string* out) {
  PutU32(static_cast<uint32_t>(text.size()), out);
  out->append(text.data(), text.size());
}

void PutDate(bool present, const Date& date, std::string* out) {
  PutU32(present ? static_cast<uint32_t>(date.year() * 10000 + date.month() * 100 + date.day()) : 0,
         out);
}

// Reads what Put* wrote; `ok` turns false for ever at the first thing that does not fit.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : bytes_(bytes) {}
  uint32_t U32() {
    if (bytes_.size() < 4) {
      ok_ = false;
      return 0;
    }
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      value = (value << 8) | static_cast<unsigned char>(bytes_[static_cast<size_t>(i)]);
    }
    bytes_.remove_prefix(4);
    return value;
  }
  std::string Text() {
    const uint32_t size = U32();
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return "";
    }
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }
  char Byte() {
    if (bytes_.empty()) {
      ok_ = false;
      return 0;
    }
    const char byte = bytes_[0];
    bytes_.remove_prefix(1);
    return byte;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && bytes_.empty(); }

 private:
  absl::string_view bytes_;
  bool ok_ = true;
};

void PutPointer(const AssessmentPointer& pointer, std::string* out) {
  PutText(pointer.kind(), out);
  PutDate(pointer.has_assessed_on(), pointer.assessed_on(), out);
  PutU32(static_cast<uint32_t>(pointer.sections_size()), out);
  for (const std::string& section : pointer.sections()) PutText(section, out);
}

AssessmentPointer TakePointer(Cursor* cursor) {
  AssessmentPointer pointer;
  pointer.set_kind(cursor->Text());
  const auto day = static_cast<int32_t>(cursor->U32());
  if (day != 0) {
    pointer.mutable_assessed_on()->set_year(day / 10000);
    pointer.mutable_assessed_on()->set_month(day / 100 % 100);
    pointer.mutable_assessed_on()->set_day(day % 100);
  }
  const uint32_t sections = cursor->U32();
  for (uint32_t i = 0; i < sections && cursor->ok(); ++i) pointer.add_sections(cursor->Text());
  return pointer;
}

std::string AcknowledgedPayload(const std::string& record_id, const JournalEntry& entry) {
  std::string payload(1, kTypeAcknowledged);
  PutText(record_id, &payload);
  PutText(entry.content_hash, &payload);
  payload.push_back(static_cast<char>(entry.outcome));
  payload.push_back(static_cast<char>(entry.status));
  PutU32(static_cast<uint32_t>(entry.assessments.size()), &payload);
  for (const AssessmentPointer& pointer : entry.assessments) PutPointer(pointer, &payload);
  return payload;
}

absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  std::string bytes;
  char buffer[64 << 10];
  while (true) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return IoError(path, "reading");
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(got));
  }
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A rename is durable once its folder is.
absl::Status SyncFolder(const std::string& path) {
  const int fd = open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return IoError(path, "opening its folder");
  const int result = fsync(fd);
  close(fd);
  if (result != 0) return IoError(path, "syncing its folder");
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return IoError(path, "writing");
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

}  // namespace

Journal::Journal(std::string path, bool read_only)
    : path_(std::move(path)), read_only_(read_only) {}

Journal::~Journal() {
  if (fd_ >= 0) close(fd_);
  if (lock_fd_ >= 0) close(lock_fd_);
}

std::string Journal::Frame(absl::string_view payload) const {
  std::string frame;
  PutU32(static_cast<uint32_t>(payload.size()), &frame);
  frame += base::HmacSha256(key_, payload).substr(0, kChecksumBytes);
  frame.append(payload.data(), payload.size());
  return frame;
}

// Returns how many bytes are good. Reading ends at the first frame that is not: whatever stands
// behind it, however sound, was written after it, and a record that seems acknowledged by mistake
// would never be sent again, while one that is forgotten is only sent once more.
size_t Journal::Load(absl::string_view bytes) {
  size_t good = 0;
  while (bytes.size() - good >= kFrameHeadBytes) {
    Cursor head(bytes.substr(good, 4));
    const uint32_t size = head.U32();
    if (size > kPayloadBytesMax || size > bytes.size() - good - kFrameHeadBytes) break;
    const absl::string_view checksum = bytes.substr(good + 4, kChecksumBytes);
    const absl::string_view payload = bytes.substr(good + kFrameHeadBytes, size);
    if (base::HmacSha256(key_, payload).compare(0, kChecksumBytes, std::string(checksum)) != 0) {
      break;
    }
    Cursor cursor(payload);
    const char type = cursor.Byte();
    const std::string record_id = cursor.Text();
    if (type == kTypeAcknowledged) {
      JournalEntry entry;
      entry.content_hash = cursor.Text();
      entry.outcome = static_cast<signpost::v1::FlagOutcomeKind>(cursor.Byte());
      entry.status = static_cast<signpost::v1::FlagStatus>(cursor.Byte());
      const uint32_t pointers = cursor.U32();
      for (uint32_t i = 0; i < pointers && cursor.ok(); ++i) {
        entry.assessments.push_back(TakePointer(&cursor));
      }
      if (!cursor.done()) break;
      entries_[record_id] = std::move(entry);
    } else if (type == kTypeForgotten && cursor.done()) {
      entries_.erase(record_id);
    } else {
      break;
    }
    ++records_in_file_;
    good += kFrameHeadBytes + size;
  }
  return good;
}

absl::Status Journal::Create(base::RandomSource* random) {
  key_ = random->Bytes(kKeyBytes);
  // Under its own name only once it is whole, so that a crash here leaves no half a journal.
  const std::string fresh = path_ + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return NotUsable(path_, absl::StrCat("cannot be created (", std::strerror(errno),
                                         "); check the folder and who may write in it"));
  }
  absl::Status status = WriteAll(fd, absl::StrCat(std::string(kMagic, kMagicBytes), key_), path_);
  if (status.ok() && fsync(fd) != 0) status = IoError(path_, "syncing");
  close(fd);
  SIGNPOST_RETURN_IF_ERROR(status);
  if (rename(fresh.c_str(), path_.c_str()) != 0) return IoError(path_, "renaming");
  return SyncFolder(path_);
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path,
                                                       base::RandomSource* random) {
  auto journal = std::unique_ptr<Journal>(new Journal(path, /*read_only=*/false));
  // The lock is on a file beside it, since compaction puts another file in its place.
  const std::string lock_path = path + ".lock";
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return NotUsable(path, absl::StrCat("cannot be locked (", std::strerror(errno),
                                        "); check the folder and who may write in it"));
  }
  journal->lock_fd_ = lock;
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return base::Error(base::Reason::kAborted,
                       absl::StrCat("journal ", path,
                                    ": another adapter has it open; stop it or wait for its end"));
  }
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return IoError(path, "reading");
    SIGNPOST_RETURN_IF_ERROR(journal->Create(random));
  } else if (!S_ISREG(info.st_mode)) {
    return NotUsable(path, "is not a file");
  } else if ((info.st_mode & 077) != 0) {
    return NotUsable(path, absl::StrCat("can be read by others; run: chmod 600 ", path));
  }
  journal->fd_ = open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (journal->fd_ < 0) return IoError(path, "opening");
  SIGNPOST_ASSIGN_OR_RETURN(const std::string bytes, ReadAll(journal->fd_, path));
  SIGNPOST_RETURN_IF_ERROR(journal->LoadFile(bytes));
  if (bytes.size() < kHeaderBytes) {
    // The head alone can be short only if the disk lost it: begin anew, everything is sent again.
    close(journal->fd_);
    SIGNPOST_RETURN_IF_ERROR(journal->Create(random));
    journal->fd_ = open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
    if (journal->fd_ < 0) return IoError(path, "opening");
  } else if (journal->bytes_dropped_ > 0) {
    const auto good =
        static_cast<off_t>(static_cast<int64_t>(bytes.size()) - journal->bytes_dropped_);
    if (ftruncate(journal->fd_, good) != 0 || fdatasync(journal->fd_) != 0) {
      return IoError(path, "cutting a torn end off");
    }
  }
  return journal;
}

absl::Status Journal::LoadFile(absl::string_view bytes) {
  const size_t magic = std::min(bytes.size(), kMagicBytes);
  if (bytes.substr(0, magic) != absl::string_view(kMagic, magic)) {
    return NotUsable(path_, "is not a journal of ours and is left alone; name another file");
  }
  if (bytes.size() < kHeaderBytes) {
    bytes_dropped_ = static_cast<int64_t>(bytes.size());
    return absl::OkStatus();
  }
  key_ = std::string(bytes.substr(kMagicBytes, kKeyBytes));
  bytes.remove_prefix(kHeaderBytes);
  bytes_dropped_ = static_cast<int64_t>(bytes.size() - Load(bytes));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::OpenReadOnly(const std::string& path,
                                                               base::RandomSource* random) {
  auto journal = std::unique_ptr<Journal>(new Journal(path, /*read_only=*/true));
  journal->key_ = random->Bytes(kKeyBytes);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return journal;
  if (fd < 0) return NotUsable(path, absl::StrCat("cannot be read (", std::strerror(errno), ")"));
  absl::StatusOr<std::string> bytes = ReadAll(fd, path);
  close(fd);
  SIGNPOST_RETURN_IF_ERROR(bytes.status());
  SIGNPOST_RETURN_IF_ERROR(journal->LoadFile(*bytes));
  return journal;
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::FromBytes(absl::string_view bytes,
                                                            base::RandomSource* random) {
  auto journal = std::unique_ptr<Journal>(new Journal("bytes", /*read_only=*/true));
  journal->key_ = random->Bytes(kKeyBytes);
  SIGNPOST_RETURN_IF_ERROR(journal->LoadFile(bytes));
  return journal;
}

std::string Journal::ContentHash(const FlagReport& report) const {
  std::string content("content-1");
  PutText(report.record_id(), &content);
  const signpost::v1::PersonDetails& person = report.person();
  PutText(person.given_names(), &content);
  PutText(person.surname(), &content);
  PutDate(person.has_birth_date(), person.birth_date(), &content);
  PutDate(person.has_expected_birth_date(), person.expected_birth_date(), &content);
  PutText(person.gender(), &content);
  PutText(person.postcode(), &content);
  PutU32(static_cast<uint32_t>(person.identifiers_size()), &content);
  for (const signpost::v1::Identifier& identifier : person.identifiers()) {
    PutU32(static_cast<uint32_t>(identifier.kind()), &content);
    PutText(identifier.value(), &content);
  }
  PutText(report.service(), &content);
  PutU32(static_cast<uint32_t>(report.status()), &content);
  PutDate(report.has_opened_on(), report.opened_on(), &content);
  PutDate(report.has_closed_on(), report.closed_on(), &content);
  PutDate(report.has_died_on(), report.died_on(), &content);
  const signpost::v1::Contact& contact = report.contact();
  for (const std::string* text : {&contact.practitioner_id(), &contact.name(), &contact.role(),
                                  &contact.phone(), &contact.email(), &contact.team_id()}) {
    PutText(*text, &content);
  }
  PutU32(static_cast<uint32_t>(report.assessments_size()), &content);
  for (const AssessmentPointer& pointer : report.assessments()) PutPointer(pointer, &content);
  return base::HmacSha256(key_, content);
}

const JournalEntry* Journal::Find(const std::string& record_id) const {
  const auto found = entries_.find(record_id);
  return found == entries_.end() ? nullptr : &found->second;
}

int64_t Journal::open_count() const {
  int64_t open = 0;
  for (const auto& [id, entry] : entries_) {
    if (entry.status == signpost::v1::FLAG_STATUS_OPEN) ++open;
  }
  return open;
}

absl::Status Journal::WriteOut(absl::string_view bytes) {
  if (read_only_) return base::Error(base::Reason::kInternal, "this journal was opened to read");
  unwritten_.append(bytes.data(), bytes.size());
  if (unwritten_.size() < kUnwrittenBytesMax) return absl::OkStatus();
  return Flush();
}

absl::Status Journal::Flush() {
  const off_t before = lseek(fd_, 0, SEEK_END);
  absl::Status status = WriteAll(fd_, unwritten_, path_);
  if (status.ok()) {
    unwritten_.clear();
  } else if (ftruncate(fd_, before) != 0) {
    // Half a frame stays behind; reading drops it and all behind it, which is then sent again.
    return status;
  }
  return status;
}

absl::Status Journal::Append(const std::string& record_id, const JournalEntry& entry) {
  SIGNPOST_RETURN_IF_ERROR(WriteOut(Frame(AcknowledgedPayload(record_id, entry))));
  ++records_in_file_;
  entries_[record_id] = entry;
  return absl::OkStatus();
}

absl::Status Journal::Forget(const std::string& record_id) {
  if (entries_.count(record_id) == 0) return absl::OkStatus();
  std::string payload(1, kTypeForgotten);
  PutText(record_id, &payload);
  SIGNPOST_RETURN_IF_ERROR(WriteOut(Frame(payload)));
  ++records_in_file_;
  entries_.erase(record_id);
  return absl::OkStatus();
}

absl::Status Journal::Sync() {
  if (read_only_) return base::Error(base::Reason::kInternal, "this journal was opened to read");
  SIGNPOST_RETURN_IF_ERROR(Flush());
  if (fdatasync(fd_) != 0) return IoError(path_, "syncing");
  if (dead_records() >= kDeadRecordsMin && dead_records() > static_cast<int64_t>(entries_.size())) {
    return Compact();
  }
  return absl::OkStatus();
}

absl::Status Journal::Compact() {
  if (read_only_) return base::Error(base::Reason::kInternal, "this journal was opened to read");
  const std::string fresh = path_ + ".new";
  const int fd = open(fresh.c_str(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return IoError(path_, "creating a compact copy");
  std::string bytes = absl::StrCat(std::string(kMagic, kMagicBytes), key_);
  absl::Status status;
  for (const auto& [record_id, entry] : entries_) {
    bytes += Frame(AcknowledgedPayload(record_id, entry));
    if (bytes.size() < kUnwrittenBytesMax) continue;
    status = WriteAll(fd, bytes, path_);
    bytes.clear();
    if (!status.ok()) break;
  }
  if (status.ok()) status = WriteAll(fd, bytes, path_);
  if (status.ok() && fsync(fd) != 0) status = IoError(path_, "syncing");
  if (status.ok() && rename(fresh.c_str(), path_.c_str()) != 0) status = IoError(path_, "renaming");
  if (!status.ok()) {
    close(fd);
    unlink(fresh.c_str());
    return status;
  }
  close(fd_);
  fd_ = fd;
  unwritten_.clear();
  records_in_file_ = static_cast<int64_t>(entries_.size());
  return SyncFolder(path_);
}

}  // namespace signpost::adapters
