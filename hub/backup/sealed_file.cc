#include "hub/backup/sealed_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/backup/files.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::backup {
namespace {

using base::Error;
using base::Reason;

constexpr absl::string_view kMagic = "SIGNPOST-SEALED-1\n";
constexpr size_t kLengthBytes = 4;

// What a record is sealed for: this file, this place in it, and whether it is the last. So records
// can be neither swapped, dropped, repeated nor carried into another file, and a file that ends
// early has no end.
std::string Context(const std::string& label, uint64_t record, bool last) {
  std::string context = absl::StrCat("signpost.v1/backup/", label, absl::string_view("\0", 1));
  for (int shift = 56; shift >= 0; shift -= 8) {
    context.push_back(static_cast<char>((record >> shift) & 0xFF));
  }
  context.push_back(last ? '\1' : '\0');
  return context;
}

}  // namespace

SealedWriter::SealedWriter(std::string path, FileHandle file, const base::SecretKey& key,
                           std::string label, base::RandomSource* random)
    : path_(std::move(path)),
      file_(std::move(file)),
      key_(key),
      label_(std::move(label)),
      random_(random) {}

SealedWriter::~SealedWriter() {
  if (file_ == nullptr) return;
  file_.reset();
  ::unlink((path_ + kUnfinished).c_str());
}

absl::StatusOr<std::unique_ptr<SealedWriter>> SealedWriter::Create(const std::string& path,
                                                                   const base::SecretKey& key,
                                                                   const std::string& label,
                                                                   base::RandomSource* random) {
  FileHandle file(std::fopen((path + kUnfinished).c_str(), "wbe"));
  if (file == nullptr) return FileError("create", path);
  std::unique_ptr<SealedWriter> writer(new SealedWriter(path, std::move(file), key, label, random));
  if (std::fwrite(kMagic.data(), 1, kMagic.size(), writer->file_.get()) != kMagic.size()) {
    return FileError("write", path);
  }
  writer->bytes_ = kMagic.size();
  return writer;
}

absl::Status SealedWriter::Write(absl::string_view record) {
  if (record.empty() || record.size() > kRecordBytesMax) {
    return Error(Reason::kInternal, "a record of a backup has a size that it may not have");
  }
  return WriteRecord(record, /*last=*/false);
}

absl::Status SealedWriter::WriteRecord(absl::string_view record, bool last) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string sealed,
                            base::Seal(key_, Context(label_, records_, last), record, random_));
  std::string length;
  for (int shift = 24; shift >= 0; shift -= 8) {
    length.push_back(static_cast<char>((sealed.size() >> shift) & 0xFF));
  }
  if (std::fwrite(length.data(), 1, length.size(), file_.get()) != length.size() ||
      std::fwrite(sealed.data(), 1, sealed.size(), file_.get()) != sealed.size()) {
    return FileError("write", path_);
  }
  ++records_;
  bytes_ += length.size() + sealed.size();
  return absl::OkStatus();
}

absl::Status SealedWriter::Finish() {
  SIGNPOST_RETURN_IF_ERROR(WriteRecord("", /*last=*/true));
  if (std::fflush(file_.get()) != 0 || ::fsync(::fileno(file_.get())) != 0) {
    return FileError("sync", path_);
  }
  SIGNPOST_RETURN_IF_ERROR(RenameInto(path_ + kUnfinished, path_));
  file_.reset();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SealedReader>> SealedReader::Open(const std::string& path,
                                                                 const base::SecretKey& key,
                                                                 const std::string& label) {
  FileHandle file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    return Error(Reason::kNotFound, absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
  }
  std::unique_ptr<SealedReader> reader(new SealedReader(path, std::move(file), key, label));
  std::string magic(kMagic.size(), '\0');
  if (std::fread(magic.data(), 1, magic.size(), reader->file_.get()) != magic.size() ||
      magic != kMagic) {
    return reader->Damaged("it does not begin as a file of a backup does");
  }
  return reader;
}

absl::Status SealedReader::Damaged(const char* how) const {
  return Error(Reason::kDataLoss,
               absl::StrCat(path_, " does not verify: ", how,
                            "; compare it with a copy and the key with the one it was made under, "
                            "or take another backup"));
}

absl::StatusOr<bool> SealedReader::Next(std::string* record) {
  record->clear();
  if (ended_) return false;
  uint8_t length[kLengthBytes];
  if (std::fread(length, 1, kLengthBytes, file_.get()) != kLengthBytes) {
    return Damaged("it is cut short");
  }
  size_t size = 0;
  for (const uint8_t byte : length) size = size << 8 | byte;
  // The length is not authentic until the record is opened: no memory is taken on its word.
  if (size < base::kSealOverheadBytes || size > kRecordBytesMax + base::kSealOverheadBytes) {
    return Damaged("it was changed");
  }
  std::string sealed(size, '\0');
  if (std::fread(sealed.data(), 1, size, file_.get()) != size) return Damaged("it is cut short");
  // Only the last is empty.
  const bool last = size == base::kSealOverheadBytes;
  absl::StatusOr<std::string> plain = base::Open(key_, Context(label_, records_, last), sealed);
  if (!plain.ok()) {
    return Damaged("it was changed, is not the file that belongs there, or is under another key");
  }
  if (last) {
    if (std::fgetc(file_.get()) != EOF) return Damaged("something was added behind its end");
    ended_ = true;
    return false;
  }
  ++records_;
  *record = *std::move(plain);
  return true;
}

}  // namespace signpost::backup
