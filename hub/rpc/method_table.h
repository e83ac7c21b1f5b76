// The method table is a list that says who may call what: a row for each RPC, and nothing admits a
// call that has no row. A test walks the service descriptors and fails for a method without a row,
// and for a row without a method.
//
// The table is constant; functions are thread-safe.

#ifndef SIGNPOST_HUB_RPC_METHOD_TABLE_H_
#define SIGNPOST_HUB_RPC_METHOD_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "hub/base/principal.h"

namespace signpost::rpc {

using base::CallerKind;

// "system", "practitioner", "auditor", "operator".
const char* CallerKindName(CallerKind kind);

using CallerKinds = uint8_t;  // CallerKind, or'ed
inline constexpr CallerKinds kAnyEnrolled = 15;

enum class AssertionRule : uint8_t {
  kNone,      // not looked at: the call is the system's own
  kOptional,  // verified when there
  kRequired,
};

enum class DeadlineRule : uint8_t {
  kUnary,   // required, at most kDeadlineSecondsMax
  kStream,  // none asked for
};

struct MethodRow {
  const char* full_method;  // "/signpost.v1.IndexService/Find"
  CallerKinds callers;
  AssertionRule assertion;
  DeadlineRule deadline;
  size_t index;  // its place in AllMethods()

  bool Allows(CallerKind kind) const { return (callers & static_cast<CallerKinds>(kind)) != 0; }
};

absl::Span<const MethodRow> AllMethods();

// The row of `full_method`, or nullptr.
const MethodRow* FindMethod(absl::string_view full_method);

// The row of `full_method`. Ends the process when there is none: for literals in our own code,
// which a test holds to the descriptors.
const MethodRow& MethodOrDie(absl::string_view full_method);

}  // namespace signpost::rpc

#endif  // SIGNPOST_HUB_RPC_METHOD_TABLE_H_
