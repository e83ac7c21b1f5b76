// Archived flags are closed flags that lie sealed, each under a key of its own, where no answer looks.
//
// On the person's row stands that there is one, whose, and of which record, so that what is reported of
// the record later is known; what was in it is a row of Space::kReviews. Its key lies among the wrapped
// keys (Space::kPersonKeys), which no backup holds: once the flag is erased nothing of it opens again,
// whichever backup is restored. It is wrapped under the flag's id, not the person's, so that it
// outlives a merge.
//
// An ended record is a mark that says that the flag of a record was archived and erased: what is reported
// of the record goes no further unless it is open again. The mark is keyed and sealed like those of erased
// people (erased_records.h), and says nothing of whom.
//
// Pure functions but for the view they are given; thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_ARCHIVED_H_
#define SIGNPOST_HUB_PEOPLE_ARCHIVED_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/people/person.h"
#include "hub/store/store.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// --- Archived flags ---

// Whether a row of Space::kPersonKeys is the wrapped key of an archived flag.
bool IsArchivedKey(absl::string_view key);
// Where what it opens stands: key of Space::kReviews. REQUIRES: IsArchivedKey(key).
std::string ArchivedOfKey(absl::string_view key);

// Adds to `batch` what is archived, under a new key. `secret.flag` has its id.
[[nodiscard]] absl::Status PutArchived(const base::Keyring& keyring,
                                       const store::v1::ArchivedFlagSecret& secret,
                                       base::RandomSource* random, store::Batch* batch);
// Adds to `batch` that it is no more, and nothing of it opens.
void RemoveArchived(absl::string_view flag_id, store::Batch* batch);

// An archived flag, still encrypted.
class LazyArchivedFlag {
 public:
  LazyArchivedFlag(const base::Keyring* keyring, std::string flag_id, std::string wrapped,
                   std::string sealed)
      : keyring_(keyring),
        flag_id_(std::move(flag_id)),
        wrapped_(std::move(wrapped)),
        sealed_(std::move(sealed)) {}
  // Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<store::v1::ArchivedFlagSecret> Open() const;

 private:
  const base::Keyring* keyring_;
  std::string flag_id_;
  std::string wrapped_;
  std::string sealed_;
};

// The archived flag of that id; nothing where there is none, or its key is gone (in a store put back,
// once it was erased or opened again). Errors: kDataLoss; those of the view.
[[nodiscard]] absl::StatusOr<std::optional<base::Sealed<LazyArchivedFlag>>> ReadArchived(
    const store::View& view, const base::Keyring& keyring, const std::string& flag_id);

// --- Ended records ---

// Whether a row of Space::kPersonKeys is such a mark.
bool IsEndedRecord(absl::string_view key);
[[nodiscard]] absl::Status PutEndedRecord(const base::Keyring& keyring, absl::string_view agency_id,
                                          absl::string_view record_hash, absl::Time now,
                                          base::RandomSource* random, store::Batch* batch);
void ForgetEndedRecord(const base::Keyring& keyring, absl::string_view agency_id,
                       absl::string_view record_hash, store::Batch* batch);
// Errors: those of the view.
[[nodiscard]] absl::StatusOr<bool> IsEnded(const store::View& view, const base::Keyring& keyring,
                                           absl::string_view agency_id,
                                           absl::string_view record_hash);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_ARCHIVED_H_
