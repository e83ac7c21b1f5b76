// Filter is a test that says which entries an auditor asks for: a v1.EntryFilter, read once and
// held against stored entries. The hub searches with it, and so does the command line on a copy, so
// that both find the same.
//
// Pure: no store, no clock. A Filter is immutable once made and thread-safe.

#ifndef SIGNPOST_HUB_AUDIT_FILTER_H_
#define SIGNPOST_HUB_AUDIT_FILTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "google/protobuf/timestamp.pb.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/audit.pb.h"

namespace signpost::audit {

// "who-knows" for ENTRY_KIND_WHO_KNOWS; the digits of a kind that this version does not know.
std::string KindWord(ledger::v1::EntryKind kind);
// Errors: kNotFound for what is no kind's word.
[[nodiscard]] absl::StatusOr<ledger::v1::EntryKind> KindFromWord(const std::string& word);
// Every kind's word, in the order of their numbers.
std::vector<std::string> KindWords();

// The word of a value of any enum of an entry: its name without the prefix that all of them share,
// in small letters with hyphens; the digits of a number that this version does not know.
std::string EnumWord(const google::protobuf::EnumDescriptor& type, int number);
// The same, and empty for the unset value.
template <typename Enum>
std::string EnumWord(Enum value) {
  if (static_cast<int>(value) == 0) return "";
  return EnumWord(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

// A moment in microseconds since 1970, rounded up: an entry of that microsecond or a later one is
// not before it. nullopt when `time` is none between the years 1 and 9999.
std::optional<int64_t> MicrosOf(const google::protobuf::Timestamp& time);

// What came of it: the word of the outcome, or the name of the reason for which it was refused.
std::string OutcomeText(const ledger::v1::LedgerEntry& entry);
// An outcome as one compares it: "NOT_FOUND" and "not-found" are the same.
std::string OutcomeWord(const std::string& outcome);

class Filter {
 public:
  // Errors: kInvalidField with every field at fault, each path beginning with `path`. What only the
  // caller can tell is the caller's: whom `person` names, whom the entry `same_person_as` is about,
  // and what stands for `request_id`, which is refused here: hash it into `request_hash` first.
  [[nodiscard]] static absl::StatusOr<Filter> Create(const v1::EntryFilter& filter,
                                                     const std::string& path = "filter");

  // Whether all holds that was set, but for `person` and `same_person_as`.
  bool Matches(const ledger::v1::LedgerEntry& entry) const;

  // Microseconds since 1970: entries of [from_us, until_us) can match. The least and the greatest
  // number where nothing was set.
  int64_t from_us() const { return from_us_; }
  int64_t until_us() const { return until_us_; }

 private:
  Filter() = default;

  absl::flat_hash_set<int> kinds_;  // empty: every kind
  int64_t from_us_ = INT64_MIN;
  int64_t until_us_ = INT64_MAX;
  std::string agency_id_;
  std::string practitioner_id_;
  std::string holder_agency_id_;
  ledger::v1::Purpose purpose_ = ledger::v1::PURPOSE_UNSPECIFIED;
  ledger::v1::Gateway gateway_ = ledger::v1::GATEWAY_UNSPECIFIED;
  bool with_override_ = false;
  std::string outcome_;
  std::string rule_;
  v1::ReleaseFilter released_ = v1::RELEASE_FILTER_UNSPECIFIED;
  int32_t policy_version_ = 0;
  std::string request_hash_;
};

}  // namespace signpost::audit

#endif  // SIGNPOST_HUB_AUDIT_FILTER_H_
