// Engine is a seam that keeps stores as directories of files, as backups need it: they handle the
// files of stores that nobody has open, and know no engine by name.
//
// An Engine has no state and is thread-safe. Engines that keep nothing in files have none.

#ifndef SIGNPOST_HUB_STORE_ENGINE_H_
#define SIGNPOST_HUB_STORE_ENGINE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace signpost::store {

class Engine {
 public:
  virtual ~Engine() = default;

  // Opens the store at `directory` for a short visit, to read it only or to write it, too. Errors:
  // kStoreNewer when it is of another schema; kDataLoss when damaged; kStoreUnavailable.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& directory,
                                                                    bool read_only) const = 0;

  // Takes a whole space out of the store at `directory`: afterwards no file of it holds a row of
  // `space`, logs included. First reads every block there is and checks its checksum. Open() makes
  // the space again, empty. Errors: kDataLoss; kStoreUnavailable.
  [[nodiscard]] virtual absl::Status DropSpace(const std::string& directory, Space space) const = 0;

  // Whether a file of that name in a store's directory is part of the store. Others (a lock, the
  // engine's own diary) are made anew and need not be kept.
  virtual bool IsPart(const std::string& file_name) const = 0;
};

}  // namespace signpost::store

#endif  // SIGNPOST_HUB_STORE_ENGINE_H_
