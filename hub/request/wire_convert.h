// These are functions that turn the wire's words into the policy's. Pure; thread-safe.

#ifndef SIGNPOST_HUB_REQUEST_WIRE_CONVERT_H_
#define SIGNPOST_HUB_REQUEST_WIRE_CONVERT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "policy/vocabulary.h"
#include "signpost/ledger/v1/entry.pb.h"
#include "signpost/v1/common.pb.h"

namespace signpost::request {

// kUnspecified for every number that is no purpose: it satisfies every hide and no show.
policy::Purpose ToPolicy(v1::Purpose purpose);
// kNone for every number that is no ground.
policy::OverrideGround ToPolicy(v1::OverrideGround ground);
// ASPECT_UNSPECIFIED for what is no question of the wire (record, share-onward).
v1::Aspect ToWire(policy::Aspect aspect);

// The ledger's aspects, which are numbered on their own.
ledger::v1::Aspect ToEntry(policy::Aspect aspect);
// nullopt for one of a later version.
std::optional<policy::Aspect> ToPolicy(ledger::v1::Aspect aspect);

// The closed lists of the policy language as entries have them. "Unset" values are the unset ones.
ledger::v1::Purpose ToEntry(policy::Purpose purpose);
ledger::v1::Gateway ToEntry(policy::Gateway gateway);
ledger::v1::Relationship ToEntry(policy::Relationship relationship);
ledger::v1::OverrideGround ToEntry(policy::OverrideGround ground);
// kUnspecified, or kNone, for one of a later version too.
policy::Purpose ToPolicy(ledger::v1::Purpose purpose);
policy::OverrideGround ToPolicy(ledger::v1::OverrideGround ground);

inline std::string Word(absl::string_view word) { return std::string(word); }

// yyyymmdd as stored; leaves `date` alone for 0.
void SetDate(int32_t yyyymmdd, v1::Date* date);

google::protobuf::Timestamp ToTimestamp(int64_t unix_s);
google::protobuf::Timestamp ToTimestamp(absl::Time time);

// `from` moved on by `days` working days (Monday to Friday, UTC; bank holidays are not known here).
absl::Time AddWorkingDays(absl::Time from, int days);

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_WIRE_CONVERT_H_
