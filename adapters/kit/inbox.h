// An Inbox is a list of the files that lie in the folder which an adapter watches, as they are when
// it is made.
//
// Immutable, and so thread-safe; the files themselves may change behind it.

#ifndef SIGNPOST_ADAPTERS_KIT_INBOX_H_
#define SIGNPOST_ADAPTERS_KIT_INBOX_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adapters/kit/extract.h"

namespace signpost::adapters {

class Inbox {
 public:
  // Errors: kInvalidField when there is no such folder.
  [[nodiscard]] static absl::StatusOr<Inbox> Scan(const std::string& folder);

  // Names that match `pattern` ('*' stands for any text), in order.
  std::vector<std::string> Matching(const std::string& pattern) const;
  std::string PathOf(const std::string& name) const;
  const std::vector<std::string>& names() const { return names_; }
  // Changes when a file comes, goes or is written.
  const std::string& fingerprint() const { return fingerprint_; }
  // When the newest file was last written.
  absl::Time newest() const { return newest_; }

 private:
  Inbox() = default;
  std::string folder_;
  std::vector<std::string> names_;
  std::string fingerprint_;
  absl::Time newest_ = absl::InfinitePast();
};

// The newest file (last by name) that matches `pattern` and that `check` finds whole. Those that
// are not whole are refused in `extract` and the one before is tried: a broken export leaves things
// as they were. Nothing when there is none; with `needed` the extract is then refused.
std::optional<std::string> NewestWhole(
    const Inbox& inbox, const std::string& pattern, bool needed,
    const std::function<absl::Status(const std::string& path)>& check, Extract* extract);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_INBOX_H_
