// A view that remembers what was read, so that a change can demand at its commit that nothing it
// rests on has moved.

#ifndef SIGNPOST_HUB_PEOPLE_READ_SET_H_
#define SIGNPOST_HUB_PEOPLE_READ_SET_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/store/store.h"

namespace signpost::people {

// Reads `view` and keeps the result of every Get(). Scans pass through and are not kept. Not
// thread-safe: one request's, on one thread. `view` is not owned and must outlive it.
class ReadSet final : public store::View {
 public:
  explicit ReadSet(const store::View* view) : view_(view) {}

  absl::StatusOr<std::optional<std::string>> Get(store::Space space,
                                                 const std::string& key) const override;
  absl::StatusOr<std::vector<store::KeyValue>> Scan(store::Space space, const std::string& from,
                                                    const std::string& to,
                                                    int rows_max) const override;

  // Everything read so far, each row once.
  std::vector<store::Precondition> Preconditions() const;

 private:
  const store::View* const view_;
  mutable std::map<std::pair<store::Space, std::string>, std::optional<std::string>> rows_;
};

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_READ_SET_H_
