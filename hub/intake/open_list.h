// An OpenList is a list of the records that an agency has open, being sent to be held against the
// index, of any length: what is kept in memory of a record is 16 bytes, and its id lies in a sealed
// temporary file until it is known whether it must be told.
//
// OpenLists bounds how many an agency may send at once, and what all lists together may hold in
// memory, so that no certificate can have the hub remember more than that. OpenLists is thread-safe;
// an OpenList is not, and goes before its OpenLists.

#ifndef SIGNPOST_HUB_INTAKE_OPEN_LIST_H_
#define SIGNPOST_HUB_INTAKE_OPEN_LIST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/limits.h"
#include "hub/base/random.h"
#include "hub/base/spool.h"
#include "hub/people/people.h"
#include "hub/store/store.h"

namespace signpost::intake {

// Records in one list.
inline constexpr int kOpenListRecordsMax = 1'000'000;
// Of those which are not open here so many are told; report them, then send the list again.
inline constexpr size_t kUnknownRecordsToldMax = 10'000;
// Records of the index that are looked at in one go, before others have their turn.
inline constexpr int kRecordsComparedAtOnce = 5'000;

class OpenList;

class OpenLists {
 public:
  explicit OpenLists(int per_agency_max = base::kReconciliationsPerAgencyMax,
                     size_t bytes_max = base::kReconcileBytesMax)
      : per_agency_max_(per_agency_max), bytes_max_(bytes_max) {}
  OpenLists(const OpenLists&) = delete;
  OpenLists& operator=(const OpenLists&) = delete;

  // Errors: kTooManyRequests when the agency sends as many already; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<OpenList>> Begin(const people::People* people,
                                                                std::string agency_id,
                                                                base::RandomSource* random);

 private:
  friend class OpenList;
  bool TakeBytes(size_t bytes);
  void End(const std::string& agency_id, size_t bytes);

  const int per_agency_max_;
  const size_t bytes_max_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, int> lists_ ABSL_GUARDED_BY(mutex_);  // by agency
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

class OpenList {
 public:
  ~OpenList() { lists_->End(agency_id_, bytes_); }
  OpenList(const OpenList&) = delete;
  OpenList& operator=(const OpenList&) = delete;

  // More of it; ids may come twice. Errors: kInvalidField for an id that is empty or too long;
  // kMessageTooLarge past kOpenListRecordsMax; kTooManyRequests when the hub holds as much of lists as
  // it may; kStoreFull, kStoreUnavailable.
  template <typename Ids>
  [[nodiscard]] absl::Status Add(const Ids& record_ids) {
    std::vector<absl::string_view> views(record_ids.begin(), record_ids.end());
    return AddViews(views);
  }

  // --- Once all of it was added.

  // Begins, or begins anew, at the agency's first record.
  void BeginComparing();
  // Compares so many more of the agency's records at `view`, and gives those that are open in the index
  // and were not listed. Errors: kDataLoss; kStoreUnavailable.
  [[nodiscard]] absl::StatusOr<std::vector<people::OpenRecord>> CompareSome(
      const store::View& view, int records_max = kRecordsComparedAtOnce);
  bool compared_all() const { return compared_all_; }
  // Ids that were listed and that the comparison found nowhere open, in order, the first
  // kUnknownRecordsToldMax of them. A record that waits for its data protection officer because who
  // it is about was erased is none of them: it is not to be reported again. REQUIRES:
  // compared_all().
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> Unknown(const store::View& view,
                                                                 const base::Keyring& keyring);

 private:
  friend class OpenLists;
  // The beginning of a record's keyed hash: as good as all of it, which nobody can choose.
  using Hash = std::array<char, 16>;
  struct Listed {
    Hash hash;
    bool open = false;  // in the index
  };
  OpenList(OpenLists* lists, const people::People* people, std::string agency_id,
           std::unique_ptr<base::Spool> ids)
      : lists_(lists), people_(people), agency_id_(std::move(agency_id)), ids_(std::move(ids)) {}

  absl::Status AddViews(const std::vector<absl::string_view>& record_ids);
  static Hash HashOf(absl::string_view record_hash);
  // Where it is in the list; its end when it is not.
  std::vector<Listed>::iterator Find(const Hash& hash);

  OpenLists* const lists_;
  const people::People* const people_;
  const std::string agency_id_;
  const std::unique_ptr<base::Spool> ids_;
  std::vector<Listed> listed_;  // in the order of their hashes once all was added
  size_t bytes_ = 0;            // taken of the lists'
  std::string token_;
  bool compared_all_ = false;
};

}  // namespace signpost::intake

#endif  // SIGNPOST_HUB_INTAKE_OPEN_LIST_H_
