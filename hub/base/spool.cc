#include "hub/base/spool.h"

#include <cerrno>
#include <cstring>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "hub/base/error.h"
#include "hub/base/status_macros.h"

namespace signpost::base {
namespace {

// In which place a block stands is sealed with it: none can stand in for another.
std::string Place(uint32_t block) { return absl::StrCat("spool/", block); }

absl::Status Failed(const char* what) {
  const Reason reason =
      errno == ENOSPC || errno == EDQUOT ? Reason::kStoreFull : Reason::kStoreUnavailable;
  return Error(reason, absl::StrCat("a temporary file cannot be ", what, ": ", std::strerror(errno),
                                    "; look at the directory for temporary files"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Spool>> Spool::Create(RandomSource* random) {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr) return Failed("made");
  return absl::WrapUnique(new Spool(file, random));
}

absl::Status Spool::Append(absl::string_view block) {
  SIGNPOST_ASSIGN_OR_RETURN(const std::string sealed, Seal(key_, Place(blocks_), block, random_));
  const uint32_t size = static_cast<uint32_t>(sealed.size());
  errno = 0;
  if (std::fwrite(&size, sizeof(size), 1, file_.get()) != 1 ||
      std::fwrite(sealed.data(), 1, sealed.size(), file_.get()) != sealed.size()) {
    return Failed("written");
  }
  ++blocks_;
  return absl::OkStatus();
}

absl::Status Spool::Read(absl::FunctionRef<absl::Status(absl::string_view block)> visit) {
  errno = 0;
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) {
    return Failed("read");
  }
  std::string sealed;
  for (uint32_t block = 0; block < blocks_; ++block) {
    uint32_t size = 0;
    if (std::fread(&size, sizeof(size), 1, file_.get()) != 1) return Failed("read");
    sealed.resize(size);
    if (std::fread(sealed.data(), 1, size, file_.get()) != size) return Failed("read");
    SIGNPOST_ASSIGN_OR_RETURN(const std::string plain, Open(key_, Place(block), sealed));
    SIGNPOST_RETURN_IF_ERROR(visit(plain));
  }
  // What is appended from here on stands behind the rest.
  if (std::fseek(file_.get(), 0, SEEK_END) != 0) return Failed("read");
  return absl::OkStatus();
}

}  // namespace signpost::base
