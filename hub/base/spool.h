// A Spool is a file without a name that keeps blocks in order until somebody reads them again: for
// what is too long to be held in memory while it comes in. It is sealed under a key that is in memory
// alone, so nothing of it can be read once the process has ended, and gone with the spool.
//
// Not thread-safe. `random` is not owned and must outlive it.

#ifndef SIGNPOST_HUB_BASE_SPOOL_H_
#define SIGNPOST_HUB_BASE_SPOOL_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/crypto.h"
#include "hub/base/random.h"

namespace signpost::base {

class Spool {
 public:
  // In the directory for temporary files, which std::tmpfile() knows. Errors: kStoreUnavailable.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Spool>> Create(RandomSource* random);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Errors: kStoreFull when the disk is, else kStoreUnavailable.
  [[nodiscard]] absl::Status Append(absl::string_view block);
  // Calls `visit` with each block, in order; stops at its first error, which it returns. Errors:
  // kDataLoss for a block that is not as it was written; kStoreUnavailable.
  [[nodiscard]] absl::Status Read(absl::FunctionRef<absl::Status(absl::string_view block)> visit);

 private:
  struct Close {
    void operator()(std::FILE* file) const { (void)std::fclose(file); }
  };
  Spool(std::FILE* file, RandomSource* random)
      : file_(file), random_(random), key_(SecretKey::Generate(random)) {}

  const std::unique_ptr<std::FILE, Close> file_;
  RandomSource* const random_;
  const SecretKey key_;
  uint32_t blocks_ = 0;
};

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_SPOOL_H_
