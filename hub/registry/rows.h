// These functions are the forms of the registry's rows: where each lies, and the way from what is asked
// for to what is stored to what is kept in memory. Internal to the room.
//
// Pure functions; thread-safe.

#ifndef SIGNPOST_HUB_REGISTRY_ROWS_H_
#define SIGNPOST_HUB_REGISTRY_ROWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/registry/directory.h"
#include "hub/registry/enrolment.h"
#include "hub/store/row_codec.h"
#include "hub/store/store.h"
#include "signpost/store/v1/registry.pb.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::registry {

// --- Where rows lie, in space kRegistry ---

inline constexpr char kAgencyPrefix[] = "agency/";
inline constexpr char kTeamPrefix[] = "team/";
inline constexpr char kFeedPrefix[] = "feed/";
inline constexpr char kListsPrefix[] = "lists/";
inline constexpr char kPractitionerPrefix[] = "practitioner/";
// Changes that give a right, by number; and the one that waits for a record, by the record's key: a
// record has one at most.
inline constexpr char kChangePrefix[] = "change/";
inline constexpr char kWaitingPrefix[] = "waiting/";
// Who is, or was until lately, an officer: "officer/<agency>/<practitioner>", without a value.
inline constexpr char kOfficerPrefix[] = "officer/";
inline constexpr char kNumbersKey[] = "numbers";
inline constexpr char kFoundingKey[] = "founding";

inline std::string AgencyKey(const std::string& agency_id) {
  return absl::StrCat(kAgencyPrefix, agency_id);
}
inline std::string TeamKey(const std::string& team_id) {
  return absl::StrCat(kTeamPrefix, team_id);
}
inline std::string FeedKey(const std::string& agency_id) {
  return absl::StrCat(kFeedPrefix, agency_id);
}
inline std::string ListsKey(const std::string& agency_id) {
  return absl::StrCat(kListsPrefix, agency_id);
}
// Neither part can hold a slash.
inline std::string PractitionerKey(const std::string& agency_id,
                                   const std::string& practitioner_id) {
  return absl::StrCat(kPractitionerPrefix, agency_id, "/", practitioner_id);
}

inline std::string ChangeKey(uint64_t number) {
  return absl::StrCat(kChangePrefix, absl::Hex(number, absl::kZeroPad16));
}
inline std::string WaitingKey(const std::string& row_key) {
  return absl::StrCat(kWaitingPrefix, row_key);
}
inline std::string OfficerKey(const std::string& agency_id, const std::string& practitioner_id) {
  return absl::StrCat(kOfficerPrefix, agency_id, "/", practitioner_id);
}

// What an error calls the row.
inline std::string What(const std::string& key) { return absl::StrCat("registry row ", key); }

// A row as read: its bytes and its content; empty when there is none.
template <typename Row>
struct ReadRow {
  std::optional<std::string> bytes;
  Row row;
};
// Errors: those of the view; kDataLoss and kStoreNewer of store::DecodeRow().
template <typename Row>
[[nodiscard]] absl::StatusOr<ReadRow<Row>> Read(const store::View& view, const std::string& key) {
  ReadRow<Row> read;
  SIGNPOST_ASSIGN_OR_RETURN(read.bytes, view.Get(store::Space::kRegistry, key));
  if (read.bytes.has_value()) {
    SIGNPOST_ASSIGN_OR_RETURN(read.row, store::DecodeRow<Row>(What(key), *read.bytes));
  }
  return read;
}

// --- From stored to kept in memory ---

// Errors: kInvalidField for a key or a system that does not parse.
[[nodiscard]] absl::StatusOr<std::shared_ptr<const Agency>> AgencyOf(
    const store::v1::AgencyRow& row);
std::shared_ptr<const Team> TeamOf(const store::v1::TeamRow& row);
std::shared_ptr<const Enrolment> EnrolmentOf(const store::v1::PractitionerRow& row);

// --- From asked for to stored ---

// Lists in order, with the suspensions, and of a practitioner the covers, that `before` has.
store::v1::AgencyRow RowOf(const v1::Agency& agency, const store::v1::AgencyRow& before);
store::v1::TeamRow RowOf(const v1::Team& team);
store::v1::PractitionerRow RowOf(const v1::Practitioner& practitioner,
                                 const PractitionerMarks& marks,
                                 const store::v1::PractitionerRow& before);

}  // namespace signpost::registry

#endif  // SIGNPOST_HUB_REGISTRY_ROWS_H_
